"""Knowing a name when one sees it: by the lists of all locales that write with the same letters."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthdata.fields.providers.pools import known_locales, pool, script, script_of

__all__ = [
    "FAMILY_FIRST",
    "Lists",
    "is_family_name",
    "is_full_name",
    "is_given_name",
    "lists",
    "lists_of_script",
    "locales_of_script",
]

FAMILY_FIRST = {"ja": " ", "zh": "", "ko": "", "hu": " "}  # the locales, and what stands between the names
SAID_BEFORE = "mr mrs ms miss dr prof sir herr frau mme mlle monsieur madame sr sra don dipl ing jr"
SAID_BETWEEN = "af al av da das de del della den der di do dos du el la las le los mac mc st st. te ten van von y zu"
TITLES = frozenset(SAID_BEFORE.split())
PARTICLES = frozenset(SAID_BETWEEN.split())
UNSPACED = {"Han", "Hangul"}


@dataclass(frozen=True)
class Lists:
    """Given and family names, lower-cased."""

    given: frozenset[str]
    family: frozenset[str]

    def gives(self, cell: str) -> bool:
        """Whether a cell is one given name or some."""
        words = _words(cell)
        return " ".join(words) in self.given or (0 < len(words) <= 3 and all(self._given(word) for word in words))

    def is_family(self, cell: str) -> bool:
        """Whether a cell is a family name, double ones and ones with "van" or "de" included."""
        words = _words(cell)
        if " ".join(words) in self.family:
            return True
        return 0 < len(words) <= 4 and self._family(words[-1]) and all(w in PARTICLES or self._family(w) for w in words)

    def names(self, cell: str) -> bool:
        """Whether a cell is a whole name: a given one and a family one, or the other way round."""
        words = _words(cell.replace(",", " "))
        if len(words) > 2:
            words = [word for word in words if word.rstrip(".") not in TITLES]
        if len(words) == 1 and script_of(cell) in UNSPACED:
            return any(words[0][:at] in self.family and words[0][at:] in self.given for at in (1, 2))
        if not 2 <= len(words) <= 5:
            return False
        if self._given(words[0]) and self._family(words[-1]):
            return True
        if self._given(words[-1]) and self._family(words[0]):
            return True
        splits = ((" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words)))
        return any(self._given(given) and self._family(family) for given, family in splits)

    def _given(self, word: str) -> bool:
        return word in self.given or ("-" in word and all(part in self.given for part in word.split("-")))

    def _family(self, word: str) -> bool:
        return word in self.family or ("-" in word and any(part in self.family for part in word.split("-")))


@functools.cache
def lists(locale: str) -> Lists:
    """The names of a locale."""
    given = {name.lower() for name in (*pool(locale, "female given"), *pool(locale, "male given"))}
    family = {name.lower() for name in (*pool(locale, "female family"), *pool(locale, "male family"))}
    return Lists(frozenset(given), frozenset(family | {name.split()[-1] for name in family}))


@functools.cache
def locales_of_script(letters: str) -> tuple[str, ...]:
    """The locales that write with these letters, sorted."""
    return tuple(sorted(locale for locale in known_locales() if script(locale) == letters))


@functools.cache
def lists_of_script(letters: str) -> Lists:
    """The names of all locales that write with these letters."""
    known = [lists(locale) for locale in locales_of_script(letters)]
    return Lists(
        frozenset().union(*(each.given for each in known)), frozenset().union(*(each.family for each in known))
    )


def _words(cell: str) -> list[str]:
    return cell.lower().split()


def _known(ask: Callable[[Lists, str], bool]) -> Callable[[np.ndarray], np.ndarray]:
    def known(cells: np.ndarray) -> np.ndarray:
        """Which texts (n,) the lists know: (n,) bool."""
        return np.fromiter((isinstance(cell, str) and _asked(ask, cell) for cell in cells), bool, len(cells))

    return known


def _asked(ask: Callable[[Lists, str], bool], cell: str) -> bool:
    letters = script_of(cell)
    return letters is not None and not re.search(r"\d", cell) and ask(lists_of_script(letters), cell)


is_given_name = _known(Lists.gives)
is_family_name = _known(Lists.is_family)
is_full_name = _known(Lists.names)
