"""Whose each row of a table is: the subject to be protected, and columns that each subject has one value of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthdata.fields import Category, Field, Guess, Identifier, Number, Personal
from synthdata.fields.cells import holds_bytes, plain
from synthdata.fields.keys import PERSON, PLACE_OR_THING, is_even
from synthdata.fields.patterns import pattern_of
from synthdata.subjects import Subjects

__all__ = ["following", "of_one_subject_each", "propose_subject"]

SHARED_BY_NEIGHBOURS = ("street", "city", "postcode", "company")
REPEATED = 0.85  # distinct values of a row, at most: what hardly repeats says little of who has several rows
VARIES = 0.9  # of the rows, at most, that show one value of a column which is to tell something
SAME = 3  # rows of a name, on average, from which on it is one person's
FEWEST = 5  # values that say something of each being of one subject
CONSTANT = 0.98  # of the values that several rows have: where another column is the same in all of these rows
LOOKED_AT = 50_000  # rows
NAME = r"[^\W\d_][^\W\d_'’.-]+(?:[ -][^\W\d_][^\W\d_'’.-]*){1,3}"  # words of letters alone


def propose_subject(frame: pd.DataFrame, fields: Mapping[str, Field]) -> tuple[tuple[str, ...], str]:
    """The column that names who is to be protected, and why; none where nobody has several rows.

    Of the keys and personal data that repeat: one that is named for a person before others, then one from which more
    other columns follow, then the one of fewest values, to which the others belong.
    """
    candidates = [
        name
        for name, each in fields.items()
        if each.is_made and each.tells_persons and not each.role
        if frame[name].nunique() <= REPEATED * frame[name].notna().sum()
        if PERSON.search(name) or not PLACE_OR_THING.search(name)
        if not (isinstance(each, Personal) and each.provider in SHARED_BY_NEIGHBOURS)
    ]
    if not candidates:
        return (), ""
    followers = {name: following(frame, name) for name in candidates}
    candidates = [
        name
        for name in candidates
        if followers[name] or not _is_name(fields[name]) or frame[name].nunique() * SAME < frame[name].notna().sum()
    ]
    if not candidates:
        return (), ""
    keys = [name for name in candidates if isinstance(fields[name], Identifier)] or candidates
    best = min(keys, key=lambda name: (not PERSON.search(name), -len(followers[name]), frame[name].nunique()))
    people, rows = frame[best].nunique(), int(frame[best].notna().sum())
    follow = [name for name in followers[best] if not fields[name].is_made]
    why = f"a key that repeats: {people:,} in {rows:,} rows"
    if follow:
        shown = ", ".join(follow[:3]) + (", ..." if len(follow) > 3 else "")
        why += f"; {shown} the same in all rows of one"
    return (best,), why


def _is_name(field: Field) -> bool:
    """Whether it is a name, which two people may share."""
    return isinstance(field, Personal) and field.provider == "full_name"


def following(frame: pd.DataFrame, key: str) -> list[str]:
    """The columns that are the same in all rows of one value of `key`, for nearly all values that repeat."""
    looked_at = frame.iloc[:LOOKED_AT]
    codes = pd.factorize(looked_at[key])[0]
    repeated = (codes >= 0) & (np.bincount(codes[codes >= 0], minlength=1)[np.maximum(codes, 0)] > 1)
    if not repeated.any():
        return []
    result = []
    for name in frame.columns:
        if name == key or holds_bytes(looked_at[name]):
            continue
        cells = pd.factorize(looked_at[name])[0][repeated]
        shares = np.bincount(cells[cells >= 0]) / len(cells) if (cells >= 0).any() else np.ones(1)
        if shares.max() > VARIES:  # nearly always the same, whoever it is
            continue
        distinct = pd.Series(cells).groupby(codes[repeated]).nunique()
        if (distinct == 1).mean() >= CONSTANT:
            result.append(str(name))
    return result


def of_one_subject_each(column: pd.Series, field: Field, subjects: Subjects) -> Guess | None:
    """A hidden key: each value belongs to one subject, and each subject has one value."""
    if not isinstance(field, Category | Number) or (isinstance(field, Number) and not field.integer):
        return None
    present = column.notna().to_numpy(bool)
    codes, distinct = pd.factorize(column[present])
    whose = subjects[present]
    if whose.numbers is None or len(distinct) < FEWEST:
        return None
    people = whose.count(codes.astype(np.int64), len(distinct))
    pairs, alone = int(people.sum()), float((people == 1).mean())
    if alone < CONSTANT or pairs > whose.people * (2 - CONSTANT):
        return None
    cells = plain(column[present]).astype("str").str.strip().str.replace(r"\.0$", "", regex=True).drop_duplicates()
    nullable = {"nullable": True} if field.nullable else {}
    note = "new keys, never learned; each is of one subject alone"
    if cells.str.fullmatch(r"[1-9]\d{2,17}").all():
        width = cells.str.len()
        numbers = np.sort(cells.astype("int64").to_numpy())
        if width.nunique() > 1 or not is_even(numbers):
            return None
        pattern = f"[1-9][0-9]{{{int(width.iloc[0]) - 1}}}"
        return Guess(Identifier(pattern=pattern, integer=True, unique=False, **nullable), note)
    if isinstance(field, Number):
        return None
    if cells.str.fullmatch(NAME).mean() >= CONSTANT:
        note = "personal data, made anew: each is of one subject alone, and looks like a name"
        return Guess(Personal(provider="full_name", **nullable), note)
    shared = pattern_of(cells)
    return None if shared is None else Guess(Identifier(pattern=shared, unique=False, **nullable), note)
