"""Workbooks, files of statistics packages, and typed columns: read in the types that they have."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from synthdata import Schema, Source, Synthesizer, read_table
from synthdata.errors import DataError, MissingExtraError
from synthdata.io.readers import READ_AS
from synthdata.schema.source import FOUND

pyreadstat = pytest.importorskip("pyreadstat")
pytest.importorskip("python_calamine")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """Write a workbook of Excel, as small as one can be."""
    numbered = list(enumerate(sheets, 1))
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for number, _ in numbered
    )
    listed = "".join(f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>' for number, name in numbered)
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number, _ in numbered
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            + parts
            + "</Types>",
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
        )
        for number, name in numbered:
            rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
            file.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return path


def cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, dt.date):
        return f'<c t="d"><v>{value.isoformat()}</v></c>'
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


NAMES = ["id", "ward", "points", "smoker", "seen", "note"]
STAYS = [
    [1000 + row, ["north", "south"][row % 2], row / 2 if row % 7 else None, row % 3 == 0,
     dt.date(2024, 1, 1 + row % 28), 7 if row == 3 else f"n{row}"]
    for row in range(40)
]  # fmt: skip


def test_a_sheet_is_read_in_its_types(tmp_path: Path) -> None:
    path = workbook(tmp_path / "stays.xlsx", {"2024": [["Stays of 2024", *[None] * 5], [None] * 6, NAMES, *STAYS]})
    frame = read_table(path)
    kinds = frame.dtypes.astype(str).to_dict()
    assert kinds == {
        "id": "int64", "ward": "str", "points": "float64", "smoker": "bool", "seen": "datetime64[us]", "note": "str"
    }  # fmt: skip
    assert frame["note"].tolist()[2:5] == ["n2", "7", "n4"]
    assert frame["points"].isna().sum() == 6
    assert frame.attrs[READ_AS] == [f"{path}: 1 row above the header left out", f"{path}: 1 empty row left out"]
    assert Schema.infer(frame).read(frame)["seen"].iloc[1] == pd.Timestamp("2024-01-02")


def test_of_several_sheets_one_has_to_be_named(tmp_path: Path) -> None:
    sheets = {"stays": [NAMES, *STAYS], "codes": [["a", "b"], *[[row, "x"] for row in range(30)]], "empty": []}
    path = workbook(tmp_path / "stays.xlsx", sheets)
    with pytest.raises(DataError, match='holds 2 sheets, "stays", "codes": say which with --sheet'):
        read_table(path)
    with pytest.raises(DataError, match='no sheet "Stays"; did you mean "stays"'):
        read_table(path, Source(sheet="Stays"))
    frame = read_table(path, Source(sheet="codes"))
    assert list(frame) == ["a", "b"]
    assert Source(**frame.attrs[FOUND]) == Source(sheet="codes")


@pytest.mark.parametrize(
    "name", ["broken.xlsx", "broken.ods", "broken.xls", "broken.sav", "broken.dta", "broken.feather"]
)
def test_broken_files_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DataError, match=r"broken|cannot be read") as refused:
        read_table(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    path = workbook(tmp_path / "stays.xlsx", {"a": [NAMES, *STAYS]})
    with pytest.raises(MissingExtraError, match=r"needs python-calamine: pip install 'synthdata\[excel\]'"):
        read_table(path)


def test_marks_of_missing_values_are_those_of_any_format(tmp_path: Path) -> None:
    cells = [-99, *range(1, 40)]
    workbook(tmp_path / "t.xlsx", {"a": [["n", "x"], *[[cell, cell / 2 if cell > 0 else -99.0] for cell in cells]]})
    frame = read_table(tmp_path / "t.xlsx")
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    frame.to_csv(tmp_path / "t.csv", index=False)
    pyreadstat.write_sav(frame, str(tmp_path / "t.sav"))
    for ending in ("xlsx", "parquet", "jsonl", "csv", "sav"):
        read = read_table(tmp_path / f"t.{ending}", Source(na="-99"))
        assert read.isna().sum().tolist() == [1, 1], ending
        assert read["n"].iloc[1] in (1, "1")


def test_an_empty_column_of_numbers_stays_one(tmp_path: Path) -> None:
    table = pa.table(
        {"n": pa.array([None] * 40, pa.int64()), "x": pa.array([None] * 40, pa.float64()), "k": ["a", "b"] * 20}
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    schema = Schema.infer(frame)
    assert [field.kind for field in schema.fields.values()] == ["number", "number", "category"]
    made = Synthesizer.fit(frame, schema, model="marginals").sample(20)
    assert made[["n", "x"]].isna().all(axis=None)
    assert made.dtypes.astype(str).tolist()[:2] == ["Int64", "float64"]


@pytest.mark.parametrize("ending", ["sav", "dta"])
def test_labels_are_categories_in_the_order_of_their_values(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "grade": rng.integers(1, 4, 60).astype(float), "age": rng.integers(18, 80, 60).astype(float),
        "town": rng.choice(["Ulm", "Bonn"], 60), "weight": rng.normal(70, 9, 60).round(1),
    })  # fmt: skip
    frame.loc[3, "age"] = np.nan
    frame.loc[5:7, "age"] = 99.0
    labels = {"grade": {1: "low", 2: "mid", 3: "high"}, "age": {99: "unknown"}}
    path = tmp_path / f"t.{ending}"
    if ending == "sav":
        pyreadstat.write_sav(frame, str(path), variable_value_labels=labels)
    else:
        pyreadstat.write_dta(frame, str(path), variable_value_labels={"grade": labels["grade"]})
    read = read_table(path)
    assert read["grade"].cat.categories.tolist() == ["low", "mid", "high"]
    assert read["age"].dtype == "Int64"
    assert read["weight"].tolist() == frame["weight"].tolist()
    assert read.attrs[READ_AS][0] == f"{path}: read by the labels of their values: grade"
    schema = Schema.infer(read)
    assert schema.fields["grade"].values == ["low", "mid", "high"]
    assert schema.fields["age"].kind == "number"


def test_feather_is_read_as_parquet_is(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([1, None, 3] * 10, pa.int8()), "day": pa.array([dt.date(2024, 1, 2)] * 30)})
    pa.feather.write_feather(table, tmp_path / "t.feather")
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    expected = read_table(tmp_path / "t.parquet")
    for name in ("t.feather", "t.arrow"):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), expected)


def test_records_durations_and_declared_categories_of_arrow(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"code": pd.Categorical([10, 2, 3] * 20), "size": pd.Categorical(["S", "M", "L"] * 20, ["S", "M", "L"])}
    )
    table = pa.Table.from_pandas(frame)
    seconds = pa.array([dt.timedelta(seconds=90), None, dt.timedelta(minutes=2)] * 20, pa.duration("us"))
    parts = pa.array([dt.timedelta(milliseconds=90)] * 60, pa.duration("ms"))
    places = pa.array([{"lat": 1.5, "tags": ["a"]}] * 60)
    for name, values in (("took", seconds), ("short", parts), ("place", places)):
        table = table.append_column(name, values)
    path = tmp_path / "t.parquet"
    pa.parquet.write_table(table, path)
    read = read_table(path)
    assert list(read) == ["code", "size", "took", "short", "place.lat"]
    assert read["took"].tolist()[:3] == [90, pd.NA, 120]
    assert read["short"].iloc[0] == 0.09
    assert any('"place.tags" left out: it is of type list' in each for each in read.attrs[READ_AS])
    schema = Schema.infer(read)
    assert schema.fields["code"].values == ["2", "3", "10"]
    assert schema.fields["size"].values == ["S", "M", "L"]


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ('{"a": [1, 2], "b": ["x", "y"]}', ["a", "b"], 2),
        ('{"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}', ["a", "b"], 2),
        ('{"anna": {"a": 1}, "ben": {"a": 2}}', ["a"], 2),
        ('{"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}', ["a", "b"], 2),
        ('{"total": 2, "results": [{"a": 1}, {"a": 2}]}', ["a"], 2),
    ],
)
def test_json_of_other_shapes_is_read(tmp_path: Path, text: str, names: list[str], rows: int) -> None:
    (tmp_path / "t.json").write_text(text)
    frame = read_table(tmp_path / "t.json")
    assert list(frame) == names
    assert len(frame) == rows
