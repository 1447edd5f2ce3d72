"""The augmenter keeps the conventions of scikit-learn and imbalanced-learn, and what it is given."""

from __future__ import annotations

from collections import Counter

import imblearn.utils.estimator_checks as imblearn_checks
import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, cross_validate
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from synthdata import Augmenter, GateError, InputError, Schema
from synthdata.augmentation.amounts import FEWEST

ROWS, ILL = 120, 30

TOO_FEW = "its rows are fewer than the 20 that are the least to learn anything from"
FAILS = {"check_fit2d_1feature": TOO_FEW, "check_n_features_in_after_fitting": TOO_FEW}

# Of imbalanced-learn, whose parametrize_with_checks asks for tags that only its own classes can have. Left out are
# those about its sampling_strategy, and those, of 1,000 rows, whose claims are made below in less time.
CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_sampler_get_feature_names_out",
    "check_sampler_get_feature_names_out_pandas",
    "check_samplers_nan",
    "check_samplers_one_label",
]
FAILS_OF_IMBLEARN = {
    "check_samplers_fit": "it has no sampling_strategy: balance, level and shares say the same and more",
    "check_samplers_string": "one of its values is in 7 rows only, which are never learned and become _RARE_",
    "check_samplers_pandas_sparse": "sparse columns are refused",
    "check_target_type": "y may be a quantity",
}


@parametrize_with_checks([Augmenter(model="marginals")], expected_failed_checks=lambda _: FAILS)
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        *CHECKS,
        *(
            pytest.param(name, marks=pytest.mark.xfail(reason=reason, raises=(AssertionError, TypeError, ValueError)))
            for name, reason in FAILS_OF_IMBLEARN.items()
        ),
    ],
)
def test_imbalanced_learn_takes_it_for_one_of_its_own(name):
    getattr(imblearn_checks, name)("Augmenter", Augmenter(model="marginals", random_state=0))


def augmenter(**settings) -> Augmenter:
    return Augmenter(**{"model": "marginals", "random_state": 0, **settings})


def patients() -> pd.DataFrame:
    """Cells of every type, in an order and under an index of their own."""
    rng = np.random.default_rng(0)
    some = rng.random(ROWS) < 0.1
    frame = pd.DataFrame(
        {
            "ward": pd.Series(rng.choice(["north", "south"], ROWS)),
            "age": rng.integers(18, 90, ROWS),
            "weight": np.where(some, np.nan, rng.normal(75, 12, ROWS).round(1)),
            "height": rng.normal(170, 9, ROWS).astype("float32"),
            "smoker": rng.random(ROWS) < 0.3,
            "asked": pd.Series(rng.random(ROWS) < 0.3, dtype="boolean").mask(some),
            "visits": pd.Series(rng.integers(0, 9, ROWS), dtype="Int64").mask(some),
            "seen": pd.Series(rng.integers(0, 4, ROWS).astype(str), dtype=object),
            "told": pd.Series(np.where(some, None, rng.choice(["yes", "no"], ROWS)), dtype=object),
            "agreed": pd.Series(np.where(some, None, rng.random(ROWS) < 0.5), dtype=object),
            "code": pd.Series(rng.choice(np.array([7, "x"], object), ROWS)),
            "class": pd.Categorical(rng.choice(["a", "b"], ROWS), categories=["b", "unused", "a"], ordered=True),
            "grade": pd.Categorical(rng.integers(0, 4, ROWS)),
            "able": pd.Categorical(rng.random(ROWS) < 0.5),
            "span": pd.cut(rng.random(ROWS), 3),
            "empty": pd.Categorical([None] * ROWS, categories=["a"]),
            "nothing": np.full(ROWS, np.nan),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, ROWS), unit="D"),
        }
    )
    frame["until"] = frame["since"].dt.tz_localize("UTC")
    frame["born"] = frame["since"].dt.date
    return frame.set_axis(rng.permutation(ROWS) // 2 + 7)


def states(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(np.where(np.arange(ROWS) < ILL, "ill", "well"), name="state", index=frame.index)


def numbers(rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, 2))


@pytest.fixture(scope="module")
def resampled() -> tuple[Augmenter, pd.DataFrame, pd.Series]:
    sampler = augmenter()
    return sampler, *sampler.fit_resample(patients(), states(patients()))


def test_frames_come_back_as_they_came_and_longer(resampled):
    frame, state = patients(), states(patients())
    sampler, longer, labels = resampled
    assert longer.dtypes.equals(frame.dtypes)
    assert longer.columns.equals(frame.columns)
    pd.testing.assert_frame_equal(longer.iloc[:ROWS], frame.reset_index(drop=True))
    pd.testing.assert_series_equal(labels.iloc[:ROWS], state.reset_index(drop=True))
    assert labels.value_counts().to_dict() == {"ill": ROWS - ILL, "well": ROWS - ILL}
    assert sampler.provenance_.tolist() == ["real"] * ROWS + ["synthetic"] * (ROWS - 2 * ILL)
    assert sampler.n_features_in_ == len(frame.columns)
    assert list(sampler.feature_names_in_) == list(frame.columns)


def test_added_cells_are_such_as_stand_in_their_column(resampled):
    frame, (_, longer, _) = patients(), resampled
    added = longer.iloc[ROWS:]
    for name in ("ward", "smoker", "seen", "agreed", "code", "class", "grade", "able", "span"):
        assert set(map(type, added[name].dropna())) == set(map(type, frame[name].dropna())), name
        assert set(added[name].dropna()) == set(frame[name].dropna()), name
    assert set(map(type, added["born"])) == set(map(type, frame["born"]))
    for name in ("weight", "asked", "visits", "told", "agreed"):
        assert added[name].isna().any(), name


def test_categories_are_added_where_the_rare_ones_have_a_name():
    frame = pd.DataFrame({"kind": pd.Categorical(["a"] * 100 + ["b"] * 17 + ["c"] * 3), "cut": 0})
    frame["cut"] = pd.cut(np.repeat([0.5, 1.5, 2.5], [100, 17, 3]), [0, 1, 2, 3])
    longer, _ = augmenter(factor=10).fit_resample(frame, np.arange(ROWS) % 2)
    assert longer["kind"].cat.categories.tolist() == ["a", "b", "c", "_RARE_"]
    assert longer["cut"].cat.categories.tolist() == [*frame["cut"].cat.categories, "_RARE_"]
    assert (longer["kind"] == "c").sum() == 3
    assert longer["cut"].iloc[:ROWS].tolist() == frame["cut"].tolist()


def test_a_column_of_whole_numbers_gets_whole_numbers_whatever_its_field_says():
    frame = pd.DataFrame({"age": np.random.default_rng(0).integers(0, 90, ROWS)})
    schema = Schema.model_validate({"fields": {"age": {"kind": "number"}, "state": {"kind": "number"}}})
    longer, labels = augmenter(schema=schema, balance=False, rows=500).fit_resample(frame, frame["age"].rename("state"))
    assert longer["age"].dtype == labels.dtype == "int64"
    assert abs(longer["age"].iloc[ROWS:].mean() - frame["age"].mean()) < 4


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["no", "yes"], "str"),
        (["no", "yes"], object),
        (["no", "yes"], "category"),
        ([0, 1], "int64"),
        ([0, 1], "Int64"),
        ([-1.0, 1.0], "float64"),
        ([False, True], "bool"),
    ],
)
def test_labels_keep_their_name_and_type(values, dtype):
    label = pd.Series(values, dtype=dtype).iloc[np.arange(ROWS) % 3 // 2].rename("ill")
    _, labels = augmenter().fit_resample(numbers(), label)
    assert labels.name == "ill"
    assert labels.dtype == label.dtype
    assert Counter(labels) == {values[0]: 80, values[1]: 80}


@pytest.mark.parametrize("kind", [np.float32, bool, object, str])
def test_arrays_come_back_as_arrays(kind):
    cells = np.random.default_rng(0).integers(0, 2, (ROWS, 2)).astype(kind)
    label = np.where(np.arange(ROWS) < ILL, 5, 3)
    longer, labels = augmenter().fit_resample(cells, label)
    assert isinstance(longer, np.ndarray)
    assert longer.dtype == cells.dtype
    assert labels.dtype == label.dtype
    assert (longer[:ROWS] == cells).all()
    assert set(map(type, longer[ROWS:].ravel().tolist())) == set(map(type, cells.ravel().tolist()))
    assert Counter(labels.tolist()) == {3: 90, 5: 90}


def test_missing_cells_of_an_array_of_objects_are_nan():
    rng = np.random.default_rng(0)
    cells = np.column_stack([rng.choice(np.array([each, None], object), ROWS) for each in (3, True, "a")])
    longer, _ = augmenter().fit_resample(cells, states(patients()))
    for column, present in zip(longer[ROWS:].T.tolist(), (3, True, "a"), strict=True):
        assert {cell for cell in column if cell == cell} == {present}
        assert any(isinstance(cell, float) and np.isnan(cell) for cell in column)


def test_lists_come_back_as_lists():
    cells, label = numbers().tolist(), ["well"] * 90 + ["ill"] * 30
    longer, labels = augmenter().fit_resample(cells, label)
    assert longer[:ROWS] == cells
    assert labels == label + ["ill"] * 60
    assert {type(cell) for row in longer for cell in row} == {float}


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_labels_in_a_frame_come_back_in_one():
    state = states(patients()).to_frame()
    _, labels = augmenter().fit_resample(numbers(), state)
    assert labels.columns.equals(state.columns)
    pd.testing.assert_frame_equal(labels.iloc[:ROWS], state.reset_index(drop=True))
    assert (labels["state"].iloc[ROWS:] == "ill").all()


def test_rows_are_counted_anew_as_imbalanced_learn_does():
    frame = patients()[["age", "height"]]
    theirs, their_labels = RandomOverSampler(random_state=0).fit_resample(frame, states(frame))
    state = states(frame).reset_index(drop=True)  # rows go together by place, not by index
    longer, labels = augmenter().fit_resample(frame, state)
    assert longer.index.equals(theirs.index)
    assert labels.index.equals(their_labels.index)
    pd.testing.assert_frame_equal(longer.iloc[:ROWS], theirs.iloc[:ROWS])
    pd.testing.assert_series_equal(labels.iloc[:ROWS], their_labels.iloc[:ROWS])


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ({}, {"well": 90, "ill": 90}),
        ({"level": 0.5}, {"well": 90, "ill": 45}),
        ({"shares": {"ill": 0.4}}, {"well": 90, "ill": 60}),
        ({"rows": 20}, {"well": 90, "ill": 50}),
        ({"factor": 2}, {"well": 120, "ill": 120}),
        ({"level": 0.2}, {"well": 90, "ill": 30}),
    ],
)
def test_as_many_rows_come_as_asked_for(settings, kinds):
    cells, state = numbers(), states(patients())
    sampler = augmenter(**settings)
    longer, labels = sampler.fit_resample(cells, state)
    assert labels.value_counts().to_dict() == kinds
    assert len(longer) == len(labels) == len(sampler.provenance_)
    assert (sampler.synthesizer_ is None) == (len(longer) == ROWS)


def test_without_balance_classes_are_drawn_as_often_as_they_come():
    _, labels = augmenter(balance=False, factor=6).fit_resample(numbers(), states(patients()))
    assert len(labels) == 6 * ROWS
    assert 0.15 < (labels.iloc[ROWS:] == "ill").mean() < 0.35


def test_shares_go_by_the_label_whatever_it_is():
    sick = states(patients()) == "ill"
    for label, key in ((sick, True), (sick * 2.0, 2.0)):
        _, labels = augmenter(shares={key: 0.4}).fit_resample(numbers(), label)
        assert (labels == key).sum() == 60


def test_a_quantity_is_drawn_as_one():
    amount = pd.Series(np.random.default_rng(2).normal(50, 9, ROWS).round(2), name="amount")
    _, labels = augmenter(factor=3).fit_resample(numbers(), amount)
    assert labels.dtype == amount.dtype
    assert len(labels) == 3 * ROWS
    assert abs(labels.iloc[ROWS:].mean() - 50) < 3
    assert not set(labels.iloc[ROWS:]) <= set(amount)
    with pytest.raises(InputError, match="give factor or rows"):
        augmenter().fit_resample(numbers(), amount)


def test_whole_numbers_of_which_some_are_rare_are_a_quantity_if_nothing_is_to_be_balanced():
    count = np.random.default_rng(2).poisson(40, ROWS)
    _, labels = augmenter(balance=False, rows=300).fit_resample(numbers(), count)
    assert labels.dtype == count.dtype
    assert abs(labels[ROWS:].mean() - 40) < 3


@pytest.mark.parametrize("settings", [{}, {"balance": False, "factor": 2}, {"shares": {"a": 0.5}}])
def test_a_class_too_small_is_refused_in_a_line_about_privacy(settings):
    few = np.array(["a"] * 115 + ["b"] * 5)
    with pytest.raises(InputError, match=rf"y has a class in 5 real rows only; at least {FEWEST} .*privacy"):
        augmenter(**settings).fit_resample(numbers(), few)


def test_the_same_random_state_adds_the_same_rows():
    cells, state = numbers(), states(patients())
    one, again, other = (augmenter(random_state=seed).fit_resample(cells, state)[0] for seed in (1, np.int64(1), 2))
    assert (one == again).all()
    assert not (one == other).all()


@pytest.mark.parametrize("state", [None, np.random.RandomState(3)])
def test_a_random_state_that_goes_on_adds_other_rows(state):
    sampler = augmenter(random_state=state)
    one, another = (sampler.fit_resample(numbers(), states(patients()))[0] for _ in range(2))
    assert one.shape == another.shape
    assert not (one == another).all()


def test_parameters_are_kept_as_given():
    schema = Schema.model_validate({"fields": {"x0": {"kind": "number"}}})
    shares = {"ill": 0.5}
    sampler = Augmenter(schema, shares=shares, model={"family": "marginals"})
    assert sampler.get_params()["schema"] is schema
    assert sampler.get_params()["shares"] is shares
    assert clone(sampler).get_params() == sampler.get_params()
    assert clone(sampler.set_params(level=0.5, shares=None)).get_params()["level"] == 0.5
    with pytest.raises(ValueError, match="Invalid parameter 'levels'"):
        sampler.set_params(levels=1)


def test_it_stands_in_a_pipeline_and_adds_no_rows_to_those_that_are_predicted():
    frame, state = patients()[["age", "ward"]], states(patients())
    coded = make_column_transformer((OneHotEncoder(), ["ward"]), remainder="passthrough")
    pipeline = make_pipeline(augmenter(), coded, LogisticRegression(max_iter=1000)).fit(frame, state)
    assert len(pipeline[0].provenance_) == 180
    assert pipeline.predict(frame).shape == (ROWS,)
    with config_context(enable_metadata_routing=True):
        assert pipeline.fit(frame, state).predict(frame).shape == (ROWS,)


class Counting(DecisionTreeClassifier):
    """Keeps what it was trained on."""

    def fit(self, X, y):  # noqa: N803  # scikit-learn's name
        self.seen_ = np.asarray(X)
        self.labels_ = Counter(np.asarray(y).tolist())
        return super().fit(X, y)


def test_in_cross_validation_only_training_folds_are_added_to():
    cells, state = numbers(), states(patients()).to_numpy()
    asked = []

    def score(pipeline, held_out, labels):
        asked.append((held_out, labels))
        return pipeline.score(held_out, labels)

    folds = StratifiedKFold(2)
    done = cross_validate(
        make_pipeline(augmenter(), Counting()), cells, state, cv=folds, scoring=score, return_estimator=True
    )
    for (train, test), pipeline, (held_out, labels) in zip(
        folds.split(cells, state), done["estimator"], asked, strict=True
    ):
        learner = pipeline[-1]
        assert learner.labels_ == {"ill": 45, "well": 45}
        assert (learner.seen_[: len(train)] == cells[train]).all()
        assert not set(map(tuple, cells[test])) & set(map(tuple, learner.seen_))
        assert (held_out == cells[test]).all()  # as they are, none added
        assert Counter(labels) == {"ill": 15, "well": 45}


def test_scores_and_searches_take_it():
    cells, state = numbers(), states(patients())
    pipeline = Pipeline([("augmenter", augmenter()), ("learner", Counting())])
    assert cross_val_score(pipeline, cells, state, cv=2, error_score="raise").shape == (2,)
    search = GridSearchCV(pipeline, {"augmenter__level": [0.5, 1.0]}, cv=2, error_score="raise").fit(cells, state)
    best = search.best_params_["augmenter__level"]
    assert search.best_estimator_["learner"].labels_ == {"well": 90, "ill": int(90 * best)}


def test_a_schema_says_what_added_rows_are_like():
    frame = pd.DataFrame({"age": np.r_[np.full(60, 30), np.full(60, 40)], "weight": numbers()[:, 0].round(1)})
    schema = Schema.model_validate(
        {
            "fields": {
                "weight": {"kind": "number", "decimals": 1},
                "age": {"kind": "category", "values": ["30", "40"]},
            }
        }
    )
    longer, _ = augmenter(schema=schema).fit_resample(frame, states(patients()))
    assert list(longer.columns) == ["age", "weight"]
    assert set(longer["age"]) == {30, 40}
    added = longer["weight"].iloc[ROWS:]
    assert (added == added.round(1)).all()
    swapped, _ = augmenter(
        schema=schema.model_copy(update={"fields": {"x1": schema.fields["weight"], "x0": schema.fields["age"]}})
    ).fit_resample(frame.to_numpy(), states(patients()))
    assert set(swapped[:, 0]) == {30, 40}


def test_a_schema_that_fits_not_is_refused():
    frame = pd.DataFrame(numbers(), columns=["age", "weight"])
    fields = {"age": {"kind": "number", "max": 0}}
    with pytest.raises(InputError, match='the schema lacks the column "weight" of X'):
        augmenter(schema=Schema.model_validate({"fields": fields})).fit_resample(frame, states(patients()))
    schema = Schema.model_validate({"fields": {**fields, "weight": {"kind": "number"}}})
    with pytest.raises(GateError, match="the data breaks its schema"):
        augmenter(schema=schema).fit_resample(frame, states(patients()))
    more = schema.model_copy(update={"fields": {**schema.fields, "other": schema.fields["age"]}})
    with pytest.raises(InputError, match='no column "other", which the schema names'):
        augmenter(schema=more).fit_resample(frame, states(patients()))


@pytest.mark.parametrize("values", [["ill", "well"], None])
def test_what_a_schema_says_of_y_holds(values):
    """Its constraints too: here added rows keep to what the ward says of the state."""
    state = states(patients()).reset_index(drop=True)
    frame = pd.DataFrame({"ward": np.where(state == "ill", "south", np.where(np.arange(ROWS) % 2, "south", "north"))})
    schema = Schema.model_validate(
        {
            "fields": {"ward": {"kind": "category"}, "state": {"kind": "category", "values": values}},
            "constraints": [{"kind": "combinations", "fields": ["ward", "state"]}],
        }
    )
    longer, labels = augmenter(schema=schema, factor=4).fit_resample(frame, state)
    assert labels.value_counts().to_dict() == {"ill": 240, "well": 240}
    assert not ((labels == "ill") & (longer["ward"] == "north")).any()
    named = schema.model_copy(update={"target": "state"})  # of an array, y is what the schema's target names
    also, _ = augmenter(schema=named, factor=4).fit_resample(frame, state.to_numpy())
    pd.testing.assert_frame_equal(also, longer)


@pytest.mark.parametrize(
    ("field", "labels"),
    [
        ({"kind": "boolean"}, np.array(["no", "yes"])),
        ({"kind": "number", "integer": True}, np.array([3, 8])),
        ({"kind": "category"}, np.array([0.5, 1.5])),
    ],
)
def test_classes_come_back_as_they_were_whatever_the_schema_reads_them_as(field, labels):
    schema = Schema.model_validate({"fields": {"x0": {"kind": "number"}, "x1": {"kind": "number"}, "y": field}})
    label = pd.Series(labels[(np.arange(ROWS) < ILL).astype(int)], name="y")
    _, longer = augmenter(schema=schema, shares={labels[1].item(): 0.4}).fit_resample(numbers(), label)
    assert longer.dtype == label.dtype
    assert Counter(longer) == {labels[0]: 90, labels[1]: 60}


def test_bounds_of_a_quantity_hold_and_a_closed_set_of_classes_is_public():
    fields = {"x0": {"kind": "number"}, "x1": {"kind": "number"}}
    schema = Schema.model_validate({"fields": {**fields, "y": {"kind": "number", "decimals": 1, "min": 0}}})
    amount = pd.Series(np.random.default_rng(0).exponential(3, ROWS).round(1), name="y")
    _, labels = augmenter(schema=schema, factor=4).fit_resample(numbers(), amount)
    assert labels.min() >= 0
    assert (labels == labels.round(1)).all()
    few = pd.Series(["a"] * 117 + ["b"] * 3, name="y")
    schema = Schema.model_validate({"fields": {**fields, "y": {"kind": "category", "values": ["a", "b"]}}})
    _, labels = augmenter(schema=schema, balance=False, factor=20).fit_resample(numbers(), few)
    assert set(labels) == {"a", "b"}
    with pytest.raises(InputError, match="privacy"):
        augmenter(schema=schema).fit_resample(numbers(), few)
    words = pd.Series(["yes", "true", "no"], name="y").iloc[np.arange(ROWS) % 3]
    schema = Schema.model_validate({"fields": {**fields, "y": {"kind": "boolean"}}})
    with pytest.raises(InputError, match="reads two classes as the same boolean"):
        augmenter(schema=schema).fit_resample(numbers(), words)


@pytest.mark.parametrize("names", [["target", "other"], ["state_", "state"], [1, 0], [("a", 1), ("a", 2)]])
def test_columns_may_have_the_name_of_y_or_be_numbered(names):
    frame = pd.DataFrame(numbers()).set_axis(pd.Index(names), axis=1)
    state = states(patients()).rename("state" if "state_" in names else None)
    longer, labels = augmenter().fit_resample(frame, state)
    assert longer.columns.equals(frame.columns)
    assert labels.name == state.name
    pd.testing.assert_frame_equal(longer.iloc[:ROWS], frame)


@pytest.mark.parametrize(
    ("rows", "label", "error", "message"),
    [
        (pd.DataFrame(numbers(), columns=["a", "a"]), np.arange(ROWS) % 2, InputError, 'are named "a"; rename one'),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0] * ROWS)}), np.arange(ROWS) % 2, TypeError, '"a" is sparse'),
        (pd.DataFrame({"a": pd.to_timedelta([1] * ROWS)}), np.arange(ROWS) % 2, TypeError, '"a" holds durations'),
        (numbers(), np.arange(ROWS - 1), ValueError, "inconsistent numbers of samples"),
        (numbers(), np.ones((ROWS, 2)), ValueError, "1d array"),
        (numbers(), np.where(np.arange(ROWS) < 3, np.nan, 1.0), ValueError, "Input y contains NaN"),
        (numbers(), pd.Series(["a", None] * 60), ValueError, "Input y contains NaN"),
        (numbers(), ["a"] * ROWS, ValueError, "one class only"),
        (numbers(10), np.arange(10) % 2, ValueError, "at least 20 are needed"),
        (pd.DataFrame(numbers(18)), np.arange(18) % 2, InputError, "20"),
    ],
)
def test_what_it_cannot_take_is_refused(rows, label, error, message):
    with pytest.raises(error, match=message):
        augmenter(rows=20 if len(label) < ROWS - 1 else None).fit_resample(rows, label)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": 0}, "level 0"),
        ({"level": 0.5, "factor": 2}, "level says how far to balance equally"),
        ({"factor": 2, "rows": 3}, "rows and factor both say how many"),
        ({"balance": False}, "give factor or rows"),
        ({"balance": False, "rows": 5, "shares": {"ill": 0.5}}, "shares are of classes"),
        ({"shares": {"sick": 0.5}}, "shares: y has no class 'sick'"),
        ({"shares": {"ill": 2}}, "2 is not between 0 and 1"),
    ],
)
def test_amounts_that_contradict_themselves_are_refused_when_rows_come(settings, message):
    sampler = augmenter(**settings)
    with pytest.raises(InputError, match=message):
        sampler.fit_resample(numbers(), states(patients()))
