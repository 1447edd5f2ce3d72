"""An evaluation tells good rows from poor ones, beside its anchors, and says what it could not measure."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import Schema, Synthesizer, evaluate, write_report
from synthdata.cli import main
from synthdata.errors import DataError, OutputError, SchemaError
from synthdata.evaluation.feature_space import FeatureSpace
from synthdata.evaluation.tabular import fidelity
from synthdata.io.readers import read_table
from synthdata.metrics import METRICS

GOLDEN = Path(__file__).parent / "golden"
ROWS = 1200


def visits(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Visits to a clinic, made up: numbers, symbols, a date, missing cells, an outcome that depends on them."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 95, rows)
    pressure = np.round(rng.normal(90 + age / 2, 12), 1)
    ward = rng.choice(["north", "south", "east"], rows, p=[0.5, 0.3, 0.2])
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, rows), unit="D")
    ill = rng.random(rows) < 1 / (1 + np.exp(-(pressure - 125) / 8 - (ward == "east")))
    return pd.DataFrame(
        {
            "visit_id": [f"V-{number:05d}" for number in rng.permutation(rows)],
            "age": age,
            "pressure": np.where(rng.random(rows) < 0.1 + 0.1 * (ward == "east"), np.nan, pressure),
            "ward": ward,
            "day": day.strftime("%Y-%m-%d"),
            "outcome": np.where(ill, "ill", "well"),
        }
    )


SCHEMA = Schema.parse("""
name: visits
target: outcome
fields:
  visit_id: {kind: identifier, pattern: "V-[0-9]{5}"}
  age: {kind: number, integer: true}
  pressure: {kind: number, decimals: 1, nullable: true}
  ward: {kind: category, values: [north, south, east]}
  day: {kind: datetime, format: "%Y-%m-%d"}
  outcome: {kind: category, values: [ill, well]}
""")


@pytest.fixture(scope="module")
def fresh():
    """Rows of the same distribution: what a perfect generator would draw."""
    return evaluate(visits(), visits(seed=1), visits(seed=2), SCHEMA)


@pytest.fixture(scope="module")
def torn():
    """Rows whose columns are right and know nothing of each other."""
    rng, rows = np.random.default_rng(3), visits(seed=1)
    shuffled = rows.apply(lambda column: rng.permutation(column.to_numpy()))
    return evaluate(visits(), shuffled, visits(seed=2), SCHEMA)


@pytest.mark.parametrize("other", ["sdmetrics", "mostlyai-qa"])
def test_figures_agree_with_those_of_other_tools(other):
    """Columns and pairs of one type; of a number and symbols they do not.

    SDMetrics cuts each table at edges of equal width from its own range, mostlyai-qa at deciles and counts missing
    cells as a bin; ours are the deciles of the training rows, the same for all.
    """
    figures = json.loads((GOLDEN / "figures.json").read_text())[other]
    tables = [read_table(GOLDEN / name) for name in ("real.csv", "synthetic.csv")]
    schema = Schema.infer(tables[0])
    real, synthetic = (schema.read(table) for table in tables)
    space = FeatureSpace.of(schema, real)
    coded = space.table(real), space.table(synthetic)
    columns = dict(zip(space.names, fidelity.column_similarities(space, *coded), strict=True))
    assert {name: columns[name] for name in figures["columns"]} == pytest.approx(figures["columns"], abs=1e-3)
    pairs = fidelity.pair_similarities(space, coded[0], [coded[1]])
    named = {frozenset((space.names[i], space.names[j])): scores[0] for (i, j), scores in pairs.items()}
    theirs = {frozenset(pair.split()): score for pair, score in figures["pairs"].items()}
    assert {pair: named[pair] for pair in theirs} == pytest.approx(theirs, abs=1e-3)


def test_rows_of_the_same_distribution_reach_the_ceiling(fresh):
    for name in ("shapes", "trends", "missing", "tstr"):
        score = fresh.score(name)
        assert score.value == pytest.approx(score.ceiling, abs=0.04), name
    assert fresh.score("c2st_auc").value == pytest.approx(0.5, abs=0.05)
    assert fresh.passed
    assert not fresh.alarms


def test_independent_columns_are_found_out_and_stand_at_the_floor(fresh, torn):
    for name, slack in (("trends", 0.03), ("c2st_auc", 0.05), ("tstr", 0.12)):
        score = torn.score(name)
        assert score.value == pytest.approx(score.floor, abs=slack), name
    assert torn.score("shapes").value == pytest.approx(fresh.score("shapes").value, abs=0.02)
    assert torn.score("c2st_auc").value > fresh.score("c2st_auc").value + 0.2
    assert torn.score("tstr").value < fresh.score("tstr").value - 0.2
    worst = torn.pairs[0]
    assert {worst.first, worst.second} == {"age", "pressure"} or "outcome" in (worst.first, worst.second)


def test_the_column_that_gives_rows_away_is_named():
    synthetic = visits(seed=1)
    synthetic["age"] = np.random.default_rng(5).integers(18, 60, ROWS)
    report = evaluate(visits(), synthetic, visits(seed=2), SCHEMA)
    assert report.columns[0].name == "age"
    assert max(report.columns, key=lambda column: column.c2st_importance or 0.0).name == "age"


def test_identifiers_are_not_compared(fresh):
    assert {column.name for column in fresh.columns} == set(SCHEMA.fields) - {"visit_id"}
    compared = {frozenset((pair.first, pair.second)) for pair in fresh.pairs}
    assert len(compared) == len(list(combinations(range(5), 2)))


def test_the_same_seed_gives_the_same_scores():
    one, two = (evaluate(visits(300), visits(300, 1), visits(300, 2), SCHEMA, seed=4).to_json() for _ in range(2))
    assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_a_number_is_a_target_too():
    schema = SCHEMA.model_copy(update={"target": "pressure"})
    score = evaluate(visits(), visits(seed=1), visits(seed=2), schema).score("tstr")
    assert score.note == "R² for pressure"
    assert score.value == pytest.approx(score.ceiling, abs=0.1)
    assert score.value > 0.1 > score.floor


# --- what cannot be measured is said, and the rest still is ----------------------------------------------------------


def test_without_a_holdout_what_needs_one_is_not_measured():
    report = evaluate(visits(), visits(seed=1), schema=SCHEMA)
    for name in ("dcr_share", "nndr", "membership_auc", "membership_tpr", "singling_out", "attribute_inference"):
        score = report.score(name)
        assert (score.value, score.passed, score.ceiling) == (None, None, None)
        assert score.note.startswith("not measured")
    assert report.score("c2st_auc").ceiling is None
    assert "generator has seen them" in report.score("tstr").note


def test_fewer_than_50_rows_are_scored_as_far_as_they_go():
    report = evaluate(visits(), visits(30, 1), visits(seed=2), SCHEMA)
    assert report.score("shapes").value > 0.5
    assert report.score("c2st_auc").note == "not measured: fewer than 50 synthetic rows"
    assert report.score("tstr").value is None
    assert "There are only 30 synthetic rows" in " ".join(report.notes)


def test_a_target_of_one_class_is_not_measured():
    real = visits().assign(outcome="ill")
    report = evaluate(real, visits(seed=1), visits(seed=2), SCHEMA)
    assert report.score("tstr").note == 'not measured: the target "outcome" has a single class'
    report = evaluate(visits(), visits(seed=1).assign(outcome="ill"), visits(seed=2), SCHEMA)
    assert report.score("tstr").note == "not measured: all rows to train on have the same class"


def test_columns_that_a_table_lacks_are_named_and_left_out():
    report = evaluate(visits(), visits(seed=1).drop(columns="ward").assign(more=1), visits(seed=2), SCHEMA)
    assert 'Column "ward" is not in the synthetic rows; it is left out.' in report.notes
    assert any('"more"' in note for note in report.notes)
    assert "ward" not in {column.name for column in report.columns}
    assert report.score("tstr").value is not None


def test_a_missing_target_is_said():
    report = evaluate(visits(), visits(seed=1).drop(columns="outcome"), visits(seed=2), SCHEMA)
    assert "not among the columns" in report.score("tstr").note


def test_columns_without_values_are_left_at_that():
    real, synthetic, held = (visits(seed=seed).assign(pressure=None) for seed in range(3))
    report = evaluate(real, synthetic, held, SCHEMA)
    (column,) = [column for column in report.columns if column.name == "pressure"]
    assert column.score is None
    assert column.missing == column.missing_real == 1.0
    assert 'Column "pressure" has no values in the training rows.' in report.notes
    assert report.score("c2st_auc").value is not None


def test_a_synthetic_column_without_values_is_scored_as_missing():
    report = evaluate(visits(), visits(seed=1).assign(pressure=None), visits(seed=2), SCHEMA)
    assert report.score("tstr").value is not None
    assert report.score("missing").value < 0.3


def test_copies_are_no_better_than_guessing_to_a_classifier_and_raise_an_alarm():
    report = evaluate(visits(), visits(), visits(seed=2), SCHEMA)
    assert report.score("c2st_auc").value == pytest.approx(0.5, abs=0.06)
    assert "copies" in {score.name for score in report.alarms}
    assert "copies" in {score.name for score in evaluate(visits(), visits(), schema=SCHEMA).alarms}


def test_a_holdout_of_training_rows_is_left_aside():
    report = evaluate(visits(), visits(seed=1), visits(), SCHEMA)
    assert "Most of the held-out rows are training rows" in " ".join(report.notes)
    assert report.score("dcr_share").value is None


def test_tables_with_nothing_in_common_are_refused():
    with pytest.raises(DataError, match="no column in common"):
        evaluate(visits(), pd.DataFrame({"other": [1, 2, 3]}), schema=SCHEMA)
    with pytest.raises(DataError, match="there are no synthetic rows"):
        evaluate(visits(), visits().head(0), schema=SCHEMA)


# --- requirements, files, the command --------------------------------------------------------------------------------


def test_a_requirement_is_held():
    schema = SCHEMA.model_copy(update={"require": {"c2st_auc": 0.99, "shapes": 0.999}})
    report = evaluate(visits(), visits(seed=1), visits(seed=2), schema)
    assert [score.name for score in report.missed] == ["shapes"]
    assert report.score("c2st_auc").passed is True
    assert not report.passed


def test_what_was_not_measured_misses_its_requirement():
    schema = SCHEMA.model_copy(update={"require": {"dcr_share": 0.9}})
    assert [score.name for score in evaluate(visits(), visits(seed=1), schema=schema).missed] == ["dcr_share"]


def test_an_unknown_requirement_is_refused():
    with pytest.raises(SchemaError, match='require: no score "c2st"; did you mean "c2st_auc"'):
        Schema.parse(SCHEMA.dump() + "require: {c2st: 0.7}\n")


@pytest.mark.parametrize("change", [{"require": {"shape": 0.9}}, {"target": "outcom"}])
def test_what_python_misspells_is_refused_too(change):
    with pytest.raises(SchemaError, match="did you mean"):
        evaluate(visits(60), visits(60, 1), schema=SCHEMA.model_copy(update=change))


def test_nothing_missing_anywhere_meets_what_is_required_of_missing_cells():
    schema = SCHEMA.model_copy(update={"require": {"missing": 0.9}})
    whole = [visits(100, seed).assign(pressure=120.0) for seed in range(2)]
    assert evaluate(*whole, schema=schema).score("missing").value == 1


def test_requirements_survive_being_written():
    schema = SCHEMA.model_copy(update={"require": {"c2st_auc": 0.7, "dcr_share": 0.53}})
    assert Schema.parse(schema.dump()) == schema


def test_every_score_is_one_that_can_be_required(fresh):
    assert {score.name for score in fresh.scores} <= set(METRICS)


def test_a_report_is_three_files(fresh, tmp_path):
    files = write_report(fresh, tmp_path / "report")
    assert json.loads(files["json"].read_text())["scores"][0]["name"] == "shapes"
    assert files["html"].read_text().startswith("<!doctype html>")
    suite = ElementTree.parse(files["xml"]).getroot()
    assert len(suite) == int(suite.get("tests")) == len(fresh.scores)
    with pytest.raises(OutputError, match="already exists"):
        write_report(fresh, tmp_path / "report")


def test_junit_fails_what_was_missed_and_skips_what_was_not_measured(tmp_path):
    schema = SCHEMA.model_copy(update={"require": {"shapes": 1.0}})
    files = write_report(evaluate(visits(300), visits(300, 1), schema=schema), tmp_path)
    suite = ElementTree.parse(files["xml"]).getroot()
    by_name = {case.get("name"): case for case in suite}
    assert "required is at least 1" in by_name["shapes"].find("failure").get("message")
    assert by_name["dcr_share"].find("skipped") is not None
    assert suite.get("failures") == "1"


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("train", "rows", "holdout")):
        visits(400, number).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "visits.yaml").write_text(SCHEMA.dump())
    return tmp_path


def command(folder: Path, *more: str):
    files = ["--real", f"{folder}/train.csv", "--synthetic", f"{folder}/rows.csv", "--holdout", f"{folder}/holdout.csv"]
    return CliRunner().invoke(main, ["evaluate", f"{folder}/visits.yaml", *files, "-o", f"{folder}/report", *more])


def test_the_command_writes_the_report(folder):
    done = command(folder)
    assert done.exit_code == 0, done.output
    assert "Train on synthetic, test on real" in done.stdout
    assert (folder / "report" / "report.html").exists()
    again = command(folder)
    assert again.exit_code == 2
    assert "already exists" in again.output


def test_the_command_ends_with_4_if_a_requirement_is_missed(folder):
    with (folder / "visits.yaml").open("a") as file:
        file.write("require: {trends: 1}\n")
    done = command(folder, "--json")
    assert done.exit_code == 4
    assert json.loads(done.stdout)["missed"] == ["trends"]
    assert (folder / "report" / "report.xml").exists()


def test_the_loss_curves_of_a_model_are_drawn(folder):
    model = {"family": "transformer", "width": 16, "layers": 1, "heads": 2, "epochs": 2}
    Synthesizer.fit(visits(200), SCHEMA, model=model).save(folder / "model")
    assert command(folder, "--model-dir", f"{folder}/model").exit_code == 0
    assert len(json.loads((folder / "report" / "report.json").read_text())["history"]) == 2


@pytest.mark.parametrize(("required", "code"), [("", 0), ("require: {trends: 1}\n", 4)])
def test_run_exports_nothing_if_a_requirement_is_missed(folder, required, code):
    with (folder / "visits.yaml").open("a") as file:
        file.write(required)
    data, out = f"{folder}/train.csv", folder / "out"
    words = ["run", f"{folder}/visits.yaml", "--data", data, "--holdout", f"{folder}/holdout.csv", "-n", "50"]
    done = CliRunner().invoke(main, [*words, "--model", "marginals", "-o", str(out)])
    assert done.exit_code == code, done.output
    assert (out / "report.html").exists()
    assert (out / "rows.csv").exists() == (code == 0)


def test_progress_and_reasons_speak_only_of_what_there_is() -> None:
    told: list[str] = []
    sides = (visits(200), visits(200, 1), visits(60, 2))
    report = evaluate(*sides, Schema.infer(sides[0]), listener=lambda progress: told.append(progress.detail))
    assert "privacy" in told
    assert not {"images", "texts"} & set(told)
    note = report.score("membership_tpr").note
    assert note == "not measured: it needs at least 200 held-out rows and 100 training rows"
