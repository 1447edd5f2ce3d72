"""Columns that hold what an earlier column holds keep doing so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata.blocks import Binned
from synthdata.encoding.copied_columns import CopiedColumns
from synthdata.fields import Rows
from synthdata.models.tabular.symbols import join, split
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer

ROWS = 3000


def bills() -> pd.DataFrame:
    """A payment is the bill, or the deposit, or neither; days likewise; nothing is like the amount in cents."""
    rng = np.random.default_rng(0)
    bill, deposit = rng.integers(100, 90_000, ROWS), rng.integers(50_000, 200_000, ROWS)
    which = rng.random(ROWS)
    paid = np.select([which < 0.3, which < 0.4], [bill, deposit], rng.integers(100, 200_000, ROWS))
    sent = pd.Timestamp("2000-01-01") + pd.to_timedelta(rng.integers(0, 7000, ROWS), unit="D")
    late = pd.to_timedelta(np.where(rng.random(ROWS) < 0.5, 0, rng.integers(1, 900, ROWS)), unit="D")
    frame = pd.DataFrame({"bill": bill, "deposit": deposit, "cents": bill + 0.25, "paid": paid})
    frame = frame.assign(sent=sent, received=sent + late)
    frame["paid"] = frame["paid"].astype("Int64").mask(rng.random(ROWS) < 0.05)
    return frame


@pytest.fixture(scope="module")
def fitted():
    frame = bills()
    schema = Schema.infer(frame).replace(constraints=())
    return schema.read(frame), Synthesizer.fit(frame, schema, model="marginals")


def decoded(encoder, arrays, masks=None, **others) -> dict[str, pd.Series]:
    """The columns as they are decoded, some of them replaced by `others` before what is copied is copied."""
    masks = masks or {}
    rows = Rows(0, np.arange(ROWS))
    columns = {name: codec.decode(arrays, rows, masks.get(name)) for name, codec in encoder.codecs.items()}
    columns |= others
    for name in encoder.copied.sources:
        columns[name] = encoder.copied.decode(name, columns, encoder.codecs[name], arrays[name], masks.get(name))
    return columns


def test_copied_columns_are_found_where_rows_agree_often(fitted):
    _, synthesizer = fitted
    assert synthesizer.encoder.copied == CopiedColumns({"paid": ("bill", "deposit"), "received": ("sent",)})


def test_columns_of_other_units_are_not_compared():
    frame = pd.DataFrame({"whole": np.arange(0, 2000, 2)[::-1], "fraction": np.arange(1000) + 0.5})
    frame.loc[:500, "fraction"] = frame.loc[:500, "whole"]
    schema = Schema.parse("fields: {whole: {kind: number, integer: true}, fraction: {kind: number, decimals: 1}}")
    assert Synthesizer.fit(frame, schema, model="marginals").encoder.copied.sources == {}


def test_copied_values_come_back_exactly_through_symbols(fitted):
    frame, synthesizer = fitted
    encoder = synthesizer.encoder
    layout, arrays = encoder.layout, encoder.encode(frame)
    assert isinstance(layout["paid"], Binned)
    assert layout["paid"].links == 2
    symbols = split(layout, arrays)
    arrays = join(layout, symbols, np.random.default_rng(1).random(symbols.shape[:2]))
    columns = decoded(encoder, arrays)
    for column, source in (("paid", "bill"), ("paid", "deposit"), ("received", "sent")):
        real, back = frame[column] == frame[source], columns[column] == columns[source]
        assert (real & back).sum() > 0.98 * real.sum()  # the others' sources lie beyond the range
        assert (back & ~real).sum() < 0.01 * ROWS
    assert (columns["paid"].isna() == frame["paid"].isna()).all()


def test_a_value_beyond_the_columns_range_is_not_copied(fitted):
    _, synthesizer = fitted
    encoder = synthesizer.encoder
    arrays = encoder.encode(fitted[0])
    rows = Rows(0, np.arange(ROWS))
    before = encoder.codecs["paid"].decode(arrays, rows)
    columns = decoded(encoder, arrays, deposit=encoder.codecs["deposit"].decode(arrays, rows) + 10**6)
    to_deposit = arrays["paid"][:, 1] >= 2
    assert to_deposit.any()
    assert (columns["paid"][to_deposit] == before[to_deposit]).all()
    assert (columns["paid"].isna() == before.isna()).all()


def test_conditions_on_a_column_that_copies_hold(fitted):
    _, synthesizer = fitted
    rows = synthesizer.sample(500, where=["paid >= 1000", "paid <= 1500"], seed=2)
    assert rows["paid"].between(1000, 1500).all()


def test_a_value_that_a_condition_forbids_is_not_copied(fitted):
    frame, synthesizer = fitted
    encoder = synthesizer.encoder
    arrays = encoder.encode(frame)
    columns = decoded(encoder, arrays, encoder.restrict(["paid >= 60000"]).masks)
    present = frame["paid"].notna().to_numpy()
    assert (columns["paid"][present] >= 60_000).all()
    equal = (frame["paid"] == frame["bill"]).fillna(False).to_numpy(bool) & (frame["bill"] >= 60_000).to_numpy()
    assert (columns["paid"][equal] == columns["bill"][equal]).mean() > 0.98


def test_equality_survives_a_condition():
    synthesizer = Synthesizer.fit(bills(), model="transformer", seed=1)
    rows = synthesizer.sample(2000, where="paid >= 20000", seed=2)
    assert (rows["paid"] >= 20_000).all()
    real = bills().query("paid >= 20000")
    share = (real["paid"] == real["bill"]).mean()
    assert abs((rows["paid"] == rows["bill"]).mean() - share) < 0.5 * share


def test_they_survive_saving(fitted, tmp_path):
    _, synthesizer = fitted
    synthesizer.save(tmp_path / "model")
    again = Synthesizer.load(tmp_path / "model")
    assert again.encoder.copied == synthesizer.encoder.copied
    pd.testing.assert_frame_equal(again.sample(300, seed=5), synthesizer.sample(300, seed=5))
