"""After training: heads' biases moved until every column's frequencies are those of the training rows.

What a VAE or a GAN draws has each column's frequencies nearly; the rest is a matter of biases, as in the calibration of
classifiers to new class frequencies (Saerens et al. 2002, eq. 2.4, applied again and again).
"""

from __future__ import annotations

import numpy as np

from synthdata.models.samplers.dense import CHUNK, choose
from synthdata.models.tabular.latent.sampler import Latents, LatentSampler
from synthdata.models.tabular.symbols import NEVER, open_logits

__all__ = ["calibrate"]

ROUNDS, ROWS, RATE = 6, 16_384, 0.8
LEAST = 1e-5  # share of rows below which frequencies are not told apart


def calibrate(sampler: LatentSampler, latents: Latents, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the sampler's weights with other biases; `latents` as for `draw_rows`."""
    numbering = sampler.numbering
    weights = {**sampler.weights, "head_bias": sampler.weights["head_bias"].copy()}
    if numbering.with_minor:
        weights["minor_bias"] = weights["minor_bias"].copy()
    moved = LatentSampler(numbering, weights, sampler.enter)
    major_log, minor_log = weights["major_log"], weights["minor_log"]
    for _ in range(ROUNDS):
        major, minor = _expected(moved, latents(rng, ROWS), rng)
        weights["head_bias"] += _step(np.exp(major_log), major, major_log)
        if numbering.with_minor:
            given = major[:, None] > ROWS**-0.5 / 10  # enough rows to see the minors of
            step = _step(np.exp(minor_log), minor, minor_log)
            weights["minor_bias"] += np.where(given, step, 0.0).astype(np.float32)
    return weights


def _step(wanted: np.ndarray, found: np.ndarray, logs: np.ndarray) -> np.ndarray:
    step = RATE * np.log((wanted + LEAST) / (found + LEAST))
    return np.where(logs > NEVER / 2, step, 0.0).astype(np.float32)


def _expected(sampler: LatentSampler, latent: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Expected frequencies of majors (all majors,), and of minors given their major (all majors, most)."""
    numbering, weights = sampler.numbering, sampler.weights
    open_major, open_minor = open_logits(weights["major_log"]), open_logits(weights["minor_log"])
    major_sum = np.zeros(numbering.rows)
    minor_sum, minor_rows = np.zeros((numbering.rows, numbering.most_minors)), np.zeros(numbering.rows)
    for first in range(0, len(latent), CHUNK):
        states = sampler.states(latent[first : first + CHUNK])
        each = np.arange(len(states))
        for i, column in enumerate(numbering.columns):
            start = numbering.starts[i]
            here = slice(start, start + column.majors)
            logits = sampler.major_logits(i, states) + open_major[here]
            major_sum[here] += _shares(logits).sum(axis=0)
            if column.minors > 1:
                row = start + choose(logits, each, rng.random(len(states), np.float32))
                shares = _shares(sampler.minor_logits(i, states, row) + open_minor[row])
                chosen = np.zeros((len(states), column.majors), np.float32)
                chosen[each, row - start] = 1.0
                minor_sum[here] += chosen.T @ shares
                minor_rows[here] += chosen.sum(axis=0)
    return major_sum / len(latent), minor_sum / np.maximum(minor_rows, 1.0)[:, None]


def _shares(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
