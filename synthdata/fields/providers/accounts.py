"""How people are reached by computer: e-mail addresses, user names and web addresses that fit their names.

All domains are kept for examples: example.com, .net and .org with what is under them, and what ends in .example
(RFC 2606). Where a name has no customary spelling in ASCII (Arabic, Chinese, Japanese), a pronounceable one is made up.
"""

from __future__ import annotations

import functools
import re

import numpy as np

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.mixing import drawn
from synthdata.fields.providers.names import family_names, family_numbers, given_names, given_numbers
from synthdata.fields.providers.pools import known_locales
from synthdata.fields.providers.spelling import in_ascii
from synthdata.fields.providers.writing import matching

__all__ = ["ACCOUNTS_ONLINE", "spelled_names"]

WORD_LIST = (
    "alpenrose amberline bluebird brightwater cedar clearview coppermill cornerstone crestwood driftwood eastgate "
    "elmhurst evergreen fairview fernhill firefly goldfinch greenfield harbour hazelwood highland horizon "
    "ironbridge juniper kestrel lakeside larkspur lighthouse linden maplewood meadow millstone moonrise nordwind "
    "northstar oakridge orchard parkside pinecrest redwood riverbank rosewood sandstone silverbirch skylark "
    "southgate springfield stonebridge summit sunflower thistle tidewater timberline valley waterfront westbrook "
    "wildflower willow windmill"
)
WORDS = tuple(WORD_LIST.split())
ROOTS = ["example.com", "example.org", "example.net"]
DOMAINS = np.array(
    ROOTS * 12
    + [f"{sub}.{root}" for sub in ("mail", "post", "home") for root in ROOTS]
    + [f"{w}.example" for w in WORDS],
    dtype=object,
)
EMAIL = re.compile(r"[A-Z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Z0-9-]+\.)+[A-Z][A-Z0-9-]+", re.IGNORECASE)
URL = re.compile(r"(?:(?:https?|ftp)://|www\.)[^\s/?#.]+(?:\.[^\s/?#.]+)*(?:[/?#:]\S*)?", re.IGNORECASE)
USER_NAME = re.compile(r"@?(?=.*[^\W\d_])[\w.-]{2,40}")
SYLLABLES = np.array([c + v for c in "bdfghjklmnprstvyz" for v in "aeiou"], dtype=object)


@functools.cache
def spelled_names(locale: str) -> tuple[np.ndarray, np.ndarray]:
    """The locale's given and family names in ASCII letters, "" where there are none."""
    given, family = (
        np.array([re.sub("[^a-z]", "", in_ascii(name)) for name in names], dtype=object)
        for names in (given_names(locale), family_names(locale))
    )
    return given, family


@functools.cache
def _initials(locale: str) -> np.ndarray:
    return np.array([name[:1] for name in spelled_names(locale)[0]], dtype=object)


def _spelled(people: People) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Somebody's given name, family name and first initial in ASCII, each (n,) object."""
    at = given_numbers(people, people.locale, first=True)
    given, family = spelled_names(people.locale)
    name, surname = given[at], family[family_numbers(people, people.locale, first=True)]
    initial = _initials(people.locale)[at]
    for purpose, texts in (("given", name), ("family", surname)):
        if (bare := texts == "").any():
            texts[bare] = _made_up(people, purpose)[bare]
            initial = np.where(initial == "", [text[:1] for text in texts], initial)
    return name, surname, initial


def _made_up(people: People, purpose: str) -> np.ndarray:
    parts = [
        SYLLABLES[drawn(people, f"{purpose} syllable {at}", len(SYLLABLES), varying=False)]
        for at in range(2 if purpose == "given" else 3)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _room(people: People, wanted: int) -> int:
    """How many numbers to choose from, a power of ten, for names and numbers to make as many values as wanted."""
    given, family = (len(names) for names in spelled_names(people.locale))
    room = 100
    while room < 10**6 and room * given * family < wanted:
        room *= 10
    return room


def _numbered(people: People, purpose: str, room: int) -> np.ndarray:
    return np.array([str(number) for number in drawn(people, purpose, room).tolist()], dtype=object)


def _email(people: People) -> np.ndarray:
    name, surname, initial = _spelled(people)
    form = drawn(people, "email form", 10)
    first = np.where(form < 7, name, np.where(form < 9, initial, surname))
    last = np.where(form < 9, surname, name)
    between = np.where((form == 4) | (form == 5), "_", np.where(form == 6, "", ".")).astype(object)
    number = _numbered(people, "email number", _room(people, 5 * 10**8))
    more = _numbered(people, "email number of initials", 10)
    number = np.where((form == 7) | (form == 8), number + more, number)
    domain = DOMAINS[drawn(people, "email domain", len(DOMAINS))]
    return np.asarray(first + between + last + number + "@" + domain)


def _user_name(people: People) -> np.ndarray:
    name, surname, initial = _spelled(people)
    form = drawn(people, "user name form", 8)
    first = np.where(form < 4, name, np.where(form < 6, initial, surname))
    last = np.where(form < 6, surname, initial)
    between = np.where(form == 0, "_", np.where((form == 1) | (form == 4), ".", "")).astype(object)
    return np.asarray(first + between + last + _numbered(people, "user name number", _room(people, 5 * 10**10)))


def _url(people: People) -> np.ndarray:
    name, surname, _ = _spelled(people)
    form = drawn(people, "url form", 4)
    word = np.array(WORDS, dtype=object)[drawn(people, "url word", len(WORDS))]
    first = np.where(form == 0, name, word)
    host = first + np.where(form < 3, "-", "").astype(object) + np.where(form < 3, surname, "")
    path = np.where(form == 3, "/" + name + "." + surname, "/")
    number = _numbered(people, "url number", 10**4)
    return np.asarray("https://www." + host + ".example" + path + np.where(form == 3, number, "~" + number))


def _is_email(cells: np.ndarray) -> np.ndarray:
    return matching(cells, EMAIL)


def _is_url(cells: np.ndarray) -> np.ndarray:
    return matching(cells, URL)


def _is_user_name(cells: np.ndarray) -> np.ndarray:
    return matching(cells, USER_NAME)


ACCOUNTS_ONLINE = (
    Provider(
        name="email",
        summary="an e-mail address",
        makes=_email,
        looks=_is_email,
        distinctive=True,
        telling=_is_email,
        fewest=3,
        hint=r"e ?mail( ?(address|addr|id))?|mail",
        speaks=known_locales,
    ),
    Provider(
        name="user_name",
        summary="a user name",
        makes=_user_name,
        looks=_is_user_name,
        distinctive=True,
        hint=r"user ?name|user|login( ?name)?|benutzer(name)?|nick ?name|screen ?name|handle",
        speaks=known_locales,
    ),
    Provider(
        name="url",
        summary="a web address",
        makes=_url,
        looks=_is_url,
        distinctive=True,
        telling=_is_url,
        fewest=3,
        hint=r"url|web ?site|home ?page|web ?address|link",
        speaks=known_locales,
    ),
)
