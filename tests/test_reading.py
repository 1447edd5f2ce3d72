"""Files as people have them: encodings, delimiters, JSON; read as they are meant, or refused in one line."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from synthdata import read_table
from synthdata.cli import main
from synthdata.errors import DataError
from synthdata.io.readers import READ_AS
from synthdata.io.readers.encoding import NAME_IT

TEXT = "id,town,price\n" + "".join(
    f"{row},{town},3 €\n" for row, town in enumerate(["München", "Köln", "Würzburg"] * 20)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


# --- encodings ---


@pytest.mark.parametrize(
    ("encoding", "called"),
    [("utf-8", None), ("utf-8-sig", None), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
     ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")],
)  # fmt: skip
def test_an_encoding_is_found_and_said(table: Path, encoding: str, called: str | None) -> None:
    table.write_bytes(TEXT.encode(encoding))
    frame = read_table(table)
    assert frame["town"].tolist()[:3] == ["München", "Köln", "Würzburg"]
    assert frame["price"].iloc[0] == "3 €"
    said = frame.attrs[READ_AS]
    assert said == (
        [] if called is None else [f"{table}: read as {called}, not UTF-8; if characters are wrong, {NAME_IT}"]
    )


def test_other_scripts_are_told_by_their_language(table: Path) -> None:
    russian = "имя,город\n" + "Анна,Санкт-Петербург\nИван,Нижний Новгород\nМария,Екатеринбург\n" * 40
    table.write_bytes(russian.encode("cp1251"))
    assert read_table(table)["город"].iloc[0] == "Санкт-Петербург"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "imię,miasto\n" + "Łukasz,Łódź\nŻaneta,Kraków\nStanisław,Gdańsk\n" * 40),
        ("cp1250", "jméno,město\n" + "Jiří,Plzeň\nŽaneta,České Budějovice\nTomáš,Hradec Králové\n" * 40),
        ("cp1254", "ad,şehir\n" + "Ayşe,İstanbul\nÇağrı,Eskişehir\nOğuz,Diyarbakır\n" * 40),
        ("cp1252", "a,b\n" + "é,x\n" * 40),
    ],
)
def test_what_may_be_several_encodings_is_refused(table: Path, encoding: str, text: str) -> None:
    table.write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match="may be in several encodings: name the encoding"):
        read_table(table)


def test_one_broken_byte_among_utf_8_is_refused_with_its_place(table: Path) -> None:
    table.write_bytes(TEXT.encode().replace("Köln".encode(), b"K\xf6ln", 1))
    with pytest.raises(DataError, match=r"line 3, byte \d+ of the file is not UTF-8, though others of the file are"):
        read_table(table)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + TEXT.encode().replace("Köln".encode(), b"K\xf6ln", 1),
        TEXT.encode("utf-16") + b"\x00\xdc\x41\x00",
        TEXT.encode("utf-32") + b"\xff\xff\xff\xff",
    ],
)
def test_broken_characters_of_a_marked_file_are_refused_in_one_line(table: Path, content: bytes) -> None:
    table.write_bytes(content)
    with pytest.raises(DataError, match=r"is not UTF-8|holds bytes that are not UTF-") as error:
        read_table(table)
    assert "\n" not in str(error.value)


def refusal(path: Path) -> str:
    """Why a table is refused; "" if it is read."""
    try:
        read_table(path)
    except DataError as error:
        return str(error)
    return ""


def test_random_changes_of_a_file_end_in_rows_or_in_one_line(table: Path) -> None:
    rng = np.random.default_rng(0)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252") * 30:
        content = bytearray(TEXT.encode(encoding))
        for place in rng.integers(0, len(content), 3).tolist():
            content[place : place + 1] = rng.choice([b"", b'"', b";", b"\n", b"\xff\xfe", b"\x00", b"\x9d", b"\xf6"])
        table.write_bytes(bytes(content))
        assert "\n" not in refusal(table)


def test_zero_bytes_are_refused(table: Path) -> None:
    table.write_bytes(b"a,b\n" + b"1,2\n" * 3000 + b"1\x00,2\n")
    with pytest.raises(DataError, match="line 3002: holds a zero byte"):
        read_table(table)


def test_a_command_says_how_it_read(table: Path) -> None:
    table.write_bytes(TEXT.encode("cp1252"))
    result = CliRunner().invoke(main, ["init", str(table)])
    assert result.exit_code == 0
    assert "read as Windows-1252, not UTF-8" in result.stderr


# --- delimiters, rows ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
def test_a_delimiter_is_what_splits_all_rows(tmp_path: Path, delimiter: str, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    path.write_text(f"name{delimiter}amount\n" + f'"a{delimiter}b"{delimiter}1\n' * 30)
    assert read_table(path).iloc[0].tolist() == [f"a{delimiter}b", "1"]


def test_commas_in_a_header_of_semicolons_split_nothing(table: Path) -> None:
    table.write_text("Kunde, Name;Umsatz, netto;Ort\n" + "Meier;4.124,50;Köln\n" * 30)
    assert list(read_table(table)) == ["Kunde, Name", "Umsatz, netto", "Ort"]


def test_a_first_line_may_name_the_delimiter(table: Path) -> None:
    table.write_text("sep=;\nname;amount\n" + "a;1,5\n" * 30)
    assert read_table(table).iloc[0].tolist() == ["a", "1,5"]


def test_rows_of_empty_cells_are_left_out_and_counted(table: Path) -> None:
    table.write_text("a,b\n" + "1,2\n" * 30 + ",\n" * 3)
    frame = read_table(table)
    assert len(frame) == 30
    assert frame.attrs[READ_AS] == [f"{table}: 3 rows of empty cells alone left out"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_header_that_comes_again_is_refused(table: Path, mark: str) -> None:
    table.write_text("a,b\n" + "1,2\n" * 30 + f"{mark}a,b\n" + "1,2\n" * 30)
    with pytest.raises(DataError, match="row 31 repeats the header"):
        read_table(table)


# --- JSON, Parquet ---


RECORDS = [{"town": "Oslo", "at": {"lat": 59.9, "lon": 10.7}}, {"town": "Bergen", "at": {"lat": 60.4, "lon": 5.3}}] * 15


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(RECORDS)),
        ("a.jsonl", json.dumps(RECORDS, indent=1)),
        ("a.ndjson", "\n".join(map(json.dumps, RECORDS))),
        ("b.json", "\n".join(map(json.dumps, RECORDS))),
    ],
)
def test_records_are_read_from_arrays_and_lines_and_objects_in_them_by_path(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    frame = read_table(tmp_path / name)
    assert list(frame) == ["town", "at.lat", "at.lon"]
    assert frame["at.lat"].tolist()[:2] == [59.9, 60.4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": [1, 2], "b": 3}', "no array of objects"),
        ('[{"a": [1, 2]}]', "no values but in arrays"),
        ('[{"a.b": 1, "a": {"b": 2}}]', '"a.b" is the name of a key and of a path'),
        ('[{"a": 1}, {"a": 2', "not JSON"),
        ('[{"a": 1, "a": 2}]', 'key "a" stands twice'),
    ],
)
def test_json_of_another_shape_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "a.json")


def test_what_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1, "tags": ["x"]}\n{"a": 2, "tags": null}\n' * 15)
    frame = read_table(tmp_path / "a.jsonl")
    assert list(frame) == ["a"]
    assert frame.attrs[READ_AS] == [f'{tmp_path / "a.jsonl"}: "tags" left out: it holds arrays']
    times = pa.array([34_200_000_000, None] * 15, pa.time64("us"))
    rows = pa.table({"at": times, "tags": pa.array([["x"]] * 30), "n": pa.array(range(30))})
    pa.parquet.write_table(rows, tmp_path / "a.parquet")
    frame = read_table(tmp_path / "a.parquet")
    assert frame["at"].iloc[0] == "09:30:00"
    assert list(frame) == ["at", "n"]
    assert frame.attrs[READ_AS] == [f'{tmp_path / "a.parquet"}: column "tags" left out: it is of type list']


def test_an_unnamed_column_that_counts_or_is_empty_is_left_out(table: Path) -> None:
    table.write_text(",a,b\n" + "".join(f"{row},x,y\n" for row in range(30)))
    assert list(read_table(table)) == ["a", "b"]
    table.write_text("a,b,\n" + "x,y,\n" * 30)
    frame = read_table(table)
    assert list(frame) == ["a", "b"]
    assert frame.attrs[READ_AS] == [f"{table}: column 3 has no name and is empty: left out"]
    table.write_text(",a,b\n" + "7,x,y\n" * 30)
    with pytest.raises(DataError, match="column 1 has no name"):
        read_table(table)


def test_decimals_of_databases_keep_all_digits(tmp_path: Path) -> None:
    ids = [9007199254740993, 144115188075855873] * 15
    huge = [Decimal("10000000426676601344475908222567730396")] * 30
    cents = [Decimal("12.50"), None] * 15
    pa.parquet.write_table(
        pa.table(
            {
                "id": pa.array(map(Decimal, ids), pa.decimal128(38, 0)),
                "huge": pa.array(huge, pa.decimal128(38, 0)),
                "cents": pa.array(cents, pa.decimal128(38, 2)),
            }
        ),
        tmp_path / "a.parquet",
    )
    frame = read_table(tmp_path / "a.parquet")
    assert frame["id"].tolist() == ids
    assert frame["huge"].tolist() == list(map(str, huge))
    assert frame["cents"].iloc[0] == 12.5
    assert pd.isna(frame["cents"].iloc[1])
