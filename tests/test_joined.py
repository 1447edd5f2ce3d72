"""Cells that hold several values: taken apart into fields, written as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata import (
    Augmenter,
    Category,
    Number,
    Schema,
    Source,
    Synthesizer,
    evaluate,
    export,
    generate,
    read_table,
    validate,
)
from synthdata.errors import DataError, InputError, SchemaError
from synthdata.schema import infer

ROWS = 300
PRESSURE = {"systolic": Number(integer=True), "diastolic": Number(integer=True)}


def pairs(between: str, low: str, high: str) -> list[str]:
    """Cells of two numbers, the first of which is the lower one. low, high: how they are formatted."""
    rng = np.random.default_rng(0)
    first = rng.uniform(20, 80, ROWS)
    second = first + rng.uniform(1, 60, ROWS)
    return [f"{low.format(a)}{between}{high.format(b)}" for a, b in zip(first, second, strict=True)]


@pytest.mark.parametrize(
    ("name", "cells", "template"),
    [
        ("bp", pairs("/", "{:.0f}", "{:.0f}"), "{bp_systolic}/{bp_diastolic}"),
        ("salary", pairs(" - ", "{:.0f}00", "{:.0f}00"), "{salary_low} - {salary_high}"),
        ("place", pairs(", ", "{:.5f}", "{:.5f}"), "{place_lat}, {place_lon}"),
        ("place", pairs(" ", "POINT ({:.4f}", "{:.4f})"), "POINT ({place_lon} {place_lat})"),
        ("stay", [f"{row % 4}h {row // 4 * 7 % 60}m" for row in range(ROWS)], "{stay_hours}h {stay_minutes}m"),
    ],
)
def test_cells_of_several_numbers_become_fields_of_numbers(name: str, cells: list[str], template: str) -> None:
    frame = pd.DataFrame({name: cells})
    schema, _ = infer(frame, joins=True)
    assert schema.joined == {name: template}
    assert all(isinstance(field, Number) for field in schema.fields.values())
    assert schema.join(schema.read(frame))[name].tolist() == cells


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([f"{1990 + row % 30}/{row * 37 % 9973}" for row in range(ROWS)], id="keys of a year and a number"),
        pytest.param([f"{row * 7919 % 1000:03}/{row * 31 % 100:02}" for row in range(ROWS)], id="leading zeros"),
        pytest.param([f"{row % 9}.{row % 7}.{row % 31}" for row in range(ROWS)], id="versions"),
        pytest.param([f"{row * 7919 % 100_000}-{row * 31 % 100}" for row in range(ROWS)], id="codes"),
        pytest.param([f"{row * 31 % 97},{row * 7 % 89}" for row in range(ROWS)], id="decimal commas, perhaps"),
        pytest.param([f"{10 * (row % 5)} - {10 * (row % 5) + 9}" for row in range(ROWS)], id="few bands"),
    ],
)
def test_codes_and_few_values_stay_whole(cells: list[str]) -> None:
    assert not infer(pd.DataFrame({"a": cells}), joins=True)[0].joined


def test_frames_are_not_taken_apart_unasked() -> None:
    frame = pd.DataFrame({"bp": pairs("/", "{:.0f}", "{:.0f}")})
    assert list(Schema.infer(frame).fields) == ["bp"]


def test_several_offsets_are_kept() -> None:
    moments = pd.date_range("2024-01-01", periods=ROWS, freq="7h", unit="s")
    cells = [f"{moment.isoformat()}{['+03:00', '-05:00', 'Z'][row % 3]}" for row, moment in enumerate(moments)]
    frame = pd.DataFrame({"seen": cells, "n": range(ROWS)})
    schema, _ = infer(frame, joins=True)
    assert schema.joined == {"seen": "{seen_local}{seen_offset}"}
    assert schema.fields["seen_offset"] == Category(values=["+03:00", "-05:00", "Z"])
    assert schema.join(schema.read(frame))["seen"].tolist() == cells


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu"])
def test_offsets_of_a_zone_are_a_time_zone(zone: str) -> None:
    moments = pd.date_range("2022-01-01", periods=ROWS, freq="61h", tz="UTC", unit="s").tz_convert(zone)
    cells = [moment.isoformat() for moment in moments]
    schema, _ = infer(pd.DataFrame({"seen": cells}), joins=True)
    assert not schema.joined
    assert schema.fields["seen"].write(schema.read(pd.DataFrame({"seen": cells}))["seen"]).tolist() == cells


def test_missing_cells_stay_missing() -> None:
    schema = Schema(
        joined={"bp": "{systolic}/{diastolic}"},
        fields={name: field.model_copy(update={"nullable": True}) for name, field in PRESSURE.items()},
    )
    frame = pd.DataFrame({"bp": ["120/80", None, "n/a", "90/60"]})
    typed = schema.read(frame)
    assert typed["systolic"].fillna(0).tolist() == [120, 0, 0, 90]
    assert schema.join(typed)["bp"].fillna("").tolist() == ["120/80", "", "", "90/60"]


def test_a_cell_that_is_otherwise_is_refused_or_left_out() -> None:
    frame = pd.DataFrame({"bp": ["120/80"] * 30 + ["refused"]})
    schema = Schema(joined={"bp": "{systolic}/{diastolic}"}, fields=PRESSURE)
    with pytest.raises(DataError, match=r'"bp": 1 cell \(row 31\) cannot be read as \{systolic\}/\{diastolic\}'):
        schema.read(frame)
    with pytest.raises(DataError, match="row 31"):
        schema.split(frame)
    assert len(schema.replace(source=Source(bad_rows=1)).read(frame)) == 30


@pytest.mark.parametrize(
    ("joined", "line"),
    [
        ({"bp": "{systolic}/{diastole}"}, 'no field "diastole"; did you mean "diastolic"'),
        ({"bp": "{systolic}"}, "fewer than two fields"),
        ({"bp": "{systolic}{diastolic}"}, "nothing stands behind {systolic}"),
        ({"systolic": "{systolic}/{diastolic}"}, "is a field as well"),
        ({"a": "{systolic}/{diastolic}", "b": "{diastolic} {systolic}"}, "stands twice"),
    ],
)
def test_wrong_templates_are_refused(joined: dict[str, str], line: str) -> None:
    with pytest.raises(SchemaError) as refused:
        Schema(joined=joined, fields=PRESSURE)
    assert line in str(refused.value)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".jsonl", ".parquet", ".tsv"])
def test_tables_are_exported_joined_and_read_again(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame(
        {"id": range(1, ROWS + 1), "bp": pairs("/", "{:.0f}", "{:.0f}"), "ward": ["a", "b", "c"] * 100}
    )
    frame.to_csv(tmp_path / "in.csv", index=False)
    schema = Schema.infer(tmp_path / "in.csv")
    typed = schema.read(read_table(tmp_path / "in.csv"))
    path = export(validate(typed, schema), tmp_path / f"out{ending}")
    written = read_table(path)
    assert list(written) == ["id", "bp", "ward"]
    assert written["bp"].tolist() == frame["bp"].tolist()
    pd.testing.assert_frame_equal(schema.read(read_table(path, schema.source.written)), typed)


def test_generated_cells_are_whole_or_missing_and_meet_conditions(tmp_path: Path) -> None:
    cells = [None if row % 5 == 0 else cell for row, cell in enumerate(pairs("/", "{:.0f}", "{:.0f}"))]
    frame = pd.DataFrame({"bp": cells, "ward": ["a", "b", "c"] * 100})
    schema, _ = infer(frame, joins=True)
    model = Synthesizer.fit(frame, schema, model="marginals", seed=0)
    rows = generate(model, 200).frame()
    assert rows["bp_systolic"].isna().equals(rows["bp_diastolic"].isna())
    assert 0.02 < rows["bp_systolic"].isna().mean() < 0.4
    path = export(generate(model, 100, where="bp_systolic > 50"), tmp_path / "out.csv")
    assert read_table(path)["bp"].notna().all()


def test_arrays_keep_the_parts(tmp_path: Path) -> None:
    schema = Schema(joined={"bp": "{systolic}/{diastolic}"}, fields=PRESSURE)
    export(validate(schema.read(pd.DataFrame({"bp": ["120/80"] * 30})), schema), tmp_path / "out.npz")
    assert sorted(np.load(tmp_path / "out.npz")) == ["diastolic", "systolic"]


def test_joined_tables_are_learned_evaluated_and_named_in_augmentation() -> None:
    frame = pd.DataFrame({"bp": pairs("/", "{:.0f}", "{:.0f}"), "ward": ["a", "b", "c"] * 100})
    schema, _ = infer(frame, joins=True)
    rows = Synthesizer.fit(frame, schema, model="marginals").sample(50)
    assert list(rows) == ["bp_systolic", "bp_diastolic", "ward"]
    report = evaluate(frame, schema.join(rows), schema=schema)
    assert {column.name for column in report.columns} == set(rows)
    with pytest.raises(InputError, match=r'"bp" of X holds several fields; give them apart: X = schema.split\(X\)'):
        Augmenter(schema=schema).fit_resample(frame[["bp"]], frame["ward"])


def test_the_schema_is_the_same_after_its_yaml() -> None:
    schema = Schema(joined={"bp": "{systolic}/{diastolic}"}, fields=PRESSURE)
    assert Schema.parse(schema.dump()) == schema
