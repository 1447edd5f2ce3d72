"""The augmenter: synthetic rows beside real ones, as a sampler of an imbalanced-learn pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length, column_or_1d

from synthdata.augmentation.amounts import Additions, Amount
from synthdata.augmentation.augmenting import draw_parts
from synthdata.augmentation.frames import like, named_frame, seed_of
from synthdata.augmentation.sources import REAL, SYNTHETIC, Generated
from synthdata.errors import InputError
from synthdata.fields import Category
from synthdata.pipeline import train
from synthdata.schema import Schema

__all__ = ["Augmenter"]


class Augmenter(BaseEstimator):  # type: ignore[misc]  # ships no types
    """Adds rows drawn from a model that learns those it is given: until classes are equal, or as many as asked for.

    `fit_resample(X, y)` returns the real rows, as they are and in their order, and the added ones after them; frames
    and series come back as such, arrays as arrays. Every added row has passed the gate.

    schema: of the columns of X, inferred if not given; it may name that of y too. balance: make the classes of y
    equal. level: up to this share of the largest. shares: of classes, in place of equal ones. factor, rows: how many
    times as long the table becomes, or how many rows to add. model: a family, or a mapping with its settings, as for
    `Synthesizer.fit`. max_minutes: of training. random_state: an int for the same rows again.

    After `fit_resample`: synthesizer_, the model; provenance_, (n,) "real" or "synthetic" by row; n_features_in_ and,
    of frames, feature_names_in_.
    """

    _estimator_type = "sampler"

    def __init__(
        self,
        schema: Schema | None = None,
        balance: bool = True,
        level: float = 1.0,
        shares: Mapping[Any, float] | None = None,
        factor: float | None = None,
        rows: int | None = None,
        model: str | Mapping[str, Any] | None = "transformer",
        max_minutes: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.schema = schema
        self.balance = balance
        self.level = level
        self.shares = shares
        self.factor = factor
        self.rows = rows
        self.model = model
        self.max_minutes = max_minutes
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803  # scikit-learn's name
        """Check what is given; rows are learned by `fit_resample`."""
        self._table(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:  # noqa: N803
        """Learn the rows, and return them with those that are added: X (n, features) and y (n,)."""
        frame, target, classes = self._table(X, y)
        seed = seed_of(self.random_state)
        schema = self._schema(frame, target, classes)
        amount = self._amount(target, classes)
        read = schema.read(frame)
        parts = Additions.of(read, schema, amount, seed=seed).parts
        added = read.iloc[:0]
        if parts:
            self.synthesizer_ = train(read, schema, model=self.model, seed=seed, max_minutes=self.max_minutes)
            added, _ = draw_parts(Generated(self.synthesizer_), read, parts, seed=seed)
        self.provenance_ = np.repeat([REAL, SYNTHETIC], [len(frame), len(added)])
        return self._features(X, read, added, schema), self._labels(y, added[target], classes, schema)

    def _table(self, data: Any, labels: Any) -> tuple[pd.DataFrame, str, np.ndarray]:
        """X and y as one frame, the name of y in it, and its classes; none if it is a quantity."""
        if labels is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        frame = named_frame(self, data, reset=True)
        check_consistent_length(frame, labels)
        values = column_or_1d(labels, warn=True)
        is_quantity = type_of_target(values) == "continuous"
        named = isinstance(labels, pd.Series) and labels.name is not None
        name = str(labels.name) if named else "target"
        while name in map(str, frame.columns):
            name += "_"
        classes = np.array([]) if is_quantity else np.unique(values)
        codes = values if is_quantity else np.searchsorted(classes, values).astype(str)
        return frame.assign(**{name: codes}), name, classes

    def _schema(self, frame: pd.DataFrame, target: str, classes: np.ndarray) -> Schema:
        own = frame.drop(columns=target)
        schema = self.schema or Schema.infer(own)
        lacking = [str(name) for name in own.columns if str(name) not in schema.fields]
        if lacking:
            raise InputError(f'the schema lacks the column "{lacking[0]}" of X; added rows could not have it')
        field = Category(values=[str(code) for code in range(len(classes))])
        if not len(classes):
            field = Schema.infer(frame[[target]]).fields[target]  # type: ignore[assignment]
        return schema.model_copy(update={"fields": {**schema.fields, target: field}, "target": target})

    def _amount(self, target: str, classes: np.ndarray) -> Amount:
        balance = (target,) if self.balance and len(classes) else ()
        codes = {label: str(code) for code, label in enumerate(classes.tolist())}
        unknown = [label for label in self.shares or {} if label not in codes]
        if unknown:
            raise InputError(f"shares: y has no class {unknown[0]!r}")
        shares = {codes[label]: share for label, share in (self.shares or {}).items()}
        if self.shares and not balance:
            raise InputError("shares are of classes: y has none, or balance is False")
        if not balance and self.factor is None and self.rows is None:
            raise InputError("nothing says how many rows to add: y has no classes to balance; give factor or rows")
        return Amount(rows=self.rows, factor=self.factor, balance=balance, shares=shares, level=self.level)

    def _features(self, data: Any, read: pd.DataFrame, added: pd.DataFrame, schema: Schema) -> Any:
        """The rows that came, and those that are added, as the ones that came."""
        if not isinstance(data, pd.DataFrame):
            array = np.asarray(data)
            own = added.iloc[:, : array.shape[1]].to_numpy(dtype=array.dtype if array.dtype.kind in "fiu" else object)
            return np.concatenate([array, own])
        columns = {}
        for name in data.columns:
            more = like(data[name], read[str(name)], added[str(name)], schema.fields[str(name)])
            columns[name] = pd.concat([data[name].astype(more.dtype), more], ignore_index=True)
        return pd.DataFrame(columns)

    def _labels(self, labels: Any, added: pd.Series, classes: np.ndarray, schema: Schema) -> Any:
        values = np.asarray(labels)
        more = classes[added.astype("int64")] if len(classes) else added.to_numpy(dtype=values.dtype)
        if isinstance(labels, pd.Series):
            return pd.concat([labels, pd.Series(more, dtype=labels.dtype, name=labels.name)], ignore_index=True)
        return np.concatenate([column_or_1d(labels), more.astype(values.dtype)])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.estimator_type = None
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
