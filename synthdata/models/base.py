"""What a generator is.

What to implement: `Settings` (a pydantic model: every hyperparameter once, typed, with its default), `fit`, `sample`,
and the four that save and restore it. Concrete classes are final. Then name the family in
`synthdata.models.FAMILIES`; the contract tests do the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Key

from synthdata.blocks import Arrays, Block, Layout

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = [
    "Count",
    "FieldGenerator",
    "FieldLatentSpace",
    "Generator",
    "Imputing",
    "LatentSpace",
    "Settings",
    "Span",
    "Writer",
]

Count: TypeAlias = Annotated[int, Key(ge=1)]


class Settings(BaseModel):
    """Hyperparameters of a family."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Span:
    """Where to look for a better value of a hyperparameter: one of `choices`, or from `low` to `high`."""

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[Any, ...] = ()


class Generator(ABC):
    """Something that has learned the joint distribution of a layout's arrays.

    spans: the hyperparameters worth searching. validated_by: what the history's `val_loss` is, for a person.
    layout: of the blocks it draws.
    history: one row of figures an epoch of training; empty if there was nothing to iterate.
    """

    Settings: ClassVar[type[Settings]]
    spans: ClassVar[Mapping[str, Span]] = {}
    validated_by: ClassVar[str] = "loss"
    layout: Layout
    history: list[dict[str, float]]

    @classmethod
    @abstractmethod
    def fit(cls, layout: Layout, target: Arrays, settings: Any, run: Run) -> Self:
        """Learn from `target`; never returns half-built."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, rows: int, allowed: Mapping[str, np.ndarray]) -> Arrays:
        """Draw `rows` rows, a function of the arguments alone.

        allowed: for any blocks, bool masks over their symbols, (symbols,) or for Binned (symbols, levels); every row
        returned satisfies all of them, and no row is drawn in vain. May be called from several threads.
        """

    @abstractmethod
    def check(self, allowed: Mapping[str, np.ndarray]) -> None:
        """Raise ConditionError if rows under these masks cannot be drawn; called once before any `sample`."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Everything but the weights, as plain JSON."""

    @abstractmethod
    def weights(self) -> dict[str, np.ndarray]:
        """The weights by name."""

    @classmethod
    @abstractmethod
    def restore(cls, layout: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Rebuild from `config` and `weights`; ValueError if they do not fit each other."""


class FieldGenerator(ABC):
    """Something that has learned one image or text field of a record, given the record's tabular blocks.

    block: what it draws. given: the layout of what it is told. history, spans, validated_by: as for `Generator`.
    """

    Settings: ClassVar[type[Settings]]
    spans: ClassVar[Mapping[str, Span]] = {}
    validated_by: ClassVar[str] = "loss"
    block: Block
    given: Layout
    history: list[dict[str, float]]

    @classmethod
    @abstractmethod
    def fit(cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: Any, run: Run) -> Self:
        """Learn `target`, the array of `block`, given `told`, the arrays of `given`, perhaps none."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw one array of `block` for each row of `told` (`rows` of them), a function of the arguments alone."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Everything but the weights, as plain JSON."""

    @abstractmethod
    def weights(self) -> dict[str, np.ndarray]:
        """The weights by name."""

    @classmethod
    @abstractmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Rebuild from `config` and `weights`; ValueError if they do not fit each other."""


class Imputing(ABC):
    """What a generator can do besides, if it draws what a row lacks, given all that is known of the row."""

    @abstractmethod
    def fill(
        self,
        rng: np.random.Generator,
        arrays: Arrays,
        known: Mapping[str, np.ndarray],
        lacking: Mapping[str, np.ndarray],
        allowed: Mapping[str, np.ndarray],
        own: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ) -> Arrays:
        """The arrays with what is lacking drawn; all else stays as it is.

        known, lacking: bool (n,) for every block; what is not known is lacking. A cell that is both tells the others
        what it is in `arrays`, that it is missing say, and not what is drawn for it; one that is only lacking tells
        those drawn after it what was drawn. allowed: as for `Generator.sample`, of what is drawn. own: for any blocks,
        which of some masks each row takes besides, (n,), and these, one above the other; what has some is drawn first.
        A row is a function of the arguments and its place, whatever stands before and after it.
        """


class LatentSpace(ABC):
    """What a generator can do besides, if each row has a place in a space in which one can go from row to row."""

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers a place has."""

    @abstractmethod
    def encode(self, arrays: Arrays) -> np.ndarray:
        """Where rows lie: (n, latent) float32."""

    @abstractmethod
    def decode(self, latent: np.ndarray) -> Arrays:
        """The most likely rows at places (n, latent)."""


class FieldLatentSpace(ABC):
    """What a field generator can do besides, if an image or text has a place: the noise that it could come from.

    The space is that of standard normal noise: `decode` of drawn noise is what `sample` draws; of texts, the likeliest
    words of it.
    """

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers a place has."""

    @abstractmethod
    def encode(self, values: np.ndarray, told: Arrays) -> np.ndarray:
        """Where values lie, the array of the generator's block: (n, width) float32."""

    @abstractmethod
    def decode(self, noise: np.ndarray, told: Arrays) -> np.ndarray:
        """The values at places (n, width)."""


class Writer(ABC):
    """What a generator of a text field can do besides, if it draws a text from its beginning."""

    @abstractmethod
    def go_on(self, rng: np.random.Generator, rows: int, told: Arrays, begun: np.ndarray) -> np.ndarray:
        """As `FieldGenerator.sample`, of texts that all begin with the tokens `begun` (m,)."""

    @abstractmethod
    def surprise(self, target: np.ndarray, told: Arrays) -> np.ndarray:
        """The surprise of each text of `target` (n, length), its end included, in nats: (n,)."""
