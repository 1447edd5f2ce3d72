"""Output heads over the symbols of columns, shared by the Transformer and the latent decoder.

Columns with similar numbers of coarse symbols form a class, whose heads are padded to one size and computed in one
matrix product. Biases start at the log-marginals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from synthdata.models.layers.distributions import log_likelihood
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import NEVER, SymbolTable

__all__ = ["first_biases", "folded", "head_classes", "row_log_likelihood"]

WIDTH_CLASSES = (4, 16, 64, 256)
LEAST_BIAS = -30.0  # initial bias of a symbol that does not occur; samplers mask it


def head_classes(frequencies: Frequencies) -> list[tuple[int, list[int], np.ndarray]]:
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


def folded(
    table: SymbolTable, width: int, classes: Iterable[tuple[list[int], np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate the heads of all columns, for samplers: (width, all coarse) and biases (all coarse,).

    classes: for each class its columns, heads (members, width, size) and biases (members, size).
    """
    head, head_bias = np.zeros((width, table.coarse_rows), np.float32), np.zeros(table.coarse_rows, np.float32)
    for members, heads, biases in classes:
        for row, i in enumerate(members):
            here = slice(table.starts[i], table.starts[i + 1])
            head[:, here] = heads[row, :, : table.coarse[i]]
            head_bias[here] = biases[row, : table.coarse[i]]
    return head, head_bias
