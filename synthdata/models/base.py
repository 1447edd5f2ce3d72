"""What a family of generators is.

A family is a folder of four files, of which only two import Keras:

- `model.py`: the settings, and the generator, a `Trained`.
- `network.py`: the Keras model.
- `training.py`: the task of the training loop: batches, loss, validation.
- `sampler.py`: the same network in numpy, with the weights of a trained model.

To add a family, subclass `Settings` (each hyperparameter once: typed, described, with its default) and `Trained`
(`shapes`, `train`, `sample`), and register it in `synthdata.models.FAMILIES` or `FIELD_FAMILIES`; the contract tests
cover it from there. Concrete classes are final.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeAlias, TypeVar

import numpy as np
from pydantic import ConfigDict, ValidationError

from synthdata.blocks import Arrays, Block, Layout, Tokens, check_arrays
from synthdata.extras import needed
from synthdata.messages import Declaration, complaint
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
History: TypeAlias = list[dict[str, float]]  # one dict of metrics per epoch; empty for families without epochs
NOTHING: Mapping[str, Any] = MappingProxyType({})
AUTO = "auto"  # value of a setting that is to be chosen from the size of the data


@dataclass(frozen=True)
class Signature:
    """What a generator samples, and what it is conditioned on.

    layout: the blocks that are sampled: those of a table, or the single block of an image or a text. condition: tabular
    blocks that are given: of an image or a text, those of the same record; of a table whose rows belong to others, what
    a row is told of its owner and of the row before; empty for any other table.
    """

    layout: Layout
    condition: Layout = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the single block of an image or text generator."""
        (name,) = self.layout
        return name

    @property
    def block(self) -> Block:
        """The single block of an image or text generator."""
        return self.layout[self.name]


@dataclass(frozen=True)
class Size:
    """The size of the training data, from which settings that say "auto" are chosen.

    rows: number of training rows. layout: the blocks that are sampled. tokens: of a text field, the number of tokens in
    all rows, end tokens included. given: the number of blocks of the condition.
    """

    rows: int
    layout: Layout
    tokens: int = 0
    given: int = 0

    @classmethod
    def of(cls, signature: Signature, arrays: Arrays) -> Self:
        """Check the arrays against the layout, and count."""
        rows = check_arrays(signature.layout, {name: arrays[name] for name in signature.layout})
        texts = [arrays[name] for name, block in signature.layout.items() if isinstance(block, Tokens)]
        count = sum(int((tokens > 0).sum()) + rows for tokens in texts)
        return cls(rows, signature.layout, count, len(signature.condition))

    @property
    def columns(self) -> int:
        """Number of blocks that are sampled."""
        return len(self.layout)


class Settings(Declaration):
    """Hyperparameters of one family, each defined once; network, training and docs all read them from here.

    family: the name of the family. SAMPLING: names of those that only affect sampling and may change after training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: ClassVar[str]
    SAMPLING: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def explain(cls, error: ValidationError) -> str:
        """Put pydantic's first complaint into one line, as for `model` of a schema."""
        first = error.errors()[0]
        return complaint(first, cls, "model", [str(part) for part in first["loc"]], owner=getattr(cls, "family", AUTO))

    def auto(self, size: Size) -> dict[str, Any]:
        """The values that replace "auto" for data of this size, by name."""
        return {}

    def resolved(self, size: Size) -> Self:
        """A copy with every "auto" replaced."""
        chosen = {name: value for name, value in self.auto(size).items() if getattr(self, name) == AUTO}
        return self.model_copy(update=chosen)

    def plan(self, steps_per_epoch: int, **fixed: Any) -> Plan:
        """The training plan: fields of `Plan` that are settings of the family, overridden by `fixed`."""
        own = {each.name: getattr(self, each.name) for each in fields(Plan) if each.name in type(self).model_fields}
        return Plan(steps_per_epoch=steps_per_epoch, **{**own, **fixed})

    def identity(self) -> dict[str, Any]:
        """The settings that a checkpoint must match: all except those in `SAMPLING`."""
        return self.model_dump(mode="json", exclude=set(self.SAMPLING))


@dataclass(frozen=True)
class SearchRange:
    """Search space of a hyperparameter: `choices` if any, else from `low` to `high`, log-uniform if `log`."""

    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[Any, ...] = ()


class Generator(ABC):
    """A fitted model of the distribution of a signature's blocks, given its condition.

    A generator of a table accepts masks (`allowed`), and has an empty condition, unless its rows belong to others; the
    families with `takes_condition` can learn these. One of an image or a text is conditioned on the table's blocks and
    accepts no masks.

    search_space: the hyperparameters worth tuning. validated_by: what `val_loss` in the history measures, in words.
    history: one dict of metrics per epoch.
    """

    Settings: ClassVar[type[Settings]]
    search_space: ClassVar[Mapping[str, SearchRange]] = {}
    validated_by: ClassVar[str] = "loss"
    takes_condition: ClassVar[bool] = False
    signature: Signature
    settings: Any
    weights: Weights
    history: History

    @classmethod
    @abstractmethod
    def fit(cls, signature: Signature, arrays: Arrays, settings: Any, run: Run) -> Self:
        """Train on the arrays of layout and condition, one row per record."""

    @abstractmethod
    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample `rows` rows of the layout; deterministic given the arguments, and thread-safe.

        condition: the arrays of the condition's blocks, `rows` rows each. allowed: bool masks over the symbols of some
        blocks of a table, (symbols,) or for Binned (symbols, levels); every returned row satisfies all of them, without
        rejection sampling.
        """

    def check(self, allowed: Weights) -> None:  # noqa: B027 (optional: by default any masks will do)
        """Raise ConditionError if rows cannot be sampled under these masks; called once before any `sample`."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Everything except the weights and the history, as plain JSON."""

    @classmethod
    @abstractmethod
    def restore(cls, signature: Signature, config: Mapping[str, Any], weights: Weights) -> Self:
        """Rebuild from `config` and `weights`; ValueError if they do not fit each other."""

    @abstractmethod
    def with_settings(self, **changes: Any) -> Self:
        """A copy with the same weights and other sampling settings."""


class Learned(NamedTuple):
    """The result of training: weights by name, metrics per epoch, and other learned facts as plain JSON."""

    weights: Weights
    history: History
    facts: Mapping[str, Any] = NOTHING


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Trained(Generator, Generic[S]):
    """Base class of all families. Subclasses implement `shapes`, `train` and `sample`.

    facts: plain JSON that training determined and sampling needs, such as an order of columns.
    """

    signature: Signature
    settings: S
    weights: Weights
    facts: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=list)

    @classmethod
    @abstractmethod
    def shapes(cls, signature: Signature, settings: S, facts: Mapping[str, Any]) -> Shapes:
        """The shape of every weight by name; ValueError for an impossible signature or facts."""

    @classmethod
    @abstractmethod
    def train(cls, signature: Signature, settings: S, arrays: Arrays, run: Run) -> Learned:
        """Train until validation stops improving, the schedule ends, or the time budget runs out."""

    @classmethod
    def fit(cls, signature: Signature, arrays: Arrays, settings: S, run: Run) -> Self:
        """Resolve settings that say "auto", and train."""
        settings = settings.resolved(Size.of(signature, arrays))
        with needed("train", "training"):
            learned = cls.train(signature, settings, arrays, run)
        return cls(signature, settings, learned.weights, dict(learned.facts), learned.history)

    def config(self) -> dict[str, Any]:
        """The resolved settings, and the facts."""
        return {"settings": self.settings.model_dump(mode="json"), "facts": dict(self.facts)}

    @classmethod
    def restore(cls, signature: Signature, config: Mapping[str, Any], weights: Weights) -> Self:
        """Rebuild; settings are validated, weights are checked against `shapes`."""
        settings: Any = cls.Settings.model_validate(config["settings"])
        check_shapes(weights, cls.shapes(signature, settings, config["facts"]))
        return cls(signature, settings, dict(weights), dict(config["facts"]))

    def with_settings(self, **changes: Any) -> Self:
        """A copy with changed settings, which are validated."""
        settings: Any = self.Settings.model_validate({**self.settings.model_dump(mode="json"), **changes})
        return replace(self, settings=settings)


class ImputingGenerator(ABC):
    """Optional interface: sample the missing cells of each row, given its observed cells."""

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
        """The arrays with the missing cells sampled; all other cells are unchanged.

        observed, missing: for every block, (n,) bool: which cells condition the others, and which are sampled. Each
        cell is at least one of the two. A cell that is both conditions the others by its value in `arrays` (the symbol
        for "missing", say), not by the value sampled for it; a cell that is only missing conditions those sampled after
        it. allowed: masks as for `Generator.sample`, for the sampled cells. row_masks: for some blocks, additional
        masks that differ by row: the index (n,) of each row's mask, and the stacked masks; these blocks are sampled
        first. The result for a row depends on the arguments and its position, not on the rows around it.
        """


class LatentSpace(ABC):
    """Optional interface: map each row to a latent vector and back.

    For an image or a text, latent vectors are standard normal noise: `sample` decodes random noise. For a text,
    `decode` takes the most likely token at each step, where `sample` draws one.
    """

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """The number of dimensions of a latent vector."""

    @abstractmethod
    def encode(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The latent vectors of rows: (n, latent_dim) float32."""

    @abstractmethod
    def decode(self, latent: np.ndarray, condition: Arrays = NOTHING) -> Arrays:
        """The most likely row for each latent vector (n, latent_dim)."""


class PromptedGenerator(ABC):
    """Optional interface: complete a prompt, and compute the likelihood of a text."""

    @abstractmethod
    def complete(self, rng: np.random.Generator, rows: int, condition: Arrays, prompt: np.ndarray) -> Arrays:
        """As `Generator.sample`, for texts that all begin with the tokens `prompt` (m,)."""

    @abstractmethod
    def nll(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The negative log-likelihood of each text, end token included, in nats: (n,)."""
