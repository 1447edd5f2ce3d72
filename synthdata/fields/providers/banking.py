"""Bank accounts (ISO 13616) and payment cards (ISO/IEC 7812) with right check digits.

Accounts have the length and structure of the locale's country, the check digits inside them too where their rule is
public. Bank codes are ones that nobody has where that is known: TEST (GB, NL), a Bankleitzahl with 9 in front (DE).
Cards are 16 digits long and begin as the payment services' published test cards do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.checksums import italian, luhn, mod_11_10, mod_97, unambiguous, weighted
from synthdata.fields.providers.mixing import drawn
from synthdata.fields.providers.writing import codes, digits, matching, without, written

__all__ = ["ACCOUNTS", "BANKING", "Account", "country_of"]


@dataclass(frozen=True)
class Account:
    """How a country writes accounts.

    form: digits and capitals stand for themselves, # for any digit, ? for a check digit or letter.
    check: puts the check digits into codes (n, width).
    """

    country: str
    form: str
    check: Callable[[np.ndarray], None] = lambda account: None


def _belgian(account: np.ndarray) -> None:
    rest = mod_97(account[:, :10])
    account[:, 10:] = digits(np.where(rest == 0, 97, rest), 2)


def _czech(account: np.ndarray) -> None:
    weights = (6, 3, 7, 9, 10, 5, 8, 4, 2)
    account[:, 10:19] = unambiguous(account[:, 10:19], weights, 8)
    account[:, 19] = -weighted(account[:, 10:], weights) % 11


def _croatian(account: np.ndarray) -> None:
    account[:, 6] = mod_11_10(account[:, :6])
    account[:, 16] = mod_11_10(account[:, 7:16])


def _finnish(account: np.ndarray) -> None:
    account[:, 13] = luhn(account[:, :13])


def _french(account: np.ndarray) -> None:
    account[:, 21:] = digits(97 - mod_97(account[:, :21]) * 100 % 97, 2)


def _hungarian(account: np.ndarray) -> None:
    account[:, 7] = -weighted(account, (9, 7, 3, 1, 9, 7, 3)) % 10
    account[:, 23] = -weighted(account[:, 8:], (9, 7, 3, 1, 9, 7, 3, 1, 9, 7, 3, 1, 9, 7, 3)) % 10


def _italian(account: np.ndarray) -> None:
    account[:, 0] = italian(account[:, 1:]) + 10


def _norwegian(account: np.ndarray) -> None:
    weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    account[:, :10] = unambiguous(account[:, :10], weights, 9)
    account[:, 10] = -weighted(account, weights) % 11


def _polish(account: np.ndarray) -> None:
    account[:, 7] = -weighted(account, (3, 9, 7, 1, 3, 9, 7)) % 10


def _portuguese(account: np.ndarray) -> None:
    account[:, 19:] = digits(98 - mod_97(account[:, :19]) * 100 % 97, 2)


def _spanish(account: np.ndarray) -> None:
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
    for place, rest in ((8, weighted(account, weights[2:])), (9, weighted(account[:, 10:], weights))):
        check = -rest % 11
        account[:, place] = np.where(check == 10, 1, check)


ACCOUNTS: Mapping[str, Account] = {
    "cs": Account("CZ", "####000000#########?", _czech),
    "da": Account("DK", "##############"),
    "de": Account("DE", "9#################"),
    "de-at": Account("AT", "################"),
    "de-ch": Account("CH", "#################"),
    "el": Account("GR", "#######################"),
    "en": Account("GB", "TEST##############"),
    "en-gb": Account("GB", "TEST##############"),
    "es": Account("ES", "########??##########", _spanish),
    "et": Account("EE", "################"),
    "fi": Account("FI", "#############?", _finnish),
    "fr": Account("FR", "#####################??", _french),
    "hr": Account("HR", "######?#########?", _croatian),
    "hu": Account("HU", "#######?###############?", _hungarian),
    "it": Account("IT", "?######################", _italian),
    "nl": Account("NL", "TEST##########"),
    "nl-be": Account("BE", "##########??", _belgian),
    "no": Account("NO", "##########?", _norwegian),
    "pl": Account("PL", "#######?################", _polish),
    "pt": Account("PT", "###################??", _portuguese),
    "sk": Account("SK", "####000000#########?", _czech),
    "sv": Account("SE", "####################"),
    "tr": Account("TR", "#####0################"),
}

LENGTHS = (  # of whole numbers, by country (SWIFT's registry)
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 "
    "SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
LENGTH = {item[:2]: int(item[2:]) for item in LENGTHS.split()}
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,28}")

CARD_PREFIXES = ("400000", "401288", "411111", "424242", "222300", "510510", "520082", "545454", "555555", "222242")
CARD = re.compile(
    r"4\d{12}(?:\d{3}(?:\d{3})?)?|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|6011|65\d\d|35[2-8]\d)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
)


def country_of(cell: str) -> str:
    """The country of a bank account."""
    return cell.strip()[:2].upper()


def _iban(people: People) -> np.ndarray:
    account = ACCOUNTS[people.locale]
    free = account.form.count("#")
    halves = [digits(drawn(people, f"iban {half}", 10**12), 12) for half in range(2)]
    number = np.tile(_template(account.form), (len(people.persons), 1))
    number[:, [at for at, sign in enumerate(account.form) if sign == "#"]] = np.concatenate(halves, axis=1)[:, :free]
    account.check(number)
    country = np.tile(_template(account.country), (len(number), 1))
    check = 98 - mod_97(np.concatenate([number, country, np.zeros_like(country)], axis=1))
    return written(country, digits(check, 2), number)


def _template(form: str) -> np.ndarray:
    """The codes of a form, nought where it leaves them open."""
    return np.asarray(codes(np.array([form.replace("#", "0").replace("?", "0")], dtype=object))[0])


def _is_iban(cells: np.ndarray) -> np.ndarray:
    bare = without(cells, " -")
    valid = matching(bare, IBAN)
    lengths = np.array([len(cell) if fits else 0 for cell, fits in zip(bare, valid, strict=True)])
    valid &= np.array(
        [fits and LENGTH.get(cell[:2]) == len(cell) for cell, fits in zip(bare, valid, strict=True)], bool
    )
    for length in np.unique(lengths[valid]):
        here = valid & (lengths == length)
        read = codes(bare[here])
        valid[here] = mod_97(np.roll(read, -4, axis=1)) == 1
    return valid


def _payment_card(people: People) -> np.ndarray:
    prefixes = np.stack([codes(np.array([prefix], dtype=object))[0] for prefix in CARD_PREFIXES])
    number = drawn(people, "payment_card", len(prefixes) * 10**9)
    body = np.concatenate([prefixes[number // 10**9], digits(number, 9)], axis=1)
    return written(body, luhn(body)[:, None])


def _is_payment_card(cells: np.ndarray) -> np.ndarray:
    bare = without(cells, " -")
    valid = matching(bare, CARD)
    for length in range(13, 20):
        here = valid & np.array([fits and len(cell) == length for cell, fits in zip(bare, valid, strict=True)], bool)
        if here.any():
            read = codes(bare[here])
            valid[here] = luhn(read[:, :-1]) == read[:, -1]
    return valid


BANKING = (
    Provider(
        name="iban",
        summary="a bank account (IBAN)",
        makes=_iban,
        looks=_is_iban,
        distinctive=True,
        checked=True,
        telling=_is_iban,
        fewest=3,
        hint=r"iban|bank ?account|konto(nummer)?|account (number|no)",
        speaks=lambda: frozenset(ACCOUNTS),
    ),
    Provider(
        name="payment_card",
        summary="a credit or debit card number",
        makes=_payment_card,
        looks=_is_payment_card,
        distinctive=True,
        checked=True,
        telling=_is_payment_card,
        fewest=5,
        hint=r"((credit|debit|payment) ?)?card( ?(number|no|num|nr))?|cc( ?(number|no|num))?"
        r"|kreditkarten?( ?(nummer|nr))?|pan",
    ),
)
