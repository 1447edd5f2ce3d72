"""The convolutional networks of `conv`, in numpy: nothing to compile and no TensorFlow to load."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.resolutions import Canvas

__all__ = ["SLOPE", "convolve", "decode_images", "encode_images", "from_pixels", "rectify", "to_pixels"]

SLOPE = 0.2  # of the leaky rectifier below zero; the same in training
CHUNK_PIXELS = 1 << 14  # computed at once: their arrays stay in a core's cache

Weights = Mapping[str, np.ndarray]


def from_pixels(images: np.ndarray) -> np.ndarray:
    """Pixels uint8 as numbers in [-1, 1]."""
    return images.astype(np.float32) / 127.5 - 1.0


def to_pixels(values: np.ndarray) -> np.ndarray:
    """Numbers in [-1, 1] as pixels uint8. An image (n, height, width, channels) of which one is no number is blank."""
    lost = np.isnan(values).any(axis=(1, 2, 3), keepdims=True)
    values = np.where(lost, np.float32(-1), values) if lost.any() else values
    return np.clip(np.rint((values + 1.0) * 127.5), 0, 255).astype(np.uint8)


def decode_images(canvas: Canvas, weights: Weights, style: np.ndarray) -> np.ndarray:
    """Numbers (n, style) float32 to images (n, height, width, channels) uint8."""
    block = canvas.block
    result = np.empty((len(style), block.height, block.width, block.channels), np.uint8)
    step = _chunk(canvas)
    for first in range(0, len(style), step):
        result[first : first + step] = to_pixels(np.tanh(_decode(canvas, weights, style[first : first + step])))
    return result


def encode_images(canvas: Canvas, weights: Weights, images: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Images (n, height, width, channels) uint8, and what is told of them (n, style), to numbers (n, out) float32."""
    result = np.empty((len(images), weights["leave"].shape[1]), np.float32)
    step = _chunk(canvas)
    for first in range(0, len(images), step):
        chunk = slice(first, first + step)
        result[chunk] = _encode(canvas, weights, from_pixels(images[chunk]), style[chunk])
    return result


def _chunk(canvas: Canvas) -> int:
    return max(1, CHUNK_PIXELS // (canvas.block.height * canvas.block.width))


def _decode(canvas: Canvas, weights: Weights, style: np.ndarray) -> np.ndarray:
    x = style @ weights["enter"] + weights["enter_bias"]
    x = x.reshape(len(style), *canvas.grid, -1)
    for level in range(canvas.halvings, -1, -1):
        x = _blocks(canvas, weights, level, x, style)
        if level:
            x = (x @ weights[f"up_{level - 1}"]).repeat(2, axis=1).repeat(2, axis=2)
    x = convolve(rectify(x), weights["leave"]) + weights["leave_bias"]
    return x[:, : canvas.block.height, : canvas.block.width]


def _encode(canvas: Canvas, weights: Weights, images: np.ndarray, style: np.ndarray) -> np.ndarray:
    bottom, right = canvas.padding
    x = np.pad(images, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
    x = convolve(x, weights["enter"]) + weights["enter_bias"]
    for level in range(canvas.halvings + 1):
        x = _blocks(canvas, weights, level, x, style)
        if level < canvas.halvings:
            n, height, width, wide = x.shape
            x = x.reshape(n, height // 2, 2, width // 2, 2, wide).mean(axis=(2, 4)) @ weights[f"down_{level}"]
    flat: np.ndarray = rectify(x).reshape(len(images), -1) @ weights["leave"]
    flat += weights["leave_bias"]
    return flat


def _blocks(canvas: Canvas, weights: Weights, level: int, x: np.ndarray, style: np.ndarray) -> np.ndarray:
    for i in range(canvas.blocks):
        inner = convolve(rectify(x), weights[f"first_{level}_{i}"])
        inner += weights[f"first_bias_{level}_{i}"]
        if style.shape[1]:
            gain, shift = np.split(style @ weights[f"style_{level}_{i}"], 2, axis=1)
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
    """3 x 3, zeros beyond the edges: x (n, height, width, c), kernel (3, 3, c, out).

    One product of triples of columns with all three rows of the kernel, which are then added up in their places.
    """
    n, height, width, c = x.shape
    triples = np.zeros((n, height, width, 3, c), np.float32)
    triples[:, :, 1:, 0] = x[:, :, :-1]
    triples[:, :, :, 1] = x
    triples[:, :, :-1, 2] = x[:, :, 1:]
    rows = np.ascontiguousarray(kernel.transpose(1, 2, 0, 3)).reshape(3 * c, -1)  # (3 columns * c, 3 rows * out)
    parts = (triples.reshape(-1, 3 * c) @ rows).reshape(n, height, width, 3, -1)
    result = np.ascontiguousarray(parts[:, :, :, 1])
    result[:, 1:] += parts[:, :-1, :, 0]
    result[:, :-1] += parts[:, 1:, :, 2]
    return result
