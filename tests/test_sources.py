"""How a file is written where it does not show it: found, said with options, kept in the schema, written again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import Schema, Source, export, read_table, validate
from synthdata.cli import main
from synthdata.errors import DataError, SchemaError
from synthdata.io.readers import READ_AS
from synthdata.schema import infer
from synthdata.schema.source import FOUND

RNG = np.random.default_rng(3)
ROWS = [(f"K{row:04d}", "abc"[row % 3], f"{RNG.normal(50, 9):.1f}") for row in range(60)]


def table(path: Path, delimiter: str = ",", *, above: str = "", names: str = "id,group,value", end: str = "") -> Path:
    header = [names.replace(",", delimiter)] if names else []
    path.write_text(above + "\n".join([*header, *(delimiter.join(row) for row in ROWS)]) + "\n" + end)
    return path


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.output


# --- what a file shows ---


@pytest.mark.parametrize(
    ("above", "lines"),
    [("Export of 2024-05-01\n", 1), ("Export,,\nConfidential,,\n\n", 2), ("# made by a tool\n# v1\n", 2),
     ("\n\n", 0), ('"a title\nof two lines",,\n', 1)],
)  # fmt: skip
def test_lines_above_the_header_are_left_out_and_said(tmp_path: Path, above: str, lines: int) -> None:
    frame = read_table(table(tmp_path / "t.csv", above=above))
    assert list(frame) == ["id", "group", "value"]
    assert frame["id"].tolist() == [row[0] for row in ROWS]
    said = [f"{tmp_path / 't.csv'}: {lines} line{'s'[: lines > 1]} above the header left out"] * bool(lines)
    assert frame.attrs[READ_AS] == said


def test_a_name_that_comes_again_is_told_apart_and_said(tmp_path: Path) -> None:
    frame = read_table(table(tmp_path / "t.csv", names="id,id,value"))
    assert list(frame) == ["id", "id.2", "value"]
    assert frame.attrs[READ_AS] == [f'{tmp_path / "t.csv"}: column 2 is read as "id.2": another one is named "id"']


def test_a_hash_may_begin_a_header(tmp_path: Path) -> None:
    assert list(read_table(table(tmp_path / "t.csv", names="#id,group,value"))) == ["#id", "group", "value"]


def test_a_first_row_that_is_a_record_is_asked_about(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", names="")
    with pytest.raises(
        DataError, match="the first row looks like a record, not like names of columns: say --no-header"
    ):
        read_table(path)
    frame = read_table(path, Source(header=False))
    assert list(frame) == ["column_1", "column_2", "column_3"]
    assert len(frame) == len(ROWS)
    assert read_table(path, Source(header=True)).columns[0] == "K0000"


@pytest.mark.parametrize(
    "names",
    [["country", *map(str, range(2000, 2012))], list(map(str, range(13))), ["id", *"abcdefghijkl"]],
)
def test_years_and_numbers_may_name_columns(tmp_path: Path, names: list[str]) -> None:
    cells = pd.DataFrame(RNG.normal(0.5, 0.1, (40, 13)).round(3))
    cells[0] = RNG.choice(["x", "y", "z"], 40)
    cells.to_csv(tmp_path / "t.csv", index=False, header=names)
    assert list(read_table(tmp_path / "t.csv")) == names


def test_years_above_numbers_like_years_are_names(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    years = [str(year) for year in range(1990, 2020)]
    pd.DataFrame(RNG.integers(1900, 2100, (40, 30))).to_csv(path, index=False, header=years)
    assert list(read_table(path)) == years
    path.write_text("12,40\n" + "".join(f"{row % 20},{row}\n" for row in range(60)))
    assert run("init", path)[0] != 0
    assert run("init", path, "--header")[0] == 0
    assert list(read_table(path, Source(header=True))) == ["12", "40"]


def test_subtotals_between_the_rows_are_refused_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = [f"2024-01-{1 + row % 28:02},{100 + row},{row % 7}" for row in range(60)]
    rows[20:20] = ["Sous-total,2345,"]
    rows[45:45] = ["Sous-total,6789,"]
    path.write_text("\n".join(["day,amount,n", *rows]) + "\n")
    with pytest.raises(DataError, match="row 21 looks like a subtotal; take it out, or say --reject-bad-rows 2"):
        read_table(path)
    assert len(read_table(path, Source(bad_rows=2))) == 60
    path.write_text("\n".join(["kind,amount", *(f"{kind},3" for kind in ["subtotal", "line"] * 30)]) + "\n")
    assert len(read_table(path)) == 60  # half of the rows are no exceptions


def test_a_total_below_the_rows_is_refused_or_left_out(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", end="Total,,3021.5\n")
    with pytest.raises(DataError, match="row 61 looks like a total; take it out"):
        read_table(path)
    frame = read_table(path, Source(bad_rows=1))
    assert len(frame) == 60
    assert frame.attrs[READ_AS] == [f"{path}: row 61, a total, left out"]


def test_a_delimiter_behind_each_row_makes_no_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,group,value\n" + "".join(",".join(row) + ",\n" for row in ROWS))
    assert list(read_table(path)) == ["id", "group", "value"]
    path.write_text("id,group,value,,\n" + "".join(",".join(row) + ",,\n" for row in ROWS))
    assert list(read_table(path)) == ["id", "group", "value"]


def test_runs_of_blanks_part_columns_where_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "t.dat"
    path.write_text(
        "  id   day      paid\n"
        + "".join(f" {row:<4}  199701{row % 28 + 1:02d}   {row / 7:6.2f} \n" for row in range(40))
    )
    frame = read_table(path)
    assert list(frame) == ["id", "day", "paid"]
    assert frame["paid"].tolist()[:3] == ["0.00", "0.14", "0.29"]
    assert Source(**frame.attrs[FOUND]) == Source(delimiter=" ")
    path.write_text("name\n" + "".join(f"Anna Maria {row}\n" for row in range(40)))
    assert list(read_table(path)) == ["name"]


QUOTED = 'id,note\n1,"said ""no"""\n2,"plain"\n3,"a, b"\n'


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('4,"said "no" twice"\n5,x\n', "line 5: there is text behind a closing quote"),
        ('4,"never closed\n5,x\n6,y\n', "line 5: a quote is left open"),
    ],
)
def test_cells_that_are_badly_quoted_are_refused_or_left_out(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(QUOTED + line)
    with pytest.raises(DataError, match=complaint):
        read_table(path)
    lost = len(line.splitlines()) if "never" in line else 1
    frame = read_table(path, Source(bad_rows=lost))
    assert frame["note"].tolist()[:3] == ['said "no"', "plain", "a, b"]
    assert frame.attrs["synthdata.bad_lines"] == line.splitlines()[:lost]
    if lost > 1:
        with pytest.raises(DataError, match=f"{lost} lines are like this, and bad_rows allows fewer"):
            read_table(path, Source(bad_rows=1))


def test_quotes_inside_of_plain_cells_are_their_own(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('id,height\n1,5\'7"\n2,"6\'0"""\n')
    assert read_table(tmp_path / "t.csv")["height"].tolist() == ["5'7\"", "6'0\""]


def test_escaped_quotes_are_read_as_they_are_meant(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,said\n" + "".join(f'{row},"he said \\"no, {row}\\""\n' for row in range(30)))
    assert read_table(path)["said"].tolist()[:2] == ['he said "no, 0"', 'he said "no, 1"']
    path.write_text("id,where\n" + "".join(f'{row},"C:\\data\\"\n' for row in range(30)))
    assert read_table(path)["where"].iloc[0] == "C:\\data\\"


# --- what is said ---


def test_what_is_said_is_read_so(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    lines = ["two lines", "of words", "id stadt wert", *(f"{row} Köln {'.' if row % 9 else row}" for row in range(50))]
    lines.insert(20, "% a comment")
    path.write_bytes("\n".join(lines).encode("latin-1"))
    frame = read_table(path, Source(delimiter=" ", skip_rows=2, comment="%", encoding="latin-1", na="."))
    assert list(frame) == ["id", "stadt", "wert"]
    assert len(frame) == 50
    assert set(frame["stadt"]) == {"Köln"}
    assert frame["wert"].notna().sum() == 6


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"delimiter": ";;"}, "a delimiter is one character"),
        ({"encoding": "cp99999"}, '"cp99999" is no encoding of text'),
        ({"encoding": "hex"}, '"hex" is no encoding of text'),
        ({"skip_rows": -1}, "skip_rows"),
        ({"bad_rows": "many"}, 'a share of them like "1%"'),
        ({"bad_rows": "120%"}, 'a share of them like "1%"'),
        ({"separator": ";"}, 'unknown key "separator"'),
    ],
)
def test_a_source_cannot_be_said_wrong(keys: dict[str, object], said: str) -> None:
    with pytest.raises(SchemaError, match=r"source|Source") as refused:
        Schema.model_validate({"fields": {"x": {"kind": "number"}}, "source": keys})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("bad", "share", "rows"), [(3, 3, 1000), ("1%", 10, 1000), ("0.5 %", 5, 1000), ("7", 7, 9)])
def test_how_many_rows_may_be_bad(bad: int | str, share: int, rows: int) -> None:
    assert Source(bad_rows=bad).most_bad(rows) == share


def test_the_schema_keeps_what_was_found_and_writes_it_again(tmp_path: Path) -> None:
    frame = read_table(table(tmp_path / "t.csv", ";"))
    assert Source(**frame.attrs[FOUND]) == Source(delimiter=";")
    schema, _ = infer(frame)
    assert Schema.parse(schema.dump()).source == Source(delimiter=";")
    passed = validate(schema.read(frame), schema)
    written = export(passed, tmp_path / "out.csv")
    assert written.read_text().splitlines()[:2] == ["id;group;value", ";".join(ROWS[0])]
    tabs = export(passed, tmp_path / "out.tsv")
    assert tabs.read_text().startswith("id\tgroup\tvalue\n")
    assert read_table(written, schema.source).equals(frame)


def test_an_encoding_that_was_said_is_written_and_lacks_no_character(tmp_path: Path) -> None:
    schema = Schema.parse("source: {encoding: cp1252, header: false}\nfields: {x: {kind: category}}")
    towns = pd.DataFrame({"x": ["Köln", "Łódź"] * 20})
    export(validate(schema.read(towns[::2]), schema), tmp_path / "fine.csv")
    assert (tmp_path / "fine.csv").read_bytes() == "Köln\n".encode("cp1252") * 20
    with pytest.raises(Exception, match="a cell has a character that cp1252 lacks"):
        export(validate(schema.read(towns), schema), tmp_path / "bad.csv")
    assert not (tmp_path / "bad.csv").exists()


def test_what_was_exported_has_no_lines_to_skip(tmp_path: Path) -> None:
    schema = Schema.parse("source: {skip_rows: 2}\nfields: {x: {kind: number, integer: true}}")
    export(validate(schema.read(pd.DataFrame({"x": [*range(40)]})), schema), tmp_path / "out.csv")
    assert len(read_table(tmp_path / "out.csv", schema.source)) == 40


# --- rows that cannot be read ---


def test_rows_that_cannot_be_read_are_left_out_counted_and_kept(tmp_path: Path) -> None:
    lines = [f"{row},{row % 50}" for row in range(200)]
    lines[10] = "10,eleven"
    lines[20] = "20"
    path = tmp_path / "t.csv"
    path.write_text("id,points\n" + "\n".join(lines) + "\n")
    code, output = run("init", path, "-o", tmp_path / "t.yaml")
    assert code != 0
    assert "line 22: found 1 cells" in output
    code, output = run("init", path, "-o", tmp_path / "t.yaml", "--reject-bad-rows", "1%")
    assert code == 0
    kept = (tmp_path / "t.bad_rows.jsonl").read_text().splitlines()
    assert kept == ['{"row": 11, "cells": {"id": "10", "points": "eleven"}}', '{"line": "20"}']
    schema = Schema.load(tmp_path / "t.yaml")
    assert schema.source == Source(bad_rows="1%")
    assert schema.fields["points"].kind == "number"
    code, output = run("validate", tmp_path / "t.yaml", path)
    assert code == 0
    assert "1 row (row 11) left out, since a cell cannot be read" in output
    assert "198 rows" in output
    assert "eleven" not in output


def test_more_bad_rows_than_allowed_are_an_error() -> None:
    schema = Schema.parse("source: {bad_rows: 2}\nfields: {x: {kind: number}}")
    assert schema.read(pd.DataFrame({"x": ["1", "a", "b", "4"]}))["x"].tolist() == [1, 4]
    with pytest.raises(DataError, match=r"3 cells \(rows 2, 3, 4\)"):
        schema.read(pd.DataFrame({"x": ["1", "a", "b", "c"]}))


# --- the command line ---


def test_options_of_init_stand_in_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("ignore\n" + "".join(f"{row}|{row * 37 % 11}|{row % 4}\n" for row in range(60)))
    code, output = run(
        "init", path, "-o", tmp_path / "t.yaml", "--delimiter", "pipe", "--no-header", "--skip-rows", 1, "--na", "3",
        "--drop", "column_1",
    )  # fmt: skip
    assert code == 0, output
    schema = Schema.load(tmp_path / "t.yaml")
    assert schema.source == Source(delimiter="|", header=False, skip_rows=1, na=("3",))
    assert list(schema.fields) == ["column_2", "column_3"]
    assert schema.fields["column_3"].nullable


@pytest.mark.parametrize(
    ("decimal", "thousands", "value"), [(",", None, 4124.0), (None, ".", 4124.0), (".", None, 4.124)]
)
def test_signs_of_numbers_can_be_said(tmp_path: Path, decimal: str | None, thousands: str | None, value: float) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sales\n" + "".join(f"{row % 9 + 1}.{row * 7 % 900 + 100}\n" for row in range(20)) + "4.124\n")
    words = [*(["--decimal", decimal] if decimal else []), *(["--thousands", thousands] if thousands else [])]
    assert run("init", path, "-o", tmp_path / "t.yaml", *words)[0] == 0
    schema = Schema.load(tmp_path / "t.yaml")
    assert schema.read(read_table(path))["sales"].iloc[-1] == value
    assert schema.fields["sales"].write(schema.read(read_table(path))["sales"]).astype(str).iloc[-1] == "4.124"


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    assert list(yaml_fields(run("init", path, "--columns", "value, id"))) == ["id", "value"]
    assert run("init", path, "--drop", "valve")[1].strip() == 'error: --drop: no column "valve"; did you mean "value"?'
    assert "leaves no column" in run("init", path, "--drop", "id,group,value")[1]


def yaml_fields(done: tuple[int, str]) -> list[str]:
    assert done[0] == 0, done[1]
    text = done[1][done[1].index("# Guessed") :]
    return list(Schema.parse(text).fields)


@pytest.mark.parametrize("path", ["postgresql://anna:secret@db.example/stays", "https://anna:secret@example.org/t.csv"])
def test_an_address_is_refused_without_its_password(path: str) -> None:
    code, output = run("init", path)
    assert code != 0
    assert "secret" not in output
    assert "anna" not in output
    assert "is an address; only files are read" in output


def test_init_leaves_out_a_row_of_two_hundred_by_itself_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = [f"{row * 7 % 90 + 40},{row % 9}" for row in range(400)]
    cells[70] = "approx 50,3"
    path.write_text("weight,n\n" + "\n".join(cells) + "\n")
    code, output = run("init", path, "-o", tmp_path / "t.yaml")
    assert code == 0
    assert "weight: numbers; 1 cell (row 71) left out (bad_rows)" in output
    assert "approx" not in output
    schema = Schema.load(tmp_path / "t.yaml")
    assert schema.source == Source(bad_rows=1)
    assert schema.fields["weight"].kind == "number"
    assert len(schema.read(read_table(path, schema.source))) == 399
    assert infer(read_table(path))[0].fields["weight"].kind == "category"  # from Python nothing is left out unasked


@pytest.mark.parametrize(
    "words",
    [("validate", "{}", "t.csv"), ("train", "s.yaml", "--data", "{}", "-o", "m"), ("inspect", "{}"),
     ("init", "t.csv", "-o", "{}"),
     ("evaluate", "s.yaml", "--real", "t.csv", "--synthetic", "{}", "-o", "r")],
)  # fmt: skip
def test_no_command_repeats_a_password(words: tuple[str, ...]) -> None:
    code, output = run(*(word.format("mysql://anna:secret@db/x.csv") for word in words))
    assert code == 2
    assert "secret" not in output
    assert "mysql:// is an address" in output


def test_an_option_that_a_format_does_not_have_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv")
    assert "--sheet: is for workbooks" in run("init", path, "--sheet", "a")[1]
    assert "--delimiter: is for delimited text" in run("init", tmp_path / "t.parquet", "--delimiter", ";")[1]


def test_amounts_of_one_column_are_not_parted_at_their_decimal_comma(tmp_path: Path) -> None:
    cells = [f"{1 + row % 8}.{100 + row % 800}.{460 + row % 500},{10 + row % 90} €" for row in range(60)]
    (tmp_path / "in.csv").write_text("\n".join(["c0", *cells]) + "\n")
    frame = read_table(tmp_path / "in.csv")
    assert frame["c0"].tolist() == cells


def test_a_header_of_very_many_columns_is_read(tmp_path: Path) -> None:
    names = [f"column_{number}" for number in range(15_000)]  # longer than a cell of `csv` may be
    (tmp_path / "in.csv").write_text("\n".join(",".join(map(str, row)) for row in (names, range(15_000))) + "\n")
    assert list(read_table(tmp_path / "in.csv")) == names
