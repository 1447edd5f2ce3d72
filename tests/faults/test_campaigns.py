"""Some attempts of each campaign of hostile input; `make fuzz` makes many."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from fuzz.campaigns import CAMPAIGNS


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_attempts_end_in_rows_or_in_a_line(name: str) -> None:
    outcomes = {CAMPAIGNS[name](np.random.default_rng([seed, *name.encode()])) for seed in range(40)}
    assert any(outcome.startswith("refused") for outcome in outcomes)
