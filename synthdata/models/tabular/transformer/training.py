"""Training a `ColumnTransformer`: its batches, its loss, its validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import Numbering
from synthdata.models.tabular.transformer.network import ColumnTransformer
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import descent, fingerprint_of, train
from synthdata.models.training.plan import Plan, Run

__all__ = ["train_columns"]

ORDERS = 4096  # random column orders to draw from
VALIDATION_BATCH = 500


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    width: int
    layers: int
    heads: int
    expansion: int
    batch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    balance: float
    first_order: float
    validation: float


def train_columns(
    numbering: Numbering, symbols: np.ndarray, order: tuple[int, ...], chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on symbols (rows, columns, 2); return weights for `ColumnSampler` and one row of figures an epoch."""
    frequencies = Frequencies.of(numbering, symbols, chosen.balance)
    model = ColumnTransformer(
        frequencies,
        width=chosen.width,
        layers=chosen.layers,
        heads=chosen.heads,
        expansion=chosen.expansion,
        seed=run.seed,
    )
    task = _Task(model, symbols, order, chosen, run.seed, run.aside(len(symbols), chosen.validation))
    plan = Plan(
        steps_per_epoch=task.batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
    )
    history = train(task, plan, run)
    run.done()
    return {**model.export(), **frequencies.logs}, history


class _Task:
    """Training rows, validation rows, and the orders in which their columns are read."""

    def __init__(
        self,
        model: ColumnTransformer,
        symbols: np.ndarray,
        order: tuple[int, ...],
        chosen: Hyperparameters,
        seed: int,
        aside: np.ndarray | None = None,
    ) -> None:
        self.model, self.chosen = model, chosen
        self.fingerprint = fingerprint_of(chosen, symbols)
        self.batches = Batches(len(symbols), batch=chosen.batch, validation=chosen.validation, seed=seed, aside=aside)
        rng, count = np.random.default_rng([seed, 5]), len(order)
        ranks = np.stack([np.argsort(order), *(rng.permutation(count) for _ in range(ORDERS))])
        self._symbols = tf.constant(symbols)
        self._ranks = tf.constant(ranks, tf.int32)  # row 0 is the order that is sampled
        self._evaluate = tf.function(self.loss)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Row numbers and order numbers, (batch,) each."""
        rows = self.batches.of_step(step)
        return rows, self._orders(self.batches.rng(step), len(rows))

    def _orders(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        orders = rng.integers(1, ORDERS + 1, rows)
        orders[: round(self.chosen.first_order * rows)] = 0
        return orders.astype(np.int32)

    def loss(self, rows: tf.Tensor, orders: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        return self.model(tf.gather(self._symbols, rows), tf.gather(self._ranks, orders))

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss of a batch and its gradients."""
        return descent(self.loss, variables, batch)

    def validate(self) -> float:
        """Mean loss of the validation rows, in the mixture of orders that is trained."""
        rng = np.random.default_rng([self.batches.seed, 4])
        losses = [
            self._evaluate(tf.constant(rows), tf.constant(self._orders(rng, len(rows)))).numpy()
            for rows in self.batches.to_validate(VALIDATION_BATCH)
        ]
        return float(np.mean(losses))
