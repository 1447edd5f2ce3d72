"""Latent vectors of a `RowGAN`, in numpy: noise, and one symbol of the row that is told, the cue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.tabular.symbols import Numbering

__all__ = ["EXPANSION", "cue_columns", "cued_latents", "enter_cued"]

EXPANSION = 2  # width of a RowGAN's feed-forward layers, in widths
MOST_CUES = 64  # symbols of a column that is told


def cue_columns(numbering: Numbering) -> list[int]:
    """The columns whose symbols may be told: those of few symbols, or all if there are none."""
    some = [i for i in range(numbering.count) if numbering.majors[i] > 1]
    return [i for i in some if numbering.majors[i] <= MOST_CUES] or some or [0]


def cued_latents(
    weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int, share: np.ndarray | None = None
) -> np.ndarray:
    """Draw latent vectors: (rows, latent + 1) float32, the last number the cue, a row of the table of majors.

    share: how often each cue comes, (all majors,), in place of how often it came in training.
    """
    upto = np.cumsum(weights["cue_share"] if share is None else share, dtype=np.float64)
    cue = np.searchsorted(upto, rng.random(rows) * upto[-1], side="right")
    cue = np.minimum(cue, np.flatnonzero(np.diff(upto, prepend=0.0))[-1])
    noise = rng.standard_normal((rows, len(weights["enter"])), np.float32)
    return np.hstack([noise, cue[:, None].astype(np.float32)])


def enter_cued(weights: Mapping[str, np.ndarray], latent: np.ndarray) -> np.ndarray:
    """What goes into the first block: (n, latent + 1) to (n, width)."""
    x: np.ndarray = latent[:, :-1] @ weights["enter"]
    x += weights["enter_bias"]
    x += weights["cue"][latent[:, -1].astype(np.int64)]
    return x
