"""Rows for TensorFlow: a `tf.data.Dataset` of arrays, and records as `tf.train.Example`."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import tensorflow as tf

from synthdata.blocks import Arrays, rows_of, take

__all__ = ["RecordFile", "batches", "feed", "mixed", "up_to"]


def batches(chunks: Iterator[Arrays], size: int) -> Iterator[dict[str, np.ndarray]]:
    """Regroup chunks of rows into batches of `size` rows; the last may be smaller."""
    held: dict[str, np.ndarray] = {}
    for chunk in chunks:
        held = {name: np.concatenate([held[name], array]) if held else array for name, array in chunk.items()}
        rows = rows_of(held)
        for start in range(0, rows - rows % size, size):
            yield take(held, slice(start, start + size))
        held = take(held, slice(rows - rows % size, rows))
    if rows_of(held):
        yield held


def up_to(made: Iterator[Arrays], rows: int | None) -> Iterator[Arrays]:
    """Stop after so many rows, in the middle of a batch if need be; None means never."""
    left = rows
    for batch in made:
        yield batch if left is None else take(batch, slice(0, left))
        if left is not None:
            left -= min(left, rows_of(batch))
            if not left:
                return


def mixed(
    made: Iterator[Arrays],
    read: Callable[[np.ndarray], Arrays],
    rows: int,
    real_rows: int,
    rng: np.random.Generator,
) -> Iterator[dict[str, np.ndarray]]:
    """Add real rows to each batch and shuffle it.

    read: gives real rows by their numbers below `rows`. real_rows: how many go into a batch; all are used
    once before any is used again.
    """
    order = np.empty(0, np.int64)
    for batch in made:
        while len(order) < real_rows:
            order = np.concatenate([order, rng.permutation(rows)])
        real, order = read(order[:real_rows]), order[real_rows:]
        together = {name: np.concatenate([batch[name], real[name]]) for name in batch}
        yield take(together, rng.permutation(rows_of(together)))


def feed(like: Arrays, made: Callable[[], Iterator[Arrays]], ahead: int = 2) -> tf.data.Dataset:
    """A `tf.data.Dataset` of batches, generated afresh in each epoch.

    like: arrays of the batches' names, types and shapes, with any number of rows. ahead: batches that are prepared
    while earlier ones are used.
    """
    signature = {
        name: tf.TensorSpec((None, *array.shape[1:]), tf.string if array.dtype.kind == "U" else array.dtype, name=name)
        for name, array in like.items()
    }
    return tf.data.Dataset.from_generator(made, output_signature=signature).prefetch(ahead)


class RecordFile:
    """A TFRecord file, written row by row; each row is a `tf.train.Example`."""

    def __init__(self, path: Path) -> None:
        self.writer = tf.io.TFRecordWriter(str(path))

    def add(self, columns: Mapping[str, list[bool | int | float | str | bytes | None]]) -> None:
        """Add rows. Values are bytes, texts, integers or 32-bit floats; None becomes an empty feature."""
        try:
            for row in zip(*columns.values(), strict=True):
                features = {name: _feature(value) for name, value in zip(columns, row, strict=True)}
                example = tf.train.Example(features=tf.train.Features(feature=features))
                self.writer.write(example.SerializeToString(deterministic=True))
        except tf.errors.OpError as error:
            raise _as_os_error(error) from error

    def close(self) -> None:
        """Write what is left to write."""
        try:
            self.writer.close()
        except tf.errors.OpError as error:
            raise _as_os_error(error) from error

    def abandon(self) -> None:
        """Close, ignoring what cannot be written."""
        with suppress(tf.errors.OpError):
            self.writer.close()


def _as_os_error(error: tf.errors.OpError) -> OSError:
    """TensorFlow's file errors have no errno; two of them mean a full disk or quota."""
    full = isinstance(error, tf.errors.ResourceExhaustedError | tf.errors.OutOfRangeError)
    return OSError(errno.ENOSPC if full else errno.EIO, error.message)


def _feature(value: bool | int | float | str | bytes | None) -> tf.train.Feature:
    match value:
        case None:
            return tf.train.Feature()
        case bool() | int():
            return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))
        case float():
            return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        case str():
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
        case bytes():
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
