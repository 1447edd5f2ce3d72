"""The metrics of an evaluation, by the names that `require` uses: label, meaning, anchors, and the steps of a grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["ANCHORS", "METRICS", "Anchor", "Better", "Metric", "Part", "Section", "part_of"]

Section: TypeAlias = Literal["fidelity", "utility", "privacy"]
Part: TypeAlias = Literal["table", "images", "texts"]
Better: TypeAlias = Literal["higher", "lower", "half"]
Anchor: TypeAlias = Literal["holdout", "real", "independent", "chance"]

ANCHORS: dict[Anchor, str] = {  # as a person reads them
    "holdout": "held-out rows",
    "real": "real rows",
    "independent": "independent columns",
    "chance": "chance",
}


@dataclass(frozen=True)
class Metric:
    """One metric of a report.

    better: "higher", "lower", or "half" for what is best at 0.5 and is required to be at most a threshold.
    reading: one sentence for the page. best: the best possible value; None if only real rows tell.
    steps: how far a good and a fair value may be from the ceiling, or from `best` without one. They are used where
    there is no floor; None if such a value is not graded. in_times: the steps are multiples of the ceiling.
    ceiling, floor: whose value the metric is held against, measured in the same way. "holdout": held-out real rows in
    place of the synthetic ones. "real": as many training rows. "independent": training rows with each column shuffled.
    "chance": what a random guess reaches.
    """

    label: str
    section: Section
    better: Better
    reading: str
    best: float | None = None
    steps: tuple[float, float] | None = None
    in_times: bool = False
    ceiling: Anchor = "holdout"
    floor: Anchor | None = None


METRICS: dict[str, Metric] = {
    "shapes": Metric(
        "Column similarity",
        "fidelity",
        "higher",
        "Mean over columns of 1 − Kolmogorov-Smirnov or total variation distance.",
        best=1.0,
        steps=(0.03, 0.1),
    ),
    "trends": Metric(
        "Pairwise similarity",
        "fidelity",
        "higher",
        "Mean over pairs of columns: similarity of their correlations or contingency tables.",
        best=1.0,
        steps=(0.01, 0.03),
        floor="independent",
    ),
    "missing": Metric(
        "Similarity of missing cells",
        "fidelity",
        "higher",
        "Are the same cells missing together, and as often?",
        best=1.0,
        steps=(0.02, 0.05),
        floor="independent",
    ),
    "c2st_auc": Metric(
        "Real-vs-synthetic AUC (C2ST, 0.5 is best)",
        "fidelity",
        "half",
        "AUC of boosted trees that classify rows as real or synthetic: 0.5 is chance, 1 is always right.",
        best=0.5,
        steps=(0.1, 0.25),
        floor="independent",
    ),
    "tstr": Metric(
        "Train on synthetic, test on real (TSTR)",
        "utility",
        "higher",
        "A model trained on synthetic rows predicts the target of real rows it has never seen; the ceiling is the same "
        "model trained on as many real rows.",
        steps=(0.01, 0.05),
        ceiling="real",
        floor="independent",
    ),
    "copies": Metric(
        "Exact copies of training rows",
        "privacy",
        "lower",
        "Share of synthetic rows that equal a training row; held-out rows show how many do by chance.",
        best=0.0,
    ),
    "dcr_share": Metric(
        "Nearer to training than to held-out rows (DCR share)",
        "privacy",
        "lower",
        "Share of synthetic rows nearer to a training row than to a held-out one: 0.5 where nothing was memorised.",
        best=0.5,
        ceiling="chance",
    ),
    "nndr": Metric(
        "Near-copies of one training row (NNDR)",
        "privacy",
        "lower",
        "Share of rows much nearer to one training row than to any other, beyond those as near to a held-out one.",
        best=0.0,
        ceiling="chance",
    ),
    "membership_auc": Metric(
        "Membership inference (AUC)",
        "privacy",
        "lower",
        "Can an attacker tell who was in the training rows? 0.5 is no better than chance.",
        best=0.5,
        ceiling="chance",
    ),
    "membership_tpr": Metric(
        "Membership inference (TPR at 1 % FPR)",
        "privacy",
        "lower",
        "Share of training rows that an attacker identifies at a false positive rate of 1 %.",
    ),
    "singling_out": Metric(
        "Singling out",
        "privacy",
        "lower",
        "Share of predicates, made from synthetic rows, that fit exactly one training subject; the control is the "
        "share that fits exactly one held-out subject.",
    ),
    "attribute_inference": Metric(
        "Attribute inference",
        "privacy",
        "lower",
        "How often a secret cell is guessed from the other cells of its row; the control is held-out rows, from which "
        "nothing can have leaked.",
    ),
    "rare_values": Metric(
        "Rare values disclosed",
        "privacy",
        "lower",
        "Share of the values of fewer than 5 training subjects that the synthetic rows contain; held-out rows show how "
        "many do by chance.",
        best=0.0,
    ),
    "subject_copies": Metric(
        "Subjects copied whole",
        "privacy",
        "lower",
        "Share of training subjects whose rows are copied: of those with at least 3 rows that nobody else has, the "
        "subjects at least half of whose such rows are among the synthetic ones. Held-out subjects are the control.",
        best=0.0,
    ),
    "key_overlap": Metric(
        "Rare or key values repeated (worst column)",
        "privacy",
        "lower",
        "Share of the synthetic cells of a column of many values that are real values of fewer than 8 subjects: keys, "
        "accounts, names, amounts. The worst column counts; held-out rows show how many are so by chance.",
    ),
    "image_frechet": Metric(
        "Fréchet distance of images",
        "fidelity",
        "lower",
        "Distance between real and synthetic images in the features of a network trained on the real ones.",
        steps=(1.5, 3.0),
        in_times=True,
    ),
    "image_inception_frechet": Metric(
        "Fréchet distance of images (Inception FID)",
        "fidelity",
        "lower",
        "Fréchet distance in the features of Inception v3, as papers report it.",
        steps=(1.5, 3.0),
        in_times=True,
    ),
    "image_kernel": Metric(
        "Kernel distance of images (MMD)",
        "fidelity",
        "lower",
        "Distance in the same features, without assuming that they are normal.",
    ),
    "image_precision": Metric(
        "Precision of images",
        "fidelity",
        "higher",
        "Share of synthetic images that lie near a real one.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_recall": Metric(
        "Recall of images",
        "fidelity",
        "higher",
        "Share of real images that lie near a synthetic one.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_density": Metric(
        "Density of images",
        "fidelity",
        "higher",
        "How many neighbourhoods of real images a synthetic image lies in; 1 for real images.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_coverage": Metric(
        "Coverage of images",
        "fidelity",
        "higher",
        "Share of real images with a synthetic image in their neighbourhood.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_agreement": Metric(
        "Label agreement of images",
        "fidelity",
        "higher",
        "Share of synthetic images to which a classifier trained on real images gives their own label.",
        best=1.0,
        steps=(0.05, 0.15),
    ),
    "image_tstr": Metric(
        "Train on synthetic images, test on real",
        "utility",
        "higher",
        "Accuracy, on real images it has never seen, of a classifier trained on synthetic images.",
        steps=(0.02, 0.1),
        ceiling="real",
        floor="chance",
    ),
    "image_dcr_share": Metric(
        "Nearer to training than to held-out images (DCR share)",
        "privacy",
        "lower",
        "Share of synthetic images nearer, in their pixels, to a training image than to a held-out one: 0.5 where "
        "nothing was memorised.",
        best=0.5,
        ceiling="chance",
    ),
    "text_frechet": Metric(
        "Fréchet distance of texts",
        "fidelity",
        "lower",
        "Distance between real and synthetic texts, as vectors of the words and characters they contain.",
        steps=(1.5, 3.0),
        in_times=True,
    ),
    "text_kernel": Metric(
        "Kernel distance of texts (MMD)",
        "fidelity",
        "lower",
        "Distance of the same vectors, without assuming that they are normal.",
    ),
    "text_lengths": Metric(
        "Similarity of text lengths",
        "fidelity",
        "higher",
        "1 − Kolmogorov-Smirnov distance of the numbers of characters; missing texts count as shorter than empty ones.",
        best=1.0,
        steps=(0.05, 0.15),
    ),
    "text_characters": Metric(
        "Similarity of characters",
        "fidelity",
        "higher",
        "1 − total variation distance of how often each character occurs.",
        best=1.0,
        steps=(0.03, 0.1),
    ),
    "text_distinct": Metric(
        "Variety of texts (distinct-2)",
        "fidelity",
        "higher",
        "Share of distinct pairs of words, among as many pairs on either side.",
        steps=(0.05, 0.15),
    ),
    "text_agreement": Metric(
        "Label agreement of texts",
        "fidelity",
        "higher",
        "Balanced accuracy with which a classifier trained on real texts gives synthetic texts their own label; the "
        "floor is the same with labels assigned at random.",
        best=1.0,
        steps=(0.05, 0.15),
        floor="chance",
    ),
    "text_tstr": Metric(
        "Train on synthetic texts, test on real",
        "utility",
        "higher",
        "Balanced accuracy, on real texts it has never seen, of a classifier trained on synthetic texts.",
        steps=(0.02, 0.1),
        ceiling="real",
        floor="chance",
    ),
    "text_novelty": Metric(
        "New 8-grams of words",
        "privacy",
        "higher",
        "Share of word 8-grams that no training text has; held-out texts show how many are new by chance.",
    ),
    "text_copies": Metric(
        "Copies of training texts",
        "privacy",
        "lower",
        "Share of synthetic texts with the same words as a training text, or with more than 90 % of their word 5-grams "
        "in one training text.",
        best=0.0,
    ),
    "text_longest_copy": Metric(
        "Longest copied passage",
        "privacy",
        "lower",
        "Length in characters of the longest passage that a synthetic text shares with a training text.",
    ),
}


def part_of(name: str) -> Part:
    """The part of the rows that a metric is about."""
    match name.partition("_")[0]:
        case "image":
            return "images"
        case "text":
            return "texts"
        case _:
            return "table"
