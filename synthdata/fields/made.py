"""What keys and personal data have in common: they are made anew, so nothing of their values is learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthdata.fields.base import Body
from synthdata.fields.predicates import Mask, Predicate

__all__ = ["MadeBody"]


class MadeBody(Body):
    """A body without a block. What to implement: `decode`, which makes the values, and `to_json`."""

    @property
    def block(self) -> None:
        """None: nothing is learned."""
        return

    def encode(self, values: pd.Series) -> np.ndarray:
        """There is nothing to encode."""
        return np.empty(len(values))

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """No condition applies: a `Codec` refuses it before it asks."""
        raise TypeError("what is made anew takes no condition")
