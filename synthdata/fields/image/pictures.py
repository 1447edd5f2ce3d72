"""Image files into pixels and back. The one door to Pillow.

A cell is the bytes of a file, or the path of one as text. What is not 8 bits of gray or colour is converted:

    transparency                over white
    16 bits of gray             scaled to 8: 65,535 becomes 255
    16 bits a channel of colour the upper 8 of them
    palette, CMYK, YCbCr, ...   to colour, as Pillow does
    colour, where gray is asked the luma of ITU-R BT.601; gray, where colour is asked: three equal channels
    another size                scaled until it covers the one asked for, what juts out cut off on both sides
    several frames              the first; a JPEG that says which side is up is turned

Floating-point pixels and 32-bit integers beyond 16 bits have no known scale: such a file cannot be read.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps

__all__ = ["Picture", "conversions", "is_png", "pictures", "png", "sizes"]

ORIENTATION = 0x0112  # the tag of EXIF; from 5 on, height and width change places
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """Pixels (height, width, channels) uint8 as asked for; height, width and channels are those of the file."""

    pixels: np.ndarray
    height: int
    width: int
    channels: int


def sizes(cells: Iterable[Any]) -> list[tuple[int, int] | None]:
    """Height and width of each cell's image; None where there is none. Reads headers, no pixels: 0.1 ms each."""
    with _quiet():
        return [_size(cell) for cell in cells]


def conversions(cells: Iterable[Any]) -> list[str]:
    """How images of these cells are converted, besides resizing: distinct sentences."""
    found: dict[str, None] = {}
    for cell in cells:
        with _quiet(), suppress(Exception), _opened(cell) as image:
            if image.has_transparency_data:
                found["transparency is laid over white"] = None
            if image.mode.startswith("I"):
                found["16 bits are scaled to 8"] = None
    return list(found)


def pictures(cells: Iterable[Any], height: int, width: int, channels: int) -> Iterator[Picture | None]:
    """Decode each cell's image into one of this shape; None where that fails."""
    for cell in cells:
        with _quiet():
            picture = _picture(cell, height, width, channels)
        yield picture


def png(pixels: np.ndarray) -> bytes:
    """Write pixels (height, width, channels) uint8, 1 or 3 channels, as a PNG file."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def is_png(cell: Any, height: int, width: int, channels: int) -> bool:
    """Whether bytes are, by their header, a PNG of this shape and 8 bits a channel."""
    if not isinstance(cell, bytes) or cell[:8] != PNG:
        return False
    shape = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return cell[16:26] == shape + bytes([8, 0 if channels == 1 else 2])


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings, save that of an image so large that it is an attack, which is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
        yield


def _opened(cell: Any) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(cell) if isinstance(cell, bytes) else cell)


def _size(cell: Any) -> tuple[int, int] | None:
    try:
        with _opened(cell) as image:
            turned = image.format in ("JPEG", "MPO") and image.getexif().get(ORIENTATION, 1) > 4
            height, width = image.size if turned else image.size[::-1]
            return None if image.mode == "F" else (height, width)
    except Exception:  # Pillow's readers raise what they like on damaged files
        return None


def _picture(cell: Any, height: int, width: int, channels: int) -> Picture | None:
    try:
        with _opened(cell) as opened:
            image = PIL.ImageOps.exif_transpose(opened) if opened.format in ("JPEG", "MPO") else opened
            image = _plain(image)
            found = image.height, image.width, len(image.getbands())
            if (image.height, image.width) != (height, width):
                image = PIL.ImageOps.fit(image, (width, height))
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.uint8)
            return Picture(pixels.reshape(height, width, channels), *found)
    except Exception:  # likewise
        return None


def _plain(image: PIL.Image.Image) -> PIL.Image.Image:
    """Convert into mode L or RGB; ValueError for what has no known scale."""
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError("integers beyond 16 bits")
        return PIL.Image.fromarray(np.rint(values / 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels")
    if image.mode in ("La", "RGBa"):  # colours multiplied by their opacity
        image = image.convert(image.mode.upper())
    if image.has_transparency_data:
        gray = image.mode in ("1", "L", "LA")
        image = image.convert("RGBA")
        white = PIL.Image.new("RGBA", image.size, (255, 255, 255, 255))
        return PIL.Image.alpha_composite(white, image).convert("L" if gray else "RGB")
    return image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
