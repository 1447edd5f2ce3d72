"""The privacy panel counts people: it finds subjects copied whole among fresh rows, and passes fresh ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, evaluate
from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.privacy.nearness import split_like
from synthdata.evaluation.privacy.panel import privacy
from synthdata.evaluation.privacy.statistics import effective_rows, share_of
from synthdata.evaluation.privacy.subject_copies import subject_copies
from synthdata.evaluation.score import Score
from synthdata.evaluation.tabular import fidelity
from synthdata.subjects import Subjects

REGIONS = 60


def customers(subjects: int, seed: list[int], first: int = 0, *, coarse: bool = False) -> pd.DataFrame:
    """Purchases of customers: few have many, some columns are the customer's own; coarse: few rows are possible."""
    rng = np.random.default_rng(seed)
    rows = np.minimum(1 + rng.pareto(1.4, subjects) * 7, 200).astype(int)
    who = np.repeat(np.arange(subjects), rows)
    wealth = rng.normal(size=subjects)
    odds = 1 / np.arange(1, REGIONS + 1)
    frame = pd.DataFrame(
        {
            "customer": first + who,
            "region": rng.choice([f"region {i}" for i in range(REGIONS)], subjects, p=odds / odds.sum())[who],
            "sex": rng.choice(list("fm"), subjects)[who],
            "born": rng.integers(1940, 2004, subjects)[who],
            "kind": rng.choice(["shop", "fuel", "rent", "food", "fun"], len(who), p=[0.4, 0.1, 0.1, 0.3, 0.1]),
            "channel": rng.choice(["web", "card", "cash"], len(who)),
        }
    )
    if coarse:
        return frame
    amount = np.exp(3 + wealth[who] / 2 + rng.normal(0, 0.8, len(who))).round(2)
    return frame.assign(amount=amount, day=rng.integers(0, 365, len(who)))


def drawn(seed: int, *, coarse: bool = False) -> list[pd.DataFrame]:
    """Training, fresh and held-out rows of 360, 400 and 40 customers."""
    sizes = ((360, 0), (400, 10_000), (40, 5000))
    return [customers(size, [seed, i], first, coarse=coarse) for i, (size, first) in enumerate(sizes)]


def with_copies(train: pd.DataFrame, fresh: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Fresh rows, a share of them replaced by all rows of some training customers."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(train["customer"].unique())
    sizes = train["customer"].value_counts().loc[order].cumsum()
    copied = train[train["customer"].isin(order[: int((sizes < share * len(fresh)).sum()) + 1])]
    kept = fresh.iloc[rng.permutation(len(fresh))[: len(fresh) - len(copied)]]
    return pd.concat([kept, copied], ignore_index=True)


def coded(
    train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None
) -> tuple[FeatureSpace, list[Table | None]]:
    schema = Schema.infer(train.drop(columns="customer"))
    space = FeatureSpace.of(schema, schema.read(train))
    return space, [
        None if frame is None else space.table(schema.read(frame), frame["customer"].to_numpy() if is_real else None)
        for frame, is_real in ((train, True), (synthetic, False), (holdout, True))
    ]


def panel(*frames: pd.DataFrame | None) -> dict[str, Score]:
    space, tables = coded(*frames)
    scores, _ = privacy(space, *tables, target=None, rng=np.random.default_rng(0))
    return {score.name: score for score in scores}


def failed(scores: dict[str, Score]) -> list[str]:
    return [name for name, score in scores.items() if score.passed is False]


@pytest.mark.parametrize("seed", range(12))
def test_fresh_customers_pass_the_panel(seed: int) -> None:
    assert failed(panel(*drawn(seed, coarse=seed % 3 == 0))) == []


@pytest.mark.parametrize("count", [40, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("coarse", [False, True])
def test_no_fresh_customer_of_many_tables_is_taken_for_a_copy(coarse: bool, count: int) -> None:
    rng = np.random.default_rng(0)
    tables = [coded(*drawn(seed, coarse=coarse))[1] for seed in range(count)]
    assert [seed for seed, each in enumerate(tables) if not subject_copies(*each, rng).passed] == []


@pytest.mark.parametrize("seed", range(15))
def test_customers_copied_whole_among_fresh_rows_fail_the_panel(seed: int) -> None:
    train, fresh, holdout = drawn(seed)
    scores = panel(train, with_copies(train, fresh, 0.05, seed), holdout)
    assert "subject_copies" in failed(scores)
    assert scores["subject_copies"].value > 0.01
    assert scores["subject_copies"].ceiling == 0


def test_without_held_out_customers_copies_are_counted_and_not_judged() -> None:
    train, fresh, _ = drawn(0)
    score = panel(train, with_copies(train, fresh, 0.05, 0), None)["subject_copies"]
    assert score.value > 0.01
    assert (score.passed, score.ceiling) == (None, None)


def test_few_held_out_customers_say_nothing() -> None:
    train, fresh, holdout = drawn(0)
    few = holdout[holdout["customer"] < 5015]
    scores = panel(train, fresh, few)
    assert scores["dcr_share"].note == "not measured: fewer than 20 held-out subjects"


def test_customers_of_two_rows_are_no_customers_copied_whole() -> None:
    train, fresh, holdout = (frame.groupby("customer").head(2) for frame in drawn(0))
    score = panel(train, fresh, holdout)["subject_copies"]
    assert (score.value, "3 rows that nobody else has" in score.note) == (None, True)


# --- what is counted and split ---------------------------------------------------------------------------------------


def test_rows_of_one_subject_are_worth_one_row() -> None:
    values, whose = np.repeat([0.0, 1.0], 5000), np.arange(10_000) // 10
    assert share_of(values, Subjects(10_000)).rows == pytest.approx(10_000)
    assert share_of(values, Subjects(10_000, whose)).rows == pytest.approx(1000, rel=0.05)
    mixed = np.tile([0.0, 1.0], 5000)  # of which every subject has as many
    assert share_of(mixed, Subjects(10_000, whose)).rows == pytest.approx(10_000)
    few = share_of(values[4900:5100], Subjects(200, whose[4900:5100]))  # which hardly say how alike their rows are
    assert few.rows < 15
    assert effective_rows(100, np.zeros(20)) == pytest.approx(5)


def test_parts_are_of_whole_subjects_and_as_many_as_are_held_out() -> None:
    rng = np.random.default_rng(0)
    train, held = (
        Table(np.zeros((rows, 1)), np.zeros(rows, np.uint64), first + np.sort(rng.integers(0, people, rows)))
        for rows, people, first in ((1000, 100, 0), (120, 12, 500))
    )
    parts, aside = split_like(train, held, rng)
    whose = [set(part.subject_ids.tolist()) for part in parts]
    assert sum(map(len, whose)) == len(set().union(*whose)) == len(set(train.subject_ids.tolist()))
    assert sum(map(len, parts)) == len(train)
    assert {len(each) for each in whose} <= {len(set(aside.subject_ids.tolist())) + i for i in (0, 1)}


def test_trees_do_not_know_a_customer_from_its_other_rows() -> None:
    """A column of the customer's own tells real rows apart if other rows of the customer were learned from."""
    rng = np.random.default_rng(0)
    real, fresh = (pd.DataFrame({"x": np.repeat(rng.normal(size=60), 20), "y": rng.normal(size=1200)}) for _ in "ab")
    fresh["x"] = rng.normal(size=1200)
    schema = Schema.infer(real)
    space = FeatureSpace.of(schema, real)
    found = []
    for numbers in (None, np.arange(1200) // 20):
        told = fidelity.c2st(space, space.table(real, numbers), space.table(fresh), "", rng)
        found.append(told.auc)
    assert found[0] > 0.7
    assert found[1] < 0.6


def test_held_out_rows_of_training_customers_are_left_out() -> None:
    train, fresh, holdout = drawn(0)
    schema = Schema.infer(train).model_copy(update={"subject": ("customer",)})
    mixed = pd.concat([holdout, train.head(30)], ignore_index=True)
    report = evaluate(train, fresh, mixed, schema)
    assert report.rows["holdout"] == len(holdout)
    assert report.subjects == {"train": 360, "holdout": 40}
    assert any(note.startswith(f"30 of {len(mixed):,} held-out rows belong to subjects") for note in report.notes)
    assert report.score("subject_copies").passed
    assert "customer" not in {column.name for column in report.columns}


def test_a_schema_without_a_subject_has_no_score_of_subjects() -> None:
    train, fresh, holdout = (frame.drop(columns="customer").head(300) for frame in drawn(0))
    report = evaluate(train, fresh, holdout, Schema.infer(train).model_copy(update={"subject": ()}))
    assert "subject_copies" not in {score.name for score in report.scores}
    assert report.subjects == {}


def test_what_names_the_subject_may_be_missing_from_synthetic_rows() -> None:
    train, fresh, holdout = drawn(0)
    schema = Schema.infer(train).model_copy(update={"subject": ("customer",)})
    report = evaluate(train, fresh.drop(columns="customer"), holdout, schema)
    assert report.subjects["train"] == 360
    alone = evaluate(train.drop(columns="customer"), fresh, holdout, schema)
    assert alone.subjects == {}
    assert any("each row counts as a subject" in note for note in alone.notes)
