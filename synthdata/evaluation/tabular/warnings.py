"""Warnings about rows that are of no use; they come first in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from synthdata.evaluation.report import Masked
from synthdata.evaluation.score import Score
from synthdata.schema import Schema

__all__ = ["about_masked", "mostly_rare", "unusable"]

TELLING = 0.005  # of pairwise similarity, below which a difference says nothing
NEAR_FLOOR = 0.02  # distance from the AUC of independent columns
FAR = 0.1  # distance from it, from which on rows are far easier to tell
LEAST_FLOOR = 0.6  # AUC of independent columns below which columns hardly depend on each other
MANY = 0.1  # of the rows


def unusable(scores: Sequence[Score]) -> list[str]:
    """Warnings where synthetic rows are no better than independent columns."""
    by_name = {score.name: score for score in scores}
    return [*_of_pairs(by_name.get("trends")), *_of_rows(by_name.get("c2st_auc"))]


def _of_pairs(score: Score | None) -> Iterator[str]:
    if score is None or score.value is None or score.floor is None:
        return
    figures = f"(pairwise similarity {score.value:.3f}, independent columns {score.floor:.3f})"
    if score.ceiling is not None and score.ceiling < score.floor + TELLING:
        if score.value < score.floor:
            yield (
                f"Whether pairs of columns are kept cannot be told by so few rows {figures}: held-out rows reach "
                f"{score.ceiling:.3f}, no more than independent columns."
            )
    elif score.value < score.floor - TELLING:
        yield (
            f"Pairs of columns are worse than independent columns {figures}: do not use the synthetic rows for "
            f"anything that relates two columns."
        )


def _of_rows(score: Score | None) -> Iterator[str]:
    if score is None or score.value is None or score.floor is None or score.floor < LEAST_FLOOR:
        return
    worse = score.value - score.floor
    if worse < -NEAR_FLOOR:
        return
    figures = f"(AUC {score.value:.3f}, independent columns {score.floor:.3f})"
    if worse <= NEAR_FLOOR:
        yield (
            f"Synthetic rows are as easy to tell from real ones as independent columns are {figures}: the model has "
            f"learned single columns at best, not rows."
        )
    else:
        yield (
            f"Synthetic rows are {'far ' if worse > FAR else ''}easier to tell from real ones than independent columns "
            f"{figures}: the model has learned neither rows nor, well enough, single columns."
        )


def mostly_rare(schema: Schema, frames: Mapping[str, pd.DataFrame]) -> tuple[Masked, ...]:
    """The columns that are the rare label in many synthetic rows, but not in the real ones."""
    found = []
    for name, field in schema.fields.items():
        if field.rare_label is None:
            continue
        real, made = (float((frames[side][name] == field.rare_label).mean()) for side in ("train", "synthetic"))
        if made > MANY > real:
            found.append(Masked(name, field.rare_label, made))
    return tuple(found)


def about_masked(columns: Sequence[Masked]) -> list[str]:
    """Warnings about such columns."""
    return [
        f"Column {column.said}: as many of its real values are too rare to be learned. Group its values, or say what "
        f"stands for them (rare_values: frequent, or made), or declare it as an identifier."
        for column in columns
    ]
