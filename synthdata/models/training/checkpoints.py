"""Checkpoints, one file each: written atomically, loaded only for the same data, plan and seed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from synthdata.errors import ArtefactError, InputError

try:
    import fcntl
except ImportError:  # not a POSIX system: without locks, two runs may write the same file
    fcntl = None  # type: ignore[assignment]

__all__ = ["load", "locked", "save"]

AFRESH = "to start afresh, delete it and train with resume=False"


def save(path: Path, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Write arrays and state, with the data, plan and seed (`identity`) that they belong to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    save_file(dict(arrays), temporary, metadata={"synthdata": json.dumps({"state": state, **identity})})
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def load(path: Path, identity: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read state and arrays; ArtefactError if they are damaged, or `identity` differs."""
    try:
        with safe_open(path, "numpy") as file:
            meta = json.loads(file.metadata()["synthdata"])
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ArtefactError(f"{path}: checkpoint cannot be read ({error}); {AFRESH}") from None
    if {key: meta.get(key) for key in identity} != identity:
        raise ArtefactError(f"{path}: checkpoint of other data, settings or seed; {AFRESH}")
    return dict(meta["state"]), arrays


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Hold a lock on the checkpoint file; InputError if another process holds it."""
    if path is None or fcntl is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock")
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"{path}: another run is training into it; wait until it is done, or name another place"
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
