"""Tables in a report: similarity of columns and pairs, the classifier two-sample test, and utility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.privacy.disclosure_control import bars_of, missing_share
from synthdata.evaluation.report import ColumnScore, PairScore, Panel
from synthdata.evaluation.score import Score
from synthdata.evaluation.tables import Tables, independent
from synthdata.evaluation.tabular.fidelity import C2ST, c2st, column_similarities, missing_similarity, pair_similarities
from synthdata.evaluation.tabular.utility import Task, tstr

__all__ = ["c2st_panel", "similarity_panel", "utility_panel"]

C2ST_ROWS = 10_000  # of either side
TEST_SHARE = 0.2  # of the training rows, to test on where none are held out


def similarity_panel(tables: Tables, rng: np.random.Generator) -> Panel:
    """Similarity of columns, of pairs of columns, and of the patterns of missing cells."""
    space, train, made = tables.space, tables.sampled["train"], tables.sampled["synthetic"]
    sides: dict[str, Table] = {"synthetic": made, "independent": tables.independent(len(made), rng)}
    if "holdout" in tables.sampled:
        sides["holdout"] = tables.sampled["holdout"]
    columns: dict[str, list[float | None]] = {
        side: column_similarities(space, train, table) for side, table in sides.items() if side != "independent"
    }
    by_pair = pair_similarities(space, train, list(sides.values()))
    pairs = {pair: dict(zip(sides, each, strict=True)) for pair, each in by_pair.items()}
    shapes = {side: _mean(each) for side, each in columns.items()}
    trends = {side: _mean([each[side] for each in pairs.values()]) for side in sides}
    missing = {side: missing_similarity(train, table) for side, table in sides.items()}
    if missing["synthetic"] is None and "missing" in tables.schema.require:
        missing["synthetic"] = 1.0  # nothing is missing on either side
    scores = [
        Score.anchored("shapes", shapes, note="" if columns["synthetic"] else tables.too_few),
        Score.anchored("trends", trends, note="" if pairs else "not measured: no two columns can be compared"),
    ]
    if missing["synthetic"] is not None:
        scores.append(Score.anchored("missing", missing))
    return Panel(scores=tuple(scores), columns=_columns(tables, columns), pairs=_pairs(space, pairs))


def _columns(tables: Tables, similarities: Mapping[str, Sequence[float | None]]) -> tuple[ColumnScore, ...]:
    train, made = tables.sampled["train"], tables.sampled["synthetic"]
    held = similarities.get("holdout", [None] * len(tables.space.columns))
    return tuple(
        ColumnScore(
            column.name,
            column.kind,
            "KS" if column.is_numeric else "TV",
            similarities["synthetic"][i],
            held[i],
            missing_real=missing_share(train.values[:, i], train.subjects),
            missing=float(np.isnan(made.values[:, i]).mean()),
            bars=bars_of(column, train.values[:, i], made.values[:, i], train.subjects),
        )
        for i, column in enumerate(tables.space.columns)
    )


def _pairs(space: FeatureSpace, similarities: Mapping[tuple[int, int], Mapping[str, float]]) -> tuple[PairScore, ...]:
    return tuple(
        PairScore(
            space.names[i],
            space.names[j],
            "contingency" if space.are_categorical[[i, j]].any() else "correlation",
            each["synthetic"],
            each.get("holdout"),
        )
        for (i, j), each in similarities.items()
    )


def c2st_panel(tables: Tables, rng: np.random.Generator) -> Panel:
    """Classifier two-sample test: the AUC of trees that classify rows as real or synthetic, and what they go by."""
    if tables.too_few:
        return Panel(scores=(Score.unmeasured("c2st_auc", tables.too_few),))
    space, held = tables.space, tables.holdout
    most = min(C2ST_ROWS, tables.most)
    train, made = tables.sampled["train"].sample(most, rng), tables.rows["synthetic"].sample(most, rng)
    tests: dict[str, C2ST] = {"synthetic": c2st(space, train, made, "synthetic", rng, by_column=True)}
    order = rng.permutation(len(train))  # halves, since shuffled columns of a row must not meet the row itself
    halves = [train[part] for part in np.array_split(order, 2)]
    tests["independent"] = c2st(space, halves[0], independent(halves[1], rng), "independent columns", rng)
    if held is not None:
        tests["holdout"] = c2st(space, train, held.sample(most, rng), "held-out", rng)
    return Panel(
        scores=(Score.measured("c2st_auc", lambda test: test.auc, tests),),
        roc=tuple(tests[side].roc for side in ("synthetic", "holdout") if side in tests),
        c2st_importances=dict(zip(space.names, tests["synthetic"].by_column, strict=True)),
    )


def utility_panel(tables: Tables, rng: np.random.Generator) -> Panel:
    """Train on synthetic, test on real, beside training on as many real rows and on independent columns."""
    return Panel(scores=(_tstr(tables, rng),))


def _tstr(tables: Tables, rng: np.random.Generator) -> Score:
    target = tables.schema.target
    if tables.too_few or target is None:
        return Score.unmeasured("tstr", tables.too_few or "the schema names no target")
    space, train, test = tables.space, tables.sampled["train"], tables.holdout
    made = tables.rows["synthetic"].sample(tables.most, rng)
    note = ""
    if test is None:
        train, test = _divided(train, rng)
        note = "; tested on training rows, since there are no held-out ones: the generator has seen them"
    task = Task.of(space, train, target)
    if isinstance(task, str):
        return Score.unmeasured("tstr", task)
    rows = min(len(train), len(made))
    real = train.sample(rows, rng)
    sides: dict[str, Table] = {
        "synthetic": made.sample(rows, rng),
        "real": real,
        "independent": independent(real, rng),
    }
    found = {side: tstr(space, task, table, test) for side, table in sides.items()}
    if isinstance(found["synthetic"], str):
        return Score.unmeasured("tstr", found["synthetic"])
    values = {side: None if isinstance(value, str) else value for side, value in found.items()}
    return Score.anchored("tstr", values, note=f"{task.metric} for {target}{note}")


def _divided(train: Table, rng: np.random.Generator) -> tuple[Table, Table]:
    """Rows to train on, and a share of them to test on; whole subjects."""
    if train.subject_ids is not None:
        aside = train.subjects.divided(TEST_SHARE, rng)
        return train[~aside], train[aside]
    order, size = rng.permutation(len(train)), int(TEST_SHARE * len(train))
    return train[order[size:]], train[order[:size]]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
