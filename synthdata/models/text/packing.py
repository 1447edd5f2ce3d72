"""Packing several texts into one row of a batch, to reduce padding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run

__all__ = ["Packs", "lengths_of", "pack", "pack_batches"]

OPEN_ROWS = 32  # unfinished rows to which a text may be added
LEAST_STEPS = 96  # minimum length of a row


@dataclass(frozen=True)
class Packs:
    """Texts packed into rows. A text takes a step per token and one for its end token, unless it has full length.

    inputs, targets: (rows, steps) int32, the token before each step (0 at the first step of a text) and the token to
    predict. texts: (rows, most texts of a row) int32, indices of the texts in each row, -1 for padding. segment_ids:
    (rows, steps) int32, which of the row's texts a step belongs to, -1 for padding. position_ids: (rows, steps) int32,
    the position of a step in its text. validation_mask: (rows,) bool, the validation rows; None if any row may be.
    """

    inputs: np.ndarray
    targets: np.ndarray
    texts: np.ndarray
    segment_ids: np.ndarray
    position_ids: np.ndarray
    validation_mask: np.ndarray | None = None

    @property
    def steps(self) -> int:
        """Number of steps of a row."""
        return self.inputs.shape[1]

    def frequencies(self, rows: np.ndarray, vocabulary: int) -> np.ndarray:
        """Counts of the target tokens in some rows: (vocabulary,)."""
        return np.bincount(self.targets[rows][self.segment_ids[rows] >= 0], minlength=vocabulary)


class TextBatchSettings(Protocol):
    """The settings that determine batches of packed texts."""

    @property
    def batch_size(self) -> int | str:
        """Tokens per batch."""
        ...

    @property
    def validation_split(self) -> float:
        """Share of texts held out for validation."""
        ...


def pack_batches(tokens: np.ndarray, settings: TextBatchSettings, run: Run) -> tuple[Packs, Batches]:
    """Pack texts (n, length) into rows, and split these into batches of about `batch_size` tokens."""
    split = settings.validation_split
    packs = pack(tokens, seed=run.seed, validation_mask=run.validation_mask(len(tokens), split))
    size = max(1, int(settings.batch_size) // packs.steps)
    rows = len(packs.inputs)
    return packs, Batches(
        rows, batch_size=size, validation_split=split, seed=run.seed, validation_mask=packs.validation_mask
    )


def lengths_of(tokens: np.ndarray) -> np.ndarray:
    """Number of tokens of each text (n, length), without the end token: (n,)."""
    ended = tokens == 0
    return np.where(ended.any(axis=1), ended.argmax(axis=1), tokens.shape[1])


def pack(tokens: np.ndarray, *, seed: int, validation_mask: np.ndarray | None = None) -> Packs:
    """Pack texts (n, length) into rows, first fit; time is linear in the number of texts.

    validation_mask: (n,) bool, the validation texts, which are packed into separate rows.
    """
    length = tokens.shape[1]
    sizes = np.minimum(lengths_of(tokens) + 1, length)
    steps = max(length, LEAST_STEPS)
    order = np.random.default_rng([seed, 6]).permutation(len(tokens))
    if validation_mask is None:
        return _packed(tokens, sizes, _rows(order, sizes, steps), steps)
    held_out, others = (_rows(order[side[order]], sizes, steps) for side in (validation_mask, ~validation_mask))
    packs = _packed(tokens, sizes, [*held_out, *others], steps)
    return replace(packs, validation_mask=np.arange(len(held_out) + len(others)) < len(held_out))


def _rows(order: np.ndarray, sizes: np.ndarray, steps: int) -> list[list[int]]:
    """The indices of the texts in each row, texts taken in `order`."""
    rows: list[list[int]] = []
    unfilled: list[tuple[int, int]] = []  # row, steps left
    for text in order.tolist():
        size = int(sizes[text])
        for number, (row, left) in enumerate(unfilled):
            if left >= size:
                rows[row].append(text)
                unfilled[number] = row, left - size
                break
        else:
            rows.append([text])
            unfilled.append((len(rows) - 1, steps - size))
            if len(unfilled) > OPEN_ROWS:
                unfilled.remove(min(unfilled, key=lambda one: one[1]))
    return rows


def _packed(tokens: np.ndarray, sizes: np.ndarray, rows: list[list[int]], steps: int) -> Packs:
    texts = np.full((len(rows), max(map(len, rows))), -1, np.int32)
    inputs, targets, position_ids = np.zeros((3, len(rows), steps), np.int32)
    segment_ids = np.full((len(rows), steps), -1, np.int32)
    for row, members in enumerate(rows):
        texts[row, : len(members)] = members
        start = 0
        for segment, text in enumerate(members):
            size = int(sizes[text])
            part = slice(start, start + size)
            targets[row, part] = tokens[text, :size]
            inputs[row, start + 1 : start + size] = tokens[text, : size - 1]
            segment_ids[row, part], position_ids[row, part] = segment, np.arange(size)
            start += size
    return Packs(inputs, targets, texts, segment_ids, position_ids)
