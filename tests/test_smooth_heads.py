"""What is learned of one amount is learned of those near it: weak dependence is found in few rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthdata import Schema
from synthdata.blocks import Binned, Categorical, Scale
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.related import related
from synthdata.models.tabular.symbols import SymbolTable, columns_of, split
from synthdata.models.tabular.waves import places_of
from synthdata.synthesizer import Synthesizer

ROWS = 1500


def test_symbols_of_a_quantity_are_ordered_by_what_they_stand_for() -> None:
    scale = Scale("number", (7.0, 0.0, 3.0, 5.0), (7.0, 3.0, 5.0, 9.0))  # an atom, three bins
    binned, few, colour = columns_of(
        {
            "a": Binned(1, 3, 4, scale=scale),
            "b": Categorical(3, Scale("number", (2.0, 1.0), (2.0, 1.0))),
            "c": Categorical(4),
        }
    )
    assert binned.order == (1, 2, 0, 3)
    assert few.order == (2, 1)  # the first one means "missing"
    assert colour.order == ()


def test_places_are_shares_of_rows() -> None:
    table = SymbolTable.of({"a": Categorical(3, Scale("number", (30.0, 10.0, 20.0), (30.0, 10.0, 20.0)))})
    symbols = np.zeros((100, 1, 2), np.int32)
    symbols[20:, 0, 0], symbols[70:, 0, 0] = 1, 2  # 20 of 30, 50 of 10, 30 of 20
    np.testing.assert_allclose(places_of(Frequencies.of(table, symbols), 0), [0.25, 0.65, 0.9], atol=1e-3)


def test_weak_dependence_is_learned_from_few_rows() -> None:
    rng = np.random.default_rng(0)
    days = np.floor(rng.lognormal(1.5, 0.8, ROWS))
    noise = {f"noise_{i}": np.round(rng.lognormal(6, 1, ROWS), 2) for i in range(6)}
    cost = np.round(np.exp(rng.normal(6.5 + 0.35 * np.log1p(days), 0.6)), 2)
    frame = pd.DataFrame({"days": days, **noise, "cost": cost})
    real = frame["days"].corr(frame["cost"], method="spearman")
    schema = Schema.infer(frame).replace(model={"family": "transformer"})
    drawn = Synthesizer.fit(frame, schema, seed=0).sample(4000)
    assert 0.5 * real < drawn["days"].corr(drawn["cost"], method="spearman") < 1.3 * real
    assert abs(drawn["days"].corr(drawn["noise_0"], method="spearman")) < 0.15


def test_columns_are_related_that_depend_on_each_other() -> None:
    rng = np.random.default_rng(0)
    number, group = rng.normal(size=ROWS), rng.choice(["a", "b", "c"], ROWS)
    frame = pd.DataFrame(
        {
            "number": number.round(2),
            "trend": (0.2 * number + rng.normal(size=ROWS)).round(2),
            "spread": (number * rng.normal(size=ROWS)).round(2),
            "group": group,
            "of_group": np.where(rng.random(ROWS) < 0.8, group, "a"),
            **{f"noise_{i}": rng.normal(size=ROWS).round(2) for i in range(8)},
        }
    )
    encoder = Synthesizer.fit(frame, Schema.infer(frame), model="marginals").encoder
    layout, arrays = encoder.layout, encoder.encode(Schema.infer(frame).read(frame))
    symbols = split(layout, arrays)
    frequencies = Frequencies.of(SymbolTable.of(layout), symbols)
    names, found = list(layout), related(frequencies, symbols)
    assert (found == found.T).all()
    assert found.diagonal().all()
    for pair in (("number", "trend"), ("number", "spread"), ("group", "of_group")):
        assert found[names.index(pair[0]), names.index(pair[1])], pair
    noise = found[5:, 5:]
    assert noise.sum() <= len(noise) + 2 * 3  # of 28 pairs
    assert related(frequencies, np.tile(symbols, (20, 1, 1))).all()  # there is enough to learn from
