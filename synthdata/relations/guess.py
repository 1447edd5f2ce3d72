"""Guessing how tables belong together, from names, uniqueness and inclusion."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from synthdata.errors import DataError
from synthdata.fields import Category, Datetime, Field, Identifier, Number
from synthdata.fields.cells import cells_as_text
from synthdata.fields.keys import PERSON, PLACE_OR_THING
from synthdata.relations.schema import Relations, Table
from synthdata.schema import Schema
from synthdata.subjects import Subjects

__all__ = ["Guessed", "infer"]

NAMED = re.compile(r"(?i)(^|_|\b)(id|ids|key|no|nr|number|code|uuid)$|[a-z]I[Dd]$|id$")
IN_ORDER = re.compile(
    r"(?i)(^|_|\b)(year|month|week|day|date|time|at|step|seq|sequence|position|visit|round|number)(_?id)?$"
)
LEAST_INSIDE = 0.9  # of the distinct references, that are keys of the other table
SHARED = 5  # rows that refer to one thing, on average
MOST_REPEATED = 0.05  # of the rows of a table, for its key to be one but for them
MOST_KINDS = 256  # things that are learned as a category, where the reference is not
LONGEST = 18  # digits of a key that is a number


@dataclass(frozen=True)
class Guessed:
    """Relations, and what a person should know of how they were guessed, a sentence each."""

    relations: Relations
    notes: tuple[str, ...]


def infer(frames: Mapping[str, pd.DataFrame], name: str = "tables") -> Guessed:
    """Guess the schemas of tables, their keys, references, owners and orders.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        The tables, raw (all text) or typed.
    name : str, default "tables"
        Name of the whole.

    Returns
    -------
    Guessed
        The relations, with notes. What does not fit into one tree of owners is left out, and a note says so.

    Raises
    ------
    DataError
        If no table refers to another.

    """
    cells = {
        each: {str(c): cells_as_text(frame[c]).where(frame[c].notna()) for c in frame} for each, frame in frames.items()
    }
    keys = {each: _key(each, columns) for each, columns in cells.items()}
    references = {each: _references(each, columns, cells, keys) for each, columns in cells.items()}
    owners = _owners(cells, references)
    whose = {each: references[each][column] for each, column in owners.items()}
    root = _root(frames, whose)
    if root is None:
        raise DataError(
            "no table refers to another: a reference has the name of the table or of its key, customer or customer_id, "
            "and its values are keys there; write the schema by hand, or learn each table by itself"
        )
    kept = [each for each in frames if _top(each, whose) == root]
    notes = [
        *(f'"{each}": {problem}' for each, problem in _nearly_keys(cells, keys).items()),
        *(
            f"{each}.{column} and {references[each][column]} refer to each other in a circle, which is cut there"
            for each in frames
            for column in references[each]
            if column != owners.get(each) and _refers(references[each][column], each, references)
        ),
    ]
    notes += [
        f'"{each}" does not belong to "{root}" or what it owns: left out; learn it by itself'
        for each in frames
        if each not in kept
    ]
    tables = {}
    for each in kept:
        of = owners.get(each)
        others = [column for column in references[each] if column != of]
        kinds = [column for column in others if cells[each][column].nunique() <= MOST_KINDS]
        for column in others:
            what = "learned as a category" if column in kinds else "left out"
            notes.append(f'{each}.{column} refers to "{references[each][column]}", which does not own it: {what}')
        key = keys[each]
        if key == of or (key in others and each not in whose.values()):
            key = None
        above = whose.get(each)
        reference = None if above is None else _key_field(cells[above][str(keys[above])])
        dropped = [column for column in others if column not in (key, *kinds)]
        tables[each] = _table(each, frames[each].drop(columns=dropped), key, of, above, reference, cells[each], kinds)
    return Guessed(Relations(name, tables), tuple(notes))


def _refers(name: str, other: str, references: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a table refers to another one, be it by way of others."""
    seen, left = set[str](), [name]
    while left:
        each = left.pop()
        if each == other:
            return True
        if each not in seen:
            seen.add(each)
            left += references[each].values()
    return False


def _nearly_keys(cells: Mapping[str, Mapping[str, pd.Series]], keys: Mapping[str, str | None]) -> dict[str, str]:
    """What is wrong with columns that would be the keys of tables without one, but for a few rows that repeat."""
    found = {}
    for name, columns in cells.items():
        for column, values in columns.items() if keys[name] is None else ():
            is_own = NAMED.search(column) and (column.lower() == "id" or _singular(name) in column.lower())
            twice = int(values.duplicated().sum())
            if is_own and values.notna().all() and 0 < twice <= MOST_REPEATED * len(values):
                found[name] = f'"{column}" repeats in {twice:,} rows, so it is no key, and nothing can refer to it'
                break
    return found


def _key(name: str, columns: Mapping[str, pd.Series]) -> str | None:
    """The column that tells the rows of a table apart; None if none is named like a key and unique."""
    unique = [
        column
        for column, cells in columns.items()
        if NAMED.search(column) and len(cells) and cells.notna().all() and cells.is_unique
    ]
    own = [column for column in unique if column.lower() == "id" or _singular(name) in column.lower()]
    return next(iter([*own, *unique]), None)


def _references(
    name: str,
    columns: Mapping[str, pd.Series],
    tables: Mapping[str, Mapping[str, pd.Series]],
    keys: Mapping[str, str | None],
) -> dict[str, str]:
    """The tables that columns refer to, by column."""
    found = {}
    for column, cells in columns.items():
        values = cells.dropna().unique()
        for other, key in keys.items():
            if other == name or key is None or not len(values):
                continue
            is_named = column == key and key.lower() != "id"
            if not is_named and _singular(other) not in column.lower():
                continue
            if pd.Index(values).isin(tables[other][key]).mean() >= LEAST_INSIDE:
                found[column] = other
                break
    return found


def _owners(
    cells: Mapping[str, Mapping[str, pd.Series]], references: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The column of each table that refers to its owner: the reference of most distinct values that makes no circle.

    One by which each owner has a single row comes last.
    """
    owners: dict[str, str] = {}
    for name, found in references.items():
        spread = {column: cells[name][column].nunique() for column in found}
        for column in sorted(found, key=lambda column: (spread[column] == len(cells[name][column]), -spread[column])):
            if cells[name][column].isna().any() or _is_thing(column, cells[name][column]):
                continue
            above, seen = found[column], {name}
            while above not in seen and above in owners:
                seen.add(above)
                above = references[above][owners[above]]
            if above not in seen:
                owners[name] = column
                break
    return owners


def _is_thing(column: str, cells: pd.Series) -> bool:
    """Whether a column refers to what many share, a product or a district, and not to an owner, by its name."""
    shared = len(cells) >= SHARED * max(cells.nunique(), 1)
    return shared and bool(PLACE_OR_THING.search(column)) and not PERSON.search(column)


def _top(name: str, above: Mapping[str, str]) -> str:
    """The root of a table. above: the owner of each."""
    while name in above:
        name = above[name]
    return name


def _root(frames: Mapping[str, pd.DataFrame], above: Mapping[str, str]) -> str | None:
    """The root of most tables, then of most rows; None if no table has an owner."""
    members: dict[str, list[str]] = {}
    for name in frames:
        members.setdefault(_top(name, above), []).append(name)
    best = max(members, key=lambda root: (len(members[root]), sum(len(frames[name]) for name in members[root])))
    return best if len(members[best]) > 1 else None


def _table(
    name: str,
    frame: pd.DataFrame,
    key: str | None,
    of: str | None,
    above: str | None,
    reference: Identifier | None,
    cells: Mapping[str, pd.Series],
    kinds: Sequence[str],
) -> Table:
    """One table, with the fields of its key and its reference. kinds: columns that are categories."""
    schema = Schema.infer(frame, name)
    fields: dict[str, Field] = dict(schema.fields)
    fields |= {column: Category(nullable=bool(cells[column].isna().any())) for column in kinds}
    if of is not None:
        assert reference is not None
        fields[of] = reference.model_copy(update={"unique": False})
    if key is not None:
        fields[key] = _key_field(cells[key])
    made = {key, of, *kinds}
    constraints = tuple(each for each in schema.constraints if not made & {*each.columns()})
    schema = schema.replace(fields=fields, subject=(), constraints=constraints)
    references = {} if of is None or above is None else {of: above}
    order_by = None if of is None else _order(schema, made, frame, cells[of])
    return Table(schema, key, of, references, order_by)


def _key_field(cells: pd.Series) -> Identifier:
    """The field of a key; no running number, by which synthetic rows could be joined with real ones."""
    guess = Identifier.guess(cells, Subjects(len(cells)))
    if guess is not None and isinstance(guess.field, Identifier) and not guess.field.is_running:
        return guess.field.model_copy(update={"unique": True, "of": None, "nullable": False})
    width = int(cells.str.len().max())
    if guess is not None and isinstance(guess.field, Identifier) and isinstance(guess.field.start, str):
        return Identifier(pattern=f"[0-9]{{{int(cells.str.len().min())},{width + 1}}}")  # with zeros before them
    if cells.str.fullmatch(r"\d+").all() and width < LONGEST:
        first = "0-9" if (cells == "0").any() else "1-9"
        return Identifier(pattern=f"[{first}][0-9]{{{int(cells.str.len().min()) - 1},{max(width, 4)}}}", integer=True)
    return Identifier()


def _order(schema: Schema, made: set[str | None], frame: pd.DataFrame, owners: pd.Series) -> str | None:
    """The column that rows of one owner follow each other by: a time, or a number that is named for an order.

    None that all rows of each owner have alike. owners: the owner of each row.
    """
    fields = {name: field for name, field in schema.fields.items() if name not in made and not field.nullable}
    if owners.duplicated().any():
        fields = {name: field for name, field in fields.items() if (frame[name].groupby(owners).nunique() > 1).any()}
    times = [name for name, field in fields.items() if isinstance(field, Datetime)]
    counted = [name for name, field in fields.items() if isinstance(field, Number) and IN_ORDER.search(name)]
    return next(iter([*times, *counted]), None)


def _singular(name: str) -> str:
    """The name of one row of a table: customer of customers, category of categories."""
    name = name.lower()
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
