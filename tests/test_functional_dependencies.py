"""Columns that follow from another one still do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata.errors import ConditionError
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer

ROWS = 2000
COUNTRIES = {"Vienna": "Austria", "Graz": "Austria", "Bern": "Switzerland", "Oslo": "Norway", "Rome": "Italy"}


def cities() -> pd.DataFrame:
    """A country and a number follow from the city, a continent says nothing; the weather is nearly a function of it."""
    rng = np.random.default_rng(0)
    city = rng.choice(list(COUNTRIES), ROWS)
    frame = pd.DataFrame({"country": pd.Series(city).map(COUNTRIES), "city": city, "continent": "Europe"})
    frame["code"] = frame["city"].map({name: 10 + number for number, name in enumerate(COUNTRIES)})
    frame["weather"] = np.where(frame["city"] == "Oslo", "cold", "warm")
    frame.loc[frame.index[frame["city"] == "Oslo"][:10], "weather"] = "warm"
    frame.loc[frame.index[frame["city"] == "Rome"], "country"] = None
    return frame.assign(amount=rng.normal(size=ROWS))


@pytest.fixture(scope="module", params=["marginals", "transformer"])
def fitted(request) -> Synthesizer:
    model = {"family": "transformer", "epochs": 1} if request.param == "transformer" else request.param
    return Synthesizer.fit(cities(), model=model)


def test_what_follows_from_another_column_is_found_and_nothing_else(fitted):
    assert fitted.describe()["functional_dependencies"] == {"country": "city", "code": "city"}
    assert set(fitted.generator.signature.layout) == {"city", "continent", "weather", "amount"}


def test_every_row_keeps_what_follows(fitted):
    real, made = cities(), fitted.sample(3000)
    columns = ["city", "country", "code"]
    assert list(made.columns) == list(real.columns)
    assert set(made[columns].fillna("").itertuples(index=False)) == set(
        real[columns].fillna("").itertuples(index=False)
    )


def test_a_condition_on_a_column_that_follows_is_met(fitted):
    made = fitted.sample(500, where=["country in Austria, Norway", "code > 10"])
    assert set(made["city"]) == {"Graz", "Oslo"}
    assert set(fitted.sample(50, where="country is null")["city"]) == {"Rome"}


def test_conditions_that_contradict_each_other_are_refused(fitted):
    with pytest.raises(ConditionError, match='"country" follows from "city"'):
        fitted.sample(10, where={"country": "Austria", "city": "Oslo"})


def test_a_column_is_not_taken_to_follow_from_one_of_few_rows_a_symbol():
    rng = np.random.default_rng(1)
    many = np.repeat([f"s{number}" for number in range(100)], 10)
    frame = pd.DataFrame({"many": many, "twin": [text.upper() for text in many], "x": rng.normal(size=1000)})
    assert Synthesizer.fit(frame, model="marginals").describe()["functional_dependencies"] == {}


def test_it_survives_saving(fitted, tmp_path):
    loaded = Synthesizer.load(fitted.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.sample(200), fitted.sample(200))


def test_rows_to_be_encoded_need_not_be_told_apart_by_what_follows():
    synthesizer = Synthesizer.fit(cities(), Schema.infer(cities()), model={"family": "vae", "epochs": 1})
    frame = cities().head(20)
    assert synthesizer.decode(synthesizer.encode(frame)).columns.tolist() == frame.columns.tolist()
