r"""Patterns of keys: a row of literal characters and classes, `P-[0-9]{6}`, `[A-Z]{2}\d{4}`, `INV-[1-9][0-9]{0,4}`.

Patterns are parsed into the letters allowed at each position, written in mixed radix, and inferred from existing keys.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["LONGEST", "ROOM", "RUNNING", "UUID", "alphabets", "as_regex", "lengths", "pattern_of", "written"]

_ITEM = re.compile(r"(\[(?:[^\]\\]|\\.)+\]|\\.|[^\\\[\](){}|*+?.^$])(?:\{(?:(\d+),)?(\d+)\})?")
_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
UUID = r"(?:\{(?=.*\}$))?(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?"
KINDS = ("0-9", "a-z", "A-Z")
RUN = r"[0-9]+|[a-z]+|[A-Z]+|[^0-9a-zA-Z]"
RUNNING = re.compile(r"((?:.{0,64}[^0-9])?)([0-9]{1,18})")  # digits that count, and what stands before them
LONGEST = 256  # positions of a pattern
FEW_LETTERS, OFTEN = 3, 40  # letters of a place that are kept, and how many keys have each: RE-202[45]-...
GROUPED = r"\d+(?: \d+)+"  # digits of a number that is no amount: 214 997 7796
THOUSANDS = r"\d{1,3}(?: \d{3})+"
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
ROOM_BEHIND_A_YEAR = 5  # where more would open the digits of the year
ROOM = 100  # keys a guessed pattern should have for each row it was guessed from


@lru_cache(maxsize=64)
def alphabets(pattern: str) -> tuple[str, ...]:
    """Read a pattern into the letters allowed at each position; ValueError for what a pattern cannot hold.

    Of a count that may vary, `{2,5}`, the largest: keys are written as long as the pattern allows.
    """
    positions: list[str] = []
    end = 0
    while end < len(pattern):
        item = _ITEM.match(pattern, end)
        if not item:
            raise ValueError(
                f'pattern "{pattern}" is not understood from "{pattern[end:]}" on; '
                f"allowed are letters, classes like [A-Z0-9], \\d, \\w, and counts like {{6}} or {{1,6}}"
            )
        count = int(item[3] or 1) if len(item[3] or "") < 4 else LONGEST + 1
        if item[2] and int(item[2]) > count:
            raise ValueError(f'pattern "{pattern}": "{item[0]}" counts from {item[2]} down to {item[3]}')
        if len(positions) + count > LONGEST:
            raise ValueError(f'pattern "{pattern}" writes keys of more than {LONGEST} characters; shorten it')
        positions += [_letters(item[1])] * count
        end = item.end()
    if not positions:
        raise ValueError("pattern is empty")
    return tuple(positions)


def lengths(pattern: str) -> tuple[int, int]:
    """The fewest and the most characters of a key of a pattern that `alphabets` can read."""
    least = sum(int(item[2] or item[3] or 1) for item in _ITEM.finditer(pattern))
    return least, len(alphabets(pattern))


def as_regex(pattern: str) -> str:
    r"""The pattern as a regular expression, with \d and \w spelled out, which would mean those of every script."""

    def spelled(item: re.Match[str]) -> str:
        inner = item[1].replace(r"\d", "0-9").replace(r"\w", "a-zA-Z0-9_")
        return (inner if item[1].startswith("[") or inner == item[1] else f"[{inner}]") + item[0][len(item[1]) :]

    return _ITEM.sub(spelled, pattern)


def _letters(item: str) -> str:
    if item.startswith("\\"):
        if item[1] not in _CLASSES and item[1].isalnum():
            raise ValueError(f'"{item}" is not understood; write \\d, \\w, or the letters allowed, like [A-Z]')
        return _CLASSES.get(item[1], item[1])
    if not item.startswith("["):
        return item
    inner = re.sub(r"\\([dw])", lambda found: _CLASSES[found[1]], item[1:-1])
    inner = re.sub(r"(\w)-(\w)", lambda r: "".join(map(chr, range(ord(r[1]), ord(r[2]) + 1))), inner)
    letters = "".join(dict.fromkeys(inner.replace("\\", "")))
    try:
        understood = bool(letters) and item[1] != "^" and all(re.fullmatch(item, letter) for letter in letters)
    except re.error:
        understood = False
    if not understood:
        raise ValueError(f'class "{item}" is not understood; write the letters allowed, like [A-Z]')
    return letters


def written(keys: list[int], positions: Sequence[str]) -> np.ndarray:
    """Write numbers below the product of the alphabets' sizes in their mixed radix: (n,) text."""
    characters = np.empty((len(keys), len(positions)), "U1")
    end = len(positions)
    while end:  # as many positions at a time as an int64 counts
        start, size = end - 1, len(positions[end - 1])
        while start and size * len(positions[start - 1]) < 2**62:
            start -= 1
            size *= len(positions[start])
        number = np.array([key % size for key in keys], np.int64)
        keys = [key // size for key in keys]
        for position in range(end - 1, start - 1, -1):
            number, letter = np.divmod(number, len(positions[position]))
            characters[:, position] = np.array(list(positions[position]))[letter]
        end = start
    return characters.view(f"U{len(positions)}")[:, 0]


def pattern_of(text: pd.Series) -> str | None:
    """The pattern that distinct keys share; None if they share none or are prose.

    If it leaves few new keys, constant digits become classes, the last ones first, or a number gets longer.
    """
    if text.str.fullmatch(UUID).all():
        return _uuid_pattern(text)
    pattern = _common_pattern(text)
    if pattern is None:
        return _numbered_pattern(text) or _runs_pattern(text)
    for opened in (None, _last_digits(text.iloc[0]), 0):
        pattern = _common_pattern(text, opened)
        keys = 0 if pattern is None else prod(map(len, alphabets(pattern)))
        if keys >= ROOM * len(text) or (opened and keys >= ROOM_BEHIND_A_YEAR * len(text) and _names_a_year(text)):
            break
    return pattern


def _names_a_year(text: pd.Series) -> bool:
    """Whether all keys have one year before their last digits, which a key with another number there would not fit."""
    key = str(text.iloc[0])
    year = YEAR.search(key[: _last_digits(key)])
    return year is not None and bool((text.str.slice(*year.span()) == year[0]).all())


def _last_digits(key: str) -> int:
    """Where the last run of digits begins, which counts, where those before it may say a year; the end without one."""
    runs = [match.start() for match in re.finditer(r"\d+", key)]
    return runs[-1] if runs else len(key)


def _uuid_pattern(text: pd.Series) -> str:
    """The pattern of UUIDs, in the spelling and version of these."""
    bare = text.str.strip("{}").str.lower()
    small, braces = bool((text == text.str.lower()).all()), text.iloc[0].startswith("{")
    digits, variants = ("[0-9a-f]", "[89ab]") if small else ("[0-9A-F]", "[89AB]")
    versions = bare.str[14].unique()
    version = f"{versions[0]}{digits}{{3}}" if len(versions) == 1 else f"{digits}{{4}}"
    variant = f"{variants}{digits}{{3}}" if bare.str[19].isin([*"89ab"]).all() else f"{digits}{{4}}"
    pattern = f"{digits}{{8}}-{digits}{{4}}-{version}-{variant}-{digits}{{12}}"
    return rf"\{{{pattern}\}}" if braces else pattern


def _numbered_pattern(text: pd.Series) -> str | None:
    """The pattern of serial numbers of any length between the same letters: INV-1 to INV-400."""
    parts = text.str.extract(r"\A(\D{0,16})(\d{1,17})(\D{0,16})\Z")
    if parts.isna().any(axis=None) or parts[0].nunique() > 1 or parts[2].nunique() > 1:
        return None
    before, after = parts[0].iloc[0], parts[2].iloc[0]
    if before[-1:] not in "-_/#:." or not before or re.search(r"\s", before + after):  # "$100" and "5 kg" are amounts
        return None
    width = parts[1].str.len()
    longest = max(int(width.max()), len(str(10 * len(text))))
    if parts[1].str.startswith("0").any():
        return f"{_literal(before)}[0-9]{{{int(width.min())},{longest}}}{_literal(after)}"
    return f"{_literal(before)}[1-9][0-9]{{0,{longest - 1}}}{_literal(after)}"


def _runs_pattern(text: pd.Series) -> str | None:
    """The pattern of runs of small letters, capitals and digits, as long as they are: aardsda01, AB-123-x."""
    runs = [re.findall(RUN, value) for value in text]
    shapes = {tuple(kind for run in each for kind in [_kind(run)]) for each in runs}
    if len(shapes) != 1 or "0-9" not in (shape := shapes.pop()) or re.search(r"\s", "".join(shape)):
        return None
    if shape[0] not in ("a-z", "A-Z"):  # "5 kg" and "12%" are amounts
        return None
    items = []
    for place, kind in enumerate(shape):
        if kind not in KINDS:
            items.append(_literal(kind))
            continue
        lengths = [len(each[place]) for each in runs]
        low, high = min(lengths), max(lengths)
        items.append(f"[{kind}]" + (f"{{{low},{high}}}" if low < high else f"{{{low}}}" if low > 1 else ""))
    pattern = "".join(items)
    return pattern if len(alphabets(pattern)) <= 64 else None


def _kind(run: str) -> str:
    return next((kind for kind in KINDS if re.fullmatch(f"[{kind}]+", run)), run)


def _literal(letters: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_/:#" else "\\" + letter for letter in letters)


def _common_pattern(text: pd.Series, opened: int | None = None) -> str | None:
    """The pattern all cells share, position by position, or None if they differ in length or are prose.

    opened: the position from which on all digits may stand where there are some.
    """
    width = len(text.iloc[0])
    if not 3 <= width <= 64 or not (text.str.len() == width).all():
        return None
    if text.str.contains(r"\s").any() and not (text.str.fullmatch(GROUPED) & ~text.str.fullmatch(THOUSANDS)).all():
        return None
    items = []
    for position in range(width):
        digits_open = opened is not None and position >= opened
        letters = set(text.str[position].unique())
        if len(letters) == 1:
            letter = letters.pop()
            if digits_open and letter in string.digits:
                items.append("[0-9]")
                continue
            items.append(_literal(letter))
            continue
        counts = text.str[position].value_counts()
        if (
            not digits_open
            and len(counts) <= FEW_LETTERS
            and counts.min() >= OFTEN
            and all(letter.isalnum() for letter in counts.index)
        ):
            items.append(f"[{''.join(sorted(counts.index))}]")
            continue
        classes = ["0-9", "a-f0-9", "A-F0-9", "a-z", "A-Z", "a-z0-9", "A-Z0-9", "a-zA-Z0-9"]
        fitting = [one for one in classes if letters <= set(_letters(f"[{one}]"))]
        if not fitting:
            return None
        items.append(f"[{fitting[0]}]")
    if not (any(item.startswith("[") and "0-9" in item for item in items) and text.str.contains("[0-9]").any()):
        return None
    merged: list[list[Any]] = []  # [item, how often in a row]
    for item in items:
        if merged and merged[-1][0] == item and item.startswith("["):
            merged[-1][1] += 1
        else:
            merged.append([item, 1])
    return "".join(item if count == 1 else f"{item}{{{count}}}" for item, count in merged)
