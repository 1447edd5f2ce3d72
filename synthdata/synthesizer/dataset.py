"""Fresh rows as a `tf.data.Dataset`, by themselves or mixed with real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays
from synthdata.errors import InputError
from synthdata.extras import needed
from synthdata.schema import Schema

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["dataset_of"]


def dataset_of(
    schema: Schema,
    stream: Callable[[int | None], Iterator[pd.DataFrame]],
    batch_size: int,
    *,
    rows: int | None,
    real: pd.DataFrame | None,
    real_fraction: float,
    seed: int,
) -> tf.data.Dataset:
    """Batches of rows, see `Synthesizer.dataset`. stream: draws frames of fresh rows, of which so many are wanted."""
    with needed("train", "dataset()"):
        from synthdata.io.tf_data import batches, feed, mixed, up_to

    if batch_size < 1 or (rows is not None and rows < 1):
        raise InputError(f"batches of {batch_size}, {rows} rows: ask for at least 1")
    taken = 0 if real is None else round(real_fraction * batch_size)
    if real is not None and not 0 < taken < batch_size:
        raise InputError(
            f"real_fraction {real_fraction} leaves a batch of {batch_size} rows no real, or no synthetic, row"
        )
    known = None if real is None else schema.read(real)
    wanted = None if rows is None else -(-rows // batch_size) * (batch_size - taken)
    stream(wanted)  # to refuse now what cannot be drawn

    def drawn() -> Iterator[Arrays]:
        synthetic = batches(map(schema.arrays, stream(wanted)), batch_size - taken)
        if known is None:
            return up_to(synthetic, rows)
        rng = np.random.default_rng([seed, 5])
        both = mixed(synthetic, lambda these: schema.arrays(known.iloc[these]), len(known), taken, rng)
        return up_to(both, rows)

    none = {name: pd.Series(dtype=each.dtype(each.nullable)) for name, each in schema.fields.items()}
    return feed(schema.arrays(pd.DataFrame(none)), drawn)
