"""Records as features of an estimator: columns as codes and numbers, images as pixels, texts by their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from synthdata.augmentation.proof.estimators import Estimator
from synthdata.errors import InputError
from synthdata.evaluation.feature_space import FeatureSpace
from synthdata.fields import Field
from synthdata.fields.comparison import Images, Texts
from synthdata.schema import Schema

__all__ = ["Features", "Target"]

MOST_WIDE = 32  # pixels of a side: larger images are averaged down
MOST_WORDS = 5000
TOPICS = 100  # components that stand for the words of a text
FEWEST_CLASS = 2
FOREST = "sklearn.ensemble.ExtraTreesClassifier"  # Geurts, Ernst and Wehenkel 2006
REGRESSION_FOREST = "sklearn.ensemble.ExtraTreesRegressor"


@dataclass(frozen=True)
class Target:
    """What is predicted. labels: of the classes, most frequent first; empty for a numeric target."""

    name: str
    labels: tuple[str, ...]
    space: FeatureSpace

    @classmethod
    def of(cls, schema: Schema, frame: pd.DataFrame, name: str | None) -> Target:
        """The target, its classes read from all rows. InputError if there is nothing to predict."""
        name = name or schema.target
        if name is None:
            raise InputError("no target: set `target` in the schema, or name one (target=)")
        space = FeatureSpace.of(_only(schema, [name]), frame)
        if not space.columns:
            raise InputError(f'"{name}" is a field of kind {schema.fields[name].kind}: it cannot be predicted')
        column = space.columns[0]
        if not column.is_numeric and len(column.labels) < FEWEST_CLASS:
            raise InputError(f'"{name}" has a single class; there is nothing to predict')
        return cls(name, () if column.is_numeric else column.labels, space)

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Codes of classes, or numbers: (n,) float64, NaN where missing."""
        values = self.space.table(frame).values[:, 0]
        return np.where(values < len(self.labels), values, np.nan) if self.labels else values


@dataclass(frozen=True)
class Features:
    """How records become features; fitted to training rows alone.

    words: the vectoriser of each text field. others: how many features are pixels and words, after the table's.
    """

    schema: Schema
    target: str
    space: FeatureSpace
    words: Mapping[str, Any]
    others: int = 0

    @classmethod
    def of(cls, schema: Schema, frame: pd.DataFrame, target: str) -> Features:
        """Fit to rows of the schema's types."""
        views = {name: field.comparison(frame[name]) for name, field in schema.fields.items() if name != target}
        words = {name: _words(view.values) for name, view in views.items() if isinstance(view, Texts)}
        features = cls(schema, target, FeatureSpace.of(schema, frame), words)
        others = features.transform(frame.iloc[:1]).shape[1] - len(features.are_categorical)
        if not len(features.are_categorical) + others:
            raise InputError(f'there is nothing to predict "{target}" from')
        return replace(features, others=others)

    @property
    def are_categorical(self) -> np.ndarray:
        """Which features are codes of categories: (features,) bool."""
        kept = [name != self.target for name in self.space.names]
        return np.append(self.space.are_categorical[kept], np.zeros(self.others, bool))

    def estimator(self, given: Any, classes: int) -> Estimator:
        """The estimator: the given one, or boosted trees; for images, extremely randomised trees.

        Gradient boosting takes minutes for some hundred rows with a thousand features each and several classes.
        """
        has_pixels = any(isinstance(field.comparison(_nothing(field)), Images) for field in self.schema.fields.values())
        forest = FOREST if classes else REGRESSION_FOREST
        return Estimator.of(forest if given is None and has_pixels else given, self.are_categorical, classes)

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """(n, features) float64, NaN where missing."""
        parts = [self.space.features(self.space.table(frame), [self.target])]
        for name, field in self.schema.fields.items():
            view = field.comparison(frame[name])
            if isinstance(view, Images) and name != self.target:
                pixels = view.read(np.arange(view.rows))
                parts.append(_small(pixels).reshape(len(pixels), -1) / 255.0)
            elif isinstance(view, Texts) and name != self.target:
                parts.append(self.words[name].transform(_filled(view.values)))
        return np.hstack(parts)


def _nothing(field: Field) -> pd.Series:
    return pd.Series(dtype=field.dtype(False))


def _only(schema: Schema, names: list[str]) -> Schema:
    if names[0] not in schema.fields:
        from synthdata.errors import nearest

        raise InputError(f'no field "{names[0]}" to predict; {nearest(names[0], schema.fields)}')
    fields = {name: schema.fields[name] for name in names}
    return schema.model_copy(update={"fields": fields, "constraints": (), "suite": None, "target": None})


def _small(pixels: np.ndarray) -> np.ndarray:
    """Average images (n, height, width, channels) down to sides of `MOST_WIDE` at most."""
    rows, height, width, channels = pixels.shape
    step = max(1, -(-max(height, width) // MOST_WIDE))
    cut = pixels[:, : height // step * step, : width // step * step].astype(np.float32)
    blocks = cut.reshape(rows, height // step, step, width // step, step, channels)
    return np.asarray(blocks.mean(axis=(2, 4)))


def _words(texts: np.ndarray) -> Any:
    """A TF-IDF vectoriser with latent semantic analysis (Deerwester et al. 1990), fitted to texts."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    counted = TfidfVectorizer(sublinear_tf=True, min_df=2, max_features=MOST_WORDS)
    try:
        width = counted.fit_transform(_filled(texts)).shape[1]
    except ValueError:  # no word occurs in two texts
        counted, width = TfidfVectorizer(analyzer="char", max_features=MOST_WORDS), 2
        width = counted.fit_transform([*_filled(texts), "a b"]).shape[1]
    topics = TruncatedSVD(min(TOPICS, max(width - 1, 1)), random_state=0)
    made = make_pipeline(counted, topics)
    made.fit(_filled(texts))
    return made


def _filled(texts: np.ndarray) -> list[str]:
    return ["" if text is None else str(text) for text in texts]
