"""The convolutional networks of `layers.conv`, in numpy: nothing to compile and no TensorFlow to load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from synthdata.models.samplers.resolutions import Resolutions

__all__ = [
    "SLOPE",
    "chunks",
    "convolve",
    "decode_images",
    "encode_images",
    "from_pixels",
    "grow",
    "leave",
    "rectify",
    "states",
]

SLOPE = 0.2  # of the leaky ReLU below zero; the same in training
CHUNK = 1 << 14  # positions at full resolution that are processed at once, so that arrays stay in a core's cache

Weights = Mapping[str, np.ndarray]


def from_pixels(images: np.ndarray) -> np.ndarray:
    """Pixels uint8 to float32 in [-1, 1], same shape."""
    return images.astype(np.float32) / 127.5 - 1.0


def to_pixels(values: np.ndarray) -> np.ndarray:
    """Images (n, height, width, channels) in [-1, 1] to uint8; an image with a NaN becomes black."""
    invalid = np.isnan(values).any(axis=(1, 2, 3), keepdims=True)
    values = np.where(invalid, np.float32(-1), values) if invalid.any() else values
    return np.clip(np.rint((values + 1.0) * 127.5), 0, 255).astype(np.uint8)


def chunks(resolutions: Resolutions, rows: int) -> Iterator[slice]:
    """Slices that divide `rows` images into chunks."""
    step = max(1, CHUNK // (resolutions.block.height * resolutions.block.width // resolutions.patch**2))
    return (slice(first, first + step) for first in range(0, rows, step))


def decode_images(resolutions: Resolutions, weights: Weights, vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, size) float32 to images (n, height, width, channels) uint8."""
    result = np.empty((len(vectors), *resolutions.image), np.uint8)
    for part in chunks(resolutions, len(vectors)):
        x = vectors[part] @ weights["enter"] + weights["enter_bias"]
        result[part] = grow(resolutions, weights, x.reshape(len(x), *resolutions.grid, -1), vectors[part])
    return result


def encode_images(
    resolutions: Resolutions, weights: Weights, images: np.ndarray, condition: np.ndarray | None = None
) -> np.ndarray:
    """Images (n, height, width, channels) uint8, given a condition (n, features), to vectors (n, out) float32."""
    result = np.empty((len(images), weights["leave"].shape[1]), np.float32)
    for part in chunks(resolutions, len(images)):
        modulation = None if condition is None else condition[part]
        *_, x = states(resolutions, weights, images[part], modulation)
        result[part] = leave(weights, x)
    return result


def leave(weights: Weights, x: np.ndarray) -> np.ndarray:
    """States (n, *grid, features) at the lowest resolution to vectors (n, out) float32."""
    result: np.ndarray = rectify(x).reshape(len(x), -1) @ weights["leave"] + weights["leave_bias"]
    return result


def grow(resolutions: Resolutions, weights: Weights, x: np.ndarray, modulation: np.ndarray | None = None) -> np.ndarray:
    """States (n, *grid, features) at the lowest resolution to images (n, height, width, channels) uint8.

    modulation: (n, size), the vector that modulates the blocks; None for none.
    """
    for level in range(resolutions.halvings, -1, -1):
        x = _blocks(resolutions, weights, level, x, modulation)
        if level:
            x = x @ weights[f"up_{level - 1}"]
            x = _from_depth(x, 2) if resolutions.shuffle else _double(x)
    x = rectify(x)
    image = convolve(x, weights["leave"]) + weights["leave_bias"]
    if resolutions.patch > 1:
        detail = convolve(rectify(_from_depth(x @ weights["spread"], resolutions.patch)), weights["detail"])
        while image.shape[1] < detail.shape[1]:
            image = _double(image)
        image = image + detail + weights["detail_bias"]
    return to_pixels(np.tanh(image[:, : resolutions.block.height, : resolutions.block.width]))


def states(
    resolutions: Resolutions, weights: Weights, images: np.ndarray, modulation: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """The states (n, h, w, features) of images uint8 at each resolution, the highest first; halving averages."""
    bottom, right = resolutions.padding
    x = np.pad(from_pixels(images), ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
    x = convolve(_to_depth(x, resolutions.patch), weights["enter"]) + weights["enter_bias"]
    for level in range(resolutions.halvings + 1):
        x = _blocks(resolutions, weights, level, x, modulation)
        yield x
        if level < resolutions.halvings:
            n, height, width, wide = x.shape
            x = x.reshape(n, height // 2, 2, width // 2, 2, wide).mean(axis=(2, 4)) @ weights[f"down_{level}"]


def _double(x: np.ndarray) -> np.ndarray:
    """Double height and width by bilinear interpolation: (n, h, w, c) to (n, 2 h, 2 w, c)."""
    for axis in (1, 2):
        last = x.shape[axis] - 1
        before = np.take(x, [0, *range(last)], axis)
        after = np.take(x, [*range(1, last + 1), last], axis)
        near = np.float32(0.75) * x
        both = np.stack([near + np.float32(0.25) * before, near + np.float32(0.25) * after], axis + 1)
        x = both.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


def _to_depth(x: np.ndarray, side: int) -> np.ndarray:
    """Squares of pixels to channels: (n, h, w, c) to (n, h / side, w / side, side * side * c)."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height // side, side, width // side, side, channels).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, height // side, width // side, side * side * channels)


def _from_depth(x: np.ndarray, side: int) -> np.ndarray:
    """Channels to squares of pixels, the inverse of `_to_depth`."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height, width, side, side, channels // side**2).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, side * height, side * width, channels // side**2)


def _blocks(
    resolutions: Resolutions, weights: Weights, level: int, x: np.ndarray, modulation: np.ndarray | None
) -> np.ndarray:
    for i in range(resolutions.blocks):
        inner = convolve(rectify(x), weights[f"first_{level}_{i}"])
        inner += weights[f"first_bias_{level}_{i}"]
        if modulation is not None and modulation.shape[1]:
            gain, shift = np.split(modulation @ weights[f"modulation_{level}_{i}"], 2, axis=1)
            inner *= 1.0 + gain[:, None, None]
            inner += shift[:, None, None]
        inner = convolve(rectify(inner), weights[f"second_{level}_{i}"])
        inner += weights[f"second_bias_{level}_{i}"]
        inner += x
        x = inner
    return x


def rectify(x: np.ndarray) -> np.ndarray:
    """Leaky ReLU."""
    return np.maximum(x, SLOPE * x)


def convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """3 x 3 convolution, zero padding: x (n, height, width, c), kernel (3, 3, c, out), to (n, height, width, out).

    One matrix product of each pixel and its left and right neighbour with all three rows of the kernel; the products
    are then shifted by a row each, and added.
    """
    n, height, width, c = x.shape
    neighbours = np.zeros((n, height, width, 3, c), np.float32)
    neighbours[:, :, 1:, 0] = x[:, :, :-1]
    neighbours[:, :, :, 1] = x
    neighbours[:, :, :-1, 2] = x[:, :, 1:]
    rows = np.ascontiguousarray(kernel.transpose(1, 2, 0, 3)).reshape(3 * c, -1)  # (3 columns * c, 3 rows * out)
    parts = (neighbours.reshape(-1, 3 * c) @ rows).reshape(n, height, width, 3, -1)
    result = np.ascontiguousarray(parts[:, :, :, 1])
    result[:, 1:] += parts[:, :-1, :, 0]
    result[:, :-1] += parts[:, 1:, :, 2]
    return result
