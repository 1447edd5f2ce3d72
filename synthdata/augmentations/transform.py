"""Changed copies of rows: images and texts as their fields' transforms say, all else as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthdata.errors import DataError, InputError
from synthdata.extras import needed
from synthdata.fields.transforms import Transforms
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema

__all__ = ["transform", "transformed_fields"]


def transformed_fields(schema: Schema) -> dict[str, Transforms]:
    """The fields that name transforms, with these."""
    asked = {name: field.transforming() for name, field in schema.fields.items()}
    return {name: each for name, each in asked.items() if each is not None}


def transform(
    frame: pd.DataFrame, schema: Schema, *, rows: int | None = None, seed: int = 0, listener: Listener = silent
) -> pd.DataFrame:
    """Copies of rows whose images and texts are changed at random, as the schema's `transforms` say.

    rows: how many copies; as many as there are rows, if not given. Copy i is of row i, counted on from the first again
    where there are more copies, and its change depends on (seed, i) alone: images are changed 64 at a time, the last
    ones filled up. They come in the schema's types and order, images as bytes of PNG files; keys are copied too. They
    have not passed the gate. Takes TensorFlow; texts take KerasHub, an extra. InputError where no field names a
    transform.
    """
    asked = transformed_fields(schema)
    if not asked:
        raise InputError(
            "no field of the schema names a transform; give an image or a text some, "
            "transforms: {rotation: 0.05, translation: 0.1} say"
        )
    if rows is not None and rows < 1:
        raise InputError(f"{rows} copies asked for; ask for at least 1")
    frame = schema.read(frame)
    if not len(frame):
        raise DataError("the table has no rows to change")
    with needed("train", "changing images and texts"):
        from synthdata.augmentations.images import BATCH, transformer

    changes = {name: transformer(each) for name, each in asked.items()}
    copies = len(frame) if rows is None else rows
    result = frame.iloc[np.arange(copies) % len(frame)].reset_index(drop=True)
    starts, done = range(0, copies, BATCH), 0
    for name, change in changes.items():
        field, place, cells = schema.fields[name], list(schema.fields).index(name), []
        for part, start in enumerate(starts):
            column = result[name].iloc[start : start + BATCH]
            own = np.random.SeedSequence(seed, spawn_key=(place, part))
            values = field.from_array(change(field.array(column), own))
            cells.append(values.set_axis(column.index).where(column.notna()))
            done += 1
            listener(Progress("transform", done / (len(changes) * len(starts))))
        result[name] = pd.concat(cells).astype(result[name].dtype)
    return result
