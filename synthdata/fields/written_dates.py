"""How a column of text writes dates and times: its format in strftime codes, found from its cells.

Cells are taken apart into numbers, words, and what stands between them. All cells must be made alike. Each number then
gets a role (year, month, day, hour, ...) by its place, its length and its range in the whole column, so that a cell
like `03/04/2020` is read as the other cells say.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from synthdata.fields.zones import zone_of

__all__ = [
    "OFFSET",
    "Written",
    "is_day_first",
    "parse_dates",
    "readable",
    "swapped",
    "write_dates",
    "written_format",
    "written_formats",
]

LOOKED_AT = 2000  # distinct cells that formats are sought in; the one that is found must read all
TOKEN = re.compile(r"\d+|[^\W\d_]+|.", re.DOTALL)
OFFSET = r"[+-]\d\d:?\d\d"  # from UTC
ZONE = re.compile(rf"(?<=\d)( ?){OFFSET}$")
ZONE_AT_END = re.compile(rf"({OFFSET})$")
SHORT = {name.lower() for name in calendar.month_abbr[1:]}
LONG = {name.lower() for name in calendar.month_name[1:]}
SHORT_DAYS, LONG_DAYS = ({name.lower() for name in names} for names in (calendar.day_abbr, calendar.day_name))
HALVES = {"am", "pm"}
WORDS = {"T", "Z", "UTC", "GMT", "Uhr", "h", "at", "um", "of", "de", "le", "il"}  # that may stand in all dates
COMPACT = {  # without separators, by length
    8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
    14: ("%Y%m%d%H%M%S",),
    12: ("%Y%m%d%H%M",),
    6: ("%y%m%d", "%d%m%y"),
}
FEWEST_COMPACT = 20  # distinct cells, for so many numbers to be dates hardly by chance
CALLED = re.compile(r"(?i)date|datum|day|tag|ymd|yymmdd|dob|birth|geb|fecha|time|zeit")  # dates of six digits
YEARS = (1850, 2150)  # of compact dates
OPEN = 9999  # the year of a date that has no end
TIMES = re.compile(r"N(:N(:N([.,]N)?)?)?( ?P)?( ?(Z|UTC|GMT|Uhr|h))?$")
UNUSUAL = re.compile(r"%(?:-([dmHI])|\^([bB])|(P)|(:z))")  # read like %d, %b, %p, %z, and written otherwise
PARTS = {"d": "day", "m": "month", "H": "hour"}
DATES = ("Ymd", "dmY", "mdY", "dmy", "mdy", "ymd")
MONTH_FIRST = ("Ymd", "mdY", "dmY", "mdy", "dmy", "ymd")  # between slashes
NAMED = ("dbY", "bdY", "Ybd", "dby", "bdy", "bY", "Yb", "by")
MONTHLY = ("Ym", "mY")
DATED = re.compile(r"%-?[dmjbB]")
GLANCED = 200  # cells
MOST_FORMS, FEWEST_OF_ONE, SHARE_OF_ONE = 3, 5, 0.01  # that a column has; cells of each
BIRTH = re.compile(r"(?i)birth|born|dob|geb|naiss|nacim|nascita")
GAP_OF_BIRTHS = 5
GAP = 20  # years of a century that no cell has, between the last and the first


@dataclass(frozen=True)
class Written:
    """A format; the first year that two digits mean, None if they are none; and what a person should look at.

    is_open: whether all cells could be of another format too, with day and month exchanged.
    zone: the offset from UTC, like "+02:00", if all cells have the same, or the time zone whose offsets they have.
    """

    format: str
    first_year: int | None = None
    note: str = ""
    zone: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class _Slot:
    """A number or a word in the same place of all cells.

    texts: what stands there.
    """

    texts: tuple[str, ...]

    @property
    def lengths(self) -> set[int]:
        return set(map(len, self.texts))

    def is_within(self, least: int, most: int) -> bool:
        """Whether all are numbers in a range."""
        return all(least <= int(text) <= most for text in self.texts)

    def code(self, role: str) -> str | None:
        """The strftime code by which a role is written here; None if it cannot be."""
        if role == "Y":
            return "%Y" if self.lengths == {4} else None
        if role in "yMS":
            most = {"y": 99, "M": 59, "S": 61}[role]
            return f"%{role}" if self.lengths == {2} and self.is_within(0, most) else None
        if role == "f":
            return "%f" if self.lengths <= set(range(1, 7)) else None
        least, most = {"d": (1, 31), "m": (1, 12), "H": (0, 23), "I": (1, 12)}[role]
        if not self.lengths <= {1, 2} or not self.is_within(least, most):
            return None
        is_padded = self.lengths == {2} or any(text[0] == "0" and len(text) == 2 for text in self.texts)
        return f"%{role}" if is_padded else f"%-{role}"

    def named(self) -> str | None:
        """The code of months, weekdays or halves of a day by name."""
        words = {text.lower() for text in self.texts}
        for known, code in ((SHORT, "b"), (LONG, "B"), (SHORT_DAYS, "a"), (LONG_DAYS, "A")):
            if words <= known:
                return f"%^{code}" if code in "bB" and all(text.isupper() for text in self.texts) else f"%{code}"
        if words <= HALVES:
            return "%p" if all(text.isupper() for text in self.texts) else "%P"
        return None


def written_format(text: pd.Series, most_bad: float = 0.0) -> Written | None:
    """The format that all cells of a column of text follow, but for a share of `most_bad`; None if there is none."""
    cells = text.drop_duplicates()
    some = cells.iloc[:LOOKED_AT].tolist()
    fitting: list[str] = []
    for format_ in dict.fromkeys(_candidates(some, len(cells), str(text.name))):
        if "z" in format_ and not DATED.search(format_):  # 06:00-14:00 is a shift, no time of an offset
            continue
        if parse_dates(cells, format_)[1].mean() <= most_bad:
            fitting.append(format_)
    if not fitting:
        return None
    best = fitting[0] if "%y" not in fitting[0] else max(fitting, key=lambda each: _days(cells, each))
    notes, zone = [], ""
    if swapped(best) in fitting[1:]:
        notes.append(f"every cell could also be {_example(swapped(best))}: say which in format")
    first = _first_year(cells, best, is_birth=BIRTH.search(str(text.name)) is not None) if "%y" in best else None
    if first is not None:
        notes.append(f"two digits are the years {first} to {first + 99}: change first_year if others are meant")
    written = write_dates(parse_dates(cells.iloc[:LOOKED_AT], best)[0], best)
    if "z" in readable(best)[-1:]:
        offsets = cells.str.extract(ZONE_AT_END)[0].str.replace(":", "")
        if offsets.nunique() == 1:
            zone = f"{offsets.iloc[0][:3]}:{offsets.iloc[0][3:]}"
        else:
            utc = parse_dates(cells, best)[0].dt.tz_localize(None)
            zone = zone_of(utc + pd.to_timedelta(offsets.str[:3] + ":" + offsets.str[3:] + ":00"), utc) or ""
            several = f"{offsets.nunique()} different offsets"
            notes.append(
                f"{several}, those of {zone}: name another zone if it is meant"
                if zone
                else f"{several}: all are written in UTC, the local times are not kept"
            )
    elif (written.to_numpy() != cells.iloc[:LOOKED_AT].to_numpy()).any():
        notes.append("some cells are written otherwise (leading zeros, capitals); synthetic ones all in this format")
    is_open = swapped(best) in fitting[1:]
    return Written(best, first, "; ".join(notes), "" if zone == "+00:00" else zone, is_open)


def written_formats(text: pd.Series) -> tuple[Written, ...]:
    """The formats of a column whose cells have several, the most frequent one first; () for none.

    No cell may follow two of them.
    """
    if _shapes(text.iloc[:GLANCED]).nunique() > MOST_FORMS:
        return ()
    shapes = _shapes(text)
    counts = shapes.value_counts()
    if not 1 < len(counts) <= MOST_FORMS or counts.min() < max(FEWEST_OF_ONE, SHARE_OF_ONE * len(text)):
        return ()
    found = [written_format(text[shapes == shape]) for shape in counts.index]
    formats = [each for each in found if each is not None]
    parts = [set(re.findall("%([A-Za-z])", readable(each.format))) for each in formats]
    shown = {("d" in each, "z" in each, "S" in each, bool(each & {"H", "I"})) for each in parts}  # to what time exactly
    if len(formats) < len(found) or len(shown) > 1 or len({each.zone for each in formats}) > 1:
        return ()
    if any(shapes[~parse_dates(text, each.format)[1]].nunique() > 1 for each in formats):
        return ()
    return tuple(formats)


def _shapes(text: pd.Series) -> pd.Series:
    """Cells with digits and letters each as one, four digits as a year."""
    shapes = text.str.replace(r"\d{4}", "Y", regex=True).str.replace(r"\d+", "9", regex=True)
    return shapes.str.replace(r"[^\W\dY_]+", "a", regex=True)


def parse_dates(text: pd.Series, format_: str, first_year: int | None = None) -> tuple[pd.Series, np.ndarray]:
    """Read text in a format: datetimes, and where a cell does not follow it, (n,) bool.

    first_year: of the hundred that two digits may mean.
    """
    format_ = readable(format_)
    times = pd.to_datetime(text, format=format_, errors="coerce", utc="%z" in format_)
    if not pd.api.types.is_datetime64_any_dtype(times):
        times = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    if first_year is not None:
        off = (times.dt.year - first_year) // 100  # hundreds of years too late
        for hundreds in off.dropna().unique().tolist():
            if hundreds:
                times = times.where(off != hundreds, times - pd.DateOffset(years=int(100 * hundreds)))
    return times, times.isna().to_numpy(bool)


def readable(format_: str) -> str:
    """The format with usual codes alone: those that are read alike."""
    return UNUSUAL.sub(lambda code: f"%{code[1] or code[2] or ('p' if code[3] else 'z')}", format_)


def write_dates(times: pd.Series, format_: str) -> pd.Series:
    """Datetimes as text in a format; the unusual codes do not depend on the system."""
    result, end = pd.Series("", index=times.index, dtype="str"), 0
    for code in UNUSUAL.finditer(format_):
        if code.start() > end:
            result = result + times.dt.strftime(format_[end : code.start()]).astype("str")
        result, end = result + _unusual(times, code), code.end()
    return result + times.dt.strftime(format_[end:]).astype("str") if end < len(format_) else result


def _unusual(times: pd.Series, code: re.Match[str]) -> pd.Series:
    if code[2]:
        words: pd.Series = times.dt.strftime(f"%{code[2]}").astype("str").str.upper()
        return words
    if code[4]:
        zones: pd.Series = times.dt.strftime("%z").astype("str")
        return zones.str.slice(0, 3) + ":" + zones.str.slice(3)
    if code[3]:
        halves: pd.Series = times.dt.strftime("%p").astype("str").str.lower()
        return halves
    numbers: pd.Series = (times.dt.hour + 11) % 12 + 1 if code[1] == "I" else getattr(times.dt, PARTS[code[1]])
    return numbers.astype("Int64").astype("str")  # floats where some are missing


def swapped(format_: str) -> str:
    """The format with day and month the other way round, if people write them so: not behind a year, nor by points."""
    if not re.match(r"%-?[dm][/-]%-?[dm][/-]", format_):
        return format_
    return re.sub(r"%(-?)([dm])", lambda code: f"%{code[1]}{'md'['dm'.index(code[2])]}", format_)


def is_day_first(format_: str) -> bool:
    """Whether the day stands before the month."""
    plain = readable(format_)
    return "%d" in plain and plain.find("%d") < plain.find("%m")


def _candidates(some: Sequence[str], distinct: int, name: str) -> Iterator[str]:
    """Formats that some cells follow, the likeliest first."""
    zones = [ZONE.search(cell) if ":" in cell else None for cell in some]
    has_zone = bool(some) and all(zones)
    spaces = {zone[1] for zone in zones if zone}
    if has_zone and len(spaces) == 1:
        some = [cell[: zone.start()] for cell, zone in zip(some, zones, strict=True) if zone]
    colons = {":" in zone[0] for zone in zones if zone}
    ending = f"{spaces.pop()}{'%:z' if colons == {True} else '%z'}" if has_zone and len(spaces) == 1 else ""
    taken = [TOKEN.findall(cell) for cell in some]
    if not taken or len({len(tokens) for tokens in taken}) > 1:
        return
    places = [tuple(column) for column in zip(*taken, strict=True)]
    if len(places) == 1 and places[0][0].isdigit():
        yield from _compact(_Slot(places[0]), distinct, name)
        return
    kinds: list[str] = []
    slots: list[_Slot | None] = []
    for texts in places:
        slot = _Slot(texts)
        is_number = all(text.isdigit() for text in texts)
        code = None if is_number else slot.named()
        if not is_number and code is None and (len(set(texts)) > 1 or (texts[0].isalpha() and texts[0] not in WORDS)):
            return
        kinds.append("N" if is_number else _kind(code) or texts[0])
        slots.append(slot if is_number or code else None)
    yield from (f"{format_}{ending}" for format_ in _assembled(kinds, slots))


def _kind(code: str | None) -> str | None:
    return None if code is None else {"b": "m", "a": "w", "p": "P"}[code[-1].lower()]


def _compact(slot: _Slot, distinct: int, name: str) -> Iterator[str]:
    """Dates without separators, of one length."""
    if len(slot.lengths) > 1 or distinct < FEWEST_COMPACT:
        return
    (length,) = slot.lengths
    if length == 6 and not CALLED.search(name):
        return
    for format_ in COMPACT.get(length, ()):
        times, bad = parse_dates(pd.Series(slot.texts, dtype="str"), format_)
        if not bad.any() and (times.dt.year.between(*YEARS) | (times.dt.year == OPEN)).all():
            yield format_


def _assembled(kinds: Sequence[str], slots: Sequence[_Slot | None]) -> Iterator[str]:
    """Formats of a date, a time, or both. kinds: N for numbers, m, w, P for words, else what stands in all cells."""
    start = _start_of_time(kinds)
    if start is None:
        return
    dates = list(_dates(kinds[:start], slots[:start]))
    times = list(_times(kinds[start:], slots[start:])) if start < len(kinds) else [""]
    yield from (f"{date}{time}" for date, time in product(dates, times))


def _start_of_time(kinds: Sequence[str]) -> int | None:
    """Where the time begins, after the date; the end if there is none; None if there is neither."""
    for start in range(len(kinds)):
        rest = "".join(kinds[start:])
        if kinds[start] == "N" and ":" in rest and TIMES.match(rest):
            return start
    return len(kinds) if kinds.count("N") else None


def _dates(kinds: Sequence[str], slots: Sequence[_Slot | None]) -> Iterator[str]:
    """Formats of the part before the time, which may be nothing."""
    used = [place for place, kind in enumerate(kinds) if kind in ("N", "m")]
    if not used:
        yield "".join(map(_literal, kinds))
        return
    by_name = "m" in kinds
    orders = NAMED if by_name else (MONTH_FIRST if "/" in kinds else DATES) + MONTHLY
    for order in orders:
        if len(order) != len(used):
            continue
        codes = list(map(_literal, kinds))
        for place, kind in enumerate(kinds):
            slot = slots[place]
            if slot is not None and kind in ("w", "P"):
                codes[place] = slot.named() or ""
        for place, role in zip(used, order, strict=True):
            slot = slots[place]
            code = None
            if slot is not None and (role == "b") == (kinds[place] == "m"):
                code = slot.named() if role == "b" else slot.code(role)
            if code is None:
                break
            codes[place] = code
        else:
            yield "".join(codes)


def _times(kinds: Sequence[str], slots: Sequence[_Slot | None]) -> Iterator[str]:
    """Formats of hours, minutes, seconds and fractions."""
    numbers = iter("IMSf" if "P" in kinds else "HMSf")
    codes = []
    for kind, slot in zip(kinds, slots, strict=True):
        if slot is None:
            codes.append(_literal(kind))
            continue
        code = slot.code(next(numbers)) if kind == "N" else slot.named()
        if code is None:
            return
        codes.append(code)
    yield "".join(codes)


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _days(cells: pd.Series, format_: str) -> int:
    """How many different days of a month there are: many, unless they are years."""
    return int(parse_dates(cells, format_)[0].dt.day.nunique())


def _example(format_: str) -> str:
    """A format in letters, as people write it."""
    letters = {"%d": "day", "%-d": "day", "%m": "month", "%-m": "month", "%Y": "year", "%y": "year"}
    return re.sub(r"%-?[dmYy]", lambda code: letters[code[0]], format_)


def _first_year(cells: pd.Series, format_: str, *, is_birth: bool) -> int:
    """The first of the hundred years that two digits mean: after the largest gap, if there is one.

    The last year is that which is usual: 2068 at most. is_birth: whether nobody can be from the future, so that any gap
    of some years is one.
    """
    times = parse_dates(cells, format_)[0]
    found = np.unique(times.dt.year.to_numpy(np.int64) % 100)
    after = np.append(found[1:], found[0] + 100) - found
    if after.max() <= (GAP_OF_BIRTHS if is_birth else GAP):
        return 1969
    last = int(found[after.argmax()])
    return (2000 if last < 69 else 1900) + last - 99
