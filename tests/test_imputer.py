"""The imputer keeps the conventions of scikit-learn, and the frames it is given."""

from __future__ import annotations

from io import StringIO
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from synthdata import Imputer, InputError, Schema
from synthdata.blocks import Arrays
from synthdata.models import FAMILIES
from synthdata.models.base import ImputingGenerator, Settings, Trained
from synthdata.models.tabular.marginals.model import Marginals, MarginalsGenerator


class Independent(Trained[Marginals], ImputingGenerator):
    """A double that learns in no time: fills each column by its own frequencies."""

    Settings: ClassVar[type[Settings]] = Marginals

    shapes = MarginalsGenerator.shapes
    train = MarginalsGenerator.train
    sample = MarginalsGenerator.sample

    def impute(
        self, rng: np.random.Generator, arrays: Arrays, observed: Any, missing: Any, allowed: Any, row_masks: Any
    ) -> Arrays:
        assert not row_masks, "no column of these tables follows from another"
        drawn = self.sample(rng, len(next(iter(arrays.values()))), allowed=allowed)
        for name, cells in missing.items():
            drawn[name][~cells] = arrays[name][~cells]
        return drawn


@pytest.fixture(autouse=True)
def independent(monkeypatch):
    monkeypatch.setitem(FAMILIES, "independent", f"{__name__}:Independent")


TOO_FEW = "its rows are fewer than the 20 that are the least to learn anything from"
FAILS = {"check_fit2d_1feature": TOO_FEW, "check_n_features_in_after_fitting": TOO_FEW}


@parametrize_with_checks([Imputer(model="independent")], expected_failed_checks=lambda _: FAILS)
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check):
    check(estimator)


def patients() -> pd.DataFrame:
    """Cells of every type, a tenth of them missing, and a column that no schema should name."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 200).astype(float),
            "weight": rng.normal(75, 12, 200).round(1),
            "ward": pd.Series(rng.choice(["north", "south"], 200)),
            "class": pd.Categorical(rng.choice(["a", "b", "c"], 200)),
            "smoker": pd.Series(rng.random(200) < 0.3, dtype="boolean"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, 200), unit="D"),
            "seen": pd.Series(rng.integers(0, 9, 200).astype(str)),
        }
    ).set_axis(rng.permutation(200) // 2)
    frame["since"] = frame["since"].astype("datetime64[us]")
    return frame.mask(rng.random(frame.shape) < 0.1).assign(remark=[f"free text {number}" for number in range(200)])


def test_frames_come_back_as_they_came_but_for_what_was_missing():
    frame = patients()
    schema = Schema.infer(frame.drop(columns="remark"))
    filled = Imputer(schema, model="independent", random_state=0).fit_transform(frame)
    assert filled.index.equals(frame.index)
    assert filled.dtypes.equals(frame.dtypes)
    assert not filled.isna().any(axis=None)
    pd.testing.assert_frame_equal(filled.where(frame.notna()), frame)
    assert set(filled["seen"]) <= set("012345678")


def test_cells_are_filled_as_their_column_spells_them():
    frame = patients().reset_index(drop=True).assign(flag=pd.Series([True, False, None, True] * 50, dtype=object))
    text = pd.read_csv(StringIO(frame.to_csv(index=False)), dtype=str)
    filled = Imputer(model="independent", random_state=0).fit_transform(text)
    for name in ("class", "smoker", "seen", "flag"):  # True as the column writes it, not true
        assert set(filled[name]) == set(text[name].dropna())
    flags = Imputer(model="independent", random_state=0).fit_transform(frame)["flag"]
    assert set(map(type, flags)) == {bool}


def test_fields_that_are_not_nullable_may_be_missing_and_only_the_columns_asked_for_are_filled():
    frame = patients()
    fields = {name: {"kind": "number"} for name in ("age", "weight")}
    schema = Schema.model_validate({"fields": fields})
    filled = Imputer(schema, ["age"], model="independent").fit(frame).transform(frame)
    assert filled["age"].notna().all()
    pd.testing.assert_frame_equal(filled.drop(columns="age"), frame.drop(columns="age"))


def test_arrays_come_back_as_arrays():
    cells = patients()[["age", "weight"]].to_numpy()
    imputer = Imputer(model="independent", random_state=1)
    filled = imputer.fit_transform(cells)
    assert filled.dtype == cells.dtype
    assert np.isfinite(filled).all()
    assert (filled == cells)[~np.isnan(cells)].all()
    assert list(imputer.get_feature_names_out()) == ["x0", "x1"]
    assert list(imputer.set_output(transform="pandas").transform(cells).columns) == ["x0", "x1"]


@pytest.mark.parametrize("state", [3, np.int64(3), np.random.RandomState(3), None])
def test_a_random_state_may_be_what_it_is_elsewhere(state):
    frame = patients()
    imputer = Imputer(model="independent", random_state=state).fit(frame)
    pd.testing.assert_frame_equal(imputer.transform(frame), imputer.transform(frame))
    again = clone(imputer).fit(frame).transform(frame)
    assert again.equals(imputer.transform(frame)) == isinstance(state, int | np.integer)


def test_what_it_is_not_fitted_to_is_refused():
    frame = patients()
    with pytest.raises(NotFittedError):
        Imputer().transform(frame)
    imputer = Imputer(model="independent").fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        imputer.transform(frame.drop(columns="age"))
    with pytest.raises(ValueError, match="1 sample"):
        Imputer(model="independent").fit(np.zeros((1, 3)))
    cells = frame[["age", "weight"]].to_numpy()
    with pytest.raises(ValueError, match="X has 1 features"):
        Imputer(model="independent").fit(cells).transform(cells[:, :1])


@pytest.mark.parametrize("model", ["marginals", "auto", {"family": "vae"}])
def test_a_model_that_does_not_fill_is_refused_before_it_is_trained(model):
    with pytest.raises(InputError, match="an Imputer takes model transformer"):
        Imputer(model=model).fit(patients())


def test_it_stands_in_a_pipeline():
    frame = patients()
    inputs, label = frame[["age", "weight"]], frame["remark"].str[-1] > "4"
    learner = make_pipeline(Imputer(model="independent"), LogisticRegression()).fit(inputs, label)
    assert learner.predict(inputs).shape == (200,)


def test_the_transformer_fills_by_what_stands_beside_a_cell():
    rng = np.random.default_rng(2)
    label = rng.integers(0, 2, 600)
    frame = pd.DataFrame({"sign": label * 5 + rng.integers(0, 2, 600), "same": np.where(label, "ill", "well")})
    holed = frame.mask(rng.random(frame.shape) < 0.2)
    model = {"family": "transformer", "width": 16, "layers": 1, "epochs": 30, "batch_size": 32}
    imputer = Imputer(model=model, random_state=0).fit(holed)
    filled = imputer.transform(holed)
    alone = holed["same"].isna() & holed["sign"].notna()
    assert (filled["same"] == frame["same"])[alone].mean() > 0.95
