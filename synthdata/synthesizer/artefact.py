"""The model directory: names of all files, hashes, versions. No pickle, no code.

    manifest.json                        format, versions, seed, sizes and sha256 of every other file, privacy
    schema.yaml codecs.json suite.json   what is learned, how it is coded, what is checked
    history.csv                          loss by epoch
    generators/<stage>/config.json       and weights.safetensors

It is written to a temporary sibling, flushed to disk and renamed. Reading checks names, sizes and hashes first.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthdata.errors import ArtefactError, OutputError, SchemaError
from synthdata.io.atomic import AtomicWrite
from synthdata.regular_files import read_regular

__all__ = [
    "CODECS",
    "FORMAT",
    "MANIFEST",
    "SCHEMA",
    "SUITE",
    "check_target",
    "fitting",
    "pack_history",
    "pack_stage",
    "read",
    "unpack_history",
    "unpack_stage",
    "write",
]

FORMAT = 11  # of all files; raised when one of them changes, and older models are trained again
MANIFEST = "manifest.json"
SCHEMA = "schema.yaml"
CODECS = "codecs.json"
SUITE = "suite.json"
HISTORY = "history.csv"
LARGEST_MANIFEST = 16 << 20  # bytes
DAMAGED = (  # what reading altered files may raise
    KeyError, ValueError, TypeError, SchemaError, AttributeError, IndexError, ArithmeticError, RecursionError,
)  # fmt: skip
LIBRARIES = ("synthdata", "tensorflow", "keras", "tensorflow-probability", "pandas", "numpy", "great-expectations")


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Raise ArtefactError, in one line, if restoring a model finds that its files do not fit each other."""
    try:
        yield
    except DAMAGED as error:
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise ArtefactError(f"{path}: its files do not fit each other ({found}); train it again") from None


def pack_stage(stage: str, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """The files of one generator: configuration and weights."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    return {_config(stage): json.dumps(config, indent=1).encode(), _weights(stage): save(arrays)}


def unpack_stage(stage: str, files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Configuration and weights of a generator; KeyError or ValueError if its files are not what `pack_stage` made."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return json.loads(files[_config(stage)]), load(files[_weights(stage)])
    except SafetensorError as error:
        raise ValueError(f"weights of {stage}: {error}") from None


def pack_history(history: Sequence[Mapping[str, float]]) -> dict[str, bytes]:
    """The training history of the table's generator as CSV, a line per epoch; no file if it is empty."""
    return {HISTORY: pd.DataFrame(history).to_csv(index=False).encode()} if history else {}


def unpack_history(files: Mapping[str, bytes]) -> list[dict[str, float]]:
    """Read what `pack_history` made."""
    if HISTORY not in files:
        return []
    rows = pd.read_csv(BytesIO(files[HISTORY])).to_dict("records")
    return [{str(key): float(row[key]) for key in row} for row in rows]


def check_target(path: Path, *, force: bool) -> None:
    """Raise OutputError if a model cannot be written to `path`."""
    if path.exists() and not force:
        raise OutputError(f"{path}: exists already; choose another name, or replace it with force=True")
    if path.exists() and not (path / MANIFEST).is_file() and not (path.is_dir() and not any(path.iterdir())):
        raise OutputError(f"{path}: exists and is no model directory; it is left alone, choose another name")
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputError(f"{parent}: not a folder that can be written; choose another place")


def write(path: Path, files: Mapping[str, bytes], about: Mapping[str, Any], *, force: bool = False) -> None:
    """Write the files and their manifest; `about` is added to the manifest. All or nothing."""
    check_target(path, force=force)
    manifest = {
        "format": FORMAT,
        **about,
        "versions": versions(),
        "files": {name: {"bytes": len(data), "sha256": _digest(data)} for name, data in sorted(files.items())},
    }
    whole = path.absolute()
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        with AtomicWrite(whole) as writing:
            with writing.new_folder(whole, sync=False) as folder:
                for name, data in {**files, MANIFEST: _json(manifest)}.items():
                    target = folder / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        file.write(data)
                        file.flush()
                        os.fsync(file.fileno())
            writing.commit()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}; nothing was changed") from None


def read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read the manifest and every file it names; ArtefactError if anything is missing, altered, foreign or too new."""
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing there"
        raise ArtefactError(f"{path}: found {found}; a model is a directory that `synthdata train` wrote")
    try:
        manifest = json.loads(read_regular(path / MANIFEST, LARGEST_MANIFEST))
        listed = {str(name): (int(each["bytes"]), str(each["sha256"])) for name, each in manifest["files"].items()}
        number = int(manifest["format"])
    except FileNotFoundError:
        raise ArtefactError(f"{path}: holds no {MANIFEST}; it is no model, or its writing was cut short") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ArtefactError(f"{path}/{MANIFEST}: cannot be read; the model was damaged, train it again") from None
    if number < FORMAT:
        raise ArtefactError(f"{path}: written by an older version; train it again")
    if number > FORMAT:
        raise ArtefactError(
            f"{path}: format {number}, made by a newer synthdata than this ({FORMAT}); update synthdata"
        )
    files, real = {}, path.resolve()
    for name, (size, digest) in listed.items():
        if "\0" in name or (real / name).resolve() != Path(os.path.normpath(real / name)) or not _is_inside(name):
            raise ArtefactError(f"{path}/{MANIFEST}: names a file outside the model; the model was tampered with")
        try:
            data = read_regular(path / name, size)
        except OSError:
            raise ArtefactError(
                f"{path}/{name}: missing or unreadable; the model is incomplete, copy it again"
            ) from None
        except ValueError as error:
            raise ArtefactError(f"{path}/{name}: {error}; the model was altered, copy it again") from None
        if len(data) != size or _digest(data) != digest:
            raise ArtefactError(f"{path}/{name}: does not match its hash; the model was altered, copy it again")
        files[name] = data
    return manifest, files


def _is_inside(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def versions() -> dict[str, str]:
    """Versions of this package and its main dependencies."""
    result = {}
    for name in LIBRARIES:
        try:
            result[name] = version(name)
        except PackageNotFoundError:
            continue
    return result


def _config(stage: str) -> str:
    return f"generators/{stage}/config.json"


def _weights(stage: str) -> str:
    return f"generators/{stage}/weights.safetensors"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()
