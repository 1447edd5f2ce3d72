"""Embeddings of the symbols of all columns."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import weight
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.waves import FEWEST, middles, places_of, waves

__all__ = ["SymbolEmbedding"]

FREQUENCIES = 32
MOST_CYCLES = 16  # of the finest frequency, over the whole range of a quantity
FREE = 0.2  # initial scale of the free part of the embedding of a quantity's symbols
COARSE_SCALE, FINE_SCALE = 0.5, 0.3  # initial standard deviations of embeddings


class SymbolEmbedding(keras.layers.Layer):
    """Embeddings of symbols; for a quantity, a smooth function of its place, shared by all columns, plus a free part.

    So what is learned about one amount carries over to similar amounts, and to other columns.
    """

    def __init__(self, frequencies: Frequencies, width: int, rng: np.random.Generator) -> None:
        super().__init__(name="embedding")
        self.table = table = frequencies.table
        coarse, fine = (np.zeros((rows, 2 * FREQUENCIES)) for rows in (table.coarse_rows, table.fine_rows))
        for i, column in enumerate(table.columns):
            if len(column.order) >= FEWEST:
                coarse[table.starts[i] + np.array(column.order)] = _waves(places_of(frequencies, i))
            if column.ordered and column.fine > 1:
                fine[table.fine_starts[i] : table.fine_starts[i] + column.ordered] = _waves(middles(column.ordered))
        free = [np.where(waves.any(axis=1, keepdims=True), FREE, 1.0) for waves in (coarse, fine)]
        self.coarse_waves, self.fine_waves = tf.constant(coarse, tf.float32), tf.constant(fine, tf.float32)
        waves = (2 * FREQUENCIES, width)
        self.coarse_shared = weight(self, "coarse_shared", rng.normal(0.0, COARSE_SCALE, waves))
        self.fine_shared = weight(self, "fine_shared", rng.normal(0.0, FINE_SCALE, waves))
        self.coarse_own = weight(
            self, "coarse_own", free[0] * rng.normal(0.0, COARSE_SCALE, (table.coarse_rows, width))
        )
        self.fine_own = weight(self, "fine_own", free[1] * rng.normal(0.0, FINE_SCALE, (table.fine_rows, width)))
        self.built = True

    def coarse_table(self) -> tf.Tensor:
        """Embeddings of the coarse symbols: (all coarse, width)."""
        return self.coarse_own + self.coarse_waves @ tf.convert_to_tensor(self.coarse_shared)

    def fine_table(self) -> tf.Tensor:
        """Embeddings of the fine symbols, the last for "none": (all fine symbols + 1, width)."""
        return self.fine_own + self.fine_waves @ tf.convert_to_tensor(self.fine_shared)

    def indices(self, symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Indices of symbols (rows, columns, 2) in the tables of coarse and of fine symbols: (rows, columns) each."""
        table = self.table
        coarse = symbols[..., 0] + table.starts[:-1]
        has_fine = symbols[..., 0] >= table.firsts
        return coarse, tf.where(has_fine, symbols[..., 1] + table.fine_starts, table.no_fine)

    def call(self, symbols: tf.Tensor) -> tf.Tensor:
        """Symbols (rows, columns, 2) int32 to (rows, columns, width)."""
        coarse, fine = self.indices(symbols)
        return tf.gather(self.coarse_table(), coarse) + tf.gather(self.fine_table(), fine)


def _waves(places: np.ndarray) -> np.ndarray:
    """Sines and cosines of places, each row of squared norm 1: (places, 2 * FREQUENCIES)."""
    cycles = np.geomspace(0.5, MOST_CYCLES, FREQUENCIES)
    sizes = np.sqrt(1 / (1 + cycles))
    return waves(places, cycles, sizes / np.sqrt(np.sum(sizes**2)))
