"""Inference: the kind of each column of a table, and the subject to be protected.

Columns are looked at twice: first each by itself, to find keys and personal data, then, where these name a subject who
has several rows, once more, so that what a schema says of a column is never one subject's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.fields import KINDS, Boolean, Category, Field, Guess, Identifier, Number
from synthdata.fields.cells import holds_bytes, plain, rows_named
from synthdata.fields.providers import are_names
from synthdata.fields.written_numbers import Form, are_versions
from synthdata.schema.like_others import codes, dates_like_others, numbers_like_others
from synthdata.schema.nearly import nearly, nearly_dates
from synthdata.schema.people import locales, roles, sexes, shared
from synthdata.schema.whose import of_one_subject_each, propose_subject
from synthdata.subjects import Subjects

__all__ = ["Inferred", "infer_fields"]

SOME = 0.5  # of the cells, from which on a column is of files
GLANCED = 100  # cells
DECIMALS, MONTHS = r"-?(?:0|[1-9]\d*)\.\d+", r"\d{1,2}\.(?:\d{2}|\d{4})"
TARGET = re.compile(
    r"(?i)(is_?|has_?)?(target|label|class|outcome|y|churn(ed)?|fraud|fraudulent|default(ed)?|readmitted|readmission|"
    r"survived|diagnosis|species|approved|converted|subscribed|mortality|sale_?price|default[ ._]payment.*|"
    r"\w+[_ ](label|target|outcome|class))"
)


@dataclass(frozen=True)
class Inferred:
    """What inference found in a table.

    fields: by column. notes: what a person should look at, by column. matter: the columns to look at first. left_out:
    rows that are none of what their columns are. target: a
    column that is called as what models predict. subject: the columns that name who is to be protected; none where each
    row may be somebody else's. why: the reason, for a person.
    """

    fields: Mapping[str, Field]
    notes: Mapping[str, str]
    matter: frozenset[str] = frozenset()
    left_out: frozenset[int] = frozenset()
    target: str | None = None
    subject: tuple[str, ...] = ()
    why: str = ""


def infer_fields(
    frame: pd.DataFrame, folder: str = "", signs: Form | None = None, most_bad: int = 0, *, commas: bool = False
) -> Inferred:
    """Guess the kind of every column, raw (all text) or typed.

    folder: where paths in cells are relative to. signs: of numbers, where their cells leave them open. most_bad: rows
    that may be left out, since a cell is not what nearly all of its column are. commas: whether the file looks like one
    from where the decimal sign is a comma.
    """
    if not len(frame.columns):
        raise DataError("the table has no columns")
    alone = Subjects(len(frame))
    found = {name: _guess(frame[name], folder, alone, most_bad) for name in frame.columns}
    fields = _fields(found)
    fields |= roles(fields)
    subject, why = propose_subject(frame, fields)
    subjects = Subjects.of(frame, subject)
    if subject:
        for name in [name for name in frame.columns if not fields[name].is_made]:
            guess = _guess(frame[name], folder, subjects, most_bad)
            found[name] = of_one_subject_each(frame[name], guess.field, subjects) or guess
    fields |= {name: guess.field for name, guess in found.items() if not fields[name].is_made}
    dates = dates_like_others(frame, fields)
    fields |= _fields(dates)
    numbers = numbers_like_others(frame, fields, subjects, signs, commas=commas)
    fields |= _fields(numbers)
    named = codes(frame, fields, subjects)
    fields |= _fields(named)
    found |= {**dates, **numbers, **named}
    if subject:
        fields |= shared(frame, fields, subject)
    fields |= roles(fields)
    fields |= locales(fields)
    fields |= sexes(frame, fields)
    notes = {name: guess.note for name, guess in found.items()}
    matter = frozenset(name for name, guess in found.items() if guess.matters)
    left_out = frozenset(row for guess in found.values() for row in guess.left_out)
    return Inferred(fields, notes, matter, left_out, _target(fields), subject, why)


def _target(fields: Mapping[str, Field]) -> str | None:
    """The column that is called as what models predict; None if none or several are."""
    kinds = (Boolean, Category, Number)
    found = [
        name
        for name, field in fields.items()
        if TARGET.fullmatch(name) and isinstance(field, kinds)
        if not isinstance(field, Category) or field.values is not None
    ]
    return found[0] if len(found) == 1 else None


def _fields(found: Mapping[str, Guess]) -> dict[str, Field]:
    return {name: guess.field for name, guess in found.items()}


def _guess(column: pd.Series, folder: str, subjects: Subjects, most_bad: int) -> Guess:
    """The kind of one column, and what to look at."""
    if pd.api.types.is_timedelta64_dtype(column):
        column = column.dt.total_seconds()
    decimals = _guess_decimals(column, subjects)
    if decimals is not None:
        return decimals
    in_bytes = holds_bytes(column)
    text = (column.where(column.isna(), "bytes") if in_bytes else column).astype("str").str.strip()
    filled = (column.notna() & (text != "")).to_numpy(bool)
    present = column[filled] if _is_named(column) else plain(column[filled])
    if not filled.any() and pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        is_whole = pd.api.types.is_integer_dtype(column)
        return Guess(Number(integer=is_whole, nullable=True), "the column is empty")
    for kind in [Category] if _is_named(column) else KINDS.values():
        if (in_bytes and not kind.reads_bytes) or not kind.may_be(present):
            continue
        guess = kind.guess(kind.located(present, folder) if folder else present, subjects[filled])
        if guess is None:
            continue
        words = text[filled & text.isin(guess.field.reads_null).to_numpy(bool)]
        nullable = not filled.all() or bool(len(words))
        field = guess.field.model_copy(update={"nullable": True}) if nullable else guess.field
        if nullable and field.ending and filled.mean() > SOME:
            _check_images(column, np.flatnonzero(~filled), most_bad)
            field = guess.field
        if field.check() is not None:  # an image, say, cannot be missing
            continue
        if isinstance(field, Category) and not _is_named(column) and are_names(present):
            note = "names of people? then {kind: personal, provider: full_name}, and of: whose, if not the subject's"
            return Guess(Category(nullable=field.nullable), note)
        is_open = isinstance(field, Category) and field.values is None and not _is_named(column)
        if is_open or isinstance(field, Identifier):
            cells = text[filled].set_axis(np.flatnonzero(filled))
            near = nearly(cells) if is_open else nearly_dates(cells)
            if near is not None and len(near.bad) <= most_bad:
                rest = _guess(column.drop(column.index[near.bad]), folder, subjects[_but(near.bad, len(column))], 0)
                rows = tuple(map(int, near.bad))
                left_out = f"{near.what}; {rows_named(rows)} left out (bad_rows)"
                return replace(rest, note=left_out, matters=True, left_out=rows)
            if near is not None:
                return Guess(Category(nullable=field.nullable), near.note, matters=True)
        said = ", ".join(f'"{word}"' for word in sorted(set(words)))
        note = f"{len(words):,} cells say {said}: read as missing" if len(words) and not _is_usual(words) else ""
        return Guess(field, "; ".join(filter(None, [guess.note, note])), guess.matters or bool(note))
    what = "holds bytes that are no images, or lacks some" if in_bytes else "is of no kind"
    raise DataError(f'column "{column.name}": {what}; leave it out, or mend it')


def _check_images(column: pd.Series, missing: np.ndarray, most_bad: int) -> None:
    """Raise DataError for rows without an image, unless so many may be left out."""
    if len(missing) > most_bad:
        raise DataError(
            f'column "{column.name}": {rows_named(missing)} without an image; take these rows out, '
            f"or leave them out (--reject-bad-rows {len(missing)})"
        )


def _guess_decimals(column: pd.Series, subjects: Subjects) -> Guess | None:
    """The number that a column of decimals in text is; None if it is something else, or can mean something else.

    Quick, and so looked for first: tables of thousands of columns mostly hold such.
    """
    if column.dtype == object or not pd.api.types.is_string_dtype(column):
        return None
    first = column.iloc[:GLANCED].dropna().tolist()
    places = {len(cell.partition(".")[2]) for cell in first if isinstance(cell, str)}
    if len(places) < 2 or places == {0, 3} or not first:  # 1.234 can be a thousand, 1.50 is written so everywhere
        return None
    cells = column.dropna()
    if not cells.str.fullmatch(DECIMALS).all() or cells.str.fullmatch(MONTHS).all() or are_versions(cells):
        return None
    there = column.notna().to_numpy(bool)
    guess = Number.guess(cells.astype("float64"), subjects[there])
    if guess is None or there.all():
        return guess
    return replace(guess, field=guess.field.model_copy(update={"nullable": True}))


def _but(rows: np.ndarray, count: int) -> np.ndarray:
    """All of so many rows but these: (count,) bool."""
    kept = np.ones(count, bool)
    kept[rows] = False
    return kept


def _is_usual(words: pd.Series) -> bool:
    """Whether cells that mean a missing value say what programs write for one."""
    return bool(words.isin(["NaN", "nan", "NaT", "<NA>", "None", "null", "NULL"]).all())


def _is_named(column: pd.Series) -> bool:
    """Whether the column is declared categorical, of text, which "7" or "true" may be among, or of whole numbers."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return False
    categories = column.dtype.categories
    return pd.api.types.is_string_dtype(categories) or pd.api.types.is_integer_dtype(categories)
