"""What mimesis knows of a locale: names, streets, towns and firms, read or drawn once and kept as sorted lists.

The lists belong to the installed version of mimesis: values are equal from run to run as long as it stays the same.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

__all__ = ["Pool", "known_locales", "pool", "script", "script_of"]

Pool: TypeAlias = Literal[
    "female given", "male given", "female family", "male family", "city", "street", "postcode", "phone"
]

BATCH = 2_000
MOST = 40_000  # draws: enough to see all but a few of the longest list's 2,500 items

SCRIPTS = {"ru": "Cyrillic", "uk": "Cyrillic", "kk": "Cyrillic", "el": "Greek", "ar": "Arabic", "fa": "Arabic"} | {
    "ja": "Han",
    "zh": "Han",
    "ko": "Hangul",
}
RANGES = {
    "Greek": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x52F),
    "Arabic": (0x600, 0x6FF),
    "Han": (0x3040, 0x9FFF),
    "Hangul": (0xAC00, 0xD7A3),
}


@functools.lru_cache(maxsize=1)
def known_locales() -> frozenset[str]:
    """All locales that mimesis has."""
    from mimesis.locales import Locale

    return frozenset(locale.value for locale in Locale)


def script(locale: str) -> str:
    """The script a locale writes names in."""
    return SCRIPTS.get(locale.partition("-")[0], "Latin")


def script_of(text: str) -> str | None:
    """The script of a text's first letter; None where there is none."""
    letter = next((letter for letter in text if letter.isalpha()), None)
    if letter is None:
        return None
    return next((name for name, (low, high) in RANGES.items() if low <= ord(letter) <= high), "Latin")


@functools.cache
def pool(locale: str, what: Pool) -> np.ndarray:
    """Everything of a sort that a locale has, sorted: (size,) object of str."""
    chosen_from: list[Sequence[object]] = []
    draw = _drawer(locale, what, chosen_from)
    seen = {draw()}
    if len(chosen_from) == 1 and seen <= set(chosen_from[0]):  # the item as it stands in the list
        seen = {str(item) for item in chosen_from[0]}
    for _ in range(0 if len(seen) > 1 else MOST // BATCH):
        before = len(seen)
        seen.update(draw() for _ in range(BATCH))
        if len(seen) == before:
            break
    return np.array(sorted({_tidy(item) for item in seen} - {""}), dtype=object)


def _tidy(item: str) -> str:
    """An item without what has slipped into some lists: stray space and marks, remarks, a heading, a country."""
    bare = " ".join(re.sub(r"\(.*?\)|[‘’`\"]+$", "", item).split())
    return re.sub(r"(?:, [A-Z][a-z]+| spain)$|^First names$", "", bare)


def _drawer(locale: str, what: Pool, chosen_from: list[Sequence[object]]) -> Callable[[], str]:
    """A function that draws an item, and adds the lists that it chooses from to `chosen_from`."""
    from mimesis import Address, Person
    from mimesis.enums import Gender
    from mimesis.locales import Locale
    from mimesis.random import Random

    class Noting(Random):
        def choice(self, seq: Any) -> Any:
            chosen_from.append(seq)
            return super().choice(seq)

    person, address = Person(Locale(locale), seed=1), Address(Locale(locale), seed=1)
    for provider in (person, address):
        provider.random = Noting(1)
    drawers: dict[Pool, Callable[[], str]] = {
        "female given": lambda: person.first_name(Gender.FEMALE),
        "male given": lambda: person.first_name(Gender.MALE),
        "female family": lambda: person.last_name(Gender.FEMALE),
        "male family": lambda: person.last_name(Gender.MALE),
        "city": address.city,
        "street": lambda: _street(locale, address.street_name(), address.address()),
        "postcode": address.postal_code,
        "phone": person.phone_number,
    }
    return drawers[what]


def _street(locale: str, name: str, address: str) -> str:
    """A street without a house number: an address without it, or the bare name where the address says other things."""
    if locale in ("ja", "pt-br"):
        return name
    if locale == "it":
        return f"Via {name}"
    return re.sub(r"^\d+ |,? ?\d+号?$", "", address, count=1)
