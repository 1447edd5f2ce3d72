"""Synthetic rows that equal a training row."""

from __future__ import annotations

import numpy as np

from synthdata.evaluation.feature_space import Table
from synthdata.evaluation.privacy.statistics import Share, effective_rows, improbable, share_of
from synthdata.evaluation.score import Score
from synthdata.subjects import Subjects

__all__ = ["UNCOMPARED", "copies", "subjects_of_both"]

MARGIN = 0.001  # above held-out rows: what is large enough to matter
LIMIT_ALONE = 0.02  # of a table whose rows hardly repeat, without held-out rows
UNCOMPARED = "no holdout rows to compare with"


def copies(train: Table, synthetic: Table, holdout: Table | None) -> Score:
    """Share of synthetic rows that equal a training row, against the share of held-out rows that do.

    A generator that prefers common rows meets training rows more often than held-out rows do, and held-out rows just as
    often. So the score fails only if, in addition, synthetic rows that equal a real row of one subject alone equal more
    training than held-out rows for their numbers.
    """
    if holdout is None:
        return _uncompared(train, synthetic)
    attack, control = _copied(synthetic, train), _copied(holdout, train)
    keys, first, code = np.unique(np.concatenate([train.keys, holdout.keys]), return_index=True, return_inverse=True)
    whose = subjects_of_both(train, holdout)
    alone = whose.count(code, len(keys)) == 1
    once, in_train, subjects = keys[alone], first[alone] < len(train), whose.each[first[alone]]
    place = np.minimum(np.searchsorted(once, synthetic.keys), max(len(once) - 1, 0))
    met = place[once[place] == synthetic.keys] if len(once) else np.empty(0, np.int64)
    worth = effective_rows(len(met), subjects[met])
    ours = worth * float(in_train[met].mean()) if len(met) else 0.0
    by_rows = train.subject_ids is None or not len(once)
    odds = len(train) / (len(train) + len(holdout)) if by_rows else float(in_train.mean())
    copied = len(met) > 0 and improbable(ours, worth, odds)
    failed = copied and attack.exceeds(control) and attack.value - control.value > MARGIN
    score = Score.anchored("copies", {"synthetic": attack.value, "holdout": control.value}, interval=attack.interval())
    return score.judged(failed, f"at most {MARGIN:g} above held-out rows, or not significant")


def _uncompared(train: Table, synthetic: Table) -> Score:
    """Without held-out rows, only many copies in a table whose rows hardly repeat are a sign of memorisation."""
    share = _copied(synthetic, train)
    score = Score.of("copies", share.value, interval=share.interval(), note=UNCOMPARED)
    distinct = len(np.unique(train.keys))
    repeated = train.subjects.count(np.unique(train.keys, return_inverse=True)[1], distinct).sum()
    if distinct < 0.99 * repeated or share.value <= LIMIT_ALONE:
        return score
    return score.judged(True, f"at most {LIMIT_ALONE:g} in a table whose rows hardly repeat")


def _copied(rows: Table, train: Table) -> Share:
    hit = np.isin(rows.keys, train.keys)
    if train.subject_ids is None:
        return Share(float(hit.mean()), effective_rows(len(rows), rows.keys[hit]))
    keys, first = np.unique(train.keys, return_index=True)
    worth = effective_rows(len(rows), train.subject_ids[first[np.searchsorted(keys, rows.keys[hit])]])
    return Share(float(hit.mean()), min(worth, share_of(hit, rows.subjects).rows))


def subjects_of_both(train: Table, holdout: Table | None) -> Subjects:
    """The subjects of the training rows followed by the held-out rows."""
    if holdout is None or train.subject_ids is None or holdout.subject_ids is None:
        rows = len(train) + (0 if holdout is None else len(holdout))
        return Subjects(rows, train.subject_ids if holdout is None else None)
    return Subjects(len(train) + len(holdout), np.concatenate([train.subject_ids, holdout.subject_ids]))
