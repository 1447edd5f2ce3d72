"""Personal data of one table together: roles, a common locale, and the column that says the sex."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from synthdata.fields import Field, Identifier, Number, Personal
from synthdata.fields.cells import holds_bytes
from synthdata.fields.keys import PERSON, STAFF
from synthdata.fields.personal import FEMALE, MALE
from synthdata.fields.providers import PROVIDERS, People, locale_problem
from synthdata.subjects import Subjects

__all__ = ["locales", "roles", "sexes", "shared"]

OF_ONE = 1.02  # names of a subject, on average, at most, where they are its own
HOMONYMS = 4  # subjects that share a name by chance, on average, at most
OWN_NAME = re.compile(r"(?i)(full|last|first|sur|nach|vor|familien)?[ _.-]?name|nombre|nom|nome|imi[eę]|naam")
TRIED = 50  # people that a provider is tried on
OF_A_COUNTRY = ("iban", "phone")  # say where they are from
NAMES = ("full_name", "given_name", "family_name")
FOLLOWS_NAMES = ("email", "user_name", "street", "company")  # say nothing of the kind
LANGUAGES = {  # by what columns are called
    "de": re.compile(r"(?i)vorname|nachname|stra(ss|ß)e|telefon|geburt|kunde|betrag|anschrift|geschlecht"),
    "fr": re.compile(r"(?i)pr[ée]nom|adresse_|ville|t[ée]l[ée]phone|montant|naissance|sexe"),
    "es": re.compile(r"(?i)apellido|tel[ée]fono|direcci[oó]n|nacimiento|importe"),
    "it": re.compile(r"(?i)cognome|indirizzo|nascita|importo"),
    "nl": re.compile(r"(?i)voornaam|achternaam|straat|geboorte|klant"),
    "pt": re.compile(r"(?i)sobrenome|endere[cç]o|telefone|nascimento"),
    "pl": re.compile(r"(?i)imi[eę]|nazwisko|ulica|urodzenia"),
}
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def shared(frame: pd.DataFrame, fields: Mapping[str, Field], subject: Sequence[str]) -> dict[str, Field]:
    """Columns of names that several subjects share, as roles of their own: a teacher beside a pupil."""
    whose, result = Subjects.of(frame, subject), dict[str, Field]()
    for name, field in fields.items():
        if not isinstance(field, Personal) or field.provider != "full_name" or field.role or name in subject:
            continue
        present = frame[name].notna().to_numpy(bool)
        codes, distinct = pd.factorize(frame[name][present])
        people = whose[present].count(codes.astype(np.int64), len(distinct))
        if len(distinct) and (people > 1).mean() > 0.5 and not _is_own(name, people, whose[present].people):
            result[name] = field.model_copy(update={"of": _first_word(name), "sex": None})
    return result


def _is_own(name: str, people: np.ndarray, subjects: int) -> bool:
    """Whether names are the subjects' own, though several share one: nearly each subject has one name.

    people: how many subjects have each. Of a column that is called so, that is enough; of another one few share a name.
    """
    if people.sum() > OF_ONE * subjects:
        return False
    is_called_so = PERSON.search(name) is not None or OWN_NAME.fullmatch(name) is not None
    return is_called_so or float(people.mean()) < HOMONYMS


def locales(fields: Mapping[str, Field]) -> dict[str, Field]:
    """One locale for all personal data: that of accounts and telephones, column names, or persons' names."""
    personal = [each for each in fields.values() if isinstance(each, Personal) and each.locale != "en"]
    telling = [each.locale for provider in OF_A_COUNTRY for each in personal if each.provider == provider]
    telling += [locale for locale, words in LANGUAGES.items() if any(words.search(name) for name in fields)]
    telling += [each.locale for provider in NAMES for each in personal if each.provider == provider]
    if not telling:
        return {}
    return {
        name: each.model_copy(update={"locale": telling[0]})
        for name, each in fields.items()
        if isinstance(each, Personal)
        if each.provider in (*NAMES, *FOLLOWS_NAMES) or (each.provider == "phone" and each.locale == "en")
        if locale_problem(each.provider, telling[0]) is None
    }


def roles(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Roles of second columns of one kind: `doctor_name` beside `patient_name` is a doctor's."""
    named: dict[str, list[str]] = {}
    for name, each in fields.items():
        if isinstance(each, Personal) and each.tells_persons:
            named.setdefault(each.provider, []).append(name)
    others = set()
    for provider in ("full_name", "given_name", "family_name"):
        names = named.get(provider, [])
        first = next((name for name in names if PERSON.search(name)), names[0] if names else None)
        others |= {_first_word(name) for name in names if name != first}
    others |= {word for name, each in fields.items() if each.is_made and STAFF.fullmatch(word := _first_word(name))}
    return {
        name: each.model_copy(update={"of": _first_word(name)})
        for name, each in fields.items()
        if isinstance(each, Personal | Identifier) and _first_word(name) in others and not PERSON.search(name)
    }


def _first_word(name: str) -> str:
    words = WORD.findall(name)
    return words[0].lower() if words else name


def sexes(frame: pd.DataFrame, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Personal data of subjects, with the column that says their sex, if there is one."""
    column = next((name for name, each in fields.items() if _may_say_sex(each) and _says_sex(frame[name])), None)
    if column is None:
        return {}
    return {
        name: each.model_copy(update={"sex": column})
        for name, each in fields.items()
        if isinstance(each, Personal) and not each.role and _fits_sex(each.provider, each.locale)
    }


@cache
def _fits_sex(provider: str, locale: str) -> bool:
    """Whether a provider's values depend on the sex."""
    people = People(0, np.arange(TRIED, dtype=np.uint64), np.zeros(TRIED, np.int64), locale)
    women, men = (
        PROVIDERS[provider].make(replace(people, sexes=np.full(TRIED, sex, object))) for sex in ("female", "male")
    )
    return bool((women != men).any())


def _may_say_sex(field: Field) -> bool:
    return not field.is_made and not (isinstance(field, Number) and not field.integer)


def _says_sex(column: pd.Series) -> bool:
    """Whether a column holds female and male, and hardly anything else."""
    if holds_bytes(column):
        return False
    words = column.dropna().astype("str").str.strip().str.lower()
    found: Sequence[str] = words.unique().tolist()
    both = any(word in FEMALE for word in found) and any(word in MALE for word in found)
    return both and bool(words.isin(FEMALE | MALE).mean() > 0.9)
