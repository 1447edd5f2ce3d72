"""Columns that other columns decide: the order of days and months, decimal signs, and numbers that are codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from synthdata.fields import Category, Datetime, Field, Guess, Number
from synthdata.fields.category import FEW_VALUES, MOST_VALUES
from synthdata.fields.cells import NULL_WORDS, cells_as_text, plain
from synthdata.fields.written_dates import is_day_first, parse_dates, swapped
from synthdata.fields.written_numbers import Form, find_form
from synthdata.subjects import Subjects

__all__ = ["codes", "dates_like_others", "numbers_like_others"]

REPEATS = 100  # rows beyond one of each code, whose names agree
CODE = re.compile(r"(?i)(^|_|\b)(id|code|no|nr|num|number|key|sku|plu|ean|upc|zip|plz)$|[a-z](Id|ID|No|Nr|Code)$")


def codes(frame: pd.DataFrame, fields: Mapping[str, Field], subjects: Subjects) -> dict[str, Guess]:
    """Whole numbers that are codes, by what they are called or their equal length: each has one name beside it."""
    others = [name for name, each in fields.items() if isinstance(each, Category)]
    result = {}
    for name, field in fields.items():
        if not isinstance(field, Number) or not field.integer or field.clock or not others:
            continue
        codes, distinct = pd.factorize(plain(frame[name]))
        if not FEW_VALUES < len(distinct) <= MOST_VALUES or (codes >= 0).sum() < len(distinct) + REPEATS:
            continue
        if not CODE.search(name) and pd.Series(distinct).astype("str").str.len().nunique() > 1:
            continue
        other = next((other for other in others if _one_to_one(codes, frame[other])), None)
        if other is not None:
            note = f"a code, since each has one value of {other}: learned by name; make it a number if it is a quantity"
            present = plain(frame[name].dropna())
            named = Category.guess(present, subjects[frame[name].notna().to_numpy(bool)])
            assert named is not None
            result[name] = Guess(named.field.model_copy(update={"nullable": field.nullable}), note)
    return result


def _one_to_one(codes: np.ndarray, names: pd.Series) -> bool:
    """Whether each of the present codes (n,) has one name, and each name one code."""
    others = pd.factorize(names)[0]
    there = (codes >= 0) & (others >= 0)
    pairs = len(np.unique(np.stack([codes[there], others[there]]), axis=1).T)
    counts = (len(np.unique(each[there])) for each in (codes, others))
    return bool(there.any()) and all(count == pairs for count in counts)


def dates_like_others(frame: pd.DataFrame, fields: Mapping[str, Field]) -> dict[str, Guess]:
    """Dates that can be read day first and month first, in the order of the other columns, if these agree."""
    told: dict[str, bool] = {}
    either: dict[str, Datetime] = {}
    for name, field in fields.items():
        if not isinstance(field, Datetime) or swapped(field.format) == field.format:
            continue
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            continue
        cells = cells_as_text(frame[name].dropna().drop_duplicates())
        cells = cells[~cells.isin(field.reads_null)]
        if parse_dates(cells, swapped(field.format))[1].any():
            told[name] = is_day_first(field.format)
        else:
            either[name] = field
    if len(set(told.values())) != 1:
        return {}
    source, day_first = next(iter(told.items()))
    how = "day" if day_first else "month"
    note = f"{how} first, as in {source}; its own cells can be read either way"
    right = {name: is_day_first(field.format) == day_first for name, field in either.items()}
    return {
        name: Guess(field if right[name] else field.model_copy(update={"format": swapped(field.format)}), note)
        for name, field in either.items()
    }


def numbers_like_others(
    frame: pd.DataFrame, fields: Mapping[str, Field], subjects: Subjects, signs: Form | None, *, commas: bool
) -> dict[str, Guess]:
    """Numbers whose points may stand before decimals or between thousands, as `signs` or the other columns say."""
    written = {name: each for name, each in fields.items() if isinstance(each, Number)}
    source = next((name for name, each in written.items() if each.decimal == "," and not each.integer), None)
    is_said, is_guess = signs is not None, signs is None and source is None and commas
    why = "as it was said" if is_said else f"since {source} has a decimal comma"
    if is_guess:
        why = "as where files are delimited by semicolons; if not, say --decimal ."
    if signs is None and (source is not None or commas):
        signs = Form(",", ".")
    result = {}
    for name, field in written.items() if signs else ():
        column, form = frame[name], field.form
        is_open = (form.is_plain and not field.integer) or {form.decimal, form.thousands} == {",", "."}
        assert signs is not None
        is_open |= is_said and form.decimal != signs.decimal and not form.thousands
        if not is_open or pd.api.types.is_numeric_dtype(column):
            continue
        text = cells_as_text(column)
        kept = (column.notna() & ~text.isin(NULL_WORDS)).to_numpy(bool)
        found_form = find_form(text[kept]) if is_guess else None
        if found_form is not None and not found_form.is_open:
            continue
        guess = Number.guess_written(
            text[kept], replace(form, decimal=signs.decimal, thousands=signs.thousands, note=""), subjects[kept]
        )
        if guess is not None:
            note = f'"{signs.decimal}" is the decimal sign, and "{signs.thousands}" parts thousands, {why}'
            found = guess.field.model_copy(update={"nullable": field.nullable})
            result[name] = Guess(found, "; ".join(filter(None, [guess.note, note])), matters=is_guess)
        elif is_guess and not field.integer:  # a decimal point
            return {}
    return result
