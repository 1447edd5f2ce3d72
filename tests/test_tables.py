"""Files become frames exactly as written, or a single line says why not."""

from __future__ import annotations

import datetime
import decimal
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from synthdata.errors import DataError
from synthdata.io.readers import LEAST_TO_TRAIN, READ_AS, read_table

ROWS = "".join(f"{number},x\n" for number in range(30))
SECRET = "secret-cell"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "T.CSV"])
def test_csv_cells_come_back_as_written(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, 'a,b\n007,NA\n1e5," x"\n12345678901234567890123,""\n"two\nlines","say ""hi"""\n')
    frame = read_table(path)
    assert frame["a"].tolist() == ["007", "1e5", "12345678901234567890123", "two\nlines"]
    assert frame["b"].isna().tolist() == [False, False, True, False]
    assert frame["b"].dropna().tolist() == ["NA", " x", 'say "hi"']
    assert {str(kind) for kind in frame.dtypes} == {"str"}


def test_a_column_without_any_cell_is_text(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "t.csv", "a,b\n1,\n2,\n"))
    assert str(frame["b"].dtype) == "str"
    assert frame["b"].isna().all()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_what_splits_the_header(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path, "t.csv", f"a{delimiter}b\n1{delimiter}2\n")
    assert read_table(path).to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_one_column_is_a_table(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "t.csv", "a\n1\n2\n")).to_dict("list") == {"a": ["1", "2"]}


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path: Path) -> None:
    path = written(tmp_path, "t.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4")
    assert read_table(path).to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}


def test_rows_beyond_one_block_come_back_in_order(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(1_000_000)]
    path = written(tmp_path, "t.csv", "a,b\n" + "".join(f"{number},some-filler-text\n" for number in numbers))
    assert read_table(path)["a"].tolist() == numbers


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz"])
def test_jsonl_keeps_types_and_large_numbers_exactly(tmp_path: Path, name: str) -> None:
    lines = [
        {"i": 2**53 + 1, "n": None, "f": 1, "b": True, "s": "x", "big": 2**70, "mixed": 1},
        {"i": -3, "n": 2**60 + 1, "f": 0.1, "b": False, "s": None, "big": 5, "mixed": "one", "late": "here"},
    ]
    frame = read_table(written(tmp_path, name, "\n\n".join(json.dumps(line) for line in lines) + "\n"))
    assert frame["i"].tolist() == [2**53 + 1, -3]
    assert frame["n"].dtype == "Int64"
    assert frame["n"][1] == 2**60 + 1
    assert frame["f"].tolist() == [1.0, 0.1]
    assert frame["b"].dtype == bool
    assert frame["s"].isna().tolist() == [False, True]
    assert frame["big"].tolist() == [str(2**70), "5"]
    assert frame["mixed"].tolist() == ["1", "one"]
    assert frame["late"].isna().tolist() == [True, False]


def test_a_nan_in_jsonl_is_a_missing_value(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "t.jsonl", '{"a": NaN}\n{"a": 1.5}\n'))
    assert frame["a"].isna().tolist() == [True, False]


def test_parquet_types_become_those_fields_read(tmp_path: Path) -> None:
    day = datetime.date(1850, 1, 2)
    table = pa.table(
        {
            "int": pa.array([2**60 + 1, None], pa.int64()),
            "small": pa.array([1, 2], pa.int8()),
            "half": pa.array([np.float16(0.5), None], pa.float16()),
            "price": pa.array([decimal.Decimal("1.25"), None], pa.decimal128(10, 2)),
            "whole": pa.array([decimal.Decimal(7), decimal.Decimal(8)], pa.decimal128(10, 0)),
            "word": pa.array(["x", None]).dictionary_encode(),
            "code": pa.array([3, 4]).dictionary_encode(),
            "day": pa.array([day, None], pa.date32()),
            "nanos": pa.array([1_600_000_000_000_000_000, None], pa.timestamp("ns", "UTC")),
            "flag": pa.array([True, None]),
            "nothing": pa.nulls(2),
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "int": "Int64",
        "small": "int64",
        "half": "float64",
        "price": "float64",
        "whole": "int64",
        "word": "category",
        "code": "int64",
        "day": "datetime64[us]",
        "nanos": "datetime64[us, UTC]",
        "flag": "boolean",
        "nothing": "str",
    }
    assert frame["int"][0] == 2**60 + 1
    assert frame["price"][0] == 1.25
    assert frame["day"][0] == pd.Timestamp(day)
    assert frame.isna().sum().sum() == 9


def test_an_unnamed_index_in_parquet_is_left_out_and_nullable_types_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": pd.array(["x", None], "string")}, index=[7, 9])
    frame.to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet").columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (pa.list_(pa.int64()), [[1], [2]]),
        (pa.map_(pa.string(), pa.int64()), [[("a", 1)], []]),
        (pa.struct([("a", pa.list_(pa.int64()))]), [{"a": [1]}, {"a": [2]}]),
    ],
)
def test_a_parquet_column_no_field_reads_is_named(tmp_path: Path, kind: pa.DataType, cells: list[object]) -> None:
    pa.parquet.write_table(pa.table({"fine": [1, 2], "odd": pa.array(cells, kind)}), tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    assert list(frame) == ["fine"]
    assert 'column "odd" left out: it is of type' in frame.attrs[READ_AS][0]
    pa.parquet.write_table(pa.table({"odd": pa.array(cells, kind)}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r'column "odd" left out.*there is no other; allowed are'):
        read_table(tmp_path / "t.parquet")


def broken_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(pa.table({"a": [SECRET] * 50}), sink)
    return sink.getvalue().to_pybytes()[:-20]


def twice_in_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), sink)
    return sink.getvalue().to_pybytes()


BAD = {
    "empty file": ("t.csv", "", "the file is empty"),
    "empty gzip": ("t.csv.gz", "", "blank lines only"),
    "blank lines": ("t.csv", "\n\n", "blank lines only"),
    "header only": ("t.csv", "a,b\n", "no rows below the header"),
    "fewer than 20 rows": ("t.csv", "a\n" + "1\n" * 19, "found 19 rows; at least 20 are needed"),
    "duplicate names": ("t.csv", f"a,a,a\n{SECRET},2,3\n", 'two columns are named "a" (columns 1 and 2)'),
    "empty name": ("t.csv", f"a,\n{SECRET},2\n", "column 2 has no name"),
    "not UTF-8": ("t.csv", b"a,b\n1,2\n" + b"3,\xe9\n" + ROWS.encode(), "line 3, byte 11 of the file is not UTF-8"),
    "header not UTF-8": ("t.csv", b"a,\xe9\n1,2\n", "line 1, byte 3 of the file is not UTF-8"),
    "short row": ("t.csv", f'a,b\n"x\ny",2\n{SECRET}\n', "line 4: found 1 cells; the header has 2"),
    "long row": ("t.csv", f"a,b\n1,2,{SECRET}\n", "line 2: found 3 cells; the header has 2"),
    "open quote": ("t.csv", f'a,b\n1,2\n"{SECRET},2\n3,4\n', "line 3: a quote is left open"),
    "broken gzip": ("t.csv.gz", None, "broken gzip"),
    "no gzip": ("u.csv.gz", None, "broken gzip"),
    "broken parquet": ("t.parquet", broken_parquet(), "broken Parquet"),
    "no parquet": ("t.parquet", f"a\n{SECRET}\n", "broken Parquet"),
    "duplicate names in parquet": ("t.parquet", twice_in_parquet(), 'two columns are named "a"'),
    "broken line": ("t.jsonl", f'{{"a": 1}}\n\n{{"a": {SECRET}}}\n', "line 3: not JSON from character 7 on"),
    "not an object": ("t.jsonl", f'["{SECRET}"]\n', "found no array of objects"),
    "nested": ("t.jsonl", f'{{"b": ["{SECRET}"]}}\n', "found no values but in arrays"),
    "key twice": ("t.jsonl", f'{{"a": 1, "a": "{SECRET}"}}\n', 'line 1: key "a" stands twice'),
    "line not UTF-8": ("t.jsonl", b'{"a": "\xe9"}\n', "line 1: not UTF-8"),
    "unknown ending": (
        "t.doc",
        SECRET,
        'found ending ".doc"; allowed are .csv, .csv.gz, .tsv, .tsv.gz, .txt',
    ),
    "no ending": ("table", SECRET, "found a name without ending; allowed are"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gets_one_line_that_shows_no_cell(tmp_path: Path, case: str) -> None:
    name, content, expected = BAD[case]
    if content is None:
        whole = gzip.compress(f"a,b\n{SECRET},2\n{ROWS}".encode())
        (tmp_path / name).write_bytes(whole[:-12] if name.startswith("t") else b"a,b\n1,2\n")
    else:
        written(tmp_path, name, content)
    with pytest.raises(DataError) as error:
        read_table(tmp_path / name, least=LEAST_TO_TRAIN)
    message = str(error.value)
    assert expected in message
    assert message.startswith(str(tmp_path / name))
    assert "\n" not in message
    assert SECRET not in message


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        read_table(tmp_path / "folder")
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path / "folder.csv")


def test_a_flipped_bit_in_parquet_is_noticed_where_checksums_were_written(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"a": np.arange(10_000)})
    pa.parquet.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[20_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="a page is damaged"):
        read_table(path)
