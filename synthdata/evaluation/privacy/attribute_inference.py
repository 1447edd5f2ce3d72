"""Attribute inference: guess a secret cell of a real row from its other cells, by the nearest synthetic row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.points import nearest
from synthdata.evaluation.privacy.control import against_control
from synthdata.evaluation.privacy.statistics import share_of
from synthdata.evaluation.score import Score

__all__ = ["attribute_inference"]

VICTIMS = 1500  # rows of either side whose cells are guessed
SECRETS = 8  # columns
NEAR_RANK = 0.05  # of the range of ranks: a guessed number this near is right


def attribute_inference(
    space: FeatureSpace,
    train: Table,
    synthetic: Table,
    holdout: Table,
    target: str | None,
    rng: np.random.Generator,
) -> Score:
    """How often the nearest synthetic row, all columns but one known, has that one right.

    Anonymeter's attribute inference (Giomi et al. 2023, arXiv:2211.10459), averaged over `SECRETS` columns, the target
    among them; the control is held-out rows. A category is right if it is equal, a number within `NEAR_RANK` of the
    ranks.
    """
    if len(space.columns) < 2:
        return Score.unmeasured("attribute_inference", "a single column")
    secrets = _secrets(space.names, target)
    victims = min(VICTIMS, len(train), len(holdout))
    sides = (train.sample(victims, rng), holdout.sample(victims, rng))
    right = [np.zeros((len(side), len(secrets))) for side in sides]
    for j, secret in enumerate(secrets):
        others = [i for i in range(len(space.columns)) if i != secret]
        rest, answer = _of(space, others), _of(space, [secret])
        known, answers = rest.points(_columns(synthetic, others)), answer.points(_columns(synthetic, [secret]))
        for side, hits in zip(sides, right, strict=True):
            guess = nearest(rest.points(_columns(side, others)), known)[0]
            cells = answer.points(_columns(side, [secret]))
            off = np.abs(answers.numbers[guess] - cells.numbers) > NEAR_RANK * np.sqrt(12)
            hits[:, j] = ~(off.any(axis=1) | (answers.codes[guess] != cells.codes).any(axis=1))
    shares = [share_of(hits.mean(axis=1), side.subjects) for hits, side in zip(right, sides, strict=True)]
    return against_control("attribute_inference", shares[0], shares[1])


def _of(space: FeatureSpace, columns: list[int]) -> FeatureSpace:
    return replace(space, columns=tuple(space.columns[i] for i in columns))


def _columns(table: Table, numbers: list[int]) -> Table:
    return replace(table, values=table.values[:, numbers])


def _secrets(names: list[str], target: str | None) -> list[int]:
    """The target and other columns spread over the table: equal for all synthetic tables, so that scores compare."""
    first = [names.index(target)] if target in names else []
    others = [i for i in range(len(names)) if i not in first]
    spread = np.linspace(0, len(others) - 1, min(SECRETS - len(first), len(others))).round().astype(int)
    return first + [others[i] for i in spread.tolist()]
