"""What every reader of files does: open the file, gzipped or not, and check the names of its columns."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO, cast

from synthdata.errors import DataError

__all__ = ["READ_AS", "check_names", "opened"]

READ_AS = "synthdata.read_as"  # in a frame's attrs: what a person should know of how its file was read


def opened(path: Path) -> BinaryIO:
    """Open for reading bytes."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def check_names(names: list[str], path: Path) -> None:
    """Refuse columns without a name, and names that stand twice."""
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise DataError(f"{path}: column {number} has no name; name every column in the header")
        if name in first:
            raise DataError(f'{path}: two columns are named "{name}" (columns {first[name]} and {number}); rename one')
        first[name] = number
