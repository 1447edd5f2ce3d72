"""Where people live and work: street, city, postcode and company, from what mimesis knows of the locale.

A postcode has the locale's form; it need not be the city's. In English and Arabic speaking countries and in France the
house number stands before the street.
"""

from __future__ import annotations

import re

import numpy as np

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.mixing import drawn
from synthdata.fields.providers.names import picked
from synthdata.fields.providers.pools import known_locales, pool
from synthdata.fields.providers.writing import matching

__all__ = ["ADDRESSES"]

COMPANY_FORMS: dict[str, tuple[str, ...]] = {  # legal forms, by language; where none is named, those of "en"
    "cs": ("s.r.o.", "a.s."), "da": ("ApS", "A/S"), "de": ("GmbH", "AG", "KG", "OHG"),
    "en": ("Ltd", "LLC", "Inc", "Group"),
    "es": ("S.L.", "S.A."), "et": ("OÜ", "AS"), "fi": ("Oy", "Oyj"), "fr": ("SARL", "SA", "et Fils"),
    "hu": ("Kft.", "Zrt."), "is": ("ehf.", "hf."), "it": ("S.r.l.", "S.p.A."), "ja": ("株式会社", "合同会社"),
    "ko": ("주식회사",), "nl": ("B.V.", "N.V."), "no": ("AS", "ASA"), "pl": ("sp. z o.o.", "S.A."),
    "pt": ("Lda.", "S.A."), "ru": ("ООО", "АО"), "sk": ("s.r.o.", "a.s."), "sv": ("AB",), "tr": ("A.Ş.", "Ltd. Şti."),
    "uk": ("ТОВ", "АТ"), "zh": ("有限公司",),
}  # fmt: skip
WIDE = {"en", "en-au", "en-ca"}  # where house numbers have up to four digits
POSTCODES = {  # where mimesis writes them otherwise than the locale
    "da": "####",
    "pt": "####-###",
    "uk": "#####",
    "fa": "#####-#####",
}
POSTCODE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 -]{1,10}", re.IGNORECASE)
WORDED = re.compile(r"(?=.*[^\W\d_]).{2,80}", re.DOTALL)
NUMBERED = re.compile(  # a digit and a letter, and a space unless a letter is none of a to z
    r"(?=[^\d]*\d)(?=.*[^\W\d_])(?=.*(?:\s|[^\W\d_a-zA-Z])).{3,100}", re.DOTALL
)


def _street(people: People) -> np.ndarray:
    names = pool(people.locale, "street")
    name = names[picked(people, "street", len(names))]
    if people.locale == "ja":
        blocks = [np.char.mod("%d", 1 + drawn(people, f"block {part}", 30)).astype(object) for part in range(3)]
        return np.asarray(name + blocks[0] + "-" + blocks[1] + "-" + blocks[2])
    most = 1 + drawn(people, "house numbers", 9999 if people.locale in WIDE else 199)
    number = np.char.mod("%d", 1 + drawn(people, "house number", 1 << 40) % most).astype(object)
    if people.locale.partition("-")[0] in ("en", "fr", "ar"):
        return np.asarray(number + " " + name)
    return np.asarray(name + number + "号" if people.locale == "zh" else name + " " + number)


def _city(people: People) -> np.ndarray:
    cities = pool(people.locale, "city")
    return np.asarray(cities[picked(people, "city", len(cities))])


def _company(people: People) -> np.ndarray:
    """Two family names and a legal form, since the companies that locales list are known ones."""
    names = pool(people.locale, "male family")
    first, second = (names[picked(people, f"company {part}", len(names))] for part in ("one", "two"))
    forms = COMPANY_FORMS.get(people.locale.partition("-")[0], COMPANY_FORMS["en"])
    form = np.array(forms, dtype=object)[picked(people, "company form", len(forms))]
    alone = picked(people, "company names", 3) == 0
    return np.asarray(np.where(alone | (first == second), first, first + " & " + second) + " " + form)


def _postcode(people: People) -> np.ndarray:
    form = POSTCODES.get(people.locale)
    if form is None:
        known = pool(people.locale, "postcode")
        return np.asarray(known[picked(people, "postcode", len(known))])
    number = drawn(people, "postcode", 9 * 10 ** (form.count("#") - 1)) + 10 ** (form.count("#") - 1)
    text = np.char.mod("%d", number).astype(object)
    at = form.find("-")
    return text if at < 0 else np.array([each[:at] + "-" + each[at:] for each in text], dtype=object)


def _is_street(cells: np.ndarray) -> np.ndarray:
    return matching(cells, NUMBERED)


def _is_postcode(cells: np.ndarray) -> np.ndarray:
    return matching(cells, POSTCODE)


def _is_city(cells: np.ndarray) -> np.ndarray:
    return matching(cells, WORDED)


def _is_company(cells: np.ndarray) -> np.ndarray:
    return matching(cells, WORDED)


ADDRESSES = (
    Provider(
        name="street",
        summary="a street and a house number",
        makes=_street,
        looks=_is_street,
        distinctive=True,
        hint=r"street( address)?|(home|postal|mailing|billing|shipping)? ?address( line)?( ?1)?|stra(ss|ß)e|anschrift"
        r"|adresse|direccion|indirizzo|adres|rue",
        speaks=known_locales,
    ),
    Provider("city", "a city or town", _city, _is_city, distinctive=False, speaks=known_locales),
    Provider("postcode", "a postcode", _postcode, _is_postcode, distinctive=False, speaks=known_locales),
    Provider(
        name="company",
        summary="a company",
        makes=_company,
        looks=_is_company,
        distinctive=False,
        hint=r"company( name)?|employer( name)?|firma|arbeitgeber|entreprise|societe|empresa|azienda|bedrijf",
        speaks=known_locales,
    ),
)
