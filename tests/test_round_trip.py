"""Random tables in written forms are written back as they were read; changed files end in rows or in a line."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from synthdata import Source, export, read_table, validate
from synthdata.errors import SynthdataError
from synthdata.schema import infer

ROWS = 120
NUMBERS = st.fixed_dictionaries(
    {
        "signs": st.sampled_from([(".", ""), (".", ","), (",", "."), (",", " "), (".", "'"), (",", "")]),
        "decimals": st.integers(0, 3),
        "affix": st.sampled_from(
            [("", ""), ("$", ""), ("", " €"), ("€ ", ""), ("", "%"), ("", " kg"), ("", " months")]
        ),
        "spread": st.sampled_from([1.0, 30.0, 5000.0, 2e6]),
        "negative": st.booleans(),
    }
)
DATES = st.sampled_from(
    ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%Y%m%d", "%d-%b-%Y", "%b %d, %Y", "%Y-%m-%dT%H:%M:%S",
     "%I:%M %p", "%b-%Y", "%d.%m.%y", "%H:%M:%S"]
)  # fmt: skip
PAIRS = st.tuples(
    st.sampled_from(["{}/{}", "{} - {}", "{}, {}", "({}, {})", "POINT ({} {})", "{}x{}", "{}h {}m", "{}/{}/{}"]),
    st.integers(0, 4),
)
OFFSETS = st.sampled_from([["+03:00", "-05:30"], ["Z", "+02:00", "+01:00"], ["Europe/Berlin"], ["America/New_York"]])
COLUMN = st.one_of(
    st.tuples(st.just("number"), NUMBERS),
    st.tuples(st.just("date"), DATES),
    st.tuples(st.just("word"), st.none()),
    st.tuples(st.just("pair"), PAIRS),
    st.tuples(st.just("offset"), OFFSETS),
)


def cells(kind: str, form: Any, rng: np.random.Generator) -> list[str]:
    if kind == "date":
        moments = pd.Timestamp("2001-01-01") + pd.to_timedelta(rng.integers(0, 8000 * 86_400, ROWS), unit="s")
        return moments.strftime(form).tolist()
    if kind == "word":
        return rng.choice(["Ja", "Nein", "weiß nicht", 'say "x"', "a;b,c"], ROWS).tolist()
    if kind == "pair":
        template, decimals = form
        values = rng.normal(50, 20, (ROWS, template.count("{}")))
        return [template.format(*(f"{value:.{decimals}f}" for value in row)) for row in values]
    if kind == "offset":
        moments = pd.Timestamp("2001-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 8000 * 86_400, ROWS), unit="s")
        if len(form) == 1:
            return [moment.isoformat() for moment in moments.tz_convert(form[0])]
        return [f"{moment:%Y-%m-%dT%H:%M:%S}{rng.choice(form)}" for moment in moments]
    (decimal, thousands), (before, after) = form["signs"], form["affix"]
    values = rng.normal(0 if form["negative"] else 4, 1, ROWS) * form["spread"]
    values = values if form["negative"] else np.abs(values)
    table = str.maketrans({",": thousands, ".": decimal})
    texts = [f"{abs(value):,.{form['decimals']}f}" for value in values]
    signs = ["-" if value < 0 and text.strip("0.,") else "" for value, text in zip(values, texts, strict=True)]
    return [f"{sign}{before}{text.translate(table)}{after}" for sign, text in zip(signs, texts, strict=True)]


GERMAN = {"signs": (",", "."), "decimals": 1, "affix": ("", ""), "spread": 1.0, "negative": False}


@example(  # 0.675 is no thousand
    columns=[("number", GERMAN), ("pair", ("{}/{}", 3))], delimiter=",", encoding="utf-8", missing=False, seed=1
)
@example(columns=[("pair", ("({}, {})", 2))], delimiter=";", encoding="utf-8", missing=False, seed=0)
@given(
    columns=st.lists(COLUMN, min_size=1, max_size=5),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    missing=st.booleans(),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_table_comes_back_as_it_was_written(
    columns: list[tuple[str, Any]], delimiter: str, encoding: str, missing: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"c{place}": cells(*column, rng) for place, column in enumerate(columns)}, dtype="str")
    if missing and len(columns) > 1:
        frame.loc[rng.random(ROWS) < 0.1, "c1"] = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        frame.to_csv(path, index=False, sep=delimiter, encoding=encoding)
        read = read_table(path)
        assert list(read) == list(frame)
        schema, found = infer(read, joins=True)
        typed = schema.read(read)
        whole = schema.join(typed)
        for name, field in schema.written.fields.items():
            if field.is_made:  # keys are made anew
                continue
            back = field.write(whole[name])
            there = frame[name].notna()
            assert back.notna().equals(there), (name, field)
            if pd.api.types.is_numeric_dtype(back):  # 5. as 5, 0012 never
                assert pd.to_numeric(frame[name][there]).tolist() == back[there].tolist()
            else:
                assert back[there].tolist() == frame[name][there].tolist(), (field, found.notes.get(name))
        export(validate(typed, schema), Path(folder) / "out.csv")
        again = schema.read(read_table(Path(folder) / "out.csv", schema.source))
        learned = [name for name, field in schema.fields.items() if not field.is_made]
        pd.testing.assert_frame_equal(again[learned], typed[learned])


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_what_is_read_of_changed_quotes_a_strict_reader_reads_as_well(tmp_path: Path, quoting: Any) -> None:
    rng = np.random.default_rng(0)
    notes = [f'said "{row}", twice' if row % 3 else "plain" for row in range(60)]
    cities = [["New York, NY", "Rome", 'a"b'][row % 3] for row in range(60)]
    whole = pd.DataFrame({"id": range(60), "note": notes, "city": cities}).to_csv(index=False, quoting=quoting)
    read = 0
    for _ in range(150):
        changed, place = list(whole), int(rng.integers(40, len(whole)))
        if rng.random() < 0.5:
            changed.insert(place, str(rng.choice(['"', "\n"])))
        else:
            del changed[place]
        (tmp_path / "t.csv").write_text("".join(changed))
        try:
            frame = read_table(tmp_path / "t.csv")
        except SynthdataError:
            continue
        read += 1
        rows = [row for row in csv.reader(io.StringIO("".join(changed), newline=""), strict=True) if row]
        assert frame.fillna("").to_numpy().tolist() == rows[1:]
    assert 30 < read < 150


CASES = Path(__file__).parents[2] / "shared" / "field"


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/field is not there")
def test_changed_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    files = sorted(
        path
        for path in CASES.glob("case*.*")
        if path.suffix in (".csv", ".json", ".jsonl", ".ndjson", ".parquet") and path.stat().st_size < 20_000
    )
    ends, said = {"read": 0, "refused": 0}, list[str]()
    for number in range(150):
        path = files[rng.integers(len(files))]
        changed = _changed(bytearray(path.read_bytes()), rng)
        (tmp_path / f"t{path.suffix}").write_bytes(changed)
        try:
            frame = read_table(tmp_path / f"t{path.suffix}", Source(bad_rows="2%") if number % 3 else None)
            schema, found = infer(frame, joins=True)
            schema.dump(found.notes)
            schema.read(frame)
            ends["read"] += 1
        except SynthdataError as error:
            said.append(str(error))
            ends["refused"] += 1
    assert not [line for line in said if "\n" in line]
    assert min(ends.values()) > 10


def _changed(content: bytearray, rng: np.random.Generator) -> bytes:
    """A few bytes changed, left out, put in."""
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(len(content)))
        match rng.integers(4):
            case 0:
                content[place] = int(rng.integers(256))
            case 1:
                del content[place : place + int(rng.integers(1, 40))]
            case 2:
                content[place:place] = rng.integers(0, 256, 3).astype(np.uint8).tobytes()
            case _:
                content[place:place] = rng.choice([b'"', b",", b";", b"\n", b"\x00"])
        content = content or bytearray(b"x")
    return bytes(content)


def test_pairs_in_brackets_are_cells_of_the_only_column(tmp_path: Path) -> None:
    cells_ = [f"({row / 7:.2f}, {row / 3:.2f})" for row in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["place", *cells_]) + "\n")
    read = read_table(tmp_path / "t.csv")
    assert list(read) == ["place"]
    assert read["place"].tolist() == cells_
