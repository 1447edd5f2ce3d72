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
METRES = re.compile(r"(?i)northing|hochwert")  # of a grid, in place of degrees


def propose_coordinates(frame: pd.DataFrame, fields: Mapping[str, Field]) -> list[Coordinates]:
    """Latitudes with longitudes, or coordinates of a grid; both are there in a row or none is. frame: raw or typed."""
    numbers = {name: field for name, field in fields.items() if isinstance(field, Number)}
    found = []
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
        if len(others) == 1 and _are_coordinates(frame, numbers, name, others[0], in_metres=in_metres):
            found.append(Coordinates(latitude=name, longitude=others[0]))
    return found


def _around(name: str, match: re.Match[str]) -> str:
    """What a name says besides a word in it: which point it is of."""
    return re.sub(r"[\W_]", "", name[: match.start()] + name[match.end() :]).lower()


def _are_coordinates(
    frame: pd.DataFrame, fields: Mapping[str, Number], latitude: str, longitude: str, *, in_metres: bool
) -> bool:
    """Whether columns hold degrees of latitude and longitude with decimals, or metres, of the same rows."""
    if any(fields[name].unreadable(frame[name]).any() for name in (latitude, longitude)):
        return False
    low, high = (fields[name].parse(frame[name], name) for name in (latitude, longitude))
    if (low.isna() != high.isna()).any() or low.notna().sum() < LEAST_ROWS:
        return False
    if in_metres:
        return True
    degrees = np.stack([low.dropna().to_numpy("float64"), high.dropna().to_numpy("float64")])
    in_range = bool((np.abs(degrees).max(axis=1) <= (90, 180)).all())
    return in_range and bool((degrees != np.round(degrees)).any(axis=1).all())
