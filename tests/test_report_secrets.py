"""A report keeps secrets: nothing that fewer than 8 subjects show is in what it writes or says."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import Schema, evaluate, write_report
from synthdata.cli import main
from synthdata.evaluation.feature_space import FeatureSpace
from synthdata.evaluation.privacy.disclosure_control import bars_of, missing_share, shown_labels
from synthdata.fields.image.pictures import png
from synthdata.subjects import THRESHOLD, Subjects

FRESH = 60  # patients of each table, ten rows each
SCHEMA = Schema.parse("""
name: visits
target: outcome
subject: patient
fields:
  patient: {kind: identifier, pattern: "p[0-9]{1,2}-[0-9]{1,3}", unique: false}
  ward:    {kind: category}
  age:     {kind: number, integer: true}
  cost:    {kind: number, decimals: 2}
  died:    {kind: datetime, format: "%Y-%m-%d %H:%M:%S", nullable: true}
  account: {kind: category}
  note:    {kind: text}
  outcome: {kind: category}
""")
WARD, NAME, LONG = "Xerxes wing", "Zebediah Quillfeather", "sphinx of black quartz judge my vow " * 40
COST = 987654.25
DEATHS = [f"2021-0{1 + i % 9}-1{i} 0{i}:1{i}:4{i}" for i in range(10)]
ACCOUNTS = [f"DE{8937040044 + 7919 * i}{53201300 + 31 * i}" for i in range(10)]


def visits(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = 10 * FRESH
    died = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 300 * 86400, rows), unit="s")
    words = ["the", "patient", "came", "back", "with", "pain", "and", "was", "seen", "by", "a", "nurse", "again"]
    return pd.DataFrame(
        {
            "patient": [f"p{seed}-{i // 10}" for i in range(rows)],
            "ward": rng.choice(["north", "south", "east"], rows),
            "age": rng.integers(20, 90, rows),
            "cost": rng.gamma(2, 100, rows).round(2),
            "died": pd.Series(died.strftime("%Y-%m-%d %H:%M:%S")).where(rng.random(rows) < 0.5, None),
            "account": [f"DE{seed}{rng.integers(10**8, 10**9)}{rng.integers(10**8, 10**9)}" for _ in range(rows)],
            "note": [" ".join(rng.choice(words, 12)) for _ in range(rows)],
            "outcome": rng.choice(["ill", "well"], rows),
        }
    )


def planted() -> pd.DataFrame:
    """Training rows with what one subject alone shows, often; and what ten subjects show, each another value."""
    frame = visits(0).sort_values("patient", ignore_index=True)
    frame["patient"] = np.repeat(np.arange(FRESH), 10).astype(str)
    frame.loc[:29, "patient"] = "0"
    frame.loc[:19, "ward"] = WARD
    frame.loc[:7, "cost"] = COST
    frame.loc[:29, "note"] = [f"{note} signed {NAME}" for note in frame["note"][:30]]
    frame.loc[0, "note"] = LONG
    frame.loc[np.arange(10) * 10 + 40, "died"] = DEATHS
    frame.loc[np.arange(10) * 10 + 40, "account"] = ACCOUNTS
    return frame


def leaked(real: pd.DataFrame) -> pd.DataFrame:
    """Synthetic rows that show the planted values too, but for the texts: synthetic texts may be shown."""
    made = visits(1)
    for name in ("ward", "cost", "died", "account"):
        made.loc[:199, name] = real[name][:200].to_numpy()
    return made


def spellings() -> list[str]:
    """The planted values as they might be written."""
    costs = ["987654", "987,654", "987 654", "987.654"]
    days = [death.partition(" ")[0] for death in DEATHS]
    times = [text for death in DEATHS for text in (death, death.replace(" ", "T"), death.partition(" ")[2])]
    stamps = [str(int(pd.Timestamp(death).value) // 1000) for death in DEATHS]
    return [WARD, NAME, NAME.split()[1], LONG[:60], "black quartz", *costs, *days, *times, *stamps, *ACCOUNTS]


@pytest.mark.parametrize("has_subject", [True, False])
def test_nothing_that_few_subjects_show_is_written_or_said(tmp_path: Path, has_subject: bool) -> None:
    real = planted()
    if not has_subject:  # then only what few rows show is secret
        real["ward"], real["cost"] = visits(0)["ward"], visits(0)["cost"]
        real.loc[:2, "ward"], real.loc[:2, "cost"], real.loc[3:29, "note"] = WARD, COST, visits(0)["note"][3:30]
    for name, frame in (("train", real), ("rows", leaked(real)), ("holdout", visits(2))):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    schema = SCHEMA if has_subject else SCHEMA.model_copy(update={"subject": ()})
    (tmp_path / "visits.yaml").write_text(schema.dump())
    words = ["evaluate", f"{tmp_path}/visits.yaml", "--real", f"{tmp_path}/train.csv", "-o", f"{tmp_path}/report"]
    words += ["--synthetic", f"{tmp_path}/rows.csv", "--holdout", f"{tmp_path}/holdout.csv"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    said = {path.name: path.read_text() for path in (tmp_path / "report").iterdir()} | {"console": done.output}
    assert set(said) == {"report.html", "report.json", "report.xml", "console"}
    assert "north" in said["report.html"]
    found = [(place, text) for place, words in said.items() for text in spellings() if text in words]
    assert found == []


def test_real_texts_are_shown_only_where_asked_for_and_with_a_warning(tmp_path: Path) -> None:
    real = planted()
    hidden = evaluate(real, visits(1), visits(2), SCHEMA)
    assert not hidden.shows_real
    assert all(pair.real is None for pair in hidden.texts[0].pairs)
    shown = evaluate(real, visits(1), visits(2), SCHEMA, show_real=True)
    assert {pair.real for pair in shown.texts[0].pairs} <= set(real["note"])
    pages = [write_report(each, tmp_path / str(i))["html"].read_text() for i, each in enumerate((hidden, shown))]
    assert ["Real records are on this page" in page for page in pages] == [False, True]
    assert "most similar real text" not in pages[0]


def test_synthetic_texts_that_are_copies_are_not_shown() -> None:
    copied = visits(1)
    copied.loc[:559, "note"] = planted()["note"][:560].to_numpy()
    report = evaluate(planted(), copied, visits(2), SCHEMA)
    known = set(planted()["note"])
    assert report.texts[0].pairs
    assert not [pair for pair in report.texts[0].pairs if pair.synthetic in known]


def pictures(seed: int, rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    labels = rng.choice(["light", "dark"], rows)
    labels[0] = "only one"
    images = [png((rng.integers(0, 128, (8, 8, 1)) + 127 * (label == "light")).astype(np.uint8)) for label in labels]
    return pd.DataFrame({"scan": images, "label": labels})


def test_real_images_are_shown_only_where_asked_for_and_with_a_warning(tmp_path: Path) -> None:
    schema = Schema(
        name="scans",
        target="label",
        fields={"scan": {"kind": "image", "height": 8, "width": 8}, "label": {"kind": "category"}},
    )
    tables = [pictures(seed) for seed in range(2)]
    hidden = evaluate(*tables, schema=schema)
    assert [sheet.title for sheet in hidden.sheets] == ["scan: synthetic"]
    assert hidden.sheets[0].labels == ("dark", "light")
    assert "guess" not in write_report(hidden, tmp_path / "hidden")
    shown = evaluate(*tables, schema=schema, show_real=True)
    assert len(shown.sheets) == 3
    files = write_report(shown, tmp_path / "shown")
    for name in ("html", "guess"):
        page = files[name].read_text()
        assert "Real records are on this page" in page
        assert "only one" not in page


# --- bars ------------------------------------------------------------------------------------------------------------


def drawn(values: list[object], whose: list[int] | None = None, kind: str = "number"):
    schema = Schema(name="t", fields={"x": {"kind": kind}})
    frame = schema.read(pd.DataFrame({"x": values}))
    space = FeatureSpace.of(schema, frame)
    table = space.table(frame, None if whose is None else np.array(whose))
    return bars_of(space.columns[0], table.values[:, 0], table.values[:, 0], table.subjects), table, space


def test_a_label_is_shown_where_eight_subjects_show_it() -> None:
    bars, table, space = drawn(["a"] * 8 + ["b"] * 20 + ["c"] * 7, [*range(8), *[99] * 20, *range(7)], "category")
    assert bars.labels == ("a", "rare or new")
    assert shown_labels(space.columns[0], table, 0).count("a") == 1
    assert "b" not in shown_labels(space.columns[0], table, 0)


def test_the_share_of_rare_labels_is_not_drawn_where_it_rests_on_few() -> None:
    bars, _, _ = drawn(["a"] * 90 + ["b"] * 7, None, "category")
    assert bars.labels == ("a", "rare or new")
    assert bars.real == (1.0, 0.0)


@pytest.mark.parametrize("seed", range(20))
def test_in_every_bar_stand_eight_subjects_and_no_edge_is_a_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(30, 2000))
    values = np.exp(rng.normal(0, 2, rows)) * 10.0 ** rng.integers(-3, 6)
    whose = rng.integers(0, max(rows // 5, 10), rows)
    bars, _, _ = drawn(values.tolist(), whose.tolist())
    edges = np.array(bars.edges)
    assert not set(bars.edges) & set(values.tolist())
    inside = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    for number in range(len(bars.real)):
        assert len(np.unique(whose[inside == number])) >= THRESHOLD
    if len(edges):
        assert len(np.unique(whose[values <= edges[0]])) >= THRESHOLD
        assert len(np.unique(whose[values >= edges[-1]])) >= THRESHOLD
        assert sum(bars.real) == pytest.approx(1, abs=1e-3)
        assert all(low < high for low, high in pairwise(bars.edges))


def test_edges_of_times_are_whole_days() -> None:
    times = pd.Timestamp("2021-01-01 05:07:11") + pd.to_timedelta(np.arange(500) * 7001, unit="s")
    schema = Schema(name="t", fields={"x": {"kind": "datetime"}})
    frame = schema.read(pd.DataFrame({"x": times}))
    space = FeatureSpace.of(schema, frame)
    values = space.table(frame).values[:, 0]
    bars = bars_of(space.columns[0], values, values, Subjects(500))
    assert len(bars.edges) > 5
    assert all(edge % 86_400_000_000 == 0 for edge in bars.edges)


@pytest.mark.parametrize("values", [[1.5] * 7, list(range(7)), [5.0] * 300, [i / 7 + 0.01 for i in range(22)]])
def test_small_tables_draw_nothing_rather_than_a_leak(values: list[float]) -> None:
    bars, _, _ = drawn(values)
    assert len(values) >= 8 or bars.real == ()
    assert not set(bars.edges) & set(values)


def test_a_missing_share_that_rests_on_few_subjects_is_none_or_all() -> None:
    values = np.array([np.nan] * 20 + [1.0] * 80)
    assert missing_share(values, Subjects(100)) == 0.2
    assert missing_share(values, Subjects(100, np.r_[np.zeros(20, int), np.arange(80)])) == 0.0
    assert missing_share(-values[::-1], Subjects(100, np.r_[np.zeros(80, int), np.arange(20)])) == 1.0


def test_json_holds_no_more_than_the_page() -> None:
    plain = evaluate(planted(), visits(1), visits(2), SCHEMA, show_real=True).to_json()
    assert {"sheets", "texts", "human_tests"}.isdisjoint(plain)
    assert NAME not in json.dumps(plain)
