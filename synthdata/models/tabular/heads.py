"""Output heads over the symbols of columns, shared by the Transformer and the latent decoder.

Columns with similar numbers of coarse symbols form a class, whose heads are padded to one size and computed in one
matrix product. Biases start at the log-marginals. The weights of a quantity's symbols are a smooth function of their
place (see `waves`) plus a part of their own, which learns more slowly: few rows are enough to learn that a whole range
becomes likelier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import weight
from synthdata.models.layers.distributions import log_likelihood
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import NEVER, SymbolTable
from synthdata.models.tabular.waves import FEWEST, places_of, waves

__all__ = ["HeadClass", "coarse_heads", "first_biases", "folded", "row_log_likelihood"]

WAVES = 4  # of the weights of heads: half a cycle over the range, a whole one, and so on
OWN = 0.2  # by which the own part of a quantity's symbols is multiplied
WIDTH_CLASSES = (4, 16, 64, 256)
LEAST_BIAS = -30.0  # initial bias of a symbol that does not occur; samplers mask it


@dataclass(frozen=True)
class HeadClass:
    """The heads of some columns, as weights of a layer.

    members: indices of the columns. free: (members, width, size). smooth: (members, width, 2 * WAVES), what the waves
    of the symbols, (members, 2 * WAVES, size), are multiplied by; None if no column has any. own: (members, 1, 1), by
    which free weights are. bias: (members, size).
    """

    members: list[int]
    free: Any
    smooth: Any
    waves: np.ndarray
    own: np.ndarray
    bias: Any

    @property
    def weights(self) -> tf.Tensor:
        """What states are multiplied by: (members, width, size)."""
        result = tf.convert_to_tensor(self.free)
        if self.smooth is None:
            return result
        return self.own * result + tf.convert_to_tensor(self.smooth) @ self.waves


def coarse_heads(
    layer: keras.layers.Layer, frequencies: Frequencies, width: int, *, smooth: bool = True
) -> list[HeadClass]:
    """Add the heads of coarse symbols to a layer, zero at first. smooth: whether those of quantities are."""
    result = []
    for top, members, start in _classes(frequencies):
        columns = [frequencies.table.columns[i] for i in members]
        waving, own = np.zeros((len(members), 2 * WAVES, start.shape[1])), np.ones((len(members), 1, 1))
        for row, (i, column) in enumerate(zip(members, columns, strict=True)):
            if smooth and len(column.order) >= FEWEST:
                cycles = np.arange(1, WAVES + 1) / 2
                waving[row][:, list(column.order)] = waves(places_of(frequencies, i), cycles, 1 / cycles).T
                own[row] = OWN
        free = weight(layer, f"coarse_head_{top}", np.zeros((len(members), width, start.shape[1])))
        shared = None
        if waving.any():
            shared = weight(layer, f"coarse_head_waves_{top}", np.zeros((len(members), width, 2 * WAVES)))
        bias = weight(layer, f"coarse_bias_{top}", start)
        result.append(HeadClass(members, free, shared, waving.astype(np.float32), own.astype(np.float32), bias))
    return result


def _classes(frequencies: Frequencies) -> list[tuple[int, list[int], np.ndarray]]:
    """For each class its size limit, its columns, and their initial biases (members, size).

    Columns that are given, or of a single symbol, need no head and are in no class.
    """
    table, result, bottom = frequencies.table, [], 1
    for top in WIDTH_CLASSES:
        members = [i for i in table.targets if bottom < table.coarse[i] <= top]
        bottom = top
        if members:
            start = np.full((len(members), int(table.coarse[members].max())), NEVER, np.float32)
            for row, i in enumerate(members):
                here = slice(table.starts[i], table.starts[i + 1])
                start[row, : table.coarse[i]] = frequencies.coarse_log[here]
            result.append((top, members, first_biases(start)))
    return result


def first_biases(logs: np.ndarray) -> np.ndarray:
    """Initial biases from log-frequencies, not below `LEAST_BIAS`; same shape."""
    biases: np.ndarray = np.maximum(logs, LEAST_BIAS)
    return biases


def row_log_likelihood(
    frequencies: Frequencies,
    symbols: tf.Tensor,
    coarse: Iterable[tuple[list[int], tf.Tensor]],
    fine: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """Log-likelihood of symbols (rows, columns, 2), columns weighted by `frequencies.loss_weights`: (rows,), in nats.

    coarse: for each class its columns and logits (rows, members, size). fine: maps indices into the table of coarse
    symbols (rows, fine targets) to logits (rows, fine targets, most fine).
    """
    table, loss_weights = frequencies.table, frequencies.loss_weights
    total = tf.zeros(tf.shape(symbols)[0])
    for members, logits in coarse:
        each = log_likelihood(logits, tf.gather(symbols[..., 0], members, axis=1))
        total += tf.reduce_sum(loss_weights[members] * each, axis=1)
    if table.fine_targets:
        chosen = tf.gather(symbols, table.fine_targets, axis=1)
        logits = fine(chosen[..., 0] + table.starts[table.fine_targets])
        has_fine = chosen[..., 0] >= table.firsts[table.fine_targets]
        each = tf.where(has_fine, log_likelihood(logits, chosen[..., 1]), 0.0)
        total += tf.reduce_sum(loss_weights[table.fine_targets] * each, axis=1)
    return total


def folded(table: SymbolTable, width: int, classes: Iterable[HeadClass]) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the heads of all columns, for samplers: (width, all coarse) and biases (all coarse,)."""
    head, head_bias = np.zeros((width, table.coarse_rows), np.float32), np.zeros(table.coarse_rows, np.float32)
    for each in classes:
        heads, biases = each.weights.numpy(), each.bias.numpy()
        for row, i in enumerate(each.members):
            here = slice(table.starts[i], table.starts[i + 1])
            head[:, here] = heads[row, :, : table.coarse[i]]
            head_bias[here] = biases[row, : table.coarse[i]]
    return head, head_bias
