"""The tabular Transformer: any-order, autoregressive, one symbol a column. The default for tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.blocks import Arrays, Layout, check_arrays
from synthdata.models.base import (
    NOTHING,
    ImputingGenerator,
    Learned,
    SearchRange,
    Settings,
    Signature,
    Size,
    Trained,
    Weights,
)
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.tabular.comparisons import STEPS, Comparisons
from synthdata.models.tabular.counts import entropies
from synthdata.models.tabular.symbols import SymbolTable, allowed_logits, join, row_logits, split
from synthdata.models.tabular.transformer.sampler import ColumnSampler, RowMasks

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["Transformer", "TransformerGenerator"]

MEMORY = 1.2  # timescale of weight decay in epochs (Wang and Aitchison 2024, arXiv:2405.13698)
MANY_ROWS = 100  # for each column: with fewer, hidden units are dropped
DROPPED = 0.16  # for each factor of e that rows are fewer
LEAST_DROPPED, MOST_DROPPED = 0.08, 0.3
WIDE = 12  # columns from which on a table of few rows is overfitted
MOST_DECAY = 0.1  # of a weight per step, for tables of few rows


class Transformer(Settings):
    """Settings of the tabular Transformer; "auto" is chosen from the number of rows and columns."""

    family: ClassVar[str] = "transformer"
    SAMPLING: ClassVar[frozenset[str]] = frozenset({"min_lift"})

    width: int = Key(default=64, ge=8, description="width of the hidden layers, a multiple of `heads`")
    layers: int = Key(default=3, ge=1, le=12, description="feed-forward layers after attention")
    heads: int = Key(default=2, ge=1, description="attention heads")
    mlp_ratio: int = Key(default=2, ge=1, description="width of a feed-forward layer, as a multiple of `width`")
    batch_size: PositiveInt | Literal["auto"] = Key(default="auto", description="rows per training step")
    epochs: PositiveInt | Literal["auto"] = Key(default="auto", description="largest number of epochs")
    patience: PositiveInt | Literal["auto"] = Key(
        default="auto",
        description="epochs without a better validation loss after which the learning rate falls to zero",
    )
    learning_rate: float = Key(default=2e-2, gt=0, description="peak learning rate")
    weight_decay: Annotated[float, Key(ge=0)] | Literal["auto"] = Key(
        default="auto", description="decoupled weight decay"
    )
    dropout: Annotated[float, Key(ge=0, lt=1)] | Literal["auto"] = Key(
        default="auto", description="share of hidden units dropped in training"
    )
    entropy_weighting: float = Key(
        default=0.3, ge=0, le=1, description="exponent by which columns of low entropy weigh more in the loss"
    )
    sampling_order_share: float = Key(
        default=0.6,
        ge=0,
        le=1,
        description="share of training rows read in the sampling order; the others in random orders",
    )
    min_lift: float = Key(
        default=0.05,
        ge=0,
        lt=1,
        description="share of its frequency below which a value's probability, given the rest of its row, counts as "
        "zero; 0 draws every value",
    )
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out for early stopping")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self

    def auto(self, size: Size) -> dict[str, Any]:
        """By the number of rows and columns."""
        rows, columns = size.rows, size.columns + size.given
        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = int(np.clip(2 ** np.round(np.log2(rows / 24)), 32, 256))
        steps = max(rows * (1 - self.validation_split) / batch_size, 1.0)  # per epoch
        fewest = 9 * max(1.0, columns / 15) ** 0.7 * min(1.0, 100_000 / rows) ** 0.4
        return {
            "batch_size": batch_size,
            "epochs": round(np.clip(340_000 / rows, fewest, 100)),
            "patience": int(np.clip(round(10_000 / rows), 2, 20)),
            "dropout": _dropout(rows, columns),
            "weight_decay": float(f"{min(1 / (MEMORY * steps), MOST_DECAY) / self.learning_rate:.2g}"),
        }


@final
class TransformerGenerator(Trained[Transformer], ImputingGenerator):
    """A trained `TransformerNetwork`.

    facts: `order`, the column indices in sampling order, low entropy first; `compared`, the pairs of `Comparisons`.
    Columns are counted from those of the condition, which are given to every row and known before all others.
    """

    Settings: ClassVar[type[Settings]] = Transformer
    validated_by: ClassVar[str] = "loss in nats a row, columns weighted by `entropy_weighting`"
    takes_condition: ClassVar[bool] = True
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "width": SearchRange(choices=(48, 64, 96, 128)),
        "layers": SearchRange(choices=(2, 3, 4)),
        "learning_rate": SearchRange(5e-3, 4e-2, log=True),
        "sampling_order_share": SearchRange(0.4, 0.8),
        "entropy_weighting": SearchRange(0.0, 0.6),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: Transformer, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of the network, and of the log-frequencies that biases start from."""
        whole, given = {**signature.condition, **signature.layout}, len(signature.condition)
        if sorted(facts["order"]) != list(range(given, len(whole))):
            raise ValueError(f"order {facts['order']} is not one of {len(signature.layout)} columns")
        comparisons = Comparisons.of(whole, facts["compared"])
        if any(column < given for column, _ in comparisons.pairs):
            raise ValueError("a column that is given is compared with others")
        return weight_shapes(SymbolTable.of(signature.layout, signature.condition), settings, len(comparisons.pairs))

    @classmethod
    def train(cls, signature: Signature, settings: Transformer, arrays: Arrays, run: Run) -> Learned:
        """Train with early stopping on the validation loss."""
        from synthdata.models.tabular.transformer.training import train  # imports Keras

        symbols = split({**signature.condition, **signature.layout}, arrays)
        return train(signature, symbols, sampling_order(symbols, len(signature.condition)), settings, run)

    @cached_property
    def _whole(self) -> Layout:
        """The layout of all columns, those of the condition first."""
        return {**self.signature.condition, **self.signature.layout}

    @cached_property
    def _sampler(self) -> ColumnSampler:
        comparisons = Comparisons.of(self._whole, self.facts["compared"])
        table = SymbolTable.of(self.signature.layout, self.signature.condition)
        return ColumnSampler(table, self.weights, comparisons)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample columns one by one: those with a mask first, narrowest first, then the others in sampling order."""
        given, names = self.signature.condition, list(self._whole)
        uniform = rng.random((rows, len(self.signature.layout), 3), dtype=np.float32)
        first = sorted(allowed, key=lambda name: float(np.mean(allowed[name])))
        order = [*map(names.index, first), *(i for i in self.facts["order"] if names[i] not in allowed)]
        masks = allowed_logits(self._whole, self.weights["coarse_log"], self.weights["fine_log"], allowed)
        known = split(given, condition) if given else None
        symbols = self._sampler.draw(order, uniform[..., :2], *masks, self.settings.min_lift, known)
        return join(self.signature.layout, symbols, uniform[..., 2].astype(np.float64))

    def impute(
        self,
        rng: np.random.Generator,
        arrays: Arrays,
        observed: Mapping[str, np.ndarray],
        missing: Mapping[str, np.ndarray],
        allowed: Mapping[str, np.ndarray],
        row_masks: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ) -> Arrays:
        """Sample missing cells given all observed ones, also of later columns; columns with row masks come first."""
        names = list(self.signature.layout)
        uniform = rng.random((check_arrays(self.signature.layout, arrays), len(names), 3), dtype=np.float32)
        masks = allowed_logits(self.signature.layout, self.weights["coarse_log"], self.weights["fine_log"], allowed)
        by_column = {
            names.index(name): RowMasks(which, *row_logits(self.signature.layout, name, each, self.weights["fine_log"]))
            for name, (which, each) in row_masks.items()
        }
        order = [*by_column, *(i for i in self.facts["order"] if i not in by_column)]
        is_observed, is_missing = (np.stack([each[name] for name in names], axis=1) for each in (observed, missing))
        symbols = self._sampler.fill(
            order,
            split(self.signature.layout, arrays),
            is_observed,
            uniform[..., :2],
            *masks,
            by_column,
            is_missing,
            self.settings.min_lift,
        )
        filled = join(self.signature.layout, symbols, uniform[..., 2].astype(np.float64))
        for name, array in filled.items():
            array[~missing[name]] = arrays[name][~missing[name]]
        return filled


def _dropout(rows: int, columns: int) -> float:
    """By the number of rows for each column; a little dropout is not worth its time."""
    share = min(DROPPED * float(np.log(MANY_ROWS * columns / rows)), MOST_DROPPED)
    return round(share, 2) if share >= LEAST_DROPPED and columns >= WIDE else 0.0


def weight_shapes(table: SymbolTable, settings: Transformer, pairs: int = 0) -> Shapes:
    """Weight shapes of a trained model. pairs: of columns that are compared."""
    rows, width, wide = table.coarse_rows, settings.width, settings.width * settings.mlp_ratio
    shapes: Shapes = {
        "coarse_log": (rows,),
        "fine_log": (rows, table.most_fine),
        "coarse_value": (rows, width),
        "fine_value": (table.fine_rows, width),
        "coarse_score": (len(table.targets), rows, settings.heads),
        "fine_score": (len(table.targets), table.fine_rows, settings.heads),
        "predict": (len(table.targets), width),
        "out": (width, width),
        "head": (width, rows),
        "head_bias": (rows,),
    }
    for layer in range(settings.layers):
        shapes |= {f"up_{layer}": (width, wide), f"up_bias_{layer}": (wide,), f"down_{layer}": (wide, width)}
    if pairs:
        shapes |= {"step_head": (pairs, width, len(STEPS)), "step_bias": (pairs, len(STEPS))}
    if table.fine_targets:
        shapes |= {
            "fine_hidden": (width, 2 * width),
            "fine_given": (rows, 2 * width),
            "fine_head": (len(table.fine_targets), 2 * width, table.most_fine),
            "fine_bias": (rows, table.most_fine),
        }
    return shapes


def sampling_order(symbols: np.ndarray, given: int = 0) -> tuple[int, ...]:
    """The column indices in sampling order: low entropy first, columns of similar entropy in the schema's order.

    given: columns, from the first, that are not sampled.

    Rows that agree in the columns so far share computation (see `sampler`), so columns of few values come first; the
    schema's order keeps related columns together.
    """
    entropy = entropies(symbols)
    return tuple(sorted(range(given, len(entropy)), key=lambda i: round(min(float(entropy[i]), 4.5) / 1.5)))
