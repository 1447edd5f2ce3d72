"""TFRecord: a `tf.train.Example` a row. The one format that needs TensorFlow to write it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import pandas as pd

from synthdata.errors import OutputError
from synthdata.extras import needed
from synthdata.io.atomic import AtomicFile
from synthdata.io.writers.writer import Sink, Writer, plain_values
from synthdata.schema import Schema

__all__ = ["RecordWriter"]


@final
class RecordWriter(Writer):
    """A TFRecord file: one feature per column, an empty one where the value is missing.

    Images are the bytes of PNG files, integers and booleans int64, texts UTF-8 bytes, numbers float32, the only floats
    of the format. TensorFlow writes to a path of its own, so records wait in a temporary file.
    """

    is_table: ClassVar[bool] = False

    def __init__(self, target: Sink, schema: Schema) -> None:
        with needed("train", "TFRecord"):
            from synthdata.io.tf_data import RecordFile

        super().__init__(target, schema)
        folder = target.folder if isinstance(target, AtomicFile) else None
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
        """Copy the records into the target."""
        self.records.close()
        with self.path.open("rb") as file:
            shutil.copyfileobj(file, self.target, 1 << 20)

    def abandon(self) -> None:
        """Remove the temporary file."""
        self.records.abandon()
        self.waiting.cleanup()
