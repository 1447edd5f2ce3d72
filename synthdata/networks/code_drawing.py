"""Drawing codes from what a `CodeTransformer` learned, and images from codes, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.networks.code_grid import CodeGrid
from synthdata.networks.conv_drawing import convolve, rectify, to_pixels
from synthdata.networks.drawing import TINY, activate, choose

__all__ = ["code_surprise", "decode_codes", "draw_codes"]

CHUNK = 128  # images whose codes are drawn at once
CHUNK_PIXELS = 1 << 14  # computed at once: their arrays stay in a core's cache

Weights = Mapping[str, np.ndarray]


def decode_codes(grid: CodeGrid, weights: Weights, codes: np.ndarray) -> np.ndarray:
    """Codes (n, length) to images (n, height, width, channels) uint8."""
    block, points = grid.block, grid.points
    result = np.empty((len(codes), block.height, block.width, block.channels), np.uint8)
    step = max(1, CHUNK_PIXELS // (block.height * block.width))
    for first in range(0, len(codes), step):
        digits = points[codes[first : first + step]].reshape(-1, *grid.sides, len(grid.levels))
        result[first : first + step] = to_pixels(np.tanh(_decode(grid, weights, digits)))
    return result


def _decode(grid: CodeGrid, weights: Weights, digits: np.ndarray) -> np.ndarray:
    x = convolve(digits, weights["enter"]) + weights["enter_bias"]
    for level in range(grid.halvings, -1, -1):
        for i in range(grid.blocks):
            inner = convolve(rectify(x), weights[f"first_{level}_{i}"])
            inner += weights[f"first_bias_{level}_{i}"]
            x = x + convolve(rectify(inner), weights[f"second_{level}_{i}"])
            x += weights[f"second_bias_{level}_{i}"]
        if level:
            n, height, width, _ = x.shape
            x = (x @ weights[f"up_{level - 1}"]).reshape(n, height, width, 2, 2, -1)
            x = x.transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * height, 2 * width, -1)
    x = convolve(rectify(x), weights["leave"]) + weights["leave_bias"]
    return x[:, : grid.block.height, : grid.block.width]


def draw_codes(
    grid: CodeGrid, weights: Weights, heads: int, told: np.ndarray, uniform: np.ndarray, temperature: float
) -> np.ndarray:
    """Draw the codes of an image for each row of what is told (n, told) by numbers in [0, 1) (n, length)."""
    codes = np.empty(uniform.shape, np.int64)
    for first in range(0, len(told), CHUNK):
        part = slice(first, first + CHUNK)
        steps, drawn, chance = _Steps(grid, weights, heads, told[part]), codes[part], uniform[part]
        rows = np.arange(len(drawn))
        for i in range(grid.length):
            logits = steps.logits(i, drawn) / np.float32(temperature)
            drawn[:, i] = choose(logits, rows, chance[:, i])
    return codes


def code_surprise(grid: CodeGrid, weights: Weights, heads: int, told: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The surprise of each code (n, length), in nats, given those before it and what is told: (n, length) float32."""
    steps, result = _Steps(grid, weights, heads, told), np.empty(codes.shape, np.float32)
    rows = np.arange(len(codes))
    for i in range(grid.length):
        logits = steps.logits(i, codes)
        logits -= logits.max(axis=1, keepdims=True)
        result[:, i] = np.log(np.exp(logits).sum(axis=1)) - logits[rows, codes[:, i]]
    return result


class _Steps:
    """The Transformer step by step, with the keys and values of the steps before."""

    def __init__(self, grid: CodeGrid, weights: Weights, heads: int, told: np.ndarray) -> None:
        self.grid, self.weights, self.heads = grid, weights, heads
        self.told = told @ weights["told"]  # (n, width)
        self.layers = sum(name.startswith("query_") for name in weights)
        n, width = self.told.shape
        shape = (self.layers, n, heads, grid.length, width // heads)
        self.keys, self.values = np.empty(shape, np.float32), np.empty(shape, np.float32)

    def logits(self, i: int, codes: np.ndarray) -> np.ndarray:
        """Logits (n, codes) of code `i`, given the codes (n, length) before it; to be asked for in order."""
        weights, breadth = self.weights, self.grid.sides[1]
        x = self.told + weights["place"][i]
        if i:
            x += weights["before"][codes[:, i - 1]]
        if i >= breadth:
            x += weights["above"][codes[:, i - breadth]]
        for layer in range(self.layers):
            x += self._attended(layer, i, _rms_norm(x)) @ weights[f"mix_{layer}"]
            inner = _rms_norm(x) @ weights[f"up_{layer}"]
            inner += weights[f"up_bias_{layer}"]
            activate(inner)
            x += inner @ weights[f"down_{layer}"]
        logits: np.ndarray = _rms_norm(x) @ weights["head"]
        logits += weights["head_bias"]
        return logits

    def _attended(self, layer: int, i: int, x: np.ndarray) -> np.ndarray:
        """As `attention.attend`, for one step: (n, width) to the same."""
        shape = (len(x), self.heads, -1)
        query, key, value = ((x @ self.weights[f"{name}_{layer}"]).reshape(shape) for name in ("query", "key", "value"))
        self.keys[layer, :, :, i], self.values[layer, :, :, i] = key, value
        scores = (self.keys[layer, :, :, : i + 1] @ query[..., None])[..., 0]  # (n, heads, i + 1)
        top = np.maximum(scores.max(axis=-1, keepdims=True), 0.0)
        scores -= top
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True) + np.exp(-top)
        mixed: np.ndarray = scores[:, :, None] @ self.values[layer, :, :, : i + 1]
        return mixed.reshape(len(x), -1)


def _rms_norm(x: np.ndarray) -> np.ndarray:
    scale = np.einsum("nw,nw->n", x, x)
    scale /= x.shape[1]
    normed: np.ndarray = x / np.sqrt(scale + np.float32(TINY))[:, None]
    return normed
