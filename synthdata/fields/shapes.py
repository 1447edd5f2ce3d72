"""Values made anew in the shape of those that few have: codes of characters, names of things of words.

A shape of codes is a row of classes (a digit, a small letter, a capital) and of other characters as they are: `A00.1`
has that of `J45.9`. A shape of words is how many there are. A shape is kept, and a character or word at a place of it,
if at least so many subjects have it as any value needs to be learned; where no character of a place is, all of its
class can stand there.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd

from synthdata.subjects import Subjects

__all__ = ["Shapes", "are_codes"]

Places: TypeAlias = tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]
PlacesOf: TypeAlias = Callable[[Any, pd.Series, Subjects, int], Places | None]

CLASSES = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
MARKS = "\0\1\2"  # what stands for the characters of each class in a shape
MOST_SHAPES = 64
LONGEST = 40  # characters of a code
MOST_WORDS = 5  # of a value
COVERED = 0.3  # of the values, at least, that have a shape of words
MOSTLY = 0.9  # of the values, that are codes


def are_codes(values: pd.Series) -> bool:
    """Whether distinct values (n,) of text look like codes: short, of digits and capitals, without words."""
    short = values.str.fullmatch(r"\S+(?: \S+){0,2}") & (values.str.len() <= LONGEST)
    is_code = values.str.contains(r"\d|^[A-Z]{2,6}$") & ~values.str.contains(r"[^\W\d_A-Z]{4}|[^\W\d_]{8}")
    return bool((short & is_code).mean() >= MOSTLY)


@dataclass(frozen=True)
class _Shape:
    """The pieces of each place, characters or words, and how often each stands there; weight: of how many values."""

    weight: int
    places: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]


@dataclass(frozen=True)
class Shapes:
    """The shapes of rare values."""

    shapes: tuple[_Shape, ...]

    @classmethod
    def fit(cls, values: pd.Series, subjects: Subjects, threshold: int) -> Self | None:
        """Learn shapes of values (n,) of text; None if they have none that enough subjects have."""
        short = (values.str.len() <= LONGEST).to_numpy(bool)
        values, subjects = values[short], subjects[short]
        if not len(values):
            return None
        if are_codes(values.drop_duplicates()):
            return cls._fit(values, _classes(values), _of_characters, subjects, threshold)
        values = values.str.split().str.join(" ")
        counts = values.str.count(" ") + 1
        found = cls._fit(values, counts.where(counts.between(2, MOST_WORDS)), _of_words, subjects, threshold)
        covered = 0 if found is None else sum(shape.weight for shape in found.shapes)
        return found if covered >= COVERED * len(values) else None

    @classmethod
    def _fit(
        cls, values: pd.Series, written: pd.Series, places_of: PlacesOf, subjects: Subjects, threshold: int
    ) -> Self | None:
        """written: the shape of each value, missing where it has none."""
        counts = subjects.count_values(written)
        found = []
        for shape in sorted(counts[counts >= threshold].index[:MOST_SHAPES]):
            here = (written == shape).to_numpy(bool)
            places = places_of(shape, values[here], subjects[here], threshold)
            if places is not None:
                found.append(_Shape(int(here.sum()), places))
        return cls(tuple(found)) if found else None

    def make(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """New values, (rows,) text."""
        weights = np.array([shape.weight for shape in self.shapes], float)
        which = rng.choice(len(self.shapes), rows, p=weights / weights.sum())
        result = np.full(rows, "", object)
        for number, shape in enumerate(self.shapes):
            here = np.flatnonzero(which == number)
            for pieces, often in shape.places:
                shares = np.array(often, float)
                chosen = rng.choice(len(pieces), len(here), p=shares / shares.sum())
                result[here] += np.array(pieces, object)[chosen]
        return result

    def to_json(self) -> list[Any]:
        """Write as plain JSON."""
        return [
            {"weight": each.weight, "places": [[list(pieces), list(often)] for pieces, often in each.places]}
            for each in self.shapes
        ]

    @classmethod
    def from_json(cls, data: list[Mapping[str, Any]]) -> Self:
        """Read what `to_json` wrote; ValueError for what is no shape."""
        shapes = tuple(
            _Shape(
                int(each["weight"]),
                tuple((tuple(map(str, pieces)), tuple(map(int, often))) for pieces, often in each["places"]),
            )
            for each in data
        )
        fits = all(
            shape.weight > 0
            and len(shape.places) <= LONGEST
            and all(len(pieces) == len(often) > 0 and min(often) > 0 for pieces, often in shape.places)
            for shape in shapes
        )
        if not shapes or not fits:
            raise ValueError("no shapes of values")
        return cls(shapes)


def _classes(values: pd.Series) -> pd.Series:
    """Each value with its characters as classes."""
    result = values
    for mark, letters in zip(MARKS, CLASSES, strict=True):
        result = result.str.replace(f"[{letters[0]}-{letters[-1]}]", mark, regex=True)
    return result


def _of_characters(shape: str, values: pd.Series, subjects: Subjects, threshold: int) -> Places:
    places: list[tuple[tuple[str, ...], tuple[int, ...]]] = []
    for place, mark in enumerate(shape):
        if mark not in MARKS:
            places.append(((mark,), (1,)))
            continue
        letters, often = _kept(values.str[place], subjects, threshold)
        if not letters:
            letters = tuple(CLASSES[MARKS.index(mark)])
            often = (1,) * len(letters)
        places.append((letters, often))
    return tuple(places)


def _of_words(count: float, values: pd.Series, subjects: Subjects, threshold: int) -> Places | None:
    """The words of each place, and blanks between them; None if a place has none that enough subjects have."""
    words = values.str.split(" ", expand=True)
    places: list[tuple[tuple[str, ...], tuple[int, ...]]] = []
    for place in range(int(count)):
        known, often = _kept(words[place], subjects, threshold)
        if not known:
            return None
        places += [((" ",), (1,)), (known, often)]
    return tuple(places[1:])


def _kept(pieces: pd.Series, subjects: Subjects, threshold: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    counts = subjects.count_values(pieces)
    counts = counts[counts >= threshold].sort_index()
    return tuple(map(str, counts.index)), tuple(map(int, counts))
