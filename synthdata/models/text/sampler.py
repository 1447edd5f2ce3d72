"""Drawing tokens from what a `TextTransformer` learned, in numpy; and the shapes of its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from synthdata.models.samplers.causal import CausalSteps, layer_shapes
from synthdata.models.samplers.dense import choose
from synthdata.models.samplers.shapes import Shapes

__all__ = ["Steps", "TextSteps", "draw_texts", "text_shapes", "text_surprise"]

CHUNK = 128  # texts drawn at once

Weights = Mapping[str, np.ndarray]


class Steps(Protocol):
    """Logits of texts' tokens, one after the other."""

    def keep(self, rows: np.ndarray) -> None:
        """Go on with these rows alone, by their numbers (m,)."""
        ...

    def state(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """States (n, width) of step `i`, given the tokens (n,) before it; none before the first."""
        ...

    def logits(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """Logits (n, vocabulary) of token `i`, to be asked for in order."""
        ...


StepsOf: TypeAlias = Callable[[Weights, int, np.ndarray, int], Steps]  # of weights, heads, what is told, length


def text_shapes(*, vocabulary: int, told: int, width: int, layers: int, wide: int) -> Shapes:
    """Weights by name, as `TextTransformer.export` gives them."""
    return {
        "vectors": (vocabulary, width),
        "start": (told, width),
        "start_bias": (width,),
        "told": (told, width),
        "head": (width, vocabulary),
        "head_bias": (vocabulary,),
        **layer_shapes(width=width, layers=layers, wide=wide),
    }


def draw_texts(
    weights: Weights,
    heads: int,
    told: np.ndarray,
    uniform: np.ndarray,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    guidance: float = 0.0,
    begun: np.ndarray | None = None,
    steps_of: StepsOf | None = None,
) -> np.ndarray:
    """Draw a text for each row of what is told (n, told) by numbers in [0, 1) (n, length): (n, length) int64.

    top_p: tokens are drawn from the fewest that have this probability together (Holtzman et al. 2020,
    arXiv:1904.09751). guidance: by how much what is told counts more than it does by itself; logits are moved away from
    those without it (Ho and Salimans 2022, arXiv:2207.12598, eq. 6). begun: the first tokens of each text (m,).
    steps_of: the network; a `TextTransformer` if not given.
    """
    how = _How(temperature, top_p, guidance)
    tokens: np.ndarray = np.zeros(uniform.shape, np.int64)
    begun = np.zeros(0, np.int64) if begun is None else begun[: uniform.shape[1]]
    tokens[:, : len(begun)] = begun
    for first in range(0, len(told), CHUNK):
        part = slice(first, first + CHUNK)
        sides = [told[part], np.zeros_like(told[part])] if guidance and told.shape[1] else [told[part]]
        steps = [(steps_of or TextSteps)(weights, heads, side, tokens.shape[1]) for side in sides]
        _draw(steps, uniform[part], tokens[part], len(begun), how)
    return tokens


@dataclass(frozen=True)
class _How:
    temperature: float
    top_p: float
    guidance: float


def _draw(all_steps: Sequence[Steps], uniform: np.ndarray, tokens: np.ndarray, begun: int, how: _How) -> None:
    """Fill `tokens` from place `begun` on; rows whose text has ended are not computed any further.

    all_steps: the network that is told of the record and, for guidance, the same that is not.
    """
    open_rows = np.arange(len(tokens))
    for i in range(tokens.shape[1]):
        before = tokens[open_rows, i - 1] if i else None
        if i < begun:
            for steps in all_steps:
                steps.state(i, before)
            continue
        logits, *without = (steps.logits(i, before) for steps in all_steps)
        for other in without:
            logits += np.float32(how.guidance) * (logits - other)
        if how.temperature != 1.0:
            logits /= np.float32(how.temperature)
        if how.top_p < 1.0:
            _cut(logits, how.top_p)
        drawn = choose(logits, np.arange(len(logits)), uniform[open_rows, i])
        tokens[open_rows, i] = drawn
        if not drawn.all():
            going = np.flatnonzero(drawn)
            open_rows = open_rows[going]
            if not len(open_rows):
                return
            for steps in all_steps:
                steps.keep(going)


def _cut(logits: np.ndarray, top_p: float) -> None:
    """Leave only the likeliest tokens, that have the probability `top_p` together; in place."""
    order = np.argsort(-logits, axis=1)
    ranked = np.take_along_axis(logits, order, axis=1)
    shares = np.exp(ranked - ranked[:, :1])
    shares /= shares.sum(axis=1, keepdims=True)
    gone = np.cumsum(shares, axis=1) - shares >= top_p
    np.put_along_axis(logits, order, np.where(gone, -np.inf, ranked), axis=1)


def text_surprise(
    weights: Weights, heads: int, told: np.ndarray, tokens: np.ndarray, *, steps_of: StepsOf | None = None
) -> np.ndarray:
    """The surprise of each text (n,), its end included, in nats, given what is told of it (n, told)."""
    result = np.zeros(len(tokens))
    for first in range(0, len(tokens), CHUNK):
        part = slice(first, first + CHUNK)
        steps = (steps_of or TextSteps)(weights, heads, told[part], tokens.shape[1])
        result[part] = _surprise(steps, tokens[part])
    return result


def _surprise(steps: Steps, tokens: np.ndarray) -> np.ndarray:
    result = np.zeros(len(tokens))
    open_rows = np.arange(len(tokens))
    for i in range(tokens.shape[1]):
        logits = steps.logits(i, tokens[open_rows, i - 1] if i else None)
        logits -= logits.max(axis=1, keepdims=True)
        drawn = tokens[open_rows, i]
        result[open_rows] += np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), drawn]
        if not drawn.all():
            going = np.flatnonzero(drawn)
            open_rows = open_rows[going]
            if not len(open_rows):
                break
            steps.keep(going)
    return result


class TextSteps:
    """The steps of a `TextTransformer`."""

    def __init__(self, weights: Weights, heads: int, told: np.ndarray, length: int) -> None:
        self.weights = weights
        self.start = told @ weights["start"] + weights["start_bias"]
        self.told = told @ weights["told"]
        self.layers = CausalSteps(weights, heads, len(told), length, turned=True)

    def keep(self, rows: np.ndarray) -> None:
        """Go on with these rows alone."""
        self.told = self.told[rows]
        self.layers.keep(rows)

    def state(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """States (n, width) of step `i`, given the tokens (n,) before it; none before the first."""
        x = self.start.copy() if before is None else self.told + self.weights["vectors"][before]
        return self.layers.step(i, x)

    def logits(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """Logits (n, vocabulary) of token `i`, to be asked for in order."""
        logits: np.ndarray = self.state(i, before) @ self.weights["head"]
        logits += self.weights["head_bias"]
        return logits
