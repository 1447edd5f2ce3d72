"""Parquet: typed columns, in the types that fields read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from synthdata.errors import DataError
from synthdata.io.readers.arrow_columns import from_arrow, readable_names
from synthdata.schema.source import Source

__all__ = ["read_parquet"]


def read_parquet(path: Path, source: Source) -> pd.DataFrame:
    """Read typed columns; pages are checked against their checksums, where the file has these."""
    try:
        file = pa.parquet.ParquetFile(path, page_checksum_verification=True)
        names, remarks = readable_names(file.schema_arrow, path)
        table = file.read(columns=names)
    except pa.ArrowException:
        raise DataError(f"{path}: broken Parquet, cut short or another format; write or fetch the file again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        # Arrow's own OSError, without a number: damaged pages
        raise DataError(f"{path}: broken Parquet, a page is damaged; write or fetch the file again") from None
    return from_arrow(table, path, remarks)
