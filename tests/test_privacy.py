"""The privacy panel: leaky tables fail it, fresh rows of the population pass it, and it does not guess."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, read_table
from synthdata.evaluation.feature_space import FeatureSpace
from synthdata.evaluation.privacy.panel import privacy
from synthdata.evaluation.report import Curve
from synthdata.evaluation.score import Score
from synthdata.fields.category import Category

ROWS = 2000  # of training; as many are fresh, and as many held out
CENSUS_ROWS = 3000
NEED_A_HOLDOUT = ("dcr_share", "nndr", "membership_auc", "membership_tpr", "singling_out", "attribute_inference")


def people(rows: int, seed: int) -> pd.DataFrame:
    """Mixed columns that depend on each other, with missing values."""
    rng = np.random.default_rng(seed)
    wealth = rng.normal(size=rows)
    age = np.clip(rng.normal(45, 16, rows) + 5 * wealth, 18, 95).round()
    visits = rng.poisson(np.exp(0.5 + age / 60))
    return pd.DataFrame(
        {
            "age": age.astype(int),
            "income": np.exp(10 + 0.6 * wealth + rng.normal(0, 0.4, rows)).round(-1),
            "weight": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(75, 12, rows).round(1)),
            "pulse": (70 - 4 * wealth + rng.normal(0, 9, rows)).round(),
            "visits": visits,
            "region": rng.choice([f"region {i}" for i in range(8)], rows, p=np.arange(1, 9) / 36),
            "job": np.array([f"job {i}" for i in range(10)])[np.clip((2 * wealth + 5).astype(int), 0, 9)],
            "smoker": rng.random(rows) < 0.15 + 0.1 * (wealth < 0),
        }
    )


def noisy(frame: pd.DataFrame, deviations: float, rng: np.random.Generator) -> pd.DataFrame:
    """Quantities moved by so many standard deviations, whole where they were, symbols kept."""
    moved = frame.copy()
    for name in frame.select_dtypes("number"):
        values = frame[name].to_numpy(np.float64)
        values = values + rng.normal(0, deviations * np.nanstd(values), len(values))
        moved[name] = np.round(values).astype(frame[name].dtype) if frame[name].dtype.kind == "i" else values.round(1)
    return moved


def leaking(
    fresh: pd.DataFrame, train: pd.DataFrame, share: float, deviations: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Fresh rows, a share of them replaced by training rows with noise."""
    copies = round(share * len(fresh))
    copied = noisy(train.iloc[rng.choice(len(train), copies, replace=False)], deviations, rng)
    return pd.concat([fresh.iloc[copies:], copied], ignore_index=True)


def panel(
    train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, schema: Schema | None = None
) -> tuple[dict[str, Score], list[Curve]]:
    schema = schema or Schema.infer(pd.concat([train, synthetic]))
    space = FeatureSpace.of(schema, schema.read(train))
    tables = [None if frame is None else space.table(schema.read(frame)) for frame in (train, synthetic, holdout)]
    scores, curves = privacy(space, *tables, target=schema.target, rng=np.random.default_rng(0))
    return {score.name: score for score in scores}, curves


def failed(scores: dict[str, Score]) -> list[str]:
    return [name for name, score in scores.items() if score.passed is False]


def parts(frame: pd.DataFrame, seed: int) -> list[pd.DataFrame]:
    """Training, fresh and held-out rows, disjoint, as many of each."""
    order = np.random.default_rng(seed).permutation(len(frame))
    return [frame.iloc[part].reset_index(drop=True) for part in np.array_split(order, 3)]


@pytest.fixture(scope="module")
def split() -> list[pd.DataFrame]:
    return parts(people(3 * ROWS, seed=1), seed=1)


LEAKS = {
    "five percent of exact copies": (0.05, 0.0),
    "one percent of exact copies": (0.01, 0.0),
    "five percent of noisy copies": (0.05, 0.015),
    "one percent of noisy copies": (0.01, 0.015),
    "all rows very noisy copies": (1.0, 0.3),
}


# --- it tells leaks from fresh rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("leak", LEAKS)
def test_a_table_that_leaks_fails_the_panel(split: list[pd.DataFrame], leak: str) -> None:
    train, fresh, holdout = split
    assert failed(panel(train, leaking(fresh, train, *LEAKS[leak], np.random.default_rng(0)), holdout)[0])


@pytest.mark.parametrize("seed", range(5))
def test_fresh_rows_pass_the_panel(seed: int) -> None:
    scores, _ = panel(*parts(people(3 * ROWS, seed), seed))
    assert all(score.passed for score in scores.values())


def test_every_measure_against_held_out_rows_fails_the_training_table_itself(split: list[pd.DataFrame]) -> None:
    train, _, holdout = split
    assert set(failed(panel(train, train, holdout)[0])) == {"copies", *NEED_A_HOLDOUT}


def test_nearest_rows_see_one_percent_of_copies_that_the_share_of_nearer_rows_misses(split: list[pd.DataFrame]) -> None:
    train, fresh, holdout = split
    scores, _ = panel(train, leaking(fresh, train, 0.01, 0.015, np.random.default_rng(0)), holdout)
    assert scores["dcr_share"].passed
    assert not scores["nndr"].passed
    assert scores["nndr"].value == pytest.approx(0.01, abs=0.002)
    low, high = scores["nndr"].interval or (1.0, 0.0)
    assert low < 0.01 < high


def test_a_generator_that_repeats_itself_is_not_accused_of_copying(split: list[pd.DataFrame]) -> None:
    train, fresh, holdout = split
    assert not failed(panel(train, pd.concat([fresh.iloc[:40]] * 60, ignore_index=True), holdout)[0])


def test_a_generator_of_common_rows_is_not_accused_of_copying() -> None:
    """Where few rows are possible, common ones meet training rows more often than held-out ones do."""
    rng = np.random.default_rng(3)

    def draw(rows: int, often: float) -> pd.DataFrame:
        letters = rng.choice(list("abc"), (rows, 7), p=[often, 0.7 - often / 2, 0.3 - often / 2])
        return pd.DataFrame(letters, columns=[f"letter {i}" for i in range(7)])

    scores, _ = panel(draw(1500, 0.4), draw(3000, 0.58), draw(800, 0.4))
    copies = scores["copies"]
    assert copies.value is not None
    assert copies.ceiling is not None
    assert copies.value > copies.ceiling + 0.05
    assert not failed(scores)


# --- it does not guess ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [None, 49])
def test_without_held_out_rows_nothing_is_said_of_what_needs_them(split: list[pd.DataFrame], rows: int | None) -> None:
    train, fresh, holdout = split
    scores, curves = panel(train, fresh, None if rows is None else holdout.iloc[:rows])
    for name in NEED_A_HOLDOUT:
        assert (scores[name].value, scores[name].passed) == (None, None)
        assert scores[name].note == "not measured: no holdout rows"
    assert (scores["copies"].value, scores["copies"].passed) == (0.0, None)
    assert scores["rare_values"].passed is None
    assert [curve.label for curve in curves] == ["synthetic"]


def test_the_same_rows_and_seed_give_the_same_panel(split: list[pd.DataFrame]) -> None:
    assert panel(*split) == panel(*split)


def test_few_rows_of_one_column_are_measured_as_far_as_they_can_be() -> None:
    train, fresh, holdout = (pd.DataFrame({"x": people(60, seed)["income"]}) for seed in range(3))
    scores, _ = panel(train, fresh.iloc[:3], holdout)
    assert not failed(scores)
    assert scores["membership_tpr"].value is None
    assert scores["attribute_inference"].value is None


def test_rare_values_that_only_training_rows_have_are_counted_and_not_named(split: list[pd.DataFrame]) -> None:
    train, fresh, holdout = (frame.assign(job=frame["job"].astype(object)) for frame in split)
    train.loc[:59, "job"] = [f"keeper of lighthouse {number // 2}" for number in range(60)]
    schema = Schema.infer(train).model_copy(update={"fields": {**Schema.infer(train).fields, "job": Category()}})
    assert panel(train, fresh, holdout, schema)[0]["rare_values"].passed
    fresh.loc[:24, "job"] = [f"keeper of lighthouse {number}" for number in range(25)]
    rare = panel(train, fresh, holdout, schema)[0]["rare_values"]
    assert not rare.passed
    assert "job: 25 of 30" in rare.note
    assert "lighthouse" not in repr(rare)
    alone = panel(train, fresh, None, schema)[0]["rare_values"]
    assert alone.value == pytest.approx(25 / 30)
    assert alone.passed is None


def test_rare_values_that_held_out_rows_show_as_often_are_chance(split: list[pd.DataFrame]) -> None:
    train, fresh, holdout = (frame.assign(job=frame["job"].astype(object)) for frame in split)
    for frame in (train, fresh, holdout):
        frame.loc[:29, "job"] = [f"keeper of lighthouse {number}" for number in range(30)]
    schema = Schema.infer(train).model_copy(update={"fields": {**Schema.infer(train).fields, "job": Category()}})
    assert panel(train, fresh, holdout, schema)[0]["rare_values"].passed


def test_every_measure_tells_what_it_is_held_against(split: list[pd.DataFrame]) -> None:
    scores, _ = panel(*split)
    for name in ("copies", *NEED_A_HOLDOUT):
        score = scores[name]
        assert score.section == "privacy"
        assert score.limit
        assert score.value is not None
        assert score.ceiling is not None
        low, high = score.interval or (1.0, 0.0)
        assert low <= score.value <= high


def test_the_distances_are_distribution_functions(split: list[pd.DataFrame]) -> None:
    train, _, holdout = split
    _, (synthetic, held_out) = panel(train, train, holdout)
    assert (synthetic.label, held_out.label) == ("synthetic", "held-out")
    for curve in (synthetic, held_out):
        assert len(curve.x) == len(curve.y) <= 200
        assert (np.diff(curve.x) >= 0).all()
        assert (curve.y[0], curve.y[-1]) == (0.0, 1.0)
    assert max(synthetic.x) == 0.0
    assert min(held_out.x) > 0.0


# --- on a census ------------------------------------------------------------------------------------------------------


@cache
def census_rows(folder: Path) -> tuple[Schema, pd.DataFrame, pd.DataFrame]:
    train, holdout = (read_table(folder / f"{name}.csv.gz") for name in ("train", "holdout"))
    schema = Schema.infer(train)
    return schema, schema.read(train), schema.read(holdout)


def census(folder: Path, seed: int) -> tuple[Schema, list[pd.DataFrame]]:
    """Its schema; training and fresh rows of one file, and held-out rows of the other."""
    schema, train, holdout = census_rows(folder)
    rows = train.sample(2 * CENSUS_ROWS, random_state=seed)
    return schema, [rows[:CENSUS_ROWS], rows[CENSUS_ROWS:], holdout.sample(CENSUS_ROWS, random_state=seed)]


@pytest.mark.parametrize("benchmark_table", ["adult"], indirect=True)
@pytest.mark.parametrize("seed", range(5))
def test_fresh_rows_of_a_census_pass_the_panel(benchmark_table: Path, seed: int) -> None:
    schema, (train, fresh, holdout) = census(benchmark_table, seed)
    scores, _ = panel(train, fresh, holdout, schema)
    assert all(score.passed for score in scores.values())


@pytest.mark.parametrize("benchmark_table", ["adult"], indirect=True)
@pytest.mark.parametrize("leak", LEAKS)
def test_leaks_of_a_census_fail_the_panel(benchmark_table: Path, leak: str) -> None:
    schema, (train, fresh, holdout) = census(benchmark_table, seed=0)
    scores, _ = panel(train, leaking(fresh, train, *LEAKS[leak], np.random.default_rng(0)), holdout, schema)
    assert failed(scores)
