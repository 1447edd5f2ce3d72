"""Shares with the number of independent rows they rest on: intervals, tests, and what chance explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from synthdata.subjects import Subjects

__all__ = ["CHANCE", "STRICT", "USUAL", "Share", "effective_rows", "improbable", "share_of", "tail"]

USUAL = NormalDist().inv_cdf(0.975)  # for the 95 % intervals that are shown
CHANCE = 0.001 / 7  # of a false alarm of one metric: for seven together, Bonferroni's bound is 1 in 1000
STRICT = NormalDist().inv_cdf(1 - CHANCE)


@dataclass(frozen=True)
class Share:
    """A share of rows, with its effective number of independent rows, which need not be whole."""

    value: float
    rows: float

    def interval(self, z: float = USUAL) -> tuple[float, float]:
        """Wilson's (1927) confidence interval, which holds for shares near 0 and 1 too."""
        middle = (self.value + z * z / (2 * self.rows)) / (1 + z * z / self.rows)
        spread = np.sqrt(self.value * (1 - self.value) / self.rows + (z / (2 * self.rows)) ** 2)
        half = z * float(spread) / (1 + z * z / self.rows)
        # it contains the value, which rounding may hide at 0 and 1
        return max(min(middle - half, self.value), 0.0), min(max(middle + half, self.value), 1.0)

    def exceeds(self, control: Share) -> bool:
        """Whether it is above the control by more than chance: the one-sided pooled test of two proportions."""
        pooled = (self.value * self.rows + control.value * control.rows) / (self.rows + control.rows)
        error = np.sqrt(pooled * (1 - pooled) * (1 / self.rows + 1 / control.rows))
        return bool(self.value - control.value > STRICT * error)


def effective_rows(rows: int, sources: np.ndarray) -> float:
    """The effective number of independent rows, if hits among `rows` have real subjects `sources`, one for each hit.

    A subject that several synthetic rows hit is one event, not several: Kish's (1965) design effect.
    """
    if not len(sources):
        return float(rows)
    counts = np.unique(sources, return_counts=True)[1].astype(np.float64)
    return float(rows * counts.sum() / (counts**2).sum())


def share_of(values: np.ndarray, subjects: Subjects) -> Share:
    """The mean of values in [0, 1], one for each real row; its rows are those at which a share would vary as much.

    Rows of one subject are clustered: the cluster-robust variance of the mean (Liang and Zeger 1986), increased for few
    subjects by the ratio of Student's quantile to the normal one.
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
    """The effective number of subjects, if they had equally many rows (Kish 1965)."""
    rows = np.unique(subjects.each, return_counts=True)[1].astype(np.float64)
    return float(rows.sum() ** 2 / (rows**2).sum())


def _student(freedom: float) -> float:
    """The quantile of Student's distribution for the probability of `STRICT`."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    return float(stdtrit(max(freedom, 1.0), 1 - CHANCE))


def improbable(hits: float, rows: float, share: float) -> bool:
    """Whether so many hits or more are less likely than `CHANCE`, if each row is one with probability `share`."""
    return tail(hits, rows, share) < CHANCE


def tail(hits: float, rows: float, share: float) -> float:
    """The probability of so many hits or more, if each row is one with probability `share`; rounded up."""
    n, least = math.ceil(rows - 1e-9), math.floor(hits + 1e-9)
    if least <= 0 or share >= 1:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])  # logarithms of factorials
    k = np.arange(least, n + 1)
    terms = logs[n] - logs[k] - logs[n - k] + k * math.log(share) + (n - k) * math.log1p(-share)
    return float(np.exp(terms).sum())
