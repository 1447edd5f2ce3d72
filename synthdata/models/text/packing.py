"""Texts side by side in rows of one length, so that little is computed for nothing: which text stands where."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["Packs", "lengths_of", "pack"]

OPEN = 32  # rows that are filled at once
LEAST_STEPS = 96  # of a row


@dataclass(frozen=True)
class Packs:
    """Rows of texts. A text of n tokens takes a step for each of them and one for its end, if there is room for that.

    inputs, targets: (rows, steps) int32, the token before each step (0 at a text's first) and the one to be drawn.
    texts: (rows, most) int32, numbers of the texts of a row, -1 for none. owners: (rows, steps) int32, to which of them
    a step belongs, -1 for none. places: (rows, steps) int32, of a step inside its text. aside: (rows,) bool, which hold
    texts to validate on; None where any may.
    """

    inputs: np.ndarray
    targets: np.ndarray
    texts: np.ndarray
    owners: np.ndarray
    places: np.ndarray
    aside: np.ndarray | None = None


def lengths_of(tokens: np.ndarray) -> np.ndarray:
    """How many tokens texts (n, length) have: (n,)."""
    ended = tokens == 0
    return np.where(ended.any(axis=1), ended.argmax(axis=1), tokens.shape[1])


def pack(tokens: np.ndarray, *, seed: int, aside: np.ndarray | None = None) -> Packs:
    """Put texts (n, length) into rows, each into the first that has room for it. Linear in the texts.

    aside: (n,) bool, texts that stand in rows of their own.
    """
    length = tokens.shape[1]
    sizes = np.minimum(lengths_of(tokens) + 1, length)
    steps = max(length, LEAST_STEPS)
    order = np.random.default_rng([seed, 6]).permutation(len(tokens))
    if aside is None:
        return _laid_out(tokens, sizes, _rows(order, sizes, steps), steps)
    apart, others = (_rows(order[side[order]], sizes, steps) for side in (aside, ~aside))
    packs = _laid_out(tokens, sizes, [*apart, *others], steps)
    return replace(packs, aside=np.arange(len(apart) + len(others)) < len(apart))


def _rows(order: np.ndarray, sizes: np.ndarray, steps: int) -> list[list[int]]:
    """Which texts stand in each row, of those numbered in `order`."""
    rows: list[list[int]] = []
    unfilled: list[tuple[int, int]] = []  # row, steps left
    for text in order.tolist():
        size = int(sizes[text])
        for place, (row, left) in enumerate(unfilled):
            if left >= size:
                rows[row].append(text)
                unfilled[place] = row, left - size
                break
        else:
            rows.append([text])
            unfilled.append((len(rows) - 1, steps - size))
            if len(unfilled) > OPEN:
                unfilled.remove(min(unfilled, key=lambda one: one[1]))
    return rows


def _laid_out(tokens: np.ndarray, sizes: np.ndarray, rows: list[list[int]], steps: int) -> Packs:
    texts = np.full((len(rows), max(map(len, rows))), -1, np.int32)
    inputs, targets = np.zeros((2, len(rows), steps), np.int32)
    owners, places = np.full((len(rows), steps), -1, np.int32), np.zeros((len(rows), steps), np.int32)
    for row, members in enumerate(rows):
        texts[row, : len(members)] = members
        start = 0
        for owner, text in enumerate(members):
            size = int(sizes[text])
            part = slice(start, start + size)
            targets[row, part] = tokens[text, :size]
            inputs[row, start + 1 : start + size] = tokens[text, : size - 1]
            owners[row, part], places[row, part] = owner, np.arange(size)
            start += size
    return Packs(inputs, targets, texts, owners, places)
