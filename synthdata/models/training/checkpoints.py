"""Checkpoints, one file each: written atomically, loaded only for the same data, plan and seed.

A run has one file for its table, `model.checkpoint` say, and beside it one for each image and text, like
`model.checkpoint.0`, and for first stages of these, like `model.checkpoint.0.tokenizer`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialized

from synthdata.errors import ArtefactError, InputError
from synthdata.io.atomic import explained

try:
    import fcntl
except ImportError:  # not a POSIX system: without locks, two runs may write the same file
    fcntl = None  # type: ignore[assignment]

__all__ = ["files", "generator_of", "load", "locked", "save", "seconds", "seconds_of_stage", "state_of"]

UNFINISHED = (".part", ".lock")  # beside checkpoints, and none
AFRESH = "to start afresh, delete it and train with resume=False"


def save(path: Path, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    """Write arrays and state, with the data, plan and seed (`identity`) that they belong to.

    OutputError if it cannot be written, as on a full disk; the one before stays.
    """
    temporary = path.with_name(path.name + ".part")
    content = serialized(dict(arrays), {"synthdata": json.dumps({"state": state, **identity})})
    try:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


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


def state_of(path: Path) -> dict[str, Any] | None:
    """The state that a file holds, whatever run it belongs to; None if there is none, or it cannot be read."""
    return None if (meta := _meta(path)) is None else dict(meta["state"])


def generator_of(path: Path) -> str | None:
    """The family that a file belongs to, whatever run it is of; None as above, or if it says none."""
    return None if (meta := _meta(path)) is None else str(meta.get("generator") or "") or None


def _meta(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        with safe_open(path, "numpy") as file:
            meta = dict(json.loads(file.metadata()["synthdata"]))
            return meta if isinstance(meta["state"], dict) else None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None


def files(path: Path) -> list[Path]:
    """The files of a run that are there, the table's first."""
    return _there(path, r"(\.\d+(\.[a-z]+)?)?")


def seconds(path: Path) -> float:
    """How long an interrupted run has trained, in all its stages."""
    return _seconds(files(path))


def seconds_of_stage(path: Path) -> float:
    """How long an interrupted run has trained in the stage that has this file."""
    return _seconds(_there(path, r"(\.[a-z]+)?"))


def _there(path: Path, ending: str) -> list[Path]:
    if not path.parent.is_dir():
        return []
    named = re.compile(re.escape(path.name) + ending)
    found = [each for each in path.parent.iterdir() if named.fullmatch(each.name)]
    return sorted(each for each in found if each.suffix not in UNFINISHED)


def _seconds(paths: Iterable[Path]) -> float:
    states = filter(None, map(state_of, paths))
    return sum(float(state.get("seconds", 0.0)) for state in states)


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Hold a lock on the checkpoint file; InputError if another process holds it, OutputError if there can be none."""
    if path is None or fcntl is None:
        yield
        return
    lock = path.with_name(path.name + ".lock")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("a")
    with handle as file:
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
