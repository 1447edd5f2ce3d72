"""Drawing codes from what a `CodeTransformer` learned, and images from codes, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.image.transformer.grid import CodeGrid
from synthdata.models.samplers.causal import CausalSteps
from synthdata.models.samplers.conv import convolve, rectify, to_pixels
from synthdata.models.samplers.dense import choose

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
    """Logits of an image's codes, one after the other."""

    def __init__(self, grid: CodeGrid, weights: Weights, heads: int, told: np.ndarray) -> None:
        self.grid, self.weights = grid, weights
        self.told = told @ weights["told"]  # (n, width)
        self.layers = CausalSteps(weights, heads, len(told), grid.length)

    def logits(self, i: int, codes: np.ndarray) -> np.ndarray:
        """Logits (n, codes) of code `i`, given the codes (n, length) before it; to be asked for in order."""
        weights, breadth = self.weights, self.grid.sides[1]
        x = self.told + weights["place"][i]
        if i:
            x += weights["before"][codes[:, i - 1]]
        if i >= breadth:
            x += weights["above"][codes[:, i - breadth]]
        logits: np.ndarray = self.layers.step(i, x) @ weights["head"]
        logits += weights["head_bias"]
        return logits
