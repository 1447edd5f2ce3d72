"""Columns that are made anew and never learned: keys and personal data, and the persons of synthetic rows.

Rows are sampled independently; persons are assigned to them afterwards, with as many rows per person as in the real
data, and never a woman's row to a man. So a person has the same name, key and e-mail address in all their rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays
from synthdata.fields import Codec, Field, Rows
from synthdata.fields.sharing import Sizes
from synthdata.schema import Schema
from synthdata.subjects import Subjects

__all__ = ["MadeColumns", "Persons"]

MOST_KINDS = 1_000_000  # distinct values of a column that is the same in all rows of a person


@dataclass(frozen=True)
class MadeColumns:
    """The columns of a table that are made anew.

    codecs: of these columns. persons: the persons of each role, "" for the subject itself. table: the schema's name, so
    that keys of two tables differ.
    """

    codecs: Mapping[str, Codec]
    persons: Mapping[str, Persons]
    table: str

    @classmethod
    def fit(cls, frame: pd.DataFrame, schema: Schema, rng: np.random.Generator) -> Self:
        """Fit to all rows of a frame of the schema's types."""
        persons, owners = _persons(frame, schema.fields, schema.subject, rng)
        made = {name: field for name, field in schema.fields.items() if field.is_made}
        codecs = {name: field.fit(frame[name], name, rng, owners[field.role]) for name, field in made.items()}
        return cls(codecs, persons, schema.name)

    def deal(self, columns: Mapping[str, pd.Series], rows: Rows) -> Rows:
        """Assign each row to a person of every role. columns: the learned ones, decoded."""
        rows = replace(rows, table=self.table)
        count = len(rows.numbers)
        first = int(rows.numbers[0]) if count else 0
        owners = {
            role: each.deal(columns, first, count, np.random.default_rng([rows.seed_for("deal", role), first]))
            for role, each in self.persons.items()
        }
        return replace(rows, persons=owners, columns=columns)

    def make(self, arrays: Arrays, rows: Rows) -> dict[str, pd.Series]:
        """Make the columns for rows that are assigned to persons; `arrays` say where a value is missing."""
        seen: list[Hashable] = []
        result = {}
        for name, codec in self.codecs.items():
            result[name] = codec.decode(arrays, replace(rows, nth=seen.count(codec.field.holds)))
            seen.append(codec.field.holds)
        return result

    def completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A raw frame with any keys and personal data where it lacks these columns; nothing learned depends on them."""
        result = frame.copy()
        for name, codec in self.codecs.items():
            if name not in result:
                present = {name: np.ones(len(result), np.int64)}
                result[name] = codec.decode(present, Rows(0, np.arange(len(result)))).to_numpy()
        return result


@dataclass(frozen=True)
class Persons:
    """Persons of one role among the rows: those who are to be protected, or doctors, say.

    sizes: distribution of the number of rows per person; None if each row is another person. alike: columns that are
    constant in all rows of a person, such as sex. scattered: whether a person's rows need not be consecutive.
    """

    sizes: Sizes | None = None
    alike: tuple[str, ...] = ()
    scattered: bool = False

    @classmethod
    def fit(
        cls, subjects: Subjects, alike: Sequence[str], rng: np.random.Generator, *, scattered: bool = False
    ) -> Self:
        """Count the rows of each person."""
        if subjects.numbers is None or subjects.people == subjects.rows:
            return cls(None, tuple(alike), scattered)
        return cls(Sizes.fit(subjects.numbers, subjects, rng), tuple(alike), scattered)

    def deal(self, columns: Mapping[str, pd.Series], first: int, rows: int, rng: np.random.Generator) -> np.ndarray:
        """The person of each of the rows `first` to `first + rows`: (rows,) int64, unique to this part of the run.

        columns: the decoded ones.
        """
        if self.sizes is None:
            return np.arange(first, first + rows)
        if self.scattered and self.sizes.is_pool:
            return -1 - self.sizes.choose(rng, rows)
        kinds = np.zeros(rows, np.int64)  # the combination of `alike` values
        for name in self.alike:
            kinds = kinds * MOST_KINDS + pd.factorize(columns[name], sort=True)[0]
        order = np.argsort(kinds, kind="stable")
        if self.scattered:
            order = rng.permutation(rows)
            order = order[np.argsort(kinds[order], kind="stable")]
        breaks = np.diff(kinds[order], prepend=kinds[order][:1] - 1) != 0
        persons = np.empty(rows, np.int64)
        persons[order] = first + self.sizes.starts(rng, breaks)
        return persons

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        sizes = None if self.sizes is None else self.sizes.to_json()
        return {"sizes": sizes, "alike": list(self.alike), "scattered": self.scattered}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        sizes = None if data["sizes"] is None else Sizes.from_json(data["sizes"])
        return cls(sizes, tuple(data["alike"]), bool(data["scattered"]))


def _persons(
    frame: pd.DataFrame, fields: Mapping[str, Field], subject: Sequence[str], rng: np.random.Generator
) -> tuple[dict[str, Persons], dict[str, Subjects]]:
    """Fit the persons of each role; returns these, and the person of each row, by role."""
    persons, owners = {}, {}
    for role, names in _roles(fields).items():
        columns = _columns_of_persons(fields, subject, role)
        owners[role] = Subjects.of(frame, columns)
        alike = dict.fromkeys(name for each in names if (name := fields[each].like) is not None)
        if not role:  # of a subject of several columns, a learned one of few values
            alike |= dict.fromkeys(name for name in subject if fields[name].is_discrete)
        named = frame[list(columns)].notna().all(axis=1).to_numpy(bool)  # a row that names nobody counts for nobody
        persons[role] = Persons.fit(owners[role][named], tuple(alike), rng, scattered=bool(role))
    return persons, owners


def _roles(fields: Mapping[str, Field]) -> dict[str, list[str]]:
    """The made fields of each role, "" for the subject's own."""
    result: dict[str, list[str]] = {}
    for name, field in fields.items():
        if field.is_made:
            result.setdefault(field.role, []).append(name)
    return result


def _columns_of_persons(fields: Mapping[str, Field], subject: Sequence[str], role: str) -> tuple[str, ...]:
    """The columns that tell persons of a role apart: the subject's, or the first personal one of the role."""
    if not role and subject:
        return tuple(subject)
    named = [name for name in _roles(fields).get(role, []) if fields[name].tells_persons]
    return tuple(named[:1])
