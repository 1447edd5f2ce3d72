"""Tables of invented people, a pure function of a seed, made without synthdata and without the lists it makes from.

Given names are common ones, so that `init` knows them; family names, towns, streets, bank codes and domains are put
together here, so that no made value can be equal to one of them by chance.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["BANK", "family_names", "transactions", "visits"]

WOMEN_LISTED = "Anna Maria Laura Julia Sarah Lisa Katharina Sabine Claudia Petra Monika Susanne Andrea Nicole Stefanie"
MEN_LISTED = "Peter Michael Thomas Andreas Stefan Christian Markus Daniel Martin Frank Alexander Matthias Tobias Jens"
HEADS_LISTED = "Vrum Zolk Quand Brezh Dwim Frosk Gnarv Hwel Jorbl Klimz Mropt Nerzh Plov Skwid Trazk Wulf Xand Yorb"
MIDDLES_LISTED = "abo eki ilu omu ude ari ezo ivo oka uby"
TAILS_LISTED = "dokh rinz welp stakk jurm vosht nubb kremz fangl thorp"
COMMON_LISTED = "-Müller -Schmidt -Weber -Fischer -Wagner -Becker"
WOMEN, MEN, HEADS, MIDDLES, TAILS, COMMON = (
    each.split() for each in (WOMEN_LISTED, MEN_LISTED, HEADS_LISTED, MIDDLES_LISTED, TAILS_LISTED, COMMON_LISTED)
)
BANK = "77712345"  # a Bankleitzahl that neither a bank nor the provider has
DOMAINS = ("brumpost.example", "zwirn-mail.example", "quellnetz.example")


def family_names(count: int, rng: np.random.Generator) -> list[str]:
    """Different family names, none of which anybody has; some are double, with one behind that many have."""
    places = rng.choice(len(HEADS) * len(MIDDLES) * len(TAILS), count, replace=False)
    heads, rest = np.divmod(places, len(MIDDLES) * len(TAILS))
    middles, tails = np.divmod(rest, len(TAILS))
    after = np.where(rng.random(count) < 0.4, rng.choice(COMMON, count), "")
    return [HEADS[a] + MIDDLES[b] + TAILS[c] + d for a, b, c, d in zip(heads, middles, tails, after, strict=True)]


def transactions(customers: int = 400, seed: int = 0) -> pd.DataFrame:
    """Card payments: about 13 rows a customer, few of many and many of few; one account, a card or two."""
    rng = np.random.default_rng([seed, 1])
    sexes = rng.random(customers) < 0.5
    names = [
        f"{given} {family}" for given, family in zip(_given(sexes, rng), family_names(customers, rng), strict=True)
    ]
    ids = _numbers(customers, 1_000_000, 9_999_999, rng)
    accounts = _numbers(customers, 10**8, 10**9 - 1, rng)
    cards = [_with_luhn(f"4539{number:011d}") for number in _numbers(2 * customers, 10**9, 10**11 - 1, rng).tolist()]
    has_two = rng.random(customers) < 0.3
    sizes = np.clip(rng.lognormal(2.1, 0.95, customers).astype(int), 1, 150)
    whose = np.repeat(np.arange(customers), sizes)
    rows = len(whose)
    second = has_two[whose] & (rng.random(rows) < 0.4)
    merchants = [f"Shop {head}{tail}" for head in HEADS[:10] for tail in TAILS[:6]]
    merchant = rng.choice(60, rows, p=_falling(60))
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 2 * 365 * 24 * 3600, rows), unit="s")
    frame = pd.DataFrame(
        {
            "customer_id": ids[whose],
            "holder_name": np.array(names)[whose],
            "iban": np.array([iban(f"{number:010d}") for number in accounts.tolist()])[whose],
            "card_number": np.array([int(card) for card in cards], np.int64)[whose + customers * second],
            "tx_id": [f"TX{number:010d}" for number in _numbers(rows, 10**8, 10**10 - 1, rng).tolist()],
            "booked_at": at.strftime("%Y-%m-%d %H:%M:%S"),
            "amount": np.round(rng.lognormal(3.0, 1.0, rows) * (1 + merchant / 60), 2),
            "currency": rng.choice(["EUR", "USD", "CHF"], rows, p=[0.8, 0.12, 0.08]),
            "merchant": np.array(merchants)[merchant],
            "mcc": np.array(["5411", "5812", "5541", "4111", "5732", "7011"])[merchant % 6],
            "city": rng.choice(["Lorbach", "Winzen", "Aldorf", "Meerau", "Tannheim"], rows),
        }
    )
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def visits(patients: int = 300, seed: int = 0, *, split_names: bool = False) -> pd.DataFrame:
    """Stays in a hospital, one to a dozen a patient; now and then a note names somebody, or how to reach them.

    split_names: given and family name in columns of their own.
    """
    rng = np.random.default_rng([seed, 2])
    women = rng.random(patients) < 0.5
    given, family = _given(women, rng), family_names(patients, rng)
    records = _numbers(patients, 1_000, 9_999_999, rng)
    numbers = 40_000 + np.cumsum(rng.integers(1, 120, patients))  # beyond days since 1970
    born = pd.Timestamp("1935-01-01") + pd.to_timedelta(rng.integers(0, 75 * 365, patients), unit="D")
    phones = [f"+49 17{n % 10} {n // 10:07d}" for n in _numbers(patients, 10**7, 10**8 - 1, rng).tolist()]
    streets = [f"{rng.choice(HEADS)}{rng.choice(MIDDLES)}weg {rng.integers(1, 180)}" for _ in range(patients)]
    mails = [
        f"{a}.{b}{n}@{rng.choice(DOMAINS)}".lower().replace("ü", "ue")
        for a, b, n in zip(given, family, rng.integers(10, 99, patients), strict=True)
    ]
    whose = np.repeat(np.arange(patients), np.clip(rng.geometric(0.28, patients), 1, 14))
    rows = len(whose)
    sex = np.where(women, "F", "M")[whose]
    ward = rng.choice(["cardiology", "surgery", "neurology", "oncology"], rows, p=[0.4, 0.3, 0.2, 0.1])
    codes = {"cardiology": "I10 I25.1 I48.9", "surgery": "K35.8 K80.2", "neurology": "G40.9 I63.9", "oncology": "C50.9"}
    admitted = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 3 * 365, rows), unit="D")
    uuids = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(patients)]
    persons = pd.DataFrame(
        {
            "patient_uuid": uuids,
            "record_no": [f"MRN-{number:07d}" for number in records.tolist()],
            "patient_no": numbers,
            **(
                {"given_name": given, "family_name": family}
                if split_names
                else {"full_name": [f"{a} {b}" for a, b in zip(given, family, strict=True)]}
            ),
            "email": mails,
            "phone": phones,
            "street": streets,
        }
    )
    frame = persons.iloc[whose].reset_index(drop=True)
    frame["sex"] = sex
    frame["born"] = born.strftime("%Y-%m-%d")[whose]
    frame["admitted"] = admitted.strftime("%Y-%m-%d")
    frame["ward"] = ward
    frame["diagnosis"] = [rng.choice(codes[each].split()) for each in ward]
    frame["weight"] = np.round(rng.normal(np.where(sex == "F", 68, 82), 11), 1)
    frame["note"] = [
        _note(f"{given[who]} {family[who]}", phones[who], mails[who], each, rng)
        for who, each in zip(whose.tolist(), ward, strict=True)
    ]
    return frame


def _note(name: str, phone: str, mail: str, ward: str, rng: np.random.Generator) -> str:
    sentences: Sequence[str] = [
        f"Admitted to {ward} with {rng.choice(['chest pain', 'dizziness', 'fever', 'a headache'])}.",
        f"Blood pressure was {rng.integers(100, 180)} over {rng.integers(60, 100)}.",
        f"The patient felt {rng.choice(['better', 'unchanged', 'worse'])} after {rng.integers(1, 9)} days.",
    ]
    told = rng.random()
    more = (
        [f"{name} asked for a second opinion."]
        if told < 0.12
        else [f"Call back on {phone}."]
        if told < 0.2
        else [f"Results go to {mail}."]
        if told < 0.28
        else []
    )
    return " ".join([*sentences, *more])


def iban(account: str) -> str:
    """A German account number (10 digits) as an IBAN of our own bank, check digits right."""
    rest = int(BANK + account + "131400") % 97  # D is 13, E is 14
    return f"DE{98 - rest:02d}{BANK}{account}"


def _with_luhn(digits: str) -> str:
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    total = sum(number - 9 if number > 9 else number for number in doubled)
    return digits + str(-total % 10)


def _given(women: np.ndarray, rng: np.random.Generator) -> list[str]:
    return np.where(women, rng.choice(WOMEN, len(women)), rng.choice(MEN, len(women))).tolist()


def _numbers(count: int, low: int, high: int, rng: np.random.Generator) -> np.ndarray:
    """Different whole numbers, unordered."""
    found = np.unique(rng.integers(low, high + 1, 2 * count + 10))
    return rng.permutation(found)[:count]


def _falling(size: int) -> np.ndarray:
    weights = 1 / np.arange(1, size + 1)
    return weights / weights.sum()
