"""Sampling symbols from categorical distributions, for many rows and for few."""

from __future__ import annotations

import numpy as np
import pytest

from synthdata.models.samplers.dense import activate, choose, choose_shared

SIZE, ROWS = 12, 6000


@pytest.fixture
def logits() -> np.ndarray:
    """A distribution for each row; some symbols are masked, the last one and the first one too."""
    result = np.random.default_rng(0).normal(0, 2, (ROWS, SIZE)).astype(np.float32)
    result[:, [0, 5, 11]] = -1e9
    return result


@pytest.fixture
def uniform() -> np.ndarray:
    result = np.random.default_rng(1).random(ROWS, dtype=np.float32)
    result[:2] = 0.0, np.nextafter(np.float32(1), np.float32(0))
    return result


def test_a_row_gets_the_same_symbol_among_many_rows_and_among_few(logits: np.ndarray, uniform: np.ndarray) -> None:
    many = choose(logits.copy(), uniform)
    few = np.concatenate([choose(logits[i : i + 4].copy(), uniform[i : i + 4]) for i in range(0, ROWS, 4)])
    assert (many == few).mean() > 0.999  # rounding may move a draw over an edge


def test_rows_that_share_a_distribution_get_what_they_would_get_alone(logits: np.ndarray, uniform: np.ndarray) -> None:
    prefix = np.arange(ROWS) % 7
    shared = choose_shared(logits[:7].copy(), prefix, uniform)
    assert (shared == choose(logits[prefix], uniform)).mean() > 0.999


@pytest.mark.parametrize("rows", [4, ROWS])
def test_a_masked_symbol_is_never_chosen(logits: np.ndarray, uniform: np.ndarray, rows: int) -> None:
    chosen = {
        *choose(logits[:rows].copy(), uniform[:rows]).tolist(),
        *choose_shared(logits[:3].copy(), np.arange(rows) % 3, uniform[:rows]).tolist(),
    }
    assert chosen <= set(range(SIZE)) - {0, 5, 11}


def test_symbols_are_as_frequent_as_their_probabilities(uniform: np.ndarray) -> None:
    logits = np.log(np.array([0.1, 0.2, 0.0, 0.7], np.float32) + 1e-30)
    chosen = choose(np.tile(logits, (ROWS, 1)), uniform)
    assert np.bincount(chosen, minlength=4) / ROWS == pytest.approx([0.1, 0.2, 0.0, 0.7], abs=0.02)


def test_the_activation_is_gelu() -> None:
    x = np.linspace(-8, 8, 1001, dtype=np.float32)
    y = x.astype(np.float64)
    activate(x)
    assert x == pytest.approx(y / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3))), abs=1e-6)
