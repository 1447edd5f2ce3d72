"""Names of people in texts: those behind a title, and words that only somebody's texts repeat, become made-up ones.

The made-up names are few, so that many texts share each, and a generator learns them as it learns any word. The same
name becomes the same one everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from zlib import crc32

import numpy as np

__all__ = ["MadeNames"]

TITLES = {  # by locale; with the most words of a name behind it
    "en": ("Mr|Mrs|Ms|Miss|Dr|Prof", 2),
    "de": ("Herr|Herrn|Frau|Fr|Hr", 1),
    "fr": (r"M(?=\.)|Mme|Mlle|Monsieur|Madame", 2),
    "es": ("Sr|Sra|Srta|Señor|Señora", 2),
    "it": ("Sig|Signor|Signora|Dott", 2),
    "nl": ("Dhr|Mevr|Mevrouw|Meneer", 2),
}
NOUNS = {"de"}  # where a capital says nothing
WRITTEN = r"[^\W\d_a-z][^\W\d_]+"  # a capital, and more letters
NAME = rf"(?:[DO]['’]|Mc|Mac)?{WRITTEN}(?:['’-]{WRITTEN})*"  # O'Brien, Smith-Jones
PARTICLES = r"(?:(?:de|del|della|da|di|la|le|van|von|vom|zu|der|den|ten|ter|bin|al|el|y|e) )*"
BEHIND = {
    locale: re.compile(rf"\b((?:{titles})\b\.?) ({PARTICLES}{NAME}(?: {PARTICLES}{NAME}){{0,{most - 1}}})")
    for locale, (titles, most) in TITLES.items()
}
WORD = re.compile(r"\w+")
EACH = 12  # mentions of a made-up name, about, so that enough subjects show it
MOST = 24  # made-up names


class MadeNames:
    """What names of texts become. gone: words, in lower case, that are left out, or replaced if they are names."""

    def __init__(self, texts: Sequence[str], gone: Collection[str]) -> None:
        mentions = {locale: sum(len(each.findall(text)) for text in texts) for locale, each in BEHIND.items()}
        self.locale = max(mentions, key=lambda locale: mentions[locale])
        self.names = _names(self.locale)[: int(np.clip(mentions[self.locale] // EACH, 1, MOST))]
        self.has_titles = mentions[self.locale] > 0
        self.gone = frozenset(gone)

    def replaced(self, text: str) -> str:
        """A text with made-up names, and without the other words that go."""
        if self.has_titles:
            text = BEHIND[self.locale].sub(lambda match: f"{match[1]} {self._made(match[2])}", text)
        return WORD.sub(self._word, text) if self.gone else text

    def _word(self, match: re.Match[str]) -> str:
        if match[0].casefold() not in self.gone:
            return match[0]
        is_name = self.has_titles and self.locale not in NOUNS and match[0].istitle()
        return self._made(match[0]) if is_name else ""

    def _made(self, name: str) -> str:
        return self.names[crc32(name.casefold().encode()) % len(self.names)]


@cache
def _names(locale: str) -> tuple[str, ...]:
    """Family names of a locale, of letters alone, the same at each call."""
    from synthdata.fields.providers.pools import pool

    names = [name for name in pool(locale, "male family").tolist() if name.isalpha() and name.istitle()]
    return tuple(names[:: max(len(names) // MOST, 1)][:MOST])
