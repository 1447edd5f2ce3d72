"""Missing cells are drawn given all that their row holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthdata.errors import DataError, InputError
from synthdata.schema import Schema
from synthdata.schema.constraints import RowRule
from synthdata.synthesizer import Synthesizer

ROWS = 1500
FLOORS = {"north": "ground", "south": "first", "east": "first", "west": None}
QUICK = {"family": "transformer", "width": 16, "layers": 1, "epochs": 25, "batch_size": 64}
SCHEMA = """
fields:
  stay_id: {kind: identifier, pattern: "S-[0-9]{6}"}
  ward: {kind: category, values: [north, south, east, west]}
  floor: {kind: category, nullable: true}
  bed: {kind: category}
  begin: {kind: number, integer: true}
  end: {kind: number, integer: true}
  billed: {kind: number, integer: true}
  paid: {kind: number, integer: true}
  pain: {kind: boolean, nullable: true}
  doctor: {kind: category}
  unused: {kind: number, nullable: true}
constraints:
  - {kind: ordered, low: begin, high: end}
  - {kind: rule, rule: "begin >= 0"}
"""


def stays() -> pd.DataFrame:
    """The bed is nearly the ward, the floor follows from it; many pay what is billed; pain is likely in the north."""
    rng = np.random.default_rng(0)
    ward = rng.choice(list(FLOORS), ROWS, p=[0.4, 0.3, 0.2, 0.1])
    begin, billed = rng.integers(0, 300, ROWS), rng.integers(100, 9000, ROWS)
    doctors = np.where(rng.random(ROWS) < 0.6, "Adams", "Baker").astype(object)
    doctors[:6] = [f"Rare {number}" for number in range(6)]
    pain = pd.Series(rng.random(ROWS) < np.where(ward == "north", 0.7, 0.1), dtype="boolean")
    return pd.DataFrame(
        {
            "stay_id": [f"S-{number:06d}" for number in range(ROWS)],
            "ward": ward,
            "floor": pd.Series(ward).map(FLOORS),
            "bed": np.where(rng.random(ROWS) < 0.01, "spare", pd.Series(ward).str.upper()),
            "begin": begin,
            "end": begin + rng.integers(0, 20, ROWS),
            "billed": billed,
            "paid": np.where(rng.random(ROWS) < 0.8, billed, rng.integers(0, 9000, ROWS)),
            "pain": pain.mask(rng.random(ROWS) < 0.2),
            "doctor": doctors,
            "unused": np.nan,
        }
    )


@pytest.fixture(scope="module")
def model() -> Synthesizer:
    return Synthesizer.fit(stays(), Schema.parse(SCHEMA), model=QUICK, seed=2)


@pytest.fixture(scope="module")
def holed() -> pd.DataFrame:
    """The stays, a quarter of all cells but the keys missing, and an index of their own."""
    rng = np.random.default_rng(1)
    frame = stays()
    holes = rng.random(frame.shape) < 0.25
    holes[:, 0] = False
    return frame.mask(holes).set_axis(np.arange(ROWS)[::-1] // 2)


@pytest.fixture(scope="module")
def filled(model, holed) -> pd.DataFrame:
    return model.fill(holed)


def test_cells_that_are_there_come_back_untouched(model, holed, filled):
    read = model.schema.read(holed)
    assert filled.index.equals(holed.index)
    assert filled.dtypes.equals(read.dtypes)
    for name in read:
        there = read[name].notna().to_numpy()
        pd.testing.assert_series_equal(filled[name][there], read[name][there])
    assert filled["doctor"].str.startswith("Rare").any()  # one that the model does not know


def test_a_filled_cell_is_never_missing_but_where_it_follows_so(filled):
    names = [name for name in filled if name not in ("floor", "unused")]
    assert not filled[names].isna().any(axis=None)
    assert set(filled["ward"][filled["floor"].isna()]) == {"west"}


def test_of_a_column_that_had_nothing_in_it_nothing_is_drawn(filled):
    assert filled["unused"].isna().all()


def test_filled_cells_follow_from_what_is_known(model, holed, filled):
    hidden = (holed["ward"].isna() & holed["bed"].notna() & (holed["bed"] != "spare")).to_numpy()
    agree = filled["ward"].str.upper()[hidden] == filled["bed"][hidden]
    assert hidden.sum() > 200
    assert agree.mean() > 0.95


def test_what_follows_from_another_column_still_does(model, filled):
    assert model.describe()["functional_dependencies"] == {"floor": "ward"}
    assert (filled["ward"].map(FLOORS).fillna("") == filled["floor"].fillna("")).all()


def test_what_follows_says_what_its_source_may_be(model):
    rows = stays().head(400).assign(ward=None, bed=None)
    filled = model.fill(rows[rows["floor"].notna()])
    assert set(filled["ward"][filled["floor"] == "first"]) == {"south", "east"}
    assert set(filled["ward"][filled["floor"] == "ground"]) == {"north"}


def test_cells_are_drawn_and_not_the_likeliest(model):
    rows = pd.concat([stays()] * 2, ignore_index=True).assign(pain=None)
    filled = model.fill(rows)
    shares = filled["pain"].astype(float).groupby(rows["ward"] == "north").mean()
    assert shares[True] == pytest.approx(0.7, abs=0.1)
    assert shares[False] == pytest.approx(0.1, abs=0.07)


def test_a_linked_number_is_taken_from_where_it_stands(model, holed, filled):
    assert model.describe()["copied_columns"]["paid"] == ["billed"]
    for there in (True, False):  # observed or filled itself
        rows = (holed["paid"].isna() & (holed["billed"].notna() == there)).to_numpy()
        assert 0.6 < (filled["paid"] == filled["billed"])[rows].mean() < 0.95


def test_a_missing_number_is_taken_from_the_one_that_is_linked_to_it(holed, filled):
    rows = (holed["billed"].isna() & holed["paid"].notna()).to_numpy()
    assert rows.sum() > 200
    assert 0.6 < (filled["paid"] == filled["billed"])[rows].mean() < 0.95


def test_constraints_hold_after_filling(holed, filled):
    assert (holed["begin"].isna() | holed["end"].isna()).sum() > 400
    assert (filled["begin"] <= filled["end"]).mean() > 0.99
    assert (filled["begin"] >= 0).all()


def test_what_no_draw_can_mend_is_left_for_the_gate(model, holed):
    hopeless = replace(model, constraints=(RowRule(rule="begin > end"),))
    rows = hopeless.fill(holed.head(100))
    assert not rows[["begin", "end"]].isna().any(axis=None)


def test_no_rare_value_is_filled_in(holed, filled):
    drawn = filled["doctor"][holed["doctor"].isna().to_numpy()]
    assert not drawn.str.startswith("Rare").any()


def test_only_the_columns_asked_for_are_filled(model, holed, filled):
    some = model.fill(holed, ["pain", "begin"])
    read = model.schema.read(holed)
    assert not some[["pain", "begin"]].isna().any(axis=None)
    pd.testing.assert_frame_equal(some.drop(columns=["pain", "begin"]), read.drop(columns=["pain", "begin"]))


def test_the_same_seed_fills_the_same_cells_however_many_rows_come_after(model, holed, filled):
    pd.testing.assert_frame_equal(model.fill(holed), filled)
    for rows in (1, 2, 7, 300):  # however the block is made up
        pd.testing.assert_frame_equal(model.fill(holed.head(rows)), filled.head(rows), check_dtype=rows == 300)
    assert not model.fill(holed, seed=1).equals(filled)


def test_a_frame_that_lacks_nothing_comes_back_as_it_is(model):
    whole = stays().dropna(subset=["floor", "pain"]).drop(columns="unused").assign(unused=1.5)
    pd.testing.assert_frame_equal(model.fill(whole), model.schema.read(whole))


def test_what_cannot_be_filled_is_refused_in_a_line(model, holed):
    with pytest.raises(InputError, match=r'no field "wart"; did you mean "ward"\?'):
        model.fill(holed, ["wart"])
    with pytest.raises(InputError, match='"stay_id" is made anew'):
        model.fill(holed, ["stay_id"])
    with pytest.raises(DataError, match='no column "bed"'):
        model.fill(holed.drop(columns="bed"))
    keyless = model.fill(holed.assign(stay_id=None).head(20))
    assert keyless["stay_id"].isna().all()


def test_other_families_say_that_they_do_not_fill(holed):
    other = Synthesizer.fit(stays(), Schema.parse(SCHEMA), model="marginals")
    with pytest.raises(InputError, match="model family 'marginals' cannot fill missing values"):
        other.fill(holed)
