"""Training a `TransformerNetwork`: its batches, its loss, its validation."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from synthdata.models.base import Learned, Signature
from synthdata.models.tabular.comparisons import Comparisons
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.related import related
from synthdata.models.tabular.symbols import SymbolTable
from synthdata.models.tabular.transformer.model import Transformer
from synthdata.models.tabular.transformer.network import TransformerNetwork
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import Task, fingerprint_of

__all__ = ["train"]

ORDERS = 4096  # number of random column orders
VALIDATION_BATCH = 500  # rows


def train(
    signature: Signature, symbols: np.ndarray, order: tuple[int, ...], settings: Transformer, run: Run
) -> Learned:
    """Train on symbols (n, columns, 2) int32, given columns first. order: the other columns, in sampling order."""
    table, given = SymbolTable.of(signature.layout, signature.condition), len(signature.condition)
    frequencies = Frequencies.of(table, symbols, settings.entropy_weighting)
    comparisons = Comparisons.find({**signature.condition, **signature.layout}, symbols, given)
    batches = Batches.of(len(symbols), settings, run)
    network = TransformerNetwork(frequencies, comparisons, settings, run.seed, related(frequencies, symbols))
    task = TransformerTask(network, symbols, order, batches, settings)
    history = loop.train(task, settings.plan(batches.steps_per_epoch), run)
    run.delete_checkpoint()
    facts = {"order": list(order), "compared": [list(pair) for pair in comparisons.pairs]}
    return Learned({**network.export(), **frequencies.logs}, history, facts)


class TransformerTask(Task):
    """Training rows, validation rows, and the orders in which their columns are read."""

    def __init__(
        self,
        model: TransformerNetwork,
        symbols: np.ndarray,
        order: tuple[int, ...],
        batches: Batches,
        settings: Transformer,
    ) -> None:
        self.model, self.batches, self.settings = model, batches, settings
        self.fingerprint = fingerprint_of(settings.identity(), symbols)
        rng, count = np.random.default_rng([batches.seed, 5]), len(order)
        given = symbols.shape[1] - count
        ranks = np.stack([np.argsort(order), *(rng.permutation(count) for _ in range(ORDERS))])
        before = np.broadcast_to(np.arange(given), (len(ranks), given))  # in every order
        ranks = np.concatenate([before, given + ranks], axis=1)
        self._symbols = tf.constant(symbols)
        self._ranks = tf.constant(ranks, tf.int32)  # row 0 is the sampling order
        self._evaluate = tf.function(self.loss)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Row indices and indices of column orders, (batch_size,) each, and a seed (2,); int32."""
        rows = self.batches.of_step(step)
        seed = np.array([self.batches.seed % 2**31, step], np.int32)
        return rows, self._orders(self.batches.rng(step), len(rows)), seed

    def _orders(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        orders = rng.integers(1, ORDERS + 1, rows)
        orders[: round(self.settings.sampling_order_share * rows)] = 0
        return orders.astype(np.int32)

    def loss(self, rows: tf.Tensor, orders: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Mean loss of a batch; without a seed, nothing is dropped."""
        return self.model(tf.gather(self._symbols, rows), tf.gather(self._ranks, orders), seed)

    def validate(self) -> float:
        """Mean loss of the validation rows, with orders mixed as in training."""
        rng = np.random.default_rng([self.batches.seed, 4])
        losses = [
            self._evaluate(tf.constant(rows), tf.constant(self._orders(rng, len(rows)))).numpy()
            for rows in self.batches.to_validate(VALIDATION_BATCH)
        ]
        return float(np.mean(losses))
