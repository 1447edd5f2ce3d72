"""Contact sheets of images, and the images that a person is asked to tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from synthdata.evaluation.privacy.disclosure_control import HIDDEN
from synthdata.evaluation.report import ContactSheet, HumanTest

__all__ = ["contact_sheets", "human_test", "synthetic_sheet"]

ROWS, COLUMNS = 10, 10
TESTED = 24  # images of either side in a human test


def contact_sheets(
    field: str, seen: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, ...], nearest: np.ndarray
) -> list[ContactSheet]:
    """Real and synthetic images, one row for each label; and synthetic images above the nearest real ones.

    seen: images and codes of labels by side. nearest: the number of the real image nearest to each synthetic one.
    """
    sheets = []
    for name, title in (("train", "real"), ("synthetic", "synthetic")):
        pixels, codes = seen[name]
        sheets.append(ContactSheet(f"{field}: {title}", _rows_by_label(pixels, codes, labels), _shown(labels)))
    made, real = seen["synthetic"][0], seen["train"][0]
    first = np.arange(min(COLUMNS * 2, len(nearest)))
    halves = np.array_split(first, 2)
    pairs = [row for half in halves for row in (made[half], real[nearest[half]])]
    names = ("synthetic", "nearest real") * 2
    return [*sheets, ContactSheet(f"{field}: nearest real images", _grid(pairs), names)]


def synthetic_sheet(
    field: str, seen: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, ...]
) -> ContactSheet:
    """Synthetic images, one row for each label, without copies of training images."""
    pixels, codes = seen["synthetic"]
    known = {image.tobytes() for image in seen["train"][0]}
    new = np.array([image.tobytes() not in known for image in pixels], bool)
    return ContactSheet(f"{field}: synthetic", _rows_by_label(pixels[new], codes[new], labels), _shown(labels))


def human_test(
    field: str, seen: Mapping[str, tuple[np.ndarray, np.ndarray]], labels: tuple[str, ...], rng: np.random.Generator
) -> HumanTest:
    """As many synthetic as held-out images (training images if none are held out), shuffled."""
    sides = [seen["holdout" if "holdout" in seen else "train"], seen["synthetic"]]
    count = min(TESTED, *(len(pixels) for pixels, _ in sides))
    rows = [rng.choice(len(pixels), count, replace=False) for pixels, _ in sides]
    order = rng.permutation(2 * count)
    images = np.concatenate([pixels[own] for (pixels, _), own in zip(sides, rows, strict=True)])[order]
    codes = np.concatenate([each[own] for (_, each), own in zip(sides, rows, strict=True)])[order]
    return HumanTest(field, images, order < count, tuple(labels[code] for code in codes) if labels else ())


def _shown(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(label for label in labels if label != HIDDEN)[:ROWS])


def _rows_by_label(pixels: np.ndarray, codes: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    if not _shown(labels):
        return _grid(np.array_split(pixels[: ROWS * COLUMNS], ROWS))
    order = [labels.index(label) for label in _shown(labels)]
    return _grid([pixels[codes == code][:COLUMNS] for code in order])


def _grid(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of images (n, height, width, channels) as one image (height, width, channels) uint8."""
    height, width, channels = rows[0].shape[1:]
    columns = max(1, *(len(row) for row in rows))
    sheet = np.full((len(rows) * (height + 2), columns * (width + 2), channels), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            sheet[i * (height + 2) : i * (height + 2) + height, j * (width + 2) : j * (width + 2) + width] = image
    return sheet
