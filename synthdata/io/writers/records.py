"""TFRecord: a `tf.train.Example` a row, for TensorFlow. The one format that takes TensorFlow to write."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, final

import numpy as np
import pandas as pd

from synthdata.errors import OutputError
from synthdata.io.atomic import Target
from synthdata.io.writers.base import Sink, Writer, plain_values
from synthdata.schema import Schema

__all__ = ["RecordWriter"]


@final
class RecordWriter(Writer):
    """A TFRecord file: a feature a column, none where a value is missing.

    Images are the bytes of PNG files, integers and booleans int64, texts bytes, and floats have the 32 bits that the
    format has for them. TensorFlow writes to a path, so that records wait in a file of another name.
    """

    def __init__(self, target: Sink, schema: Schema) -> None:
        from synthdata.io.tf_data import RecordFile

        super().__init__(target, schema)
        folder = target.folder if isinstance(target, Target) else None
        self.waiting = tempfile.TemporaryDirectory(prefix=".", suffix=".tmp", dir=folder)
        self.path = Path(self.waiting.name) / "records"
        self.records = RecordFile(self.path)

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        self.records.add({name: self._values(name, frame[name]) for name in self.schema.fields})

    def _values(self, name: str, column: pd.Series) -> list[Any]:
        field = self.schema.fields[name]
        if field.ending:
            return field.stored(column).tolist()
        if column.dtype.kind == "f" and (column.abs() > np.finfo(np.float32).max).any():
            raise OutputError(f'column "{name}" holds numbers beyond the 32 bits of TFRecord; write another format')
        return plain_values(column, field.write)

    def close(self) -> None:
        """Put the records where they belong."""
        self.records.close()
        with self.path.open("rb") as file:
            shutil.copyfileobj(file, self.target, 1 << 20)

    def abandon(self) -> None:
        """Drop the file in which they waited."""
        self.records.abandon()
        self.waiting.cleanup()
