"""Statistical disclosure control: a report shows nothing that fewer than `THRESHOLD` real subjects have in common.

Rarer labels are merged into one; bars with fewer subjects are joined with their neighbours; edges are round numbers or
whole days, with enough subjects beyond the first and the last; shares that rest on fewer are 0 or 1.
"""

from __future__ import annotations

import math

import numpy as np

from synthdata.evaluation.feature_space import ComparedColumn, Table
from synthdata.evaluation.report import Bars
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["HIDDEN", "bars_of", "missing_share", "shown_labels"]

HIDDEN = "rare or new"
BARS = 30  # of a histogram, approximately
MOST_BARS = 9  # of categories; the rest is "others"
MICROSECONDS_A_DAY = 86_400_000_000


def shown_labels(column: ComparedColumn, train: Table, number: int) -> tuple[str, ...]:
    """The labels of column `number`; those of fewer than `THRESHOLD` training subjects are `HIDDEN`."""
    values = train.values[:, number]
    present = ~np.isnan(values)
    counts = train.subjects[present].count(values[present].astype(np.int64), len(column.labels))
    return tuple(
        label if people >= THRESHOLD else HIDDEN for label, people in zip(column.labels, counts.tolist(), strict=False)
    )


def missing_share(values: np.ndarray, subjects: Subjects) -> float:
    """The share of real cells that are missing; 0 or 1 if it rests on fewer than `THRESHOLD` subjects."""
    missing = np.isnan(values)
    if subjects[missing].people < THRESHOLD:
        return 0.0
    return 1.0 if subjects[~missing].people < THRESHOLD else float(missing.mean())


def bars_of(column: ComparedColumn, real: np.ndarray, synthetic: np.ndarray, subjects: Subjects) -> Bars:
    """Shares of present values, bar by bar: histograms with the same edges, or the most frequent categories.

    subjects: of the real values. No bars if fewer than `THRESHOLD` subjects have a value.
    """
    present = ~np.isnan(real)
    real, subjects, synthetic = real[present], subjects[present], synthetic[~np.isnan(synthetic)]
    if subjects.people < THRESHOLD:
        return Bars((), ())
    if column.is_numeric:
        return _histogram(real, synthetic, subjects, is_time=column.is_time)
    return _labels(column, real.astype(np.int64), synthetic.astype(np.int64), subjects)


def _labels(column: ComparedColumn, real: np.ndarray, synthetic: np.ndarray, subjects: Subjects) -> Bars:
    """The most frequent categories first; the hidden ones last, whose real share is left out if it rests on too few."""
    size = len(column.labels) + 1
    shown = subjects.count(real, size) >= THRESHOLD
    shown[-1] = False
    hidden = ~shown[real]
    kept = real if subjects[hidden].people >= THRESHOLD else real[~hidden]
    shares = [np.bincount(side, minlength=size) / max(len(side), 1) for side in (kept, synthetic)]
    order = np.flatnonzero(shown)
    order = order[np.argsort(-(shares[0] + shares[1])[order], kind="stable")]
    names = [column.labels[k] for k in order.tolist()]
    drawn = [share[order] for share in shares]
    rest = [float(share[~shown].sum()) for share in shares]
    most = MOST_BARS - 1 if any(rest) else MOST_BARS
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} others"]
        drawn = [np.append(share[: most - 1], share[most - 1 :].sum()) for share in drawn]
    if any(rest):
        names.append(HIDDEN)
        drawn = [np.append(share, more) for share, more in zip(drawn, rest, strict=True)]
    return Bars(_rounded(drawn[0]), _rounded(drawn[1]), labels=tuple(names))


def _histogram(real: np.ndarray, synthetic: np.ndarray, subjects: Subjects, *, is_time: bool) -> Bars:
    """Values beyond the ends count in the end bars; no bars if the ends meet."""
    low, high = _ends(real, subjects)
    step = _round_step((high - low) / BARS, MICROSECONDS_A_DAY if is_time else None)
    if not step:
        return Bars((), ())
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last <= first:
        return Bars((), ())
    edges = np.arange(first, last + 1) * step
    bins = [np.clip(np.searchsorted(edges, side, side="right") - 1, 0, last - first - 1) for side in (real, synthetic)]
    kept = _joined(bins[0], subjects, last - first)
    counts = [np.bincount(side, minlength=last - first) / max(len(side), 1) for side in bins]
    drawn = [np.add.reduceat(side, kept[:-1]) for side in counts]
    rounded = edges[kept] if is_time else [float(f"{edge:.10g}") for edge in edges[kept].tolist()]
    return Bars(_rounded(drawn[0]), _rounded(drawn[1]), edges=tuple(map(float, rounded)), is_time=is_time)


def _ends(real: np.ndarray, subjects: Subjects) -> tuple[float, float]:
    """The first and the 99th percentile, moved inwards until `THRESHOLD` subjects lie at or beyond each."""
    order = np.argsort(real, kind="stable")
    far = []
    for way in (order, order[::-1]):
        first = np.unique(subjects.each[way], return_index=True)[1]  # the first row of each subject
        far.append(float(real[way[np.sort(first)[THRESHOLD - 1]]]))
    low, high = np.quantile(real, [0.01, 0.99]).tolist()
    if low == high:  # most rows are equal; the others are what there is to see
        return far[0], far[1]
    return max(low, far[0]), min(high, far[1])


def _round_step(width: float, unit: float | None) -> float:
    """The smallest of 1, 2 and 5 times a power of 10 that is at least `width`, in whole units; 0 without a width."""
    if width <= 0 or not math.isfinite(width):
        return 0.0
    width = width if unit is None else max(width / unit, 1.0)
    power = 10.0 ** math.floor(math.log10(width))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= width * (1 - 1e-9)) * (unit or 1)


def _joined(bins: np.ndarray, subjects: Subjects, size: int) -> np.ndarray:
    """The edges to keep, so that each bar has at least `THRESHOLD` real subjects: ascending, with the first and last.

    Empty bars are joined too: an empty bar would show where the few values beside it are.
    """
    pairs = np.unique(np.stack([bins, subjects.each]), axis=1)
    ends = np.searchsorted(pairs[0], np.arange(size), side="right")
    kept, start, seen = [0], 0, set[int]()
    for number, end in enumerate(ends.tolist()):
        seen |= set(pairs[1, start:end].tolist()) if len(seen) < THRESHOLD else set()
        start = end
        if len(seen) >= THRESHOLD:
            kept.append(number + 1)
            seen = set()
    kept[-1] = size  # the remainder belongs to the last bar
    return np.array(kept) if len(kept) > 1 else np.array([0, size])


def _rounded(shares: np.ndarray) -> tuple[float, ...]:
    return tuple(np.round(shares, 5).tolist())
