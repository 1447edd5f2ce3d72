"""Export: formats, and all or nothing."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import resource
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdata.cli import main
from synthdata.errors import GateError, OutputError
from synthdata.fields import Expectation
from synthdata.io.formats import FORMATS
from synthdata.io.writers import check_target, export
from synthdata.io.writers.exports import other_content
from synthdata.schema import Schema
from synthdata.validation import Gate, Suite, validate

MIXED = Schema.parse(
    """
    fields:
      id: {kind: identifier, pattern: '[1-9]\\d{3}', integer: true}
      visits: {kind: number, integer: true, nullable: true}
      weight: {kind: number, nullable: true}
      group: {kind: category, nullable: true}
      smoker: {kind: boolean, nullable: true}
      born: {kind: datetime, format: '%d.%m.%Y', nullable: true}
      seen: {kind: datetime, format: '%Y-%m-%dT%H:%M:%S%z', timezone: Europe/Berlin, nullable: true}
    """
)
SMALL = Schema.parse("fields: {n: {kind: number, integer: true, max: 9}, k: {kind: category, nullable: true}}")


def records(data: bytes) -> pd.DataFrame:
    return pd.DataFrame([json.loads(line) for line in data.split(b"\n")[:-1]], dtype="object")


def arrays(path: Path) -> pd.DataFrame:
    """Put missing values back into what an NPZ holds."""
    with np.load(path, allow_pickle=False) as held:
        columns = {name: pd.Series(held[name]).astype(object) for name in held if not name.endswith(".missing")}
        for name, column in columns.items():
            if f"{name}.missing" in held:
                column[held[f"{name}.missing"]] = None
    return pd.DataFrame(columns)


def examples(path: Path) -> pd.DataFrame:
    """What a TFRecord holds; floats have 32 bits there, and are read as they are shortest."""
    import tensorflow as tf

    rows = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        row = {}
        for name, feature in features.items():
            held = getattr(feature, feature.WhichOneof("kind") or "int64_list").value
            values = [str(np.float32(one)) if isinstance(one, float) else one for one in held]
            row[name] = next((one.decode() if isinstance(one, bytes) else one for one in values), None)
        rows.append(row)
    return pd.DataFrame(rows, dtype="object")


READERS = {
    ".csv": lambda path: pd.read_csv(path, dtype="str", keep_default_na=False),
    ".csv.gz": lambda path: pd.read_csv(path, dtype="str", keep_default_na=False),
    ".tsv": lambda path: pd.read_csv(path, dtype="str", keep_default_na=False, sep="\t"),
    ".tsv.gz": lambda path: pd.read_csv(path, dtype="str", keep_default_na=False, sep="\t"),
    ".jsonl": lambda path: records(path.read_bytes()),
    ".jsonl.gz": lambda path: records(gzip.decompress(path.read_bytes())),
    ".parquet": pd.read_parquet,
    ".npz": lambda path: arrays(path),
    ".tfrecord": examples,
}
EXACT = [ending for ending in READERS if ending != ".tfrecord"]
OLD = b"what stood there before"


def mixed() -> pd.DataFrame:
    raw = {
        "id": ["1000", "1001", "1002"],
        "visits": ["9007199254740993", "", "-3"],
        "weight": ["0.1", "1e22", ""],
        "group": ["=1+1", "", 'with "quotes", commas\nand lines \u00e9\u732b'],
        "smoker": ["true", "false", ""],
        "born": ["01.02.1650", "", "29.02.2024"],
        "seen": ["2020-07-01T12:00:00+0200", "2020-10-25T02:30:00+0100", ""],
    }
    return MIXED.read(pd.DataFrame(raw, dtype="str"))


def small(*n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": np.array(n, np.int64), "k": pd.Series(["x"] * len(n), dtype="str")})


def streamed(*chunks: pd.DataFrame, rows: int | None = None):
    return Gate(SMALL, Suite.derive(SMALL)).admit(chunks, rows)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """A folder in which all three files of an export stand already."""
    for name in ("out.csv", "out.csv.verdict.json", "out.csv.rejected.parquet"):
        (tmp_path / name).write_bytes(OLD)
    return tmp_path


def test_every_format_has_a_reader():
    assert set(READERS) == set(FORMATS)


# --- what is written


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_back_what_went_in(tmp_path, ending):
    path = export(validate(mixed(), MIXED), tmp_path / f"out{ending}")
    pd.testing.assert_frame_equal(MIXED.read(READERS[ending](path)), mixed())


@pytest.mark.parametrize("ending", EXACT)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1).filter(str.strip),
            st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_values_come_back_exactly(tmp_path, ending, rows):
    schema = Schema(
        fields={
            name: MIXED.fields[name].model_copy(update={"nullable": True})
            for name in ("visits", "weight", "group", "smoker")
        }
    )
    columns = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            name: pd.Series(column, dtype=field.dtype(True))
            for (name, field), column in zip(schema.fields.items(), columns, strict=True)
        }
    )
    path = export(validate(frame, schema), tmp_path / f"out{ending}", force=True)
    back = READERS[ending](path)
    if ending != ".parquet":
        back = back.replace({"": None}) if ending.startswith((".csv", ".tsv")) else back
    for name, field in schema.fields.items():
        present = frame[name].notna()
        assert back[name].notna().tolist() == present.tolist()
        read = field.read(back[name][present])[0]
        assert read.tolist() == frame[name][present].tolist()


def test_csv_writes_integers_as_integers_floats_as_short_as_can_be_and_missing_as_nothing(tmp_path):
    path = export(validate(mixed().drop(index=2), MIXED), tmp_path / "out.csv")
    assert path.read_bytes().decode() == (
        "id,visits,weight,group,smoker,born,seen\n"
        "1000,9007199254740993,0.1,=1+1,true,01.02.1650,2020-07-01T12:00:00+0200\n"
        "1001,,1e+22,,false,,2020-10-25T02:30:00+0100\n"
    )


def test_jsonl_writes_numbers_booleans_and_nulls_as_what_they_are(tmp_path):
    path = export(validate(mixed().head(2), MIXED), tmp_path / "out.jsonl")
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == {
        "id": 1000,
        "visits": 9007199254740993,
        "weight": 0.1,
        "group": "=1+1",
        "smoker": True,
        "born": "01.02.1650",
        "seen": "2020-07-01T12:00:00+0200",
    }
    assert [second[name] for name in ("visits", "group", "smoker", "born")] == [None, None, False, None]


def test_jsonl_writes_a_missing_float_as_null(tmp_path):
    path = export(validate(mixed(), MIXED), tmp_path / "out.jsonl")
    assert '"weight": null' in path.read_text(encoding="utf-8").splitlines()[2]


def test_parquet_keeps_types_and_has_page_checksums(tmp_path):
    path = export(validate(mixed(), MIXED), tmp_path / "out.parquet")
    types = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert types["visits"] == "int64"
    assert types["born"] == "timestamp[us]"
    assert types["seen"] == "timestamp[us, tz=Europe/Berlin]"
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    damaged = bytearray(path.read_bytes())
    damaged[40] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(OSError, match=r"CRC|checksum"):
        pq.read_table(path, page_checksum_verification=True)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_stream_whose_missing_values_come_late_is_one_table(tmp_path, ending):
    schema = Schema.parse(
        "fields: {n: {kind: number, integer: true, nullable: true}, b: {kind: boolean, nullable: true}}"
    )
    first = pd.DataFrame({"n": np.arange(100_000), "b": np.ones(100_000, bool)})
    second = pd.DataFrame(
        {"n": pd.Series([None, 2**53 + 1], dtype="Int64"), "b": pd.Series([None, True], dtype="boolean")}
    )
    validated = Gate(schema, Suite.derive(schema)).admit([first, second])
    back = schema.read(READERS[ending](export(validated, tmp_path / f"out{ending}")))
    expected = pd.concat([first.astype({"n": "Int64", "b": "boolean"}), second], ignore_index=True)
    pd.testing.assert_frame_equal(back, expected)


@pytest.mark.parametrize("ending", [".csv.gz", ".jsonl.gz", ".npz", ".tfrecord"])
def test_the_same_rows_are_the_same_bytes(tmp_path, ending):
    one, two = (export(validate(mixed(), MIXED), tmp_path / f"{name}{ending}") for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_an_npz_holds_plain_arrays_and_says_what_is_missing(tmp_path):
    path = export(validate(mixed(), MIXED), tmp_path / "out.npz")
    with np.load(path, allow_pickle=False) as held:
        assert {name: held[name].dtype.kind for name in ("id", "visits", "weight", "group", "smoker")} == {
            "id": "i",
            "visits": "i",
            "weight": "f",
            "group": "U",
            "smoker": "b",
        }
        assert held["visits"].tolist() == [9007199254740993, 0, -3]
        assert held["visits.missing"].tolist() == [False, True, False]
        assert "id.missing" not in held


def test_a_tfrecord_holds_a_feature_a_column_and_none_for_what_is_missing(tmp_path):
    import tensorflow as tf

    path = export(validate(mixed().head(2), MIXED), tmp_path / "out.tfrecord")
    first, second = (tf.train.Example.FromString(one) for one in tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    kinds = {name: feature.WhichOneof("kind") for name, feature in first.features.feature.items()}
    assert kinds == {
        "id": "int64_list",
        "visits": "int64_list",
        "weight": "float_list",
        "group": "bytes_list",
        "smoker": "int64_list",
        "born": "bytes_list",
        "seen": "bytes_list",
    }
    assert first.features.feature["visits"].int64_list.value == [9007199254740993]
    assert not second.features.feature["visits"].int64_list.value


def test_numbers_beyond_the_floats_of_a_tfrecord_are_refused(tmp_path):
    schema = Schema.parse("fields: {x: {kind: number}}")
    with pytest.raises(OutputError, match='"x" holds numbers beyond the 32 bits of TFRecord'):
        export(validate(pd.DataFrame({"x": [1.0, 1e39]}), schema), tmp_path / "out.tfrecord")
    assert names(tmp_path) == []


def test_the_ending_is_read_in_any_case_and_behind_any_name(tmp_path):
    path = export(validate(small(1), SMALL), tmp_path / "my.table.v1.CSV.GZ")
    assert gzip.decompress(path.read_bytes()) == b"n,k\n1,x\n"


def test_files_have_the_rights_that_new_files_have(tmp_path):
    path = export(validate(small(1), SMALL), str(tmp_path / "out.csv"))
    (tmp_path / "new").touch()
    assert path.stat().st_mode == (tmp_path / "new").stat().st_mode


# --- what stands beside it


def test_the_verdict_stands_beside_the_table(tmp_path):
    validated = streamed(small(1, 50, 2))
    path = export(validated, tmp_path / "out.csv")
    assert names(tmp_path) == ["out.csv", "out.csv.rejected.parquet", "out.csv.verdict.json"]
    said = json.loads(Path(f"{path}.verdict.json").read_text())
    assert {key: said[key] for key in said if key != "file"} == validated.verdict().to_json()
    rejected = pd.read_parquet(f"{path}.rejected.parquet")
    assert rejected.to_dict("records") == [
        {"n": 50, "k": "x", "failed_expectation": "expect_column_values_to_be_between(n)"}
    ]


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.parquet", "rows.jsonl", "rows.npz"])
def test_the_verdict_has_the_hash_of_its_table(tmp_path, name):
    path = export(streamed(small(1, 2, 3)), tmp_path / name)
    about = json.loads((tmp_path / f"{name}.verdict.json").read_text())["file"]
    content = path.read_bytes()
    assert about == {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_validate_says_that_a_table_was_changed_since_its_export(tmp_path):
    path = export(streamed(small(1, 2, 3)), tmp_path / "rows.csv")
    (tmp_path / "s.yaml").write_text(SMALL.dump())
    assert other_content(path) is None
    path.write_text(path.read_text().replace("3", "4"))
    said = CliRunner().invoke(main, ["validate", str(tmp_path / "s.yaml"), str(path)])
    assert said.exit_code == 0
    assert "rows.csv.verdict.json is about another content" in said.output


def test_without_rejected_rows_there_is_no_file_of_them(tmp_path):
    export(streamed(small(1, 2)), tmp_path / "out.csv")
    assert names(tmp_path) == ["out.csv", "out.csv.verdict.json"]


def test_overwriting_removes_the_rejected_rows_of_the_run_before(taken):
    export(streamed(small(1)), taken / "out.csv", force=True)
    assert names(taken) == ["out.csv", "out.csv.verdict.json"]
    assert (taken / "out.csv").read_text() == "n,k\n1,x\n"


def test_a_table_in_memory_is_exported_as_often_as_wanted(tmp_path):
    validated = validate(small(1, 2), SMALL)
    paths = [export(validated, tmp_path / f"out{ending}") for ending in FORMATS]
    assert all(path.stat().st_size for path in paths)


# --- what is refused


@pytest.mark.parametrize("table", [small(1), None, "out.csv"])
def test_only_what_passed_the_gate_is_exported(tmp_path, table):
    with pytest.raises(TypeError, match="validate"):
        export(table, tmp_path / "out.csv")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.xlsx", r'unknown ending "\.xlsx"; allowed are \.csv, \.csv\.gz, .*, \.npz, \.tfrecord$'),
        ("out.parqet", r'did you mean "\.parquet"\?'),
        ("out", "unknown ending"),
        ("folder.csv", "is a folder"),
        ("verdict.csv", "is a folder"),
        ("none/out.csv", "no such folder"),
        ("file/out.csv", "is not a folder"),
        ("old.csv", "exists already; .* force=True"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_sampled(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "verdict.csv.verdict.json").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "old.csv").touch()
    before = names(tmp_path)

    def chunks():
        raise AssertionError
        yield

    with pytest.raises(OutputError, match=message) as caught:
        export(Gate(SMALL, Suite.derive(SMALL)).admit(chunks()), tmp_path / name)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert names(tmp_path) == before


def test_a_verdict_alone_is_what_a_killed_export_left(tmp_path):
    (tmp_path / "out.csv.verdict.json").write_bytes(OLD)
    assert check_target(tmp_path / "out.csv") == tmp_path / "out.csv"


@pytest.mark.parametrize("name", ["out.csv", "out.csv.rejected.parquet"])
def test_a_file_that_stands_there_already_needs_force(tmp_path, name):
    (tmp_path / name).write_bytes(OLD)
    with pytest.raises(OutputError, match=f"{name}: exists already"):
        check_target(tmp_path / "out.csv")
    assert check_target(tmp_path / "out.csv", force=True) == tmp_path / "out.csv"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            check_target(tmp_path / "out.csv")
    finally:
        tmp_path.chmod(0o700)


# --- all or nothing


def untouched(folder: Path) -> bool:
    return len(names(folder)) == 3 and all(path.read_bytes() == OLD for path in folder.iterdir())


def test_a_refusal_at_the_end_of_the_stream_leaves_the_old_files(taken):
    mean = Expectation("expect_column_mean_to_be_between", {"column": "n", "min_value": 8})
    refused = Gate(SMALL, Suite((mean,))).admit([small(1), small(2)])
    with pytest.raises(GateError, match="as a whole"):
        export(refused, taken / "out.csv", force=True)
    assert untouched(taken)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, GateError, RuntimeError])
def test_a_run_that_is_broken_off_leaves_nothing(tmp_path, ending, error):
    def chunks():
        yield small(*[1] * 120_000)
        raise error("off")

    with pytest.raises(error):
        export(Gate(SMALL, Suite.derive(SMALL)).admit(chunks()), tmp_path / f"out{ending}")
    assert names(tmp_path) == []


def test_ctrl_c_leaves_the_old_files(taken):
    def chunks():
        yield small(*[1] * 120_000)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        export(Gate(SMALL, Suite.derive(SMALL)).admit(chunks()), taken / "out.csv", force=True)
    assert untouched(taken)


@contextmanager
def small_disk(size: int):
    """No file of this process can grow beyond `size` bytes inside; nor can the tests' own log, so keep it short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("size", [0, 1000])
def test_a_full_disk_is_one_line_and_leaves_the_old_files(tmp_path, ending, size):
    path = tmp_path / f"out{ending}"
    path.write_bytes(OLD)
    rng = np.random.default_rng(0)
    schema = Schema.parse("fields: {x: {kind: number}}")
    validated = validate(pd.DataFrame({"x": rng.normal(size=5_000)}), schema)
    with small_disk(size), pytest.raises(OutputError, match="the disk is full") as caught:
        export(validated, path, force=True)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == [path.name]
    assert path.read_bytes() == OLD


def test_a_disk_that_fills_up_with_the_verdict_leaves_no_table(tmp_path):
    validated = validate(small(1), SMALL)
    with small_disk(100), pytest.raises(OutputError, match=r"verdict\.json: the disk is full"):
        export(validated, tmp_path / "out.csv")
    assert names(tmp_path) == []


def test_a_file_that_came_up_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "out.csv"

    def chunks():
        yield small(1)
        path.write_bytes(OLD)

    with pytest.raises(OutputError, match="exists already"):
        export(Gate(SMALL, Suite.derive(SMALL)).admit(chunks()), path)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["out.csv"]


def test_floats_read_back_exactly(tmp_path):
    schema = Schema.parse("fields: {x: {kind: number}}")
    values = [0.1 + 0.2, math.pi, 5e-324, 1.7976931348623157e308, 123456789.123456789]
    for ending in EXACT:
        path = export(validate(pd.DataFrame({"x": values}), schema), tmp_path / f"out{ending}")
        assert READERS[ending](path)["x"].astype(float).tolist() == values
