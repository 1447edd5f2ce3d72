"""Columns that follow from another one still do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Category, Number
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


def test_a_name_follows_from_a_code_of_few_rows_each():
    code = np.repeat([f"s{number}" for number in range(100)], 10)
    assert dependencies({"item_code": code, "item": [text.upper() for text in code]}) == {"item": "item_code"}


def test_one_exception_is_enough():
    code = np.repeat([f"s{number}" for number in range(100)], 10)
    name = np.array([text.upper() for text in code])
    name[500] = name[0]
    assert dependencies({"item_code": code, "item": name}) == {}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.5, 0.95, 0.995])
def test_what_agrees_by_chance_does_not_follow(seed: int, share: float):
    rng = np.random.default_rng(seed)
    code = np.repeat([f"s{number}" for number in range(300)], 5)
    assert dependencies({"item_code": code, "flag": np.where(rng.random(1500) < share, "no", "yes")}) == {}


def test_few_rows_that_agree_are_no_evidence():
    code = np.repeat(["a", "b", "c", "d", "e"], 15)
    assert dependencies({"item_code": code, "item": [text.upper() for text in code]}) == {}


def test_it_survives_saving_whatever_is_looked_up(products, tmp_path):
    loaded = Synthesizer.load(products.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.sample(200), products.sample(200))


# --- codes, most of them rare, and what they mean --------------------------------------------------------------------


def orders(seed: int = 0) -> pd.DataFrame:
    """Products by code, name and number, their group, and its tax rate; codes and names are missing now and then."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, 301) ** 0.8
    which = rng.choice(300, 4000, p=weight / weight.sum())
    number = rng.choice(np.arange(10_000, 99_999), 300, replace=False)
    group = rng.choice(["food", "toys", "books", "tools"], 300)
    frame = pd.DataFrame({"item_code": [f"P{number[one]}" for one in which], "item": [f"thing {one}" for one in which]})
    frame["group"] = group[which]
    frame["tax"] = np.where(frame["group"].isin(["food", "books"]), 7, 19)
    frame["item_no"] = number[which]
    frame["item_code"] = frame["item_code"].mask(rng.random(4000) < 0.05)
    frame["item"] = frame["item"].mask(rng.random(4000) < 0.1)
    return frame.assign(amount=rng.gamma(2, 50, 4000).round(2))


CODED = {
    "item_code": Category(nullable=True),
    "item": Category(nullable=True),
    "group": Category(),
    "tax": Number(integer=True),
    "item_no": Number(integer=True),
    "amount": Number(decimals=2),
}
BY_CODE = Schema(fields={name: CODED[name] for name in ("item_code", "item", "group", "tax", "amount")})
BY_NUMBER = Schema(fields={name: CODED[name] for name in ("item_no", "item", "group", "amount")})


@pytest.fixture(scope="module", params=["marginals", "transformer"])
def products(request) -> Synthesizer:
    model = {"family": "transformer", "epochs": 1} if request.param == "transformer" else request.param
    return Synthesizer.fit(orders(), BY_CODE, model=model)


def follows(made: pd.DataFrame, source: str, column: str) -> pd.Series:
    """Of rows whose values are neither missing nor rare, whether they occur together in real rows."""
    real = set(orders()[[source, column]].dropna().astype(str).itertuples(index=False, name=None))
    there = made[[source, column]].dropna().astype(str)
    there = there[~there.isin(["_RARE_"]).any(axis=1)]
    assert len(there) > 1000
    return pd.Series([pair in real for pair in there.itertuples(index=False, name=None)])


def test_what_a_rare_or_a_missing_value_does_not_tell_is_learned(products):
    found = products.describe()["functional_dependencies"]
    assert found == {"item_code": "item", "group": "item_code", "tax": "group"}
    made = products.sample(4000)
    for source, column in [("item_code", "item"), ("item", "item_code"), ("item", "group"), ("group", "tax")]:
        assert follows(made, source, column).all()
    groups = orders()["group"].value_counts(normalize=True)
    of_rare = made["group"][made["item"] == "_RARE_"].value_counts(normalize=True)
    assert set(of_rare.index) == set(groups.index)
    assert (made["group"].value_counts(normalize=True) - groups).abs().max() < 0.05


def test_values_are_missing_as_often_though_they_follow(products):
    made = products.sample(4000)
    for name in ("item_code", "item"):
        assert made[name].isna().mean() == pytest.approx(orders()[name].isna().mean(), abs=0.05)


@pytest.mark.parametrize(
    "where",
    [
        ["group = toys"],
        ["tax = 7", "item_code is null"],
        ["item is null", "group in food, toys"],
        ["item is not null", "item_code is not null", "tax = 19"],
        ["group != food", "amount > 100"],
        ["item = 'thing 3'"],
    ],
    ids=" and ".join,
)
def test_conditions_on_what_follows_are_met(products, where):
    made = products.sample(300, where=where)
    assert products.encoder.satisfied(made, where).all()
    if "is null" not in where[0]:
        both = made[["item", "group"]].dropna()
        real = set(orders()[["item", "group"]].itertuples(index=False, name=None))
        named = both[both["item"] != "_RARE_"]
        assert all(pair in real for pair in named.itertuples(index=False, name=None))


def test_conditions_that_no_value_satisfies_together_are_refused(products):
    with pytest.raises(ConditionError, match="follows from"):
        products.sample(10, where=["group = food", "tax = 19"])


@pytest.mark.parametrize("model", ["marginals", {"family": "transformer", "epochs": 1}])
def test_names_follow_from_numbers_as_far_as_these_are_exact(model):
    synthesizer = Synthesizer.fit(orders(), BY_NUMBER, model=model)
    assert synthesizer.describe()["functional_dependencies"] == {"item": "item_no", "group": "item_no"}
    made = synthesizer.sample(4000)
    exact = made[made["item_no"].isin(orders()["item_no"])]
    assert len(exact) > 2500
    wrong = ~follows(exact, "item_no", "item")
    assert wrong.mean() < 0.05, "numbers that are drawn from a range can be a code by chance"
    assert follows(made, "item", "group").all()
    toys = synthesizer.sample(300, where="group = toys")
    assert follows(pd.concat([toys] * 10), "item", "group").all()


def test_init_takes_numbers_with_a_name_each_for_codes(tmp_path):
    path = tmp_path / "orders.csv"
    orders()[["item_no", "item", "group", "amount"]].to_csv(path, index=False)
    fields = Schema.infer(path).fields
    assert isinstance(fields["item_no"], Category)
    assert isinstance(fields["amount"], Number)


def test_the_table_holds_nothing_that_few_rows_show():
    """Values that the schema lists are learned also where one person has them; what follows from them is not."""
    values = [f"s{number}" for number in range(20)]
    code = np.array([*np.repeat(values[:-1], 30), values[-1]])
    name = np.char.upper(code)
    name[-1] = "S0"
    schema = Schema(fields={"item_code": Category(values=values), "item": Category()})
    synthesizer = Synthesizer.fit(pd.DataFrame({"item_code": code, "item": name}), schema, model="marginals")
    lookup = synthesizer.encoder.dependencies.by_column["item"].lookups[0]
    codec = synthesizer.encoder.codecs["item_code"]
    symbol = codec.encode(pd.Series([values[-1], values[0]]))["item_code"]
    assert lookup.table[symbol[0]] == -1
    assert lookup.table[symbol[1]] >= 0


@pytest.mark.parametrize("schema", [BY_CODE, BY_NUMBER], ids=["by code", "by number"])
def test_missing_products_are_filled_with_what_follows(schema):
    model = {"family": "transformer", "epochs": 1}
    synthesizer = Synthesizer.fit(orders(), schema, model=model)
    rng = np.random.default_rng(1)
    holed = orders()[list(schema.fields)]
    holed = holed.mask((rng.random(holed.shape) < 0.3) & (np.array(holed.columns) != "amount"))
    filled = synthesizer.fill(holed)
    assert not filled.isna().any(axis=None)
    for name in holed:
        there = holed[name].notna()
        assert (filled[name][there] == synthesizer.schema.read(holed)[name][there]).all()
    known = set(orders()["item"].value_counts().loc[lambda counts: counts >= 8].index)
    named = filled[filled["item"].isin(known)]
    assert follows(named, "item", "group").all()
    if "tax" in named:
        assert follows(named, "group", "tax").all()


def dependencies(columns: dict) -> dict[str, str]:
    """What follows from what in a table of categories."""
    schema = Schema(fields={name: Category() for name in columns})
    return Synthesizer.fit(pd.DataFrame(columns), schema, model="marginals").describe()["functional_dependencies"]


def test_it_survives_saving(fitted, tmp_path):
    loaded = Synthesizer.load(fitted.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.sample(200), fitted.sample(200))


def test_rows_to_be_encoded_need_not_be_told_apart_by_what_follows():
    synthesizer = Synthesizer.fit(cities(), Schema.infer(cities()), model={"family": "vae", "epochs": 1})
    frame = cities().head(20)
    assert synthesizer.decode(synthesizer.encode(frame)).columns.tolist() == frame.columns.tolist()
