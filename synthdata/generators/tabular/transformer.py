"""The tabular Transformer: any-order, autoregressive, one symbol a column. The default for tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
import tensorflow as tf
from pydantic import Field as Key

from synthdata.blocks import Arrays, Layout, check_arrays
from synthdata.generators.base import ROWS, Generator, Settings
from synthdata.networks.column_transformer import NEVER, ColumnTransformer
from synthdata.networks.columns import Column, columns_of, join, pair_mask, split
from synthdata.networks.training import Plan, Run, train

__all__ = ["TabularTransformer", "TransformerSettings"]

ORDERS = 4096  # random column orders to draw from
MOST_VALIDATION = 4000


class TransformerSettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the number of rows and columns."""

    width: int | Literal["auto"] = "auto"
    layers: int = Key(default=2, ge=1, le=12)
    heads: int = Key(default=4, ge=1)
    expansion: int = Key(default=2, ge=1, description="width of the feed-forward layer, in widths")
    batch: int | Literal["auto"] = "auto"
    epochs: int | Literal["auto"] = "auto"
    patience: int | Literal["auto"] = "auto"
    learning_rate: float | Literal["auto"] = "auto"
    weight_decay: float = Key(default=1e-4, ge=0)
    schema_order: float = Key(default=0.4, ge=0, le=1, description="share of rows read in the schema's column order")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out to stop early")

    def chosen_for(self, rows: int, columns: int) -> TransformerSettings:
        """Fill in what is "auto" for a table of `rows` training rows and `columns`."""
        batch = int(np.clip(2 ** np.round(np.log2(rows / 24)), 32, 512))
        auto = {
            "width": 64,
            "batch": batch,
            "epochs": int(np.clip(round(470_000 / rows * max(1.0, columns / 15) ** 0.5), 8, 100)),
            "patience": int(np.clip(round(10_000 / rows), 3, 20)),
            "learning_rate": 2e-3 + 4e-3 * batch / 512,
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class TabularTransformer(Generator):
    """A `ColumnTransformer` and the layout it speaks of."""

    layout: Layout
    settings: TransformerSettings
    model: ColumnTransformer
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = TransformerSettings

    @classmethod
    def fit(cls, layout: Layout, target: Arrays, settings: TransformerSettings, run: Run) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        rows = check_arrays(layout, target)
        settings = settings.chosen_for(rows, len(layout))
        symbols = split(layout, target)
        major_log, minor_log = log_marginals(columns_of(layout), symbols)
        model = _build(layout, settings, major_log, minor_log, run.seed)
        task = _Task(model, symbols, settings, run.seed)
        plan = Plan(
            steps_per_epoch=task.steps_per_epoch,
            epochs=int(settings.epochs),
            patience=int(settings.patience),
            learning_rate=float(settings.learning_rate),
            weight_decay=settings.weight_decay,
        )
        return cls(layout, settings, model, train(task, plan, run))

    @cached_property
    def _draw(self) -> Any:
        heads = self.model.padded_heads()

        def draw(order: tf.Tensor, uniform: tf.Tensor, major_mask: tf.Tensor, minor_mask: tf.Tensor) -> tf.Tensor:
            return self.model.draw(order, uniform, major_mask, minor_mask, heads)

        return tf.function(draw, jit_compile=True)

    def sample(self, rng: np.random.Generator, allowed: Mapping[str, np.ndarray]) -> Arrays:
        """Draw rows; columns with a condition come first, narrowest first, the others in the schema's order."""
        count = len(self.layout)
        uniform = rng.random((ROWS, count, 3), dtype=np.float32)
        names = list(self.layout)
        first = sorted(allowed, key=lambda name: float(np.mean(allowed[name])))
        order = [*map(names.index, first), *(i for i, name in enumerate(names) if name not in allowed)]
        major_mask, minor_mask = self._masks(allowed)
        symbols = self._draw(
            tf.constant(order, tf.int32),
            tf.constant(uniform[..., :2]),
            tf.constant(major_mask),
            tf.constant(minor_mask),
        )
        return join(self.layout, symbols.numpy(), uniform[..., 2].astype(np.float64))

    def _masks(self, allowed: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """What is added to the logits: 0 where a symbol may come, NEVER where not.

        Where a condition leaves a part of a major's minors, their share of its rows is added as a log.
        """
        model = self.model
        columns = model.columns
        major = np.full((len(columns), max(int(model.majors.max()), 2)), NEVER, np.float32)
        shares = np.exp(np.minimum(model.minor_log, 0.0))  # (all majors, most minors)
        minor = np.where(model.minor_log > NEVER / 2, 0.0, NEVER).astype(np.float32)
        for i, column in enumerate(columns):
            here = slice(model.starts[i], model.starts[i + 1])
            occurs = model.major_log[i, : column.majors] > NEVER / 2
            if column.name not in allowed:
                major[i, : column.majors] = np.where(occurs, 0.0, NEVER)
                continue
            pairs = pair_mask(self.layout, column.name, allowed[column.name])
            if column.minors > 1:
                share = (shares[here, : column.minors] * pairs).sum(axis=1)
                share = np.where(np.arange(column.majors) >= column.first, share, pairs.any(axis=1))
                minor[here, : column.minors] += np.where(pairs, 0.0, NEVER)
            else:
                share = pairs.any(axis=1).astype(float)
            open_ = (share > 0) & occurs
            major[i, : column.majors] = np.where(open_, np.log(np.where(open_, share, 1.0)), NEVER)
        return major, minor

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The network's weights, and the log-marginals it started from."""
        weights = {variable.path: variable.numpy() for variable in self.model.trainable_variables}
        return {**weights, "major_log": self.model.major_log, "minor_log": self.model.minor_log}

    @classmethod
    def restore(cls, layout: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Rebuild the network and fill it."""
        settings = TransformerSettings.model_validate(config["settings"])
        model = _build(layout, settings, weights["major_log"], weights["minor_log"], 0)
        for variable in model.trainable_variables:
            value = weights.get(variable.path)
            if value is None or tuple(value.shape) != tuple(variable.shape):
                raise ValueError(f"weight {variable.path} is missing or not of shape {tuple(variable.shape)}")
            variable.assign(value)
        return cls(layout, settings, model)


def log_marginals(columns: tuple[Column, ...], symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-frequencies of majors (columns, most) and of minors given their major (all majors, most); NEVER for none."""
    most_minors = max(column.minors for column in columns)
    major = np.full((len(columns), max(column.majors for column in columns)), NEVER, np.float32)
    minor = np.full((sum(column.majors for column in columns), most_minors), NEVER, np.float32)
    start = 0
    for i, column in enumerate(columns):
        pair = symbols[:, i, 0].astype(np.int64) * most_minors + symbols[:, i, 1]
        counts = np.bincount(pair, minlength=column.majors * most_minors).reshape(column.majors, most_minors)
        rows = counts.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            major[i, : column.majors] = np.maximum(np.log(rows / len(symbols)), NEVER)
            share = np.log(counts / np.maximum(rows, 1)[:, None])
        minor[start : start + column.majors] = np.maximum(share, NEVER)
        start += column.majors
    return major, minor


def _build(
    layout: Layout, settings: TransformerSettings, major_log: np.ndarray, minor_log: np.ndarray, seed: int
) -> ColumnTransformer:
    return ColumnTransformer(
        columns_of(layout),
        major_log,
        minor_log,
        width=int(settings.width),
        layers=settings.layers,
        heads=settings.heads,
        expansion=settings.expansion,
        seed=seed,
    )


class _Task:
    """Training rows, validation rows, and the orders in which their columns are read."""

    def __init__(self, model: ColumnTransformer, symbols: np.ndarray, settings: TransformerSettings, seed: int) -> None:
        self.model, self.seed, self.settings = model, seed, settings
        rng = np.random.default_rng([seed, 1])
        shuffled = rng.permutation(len(symbols)).astype(np.int32)
        held = int(np.clip(settings.validation * len(symbols), 1, MOST_VALIDATION))
        self.held_out, self.rows = shuffled[:held], shuffled[held:]
        self.batch_size = min(int(settings.batch), len(self.rows))
        self.steps_per_epoch = max(len(self.rows) // self.batch_size, 1)
        orders = np.stack([np.arange(model.count), *(rng.permutation(model.count) for _ in range(ORDERS))])
        self._symbols = tf.constant(symbols)
        self._orders = tf.constant(orders, tf.int32)  # row 0 is the schema's order
        self._ranks = tf.constant(np.argsort(orders, axis=1), tf.int32)
        self._evaluate = tf.function(self.loss, jit_compile=True)

    def batch(self, step: int) -> tuple[np.ndarray, ...]:
        """Row numbers and order numbers, (batch,) each."""
        epoch, inside = divmod(step, self.steps_per_epoch)
        shuffled = np.random.default_rng([self.seed, 2, epoch]).permutation(self.rows)
        rows = shuffled[inside * self.batch_size : (inside + 1) * self.batch_size]
        rng = np.random.default_rng([self.seed, 3, step])
        orders = rng.integers(1, ORDERS + 1, len(rows))
        orders[: round(self.settings.schema_order * len(rows))] = 0
        return rows, orders.astype(np.int32)

    def loss(self, rows: tf.Tensor, orders: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        return self.model(
            tf.gather(self._symbols, rows), tf.gather(self._orders, orders), tf.gather(self._ranks, orders)
        )

    def validate(self) -> float:
        """Mean loss of the validation rows, in the mixture of orders that is trained."""
        orders = np.random.default_rng([self.seed, 4]).integers(1, ORDERS + 1, len(self.held_out)).astype(np.int32)
        orders[: round(self.settings.schema_order * len(orders))] = 0
        shuffled = np.random.default_rng([self.seed, 5]).permutation(orders)
        size = min(512, len(self.held_out))
        padded = np.arange(-(-len(self.held_out) // size) * size) % len(self.held_out)
        losses = [
            self._evaluate(tf.constant(self.held_out[part]), tf.constant(shuffled[part])).numpy()
            for part in np.split(padded, len(padded) // size)
        ]
        return float(np.mean(losses))
