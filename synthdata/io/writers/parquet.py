"""Parquet: typed columns; images as the bytes of their files. Rejected rows are written in it as well."""

from __future__ import annotations

from typing import final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from synthdata.io.writers.writer import Sink, Writer
from synthdata.schema import Schema

__all__ = ["ParquetWriter", "write_rejected"]


@final
class ParquetWriter(Writer):
    """Apache Parquet, zstd, with a checksum for each page, which catches a flipped bit."""

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.types = {name: field.dtype(field.nullable) for name, field in schema.fields.items()}
        empty = pd.DataFrame({name: pd.Series(dtype=type_) for name, type_ in self.types.items()})
        self.writer = _writer(target, _table(empty, schema).schema)

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows as a row group."""
        self.writer.write_table(_table(frame.astype(self.types), self.schema))

    def close(self) -> None:
        """Write the footer."""
        self.writer.close()


def write_rejected(rejected: pd.DataFrame, schema: Schema, target: Sink) -> None:
    """Write rows that the gate refused, with the columns that say why."""
    table = _table(rejected, schema)
    with _writer(target, table.schema) as writer:
        writer.write_table(table)


def _writer(target: Sink, layout: pa.Schema) -> pa.parquet.ParquetWriter:
    return pa.parquet.ParquetWriter(target, layout, compression="zstd", write_page_checksum=True)


def _table(frame: pd.DataFrame, schema: Schema) -> pa.Table:
    """Turn a frame into Arrow's; images become the bytes of their files, the frame's attributes are left behind."""
    files = {name: field.stored(frame[name]) for name, field in schema.fields.items() if field.ending}
    frame = frame.assign(**files)
    frame.attrs = {}
    layout = pa.Schema.from_pandas(frame, preserve_index=False)
    for name in files:
        layout = layout.set(layout.get_field_index(name), pa.field(name, pa.binary()))
    return pa.Table.from_pandas(frame, layout, preserve_index=False)
