"""Heads over the symbols of columns: what the Transformer's and the latent decoder's have in common.

Columns of about as many majors form a class, whose heads are padded to one width and computed in one product. Biases
start at the log-marginals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from synthdata.models.layers.distributions import log_likelihood
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import NEVER, Numbering

__all__ = ["first_biases", "folded", "head_classes", "row_log_likelihood"]

WIDTH_CLASSES = (4, 16, 64, 256)
LEAST_BIAS = -30.0  # where a symbol does not occur; samplers mask it away


def head_classes(frequencies: Frequencies) -> list[tuple[int, list[int], np.ndarray]]:
    """For each class its width, its columns, and their first biases (members, size); none for columns of one symbol."""
    numbering, result, bottom = frequencies.numbering, [], 1
    for top in WIDTH_CLASSES:
        members = [i for i in range(numbering.count) if bottom < numbering.majors[i] <= top]
        bottom = top
        if members:
            start = np.full((len(members), int(numbering.majors[members].max())), NEVER, np.float32)
            for row, i in enumerate(members):
                here = slice(numbering.starts[i], numbering.starts[i + 1])
                start[row, : numbering.majors[i]] = frequencies.major_log[here]
            result.append((top, members, first_biases(start)))
    return result


def first_biases(logs: np.ndarray) -> np.ndarray:
    """Biases that start at log-marginals."""
    biases: np.ndarray = np.maximum(logs, LEAST_BIAS)
    return biases


def row_log_likelihood(
    frequencies: Frequencies,
    symbols: tf.Tensor,
    majors: Iterable[tuple[list[int], tf.Tensor]],
    minors: Callable[[tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """Log-probability of rows (rows, columns, 2): (rows,), in nats times the columns' shares.

    majors: for each class its columns and logits (rows, members, size). minors: from rows of the table of majors (rows,
    columns with a minor) to logits (rows, columns with a minor, most).
    """
    numbering, shares = frequencies.numbering, frequencies.shares
    total = tf.zeros(tf.shape(symbols)[0])
    for members, logits in majors:
        each = log_likelihood(logits, tf.gather(symbols[..., 0], members, axis=1))
        total += tf.reduce_sum(shares[members] * each, axis=1)
    if numbering.with_minor:
        chosen = tf.gather(symbols, numbering.with_minor, axis=1)
        logits = minors(chosen[..., 0] + numbering.starts[numbering.with_minor])
        has_minor = chosen[..., 0] >= numbering.firsts[numbering.with_minor]
        each = tf.where(has_minor, log_likelihood(logits, chosen[..., 1]), 0.0)
        total += tf.reduce_sum(shares[numbering.with_minor] * each, axis=1)
    return total


def folded(
    numbering: Numbering, width: int, classes: Iterable[tuple[list[int], np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """One head beside the other, as samplers take them: (width, all majors) and biases (all majors,).

    classes: columns, heads (members, width, size) and biases (members, size).
    """
    head, head_bias = np.zeros((width, numbering.rows), np.float32), np.zeros(numbering.rows, np.float32)
    for members, heads, biases in classes:
        for row, i in enumerate(members):
            here = slice(numbering.starts[i], numbering.starts[i + 1])
            head[:, here] = heads[row, :, : numbering.majors[i]]
            head_bias[here] = biases[row, : numbering.majors[i]]
    return head, head_bias
