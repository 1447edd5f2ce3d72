"""The tabular Transformer: any-order, autoregressive, one symbol a column. The default for tables.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field as Key
from pydantic import model_validator

from synthdata.blocks import Arrays, Layout, check_arrays
from synthdata.models.base import Count, Generator, Imputing, Settings, Span
from synthdata.models.samplers.shapes import check_shapes
from synthdata.models.tabular.counts import entropies
from synthdata.models.tabular.symbols import Numbering, allowed_logits, columns_of, join, row_logits, split
from synthdata.models.tabular.transformer.sampler import ColumnSampler, RowMasks

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TabularTransformer", "TransformerSettings"]

MEMORY = 1.2  # epochs of steps that weights remember under weight decay (Wang and Aitchison 2024, arXiv:2405.13698)
MOST_DECAY = 0.1  # of a weight in one step: tables of few rows have few steps an epoch


class TransformerSettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the number of rows and columns."""

    width: int = Key(default=64, ge=8)
    layers: int = Key(default=3, ge=1, le=12)
    heads: int = Key(default=2, ge=1)
    expansion: int = Key(default=2, ge=1, description="width of the feed-forward layer, in widths")
    batch: Count | Literal["auto"] = "auto"
    epochs: Count | Literal["auto"] = "auto"
    patience: Count | Literal["auto"] = "auto"
    learning_rate: float = Key(default=2e-2, gt=0)
    weight_decay: Annotated[float, Key(ge=0)] | Literal["auto"] = "auto"
    balance: float = Key(
        default=0.3, ge=0, le=1, description="how much more columns of little entropy weigh in the loss"
    )
    first_order: float = Key(default=0.6, ge=0, le=1, description="share of rows read in the order that is sampled")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out to stop early")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self

    def chosen_for(self, rows: int, columns: int) -> TransformerSettings:
        """Fill in what is "auto" for a table of `rows` rows and `columns`."""
        batch = int(np.clip(2 ** np.round(np.log2(rows / 24)), 32, 256)) if self.batch == "auto" else self.batch
        steps = max(rows * (1 - self.validation) / batch, 1.0)  # an epoch
        fewest = 9 * max(1.0, columns / 15) ** 0.7 * min(1.0, 100_000 / rows) ** 0.4
        auto = {
            "batch": batch,
            "epochs": round(np.clip(340_000 / rows, fewest, 100)),
            "patience": int(np.clip(round(10_000 / rows), 2, 20)),
            "weight_decay": float(f"{min(1 / (MEMORY * steps), MOST_DECAY) / self.learning_rate:.2g}"),
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class TabularTransformer(Generator, Imputing):
    """The weights of a trained `ColumnTransformer`, as its sampler takes them, and the layout they speak of.

    order: the columns in the order they are sampled in, those of little entropy first.
    """

    layout: Layout
    settings: TransformerSettings
    order: tuple[int, ...]
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = TransformerSettings
    validated_by: ClassVar[str] = "loss in nats a row, columns weighted by `balance`"
    spans: ClassVar[Mapping[str, Span]] = {
        "width": Span(choices=(48, 64, 96, 128)),
        "layers": Span(choices=(2, 3, 4)),
        "learning_rate": Span(5e-3, 4e-2, log=True),
        "first_order": Span(0.4, 0.8),
        "balance": Span(0.0, 0.6),
    }

    @classmethod
    def fit(cls, layout: Layout, target: Arrays, settings: TransformerSettings, run: Run) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        from synthdata.models.tabular.transformer.training import Hyperparameters, train_columns

        rows = check_arrays(layout, target)
        settings = settings.chosen_for(rows, len(layout))
        symbols = split(layout, target)
        numbering = Numbering(columns_of(layout))
        order = first_order(symbols)
        weights, history = train_columns(numbering, symbols, order, Hyperparameters(**settings.model_dump()), run)
        return cls(layout, settings, order, weights, history)

    @cached_property
    def _numbering(self) -> Numbering:
        return Numbering(columns_of(self.layout))

    @cached_property
    def _sampler(self) -> ColumnSampler:
        return ColumnSampler(self._numbering, self.arrays)

    def sample(self, rng: np.random.Generator, rows: int, allowed: Mapping[str, np.ndarray]) -> Arrays:
        """Draw rows; columns with a condition come first, narrowest first, the others in their usual order."""
        names = list(self.layout)
        uniform = rng.random((rows, len(names), 3), dtype=np.float32)
        first = sorted(allowed, key=lambda name: float(np.mean(allowed[name])))
        order = [*map(names.index, first), *(i for i in self.order if names[i] not in allowed)]
        masks = allowed_logits(self.layout, self.arrays["major_log"], self.arrays["minor_log"], allowed)
        symbols = self._sampler.draw(order, uniform[..., :2], *masks)
        return join(self.layout, symbols, uniform[..., 2].astype(np.float64))

    def fill(
        self,
        rng: np.random.Generator,
        arrays: Arrays,
        known: Mapping[str, np.ndarray],
        lacking: Mapping[str, np.ndarray],
        allowed: Mapping[str, np.ndarray],
        own: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ) -> Arrays:
        """Draw what rows lack, columns with masks of rows first, given also what is known of later columns."""
        names = list(self.layout)
        uniform = rng.random((check_arrays(self.layout, arrays), len(names), 3), dtype=np.float32)
        masks = allowed_logits(self.layout, self.arrays["major_log"], self.arrays["minor_log"], allowed)
        rows = {
            names.index(name): RowMasks(which, *row_logits(self.layout, name, each, self.arrays["minor_log"]))
            for name, (which, each) in own.items()
        }
        order = [*rows, *(i for i in self.order if i not in rows)]
        told, lack = (np.stack([each[name] for name in names], axis=1) for each in (known, lacking))
        symbols = self._sampler.fill(order, split(self.layout, arrays), told, uniform[..., :2], *masks, rows, lack)
        drawn = join(self.layout, symbols, uniform[..., 2].astype(np.float64))
        for name, array in drawn.items():
            array[~lacking[name]] = arrays[name][~lacking[name]]
        return drawn

    def check(self, allowed: Mapping[str, np.ndarray]) -> None:
        """Whatever the masks leave can be drawn."""

    def config(self) -> dict[str, Any]:
        """The settings as chosen, and the order."""
        return {"settings": self.settings.model_dump(), "order": list(self.order)}

    def weights(self) -> dict[str, np.ndarray]:
        """The network's weights, and the log-marginals it started from."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, layout: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        settings = TransformerSettings.model_validate(config["settings"])
        order = tuple(config["order"])
        if sorted(order) != list(range(len(layout))):
            raise ValueError(f"order {order} is not one of {len(layout)} columns")
        check_shapes(weights, weight_shapes(Numbering(columns_of(layout)), settings))
        return cls(layout, settings, order, dict(weights))


def weight_shapes(numbering: Numbering, settings: TransformerSettings) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights of a model."""
    rows, width, wide = numbering.rows, settings.width, settings.width * settings.expansion
    shapes: dict[str, tuple[int, ...]] = {
        "major_log": (rows,),
        "minor_log": (rows, numbering.most_minors),
        "major_value": (rows, width),
        "minor_value": (numbering.minor_rows, width),
        "major_score": (numbering.count, rows, settings.heads),
        "minor_score": (numbering.count, numbering.minor_rows, settings.heads),
        "predict": (numbering.count, width),
        "out": (width, width),
        "head": (width, rows),
        "head_bias": (rows,),
    }
    for layer in range(settings.layers):
        shapes |= {f"up_{layer}": (width, wide), f"up_bias_{layer}": (wide,), f"down_{layer}": (wide, width)}
    if numbering.with_minor:
        shapes |= {
            "minor_hidden": (width, 2 * width),
            "minor_given": (rows, 2 * width),
            "minor_head": (len(numbering.with_minor), 2 * width, numbering.most_minors),
            "minor_bias": (rows, numbering.most_minors),
        }
    return shapes


def first_order(symbols: np.ndarray) -> tuple[int, ...]:
    """The order in which columns are sampled: of little entropy first, in the schema's order where it is alike.

    Rows share the work of what they have in common (see `column_sampler`); the schema's order keeps series together.
    """
    each = entropies(symbols)
    return tuple(sorted(range(len(each)), key=lambda i: round(min(float(each[i]), 4.5) / 1.5)))
