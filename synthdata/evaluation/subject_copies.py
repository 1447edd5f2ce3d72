"""Subjects copied whole: training subjects at least half of whose own rows are among the synthetic rows.

Few copied subjects among fresh rows are few copied rows, each no stranger than chance; together they are a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synthdata.evaluation.attacks import CHANCE, STRICT, Share, effective_rows, share_of, tail
from synthdata.evaluation.coding import Table
from synthdata.evaluation.scores import Score
from synthdata.subjects import Subjects

__all__ = ["both", "subject_copies"]

FEWEST_ROWS = 3  # of a subject, that nobody else shows
WHOLE = 0.5  # of them
MARGIN = 0.01
LIMIT = f"at most {MARGIN:g} above held-out subjects and no single one beyond chance"


def both(train: Table, holdout: Table | None) -> Subjects:
    """Whose the rows of both are, one after another."""
    if holdout is None or train.numbers is None or holdout.numbers is None:
        return Subjects(len(train) + (0 if holdout is None else len(holdout)), train.numbers if holdout is None else None)
    return Subjects(len(train) + len(holdout), np.concatenate([train.numbers, holdout.numbers]))


@dataclass(frozen=True)
class _Own:
    """Distinct rows that one subject alone shows, of the subjects that have `FEWEST_ROWS` of them.

    whose: (n,) int64. met: (n,) bool, whether it is among the synthetic rows. rows, hits: of each subject, (subjects,).
    """

    whose: np.ndarray
    met: np.ndarray
    rows: np.ndarray
    hits: np.ndarray

    @classmethod
    def of(cls, whose: np.ndarray, met: np.ndarray) -> _Own:
        found, number, rows = np.unique(whose, return_inverse=True, return_counts=True)
        kept = rows >= FEWEST_ROWS
        hits = np.bincount(number, met, minlength=len(found)).astype(np.int64)
        return cls(whose[kept[number]], met[kept[number]], rows[kept], hits[kept])

    @property
    def copied(self) -> np.ndarray:
        """Which subjects are copied whole: (subjects,) bool."""
        return self.hits >= WHOLE * self.rows

    @property
    def share(self) -> Share:
        """Of the subjects that are."""
        return Share(float(self.copied.mean()), len(self.rows))

    @property
    def most(self) -> float:
        """The share of rows that chance may meet at most: of all rows, and of those of any one subject."""
        worth = min(effective_rows(len(self.met), self.whose[self.met]), share_of(self.met, Subjects(len(self.met), self.whose)).rows)
        return max(Share(float(self.met.mean()), worth).interval(STRICT)[1], float((self.hits / self.rows).max()))


def subject_copies(train: Table, synthetic: Table, holdout: Table | None) -> Score:
    """The share of training subjects that are copied whole, beside that of held-out subjects.

    It fails if they are more than held-out ones by more than chance; or if a single one has so many rows among the
    synthetic ones that no subject of the table would by chance, each row met as often as held-out subjects' rows at
    most are (Wilson's upper bound).
    """
    tables = [train] if holdout is None else [train, holdout]
    keys, first, code = np.unique(
        np.concatenate([table.keys for table in tables]), return_index=True, return_inverse=True
    )
    whose = both(train, holdout)
    alone = whose.count(code, len(keys)) == 1
    own, met, in_train = whose.each[first[alone]], np.isin(keys[alone], synthetic.keys), first[alone] < len(train)
    ours, theirs = (_Own.of(own[side], met[side]) for side in (in_train, ~in_train))
    if not len(ours.rows):
        note = f"not measured: no subject has {FEWEST_ROWS} rows that nobody else has"
        return Score.of("subject_copies", None, note=note)
    note = f"{ours.copied.sum():,} of {len(ours.rows):,} subjects"
    if not len(theirs.rows):
        note += "; no held-out subjects to compare with"
        return Score.of("subject_copies", ours.share.value, interval=ours.share.interval(), note=note)
    most = theirs.most
    whole = [tail(hits, rows, most) for hits, rows in zip(ours.hits[ours.copied], ours.rows[ours.copied], strict=True)]
    no_chance = bool(whole) and min(whole) * len(ours.rows) < CHANCE
    above = ours.share.exceeds(theirs.share) and ours.share.value - theirs.share.value > MARGIN
    score = Score.of(
        "subject_copies", ours.share.value, ceiling=theirs.share.value, interval=ours.share.interval(), note=note
    )
    return replace(score, passed=not (no_chance or above), limit=LIMIT)
