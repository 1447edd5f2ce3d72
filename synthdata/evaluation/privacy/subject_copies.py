"""Subjects copied whole: training subjects at least half of whose own rows are among the synthetic rows.

A few copied subjects are few copied rows, each of which may be chance; together they are a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthdata.evaluation.feature_space import Table
from synthdata.evaluation.privacy.copies import subjects_of_both
from synthdata.evaluation.privacy.statistics import CHANCE, STRICT, Share, effective_rows, share_of, tail
from synthdata.evaluation.score import Score
from synthdata.subjects import Subjects

__all__ = ["subject_copies"]

FEWEST_ROWS = 3  # of a subject, that nobody else has
WHOLE = 0.5  # of them
RECOMBINED = 1000  # rows that are made of a subject's cells, to see how many are met by chance
MARGIN = 0.01
LIMIT = f"at most {MARGIN:g} above held-out subjects and no single one beyond chance"


@dataclass(frozen=True)
class _Own:
    """Distinct rows that one subject alone has, of the subjects that have `FEWEST_ROWS` of them.

    whose: (n,) int64. met: (n,) bool, whether it is among the synthetic rows. subjects, rows, hits: (subjects,), the
    number of each subject, how many such rows it has, and how many of them are met.
    """

    whose: np.ndarray
    met: np.ndarray
    subjects: np.ndarray
    rows: np.ndarray
    hits: np.ndarray

    @classmethod
    def of(cls, whose: np.ndarray, met: np.ndarray) -> _Own:
        found, number, rows = np.unique(whose, return_inverse=True, return_counts=True)
        kept = rows >= FEWEST_ROWS
        hits = np.bincount(number, met, minlength=len(found)).astype(np.int64)
        return cls(whose[kept[number]], met[kept[number]], found[kept], rows[kept], hits[kept])

    @property
    def copied(self) -> np.ndarray:
        """Which subjects are copied whole: (subjects,) bool."""
        return self.hits >= WHOLE * self.rows

    @property
    def share(self) -> Share:
        """The share of subjects that are."""
        return Share(float(self.copied.mean()), len(self.rows))

    @property
    def most(self) -> float:
        """A bound of the share of rows that chance meets: of subjects with any row that is met, if there are any.

        If one row of a subject is met, others are likely to be: they are similar.
        """
        among = np.isin(self.whose, self.whose[self.met]) if self.met.any() else np.ones(len(self.met), bool)
        met, whose = self.met[among], self.whose[among]
        worth = min(effective_rows(len(met), whose[met]), share_of(met, Subjects(len(met), whose)).rows)
        return max(Share(float(met.mean()), worth).interval(STRICT)[1], float((self.hits / self.rows).max()))


class _Chance:
    """How often rows are met that could have been a subject's, but are not: what few possible rows explain.

    Such rows are a subject's cells, shuffled between its rows; and its constant cells with the rest of others' rows.
    """

    def __init__(self, train: Table, synthetic: Table) -> None:
        self.train, self.values = train, _filled(train.values)
        self.known = set(map(bytes, _filled(synthetic.values)))

    def of(self, subject: int, rng: np.random.Generator) -> float:
        """An upper bound of the share of a subject's rows that chance meets; 1 if it has all possible rows."""
        is_own = self.train.subjects.each == subject
        own, others = self.values[is_own], self.values[~is_own]
        drawn = [rng.permuted(np.resize(own, (RECOMBINED, own.shape[1])), axis=0)]
        if len(others):
            rest = others[rng.integers(len(others), size=RECOMBINED)]
            drawn.append(np.where((own == own[0]).all(axis=0), own[0], rest))
        mine = set(map(bytes, own))
        shares = []
        for rows in drawn:
            made = [row for row in map(bytes, rows) if row not in mine]
            if len(set(made)) >= FEWEST_ROWS:
                met = sum(row in self.known for row in made) / len(made)
                shares.append(Share(met, len(set(made))).interval(STRICT)[1])
        return max(shares, default=1.0)


def _filled(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.where(np.isnan(values), np.inf, values + 0.0))


def subject_copies(train: Table, synthetic: Table, holdout: Table | None, rng: np.random.Generator) -> Score:
    """The share of training subjects that are copied whole, against that of held-out subjects.

    It fails if it is above the latter by more than chance; or if a single subject has more rows among the synthetic
    ones than chance explains for any subject of the table, if each row is met as often as held-out subjects' rows are
    (Wilson's upper bound), or as rows that could have been the subject's.
    """
    tables = [train] if holdout is None else [train, holdout]
    keys, first, code = np.unique(
        np.concatenate([table.keys for table in tables]), return_index=True, return_inverse=True
    )
    whose = subjects_of_both(train, holdout)
    alone = whose.count(code, len(keys)) == 1
    own, met, in_train = whose.each[first[alone]], np.isin(keys[alone], synthetic.keys), first[alone] < len(train)
    ours, theirs = (_Own.of(own[side], met[side]) for side in (in_train, ~in_train))
    if not len(ours.rows):
        note = f"no subject has {FEWEST_ROWS} rows that nobody else has"
        return Score.unmeasured("subject_copies", note)
    note = f"{ours.copied.sum():,} of {len(ours.rows):,} subjects"
    if not len(theirs.rows):
        note += "; no held-out subjects to compare with"
        return Score.of("subject_copies", ours.share.value, interval=ours.share.interval(), note=note)
    suspects = zip(ours.subjects[ours.copied], ours.hits[ours.copied], ours.rows[ours.copied], strict=True)
    beyond = CHANCE / len(ours.rows)
    most, chance = theirs.most, _Chance(train, synthetic)
    no_chance = any(
        tail(hits, rows, most) < beyond and tail(hits, rows, max(most, chance.of(subject, rng))) < beyond
        for subject, hits, rows in suspects
    )
    above = ours.share.exceeds(theirs.share) and ours.share.value - theirs.share.value > MARGIN
    values = {"synthetic": ours.share.value, "holdout": theirs.share.value}
    score = Score.anchored("subject_copies", values, interval=ours.share.interval(), note=note)
    return score.judged(no_chance or above, LIMIT)
