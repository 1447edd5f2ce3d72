"""Text vectors: latent semantic analysis of frequencies of words, pairs of words and character 3-grams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

__all__ = ["TextVectors"]

WIDTH = 64
TERMS = 20_000
ENOUGH = 200  # texts, from which on a term must be in two of them


@dataclass(frozen=True)
class TextVectors:
    """Latent semantic analysis (Deerwester et al. 1990), fitted to the training texts."""

    counters: Sequence[Any]
    directions: np.ndarray  # (terms, width) float32

    @classmethod
    def fit(cls, texts: Sequence[str], seed: int) -> tuple[TextVectors, np.ndarray]:
        """Fit to texts; and their vectors, as by `transform`."""
        from scipy.sparse import hstack  # type: ignore[import-untyped]
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        least = 2 if len(texts) >= ENOUGH else 1
        vectorizer = partial(TfidfVectorizer, min_df=least, max_features=TERMS, sublinear_tf=True, dtype=np.float32)
        counters, found = [], []
        for each in (
            vectorizer(ngram_range=(1, 2), token_pattern=r"\w+"),
            vectorizer(analyzer="char_wb", ngram_range=(3, 3)),
        ):
            try:
                found.append(each.fit_transform(texts))
            except ValueError:  # no term, or none that is frequent enough
                continue
            counters.append(each)
        if not counters:
            return cls((), np.zeros((0, 2), np.float32)), np.zeros((len(texts), 2), np.float32)
        terms = hstack(found, format="csr")
        width = min(WIDTH, len(texts) - 1, terms.shape[1] - 1)
        if width < 2:
            directions = np.eye(terms.shape[1], 2, dtype=np.float32)
        else:
            directions = randomized_svd(terms, width, n_iter=2, random_state=seed)[2].T
        return cls(counters, directions), np.asarray(terms @ directions, np.float32)

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: (n, width) float32."""
        if not self.counters:
            return np.zeros((len(texts), 2), np.float32)
        from scipy.sparse import hstack

        terms = hstack([each.transform(texts) for each in self.counters], format="csr")
        return np.asarray(terms @ self.directions, np.float32)
