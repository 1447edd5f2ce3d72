"""Shapes of codes: which characters stand where. Codes that few have are made anew in the shape that many have.

A shape is a row of classes (a digit, a small letter, a capital) and of other characters as they are: `A00.1` has that
of `J45.9`. A shape is kept, and a character at a place of it, if at least so many subjects have it as any value needs
to be learned; where no character of a place is, all of its class can stand there.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.subjects import Subjects

__all__ = ["Shapes", "are_codes"]

CLASSES = {"0": string.digits, "a": string.ascii_lowercase, "A": string.ascii_uppercase}
MOST_SHAPES = 64
LONGEST = 40  # characters of a code
MOSTLY = 0.9  # of the values, that are codes


def are_codes(values: pd.Series) -> bool:
    """Whether distinct values (n,) of text look like codes: short, of digits and capitals, without words."""
    short = values.str.fullmatch(r"\S+(?: \S+){0,2}") & (values.str.len() <= LONGEST)
    is_code = values.str.contains(r"\d|^[A-Z]{2,6}$") & ~values.str.contains(r"[^\W\d_A-Z]{4}|[^\W\d_]{8}")
    return bool((short & is_code).mean() >= MOSTLY)


@dataclass(frozen=True)
class _Shape:
    """The characters of each place, and how often each stands there; weight: how often the shape is."""

    weight: int
    places: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Shapes:
    """The shapes of rare codes."""

    shapes: tuple[_Shape, ...]

    @classmethod
    def fit(cls, values: pd.Series, subjects: Subjects, threshold: int) -> Self | None:
        """Learn shapes of values (n,) of text; None if no shape has as many subjects as the threshold."""
        short = (values.str.len() <= LONGEST).to_numpy(bool)
        values, subjects = values[short], subjects[short]
        if not len(values):
            return None
        written = _shapes(values)
        counts = subjects.count_values(written)
        kept = counts[counts >= threshold].index[:MOST_SHAPES]
        found = []
        for shape in sorted(map(str, kept)):
            here = (written == shape).to_numpy(bool)
            found.append(_shape(shape, values[here], subjects[here], threshold))
        return cls(tuple(found)) if found else None

    def make(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """New codes, (rows,) text."""
        weights = np.array([shape.weight for shape in self.shapes], float)
        which = rng.choice(len(self.shapes), rows, p=weights / weights.sum())
        result = np.full(rows, "", object)
        for number, shape in enumerate(self.shapes):
            here = np.flatnonzero(which == number)
            for letters, often in shape.places:
                shares = np.array(often, float)
                result[here] += np.array(list(letters), object)[
                    rng.choice(len(letters), len(here), p=shares / shares.sum())
                ]
        return result

    def to_json(self) -> list[Any]:
        """Write as plain JSON."""
        return [
            {"weight": each.weight, "places": [[letters, list(often)] for letters, often in each.places]}
            for each in self.shapes
        ]

    @classmethod
    def from_json(cls, data: list[Mapping[str, Any]]) -> Self:
        """Read what `to_json` wrote; ValueError for what is no shape."""
        shapes = tuple(
            _Shape(
                int(each["weight"]), tuple((str(letters), tuple(map(int, often))) for letters, often in each["places"])
            )
            for each in data
        )
        fits = all(
            shape.weight > 0
            and len(shape.places) <= LONGEST
            and all(len(letters) == len(often) > 0 and min(often) > 0 for letters, often in shape.places)
            for shape in shapes
        )
        if not shapes or not fits:
            raise ValueError("no shapes of codes")
        return cls(shapes)


def _shapes(values: pd.Series) -> pd.Series:
    """Each value with its characters as classes."""
    result = values
    for kind, letters in CLASSES.items():
        result = result.str.replace(
            f"[{letters[0]}-{letters[-1]}]", {"0": "\0", "a": "\1", "A": "\2"}[kind], regex=True
        )
    return result


def _shape(shape: str, values: pd.Series, subjects: Subjects, threshold: int) -> _Shape:
    places: list[tuple[str, tuple[int, ...]]] = []
    for place, mark in enumerate(shape):
        if mark not in "\0\1\2":
            places.append((mark, (1,)))
            continue
        counts = subjects.count_values(values.str[place])
        counts = counts[counts >= threshold].sort_index()
        letters = "".join(map(str, counts.index)) or list(CLASSES.values())["\0\1\2".index(mark)]
        places.append((letters, tuple(map(int, counts)) or (1,) * len(letters)))
    return _Shape(len(values), tuple(places))
