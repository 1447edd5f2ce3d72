"""Privacy in a report: how near synthetic rows come to the training rows, and what they disclose of them.

Every metric is compared with the same metric of held-out rows, so that what any good sample of the population would
show is not called a leak. A score fails only if it is both beyond chance (the panel as a whole raises one false alarm
in 1000) and large enough to matter. This rests on training and held-out rows being drawn alike: a holdout from another
time or place tells less. If the schema names a subject, everything is split and counted by subject. Nothing here is a
guarantee: what no attack looks for is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.privacy.attribute_inference import attribute_inference
from synthdata.evaluation.privacy.copies import copies
from synthdata.evaluation.privacy.key_overlap import key_overlap
from synthdata.evaluation.privacy.membership import membership
from synthdata.evaluation.privacy.nearness import distance_curve, near_copies, table_dcr_share
from synthdata.evaluation.privacy.rare_values import rare_values
from synthdata.evaluation.privacy.singling_out import singling_out
from synthdata.evaluation.privacy.subject_copies import subject_copies
from synthdata.evaluation.report import Curve, Panel
from synthdata.evaluation.score import Score
from synthdata.evaluation.tables import MOST_ROWS, Tables

__all__ = ["NO_HOLDOUT", "privacy", "privacy_panel"]

FEWEST_HELD_OUT = 50  # rows of a holdout, to compare with it
FEWEST_SUBJECTS = 20  # of a holdout
TRAIN_ROWS = 50_000  # that are compared; copies are counted over all
HOLDOUT_ROWS = 10_000
SYNTHETIC_ROWS = 10_000  # among which near-copies are sought
KNOWN_ROWS = 15_000  # synthetic rows that an attacker searches

NO_HOLDOUT = "not measured: no holdout rows"


@dataclass(frozen=True)
class Sample:
    """Rows that attacks are run on. known: the synthetic rows that an attacker has; drawn: some of these."""

    space: FeatureSpace
    train: Table
    known: Table
    drawn: Table
    holdout: Table
    target: str | None


COMPARED: dict[tuple[str, ...], Callable[[Sample, np.random.Generator], Iterable[Score]]] = {  # need held-out rows
    ("dcr_share",): lambda it, rng: [table_dcr_share(it.space, it.train, it.drawn, it.holdout, rng)],
    ("nndr",): lambda it, rng: [near_copies(it.space, it.train, it.drawn, it.holdout)],
    ("membership_auc", "membership_tpr"): lambda it, rng: membership(it.space, it.train, it.known, it.holdout, rng),
    ("singling_out",): lambda it, rng: [singling_out(it.space, it.train, it.known, it.holdout, rng)],
    ("attribute_inference",): lambda it, rng: [
        attribute_inference(it.space, it.train, it.known, it.holdout, it.target, rng)
    ],
}
ALONE = ("copies", "rare_values")  # measured without held-out rows too, and of a single column
NAMES = ("copies", *chain.from_iterable(COMPARED), "rare_values")


def privacy_panel(tables: Tables, rng: np.random.Generator) -> Panel:
    """The privacy of tables, and of keys and personal data among their cells."""
    scores, curves = _of_rows(tables, rng)
    keys = key_overlap(tables.schema, tables.frames, tables.subjects)
    return Panel(scores=(*scores, *([] if keys is None else [keys])), distances=tuple(curves))


def _of_rows(tables: Tables, rng: np.random.Generator) -> tuple[list[Score], list[Curve]]:
    if tables.too_few:
        return [Score.unmeasured(name, tables.too_few) for name in NAMES], []
    rows, space, target = tables.rows, tables.space, tables.schema.target
    scores, curves = privacy(
        space, rows["train"], rows["synthetic"], rows.get("holdout"), target=target, rng=rng, most=tables.most
    )
    if len(space.columns) > 1:
        return scores, curves
    why = "rows of a single column are not near to each other"
    return [score if score.name in ALONE else Score.unmeasured(score.name, why) for score in scores], []


def privacy(
    space: FeatureSpace,
    train: Table,
    synthetic: Table,
    holdout: Table | None,
    *,
    target: str | None,
    rng: np.random.Generator,
    most: int = MOST_ROWS,
) -> tuple[list[Score], list[Curve]]:
    """The privacy scores, and the distribution functions of the distances to the nearest training row.

    Copies and rare values are counted over all rows, the rest is measured on a sample. Without `FEWEST_HELD_OUT`
    held-out rows only these two are measured. Subjects copied whole are sought if the schema names a subject. Fresh
    rows of the population pass all; so does a poor or repetitive generator that is no nearer to training rows than to
    others. most: synthetic rows that are sampled, at most.
    """
    if not (len(train) and len(synthetic) and space.columns):
        return [Score.unmeasured(name, "no rows or no columns to compare") for name in NAMES], []
    why = NO_HOLDOUT
    if holdout is not None and holdout.subjects.people < FEWEST_SUBJECTS <= len(holdout):
        holdout, why = None, f"fewer than {FEWEST_SUBJECTS} held-out subjects"
    elif holdout is not None and len(holdout) < FEWEST_HELD_OUT:
        holdout = None
    whole = [] if train.subject_ids is None else [subject_copies(train, synthetic, holdout, rng)]
    some, known = train.sample_subjects(TRAIN_ROWS, rng), synthetic.sample(min(KNOWN_ROWS, most), rng)
    drawn = known.sample(SYNTHETIC_ROWS, rng)
    rare = rare_values(space, train, synthetic, holdout, rng)
    copied = copies(train, synthetic, holdout)
    curves = [distance_curve("synthetic", space, drawn, some, rng)]
    if holdout is None:
        compared = [Score.unmeasured(name, why) for name in chain.from_iterable(COMPARED)]
        return [copied, *compared, rare, *whole], curves
    sample = Sample(space, some, known, drawn, holdout.sample_subjects(HOLDOUT_ROWS, rng), target)
    compared = [score for measure in COMPARED.values() for score in measure(sample, rng)]
    curves.append(distance_curve("held-out", space, sample.holdout, some, rng))
    return [copied, *compared, rare, *whole], curves
