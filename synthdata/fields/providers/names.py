"""Names of people: by sex, family names too where the language inflects them, in the order the locale has."""

from __future__ import annotations

import functools

import numpy as np

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.mixing import drawn, female
from synthdata.fields.providers.name_lists import FAMILY_FIRST, is_family_name, is_full_name, is_given_name
from synthdata.fields.providers.pools import known_locales, pool

__all__ = ["NAMES", "family_names", "family_numbers", "given_names", "given_numbers", "picked"]


def picked(people: People, purpose: str, size: int, first: bool = False) -> np.ndarray:
    """Places in a list of a size (n,) int64. Somebody's variants get other places; `first`: as for variant 0."""
    start = drawn(people, purpose, size, varying=False)
    if first or size == 1:
        return start
    stride = 1 + drawn(people, f"{purpose} stride", size - 1, varying=False)
    return np.asarray((start + people.variants * stride) % size)


def given_numbers(people: People, locale: str, first: bool = False) -> np.ndarray:
    """Places (n,) in `given_names` of a locale, each among those of the person's sex."""
    return _by_sex(people, "given name", pool(locale, "female given"), pool(locale, "male given"), first)


def family_numbers(people: People, locale: str, first: bool = False) -> np.ndarray:
    """Places (n,) in `family_names` of a locale, each among those of the person's sex."""
    return _by_sex(people, "family name", pool(locale, "female family"), pool(locale, "male family"), first)


def _by_sex(people: People, purpose: str, women: np.ndarray, men: np.ndarray, first: bool) -> np.ndarray:
    """Places in the list of women's names with that of men's after it."""
    woman, man = (picked(people, purpose, len(names), first) for names in (women, men))
    return np.where(female(people), woman, len(women) + man)


@functools.cache
def given_names(locale: str) -> np.ndarray:
    """Given names, women's first."""
    return np.concatenate([pool(locale, "female given"), pool(locale, "male given")])


@functools.cache
def family_names(locale: str) -> np.ndarray:
    """Family names, women's first."""
    return np.concatenate([pool(locale, "female family"), pool(locale, "male family")])


def _given_name(people: People, first: bool = False) -> np.ndarray:
    return np.asarray(given_names(people.locale)[given_numbers(people, people.locale, first)])


def _family_name(people: People, first: bool = False) -> np.ndarray:
    return np.asarray(family_names(people.locale)[family_numbers(people, people.locale, first)])


def _full_name(people: People) -> np.ndarray:
    """A second full name of somebody has another family name, as after a wedding."""
    given, family = _given_name(people, first=True), _family_name(people)
    between = FAMILY_FIRST.get(people.locale)
    return np.asarray(given + " " + family if between is None else family + between + given)


NAMES = (
    Provider(
        name="full_name",
        summary="somebody's whole name",
        makes=_full_name,
        looks=is_full_name,
        distinctive=True,
        hint=r"full ?name|(customer|client|patient|person|employee|contact|holder|user|member|student|applicant|doctor|"
        r"physician|surgeon|nurse|therapist|clinician|consultant|agent|staff|manager|teacher|driver|seller|buyer|owner|"
        r"tenant|guardian|mother|father|parent|spouse|kin|author|reviewer|examiner|clerk|signatory|insured) name"
        r"|nom complet|vor und nachname|nombre completo|^name$",
        speaks=known_locales,
    ),
    Provider(
        name="given_name",
        summary="a given name",
        makes=_given_name,
        looks=is_given_name,
        distinctive=False,
        hint=r"(first|given|christian|middle) ?name|name ?(first|given)"
        r"|fore ?name|f ?name|vor ?name|prenom|nombre|nome|voornaam|fornavn",
        speaks=known_locales,
    ),
    Provider(
        name="family_name",
        summary="a family name",
        makes=_family_name,
        looks=is_family_name,
        distinctive=False,
        hint=r"(last|family|maiden) ?name|name ?(last|family)"
        r"|sur ?name|l ?name|nach ?name|familien ?name|nom( de famille)?|apellidos?"
        r"|cognome|achternaam|etternavn|efternamn|nazwisko",
        speaks=known_locales,
    ),
)
