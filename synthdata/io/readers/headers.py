"""The header of a table of cells: which row holds it, if any; and rows and columns that are no data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.fields.cells import NULL_WORDS

__all__ = [
    "check_header",
    "header_row",
    "numbered",
    "told_apart",
    "without_blanks",
    "without_totals",
    "without_unnamed",
]

MOST_TITLES = 20  # rows above a header
FEWEST = 5  # rows that say something of a header
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
MOSTLY = 0.9  # of the cells of a column that are numbers
NOTED = 3  # columns of a table that may have a note below it
COUNTED = 4  # numbers in a row at equal steps, from which on they are names
HALF = 0.5  # of the columns whose first cell is like the others, at least, if the first row is a record
UNNAMED = "\0"  # before the place of a column without a name
MOST_SUBTOTALS, LACKING = 0.1, 0.3  # of the rows; of the cells that other rows have
SUBTOTAL = re.compile(r"(?i)\W*(sub-?total|sous-total|zwischensumme|teilsumme|subtotaal|subtotale?)\W*")
TOTAL = re.compile(
    r"(?i)\W*((grand |sub)?-?total[se]?( général| general)?|(ins)?gesamt(summe|ergebnis)?|summe( gesamt)?"
    r"|somme|totaal|suma)\W*"
)


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """Which of the first rows is the header: the rows above it hold one cell at most, and those below it more.

    What is like the rows below it is no header.
    """
    widths = Counter(_filled(row) for row in rows if row)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    if usual < 2:
        return 0
    for number, row in enumerate(rows[: MOST_TITLES + 1]):
        if _filled(row) > 1 and not str(row[0]).startswith("# "):
            is_header = _filled(row) >= usual * HALF and not _is_record(row, rows[number + 1 :])
            could_be_header = usual == 2 and any(len(title) > 1 for title in rows[:number])  # "a," of two columns
            return number if is_header and not could_be_header else 0
    return 0


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def check_header(names: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Refuse a first row that is a record like the others; names (columns,), rows: some of those below it."""
    if _is_record(names, rows):
        raise DataError(
            f"{path}: the first row looks like a record, not like names of columns: "
            "say --no-header (in a schema, source: {header: false}), or --header if they are names"
        )


def _is_record(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is like the others: numbers stand above numbers of their range, words are met again."""
    if len(rows) < FEWEST:
        return False
    stripped = [name.strip() for name in names]
    counted = ([str(number) for number in range(start, start + len(names))] for start in (0, 1))
    if stripped in counted and list(names) not in [list(row) for row in rows]:  # the names that pandas gives
        return False
    numbers_in_it = [float(name) for name in stripped if re.fullmatch(r"\d+", name)]
    steps = {after - before for before, after in pairwise(numbers_in_it)}
    if len(numbers_in_it) >= COUNTED and len(steps) == 1 and steps != {0.0}:  # years, say
        return False
    alike = 0
    for place, name in enumerate(map(str.strip, names)):
        cells = [row[place].strip() for row in rows if place < len(row)]
        cells = [cell for cell in cells if cell not in NULL_WORDS]
        numbers = [float(cell.replace(",", ".")) for cell in cells if NUMBER.fullmatch(cell)]
        if name in NULL_WORDS or not cells:
            continue
        if len(numbers) >= MOSTLY * len(cells):
            if not NUMBER.fullmatch(name):
                return False
            value = float(name.replace(",", "."))
            reach = max(numbers) - min(numbers)
            if not min(numbers) - reach <= value <= max(numbers) + reach:
                return False
            alike += 1
        else:
            alike += name in cells
    return alike >= max(HALF * sum(bool(name.strip()) for name in names), 1)


def told_apart(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of which none stands twice: a second `x` is `x.2`; and remarks.

    A column without a name is called `UNNAMED` and its place. Where most names stand twice they are left as they are,
    for `check_names` to refuse.
    """
    found = [name if name.strip() else f"{UNNAMED}{place}" for place, name in enumerate(names, 1)]
    if len(set(found)) <= HALF * len(found):
        return found, []
    result: list[str] = []
    remarks = []
    for place, name in enumerate(found, 1):
        new, number = name, 1
        while new in result or (new != name and new in found):
            number += 1
            new = f"{name}.{number}"
        if new != name:
            remarks.append(f'column {place} is read as "{new}": another one is named "{name}"')
        result.append(new)
    return result, remarks


def numbered(count: int) -> list[str]:
    """Names for columns that have none."""
    return [f"column_{number}" for number in range(1, count + 1)]


def without_unnamed(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The columns without those that have no name: an index that counts the rows, or empty ones.

    Columns without a name are called `UNNAMED` and their place. DataError if one holds anything else.
    """
    remarks = []
    for name in [name for name in map(str, frame) if name.startswith(UNNAMED)]:
        place, cells = name.removeprefix(UNNAMED), frame[name]
        if cells.isna().all():
            remarks.append(f"column {place} has no name and is empty: left out")
        elif cells.tolist() in ([str(row + start) for row in range(len(frame))] for start in (0, 1)):
            remarks.append(f"column {place} has no name and counts the rows: left out")
        else:
            raise DataError(
                f"{path}: column {place} has no name; name every column in the header, "
                "or say --skip-rows if the header is below"
            )
        frame = frame.drop(columns=name)
    return frame, remarks


def without_blanks(frame: pd.DataFrame, path: Path, most_bad: int) -> tuple[pd.DataFrame, list[str]]:
    """The rows without those of nothing but empty cells, and without totals, if so many rows may be left out.

    DataError for a row that repeats the header, or a total that may not.
    """
    remarks: list[str] = []
    names = pd.Series(list(frame), index=frame.columns)
    first = frame.iloc[:, 0].str.removeprefix("\ufeff")  # the mark of a second file behind the first
    like = frame[first == names.iloc[0]]
    again = like.index[like.iloc[:, 1:].eq(names.iloc[1:], axis=1).all(axis=1)]
    if len(again) and len(names) > 1:
        raise DataError(f"{path}: row {again[0] + 1} repeats the header; take it out, or are these two tables?")
    if len(names) > 1:
        frame, remarks = without_totals(frame, path, most_bad)
    if len(names) == 1 or not len(frame) or not frame.iloc[:, 0].isna().any():
        return frame, remarks
    blank = frame.isna().all(axis=1).to_numpy(bool)
    if not blank.any():
        return frame, remarks
    rows = "1 row" if blank.sum() == 1 else f"{blank.sum():,} rows"
    return frame[~blank].reset_index(drop=True), [*remarks, f"{rows} of empty cells alone left out"]


def without_totals(frame: pd.DataFrame, path: Path, most_bad: int) -> tuple[pd.DataFrame, list[str]]:
    """The rows without last ones that are totals or notes; DataError if so many may not be left out."""
    lasts = range(max(len(frame) - 3, 0), len(frame))
    found = {row: "a total" for row in lasts if _is_total(frame, row)}
    found |= dict.fromkeys(_subtotals(frame), "a subtotal")
    found |= {row: "a note below the table" for row in lasts if _is_note(frame, row)}
    if not found:
        return frame, []
    row, what = next(iter(sorted(found.items())))
    if len(found) > most_bad:
        raise DataError(f"{path}: row {row + 1} looks like {what}; take it out, or say --reject-bad-rows {len(found)}")
    left_out = [f"row {row + 1}, {what}, left out" for row, what in sorted(found.items())]
    return frame.drop(index=[*found]).reset_index(drop=True), left_out


def _subtotals(frame: pd.DataFrame) -> list[int]:
    """The rows that name a subtotal in one of the first columns, and lack cells that nearly all others have."""
    named = np.zeros(len(frame), bool)
    for place in range(min(2, frame.shape[1])):
        column = frame.iloc[:, place]
        if pd.api.types.is_string_dtype(column):
            named |= column.str.strip().str.fullmatch(SUBTOTAL.pattern).fillna(False).to_numpy(bool)
    if not named.any() or named.mean() > MOST_SUBTOTALS:
        return []
    full = frame.columns[frame[~named].notna().mean() >= MOSTLY]
    lacking = frame.loc[named, full].isna().mean(axis=1) >= LACKING
    rows: list[int] = np.flatnonzero(named)[lacking.to_numpy(bool)].tolist()
    return rows


def _is_note(frame: pd.DataFrame, row: int) -> bool:
    """Whether a row has its first cell alone, of words, as no other row but the last ones has."""
    cells = frame.iloc[row]
    if len(cells) < NOTED or pd.isna(cells.iloc[0]) or cells.iloc[1:].notna().any():
        return False
    others = frame.iloc[: max(len(frame) - 3, 0)]
    return bool(len(others)) and bool(others.iloc[:, 1:].notna().any(axis=1).all()) and " " in str(cells.iloc[0])


def _is_total(frame: pd.DataFrame, row: int) -> bool:
    cells = frame.iloc[row].tolist()
    words = [place for place, cell in enumerate(cells) if isinstance(cell, str) and TOTAL.fullmatch(cell.strip())]
    return any((frame.iloc[:, place] == cells[place]).sum() == 1 for place in words)
