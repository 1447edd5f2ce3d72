"""Personal data: names, addresses, account numbers. Never learned; made by a provider, consistent within a row.

A value depends on the row's person, so that the e-mail address fits the name, and on a column that says their sex;
on nothing else of the table. Only how many rows share a value is learned (`sharing`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key

from synthdata.errors import nearest
from synthdata.fields.base import Expectation, Field, Guess
from synthdata.fields.cells import named_cells
from synthdata.fields.made import MadeBody
from synthdata.fields.providers import PROVIDERS, People, detect, locale_problem
from synthdata.fields.rows import Rows
from synthdata.fields.sharing import Sharing
from synthdata.subjects import Subjects

__all__ = ["FEMALE", "MALE", "Personal", "says_sex"]

FEMALE = frozenset(
    [
        *("f", "female", "woman", "girl", "w", "weiblich", "frau", "féminin", "femme", "femenino", "mujer"),
        *("donna", "femmina", "kvinna", "kvinne", "vrouw", "kobieta"),
    ]
)
MALE = frozenset(
    [
        *("m", "male", "man", "boy", "männlich", "maennlich", "mann", "herr", "masculin", "homme", "masculino"),
        *("hombre", "uomo", "maschio"),
    ]
)
KEY = "uuid"  # a key like others, which `Identifier` takes: those are kept unique


class Personal(Field):
    """Personal data: a name, an address, an account number. Never learned; a provider makes new ones.

    Parameters
    ----------
    provider : str
        What makes the values: "full_name", "email", "phone", "iban", ...; a wrong one is answered with those near it.
    locale : str, default "en"
        Whose names and addresses: "en", "de", "pt-br", ...
    sex : str, optional
        The column that says a person's sex; names fit it.
    of : str, optional
        Whose data it is, where not the subject's: a name for the role, "doctor" say. Columns of one role are of one
        person.
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Category, Personal, Schema
    >>> fields = {"name": Personal(provider="full_name", sex="sex"), "sex": Category(values=["f", "m"])}
    >>> schema = Schema(fields=fields)

    """

    kind: Literal["personal"] = "personal"
    provider: str = Key(description="what makes the values", json_schema_extra={"enum": [*sorted(PROVIDERS)]})
    locale: str = Key(default="en", description="whose names and addresses, like en, de or pt-br")
    sex: str | None = Key(default=None, description="the column that says a person's sex")
    of: str | None = Key(default=None, description="whose, where not the subject's: a name for the role")

    is_made: ClassVar[bool] = True

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.provider not in PROVIDERS:
            return f'no provider "{self.provider}"; {nearest(self.provider, PROVIDERS)}'
        return locale_problem(self.provider, self.locale)

    def in_short(self) -> str:
        """The provider, and whose if not the subject's."""
        return f"{self.provider} ({self.locale})" + (f" of a {self.of}" if self.of else "")

    @property
    def role(self) -> str:
        """The role named by `of`; "" for the subject."""
        return self.of or ""

    @property
    def holds(self) -> tuple[str, str]:
        """The provider and the role."""
        return self.provider, self.role

    @property
    def like(self) -> str | None:
        """The column that says the sex."""
        return self.sex

    @property
    def tells_persons(self) -> bool:  # type: ignore[override]  # of one kind, some do
        """Whether it identifies somebody: a name does, a town does not."""
        return PROVIDERS[self.provider].distinctive

    @property
    def copied_is_leak(self) -> bool:  # type: ignore[override]  # of one kind, some are
        """Whether a real value in synthetic rows is a leak: a full name is, a town is not."""
        return PROVIDERS[self.provider].distinctive

    @property
    def possible_values(self) -> int | None:
        """As many as the provider knows, where two people may well share one."""
        return PROVIDERS[self.provider].room

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take a column that a provider recognises by its content, or by its name if the content may fit."""
        found = detect(column, str(column.name))
        if found is None or found.provider == KEY:
            return None
        return Guess(cls(provider=found.provider, locale=found.locale), f"personal data, made anew: {found.why}")

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read anything as text; whole numbers are written without a point."""
        return named_cells(cells), np.zeros(len(cells), bool)

    def dtype(self, nulls: bool) -> Any:
        """Text."""
        return "str"

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> PersonalBody:
        """Learn only how many rows share a value."""
        return PersonalBody(self, Sharing.fit(values, subjects, rng), form_of(values, self.provider))

    def body_from_json(self, data: Mapping[str, Any]) -> PersonalBody:
        """Read what `PersonalBody.to_json` wrote."""
        return PersonalBody(self, Sharing.from_json(data["sharing"]), str(data["form"]))

    def claims(self, name: str) -> list[Expectation]:
        """Text."""
        return [Expectation("expect_column_values_to_be_of_type", {"column": name, "type_": "str"})]

    def write(self, column: pd.Series) -> pd.Series:
        """Values are written as they are."""
        return column

    def comparison(self, column: pd.Series) -> None:
        """None: values are made, there is nothing to compare."""


@dataclass(frozen=True)
class PersonalBody(MadeBody):
    """The declaration, how rows share a value, and the form that values are written in."""

    field: Personal
    sharing: Sharing
    form: str = ""

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Make the values (n,) of the rows' persons."""
        count = len(rows.numbers)
        owners = rows.of_role(self.field.role)
        persons, variants = owners, np.zeros(count, np.int64)
        purpose: list[object] = ["persons", self.field.role, rows.nth, rows.turn]
        if self.sharing.level != "person":
            first = int(rows.numbers[0]) if count else 0
            rng = np.random.default_rng([rows.seed_for("sharing", rows.column), first])
            places = self.sharing.numbers(count, owners, rng)
            if self.sharing.level == "free":  # of nobody among the persons: one of their own
                persons, purpose = rows.numbered(places), [*purpose, rows.column]
            else:
                variants = _ranks(owners, places)
        sexes = None
        if self.field.sex is not None and self.field.sex in rows.columns:
            sexes = says_sex(rows.columns[self.field.sex])
        people = People(
            seed=rows.seed_for(*purpose),
            persons=persons.astype(np.int64).view(np.uint64),
            variants=variants,
            locale=self.field.locale,
            sexes=sexes,
        )
        values = PROVIDERS[self.field.provider].make(people)
        if self.form:
            values = np.array([FORMS[self.form][1](value) for value in values.tolist()], dtype=object)
        return pd.Series(pd.array(values, dtype="str"))

    def to_json(self) -> dict[str, Any]:
        """How rows share a value, and how they are written."""
        return {"sharing": self.sharing.to_json(), "form": self.form}


FORMS: dict[str, tuple[str, Callable[[str], str]]] = {  # how values may be written otherwise: all fit the expression
    "fours": (r"(?:[A-Z0-9]{4} )+[A-Z0-9]{1,4}", lambda value: " ".join(re.findall(".{1,4}", value))),
    "dashes": (r"(?:\d{4}-)+\d{1,4}", lambda value: "-".join(re.findall(".{1,4}", value))),
    "FAMILY, GIVEN": (r"[^a-z,]+, [^a-z,]+", lambda value: _turned(value).upper()),
    "Family, Given": (r"[^,]+, [^,]+", lambda value: _turned(value)),
    "UPPER": (r"[^a-z]*[A-Z][^a-z]*", str.upper),
}


def form_of(values: pd.Series, provider: str) -> str:
    """The form that all values share, if it is not the provider's own; "" if there is none."""
    if not len(values):
        return ""
    forms = {name: form for name, (form, _) in FORMS.items() if "," not in name or provider == "full_name"}
    return next((name for name, form in forms.items() if values.str.fullmatch(form).all()), "")


def _turned(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return f"{family}, {given}"


def says_sex(column: pd.Series) -> np.ndarray:
    """The sex that each cell says, "female", "male" or None: (n,) object."""
    words = column.astype("str").str.strip().str.lower()
    result = np.full(len(column), None, object)
    result[words.isin(FEMALE).to_numpy(bool)] = "female"
    result[words.isin(MALE).to_numpy(bool)] = "male"
    return result


def _ranks(owners: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rank of each row's value among those of its owner, from 0: (n,) int64."""
    pairs, inverse = np.unique(np.stack([owners, places]), axis=1, return_inverse=True)
    first = np.searchsorted(pairs[0], pairs[0], side="left")
    return np.asarray((np.arange(pairs.shape[1]) - first)[inverse.ravel()], np.int64)
