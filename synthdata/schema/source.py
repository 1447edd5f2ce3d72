"""Source: how the file that a table comes from is written, where the file does not show it."""

from __future__ import annotations

import codecs
import re
from typing import Any

from pydantic import ConfigDict, field_validator
from pydantic import Field as Key

from synthdata.messages import Declaration
from synthdata.schema.arrow_names import type_named

__all__ = ["BAD_LINES", "BAD_ROWS", "FOUND", "Source"]

BAD_LINES = "synthdata.bad_lines"  # in a frame's attrs: the lines of its file that were left out
BAD_ROWS = "synthdata.bad_rows"  # in a typed frame's attrs: the rows of the raw one that were left out
PERCENT = re.compile(r"(\d{1,12}(?:\.\d+)?)\s?(%?)")
FOUND = "synthdata.source"  # in a frame's attrs: the source that it was read with, as plain data


class Source(Declaration):
    r"""How a file is written, as far as it does not show it; what is not set is found from the file.

    `synthdata init` writes it into the schema, so that a table is read again as it was the first time, and CSV is
    written with the same delimiter, encoding and header.

    Parameters
    ----------
    delimiter : str, optional
        What parts the cells of a text file: one character.
    encoding : str, optional
        The encoding of a text file, as Python calls it: `cp1252`, `latin-1`, `shift_jis`.
    header : bool, optional
        Whether the first row holds the names of the columns. If not, they are called `column_1`, `column_2`, ...
    skip_rows : int, default 0
        Lines of a text file, or rows of a sheet, above the header that are left out.
    comment : str, optional
        Lines that begin with this are left out.
    na : tuple of str, default ()
        Cells that mean a missing value in any column, besides empty ones.
    sheet : str, optional
        The sheet of a workbook.
    bad_rows : int or str, default 0
        How many rows may be left out that cannot be read, or which share of them, "1%": lines of too many or too few
        cells, and rows with a cell that is not what its field says. More are an error.
    types : dict of str to str, default {}
        Types of columns in a Parquet or Feather file, as Arrow names them, which exported Parquet has as well. Without
        one, it has 64-bit numbers, text, booleans, bytes and timestamps of microseconds.

    Raises
    ------
    SchemaError
        If a delimiter is not one character, an encoding or a type is unknown, or a number of rows is none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from synthdata import Source, read_table
    >>> _ = Path("levels.txt").write_text("levels of 2024\nstation level\nA1 3.5\nA2 .\n")
    >>> read_table("levels.txt", Source(delimiter=" ", skip_rows=1, na="."))["level"].tolist()
    ['3.5', nan]

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    delimiter: str | None = Key(default=None, description="what parts the cells of a text file, one character")
    encoding: str | None = Key(default=None, description="the encoding of a text file, as Python calls it")
    header: bool | None = Key(default=None, description="whether the first row holds the names of the columns")
    skip_rows: int = Key(default=0, ge=0, description="lines above the header that are left out")
    comment: str | None = Key(default=None, min_length=1, description="lines that begin with this are left out")
    na: tuple[str, ...] = Key(default=(), description="cells that mean a missing value, besides empty ones")
    sheet: str | None = Key(default=None, description="the sheet of a workbook")
    bad_rows: int | str = Key(default=0, description='how many rows that cannot be read may be left out: 10, "1%"')
    types: dict[str, str] = Key(default={}, description="types of columns in Parquet, as Arrow names them")

    @property
    def said(self) -> dict[str, Any]:
        """What is not the default, as plain data."""
        return self.model_dump(exclude_defaults=True, mode="json")

    @property
    def written(self) -> Source:
        """The source of a table that is written as this one was."""
        return self.model_copy(update={"skip_rows": 0, "comment": None, "na": (), "sheet": None, "bad_rows": 0})

    @field_validator("na", mode="before")
    @classmethod
    def _one_word(cls, value: object) -> object:
        """A word by itself may stand without brackets."""
        return (value,) if isinstance(value, str) else value

    @field_validator("types")
    @classmethod
    def _are_types(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value.values():
            type_named(name)
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is not None and (len(value) != 1 or not value.isascii() or value in '"\r\n\0'):
            raise ValueError('a delimiter is one character of ASCII, and no quote or line break: ",", ";", "\\t"')
        return value

    @field_validator("bad_rows")
    @classmethod
    def _count(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value >= 0 and not isinstance(value, bool):
            return value
        share = PERCENT.fullmatch(str(value).strip())
        if not share or float(share[1]) > 100:
            raise ValueError('bad_rows is a number of rows, or a share of them like "1%"')
        return str(value).strip() if share[2] else int(float(share[1]))

    def most_bad(self, rows: int) -> int:
        """How many of so many rows may be left out."""
        if isinstance(self.bad_rows, int):
            return self.bad_rows
        return int(rows * float(self.bad_rows.rstrip("% ")) / 100)

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            "a".encode(value)
            return codecs.lookup(value).name
        except (LookupError, UnicodeError):
            raise ValueError(f'"{value}" is no encoding of text; allowed are utf-8, cp1252, latin-1, ...') from None
