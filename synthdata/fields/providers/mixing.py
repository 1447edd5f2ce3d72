"""Chance as a function: numbers that depend on the seed, the purpose, the person and the variant, and on nothing else.

A counter-based generator (Salmon et al. 2011) with the finaliser of SplitMix64 (Steele, Lea and Flood 2014): a row's
number needs no other row's, whatever their order.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np

from synthdata.fields.providers.base import People

__all__ = ["drawn", "female", "numbers"]

WORD = 0xFFFF_FFFF_FFFF_FFFF
STEP = np.uint64(0x9E37_79B9_7F4A_7C15)


def numbers(people: People, purpose: str, varying: bool = True) -> np.ndarray:
    """Numbers (n,) uint64 for a purpose; the same for all of somebody's variants unless they are `varying`."""
    mixed = _mixed(people.persons.astype(np.uint64) ^ _key(people.seed & WORD, purpose))
    return _mixed(mixed + people.variants.astype(np.uint64) * STEP) if varying else mixed


def drawn(people: People, purpose: str, bound: int, varying: bool = True) -> np.ndarray:
    """Numbers (n,) int64 in [0, bound). The bias is at most bound / 2**64."""
    return (numbers(people, purpose, varying) % np.uint64(bound)).astype(np.int64)


def female(people: People) -> np.ndarray:
    """Who is female (n,) bool: as the table says, and by chance where it does not."""
    tossed = drawn(people, "sex", 2, varying=False) == 0
    if people.sexes is None:
        return np.asarray(tossed)
    named = people.sexes.astype(object)
    return np.where(named == "female", True, np.where(named == "male", False, tossed))


def _mixed(words: np.ndarray) -> np.ndarray:
    words = words + STEP
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return np.asarray(words ^ (words >> np.uint64(31)))


@functools.lru_cache(maxsize=1024)
def _key(seed: int, purpose: str) -> np.uint64:
    digest = hashlib.blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
