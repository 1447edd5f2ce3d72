"""Reading a table: its reader is chosen by the ending of the path; what no reader accepts is refused here."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name

import pandas as pd

from synthdata.errors import DataError, is_address, similar_file
from synthdata.fields.cells import FOLDER
from synthdata.io.formats import READERS, VERDICT, ending_of
from synthdata.io.readers.image_folder import read_image_folder
from synthdata.io.readers.marks import without_marks
from synthdata.schema.source import FOUND, Source

__all__ = ["LEAST_TO_TRAIN", "read_table"]

LEAST_TO_TRAIN = 20  # rows; fewer teach nothing that would not be a copy


def read_table(path: str | Path, source: Source | None = None, *, least: int = 1) -> pd.DataFrame:
    r"""Read a table from a file, by its ending, or from a folder of images.

    CSV comes back as text, each cell as written, so that a schema can parse it exactly; typed formats come back in
    their types. `Schema.infer` and `Schema.read` take both. Where the table stood is kept in the frame's `attrs`, so
    that `Schema.read` finds files whose paths in cells are relative to it.

    Parameters
    ----------
    path : str or Path
        A file of CSV (`.csv`, `.tsv`, `.txt`, delimited by comma, semicolon, tab or bar), JSON Lines (`.jsonl`,
        `.ndjson`), a JSON array of objects (`.json`), the first three compressed or not (`.csv.gz`), or Parquet
        (`.parquet`); or a folder of image files, with a `metadata.csv` or a folder for each label.
    source : Source, optional
        How the file is written, as far as it does not show it: a schema's `source`.
    least : int, default 1
        Refuse a table of fewer rows; training needs 20.

    Returns
    -------
    DataFrame
        The rows, in the order of the file. `attrs["synthdata.read_as"]` lists what a person should know of how it was
        read: another encoding than UTF-8, what was left out.

    Raises
    ------
    DataError
        If there is no such file, its ending is unknown, it is broken, or it has fewer than `least` rows. The message
        is one line and shows no cell.

    Examples
    --------
    >>> from pathlib import Path
    >>> from synthdata import read_table
    >>> _ = Path("wards.csv").write_text("age,ward\n34,north\n51,south\n")
    >>> frame = read_table("wards.csv")
    >>> frame["age"].tolist()
    ['34', '51']

    """
    path = Path(path)
    if path.is_dir():
        with _readable(path):
            frame = read_image_folder(path, f"or name a file ending in {_endings()}")
        frame.attrs.setdefault(FOUND, (source or Source()).said)
        where = "found no rows"
    else:
        frame = _read_file(path, _own(path, source or Source()))
        frame.attrs[FOLDER] = str(path.parent.absolute())
        where = "found no rows below the header"
    if not len(frame):
        raise DataError(f"{path}: {where}; at least {max(least, 1)} are needed")
    if len(frame) < least:
        raise DataError(f"{path}: found {len(frame)} rows; at least {least} are needed: bring more rows")
    return frame


def _own(path: Path, source: Source) -> Source:
    """The source of a table that was exported, as the verdict beside it shows: it has none of what is read over."""
    return source.written if path.with_name(f"{path.name}{VERDICT}").exists() else source


def _read_file(path: Path, source: Source) -> pd.DataFrame:
    if is_address(path):
        raise DataError(f"{str(path).partition(':')[0]}:// is an address; only files are read: save the table as one")
    ending = ending_of(path.name, READERS)
    if not ending and not path.suffix and not path.exists():
        raise DataError(f"{path}: no such file or folder; {similar_file(path) or 'check the path'}")
    if not ending:
        found = f'ending "{path.suffix}"' if path.suffix else "a name without ending"
        raise DataError(f"{path}: found {found}; allowed are {_endings()}")
    if not path.exists():
        raise DataError(f"{path}: no such file; {similar_file(path) or 'check the path'}")
    with _readable(path):
        if not path.stat().st_size:
            raise DataError(f"{path}: the file is empty; a header and rows are needed")
        frame: pd.DataFrame = resolve_name(READERS[ending])(path, source)
    frame = without_marks(frame, source.na)
    frame.attrs[FOUND] = {**source.said, **frame.attrs.get(FOUND, {})}
    return frame


def _endings() -> str:
    return ", ".join(READERS)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong below the format (permissions, compression, disk, characters) into a DataError."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{path}: broken gzip, cut short or not compressed; write or fetch the file again") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: holds bytes that are not {error.encoding.upper()}; mend them, or name another encoding"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or 'input/output error'}; check the file") from None
