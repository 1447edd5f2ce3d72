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
    def fit(cls, texts: Sequence[str], seed: int) -> TextVectors:
        """Fit to texts."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        least = 2 if len(texts) >= ENOUGH else 1
        vectorizer = partial(TfidfVectorizer, min_df=least, max_features=TERMS, sublinear_tf=True, dtype=np.float32)
        counters = []
        for each in (
            vectorizer(ngram_range=(1, 2), token_pattern=r"\w+"),
            vectorizer(analyzer="char_wb", ngram_range=(3, 3)),
        ):
            try:
                counters.append(each.fit(texts))
            except ValueError:  # no term, or none that is frequent enough
                continue
        if not counters:
            return cls((), np.zeros((0, 2), np.float32))
        terms = _terms(counters, texts)
        width = min(WIDTH, len(texts) - 1, terms.shape[1] - 1)
        if width < 2:
            return cls(counters, np.eye(terms.shape[1], 2, dtype=np.float32))
        return cls(counters, randomized_svd(terms, width, n_iter=2, random_state=seed)[2].T)

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: (n, width) float32."""
        if not self.counters:
            return np.zeros((len(texts), 2), np.float32)
        return np.asarray(_terms(self.counters, texts) @ self.directions, np.float32)


def _terms(counters: Sequence[Any], texts: Sequence[str]) -> Any:
    from scipy.sparse import hstack  # type: ignore[import-untyped]

    return hstack([each.transform(texts) for each in counters], format="csr")
