"""Parquet: typed columns, in the types that fields read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from synthdata.errors import DataError
from synthdata.io.readers.arrow_columns import from_arrow, readable_names
from synthdata.io.readers.opening import MOST_RATIO
from synthdata.schema.source import Source

__all__ = ["read_parquet"]

MOST_IN_MEMORY = 1 << 30  # bytes that any file may take
ROWS = 1 << 16  # that are read at a time


def read_parquet(path: Path, source: Source) -> pd.DataFrame:
    """Read typed columns; pages are checked against their checksums, where the file has these."""
    try:
        file = pa.parquet.ParquetFile(path, page_checksum_verification=True)
        names, remarks = readable_names(file.schema_arrow, path)
        table = _whole(file, names, path)
    except pa.ArrowException:
        raise DataError(f"{path}: broken Parquet, cut short or another format; write or fetch the file again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        # Arrow's own OSError, without a number: damaged pages
        raise DataError(f"{path}: broken Parquet, a page is damaged; write or fetch the file again") from None
    return from_arrow(table, path, remarks)


def _whole(file: pa.parquet.ParquetFile, names: list[str], path: Path) -> pa.Table:
    """The columns, read in parts, as long as they hold no more than tables compress to."""
    left = MOST_IN_MEMORY + MOST_RATIO * path.stat().st_size
    batches = []
    for batch in file.iter_batches(ROWS, columns=names):
        left -= batch.nbytes
        if left < 0:
            raise DataError(
                f"{path}: holds more than {MOST_RATIO} times its own bytes, as no table does; if it is right, write it "
                f"as CSV, or in several files"
            )
        batches.append(batch)
    schema = pa.schema([file.schema_arrow.field(name) for name in names], file.schema_arrow.metadata)
    return pa.Table.from_batches(batches, schema).unify_dictionaries()
