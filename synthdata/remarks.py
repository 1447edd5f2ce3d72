"""Remarks: what a person should know about a table before it is learned, and about a model after that.

They name columns and count rows and subjects; they hold no cells.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import pandas as pd

from synthdata.errors import PrivacyWarning
from synthdata.fields import Category, Codec, Datetime, Field, Identifier, Number, Text
from synthdata.fields.keys import PERSON, PLACE_OR_THING, key_look
from synthdata.fields.patterns import alphabets
from synthdata.fields.providers import PROVIDERS, are_names, detect, find_in_texts
from synthdata.progress import REMARK, Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.schema.whose import following, propose_subject

__all__ = [
    "about_columns",
    "about_missing_subjects",
    "about_model",
    "about_rows",
    "about_rows_left_out",
    "looks_identifying",
    "percent_done",
    "tell",
]

LOOKED_AT = 5000  # texts
FEW_NAMES = 0.01  # of the texts
CROWDED = 0.2  # of the keys of a pattern, that are real ones
MANY = 20  # values that are learned by name
MOSTLY, MANY_RARE = 0.5, 0.1  # of the rows
FIRST_TENTH = 0.1  # of the schedule
SHOWN = 4  # columns that are named


def tell(listener: Listener, texts: Sequence[str], *, privacy: bool = False) -> list[str]:
    """Hand remarks to a listener, and back; where nobody listens, those about privacy become Python warnings."""
    for text in texts:
        if listener is silent and privacy:
            warnings.warn(text, PrivacyWarning, stacklevel=4)
        listener(Progress(REMARK, 1.0, detail=text))
    return list(texts)


def about_columns(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """What is about to be learned that should not be: keys, personal data. frame: of the schema's types."""
    found = _unnamed(frame, schema)
    for name, field in schema.fields.items():
        present = frame[name].dropna()
        if isinstance(field, Category | Number):
            column = _learned(frame, present, name, field.kind, has_subject=bool(schema.subject))
            found += column or (_in_texts(present.drop_duplicates(), name) if isinstance(field, Category) else [])
        elif isinstance(field, Identifier) and not field.is_running:
            found += _crowded(present, name, field)
        elif isinstance(field, Text):
            found += _in_texts(present, name)
    return found


def _unnamed(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """That no subject is named, though somebody has several rows."""
    if schema.subject:
        return []
    subject, why = propose_subject(frame, schema.fields)
    if not subject:
        return []
    return [
        f'no subject is named, but "{subject[0]}" is {why}: what one of them shows in several rows counts as if '
        f"several showed it, and can be learned and come out; name it (subject: {subject[0]})"
    ]


def _crowded(present: pd.Series, name: str, field: Identifier) -> list[str]:
    """That a pattern has so few keys that made ones are often real ones, or that it is not theirs."""
    real = field.fitting(present.drop_duplicates())
    width = len(alphabets(field.pattern))
    far = present.astype("str").str.len().sub(width).abs().min() > 1 if len(present) else False
    if not len(real) and len(present) and (far or not field.integer):
        return [f'"{name}": no real key is written to the pattern {field.pattern}, and made ones will look different']
    if len(real) <= CROWDED * field.keys:
        return []
    return [
        f'"{name}": {len(real) / field.keys:.0%} of the keys that the pattern {field.pattern} can write are real ones, '
        f"and so will be as many of the made ones, unless the real rows are at hand (generate --real); widen it"
    ]


def _learned(frame: pd.DataFrame, present: pd.Series, name: str, kind: str, *, has_subject: bool) -> list[str]:
    people = detect(present, name)
    if people is not None:
        locale = "" if PROVIDERS[people.provider].locales() is None else f", locale: {people.locale}"
        return [
            f'"{name}" is about to be learned as a {kind} and holds personal data ({people.why}); make it '
            f"{{kind: personal, provider: {people.provider}{locale}}}"
        ]
    look = key_look(present)
    if look is not None:
        unique = "" if look.unique else ", unique: false"
        unique = unique if look.start is None else f", start: {look.start}"
        subject = "" if look.unique or has_subject else f", and name who is to be protected (subject: {name})"
        return [
            f'"{name}" is about to be learned as a {kind} and looks like a key ({look.why}); make it '
            f"{{kind: identifier{unique}}}{subject}"
        ]
    if kind == "category" and are_names(present):
        return [
            f'"{name}" is about to be learned as a category and looks like names of people; make it {{kind: personal, '
            f"provider: full_name}}, with of: whose, if they are not the subject's"
        ]
    distinct = present.nunique()
    if has_subject or kind != "category" or distinct < MANY or distinct == len(present):
        return []
    follow = following(frame, name)
    if len(follow) < 2 or (PLACE_OR_THING.search(name) and not PERSON.search(name)):
        return []
    return [
        f'"{name}" is about to be learned as a category: {distinct:,} values repeat in {len(present):,} rows, and '
        f"{_listed(follow)} are the same in all rows of one; if these are people, make it a key and name it as subject"
    ]


def _in_texts(present: pd.Series, name: str) -> list[str]:
    texts = present.iloc[:LOOKED_AT].tolist()
    held = {provider: int(rows.sum()) for provider, rows in find_in_texts(texts).items() if rows.any()}
    if held.get("full_name", 0) < FEW_NAMES * len(texts):  # what only looks like one stands in any text now and then
        held.pop("full_name", None)
    if not held:
        return []
    what = ", ".join(f"{PROVIDERS[provider].summary} in {rows:,}" for provider, rows in held.items())
    return [
        f'"{name}" is learned and holds what looks like personal data, of {len(texts):,} texts {what}; '
        f"what a text repeats can be written again, so take it out, or leave the column out"
    ]


def looks_identifying(present: pd.Series, name: str, field: Field) -> bool:
    """Whether a column that is learned looks like keys or personal data. present: its cells that are not missing."""
    if not isinstance(field, Category | Number):
        return False
    people = detect(present, name)
    if people is not None and PROVIDERS[people.provider].distinctive:
        return True
    return key_look(present) is not None or are_names(present)


def about_rows(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """What a table with a subject will lack: rows of one are drawn independently of each other."""
    if not schema.subject:
        return []
    subjects = schema.subjects(frame)
    if subjects.people == subjects.rows:
        return []
    same = [] if len(schema.subject) > 1 else following(frame, schema.subject[0])
    same = [name for name in same if name in schema.fields and not schema.fields[name].is_made]
    text = "rows of one subject are drawn independently: as many share a key as in the real data, in no order of time"
    if same:
        text += f", and what never changes in a subject, {_listed(same)}, can differ among them"
    (entity, *more), times = schema.subject, _times(schema)
    if times and not more and isinstance(schema.fields[entity], Identifier):
        text += (
            f"; to learn them in their order, say sequence: {{entity: {entity}, order_by: {times[0]}}} in the schema"
        )
    return [text]


def _times(schema: Schema) -> list[str]:
    """The columns of times that no row lacks."""
    return [name for name, field in schema.fields.items() if isinstance(field, Datetime) and not field.nullable]


def about_missing_subjects(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """That some rows do not name their subject."""
    missing = int(frame[list(schema.subject)].isna().any(axis=1).sum()) if schema.subject else 0
    if not missing:
        return []
    named = ", ".join(f'"{name}"' for name in schema.subject)
    return [f"{missing:,} rows do not name their subject ({named}): each counts as a subject of its own"]


def about_rows_left_out(schema: Schema, rows: int, learned: int) -> list[str]:
    """That subjects have more rows than are learned of one."""
    if learned == rows:
        return []
    limit = schema.rows_per_subject
    return [f"at most {limit} rows of a subject are learned (rows_per_subject): {learned:,} of {rows:,}"]


def about_model(
    codecs: Mapping[str, Codec],
    frame: pd.DataFrame,
    schedule: Mapping[str, float],
    history: Sequence[Mapping[str, float]] = (),
) -> list[str]:
    """What makes a model plainly useless: mostly rare labels, training that hardly began.

    frame: the rows that were learned. schedule: the share of the planned steps that was done, by field (or "table"), of
    each training that ran out of time. history: of the table's training.
    """
    found = []
    for name, codec in codecs.items():
        if codec.body.hides:
            symbols = codec.encode(frame[name])[name]
            rare = float((symbols == symbols.max()).mean())
            label, few = codec.field.rare_label, f'"{name}": {rare:.0%} of the rows'
            if label is not None and rare > MANY_RARE:
                found.append(
                    f"{few} become {label}, since few share a value; say what stands for it (rare_values: frequent, or "
                    f"made), drop the column, or make it an identifier or personal data"
                )
            elif codec.sampled is not None and rare > MOSTLY:
                found.append(f"{few} have a value that few share, and get one of the others; drop the column?")
    early: dict[str, list[str]] = {}
    for name, done in schedule.items():
        if done < FIRST_TENTH:
            early.setdefault(percent_done(done), []).append(name)
    found += [
        f"{', '.join(names)}: stopped at {done} of the planned training; expect poor quality, or give it more time"
        for done, names in early.items()
    ]
    if len(history) > 2 and min(history, key=lambda row: row["val_loss"]) is history[0]:
        found.append(
            "validation was best after the first epoch, whose weights are kept: hardly anything between columns was "
            "learned; more rows help, or more subjects where there are few"
        )
    return found


def percent_done(fraction: float) -> str:
    """A completed fraction of training as a person says it: `2%`, `less than 1%`."""
    return "less than 1%" if fraction < 0.01 else f"{fraction:.0%}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown
