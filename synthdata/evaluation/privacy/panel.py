"""Is it safe: how near synthetic rows come to the training rows, and what they tell of them.

Every measure is held against the same taken from held-out rows, so that what any good
sample of the population would show is not called a leak; and fails only for what is both beyond chance (the panel as a
whole raises one false alarm in 1000) and large enough to matter. That rests on train and holdout being drawn alike: a
holdout of another time or place tells less. Where the schema names a subject, everything is split and counted by
subject. Nothing here is a guarantee: what no attack looks for stays unseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from synthdata.evaluation.features import Coding, Table
from synthdata.evaluation.privacy.attacks import (
    ATTACKED,
    STRICT,
    Share,
    effective_rows,
    improbable,
    infer_attributes,
    infer_membership,
    nearest,
    parts_of,
    share_of,
    single_out,
)
from synthdata.evaluation.privacy.subject_copies import both, subject_copies
from synthdata.evaluation.report import Curve, Score

__all__ = ["NAMES", "NO_HOLDOUT", "UNCOMPARED", "dcr_share", "privacy"]

FEWEST_HELD_OUT = 50  # rows of a holdout to measure against
FEWEST_SUBJECTS = 20  # that they are of
TRAIN_ROWS = 50_000  # that are looked at; copies are counted over all
HOLDOUT_ROWS = 10_000
SYNTHETIC_ROWS = 10_000  # among which near-copies are sought
DCR_ROWS = 5000
KNOWN_ROWS = 15_000  # synthetic rows an attacker searches
FEWEST_STRANGERS = 100  # to speak of a false positive rate of 1 %
RARE = 5  # a symbol that fewer training subjects show is rare
MUCH_NEARER = 0.1  # of the distance to the second nearest real row
REACH = 5.0  # standard deviations, beyond which quantities are alike
CURVE_ROWS = 2000
POINTS = 200  # of a curve

# what is large enough to matter, beyond chance
COPIES_MARGIN = 0.001
COPIES_ALONE = 0.02
DCR_LIMIT = 0.52
NNDR_LIMIT = 0.002
AUC_LIMIT = 0.53
TPR_MARGIN = 0.005
RARE_MARGIN = 0.05
RISK_LIMIT = 0.01

NO_HOLDOUT = "not measured: no holdout rows"
TOO_FEW = (
    f"not measured: fewer than {2 * FEWEST_STRANGERS} held-out rows, or {FEWEST_STRANGERS} training rows (of subjects, "
    f"where the schema names them)"
)
UNCOMPARED = "no holdout rows to compare with"
NAMES = (
    "copies",
    "dcr_share",
    "nndr",
    "membership_auc",
    "membership_tpr",
    "singling_out",
    "attribute_inference",
    "rare_values",
)


def privacy(
    coding: Coding,
    train: Table,
    synthetic: Table,
    holdout: Table | None,
    *,
    target: str | None,
    rng: np.random.Generator,
) -> tuple[list[Score], list[Curve]]:
    """The privacy panel, and the distribution functions of the distances to the nearest training row.

    copies and rare values are counted over all rows, the rest looks at some. Without `FEWEST_HELD_OUT` held-out rows
    only these two are measured, and of copies nothing is said. Subjects copied whole are sought where the schema names
    one. Fresh rows of the population pass all; so does a
    generator that is poor, or repeats itself, if it is no nearer to training rows than to others.
    """
    if not (len(train) and len(synthetic) and coding.columns):
        return [Score.of(name, None, note="not measured: no rows or no columns to compare") for name in NAMES], []
    why = NO_HOLDOUT
    if holdout is not None and holdout.subjects.people < FEWEST_SUBJECTS <= len(holdout):
        holdout, why = None, f"not measured: fewer than {FEWEST_SUBJECTS} held-out subjects"
    elif holdout is not None and len(holdout) < FEWEST_HELD_OUT:
        holdout = None
    whole = [] if train.numbers is None else [subject_copies(train, synthetic, holdout, rng)]
    some, known = train.sample_subjects(TRAIN_ROWS, rng), synthetic.sample(KNOWN_ROWS, rng)
    drawn = known.sample(SYNTHETIC_ROWS, rng)
    rare = _rare_values(coding, train, synthetic, holdout, rng)
    curves = [_distances("synthetic", coding, drawn, some, rng)]
    if holdout is None:
        told = {"copies": _copies_alone(train, synthetic), rare.name: rare}
        return [*(told.get(name, Score.of(name, None, note=why)) for name in NAMES), *whole], curves
    kept = holdout.sample_subjects(HOLDOUT_ROWS, rng)
    scores = [
        _copies(train, synthetic, holdout),
        _dcr_share(coding, some, drawn.sample(DCR_ROWS, rng), kept, rng),
        _nndr(coding, some, drawn, kept),
        *_membership(coding, some, known, kept, rng),
        _singling_out(coding, some, known, kept, rng),
        _attribute_inference(coding, some, known, kept, target, rng),
        rare,
        *whole,
    ]
    return scores, [*curves, _distances("held-out", coding, kept, some, rng)]


def _copies(train: Table, synthetic: Table, holdout: Table) -> Score:
    """Synthetic rows that equal a training row, against held-out rows that do.

    A generator that prefers common rows meets training rows more often than the holdout does, and held-out rows just
    as often. So it fails only if, besides, of the rows that one real subject alone shows, more meet a training row than
    the training rows' part of the real ones explains.
    """
    attack, control = _copied(synthetic, train), _copied(holdout, train)
    keys, first, code = np.unique(np.concatenate([train.keys, holdout.keys]), return_index=True, return_inverse=True)
    whose = both(train, holdout)
    alone = whose.count(code, len(keys)) == 1
    once, in_train, subjects = keys[alone], first[alone] < len(train), whose.each[first[alone]]
    place = np.minimum(np.searchsorted(once, synthetic.keys), max(len(once) - 1, 0))
    met = place[once[place] == synthetic.keys] if len(once) else np.empty(0, np.int64)
    worth = effective_rows(len(met), subjects[met])
    ours = worth * float(in_train[met].mean()) if len(met) else 0.0
    by_rows = train.numbers is None or not len(once)
    odds = len(train) / (len(train) + len(holdout)) if by_rows else float(in_train.mean())
    copied = len(met) > 0 and improbable(ours, worth, odds)
    failed = copied and attack.exceeds(control) and attack.value - control.value > COPIES_MARGIN
    limit = f"at most {COPIES_MARGIN:g} above held-out rows, or within chance"
    score = Score.of("copies", attack.value, ceiling=control.value, interval=attack.interval())
    return _judged(score, failed, limit)


def _copies_alone(train: Table, synthetic: Table) -> Score:
    """Without held-out rows only so much can be said: where training rows hardly repeat, many copies are no chance."""
    share = _copied(synthetic, train)
    score = Score.of("copies", share.value, interval=share.interval(), note=UNCOMPARED)
    distinct = len(np.unique(train.keys))
    repeated = train.subjects.count(np.unique(train.keys, return_inverse=True)[1], distinct).sum()
    if distinct < 0.99 * repeated or share.value <= COPIES_ALONE:
        return score
    return _judged(score, True, f"at most {COPIES_ALONE:g} in a table whose rows hardly repeat")


def _copied(rows: Table, train: Table) -> Share:
    hit = np.isin(rows.keys, train.keys)
    if train.numbers is None:
        return Share(float(hit.mean()), effective_rows(len(rows), rows.keys[hit]))
    keys, first = np.unique(train.keys, return_index=True)
    worth = effective_rows(len(rows), train.numbers[first[np.searchsorted(keys, rows.keys[hit])]])
    return Share(float(hit.mean()), min(worth, share_of(hit, rows.subjects).rows))


def _dcr_share(coding: Coding, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator) -> Score:
    """Of all training rows, in parts as large as the holdout."""
    parts, held_out = parts_of(train, holdout, rng)
    placed = [(coding.places(part), part.subjects.each) for part in (*parts, held_out)]
    return dcr_share("dcr_share", coding.places(synthetic), placed[:-1], placed[-1])


Placed: TypeAlias = tuple[
    np.ndarray, np.ndarray
]  # places (n, width) of real rows, and the number of each one's subject


def dcr_share(name: str, rows: np.ndarray, parts: Sequence[Placed], held_out: Placed) -> Score:
    """The share of synthetic rows nearer to a training than to a held-out row, of as many of either, as score `name`.

    Distance to the closest record: Platzer and Reutterer 2021 (arXiv:2104.00635). It sees a leak of many rows, not of
    few. The training rows come in parts, whose shares are averaged. rows: places (n, width).
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
    limit = f"at most {DCR_LIMIT}, or within chance of .5"
    return _judged(Score.of(name, share.value, ceiling=0.5, interval=share.interval()), failed, limit)


def _nndr(coding: Coding, train: Table, synthetic: Table, holdout: Table) -> Score:
    """The share of synthetic rows that are near-copies of a training row, beyond chance.

    A row is one of a real row that is `MUCH_NEARER` than the second nearest (the distance ratio of Zhao et al. 2021,
    arXiv:2102.08369). If nothing was copied, training and held-out rows have near-copies in proportion to their
    numbers; what training rows have above that is the value. Rows that are few or alike do not raise it.
    """
    rows, ours, theirs = (_in_deviations(coding, table) for table in (synthetic, train, holdout))
    (first, near), (other, away) = nearest(rows, ours), nearest(rows, theirs)
    two = np.sort(np.hstack([near, away]), axis=1)[:, :2]
    first, other = train.subjects.each[first], holdout.subjects.each[other]
    source = np.where(near[:, 0] < away[:, 0], first, -1 - other)[two[:, 0] < MUCH_NEARER * two[:, 1]]
    odds = len(train) / len(holdout)
    worth = effective_rows(len(rows), source)
    hit, missed = (Share(float(side.sum() / len(rows)), worth) for side in (source >= 0, source < 0))
    value = hit.value - odds * missed.value
    failed = value > NNDR_LIMIT and improbable(worth * hit.value, worth * (hit.value + missed.value), odds / (1 + odds))
    (low, high), (least, most) = hit.interval(), missed.interval()  # joined after Zou and Donner (2008)
    down = math.hypot(hit.value - low, odds * (most - missed.value))
    up = math.hypot(high - hit.value, odds * (missed.value - least))
    score = Score.of("nndr", value, ceiling=0.0, interval=(value - down, value + up))
    return _judged(score, failed, f"at most {NNDR_LIMIT:g}, or within chance")


def _in_deviations(coding: Coding, table: Table) -> np.ndarray:
    """Places whose quantities are in standard deviations: (n, width) float32.

    Noise that is small beside a quantity's spread may move its rank by much, as from 0 where most rows are 0.
    """
    symbols = replace(coding, columns=tuple(column for column in coding.columns if not column.is_quantity))
    parts = [symbols.places(replace(table, values=table.values[:, coding.are_symbols]))]
    for i in np.flatnonzero(~coding.are_symbols):
        known, values = coding.columns[i].sorted_values, table.values[:, i]
        middle = known[len(known) // 1000 : len(known) - len(known) // 1000]  # no outlier stretches the axis
        place = np.clip((values - middle.mean()) / (middle.std() or 1.0), -REACH, REACH)
        parts.append(np.stack([np.nan_to_num(place), np.isnan(values)], axis=1).astype(np.float32))
    return np.hstack(parts)


def _membership(
    coding: Coding, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator
) -> tuple[Score, Score]:
    """Membership inference; half of the held-out rows are attacked, the others are the attacker's reference.

    No subject is on both sides, since rows lie near to others of their subject; and who was in training is asked of
    subjects.
    """
    if holdout.numbers is None:
        order = rng.permutation(len(holdout))
        strangers = min(ATTACKED, len(holdout) // 2, len(train))
        attacked, reference = holdout[order[:strangers]], holdout[order[strangers:]]
        members = train.sample(strangers, rng)
    else:
        people = rng.permutation(np.unique(holdout.numbers))
        aside = np.isin(holdout.numbers, people[: len(people) // 2])
        attacked, reference = holdout[aside].sample_subjects(ATTACKED, rng), holdout[~aside]
        members = train.sample_subjects(ATTACKED, rng)
        strangers = min(attacked.subjects.people, members.subjects.people)
    if not len(attacked) or not len(reference):
        return Score.of("membership_auc", None, note=TOO_FEW), Score.of("membership_tpr", None, note=TOO_FEW)
    ours, theirs, made, others = (coding.places(side) for side in (members, attacked, synthetic, reference))
    told = infer_membership(ours, theirs, made, others, (members.subjects, attacked.subjects))
    failed = told.tells and told.auc > AUC_LIMIT
    limit = f"at most {AUC_LIMIT}, or within chance of .5"
    auc = _judged(Score.of("membership_auc", told.auc, ceiling=0.5, interval=told.auc_interval), failed, limit)
    if strangers < FEWEST_STRANGERS:
        return auc, Score.of("membership_tpr", None, note=TOO_FEW)
    return auc, _against("membership_tpr", told.caught, told.alarms, TPR_MARGIN)


def _singling_out(coding: Coding, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator) -> Score:
    return _against("singling_out", *single_out(coding, train, synthetic, holdout, rng), RISK_LIMIT)


def _attribute_inference(
    coding: Coding, train: Table, synthetic: Table, holdout: Table, target: str | None, rng: np.random.Generator
) -> Score:
    if len(coding.columns) < 2:
        return Score.of("attribute_inference", None, note="not measured: a single column")
    shares = infer_attributes(coding, train, synthetic, holdout, target, rng)
    return _against("attribute_inference", *shares, RISK_LIMIT)


def _rare_values(
    coding: Coding, train: Table, synthetic: Table, holdout: Table | None, rng: np.random.Generator
) -> Score:
    """The share of rare symbols, shown by fewer than `RARE` training subjects, that the synthetic rows show too.

    As many held-out rows are the control, one a subject: in a large sample a small country is to be expected. Numbers
    and times are left out, which are between others. Without held-out rows all synthetic ones are looked at and nothing
    is judged.
    """
    if holdout is not None:
        if holdout.numbers is not None:
            holdout = holdout[holdout.subjects.capped(1, rng)]
        rows = min(len(synthetic), len(holdout))
        synthetic, holdout = synthetic.sample(rows, rng), holdout.sample(rows, rng)
    shown: dict[str, np.ndarray] = {}
    known: list[np.ndarray] = []
    for i, column in enumerate(coding.columns):
        if column.is_ordered:
            continue
        present = ~np.isnan(train.values[:, i])
        codes = train.values[present, i].astype(np.int64)
        counts = train.subjects[present].count(codes, len(column.labels))[: len(column.labels)]
        rare = (counts > 0) & (counts < RARE)
        if rare.any():
            shown[column.name] = _symbol_counts(synthetic.values[:, i], len(rare))[rare] > 0
            known += [] if holdout is None else [_symbol_counts(holdout.values[:, i], len(rare))[rare] > 0]
    found = np.concatenate([np.zeros(0, bool), *shown.values()])
    note = ", ".join(
        f"{name}: {each.sum():,} of {len(each):,} rare values" for name, each in shown.items() if each.any()
    )
    attack = Share(float(found.mean()) if len(found) else 0.0, max(len(found), 1))
    if holdout is None:
        note = f"{note}; {UNCOMPARED}" if note else UNCOMPARED
        return Score.of("rare_values", attack.value, note=note)
    control = Share(float(np.concatenate(known).mean()) if known else 0.0, attack.rows)
    failed = attack.exceeds(control) and attack.value - control.value > RARE_MARGIN
    limit = f"at most {RARE_MARGIN:g} above held-out rows, or within chance"
    return _judged(Score.of("rare_values", attack.value, ceiling=control.value, note=note), failed, limit)


def _symbol_counts(values: np.ndarray, symbols: int) -> np.ndarray:
    """How many rows show each symbol of training: (symbols,)."""
    return np.bincount(values[~np.isnan(values)].astype(np.int64), minlength=symbols)[:symbols]


def _distances(label: str, coding: Coding, rows: Table, train: Table, rng: np.random.Generator) -> Curve:
    """The distribution function of the distance to the nearest training row."""
    rows = rows.sample(CURVE_ROWS, rng)
    distances = nearest(coding.places(rows), coding.places(train))[1][:, 0]
    shares = np.linspace(0, 1, min(POINTS, len(rows)))
    return Curve(label, tuple(np.quantile(distances, shares).tolist()), tuple(shares.tolist()))


def _against(name: str, attack: Share, control: Share, margin: float) -> Score:
    """An attack that succeeds, if it does so more often on training than on held-out rows.

    Its risk is the success that the control does not explain (Giomi et al. 2023, arXiv:2211.10459).
    """
    risk = (attack.value - control.value) / max(1 - control.value, 1e-9)
    failed = attack.exceeds(control) and risk > margin
    limit = f"at most {margin:g} above held-out rows, or within chance"
    score = Score.of(name, attack.value, ceiling=control.value, interval=attack.interval(), note=f"risk {risk:.3f}")
    return _judged(score, failed, limit)


def _judged(score: Score, failed: bool, limit: str) -> Score:
    return replace(score, passed=not failed, limit=limit)
