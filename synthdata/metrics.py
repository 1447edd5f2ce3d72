"""What an evaluation measures, by the names that thresholds use: what each is called, and how a person reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["MEASURES", "Better", "Measure", "Section"]

Section: TypeAlias = Literal["fidelity", "utility", "privacy"]
Better: TypeAlias = Literal["higher", "lower", "half"]


@dataclass(frozen=True)
class Measure:
    """One figure of a report.

    better: "higher", "lower", or "half" for what is best at .5 and is held to be at most a threshold.
    reading: one sentence. best: the best figure there is; None if only what real rows reach says that.
    steps: how far from what real rows reach, or from the best, a figure is good, and fair, where independent columns
    are no anchor; None if such a figure is not graded. in_times: steps are multiples of what real rows reach.
    """

    label: str
    section: Section
    better: Better
    reading: str
    best: float | None = None
    steps: tuple[float, float] | None = None
    in_times: bool = False


MEASURES: dict[str, Measure] = {
    "shapes": Measure(
        "Column similarity",
        "fidelity",
        "higher",
        "Mean over columns of 1 − Kolmogorov-Smirnov or total variation distance.",
        best=1.0,
        steps=(0.03, 0.1),
    ),
    "trends": Measure(
        "Pairwise similarity",
        "fidelity",
        "higher",
        "Mean over pairs of columns: do they depend on each other as in the real rows?",
        best=1.0,
        steps=(0.01, 0.03),
    ),
    "missing": Measure(
        "Similarity of missing cells",
        "fidelity",
        "higher",
        "Are the same cells missing together, as often?",
        best=1.0,
        steps=(0.02, 0.05),
    ),
    "c2st_auc": Measure(
        "Real-vs-synthetic AUC (C2ST, 0.5 is best)",
        "fidelity",
        "half",
        "Boosted trees try to tell synthetic rows from real ones: 0.5 is a coin's toss, 1 is always right.",
        best=0.5,
        steps=(0.1, 0.25),
    ),
    "tstr": Measure(
        "Train on synthetic, test on real (TSTR)",
        "utility",
        "higher",
        "A model trained on synthetic rows predicts the target "
        "of real rows it has never seen; the ceiling is one trained on real rows.",
        steps=(0.01, 0.05),
    ),
    "copies": Measure(
        "Exact copies of training rows",
        "privacy",
        "lower",
        "Share of synthetic rows that equal a training row; the held-out rows say how many are chance.",
        best=0.0,
    ),
    "dcr_share": Measure(
        "Nearer to training than to held-out rows (DCR share)",
        "privacy",
        "lower",
        "Share of synthetic rows nearer to a training row "
        "than to a held-out one: 0.5 where nothing was learned by heart.",
        best=0.5,
    ),
    "nndr": Measure(
        "Near-copies of one training row (NNDR)",
        "privacy",
        "lower",
        "Rows suspiciously near to a single training row, beyond those as near to a held-out one.",
        best=0.0,
    ),
    "membership_auc": Measure(
        "Membership inference (AUC)",
        "privacy",
        "lower",
        "Can an attacker tell who was in the training rows? 0.5 is a coin's toss.",
        best=0.5,
    ),
    "membership_tpr": Measure(
        "Membership inference (at 1 % false alarms)",
        "privacy",
        "lower",
        "Share of training rows an attacker finds while wrongly accusing 1 % of the others.",
    ),
    "singling_out": Measure(
        "Singling out",
        "privacy",
        "lower",
        "Share of guesses, made from synthetic rows, that fit exactly one training subject; the control group is "
        "exactly one held-out subject.",
    ),
    "attribute_inference": Measure(
        "Attribute inference",
        "privacy",
        "lower",
        "How often a secret cell is guessed from the others; the control group is held-out rows, of which nothing can "
        "have leaked.",
    ),
    "rare_values": Measure(
        "Rare values disclosed",
        "privacy",
        "lower",
        "Share of the values that fewer than 5 training subjects have which the synthetic rows show; held-out rows "
        "show how many are chance.",
        best=0.0,
    ),
    "subject_copies": Measure(
        "Subjects copied whole",
        "privacy",
        "lower",
        "Share of training subjects, of those with at least 3 rows that nobody else has, at least half of whose such "
        "rows are among the synthetic ones; held-out subjects say how many are chance.",
        best=0.0,
    ),
    "key_overlap": Measure(
        "Real keys among synthetic rows",
        "privacy",
        "lower",
        "Share of the synthetic cells of a column of many values that are real values of fewer than 8 subjects: keys, "
        "accounts, names, amounts. The worst column counts; held-out rows show how many are chance.",
    ),
    "image_frechet": Measure(
        "Fréchet distance of images",
        "fidelity",
        "lower",
        "Distance between real and synthetic images in the features of a network trained on the real ones.",
        steps=(1.5, 3.0),
        in_times=True,
    ),
    "image_inception_frechet": Measure(
        "Fréchet distance of images (Inception FID)",
        "fidelity",
        "lower",
        "Fréchet distance in the features of Inception v3, whose weights were given: the figure that papers report.",
        steps=(1.5, 3.0),
        in_times=True,
    ),
    "image_kernel": Measure(
        "Kernel distance of images (MMD)", "fidelity", "lower", "The same features, without taking them for normal."
    ),
    "image_precision": Measure(
        "Precision of images (could be real)",
        "fidelity",
        "higher",
        "Share of synthetic images near a real one.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_recall": Measure(
        "Recall of images (real ones that could be drawn)",
        "fidelity",
        "higher",
        "Share of real images near a synthetic one.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_density": Measure(
        "Density of images",
        "fidelity",
        "higher",
        "How many real neighbourhoods a synthetic image lies in; 1 as real ones.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_coverage": Measure(
        "Coverage of images",
        "fidelity",
        "higher",
        "Share of real images with a synthetic one in their neighbourhood.",
        best=1.0,
        steps=(0.1, 0.3),
    ),
    "image_agreement": Measure(
        "Images show their label",
        "fidelity",
        "higher",
        "Share of synthetic images that a classifier of the real ones takes for what they are labelled.",
        best=1.0,
        steps=(0.05, 0.15),
    ),
    "image_tstr": Measure(
        "Train on synthetic images, test on real",
        "utility",
        "higher",
        "Accuracy on real images, which it has never seen, of a classifier trained on synthetic ones.",
        steps=(0.02, 0.1),
    ),
    "image_dcr_share": Measure(
        "Nearer to training than to held-out images (DCR share)",
        "privacy",
        "lower",
        "Share of synthetic images nearer, in their pixels, to a training image than to a held-out one: 0.5 where "
        "nothing was learned by heart.",
        best=0.5,
    ),
    "text_frechet": Measure(
        "Fréchet distance of texts",
        "fidelity",
        "lower",
        "Distance between real and synthetic texts as vectors of the words and letters they are made of.",
        steps=(1.5, 3.0),
        in_times=True,
    ),
    "text_kernel": Measure(
        "Kernel distance of texts (MMD)", "fidelity", "lower", "The same vectors, without taking them for normal."
    ),
    "text_lengths": Measure(
        "Similarity of text lengths",
        "fidelity",
        "higher",
        "1 − Kolmogorov-Smirnov distance of the numbers of characters; missing texts count as shorter than empty ones.",
        best=1.0,
        steps=(0.05, 0.15),
    ),
    "text_characters": Measure(
        "Similarity of characters",
        "fidelity",
        "higher",
        "1 − total variation distance of how often each character occurs.",
        best=1.0,
        steps=(0.03, 0.1),
    ),
    "text_distinct": Measure(
        "Variety of texts (distinct-2)",
        "fidelity",
        "higher",
        "How many of the pairs of words are different ones, in as many pairs of either side.",
        steps=(0.05, 0.15),
    ),
    "text_agreement": Measure(
        "Texts fit their label",
        "fidelity",
        "higher",
        "How often a classifier of the real texts takes synthetic ones for what they are labelled; the floor is "
        "labels dealt at random.",
        best=1.0,
        steps=(0.05, 0.15),
    ),
    "text_tstr": Measure(
        "Train on synthetic texts, test on real",
        "utility",
        "higher",
        "How often a classifier trained on synthetic texts is right about the label of real ones it has never seen.",
        steps=(0.02, 0.1),
    ),
    "text_novelty": Measure(
        "New stretches of 8 words",
        "privacy",
        "higher",
        "Share of all 8 words in a row that no training text has; the held-out texts say how many are chance.",
    ),
    "text_copies": Measure(
        "Copies of training texts",
        "privacy",
        "lower",
        "Share of synthetic texts with the words of a training text, or with more than 90 % of their stretches of 5 "
        "words in one training text.",
        best=0.0,
    ),
    "text_longest_copy": Measure(
        "Longest copied stretch",
        "privacy",
        "lower",
        "The most characters in a row that a synthetic text shares with a training text.",
    ),
}
