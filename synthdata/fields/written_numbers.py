"""How a column of text writes numbers: with thousands, a decimal comma, a currency, a unit, brackets, or colons.

`1.234` is a thousand and more to some people, and one and a quarter to others. Which of them it is, the whole column
says: a separator that stands twice in a cell parts thousands, one that is not followed by three digits is the decimal
sign, and of two the last is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.fields.durations import find_duration, seconds_of, written_durations

__all__ = [
    "CELL",
    "SEPARATORS",
    "Form",
    "are_versions",
    "decimals_of",
    "find_form",
    "has_trailing_zeros",
    "plain_numbers",
    "signs",
    "write_numbers",
]

CELL = re.compile(
    r"(?P<open>\()?(?P<sign>[+-])?(?P<prefix>[^\d\s.,()+-][^\d.,()+-]*)?(?P<inner>[+-])?"
    r"(?P<core>\d[\d.,'\u2019\u00a0\u202f ]*\d|\d)(?P<suffix>\s?[^\d\s.,()][^\d.,()]*)?(?P<close>\))?"
)
SEPARATORS = ".,'\u2019\u00a0\u202f "
LONGEST_AFFIX = 12  # characters of a unit
SCIENTIFIC = re.compile(r"-?\d(?:\.(\d+))e[+-]\d{2,3}")
FEW_SIGNS = 3  # different positive numbers with a sign, for it to be how they are written
FIRST = 100  # cells that show that a form is not kept, before all are looked at
FEW_VERSIONS = 50
SEPARATED = 30  # cells with a separator before three digits, for this to be no chance
CURRENCY = re.compile(r"[A-Z]{0,3}[$€£¥₹₩₽₺₫]|CHF|USD|EUR|GBP|JPY|CNY|INR|Rs\.?|kr|zł|Kč|Ft")
PER = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)?")  # a word, or one for each of another: g/dL
MARK = re.compile(r"(\s?[A-Za-z]{1,2}\.?)$")
MARKS = (("CR", "DR"), ("CR.", "DR."), ("C", "D"), ("H", "S"))  # credit and debit; Haben and Soll
UNIT = re.compile(r"%|‰|°[CF]?|[mck]?m|[mk]?g|[mc]?l|[kMGT]i?B|[Hk]+z|h|min|s|ms|km/h|mmHg|bpm|kWh?")


@dataclass(frozen=True)
class Form:
    """How numbers are written.

    decimal: the decimal sign. thousands: what parts thousands, "" for nothing. prefix, suffix: a currency or a unit, as
    it is written, with its space. brackets: whether negative numbers stand in brackets instead of having a sign.
    plus: whether positive numbers have a sign. trailing_minus: whether negative ones have it behind them. scientific:
    digits behind the point where all numbers are written with an exponent, 1.30e-06; None where they are not.
    inner_minus: whether a minus stands behind the prefix, $-5.
    negative_suffix: what stands behind negative ones in place of the suffix and a minus. duration: of `DURATIONS`,
    "" if they are none. note: what a person should look at.
    """

    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    brackets: bool = False
    plus: bool = False
    trailing_minus: bool = False
    scientific: int | None = None
    inner_minus: bool = False
    negative_suffix: str = ""
    duration: str = ""
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the numbers could be meant otherwise, and the note says so."""
        return "could also" in self.note

    @property
    def other_signs(self) -> bool:
        """Whether signs are written otherwise than as a minus before negative numbers."""
        return self.brackets or self.plus or self.trailing_minus or self.inner_minus

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        affixes = self.prefix or self.suffix or self.negative_suffix
        is_usual = not (self.thousands or affixes or self.other_signs or self.duration)
        return is_usual and self.decimal == "." and self.scientific is None


def signs(decimal: str | None, thousands: str | None) -> Form | None:
    """The form that a person says: one sign tells the other; None if nothing is said."""
    if decimal is None and not thousands:
        return None
    if decimal is None:
        decimal = "," if thousands == "." else "."
    return Form(decimal, thousands or ("." if decimal == "," else ","))


def find_form(text: pd.Series) -> Form | None:
    """The form of all cells of a column of text, without missing ones; None if they are not numbers of one form."""
    cells = text.drop_duplicates().tolist()
    scientific = {len(match[1]) if match else None for match in map(SCIENTIFIC.fullmatch, cells)}
    if len(scientific) == 1 and None not in scientific:
        return Form(scientific=scientific.pop())
    if any(cell.endswith("-") for cell in cells):
        form = None if any(cell[:1] in "+-(" for cell in cells) else find_form(_minus_first(text))
        return None if form is None else replace(form, trailing_minus=True)
    duration = find_duration(text)
    if duration is not None:
        return Form("," if text.str.contains(",", regex=False).any() else ".", duration=duration[0], note=duration[1])
    if marked := _marked(text):
        return marked
    found = [CELL.fullmatch(cell) for cell in cells]
    if not found or any(match is None or bool(match["open"]) != bool(match["close"]) for match in found):
        return None
    matches = [match for match in found if match is not None]
    if any(match["sign"] and (match["inner"] or match["open"]) for match in matches):
        return None
    inner = {match["inner"] for match in matches} - {None}
    if len(inner) > 1 or (inner and any(match["sign"] for match in matches)):
        return None
    affixes = {(match["prefix"] or "", match["suffix"] or "") for match in matches}
    if len(affixes) > 1:
        return None
    ((prefix, suffix),) = affixes
    if not _is_affix(prefix, suffix):
        return None
    signs = _signs([match["core"] for match in matches])
    if signs is None:
        return None
    decimal, thousands, note = signs
    plus = [match["sign"] == "+" for match in matches if match["core"].strip("0.,") and match["sign"] != "-"]
    is_open = any(match["open"] for match in matches)
    form = Form(decimal, thousands, prefix, suffix, is_open, len(plus) >= FEW_SIGNS and all(plus), note=note)
    form = replace(form, inner_minus=inner == {"-"})
    return None if plain_numbers(text, form)[1].any() else form


def _marked(text: pd.Series) -> Form | None:
    """The form of numbers behind which a mark says whether they are debit or credit, `12.50 DR`; None without marks."""
    ends = text.str.extract(MARK.pattern)[0]
    marks = [str(mark) for mark in ends.dropna().unique()]
    if not marks or len(marks) > 2 or (len(marks) == 1 and not ends.isna().any()):
        return None
    pair = next((pair for pair in MARKS if {mark.strip().upper() for mark in marks} <= set(pair)), None)
    if pair is None or (len(marks) == 2 and ends.isna().any()):
        return None
    positive = next((mark for mark in marks if len(marks) == 2 and mark.strip().upper() == pair[0]), "")
    (negative,) = (mark for mark in marks if mark != positive)
    form = find_form(text.str.replace(MARK.pattern, "", regex=True))
    if form is None or form.suffix or form.brackets or form.plus or form.trailing_minus:
        return None
    form = replace(form, suffix=positive, negative_suffix=negative)
    if plain_numbers(text, form)[1].any():
        return None
    note = f'numbers with "{negative.strip()}" count as negative'
    return replace(form, note="; ".join(filter(None, [note, form.note])))


def _is_affix(prefix: str, suffix: str) -> bool:
    """Whether it is a currency or a unit, and not a part of a code: `C50` is none, `50 mg` and `50 boxes` are."""
    if prefix and not CURRENCY.fullmatch(prefix.strip()):
        return False
    word = suffix.strip()
    is_apart = suffix[:1].isspace() and PER.fullmatch(word) is not None and len(word) <= LONGEST_AFFIX
    return not word or is_apart or bool(CURRENCY.fullmatch(word) or UNIT.fullmatch(word))


def _signs(cores: Iterable[str]) -> tuple[str, str, str] | None:
    """The decimal sign, what parts thousands, and a note; None if the numbers contradict each other."""
    inside: dict[str, list[list[str]]] = {}  # of each separator, the parts of the cells that have it
    lasts: set[str] = set()
    pairs: set[frozenset[str]] = set()
    without = 0  # digits of cells without any
    plain_cells = 0
    for core in cores:
        here = [sign for sign in SEPARATORS if sign in core]
        if not here:
            plain_cells += 1
            without = max(without, len(core))
        for sign in here:
            inside.setdefault(sign, []).append(core.split(sign))
        if len(here) > 1:
            pairs.add(frozenset(here))
            lasts.add(max(here, key=core.rfind))
    if len(inside) > 2 or len(pairs) > 1 or len(lasts) > 1:
        return None
    if not inside:
        return ".", "", ""
    if len(inside) == 2 and not pairs:
        (one, several) = sorted(inside, key=lambda sign: not _parts_thousands(inside[sign]))
        return (several, one, "") if _parts_thousands(inside[one]) and several in ".," else None
    if len(inside) == 2:
        (last,) = lasts
        (other,) = inside.keys() - {last}
        return (last, other, "") if last in ".," else None
    ((sign, parts),) = inside.items()
    if any(len(each) > 2 for each in parts) or sign not in ".,":
        return ("," if sign == "." else "."), sign, ""
    if any(len(each[1]) != 3 or each[0] == "0" or len(each[0]) > 3 for each in parts):
        return sign, "", ""
    padded = any(each[1].endswith("0") for each in parts)  # as decimals, all would have them or none
    if plain_cells and without <= 3 and (padded or len(parts) >= SEPARATED):
        return ("," if sign == "." else "."), sign, f'"{sign}" parts thousands: numbers below 1000 have none'
    if sign == ",":
        return ".", ",", '"," could also be the decimal sign: then say decimal: "," and leave out thousands'
    return ".", "", '"." could also part thousands: then say thousands: "."'


def _parts_thousands(parts: list[list[str]]) -> bool:
    return all(len(part) == 3 for each in parts for part in each[1:]) and all(len(each[0]) <= 3 for each in parts)


def plain_numbers(text: pd.Series, form: Form) -> tuple[pd.Series, np.ndarray]:
    """Cells as text that Python reads as numbers, and which of them do not follow the form: (n,) bool."""
    if form.scientific is not None:
        return text, ~text.str.fullmatch(SCIENTIFIC.pattern).to_numpy(bool)
    if form.duration:
        return seconds_of(text, form.duration, form.decimal)
    if form.negative_suffix:
        return _unmarked(text, form)
    if form.trailing_minus:
        return plain_numbers(_minus_first(text), replace(form, trailing_minus=False))
    decimal, thousands = re.escape(form.decimal), re.escape(form.thousands)
    whole = rf"(?:[1-9]\d{{0,2}}(?:{thousands}\d{{3}})+|\d+)" if thousands else r"\d+"
    number = rf"{whole}(?:{decimal}\d+)?"
    prefix, suffix = re.escape(form.prefix), re.escape(form.suffix)
    forms = [rf"[+-]?{prefix}{number}{suffix}", rf"{prefix}[+-]{number}{suffix}"]
    if form.brackets:
        forms.append(rf"\({prefix}{number}{suffix}\)")
    bad = ~text.str.fullmatch("|".join(forms)).to_numpy(bool)
    bare = text.str.replace(form.prefix, "", regex=False) if form.prefix else text
    below = bare.str.contains(r"^[(-]", regex=True)
    cores = text.str.replace(form.prefix, "", regex=False) if form.prefix else text
    cores = cores.str.removesuffix(")").str.removesuffix(form.suffix) if form.suffix else cores
    cores = cores.str.replace(form.thousands, "", regex=False) if form.thousands else cores
    cores = cores.str.replace(form.decimal, ".", regex=False) if form.decimal != "." else cores
    cores = cores.str.replace(r"[^\d.]", "", regex=True)
    return cores.where(~below, "-" + cores), bad


def _unmarked(text: pd.Series, form: Form) -> tuple[pd.Series, np.ndarray]:
    """As `plain_numbers`, where a mark behind the number is the sign."""
    below = text.str.endswith(form.negative_suffix)
    if form.suffix.endswith(form.negative_suffix):
        below &= ~text.str.endswith(form.suffix)
    bare = text.str.removesuffix(form.negative_suffix).where(below, text.str.removesuffix(form.suffix))
    plain, bad = plain_numbers(bare, replace(form, suffix="", negative_suffix=""))
    unmarked = ~below & ~text.str.endswith(form.suffix)
    signed = text.str.contains("[-+]", regex=True)
    return plain.where(~below, "-" + plain), bad | unmarked.to_numpy(bool) | signed.to_numpy(bool)


def _minus_first(text: pd.Series) -> pd.Series:
    """Cells with a minus behind the number, 12.50-, as others write them; a minus before one is none then."""
    return text.str.replace(r"^-", "?-", regex=True).str.replace(r"^([^-]*)-$", r"-\1", regex=True)


def has_trailing_zeros(plain: pd.Series) -> bool:
    """Whether numbers, as `plain_numbers` gives them, all have the same decimals, be they zeros: 12.50 and 3.00."""
    if len({len(cell.partition(".")[2]) for cell in plain.iloc[:FIRST].tolist()}) > 1:
        return False
    places = decimals_of(plain)
    return bool(len(places) and places.min() == places.max() > 0 and plain.str.endswith("0").any())


def are_versions(text: pd.Series) -> bool:
    """Whether cells are versions, 3.9 beside 3.10, and no numbers, of which programs write such zeros all or none."""
    cells = text.drop_duplicates()
    if not 1 < len(cells) <= FEW_VERSIONS or not cells.str.fullmatch(r"\d+\.\d+").all():
        return False
    rests = cells.str.partition(".")[2]
    length, ends = rests.str.len(), rests.str.endswith("0")
    return bool(length.nunique() > 1 and (ends & (length > 1)).any())


def decimals_of(plain: pd.Series) -> np.ndarray:
    """How many digits stand behind the point of numbers, as `plain_numbers` gives them: (n,) int."""
    length, point = (each.to_numpy(np.int64) for each in (plain.str.len(), plain.str.find(".")))
    return np.where(point < 0, 0, length - point - 1)


def write_numbers(column: pd.Series, form: Form, decimals: int | None, *, trailing_zeros: bool) -> pd.Series:
    """Numbers as text in a form; missing ones stay missing.

    decimals: the most that any has, None for as many as it takes. trailing_zeros: whether all have so many.
    """
    present = column.notna().to_numpy(bool)
    values = column[present].tolist()
    result = pd.Series(pd.NA, index=column.index, dtype="str")
    if form.scientific is not None:
        result[present] = [f"{value:.{form.scientific}e}" for value in values]
        return result
    if decimals is None:
        sizes = [f"{abs(value):,}" for value in values]
    else:
        sizes = [f"{abs(value):,.{decimals}f}" for value in values]
        if decimals and not trailing_zeros:
            sizes = [size.rstrip("0").rstrip(".") for size in sizes]
    if form.duration:
        bare = [size.replace(",", "") for size in sizes]
        sizes = written_durations(bare, form.duration, form.decimal)
        result[present] = [f"-{size}" if value < 0 else size for size, value in zip(sizes, values, strict=True)]
        return result
    result[present] = [_written(size, value < 0, form) for size, value in zip(sizes, values, strict=True)]
    return result


def _written(size: str, is_negative: bool, form: Form) -> str:
    whole, _, rest = size.partition(".")
    text = whole.replace(",", form.thousands) + (form.decimal + rest if rest else "")
    if form.negative_suffix and is_negative and size.strip("0.,"):
        return f"{form.prefix}{text}{form.negative_suffix}"
    text = f"{form.prefix}{text}{form.suffix}"
    if not size.strip("0.,"):
        return text
    if not is_negative:
        return f"+{text}" if form.plus else text
    if form.trailing_minus:
        return f"{text}-"
    if form.inner_minus:
        return f"{form.prefix}-{text.removeprefix(form.prefix)}"
    return f"({text})" if form.brackets else f"-{text}"
