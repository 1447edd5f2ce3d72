"""CSV and TSV: text, as the fields write it."""

from __future__ import annotations

from typing import ClassVar, final

import pandas as pd

from synthdata.errors import OutputError
from synthdata.io.writers.writer import Sink, Writer
from synthdata.schema import Schema

__all__ = ["CsvWriter", "TsvWriter"]


class CsvWriter(Writer):
    """A header, UTF-8, LF. Missing is empty; floats are as short as they read back exactly.

    Delimiter (by default a comma), encoding and whether there is a header are those of the schema's source.
    """

    images_beside: ClassVar[bool] = True

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.header = schema.source.header is not False
        self.delimiter = schema.source.delimiter or ","
        self.encoding = schema.source.encoding or "utf-8"

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        columns = {name: field.write(frame[name]) for name, field in self.schema.fields.items()}
        text = pd.DataFrame(columns).to_csv(index=False, header=self.header, sep=self.delimiter, lineterminator="\n")
        self.header = False
        try:
            self.target.write(text.encode(self.encoding))
        except UnicodeEncodeError:
            raise OutputError(
                f"a cell has a character that {self.encoding} lacks, the encoding of the schema's source; "
                "write .jsonl, or leave the encoding out"
            ) from None


@final
class TsvWriter(CsvWriter):
    """As CSV, with a tab between cells, whatever the source has."""

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.delimiter = "\t"
