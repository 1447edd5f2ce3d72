"""A synthesizer learns a table and draws more of it."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from synthdata.errors import (
    ArtefactError,
    ConditionError,
    DataError,
    InputError,
    OutputError,
    PrivacyWarning,
    SchemaError,
)
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer
from synthdata.synthesizer.artefact import FORMAT

SCHEMA = """
name: patients
model: {family: marginals}
fields:
  key: {kind: identifier, pattern: "P-[0-9]{6}"}
  age: {kind: number, integer: true, min: 0, max: 120}
  weight: {kind: number, decimals: 1, nullable: true}
  ward: {kind: category, values: [north, south, east]}
  seen: {kind: datetime, format: "%Y-%m-%d"}
  smoker: {kind: boolean}
"""


def patients(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    weight = np.round(rng.normal(75, 12, rows), 1)
    weight[rng.random(rows) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "key": [f"P-{i:06d}" for i in range(rows)],
            "age": rng.integers(18, 90, rows),
            "weight": weight,
            "ward": rng.choice(["north", "south", "east"], rows, p=[0.5, 0.3, 0.2]),
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, rows), unit="D"),
            "smoker": rng.random(rows) < 0.3,
        }
    )


@pytest.fixture(scope="module")
def fitted() -> Synthesizer:
    return Synthesizer.fit(patients(), Schema.parse(SCHEMA))


def test_a_sample_has_the_schemas_columns_and_types(fitted):
    frame = fitted.sample(100)
    assert list(frame.columns) == list(fitted.schema.fields)
    assert frame["age"].dtype == "int64"
    assert frame["smoker"].dtype == "bool"
    assert frame["weight"].isna().any()
    assert frame["key"].is_unique


def test_the_first_rows_of_a_long_run_are_those_of_a_short_one(fitted):
    long = fitted.sample(20_000, seed=7)
    for rows in (1, 1000, 1025, 9000):
        pd.testing.assert_frame_equal(long.iloc[:rows], fitted.sample(rows, seed=7))


def test_the_first_rows_are_there_before_any_worker_starts(fitted):
    before = threading.active_count()
    stream = fitted.stream()
    assert len(next(stream))
    assert threading.active_count() == before
    next(stream)
    assert threading.active_count() > before


def test_the_same_seed_gives_the_same_rows_and_another_does_not(fitted):
    pd.testing.assert_frame_equal(fitted.sample(50, seed=1), fitted.sample(50, seed=1))
    assert not fitted.sample(50, seed=1).equals(fitted.sample(50, seed=2))


def test_a_saved_and_loaded_model_samples_the_same_rows(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    again = Synthesizer.load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.sample(200, seed=3), fitted.sample(200, seed=3))


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (["age >= 60"], lambda f: f["age"] >= 60),
        (["ward = east", "smoker = true"], lambda f: (f["ward"] == "east") & f["smoker"]),
        ({"age": (30, 40), "ward": ["north", "east"]}, lambda f: f["age"].between(30, 40) & (f["ward"] != "south")),
        ({"weight": None}, lambda f: f["weight"].isna()),
        (["weight is not null", "weight < 70.05"], lambda f: f["weight"] < 70.05),
        (["seen >= 2021-01-01"], lambda f: f["seen"] >= pd.Timestamp("2021-01-01")),
        (["ward != north"], lambda f: f["ward"] != "north"),
    ],
)
def test_every_row_satisfies_the_conditions_and_none_is_missing(fitted, where, holds):
    frame = fitted.sample(2500, where=where)
    assert len(frame) == 2500
    assert holds(frame).all()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (["agee > 3"], 'unknown column "agee"; did you mean "age"'),
        (["ward = West"], "not among the values"),
        (["age > 300"], "no learned value of age is "),
        (["key = P-000001"], "takes no condition"),
        (["age > 50", "age < 40"], "no learned value of age is "),
    ],
)
def test_an_impossible_condition_is_refused_before_anything_is_sampled(fitted, where, message):
    with pytest.raises(ConditionError, match=message):
        fitted.stream(where=where)


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="at least 20"):
        Synthesizer.fit(patients(19), Schema.parse(SCHEMA))


def test_an_unknown_family_or_setting_names_the_nearest():
    with pytest.raises(SchemaError, match='did you mean "transformer"'):
        Synthesizer.fit(patients(), Schema.parse(SCHEMA), model="transfomer")
    schema = Schema.parse(SCHEMA.replace("family: marginals", "family: transformer, widht: 8"))
    with pytest.raises(SchemaError, match='did you mean "width"'):
        Synthesizer.fit(patients(), schema)


def test_no_rows_is_no_request(fitted):
    with pytest.raises(InputError, match="at least 1"):
        fitted.sample(0)
    with pytest.raises(InputError, match="rows is '10'; give a whole number"):
        fitted.sample("10")


def test_a_path_is_no_frame() -> None:
    with pytest.raises(InputError, match="fit takes a DataFrame, not str; read a file with read_table"):
        Synthesizer.fit("telco.csv", Schema.parse(SCHEMA))


def test_a_table_of_identifiers_alone_can_be_sampled():
    schema = Schema.parse("fields:\n  key: {kind: identifier, pattern: 'K[0-9]{5}'}\n")
    frame = pd.DataFrame({"key": [f"K{i:05d}" for i in range(30)]})
    assert Synthesizer.fit(frame, schema).sample(50)["key"].is_unique


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda m: (m / "codecs.json").write_text("{}"), "does not match its hash"),
        (lambda m: (m / "schema.yaml").unlink(), "missing"),
        (lambda m: (m / "manifest.json").write_text('{"format": 1'), "cannot be read"),
        (lambda m: (m / "manifest.json").unlink(), "holds no manifest"),
        (lambda m: of_format(m, 99), "format 99, made by a newer synthdata"),
        (lambda m: of_format(m, FORMAT - 1), "written by an older version; train it again"),
        (lambda m: truncate(m / "generators/tabular/weights.safetensors"), "does not match its hash"),
    ],
)
def test_a_harmed_model_is_refused_in_one_line(fitted, tmp_path, harm, message):
    model = fitted.save(tmp_path / "model")
    harm(model)
    with pytest.raises(ArtefactError, match=message) as caught:
        Synthesizer.load(model)
    assert "\n" not in str(caught.value)


def of_format(model, number: int) -> None:
    manifest = model / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', f'"format": {number}'))


def truncate(path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def test_a_model_is_not_overwritten_without_force(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    with pytest.raises(OutputError, match="force=True"):
        fitted.save(tmp_path / "model")
    fitted.save(tmp_path / "model", force=True)


def test_force_never_replaces_what_is_no_model(fitted, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("irreplaceable")
    with pytest.raises(OutputError, match="no model directory"):
        fitted.save(tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "irreplaceable"


def test_the_model_directory_holds_no_rare_value_and_no_extreme(tmp_path):
    frame = patients()
    frame["ward"] = frame["ward"].astype(object)
    frame.loc[:2, "ward"] = "secret-ward"
    frame.loc[3, "weight"] = 987.6
    schema = Schema.parse(SCHEMA.replace("kind: category, values: [north, south, east]", "kind: category"))
    model = Synthesizer.fit(frame, schema).save(tmp_path / "model")
    written = (model / "codecs.json").read_text() + (model / "schema.yaml").read_text()
    assert "secret-ward" not in written
    assert "9876" not in written
    assert "987.6" not in written


def test_few_keys_are_enough_for_few_rows_and_too_few_are_told_before_sampling():
    schema = Schema.parse(SCHEMA.replace("[0-9]{6}", "00[0-9]{3}0"))
    frame = patients()
    frame["key"] = [f"P-00{i:03d}0" for i in range(len(frame))]
    with pytest.warns(PrivacyWarning, match="40% of the keys"):
        synthesizer = Synthesizer.fit(frame, schema)
    assert synthesizer.sample(1000)["key"].nunique() == 1000
    with pytest.raises(InputError, match="only 1,000 keys"):
        synthesizer.stream(rows=1001)
