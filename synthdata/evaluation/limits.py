"""How long an evaluation takes, and how many rows it works on where its time is limited.

The seconds of each panel are estimated from the sizes of the tables, by what two cores take; how long the panels took
that are done corrects the estimates of those to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pandas as pd

from synthdata.evaluation.tables import MOST_ROWS
from synthdata.fields.comparison import Categories, Images, Numeric, Texts
from synthdata.schema import Schema

__all__ = ["KNOWN", "PANELS", "Workload", "limit_note", "most_rows", "slowness"]

PANELS = ("columns and pairs", "real-vs-synthetic AUC", "utility", "privacy", "images", "texts")
STEPS = (MOST_ROWS, 10_000, 5000, 2500, 1200, 600, 300)  # rows of each table; the first limits nothing
KNOWN = 10  # times as many training texts, among which copies are sought
SOME = 1000  # rows whose texts are measured
ROWS_A_SECOND, CHARACTERS_A_SECOND, PIXELS_A_SECOND = 5000, 20_000, 200_000  # that are drawn
PLANNED = 0.9  # of the time that is left
CHEAP = 0.1  # of the time that is left: a panel that takes no more is not limited
SURE = 1.0  # seconds, from which on how long panels took counts more than their estimates


@dataclass(frozen=True)
class Workload:
    """What the time of drawing and evaluating rows depends on.

    train, rows: training rows, and synthetic rows. columns: numbers and categories. outputs: that trees predict for the
    target, one for each of several classes; 0 without a target. characters: of the texts of a row. labels: categories
    of the column that labels texts and images. pixels: of the images of a row.
    """

    train: int
    rows: int
    columns: int
    outputs: int = 0
    characters: float = 0.0
    labels: int = 0
    pixels: int = 0

    @classmethod
    def of(cls, schema: Schema, train: pd.DataFrame, rows: int) -> Workload:
        """The workload of training rows, of the schema's types, and of so many synthetic rows."""
        columns, characters, pixels = 0, 0.0, 0
        categories: dict[str, int] = {}
        outputs = 0
        for name, each in schema.fields.items():
            match view := each.comparison(train[name].head(SOME)):
                case Texts(values):
                    characters += sum(len(text) for text in values if text is not None) / max(len(values), 1)
                case Images():
                    pixels += each.weight
                case Numeric() | Categories():
                    columns += 1
                    found = train[name].nunique() if isinstance(view, Categories) else 1
                    categories |= {name: found} if found > 1 else {}
                    outputs = max(found - (found == 2), 1) if name == schema.target else outputs
                case None:
                    pass
                case _:
                    assert_never(view)
        labels = categories.get(schema.target or "", next(iter(categories.values()), 0))
        return cls(len(train), rows, columns, outputs, characters, labels, pixels)

    def drawing(self, rows: int) -> float:
        """The estimated seconds of drawing so many rows."""
        return rows * (1 / ROWS_A_SECOND + self.characters / CHARACTERS_A_SECOND + self.pixels / PIXELS_A_SECOND)

    def seconds(self, most: int = MOST_ROWS) -> dict[str, float]:
        """The estimated seconds of each of `PANELS`, with at most so many rows of each table."""
        rows, width = min(most, self.rows), self.columns / 15
        found = dict.fromkeys(PANELS, 0.0)
        if self.columns:
            known = min(self.train, 50_000) / 40_000
            found |= {
                "columns and pairs": 0.1 + rows * (4e-7 * self.columns + 1e-8 * self.columns**2),
                "real-vs-synthetic AUC": 1.8 + 1.6 * min(rows, 10_000) / 10_000 * width,
                "utility": self.outputs * (0.5 + 0.8 * rows / 20_000 * width),
                "privacy": 0.6 + (0.3 + 1.7 * min(rows, 10_000) / 10_000) * known * width,
            }
        if self.pixels:
            steps = np.clip(min(rows, 10_000) / 8, 150, 800)
            found["images"] = (2 if self.labels else 1) * (4 + 2.5e-5 * steps * self.pixels)
        if self.characters:
            learned = min(rows * self.characters, 6e6)
            known = (min(self.train, KNOWN * most) if most < MOST_ROWS else self.train) * self.characters
            found["texts"] = 0.5 + 1e-6 * learned * (1 + self.labels / 50) + 6e-7 * (known + rows * self.characters)
        return found


def most_rows(work: Workload, panels: Sequence[str], seconds: float | None, slow: float = 1.0) -> int:
    """At most how many rows of each table the first of the panels should work on, so that all take so many seconds.

    One of `STEPS`, however few the seconds. slow: how many times the estimates the panels before them took.
    """
    if seconds is None or slow * work.seconds()[panels[0]] <= CHEAP * seconds:
        return STEPS[0]
    for most in STEPS:
        estimates = work.seconds(most)
        if slow * sum(estimates[panel] for panel in panels) <= PLANNED * seconds:
            return most
    return STEPS[-1]


def slowness(taken: float, expected: float) -> float:
    """How many times the estimates the panels took so far; near 1 as long as they took little."""
    return (taken + SURE) / (expected + SURE)


def limit_note(work: Workload, worked_on: Mapping[str, int]) -> list[str]:
    """A sentence that says which panels worked on fewer rows than without a limit; none if there are none.

    worked_on: at most how many rows of each table, by panel.
    """
    usual = min(max(work.train, work.rows), MOST_ROWS)
    panels: dict[int, list[str]] = {}
    for name, most in worked_on.items():
        if most < usual and work.seconds(most)[name]:
            panels.setdefault(most, []).append(name)
    if not panels:
        return []
    parts = "; ".join(f"{', '.join(names)}: {most:,}" for most, names in panels.items())
    return [f"To keep to the time, at most so many rows of each table were sampled for: {parts}."]
