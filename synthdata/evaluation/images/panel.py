"""Image fields in a report: scores beside those of held-out images, and contact sheets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from synthdata.distances import frechet_distance
from synthdata.evaluation.features import Coding, Table
from synthdata.evaluation.neighbourhoods import Neighbourhoods, kernel_distance, neighbourhoods
from synthdata.evaluation.privacy.panel import NO_HOLDOUT, dcr_share
from synthdata.evaluation.privacy.showing import HIDDEN
from synthdata.evaluation.report import Guessing, Score, Sheet
from synthdata.fields.comparison import Images
from synthdata.progress import Listener

if TYPE_CHECKING:
    from synthdata.evaluation.images.inception import Inception

__all__ = ["Side", "compare_images", "label_column", "sides_of"]

LEARNED = 10_000  # images that a network is trained on
LOOKED_AT = 2000  # whose features are compared
FEWEST = 50
MOST_LABELS = 50
SHEET_ROWS, SHEET_COLUMNS = 10, 10
GUESSED = 24  # images of either side that a person is to tell apart


@dataclass(frozen=True)
class Side:
    """One table: its images of one field, and the labels they are told by, (n,) float64; empty without labels.

    whose: the number of each row's subject, (n,) int64; empty where each is its own.
    """

    pictures: Images
    labels: np.ndarray
    whose: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def sample(self, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Images, labels and subjects of at most so many rows; of rows with a known label, where there are labels."""
        known = np.arange(self.pictures.rows) if not len(self.labels) else np.flatnonzero(~np.isnan(self.labels))
        chosen = known if len(known) <= rows else np.sort(rng.choice(known, rows, replace=False))
        labels = self.labels[chosen].astype(np.int64) if len(self.labels) else np.zeros(len(chosen), np.int64)
        return self.pictures.read(chosen), labels, self.whose[chosen] if len(self.whose) else chosen


def label_column(coding: Coding, target: str | None, most: int = MOST_LABELS) -> int | None:
    """The column that says what images or texts show: the target, or else the first of few symbols."""
    fit = [i for i, column in enumerate(coding.columns) if 1 < len(column.labels) <= most]
    return next((i for i in fit if coding.names[i] == target), fit[0] if fit else None)


def sides_of(
    pictures: Mapping[str, Images], tables: Mapping[str, Table], column: int | None, labels: int
) -> dict[str, Side]:
    """The sides "train", "synthetic" and perhaps "holdout"; labels that training never showed count as none."""
    result = {}
    for name, each in pictures.items():
        codes = np.empty(0) if column is None else tables[name].values[:, column]
        result[name] = Side(each, np.where(codes < labels, codes, np.nan), tables[name].subjects.each)
    return result


def compare_images(
    field: str,
    sides: Mapping[str, Side],
    labels: tuple[str, ...],
    rng: np.random.Generator,
    listener: Listener,
    inception: Inception | None = None,
    *,
    show_real: bool = False,
) -> tuple[list[Score], list[Sheet], list[Guessing]]:
    """Score the images of one field. labels: what the codes of `Side.labels` mean; empty without labels.

    show_real: whether real images may be on the sheets, and a person is asked which are real.
    """
    from synthdata.evaluation.images.features import ImageFeatures

    small = [name for name, side in sides.items() if side.pictures.rows < FEWEST]
    if small:
        note = f"not measured: fewer than {FEWEST} images in the {' and '.join(small)} rows"
        return [Score.of("image_frechet", None, note=note)], [], []
    classes = len(labels)
    seed = int(rng.integers(2**31))
    images, codes, _ = sides["train"].sample(LEARNED, rng)
    network = ImageFeatures.fit(images, codes if classes else None, classes, seed=seed, tell=listener)
    seen = {name: side.sample(LOOKED_AT, rng) for name, side in sides.items()}
    rows = min(len(pixels) for pixels, _, _ in seen.values())
    features, told = {}, {}
    for name, (pixels, _, _) in seen.items():
        features[name], told[name] = network.look(pixels)
    middle, spread = features["train"].mean(axis=0), features["train"].std(axis=0) + 1e-6
    features = {name: (each[:rows] - middle) / spread for name, each in features.items()}
    found = {name: _compared(features["train"], features[name]) for name in sides if name != "train"}
    held = found.get("holdout")
    scores = [
        Score.of(name, value, ceiling=held[0][name] if held else None, note=f"{field}, {rows:,} images")
        for name, value in found["synthetic"][0].items()
    ]
    as_many = {name: pixels[:rows] for name, (pixels, _, _) in seen.items()}
    if inception is not None:
        scores.append(_inception_score(field, as_many, inception, listener))
    if classes:
        right = {name: float((told[name].argmax(axis=1) == seen[name][1]).mean()) for name in sides}
        scores.append(Score.of("image_agreement", right["synthetic"], ceiling=right.get("holdout"), note=field))
        if "holdout" in sides:
            made, their, _ = sides["synthetic"].sample(len(images), rng)
            learner = ImageFeatures.fit(made, their, classes, seed=seed, tell=listener)
            pixels, truth, _ = seen["holdout"]
            accuracy = float((learner.look(pixels)[1].argmax(axis=1) == truth).mean())
            scores.append(
                Score.of("image_tstr", accuracy, ceiling=right["holdout"], floor=1 / classes, note=f"accuracy, {field}")
            )
        else:
            scores.append(Score.of("image_tstr", None, note=NO_HOLDOUT))
    scores.append(_nearness(field, as_many, {name: whose[:rows] for name, (_, _, whose) in seen.items()}))
    drawn = {name: (pixels, told) for name, (pixels, told, _) in seen.items()}
    if not show_real:
        return scores, [_synthetic_sheet(field, drawn, labels)], []
    return scores, _sheets(field, drawn, labels, found["synthetic"][1]), [_guessing(field, drawn, labels, rng)]


def _inception_score(field: str, pixels: Mapping[str, np.ndarray], inception: Inception, listener: Listener) -> Score:
    """The Fréchet distance of published figures; so few images raise it, those of the held-out ones as well."""
    features = {name: inception.look(each, listener).astype(np.float64) for name, each in pixels.items()}
    found = {name: frechet_distance(features["train"], each) for name, each in features.items() if name != "train"}
    note = f"{field}, {len(pixels['train']):,} images"
    return Score.of("image_inception_frechet", found["synthetic"], ceiling=found.get("holdout"), note=note)


def _nearness(field: str, pixels: Mapping[str, np.ndarray], whose: Mapping[str, np.ndarray]) -> Score:
    """Whether synthetic images lie nearer to training than to held-out ones, of as many of either, as in `privacy`."""
    if "holdout" not in pixels:
        return Score.of("image_dcr_share", None, note=NO_HOLDOUT)
    flat = {name: each.reshape(len(each), -1).astype(np.float32) / 255 for name, each in pixels.items()}
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


def _sheets(
    field: str, seen: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, ...], near: Neighbourhoods
) -> list[Sheet]:
    """Contact sheets: real and synthetic images, a row a label; and synthetic ones above their nearest real ones."""
    sheets = []
    for name, title in (("train", "real"), ("synthetic", "synthetic")):
        pixels, codes = seen[name]
        sheets.append(Sheet(f"{field}: {title}", _rows_by_label(pixels, codes, labels), _shown(labels)))
    made, real = seen["synthetic"][0], seen["train"][0]
    first = np.arange(min(SHEET_COLUMNS * 2, len(near.nearest)))
    halves = np.array_split(first, 2)
    pairs = [row for half in halves for row in (made[half], real[near.nearest[half]])]
    names = ("synthetic", "nearest real") * 2
    return [*sheets, Sheet(f"{field}: nearest real images", _grid(pairs), names)]


def _synthetic_sheet(field: str, seen: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, ...]) -> Sheet:
    """Synthetic images, a row a label, but none that is a training image."""
    pixels, codes = seen["synthetic"]
    known = {image.tobytes() for image in seen["train"][0]}
    new = np.array([image.tobytes() not in known for image in pixels], bool)
    return Sheet(f"{field}: synthetic", _rows_by_label(pixels[new], codes[new], labels), _shown(labels))


def _guessing(
    field: str, seen: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, ...], rng: np.random.Generator
) -> Guessing:
    """Synthetic images and held-out ones, training ones where none are held out, shuffled."""
    sides = [seen["holdout" if "holdout" in seen else "train"], seen["synthetic"]]
    count = min(GUESSED, *(len(pixels) for pixels, _ in sides))
    rows = [rng.choice(len(pixels), count, replace=False) for pixels, _ in sides]
    order = rng.permutation(2 * count)
    images = np.concatenate([pixels[own] for (pixels, _), own in zip(sides, rows, strict=True)])[order]
    codes = np.concatenate([told[own] for (_, told), own in zip(sides, rows, strict=True)])[order]
    return Guessing(field, images, order < count, tuple(labels[code] for code in codes) if labels else ())


def _shown(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(label for label in labels if label != HIDDEN)[:SHEET_ROWS])


def _rows_by_label(pixels: np.ndarray, codes: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    if not _shown(labels):
        return _grid(np.array_split(pixels[: SHEET_ROWS * SHEET_COLUMNS], SHEET_ROWS))
    order = [labels.index(label) for label in _shown(labels)]
    return _grid([pixels[codes == code][:SHEET_COLUMNS] for code in order])


def _grid(rows: list[np.ndarray]) -> np.ndarray:
    """Images (n, height, width, channels) side by side, a row above another: (height, width, channels) uint8."""
    height, width, channels = rows[0].shape[1:]
    columns = max(1, *(len(row) for row in rows))
    sheet = np.full((len(rows) * (height + 2), columns * (width + 2), channels), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            sheet[i * (height + 2) : i * (height + 2) + height, j * (width + 2) : j * (width + 2) + width] = image
    return sheet
