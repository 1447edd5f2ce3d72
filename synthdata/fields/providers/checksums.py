"""Check digits, for many numbers at once. Codes are as in `writing`, (n, width) int64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["italian", "luhn", "mod_11_10", "mod_97", "unambiguous", "weighted"]

ITALIAN_ODD = np.array([1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23])


def weighted(codes: np.ndarray, weights: Sequence[int]) -> np.ndarray:
    """The weighted sum of as many codes as there are weights: (n,) int64."""
    return codes[:, : len(weights)] @ np.asarray(weights, dtype=np.int64)


def luhn(codes: np.ndarray) -> np.ndarray:
    """The check digit of digits without one, (n,) int64 (ISO/IEC 7812-1, Annex B)."""
    doubled = codes.copy()
    doubled[:, ::-2] *= 2
    return np.asarray(-(doubled // 10 + doubled % 10).sum(axis=1) % 10)


def mod_97(codes: np.ndarray) -> np.ndarray:
    """The number that codes make, a letter being two digits, modulo 97: (n,) int64 (ISO/IEC 7064)."""
    rest = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:
        rest = (rest * np.where(column < 10, 10, 100) + column) % 97
    return rest


def mod_11_10(codes: np.ndarray) -> np.ndarray:
    """The check digit of digits without one, (n,) int64 (ISO/IEC 7064, MOD 11,10)."""
    product = np.full(len(codes), 10, dtype=np.int64)
    for column in codes.T:
        total = (column + product) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return (11 - product) % 10


def italian(codes: np.ndarray) -> np.ndarray:
    """The check letter of an Italian tax code or bank account, as 0 for A to 25 for Z: (n,) int64."""
    values = np.where(codes < 10, codes, codes - 10)
    return np.asarray((ITALIAN_ODD[values[:, ::2]].sum(axis=1) + values[:, 1::2].sum(axis=1)) % 26)


def unambiguous(codes: np.ndarray, weights: Sequence[int], place: int) -> np.ndarray:
    """Codes whose weighted sum leaves a rest modulo 11 that one digit can mend, that is not 1.

    Where it is, the digit at a place goes up by one (nine becomes nought), which always changes the rest. (n, width).
    """
    stuck = weighted(codes, weights) % 11 == 1
    mended = codes.copy()
    mended[stuck, place] = (mended[stuck, place] + 1) % 10
    return mended
