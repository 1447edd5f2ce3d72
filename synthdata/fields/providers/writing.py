"""Digits and letters as arrays, and back: how a number with check digits is put together and read.

A code is 0 to 9 for a digit and 10 to 35 for a letter, as ISO 13616 has it.
"""

from __future__ import annotations

import re

import numpy as np

__all__ = ["codes", "digits", "fitting", "matching", "without", "written"]

ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)


def digits(values: np.ndarray, width: int) -> np.ndarray:
    """The last digits of whole numbers (n,), zeros in front: (n, width) int64."""
    return values[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10


def written(*parts: str | np.ndarray) -> np.ndarray:
    """Texts (n,) object, put together from codes (n, width) and what stands between them in every text."""
    count = next(len(part) for part in parts if isinstance(part, np.ndarray))
    blocks = [
        np.tile(np.frombuffer(part.encode("ascii"), dtype=np.uint8), (count, 1))
        if isinstance(part, str)
        else ALPHABET[part]
        for part in parts
    ]
    block = np.ascontiguousarray(np.concatenate(blocks, axis=1))
    width = block.shape[1]
    return block.view(f"S{width}").ravel().astype(f"U{width}").astype(object)


def codes(cells: np.ndarray) -> np.ndarray:
    """The codes of texts (n,) of one length, of digits and capital letters only: (n, width) int64."""
    if not len(cells):
        return np.zeros((0, 0), dtype=np.int64)
    read = cells.astype(f"S{len(cells[0])}").view(np.uint8).reshape(len(cells), -1).astype(np.int64)
    return np.where(read >= ord("A"), read - ord("A") + 10, read - ord("0"))


def matching(cells: np.ndarray, pattern: re.Pattern[str]) -> np.ndarray:
    """Which cells (n,) are texts that a pattern describes from end to end: (n,) bool."""
    return np.fromiter((isinstance(c, str) and pattern.fullmatch(c) is not None for c in cells), bool, len(cells))


def without(cells: np.ndarray, separators: str) -> np.ndarray:
    """Cells (n,) object in capitals, without separators and without space at the ends."""
    table = str.maketrans("", "", separators)
    return np.array([c.strip().upper().translate(table) if isinstance(c, str) else c for c in cells], dtype=object)


def fitting(cells: np.ndarray, pattern: re.Pattern[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which cells (n,) a pattern for texts of one length describes, (n,) bool, and the codes of those (m, width)."""
    fits = matching(cells, pattern)
    return fits, codes(cells[fits])
