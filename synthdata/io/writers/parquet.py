"""Parquet: typed columns; images as the bytes of their files. Rejected rows are written in it as well."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from synthdata.errors import OutputError
from synthdata.fields import Category
from synthdata.io.arrow_types import as_type
from synthdata.io.writers.writer import Sink, Writer
from synthdata.schema import Schema
from synthdata.schema.arrow_names import type_named

__all__ = ["ParquetWriter", "write_rejected"]


@final
class ParquetWriter(Writer):
    """Apache Parquet, zstd, with a checksum for each page, which catches a flipped bit.

    Columns have the types that the schema's source names, as far as a field's values can be of them.
    """

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.dtypes = {name: field.dtype(field.nullable) for name, field in schema.fields.items()}
        empty = _table(pd.DataFrame({name: pd.Series(dtype=each) for name, each in self.dtypes.items()}), schema)
        self.kept = {
            name: type_named(type_) for name, type_ in schema.source.types.items() if name in empty.column_names
        }
        self.kept = {name: kind for name, kind in self.kept.items() if _can_be(empty.column(name).type, kind)}
        self.writer = _writer(target, self._typed(empty).schema)

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows as a row group."""
        self.writer.write_table(self._typed(_table(frame.astype(self.dtypes), self.schema)))

    def _typed(self, table: pa.Table) -> pa.Table:
        """The columns in the types that they had in the file."""
        for name, kind in self.kept.items():
            field = self.schema.fields[name]
            values = field.values or () if isinstance(field, Category) else ()
            column = as_type(name, table.column(name), kind, values)
            table = table.set_column(table.column_names.index(name), pa.field(name, column.type), column)
        return table.replace_schema_metadata(_but(table.schema.metadata, self.kept)) if self.kept else table

    def close(self) -> None:
        """Write the footer."""
        self.writer.close()


def _but(metadata: Mapping[bytes, bytes], names: Collection[str]) -> dict[bytes, bytes]:
    """A table's metadata without what it tells pandas of some columns, which have other types now."""
    told = json.loads(metadata[b"pandas"])
    told["columns"] = [each for each in told["columns"] if each["name"] not in names]
    return {**metadata, b"pandas": json.dumps(told).encode()}


def _can_be(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether there is a way from one type to another: a column that was a time may be a category by now."""
    try:
        as_type("", pa.chunked_array([], found), wanted)
    except OutputError:
        return False
    return True


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
