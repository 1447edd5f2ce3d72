"""Numbers by which states know people, with right check digits, from ranges never given out where there are any.

us_ssn             900 to 999, which no social security number has, with a group no tax number has (SSA, IRS)
uk_nino            X in front: the form allows it (HMRC, NIM39110), no published prefix begins with it
uk_nhs             999, kept for tests (NHS England)
de_tax_id          0 in front, kept for tests (Bundeszentralamt für Steuern)
fr_nir             communes 200 to 990 of departments that have fewer; the sex is the person's
es_dni             all numbers: no range is kept for tests
nl_bsn             999, kept for tests (Rijksdienst voor Identiteitsgegevens)
br_cpf             all numbers: no range is kept for tests
pl_pesel           born 1940 to 2005; all serial numbers; the sex is the person's
it_codice_fiscale  the person's Italian name and sex; places with N, which no place has
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Literal

import numpy as np

from synthdata.fields.providers.base import Make, People, Provider, Valid
from synthdata.fields.providers.checksums import italian, mod_11_10, mod_97, unambiguous, weighted
from synthdata.fields.providers.mixing import drawn, female
from synthdata.fields.providers.names import family_names, family_numbers, given_names, given_numbers
from synthdata.fields.providers.spelling import in_ascii
from synthdata.fields.providers.writing import codes, digits, fitting, matching, without, written

__all__ = ["NATIONAL_IDS"]

NHS, BSN = range(10, 1, -1), range(-9, -1)
PESEL = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
CPF = (range(10, 1, -1), range(11, 1, -1))
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z]\d{6}[A-D]")
MONTHS = np.array([10, 11, 12, 13, 14, 17, 21, 22, 25, 27, 28, 29])  # A B C D E H L M P R S T
DEPARTMENTS = np.array([75, 90, 92, 93, 94])  # none has 200 communes


def _us_ssn(people: People) -> np.ndarray:
    number = drawn(people, "us_ssn", 100 * 49 * 9999)
    area, group, serial = number // (49 * 9999), number // 9999 % 49 + 1, number % 9999 + 1
    return written("9", digits(area, 2), "-", digits(group, 2), "-", digits(serial, 4))


def _is_us_ssn(cells: np.ndarray) -> np.ndarray:
    return matching(cells, re.compile(r"(?!000|666)\d{3}([ -]?)(?!00)\d{2}\1(?!0000)\d{4}"))


def _uk_nino(people: People) -> np.ndarray:
    second = codes(np.array(["ABCEGHJKLMNPRSTWXYZ"], dtype=object))[0]
    letter = second[drawn(people, "uk_nino prefix", len(second))]
    number = digits(drawn(people, "uk_nino", 10**6), 6)
    return written("X", letter[:, None], number, drawn(people, "uk_nino suffix", 4)[:, None] + 10)


def _is_uk_nino(cells: np.ndarray) -> np.ndarray:
    return matching(without(cells, " "), NINO)


def _uk_nhs(people: People) -> np.ndarray:
    body = unambiguous(digits(999 * 10**6 + drawn(people, "uk_nhs", 10**6), 9), NHS, 8)
    return written(body, -weighted(body, NHS)[:, None] % 11)


def _nhs_fits(number: np.ndarray) -> np.ndarray:
    return np.asarray((weighted(number, NHS) + number[:, 9]) % 11 == 0)


def _de_tax_id(people: People) -> np.ndarray:
    """Ten digits, the first nought, one of them twice and one missing; then the check digit."""
    order = np.stack([drawn(people, f"de_tax_id {place}", 1 << 40) for place in range(9)], axis=1)
    body = np.concatenate([np.zeros((len(order), 1), dtype=np.int64), order.argsort(axis=1) + 1], axis=1)
    rows, lost = np.arange(len(body)), 1 + drawn(people, "de_tax_id lost", 9)
    kept = (lost + 1 + drawn(people, "de_tax_id kept", 9)) % 10
    body[rows, lost] = body[rows, kept]
    return written(body, mod_11_10(body)[:, None])


def _tax_id_fits(number: np.ndarray) -> np.ndarray:
    counts = np.stack([(number[:, :10] == digit).sum(axis=1) for digit in range(10)], axis=1)
    once = ((counts > 1).sum(axis=1) == 1) & (counts.max(axis=1) <= 3)
    return np.asarray(once & (mod_11_10(number[:, :10]) == number[:, 10]))


def _fr_nir(people: People) -> np.ndarray:
    year, month, _ = _born(people)
    number = drawn(people, "fr_nir", len(DEPARTMENTS) * 791 * 999)
    department, commune, order = number // (791 * 999), number // 999 % 791 + 200, number % 999 + 1
    sex = np.where(female(people), 2, 1)
    place = [digits(DEPARTMENTS[department], 2), digits(commune, 3), digits(order, 3)]
    body = np.concatenate([digits(sex, 1), digits(year, 2), digits(month, 2), *place], axis=1)
    return written(body, digits(97 - mod_97(body), 2))


def _nir_fits(number: np.ndarray) -> np.ndarray:
    body = number[:, :13].copy()
    body[:, 5:7] = np.where(body[:, [6, 6]] == 10, [1, 9], np.where(body[:, [6, 6]] == 11, [1, 8], body[:, 5:7]))
    return np.asarray(97 - mod_97(body) == number[:, 13] * 10 + number[:, 14])


def _es_dni(people: People) -> np.ndarray:
    number = drawn(people, "es_dni", 9 * 10**7) + 10**7
    return written(digits(number, 8), _dni_letter(number)[:, None])


def _dni_letter(number: np.ndarray) -> np.ndarray:
    return np.asarray(codes(np.array([DNI_LETTERS], dtype=object))[0][number % 23])


def _dni_fits(number: np.ndarray) -> np.ndarray:
    body = number.copy()
    body[:, 0] = np.where(body[:, 0] > 9, body[:, 0] - 33, body[:, 0])  # a foreigner's X, Y, Z stand for 0, 1, 2
    return np.asarray(number[:, 8] == _dni_letter(body[:, :8] @ 10 ** np.arange(7, -1, -1)))


def _nl_bsn(people: People) -> np.ndarray:
    body = unambiguous(digits(999 * 10**5 + drawn(people, "nl_bsn", 10**5), 8), BSN, 7)
    return written(body, -weighted(body, BSN)[:, None] % 11)


def _bsn_fits(number: np.ndarray) -> np.ndarray:
    return np.asarray((weighted(number, BSN) + number[:, 8]) % 11 == 0)


def _br_cpf(people: People) -> np.ndarray:
    body = digits(drawn(people, "br_cpf", 10**9), 9)
    for weights in CPF:
        body = np.concatenate([body, -weighted(body, weights)[:, None] % 11 % 10], axis=1)
    return written(body[:, :3], ".", body[:, 3:6], ".", body[:, 6:9], "-", body[:, 9:])


def _cpf_fits(number: np.ndarray) -> np.ndarray:
    fits = (number != number[:, :1]).any(axis=1)
    for weights in CPF:
        fits &= -weighted(number, weights) % 11 % 10 == number[:, len(weights)]
    return np.asarray(fits)


def _pl_pesel(people: People) -> np.ndarray:
    year, month, day = _born(people)
    serial = drawn(people, "pl_pesel", 5000) * 2 + ~female(people)
    date = [digits(year, 2), digits(month + np.where(year >= 2000, 20, 0), 2), digits(day, 2)]
    body = np.concatenate([*date, digits(serial, 4)], axis=1)
    return written(body, -weighted(body, PESEL)[:, None] % 10)


def _pesel_fits(number: np.ndarray) -> np.ndarray:
    month, day = (number[:, 2] * 10 + number[:, 3]) % 20, number[:, 4] * 10 + number[:, 5]
    dated = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return np.asarray(dated & ((weighted(number, PESEL) + number[:, 10]) % 10 == 0))


def _it_codice_fiscale(people: People) -> np.ndarray:
    year, month, day = _born(people)
    woman = female(people)
    surname = _three("family")[family_numbers(people, "it", first=True)]
    name = _three("given")[given_numbers(people, "it", first=True)]
    when = [digits(year, 2), MONTHS[month - 1][:, None], digits(day + np.where(woman, 40, 0), 2)]
    place = [np.full((len(year), 1), 23), digits(drawn(people, "it_codice_fiscale", 1000), 3)]
    body = np.concatenate([surname, name, *when, *place], axis=1)
    return written(body, italian(body)[:, None] + 10)


@functools.lru_cache(maxsize=2)
def _three(sort: Literal["given", "family"]) -> np.ndarray:
    """The three letters that stand for each Italian name: codes (size, 3)."""
    taken = []
    for name in given_names("it") if sort == "given" else family_names("it"):
        letters = re.sub("[^A-Z]", "", in_ascii(name).upper())
        consonants = re.sub("[AEIOU]", "", letters)
        if sort == "given" and len(consonants) > 3:
            consonants = consonants[0] + consonants[2:]
        taken.append((consonants + re.sub("[^AEIOU]", "", letters) + "XXX")[:3])
    return codes(np.array(taken, dtype=object))


def _codice_fits(number: np.ndarray) -> np.ndarray:
    return np.asarray(italian(number[:, :15]) + 10 == number[:, 15])


def _born(people: People) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When somebody was born, 1940 to 2005: year, month and day (n,) int64."""
    day = drawn(people, "born", 66 * 12 * 28, varying=False)
    return 1940 + day // (12 * 28), day // 28 % 12 + 1, day % 28 + 1


def _fitting(pattern: str, fits: Callable[[np.ndarray], np.ndarray], separators: str = " .-") -> Valid:
    """Whether texts are of a form and their codes (m, width) fit."""
    compiled = re.compile(pattern)

    def valid(cells: np.ndarray) -> np.ndarray:
        formed, read = fitting(without(cells, separators), compiled)
        if len(read):
            formed[formed] = fits(read)
        return formed

    return valid


def _strong(name: str, summary: str, makes: Make, valid: Valid, hint: str, digits: int | None, room: int) -> Provider:
    """A number whose check digits are enough to tell it."""
    return Provider(
        name, summary, makes, valid, True, True, telling=valid, fewest=8, hint=hint, digits=digits, room=room
    )


NATIONAL_IDS = (
    Provider(
        "us_ssn", "a US social security number", _us_ssn, _is_us_ssn, distinctive=True, digits=9, room=100 * 49 * 9999,
        hint=r"ssn|social security( (number|no|num|nr))?",
    ),
    Provider(
        "uk_nino", "a UK national insurance number", _uk_nino, _is_uk_nino, distinctive=True, room=76 * 10**6,
        hint=r"nino|national insurance( (number|no|num))?|ni (number|no)",
    ),
    _strong("uk_nhs", "a UK health service number", _uk_nhs, _fitting(r"[34679]\d{9}", _nhs_fits), r"nhs", 10, 900_000),
    _strong("de_tax_id", "a German tax number", _de_tax_id, _fitting(r"\d{11}", _tax_id_fits, " /"),
            r"steuer ?(id|nummer|nr)|tax (id|number)|idnr", 11, 16 * 10**6),
    _strong("fr_nir", "a French social security number", _fr_nir,
            _fitting(r"[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d{2}|2[AB])\d{8}", _nir_fits),
            r"nir|insee|numero de securite sociale|secu", None, 5 * 10**9),
    _strong("es_dni", "a Spanish identity number", _es_dni, _fitting(r"[\dXYZ]\d{7}[A-Z]", _dni_fits),
            r"dni|nif|nie", None, 9 * 10**7),
    _strong("nl_bsn", "a Dutch citizen service number", _nl_bsn, _fitting(r"\d{9}", _bsn_fits),
            r"bsn|burgerservicenummer|sofi ?nummer", 9, 90_000),
    _strong("br_cpf", "a Brazilian taxpayer number", _br_cpf, _fitting(r"\d{11}", _cpf_fits), r"cpf", 11, 10**9),
    _strong("pl_pesel", "a Polish citizen number", _pl_pesel, _fitting(r"\d{11}", _pesel_fits), r"pesel", 11, 10**8),
    _strong("it_codice_fiscale", "an Italian tax code", _it_codice_fiscale,
            _fitting(r"[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _codice_fits),
            r"codice fiscale|cod fisc|cf", None, 10**9),
)  # fmt: skip
