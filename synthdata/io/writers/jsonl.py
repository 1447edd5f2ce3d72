"""JSON lines: an object a row."""

from __future__ import annotations

import json
from typing import ClassVar, final

import pandas as pd

from synthdata.io.writers.writer import Writer, plain_values

__all__ = ["JsonlWriter"]


@final
class JsonlWriter(Writer):
    """A JSON object a line. Numbers and booleans keep their type, missing is null, all else is text."""

    images_beside: ClassVar[bool] = True

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows. A loop over rows: JSON is written object by object."""
        columns = [plain_values(frame[name], field.write) for name, field in self.schema.fields.items()]
        rows = (dict(zip(self.schema.fields, row, strict=True)) for row in zip(*columns, strict=True))
        encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
        self.target.write("".join(encode(row) + "\n" for row in rows).encode())
