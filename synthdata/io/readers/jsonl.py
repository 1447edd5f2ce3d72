"""JSON: one object a line, or an array of objects; objects in them become columns by their path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from synthdata.errors import DataError
from synthdata.io.readers.opening import READ_AS, check_names, opened
from synthdata.schema.source import Source

__all__ = ["read_json", "read_jsonl"]

HALF = re.compile(r"\\u[dD][89a-fA-F]")
TOO_LONG = "holds a number of more digits than Python reads; write it as text"


def read_jsonl(path: Path, source: Source) -> pd.DataFrame:
    """Read one JSON object a line. A loop over rows: Python's parser keeps whole numbers of any size exactly."""
    with opened(path) as file:
        if file.read(4).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            return read_json(path, source)
    decode = _decoder().decode
    with opened(path) as file:
        lines = ((f"{path}, line {number}", number == 1, line) for number, line in enumerate(file, 1))
        return _table(((where, _record(line, decode, where, first=first)) for where, first, line in lines), path)


def read_json(path: Path, source: Source) -> pd.DataFrame:
    """Read an array of objects, or one object a line."""
    try:
        with opened(path) as file:
            found = _decoder().decode(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; save the table as UTF-8") from None
    except RecursionError:
        raise DataError(f"{path}: nested too deeply; allowed is an array of flat objects") from None
    except _TwiceError as error:
        raise DataError(f'{path}: key "{error}" stands twice in one object; rename one') from None
    except json.JSONDecodeError as error:  # before ValueError, of which it is one
        if error.msg == "Extra data" and error.lineno > 1:
            return read_jsonl(path, source)
        raise DataError(f"{path}, line {error.lineno}: not JSON from character {error.colno} on; mend it") from None
    except ValueError:
        raise DataError(f"{path}: {TOO_LONG}") from None
    _check_characters(found, path)
    records, key = _records(found)
    if records is None:
        raise DataError(f"{path}: found no array of objects; allowed is [{{...}}, {{...}}], or one object a line")
    frame = _table(((f"{path}, record {number}", record) for number, record in enumerate(records, 1)), path)
    if key:
        frame.attrs[READ_AS].append(f'{path}: only what stands under "{key}" is read')
    return frame


def _records(found: Any) -> tuple[list[dict[str, Any]] | None, str]:
    """The records of a document, and the key that they stand under; None if there are none.

    An array of objects; columns, as arrays or as objects by row number; objects by row name; columns, index and data
    apart, all as pandas writes them; or one array of objects in an object.
    """
    if isinstance(found, list):
        return (found if found and all(isinstance(each, dict) for each in found) else None), ""
    if not isinstance(found, dict) or not found:
        return None, ""
    values = list(found.values())
    if {"columns", "data"} <= found.keys() <= {"columns", "data", "index"} and isinstance(found["data"], list):
        names = list(map(str, found["columns"]))
        if all(isinstance(row, list) and len(row) == len(names) for row in found["data"]):
            return [dict(zip(names, row, strict=True)) for row in found["data"]], ""
    arrays = {key: each for key, each in found.items() if isinstance(each, list) and each and isinstance(each[0], dict)}
    if len(arrays) == 1:
        ((key, records),) = arrays.items()
        return (records if all(isinstance(each, dict) for each in records) else None), key
    if all(isinstance(each, list) and len(each) == len(values[0]) for each in values):
        return [dict(zip(found, row, strict=True)) for row in zip(*values, strict=True)], ""
    if all(isinstance(each, dict) for each in values):
        if all(each.keys() == values[0].keys() and all(key.isdigit() for key in each) for each in values):
            return [{name: each[row] for name, each in found.items()} for row in values[0]], ""
        return values, ""
    return None, ""


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_constant)


def _table(records: Iterable[tuple[str, dict[str, Any] | None]], path: Path) -> pd.DataFrame:
    """Records, each with where it stands, as columns; None for no record."""
    columns: dict[str, list[Any]] = {}
    arrays: set[str] = set()
    rows = 0
    for where, record in records:
        if record is None:
            continue
        for name, value in _flat(record):
            if isinstance(value, list):
                arrays.add(name)
                continue
            cells = columns.get(name)
            if cells is None:
                cells = columns[name] = [None] * rows
            elif len(cells) < rows:
                cells.extend([None] * (rows - len(cells)))
            if len(cells) > rows:
                raise DataError(f'{where}: "{name}" is the name of a key and of a path; rename one')
            cells.append(value)
        rows += 1
    if not columns.keys() - arrays:
        raise DataError(f"{path}: found no values but in arrays; make their entries a table of their own")
    check_names(list(columns), path)
    filled = {name: cells + [None] * (rows - len(cells)) for name, cells in columns.items() if name not in arrays}
    frame = pd.DataFrame({name: _typed(cells) for name, cells in filled.items()})
    frame.attrs[READ_AS] = [f'{path}: "{name}" left out: it holds arrays' for name in sorted(arrays)]
    return frame


def _flat(record: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a record, those of objects in it by the path to them: `address.city`."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


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
    except ValueError:
        raise DataError(f"{where}: {TOO_LONG}") from None
    except _TwiceError as error:
        raise DataError(f'{where}: key "{error}" stands twice; rename one') from None
    if record is not None and not isinstance(record, dict):
        raise DataError(f"{where}: found {type(record).__name__}; a line is one JSON object")
    if HALF.search(text):
        _check_characters(record, where)
    return record


def _check_characters(found: Any, where: object) -> None:
    r"""Refuse half a character, as `\ud800` alone is, which no file can be written with."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise DataError(f"{where}: holds half a character, an escape \\uD800 to \\uDFFF by itself; mend it") from None


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
