"""Categories: one of a set of names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key

from synthdata.blocks import Block, Categorical
from synthdata.errors import ConditionError, nearest
from synthdata.fields.base import Body, Expectation, Field, Guess
from synthdata.fields.cells import named_cells
from synthdata.fields.comparison import Categories
from synthdata.fields.listed import Listed
from synthdata.fields.predicates import Mask, OperandError, Predicate
from synthdata.fields.quantiles import draw_threshold
from synthdata.fields.rows import Rows
from synthdata.fields.shapes import Shapes, are_codes
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["Category"]

RARE = "_RARE_"
MOST_VALUES = 8192
MOSTLY, MANY_RARE = 0.5, 0.1  # of the cells
FEW_VALUES = 50  # `guess` closes the set of at most so many values
_AMOUNT = re.compile(r"[^\w\s.,]?\s?[+-]?[^\w\s.,]?\s?\d{1,3}(?:[.,' ]?\d)*\s?(?:[^\w\s.,]|[A-Z]{3})?")

_DATE = re.compile(r"(?:^|\D)(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))(?:\D|$)")
_FIRM = re.compile(  # the end of a company's name
    r"(?i)\b(?:gmbh|ag|kg|ohg|ug|e\.? ?k|ltd|limited|inc|llc|llp|plc|corp|co|company"
    r"|s\.?a|s\.?a\.?r\.?l|s\.?p\.?a|s\.?r\.?l|b\.?v|n\.?v|oy|ab)\.?$"
)
FIRMS = 0.2  # of the values, at least, that end like the name of a company


class Category(Field):
    """One of a set of names.

    Parameters
    ----------
    values : list of str, optional
        All there are. The set is then closed and public: each value that occurs is learned, others are refused. In a
        YAML file also the name of a text file beside it, one value a line.
        Without it, the set is what training shows, and values of fewer than 5 to 8 subjects are rare, and not learned.
    rare_values : {"label", "frequent", "made"}, default "label"
        What stands in place of rare values: `rare`; one of the frequent values, as the rest of the row has it; or a
        code made anew, in the shape of the rare ones, or out of `values` if there are some. With `values` and `label`,
        none is rare.
    rare : str, default "_RARE_"
        The label that stands for rare values.
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Category, Schema
    >>> schema = Schema(fields={"ward": Category(values=["north", "south"]), "city": Category()})

    """

    kind: Literal["category"] = "category"
    values: list[str] | None = Key(default=None, min_length=1)
    rare_values: Literal["label", "frequent", "made"] = Key(
        default="label", description="what stands in place of values too rare to be learned"
    )
    rare: str = Key(default=RARE, description="the label that stands for rare values")

    is_discrete: ClassVar[bool] = True

    @property
    def has_public_values(self) -> bool:
        """True if `values` closes the set."""
        return self.values is not None

    @property
    def rare_label(self) -> str | None:
        """The declared label of rare values; None if something else stands in their place."""
        return self.rare if self.rare_values == "label" else None

    def in_short(self) -> str:
        """The values, or what stands for rare ones."""
        stands = {"label": self.rare, "frequent": "frequent ones", "made": "made anew"}
        if self.values and len(self.values) > FEW_VALUES:
            return f"{len(self.values):,} values"
        return ", ".join(self.values) if self.values else f"rare ones: {stands[self.rare_values]}"

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.values and len(set(self.values)) < len(self.values):
            twice = next(value for value in self.values if self.values.count(value) > 1)
            return f'value "{twice}" stands twice in values'
        if self.values and self.rare_values == "frequent":
            return "rare_values frequent says what stands for rare values, and a closed set has none; made is allowed"
        return None

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take any column; close the set if it is small and no value in it is rare."""
        text, _ = cls().read(column)
        counts = subjects.count_values(text)
        if not len(counts):
            return Guess(cls(), "the column is empty")
        if len(counts) <= FEW_VALUES and counts.min() >= THRESHOLD:
            is_declared = isinstance(column.dtype, pd.CategoricalDtype)  # in an order
            order = map(str, column.cat.categories) if is_declared else sorted(counts.index)
            values = [value for value in order if value in counts.index]
            return Guess(cls(values=values), "all values found; others will be refused")
        rare = counts[counts < THRESHOLD]
        whose = "rows" if subjects.numbers is None else "subjects"
        share = float(text.isin(rare.index).mean())
        field, instead = cls._instead(text, rare.index, share, subjects)
        note = f"{len(counts):,} values; those of fewer than 5 to 8 {whose}, {share:.0%} of the cells, {instead}"
        looks = "" if isinstance(column.dtype, pd.CategoricalDtype) else _looks(text)
        if looks:
            return Guess(field, f"{looks}; {note}" if share > MANY_RARE else looks, matters=share > MANY_RARE)
        if text.str.contains(_FIRM).mean() > FIRMS:
            firms = "names of companies: learned by name, and written as they are"
            return Guess(field, f"{note}; {firms}; to make them anew: {{kind: personal, provider: company}}")
        if share > MANY_RARE and field.rare_values != "made":
            note += "; to have others in their place: rare_values: frequent" if share < 1 else ""
            note += ", or drop it" if share > MOSTLY else ""
        return Guess(field, note, matters=share > MANY_RARE)

    @classmethod
    def _instead(cls, text: pd.Series, rare: pd.Index, share: float, subjects: Subjects) -> tuple[Category, str]:
        """A field that says what stands for rare values, if these are many cells; and that in words."""
        if share > MANY_RARE:
            is_rare = text.isin(rare).to_numpy(bool)
            if Shapes.fit(text[is_rare], subjects[is_rare], THRESHOLD) is not None:
                how = (
                    "are codes and made anew in their shape" if are_codes(pd.Series(rare)) else "are made anew of words"
                )
                return cls(rare_values="made"), how
        return cls(), f'become "{RARE}"'

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read anything as text; whole numbers are written without a point."""
        return named_cells(cells), np.zeros(len(cells), bool)

    def dtype(self, nulls: bool) -> Any:
        """Text."""
        return "str"

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> CategoryBody:
        """Keep what is declared, or what is not rare."""
        threshold = draw_threshold(rng)
        counts = subjects.count_values(values)
        if self.values is not None and self.rare_values != "made":
            return CategoryBody(tuple(value for value in self.values if counts.get(value, 0)), None)
        kept = counts[counts >= threshold].index[:MOST_VALUES]
        names = tuple(sorted(map(str, kept)))
        if len(kept) == len(counts):
            return CategoryBody(names, None)
        is_rare = ~values.isin(kept).to_numpy(bool)
        if self.values is not None:
            listed = Listed.fit(values[is_rare], subjects[is_rare], threshold, self._but(names))
            return CategoryBody(names, self.rare, shapes=listed)
        made = self.rare_values == "made"
        shapes = Shapes.fit(values[is_rare], subjects[is_rare], threshold) if made else None
        is_masked = bool(names) and (self.rare_values == "frequent" or (made and shapes is None))
        return CategoryBody(names, self.rare, is_masked, shapes)

    def body_from_json(self, data: Mapping[str, Any]) -> CategoryBody:
        """Read what `CategoryBody.to_json` wrote."""
        names = tuple(data["values"])
        shapes: Shapes | Listed | None = None
        if data.get("listed"):
            shapes = Listed.from_json(data["listed"], self._but(names))
        elif data.get("shapes"):
            shapes = Shapes.from_json(data["shapes"])
        return CategoryBody(names, data["rare"], bool(data.get("masked", False)), shapes)

    def _but(self, names: Sequence[str]) -> list[str]:
        """The declared values without some."""
        known = set(names)
        return [value for value in self.values or () if value not in known]

    @property
    def is_public(self) -> bool:
        """Whether the set is closed."""
        return self.values is not None

    def claims(self, name: str) -> list[Expectation]:
        """Type, and the closed set."""
        claims = [Expectation("expect_column_values_to_be_of_type", {"column": name, "type_": "str"})]
        if self.values is not None:
            claims.append(
                Expectation("expect_column_values_to_be_in_set", {"column": name, "value_set": list(self.values)})
            )
        return claims

    def write(self, column: pd.Series) -> pd.Series:
        """Names are written as they are."""
        return column

    def comparison(self, column: pd.Series) -> Categories:
        """Categories."""
        return Categories(column.astype(object).where(column.notna(), None).to_numpy(object))


def _looks(text: pd.Series) -> str:
    """What values look like that would be of another kind if they were written in one form; "" if they do not."""
    is_code = text.str.match(r"0\d").any() or text.str.fullmatch(r"\d+").all()  # whose digits would be lost
    if not is_code and _AMOUNT.fullmatch(text.iloc[0]) and text.str.fullmatch(_AMOUNT).all():
        return "looks like amounts in several forms; written in one form, they would be numbers"
    if text.str.contains(_DATE).mean() > MOSTLY:
        return "looks like dates in several forms; written in one form, they would be dates; made anew, they are none"
    return ""


@dataclass(frozen=True)
class CategoryBody(Body):
    """The names kept, and the label of the rare ones (the last symbol) if there were any.

    is_masked: whether the last symbol is not sampled. shapes: what makes codes in place of the label.
    """

    values: tuple[str, ...]
    rare: str | None
    is_masked: bool = False
    shapes: Shapes | Listed | None = None

    @property
    def _names(self) -> list[str]:
        return [*self.values, *([] if self.rare is None else [self.rare])]

    @property
    def hides(self) -> bool:
        """Whether the last name stands for the rare ones."""
        return self.rare is not None

    @property
    def sampled(self) -> np.ndarray | None:
        """All names but the rare label, where frequent ones stand in its place."""
        return np.arange(len(self._names)) < len(self.values) if self.is_masked else None

    @property
    def block(self) -> Block:
        """One symbol a name."""
        return Categorical(len(self._names))

    def encode(self, values: pd.Series) -> np.ndarray:
        """Turn names (n,) into symbols; a name that was not kept is rare, or the last if nothing was rare."""
        codes = pd.Index(self.values, dtype="str").get_indexer(pd.Index(values))
        return np.where(codes < 0, len(self._names) - 1, codes).astype(np.int64)

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Turn symbols into names (n,)."""
        names = pd.Series(pd.array(self._names, dtype="str").take(array))
        rare = array == len(self.values)
        if self.shapes is not None and rare.any():
            first = int(rows.numbers[0]) if len(rows.numbers) else 0
            rng = np.random.default_rng([rows.seed_for("rare", rows.column), first])
            names[rare] = self.shapes.make(len(rare), rng)[rare]
        return names

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """Masks for equality and membership; names have no order."""
        names = self._names
        known = names if self.shapes is None and not self.is_masked else self.values
        mask = np.ones(len(names), bool)
        for predicate in predicates:
            if predicate.operator not in ("=", "!=", "in", "not in"):
                raise ConditionError(f'"{predicate.operator}" orders; a category takes =, !=, in, not in, is null')
            wanted = [
                _name(one)
                for one in (predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,))
            ]
            unknown = [one for one in wanted if one not in known]
            if unknown:
                found = nearest(unknown[0], self.values)
                hidden = (
                    "" if self.rare is None else " (those of fewer than 5 to 8 subjects it never learns, for privacy)"
                )
                raise OperandError(f'"{unknown[0]}" is not among the values the model learned{hidden}; {found}')
            mask &= np.isin(names, wanted) != (predicate.operator in ("!=", "not in"))
        return Mask(mask)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        shapes: dict[str, Any] = {}
        if self.shapes is not None:
            shapes["listed" if isinstance(self.shapes, Listed) else "shapes"] = self.shapes.to_json()
        return {
            "values": list(self.values),
            "rare": self.rare,
            **({"masked": True} if self.is_masked else {}),
            **shapes,
        }


def _name(value: Any) -> str:
    """Write an operand as `Category.read` writes cells: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
