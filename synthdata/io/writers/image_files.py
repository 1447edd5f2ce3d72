"""Images of a table in a text format: each in a file of its own; the table holds the path."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from synthdata.errors import OutputError
from synthdata.fields import Field
from synthdata.schema import Schema

__all__ = ["METADATA", "ImageFiles", "file_fields", "metadata_names"]

METADATA = "metadata.csv"
FILE = "file_name"
IMAGE = "image"  # the field that a column `file_name` is read back as


class ImageFiles:
    """Writes a folder of files 00000.png, 00001.png, ...; those of a second field are 00000-2.png, and so on.

    prefix: put before the file names in the table: the path from the table to the folder.
    """

    def __init__(self, folder: Path, schema: Schema, prefix: str = "") -> None:
        self.folder, self.fields, self.prefix, self.rows = folder, file_fields(schema), prefix, 0

    def put(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Write the files of a chunk of rows; return the chunk with paths instead of values."""
        paths = {}
        for number, (name, field) in enumerate(self.fields.items(), 1):
            mark = f"-{number}" if number > 1 else ""
            names = [f"{row:05}{mark}{field.ending}" for row in range(self.rows, self.rows + len(frame))]
            for file, data in zip(names, field.stored(frame[name]).tolist(), strict=True):
                if data is None:
                    raise OutputError(f'{file}: the file of "{name}" is gone since it was checked; run again')
                (self.folder / file).write_bytes(data)
            paths[name] = pd.Series([self.prefix + file for file in names], index=frame.index, dtype="str")
        self.rows += len(frame)
        return frame.assign(**paths)


def file_fields(schema: Schema) -> dict[str, Field]:
    """The fields whose values are files."""
    return {name: field for name, field in schema.fields.items() if field.ending}


def metadata_names(schema: Schema) -> dict[str, str]:
    """The column that each field has in the `metadata.csv` of an image folder, files first."""
    files = {name: FILE if name == IMAGE else f"{name}_{FILE}" for name in file_fields(schema)}
    return files | {name: name for name in schema.fields if name not in files}
