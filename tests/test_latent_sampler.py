"""Conditions on rows drawn from latent vectors, and marginals set right."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from synthdata.errors import ConditionError, TrainingError
from synthdata.models.tabular.c2st import c2st_auc, distinct_share
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.sampler import conditional_latents, enter_conditional
from synthdata.models.tabular.gan.training import check_diversity, draw
from synthdata.models.tabular.latent.calibration import calibrate
from synthdata.models.tabular.latent.sampler import LatentSampler, check_latents, choose_latents
from synthdata.models.tabular.symbols import Column, SymbolTable

ROWS = 4000
COLUMNS = (Column("shape", 3, 1, 3), Column("amount", 5, 4, 1, 4))


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.standard_normal((rows, 1), np.float32)


def test_latents_are_chosen_by_how_likely_they_make_the_condition():
    """A standard normal seen through noise: given x + e > 1, x has mean pdf(1/s)/(s P), s = sqrt(2)."""
    from scipy.stats import norm

    chosen = choose_latents(rng_of(0), ROWS, normal, lambda x: norm.logsf(1 - x[:, 0]))
    size = np.sqrt(2)
    expected = norm.pdf(1 / size) / (size * norm.sf(1 / size))
    assert abs(chosen.mean() - expected) < 0.05


def test_a_condition_that_hardly_a_latent_makes_likely_is_refused():
    with pytest.raises(ConditionError, match="transformer"):
        check_latents(normal, lambda x: -1e3 * np.abs(x[:, 0] - 4.5))


def test_a_condition_that_all_latents_make_as_likely_is_met_however_rare():
    check_latents(normal, lambda x: np.full(len(x), -40.0))
    assert len(choose_latents(rng_of(0), 100, normal, lambda x: np.full(len(x), -40.0))) == 100


def test_biases_move_until_columns_have_their_frequencies():
    rng, table = rng_of(1), SymbolTable(COLUMNS)
    symbols = np.zeros((ROWS, 2, 2), np.int32)
    symbols[:, 0, 0] = rng.choice(3, ROWS, p=[0.7, 0.2, 0.1])
    symbols[:, 1, 0] = rng.choice(4, ROWS, p=[0.1, 0.2, 0.3, 0.4])  # the last one never comes
    symbols[:, 1, 1] = np.where(symbols[:, 1, 0] > 0, rng.integers(0, 4, ROWS), 0)
    counted = Frequencies.of(table, symbols)
    width = 8
    weights = {
        "enter": rng.normal(0, 1, (2, width)).astype(np.float32),
        "enter_bias": np.zeros(width, np.float32),
        "conditional": np.zeros((8, width), np.float32),
        "conditional_share": np.exp(counted.coarse_log) / 2,
        "head": rng.normal(0, 0.3, (width, 8)).astype(np.float32),
        "head_bias": np.zeros(8, np.float32),
        "fine_hidden": np.zeros((width, 32), np.float32),
        "fine_given": np.zeros((8, 32), np.float32),
        "fine_head": np.zeros((1, 32, 4), np.float32),
        "fine_bias": np.maximum(counted.fine_log, -30) + rng.normal(0, 0.5, (8, 4)).astype(np.float32),
        **counted.logs,
    }
    sampler = LatentSampler(table, weights, partial(enter_conditional, weights))
    made = draw(table, calibrate(sampler, partial(conditional_latents, weights), rng_of(5), 20_000), rng_of(2), 20_000)
    for column in range(2):
        real, drawn = (np.bincount(side[:, column, 0], minlength=5) / len(side) for side in (symbols, made))
        assert np.abs(real - drawn).max() < 0.02
    real, drawn = (np.bincount(side[side[:, 1, 0] == 3, 1, 1]) for side in (symbols, made))
    assert np.abs(real / real.sum() - drawn / drawn.sum()).max() < 0.02


def test_a_collapsed_generator_is_refused():
    rng = rng_of(3)
    real = rng.integers(0, 50, (ROWS, 3, 2))
    check_diversity(real, rng.integers(0, 50, (ROWS, 3, 2)))
    with pytest.raises(TrainingError, match="collapsed"):
        check_diversity(real, real[rng.integers(0, 20, ROWS)])


def test_quality_tells_rows_of_the_same_kind_from_others():
    rng, table = rng_of(4), SymbolTable(COLUMNS)
    real, same, other = (np.stack([rng.integers(0, [3, top], (1000, 2)) for _ in range(2)], 2) for top in (4, 4, 2))
    assert c2st_auc(table, real, same) < 0.6
    assert c2st_auc(table, real, other) > 0.7
    assert distinct_share(np.zeros((10, 2, 2))) == 0.1
