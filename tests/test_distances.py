"""Distances of two samples: those of statistics books, and none between equal samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from synthdata.distances import (
    c2st_scores,
    frechet_distance,
    kernel_distance,
    ks_distance,
    residual_variance,
    total_variation,
)

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


def test_a_classifier_is_at_chance_on_one_distribution_and_not_on_two():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    is_real = np.repeat([1, 0], 200)
    for shift, low, high in ((0.0, 0.4, 0.6), (2.0, 0.95, 1.0)):
        features = RNG.normal(size=(400, 2)) + shift * is_real[:, None]
        folds = list(StratifiedKFold(2).split(features, is_real))
        scores, fitted = c2st_scores(LogisticRegression(), features, is_real, folds)
        assert low <= ((scores[:200, None] > scores[200:]).mean()) <= high
        assert [test.tolist() for _, test in fitted] == [test.tolist() for _, test in folds]
    one_sided = [(np.arange(400), np.arange(200))]
    assert (c2st_scores(LogisticRegression(), features, is_real, one_sided)[0] == 0.5).all()
