"""Reading files that somebody else may have made: regular ones alone, and no more of them than is expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["read_regular"]


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes, without waiting for a pipe or a device.

    OSError if it cannot be read; ValueError if it is no regular file, or larger.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("not a regular file")
        if about.st_size > most:
            raise ValueError(f"{about.st_size:,} bytes, more than {most:,}")
        data = file.read(about.st_size + 1)
    if len(data) > about.st_size:
        raise ValueError("a file that grows")
    return data
