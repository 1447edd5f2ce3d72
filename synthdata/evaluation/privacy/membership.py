"""Membership inference: an attacker who has the synthetic rows guesses who was in the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.points import Points, nearest
from synthdata.evaluation.privacy.control import against_control
from synthdata.evaluation.privacy.statistics import STRICT, USUAL, Share
from synthdata.evaluation.score import Score
from synthdata.subjects import Subjects

__all__ = ["membership"]

ATTACKED = 3000  # rows of either side whose membership is inferred
CLOSEST = 0.01  # smaller distances count as equal in a ratio
FALSE_POSITIVE_RATE = 0.01
FEWEST_STRANGERS = 100  # to measure at a false positive rate of 1 %
AUC_LIMIT = 0.53
TPR_MARGIN = 0.005
TOO_FEW = "it needs at least {held} held-out {units} and {train} training {units}"


def membership(
    space: FeatureSpace, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator
) -> tuple[Score, Score]:
    """Membership inference: its AUC, and its true positive rate at a low false positive rate.

    Half of the held-out rows are attacked, the others are the attacker's reference. No subject is on both sides, since
    rows are near to other rows of their subject; and membership is inferred of subjects.
    """
    if holdout.subject_ids is None:
        order = rng.permutation(len(holdout))
        strangers = min(ATTACKED, len(holdout) // 2, len(train))
        attacked, reference = holdout[order[:strangers]], holdout[order[strangers:]]
        members = train.sample(strangers, rng)
    else:
        people = rng.permutation(np.unique(holdout.subject_ids))
        aside = np.isin(holdout.subject_ids, people[: len(people) // 2])
        attacked, reference = holdout[aside].sample_subjects(ATTACKED, rng), holdout[~aside]
        members = train.sample_subjects(ATTACKED, rng)
        strangers = min(attacked.subjects.people, members.subjects.people)
    units = "rows" if holdout.subject_ids is None else "subjects"
    too_few = TOO_FEW.format(held=2 * FEWEST_STRANGERS, train=FEWEST_STRANGERS, units=units)
    if not len(attacked) or not len(reference):
        return Score.unmeasured("membership_auc", too_few), Score.unmeasured("membership_tpr", too_few)
    ours, theirs, made, others = (space.points(side) for side in (members, attacked, synthetic, reference))
    found = _domias(ours, theirs, made, others, (members.subjects, attacked.subjects))
    auc = Score.anchored("membership_auc", {"synthetic": found.auc, "chance": 0.5}, interval=found.auc_interval)
    failed = found.detects and found.auc > AUC_LIMIT
    auc = auc.judged(failed, f"at most {AUC_LIMIT}, or not significantly above 0.5")
    if strangers < FEWEST_STRANGERS:
        return auc, Score.unmeasured("membership_tpr", too_few)
    return auc, against_control("membership_tpr", found.true_positives, found.false_positives, TPR_MARGIN)


@dataclass(frozen=True)
class _Inference:
    """How well the attack distinguishes members from non-members.

    auc_interval: 95 %. detects: whether the AUC is above 0.5 by more than chance. true_positives: members above a
    threshold that `false_positives` of the non-members pass, at most `FALSE_POSITIVE_RATE`.
    """

    auc: float
    auc_interval: tuple[float, float]
    detects: bool
    true_positives: Share
    false_positives: Share


def _domias(
    members: Points,
    strangers: Points,
    synthetic: Points,
    reference: Points,
    subjects: tuple[Subjects, Subjects] | None = None,
) -> _Inference:
    """Infer membership by the ratio of densities: DOMIAS (van Breugel et al. 2023, arXiv:2302.12580).

    A density is estimated as the inverse of the distance to the nearest row. The reference is neither of the attacked
    sides, so that if nothing was memorised, the scores of both have the same distribution. subjects: of members and
    strangers; the score of a subject is the mean over its rows.
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
    threshold = theirs[n - 1 - int(FALSE_POSITIVE_RATE * n)]
    return _Inference(
        auc=auc,
        auc_interval=(max(auc - half, 0.0), min(auc + half, 1.0)),
        detects=bool(auc - 0.5 > STRICT * np.sqrt((m + n + 1) / (12 * m * n))),
        true_positives=Share(float((ours > threshold).mean()), m),
        false_positives=Share(float((theirs > threshold).mean()), n),
    )


def _by_subject(scores: np.ndarray, subjects: Subjects) -> np.ndarray:
    """The mean over each subject's rows: (subjects,)."""
    if subjects.numbers is None:
        return scores
    whose = np.unique(subjects.numbers, return_inverse=True)[1]
    return np.asarray(np.bincount(whose, scores) / np.bincount(whose))
