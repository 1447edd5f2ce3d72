"""Recognising keys, unique or repeated, by the shape of the cells and the column's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.fields.patterns import UUID, alphabets, pattern_of

__all__ = ["EPOCH", "PERSON", "PLACE_OR_THING", "STAFF", "KeyLook", "is_even", "key_look"]

LEAST = 20  # distinct values of a key, by its look
LEAST_NAMED, LEAST_SHAPED = 2, 5  # of one that is named for people, and of UUIDs
MOST_ROWS_OF_ONE = 200  # on average: what more rows share is a category, a shop or a ward
LEAST_FREE = 10  # keys a pattern must leave for each that there is, or it is a code of few names
MORE = re.compile(  # what counts without gaps and says more than which row it is
    r"(?i)(^|_|\b)(rank|ranking|position|place|year|month|week|day|hour|date|time|age|score|level|grade)s?($|_|\b)"
)
INDEX = re.compile(r"(?i)unnamed: ?\d+(_level_\d+)?|index|level_0|row(_?(no|nr|num|number|id|index))?|")
SPARSE = 20  # rows that were there for each that is left of a table with an index
EPOCH = (500_000_000, 2_200_000_000)  # seconds since 1970, from 1985 to 2039
MEASURED = (  # ratios and sizes, weeks and quarters, numbers with a unit, durations: 120/80, 2023-W14, 512M, 25:57
    r"\d{1,4}\s?[/x×*:]\s?\d{1,4}(?:\s?[x×*]\s?\d{1,4})?|(?:19|20)\d\d[ -]?(?:W|KW|Q|H)[ -]?\d{1,2}"
    r"|\d+(?:[.,]\d+)?\s?[A-Za-zµ°%]{1,3}|\d{1,4}(?::[0-5]\d){1,2}(?:[.,]\d+)?"
)
LEAST_SPREAD, SPREAD = 50, 7  # rows, digits: even numbers of one length that no two rows share are keys
MOST_DIGITS = 16  # of a running number that is text
LONG = 9  # digits: numbers of one length that are as long are seldom quantities
_DECIMAL = re.compile(r"[+-]?\d*[.,]\d+(?:[eE][+-]?\d+)?")
_AMOUNT = re.compile(r"[^\w\s.,]?\s?[+-]?[^\w\s.,]?\s?\d{1,3}(?:[.,' ]?\d)*\s?(?:[^\w\s.,}]|[A-Z]{3})?")
_INTEGER = r"[1-9]\d{0,17}|0"
_NAMED = re.compile(
    r"(?i:(^|_|\b)([pcusemrh]?id|ids|uuid|guid|key|number|no|nr|num|ssn|mrn|iban|bic|msisdn|imei|pan|acct|account|reference|ref|kto|konto)$"
    r"|(resp|case|subj?|patient|pat|customer|cust|user|person|member|client|record|sample|visit|order|trans|obs)_?id$|"
    r"(?<!haus)(?<!zimmer)(?<!bett)(?<!telefon)(?<!tel)(?<!zeilen)(?<!seiten)[-_ .]?(nr|nummer)\.?$|[-_ .]no\.?$"
    r"|^fall(_?id)?$)"
    r"|[a-z](Id|ID|No|Nr)$"
)
PERSON = re.compile(
    r"(?i)patient|customer|client|subject|person|member|user|employee|staff|student|pupil|beneficiary|insured|holder|"
    r"participant|respondent|citizen|kunde|mitarbeiter|versichert|^fall(_?id|[-_ .]?nr|nummer)?\.?$|"
    r"persona|mrn|subscriber|donor|player|applicant|borrower"
)
STAFF = re.compile(  # others in a row than its subject
    r"(?i)^(doctor|dr|physician|surgeon|nurse|therapist|clinician|consultant|agent|staff|manager|teacher|driver|seller|"
    r"buyer|owner|guardian|mother|father|parent|spouse|kin|author|reviewer|examiner|clerk|sender|receiver|recipient|"
    r"payee|payer|merchant|vendor|chef|arzt|aerztin|ärztin|vorgesetzter?|betreuer|berater|lehrer)$"
)
PLACE_OR_THING = re.compile(
    r"(?i)product|item|sku|article|store|shop|branch|merchant|categor|station|flight|route|device|sensor|zip|postal|"
    r"post_?code|plz|code|icd|diag|drug|ndc|ward|depart|hospital|facility|provider|site|class|type|region|county|"
    r"country|district|state|city|tract|vendor|supplier|airport|carrier|model|version|year|month|line|event_no|seq|rank|step"
)


@dataclass(frozen=True)
class KeyLook:
    """What makes cells keys.

    text: the distinct cells. unique: no two cells are equal. integer: they are whole numbers. why: for a person. start:
    where a running number begins; None if they are none. is_after: whether that is behind all of them.
    """

    text: pd.Series
    unique: bool
    integer: bool
    why: str
    start: int | str | None = None
    is_after: bool = False


def key_look(column: pd.Series) -> KeyLook | None:
    """How present raw cells (n,) look like keys; None if they do not."""
    if len(column) < LEAST or pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return None
    rows, name = len(column), str(column.name)
    distinct = column.drop_duplicates()
    if len(distinct) < (LEAST_NAMED if PERSON.search(name) and _NAMED.search(name) else LEAST_SHAPED):
        return None
    if pd.api.types.is_float_dtype(distinct):
        numbers = distinct.to_numpy("float64")
        if not ((numbers == np.floor(numbers)) & (np.abs(numbers) < 2.0**53)).all():
            return None
        distinct = pd.Series(numbers.astype("int64"), index=distinct.index)
    text = distinct.astype("str").str.strip()
    if text.str.fullmatch(_DECIMAL).all():
        return None
    unique = len(text) == rows
    integer = bool(text.str.fullmatch(_INTEGER).all())
    if unique:
        return None if text.str.fullmatch(MEASURED).all() else _unique(text, integer, name)
    if not integer and not _NAMED.search(name) and text.str.fullmatch(_AMOUNT).all():
        return None  # "$1,000.00"
    why = _repeated(rows, text, integer, name)
    return None if why is None else KeyLook(text, False, integer, why)


def _unique(text: pd.Series, integer: bool, name: str) -> KeyLook | None:
    """Integers that count up or are named like keys, and what is written to one pattern."""
    why = "no two rows share one"
    if not integer:
        first = _text_start(text)
        if first is not None:
            return KeyLook(text, True, False, "it counts the rows", first, first not in set(text))
        return None if pattern_of(text) is None else KeyLook(text, True, False, why)
    numbers = text.astype("int64").to_numpy()
    if INDEX.fullmatch(name) and numbers.max() < SPARSE * len(numbers):
        return KeyLook(text, True, True, "a row index", int(numbers.min() == 1))
    counts = int(numbers.max()) - int(numbers.min()) + 1 == len(numbers) and not MORE.search(name)
    if counts:
        start = _start(int(numbers.min()), int(numbers.max()))
        return KeyLook(text, True, True, "it counts the rows", start, start > numbers.max())
    is_key = _NAMED.search(name) or _is_long(text) or (_is_spread(text, numbers) and not MORE.search(name))
    return KeyLook(text, True, True, why) if is_key else None


def _is_spread(text: pd.Series, numbers: np.ndarray) -> bool:
    """Whether distinct whole numbers of one length, and no dates, are spread evenly, as quantities are not."""
    if len(text) < LEAST_SPREAD or len(str(numbers.min())) < SPREAD or text.str.len().nunique() > 1 or _is_date(text):
        return False
    return is_even(np.sort(numbers)) and not numbers.min() >= EPOCH[0]


def _text_start(text: pd.Series) -> str | None:
    """Where running numbers of digits with zeros before them begin; None if they are none."""
    width = int(text.str.len().min())
    if (
        width > MOST_DIGITS
        or not text.str.fullmatch(rf"0[0-9]{{{width - 1}}}|[1-9][0-9]{{{width - 1},{MOST_DIGITS}}}").all()
    ):
        return None
    numbers = text.astype("int64")
    low, high = int(numbers.min()), int(numbers.max())
    if high - low + 1 != len(text):
        return None
    start = str(_start(low, high))
    return f"{start:0>{width}}" if len(start) <= max(width, len(str(high))) else None


def _start(low: int, high: int) -> int:
    """Where running numbers begin that are made for those from `low` to `high`.

    At the same 0, 1, 1000 or 10001; where the real ones begin at a number that is somebody's, after the last of them.
    """
    digits = str(low - low % 10)
    behind = digits[4:] if len(digits) > 6 and digits[:2] in ("19", "20") else digits[1:]  # the year, or the first
    is_round = low <= 10 or (len(digits) > 2 and low % 10 <= 1 and not behind.strip("0"))
    if is_round:
        return low
    unit = 10 ** (len(str(high)) - 1)
    after: int = (high // unit + 1) * unit + 1
    return after


def _repeated(rows: int, distinct: pd.Series, integer: bool, name: str) -> str | None:
    """Why repeated values are keys, for a person; None if they are not."""
    if PLACE_OR_THING.search(name) and not PERSON.search(name):
        return None
    if rows > MOST_ROWS_OF_ONE * len(distinct):
        return None
    if _is_date(distinct) or distinct.str.fullmatch(MEASURED).all():
        return None
    repeats = f"{len(distinct):,} of them, repeated in {rows:,} rows"
    if distinct.str.fullmatch(UUID).all():
        return f"UUIDs, {repeats}"
    if len(distinct) < LEAST and not (PERSON.search(name) and _NAMED.search(name)):
        return None
    pattern = None if integer else pattern_of(distinct)
    if not integer and pattern is None:
        return None
    if _NAMED.search(name) or (PERSON.search(name) and (integer or _is_open(pattern, len(distinct)))):
        return f"named like a key, {repeats}"
    if integer:
        return f"long numbers of one length with gaps, {repeats}" if _is_long(distinct) else None
    if _is_open(pattern, len(distinct)) or len(distinct) > 0.9 * rows:
        return f"written to one pattern, {repeats}"
    return None


def is_even(numbers: np.ndarray) -> bool:
    """Whether ascending numbers are uniform, as keys are and quantities seldom: a Kolmogorov-Smirnov test."""
    place = (numbers - numbers[0]) / max(int(numbers[-1]) - int(numbers[0]), 1)
    distance = np.abs(place - np.linspace(0, 1, len(numbers))).max()
    return bool(distance * np.sqrt(len(numbers)) < 1.63)  # 1 % of even ones are further off


def _is_date(distinct: pd.Series) -> bool:
    """Whether cells are dates written as numbers."""
    if distinct.str.fullmatch(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ].*)?").all():
        return True
    if not distinct.str.fullmatch(r"\d{6}|\d{8}").all():
        return False
    spellings = ("%d%m%Y", "%m%d%Y", "%Y%m%d") if len(distinct.iloc[0]) == 8 else ("%d%m%y", "%m%d%y", "%y%m%d")
    return any(pd.to_datetime(distinct, format=each, errors="coerce").notna().all() for each in spellings)


def _is_open(pattern: str | None, distinct: int) -> bool:
    """Whether a pattern could write many more keys than there are."""
    if pattern is None:
        return False
    free = 1
    for letters in alphabets(pattern):
        free *= len(letters)
    return free >= LEAST_FREE * distinct


def _is_long(distinct: pd.Series) -> bool:
    """Whether whole numbers all have one length, longer than quantities have, and are no points in time."""
    length = distinct.str.len()
    if length.min() < LONG or length.nunique() > 1:
        return False
    numbers = distinct.astype("int64")
    epochs = any(numbers.between(EPOCH[0] * unit, EPOCH[1] * unit).all() for unit in (1, 10**3, 10**6, 10**9))
    spelled = length.iloc[0] in (12, 14) and bool(distinct.str.match("(?:19|20)[0-9]{2}[01]").all())
    return not (epochs or spelled)
