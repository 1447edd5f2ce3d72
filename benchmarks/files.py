"""Write three files as a hospital, a bank and a shop might send them, to take through `init`, `train` and `generate`.

usage: python benchmarks/files.py -o OUT

OUT/hospital.csv: stays as a German system exports them: semicolons, Windows-1252, a title above, decimal commas, limits
of a laboratory, ICD codes, names, a day of discharge after a time of admission. OUT/bank.txt: payments with tabs:
amounts in dollars, brackets for debits, IBANs, dates with two-digit years. OUT/shop.json: orders as a service returns
them: nested customers, VAT as a percentage, products with a code and a name, comments. All of it is invented.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from mimesis import Finance, Person
from mimesis.enums import Gender
from mimesis.locales import Locale

ICD = ["I50.1", "J18.9", "E11.9", "K35.8", "S72.0", "I21.4", "N39.0", "A41.9", "C34.1", "G45.9"]
WARDS = ["Innere Medizin", "Chirurgie", "Kardiologie", "Neurologie", "Geriatrie"]
PRODUCTS = [
    ("AB-1001", "Kettle 1.7 l", 39.9), ("AB-1002", "Toaster", 29.5), ("AB-1003", "Coffee grinder", 54.0),
    ("CD-2001", "Desk lamp", 24.9),
    ("CD-2002", "Floor lamp", 89.0), ("CD-2003", "Extension lead", 12.5), ("EF-3001", "Novel, paperback", 11.99),
    ("EF-3002", "Cookery book", 24.0), ("EF-3003", "Road atlas", 17.5), ("EF-3004", "Crossword book", 6.95),
]  # fmt: skip


def german(value: float, decimals: int = 2) -> str:
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def hospital(path: Path, rng: np.random.Generator, rows: int = 4000) -> None:
    person = Person(Locale.DE, seed=1)
    people = []
    for number in range(rows * 5 // 8):
        woman = bool(rng.random() < 0.53)
        name = f"{person.last_name()}, {person.first_name(Gender.FEMALE if woman else Gender.MALE)}"
        born = pd.Timestamp("1930-01-01") + pd.Timedelta(days=int(rng.beta(1.3, 2.2) * 28_000))
        people.append((f"P{100_000 + number * 7}", name, "w" if woman else "m", born))
    lines = [
        "Export Aufnahmen 2023, Stand 15.01.2024",
        "",
    ]
    lines.append(
        "Fallnr;PatientID;Name;Geburtsdatum;Geschlecht;Aufnahme;Entlassung;Station;Hauptdiagnose;Gewicht_kg;CRP;Kosten;Privat"
    )
    for row in range(rows):
        key, name, sex, born = people[rng.integers(len(people))]
        admitted = pd.Timestamp("2023-01-01") + pd.Timedelta(minutes=int(rng.integers(0, 525_600)))
        age = (admitted - born).days / 365.25
        days = int(rng.gamma(1.6, 2 + age / 40))
        code = (
            ICD[min(int(rng.exponential(2.4)), 9)]
            if rng.random() < 0.7
            else f"{'CEGIJKMNRS'[rng.integers(10)]}{rng.integers(10, 99)}.{rng.integers(10)}"
        )
        ward = WARDS[4 if age > 78 and rng.random() < 0.5 else ICD.index(code) % 4 if code in ICD else rng.integers(4)]
        crp = rng.lognormal(0.9, 1.3)
        cost = 900 + days * rng.normal(620, 90) + (2500 if ward == "Chirurgie" else 0)
        weight = "" if rng.random() < 0.08 else german(rng.normal(68 if sex == "w" else 82, 12), 1)
        lines.append(";".join([
            f"F-2023-{row + 1:05d}", key, f'"{name}"', f"{born:%d.%m.%Y}", sex, f"{admitted:%d.%m.%Y %H:%M}",
            f"{admitted + pd.Timedelta(days=days):%d.%m.%Y}", ward, code, weight,
            "<0,3" if crp < 0.3 else german(crp, 1),
            f"{german(max(cost, 350))} €", "ja" if rng.random() < 0.12 else "nein",
        ]))  # fmt: skip
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252", "replace"))


def bank(path: Path, rng: np.random.Generator, rows: int = 6000) -> None:
    person, finance = Person(Locale.EN, seed=2), Finance(Locale.EN, seed=2)
    accounts = [(f"GB{rng.integers(10, 99)}NWBK{rng.integers(10**13, 10**14)}", person.full_name()) for _ in range(700)]
    shops = [finance.company() for _ in range(60)]
    kinds = ["Card payment", "Direct debit", "Salary", "Cash withdrawal", "Transfer", "Fee"]
    lines = ["Account\tHolder\tPosted\tType\tMerchant\tAmount\tFee\tTotal\tCard\tFlagged"]
    for _ in range(rows):
        iban, holder = accounts[min(int(rng.exponential(200)), 699)]
        kind = str(rng.choice(kinds, p=[0.5, 0.16, 0.08, 0.1, 0.13, 0.03]))
        amount = round(float(rng.normal(2900, 500) if kind == "Salary" else -rng.lognormal(3.4, 1.1)), 2)
        amount = float(-20 * rng.integers(1, 16)) if kind == "Cash withdrawal" else amount
        fee = 0.0 - float(rng.choice([0.0, 0.0, 0.0, 0.35, 1.5]))
        money = [
            f"(${abs(each):,.2f})" if each < 0 else f"${each:,.2f}" for each in (amount, fee, round(amount + fee, 2))
        ]
        posted = pd.Timestamp("2022-01-03") + pd.Timedelta(minutes=int(rng.integers(0, 1_040_000)))
        merchant = shops[min(int(rng.exponential(12)), 59)] if kind in ("Card payment", "Direct debit") else ""
        card = f"**** {rng.integers(1000, 9999)}" if kind in ("Card payment", "Cash withdrawal") else ""
        lines.append("\t".join([
            iban, holder, f"{posted.month}/{posted.day}/{posted:%y} {posted.hour}:{posted:%M}", kind, merchant, *money,
            card,
            "Y" if rng.random() < 0.02 else "N",
        ]))  # fmt: skip
    path.write_text("\n".join(lines) + "\n")


def shop(path: Path, rng: np.random.Generator, rows: int = 3000) -> None:
    person = Person(Locale.FR, seed=3)
    people = [(7000 + number, person.full_name(), person.email()) for number in range(1100)]
    words = [
        "Great, arrived quickly.",
        "Box was damaged.",
        "As described.",
        "Would buy again.",
        "Colour differs from the photo.",
    ]
    orders = []
    for row in range(rows):
        number, name, mail = people[min(int(rng.exponential(400)), 1099)]
        code, title, price = PRODUCTS[min(int(rng.exponential(3)), 9)]
        pieces = int(rng.geometric(0.6))
        rate = 5.5 if code.startswith("EF") else 20.0
        net = round(pieces * price, 2)
        tax = round(net * rate / 100 + 1e-9, 2)
        ordered = pd.Timestamp("2024-02-01T00:00:00Z") + pd.Timedelta(seconds=int(rng.integers(0, 20_000_000)))
        country = str(rng.choice(["FR", "BE", "CH", "LU"], p=[0.7, 0.15, 0.1, 0.05]))
        orders.append({
            "order": f"ORD-{row + 10_001}", "ordered_at": f"{ordered:%Y-%m-%dT%H:%M:%SZ}",
            "customer": {"id": number, "name": name, "email": mail, "country": country},
            "product": {"code": code, "title": title}, "pieces": pieces, "price": price, "net": net, "vat_rate": rate,
            "vat": tax,
            "gross": round(net + tax, 2), "coupon": None if rng.random() < 0.8 else f"SAVE{rng.choice([5, 10, 20])}",
            "rating": None if rng.random() < 0.4 else int(rng.choice([5, 4, 3, 2, 1], p=[0.45, 0.3, 0.13, 0.07, 0.05])),
            "tags": ["web"], "comment": None if rng.random() < 0.6 else str(rng.choice(words)),
        })  # fmt: skip
    path.write_text(json.dumps({"count": rows, "orders": orders}, ensure_ascii=False, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    hospital(out / "hospital.csv", np.random.default_rng(1))
    bank(out / "bank.txt", np.random.default_rng(2))
    shop(out / "shop.json", np.random.default_rng(3))


if __name__ == "__main__":
    main()
