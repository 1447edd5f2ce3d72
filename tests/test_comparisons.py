"""Quantities that are compared with others of their row: chosen, placed, and learned from few rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, Synthesizer
from synthdata.blocks import Binned, Categorical, Scale
from synthdata.models.tabular.comparisons import STEPS, Comparisons

YEARS = Scale("number", (1950, 1960, 1970, 1980), (1950, 1960, 1970, 1980))
LAYOUT = {
    "built": Categorical(5, YEARS),  # or missing
    "amount": Binned(2, 3, 4, scale=Scale("number", (1960, 2000, 1900, 1955, 1975), (1960, 2000, 1955, 1975, 2010))),
    "kind": Categorical(4),
    "day": Categorical(4, Scale("time", (1950, 1960, 1970, 1980), (1950, 1960, 1970, 1980))),
}


def test_steps_start_at_distances_from_the_symbol_that_a_value_belongs_to_or_lies_beside():
    """Of amounts the bins and atoms by value: 1900 to 1955, 1960, 1955 to 1975, 1975 to 2010, 2000."""
    comparisons = Comparisons.of(LAYOUT, [(1, 0), (0, 1)])
    assert comparisons.ranks[1].tolist() == [1, 4, 0, 2, 3]
    assert comparisons.ranks[0].tolist() == [-1, 0, 1, 2, 3]
    at, above = STEPS.tolist().index(-0.25), STEPS.tolist().index(0.25)
    # missing, which no step is above; 1950 in the first bin, 1960 itself, 1970 in the third symbol, 1980 in the fourth
    assert comparisons.starts[0][:, at].tolist() == [5, 0, 1, 2, 3]
    assert comparisons.starts[0][:, above].tolist() == [5, 1, 2, 3, 4]
    # 1960 itself; 2000 above all; the bin around 1927.5 below all; that around 1965 between two; 1992.5 above all
    assert comparisons.starts[1][:, at].tolist() == [1, 4, 0, 2, 4]
    assert comparisons.starts[1][:, above].tolist() == [2, 4, 0, 2, 4]


@pytest.mark.parametrize("pair", [(0, 2), (2, 0), (0, 0), (0, 9), (-1, 0)])
def test_only_two_quantities_can_be_compared(pair):
    with pytest.raises(ValueError, match="cannot be compared"):
        Comparisons.of(LAYOUT, [pair])


def test_pairs_are_chosen_by_what_comparing_them_tells():
    rng = np.random.default_rng(0)
    same = Scale("number", tuple(range(20)), tuple(range(20)))
    layout = {name: Categorical(20, same) for name in ("one", "near", "far", "other")}
    one, other = rng.integers(0, 20, (2, 2000))
    near = np.clip(one + rng.integers(-1, 2, 2000), 0, 19)
    symbols = np.stack([one, near, rng.permutation(one), other], axis=1)
    symbols = np.stack([symbols, np.zeros_like(symbols)], axis=2)
    assert Comparisons.find(layout, symbols).pairs == ((0, 1), (1, 0))


@pytest.fixture(scope="module")
def houses():
    """800 houses: two in three garages are as old as the house, no house costs more than the buyer's limit."""
    rng, rows = np.random.default_rng(1), 800
    built = 2010 - rng.integers(0, 90, rows)
    later = np.minimum(built + rng.integers(1, 40, rows), 2010)
    limit = rng.integers(20, 200, rows) * 1000
    price = (limit * rng.uniform(0.3, 1.0, rows)).round()
    garage = np.where(rng.random(rows) < 2 / 3, built, later)
    return pd.DataFrame({"built": built, "garage": garage, "limit": limit, "price": price.astype(int)})


def test_equal_years_and_amounts_within_a_limit_are_learned_from_few_rows(houses):
    """Without comparisons .51 of the garages are as old as the house, and .89 of the prices are within the limit."""
    synthesizer = Synthesizer.fit(houses, Schema.infer(houses).replace(constraints=[]), seed=1)
    rows = synthesizer.sample(2000, seed=1)
    equal, real = ((each["built"] == each["garage"]).mean() for each in (rows, houses))
    assert equal == pytest.approx(real, abs=0.1)
    assert (rows["price"] <= rows["limit"]).mean() > 0.92
