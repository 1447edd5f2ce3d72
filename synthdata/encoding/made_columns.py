"""Persons: whose each synthetic row is, so that name, key and e-mail address fit each other in all of somebody's rows.

Rows are drawn independently of each other; persons are dealt to them afterwards, as many rows to one as in the real
data, and never a woman's row to a man.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays
from synthdata.fields import Boolean, Category, Codec, Field, Rows
from synthdata.fields.sharing import Sizes
from synthdata.subjects import Subjects

__all__ = ["Persons", "columns_of_persons", "dealt", "fit_made", "made_columns", "persons_of", "roles"]

MOST_KINDS = 1_000_000  # distinct values of a column that is the same in all rows of a person


@dataclass(frozen=True)
class Persons:
    """Persons of one role among the rows: those who are to be protected, or doctors, say.

    sizes: rows of a person; None where each row is somebody else's. alike: columns that are the same in all rows of a
    person, learned or not: what their sex is read from. scattered: whether rows of one may stand anywhere.
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
        """Whose each of `rows` rows is, of which the first is number `first`: (rows,) int64, unlike in other rows.

        columns: those that are decoded.
        """
        if self.sizes is None:
            return np.arange(first, first + rows)
        if self.scattered and self.sizes.is_pool:
            return -1 - self.sizes.choose(rng, rows)
        kinds = np.zeros(rows, np.int64)
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


def roles(fields: Mapping[str, Field]) -> dict[str, list[str]]:
    """The made fields of each role, "" for the subject's own."""
    result: dict[str, list[str]] = {}
    for name, field in fields.items():
        if field.is_made:
            result.setdefault(field.role, []).append(name)
    return result


def columns_of_persons(fields: Mapping[str, Field], subject: Sequence[str], role: str) -> tuple[str, ...]:
    """The columns that tell persons of a role apart: the subject's, or the first personal one of the role."""
    if not role and subject:
        return tuple(subject)
    named = [name for name in roles(fields).get(role, []) if fields[name].tells_persons]
    return tuple(named[:1])


def persons_of(
    frame: pd.DataFrame, fields: Mapping[str, Field], subject: Sequence[str], rng: np.random.Generator
) -> tuple[dict[str, Persons], dict[str, Subjects]]:
    """Fit the persons of each role, and say whose each row is by role."""
    persons, whose = {}, {}
    for role, names in roles(fields).items():
        named = columns_of_persons(fields, subject, role)
        whose[role] = Subjects.of(frame, named)
        alike = dict.fromkeys(name for each in names if (name := fields[each].like) is not None)
        if not role:  # of a subject of several columns, a learned one of few values
            alike |= dict.fromkeys(name for name in subject if isinstance(fields[name], Boolean | Category))
        there = frame[list(named)].notna().all(axis=1).to_numpy(bool)  # a row that names nobody says of nobody's rows
        persons[role] = Persons.fit(whose[role][there], tuple(alike), rng, scattered=bool(role))
    return persons, whose


def fit_made(
    frame: pd.DataFrame, fields: Mapping[str, Field], subject: Sequence[str], rng: np.random.Generator
) -> tuple[dict[str, Codec], dict[str, Persons]]:
    """The codecs of what is made anew, and the persons of each role."""
    persons, whose = persons_of(frame, fields, subject, rng)
    made = {name: field for name, field in fields.items() if field.is_made}
    return {name: field.fit(frame[name], name, rng, whose[field.role]) for name, field in made.items()}, persons


def dealt(persons: Mapping[str, Persons], columns: Mapping[str, pd.Series], rows: Rows) -> Rows:
    """The rows with whose each is. columns: those that are decoded."""
    count = len(rows.numbers)
    first = int(rows.numbers[0]) if count else 0
    whose = {
        role: each.deal(columns, first, count, np.random.default_rng([rows.seed_for("deal", role), first]))
        for role, each in persons.items()
    }
    return replace(rows, persons=whose, columns=columns)


def made_columns(codecs: Mapping[str, Codec], arrays: Arrays, rows: Rows) -> dict[str, pd.Series]:
    """Make what is made anew of rows whose persons are dealt; `arrays` say where a value is missing."""
    seen: list[Hashable] = []
    result = {}
    for name, codec in codecs.items():
        if not codec.field.is_made:
            continue
        result[name] = codec.decode(arrays, replace(rows, nth=seen.count(codec.field.holds)))
        seen.append(codec.field.holds)
    return result
