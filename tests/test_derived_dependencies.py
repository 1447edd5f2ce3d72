"""Derived columns and functional dependencies in one table: what follows from a gap, or from a low column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata.pipeline import generate
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer

ROWS = 2000
LENGTHS = np.array(["same week", "short", "short", "long", "long"])
SCHEMA = """
fields:
  begin: {kind: number, integer: true, nullable: true}
  end: {kind: number, integer: true, nullable: true}
  term: {kind: category, nullable: true}
  length: {kind: category, nullable: true}
  state: {kind: category}
  group: {kind: category}
constraints:
  - {kind: ordered, low: begin, high: end}
"""
QUICK = {"family": "transformer", "width": 16, "layers": 1, "epochs": 6, "batch_size": 64}


def courses() -> pd.DataFrame:
    """Courses by the week: term follows from begin, length from the weeks, state from whether begin is known."""
    rng = np.random.default_rng(0)
    begin, weeks = rng.integers(1, 13, ROWS), rng.choice(5, ROWS, p=[0.1, 0.3, 0.3, 0.2, 0.1])
    unknown = rng.random(ROWS) < 0.15
    return pd.DataFrame(
        {
            "begin": pd.Series(begin, dtype="Int64").mask(unknown),
            "end": pd.Series(begin + weeks, dtype="Int64"),
            "term": pd.Series("term " + pd.Series((begin - 1) // 4 + 1).astype(str)).mask(unknown),
            "length": pd.Series(LENGTHS[weeks]).mask(unknown),
            "state": np.where(unknown, "planned earlier", "planned"),
            "group": rng.choice(["north", "south"], ROWS),
        }
    )


def is_consistent(frame: pd.DataFrame) -> np.ndarray:
    """Rows with a begin whose term, length and state follow as they do in the real ones."""
    known = frame[frame["begin"].notna()]
    weeks = (known["end"] - known["begin"]).astype(int)
    term = "term " + ((known["begin"] - 1) // 4 + 1).astype(str)
    return ((known["term"] == term) & (known["length"] == LENGTHS[weeks]) & (known["state"] == "planned")).to_numpy()


@pytest.fixture(scope="module")
def always_known() -> Synthesizer:
    frame = courses()
    return Synthesizer.fit(frame[frame["begin"].notna()].reset_index(drop=True), Schema.parse(SCHEMA), model=QUICK)


@pytest.fixture(scope="module")
def sometimes_known() -> Synthesizer:
    return Synthesizer.fit(courses(), Schema.parse(SCHEMA), model=QUICK)


def test_what_follows_from_a_gap_and_from_a_low_column_is_found(always_known) -> None:
    found = always_known.describe()["functional_dependencies"]
    assert (found["term"], found["length"]) == ("begin", "end")


def test_synthetic_rows_are_in_order_and_keep_what_follows(always_known) -> None:
    made = generate(always_known, ROWS)
    frame = made.frame()
    assert made.verdict().rejected == 0
    assert (frame["end"] >= frame["begin"]).all()
    assert is_consistent(frame).all()


@pytest.mark.parametrize(
    "where", [["length = long"], ["term = term 2"], ["end <= 5"], ["length = short", "end >= 9", "term = term 2"]]
)
def test_conditions_are_met_with_what_follows(always_known, where) -> None:
    frame = generate(always_known, 200, where=where).frame()
    assert always_known.encoder.satisfied(frame, where).all()
    assert is_consistent(frame).all()


def test_whether_a_low_column_is_shown_may_follow_too(sometimes_known) -> None:
    frame = generate(sometimes_known, ROWS).frame()
    assert 0.05 < frame["begin"].isna().mean() < 0.3
    assert (frame["begin"].isna() == (frame["state"] == "planned earlier")).all()
    assert (frame["end"] >= frame["begin"]).fillna(True).all()


def test_filled_cells_are_in_order_and_keep_what_follows(always_known) -> None:
    real = courses().dropna().reset_index(drop=True)
    for names in (["end", "length"], ["begin", "term"], ["begin", "term", "length"], ["term", "length"], ["begin"]):
        filled = always_known.fill(real.assign(**{name: real[name].mask(real.index < 500) for name in names}))
        assert not filled.isna().any(axis=None)
        assert (filled["end"] >= filled["begin"]).all()
        assert is_consistent(filled).mean() > 0.99, names
