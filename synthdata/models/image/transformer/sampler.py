"""Sampling tokens from an `ImageTransformerNetwork`, and decoding them to images, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.image.transformer.grid import TokenGrid
from synthdata.models.samplers.causal import CausalSteps
from synthdata.models.samplers.conv import chunks, convolve, grow
from synthdata.models.samplers.dense import choose

__all__ = ["decode_tokens", "draw_tokens", "token_nll"]

CHUNK = 128  # images sampled at once

Weights = Mapping[str, np.ndarray]


def decode_tokens(grid: TokenGrid, weights: Weights, tokens: np.ndarray) -> np.ndarray:
    """Tokens (n, length) to images (n, height, width, channels) uint8."""
    resolutions, points = grid.resolutions, grid.points
    result = np.empty((len(tokens), *resolutions.image), np.uint8)
    for part in chunks(resolutions, len(tokens)):
        x = convolve(points[tokens[part]].reshape(-1, *grid.sides, len(grid.levels)), weights["enter"])
        result[part] = grow(resolutions, weights, x + weights["enter_bias"])
    return result


def draw_tokens(
    grid: TokenGrid, weights: Weights, heads: int, condition: np.ndarray, uniform: np.ndarray, temperature: float
) -> np.ndarray:
    """Sample the tokens of images given a condition (n, features), by uniform numbers (n, length): (n, length)."""
    tokens = np.empty(uniform.shape, np.int64)
    for first in range(0, len(condition), CHUNK):
        part = slice(first, first + CHUNK)
        steps, drawn, own_uniform = _Steps(grid, weights, heads, condition[part]), tokens[part], uniform[part]
        for i in range(grid.length):
            logits = steps.logits(i, drawn) / np.float32(temperature)
            drawn[:, i] = choose(logits, own_uniform[:, i])
    return tokens


def token_nll(grid: TokenGrid, weights: Weights, heads: int, condition: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each token given those before it, in nats: (n, length) float32."""
    steps, result = _Steps(grid, weights, heads, condition), np.empty(tokens.shape, np.float32)
    rows = np.arange(len(tokens))
    for i in range(grid.length):
        logits = steps.logits(i, tokens)
        logits -= logits.max(axis=1, keepdims=True)
        result[:, i] = np.log(np.exp(logits).sum(axis=1)) - logits[rows, tokens[:, i]]
    return result


class _Steps:
    """Logits of an image's tokens, one after the other."""

    def __init__(self, grid: TokenGrid, weights: Weights, heads: int, condition: np.ndarray) -> None:
        self.grid, self.weights = grid, weights
        self.condition = condition @ weights["condition"]  # (n, width)
        self.layers = CausalSteps(weights, heads, len(condition), grid.length)

    def logits(self, i: int, tokens: np.ndarray) -> np.ndarray:
        """Logits (n, vocabulary) of token `i`, given the tokens (n, length) before it; to be called in order."""
        weights, grid_width = self.weights, self.grid.sides[1]
        x = self.condition + weights["position"][i]
        if i:
            x += weights["before"][tokens[:, i - 1]]
        if i >= grid_width:
            x += weights["above"][tokens[:, i - grid_width]]
        logits: np.ndarray = self.layers.step(i, x) @ weights["head"]
        logits += weights["head_bias"]
        return logits
