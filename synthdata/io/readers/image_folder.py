"""Folders of images: class folders, a table that describes them, or images alone. Cells are paths; none is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.fields.cells import rows_named
from synthdata.fields.image import IMAGE_ENDINGS
from synthdata.io.readers.csv import read_csv
from synthdata.io.readers.jsonl import read_jsonl
from synthdata.io.readers.opening import READ_AS
from synthdata.schema.source import Source

__all__ = ["METADATA", "read_image_folder"]

METADATA = {"metadata.csv": read_csv, "metadata.jsonl": read_jsonl}
PARTS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "holdout"}  # of a data set
FILE = "file_name"  # its column of paths; `<name>_file_name` for an image of another name than IMAGE
IMAGE, LABEL = "image", "label"


def read_image_folder(folder: Path, instead: str) -> pd.DataFrame:
    """Read a folder into a table of absolute paths, in the order of their names; other files are passed over.

    With a `metadata.csv` or `metadata.jsonl`, its rows are those of the table, and its `file_name` becomes the column
    `image`. Without, the names of class folders become the column `label`, a categorical one: "7" is a name; class
    folders in folders called train, val, test are read together. instead: what else could be read, the tail of a
    message.
    """
    folder = folder.absolute()
    described = [folder / name for name in METADATA if (folder / name).is_file()]
    if len(described) > 1:
        raise DataError(f"{folder}: found both {' and '.join(METADATA)}; remove one")
    if described:
        return _described(folder, described[0])
    images, folders = _listed(folder)
    if not images and not folders:
        allowed = ", ".join(IMAGE_ENDINGS)
        raise DataError(f"{folder}: is a folder without images ({allowed}); put images into it, {instead}")
    if not folders:
        return pd.DataFrame({IMAGE: pd.Series(images, dtype="str")})
    if images:
        raise DataError(
            f"{folder}: found images both in it and in folders ({os.path.basename(folders[0])}/, ...); "
            f"put each into the folder of its class, or describe them in a {next(iter(METADATA))}"
        )
    paths: list[str] = []
    labels: list[str] = []
    parts = [each for each in folders if os.path.basename(each).lower() in PARTS]
    if len(parts) == len(folders):
        folders = [inner for each in parts for inner in _listed(each)[1]] or folders
    for each in folders:
        found, inner = _listed(each)
        if not found:
            what = f"holds folders; name {each} itself if its folders are the classes" if inner else "holds no images"
            raise DataError(f"{each}: this class folder {what}; put images into it or remove it")
        paths += found
        labels += [os.path.basename(each)] * len(found)
    frame = pd.DataFrame({IMAGE: pd.Series(paths, dtype="str"), LABEL: pd.Series(labels, dtype="category")})
    if len(parts) > 1:
        names = ", ".join(os.path.basename(each) for each in parts)
        frame.attrs[READ_AS] = [f"{folder}: {names} are read together; to learn one of them alone, name it"]
    return frame


def _listed(folder: str | Path) -> tuple[list[str], list[str]]:
    """Paths of the images and of the folders in a folder, sorted; hidden ones are passed over."""
    images, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_symlink():
                _check_inside(Path(folder), [entry.path], entry.path)
            if entry.is_dir():
                folders.append(entry.path)
            elif entry.name.lower().endswith(IMAGE_ENDINGS):
                images.append(entry.path)
    return sorted(images), sorted(folders)


def _check_inside(folder: Path, paths: Sequence[str], said: object) -> None:
    """Refuse files that lie elsewhere, by their paths or by links: a folder that somebody sent names its own alone."""
    inside = os.path.realpath(folder) + os.sep
    outside = np.flatnonzero([not os.path.realpath(path).startswith(inside) for path in paths])
    if len(outside):
        raise DataError(f"{said}: {rows_named(outside)} name a file outside of {folder}; copy the files into it")


def _found(path: str) -> str:
    """The path, or the one that it means where folders are parted by backslashes."""
    if "\\" in path and not os.path.exists(path):
        return path.replace("\\", "/")
    return path


def _described(folder: Path, metadata: Path) -> pd.DataFrame:
    """Read the table that describes images, and make its paths absolute."""
    frame = METADATA[metadata.name](metadata, Source())
    names = {
        column: IMAGE if column == FILE else column.removesuffix(f"_{FILE}")
        for column in frame.columns
        if column == FILE or column.endswith(f"_{FILE}")
    }
    if not names:
        raise DataError(f'{metadata}: found no column "{FILE}"; it names the image of each row, relative to the folder')
    for column, name in names.items():
        if name in frame.columns:
            raise DataError(f'{metadata}: "{column}" is to become the column "{name}", which is there; rename that one')
        cells = frame[column]
        missing = cells.isna().to_numpy(bool)
        if missing.any():
            raise DataError(f'{metadata}: column "{column}": {rows_named(np.flatnonzero(missing))} empty; name a file')
        paths = [_found(os.path.join(folder, cell)) for cell in cells.tolist()]
        absent = np.flatnonzero([not os.path.isfile(path) for path in paths])
        if len(absent):
            raise DataError(
                f'{metadata}: column "{column}": {rows_named(absent)} name a file that is not there; '
                f"paths are relative to {folder}: mend them or remove the rows"
            )
        _check_inside(folder, paths, metadata)
        frame[column] = pd.Series(paths, dtype="str")
    return frame.rename(columns=names)
