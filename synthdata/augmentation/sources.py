"""Sources of added rows: a model, or real rows whose images and texts are changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import numpy as np
import pandas as pd

from synthdata.augmentation.amounts import Part
from synthdata.augmentations import transform
from synthdata.encoding.made_columns import MadeColumns
from synthdata.pipeline import suite_of
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Suite

__all__ = ["FILLED", "KINDS", "REAL", "SYNTHETIC", "TRANSFORMED", "Copies", "Generated", "Source"]

REAL = "real"
FILLED = "filled"  # a real row whose missing cells were imputed
TRANSFORMED = "transformed"  # a real row whose image or text was changed
SYNTHETIC = "synthetic"
KINDS = (REAL, FILLED, TRANSFORMED, SYNTHETIC)


class Source(ABC):
    """What to implement: `suite`, the checks that rows must pass; `made`; `stream`, an endless stream of rows.

    origin: how its rows are marked.
    """

    origin: ClassVar[str]
    schema: Schema

    @property
    @abstractmethod
    def suite(self) -> Suite:
        """The checks that its rows must pass, row by row and as a table."""

    @abstractmethod
    def made(self) -> MadeColumns:
        """What makes keys and personal data anew."""

    @abstractmethod
    def stream(self, part: Part, seed: int) -> Iterator[pd.DataFrame]:
        """Rows of the part's kind, a function of the arguments alone; keys are replaced later."""


@dataclass(frozen=True)
class Generated(Source):
    """Rows that a model draws."""

    synthesizer: Synthesizer
    origin: ClassVar[str] = SYNTHETIC

    @property
    def schema(self) -> Schema:  # type: ignore[override]  # read off the model
        """The model's."""
        return self.synthesizer.schema

    @property
    def suite(self) -> Suite:
        """The schema's, with what training filled in, and the user's."""
        return suite_of(self.synthesizer)

    def made(self) -> MadeColumns:
        """The model's."""
        return self.synthesizer.encoder.made

    def stream(self, part: Part, seed: int) -> Iterator[pd.DataFrame]:
        """Draw under the part's conditions."""
        return self.synthesizer.stream(where=part.tests, seed=seed, rows=part.rows)


@dataclass(frozen=True)
class Copies(Source):
    """Real rows, repeated, and changed each time by the transforms of their fields."""

    schema: Schema
    real: pd.DataFrame
    origin: ClassVar[str] = TRANSFORMED

    @property
    def suite(self) -> Suite:
        """The schema's, and the user's."""
        return Suite.of(self.schema)

    def made(self) -> MadeColumns:
        """Fitted to the real rows."""
        return MadeColumns.fit(self.real, self.schema, np.random.default_rng(21))

    def stream(self, part: Part, seed: int) -> Iterator[pd.DataFrame]:
        """The real rows of the part's kind, changed, in random order."""
        chosen = np.flatnonzero(Synthesizer.satisfied(self.real, self.schema, part.tests))
        for turn in count():
            order = np.random.default_rng([seed, 13, turn]).permutation(chosen)
            rows = self.real.iloc[order[: part.rows]].reset_index(drop=True)
            yield transform(rows, self.schema, seed=int(np.random.SeedSequence([seed, 14, turn]).generate_state(1)[0]))
