"""Calibration after training: biases of heads are adjusted until each column's marginals match the training rows.

Samples of a VAE or a GAN have nearly the right marginals; the biases correct the rest, as in the adjustment of
classifiers to new class frequencies (Saerens et al. 2002, eq. 2.4, iterated).
"""

from __future__ import annotations

import numpy as np

from synthdata.models.samplers.dense import CHUNK, choose
from synthdata.models.tabular.latent.sampler import Latents, LatentSampler
from synthdata.models.tabular.symbols import NEVER, open_logits

__all__ = ["calibrate"]

ROUNDS, RATE = 6, 0.8
LEAST_DRAWN, MOST_DRAWN = 2048, 16_384  # rows that are sampled in a round
DRAWN = 8  # rows that are sampled for each training row: more would be more exact than their frequencies are
LEAST = 1e-5  # added to frequencies before taking logs


def calibrate(sampler: LatentSampler, latents: Latents, rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """The sampler's weights with calibrated biases.

    latents: samples latent vectors, as for `draw_rows`. rows: number of training rows.
    """
    drawn = int(np.clip(DRAWN * rows, LEAST_DRAWN, MOST_DRAWN))
    table = sampler.table
    weights = {**sampler.weights, "head_bias": sampler.weights["head_bias"].copy()}
    if table.with_fine:
        weights["fine_bias"] = weights["fine_bias"].copy()
    calibrated = LatentSampler(table, weights, sampler.enter)
    coarse_log, fine_log = weights["coarse_log"], weights["fine_log"]
    for _ in range(ROUNDS):
        coarse, fine = _expected(calibrated, latents(rng, drawn), rng)
        weights["head_bias"] += _step(np.exp(coarse_log), coarse, coarse_log)
        if table.with_fine:
            frequent = coarse[:, None] > drawn**-0.5 / 10  # enough rows to estimate their fine symbols
            step = _step(np.exp(fine_log), fine, fine_log)
            weights["fine_bias"] += np.where(frequent, step, 0.0).astype(np.float32)
    return weights


def _step(target: np.ndarray, found: np.ndarray, logs: np.ndarray) -> np.ndarray:
    step = RATE * np.log((target + LEAST) / (found + LEAST))
    return np.where(logs > NEVER / 2, step, 0.0).astype(np.float32)


def _expected(sampler: LatentSampler, latent: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Expected frequencies of coarse symbols (all coarse,), and of fine ones given these (all coarse, most fine)."""
    table, weights = sampler.table, sampler.weights
    open_coarse, open_fine = open_logits(weights["coarse_log"]), open_logits(weights["fine_log"])
    coarse_sum = np.zeros(table.coarse_rows)
    fine_sum, fine_rows = np.zeros((table.coarse_rows, table.most_fine)), np.zeros(table.coarse_rows)
    for first in range(0, len(latent), CHUNK):
        states = sampler.states(latent[first : first + CHUNK])
        each = np.arange(len(states))
        for i, column in enumerate(table.columns):
            start = table.starts[i]
            here = slice(start, start + column.coarse)
            logits = sampler.coarse_logits(i, states) + open_coarse[here]
            coarse_sum[here] += _softmax(logits).sum(axis=0)
            if column.fine > 1:
                row = start + choose(logits, rng.random(len(states), np.float32))
                probabilities = _softmax(sampler.fine_logits(i, states, row) + open_fine[row])
                chosen = np.zeros((len(states), column.coarse), np.float32)
                chosen[each, row - start] = 1.0
                fine_sum[here] += chosen.T @ probabilities
                fine_rows[here] += chosen.sum(axis=0)
    return coarse_sum / len(latent), fine_sum / np.maximum(fine_rows, 1.0)[:, None]


def _softmax(logits: np.ndarray) -> np.ndarray:
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities
