"""The dialect of a delimited text file: its encoding, delimiter and escapes, and where its header is.

What the source says is taken; the rest is found from the first rows. A delimiter is the one that parts them into most
cells, all alike.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self

from synthdata.errors import DataError
from synthdata.io.readers.encoding import encoding_of
from synthdata.io.readers.headers import check_header, header_row, numbered, told_apart
from synthdata.io.readers.opening import check_names, opened
from synthdata.schema.source import Source

__all__ = ["NAMED", "Dialect", "Rows", "badly_quoted", "find_dialect", "open_rows"]

NAMED = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}  # delimiters, the likeliest first
FEWEST_BLANKS = 3  # columns that runs of blanks part, at least, for them not to be words
MOSTLY = 0.9  # of the rows, that are as wide as the header below titles
LOOKED_AT = 200  # rows that a dialect is told by
SAMPLE = 1 << 20  # characters that an escape is looked for in
LONGEST = 8 << 20  # characters of a cell
USUAL_CELL = 1 << 17
NUMBERED, A_YEAR = re.compile(r"\d"), re.compile(r"(?:19|20)\d\d")
BEHIND = "there is text behind a closing quote; in a cell in quotes, quotes are doubled"
LEFT_OPEN = "a quote is left open"
SAID = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # a first line that names the delimiter, as Excel reads it


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    codec: of its characters. delimiter: one blank stands for runs of them. skipped: lines above the header. escape:
    what stands before a quote in quotes, "" if it is a second quote. names: of the columns; one without a name is
    `UNNAMED` and its place.
    """

    codec: str
    delimiter: str = ","
    skipped: int = 0
    header: bool = True
    comment: str = ""
    escape: str = ""
    names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def source(self, said: Source) -> Source:
        """What is worth keeping of it: what was said, and a delimiter that is no comma."""
        found = {"delimiter": self.delimiter} if self.delimiter != "," else {}
        return said.model_copy(update=found)


def find_dialect(path: Path, source: Source) -> Dialect:
    """Find how a file is written; DataError if its first rows are no table, or hold no names where they should."""
    told = None if source.encoding else encoding_of(path)
    dialect = Dialect(told.codec if told else str(source.encoding), comment=source.comment or "")
    remarks = [told.remark] if told and told.remark else []
    start, first = _start(path, dialect.codec)
    said = SAID.fullmatch(first)
    if said and source.delimiter is None:
        dialect = replace(dialect, delimiter=said[1], skipped=1)
    elif source.delimiter is not None:
        dialect = replace(dialect, delimiter=source.delimiter)
    if source.delimiter is not None:
        _check_delimiter(path, source.delimiter, first)
    skipped = dialect.skipped + source.skip_rows
    tried = [dialect.delimiter] if said or source.delimiter is not None else [*NAMED]
    split = {}
    for delimiter in tried:
        each = replace(dialect, delimiter=delimiter, skipped=skipped, escape=_escape(start, delimiter))
        split[each] = _below_titles(path, each, source, max(USUAL_CELL, 2 * len(first)))
    dialect = max(split, key=lambda each: _likely(each.delimiter, *split[each][1:]))
    above, titles, rows = split[dialect]
    if titles:
        lines = "1 line" if titles == 1 else f"{titles} lines"
        remarks.append(f"{lines} above the header left out")
    dialect = replace(dialect, skipped=dialect.skipped + above)
    names, below = (rows[0], rows[1:]) if source.header is not False else ([], rows)
    if source.header is False:
        names = numbered(max(len(row) for row in rows))
        dialect = replace(dialect, header=False)
    elif source.header is None:
        check_header(names, below, path)
    if below and all(len(row) == len(names) + 1 and not row[-1].strip() for row in below):
        names = [*names, ""]  # a delimiter ends each row but the header
    names, twice = told_apart(names)
    check_names(names, path)
    remarks += twice
    return replace(dialect, names=tuple(names), remarks=tuple(remarks))


def _start(path: Path, codec: str) -> tuple[str, str]:
    """The first characters of a file, and its first line."""
    with opened(path) as file, io.TextIOWrapper(file, encoding=codec, newline="") as text:
        start = text.read(SAMPLE)
    return start, start.partition("\n")[0]


def _check_delimiter(path: Path, delimiter: str, line: str) -> None:
    """Refuse a delimiter that the first line lacks, where it has another one."""
    others = {name: line.count(other) for other, name in NAMED.items() if other not in (delimiter, " ")}
    most = max(others, key=lambda name: others[name])
    if delimiter not in line and others[most] > 1:
        asked = NAMED.get(delimiter, f'"{delimiter}"')
        raise DataError(
            f"{path}: its first line has no {asked}, but {others[most]} times a {most}: is that the delimiter?"
        )


def _escape(start: str, delimiter: str) -> str:
    r"""A backslash where one stands before a quote that ends no cell: `"say \"no\""`."""
    inside = rf'(?:^|{re.escape(delimiter)})"[^"\r\n]*\\"(?!["\r\n]|{re.escape(delimiter)}|$)'
    return "\\" if re.search(inside, start, re.MULTILINE) else ""


def _likely(delimiter: str, titles: int, rows: list[list[str]]) -> tuple[float, bool, int]:
    """How likely rows are parted at the right places, whether without titles, and into how many cells.

    All alike before others, with several cells in the header before one; one cell in every row before several in some.
    Blanks, which part words as well, only where nothing else parts anything.
    """
    widths = {len(row) for row in rows}
    header = len(rows[0])
    if titles and all(any(cell.count("(") != cell.count(")") for cell in row) for row in rows):  # (52.51, 13.40)
        return 0, False, 0
    if titles and all(NUMBERED.search(cell) and not A_YEAR.fullmatch(cell.strip()) for cell in rows[0]):
        return 0, False, 0  # a title, and a record for a header: amounts of one column, taken apart (8.251.460,44 €)
    if delimiter == " ":
        return (1.5 if widths == {header} and header >= FEWEST_BLANKS and len(rows) > 1 else 0), not titles, 0
    if header > 1:
        alike = len(widths) == 1 or {len(row) - header for row in rows[1:]} == {1}
        if alike:
            return 3, not titles, header
        usual = sum(len(row) == header for row in rows) >= MOSTLY * len(rows)
        return (2 if usual or not titles else 0.5), not titles, 0
    return int(widths == {1}), not titles, 0


def _below_titles(path: Path, dialect: Dialect, source: Source, most: int) -> tuple[int, int, list[list[str]]]:
    """Lines above the header, how many of them are titles, the first rows from there; a quote left open ends them.

    most: characters of a cell, which is all of a header if the delimiter is another one.
    """
    rows: list[list[str]] = []
    ends: list[int] = []
    try:
        with _cells_of(most), open_rows(path, dialect) as (every, line_number):
            for row in islice(every, LOOKED_AT):
                rows.append(row)
                ends.append(line_number() - dialect.skipped)
    except csv.Error:
        if not rows:
            raise DataError(f"{path}: the header cannot be read as CSV; is this a text file?") from None
    kept = [number for number, row in enumerate(rows) if row]
    if not kept:
        raise DataError(f"{path}: found blank lines only; a header and rows are needed")
    first = 0 if source.skip_rows else header_row([rows[number] for number in kept])
    header = rows[kept[first]]
    above = ends[kept[first]] - 1 - sum(cell.count("\n") for cell in header)
    return above, first, [rows[number] for number in kept[first:]]


def badly_quoted(path: Path, dialect: Dialect) -> dict[int, str]:
    """Lines with text behind a closing quote, or a quote that nothing closes, and what is wrong with each.

    Lenient readers, Arrow's among them, take such cells for something.
    """
    with opened(path) as file:
        if not any(b'"' in part for part in iter(partial(file.read, SAMPLE), b"")):
            return {}
    found: dict[int, str] = {}
    with _cells_of(LONGEST), open_rows(path, dialect, strict=True) as (rows, line_number):
        while True:
            begun = line_number() + 1
            try:
                next(rows)
            except StopIteration:
                return found
            except csv.Error as error:
                why = LEFT_OPEN if "end of data" in str(error) else BEHIND
                found |= dict.fromkeys(range(begun, line_number() + 1), why)


@contextmanager
def _cells_of(most: int) -> Iterator[None]:
    """Let `csv` read cells of so many characters."""
    before = csv.field_size_limit(most)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@contextmanager
def open_rows(path: Path, dialect: Dialect, *, strict: bool = False) -> Iterator[tuple[Rows, Callable[[], int]]]:
    """Open a file row by row, slowly: for its header, and to say where it is broken.

    strict: raise csv.Error for text behind a closing quote, and go on behind that line if asked to.
    """
    with opened(path) as file, io.TextIOWrapper(file, encoding=dialect.codec, newline="") as text:
        for _ in range(dialect.skipped):
            text.readline()
        lines = _Lines(text)
        rows = csv.reader(
            lines,
            delimiter=dialect.delimiter,
            escapechar=dialect.escape or None,
            skipinitialspace=dialect.delimiter == " ",
            strict=strict,
        )
        yield Rows(rows, lines, dialect), lambda: rows.line_num + dialect.skipped


@dataclass
class _Lines:
    """Lines of text. of_row: those of the row that was read last."""

    text: Iterator[str]
    of_row: list[str] = field(default_factory=list)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self.text)
        self.of_row.append(line.rstrip("\r\n"))
        return line


@dataclass
class Rows:
    """The rows of a reader without comments. A generator would end with the first error."""

    every: Iterator[list[str]]
    lines: _Lines
    dialect: Dialect

    @property
    def as_written(self) -> list[str]:
        """The lines of the last row, also if it could not be read."""
        return list(self.lines.of_row)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[str]:
        while True:
            self.lines.of_row.clear()
            row = next(self.every)
            if not (self.dialect.comment and row and row[0].startswith(self.dialect.comment)):
                ends_blank = self.dialect.delimiter == " " and len(row) > 1 and not row[-1]
                return row[:-1] if ends_blank else row
