"""The nearest of other points is found exactly, whatever the number of rows, columns and categories."""

from __future__ import annotations

import numpy as np
import pytest

from synthdata.evaluation.points import OTHERS, ROWS, Points, nearest


def drawn(rows: int, width: int, columns: int, seed: int) -> Points:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, (rows, columns)).astype(np.uint8)
    return Points(rng.normal(size=(rows, width)).astype(np.float32), codes)


def all_distances(rows: Points, others: Points) -> np.ndarray:
    numbers = ((rows.numbers[:, None].astype(np.float64) - others.numbers[None]) ** 2).sum(axis=2)
    return np.sqrt(numbers + (rows.codes[:, None] != others.codes[None]).sum(axis=2))


@pytest.mark.parametrize(
    ("rows", "others", "width", "columns"),
    [(300, 5000, 3, 4), (7, 2, 1, 0), (ROWS + 1, OTHERS + 1, 2, 1), (40, 60, 0, 300), (5, 300, 4, 2)],
)
def test_the_two_nearest_are_those_of_all_distances(rows: int, others: int, width: int, columns: int) -> None:
    one, two = drawn(rows, width, columns, 0), drawn(others, width, columns, 1)
    first, distances = nearest(one, two)
    every = all_distances(one, two)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :2], atol=1e-4)
    np.testing.assert_allclose(every[np.arange(rows), first], every.min(axis=1), atol=1e-4)


def test_of_points_that_are_equally_near_the_first_is_found() -> None:
    two = Points(np.zeros((2 * OTHERS, 1), np.float32), np.zeros((2 * OTHERS, 1), np.uint8))
    first, distances = nearest(Points(np.ones((3, 1), np.float32), np.ones((3, 1), np.uint8)), two)
    assert first.tolist() == [0, 0, 0]
    assert distances == pytest.approx(np.sqrt(2.0), abs=1e-5)


def test_a_single_point_has_no_second_nearest() -> None:
    one = drawn(4, 2, 1, 0)
    _, distances = nearest(one, one[:1])
    assert np.isinf(distances[:, 1]).all()
    assert distances[0, 0] == 0
    assert nearest(one[:0], one)[1].shape == (0, 2)
