"""Pairs of columns that are the coordinates of a point: learned as one quantity, its place on a line.

Two columns that are learned by themselves, however well, give points in the sea: the finest of the one depends on the
finest of the other. See `synthdata.encoding.plane` for the line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, cos, floor, radians
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.encoding.conditions import Wanted
from synthdata.encoding.plane import Plane
from synthdata.errors import ConditionError
from synthdata.fields import Codec, Field, Mask, Number
from synthdata.fields.base import unmet
from synthdata.fields.intervals import Interval
from synthdata.fields.number import NumberMeasure
from synthdata.fields.quantiles import ROWS_PER_BIN, Quantiles
from synthdata.fields.quantity import QuantityBody
from synthdata.schema import Schema
from synthdata.schema.constraints import Coordinates
from synthdata.subjects import Subjects

__all__ = ["Places"]

PLACE = ".place"  # what the block of a pair is called, behind the first column's name
LEAST_ROWS = 50  # that have both coordinates
MOST_DECIMALS = 7  # of a degree: a centimetre
MOST_UNITS = 2**31 - 1
MOST_REPEATED = 0.5  # of the points, of columns with more decimals, which become rounded
MOST_BINS = 128  # of places: regions; as many again where they are uneven
MOST_BANDS = 64  # in which a known coordinate is sought where the other one is missing


@dataclass(frozen=True)
class Pair:
    """Two columns of coordinates. scales: decimals of the units in which each is counted. plane: of their points."""

    columns: tuple[str, str]
    scales: tuple[int, int]
    plane: Plane

    def points(self, frame: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
        """The points of rows, (n,) bool, of a frame of the schema's types: (m, 2) in units."""
        return _points(frame[list(self.columns)][rows], self.scales)

    def there(self, frame: pd.DataFrame) -> np.ndarray:
        """In which rows both coordinates are there: (n,) bool."""
        return np.asarray(np.all([frame[name].notna().to_numpy(bool) for name in self.columns], axis=0))


@dataclass(frozen=True)
class Places:
    """The pairs of coordinates of a table, by the name of the block that is learned in place of each."""

    pairs: Mapping[str, Pair] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.pairs

    def __iter__(self) -> Iterator[str]:
        return iter(self.pairs)

    @cached_property
    def block_of(self) -> Mapping[str, str]:
        """The name of the block by column."""
        return {column: name for name, pair in self.pairs.items() for column in pair.columns}

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        schema: Schema,
        taken: Collection[str],
        rng: np.random.Generator,
        subjects: Subjects,
    ) -> Self:
        """Fit the pairs that a schema declares, as far as a frame of its types lets them be learned together.

        taken: columns that are computed from others, or others from them. subjects: the subject of each row.
        """
        pairs: dict[str, Pair] = {}
        used = {*taken}
        for constraint in schema.constraints:
            if not isinstance(constraint, Coordinates) or used & {*constraint.columns()}:
                continue
            columns = constraint.latitude, constraint.longitude
            scales = _scales(frame, schema.fields, columns)
            if scales is not None:
                used |= {*columns}
                name = f"{columns[0]}{PLACE}"
                while name in schema.fields:
                    name += "_"
                there = frame[columns[0]].notna().to_numpy(bool)
                plane = _plane(_points(frame[list(columns)][there], scales), scales, rng, subjects[there])
                pairs[name] = Pair(columns, scales, plane)
        return cls(pairs)

    def learned(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with places, int64 or Int64, in place of coordinates; missing where one of these is."""
        if not self.pairs:
            return frame
        columns = {str(name): column for name, column in frame.items() if name not in self.block_of}
        for name, pair in self.pairs.items():
            rows = pair.there(frame)
            places = np.zeros(len(frame), np.int64)
            places[rows] = pair.plane.places(pair.points(frame, rows))
            column = pd.Series(places, frame.index, name=name)
            columns[name] = column if rows.all() else column.astype("Int64").where(rows)
        return pd.DataFrame(columns, index=frame.index)

    def coordinates(self, name: str, places: pd.Series, fields: Mapping[str, Field]) -> dict[str, pd.Series]:
        """Both columns, from decoded places."""
        pair = self.pairs[name]
        there = places.notna().to_numpy(bool)
        points = pair.plane.points(places[there].to_numpy("int64"))
        result = {}
        for axis, (column, scale) in enumerate(zip(pair.columns, pair.scales, strict=True)):
            values = pd.Series(points[:, axis] / 10.0**scale if scale else points[:, axis])
            whole = pd.Series(index=places.index, dtype=fields[column].dtype(not there.all()))
            whole[there] = values.astype(whole.dtype).array
            result[column] = whole.rename(column)
        return result

    def narrowed(
        self,
        wanted: Mapping[str, Wanted],
        masks: Mapping[str, Mask],
        codecs: Mapping[str, Codec],
    ) -> tuple[dict[str, Mask], dict[str, Wanted]]:
        """What conditions on coordinates mean: masks of places, and what they alone do not ensure.

        wanted: by column. masks: of other conditions. ConditionError if nothing can satisfy them.
        """
        result, checked = dict(masks), dict[str, Wanted]()
        for name, pair in self.pairs.items():
            asked = {column: wanted[column] for column in pair.columns if column in wanted}
            if not asked:
                continue
            codec = codecs[name]
            first = next(iter(asked))
            if all(one.operator == "is null" for each in asked.values() for one in each.predicates):
                if not codec.nulls:
                    raise ConditionError(unmet(first, asked[first].predicates))
                mask = codec.restrict([])
                allowed = np.zeros_like(mask.allowed)
                allowed[0] = True
                result[name] = Mask(allowed, mask.detail)
                continue
            for column, each in asked.items():
                if each.null or any(one.operator == "is null" for one in each.predicates) or not each.intervals:
                    raise ConditionError(unmet(column, each.predicates, beside=len(asked) > 1))
            (one, other), scales = pair.columns, pair.scales
            intervals = _in_units(asked.get(one), scales[0]), _in_units(asked.get(other), scales[1])
            stretches = pair.plane.within(intervals)
            mask = codec.narrowed(codec.restrict([]), stretches, present=True)
            if not mask.allowed.any():
                raise ConditionError(unmet(first, asked[first].predicates, beside=len(asked) > 1))
            result[name] = mask
            checked |= {column: each for column, each in asked.items() if each.compares}
        return result, checked

    def near(self, name: str, frame: pd.DataFrame, rows: np.ndarray, codec: Codec) -> tuple[np.ndarray, np.ndarray]:
        """Masks of the places of rows, (n,) bool, of which one coordinate is known: those of leaves that it is in.

        Returns the number of the mask of each row, (n,), and the masks; the first allows every place.
        """
        pair = self.pairs[name]
        which = np.zeros(len(frame), np.int64)
        masks = [codec.narrowed(codec.restrict([]), None, present=True).allowed]
        everywhere: tuple[Interval, ...] = ((-MOST_UNITS, MOST_UNITS),)
        for axis, column in enumerate(pair.columns):
            known = np.flatnonzero(rows & frame[column].notna().to_numpy(bool))
            if not len(known):
                continue
            one = np.zeros(len(frame), bool)
            one[known] = True
            units = np.rint(frame[column][one].to_numpy("float64") * 10.0 ** pair.scales[axis])
            edges = np.unique(np.quantile(pair.plane.boxes[:, axis], np.linspace(0, 1, MOST_BANDS + 1)[1:-1]))
            band = np.searchsorted(edges, units)
            for each in np.unique(band):
                here = units[band == each]
                stretch: tuple[Interval, ...] = ((int(here.min()), int(here.max())),)
                found = pair.plane.within((stretch, everywhere) if axis == 0 else (everywhere, stretch))
                mask = codec.narrowed(codec.restrict([]), found, present=True).allowed
                if mask.any():
                    which[known[band == each]] = len(masks)
                    masks.append(mask)
        return which, np.stack(masks)

    def lacking(self, missing: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Where places are to be filled since a coordinate is, (n,) bool, by block; missing: by column."""
        found = {}
        for name, pair in self.pairs.items():
            found[name] = [missing[column] for column in pair.columns if column in missing]
        return {name: np.any(cells, axis=0) for name, cells in found.items() if cells}

    def codec(self, name: str, places: pd.Series, rng: np.random.Generator, subjects: Subjects) -> Codec:
        """The codec of places, int64 or Int64: quantities whose levels are leaves, and whose bins are regions."""
        there = places.notna().to_numpy(bool)
        values = places[there].to_numpy("int64")
        quantiles = Quantiles.fit(values, rng, subjects[there])
        if quantiles.bins:  # there are more than a few points
            plane = self.pairs[name].plane
            lows, highs = plane.stretches()
            levels = -(-len(lows) // int(np.clip(len(values) // ROWS_PER_BIN, 1, MOST_BINS)))
            quantiles = Quantiles(quantiles.atoms, lows, highs, levels, plane.regions(levels))
        return Codec(name, self.codec_fields()[name], QuantityBody(quantiles, NumberMeasure(0)), nulls=not there.all())

    def codec_fields(self) -> dict[str, Field]:
        """The fields of what is learned in place of coordinates."""
        return {name: Number(integer=True) for name in self.pairs}

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {
            name: {"columns": list(pair.columns), "scales": list(pair.scales), "plane": pair.plane.to_json()}
            for name, pair in self.pairs.items()
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Field], data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; ValueError if it does not fit the fields."""
        pairs = {}
        for name, each in data.items():
            (one, two), scales = each["columns"], each["scales"]
            if name in fields or any(not isinstance(fields.get(column), Number) for column in (one, two)):
                raise ValueError("coordinates are two numbers")
            if len(scales) != 2 or not all(scale in range(MOST_DECIMALS + 1) for scale in scales):
                raise ValueError("the scale of a coordinate is none")
            pairs[name] = Pair((one, two), (scales[0], scales[1]), Plane.from_json(each["plane"]))
        return cls(pairs)


def _points(frame: pd.DataFrame, scales: tuple[int, int]) -> np.ndarray:
    """Two columns without missing values as points (n, 2), in units."""
    units = np.rint(frame.to_numpy("float64") * 10.0 ** np.array(scales))
    return np.asarray(np.clip(units, -MOST_UNITS, MOST_UNITS), np.int64)


def _plane(points: np.ndarray, scales: tuple[int, int], rng: np.random.Generator, subjects: Subjects) -> Plane:
    """The plane of points (n, 2), whose ends few subjects do not decide. subjects: that of each."""
    ends = []
    for column, own in zip(points.T, rng.spawn(2), strict=True):
        found = Quantiles.fit(column, own, subjects).ends
        assert found is not None  # there are rows enough, of subjects enough to be learned
        ends.append(found)
    return Plane.fit(points, subjects, (ends[0], ends[1]), _ratio(points, scales))


def _scales(frame: pd.DataFrame, fields: Mapping[str, Field], columns: tuple[str, str]) -> tuple[int, int] | None:
    """Decimals of the units of a pair; None if it cannot be learned together, as where only one of both is missing."""
    one, two = columns
    there = frame[one].notna() & frame[two].notna()
    if there.sum() < LEAST_ROWS or (frame[one].notna() != frame[two].notna()).any():
        return None
    scales = []
    for name in columns:
        measure = fields[name].measure(frame[name].dropna())
        if not isinstance(measure, NumberMeasure) or not measure.is_open:
            return None
        values = frame[name].dropna().to_numpy("float64")
        scale = MOST_DECIMALS if measure.scale is None else min(measure.scale, MOST_DECIMALS)
        if np.abs(values).max() * 10.0**scale > MOST_UNITS:
            return None
        if (np.abs(values - np.round(values, scale)) > 1e-12).any():  # there are more decimals
            points = frame.loc[there, list(columns)].drop_duplicates()
            if len(points) < MOST_REPEATED * there.sum():
                return None
        scales.append(scale)
    return scales[0], scales[1]


def _ratio(points: np.ndarray, scales: tuple[int, int]) -> float:
    """The length of a unit of the second coordinate in units of the first; of a longitude, near its poles less."""
    middle = float(np.median(points[:, 0])) / 10.0 ** scales[0]
    return float(10.0 ** (scales[0] - scales[1])) * (cos(radians(middle)) if abs(middle) <= 89 else 1.0)


def _in_units(wanted: Wanted | None, scale: int) -> tuple[Interval, ...]:
    """The intervals of a condition in the units of a plane, made wider where these are others."""
    if wanted is None:
        return ((-MOST_UNITS, MOST_UNITS),)
    measure = wanted.measure
    assert isinstance(measure, NumberMeasure)
    factor = 10.0 ** (scale - (measure.scale or 0))
    limits = [(max(low * factor, -MOST_UNITS), min(high * factor, MOST_UNITS)) for low, high in wanted.intervals]
    return tuple((floor(low), ceil(high)) for low, high in limits)
