"""Distance of synthetic rows to training rows: DCR share, near-copies, and the distances themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.points import Points, nearest
from synthdata.evaluation.privacy.statistics import STRICT, Share, effective_rows, improbable
from synthdata.evaluation.report import Curve
from synthdata.evaluation.score import Score

__all__ = ["dcr_share", "distance_curve", "near_copies", "split_like", "table_dcr_share"]

DCR_ROWS = 5000
DCR_LIMIT = 0.52
MUCH_NEARER = 0.1  # of the distance to the second nearest real row
NNDR_LIMIT = 0.002
REACH = 5.0  # standard deviations, beyond which numbers count as equal
CURVE_ROWS = 2000
POINTS = 200  # of a curve

Placed: TypeAlias = tuple[Points, np.ndarray]  # real rows, and each one's subject (n,)


def dcr_share(name: str, rows: Points, parts: Sequence[Placed], held_out: Placed) -> Score:
    """The share of synthetic rows nearer to a training than to a held-out row, as score `name`.

    Distance to the closest record (DCR): Platzer and Reutterer 2021 (arXiv:2104.00635). It detects a leak of many rows,
    not of few. The training rows come in parts, each of about as many rows as are held out; the shares of the parts
    are averaged. rows: the synthetic ones.
    """
    theirs, away = nearest(rows, held_out[0])
    theirs = held_out[1][theirs]
    shares, worth = [], []
    for part, whose in parts:
        ours, near = nearest(rows, part)
        ours = whose[ours]
        nearer, further = near[:, 0] < away[:, 0], near[:, 0] > away[:, 0]
        shares.append(nearer.mean() + (~nearer & ~further).mean() / 2)
        worth.append(effective_rows(len(rows), np.where(nearer, ours, -1 - theirs)[nearer | further]))
    share = Share(float(np.mean(shares)), float(np.mean(worth)))
    failed = share.interval(STRICT)[0] > 0.5 and share.value > DCR_LIMIT
    score = Score.anchored(name, {"synthetic": share.value, "chance": 0.5}, interval=share.interval())
    return score.judged(failed, f"at most {DCR_LIMIT}, or not significantly above 0.5")


def table_dcr_share(
    space: FeatureSpace, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator
) -> Score:
    """`dcr_share` of rows of tables."""
    synthetic = synthetic.sample(DCR_ROWS, rng)
    parts, held_out = split_like(train, holdout, rng)
    placed = [(space.points(part), part.subjects.each) for part in (*parts, held_out)]
    return dcr_share("dcr_share", space.points(synthetic), placed[:-1], placed[-1])


def split_like(
    train: Table, holdout: Table, rng: np.random.Generator, most: int | None = None
) -> tuple[list[Table], Table]:
    """Shuffled training rows in equal parts no larger than the holdout, and held-out rows as many as a part has.

    Parts have as many rows as the holdout, or as many subjects, each with all of its rows. most: of the parts.
    """
    if train.subject_ids is None or holdout.subject_ids is None:
        folds = np.array_split(rng.permutation(len(train)), -(-len(train) // len(holdout)))[:most]
        return [train[fold] for fold in folds], holdout.sample(len(folds[-1]), rng)
    ours, theirs = (rng.permutation(np.unique(numbers)) for numbers in (train.subject_ids, holdout.subject_ids))
    people = np.array_split(ours, -(-len(ours) // len(theirs)))[:most]
    parts = [train[np.isin(train.subject_ids, some)] for some in people]
    return parts, holdout[np.isin(holdout.subject_ids, theirs[: len(people[-1])])]


def near_copies(space: FeatureSpace, train: Table, synthetic: Table, holdout: Table) -> Score:
    """The share of synthetic rows that are near-copies of a training row, beyond chance.

    A row is a near-copy of a real row that is `MUCH_NEARER` than the second nearest (nearest neighbour distance ratio,
    Zhao et al. 2021, arXiv:2102.08369). If nothing was copied, training and held-out rows have near-copies in
    proportion to their numbers; the value is what training rows have beyond that. Rows that are few or similar do not
    raise it.
    """
    rows, ours, theirs = (_in_deviations(space, table) for table in (synthetic, train, holdout))
    (first, near), (other, away) = nearest(rows, ours), nearest(rows, theirs)
    two = np.sort(np.hstack([near, away]), axis=1)[:, :2]
    first, other = train.subjects.each[first], holdout.subjects.each[other]
    source = np.where(near[:, 0] < away[:, 0], first, -1 - other)[two[:, 0] < MUCH_NEARER * two[:, 1]]
    odds = len(train) / len(holdout)
    worth = effective_rows(len(rows), source)
    hit, missed = (Share(float(side.sum() / len(rows)), worth) for side in (source >= 0, source < 0))
    value = hit.value - odds * missed.value
    failed = value > NNDR_LIMIT and improbable(worth * hit.value, worth * (hit.value + missed.value), odds / (1 + odds))
    (low, high), (least, most) = hit.interval(), missed.interval()  # combined after Zou and Donner (2008)
    down = math.hypot(hit.value - low, odds * (most - missed.value))
    up = math.hypot(high - hit.value, odds * (missed.value - least))
    score = Score.anchored("nndr", {"synthetic": value, "chance": 0.0}, interval=(value - down, value + up))
    return score.judged(failed, f"at most {NNDR_LIMIT:g}, or not significant")


def _in_deviations(space: FeatureSpace, table: Table) -> Points:
    """Points whose numbers are in standard deviations.

    Noise that is small beside a number's spread may move its rank by much, as from 0 where most rows are 0.
    """
    categories = replace(space, columns=tuple(column for column in space.columns if not column.is_numeric))
    points = categories.points(replace(table, values=table.values[:, space.are_categorical]))
    numbers = [points.numbers]
    for i in np.flatnonzero(~space.are_categorical):
        known, values = space.columns[i].sorted_values, table.values[:, i]
        middle = known[len(known) // 1000 : len(known) - len(known) // 1000]  # no outlier stretches the axis
        place = np.clip((values - middle.mean()) / (middle.std() or 1.0), -REACH, REACH)
        numbers.append(np.stack([np.nan_to_num(place), np.isnan(values)], axis=1).astype(np.float32))
    return replace(points, numbers=np.hstack(numbers))


def distance_curve(label: str, space: FeatureSpace, rows: Table, train: Table, rng: np.random.Generator) -> Curve:
    """The distribution function of the distance to the nearest training row."""
    rows = rows.sample(CURVE_ROWS, rng)
    distances = nearest(space.points(rows), space.points(train))[1][:, 0]
    shares = np.linspace(0, 1, min(POINTS, len(rows)))
    return Curve(label, tuple(np.quantile(distances, shares).tolist()), tuple(shares.tolist()))
