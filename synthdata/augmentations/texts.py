"""Words of texts left out and swapped at random by layers of KerasHub. With `pretrained`, the door to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from synthdata.extras import check_installed
from synthdata.fields.transforms import TextTransforms

__all__ = ["text_transformer"]


def text_transformer(asked: TextTransforms) -> Callable[[np.ndarray, np.random.SeedSequence], np.ndarray]:
    """What changes texts (n,); a text's change is of the seed and its place. InputError without KerasHub."""
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
    """Leave words out, with the space behind them, but never all; then swap words, while spaces stay."""
    parts = re.split(r"(\s+)", text)
    words, spaces = parts[::2], [*parts[1::2], ""]
    places = list(range(len(words)))
    if deletion is not None:
        places = deletion(places, rng=rng) or places
    shown = places if swap is None else swap(places, rng=rng)
    return "".join(words[word] + spaces[place] for word, place in zip(shown, places, strict=True)).rstrip()
