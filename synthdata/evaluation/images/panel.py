"""Image fields in a report: fidelity, utility and privacy of images, contact sheets, and the human test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from synthdata.distances import frechet_distance, kernel_distance
from synthdata.evaluation.feature_space import Table
from synthdata.evaluation.images.neighbourhoods import Neighbourhoods, neighbourhoods
from synthdata.evaluation.images.sheets import contact_sheets, human_test, synthetic_sheet
from synthdata.evaluation.points import Points
from synthdata.evaluation.privacy.nearness import dcr_share
from synthdata.evaluation.privacy.panel import NO_HOLDOUT
from synthdata.evaluation.report import ContactSheet, HumanTest, Panel
from synthdata.evaluation.score import Score
from synthdata.evaluation.tables import MOST_ROWS, Tables
from synthdata.fields.comparison import Images
from synthdata.progress import Listener, silent

if TYPE_CHECKING:
    from synthdata.evaluation.images.inception import Inception

__all__ = ["ImageSide", "compare_images", "image_panel", "sides_of"]

LEARNED = 10_000  # images that a network is trained on
COMPARED = 2000  # images of a side whose features are compared
FEWEST = 50
MOST_LABELS = 50
INCEPTION = "image_inception_frechet"


@dataclass(frozen=True)
class ImageSide:
    """The images of one field in one table, and their labels (n,) float64; empty without labels.

    whose: the number of each row's subject, (n,) int64; empty if each row is its own.
    """

    pictures: Images
    labels: np.ndarray
    whose: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def sample(self, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Images, labels and subjects of at most so many rows; with labels, of rows whose label is known."""
        known = np.arange(self.pictures.rows) if not len(self.labels) else np.flatnonzero(~np.isnan(self.labels))
        chosen = known if len(known) <= rows else np.sort(rng.choice(known, rows, replace=False))
        labels = self.labels[chosen].astype(np.int64) if len(self.labels) else np.zeros(len(chosen), np.int64)
        return self.pictures.read(chosen), labels, self.whose[chosen] if len(self.whose) else chosen


def image_panel(
    tables: Tables,
    rng: np.random.Generator,
    *,
    inception: Inception | None = None,
    listener: Listener = silent,
    show_real: bool = False,
) -> Panel:
    """Fidelity, utility and privacy of all image fields."""
    column = tables.label_column(MOST_LABELS)
    labels = tables.labels(column)
    panels = []
    for name, pictures in tables.pictures.items():
        sides = sides_of(pictures, tables.rows, column, len(labels))
        scores, sheets, tests = compare_images(
            name, sides, labels, rng, listener, inception, show_real=show_real, most=tables.most
        )
        panels.append(Panel(scores=tuple(scores), sheets=tuple(sheets), human_tests=tuple(tests)))
    if inception is None and INCEPTION in tables.schema.require:
        why = "it needs a file with the weights of Inception v3; evaluate with --inception"
        panels.append(Panel(scores=(Score.unmeasured(INCEPTION, why),)))
    return Panel.joined(panels)


def sides_of(
    pictures: Mapping[str, Images], tables: Mapping[str, Table], column: int | None, labels: int
) -> dict[str, ImageSide]:
    """The sides "train", "synthetic" and perhaps "holdout"; labels that training rows do not have count as none."""
    result = {}
    for name, each in pictures.items():
        codes = np.empty(0) if column is None else tables[name].values[:, column]
        result[name] = ImageSide(each, np.where(codes < labels, codes, np.nan), tables[name].subjects.each)
    return result


def compare_images(
    field: str,
    sides: Mapping[str, ImageSide],
    labels: tuple[str, ...],
    rng: np.random.Generator,
    listener: Listener,
    inception: Inception | None = None,
    *,
    show_real: bool = False,
    most: int = MOST_ROWS,
) -> tuple[list[Score], list[ContactSheet], list[HumanTest]]:
    """Measure the images of one field. labels: the names of the codes in `ImageSide.labels`; empty without labels.

    show_real: whether real images may be on the sheets and in a human test. most: images of a side that are looked at.
    """
    small = [name for name, side in sides.items() if side.pictures.rows < FEWEST]
    if small:
        why = f"fewer than {FEWEST} images in the {' and '.join(small)} rows"
        return [Score.unmeasured("image_frechet", why)], [], []
    from synthdata.evaluation.images.features import ImageFeatures

    classes = len(labels)
    seed = int(rng.integers(2**31))
    images, codes, _ = sides["train"].sample(min(LEARNED, most), rng)
    network = ImageFeatures.fit(images, codes if classes else None, classes, seed=seed, listener=listener)
    seen = {name: side.sample(min(COMPARED, most), rng) for name, side in sides.items()}
    rows = min(len(pixels) for pixels, _, _ in seen.values())
    features, predicted = {}, {}
    for name, (pixels, _, _) in seen.items():
        features[name], predicted[name] = network.predict(pixels)
    middle, spread = features["train"].mean(axis=0), features["train"].std(axis=0) + 1e-6
    features = {name: (each[:rows] - middle) / spread for name, each in features.items()}
    found = {name: _compared(features["train"], features[name]) for name in sides if name != "train"}
    scores = [
        Score.anchored(name, {side: each[0][name] for side, each in found.items()}, note=f"{field}, {rows:,} images")
        for name in found["synthetic"][0]
    ]
    as_many = {name: pixels[:rows] for name, (pixels, _, _) in seen.items()}
    if inception is not None:
        scores.append(_inception_score(field, as_many, inception, listener))
    if classes:
        others = [name for name in sides if name != "train"]
        right = {name: float((predicted[name].argmax(axis=1) == seen[name][1]).mean()) for name in others}
        scores.append(Score.anchored("image_agreement", right, note=field))
        if "holdout" in sides:
            made, their, _ = sides["synthetic"].sample(len(images), rng)
            learned = ImageFeatures.fit(made, their, classes, seed=seed, listener=listener)
            pixels, truth, _ = seen["holdout"]
            accuracy = float((learned.predict(pixels)[1].argmax(axis=1) == truth).mean())
            values: dict[str, float | None] = {"synthetic": accuracy, "real": right["holdout"], "chance": 1 / classes}
            scores.append(Score.anchored("image_tstr", values, note=f"accuracy, {field}"))
        else:
            scores.append(Score.unmeasured("image_tstr", NO_HOLDOUT))
    scores.append(_nearness(field, as_many, {name: whose[:rows] for name, (_, _, whose) in seen.items()}))
    shown = {name: (pixels, codes) for name, (pixels, codes, _) in seen.items()}
    if not show_real:
        return scores, [synthetic_sheet(field, shown, labels)], []
    sheets = contact_sheets(field, shown, labels, found["synthetic"][1].nearest)
    return scores, sheets, [human_test(field, shown, labels, rng)]


def _inception_score(field: str, pixels: Mapping[str, np.ndarray], inception: Inception, listener: Listener) -> Score:
    """The Fréchet distance that papers report; so few images increase it, of the held-out ones too."""
    features = {name: inception.features(each, listener).astype(np.float64) for name, each in pixels.items()}
    train = features.pop("train")
    note = f"{field}, {len(pixels['train']):,} images"
    return Score.measured(INCEPTION, lambda side: frechet_distance(train, side), features, note=note)


def _nearness(field: str, pixels: Mapping[str, np.ndarray], whose: Mapping[str, np.ndarray]) -> Score:
    """The DCR share of images by their pixels, against as many training as held-out images."""
    if "holdout" not in pixels:
        return Score.unmeasured("image_dcr_share", NO_HOLDOUT)
    flat = {
        name: Points.of_numbers(each.reshape(len(each), -1).astype(np.float32) / 255) for name, each in pixels.items()
    }
    train, held_out = ((flat[name], whose[name]) for name in ("train", "holdout"))
    return replace(dcr_share("image_dcr_share", flat["synthetic"], [train], held_out), note=field)


def _compared(real: np.ndarray, other: np.ndarray) -> tuple[dict[str, float], Neighbourhoods]:
    near = neighbourhoods(real, other)
    figures = {
        "image_frechet": frechet_distance(real, other),
        "image_kernel": kernel_distance(real, other),
        "image_precision": near.precision,
        "image_recall": near.recall,
        "image_density": near.density,
        "image_coverage": near.coverage,
    }
    return figures, near
