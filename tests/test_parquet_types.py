"""Types of Parquet columns: what came in goes out."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from synthdata import Schema, Source, Synthesizer, export, read_table, validate
from synthdata.errors import OutputError, SchemaError
from synthdata.schema import infer

ROWS = 200
DAY = dt.date(2024, 1, 1)
MOMENT = dt.datetime(2024, 1, 1, 8, 30)
COLUMNS: dict[str, tuple[pa.DataType, Any]] = {
    "int8": (pa.int8(), lambda row: row % 100),
    "uint16": (pa.uint16(), lambda row: row * 7),
    "uint64": (pa.uint64(), lambda row: 2**63 + row % 5),
    "float": (pa.float32(), lambda row: row / 8),
    "half": (pa.float16(), lambda row: np.float16(row / 8)),
    "day": (pa.date32(), lambda row: DAY + dt.timedelta(days=row * 7 % 300)),
    "day64": (pa.date64(), lambda row: DAY + dt.timedelta(days=row * 11 % 300)),
    "time": (pa.time64("us"), lambda row: (MOMENT + dt.timedelta(minutes=7 * row)).time()),
    "time32": (pa.time32("s"), lambda row: (MOMENT + dt.timedelta(minutes=11 * row)).time()),
    "took": (pa.duration("ms"), lambda row: dt.timedelta(seconds=row * 13 % 500)),
    "price": (pa.decimal128(10, 2), lambda row: Decimal(row * 37 % 1000) / 4),
    "key": (pa.decimal128(38, 0), lambda row: Decimal(row % 40)),
    "ns": (pa.timestamp("ns"), lambda row: MOMENT + dt.timedelta(minutes=row * 17)),
    "s": (pa.timestamp("s"), lambda row: MOMENT + dt.timedelta(minutes=row * 19)),
    "zoned": (pa.timestamp("ms", "Europe/Berlin"), lambda row: MOMENT + dt.timedelta(minutes=row * 23)),
    "large": (pa.large_string(), lambda row: "abcd"[row % 4]),
}


def stored(kind: pa.DataType) -> pa.DataType:
    """The type that Parquet has for another one."""
    return {pa.date64(): pa.date32(), pa.time32("s"): pa.time32("ms"), pa.timestamp("s"): pa.timestamp("ms")}.get(
        kind, kind
    )


def written(tmp_path: Path, table: pa.Table) -> tuple[pa.Table, Schema]:
    """A table read, with the schema that is inferred of it, and written again."""
    pa.parquet.write_table(table, tmp_path / "in.parquet")
    schema = Schema.infer(tmp_path / "in.parquet")
    typed = schema.read(read_table(tmp_path / "in.parquet"))
    return pa.parquet.read_table(export(validate(typed, schema), tmp_path / "out.parquet")), schema


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("nulls", [False, True])
def test_a_type_is_kept(tmp_path: Path, name: str, nulls: bool) -> None:
    kind, make = COLUMNS[name]
    cells = [None if nulls and row % 9 == 4 else make(row) for row in range(ROWS)]
    table = pa.table({name: pa.array(cells, kind), "other": ["x", "y"] * (ROWS // 2)})
    back, schema = written(tmp_path, table)
    if schema.fields[name].is_made:
        assert back.schema.field(name).type == stored(kind)
        return
    if not pa.types.is_large_string(kind):
        assert back.schema.field(name).type == stored(kind)
    assert back.column(name).to_pylist() == table.column(name).to_pylist()


def test_declared_categories_keep_their_order(tmp_path: Path) -> None:
    order = ["low", "mid", "high"]
    size = pd.Categorical([order[row % 3] for row in range(ROWS)], categories=order, ordered=True)
    code = pd.Categorical([[1, 2, 10][row % 3] for row in range(ROWS)])
    frame = pd.DataFrame({"size": size, "code": code, "city": pd.Categorical([f"c{row % 60}" for row in range(ROWS)])})
    back, _ = written(tmp_path, pa.Table.from_pandas(frame))
    again = back.to_pandas()
    assert again["size"].cat.ordered
    assert list(again["size"].cat.categories) == order
    assert again["size"].tolist() == frame["size"].tolist()
    assert again["code"].tolist() == frame["code"].tolist()
    assert isinstance(again["city"].dtype, pd.CategoricalDtype)


def test_generated_rows_have_the_types_and_other_formats_are_as_ever(tmp_path: Path) -> None:
    table = pa.table(
        {name: pa.array([make(row) for row in range(ROWS)], kind) for name, (kind, make) in COLUMNS.items()}
    )
    pa.parquet.write_table(table, tmp_path / "in.parquet")
    schema = Schema.parse(Schema.infer(tmp_path / "in.parquet").dump())
    model = Synthesizer.fit(read_table(tmp_path / "in.parquet"), schema, model="marginals")
    rows = validate(model.sample(700), schema)
    back = pa.parquet.read_schema(export(rows, tmp_path / "out.parquet"))
    kinds = {name: stored(kind) for name, (kind, _) in COLUMNS.items() if name != "large"}
    assert {name: back.field(name).type for name in kinds} == kinds
    export(rows, tmp_path / "out.csv")
    assert read_table(tmp_path / "out.csv")["day"].str.fullmatch(r"2024-\d\d-\d\d").all()


def test_a_type_that_is_none_or_does_not_fit_is_named(tmp_path: Path) -> None:
    schema = Schema.parse("fields: {n: {kind: number, integer: true}}")
    rows = schema.read(pd.DataFrame({"n": [1, 300]}))
    with pytest.raises(OutputError, match='"n": a value does not fit int8'):
        export(validate(rows, schema.replace(source=Source(types={"n": "int8"}))), tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    with pytest.raises(SchemaError, match='"int7" is no type of arrow'):
        Schema.parse("source: {types: {n: int7}}\nfields: {n: {kind: number, integer: true}}")


def test_types_of_columns_that_are_not_there_are_refused() -> None:
    with pytest.raises(SchemaError, match='no column "m"'):
        Schema.parse("source: {types: {m: int8}}\nfields: {n: {kind: number, integer: true}}")


def test_types_that_have_no_name_are_not_kept(tmp_path: Path) -> None:
    uuids = pa.array([bytes([row]) * 16 for row in range(30)], pa.binary(16))
    table = pa.table({"u": uuids, "n": pa.array(range(30), pa.int8())})
    pa.parquet.write_table(table, tmp_path / "in.parquet")
    assert infer(read_table(tmp_path / "in.parquet"), few_bad=True)[0].source.types == {"n": "int8"}
