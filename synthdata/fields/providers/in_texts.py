"""Personal data in free texts: which texts hold something that looks like it. Rather too little than too much."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from synthdata.fields.providers.catalogue import PROVIDERS
from synthdata.fields.providers.name_lists import lists, locales_of_script
from synthdata.fields.providers.pools import script_of
from synthdata.fields.text.wording import PATTERNS

__all__ = ["find_in_texts"]

CANDIDATES = {  # what is cut out of a text, to be asked of the provider
    "email": re.compile(PATTERNS["email"]),
    "phone": re.compile(PATTERNS["phone"]),
    "url": re.compile(PATTERNS["url"]),
    "ip": re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"),
    "ipv6": re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F:]*[0-9a-fA-F](?![\w:])"),
    "uuid": re.compile(r"(?<![\w-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])"),
    "iban": re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)"),
    "payment_card": re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])"),
    "us_ssn": re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"),
    "uk_nino": re.compile(r"(?<!\w)[A-Z]{2} ?(?:\d\d ?){3}[A-D](?!\w)"),
    "it_codice_fiscale": re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z](?!\w)"),
    "fr_nir": re.compile(r"(?<!\w)[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d(?!\w)"),
}
TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme|Mlle|Monsieur|Madame|Señora?|Signora?|Sra?)\b\.? (?:[^\W\d_]\. ?)?"
    r"[^\W\d_]{2,}"
)
PAIR = re.compile(r"(?<![\w'’-])([^\W\d_]{2,}(?:-[^\W\d_]+)?) (?=(?:[^\W\d_]\. )?((?:[^\W\d_]|['’-])+))")
AMBIGUOUS = (  # given names that are words, titles or places as well
    "april august may june jan will mark grace hope faith joy rich art rose lily iris dawn summer autumn winter angel "
    "bill rob pat sue frank grant chase chance max dean king prince duke major miss don rocky sandy sunny misty stormy "
    "dusty star santa san las los la el al del de in so my an man son sun the china india asia paris london sydney "
    "jordan israel carolina virginia georgia austin dallas houston victoria adelaide florence lourdes mercedes charity "
    "gene ray earl guy saint buddy honey princess gold golden silver royal queen see"
)
WORDS = frozenset(AMBIGUOUS.split())


def find_in_texts(texts: Iterable[str]) -> dict[str, np.ndarray]:
    """Which texts (n,) hold something like an e-mail address, a name, ...: by the provider's name, each (n,) bool.

    Names are looked for where letters are large and small: a given name with a capital, and after it a family name of
    the same locale, or a title with a capitalised word after it.
    """
    held = list(texts)
    found = {name: _any(held, _holds(name)) for name in CANDIDATES}
    return {"full_name": _any(held, _names_somebody)} | found


def _any(texts: list[str], holds: Callable[[str], bool]) -> np.ndarray:
    return np.fromiter((isinstance(text, str) and holds(text) for text in texts), bool, len(texts))


def _holds(name: str) -> Callable[[str], bool]:
    candidates, provider = CANDIDATES[name], PROVIDERS[name]

    def holds(text: str) -> bool:
        if name == "email" and "@" not in text:  # most texts, and a search of long words is slow
            return False
        cut = candidates.findall(text)
        return bool(cut) and bool(
            provider.valid(np.array([each.rstrip(".,;:!?)") for each in cut], dtype=object)).any()
        )

    return holds


def _names_somebody(text: str) -> bool:
    if any(match[0].split()[-1][0].isupper() for match in TITLED.finditer(text)):
        return True
    return any(_is_somebody(first, last) for first, last in _pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for match in PAIR.finditer(text):
        if match[1][0].isupper() and match[2][0].isupper() and not (match[1].isupper() and len(match[1]) < 4):
            yield match[1].lower(), match[2].lower()


def _is_somebody(first: str, last: str) -> bool:
    letters = script_of(first)
    if first in WORDS or letters is None:
        return False
    return any(first in known.given and last in known.family for known in map(lists, locales_of_script(letters)))
