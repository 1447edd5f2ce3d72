"""Any small table goes the whole way: its schema is inferred, it is learned, and what is drawn passes the gate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdata import Schema, generate, train

ROWS = 60
KINDS = {
    "count": lambda rng: rng.poisson(3, ROWS),
    "amount": lambda rng: np.where(rng.random(ROWS) < 0.2, np.nan, rng.lognormal(3, 2, ROWS).round(2)),
    "ratio": lambda rng: rng.normal(0, 1e-3, ROWS),
    "label": lambda rng: rng.choice(["north", "south", "über", ""], ROWS),
    "flag": lambda rng: rng.random(ROWS) < 0.3,
    "day": lambda rng: (pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, ROWS), "D")).strftime("%F"),
    "key": lambda rng: [f"K-{number:06d}" for number in rng.permutation(10**6)[:ROWS]],
    "constant": lambda rng: np.full(ROWS, 7),
}


@settings(max_examples=5, deadline=None, derandomize=True)
@given(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5), seed=st.integers(0, 2**32 - 1))
def test_any_table_is_learned_and_what_is_drawn_passes_the_gate(kinds, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"{kind} {number}": KINDS[kind](rng) for number, kind in enumerate(kinds)})
    schema = Schema.infer(frame)
    rows = generate(train(frame, schema, model="marginals"), 20, seed=1)
    drawn = rows.frame()
    assert list(drawn.columns) == list(frame.columns)
    assert len(drawn) == 20
    assert rows.verdict().passed
