"""Augmentation as a sampler of an imbalanced-learn pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, column_or_1d

from synthdata.augmentation.amounts import Additions, Amount
from synthdata.augmentation.augmenting import draw_parts
from synthdata.augmentation.frames import like, named_frame, seed_of
from synthdata.augmentation.labels import Labels, checked
from synthdata.augmentation.sources import REAL, SYNTHETIC, Generated
from synthdata.errors import InputError
from synthdata.pipeline import train
from synthdata.schema import Schema

__all__ = ["Augmenter"]


class Augmenter(OneToOneFeatureMixin, BaseEstimator):  # type: ignore[misc]  # ships no types
    """Add synthetic rows to a training set, as a sampler for imbalanced-learn's pipelines.

    `fit_resample(X, y)` trains a model on the rows and returns the real rows, unchanged and in their order, then the
    added ones, all of which have been validated. Frames, series, arrays and lists come back as such, with their types;
    frames and series have a new index; a categorical column may have gained categories.

    `y` is a number if it has fractions, or if it is made of numbers, `balance` is False, and some of its values come in
    fewer rows than a class needs (8). Otherwise it holds classes.

    Parameters
    ----------
    schema : Schema, optional
        Of the columns of X; inferred if not given. If it also names y (by the name of a series, else as its target),
        what it says of y holds: bounds, classes, constraints. If not, classes are taken as they are.
    balance : bool, default True
        Make the classes of y equally frequent.
    level : float, default 1.0
        Balance up to this share of the largest class.
    shares : mapping of class to float, optional
        Shares of classes, instead of equal ones.
    factor : float, optional
        How many times as long the table becomes.
    rows : int, optional
        How many rows to add.
    model : str or mapping, default "transformer"
        A family, or a mapping with its settings, as for `Synthesizer.fit`; None for the schema's.
    max_minutes : float, optional
        Time budget of training, reading and encoding included.
    random_state : int or RandomState, optional
        An int gives the same rows again.

    Attributes
    ----------
    synthesizer_ : Synthesizer or None
        The model; None if there was nothing to add.
    provenance_ : ndarray, shape (n,)
        "real" or "synthetic" for each row.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray
        Names of the columns, if X is a frame.

    See Also
    --------
    augment : the same for a table and a fitted `Synthesizer`.
    prove : whether added rows help, before they are used.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Augmenter
    >>> X = pd.DataFrame({"age": [30, 40, 50, 60] * 10})
    >>> y = pd.Series(["yes"] * 10 + ["no"] * 30, name="sick")
    >>> more, labels = Augmenter(model="marginals", random_state=0).fit_resample(X, y)
    >>> labels.value_counts().to_dict()
    {'yes': 30, 'no': 30}

    Inside cross-validation, rows are added to the training folds only:

    >>> from imblearn.pipeline import make_pipeline  # doctest: +SKIP
    >>> from sklearn.ensemble import HistGradientBoostingClassifier  # doctest: +SKIP
    >>> make_pipeline(Augmenter(max_minutes=5), HistGradientBoostingClassifier()).fit(X, y)  # doctest: +SKIP

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
        """Check X and y; `fit_resample` does the training.

        Parameters
        ----------
        X : DataFrame, array or list, shape (n, features)
            The training rows; cells may be missing.
        y : Series, array or list, shape (n,)
            The target; no value may be missing.

        Returns
        -------
        Augmenter
            Itself.

        Raises
        ------
        InputError
            If two columns of X have the same name.
        ValueError
            If `y` is not given or has missing values, X and y differ in length, or an array has fewer than 20 rows.
        TypeError
            If a column is sparse or holds durations.

        """
        self._frame(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:  # noqa: N803
        """Train on the rows, and return them with the added ones.

        Parameters
        ----------
        X : DataFrame, array or list, shape (n, features)
            The training rows; cells may be missing.
        y : Series, array or list, shape (n,)
            The target; no value may be missing.

        Returns
        -------
        X : DataFrame, array or list, shape (n + added, features)
            The real rows first, in their order, then the synthetic ones.
        y : Series, array or list, shape (n + added,)
            Their target.

        Raises
        ------
        InputError
            If nothing says how many rows to add, a class has fewer than 8 rows or subjects, `shares` names a class
            that y lacks, or the schema lacks a column of X.
        DataError
            If a cell cannot be read as the schema says, or there are too few rows to train on.
        GateError
            If X and y break the schema, or too few added rows pass its checks.
        TrainingError
            If training diverges.
        ValueError
            If `y` is not given, has missing values or one class only, X and y differ in length, or an array has
            fewer than 20 rows.
        TypeError
            If a column is sparse or holds durations.

        """
        frame = self._frame(X, y)
        schema, labels = self._schema(frame, y)
        target = str(schema.target)
        seed = seed_of(self.random_state)
        amount = self._amount(target, labels)
        read = schema.read(frame.assign(**{target: labels.column}))
        parts = Additions.of(read, schema, amount, seed=seed).parts
        self.synthesizer_, added = None, read.iloc[:0]
        if parts:
            self.synthesizer_ = train(read, schema, model=self.model, seed=seed, max_minutes=self.max_minutes)
            added, _ = draw_parts(Generated(self.synthesizer_), read, parts, seed=seed)
        self.provenance_ = np.repeat([REAL, SYNTHETIC], [len(frame), len(added)])
        return _longer(X, frame, added, schema), _longer_labels(y, labels.back(added[target]))

    def _frame(self, data: Any, given: Any) -> pd.DataFrame:
        """X as a frame whose column names are strings."""
        if given is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        frame = named_frame(self, data, reset=True)
        for name, dtype in frame.dtypes.items():
            if isinstance(dtype, pd.SparseDtype):
                raise TypeError(f'column "{name}" is sparse; give it as a dense one, see Series.sparse.to_dense')
            if pd.api.types.is_timedelta64_dtype(dtype):
                raise TypeError(f'column "{name}" holds durations; give numbers, see Series.dt.total_seconds')
        check_consistent_length(frame, given)
        checked(given)
        return frame.set_axis([str(name) for name in frame.columns], axis=1).reset_index(drop=True)

    def _schema(self, frame: pd.DataFrame, given: Any) -> tuple[Schema, Labels]:
        """The schema of X and y, with y as its target, and the labels."""
        schema = self.schema or Schema.infer(frame)
        lacking = [name for name in frame.columns if name not in schema.fields]
        if lacking:
            raise InputError(f'the schema lacks the column "{lacking[0]}" of X, which added rows could not have then')
        target = _name_of(given, schema, list(frame.columns))
        labels = Labels.of(given, schema.fields.get(target), balance=self.balance)
        fields = {**schema.fields, target: labels.field}
        return schema.model_copy(update={"fields": fields, "target": target}), labels

    def _amount(self, target: str, labels: Labels) -> Amount:
        classes = labels.classes.tolist()
        balance = (target,) if self.balance and classes else ()
        if self.shares and not balance:
            raise InputError("shares are of classes: y has none, or balance is False")
        unknown = [label for label in self.shares or {} if label not in classes]
        if unknown:
            raise InputError(f"shares: y has no class {unknown[0]!r}")
        if self.factor is None and self.rows is None:
            if not balance:
                raise InputError(
                    "nothing says how many rows to add: no classes are to be balanced; give factor or rows"
                )
            if len(classes) == 1:
                raise ValueError("y has one class only, there is nothing to balance it with; give factor or rows")
        written = labels.field.write(labels.keys).tolist()
        shares = {str(written[classes.index(label)]): share for label, share in (self.shares or {}).items()}
        return Amount(rows=self.rows, factor=self.factor, balance=balance, shares=shares, level=self.level)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "sampler"
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _name_of(given: Any, schema: Schema, own: Sequence[str]) -> str:
    """The name of the column of y: that of y, else that of the schema's target, but not that of a column of X."""
    name = getattr(given, "name", None)
    if isinstance(given, pd.DataFrame) and len(given.columns) == 1:
        name = given.columns[0]
    if name is None:
        name = schema.target or "target"
    name = str(name)
    while name in own:
        name += "_"
    return name


def _longer(data: Any, frame: pd.DataFrame, added: pd.DataFrame, schema: Schema) -> Any:
    """X, as the frame, array or list it was, followed by the added rows."""
    more = [like(column, added[str(name)], schema.fields[str(name)]) for name, column in frame.items()]
    if isinstance(data, pd.DataFrame):
        columns = [
            pd.concat([column.astype(rest.dtype), rest], ignore_index=True)
            for (_, column), rest in zip(frame.items(), more, strict=True)
        ]
        return pd.concat(columns, axis=1).set_axis(data.columns, axis=1)
    own = np.asarray(data)
    rows = np.empty((len(added), len(more)), object if own.dtype.kind in "OU" else own.dtype)
    for number, column in enumerate(more):
        rows[:, number] = column.to_numpy()
    if isinstance(data, list):
        return [*data, *rows.tolist()]
    if own.dtype.kind == "U":
        rows = np.where(pd.isna(rows), "", rows).astype(str)  # an array of text has no missing cells
    return np.concatenate([own, rows])


def _longer_labels(given: Any, more: np.ndarray) -> Any:
    """Y, as the kind it was, followed by that of the added rows."""
    if isinstance(given, pd.DataFrame):
        return _longer_labels(given.iloc[:, 0], more).to_frame().set_axis(given.columns, axis=1)
    if isinstance(given, pd.Series):
        return pd.concat([given, pd.Series(more, dtype=given.dtype, name=given.name)], ignore_index=True)
    if isinstance(given, list):
        return [*given, *more.tolist()]
    own = column_or_1d(given)
    return np.concatenate([own, more.astype(own.dtype)])
