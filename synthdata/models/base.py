"""What a family of generators is.

A family is a folder of four files, of which only two import Keras:

- `model.py`: the settings, and the generator, a `Trained`.
- `network.py`: the Keras model.
- `training.py`: the task of the training loop: batches, loss, validation.
- `sampler.py`: the same network in numpy, with the weights of a trained model.

What to implement: a `Settings` (every hyperparameter once: typed, described, with its default) and a `Trained`
(`shapes`, `train`, `sample`). Then name the family in `synthdata.models.FAMILIES` or `FIELD_FAMILIES`; the contract
tests do the rest. Concrete classes are final.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeAlias, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from synthdata.blocks import Arrays, Block, Layout, Tokens, check_arrays
from synthdata.extras import needed
from synthdata.models.samplers.shapes import Shapes, check_shapes
from synthdata.models.training.plan import Plan

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = [
    "NOTHING",
    "Generator",
    "History",
    "ImputingGenerator",
    "LatentSpace",
    "Learned",
    "PromptedGenerator",
    "SearchRange",
    "Settings",
    "Signature",
    "Size",
    "Trained",
    "Weights",
]

Weights: TypeAlias = Mapping[str, np.ndarray]
History: TypeAlias = list[dict[str, float]]  # a row of figures an epoch of training; empty if nothing was iterated
NOTHING: Mapping[str, Any] = MappingProxyType({})
AUTO = "auto"  # of a setting: chosen from the size of the data


@dataclass(frozen=True)
class Signature:
    """What a generator draws, and what it is conditioned on.

    layout: the blocks it draws: those of a table, or the only one of an image or a text. condition: the tabular blocks
    of the same record that it is given; none for a table.
    """

    layout: Layout
    condition: Layout = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the only block that is drawn."""
        (name,) = self.layout
        return name

    @property
    def block(self) -> Block:
        """The only block that is drawn."""
        return self.layout[self.name]


@dataclass(frozen=True)
class Size:
    """How much there is to learn from: what settings that say "auto" are chosen by.

    rows: of the table. layout: the blocks that are drawn. tokens: of a text field in all rows, ends included.
    """

    rows: int
    layout: Layout
    tokens: int = 0

    @classmethod
    def of(cls, signature: Signature, arrays: Arrays) -> Self:
        """Check the arrays and measure them."""
        rows = check_arrays(signature.layout, {name: arrays[name] for name in signature.layout})
        texts = [arrays[name] for name, block in signature.layout.items() if isinstance(block, Tokens)]
        return cls(rows, signature.layout, sum(int((each > 0).sum()) + rows for each in texts))

    @property
    def columns(self) -> int:
        """How many blocks are drawn."""
        return len(self.layout)


class Settings(BaseModel):
    """Hyperparameters of one family: each is written once, here; network, training and docs read this very object.

    family: the name of the family. SAMPLING: those that only sampling reads; they may change after training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: ClassVar[str]
    SAMPLING: ClassVar[frozenset[str]] = frozenset()

    def auto(self, size: Size) -> dict[str, Any]:
        """What settings that say "auto" become for so much data."""
        return {}

    def resolved(self, size: Size) -> Self:
        """The same with every "auto" replaced."""
        chosen = {name: value for name, value in self.auto(size).items() if getattr(self, name) == AUTO}
        return self.model_copy(update=chosen)

    def plan(self, steps_per_epoch: int, **fixed: Any) -> Plan:
        """How to train: what a `Plan` asks for and these settings say; `fixed` for what they do not."""
        said = {each.name: getattr(self, each.name) for each in fields(Plan) if each.name in type(self).model_fields}
        return Plan(steps_per_epoch=steps_per_epoch, **{**said, **fixed})

    def identity(self) -> dict[str, Any]:
        """What a checkpoint must have been made with: all but what only sampling reads."""
        return self.model_dump(mode="json", exclude=set(self.SAMPLING))


@dataclass(frozen=True)
class SearchRange:
    """Where to look for a better value of a hyperparameter: one of `choices`, or from `low` to `high`."""

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[Any, ...] = ()


class Generator(ABC):
    """Something that has learned the distribution of a signature's blocks, given its condition.

    A generator of a table has an empty condition and takes masks; one of an image or a text is conditioned on the
    table's blocks and takes none.

    search_space: the hyperparameters worth searching. validated_by: what the history's `val_loss` is, for a person.
    history: a row of figures an epoch of training.
    """

    Settings: ClassVar[type[Settings]]
    search_space: ClassVar[Mapping[str, SearchRange]] = {}
    validated_by: ClassVar[str] = "loss"
    signature: Signature
    settings: Any
    weights: Weights
    history: History

    @classmethod
    @abstractmethod
    def fit(cls, signature: Signature, arrays: Arrays, settings: Any, run: Run) -> Self:
        """Learn from the arrays of layout and condition; never returns half-built."""

    @abstractmethod
    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Draw `rows` rows of the layout, a function of the arguments alone.

        condition: the arrays of the condition's blocks, `rows` rows each. allowed: for any blocks of a table, bool
        masks over their symbols, (symbols,) or for Binned (symbols, levels); every row returned satisfies all of them,
        and no row is drawn in vain. May be called from several threads.
        """

    def check(self, allowed: Weights) -> None:  # noqa: B027 (whatever masks leave can be drawn, unless a family says)
        """Raise ConditionError if rows under these masks cannot be drawn; called once before any `sample`."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Everything but the weights, as plain JSON."""

    @classmethod
    @abstractmethod
    def restore(cls, signature: Signature, config: Mapping[str, Any], weights: Weights) -> Self:
        """Rebuild from `config` and `weights`; ValueError if they do not fit each other."""

    @abstractmethod
    def with_settings(self, **changes: Any) -> Self:
        """The same weights with other settings of how to sample."""


class Learned(NamedTuple):
    """What training leaves: weights by name, a row of figures an epoch, and what else was found, as plain JSON."""

    weights: Weights
    history: History
    facts: Mapping[str, Any] = NOTHING


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Trained(Generator, Generic[S]):
    """What every family keeps of a training. What to implement: `shapes`, `train`, and `sample`.

    facts: plain JSON that was found in training and that sampling needs, such as an order of columns.
    """

    signature: Signature
    settings: S
    weights: Weights
    facts: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=list)

    @classmethod
    @abstractmethod
    def shapes(cls, signature: Signature, settings: S, facts: Mapping[str, Any]) -> Shapes:
        """The shape of every weight by name; ValueError for a signature or facts that cannot be."""

    @classmethod
    @abstractmethod
    def train(cls, signature: Signature, settings: S, arrays: Arrays, run: Run) -> Learned:
        """Train until validation stops improving, the schedule is done, or the time budget ends."""

    @classmethod
    def fit(cls, signature: Signature, arrays: Arrays, settings: S, run: Run) -> Self:
        """Choose what is "auto", and train."""
        settings = settings.resolved(Size.of(signature, arrays))
        with needed("train", "training"):
            learned = cls.train(signature, settings, arrays, run)
        return cls(signature, settings, learned.weights, dict(learned.facts), learned.history)

    def config(self) -> dict[str, Any]:
        """The settings as resolved, and what was found in training."""
        return {"settings": self.settings.model_dump(mode="json"), "facts": dict(self.facts)}

    @classmethod
    def restore(cls, signature: Signature, config: Mapping[str, Any], weights: Weights) -> Self:
        """Check the settings, and the weights against their shapes."""
        settings: Any = cls.Settings.model_validate(config["settings"])
        check_shapes(weights, cls.shapes(signature, settings, config["facts"]))
        return cls(signature, settings, dict(weights), dict(config["facts"]))

    def with_settings(self, **changes: Any) -> Self:
        """Check the settings, and take them."""
        settings: Any = self.Settings.model_validate({**self.settings.model_dump(mode="json"), **changes})
        return replace(self, settings=settings)


class ImputingGenerator(ABC):
    """The optional ability to draw the missing cells of rows, given all that is observed of each."""

    @abstractmethod
    def impute(
        self,
        rng: np.random.Generator,
        arrays: Arrays,
        observed: Mapping[str, np.ndarray],
        missing: Mapping[str, np.ndarray],
        allowed: Mapping[str, np.ndarray],
        row_masks: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ) -> Arrays:
        """The arrays with the missing cells drawn; all others stay as they are.

        observed, missing: bool (n,) for every block; what is not observed is missing. A cell may be both: later cells
        are then conditioned on its value in `arrays` ("missing", say), not on the value drawn for it. A cell that is
        only missing is drawn first and conditions the later ones. allowed: masks as for `Generator.sample`, of the
        cells that are drawn. row_masks: for any blocks, the number (n,) of the mask that each row takes besides, and
        these masks stacked; such blocks are drawn first. A row is a function of the arguments and its position,
        whatever stands before and after it.
        """


class LatentSpace(ABC):
    """The optional ability to map each row to a latent vector and back.

    Of an image or a text the space is that of standard normal noise: `decode` of drawn noise is what `sample` draws; of
    texts, the likeliest words of it.
    """

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """The width of a latent vector."""

    @abstractmethod
    def encode(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The latent vectors of rows: (n, latent_dim) float32."""

    @abstractmethod
    def decode(self, latent: np.ndarray, condition: Arrays = NOTHING) -> Arrays:
        """The most likely rows of latent vectors (n, latent_dim)."""


class PromptedGenerator(ABC):
    """The optional ability to draw a text from its beginning, and to say how likely a text is."""

    @abstractmethod
    def complete(self, rng: np.random.Generator, rows: int, condition: Arrays, prompt: np.ndarray) -> Arrays:
        """As `Generator.sample`, of texts that all begin with the tokens `prompt` (m,)."""

    @abstractmethod
    def nll(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The negative log-likelihood of each text, its end included, in nats: (n,)."""
