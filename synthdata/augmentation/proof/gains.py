"""Gains: what augmentation changes in an estimator's metric, for many candidates on the same held-out rows.

All candidates predict the same rows, so that a gain is a paired difference. Its interval is a bootstrap over these
rows; with several folds, the variance of the gain between folds beyond that is added, as in the random-effects mean
(DerSimonian and Laird 1986). Intervals are simultaneous, wide enough for all of them to hold at once (max-t: Hothorn,
Bretz and Westfall 2008, section 3), so that the best candidate may be selected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from synthdata.augmentation.proof.resampled_metrics import RESAMPLED, resampled

__all__ = ["LABELS", "Candidate", "Gains", "Line", "Predictions", "measure_gains"]

Kind = Literal["nothing", "simple", "transforms", "generated"]
RESAMPLES = 400
CONFIDENCE = 0.95
LABELS = {"auc": "AUC", "average_precision": "average precision", "balanced_accuracy": "balanced accuracy", "r2": "R²"}


@dataclass(frozen=True)
class Candidate:
    """One way to change the training rows.

    rows: how many it adds to the whole table. note: why it was not measured, or a remark.
    """

    label: str
    kind: Kind
    rows: int = 0
    note: str = ""


@dataclass(frozen=True)
class Predictions:
    """Predictions of one set of held-out rows.

    truth: (n,), codes of classes, the rarer of two being 1, or numbers. predicted: by the candidates' labels,
    probabilities (n, classes) or numbers (n,). groups: (n,) codes of a sensitive column; empty without one.
    subjects: (n,) the subject of each row; None if each row is its own.
    """

    truth: np.ndarray
    predicted: Mapping[str, np.ndarray]
    groups: np.ndarray = field(default_factory=lambda: np.empty(0))
    subjects: np.ndarray | None = None


@dataclass(frozen=True)
class Line:
    """One candidate, and its gain.

    kind: "simple" needs no generator (class weights, oversampling, SMOTE); "transforms" are augmented copies of real
    rows. rows: how many it adds to the whole table. score: the metric, mean over the folds; None if not measured.
    gain: the score minus that of doing nothing. interval: of the gain, simultaneous over all lines. also: other metrics
    by name. note: why it was not measured, or a remark.
    """

    label: str
    kind: Kind
    rows: int = 0
    score: float | None = None
    gain: float | None = None
    interval: tuple[float, float] | None = None
    also: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Gains:
    """The gains of all candidates, as `prove` measured them.

    A gain is the difference of a candidate's score from that of doing nothing, on the same held-out rows. The intervals
    hold together, so that the best candidate may be picked from them.

    Attributes
    ----------
    name : str
        Of the schema.
    target : str
        The column that is predicted.
    estimator : str
        Its import path.
    metric : str
        What `score` of a line is, in words; higher is better.
    rows : int
        How many real rows there are; each is held out once.
    folds : int
        Of the cross-validation.
    confidence : float
        That of all intervals together, 0.95 say.
    lines : tuple of Line
        One for each candidate, doing nothing first: `label`, `kind`, `rows` added, `score`, `gain`, `interval`, other
        metrics in `also`, and a `note` that says why it was not measured.
    seconds : float
        How long it took.

    See Also
    --------
    write_gains : the gains as a page and as JSON.

    Notes
    -----
    An interval is a bootstrap over the held-out rows, of whole subjects if they have several; with several folds, the
    variance of the gain between folds beyond that is added, as in the random-effects mean (DerSimonian and Laird 1986,
    Controlled Clinical Trials 7). Intervals are simultaneous by the max-t method (Hothorn, Bretz and Westfall 2008,
    Biometrical Journal 50, section 3).

    Examples
    --------
    >>> from synthdata import Gains
    >>> from synthdata.augmentation import Line
    >>> nothing = Line("nothing", "nothing", score=0.70)
    >>> doubled = Line("vae, 2 times the rows", "generated", rows=40, score=0.75, gain=0.05, interval=(0.01, 0.09))
    >>> gains = Gains("wards", "sick", "sklearn.svm.SVC", "AUC", 40, 5, 0.95, (nothing, doubled))
    >>> gains.best.label, gains.helps
    ('vae, 2 times the rows', True)

    """

    name: str
    target: str
    estimator: str
    metric: str
    rows: int
    folds: int
    confidence: float
    lines: tuple[Line, ...]
    seconds: float = 0.0

    @property
    def best(self) -> Line | None:
        """The candidate with the highest score among those that add rows; among those shown to help, if any is."""
        shown = tuple(line for line in self.lines if line.interval is not None and line.interval[0] > 0)
        kinds: tuple[Kind, ...] = ("generated", "transforms")
        return _highest(shown, kinds) or _highest(self.lines, kinds)

    @property
    def simplest(self) -> Line | None:
        """The best candidate without a generator."""
        return _highest(self.lines, ("simple",))

    @property
    def helps(self) -> bool:
        """Whether the interval of the best candidate lies above zero."""
        return self.best is not None and self.best.interval is not None and self.best.interval[0] > 0

    def to_json(self) -> dict[str, Any]:
        """The gains as plain JSON."""
        best = self.best
        return {**asdict(self), "best": best.label if best else None, "helps": self.helps}


def _highest(lines: tuple[Line, ...], kinds: tuple[Kind, ...]) -> Line | None:
    found = [line for line in lines if line.kind in kinds and line.score is not None]
    return max(found, key=lambda line: line.score or 0.0, default=None)


def measure_gains(
    candidates: Sequence[Candidate],
    trials: Sequence[Predictions],
    metric: str,
    *,
    same_rows: bool = False,
    seed: int = 0,
) -> tuple[Line, ...]:
    """Compare candidates with the first of them, doing nothing.

    trials: one for each fold; or, with `same_rows`, repetitions that predict the same rows. metric: a name in `LABELS`.
    """
    tried = [one for one in candidates if all(one.label in trial.predicted for trial in trials)]
    rng = np.random.default_rng([seed, 11])
    scores, drawn = [], []  # (folds, tried), (folds, resamples, tried)
    weights = None
    for trial in trials:
        if weights is None or not same_rows:
            weights = _weights(trial, "r2" not in metric, rng)
        once = np.ones((1, len(trial.truth)))
        predicted = [trial.predicted[one.label] for one in tried]
        scores.append([resampled(metric, once, trial.truth, each)[0] for each in predicted])
        drawn.append(np.stack([resampled(metric, weights, trial.truth, each) for each in predicted], axis=1))
    score, resample = np.array(scores), np.array(drawn)
    intervals = _intervals(score - score[:, :1], resample - resample[:, :, :1], same_rows)
    lines = {}
    for number, one in enumerate(tried):
        mean = float(score[:, number].mean())
        gain, interval = (None, None) if not number else (float(mean - score[:, 0].mean()), intervals[number])
        lines[one.label] = Line(
            one.label, one.kind, one.rows, mean, gain, interval, _also(trials, one.label, metric), one.note
        )
    return tuple(lines.get(one.label, Line(one.label, one.kind, one.rows, note=one.note)) for one in candidates)


def _weights(trial: Predictions, has_classes: bool, rng: np.random.Generator) -> np.ndarray:
    """How often each row is in each resample, (RESAMPLES, n).

    Each class keeps its number of rows; if subjects have several rows, whole subjects are resampled.
    """
    truth = trial.truth
    if trial.subjects is not None:
        _, number = np.unique(trial.subjects, return_inverse=True)
        count = int(number.max()) + 1
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
        return np.asarray(drawn[:, number], np.int16)
    weights = np.zeros((RESAMPLES, len(truth)), np.int16)
    for code in np.unique(truth) if has_classes else [None]:
        rows = np.arange(len(truth)) if code is None else np.flatnonzero(truth == code)
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES)
    return weights


def _intervals(gains: np.ndarray, drawn: np.ndarray, same_rows: bool) -> list[tuple[float, float]]:
    """Simultaneous intervals of mean gains: gains (folds, tried), drawn (folds, resamples, tried)."""
    folds, mean = len(gains), gains.mean(axis=0)
    moved = drawn.mean(axis=0) - drawn.mean(axis=(0, 1))  # (resamples, tried)
    by_rows = moved.var(axis=0)
    between = gains.var(axis=0, ddof=1) if folds > 1 else np.zeros(len(mean))
    expected = np.zeros(len(mean)) if same_rows else drawn.var(axis=1).mean(axis=0)
    error = np.sqrt(by_rows + np.maximum(between - expected, 0.0) / folds)
    own = np.sqrt(by_rows)
    largest = np.abs(np.divide(moved, own, out=np.zeros_like(moved), where=own > 0)).max(axis=1)
    reach = max(float(np.quantile(largest, CONFIDENCE)), 1.96) * error
    return [(float(middle - far), float(middle + far)) for middle, far in zip(mean, reach, strict=True)]


def _also(trials: Sequence[Predictions], label: str, metric: str) -> dict[str, float]:
    """The other metrics, means of the trials; with a sensitive column, the fairness metrics of its groups."""
    names = [name for name in RESAMPLED if (name == "r2") == (metric == "r2") and name != metric]
    result = {}
    for name in names:
        each = [resampled(name, np.ones((1, len(one.truth))), one.truth, one.predicted[label])[0] for one in trials]
        result[LABELS[name]] = float(np.mean(each))
    if metric != "r2" and all(len(one.groups) for one in trials):
        predicted = [(one.predicted[label].argmax(axis=1), one.truth, one.groups) for one in trials]
        differences = [parity(found, groups) for found, _, groups in predicted]
        result["demographic parity difference"] = float(np.mean(differences))
        result["equalised odds difference"] = float(np.mean([odds(*one) for one in predicted]))
    return result


def parity(classes: np.ndarray, groups: np.ndarray) -> float:
    """Demographic parity difference: the largest difference between groups in the share of a class.

    classes: codes of classes (n,), predicted or true. groups: codes (n,). The largest of all classes. Agarwal et al.
    2018 (arXiv:1803.02453, definition 1).
    """
    shares = [[(classes[groups == group] == code).mean() for group in np.unique(groups)] for code in np.unique(classes)]
    return float(max((max(each) - min(each) for each in shares), default=0.0))


def odds(classes: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> float:
    """Equalised odds difference: the largest parity difference among rows of one true class (definition 2)."""
    return max((parity(classes[truth == code], groups[truth == code]) for code in np.unique(truth)), default=0.0)
