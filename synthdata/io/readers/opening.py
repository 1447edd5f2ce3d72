"""What every reader of files does: open the file, gzipped or not, and check the names of its columns."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any, BinaryIO, cast

from synthdata.errors import DataError

__all__ = ["MOST_BYTES", "MOST_RATIO", "READ_AS", "check_names", "opened"]

PIECE = 1 << 20  # bytes that are decompressed at a time
MOST_BYTES, MOST_RATIO = 1 << 28, 100  # what any file may hold, and for each byte of a compressed one
READ_AS = "synthdata.read_as"  # in a frame's attrs: what a person should know of how its file was read


def opened(path: Path) -> BinaryIO:
    """Open for reading bytes. A compressed file that holds far more than it should ends in a DataError."""
    if not path.name.lower().endswith(".gz"):
        return path.open("rb")
    return cast(BinaryIO, io.BufferedReader(_Unpacked(path), PIECE))


class _Unpacked(io.RawIOBase):
    """What a compressed file holds, as long as that is no more than tables compress to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed by close()
        self._left = MOST_BYTES + MOST_RATIO * path.stat().st_size

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise DataError(
                f"{self._path}: holds more than {MOST_RATIO} times its own bytes, as no table does; "
                "if it is right, decompress it first (gunzip)"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def check_names(names: list[str], path: Path) -> None:
    """Refuse columns without a name, and names that stand twice."""
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise DataError(f"{path}: column {number} has no name; name every column in the header")
        if name in first:
            raise DataError(f'{path}: two columns are named "{name}" (columns {first[name]} and {number}); rename one')
        first[name] = number
