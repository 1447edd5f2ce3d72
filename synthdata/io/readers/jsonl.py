"""JSON lines: one flat object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from synthdata.errors import DataError
from synthdata.io.readers.opening import check_names, opened

__all__ = ["read_jsonl"]


def read_jsonl(path: Path) -> pd.DataFrame:
    """Read one JSON object a line. A loop over rows: Python's parser keeps whole numbers of any size exactly."""
    columns: dict[str, list[Any]] = {}
    rows = 0
    decode = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_constant).decode
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            record = _record(line, decode, f"{path}, line {number}", first=number == 1)
            if record is None:
                continue
            for name, value in record.items():
                if isinstance(value, list | dict):
                    raise DataError(
                        f'{path}, line {number}: column "{name}" holds a nested value; '
                        "allowed are text, numbers, true, false, null: flatten it first"
                    )
                cells = columns.get(name)
                if cells is None:
                    cells = columns[name] = [None] * rows
                elif len(cells) < rows:
                    cells.extend([None] * (rows - len(cells)))
                cells.append(value)
            rows += 1
    check_names(list(columns), path)
    return pd.DataFrame({name: _typed(cells + [None] * (rows - len(cells))) for name, cells in columns.items()})


def _record(line: bytes, decode: Callable[[str], Any], where: str, *, first: bool) -> dict[str, Any] | None:
    """Read one line into a record; None for a blank one."""
    try:
        text = line.decode("utf-8-sig" if first else "utf-8").strip()
        record = decode(text) if text else None
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8; save the table as UTF-8") from None
    except RecursionError:
        raise DataError(f"{where}: nested too deeply; a line is one flat JSON object") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON from character {error.pos + 1} on; a line is one JSON object") from None
    except _TwiceError as error:
        raise DataError(f'{where}: key "{error}" stands twice; rename one') from None
    if record is not None and not isinstance(record, dict):
        raise DataError(f"{where}: found {type(record).__name__}; a line is one JSON object")
    return record


class _TwiceError(Exception):
    """A key stands twice in one object."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return record


def _constant(word: str) -> float | None:
    """Python writes a missing number as NaN, which is not JSON; infinities stay, for the field to refuse."""
    return None if word == "NaN" else float(word)


def _typed(cells: list[Any]) -> pd.Series:
    """Give a column the narrowest type that keeps every value exactly; text where there is none."""
    kinds = {type(cell) for cell in cells}
    nulls = type(None) in kinds
    kinds -= {type(None)}
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean" if nulls else "bool")
    if kinds == {int} and all(-(2**63) <= cell < 2**63 for cell in cells if cell is not None):
        return pd.Series(pd.array(cells, dtype="Int64" if nulls else "int64"))
    exact = 2**53
    if kinds and kinds <= {int, float} and all(type(cell) is not int or -exact <= cell <= exact for cell in cells):
        return pd.Series(cells, dtype="float64")
    return pd.Series([cell if cell is None or type(cell) is str else json.dumps(cell) for cell in cells], dtype="str")
