"""What `init` says: a line a column, what matters first, the target by its name; the same as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from click.testing import CliRunner

from synthdata import Schema
from synthdata.cli import main
from synthdata.cli.columns import MOST_LINES

RNG = np.random.default_rng(2)


def invented(path: Path, rows: int = 300) -> Path:
    pd.DataFrame({
        "patient_id": [f"P{number:05d}" for number in range(rows)],
        "age": RNG.integers(18, 90, rows),
        "weight": np.where(RNG.random(rows) < 0.2, np.nan, RNG.normal(70, 9, rows).round(1)),
        "ward": RNG.choice(["north", "south"], rows),
        "readmitted": RNG.choice(["yes", "no"], rows),
        "seen": [*pd.date_range("2024-01-01", periods=rows - 2).strftime("%d.%m.%Y"), "soon", "soon"],
    }).to_csv(path, index=False)  # fmt: skip
    return path


def init(*words: object) -> str:
    result = CliRunner().invoke(main, ["init", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_line_says_what_a_column_is(tmp_path: Path) -> None:
    said = init(invented(tmp_path / "t.csv"), "-o", tmp_path / "t.yaml")
    lines = said.splitlines()
    assert lines[0].split() == ["column", "kind", "missing", "distinct", "holds"]
    assert lines[1].split() == ["patient_id", "identifier", "300", "P[0-9]{5}"]
    assert lines[2].split()[:2] == ["age", "number"]
    assert lines[2].endswith(" to 90")
    assert lines[4].split() == ["ward", "category", "2", "north,", "south"]
    assert "%" in lines[3]
    assert "target: readmitted, by its name" in lines
    assert any(line.startswith("seen: dates (%d.%m.%Y) but for 2 cells (rows 299, 300)") for line in lines)
    assert Schema.load(tmp_path / "t.yaml").target == "readmitted"
    assert "target: readmitted  # by its name" in (tmp_path / "t.yaml").read_text()
    assert "soon" not in said


def test_json_says_the_same(tmp_path: Path) -> None:
    said = json.loads(init(invented(tmp_path / "t.csv"), "--json"))
    assert said["target"] == "readmitted"
    weight = next(each for each in said["columns"] if each["name"] == "weight")
    assert weight["kind"] == "number"
    assert 0.1 < weight["missing"] < 0.3
    assert set(weight) == {"name", "kind", "missing", "distinct", "holds", "note"}


def test_of_two_names_none_is_the_target(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"label": ["a", "b"] * 30, "outcome": ["x", "y"] * 30}).to_csv(path, index=False)
    assert json.loads(init(path, "--json"))["target"] is None


def test_too_few_rows_to_train_are_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"a": range(12)}).to_csv(path, index=False)
    result = CliRunner().invoke(main, ["init", str(path)])
    assert result.exit_code == 0
    assert f"{path}: 12 rows; a schema can be had of them, but training needs 20" in result.stderr


def test_of_many_columns_the_first_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame(RNG.integers(0, 9, (40, 100))).add_prefix("c").to_csv(path, index=False)
    said = init(path, "-o", tmp_path / "t.yaml")
    assert f"... and {100 - MOST_LINES} more columns" in said
