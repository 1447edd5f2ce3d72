"""Random deletion and swapping of words by layers of KerasHub."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from synthdata.extras import check_installed
from synthdata.fields.transforms import TextTransforms

__all__ = ["text_augmentation"]


def text_augmentation(asked: TextTransforms) -> Callable[[np.ndarray, np.random.SeedSequence], np.ndarray]:
    """A function that changes texts (n,); the change depends on the seed and the index. InputError without KerasHub."""
    check_installed("pretrained", "a transform of texts")
    import keras_hub

    deletion = keras_hub.layers.RandomDeletion(asked.deletion, seed=0) if asked.deletion is not None else None
    swap = keras_hub.layers.RandomSwap(asked.swap, seed=0) if asked.swap is not None else None

    def changed(texts: np.ndarray, seed: np.random.SeedSequence) -> np.ndarray:
        own = [np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, row)) for row in range(len(texts))]
        pairs = zip(texts.tolist(), own, strict=True)
        return np.array([_changed(text, deletion, swap, np.random.default_rng(each)) for text, each in pairs], np.str_)

    return changed


def _changed(text: str, deletion: Any, swap: Any, rng: np.random.Generator) -> str:
    """Delete words, with the space after them, but never all; then swap words, and keep the spaces."""
    parts = re.split(r"(\s+)", text)
    words, spaces = parts[::2], [*parts[1::2], ""]
    places = list(range(len(words)))
    if deletion is not None:
        places = deletion(places, rng=rng) or places
    shown = places if swap is None else swap(places, rng=rng)
    return "".join(words[word] + spaces[place] for word, place in zip(shown, places, strict=True)).rstrip()
