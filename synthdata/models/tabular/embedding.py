"""Symbols of all columns as vectors."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import table
from synthdata.models.tabular.symbols import Numbering

__all__ = ["SymbolEmbedding"]

FREQUENCIES = 32
MOST_CYCLES = 16  # of the finest frequency, over the whole range of a quantity
FREE = 0.2  # share of a quantity's embedding that is each symbol's own at the start
MAJOR_SCALE, MINOR_SCALE = 0.5, 0.3


class SymbolEmbedding(keras.layers.Layer):
    """A symbol of a quantity is embedded as a smooth function of its place, the same for all columns, plus its own.

    So what is learned of one amount holds for its neighbours, and for the same amount in the next column.
    """

    def __init__(self, numbering: Numbering, width: int, rng: np.random.Generator) -> None:
        super().__init__(name="embedding")
        self.numbering = numbering
        major, minor = (np.zeros((rows, 2 * FREQUENCIES)) for rows in (numbering.rows, numbering.minor_rows))
        for i in numbering.with_minor:
            column, first = numbering.columns[i], numbering.minor_starts[i]
            if column.places:
                bins = column.majors - column.first
                major[numbering.starts[i] + column.first : numbering.starts[i + 1]] = _waves(bins)
                minor[first : first + column.places] = _waves(column.places)
        own = [np.where(waves.any(axis=1, keepdims=True), FREE, 1.0) for waves in (major, minor)]
        self.major_waves, self.minor_waves = tf.constant(major, tf.float32), tf.constant(minor, tf.float32)
        waves = (2 * FREQUENCIES, width)
        self.major_shared = table(self, "major_shared", rng.normal(0.0, MAJOR_SCALE, waves))
        self.minor_shared = table(self, "minor_shared", rng.normal(0.0, MINOR_SCALE, waves))
        self.major_own = table(self, "major_own", own[0] * rng.normal(0.0, MAJOR_SCALE, (numbering.rows, width)))
        self.minor_own = table(self, "minor_own", own[1] * rng.normal(0.0, MINOR_SCALE, (numbering.minor_rows, width)))
        self.built = True

    def major_table(self) -> tf.Tensor:
        """Vectors of the majors: (all majors, width)."""
        return self.major_own + self.major_waves @ tf.convert_to_tensor(self.major_shared)

    def minor_table(self) -> tf.Tensor:
        """Vectors of the minors, the last for none: (all minors + 1, width)."""
        return self.minor_own + self.minor_waves @ tf.convert_to_tensor(self.minor_shared)

    def rows(self, symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Where the symbols (rows, columns, 2) stand in the two tables: (rows, columns) each."""
        numbering = self.numbering
        major = symbols[..., 0] + numbering.starts[:-1]
        has_minor = symbols[..., 0] >= numbering.firsts
        return major, tf.where(has_minor, symbols[..., 1] + numbering.minor_starts, numbering.no_minor)

    def call(self, symbols: tf.Tensor) -> tf.Tensor:
        """Symbols (rows, columns, 2) int32 to (rows, columns, width)."""
        major, minor = self.rows(symbols)
        return tf.gather(self.major_table(), major) + tf.gather(self.minor_table(), minor)


def _waves(count: int) -> np.ndarray:
    """Sines and cosines over `count` places of a range, of mean square 1 a row in all: (count, 2 * FREQUENCIES)."""
    frequencies = np.geomspace(0.5, MOST_CYCLES, FREQUENCIES)
    turns = 2 * np.pi * (np.arange(count)[:, None] + 0.5) / count * frequencies
    size = np.sqrt(1 / (1 + frequencies))
    return np.concatenate([np.cos(turns) * size, np.sin(turns) * size], axis=1) / np.sqrt(np.sum(size**2))
