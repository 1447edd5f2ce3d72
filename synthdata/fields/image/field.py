"""Images: files of any format that Pillow opens, or their bytes.

A cell is the bytes of an image file, or the path of one as text. Real rows keep what they came as, so that a column of
100,000 paths is 100,000 short texts, and a column of bytes stays compressed: pixels exist a chunk at a time, when they
are encoded, checked or exported. Synthetic rows are bytes of PNG files. `pictures` says what is converted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key

from synthdata.blocks import Pixels
from synthdata.errors import ConditionError, DataError
from synthdata.fields.base import Body, Expectation, Field, Guess
from synthdata.fields.cells import rows_named
from synthdata.fields.comparison import Images
from synthdata.fields.image.appearance import ALIKE, alike, appearance
from synthdata.fields.image.pictures import Picture, conversions, is_png, pictures, png, sizes
from synthdata.fields.predicates import Mask, Predicate
from synthdata.fields.rows import Rows
from synthdata.fields.settings import OwnModel
from synthdata.fields.transforms import ImageTransforms
from synthdata.subjects import Subjects

__all__ = ["IMAGE_ENDINGS", "Image"]

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
LEAST, MOST = 8, 256  # pixels a side
GUESSED_MOST = 64  # pixels a side that `guess` goes up to: what generators are made for
OPENED, DECODED = 1000, 100  # cells that `guess` opens, and how many of them it looks at
CHUNK_VALUES = 1 << 22  # pixels times channels that are decoded at a time
BETWEEN = "expect_column_values_to_be_between"
NAMED = 5  # files, in a message
MOST_ALIKE = 0.25  # share of the pairs of images: as where every second one is the same


class Image(Field):
    """An image, conditioned on the record's other fields. A cell is the bytes of an image file, or its path.

    Parameters
    ----------
    height, width : int
        Pixels, 8 to 256 a side.
    channels : {1, 3}, default 1
        Gray, or colour.
    resize : bool, default False
        Scale images of other sizes until they cover this one and crop both sides; without it they are refused.
    model : str, mapping or settings, default the family "gan"
        The generator of this field: `ImageGAN(...)`, or `{"family": "vae", "epochs": 20}`.
    transforms : mapping, optional
        Changes after which its label holds: `{"flip": "horizontal"}`, ...
    nullable : bool, default False
        Must be False: an image is never missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Category, Image, Schema
    >>> schema = Schema(fields={"scan": Image(height=28, width=28), "label": Category()}, target="label")

    """

    kind: Literal["image"] = "image"
    height: int = Key(ge=LEAST, le=MOST)
    width: int = Key(ge=LEAST, le=MOST)
    channels: Literal[1, 3] = 1
    resize: bool = False
    model: OwnModel = Key(default={}, description="its generator: a family, or one with settings")
    transforms: ImageTransforms = Key(default=ImageTransforms(), description="changes after which its label holds")

    reads_null: ClassVar[frozenset[str]] = frozenset()
    reads_bytes: ClassVar[bool] = True
    ending: ClassVar[str] = ".png"
    statistics: ClassVar[tuple[str, ...]] = (
        "readable",
        "height",
        "width",
        "channels",
        "brightness",
        "contrast",
        "entropy",
        "hash",
    )
    set_statistics: ClassVar[tuple[str, ...]] = ("alike",)

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.nullable:
            return "an image is never missing: drop nullable, and the rows without an image"
        return None

    def in_short(self) -> str:
        """The size."""
        return f"{self.height} x {self.width}, {'gray' if self.channels == 1 else 'colour'}"

    @classmethod
    def located(cls, cells: pd.Series, folder: str) -> pd.Series:
        """Make relative paths absolute."""
        return cells.map(lambda cell: os.path.join(folder, cell) if isinstance(cell, str | Path) and cell else cell)

    @classmethod
    def may_be(cls, column: pd.Series) -> bool:
        """Whether a sample is bytes, or paths that end as images do."""
        return all(map(_could_be_image, column.iloc[_spread(len(column), OPENED)].tolist()))

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take bytes, and paths that end as images do, if most of a sample open; of the size and colour most have."""
        if not len(column) or not (column.dtype == object or pd.api.types.is_string_dtype(column)):
            return None
        cells = column.iloc[_spread(len(column), OPENED)].tolist()
        if not all(map(_could_be_image, cells)):
            return None
        found = [size for size in sizes(cells) if size is not None]
        if len(found) < max(1, len(cells) / 2):
            return None
        usual = max(dict.fromkeys(found), key=found.count)
        scale = min(1, GUESSED_MOST / max(usual))
        height, width = (max(LEAST, round(side * scale)) for side in usual)
        shown = [cells[place] for place in _spread(len(cells), DECODED)]
        gray = all(one is None or not np.ptp(one.pixels, axis=2).any() for one in pictures(shown, height, width, 3))
        scaled, mixed = (height, width) != usual, len(set(found)) > 1
        notes = ["they are of several sizes: scaled and cut to this one"] * mixed
        notes += conversions(shown)
        notes += [f"most are {usual[0]} x {usual[1]} pixels: scaled"] * scaled
        return Guess(
            cls(height=height, width=width, channels=1 if gray else 3, resize=scaled or mixed), "; ".join(notes)
        )

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Keep bytes, and paths as text; what does not open, or has a size that is refused, does not parse.

        Reads headers, no pixels.
        """
        values = [_cell(cell) for cell in cells.tolist()]
        allowed = [size is not None and (self.resize or size == (self.height, self.width)) for size in sizes(values)]
        return pd.Series(values, index=cells.index, dtype=object), ~np.array(allowed, bool)

    def unreadable(self, column: pd.Series) -> np.ndarray:
        """Cells without an image, as well as those whose image cannot be read."""
        return np.asarray(super().unreadable(column) | self._missing(column))

    def hint(self, bad: pd.Series) -> str:
        """What is wrong with cells that do not parse, and how to fix it."""
        cells = [_cell(cell) for cell in bad.tolist()]
        broken = [cell for cell, size in zip(cells, sizes(cells), strict=True) if size is None]
        if broken:
            paths = [cell for cell in broken if isinstance(cell, str)]
            named = f" ({', '.join(paths[:NAMED])}{', ...' if len(paths) > NAMED else ''})" if paths else ""
            return f"; {len(broken):,} not there, damaged, or no images{named}: mend them, or leave these rows out"
        cell = cells[0]
        first = f"the first of them, {cell}," if isinstance(cell, str) else "the first of them"
        (size,) = sizes([cell])
        assert size is not None
        return (
            f"; {first} is {size[0]} x {size[1]} pixels (height x width), allowed is {self.height} x "
            f"{self.width}: set resize: true, or another size, in the schema"
        )

    def dtype(self, nulls: bool) -> Any:
        """Objects: bytes, or paths as text."""
        return object

    @property
    def weight(self) -> int:
        """About as much as the pixels: those of a drawn image hardly compress."""
        return 64 + self.height * self.width * self.channels

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> ImageBody:
        """Keep the shape only."""
        return ImageBody(self.height, self.width, self.channels)

    def body_from_json(self, data: Mapping[str, Any]) -> ImageBody:
        """Read what `ImageBody.to_json` wrote."""
        return ImageBody(data["height"], data["width"], data["channels"])

    def claims(self, name: str) -> list[Expectation]:
        """On its statistics: an image can be read, has the declared size (unless resized), and is not blank.

        And images are not nearly all the same one.
        """
        size = {} if self.resize else {"height": self.height, "width": self.width}
        return [
            Expectation("expect_column_values_to_be_in_set", {"column": f"{name}.readable", "value_set": [1]}),
            *(
                Expectation(BETWEEN, {"column": f"{name}.{part}", "min_value": side, "max_value": side})
                for part, side in size.items()
            ),
            *(
                Expectation(BETWEEN, {"column": f"{name}.{part}", "min_value": 0, "strict_min": True})
                for part in ("contrast", "entropy")
            ),
            Expectation("expect_column_mean_to_be_between", {"column": f"{name}.alike", "max_value": MOST_ALIKE}),
        ]

    def compute_statistics(self, column: pd.Series) -> pd.DataFrame:
        """Whether each image is `readable` (1 or 0) and, if so, its `appearance`.

        height, width and channels are those of the file, the rest is of the image as it is learned. Decodes all,
        a chunk at a time.
        """
        chunks = [self._statistics_of(column.iloc[part]) for part in self._parts(len(column))]
        return pd.concat(chunks).set_axis(column.index) if chunks else self._statistics_of(column)

    def compute_set_statistics(self, statistics: pd.DataFrame) -> pd.DataFrame:
        """The share of the other images that look like each image."""
        parts = {part: statistics[part].to_numpy(float, na_value=np.nan) for part in ALIKE}
        hashes = statistics["hash"].fillna(0).to_numpy(np.int64)
        return pd.DataFrame({"alike": alike(hash=hashes, **parts)}, index=statistics.index)

    def _statistics_of(self, column: pd.Series) -> pd.DataFrame:
        found = self._pictures(column)
        there = np.array([one is not None for one in found], bool)
        seen = [one for one in found if one is not None]
        pixels = np.array([one.pixels for one in seen], np.uint8).reshape(-1, self.height, self.width, self.channels)
        sides = {part: np.array([getattr(one, part) for one in seen], float) for part in self.statistics[1:4]}
        result = pd.DataFrame({"readable": there.astype(np.int64)})
        for part, values in {**sides, **appearance(pixels)}.items():
            whole = pd.Series(index=result.index, dtype="Int64" if part == "hash" else "float64")
            whole[there] = values
            result[part] = whole
        return result

    def stored(self, column: pd.Series) -> pd.Series:
        """Bytes of PNG files of this size. Unreadable bytes are kept; unreadable paths become missing."""
        return pd.Series([self._stored(cell) for cell in column.tolist()], index=column.index, dtype=object)

    def _stored(self, cell: Any) -> bytes | None:
        shape = self.height, self.width, self.channels
        if is_png(cell, *shape):
            return bytes(cell)
        (picture,) = pictures([cell], *shape)
        if picture is None:
            return cell if isinstance(cell, bytes) else None
        return png(picture.pixels)

    def array(self, column: pd.Series) -> np.ndarray:
        """Pixels (n, height, width, channels) uint8."""
        return ImageBody(self.height, self.width, self.channels).encode(column)

    def from_array(self, array: np.ndarray) -> pd.Series:
        """Bytes of PNG files."""
        return _files(array)

    def write(self, column: pd.Series) -> pd.Series:
        """Paths are written as they are; writers of text files replace bytes by paths."""
        return column

    def comparison(self, column: pd.Series) -> Images:
        """Images, read when they are asked for."""
        return Images(len(column), lambda rows: self.array(column.iloc[rows]))

    def generator(self) -> Mapping[str, Any]:
        """The family and settings in `model`."""
        return {"family": self.model} if isinstance(self.model, str) else self.model

    def transforming(self) -> ImageTransforms | None:
        """The transforms that the declaration names; None if it names none."""
        return self.transforms if self.transforms.named else None

    def _pictures(self, column: pd.Series) -> list[Picture | None]:
        return list(pictures(column.tolist(), self.height, self.width, self.channels))

    def _parts(self, rows: int) -> Iterator[slice]:
        return _chunks(rows, self.height * self.width * self.channels)


@dataclass(frozen=True)
class ImageBody(Body):
    """The shape; nothing of the images is kept."""

    height: int
    width: int
    channels: int

    @property
    def block(self) -> Pixels:
        """The pixels."""
        return Pixels(self.height, self.width, self.channels)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Decode files into (n, height, width, channels) uint8, which is all that is held; DataError names rows."""
        shape = self.height, self.width, self.channels
        result = np.zeros((len(values), *shape), np.uint8)
        bad = []
        for row, picture in enumerate(pictures(values.tolist(), *shape)):
            if picture is None:
                bad.append(row)
            else:
                result[row] = picture.pixels
        if bad:
            where = rows_named(np.array(bad))
            raise DataError(f"{where} cannot be read as image: damaged or gone; mend the files or leave the rows out")
        return result

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Write pixels (n, height, width, channels) uint8 as PNG files: (n,) bytes."""
        return _files(array)

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """No condition applies."""
        raise ConditionError("an image takes no condition; ask for what stands beside it, a label say")

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return asdict(self)


def _files(array: np.ndarray) -> pd.Series:
    return pd.Series([png(pixels) for pixels in array], dtype=object)


def _cell(cell: Any) -> Any:
    """A path as text, any kind of bytes as bytes."""
    if isinstance(cell, Path):
        return str(cell)
    return bytes(cell) if isinstance(cell, bytearray | memoryview) else cell


def _could_be_image(cell: Any) -> bool:
    return isinstance(cell, bytes) or str(cell).lower().endswith(IMAGE_ENDINGS)


def _spread(count: int, most: int) -> np.ndarray:
    """Places, at most `most`, spread over `count`."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def _chunks(rows: int, values: int) -> Iterator[slice]:
    """Cut `rows` rows of so many values into parts that are decoded at a time."""
    step = max(1, CHUNK_VALUES // values)
    return (slice(start, start + step) for start in range(0, rows, step))
