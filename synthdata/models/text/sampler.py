"""Sampling texts token by token, in numpy, and the steps of the text Transformer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

import numpy as np

from synthdata.blocks import Lexicon
from synthdata.models.samplers.causal import CausalSteps, layer_shapes
from synthdata.models.samplers.dense import choose
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.text.settings import TransformerSettings
from synthdata.models.text.spelling import Speller, speller_of

__all__ = ["CHUNK", "Steps", "draw_texts", "text_nll", "transformer_shapes", "transformer_steps"]

CHUNK = 128  # texts sampled at once

Weights = Mapping[str, np.ndarray]


class Steps(Protocol):
    """A network that computes the logits of texts, step by step; its methods must be called in the order of steps."""

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these rows, by index (m,)."""
        ...

    def state(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """States (n, width) of step `i`, given the previous tokens (n,), None at the first step."""
        ...

    def logits(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """Logits (n, vocabulary) of token `i`, given the previous tokens (n,), None at the first step."""
        ...


StepsFactory: TypeAlias = Callable[[np.ndarray, int], Steps]  # of a condition (n, features) and the length


def draw_texts(
    make_steps: StepsFactory,
    condition: np.ndarray,
    uniform: np.ndarray,
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    guidance_scale: float = 0.0,
    unconditional: np.ndarray | None = None,
    prompt: np.ndarray | None = None,
    lexicon: Lexicon | None = None,
) -> np.ndarray:
    """Sample a text for each row of a condition (n, features), by uniform numbers (n, length): (n, length) int64.

    top_p: nucleus sampling from the smallest set of tokens with this total probability (Holtzman et al. 2020,
    arXiv:1904.09751). guidance_scale: classifier-free guidance, logits are extrapolated away from the unconditional
    ones (Ho and Salimans 2022, arXiv:2207.12598, eq. 6). unconditional: (n, features), what stands in for the condition
    there; zeros if not given. prompt: (m,), the tokens that all texts begin with. lexicon: the only words that are
    written, save in a prompt.
    """
    options = _Options(temperature, top_p, guidance_scale, None if lexicon is None else speller_of(lexicon))
    tokens: np.ndarray = np.zeros(uniform.shape, np.int64)
    without = np.zeros_like(condition) if unconditional is None else unconditional
    prompt = np.zeros(0, np.int64) if prompt is None else prompt[: uniform.shape[1]]
    tokens[:, : len(prompt)] = prompt
    for first in range(0, len(condition), CHUNK):
        part = slice(first, first + CHUNK)
        guided = guidance_scale and condition.shape[1]
        conditions = [condition[part], without[part]] if guided else [condition[part]]
        steps = [make_steps(each, tokens.shape[1]) for each in conditions]
        _draw(steps, uniform[part], tokens[part], len(prompt), options)
    return tokens


@dataclass(frozen=True)
class _Options:
    temperature: float
    top_p: float
    guidance_scale: float
    speller: Speller | None


def _draw(all_steps: Sequence[Steps], uniform: np.ndarray, tokens: np.ndarray, given: int, options: _Options) -> None:
    """Sample `tokens` in place from position `given` on; rows are dropped once their text has ended.

    all_steps: the network given the condition and, for guidance, without it.
    """
    open_rows, speller = np.arange(len(tokens)), options.speller
    states = speller.start(len(tokens)) if speller else open_rows
    for i in range(tokens.shape[1]):
        before = tokens[open_rows, i - 1] if i else None
        if speller and before is not None:
            states = speller.advance(states, before)
        if i < given:
            for steps in all_steps:
                steps.state(i, before)
            continue
        logits, *unconditional = (steps.logits(i, before) for steps in all_steps)
        for other in unconditional:
            logits += np.float32(options.guidance_scale) * (logits - other)
        if speller:
            speller.forbid(states, logits)
        if options.temperature != 1.0:
            logits /= np.float32(options.temperature)
        if options.top_p < 1.0:
            _keep_nucleus(logits, options.top_p)
        drawn = choose(logits, uniform[open_rows, i])
        tokens[open_rows, i] = drawn
        if not drawn.all():
            unfinished = np.flatnonzero(drawn)
            open_rows, states = open_rows[unfinished], states[unfinished]
            if not len(open_rows):
                return
            for steps in all_steps:
                steps.keep(unfinished)
    if speller:
        speller.finish(tokens)


def _keep_nucleus(logits: np.ndarray, top_p: float) -> None:
    """Set logits outside the nucleus, the smallest set of probability `top_p`, to -inf; in place."""
    order = np.argsort(-logits, axis=1)
    ranked = np.take_along_axis(logits, order, axis=1)
    shares = np.exp(ranked - ranked[:, :1])
    shares /= shares.sum(axis=1, keepdims=True)
    outside = np.cumsum(shares, axis=1) - shares >= top_p
    np.put_along_axis(logits, order, np.where(outside, -np.inf, ranked), axis=1)


def text_nll(make_steps: StepsFactory, condition: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of texts (n, length), end tokens included, given a condition (n, features): (n,)."""
    result = np.zeros(len(tokens))
    for first in range(0, len(tokens), CHUNK):
        part = slice(first, first + CHUNK)
        result[part] = _nll(make_steps(condition[part], tokens.shape[1]), tokens[part])
    return result


def _nll(steps: Steps, tokens: np.ndarray) -> np.ndarray:
    result = np.zeros(len(tokens))
    open_rows = np.arange(len(tokens))
    for i in range(tokens.shape[1]):
        logits = steps.logits(i, tokens[open_rows, i - 1] if i else None)
        logits -= logits.max(axis=1, keepdims=True)
        drawn = tokens[open_rows, i]
        result[open_rows] += np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), drawn]
        if not drawn.all():
            unfinished = np.flatnonzero(drawn)
            open_rows = open_rows[unfinished]
            if not len(open_rows):
                break
            steps.keep(unfinished)
    return result


# --- the text Transformer ---------------------------------------------------------------------------------------------


def transformer_shapes(settings: TransformerSettings, *, vocabulary: int, condition: int) -> Shapes:
    """Weight shapes of a `TextTransformerNetwork` given `condition` features."""
    width = int(settings.width)
    return {
        "vectors": (vocabulary, width),
        "start": (condition, width),
        "start_bias": (width,),
        "condition": (condition, width),
        "head": (width, vocabulary),
        "head_bias": (vocabulary,),
        **layer_shapes(width=width, layers=settings.layers, wide=settings.mlp_ratio * width),
    }


def transformer_steps(weights: Weights, heads: int) -> StepsFactory:
    """The steps of a `TextTransformerNetwork` with these weights."""
    return partial(_TransformerSteps, weights, heads)


class _TransformerSteps:
    """The steps of a `TextTransformerNetwork`."""

    def __init__(self, weights: Weights, heads: int, condition: np.ndarray, length: int) -> None:
        self.weights = weights
        self.start = condition @ weights["start"] + weights["start_bias"]
        self.condition = condition @ weights["condition"]
        self.layers = CausalSteps(weights, heads, len(condition), length, rotary=True)

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these rows, by index (m,)."""
        self.condition = self.condition[rows]
        self.layers.keep(rows)

    def state(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """States (n, width) of step `i`, given the previous tokens (n,), None at the first step."""
        x = self.start.copy() if before is None else self.condition + self.weights["vectors"][before]
        return self.layers.step(i, x)

    def logits(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """Logits (n, vocabulary) of token `i`, given the previous tokens (n,), None at the first step."""
        logits: np.ndarray = self.state(i, before) @ self.weights["head"]
        logits += self.weights["head_bias"]
        return logits
