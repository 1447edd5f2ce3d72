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
    reading: one sentence.
    """

    label: str
    section: Section
    better: Better
    reading: str


MEASURES: dict[str, Measure] = {
    "shapes": Measure(
        "Columns alike",
        "fidelity",
        "higher",
        "Mean over columns of 1 − Kolmogorov-Smirnov or total variation distance.",
    ),
    "trends": Measure(
        "Pairs alike",
        "fidelity",
        "higher",
        "Mean over pairs of columns: do they depend on each other as in the real rows?",
    ),
    "missing": Measure("Missing cells alike", "fidelity", "higher", "Are the same cells missing together, as often?"),
    "c2st_auc": Measure(
        "Told from real rows (C2ST AUC)",
        "fidelity",
        "half",
        "Boosted trees try to tell synthetic rows from real ones: 0.5 is a coin's toss, 1 is always right.",
    ),
    "tstr": Measure(
        "Train on synthetic, test on real",
        "utility",
        "higher",
        "A model trained on synthetic rows predicts the target "
        "of real rows it has never seen; the ceiling is one trained on real rows.",
    ),
    "copies": Measure(
        "Exact copies",
        "privacy",
        "lower",
        "Share of synthetic rows that equal a training row; the held-out rows say how many are chance.",
    ),
    "dcr_share": Measure(
        "Nearer to training rows (DCR share)",
        "privacy",
        "lower",
        "Share of synthetic rows nearer to a training row "
        "than to a held-out one: 0.5 where nothing was learned by heart.",
    ),
    "nndr": Measure(
        "Much nearer to one training row",
        "privacy",
        "lower",
        "Rows suspiciously near to a single training row, beyond those as near to a held-out one.",
    ),
    "membership_auc": Measure(
        "Membership inference (AUC)",
        "privacy",
        "lower",
        "Can an attacker tell who was in the training rows? 0.5 is a coin's toss.",
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
        "Share of guesses, made from synthetic rows, that fit exactly one training row; the control group is exactly "
        "one held-out row.",
    ),
    "attribute_inference": Measure(
        "Attribute inference",
        "privacy",
        "lower",
        "How often a secret cell is guessed from the others; the control group is held-out rows, of which nothing can "
        "have leaked.",
    ),
    "rare_values": Measure(
        "Rare values",
        "privacy",
        "lower",
        "Share of the values that fewer than 5 training subjects have which the synthetic rows show; held-out rows show "
        "how many are chance.",
    ),
    "subject_copies": Measure(
        "Subjects copied whole",
        "privacy",
        "lower",
        "Share of training subjects, of those with at least 3 rows that nobody else has, at least half of whose rows are "
        "among the synthetic ones; held-out subjects say how many are chance.",
    ),
    "key_overlap": Measure(
        "Real keys among synthetic rows",
        "privacy",
        "lower",
        "Share of synthetic cells of a column of many values that are real values of few subjects, of the column with "
        "the most beyond chance: keys, names, accounts, exact amounts.",
    ),
    "image_frechet": Measure(
        "Images alike (Fréchet distance)",
        "fidelity",
        "lower",
        "Distance between real and synthetic images in the features of a network trained on the real ones.",
    ),
    "image_inception_frechet": Measure(
        "Images alike (Inception FID)",
        "fidelity",
        "lower",
        "Fréchet distance in the features of Inception v3, whose weights were given: the figure that papers report.",
    ),
    "image_kernel": Measure(
        "Images alike (kernel distance)", "fidelity", "lower", "The same features, without taking them for normal."
    ),
    "image_precision": Measure(
        "Images that could be real (precision)", "fidelity", "higher", "Share of synthetic images near a real one."
    ),
    "image_recall": Measure(
        "Real images that could be drawn (recall)", "fidelity", "higher", "Share of real images near a synthetic one."
    ),
    "image_density": Measure(
        "Density of images",
        "fidelity",
        "higher",
        "How many real neighbourhoods a synthetic image lies in; 1 as real ones.",
    ),
    "image_coverage": Measure(
        "Coverage of images", "fidelity", "higher", "Share of real images with a synthetic one in their neighbourhood."
    ),
    "image_agreement": Measure(
        "Images show their label",
        "fidelity",
        "higher",
        "Share of synthetic images that a classifier of the real ones takes for what they are labelled.",
    ),
    "image_tstr": Measure(
        "Train on synthetic images, test on real",
        "utility",
        "higher",
        "Accuracy on real images, which it has never seen, of a classifier trained on synthetic ones.",
    ),
    "image_dcr_share": Measure(
        "Images nearer to training images",
        "privacy",
        "lower",
        "Share of synthetic images nearer, in their pixels, to a training image than to a held-out one: 0.5 where "
        "nothing was learned by heart.",
    ),
    "text_frechet": Measure(
        "Texts alike (Fréchet distance)",
        "fidelity",
        "lower",
        "Distance between real and synthetic texts as vectors of the words and letters they are made of.",
    ),
    "text_kernel": Measure(
        "Texts alike (kernel distance)", "fidelity", "lower", "The same vectors, without taking them for normal."
    ),
    "text_lengths": Measure(
        "Lengths of texts alike",
        "fidelity",
        "higher",
        "1 − Kolmogorov-Smirnov distance of the numbers of characters; missing texts count as shorter than empty ones.",
    ),
    "text_characters": Measure(
        "Characters alike", "fidelity", "higher", "1 − total variation distance of how often each character occurs."
    ),
    "text_distinct": Measure(
        "Variety of texts (distinct-2)",
        "fidelity",
        "higher",
        "How many of the pairs of words are different ones, in as many pairs of either side.",
    ),
    "text_agreement": Measure(
        "Texts fit their label",
        "fidelity",
        "higher",
        "How often a classifier of the real texts takes synthetic ones for what they are labelled; the floor is "
        "labels dealt at random.",
    ),
    "text_tstr": Measure(
        "Train on synthetic texts, test on real",
        "utility",
        "higher",
        "How often a classifier trained on synthetic texts is right about the label of real ones it has never seen.",
    ),
    "text_novelty": Measure(
        "New stretches of 8 words",
        "privacy",
        "higher",
        "Share of all 8 words in a row that no training text has; the held-out texts say how many are chance.",
    ),
    "text_copies": Measure(
        "Copies of texts",
        "privacy",
        "lower",
        "Share of synthetic texts with the words of a training text, or with more than 90 % of their stretches of 5 "
        "words in one training text.",
    ),
    "text_longest_copy": Measure(
        "Longest copied stretch",
        "privacy",
        "lower",
        "The most characters in a row that a synthetic text shares with a training text.",
    ),
}
