"""Augmented copies of rows: images and texts are changed by the transforms of their fields, all else is kept."""

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
    """The transforms of the fields that name any."""
    asked = {name: field.transforming() for name, field in schema.fields.items()}
    return {name: each for name, each in asked.items() if each is not None}


def transform(
    frame: pd.DataFrame, schema: Schema, *, rows: int | None = None, seed: int = 0, listener: Listener = silent
) -> pd.DataFrame:
    """Copies of rows whose images and texts are changed at random by the schema's `transforms`.

    Copy i is of row i, starting over at the first row if there are more copies than rows, and its change depends on
    (seed, i) alone. Keys are copied too; the copies are not validated.

    Parameters
    ----------
    frame : DataFrame
        The real rows, raw (all text) or typed.
    schema : Schema
        Its image and text fields name the transforms.
    rows : int, optional
        How many copies, at least 1; as many as there are rows if not given.
    seed : int, default 0
        Equal seeds, frames and schemas give equal copies.
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    DataFrame
        The copies in the schema's types and order, images as bytes of PNG files; a missing text stays missing.

    Raises
    ------
    InputError
        If no field names a transform, or `rows` is below 1.
    MissingExtraError
        If the packages are not installed: TensorFlow, and KerasHub for texts.
    DataError
        If there are no rows, or a cell cannot be read as the schema says.

    See Also
    --------
    augment : adds such copies to a table (`copies`), validated.

    Examples
    --------
    >>> from synthdata import Image, Schema, transform
    >>> scan = Image(height=28, width=28, transforms={"rotation": 0.05, "translation": 0.1})
    >>> schema = Schema(fields={"scan": scan})
    >>> copies = transform(frame, schema, rows=1000)  # doctest: +SKIP

    """
    asked = transformed_fields(schema)
    if not asked:
        raise InputError(
            "no field of the schema names a transform; add some to an image or text field, "
            "transforms: {rotation: 0.05, translation: 0.1} say"
        )
    if rows is not None and rows < 1:
        raise InputError(f"{rows} copies asked for; ask for at least 1")
    frame = schema.read(frame)
    if not len(frame):
        raise DataError("the table has no rows to change")
    with needed("train", "changing images and texts"):
        from synthdata.augmentations.images import BATCH, augmentation

    changes = {name: augmentation(each) for name, each in asked.items()}
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
