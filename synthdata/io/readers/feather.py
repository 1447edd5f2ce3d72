"""Feather, the files of Arrow: typed columns, in the types that fields read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather

from synthdata.errors import DataError
from synthdata.io.readers.arrow_columns import from_arrow, readable_names
from synthdata.schema.source import Source

__all__ = ["read_feather"]


def read_feather(path: Path, source: Source) -> pd.DataFrame:
    """Read an Arrow file, of either version of Feather, or an Arrow stream."""
    try:
        table = _table(path)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{path}: broken Feather, cut short or another format; write or fetch the file again") from None
    names, remarks = readable_names(table.schema, path)
    return from_arrow(table.select(names), path, remarks)


def _table(path: Path) -> pa.Table:
    with path.open("rb") as file:
        is_file = file.read(4) in (b"ARRO", b"FEA1")
    if is_file:
        return pa.feather.read_table(path)
    with pa.OSFile(str(path)) as stream, pa.ipc.open_stream(stream) as reader:
        return reader.read_all()
