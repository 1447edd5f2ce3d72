"""What is plainly useless, in sentences that stand first in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from synthdata.evaluation.report import Score
from synthdata.fields.category import Category
from synthdata.schema import Schema

__all__ = ["mostly_rare", "plainly_useless"]

NEAR_FLOOR = 0.02  # of the AUC of independent columns
LEAST_FLOOR = 0.6  # an AUC of independent columns below which they are hardly found out
MOSTLY = 0.5  # of the rows


def plainly_useless(scores: Sequence[Score]) -> list[str]:
    """Say where synthetic rows are no better than independent columns."""
    by_name = {score.name: score for score in scores}
    return [*_of_pairs(by_name.get("trends")), *_of_rows(by_name.get("c2st_auc"))]


def _of_pairs(score: Score | None) -> Iterator[str]:
    if score is None or score.value is None or score.floor is None:
        return
    # where held-out rows are no better, few rows say nothing of pairs
    if score.value < score.floor and (score.ceiling is None or score.ceiling > score.floor):
        yield (
            f"Pairs of columns are worse than independent columns (pairwise similarity {score.value:.3f}, independent "
            f"columns {score.floor:.3f}): do not use the synthetic rows for anything that takes two columns."
        )


def _of_rows(score: Score | None) -> Iterator[str]:
    if score is None or score.value is None or score.floor is None or score.floor < LEAST_FLOOR:
        return
    if score.value >= score.floor - NEAR_FLOOR:
        yield (
            f"Synthetic rows are told from real ones as easily as independent columns are (AUC {score.value:.3f}, "
            f"independent columns {score.floor:.3f}): the model has learned the columns at most, not the rows."
        )


def mostly_rare(schema: Schema, frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say which columns are mostly the label of rare values in the synthetic rows, and not in the training rows."""
    said = []
    for name, field in schema.fields.items():
        if not isinstance(field, Category):
            continue
        real, made = (float((frames[side][name] == field.rare).mean()) for side in ("train", "synthetic"))
        if made > MOSTLY > real:
            said.append(
                f'Column "{name}" says "{field.rare}" in {made:.0%} of the synthetic rows: most of its real values are '
                f"too rare to be learned. Leave it out, group its values, or declare it as a key."
            )
    return said
