"""What a writer is: chunks of a table into the bytes of one file, a class a format."""

from __future__ import annotations

import gzip
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, final

import pandas as pd

from synthdata.schema import Schema

__all__ = ["Gzipped", "Sink", "Writer", "plain_values"]


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: Any, /) -> int:
        """Take bytes."""

    def flush(self) -> Any:
        """Pass on what is held."""


class Writer(ABC):
    """Writes chunks of a table in one format.

    What to implement: `write` a chunk, and `close`, after which the bytes are complete. Then name the class in
    `synthdata.io.formats.FORMATS`.

    images_beside: the format cannot hold images, so they are written as files into a folder beside the table. is_table:
    joined columns are put together, as in the file that the schema is of; arrays keep the parts.
    """

    images_beside: ClassVar[bool] = False
    is_table: ClassVar[bool] = True

    def __init__(self, target: Sink, schema: Schema) -> None:
        self.target = target
        self.schema = schema

    @classmethod
    def names(cls, schema: Schema) -> list[str]:
        """The names under which the columns are written; a name that comes twice is refused before the export."""
        return list(schema.fields)

    @abstractmethod
    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""

    def close(self) -> None:  # noqa: B027 - most formats have nothing left to write
        """Write what is left to write."""

    def abandon(self) -> None:  # noqa: B027 - likewise
        """Release temporary files; called at the end, whether all was written or not."""


@final
class Gzipped(Writer):
    """Another format, compressed. The header has no name and no time, so the same rows give the same bytes."""

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
    """Numbers and booleans as Python's own, missing as None, all else as text."""
    plain = column if column.dtype.kind in "biuf" else write(column)
    return plain.astype(object).where(plain.notna(), None).tolist()
