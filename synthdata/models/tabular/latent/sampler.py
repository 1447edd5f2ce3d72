"""Sampling rows from latent vectors, in numpy, without TensorFlow.

The weights are those of `LatentDecoder.export`, and of a prior. Under a condition, a pool of latent vectors is sampled,
and resampled with weights proportional to the probability that their rows satisfy the condition (sampling-importance
resampling, Rubin 1988). Rows are then sampled from masked heads, so that every row satisfies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from synthdata.blocks import Layout
from synthdata.errors import ConditionError
from synthdata.models.samplers.dense import CHUNK, activate, choose, feed_forward
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.tabular.symbols import NEVER, SymbolTable, allowed_logits, join

__all__ = [
    "LatentSampler",
    "check_latents",
    "check_rows",
    "choose_latents",
    "decoder_shapes",
    "draw_rows",
    "likeliest_rows",
]

FINE_WIDTH = 32  # of the hidden layer between a state and the fine symbols of a column
POOL = 8  # latent vectors in the first pool, for each row
MOST_POOL = 2**17
ENOUGH = 0.5  # effective sample size, over the number of rows, at which the pool is large enough
CHECKED = 2**15  # latent vectors sampled to check whether a condition can be met
FEWEST = 16.0  # effective sample size of them below which the condition is refused

Enter = Callable[[np.ndarray], np.ndarray]
Latents = Callable[[np.random.Generator, int], np.ndarray]  # samples n latent vectors: (n, latent) float32


class LatentSampler:
    """Samples the symbols of rows given their latent vectors.

    enter: maps latent vectors (n, latent) to the input of the first block (n, width), a new array.
    """

    def __init__(self, table: SymbolTable, weights: Mapping[str, np.ndarray], enter: Enter) -> None:
        self.table, self.weights, self.enter = table, weights, enter
        starts = table.starts
        self._heads = [np.ascontiguousarray(weights["head"][:, starts[i] : starts[i + 1]]) for i in range(table.count)]

    def states(self, latent: np.ndarray) -> np.ndarray:
        """Latent vectors (n, latent) float32 to states (n, width)."""
        x = self.enter(latent)
        return feed_forward(self.weights, x, out=np.empty_like(x), spare=np.empty_like(x))

    def coarse_logits(self, column: int, states: np.ndarray) -> np.ndarray:
        """Logits of a column's coarse symbols: states (n, width) to (n, coarse)."""
        here = slice(self.table.starts[column], self.table.starts[column + 1])
        logits: np.ndarray = states @ self._heads[column]
        logits += self.weights["head_bias"][here]
        return logits

    def fine_logits(self, column: int, states: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Logits (n, fine) of a column's fine symbols.

        states: (n, width). given: (n,), coarse symbols as indices into the table of all columns.
        """
        which = self.table.with_fine.index(column)
        here = slice(which * FINE_WIDTH, (which + 1) * FINE_WIDTH)
        inner = states @ self.weights["fine_hidden"][:, here]
        inner += self.weights["fine_given"][given]
        activate(inner)
        logits: np.ndarray = inner @ self.weights["fine_head"][which]
        logits += self.weights["fine_bias"][given]
        return logits

    def draw(
        self, latent: np.ndarray, uniform: np.ndarray | None, coarse_mask: np.ndarray, fine_mask: np.ndarray
    ) -> np.ndarray:
        """Sample rows. Returns symbols (n, columns, 2) int32.

        latent: (n, latent) float32. uniform: (n, columns, 2) float32 in [0, 1), or None for the most likely symbols.
        coarse_mask: (all coarse,), fine_mask: (all coarse, most fine): float32, added to the logits.
        """
        table = self.table
        symbols = np.zeros((len(latent), table.count, 2), np.int32)
        bias = self.weights["head_bias"] + coarse_mask
        for first in range(0, len(latent), CHUNK):
            chunk = slice(first, first + CHUNK)
            states = self.states(latent[chunk])
            all_logits = states @ self.weights["head"]  # one product for all columns
            all_logits += bias
            for i, column in enumerate(table.columns):
                start = table.starts[i]
                logits = all_logits[:, start : start + column.coarse]
                coarse = logits.argmax(1) if uniform is None else choose(logits, uniform[chunk, i, 0])
                symbols[chunk, i, 0] = coarse
                if column.fine > 1:
                    logits = self.fine_logits(i, states, coarse + start) + fine_mask[coarse + start]
                    fine = logits.argmax(1) if uniform is None else choose(logits, uniform[chunk, i, 1])
                    symbols[chunk, i, 1] = np.where(coarse >= column.first, fine, 0)
        return symbols

    def log_allowed(self, latent: np.ndarray, columns: list[int], coarse_mask: np.ndarray) -> np.ndarray:
        """Log-probability that rows satisfy the masks of `columns`, given their latent vectors: (n,).

        If a mask allows only some of a coarse symbol's fine symbols, their share of its training rows stands for
        their probability.
        """
        total = np.zeros(len(latent))
        for first in range(0, len(latent), CHUNK):
            chunk = slice(first, first + CHUNK)
            states = self.states(latent[chunk])
            for i in columns:
                here = slice(self.table.starts[i], self.table.starts[i + 1])
                logits = self.coarse_logits(i, states)
                total[chunk] += _log_sum(logits + coarse_mask[here]) - _log_sum(logits)
        return total


def draw_rows(
    sampler: LatentSampler,
    layout: Layout,
    rng: np.random.Generator,
    rows: int,
    latents: Latents,
    allowed: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Sample arrays of the layout under masks: latent vectors from `latents`, then rows given these."""
    table = sampler.table
    masks = _masks(sampler, layout, allowed)
    if allowed:
        latent = choose_latents(rng, rows, latents, _log_allowed(sampler, allowed, masks[0]))
    else:
        latent = latents(rng, rows)
    uniform = rng.random((rows, table.count, 3), dtype=np.float32)
    symbols = sampler.draw(latent, uniform[..., :2], *masks)
    return join(layout, symbols, uniform[..., 2].astype(np.float64))


def check_rows(sampler: LatentSampler, layout: Layout, latents: Latents, allowed: Mapping[str, np.ndarray]) -> None:
    """Raise ConditionError if `draw_rows` cannot sample diverse rows under `allowed`."""
    if allowed:
        check_latents(latents, _log_allowed(sampler, allowed, _masks(sampler, layout, allowed)[0]))


def _log_allowed(
    sampler: LatentSampler, allowed: Mapping[str, np.ndarray], coarse_mask: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    columns = [i for i, column in enumerate(sampler.table.columns) if column.name in allowed]
    return lambda latent: sampler.log_allowed(latent, columns, coarse_mask)


def likeliest_rows(sampler: LatentSampler, layout: Layout, latent: np.ndarray) -> dict[str, np.ndarray]:
    """The most likely arrays given latent vectors (n, latent); quantities are in the middle of a level."""
    symbols = sampler.draw(latent, None, *_masks(sampler, layout, {}))
    return join(layout, symbols, np.full(symbols.shape[:2], 0.5))


def _masks(sampler: LatentSampler, layout: Layout, allowed: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return allowed_logits(layout, sampler.weights["coarse_log"], sampler.weights["fine_log"], allowed)


def choose_latents(
    rng: np.random.Generator, rows: int, latents: Latents, log_allowed: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Sample latent vectors (rows, latent) from `latents`, given that their rows satisfy a condition.

    log_allowed: maps latent vectors (n, latent) to the log-probability that their rows satisfy it, (n,).
    """
    pools, logs, size = [], [], max(POOL * rows, 1024)
    drawn = 0
    while True:
        pools.append(latents(rng, size))
        logs.append(log_allowed(pools[-1]))
        drawn += size
        log = np.concatenate(logs)
        weight, effective = _weights(log)
        if effective >= ENOUGH * rows or drawn >= MOST_POOL:
            break
        size = min(drawn, MOST_POOL - drawn)
    quantiles = (np.arange(rows) + rng.random()) / rows  # systematic resampling
    chosen = np.searchsorted(np.cumsum(weight) / weight.sum(), quantiles)
    chosen = rng.permutation(np.minimum(chosen, len(weight) - 1))
    return np.concatenate(pools)[chosen]


def check_latents(latents: Latents, log_allowed: Callable[[np.ndarray], np.ndarray]) -> None:
    """Raise ConditionError if so few latent vectors make the condition likely that rows would be alike."""
    log = log_allowed(latents(np.random.default_rng(0), CHECKED))
    effective = _weights(log)[1]
    if log.max() < NEVER / 2 or effective < FEWEST:
        raise ConditionError(
            f"too few of the rows this model can sample meet the conditions: the effective sample size is "
            f"{effective:.0f} out of {CHECKED:,} latent vectors; relax a condition, or train with model transformer, "
            f"which takes any"
        )


def _weights(log: np.ndarray) -> tuple[np.ndarray, float]:
    """Importance weights (n,) from their logs (n,), and the effective sample size (Kong 1992)."""
    weight = np.exp(log - log.max())
    return weight, float(weight.sum() ** 2 / (weight**2).sum())


def _log_sum(logits: np.ndarray) -> np.ndarray:
    top = logits.max(axis=1)
    result: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return result


class DecoderSizes(Protocol):
    """The settings that determine a decoder's sizes."""

    @property
    def width(self) -> int:
        """Width of the hidden layers."""
        ...

    @property
    def layers(self) -> int:
        """Number of hidden layers."""
        ...

    @property
    def mlp_ratio(self) -> int:
        """Width of a feed-forward layer, divided by `width`."""
        ...


def decoder_shapes(table: SymbolTable, sizes: DecoderSizes, latent: int) -> Shapes:
    """Weight shapes of the decoder, from latent vectors (latent,) to rows."""
    rows, width, wide = table.coarse_rows, sizes.width, sizes.mlp_ratio * sizes.width
    shapes: Shapes = {
        "enter": (latent, width),
        "enter_bias": (width,),
        "coarse_log": (rows,),
        "fine_log": (rows, table.most_fine),
        "head": (width, rows),
        "head_bias": (rows,),
    }
    for layer in range(sizes.layers):
        shapes |= {f"up_{layer}": (width, wide), f"up_bias_{layer}": (wide,), f"down_{layer}": (wide, width)}
    if table.with_fine:
        count = len(table.with_fine)
        shapes |= {
            "fine_hidden": (width, count * FINE_WIDTH),
            "fine_given": (rows, FINE_WIDTH),
            "fine_head": (count, FINE_WIDTH, table.most_fine),
            "fine_bias": (rows, table.most_fine),
        }
    return shapes
