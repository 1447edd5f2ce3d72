"""Providers: values that are made for people, known again when seen, and found in columns and texts."""

import ipaddress
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from synthdata.fields.providers import PROVIDERS, People, detect, find_in_texts, locale_problem
from synthdata.fields.providers.accounts import spelled_names
from synthdata.fields.providers.banking import ACCOUNTS
from synthdata.fields.providers.names import family_names, given_names
from synthdata.fields.providers.phones import RESERVED, reserved
from synthdata.fields.providers.pools import known_locales, pool
from synthdata.fields.providers.spelling import in_ascii

LOCALES = ("en", "en-gb", "de", "fr", "ja", "ru", "ko", "hu", "ar-eg", "sk")
SAME_EVERYWHERE = [name for name, provider in PROVIDERS.items() if provider.locales() is None]
CASES = [
    (name, locale)
    for name in PROVIDERS
    for locale in (LOCALES if name not in SAME_EVERYWHERE else ("en",))
    if locale_problem(name, locale) is None
]
LATIN = ("en", "de", "fr", "es", "it", "pl", "sv", "tr", "hu")


def people(count: int, locale: str = "en", seed: int = 7, variant: int = 0, sex: str | None = None) -> People:
    return People(
        seed=seed,
        persons=np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15),
        variants=np.full(count, variant, dtype=np.int64),
        locale=locale,
        sexes=None if sex is None else np.full(count, sex, dtype=object),
    )


def made(name: str, count: int = 300, locale: str = "en", **more) -> np.ndarray:
    return PROVIDERS[name].make(people(count, locale, **more))


# making


@pytest.mark.parametrize(("name", "locale"), CASES)
def test_values_are_texts_one_a_row_that_the_provider_knows_again(name, locale):
    values = made(name, 1000, locale)
    assert values.shape == (1000,)
    assert values.dtype == object
    assert all(isinstance(value, str) and value == value.strip() and value for value in values)
    assert PROVIDERS[name].valid(values).all()


@pytest.mark.parametrize(("name", "locale"), CASES)
def test_values_are_a_function_of_the_person_not_of_the_order_or_the_other_rows(name, locale):
    whole = people(200, locale)
    values = PROVIDERS[name].make(whole)
    order = np.random.default_rng(0).permutation(200)[:50]
    part = People(whole.seed, whole.persons[order], whole.variants[order], locale)
    assert (PROVIDERS[name].make(part) == values[order]).all()
    assert (PROVIDERS[name].make(people(200, locale, seed=8)) != values).any()


@pytest.mark.parametrize(("name", "locale"), CASES)
def test_somebodys_second_value_differs_from_the_first(name, locale):
    same = made(name, 300, locale) == made(name, 300, locale, variant=1)
    assert same.mean() < (0.02 if name in ("full_name", "given_name", "family_name") else 0.01)


@pytest.mark.parametrize("name", PROVIDERS)
def test_no_rows_make_no_values(name):
    assert PROVIDERS[name].make(people(0, "de")).shape == (0,)
    assert PROVIDERS[name].valid(np.array([], dtype=object)).shape == (0,)


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_not_a_text_is_not_valid(name):
    assert not PROVIDERS[name].valid(np.array([None, 3, float("nan"), "", " "], dtype=object)).any()


@pytest.mark.parametrize("name", ["email", "user_name", "uuid", "ipv6", "iban", "payment_card"])
@pytest.mark.parametrize("locale", ["en", "de", "sk"])
def test_values_that_have_to_differ_do(name, locale):
    values = made(name, 200_000, locale)
    repeated = len(values) - len(set(values))
    assert repeated <= (0 if name in ("uuid", "ipv6", "iban") else 12)


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider.checked or "_" in name])
def test_numbers_repeat_no_more_often_than_their_room_makes_them(name):
    count, room = 50_000, PROVIDERS[name].room
    if room is None:
        return
    values = made(name, count)
    expected = count - room * (1 - np.exp(-count / room))  # birthdays
    assert len(values) - len(set(values)) <= 1.2 * expected + 6


def test_a_seed_may_be_of_any_size():
    assert made("uuid", 3, seed=-1).shape == made("uuid", 3, seed=1 << 200).shape


def test_the_modules_start_without_mimesis():
    code = "import sys, synthdata.fields.providers; sys.exit('mimesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# people


@pytest.mark.parametrize("locale", ["en", "de", "fr", "ja", "ru", "cs"])
@pytest.mark.parametrize("sex", ["female", "male"])
def test_names_fit_the_sex(locale, sex):
    assert set(made("given_name", 500, locale, sex=sex)) <= set(pool(locale, f"{sex} given"))
    assert set(made("family_name", 500, locale, sex=sex)) <= set(pool(locale, f"{sex} family"))


@pytest.mark.parametrize(("sex", "digit"), [("male", "1"), ("female", "2")])
def test_numbers_that_tell_the_sex_tell_the_right_one(sex, digit):
    assert {value[0] for value in made("fr_nir", sex=sex)} == {digit}
    assert {int(value[9]) % 2 for value in made("pl_pesel", sex=sex)} == {int(digit) % 2}
    assert {int(value[9:11]) > 40 for value in made("it_codice_fiscale", sex=sex)} == {sex == "female"}


@pytest.mark.parametrize(
    ("locale", "form"), [("en", "{0} {1}"), ("ja", "{1} {0}"), ("zh", "{1}{0}"), ("hu", "{1} {0}")]
)
def test_a_whole_name_is_the_persons_names_in_the_order_of_the_locale(locale, form):
    given, family = made("given_name", 300, locale), made("family_name", 300, locale)
    assert made("full_name", 300, locale).tolist() == [form.format(*names) for names in zip(given, family, strict=True)]


def test_a_second_whole_name_keeps_the_given_one():
    first, second = made("full_name"), made("full_name", variant=1)
    assert [name.split()[0] for name in first] == [name.split()[0] for name in second]


@pytest.mark.parametrize("locale", [*LATIN, "ru", "el", "ko"])
@pytest.mark.parametrize("variant", [0, 1])
def test_addresses_and_user_names_fit_the_persons_name(locale, variant):
    family = [re.sub("[^a-z]", "", in_ascii(name)) for name in made("family_name", 300, locale)]
    emails, users = made("email", 300, locale, variant=variant), made("user_name", 300, locale, variant=variant)
    assert all(name in email.partition("@")[0] for name, email in zip(family, emails, strict=True))
    assert all(name in user for name, user in zip(family, users, strict=True))


@pytest.mark.parametrize("locale", ["ja", "zh", "ar-eg", "fa"])
def test_where_nothing_of_a_name_is_ascii_a_pronounceable_one_is_made_up(locale):
    assert all(re.fullmatch(r"[a-z]+[._]?[a-z]+\d+@[a-z.-]+", email) for email in made("email", 300, locale))


@pytest.mark.parametrize("locale", sorted(known_locales()))
def test_every_locale_makes_names_and_addresses(locale):
    for name, provider in PROVIDERS.items():
        if locale_problem(name, locale) is None:
            assert provider.valid(made(name, 200, locale)).mean() > 0.99, name


@pytest.mark.parametrize("locale", sorted(known_locales()))
def test_a_locale_is_offered_where_there_is_data_enough(locale):
    assert len(set(made("company", 200, locale))) > 50
    assert (
        min(len(given_names(locale)), len(family_names(locale)), len(pool(locale, "city")), len(pool(locale, "street")))
        > 9
    )


@pytest.mark.parametrize(
    ("name", "ascii"),
    [
        ("Müßig", "muessig"),
        ("Søren", "soren"),
        ("Łukasz", "lukasz"),
        ("Élodie", "elodie"),
        ("Şahin", "sahin"),
        ("Щербаков", "shcherbakov"),
        ("Παπάς", "papas"),
        ("김민준", "gimminjun"),
        ("Þóra", "thora"),
        ("山田", ""),
    ],
)
def test_names_are_spelled_as_is_customary(name, ascii):
    assert in_ascii(name) == ascii


# nobody's


@pytest.mark.parametrize("locale", LOCALES)
def test_domains_are_kept_for_examples(locale):
    kept = re.compile(r"(?:.*\.)?(?:example\.(?:com|net|org)|[a-z-]+\.example)")
    assert all(kept.fullmatch(email.partition("@")[2]) for email in made("email", 500, locale))
    assert all(kept.fullmatch(url.split("/")[2]) for url in made("url", 500, locale))


def test_addresses_of_machines_are_in_networks_for_documentation_and_tests():
    networks = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")]
    assert all(any(ipaddress.ip_address(ip) in network for network in networks) for ip in made("ip", 2000))
    documentation = ipaddress.ip_network("2001:db8::/32")
    for ip in made("ipv6", 2000):
        assert ipaddress.ip_address(ip) in documentation
        assert str(ipaddress.ip_address(ip)) == ip


@pytest.mark.parametrize("locale", RESERVED)
def test_telephones_are_ones_that_never_ring(locale):
    assert set(made("phone", 1000, locale)) <= set(reserved(locale))


def test_ranges_for_fiction_are_those_that_the_authorities_name():
    assert all(re.fullmatch(r"\([2-9]\d\d\) 555-01\d\d", number) for number in reserved("en"))
    assert {"020 7946 0123", "07700 900123", "0113 496 0123", "01632 960123"} <= set(reserved("en-gb"))
    assert {"030 23125123", "069 90009123", "040 66969123", "0221 4710123", "089 99998123"} <= set(reserved("de"))
    assert {"01 99 00 12 34", "06 39 98 12 34"} <= set(reserved("fr"))


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("us_ssn", r"9\d\d-(?:0[1-9]|[1-4]\d)-\d{4}"),
        ("uk_nino", r"X[A-Z]\d{6}[A-D]"),
        ("uk_nhs", r"999\d{7}"),
        ("de_tax_id", r"0\d{10}"),
        ("fr_nir", r"[12]\d{4}(?:75|9[0234])[2-9]\d{7}"),
        ("nl_bsn", r"999\d{6}"),
        ("it_codice_fiscale", r"[A-Z]{6}\d\d[A-Z]\d\dN\d{3}[A-Z]"),
        ("payment_card", r"(?:400000|401288|411111|424242|222300|510510|520082|545454|555555|222242)\d{10}"),
        ("br_cpf", r"\d{3}\.\d{3}\.\d{3}-\d\d"),
        ("es_dni", r"\d{8}[A-Z]"),
        ("uuid", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    ],
)
def test_numbers_are_written_as_usual_from_the_ranges_for_tests(name, pattern):
    assert all(re.fullmatch(pattern, value) for value in made(name, 1000))


# check digits


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("iban", "GB82WEST12345698765432", "GB83WEST12345698765432"),
        ("iban", "DE89370400440532013000", "DE89370400440532013001"),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE8937040044053201300"),
        ("iban", "FR1420041010050500013M02606", "XX1420041010050500013M02606"),
        ("iban", "NO9386011117947", "NO9386011117948"),
        ("payment_card", "4111111111111111", "4111111111111112"),
        ("payment_card", "5555-5555-5555-4444", "7111111111111116"),
        ("payment_card", "378282246310005", "37828224631000"),
        ("uk_nhs", "9434765919", "9434765918"),
        ("uk_nhs", "943 476 5919", "1434765919"),
        ("es_dni", "12345678Z", "12345678A"),
        ("es_dni", "X1234567L", "X1234567M"),
        ("nl_bsn", "111222333", "111222334"),
        ("br_cpf", "52998224725", "52998224726"),
        ("br_cpf", "529.982.247-25", "11111111111"),
        ("fr_nir", "255081416802538", "255081416802539"),
        ("de_tax_id", "86095742719", "86095742718"),
        ("pl_pesel", "44051401359", "44051401358"),
        ("it_codice_fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        ("us_ssn", "123-45-6789", "000-45-6789"),
        ("uk_nino", "AB 12 34 56 C", "QQ123456C"),
        ("ip", "192.0.2.255", "192.0.2.256"),
        ("ipv6", "2001:db8::1", "2001:db8:::1"),
        ("email", "anna.schmidt42@example.org", "anna.schmidt42@example"),
        ("url", "https://www.example.org/a?b=c", "example"),
        ("phone", "+49 30 23125123", "12"),
    ],
)
def test_published_examples_are_told_from_wrong_ones(name, good, bad):
    assert PROVIDERS[name].valid(np.array([good, bad], dtype=object)).tolist() == [True, False]


@pytest.mark.parametrize("locale", sorted(ACCOUNTS))
def test_accounts_have_the_length_and_the_check_digits_of_their_country(locale):
    values = made("iban", 500, locale)
    assert {value[:2] for value in values} == {ACCOUNTS[locale].country}
    rearranged = [value[4:] + value[:4] for value in values]
    assert all(int("".join(str(int(sign, 36)) for sign in value)) % 97 == 1 for value in rearranged)


def spanish(account: str) -> str:
    def check(digits: str) -> str:
        rest = 11 - sum(int(d) * w for d, w in zip(digits, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6), strict=True)) % 11
        return str({10: 1, 11: 0}.get(rest, rest))

    return check("00" + account[:8]) + check(account[10:])


def norwegian(account: str) -> str:
    rest = sum(int(d) * w for d, w in zip(account, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=False)) % 11
    return str((11 - rest) % 11)


NATIONAL = {  # where the check digits are, and what they have to be
    "nl-be": (slice(10, 12), lambda a: f"{int(a[:10]) % 97 or 97:02d}"),
    "fr": (slice(21, 23), lambda a: f"{97 - (89 * int(a[:5]) + 15 * int(a[5:10]) + 3 * int(a[10:21])) % 97:02d}"),
    "pt": (slice(19, 21), lambda a: f"{98 - int(a[:19]) * 100 % 97:02d}"),
    "es": (slice(8, 10), spanish),
    "no": (slice(10, 11), norwegian),
}


@pytest.mark.parametrize(
    ("locale", "account"),
    [("nl-be", "539007547034"), ("es", "21000418450200051332"), ("no", "86011117947"), ("pt", "000201231234567890154")],
)
def test_the_rules_of_national_check_digits_hold_for_published_accounts(locale, account):
    where, check = NATIONAL[locale]
    assert account[where] == check(account)


@pytest.mark.parametrize("locale", NATIONAL)
def test_accounts_have_their_national_check_digits(locale):
    where, check = NATIONAL[locale]
    assert all(value[4:][where] == check(value[4:]) for value in made("iban", 500, locale))


# detection

TOLD = [
    (name, locale)
    for name, locale in CASES
    if (PROVIDERS[name].telling is not None or name in ("full_name", "given_name", "family_name"))
    and (name, locale) not in (("phone", "ar-eg"),)  # no sign but digits in them
]


@pytest.mark.parametrize(("name", "locale"), TOLD)
def test_content_tells_what_a_column_without_a_telling_name_holds(name, locale):
    found = detect(pd.Series(made(name, 300, locale)), "x")
    assert found is not None
    assert found.provider == name
    assert 0 < found.share <= 1


@pytest.mark.parametrize(("name", "locale"), TOLD)
def test_the_reason_names_no_cell(name, locale):
    values = made(name, 300, locale)
    why = detect(pd.Series(values), "x").why
    assert why
    assert not any(value in why for value in values)


@pytest.mark.parametrize("locale", ["en", "de", "fr", "ja", "ru", "pl", "tr", "ko", "zh"])
def test_names_tell_their_locale(locale):
    assert detect(pd.Series(made("full_name", 300, locale)), "x").locale == locale


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "nl", "pl"])
def test_accounts_tell_their_locale(locale):
    assert detect(pd.Series(made("iban", 300, locale)), "x").locale == locale


def test_a_dialling_code_tells_the_locale():
    numbers = pd.Series([f"+49 30 23125{n:03d}" for n in range(50)])
    assert detect(numbers, "x").locale == "de"


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("first_name", "given_name"),
        ("Vorname", "given_name"),
        ("lastName", "family_name"),
        ("surname", "family_name"),
        ("customer_name", "full_name"),
        ("name", "full_name"),
        ("E-Mail", "email"),
        ("user_name", "user_name"),
        ("login", "user_name"),
        ("phone_number", "phone"),
        ("street_address", "street"),
        ("Adresse", "street"),
        ("company", "company"),
        ("SSN", "us_ssn"),
        ("ni_number", "uk_nino"),
        ("card_no", "payment_card"),
    ],
)
def test_a_columns_name_helps_where_its_content_agrees(column, name):
    assert detect(pd.Series(made(name)), column).provider == name


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("card", ["credit", "debit", "prepaid"] * 100),
        ("phone", ["yes", "no"] * 100),
        ("phone", ["iPhone 12", "Galaxy S21", "Pixel 6"] * 30),
        (
            "name",
            [f"{kind} {item}" for kind in ("Deluxe", "Basic", "Classic") for item in ("Chair", "Table", "Lamp", "Sofa")]
            * 9,
        ),
        ("email", ["opt-in", "opt-out"] * 50),
        ("address", [str(n) for n in range(100)]),
        ("ssn", ["known", "unknown"] * 50),
        ("company", ["Lufthansa", "KLM", "Iberia"] * 100),
        ("mobile", [0, 1] * 50),
        ("mac_address", [f"00:1A:2B:3C:4D:{n:02X}" for n in range(100)]),
        ("user_id", [f"U{n:04d}" for n in range(100)]),
        ("company_id", [f"C{n:04d}" for n in range(100)]),
        ("phone_id", list(range(10**8, 10**8 + 100))),
        ("last_login", [f"2023-01-05T10:00:{n:02d}Z" for n in range(60)]),
        ("street", [True, False] * 50),
    ],
)
def test_a_columns_name_does_not_help_where_its_content_disagrees(column, cells):
    assert detect(pd.Series(cells), column) is None


def test_numbers_are_numbers_whatever_they_are_stored_as():
    cards = pd.Series(made("payment_card").astype("int64"))
    assert detect(cards, "x").provider == "payment_card"
    taxes = pd.Series(made("de_tax_id").astype("int64"))  # the zero in front is lost
    assert detect(taxes, "x").provider == "de_tax_id"
    assert detect(taxes.astype("float64").reindex(range(400)), "x").provider == "de_tax_id"
    phones = pd.Series(np.arange(4_915_123_000_000, 4_915_123_000_300))
    assert detect(phones, "x") is None
    assert detect(phones, "phone").provider == "phone"
    social = pd.Series([int(value.replace("-", "")) for value in made("us_ssn")])
    assert detect(social, "ssn").provider == "us_ssn"


def test_gaps_and_a_few_strays_do_not_hide_a_column():
    values = pd.Series(made("email", 300)).where(np.arange(300) % 3 > 0)
    values[1] = "unknown"
    assert detect(values, "x").provider == "email"


def test_a_large_column_is_looked_at_in_parts():
    assert detect(pd.Series(np.tile(made("email", 2000), 100)), "x").provider == "email"


WORDS = {
    "months": "January February March April May June July August September October November December",
    "days": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "colours": "red green blue black white yellow brown grey orange violet pink olive amber ruby scarlet teal navy "
    "gold silver ivory coral crimson indigo lavender magenta maroon",
    "countries": "Germany France Italy Spain Portugal Poland Sweden Norway Denmark Finland Ireland Iceland Japan China "
    "India Brazil Chile Peru Canada Mexico Jordan Georgia Israel Chad Cuba Kenya Mali Niger Oman Qatar "
    "Turkey Ukraine",
    "currencies": "EUR USD GBP JPY CHF SEK NOK DKK PLN CZK HUF RON BGN TRY RUB CNY INR BRL MXN CAD AUD NZD ZAR KRW SGD",
    "codes": "E11.9 I10 J45.909 M54.5 F32.9 K21.9 E78.5 N39.0 R51 Z00.00 J06.9 H52.4 L20.9 G43.909 B34.9 S93.401A "
    "T14.90 C50.919 D64.9 O80 P07.3 Q21.1 V89.2XXA W19.XXXA Y92.9",
    "drugs": "Metformin Lisinopril Atorvastatin Levothyroxine Amlodipine Metoprolol Albuterol Omeprazole Losartan "
    "Gabapentin Hydrochlorothiazide Sertraline Simvastatin Montelukast Escitalopram Rosuvastatin "
    "Bupropion Furosemide Trazodone Pantoprazole Prednisone Tamsulosin Fluoxetine Citalopram Warfarin",
    "fruits": "apple banana cherry grape lemon lime mango melon olive orange papaya peach pear plum quince fig date "
    "kiwi apricot berry currant guava lychee nectarine pomegranate",
    "animals": "cat dog horse cow sheep goat pig hen duck goose wolf fox bear deer hare rabbit mouse rat lion tiger "
    "leopard camel buck robin jay martin swift finch crane",
    "jobs": "Baker Butcher Carpenter Cook Clerk Driver Engineer Farmer Fisher Gardener Judge Lawyer Mason Miller "
    "Nurse Painter Pilot Plumber Porter Sailor Singer Smith Tailor Teacher Waiter Weaver Accountant "
    "Analyst Architect Chemist Consultant Dentist Designer Developer Economist Editor Electrician "
    "Estimator Geologist Journalist Librarian",
    "brands": "Toyota Honda Ford Chevrolet Nissan Hyundai Kia Volkswagen BMW Mercedes Audi Lexus Mazda Subaru Volvo "
    "Jeep Dodge Buick Cadillac Chrysler Fiat Jaguar Porsche Tesla Mitsubishi Suzuki Lincoln Acura "
    "Infiniti Renault Peugeot",
    "flowers": "rose lily daisy violet iris jasmine poppy heather ivy dahlia tulip orchid aster fern holly hazel "
    "rosemary sage basil ginger myrtle olive marigold primrose laurel",
    "states": "Alabama Alaska Arizona California Colorado Delaware Florida Georgia Hawaii Idaho Illinois Indiana Iowa "
    "Kansas Kentucky Maine Maryland Michigan Montana Nevada Ohio Oregon Texas Utah Vermont Virginia Washington Wyoming",
    "subjects": "Mathematics Physics Chemistry Biology History Geography English French German Spanish Latin Greek Art "
    "Music Drama Economics Law Medicine Nursing Philosophy Theology Sociology Politics Statistics",
    "departments": "Sales Marketing Finance Legal Research Support Security Design Logistics Purchasing Production "
    "Quality Training Payroll Treasury Audit Strategy Facilities Operations Engineering Maintenance",
    "classes": "setosa versicolor virginica",
}
NUMBERS = np.random.default_rng(5)
DAYS = pd.date_range("2019-01-03", periods=400, freq="53h")
ORDINARY = {name: words.split() * 5 for name, words in WORDS.items()} | {
    "US cities": pool("en", "city"),
    "German towns": pool("de", "city"),
    "British towns": pool("en-gb", "city"),
    "Japanese cities": pool("ja", "city"),
    "Russian cities": pool("ru", "city"),
    "Italian cities": pool("it", "city"),
    "job titles": [f"{rank} {job}" for rank in ("Senior", "Junior", "Chief") for job in WORDS["jobs"].split()],
    "products": [
        f"{a} {b}"
        for a in ("Oak", "Rose", "Amber", "Steel", "Stone")
        for b in ("Chair", "Lamp", "Table", "Vase", "Ring")
    ]
    * 3,
    "amounts": np.round(NUMBERS.lognormal(6, 2, 500), 2),
    "whole amounts": NUMBERS.integers(0, 10**10, 500),
    "amounts as texts": [f"{n / 100:.2f}" for n in NUMBERS.integers(1, 10**7, 300)],
    "amounts in groups": [f"{n:,}".replace(",", " ") for n in NUMBERS.integers(10**8, 10**9, 300)],
    "counter": np.arange(1, 1001),
    "long counter": np.arange(10**15, 10**15 + 500),
    "counter from 4e15": np.arange(4 * 10**15, 4 * 10**15 + 500),
    "numbers of nine digits": NUMBERS.integers(10**8, 10**9, 1000),
    "numbers of ten digits": NUMBERS.integers(10**9, 10**10, 1000),
    "numbers of eleven digits": NUMBERS.integers(10**10, 10**11, 1000),
    "numbers of sixteen digits": NUMBERS.integers(10**15, 9 * 10**15, 1000),
    "EAN": [
        f"{body}{-sum(int(d) * (1, 3)[at % 2] for at, d in enumerate(body)) % 10}"
        for body in (f"4{n:011d}" for n in NUMBERS.integers(0, 10**11, 300))
    ],
    "ISO dates": DAYS.strftime("%Y-%m-%d"),
    "dates of eight digits": DAYS.strftime("%Y%m%d"),
    "dates as numbers": DAYS.strftime("%Y%m%d").astype("int64"),
    "German dates": DAYS.strftime("%d.%m.%Y"),
    "US dates": DAYS.strftime("%m/%d/%Y"),
    "times": DAYS.strftime("%Y-%m-%d %H:%M:%S"),
    "dates with dashes": DAYS.strftime("%d-%m-%Y"),
    "datetimes": DAYS,
    "seconds": DAYS.astype("int64") // 10**9,
    "zip codes": pool("en", "postcode")[:500],
    "Brazilian postcodes": pool("pt-br", "postcode")[:500],
    "postcodes": pool("en-gb", "postcode")[:500],
    "latitudes": [f"{n:+.6f}" for n in NUMBERS.uniform(-90, 90, 300)],
    "points": [f"{a:.5f}, {b:.5f}" for a, b in NUMBERS.uniform(-90, 90, (300, 2))],
    "hashes": [f"{n:016x}" for n in NUMBERS.integers(1 << 60, 1 << 62, 300)],
    "versions": [f"{a}.{b}.{c}.{d}" for a, b, c, d in NUMBERS.integers(0, 20, (300, 4))],
    "products' numbers": [f"{a:03d}-{b:04d}" for a, b in NUMBERS.integers(100, 999, (300, 2))],
    "scores": NUMBERS.integers(0, 101, 500),
    "shares": NUMBERS.uniform(0, 1, 500),
    "flags": [True, False] * 100,
    "sentences": [f"The order of day {n} arrived late and the box was open." for n in range(100)],
    "missing": [None] * 30,
    "ISBN": ["0306406152", "0451524934", "0140449132", "0743273567", "0061120085", "0679783272", "0141439513"] * 9,
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_columns_are_let_alone(kind):
    assert detect(pd.Series(ORDINARY[kind]), "x") is None
    assert detect(pd.Series(ORDINARY[kind]), "product_name") is None
    assert detect(pd.Series(ORDINARY[kind]), "name") is None


# texts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Write to anna.schmidt@example.org.", "email"),
        ("Call (212) 555-0147 after six.", "phone"),
        ("See https://www.example.org/a.", "url"),
        ("Pay to DE89 3704 0044 0532 0130 00, please.", "iban"),
        ("Pay to DE89370400440532013000.", "iban"),
        ("My card is 4111 1111 1111 1111.", "payment_card"),
        ("The host 192.0.2.17 is down.", "ip"),
        ("His number is 123-45-6789.", "us_ssn"),
        ("Yesterday Barbara Johnson came by.", "full_name"),
        ("It was signed by Jürgen Schmidt.", "full_name"),
        ("Ask Mr. Xylander about it.", "full_name"),
        ("Frau Özdemir hat angerufen.", "full_name"),
        ("Пришёл Антон Абрамов.", "full_name"),
    ],
)
def test_texts_that_hold_personal_data_are_found(text, name):
    assert find_in_texts(["Nothing here.", text])[name].tolist() == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "The room was clean and the breakfast was good.",
        "Rose Garden Hotel in New York, near Grand Central Station.",
        "Paid 1234567890123456 units on 2023-06-23 at 10:00.",
        "May Day and Good Friday are holidays in Great Britain.",
        "Version 1.2.3 of the Driver Manual, see Chapter 4.",
        "Will Smith's recipe not be enough? Mark Down.",
        "April Fools in San Diego, Santa Barbara and Los Angeles.",
        "A dr told me. The ms is late.",
        "",
    ],
)
def test_texts_without_are_let_alone(text):
    assert not any(found.any() for found in find_in_texts([text]).values())


def test_texts_that_are_missing_hold_nothing():
    assert not find_in_texts([None])["email"].any()


# the table


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_says_what_it_is(name):
    provider = PROVIDERS[name]
    assert provider.name == name
    assert re.match(r"an? |somebody's ", provider.summary)
    assert provider.distinctive == (name not in ("given_name", "family_name", "city", "postcode", "company"))
    assert not provider.checked or provider.telling is not None


def test_locales_are_checked_with_a_hint():
    assert locale_problem("email", "de") is None
    assert locale_problem("uuid", "de") is None
    assert locale_problem("email", "de_DE") == 'locale "de_DE" is unknown; did you mean "de"?'
    assert locale_problem("uuid", "klingon").startswith('locale "klingon" is unknown')
    assert locale_problem("iban", "ja").startswith('iban has no data for locale "ja"; it has: cs, da, de')
    assert locale_problem("company", "sk") is None


def test_names_in_ascii_are_kept_for_latin_letters():
    for locale in LATIN:
        assert all(name for names in spelled_names(locale) for name in names)
