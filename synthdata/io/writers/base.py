"""Writers: chunks of a table into the bytes of one file, a class a format."""

from __future__ import annotations

import gzip
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, final

import pandas as pd

from synthdata.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CsvWriter", "Gzipped", "JsonlWriter", "ParquetWriter", "Sink", "Writer", "plain_values", "write_rejected"]


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: Any, /) -> int:
        """Take bytes."""

    def flush(self) -> Any:
        """Pass on what is held."""


class Writer(ABC):
    """Writes chunks of a table in one format.

    What to implement: `write` a chunk, and `close`, after which the bytes are complete. Then name it in FORMATS.
    """

    def __init__(self, target: Sink, schema: Schema) -> None:
        self.target = target
        self.schema = schema

    @abstractmethod
    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""

    def close(self) -> None:  # noqa: B027 - most formats have nothing left to write
        """Write what is left to write."""

    def abandon(self) -> None:  # noqa: B027 - likewise
        """Let go of what is held, whether all was written or not."""


@final
class CsvWriter(Writer):
    """Comma-separated, a header, UTF-8, LF. Missing is empty; floats are as short as they read back exactly."""

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.header = True

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        columns = {name: field.write(frame[name]) for name, field in self.schema.fields.items()}
        text = pd.DataFrame(columns).to_csv(index=False, header=self.header, lineterminator="\n")
        self.header = False
        self.target.write(text.encode())


@final
class JsonlWriter(Writer):
    """A JSON object a line. Numbers and booleans are what they are, missing is null, all else is text."""

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows. A loop over rows: JSON is written object by object."""
        columns = [plain_values(frame[name], field.write) for name, field in self.schema.fields.items()]
        rows = (dict(zip(self.schema.fields, row, strict=True)) for row in zip(*columns, strict=True))
        encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
        self.target.write("".join(encode(row) + "\n" for row in rows).encode())


@final
class ParquetWriter(Writer):
    """Apache Parquet, zstd, with a checksum for each page, which catches a flipped bit."""

    def __init__(self, target: Sink, schema: Schema) -> None:
        import pyarrow.parquet

        super().__init__(target, schema)
        self.types = {name: field.dtype(field.nullable) for name, field in schema.fields.items()}
        empty = pd.DataFrame({name: pd.Series(dtype=type_) for name, type_ in self.types.items()})
        layout = table_of(empty, schema).schema
        self.writer = pyarrow.parquet.ParquetWriter(target, layout, compression="zstd", write_page_checksum=True)

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows as a row group."""
        self.writer.write_table(table_of(frame.astype(self.types), self.schema))

    def close(self) -> None:
        """Write the footer."""
        self.writer.close()


@final
class Gzipped(Writer):
    """Another format, compressed. No name and no time in it: the same rows are the same bytes."""

    def __init__(self, target: Sink, schema: Schema, inner: Callable[[Sink, Schema], Writer]) -> None:
        super().__init__(target, schema)
        self.stream = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=target, mtime=0)
        self.inner = inner(self.stream, schema)

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        self.inner.write(frame)

    def close(self) -> None:
        """Write what is left, and the checksum."""
        self.inner.close()
        self.stream.close()


def plain_values(column: pd.Series, write: Callable[[pd.Series], pd.Series]) -> list[Any]:
    """Numbers and booleans as Python's, missing as None, all else as text."""
    plain = column if column.dtype.kind in "biuf" else write(column)
    return plain.astype(object).where(plain.notna(), None).tolist()


def table_of(frame: pd.DataFrame, schema: Schema) -> pa.Table:
    """Turn a frame into Arrow's; values that are files become their bytes, and nothing else of the frame goes along."""
    import pyarrow as pa

    files = {name: field.stored(frame[name]) for name, field in schema.fields.items() if field.ending}
    frame = frame.assign(**files)
    frame.attrs = {}
    layout = pa.Schema.from_pandas(frame, preserve_index=False)
    for name in files:
        layout = layout.set(layout.get_field_index(name), pa.field(name, pa.binary()))
    return pa.Table.from_pandas(frame, layout, preserve_index=False)


def write_rejected(rejected: pd.DataFrame, schema: Schema, target: Sink) -> None:
    """Write rows that were set aside as Parquet."""
    import pyarrow.parquet

    table = table_of(rejected, schema)
    with pyarrow.parquet.ParquetWriter(target, table.schema, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(table)
