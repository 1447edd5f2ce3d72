"""Imputation by draws from a generative model, as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from synthdata.augmentation.frames import like, named_frame, seed_of
from synthdata.errors import InputError
from synthdata.fields.base import Field
from synthdata.models import AUTO, family
from synthdata.models.base import ImputingGenerator
from synthdata.schema import Model, Schema
from synthdata.synthesizer import Synthesizer

__all__ = ["Imputer"]


class Imputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # ships no types
    """Fill missing cells with samples conditioned on the rest of the row, as a transformer of scikit-learn.

    Filled cells vary as much as real ones; several seeds give a multiple imputation. Frames come back with their
    columns, order and index, arrays as arrays (their columns are named x0, x1, ...). Present cells are not changed.
    What cannot be imputed stays missing: identifiers, images, columns that held no value in training.

    Parameters
    ----------
    schema : Schema, optional
        Of the columns that take part; inferred if not given. Other columns pass unchanged.
    columns : sequence of str, optional
        Columns to fill; all if not given.
    model : str or mapping, default "transformer"
        "transformer", or a mapping with its settings, as for `Synthesizer.fit`.
    max_minutes : float, optional
        Time budget of training, reading and encoding included.
    random_state : int or RandomState, optional
        An int gives the same model and the same cells again.

    Attributes
    ----------
    synthesizer_ : Synthesizer
        The model.
    seed_ : int
        The seed of its training and of the filled cells.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray
        Names of the columns, if X is a frame.

    See Also
    --------
    Synthesizer.fill : the same with a model that is fitted already.

    Notes
    -----
    For a multiple imputation, fit once for each of several seeds, analyse each completed table, and pool the results by
    Rubin's rules (Rubin 1987, Multiple Imputation for Nonresponse in Surveys, chapter 3): their mean, with the
    variance between the tables added to that within them.

    Examples
    --------
    >>> from synthdata import Imputer
    >>> imputer = Imputer(max_minutes=5, random_state=0)
    >>> complete = imputer.fit_transform(frame)  # doctest: +SKIP
    >>> int(complete.isna().sum().sum())  # doctest: +SKIP
    0
    >>> several = [Imputer(random_state=seed).fit_transform(frame) for seed in range(5)]  # doctest: +SKIP

    """

    def __init__(
        self,
        schema: Schema | None = None,
        columns: Sequence[str] | None = None,
        model: str | Mapping[str, Any] | None = "transformer",
        max_minutes: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.schema = schema
        self.columns = columns
        self.model = model
        self.max_minutes = max_minutes
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803  # scikit-learn's name
        """Train on rows that may have missing cells.

        Parameters
        ----------
        X : DataFrame or array, shape (n, features)
            The rows; missing cells are NaN, None or NA.
        y : object, optional
            Ignored; scikit-learn's pipelines pass it.

        Returns
        -------
        Imputer
            Itself, fitted.

        Raises
        ------
        InputError
            If the family of `model` cannot impute, or two columns have the same name.
        DataError
            If a cell cannot be read as the schema says, or there are too few rows to train on.
        TrainingError
            If training diverges.
        ValueError
            If an array has fewer than 20 rows.

        """
        frame = named_frame(self, X, reset=True)
        schema = self.schema or Schema.infer(frame)
        fields = {name: _with_nulls(field) for name, field in schema.fields.items()}
        schema = schema.model_copy(update={"fields": fields})
        name = schema.model.family if self.model is None else Model.model_validate(self.model).family
        if name == AUTO or not issubclass(family(name), ImputingGenerator):
            raise InputError(f"model {name} cannot impute; an Imputer takes model transformer")
        self.seed_ = seed_of(self.random_state)
        self.synthesizer_ = Synthesizer.fit(
            frame, schema, model=self.model, seed=self.seed_, max_minutes=self.max_minutes
        )
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Impute the missing cells.

        Parameters
        ----------
        X : DataFrame or array, shape (m, features)
            Rows with the columns of `fit`.

        Returns
        -------
        DataFrame or array, shape (m, features)
            The rows, as the kind that X is, with cells drawn where they were missing.

        Raises
        ------
        InputError
            If `columns` names a column that cannot be imputed.
        DataError
            If a cell cannot be read as the schema says.
        ValueError
            If X has other columns than in `fit`, or `fit` has not been called (scikit-learn's NotFittedError).

        """
        check_is_fitted(self)
        frame = named_frame(self, X, reset=False)
        fields = self.synthesizer_.schema.fields
        read = self.synthesizer_.schema.read(frame)
        filled = self.synthesizer_.fill(frame, self.columns, seed=self.seed_)
        names = {str(name): name for name in frame.columns}
        result = frame.copy()
        for name, field in fields.items():
            cells = np.flatnonzero(read[name].isna() & filled[name].notna())
            if cells.size:
                own = names[name]
                result[own] = _with_cells(frame[own], cells, filled[name].iloc[cells], field)
        if isinstance(X, pd.DataFrame):
            return result
        array = result.to_numpy()
        return array.astype(np.asarray(X).dtype) if array.dtype.kind == "f" else array

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _with_nulls(field: Field) -> Field:
    """The field made nullable, if its kind can be."""
    loose = field.model_copy(update={"nullable": True})
    return field if loose.check() else loose


def _with_cells(column: pd.Series, cells: np.ndarray, values: pd.Series, field: Field) -> pd.Series:
    """The column with values (m,) of the field's type in `cells` (m,), converted to the column's own type."""
    drawn = like(column, values, field)
    result: pd.Series = column.astype(drawn.dtype) if isinstance(drawn.dtype, pd.CategoricalDtype) else column.copy()
    result.iloc[cells] = drawn.to_numpy(object) if result.dtype == object else drawn.array
    return result
