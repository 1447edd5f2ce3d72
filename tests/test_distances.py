"""Distances of two samples: those of statistics books, and none between equal samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from synthdata.distances import frechet_distance, kernel_distance, ks_distance, residual_variance, total_variation

RNG = np.random.default_rng(0)


def test_the_kolmogorov_smirnov_distance_is_that_of_scipy():
    one, two = RNG.normal(size=300), RNG.normal(0.3, 1, 200).round(1)
    assert ks_distance(one, two) == pytest.approx(ks_2samp(one, two).statistic)
    assert ks_distance(one, one) == 0


def test_the_total_variation_of_equal_shares_is_0_and_of_disjoint_ones_1():
    assert total_variation(np.array([1, 3, 0]), np.array([2, 6, 0])) == 0
    assert total_variation(np.array([5, 0, 0]), np.array([0, 1, 1])) == 1
    assert total_variation(np.array([1, 1]), np.array([3, 1])) == pytest.approx(0.25)
    assert total_variation(np.zeros(2), np.zeros(2)) == 0


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_samples_of_one_distribution_are_nearer_than_those_of_two(distance):
    one, same, other = RNG.normal(size=(500, 8)), RNG.normal(size=(500, 8)), RNG.normal(0.5, 1, (500, 8))
    assert distance(one, same) < 0.2 * distance(one, other)


def test_the_frechet_distance_of_normals_is_the_squared_distance_of_their_means():
    one = RNG.normal(size=(20_000, 3))
    assert frechet_distance(one, one + np.array([2.0, 0.0, 0.0])) == pytest.approx(4.0)


def test_what_a_condition_explains_leaves_no_variance():
    condition = RNG.normal(size=(200, 2))
    features = condition @ RNG.normal(size=(2, 4)) + 1.0
    assert residual_variance(features, condition) == pytest.approx(0, abs=1e-20)
    noise = RNG.normal(size=(200, 4))
    assert residual_variance(features + noise, condition) == pytest.approx(noise.var(), rel=0.05)
