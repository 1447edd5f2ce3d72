"""Files that people have, `../shared/field`: what is read of them is written back as it was, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from synthdata import read_table
from synthdata.errors import DataError, SchemaError
from synthdata.schema import infer

CASES = Path(__file__).parents[2] / "shared" / "field"
FILES = sorted(
    path
    for path in CASES.glob("case*.*")
    if path.suffix in (".csv", ".json", ".jsonl", ".ndjson", ".parquet") and path.stat().st_size < 500_000
)
REFUSED = {  # in one line, which says why
    "case10a.csv": "looks like a record",
    "case10b.csv": "looks like a record",
    "case30_joined.csv": "repeats the header",
    "case30_nul.csv": "zero byte",
    "case31_short.csv": "line 2: found 2 cells",
    "case31_total.csv": "found 1 cells",
    "case31_twice.csv": "repeats the header",
    "case32_one_bad_byte.csv": "is not UTF-8",
}
OTHERWISE = {  # columns whose numbers or times are right, and written otherwise
    ("case34.csv", "delta"),  # -0 as 0
}
pytestmark = pytest.mark.skipif(not FILES, reason="../shared/field is not there")


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_a_file_comes_back_as_it_was_written_or_is_refused(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(DataError, match=REFUSED[path.name]) as refused:
            read_table(path)
        assert "\n" not in str(refused.value)
        return
    frame = read_table(path)
    if path.name == "case36.csv":
        with pytest.raises(SchemaError, match=r'"note.length": has the name of a statistic of "note"'):
            infer(frame)
        frame = frame.drop(columns="note.length")
    schema, _ = infer(frame, joins=True)
    typed = schema.join(schema.read(frame))
    for name, field in schema.written.fields.items():
        raw = frame[name]
        if field.is_made or not pd.api.types.is_string_dtype(raw) or (path.name, name) in OTHERWISE:
            continue
        back = field.write(typed[name])
        both = raw.notna() & back.notna()
        if pd.api.types.is_numeric_dtype(back):  # 9.50 beside 9.5 is one number
            assert pd.to_numeric(raw[both]).tolist() == back[both].tolist()
        else:
            assert back[both].str.strip().tolist() == raw[both].str.strip().tolist()
