"""Input that no honest program writes: each kind ends in one line."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from synthdata import Schema, Suite, Synthesizer, read_table, validate
from synthdata.cli.paths import check_file
from synthdata.errors import ConditionError, DataError, GateError, OutputError, SchemaError
from synthdata.io.readers import excel, opening, parquet
from synthdata.io.writers import check_target


def test_a_compressed_file_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 1000)
    for name, start in (("b.csv.gz", b"a,b\n1,"), ("b.jsonl.gz", b'{"a": "')):
        (tmp_path / name).write_bytes(gzip.compress(start + b"x" * (8 << 20)))
        with pytest.raises(DataError, match="holds more than 100 times its own bytes"):
            read_table(tmp_path / name)
    rows = "a,b\n" + "1,2\n" * 200_000
    (tmp_path / "fine.csv.gz").write_bytes(gzip.compress(np.random.default_rng(0).bytes(20_000).hex().encode()))
    assert opening.opened(tmp_path / "fine.csv.gz").read()
    monkeypatch.undo()
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(rows.encode()))
    assert len(read_table(tmp_path / "rows.csv.gz")) == 200_000


def test_files_that_unfold_to_far_more_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_IN_MEMORY", 1000)
    pa.parquet.write_table(pa.table({"a": ["x" * 1000] * 100_000}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="more than 100 times its own bytes, as no table does; if it is right"):
        read_table(tmp_path / "b.parquet")
    monkeypatch.setattr(excel, "MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", "<row/>" * 1_000_000)
    with pytest.raises(DataError, match="as no workbook does"):
        read_table(tmp_path / "b.xlsx")
    rng = np.random.default_rng(0)
    fine = pa.table({"a": rng.random(1000), "b": pa.array(["x", "y"] * 500).dictionary_encode()})
    pa.parquet.write_table(fine, tmp_path / "fine.parquet", row_group_size=100)
    assert read_table(tmp_path / "fine.parquet")["b"].tolist() == ["x", "y"] * 500


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("s.jsonl", '{"a": "\\ud800"}\n', "half a character"),
        ("s.json", '[{"a": "\\ud800"}]', "half a character"),
        ("i.jsonl", '{"a": ' + "9" * 5000 + "}\n", "more digits than Python reads"),
        ("i.json", '[{"a": ' + "9" * 5000 + "}]", "more digits than Python reads"),
    ],
)
def test_odd_json_is_refused(tmp_path: Path, name: str, text: str, line: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=line):
        read_table(tmp_path / name)


def test_emoji_by_escapes_are_whole_characters(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text('{"a": "\\ud83d\\ude00"}\n')
    assert read_table(tmp_path / "e.jsonl")["a"].tolist() == ["\U0001f600"]


def test_odd_parquet_is_refused(tmp_path: Path) -> None:
    broken = pa.array([b"\xff"] * 30)
    columns = {
        "zone": pa.array([1] * 30, pa.timestamp("us", "Bad/Zone")),
        "text": pa.StringArray.from_buffers(30, *broken.buffers()[1:]),
    }
    for name, column in columns.items():
        pa.parquet.write_table(pa.table({name: column}), tmp_path / "t.parquet")
        with pytest.raises(DataError, match=f'column "{name}" holds what a column of type'):
            read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fields: &a {town: *a}\n", "an alias that holds itself"),
        (f"fields: {{age: {{kind: number, max: 0x{'F' * 4000}}}}}", "a number of"),
        ('fields: {"\\ud800": {kind: category}}', "half a character"),
        ("fields: " + "[" * 60 + "]" * 60, "more than 50 levels"),
    ],
)
def test_odd_schemas_are_refused(text: str, line: str) -> None:
    with pytest.raises(SchemaError, match=line):
        Schema.parse(text)


@pytest.mark.parametrize("pattern", ["^(?=a)(a+)+$", r"(a)\1", "(?<!b)a", "x{2000}{2000}", "(", "a" * 20_000])
def test_patterns_that_can_take_for_ever_are_refused(pattern: str) -> None:
    schema = Schema.parse("fields: {t: {kind: category}}")
    one = {"type": "expect_column_values_to_not_match_regex", "kwargs": {"column": "t", "regex": pattern}}
    with pytest.raises(SchemaError, match="regex"):
        Suite.from_json({"name": "s", "expectations": [one]})
    with pytest.raises(SchemaError, match="forbid"):
        schema.replace_field("t", kind="text", forbid=[pattern])


def test_patterns_of_other_letters_are_matched() -> None:
    schema = Schema.parse("fields: {t: {kind: category}}")
    one = {"type": "expect_column_values_to_not_match_regex", "kwargs": {"column": "t", "regex": r"(\u00e4+)+$"}}
    suite = Suite.derive(schema) + Suite.from_json({"name": "s", "expectations": [one]})
    assert validate(pd.DataFrame({"t": ["a"]}), schema, suite).verdict().passed
    with pytest.raises(GateError, match="1 of 2 rows failed"):
        validate(pd.DataFrame({"t": ["a", "bää"]}), schema, suite)


def test_an_operator_that_only_looks_like_one_is_named() -> None:
    model = Synthesizer.fit(pd.DataFrame({"town": ["Ulm", "Bonn"] * 40}), model="marginals")
    with pytest.raises(ConditionError, match="unknown operator"):
        model.sample(1, where="town İN Ulm")


@pytest.mark.parametrize("name", [".", "/", "x" * 250 + ".csv"])
def test_names_that_are_none_are_refused(name: str) -> None:
    for check in (check_target, lambda path: check_file(Path(path), force=True)):
        with pytest.raises(OutputError, match=r"names no file|a name of 254 bytes"):
            check(name)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs devices")
def test_devices_are_left_alone_and_a_full_output_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is no regular file"):
        check_file(Path("/dev/full"), force=True)
    (tmp_path / "s.yaml").write_text("fields: {age: {kind: number}}")
    command = [sys.executable, str(Path(__file__).parents[2] / "cli.py"), "suite", str(tmp_path / "s.yaml")]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "standard output cannot be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
@pytest.mark.parametrize("way", ["path", "link in metadata", "link in a class"])
def test_pictures_outside_of_their_folder_are_refused(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "pictures"
    (folder / "cats").mkdir(parents=True)
    picture = Image.fromarray(np.zeros((16, 16), np.uint8))
    picture.save(tmp_path / "secret.png")
    picture.save(folder / "cats" / "a.png")
    if way != "path":
        (folder / "cats" / "b.png").symlink_to(tmp_path / "secret.png")
    if way != "link in a class":
        named = "../secret.png" if way == "path" else "cats/b.png"
        (folder / "metadata.csv").write_text(f"file_name,n\ncats/a.png,1\n{named},2\n")
    with pytest.raises(DataError, match="outside of"):
        read_table(folder)
