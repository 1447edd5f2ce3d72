"""Real data that installs with the dependencies, for `synthdata demo`, tests and benchmarks."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["digits", "patients", "schema_file"]

NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
STROKES = ("thin", "even", "bold")  # by thirds of the ink
CAPTIONS = (
    "A handwritten {numeral} in {stroke} strokes.",
    "The digit {numeral}, {stroke} strokes.",
    "Someone wrote a {numeral}; the strokes are {stroke}.",
)


def schema_file(name: str) -> Path:
    """A schema that ships: inside the package when it is installed, in the checkout otherwise."""
    installed = Path(str(files("synthdata"))) / "schemas" / name
    return installed if installed.exists() else Path(__file__).parents[2] / "schemas" / name


def patients() -> pd.DataFrame:
    """569 patients of scikit-learn's breast cancer data, one a row, with a made-up key."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame: pd.DataFrame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame.insert(0, "patient_id", [f"P-{number:06d}" for number in range(len(frame))])
    frame["diagnosis"] = np.where(bunch.target == 0, "malignant", "benign")
    return frame


def digits() -> pd.DataFrame:
    """1,797 digits of scikit-learn's, 8 x 8 pixels: label, ink (sum of 64 pixels of 0 to 16), caption, image as PNG.

    Captions are composed of the label and of the third of the ink, in one of three ways.
    """
    import numpy as np
    import pandas as pd
    from sklearn.datasets import load_digits

    from synthdata.fields.image.pictures import png

    bunch = load_digits()
    ink = bunch.images.sum(axis=(1, 2)).astype(int)
    third = np.searchsorted(np.quantile(ink, [1 / 3, 2 / 3]), ink)
    way = np.random.default_rng(0).integers(0, len(CAPTIONS), len(ink))
    captions = [
        CAPTIONS[i].format(numeral=NUMERALS[label], stroke=STROKES[part])
        for i, label, part in zip(way, bunch.target, third, strict=True)
    ]
    images = [png(image) for image in (bunch.images[..., None] * 15.9).astype(np.uint8)]
    return pd.DataFrame({"label": bunch.target.astype(str), "ink": ink, "caption": captions, "image": images})
