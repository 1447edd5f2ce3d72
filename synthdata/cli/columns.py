"""A table of a schema's columns, a line each, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Schema

__all__ = ["Column", "described", "table"]

MOST_LINES = 60
WIDEST = {"column": 28, "holds": 44}  # characters


@dataclass(frozen=True)
class Column:
    """What was found of a column.

    kind: of its field. missing: share of its cells. distinct: values, None where cells cannot be compared. holds: what
    the schema says of them. note: what a person should look at.
    """

    name: str
    kind: str
    missing: float
    distinct: int | None
    holds: str
    note: str


def described(schema: Schema, frame: pd.DataFrame, notes: Mapping[str, str], *, most: int | None) -> list[Column]:
    """Describe the columns of a schema, or the first of them. Nothing is shown that the schema does not say.

    frame: of its types.
    """
    result = []
    for name, field in islice(schema.fields.items(), most):
        column = frame[name]
        distinct = None if field.ending else int(column.nunique())
        missing = round(float(column.isna().mean()), 4)
        result.append(Column(name, field.kind, missing, distinct, field.in_short(), notes.get(name, "")))
    return result


def table(columns: Sequence[Column], count: int) -> list[str]:
    """Lines of a table of the first columns. count: how many there are."""
    cells = [("column", "kind", "missing", "distinct", "holds")]
    for each in columns:
        missing = f"{each.missing:.1%}" if 0 < each.missing < 0.1 else f"{each.missing:.0%}"
        distinct = "" if each.distinct is None else f"{each.distinct:,}"
        name, holds = (_cut(text, WIDEST[key]) for key, text in (("column", each.name), ("holds", each.holds)))
        cells.append((name, each.kind, missing if each.missing else "", distinct, holds))
    widths = [max(len(row[place]) for row in cells) for place in range(4)]
    lines = [
        f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {missing:>{widths[2]}}  {distinct:>{widths[3]}}  {holds}".rstrip()
        for name, kind, missing, distinct, holds in cells
    ]
    more = count - len(columns)
    return [*lines, *([f"... and {more:,} more columns"] if more else []), ""]


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 3]}..."
