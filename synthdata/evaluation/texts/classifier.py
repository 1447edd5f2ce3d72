"""A classifier of texts, for label agreement and TSTR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["TextClassifier"]

TERMS = 20_000


@dataclass(frozen=True)
class TextClassifier:
    """Logistic regression on weighted word frequencies (TF-IDF), each label against the rest."""

    counter: Any
    model: Any

    @classmethod
    def fit(cls, texts: Sequence[str], labels: np.ndarray, seed: int) -> TextClassifier:
        """Fit to texts and their labels (n,) int64."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import SGDClassifier

        counter = TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", max_features=TERMS, sublinear_tf=True, dtype=np.float32)
        model = SGDClassifier(
            loss="log_loss", alpha=1e-5, class_weight="balanced", max_iter=10, tol=None, random_state=seed
        )
        try:
            terms = counter.fit_transform(texts)
        except ValueError:  # no words at all
            return cls(None, int(np.bincount(labels).argmax()))
        return cls(counter, model.fit(terms, labels))

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """The labels of texts: (n,) int64."""
        if self.counter is None:
            return np.full(len(texts), self.model, np.int64)
        found = self.model.predict(self.counter.transform(texts))
        return np.asarray(found, np.int64)
