"""Folders of images: class folders, a `metadata.csv`, or images alone. No image is opened, cells are paths."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.fields.cells import rows_named
from synthdata.fields.image import IMAGE_ENDINGS
from synthdata.io.readers.csv import read_csv

__all__ = ["METADATA", "read_image_folder"]

METADATA = "metadata.csv"
FILE = "file_name"  # its column of paths; `<name>_file_name` for an image of another name than IMAGE
IMAGE, LABEL = "image", "label"


def read_image_folder(folder: Path, instead: str) -> pd.DataFrame:
    """Read a folder into a table of absolute paths, in the order of their names; other files are passed over.

    With a `metadata.csv`, its rows are those of the table, and its `file_name` becomes the column `image`. Without,
    the names of class folders become the column `label`, a categorical one: "7" is a name. instead: what else could be
    read, the tail of a message.
    """
    folder = folder.absolute()
    if (folder / METADATA).is_file():
        return _described(folder)
    images, folders = _listed(folder)
    if not images and not folders:
        allowed = ", ".join(IMAGE_ENDINGS)
        raise DataError(f"{folder}: is a folder without images ({allowed}); put images into it, {instead}")
    if not folders:
        return pd.DataFrame({IMAGE: pd.Series(images, dtype="str")})
    if images:
        raise DataError(
            f"{folder}: found images both in it and in folders ({os.path.basename(folders[0])}/, ...); "
            f"put each into the folder of its class, or describe them in a {METADATA}"
        )
    paths: list[str] = []
    labels: list[str] = []
    for each in folders:
        found, inner = _listed(each)
        if not found:
            what = f"holds folders; name {each} itself if its folders are the classes" if inner else "holds no images"
            raise DataError(f"{each}: this class folder {what}; put images into it or remove it")
        paths += found
        labels += [os.path.basename(each)] * len(found)
    return pd.DataFrame({IMAGE: pd.Series(paths, dtype="str"), LABEL: pd.Series(labels, dtype="category")})


def _listed(folder: str | Path) -> tuple[list[str], list[str]]:
    """Paths of the images and of the folders in a folder, sorted; hidden ones are passed over."""
    images, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_dir():
                folders.append(entry.path)
            elif entry.name.lower().endswith(IMAGE_ENDINGS):
                images.append(entry.path)
    return sorted(images), sorted(folders)


def _described(folder: Path) -> pd.DataFrame:
    """Read `metadata.csv`, and make its paths absolute."""
    metadata = folder / METADATA
    frame = read_csv(metadata)
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
        paths = [os.path.join(folder, cell) for cell in cells.tolist()]
        absent = np.flatnonzero([not os.path.isfile(path) for path in paths])
        if len(absent):
            raise DataError(
                f'{metadata}: column "{column}": {rows_named(absent)} name a file that is not there; '
                f"paths are relative to {folder}: mend them or remove the rows"
            )
        frame[column] = pd.Series(paths, dtype="str")
    return frame.rename(columns=names)
