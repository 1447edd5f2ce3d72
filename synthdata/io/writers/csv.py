"""CSV: text, as the fields write it."""

from __future__ import annotations

from typing import ClassVar, final

import pandas as pd

from synthdata.io.writers.writer import Sink, Writer
from synthdata.schema import Schema

__all__ = ["CsvWriter"]


@final
class CsvWriter(Writer):
    """Comma-separated, a header, UTF-8, LF. Missing is empty; floats are as short as they read back exactly."""

    images_beside: ClassVar[bool] = True

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.header = True

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        columns = {name: field.write(frame[name]) for name, field in self.schema.fields.items()}
        text = pd.DataFrame(columns).to_csv(index=False, header=self.header, lineterminator="\n")
        self.header = False
        self.target.write(text.encode())
