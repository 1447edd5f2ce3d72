"""Keys and personal data of real rows, none of which a synthetic row may hold where the real rows are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.fields import Field, Personal
from synthdata.fields.providers import PROVIDERS, People

__all__ = ["RealValues"]

TRIED = 2000  # made values that are held against the real ones, to see whether they can keep clear of them
CROWDED = 0.5  # share of made values that are real ones too, beyond which they cannot


@dataclass(frozen=True)
class RealValues:
    """values: by column, as text. crowded: columns of so many people that any made name is somebody's."""

    values: Mapping[str, frozenset[str]]
    crowded: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, fields: Mapping[str, Field]) -> RealValues:
        """Read off a frame of the schema's types what points at somebody by itself: keys, names, account numbers."""
        values: dict[str, frozenset[str]] = {}
        crowded = []
        for name, field in fields.items():
            if not field.copied_is_leak:
                continue
            values[name] = frozenset(frame[name].dropna().astype("str"))
            if isinstance(field, Personal) and PROVIDERS[field.provider].room is not None:
                nobody = People(0, np.arange(TRIED, dtype=np.uint64), np.zeros(TRIED, np.int64), field.locale)
                made = PROVIDERS[field.provider].make(nobody)
                if np.mean([value in values[name] for value in made.tolist()]) > CROWDED:
                    crowded.append(name)
                    del values[name]
        return cls(values, tuple(crowded))

    def held_by(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows hold one: (n,) bool."""
        held = np.zeros(len(frame), bool)
        for name, real in self.values.items():
            held |= frame[name].astype("str").isin(real).to_numpy(bool) & frame[name].notna().to_numpy(bool)
        return held

    def kept_clear(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """The rows of a stream that hold none."""
        for frame in frames:
            held = self.held_by(frame)
            yield frame[~held] if held.any() else frame
