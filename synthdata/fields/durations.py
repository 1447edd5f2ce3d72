"""Durations: how text writes them with colons, 25:57:46 or 1:27.452, and what they are in seconds or minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["DURATIONS", "find_duration", "is_named_so", "seconds_of", "written_durations"]

CELL = re.compile(r"-?(\d{1,5}):[0-5]\d(:[0-5]\d)?(?:[.,](\d{1,6}))?")
NAMED = re.compile(
    r"(?i)dauer|duration|length|elapsed|runtime|run_time|laufzeit|lap|split|pace|time_(spent|taken)|waited|"
    r"worked|overtime|arbeitszeit|stunden"
)
HOURS = re.compile(r"(?i)stunden|hours|hrs|arbeits|worked|overtime|saldo")
A_DAY = 24  # hours, which times of a day stay below


@dataclass(frozen=True)
class _Way:
    """The first part has so many digits at least; bases: of what the parts count; unit: what the last one counts."""

    width: int
    bases: tuple[int, ...]
    unit: str


DURATIONS = {
    "h:mm:ss": _Way(1, (60, 60), "seconds"),
    "hh:mm:ss": _Way(2, (60, 60), "seconds"),
    "m:ss": _Way(1, (60,), "seconds"),
    "mm:ss": _Way(2, (60,), "seconds"),
    "h:mm": _Way(1, (60,), "minutes"),
    "hh:mm": _Way(2, (60,), "minutes"),
}


def is_named_so(text: pd.Series) -> bool:
    """Whether a column is called a duration, or has negative ones, and its cells can be some."""
    is_one = NAMED.search(str(text.name)) is not None or bool(text.str.startswith("-").any())
    return is_one and bool(text.str.fullmatch(CELL.pattern).all())


def find_duration(text: pd.Series) -> tuple[str, str] | None:
    """How all present cells of text write durations, and a note; None if they do not, or are times of a day."""
    if not len(text) or CELL.fullmatch(str(text.iloc[0])) is None:
        return None
    cells = text.drop_duplicates()
    matches = [match for match in map(CELL.fullmatch, cells.tolist()) if match is not None]
    with_seconds = {match[2] is not None for match in matches}
    if len(matches) < len(cells) or len(with_seconds) > 1 or len({bool(match[3]) for match in matches}) > 1:
        return None
    firsts = [match[1] for match in matches]
    if not is_named_so(text) and not matches[0][3] and max(map(int, firsts)) < A_DAY:
        return None
    is_padded = min(map(len, firsts)) > 1
    if any(first[0] == "0" and len(first) > (2 if is_padded else 1) for first in firsts):
        return None
    if True in with_seconds:
        return "hh:mm:ss" if is_padded else "h:mm:ss", ""
    if HOURS.search(str(text.name)):
        return "hh:mm" if is_padded else "h:mm", ""
    note = "" if matches[0][3] else "minutes and seconds; they could also be hours and minutes: then say duration: h:mm"
    return "mm:ss" if is_padded else "m:ss", note


def seconds_of(text: pd.Series, way: str, decimal: str) -> tuple[pd.Series, np.ndarray]:
    """Durations as text that Python reads as numbers, in the unit of the way; and which do not follow it: (n,) bool."""
    parts = DURATIONS[way]
    later = "".join(":([0-5][0-9])" for _ in parts.bases)
    first = rf"[0-9]{{{parts.width}}}|[1-9][0-9]{{{parts.width},8}}"
    found = text.str.extract(rf"^(-?)({first}){later}(?:{re.escape(decimal)}([0-9]{{1,6}}))?$")
    bad = found[1].isna().to_numpy(bool)
    total = found[1].fillna("0").astype("int64")
    for place, base in enumerate(parts.bases):
        total = total * base + found[2 + place].fillna("0").astype("int64")
    rest = found[2 + len(parts.bases)]
    number = found[0].fillna("") + total.astype("str") + ("." + rest).where(rest.notna(), "")
    return number, bad


def written_durations(sizes: list[str], way: str, decimal: str) -> list[str]:
    """Numbers without signs or separators, as text, as durations."""
    parts = DURATIONS[way]
    result = []
    for size in sizes:
        whole, _, rest = size.partition(".")
        count, pieces = int(whole), list[str]()
        for base in reversed(parts.bases):
            count, piece = divmod(count, base)
            pieces.insert(0, f"{piece:02}")
        result.append(":".join([f"{count:0{parts.width}}", *pieces]) + (decimal + rest if rest else ""))
    return result
