"""Statistics of images, which the gate and the user's own expectations can check."""

from __future__ import annotations

import numpy as np

__all__ = ["ALIKE", "alike", "appearance"]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green, blue: ITU-R BT.601
HASH_ROWS, HASH_COLUMNS = 8, 9
NOISE = 4  # of 255: a smaller step to the right is none
ALIKE_BITS = 4  # of the hash
ALIKE = {"brightness": 2.0, "contrast": 2.0, "entropy": 0.1}  # what these differ by at most in images that look alike
OTHERS = 200  # that an image is held against
FEWEST_ALIKE = 20  # images, of which it says something that they look alike
CHUNK = 1 << 15


def appearance(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Statistics of images (n, height, width, channels) uint8: one array (n,) each.

    brightness: the mean, 0 (black) to 255 (white).
    contrast: the standard deviation over the places of an image, the channels' variances averaged; 0 if it is blank.
    entropy: of the histogram of 256 shades of gray, in bits: 0 if there is one shade, 8 if all are as frequent.
    hash: 64 bits, whether it gets brighter from left to right in each cell of an 8 x 8 grid; images that look alike
    differ in few bits (a difference hash).
    """
    count = len(pixels)
    values = pixels.reshape(count, -1, pixels.shape[-1]).astype(np.float32)  # (n, places, channels)
    contrast = np.sqrt(values.var(axis=1, dtype=np.float64).mean(axis=1))
    gray = values[..., 0] if values.shape[-1] == 1 else values @ LUMA  # (n, places)
    return {
        "brightness": gray.mean(axis=1, dtype=np.float64),
        "contrast": contrast,
        "entropy": _entropy(np.rint(gray).astype(np.int64)),
        "hash": _difference_hash(gray.reshape(pixels.shape[:3])),
    }


def alike(*, hash: np.ndarray, **parts: np.ndarray) -> np.ndarray:
    """The share of the other images that look like each image: (n,), of what `appearance` gives.

    It is held against up to 200 others, spread over all. Two look alike that differ in at most 4 bits of the hash, and
    hardly in brightness, contrast and entropy: for images that are nearly all faint, the hash is the same. Of fewer
    than 20 images nothing is said: 0.
    """
    count = len(hash)
    if count < FEWEST_ALIKE:
        return np.zeros(count)
    others = np.unique(np.linspace(0, count - 1, min(count, OTHERS)).astype(int))
    found = np.empty(count, np.int64)
    for start in range(0, count, CHUNK):
        rows = slice(start, start + CHUNK)
        same = np.bitwise_count(hash[rows, None] ^ hash[others]) <= ALIKE_BITS
        for part, most in ALIKE.items():
            same &= np.abs(parts[part][rows, None] - parts[part][others]) <= most
        found[rows] = same.sum(axis=1)
    itself = np.isin(np.arange(count), others) & ~np.isnan(parts["brightness"])
    shares: np.ndarray = (found - itself) / (len(others) - itself)
    return shares


def _entropy(shades: np.ndarray) -> np.ndarray:
    """Entropy in bits of each row of (n, places) shades below 256."""
    count = len(shades)
    places = shades + 256 * np.arange(count)[:, None]
    histogram = np.bincount(places.ravel(), minlength=256 * count).reshape(count, 256)
    shares = histogram / max(shades.shape[1], 1)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    result: np.ndarray = np.abs((shares * logs).sum(axis=1))
    return result


def _difference_hash(gray: np.ndarray) -> np.ndarray:
    """Hash images (n, height, width) float32 into (n,) int64."""
    small = _averaging(HASH_ROWS, gray.shape[1]) @ gray @ _averaging(HASH_COLUMNS, gray.shape[2]).T  # (n, 8, 9)
    brighter = np.diff(small, axis=2) > NOISE
    bits = np.packbits(brighter.reshape(len(gray), HASH_ROWS * 8), axis=1)  # (n, 8)
    result: np.ndarray = bits.view(">i8")[:, 0].astype(np.int64)
    return result


def _averaging(cells: int, length: int) -> np.ndarray:
    """(cells, length) float32: how much of each pixel lies in each of `cells` equal parts of a line."""
    edges = np.linspace(0, length, cells + 1)
    low, high = edges[:-1, None], edges[1:, None]
    place = np.arange(length)[None, :]
    overlap = np.clip(np.minimum(high, place + 1) - np.maximum(low, place), 0, None)
    result: np.ndarray = (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
