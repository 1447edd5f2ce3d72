"""Inference: the kind of each column of a table, and the subject to be protected.

Columns are looked at twice: first each by itself, to find keys and personal data, then, where these name a subject who
has several rows, once more, so that what a schema says of a column is never one subject's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.fields import KINDS, Boolean, Category, Datetime, Field, Guess, Identifier, Number, Personal
from synthdata.fields.category import FEW_VALUES, MOST_VALUES
from synthdata.fields.cells import NULL_WORDS, cells_as_text, holds_bytes, plain, rows_named
from synthdata.fields.keys import PERSON, PLACE_OR_THING, STAFF
from synthdata.fields.patterns import pattern_of
from synthdata.fields.personal import FEMALE, MALE
from synthdata.fields.providers import PROVIDERS, People, are_names, locale_problem
from synthdata.fields.written_dates import is_day_first, parse_dates, swapped
from synthdata.fields.written_numbers import Form, are_versions, find_form
from synthdata.schema.nearly import nearly, nearly_dates
from synthdata.subjects import Subjects

__all__ = ["Inferred", "infer_fields"]

REPEATED = 0.85  # distinct values of a row, at most: what hardly repeats says little of who has several rows
SOME = 0.5  # of the cells, from which on a column is of files
VARIES = 0.9  # of the rows, at most, that show one value of a column which is to tell something
SAME = 3  # rows of a name, on average, from which on it is one person's
FEWEST = 5  # values that say something of each being of one subject
CONSTANT = 0.98  # of the values that several rows have: where another column is the same in all of these rows
REPEATS = 100  # rows beyond one of each code, whose names agree
LOOKED_AT = 50_000  # rows
TRIED = 50  # people that a provider is tried on
OF_A_COUNTRY = ("iban", "phone")  # say where they are from
GLANCED = 100  # cells
DECIMALS, MONTHS = r"-?(?:0|[1-9]\d*)\.\d+", r"\d{1,2}\.(?:\d{2}|\d{4})"
NAMES = ("full_name", "given_name", "family_name")
FOLLOWS_NAMES = ("email", "user_name", "street", "company")  # say nothing of the kind
NAME = r"[^\W\d_][^\W\d_'’.-]+(?:[ -][^\W\d_][^\W\d_'’.-]*){1,3}"  # words of letters alone
LANGUAGES = {  # by what columns are called
    "de": re.compile(r"(?i)vorname|nachname|stra(ss|ß)e|telefon|geburt|kunde|betrag|anschrift|geschlecht"),
    "fr": re.compile(r"(?i)pr[ée]nom|adresse_|ville|t[ée]l[ée]phone|montant|naissance|sexe"),
    "es": re.compile(r"(?i)apellido|tel[ée]fono|direcci[oó]n|nacimiento|importe"),
    "it": re.compile(r"(?i)cognome|indirizzo|nascita|importo"),
    "nl": re.compile(r"(?i)voornaam|achternaam|straat|geboorte|klant"),
    "pt": re.compile(r"(?i)sobrenome|endere[cç]o|telefone|nascimento"),
    "pl": re.compile(r"(?i)imi[eę]|nazwisko|ulica|urodzenia"),
}
CODE = re.compile(r"(?i)(^|_|\b)(id|code|no|nr|num|number|key|sku|plu|ean|upc|zip|plz)$|[a-z](Id|ID|No|Nr|Code)$")
TARGET = re.compile(
    r"(?i)(is_?|has_?)?(target|label|class|outcome|y|churn(ed)?|fraud|fraudulent|default(ed)?|readmitted|readmission|"
    r"survived|diagnosis|species|approved|converted|subscribed|mortality|sale_?price|default[ ._]payment.*|"
    r"\w+[_ ](label|target|outcome|class))"
)
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True)
class Inferred:
    """What inference found in a table.

    fields: by column. notes: what a person should look at, by column. matter: the columns to look at first. target: a
    column that is called as what models predict. subject:
    the columns that name who is to be protected; none where each row may be somebody else's. why: the reason, for a
    person.
    """

    fields: Mapping[str, Field]
    notes: Mapping[str, str]
    matter: frozenset[str] = frozenset()
    target: str | None = None
    subject: tuple[str, ...] = ()
    why: str = ""


def infer_fields(
    frame: pd.DataFrame, folder: str = "", signs: Form | None = None, most_bad: int = 0, *, commas: bool = False
) -> Inferred:
    """Guess the kind of every column, raw (all text) or typed.

    folder: where paths in cells are relative to. signs: of numbers, where their cells leave them open. most_bad: rows
    that may be left out, since a cell is not what nearly all of its column are. commas: whether the file looks like one
    from where the decimal sign is a comma.
    """
    if not len(frame.columns):
        raise DataError("the table has no columns")
    alone = Subjects(len(frame))
    found = {name: _guess(frame[name], folder, alone, most_bad) for name in frame.columns}
    fields = _fields(found)
    fields |= _roles(fields)
    subject, why = propose_subject(frame, fields)
    subjects = Subjects.of(frame, subject)
    if subject:
        for name in [name for name in frame.columns if not fields[name].is_made]:
            guess = _guess(frame[name], folder, subjects, most_bad)
            found[name] = _of_one_subject_each(frame[name], guess.field, subjects) or guess
    fields |= {name: guess.field for name, guess in found.items() if not fields[name].is_made}
    for like_others in (
        _dates_like_others(frame, fields),
        _numbers_like_others(frame, fields, subjects, signs, commas=commas),
        _codes(frame, fields, subjects),
    ):
        found |= like_others
        fields |= _fields(like_others)
    if subject:
        fields |= _shared(frame, fields, subject)
    fields |= _roles(fields)
    fields |= _locales(fields)
    fields |= _sexes(frame, fields)
    notes = {name: guess.note for name, guess in found.items()}
    matter = frozenset(name for name, guess in found.items() if guess.matters)
    return Inferred(fields, notes, matter, _target(fields), subject, why)


def _target(fields: Mapping[str, Field]) -> str | None:
    """The column that is called as what models predict; None if none or several are."""
    kinds = (Boolean, Category, Number)
    found = [
        name
        for name, field in fields.items()
        if TARGET.fullmatch(name) and isinstance(field, kinds)
        if not isinstance(field, Category) or field.values is not None
    ]
    return found[0] if len(found) == 1 else None


def _fields(found: Mapping[str, Guess]) -> dict[str, Field]:
    return {name: guess.field for name, guess in found.items()}


def _guess(column: pd.Series, folder: str, subjects: Subjects, most_bad: int) -> Guess:
    """The kind of one column, and what to look at."""
    decimals = _guess_decimals(column, subjects)
    if decimals is not None:
        return decimals
    in_bytes = holds_bytes(column)
    text = (column.where(column.isna(), "bytes") if in_bytes else column).astype("str").str.strip()
    filled = (column.notna() & (text != "")).to_numpy(bool)
    present = column[filled] if _is_named(column) else plain(column[filled])
    for kind in [Category] if _is_named(column) else KINDS.values():
        if (in_bytes and not kind.reads_bytes) or not kind.may_be(present):
            continue
        guess = kind.guess(kind.located(present, folder) if folder else present, subjects[filled])
        if guess is None:
            continue
        words = text[filled & text.isin(guess.field.reads_null).to_numpy(bool)]
        nullable = not filled.all() or bool(len(words))
        field = guess.field.model_copy(update={"nullable": True}) if nullable else guess.field
        if nullable and field.ending and filled.mean() > SOME:
            _check_images(column, np.flatnonzero(~filled), most_bad)
            field = guess.field
        if field.check() is not None:  # an image, say, cannot be missing
            continue
        if isinstance(field, Category) and not _is_named(column) and are_names(present):
            note = "names of people? then {kind: personal, provider: full_name}, and of: whose, if not the subject's"
            return Guess(Category(nullable=field.nullable), note)
        is_open = isinstance(field, Category) and field.values is None and not _is_named(column)
        if is_open or isinstance(field, Identifier):
            cells = text[filled].set_axis(np.flatnonzero(filled))
            near = nearly(cells) if is_open else nearly_dates(cells)
            if near is not None and len(near.bad) <= most_bad:
                rest = _guess(column.drop(column.index[near.bad]), folder, subjects[_but(near.bad, len(column))], 0)
                return replace(rest, note=f"{near.what}; {rows_named(near.bad)} left out (bad_rows)")
            if near is not None:
                return Guess(Category(nullable=field.nullable), near.note, matters=True)
        said = ", ".join(f'"{word}"' for word in sorted(set(words)))
        note = f"{len(words):,} cells say {said}: read as missing" if len(words) and not _is_usual(words) else ""
        return Guess(field, "; ".join(filter(None, [guess.note, note])), guess.matters or bool(note))
    what = "holds bytes that are no images, or lacks some" if in_bytes else "is of no kind"
    raise DataError(f'column "{column.name}": {what}; leave it out, or mend it')


def _check_images(column: pd.Series, missing: np.ndarray, most_bad: int) -> None:
    """Raise DataError for rows without an image, unless so many may be left out."""
    if len(missing) > most_bad:
        raise DataError(
            f'column "{column.name}": {rows_named(missing)} without an image; take these rows out, '
            f"or leave them out (--reject-bad-rows {len(missing)})"
        )


def _guess_decimals(column: pd.Series, subjects: Subjects) -> Guess | None:
    """The number that a column of decimals in text is; None if it is something else, or can mean something else.

    Quick, and so looked for first: tables of thousands of columns mostly hold such.
    """
    if column.dtype == object or not pd.api.types.is_string_dtype(column):
        return None
    first = column.iloc[:GLANCED].dropna().tolist()
    places = {len(cell.partition(".")[2]) for cell in first if isinstance(cell, str)}
    if len(places) < 2 or places == {0, 3} or not first:  # 1.234 can be a thousand, 1.50 is written so everywhere
        return None
    cells = column.dropna()
    if not cells.str.fullmatch(DECIMALS).all() or cells.str.fullmatch(MONTHS).all() or are_versions(cells):
        return None
    there = column.notna().to_numpy(bool)
    guess = Number.guess(cells.astype("float64"), subjects[there])
    if guess is None or there.all():
        return guess
    return replace(guess, field=guess.field.model_copy(update={"nullable": True}))


def _but(rows: np.ndarray, count: int) -> np.ndarray:
    """All of so many rows but these: (count,) bool."""
    kept = np.ones(count, bool)
    kept[rows] = False
    return kept


def _is_usual(words: pd.Series) -> bool:
    """Whether cells that mean a missing value say what programs write for one."""
    return bool(words.isin(["NaN", "nan", "NaT", "<NA>", "None", "null", "NULL"]).all())


def _is_named(column: pd.Series) -> bool:
    """Whether the column is declared categorical, of text, which "7" or "true" may be among, or of whole numbers."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return False
    categories = column.dtype.categories
    return pd.api.types.is_string_dtype(categories) or pd.api.types.is_integer_dtype(categories)


def propose_subject(frame: pd.DataFrame, fields: Mapping[str, Field]) -> tuple[tuple[str, ...], str]:
    """The column that names who is to be protected, and why; none where nobody has several rows.

    Of the keys and personal data that repeat: one that is named for a person before others, then one from which more
    other columns follow, then the one of fewest values, to which the others belong.
    """
    candidates = [
        name
        for name, each in fields.items()
        if each.is_made and each.tells_persons and not each.role
        if frame[name].nunique() <= REPEATED * frame[name].notna().sum()
        if PERSON.search(name) or not PLACE_OR_THING.search(name)
    ]
    if not candidates:
        return (), ""
    followers = {name: following(frame, name) for name in candidates}
    candidates = [
        name
        for name in candidates
        if followers[name] or not _is_name(fields[name]) or frame[name].nunique() * SAME < frame[name].notna().sum()
    ]
    if not candidates:
        return (), ""
    keys = [name for name in candidates if isinstance(fields[name], Identifier)] or candidates
    best = min(keys, key=lambda name: (not PERSON.search(name), -len(followers[name]), frame[name].nunique()))
    people, rows = frame[best].nunique(), int(frame[best].notna().sum())
    follow = [name for name in followers[best] if not fields[name].is_made]
    why = f"a key that repeats: {people:,} in {rows:,} rows"
    if follow:
        shown = ", ".join(follow[:3]) + (", ..." if len(follow) > 3 else "")
        why += f"; {shown} the same in all rows of one"
    return (best,), why


def _is_name(field: Field) -> bool:
    """Whether it is a name, which two people may share."""
    return isinstance(field, Personal) and field.provider == "full_name"


def _shared(frame: pd.DataFrame, fields: Mapping[str, Field], subject: Sequence[str]) -> dict[str, Field]:
    """Columns of names that several subjects share, as roles of their own: a teacher beside a pupil."""
    whose, result = Subjects.of(frame, subject), dict[str, Field]()
    for name, field in fields.items():
        if not isinstance(field, Personal) or field.provider != "full_name" or field.role or name in subject:
            continue
        present = frame[name].notna().to_numpy(bool)
        codes, distinct = pd.factorize(frame[name][present])
        if len(distinct) and (whose[present].count(codes.astype(np.int64), len(distinct)) > 1).mean() > 0.5:
            result[name] = field.model_copy(update={"of": _first_word(name), "sex": None})
    return result


def following(frame: pd.DataFrame, key: str) -> list[str]:
    """The columns that are the same in all rows of one value of `key`, for nearly all values that repeat."""
    looked_at = frame.iloc[:LOOKED_AT]
    codes = pd.factorize(looked_at[key])[0]
    repeated = (codes >= 0) & (np.bincount(codes[codes >= 0], minlength=1)[np.maximum(codes, 0)] > 1)
    if not repeated.any():
        return []
    result = []
    for name in frame.columns:
        if name == key or holds_bytes(looked_at[name]):
            continue
        cells = pd.factorize(looked_at[name])[0][repeated]
        shares = np.bincount(cells[cells >= 0]) / len(cells) if (cells >= 0).any() else np.ones(1)
        if shares.max() > VARIES:  # nearly always the same, whoever it is
            continue
        distinct = pd.Series(cells).groupby(codes[repeated]).nunique()
        if (distinct == 1).mean() >= CONSTANT:
            result.append(str(name))
    return result


def _of_one_subject_each(column: pd.Series, field: Field, subjects: Subjects) -> Guess | None:
    """A hidden key: each value belongs to one subject, and each subject has one value."""
    if not isinstance(field, Category | Number) or (isinstance(field, Number) and not field.integer):
        return None
    present = column.notna().to_numpy(bool)
    codes, distinct = pd.factorize(column[present])
    whose = subjects[present]
    if whose.numbers is None or len(distinct) < FEWEST:
        return None
    people = whose.count(codes.astype(np.int64), len(distinct))
    pairs, alone = int(people.sum()), float((people == 1).mean())
    if alone < CONSTANT or pairs > whose.people * (2 - CONSTANT):
        return None
    cells = plain(column[present]).astype("str").str.strip().str.replace(r"\.0$", "", regex=True).drop_duplicates()
    nullable = {"nullable": True} if field.nullable else {}
    note = "new keys, never learned; each is of one subject alone"
    if cells.str.fullmatch(r"[1-9]\d{2,17}").all():
        width = cells.str.len()
        numbers = np.sort(cells.astype("int64").to_numpy())
        if width.nunique() > 1 or not _is_even(numbers):
            return None
        pattern = f"[1-9][0-9]{{{int(width.iloc[0]) - 1}}}"
        return Guess(Identifier(pattern=pattern, integer=True, unique=False, **nullable), note)
    if isinstance(field, Number):
        return None
    if cells.str.fullmatch(NAME).mean() >= CONSTANT:
        note = "personal data, made anew: each is of one subject alone, and looks like a name"
        return Guess(Personal(provider="full_name", **nullable), note)
    shared = pattern_of(cells)
    return None if shared is None else Guess(Identifier(pattern=shared, unique=False, **nullable), note)


def _codes(frame: pd.DataFrame, fields: Mapping[str, Field], subjects: Subjects) -> dict[str, Guess]:
    """Whole numbers that are codes, by what they are called or their equal length: each has one name beside it."""
    others = [name for name, each in fields.items() if isinstance(each, Category)]
    result = {}
    for name, field in fields.items():
        if not isinstance(field, Number) or not field.integer or field.clock or not others:
            continue
        codes, distinct = pd.factorize(plain(frame[name]))
        if not FEW_VALUES < len(distinct) <= MOST_VALUES or (codes >= 0).sum() < len(distinct) + REPEATS:
            continue
        if not CODE.search(name) and pd.Series(distinct).astype("str").str.len().nunique() > 1:
            continue
        other = next((other for other in others if _one_to_one(codes, frame[other])), None)
        if other is not None:
            note = f"a code, since each has one value of {other}: learned by name; make it a number if it is a quantity"
            present = plain(frame[name].dropna())
            named = Category.guess(present, subjects[frame[name].notna().to_numpy(bool)])
            assert named is not None
            result[name] = Guess(named.field.model_copy(update={"nullable": field.nullable}), note)
    return result


def _dates_like_others(frame: pd.DataFrame, fields: Mapping[str, Field]) -> dict[str, Guess]:
    """Dates that can be read day first and month first, in the order of the other columns, if these agree."""
    told: dict[str, bool] = {}
    either: dict[str, Datetime] = {}
    for name, field in fields.items():
        if not isinstance(field, Datetime) or swapped(field.format) == field.format:
            continue
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            continue
        cells = cells_as_text(frame[name].dropna().drop_duplicates())
        cells = cells[~cells.isin(field.reads_null)]
        if parse_dates(cells, swapped(field.format))[1].any():
            told[name] = is_day_first(field.format)
        else:
            either[name] = field
    if len(set(told.values())) != 1:
        return {}
    source, day_first = next(iter(told.items()))
    how = "day" if day_first else "month"
    note = f"{how} first, as in {source}; its own cells can be read either way"
    right = {name: is_day_first(field.format) == day_first for name, field in either.items()}
    return {
        name: Guess(field if right[name] else field.model_copy(update={"format": swapped(field.format)}), note)
        for name, field in either.items()
    }


def _numbers_like_others(
    frame: pd.DataFrame, fields: Mapping[str, Field], subjects: Subjects, signs: Form | None, *, commas: bool
) -> dict[str, Guess]:
    """Numbers whose points may stand before decimals or between thousands, as `signs` or the other columns say."""
    written = {name: each for name, each in fields.items() if isinstance(each, Number)}
    source = next((name for name, each in written.items() if each.decimal == "," and not each.integer), None)
    is_said, is_guess = signs is not None, signs is None and source is None and commas
    why = "as it was said" if is_said else f"since {source} has a decimal comma"
    if is_guess:
        why = "as where files are delimited by semicolons; if not, say --decimal ."
    if signs is None and (source is not None or commas):
        signs = Form(",", ".")
    result = {}
    for name, field in written.items() if signs else ():
        column, form = frame[name], field.form
        is_open = (form.is_plain and not field.integer) or {form.decimal, form.thousands} == {",", "."}
        assert signs is not None
        is_open |= is_said and form.decimal != signs.decimal and not form.thousands
        if not is_open or pd.api.types.is_numeric_dtype(column):
            continue
        text = cells_as_text(column)
        kept = (column.notna() & ~text.isin(NULL_WORDS)).to_numpy(bool)
        found_form = find_form(text[kept]) if is_guess else None
        if found_form is not None and not found_form.is_open:
            continue
        guess = Number.guess_written(
            text[kept], replace(form, decimal=signs.decimal, thousands=signs.thousands, note=""), subjects[kept]
        )
        if guess is not None:
            note = f'"{signs.decimal}" is the decimal sign, and "{signs.thousands}" parts thousands, {why}'
            found = guess.field.model_copy(update={"nullable": field.nullable})
            result[name] = Guess(found, "; ".join(filter(None, [guess.note, note])), matters=is_guess)
        elif is_guess and not field.integer:  # a decimal point
            return {}
    return result


def _one_to_one(codes: np.ndarray, names: pd.Series) -> bool:
    """Whether each of the present codes (n,) has one name, and each name one code."""
    others = pd.factorize(names)[0]
    there = (codes >= 0) & (others >= 0)
    pairs = len(np.unique(np.stack([codes[there], others[there]]), axis=1).T)
    counts = (len(np.unique(each[there])) for each in (codes, others))
    return bool(there.any()) and all(count == pairs for count in counts)


def _is_even(numbers: np.ndarray) -> bool:
    """Whether ascending numbers are uniform, as keys are and quantities seldom: a Kolmogorov-Smirnov test."""
    place = (numbers - numbers[0]) / max(int(numbers[-1]) - int(numbers[0]), 1)
    distance = np.abs(place - np.linspace(0, 1, len(numbers))).max()
    return bool(distance * np.sqrt(len(numbers)) < 1.63)  # 1 % of even ones are further off


def _locales(fields: Mapping[str, Field]) -> dict[str, Field]:
    """One locale for all personal data: that of accounts and telephones, column names, or persons' names."""
    personal = [each for each in fields.values() if isinstance(each, Personal) and each.locale != "en"]
    telling = [each.locale for provider in OF_A_COUNTRY for each in personal if each.provider == provider]
    telling += [locale for locale, words in LANGUAGES.items() if any(words.search(name) for name in fields)]
    telling += [each.locale for provider in NAMES for each in personal if each.provider == provider]
    if not telling:
        return {}
    return {
        name: each.model_copy(update={"locale": telling[0]})
        for name, each in fields.items()
        if isinstance(each, Personal)
        if each.provider in (*NAMES, *FOLLOWS_NAMES) or (each.provider == "phone" and each.locale == "en")
        if locale_problem(each.provider, telling[0]) is None
    }


def _roles(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Roles of second columns of one kind: `doctor_name` beside `patient_name` is a doctor's."""
    named: dict[str, list[str]] = {}
    for name, each in fields.items():
        if isinstance(each, Personal) and each.tells_persons:
            named.setdefault(each.provider, []).append(name)
    others = set()
    for provider in ("full_name", "given_name", "family_name"):
        names = named.get(provider, [])
        first = next((name for name in names if PERSON.search(name)), names[0] if names else None)
        others |= {_first_word(name) for name in names if name != first}
    others |= {word for name, each in fields.items() if each.is_made and STAFF.fullmatch(word := _first_word(name))}
    return {
        name: each.model_copy(update={"of": _first_word(name)})
        for name, each in fields.items()
        if isinstance(each, Personal | Identifier) and _first_word(name) in others and not PERSON.search(name)
    }


def _first_word(name: str) -> str:
    words = WORD.findall(name)
    return words[0].lower() if words else name


def _sexes(frame: pd.DataFrame, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Personal data of subjects, with the column that says their sex, if there is one."""
    column = next((name for name, each in fields.items() if _may_say_sex(each) and _says_sex(frame[name])), None)
    if column is None:
        return {}
    return {
        name: each.model_copy(update={"sex": column})
        for name, each in fields.items()
        if isinstance(each, Personal) and not each.role and _fits_sex(each.provider, each.locale)
    }


@cache
def _fits_sex(provider: str, locale: str) -> bool:
    """Whether a provider's values depend on the sex."""
    people = People(0, np.arange(TRIED, dtype=np.uint64), np.zeros(TRIED, np.int64), locale)
    women, men = (
        PROVIDERS[provider].make(replace(people, sexes=np.full(TRIED, sex, object))) for sex in ("female", "male")
    )
    return bool((women != men).any())


def _may_say_sex(field: Field) -> bool:
    return not field.is_made and not (isinstance(field, Number) and not field.integer)


def _says_sex(column: pd.Series) -> bool:
    """Whether a column holds female and male, and hardly anything else."""
    if holds_bytes(column):
        return False
    words = column.dropna().astype("str").str.strip().str.lower()
    found: Sequence[str] = words.unique().tolist()
    both = any(word in FEMALE for word in found) and any(word in MALE for word in found)
    return both and bool(words.isin(FEMALE | MALE).mean() > 0.9)
