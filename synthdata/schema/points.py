"""Pairs of columns that are coordinates, by their names and values: what `init` proposes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthdata.fields import Field, Number
from synthdata.schema.constraints import Coordinates

__all__ = ["propose_coordinates"]

LEAST_ROWS = 200  # that have both
LATITUDE = re.compile(r"(?i)latitude?|breitengrad|(?<=geo[_ ])breite|lat(?![a-z])|northing|hochwert")
LONGITUDE = re.compile(
    r"(?i)longitude?|l(?:ae|ä)ngengrad|(?<=geo[_ ])l(?:ae|ä)nge|(?:lon|lng|long)(?![a-z])|easting|rechtswert"
)
FAR = 5  # degrees
METRES = re.compile(r"(?i)northing|hochwert")  # of a grid, in place of degrees


def propose_coordinates(
    frame: pd.DataFrame, fields: Mapping[str, Field]
) -> tuple[list[Coordinates], Mapping[str, str]]:
    """Latitudes with longitudes, or coordinates of a grid; both are there in a row or none is. frame: raw or typed.

    Also what a person should look at, by the latitude: halves of points, which are none, and points at 0, 0.
    """
    numbers = {name: field for name, field in fields.items() if isinstance(field, Number)}
    found, notes = [], dict[str, str]()
    for name in numbers:
        latitude = LATITUDE.search(name)
        if latitude is None:
            continue
        rest = _around(name, latitude)
        others = [
            other
            for other in numbers
            if other != name and (match := LONGITUDE.search(other)) is not None and _around(other, match) == rest
        ]
        in_metres = METRES.fullmatch(latitude[0]) is not None
        if len(others) != 1:
            continue
        low, high = (_values(frame, numbers, each) for each in (name, others[0]))
        if low is None or high is None:
            continue
        halves = low.isna() != high.isna()
        if not _are_coordinates(low[~halves], high[~halves], in_metres=in_metres):
            continue
        point = Coordinates(latitude=name, longitude=others[0])
        zeros = int(((low == 0) & (high == 0)).sum())
        if halves.any():
            notes[name] = (
                f"no coordinates with {others[0]}, since in {halves.sum():,} rows one of the two is missing: empty "
                f"both there, and guess again"
            )
        else:
            found.append(point)
            if zeros and not in_metres and _is_far(low, high):
                notes[name] = f"{zeros:,} rows are at 0, 0, far from all others: if missing is meant, empty them"
    return found, notes


def _around(name: str, match: re.Match[str]) -> str:
    """What a name says besides a word in it: which point it is of."""
    return re.sub(r"[\W_]", "", name[: match.start()] + name[match.end() :]).lower()


def _values(frame: pd.DataFrame, fields: Mapping[str, Number], name: str) -> pd.Series | None:
    """The numbers of a column; None if some cells are none."""
    return None if fields[name].unreadable(frame[name]).any() else fields[name].parse(frame[name], name)


def _is_far(low: pd.Series, high: pd.Series) -> bool:
    """Whether points but those at 0, 0 all are far from there."""
    others = ~((low == 0) & (high == 0)) & low.notna()
    return bool((np.hypot(low[others], high[others]) > FAR).all())


def _are_coordinates(low: pd.Series, high: pd.Series, *, in_metres: bool) -> bool:
    """Whether columns of points or missing ones hold degrees of latitude and longitude with decimals, or metres."""
    if low.notna().sum() < LEAST_ROWS:
        return False
    if in_metres:
        return True
    degrees = np.stack([low.dropna().to_numpy("float64"), high.dropna().to_numpy("float64")])
    in_range = bool((np.abs(degrees).max(axis=1) <= (90, 180)).all())
    return in_range and bool((degrees != np.round(degrees)).any(axis=1).all())
