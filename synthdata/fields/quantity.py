"""Columns of quantities, numbers and points in time: how they are counted, and the codec body that they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthdata.blocks import Block, Categorical, Scale
from synthdata.fields.base import Body
from synthdata.fields.intervals import Interval, inside
from synthdata.fields.predicates import Mask, Predicate
from synthdata.fields.quantiles import Quantiles
from synthdata.fields.rows import Rows

__all__ = ["Measure", "QuantityBody"]


class Measure(ABC):
    """How the values of a column of quantities are counted: in units of the last decimal, or of an hour, say.

    Two columns of one kind may be compared, and one computed from others, also if their units differ. Final, frozen,
    plain JSON.
    """

    line: ClassVar[str]  # what all columns of the kind are measured on

    @property
    @abstractmethod
    def step(self) -> float:
        """The size of a unit on the line; 0 if values are floats as they are."""

    @property
    @abstractmethod
    def unit(self) -> Hashable:
        """Equal for columns that can hold the same value."""

    @property
    def is_open(self) -> bool:
        """Whether any number of units is a value, as it must be to compute one column from others."""
        return True

    @abstractmethod
    def units(self, values: pd.Series) -> np.ndarray:
        """Count present values (n,) of a column with this measure: (n,) int64, or float64 where `step` is 0."""

    @abstractmethod
    def values(self, units: np.ndarray) -> pd.Series:
        """The inverse of `units`."""

    @abstractmethod
    def least(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray:
        """The fewest units of this measure that are not below (`strict`: above) those of another: (n,)."""

    @abstractmethod
    def most(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray:
        """The most units of this measure that are not above (`strict`: below) those of another: (n,)."""

    @abstractmethod
    def intervals(self, predicates: Sequence[Predicate]) -> tuple[Interval, ...]:
        """What comparisons leave of the units; OperandError for an operand that is no value of the kind."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""


@dataclass(frozen=True)
class QuantityBody(Body):
    """Quantiles of a column of quantities, in the units of its measure."""

    quantiles: Quantiles
    measure: Measure

    @property
    def block(self) -> Block:
        """Binned, or Categorical where few values are distinct; with the scale of its symbols."""
        block, step = self.quantiles.block, self.measure.step or 1.0
        if block == Categorical(0):
            return block
        divisor = round(1 / step) if step < 1 else 1 / step  # so that equal values stay equal, whatever their decimals
        lows, highs = (tuple((ends / divisor).tolist()) for ends in self.quantiles.spans)
        return replace(block, scale=Scale(self.measure.line, lows, highs))

    @property
    def ends(self) -> Interval | None:
        """The least and the greatest that is sampled, in units."""
        return self.quantiles.ends

    def within(self, intervals: Sequence[Interval]) -> Mask:
        """The mask of what lies in the intervals, in units."""
        return Mask(self.quantiles.allowed(intervals), tuple(intervals))

    def in_range(self, values: pd.Series, detail: Any = None) -> np.ndarray:
        """Whether values lie in the range that is sampled."""
        return self.quantiles.in_range(self.measure.units(values), detail)

    def admits(self, values: pd.Series, mask: Mask) -> np.ndarray:
        """Whether values satisfy the mask, also those beyond the range that is sampled."""
        return inside(self.measure.units(values), mask)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Turn values (n,) into the block's array."""
        return self.quantiles.encode(self.measure.units(values))

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Turn the block's array into values (n,)."""
        return self.measure.values(self.quantiles.decode(array, detail))

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """Masks for comparisons."""
        mask = self.within(self.measure.intervals(predicates))
        return mask if predicates else Mask(mask.allowed)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"quantiles": self.quantiles.to_json(), "measure": self.measure.to_json()}
