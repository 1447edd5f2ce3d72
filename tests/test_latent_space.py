"""Rows have a place in the latent space of a VAE, and one can go from row to row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthdata.errors import ConditionError, InputError, SchemaError
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer

ROWS = 1500
FIELDS = """
model: {family: vae, width: 64, epochs: 60, latent: 4}
fields:
  key: {kind: identifier, pattern: "K-[0-9]{6}"}
  size: {kind: number, integer: true}
  weight: {kind: number, decimals: 1, nullable: true}
  colour: {kind: category}
"""


def animals() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.integers(10, 200, ROWS)
    frame = pd.DataFrame({"key": [f"K-{i:06d}" for i in range(ROWS)], "size": size})
    frame["weight"] = (size * 2.5 + rng.normal(0, 5, ROWS)).round(1)
    frame.loc[rng.random(ROWS) < 0.1, "weight"] = None
    frame["colour"] = np.where(size < 100, "red", "blue")
    return frame


@pytest.fixture(scope="module")
def vae():
    return Synthesizer.fit(animals(), Schema.parse(FIELDS), seed=1)


def test_rows_come_back_from_their_places(vae):
    real = animals().iloc[:200]
    latent = vae.encode(real)
    assert latent.shape == (200, 4)
    back = vae.decode(latent)
    assert list(back) == list(real)
    assert (back["colour"] == real["colour"]).mean() > 0.95
    assert np.abs(back["size"] - real["size"]).median() < 20


def test_the_way_between_two_rows_goes_from_one_to_the_other(vae):
    small = {"size": 20, "weight": 50.0, "colour": "red"}
    large = {"size": 190, "weight": 480.0, "colour": "blue"}
    way = vae.interpolate(small, large, steps=9)
    assert len(way) == 9
    assert way["colour"].iloc[0] == "red"
    assert way["colour"].iloc[-1] == "blue"
    assert (way["colour"] != way["colour"].shift()).sum() == 2  # it changes once
    assert way["size"].iloc[-1] - way["size"].iloc[0] > 100
    assert (way["size"].diff().dropna() > -30).all()
    pd.testing.assert_frame_equal(way, vae.interpolate(small, large, steps=9))


def test_a_pandas_row_is_a_record_too(vae):
    rows = animals().dropna().iloc[:2]
    assert len(vae.interpolate(rows.iloc[0], rows.iloc[1], steps=3)) == 3


def test_one_place_is_one_row_and_a_place_has_its_width(vae):
    assert len(vae.decode(np.zeros(4))) == 1
    with pytest.raises(InputError, match=r"\(rows, 4\)"):
        vae.decode(np.zeros((2, 5)))
    with pytest.raises(InputError, match="finite"):
        vae.decode(np.full(4, np.nan))


def test_hyperparameters_can_be_given_in_python():
    given = {"family": "vae", "latent": 6, "width": 16, "coupling_layers": 1, "epochs": 1}
    fitted = Synthesizer.fit(animals(), model=given)
    assert fitted.encode(animals()).shape == (ROWS, 6)
    with pytest.raises(SchemaError, match="latent"):
        Synthesizer.fit(animals(), model={"family": "vae", "latant": 6})


def test_conditions_hold_in_every_row_even_where_no_real_row_satisfies_them(vae):
    rows = vae.sample(300, where=["size <= 40", "colour = blue"])
    assert len(rows) == 300
    assert (rows["size"] <= 40).all()
    assert (rows["colour"] == "blue").all()


def test_what_a_place_cannot_say_is_refused_before_any_row(vae, monkeypatch):
    monkeypatch.setattr("synthdata.models.tabular.latent.sampler.FEWEST", 1e9)
    with pytest.raises(ConditionError, match="transformer"):
        vae.stream(where="colour = blue")


def test_a_way_needs_two_ends(vae):
    row = animals().dropna().iloc[0]
    with pytest.raises(InputError, match="2"):
        vae.interpolate(row, row, steps=1)


def test_a_model_without_any_latent_space_says_which_field_to_change():
    marginals = Synthesizer.fit(animals(), Schema.parse(FIELDS), model="marginals")
    stages = replace(marginals.stages, generators={"note": object()}, families={"note": "transformer"})
    model, row = replace(marginals, stages=stages), animals().dropna().iloc[0]
    advice = 'in the schema, set the model of "note" to vae'
    with pytest.raises(InputError, match=f'"note" .transformer. has no latent space; {advice}$'):
        model.vary(row)
    with pytest.raises(InputError, match=f'table .marginals. has no latent space, and "note" .*; {advice}, or the ta'):
        model.interpolate(row, row)


def test_a_family_without_a_latent_space_says_which_has_one():
    marginals = Synthesizer.fit(animals(), Schema.parse(FIELDS), model="marginals")
    with pytest.raises(InputError, match="vae"):
        marginals.encode(animals())
