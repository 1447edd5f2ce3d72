"""Where added rows come from: a generator, or real rows whose images and texts are changed."""

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
FILLED = "filled"  # a real row in which missing cells were drawn
TRANSFORMED = "transformed"  # a real row whose image or text was changed
SYNTHETIC = "synthetic"
KINDS = (REAL, FILLED, TRANSFORMED, SYNTHETIC)


class Source(ABC):
    """What to implement: `suite`, what rows must pass; `stream`, rows of a kind without end.

    origin: how its rows are marked.
    """

    origin: ClassVar[str]
    schema: Schema

    @property
    @abstractmethod
    def suite(self) -> Suite:
        """What its rows must pass, one by one and as a table."""

    @abstractmethod
    def made(self) -> MadeColumns:
        """What makes keys and personal data anew."""

    @abstractmethod
    def stream(self, part: Part, seed: int) -> Iterator[pd.DataFrame]:
        """Rows of the part's kind, a function of the arguments alone; keys are any."""


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
    """Real rows, again and again, changed each time as their fields' transforms say."""

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
        """Change the real rows of the part's kind, in random order."""
        chosen = np.flatnonzero(Synthesizer.satisfied(self.real, self.schema, part.tests))
        for turn in count():
            order = np.random.default_rng([seed, 13, turn]).permutation(chosen)
            rows = self.real.iloc[order[: part.rows]].reset_index(drop=True)
            yield transform(rows, self.schema, seed=int(np.random.SeedSequence([seed, 14, turn]).generate_state(1)[0]))
