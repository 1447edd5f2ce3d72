"""Reading: which reader takes a file, or a folder, and what all of them refuse."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from synthdata.errors import DataError
from synthdata.fields.cells import FOLDER
from synthdata.io.readers.image_folder import read_image_folder
from synthdata.io.readers.lines import read_jsonl
from synthdata.io.readers.parquet import read_parquet
from synthdata.io.readers.separated import read_csv

__all__ = ["LEAST_TO_TRAIN", "READERS", "read_table"]

LEAST_TO_TRAIN = 20  # rows; fewer teach nothing that would not be a copy
READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".jsonl.gz": read_jsonl,
}


def read_table(path: str | Path, *, least: int = 1) -> pd.DataFrame:
    """Read a file by its ending, or a folder of images; DataError in one line for what cannot be read.

    least: refuse a table of fewer rows (`LEAST_TO_TRAIN` for training). Where the table stood is kept in the frame's
    `attrs`, so that `Schema.read` finds files whose paths in cells are relative to it.
    """
    path = Path(path)
    if path.is_dir():
        with _readable(path):
            frame = read_image_folder(path, f"or name a file ending in {_endings()}")
        where = "found no rows"
    else:
        frame = _read_file(path)
        frame.attrs[FOLDER] = str(path.parent.absolute())
        where = "found no rows below the header"
    if not len(frame):
        raise DataError(f"{path}: {where}; at least {max(least, 1)} are needed")
    if len(frame) < least:
        raise DataError(f"{path}: found {len(frame)} rows; at least {least} are needed: bring more rows")
    return frame


def _read_file(path: Path) -> pd.DataFrame:
    reader = READERS[ending_of(path)]
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    with _readable(path):
        if not path.stat().st_size:
            raise DataError(f"{path}: the file is empty; a header and rows are needed")
        return reader(path)


def ending_of(path: Path) -> str:
    """Return the ending that decides the format; DataError for one that is not known."""
    name = path.name.lower()
    for ending in READERS:
        if name.endswith(ending):
            return ending
    found = f'ending "{path.suffix}"' if path.suffix else "a name without ending"
    raise DataError(f"{path}: found {found}; allowed are {_endings()}")


def _endings() -> str:
    return ", ".join(READERS)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong below the format (permissions, compression, disk) into a DataError."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{path}: broken gzip, cut short or not compressed; write or fetch the file again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or 'input/output error'}; check the file") from None
