"""Joined columns: several values in each cell of a file, such as 120/80, which are fields of their own in a schema.

A template says how the cells are written: `{systolic}/{diastolic}`. A column is taken apart before its fields read it,
and put together again when rows are exported as a table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from synthdata.fields import Category, Datetime, Field, Identifier
from synthdata.fields.cells import NULL_WORDS, cells_as_text
from synthdata.fields.written_dates import OFFSET, written_format

__all__ = ["complaint", "joined_fields", "parts_of", "propose_joined", "put_together", "taken_apart"]

PART = re.compile(r"\{([^{}]+)\}")
GLANCED = 100  # cells
FEWEST = 20  # distinct cells, in which several numbers are sought
NUMBER = r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?"  # no code, whose zeros would be lost
BETWEEN = re.compile(r"\s*[,;/x×]\s*|\s+[-–]\s+|\s+")
AROUND = {("", ""), ("(", ")"), ("[", "]"), ("POINT(", ")"), ("POINT (", ")")}
UNITS = {("'", '"'): ("feet", "inches"), ("h ", "m"): ("hours", "minutes"), ("h ", "min"): ("hours", "minutes")}
MOST_PARTS = 4
MOSTLY_ONE = 0.5  # of the cells, by which a part is different: 2024/17 is a key then
PRESSURE = re.compile(r"(?i)(?:^|[\W_])(bp|rr|nibp|blood_?press\w*|pressure|blutdruck)(?:$|[\W_])")
Found: TypeAlias = tuple[str, Sequence[str], str]  # template, what names of parts end in, format of the first part
ZONED = re.compile(rf"(.*\d)( ?)(Z|{OFFSET}|[A-Z]{{2,5}})")


def parts_of(template: str) -> list[str]:
    """The fields that a template names, in order."""
    return PART.findall(template)


def complaint(name: str, template: str, fields: Mapping[str, Field]) -> str | None:
    """Say what is wrong with a joined column, or None. Names of other joined columns are checked by the schema."""
    parts = parts_of(template)
    if name in fields:
        return "is a field as well; give the fields of its parts other names"
    if len(parts) < 2:
        return f'"{template}" names fewer than two fields; write it like "{{low}} - {{high}}"'
    for low, literal in zip(parts, PART.split(template)[2::2], strict=True):
        if not literal and low != parts[-1] and not isinstance(fields.get(low), Datetime):
            return f'nothing stands behind {{{low}}} in "{template}", so that its end cannot be found'
    return None


def taken_apart(frame: pd.DataFrame, joined: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, np.ndarray]:
    """Put the parts of joined columns into a raw frame, in place; return which cells do not follow their template.

    A frame that has the parts already keeps them.
    """
    bad = {}
    for name, template in joined.items():
        parts = parts_of(template)
        if name not in frame.columns or set(parts) <= set(frame.columns):
            continue
        text = cells_as_text(frame[name])
        missing = (frame[name].isna() | text.isin(NULL_WORDS)).to_numpy(bool)
        found = text.str.extract(f"^{_pattern(template, fields)}$")
        bad[name] = found[0].isna().to_numpy(bool) & ~missing
        for place, part in enumerate(parts):
            frame[part] = found[place].where(~missing)
    return bad


def joined_fields(joined: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields of a table as files hold it: a joined column stands where the first of its parts was."""
    outer = {part: name for name, template in joined.items() for part in parts_of(template)}
    result: dict[str, Field] = {}
    for name, field in fields.items():
        whole = outer.get(name)
        if whole is None:
            result[name] = field
        elif whole not in result:
            result[whole] = Category(nullable=any(fields[part].nullable for part in parts_of(joined[whole])))
    return result


def put_together(frame: pd.DataFrame, template: str, fields: Mapping[str, Field]) -> pd.Series:
    """A joined column of a typed frame, as text; a cell is missing if a part of it is."""
    result = pd.Series("", index=frame.index, dtype="str")
    for place, piece in enumerate(PART.split(template)):
        result = result + (fields[piece].write(frame[piece]).astype("str") if place % 2 else piece)
    return result


def propose_joined(frame: pd.DataFrame, fields: Mapping[str, Field]) -> tuple[dict[str, str], dict[str, Field]]:
    """Templates of the columns of a raw frame whose cells all hold several values, and fields of parts that are times.

    fields: what the columns were taken for.
    """
    result: dict[str, str] = {}
    times: dict[str, Field] = {}
    taken = set(map(str, frame.columns))
    for name, field in fields.items():
        if not isinstance(field, Category | Identifier | Datetime) or not _is_text(frame[name]):
            continue
        cells = cells_as_text(frame[name].dropna())
        cells = cells[~cells.isin(NULL_WORDS)].drop_duplicates()
        found = None
        if isinstance(field, Datetime):
            found = _of_offsets(cells) if field.timezone == "UTC" else None
        elif not isinstance(field, Category) or field.values is None:
            found = _of_numbers(cells, name, is_key=isinstance(field, Identifier)) or _of_offsets(cells)
        if found is None:
            continue
        template, ends, format_ = found
        names = [_unused(f"{name}_{end}", taken) for end in ends]
        taken.update(names)
        result[name] = template.format(*(f"{{{each}}}" for each in names))
        if format_:
            times[names[0]] = Datetime(format=format_)
    return result, times


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column) or column.dtype == object


def _pattern(template: str, fields: Mapping[str, Field]) -> str:
    """A regular expression that has a group for each part."""
    pieces = PART.split(template)
    return "".join(
        f"({fields[piece].written_pattern() if piece in fields else '.+?'})" if place % 2 else re.escape(piece)
        for place, piece in enumerate(pieces)
    )


def _of_numbers(cells: pd.Series, name: str, *, is_key: bool) -> Found | None:
    """Two to four numbers in each cell."""
    if len(cells) < FEWEST:
        return None
    templates = {_skeleton(cell) for cell in cells.iloc[:GLANCED].tolist()}
    if len(templates) > 1:
        return None
    (template,) = templates
    if template is None:
        return None
    literals = template.split("{}")
    pattern = f"({NUMBER})".join(map(re.escape, literals))
    found = cells.str.extract(f"^{pattern}$")
    if found.isna().to_numpy().any():
        return None
    numbers = found.astype("float64").to_numpy()
    has_decimals = all(found[place].str.contains(".", regex=False).any() for place in found)
    if literals[1] == "," and not has_decimals:  # which may be one number of somebody else's
        return None
    is_pressure = PRESSURE.search(name) is not None and numbers.shape[1] == 2
    is_range = numbers.shape[1] == 2 and bool((numbers[:, 0] <= numbers[:, 1]).all())
    most = max(found[place].nunique() for place in found)
    if not (has_decimals or is_pressure or is_range) and (is_key or most > len(cells) * MOSTLY_ONE):
        return None
    if is_pressure:
        return template, ("systolic", "diastolic"), ""
    units = UNITS.get((literals[1], literals[2]))
    return template, units or _ends(numbers, literals[1], has_decimals=has_decimals), ""


def _ends(numbers: np.ndarray, between: str, *, has_decimals: bool) -> Sequence[str]:
    """What the names of numbers end in."""
    if numbers.shape[1] == 2:
        low, high = numbers.T
        if "-" in between or "–" in between:
            return ("low", "high") if (low <= high).all() else ("1", "2")
        if has_decimals and between.strip() in (",", ";", ""):
            least, most = np.abs(low).max(), np.abs(high).max()
            if least <= 90 and most <= 180:
                return ("lat", "lon") if between.strip() else ("lon", "lat")
            if least <= 180 and most <= 90:
                return ("lon", "lat")
    return tuple(str(place + 1) for place in range(numbers.shape[1]))


def _skeleton(cell: str) -> str | None:
    """What stands between the numbers of a cell, `{}` for each; None if it is not what parts numbers."""
    literals = re.split(NUMBER, cell)
    count = len(literals) - 1
    if not 2 <= count <= MOST_PARTS or "{" in cell or "}" in cell:
        return None
    before, between, behind = literals[0], literals[1], literals[-1]
    if count == 2 and not before and (between, behind) in UNITS:
        return "{}".join(literals)
    if set(literals[1:-1]) != {between} or not BETWEEN.fullmatch(between) or (before, behind) not in AROUND:
        return None
    if between.isspace() and not before:  # numbers alone, as in telephone numbers
        return None
    return "{}".join(literals)


def _of_offsets(cells: pd.Series) -> Found | None:
    """Local times with one of several offsets or zones behind them."""
    if len(cells) < 2 or not cells.iloc[:GLANCED].str.fullmatch(ZONED).all():
        return None
    found = cells.str.extract(f"^{ZONED.pattern}$")
    if found.isna().to_numpy().any() or found[1].nunique() > 1 or found[2].nunique() < 2:
        return None
    local = found[0].drop_duplicates().rename(str(cells.name))
    written = written_format(local) if ":" in local.iloc[0] else None
    if written is None:
        return None
    is_offset = found[2].str.fullmatch("Z|UTC|GMT|[+-].*").all()
    return f"{{}}{found[1].iloc[0]}{{}}", ("local", "offset" if is_offset else "zone"), written.format


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
