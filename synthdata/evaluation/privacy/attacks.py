"""What an attacker who holds the synthetic rows learns of real ones: each attack beside the same on held-out rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from synthdata.evaluation.features import Coding, Table
from synthdata.subjects import Subjects

__all__ = [
    "ATTACKED",
    "CHANCE",
    "STRICT",
    "Membership",
    "Share",
    "effective_rows",
    "improbable",
    "infer_attributes",
    "infer_membership",
    "nearest",
    "parts_of",
    "share_of",
    "single_out",
    "tail",
]

USUAL = NormalDist().inv_cdf(0.975)  # of the intervals that are shown
CHANCE = 0.001 / 7  # of a false alarm of one measure: for seven together, that of Bonferroni is 1 in 1000
STRICT = NormalDist().inv_cdf(1 - CHANCE)

CHUNK = 8_000_000  # distances held at once
CLOSEST = 0.01  # below this, distances count as alike in a ratio
ATTACKED = 3000  # rows whose membership is guessed, of either side
FALSE_POSITIVES = 0.01
MISSING = -1e300  # what stands for NaN in a predicate
PREDICATES = 2000  # of one column, and again of several
MOST_IN_PREDICATE = 6  # columns
MOST_FOLDS = 10  # of the training rows, for predicates
WINDOW = 0.01  # of the training ranks, to either side: what "about as large" means in a predicate
VICTIMS = 1500  # rows whose cells are guessed, of either side
SECRETS = 8  # columns
NEAR_RANK = 0.05  # of the range of ranks: a guessed quantity this near is right


@dataclass(frozen=True)
class Share:
    """A share of rows, with the number of independent rows it is worth, which need not be whole."""

    value: float
    rows: float

    def interval(self, z: float = USUAL) -> tuple[float, float]:
        """The interval of Wilson (1927), which holds for shares near 0 and 1 too."""
        middle = (self.value + z * z / (2 * self.rows)) / (1 + z * z / self.rows)
        spread = np.sqrt(self.value * (1 - self.value) / self.rows + (z / (2 * self.rows)) ** 2)
        half = z * float(spread) / (1 + z * z / self.rows)
        # it holds the value, which rounding may hide at 0 and 1
        return max(min(middle - half, self.value), 0.0), min(max(middle + half, self.value), 1.0)

    def exceeds(self, control: Share) -> bool:
        """Whether it is more than the control by more than chance: the pooled test of two proportions, one-sided."""
        pooled = (self.value * self.rows + control.value * control.rows) / (self.rows + control.rows)
        error = np.sqrt(pooled * (1 - pooled) * (1 / self.rows + 1 / control.rows))
        return bool(self.value - control.value > STRICT * error)


@dataclass(frozen=True)
class Membership:
    """How well members are told from non-members.

    auc_interval: 95 %. tells: whether the AUC is above .5 by more than chance. caught: members above a threshold that
    `alarms` of the non-members pass, at most `FALSE_POSITIVES`.
    """

    auc: float
    auc_interval: tuple[float, float]
    tells: bool
    caught: Share
    alarms: Share


def effective_rows(rows: int, sources: np.ndarray) -> float:
    """How many independent rows `rows` are worth whose hits come from real subjects `sources`, a number a hit.

    A subject that several synthetic rows hit is one accident, not several: Kish's (1965) design effect.
    """
    if not len(sources):
        return float(rows)
    counts = np.unique(sources, return_counts=True)[1].astype(np.float64)
    return float(rows * counts.sum() / (counts**2).sum())


def share_of(values: np.ndarray, subjects: Subjects) -> Share:
    """The mean of a number in [0, 1] a real row: worth the rows at which a share would vary as much.

    Rows of one subject count together: the cluster-robust variance of the mean (Liang and Zeger 1986), larger where few
    subjects say what it is, by as much as Student's quantile is than the normal one.
    """
    mean, variance, rows = float(values.mean()), float(values.var()), len(values)
    worth = rows * (mean * (1 - mean) / variance if variance > 0 else 1.0)
    if subjects.numbers is None or variance == 0:
        return Share(mean, worth)
    whose = np.unique(subjects.numbers, return_inverse=True)[1]
    clustered = float((np.bincount(whose, values - mean) ** 2).sum()) / rows**2
    clustered *= (_student(effective_subjects(subjects) - 1) / STRICT) ** 2
    return Share(mean, min(worth, max(mean * (1 - mean) / clustered, 1.0)) if clustered > 0 else worth)


def effective_subjects(subjects: Subjects) -> float:
    """How many subjects of equally many rows the subjects are worth (Kish 1965)."""
    rows = np.unique(subjects.each, return_counts=True)[1].astype(np.float64)
    return float(rows.sum() ** 2 / (rows**2).sum())


def _student(freedom: float) -> float:
    """The quantile of Student's distribution that `STRICT` is of the normal one."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    return float(stdtrit(max(freedom, 1.0), 1 - CHANCE))


def improbable(hits: float, rows: float, share: float) -> bool:
    """Whether at least so many hits of rows are less likely than `CHANCE`, each one with probability `share`."""
    return tail(hits, rows, share) < CHANCE


def tail(hits: float, rows: float, share: float) -> float:
    """The probability of at least so many hits of rows, each one with probability `share`; rounded up."""
    n, least = math.ceil(rows - 1e-9), math.floor(hits + 1e-9)
    if least <= 0 or share >= 1:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])  # of factorials
    k = np.arange(least, n + 1)
    terms = logs[n] - logs[k] - logs[n - k] + k * math.log(share) + (n - k) * math.log1p(-share)
    return float(np.exp(terms).sum())


def parts_of(
    train: Table, holdout: Table, rng: np.random.Generator, most: int | None = None
) -> tuple[list[Table], Table]:
    """Shuffled training rows in parts no larger than the holdout, as equal as can be, and as much of the holdout.

    So every row counts, and a part is drawn as the holdout is: as many rows, or as many subjects, each with all rows.
    """
    if train.numbers is None or holdout.numbers is None:
        folds = np.array_split(rng.permutation(len(train)), -(-len(train) // len(holdout)))[:most]
        return [train[fold] for fold in folds], holdout.sample(len(folds[-1]), rng)
    ours, theirs = (rng.permutation(np.unique(numbers)) for numbers in (train.numbers, holdout.numbers))
    people = np.array_split(ours, -(-len(ours) // len(theirs)))[:most]
    parts = [train[np.isin(train.numbers, some)] for some in people]
    return parts, holdout[np.isin(holdout.numbers, theirs[: len(people[-1])])]


def nearest(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of `others` is the nearest, (n,), and the distances to it and to the second nearest, (n, 2)."""
    first = np.empty(len(rows), np.int64)
    distances = np.full((len(rows), 2), np.inf)
    for part in _parts(len(rows), len(others)):
        squares = _squares(rows[part], others)
        here = np.arange(len(squares))
        first[part] = squares.argmin(axis=1)
        distances[part, 0] = _between(rows[part], others[first[part]])
        if len(others) > 1:
            squares[here, first[part]] = np.inf
            distances[part, 1] = _between(rows[part], others[squares.argmin(axis=1)])
    # rounding of the squares may have swapped two
    return first, np.sort(distances, axis=1)


def infer_membership(
    members: np.ndarray,
    strangers: np.ndarray,
    synthetic: np.ndarray,
    reference: np.ndarray,
    subjects: tuple[Subjects, Subjects] | None = None,
) -> Membership:
    """Guess by the ratio of densities who was in training: DOMIAS (van Breugel et al. 2023, arXiv:2302.12580).

    A density is taken as the inverse of the distance to the nearest row. The reference is neither of the attacked
    sides, so that if nothing was memorised, the scores of both are drawn alike. All are places (n, width). subjects: of
    members and strangers; the score of one is the mean over its rows.
    """
    scores = []
    for rows in (members, strangers):
        to_synthetic, to_reference = (nearest(rows, others)[1][:, 0] for others in (synthetic, reference))
        scores.append(np.log(to_reference + CLOSEST) - np.log(to_synthetic + CLOSEST))
    if subjects is not None:
        scores = [_by_subject(each, whose) for each, whose in zip(scores, subjects, strict=True)]
    ours, theirs = scores[0], np.sort(scores[1])
    below = np.searchsorted(theirs, ours, side="left") + np.searchsorted(theirs, ours, side="right")
    auc = float(below.mean() / (2 * len(theirs)))
    m, n = len(ours), len(theirs)
    # Hanley and McNeil (1982); under the null it is the variance of the rank sum test
    both = (m - 1) * (auc / (2 - auc) - auc**2) + (n - 1) * (2 * auc**2 / (1 + auc) - auc**2)
    half = USUAL * float(np.sqrt(max(auc * (1 - auc) + both, 0.0) / (m * n)))
    threshold = theirs[n - 1 - int(FALSE_POSITIVES * n)]
    return Membership(
        auc=auc,
        auc_interval=(max(auc - half, 0.0), min(auc + half, 1.0)),
        tells=bool(auc - 0.5 > STRICT * np.sqrt((m + n + 1) / (12 * m * n))),
        caught=Share(float((ours > threshold).mean()), m),
        alarms=Share(float((theirs > threshold).mean()), n),
    )


def _by_subject(scores: np.ndarray, subjects: Subjects) -> np.ndarray:
    """The mean over each subject's rows: (subjects,)."""
    if subjects.numbers is None:
        return scores
    whose = np.unique(subjects.numbers, return_inverse=True)[1]
    return np.asarray(np.bincount(whose, scores) / np.bincount(whose))


def single_out(
    coding: Coding, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator
) -> tuple[Share, Share]:
    """How often a predicate made from a synthetic row fits exactly one subject of training; and exactly one held out.

    Anonymeter's singling out (Giomi et al. 2023, arXiv:2211.10459). The training rows are looked at in
    parts as large as the holdout, and the shares averaged: among more rows fewer are alone.
    """
    parts, held_out = parts_of(train, holdout, rng, MOST_FOLDS)
    groups = [*parts, held_out]
    rows = np.concatenate([group.values for group in groups])
    rows[np.isnan(rows)] = MISSING
    columns = np.ascontiguousarray(rows.T)
    starts = np.cumsum([0, *map(len, groups)])
    whose = np.arange(len(rows)) if train.numbers is None else np.concatenate([group.subjects.each for group in groups])
    alone: list[list[int]] = [[] for _ in groups]
    predicates = [*_of_one_column(coding, synthetic, rng), *_of_several_columns(coding, synthetic, rng)]
    for predicate in predicates:
        fits = np.ones(len(rows), bool)
        for column, low, high in predicate:
            fits &= (columns[column] >= low) & (columns[column] <= high)
        found = np.flatnonzero(fits)
        ends = np.searchsorted(found, starts)
        for group in np.flatnonzero(np.diff(ends)):
            subjects = whose[found[ends[group] : ends[group + 1]]]
            if (subjects == subjects[0]).all():
                alone[group].append(int(subjects[0]))
    shares = [
        Share(len(hits) / len(predicates), effective_rows(len(predicates), np.array(hits, np.int64))) for hits in alone
    ]
    attack = Share(float(np.mean([s.value for s in shares[:-1]])), float(np.mean([s.rows for s in shares[:-1]])))
    return attack, shares[-1]


def infer_attributes(
    coding: Coding, train: Table, synthetic: Table, holdout: Table, target: str | None, rng: np.random.Generator
) -> tuple[Share, Share]:
    """How often the nearest synthetic row, all columns but one known, has that one right, of training and other rows.

    Anonymeter's attribute inference (Giomi et al. 2023, arXiv:2211.10459), averaged over `SECRETS` columns, the target
    among them. A symbol is right if it is the same, a quantity within `NEAR_RANK` of the ranks.
    """
    secrets = _secrets(coding.names, target)
    victims = min(VICTIMS, len(train), len(holdout))
    sides = (train.sample(victims, rng), holdout.sample(victims, rng))
    known = coding.places(synthetic)
    alone = [replace(coding, columns=(coding.columns[i],)) for i in secrets]
    answers = [one.places(_column(synthetic, i)) for one, i in zip(alone, secrets, strict=True)]
    shares = []
    for side in sides:
        places = coding.places(side)
        cells = [one.places(_column(side, i)) for one, i in zip(alone, secrets, strict=True)]
        right = np.zeros((len(side), len(secrets)))
        for part in _parts(len(side), len(synthetic)):
            squares = _squares(places[part], known)
            for j, (one, cell, answer) in enumerate(zip(alone, cells, answers, strict=True)):
                guess = (squares - _squares(cell[part], answer)).argmin(axis=1)
                off = np.abs(answer[guess] - cell[part]).max(axis=1)
                right[part, j] = off <= (NEAR_RANK * np.sqrt(12) if one.columns[0].is_quantity else 0.0)
        shares.append(share_of(right.mean(axis=1), side.subjects))
    return shares[0], shares[1]


Predicate = list[tuple[int, float, float]]  # the column, from, to


def _of_one_column(coding: Coding, synthetic: Table, rng: np.random.Generator) -> Iterator[Predicate]:
    """Cells that are alone in their column of the synthetic rows, and whatever lies beyond its extremes."""
    cells: list[Predicate] = []
    for i, column in enumerate(coding.columns):
        values = synthetic.values[:, i]
        found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
        cells += [[(i, value, value)] for value in rng.permutation(found[counts == 1])[:PREDICATES].tolist()]
        if column.is_quantity and len(found):
            cells += [[(i, float(found[-1]), np.inf)], [(i, MISSING / 2, float(found[0]))]]
    for number in rng.permutation(len(cells))[:PREDICATES].tolist():
        yield cells[number]


def _of_several_columns(coding: Coding, synthetic: Table, rng: np.random.Generator) -> Iterator[Predicate]:
    """Some cells of one synthetic row: the same symbols, and quantities about as large."""
    width = len(coding.columns)
    for row in synthetic.values[rng.permutation(len(synthetic))[:PREDICATES]]:
        predicate: Predicate = []
        size = int(rng.integers(min(2, width), min(MOST_IN_PREDICATE, width) + 1))
        for i in rng.choice(width, size, replace=False).tolist():
            value = MISSING if np.isnan(row[i]) else float(row[i])
            known = coding.columns[i].sorted_values
            if not coding.columns[i].is_quantity or value == MISSING:
                predicate.append((i, value, value))
                continue
            reach = int(WINDOW * len(known))
            first, last = np.searchsorted(known, value, side="left"), np.searchsorted(known, value, side="right")
            low = known[max(int(first) - reach, 0) : int(first) + 1].min(initial=value)
            high = known[max(int(last) - 1, 0) : int(last) + reach].max(initial=value)
            predicate.append((i, float(low), float(high)))
        yield predicate


def _column(table: Table, number: int) -> Table:
    return replace(table, values=table.values[:, [number]])


def _secrets(names: list[str], target: str | None) -> list[int]:
    """The target and others spread over the table: the same for every synthetic table, so that figures compare."""
    first = [names.index(target)] if target in names else []
    others = [i for i in range(len(names)) if i not in first]
    spread = np.linspace(0, len(others) - 1, min(SECRETS - len(first), len(others))).round().astype(int)
    return first + [others[i] for i in spread.tolist()]


def _parts(rows: int, others: int) -> Iterator[slice]:
    """Some rows at a time, so that `CHUNK` distances to the others are held at once."""
    step = max(CHUNK // others, 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _squares(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances (n, m) between rows (n, width) and others (m, width)."""
    squares: np.ndarray = rows @ others.T
    squares *= -2
    squares += np.einsum("ij,ij->i", others, others)
    squares += np.einsum("ij,ij->i", rows, rows)[:, None]
    return squares


def _between(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distances of rows to the others of their places: (n,). The squares above are too coarse near 0."""
    distances: np.ndarray = np.sqrt(((rows - others) ** 2).sum(axis=1, dtype=np.float64))
    return distances.round(5)
