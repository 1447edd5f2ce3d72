"""What is plainly useless, in sentences that stand first in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from synthdata.evaluation.coding import Coding, Table
from synthdata.evaluation.scores import Score
from synthdata.fields.category import Category

__all__ = ["plainly_useless"]

NEAR_FLOOR = 0.02  # of the AUC of independent columns
LEAST_FLOOR = 0.6  # an AUC of independent columns below which they are hardly found out
MOSTLY = 0.5  # of the rows


def plainly_useless(scores: Sequence[Score], coding: Coding, tables: Mapping[str, Table]) -> list[str]:
    """Say where synthetic rows are no better than independent columns, or than hiding a column's values."""
    by_name = {score.name: score for score in scores}
    return [
        *_of_pairs(by_name.get("trends")),
        *_of_rows(by_name.get("c2st_auc")),
        *_of_columns(coding, tables["train"], tables["synthetic"]),
    ]


def _of_pairs(score: Score | None) -> Iterator[str]:
    if score is not None and score.value is not None and score.floor is not None and score.value < score.floor:
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


def _of_columns(coding: Coding, train: Table, synthetic: Table) -> Iterator[str]:
    """Columns most of whose synthetic values are the label of rare ones, which most of the real ones are not."""
    for number, column in enumerate(coding.columns):
        field = coding.schema.fields[column.name]
        if not isinstance(field, Category):
            continue
        # a label that training rows do not show is coded past the last
        code = column.labels.index(field.rare) if field.rare in column.labels else len(column.labels)
        shares = [
            float(np.mean(table.values[:, number] == code)) if len(table) else 0.0 for table in (train, synthetic)
        ]
        if shares[1] > MOSTLY > shares[0]:
            yield (
                f'Column "{column.name}" says "{field.rare}" in {shares[1]:.0%} of the synthetic rows: most of its '
                f"real values are too rare to be learned. Leave it out, group its values, or declare it as a key."
            )
