"""Small HTML tables, as notebooks show them: escaped, without scripts, styles or anything loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["table_html"]

LONGEST = 120  # characters of a cell
MOST_ROWS = 200


def table_html(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """One table. Cells are written as text; long ones are cut, and so are long tables."""
    every = [[_cell(value) for value in row] for row in rows]
    head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in every[:MOST_ROWS])
    rest = len(every) - MOST_ROWS
    more = f'<tr><td colspan="{len(columns)}">and {rest:,} more</td></tr>' if rest > 0 else ""
    title = f'<caption style="text-align:left">{escape(caption)}</caption>'
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}{more}</tbody></table>"


def _cell(value: object) -> str:
    text = str(value)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f'<td style="text-align:left">{escape(text)}</td>'
