"""Finding out what a column holds: first by what its cells are, then by what it is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.fields.providers.banking import ACCOUNTS, country_of
from synthdata.fields.providers.base import Provider
from synthdata.fields.providers.catalogue import PROVIDERS
from synthdata.fields.providers.name_lists import Lists, lists, locales_of_script
from synthdata.fields.providers.pools import script_of
from synthdata.fields.providers.writing import matching

__all__ = ["Detected", "are_names", "detect"]

LOOKED_AT = 2_000
LONGEST = 200  # letters on average: what is longer is prose
ALMOST_ALL = 0.95  # of the cells have to be valid where content alone tells
MOST = 0.6  # of the cells have to be known names,
FEWEST_NAMES = 5  # distinct ones, that say that a column is of names
MOST_GIVEN, FEWEST_GIVEN = 0.75, 5  # of whole names have a given name that is known, and how many different ones
FEW = 0.05  # and as many where the column is called after them
NAMES: dict[str, Callable[[Lists, str], bool]] = {
    "full_name": Lists.names,
    "given_name": Lists.gives,
    "family_name": Lists.is_family,
}
DIALLED = (  # the locales of countries by their dialling codes
    "1=en 7=ru 49=de 43=de-at 41=de-ch 44=en-gb 33=fr 34=es 39=it 31=nl 32=nl-be 48=pl 46=sv 45=da 47=no 358=fi 351=pt "
    "55=pt-br 81=ja 82=ko 86=zh 61=en-au 420=cs 421=sk 36=hu 30=el 90=tr 380=uk 372=et 385=hr 52=es-mx 354=is 994=az "
    "98=fa"
)
COUNTRIES = dict(item.split("=") for item in DIALLED.split())
NATIONS = {"us": "en", "uk": "en-gb", "br": "pt-br"}  # the locales of national numbers called otherwise
SAID = {"full_name": "whole names", "given_name": "given names", "family_name": "family names"}
VAGUE = {"name", "nombre", "nome", "nom"}  # what products are called by as well
ABOUT = "count date duration flag group id kind length level model size status time type verified"
WHOLE = re.compile(r"([^\W\d_]{2,})(?: [^\W\d_]\.?)?(?: [^\W\d_'’-]{2,}){1,2}")  # a given name and what follows it
SHAPE = re.compile(r"[^\W\d_]+\.?(?:[ ,'’-]{1,2}[^\W\d_]+\.?)*")
DATES = (
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday"
)
CALENDAR = frozenset(DATES.split())


@dataclass(frozen=True)
class Detected:
    """What a column seems to hold: the provider, the locale, the share of cells that fit, and why in a few words."""

    provider: str
    locale: str
    share: float
    why: str


def detect(cells: pd.Series, name: str) -> Detected | None:
    """What personal data a column holds, by its content first and by its name second; None if none."""
    seen, numeric = _seen(cells)
    if not len(seen):
        return None
    words = " ".join(re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).lower()
    return (
        _by_content(seen, numeric, words)
        or (None if numeric else _by_names(seen, words))
        or _by_name(seen, numeric, words)
    )


def _seen(cells: pd.Series) -> tuple[np.ndarray, bool]:
    """Texts of at most `LOOKED_AT` present cells, spread evenly, and whether they were numbers.

    Whole numbers lose the ".0" that gaps in a column give them. None at all where cells are neither texts nor whole.
    """
    nothing = np.array([], dtype=object), False
    present = cells.dropna()
    present = present.iloc[np.unique(np.linspace(0, len(present) - 1, min(len(present), LOOKED_AT)).astype(int))]
    if not len(present):
        return nothing
    values = present.to_numpy(dtype=object)
    if all(isinstance(value, str) for value in values):
        whole = all(re.fullmatch(r"\d+\.0", value) for value in values)
        if np.mean([len(value) for value in values]) > LONGEST:
            return nothing
        texts = np.array([value.strip()[: -2 if whole else None] for value in values], dtype=object)
        return texts[texts != ""], False
    if all(
        isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) for value in values
    ):
        if any(value < 0 or value != int(value) for value in values if abs(value) < 1e300):
            return nothing
        return np.array([str(int(value)) for value in values if abs(value) < 1e300], dtype=object), True
    return nothing


def _filled(provider: Provider, seen: np.ndarray, numeric: bool) -> np.ndarray:
    """Numbers with the zeros in front that a column of numbers loses."""
    if not numeric or provider.digits is None:
        return seen
    return np.array([text.zfill(provider.digits) if len(text) >= provider.digits - 2 else text for text in seen])


def _by_content(seen: np.ndarray, numeric: bool, words: str) -> Detected | None:
    distinct = pd.unique(seen)
    found: list[tuple[bool, float, Provider]] = []
    for provider in PROVIDERS.values():
        if provider.telling is None or len(distinct) < provider.fewest:
            continue
        share = float(provider.telling(_filled(provider, distinct, numeric).astype(object)).mean())
        if share >= ALMOST_ALL:
            found.append((_named(provider, words), share, provider))
    if not found:
        return None
    _, share, provider = max(found, key=lambda each: each[:2])
    what = "valid check digits" if provider.checked else "the form"
    return Detected(
        provider.name, _locale(provider, seen), share, f"{int(100 * share)}% have {what} of {provider.summary}"
    )


def _by_names(seen: np.ndarray, words: str) -> Detected | None:
    """Names, where most cells are in the lists of the locales that write with the same letters.

    Where the column's name says so clearly, a few are enough: no list has all names.
    """
    distinct = pd.unique(seen)
    is_called_so = words not in VAGUE and any(_named(PROVIDERS[provider], words) for provider in NAMES)
    if len(distinct) < (2 if is_called_so else FEWEST_NAMES) or matching(distinct, SHAPE).mean() < ALMOST_ALL:
        return None
    locales = locales_of_script(str(pd.Series([script_of(text) for text in distinct]).mode()[0]))
    lower = np.mean([text.islower() for text in distinct])
    found: list[tuple[bool, float, str, str]] = []
    for provider, ask in NAMES.items() if len(distinct) >= 20 or is_called_so else ():
        known = np.array([[_listed(ask, lists(locale), text) for text in distinct] for locale in locales])
        share, best = float(known.any(axis=0).mean()), known.mean(axis=1)
        hinted = _named(PROVIDERS[provider], words)
        if not hinted and lower > MOST:
            continue
        enough = (MOST / 2 if words in VAGUE else FEW) if hinted else MOST
        if share >= enough and best.max() >= enough / 2:
            english = locales.index("en") if "en" in locales else int(best.argmax())
            nearly = best[english] >= best.max() - 0.02
            found.append((hinted, share, provider, locales[english if nearly else int(best.argmax())]))
    if not found:
        return _by_given_names(distinct, locales, 1 if is_called_so else min(FEWEST_GIVEN, len(distinct) // 2))
    _, share, provider, locale = max(found)
    return Detected(provider, locale, share, f"{int(100 * share)}% are in lists of {SAID[provider]}")


def are_names(cells: pd.Series) -> bool:
    """Whether nearly all of some texts, however few, are whole names of people."""
    distinct = np.array(cells.dropna().astype("str").str.strip().unique().tolist(), dtype=object)
    if len(distinct) < FEWEST_NAMES:
        return False
    return _by_given_names(distinct, locales_of_script(script_of(distinct[0])), FEWEST_NAMES) is not None


def _by_given_names(distinct: np.ndarray, locales: Sequence[str], fewest: int) -> Detected | None:
    """Whole names of which only the given name is in a list: no list has all family names."""
    whole = [WHOLE.fullmatch(text) for text in distinct]
    first = np.array([each[1] if each else "" for each in whole], dtype=object)
    if (first != "").mean() < ALMOST_ALL or len(pd.unique(first)) < fewest:
        return None
    known = np.array(
        [[text != "" and _listed(Lists.gives, lists(locale), text) for text in first] for locale in locales]
    )
    share, best = float(known.any(axis=0).mean()), known.mean(axis=1)
    if share < MOST_GIVEN:
        return None
    english = locales.index("en") if "en" in locales else int(best.argmax())
    locale = locales[english if best[english] >= best.max() - 0.02 else int(best.argmax())]
    return Detected("full_name", locale, share, f"{int(100 * share)}% begin with a name from lists of given names")


def _listed(ask: Callable[[Lists, str], bool], known: Lists, text: str) -> bool:
    return text.lower() not in CALENDAR and ask(known, text)


def _by_name(seen: np.ndarray, numeric: bool, words: str) -> Detected | None:
    """What the column's name says, where the content does not contradict it."""
    distinct = pd.unique(seen)
    for provider in PROVIDERS.values():
        if not _named(provider, words) or (provider.name in NAMES and words in VAGUE):
            continue
        share = float(provider.valid(_filled(provider, distinct, numeric).astype(object)).mean())
        if share >= 0.8 and len(distinct) >= FEWEST_NAMES:
            why = f"the column's name, and {int(100 * share)}% look like {provider.summary}"
            return Detected(provider.name, _locale(provider, seen), share, why)
    return None


def _named(provider: Provider, words: str) -> bool:
    """Whether a column is called after what a provider makes, and not after something about it."""
    if words.rpartition(" ")[2] in ABOUT.split():
        return False
    return bool(provider.hint) and re.search(rf"(?:^|\s)(?:{provider.hint})(?:\s|$)", words) is not None


def _locale(provider: Provider, seen: np.ndarray) -> str:
    """The locale most cells point to; "en" where they point nowhere."""
    if provider.name == "iban":
        country = pd.Series([country_of(text) for text in seen]).mode()[0]
        return next((locale for locale, account in ACCOUNTS.items() if account.country == country), "en")
    if provider.name == "phone":
        codes = pd.Series([_dialled(text) for text in seen]).dropna()
        return str(codes.mode()[0]) if len(codes) > len(seen) / 2 else "en"
    if provider.digits or (provider.checked and provider.name != "payment_card"):
        nation = provider.name.partition("_")[0]
        return NATIONS.get(nation, nation)
    return "en"


def _dialled(text: str) -> str | None:
    prefix = re.match(r"\(?(?:\+|00)(\d[\d ()-]*)", text)
    digits = re.sub(r"\D", "", prefix[1]) if prefix else ""
    return next((COUNTRIES[digits[:size]] for size in (3, 2, 1) if digits[:size] in COUNTRIES), None)
