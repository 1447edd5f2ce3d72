"""Files of a table: values that text cannot hold, each in a file of its own, and what the table says in its place."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from synthdata.errors import OutputError
from synthdata.fields import Field
from synthdata.schema import Schema

__all__ = ["METADATA", "Files", "described", "file_fields"]

METADATA = "metadata.csv"
FILE = "file_name"
IMAGE = "image"  # the field that a column `file_name` is read back as


class Files:
    """A folder that fills with files 00000.png, 00001.png, ...; of a second field 00000-2.png, and so on.

    beside: what comes before their names in the table, the way from it to the folder.
    """

    def __init__(self, folder: Path, schema: Schema, beside: str = "") -> None:
        self.folder, self.fields, self.beside, self.rows = folder, file_fields(schema), beside, 0

    def put(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Write the files of a chunk of rows; return it with their paths in the place of the values."""
        paths = {}
        for number, (name, field) in enumerate(self.fields.items(), 1):
            mark = f"-{number}" if number > 1 else ""
            names = [f"{row:05}{mark}{field.ending}" for row in range(self.rows, self.rows + len(frame))]
            for file, data in zip(names, field.stored(frame[name]).tolist(), strict=True):
                if data is None:
                    raise OutputError(f'{file}: the file of "{name}" is gone since it was checked; run again')
                (self.folder / file).write_bytes(data)
            paths[name] = pd.Series([self.beside + file for file in names], index=frame.index, dtype="str")
        self.rows += len(frame)
        return frame.assign(**paths)


def file_fields(schema: Schema) -> dict[str, Field]:
    """The fields whose values are files."""
    return {name: field for name, field in schema.fields.items() if field.ending}


def described(schema: Schema) -> dict[str, str]:
    """How `metadata.csv` in an image folder calls each field, in its order: files first."""
    files = {name: FILE if name == IMAGE else f"{name}_{FILE}" for name in file_fields(schema)}
    return files | {name: name for name in schema.fields if name not in files}
