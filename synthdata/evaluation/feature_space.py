"""Tables as numbers, in the same way for real and synthetic rows: what every metric of an evaluation works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import assert_never

import numpy as np
import pandas as pd

from synthdata.evaluation.points import Points
from synthdata.fields.comparison import Categories, Comparison, Images, Numeric, Texts
from synthdata.schema import Schema
from synthdata.subjects import Subjects

__all__ = ["ComparedColumn", "FeatureSpace", "Table"]

FEW = 20  # a number of no more distinct values is compared as categories
CHUNK = 2000  # images that are read at a time
MOST_CATEGORIES = 200  # of a column, in distances and trees; the rest is one category


@dataclass(frozen=True)
class ComparedColumn:
    """One column: a number, or categories with their labels, most frequent in the training rows first.

    is_numeric: whether it is compared as a number; a number of few values is compared as categories.
    sorted_values: present values of the training rows, ascending; empty for categories.
    is_ordered: whether the field holds numbers. is_time: whether these are microseconds since 1970.
    """

    name: str
    kind: str
    is_numeric: bool
    labels: tuple[str, ...] = ()
    sorted_values: np.ndarray = field(default_factory=lambda: np.empty(0))
    is_ordered: bool = True
    is_time: bool = False

    def code(self, view: Comparison) -> np.ndarray:
        """Values (n,) float64: numbers, or codes of categories, `len(labels)` for a new one; NaN where missing."""
        match view:
            case Numeric(values) if self.is_numeric:
                return values
            case Numeric(values):
                return self._codes(_as_text(values, is_time=self.is_time))
            case Categories(values):
                return self._codes(values)
            case Images() | Texts():
                raise TypeError(f"{self.name}: images and texts have no codes")
            case _:
                assert_never(view)

    def _codes(self, values: np.ndarray) -> np.ndarray:
        present = pd.notna(values)
        codes = pd.Index(self.labels).get_indexer(pd.Index(values[present])).astype(np.float64)
        result = np.full(len(values), np.nan)
        result[present] = np.where(codes < 0, len(self.labels), codes)
        return result


@dataclass(frozen=True)
class Table:
    """Rows as numbers.

    values: (n, columns) float64, see `ComparedColumn.code`. keys: (n,) uint64, equal for equal rows. subject_ids: (n,)
    int64, the subject of each row, the same over all real tables; None if each row is its own subject.
    """

    values: np.ndarray
    keys: np.ndarray
    subject_ids: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: np.ndarray | slice) -> Table:
        return Table(self.values[rows], self.keys[rows], None if self.subject_ids is None else self.subject_ids[rows])

    @property
    def subjects(self) -> Subjects:
        """The subject of each row."""
        return Subjects(len(self), self.subject_ids)

    def sample(self, rows: int, rng: np.random.Generator) -> Table:
        """At most `rows` rows, drawn without replacement, in their order."""
        if rows >= len(self):
            return self
        return self[np.sort(rng.choice(len(self), rows, replace=False))]

    def sample_subjects(self, rows: int, rng: np.random.Generator) -> Table:
        """About `rows` rows of whole subjects, each subject as likely as any other."""
        if self.subject_ids is None or rows >= len(self):
            return self.sample(rows, rng)
        people = np.unique(self.subject_ids)
        kept = rng.choice(people, max(1, len(people) * rows // len(self)), replace=False)
        return self[np.isin(self.subject_ids, kept)]


@dataclass(frozen=True)
class FeatureSpace:
    """How the columns of a schema become numbers; fitted to the training rows alone."""

    schema: Schema
    columns: tuple[ComparedColumn, ...]

    @classmethod
    def of(cls, schema: Schema, train: pd.DataFrame) -> FeatureSpace:
        """Fit to rows of the schema's types. Identifiers, images and texts are left out."""
        columns = []
        for name, each in schema.fields.items():
            view = each.comparison(train[name])
            if view is None or isinstance(view, (Images, Texts)):
                continue
            is_ordered, is_time = isinstance(view, Numeric), False
            if isinstance(view, Numeric):
                present = np.sort(view.values[~np.isnan(view.values)])
                if len(np.unique(present)) > FEW:
                    columns.append(ComparedColumn(name, each.kind, True, (), present, is_time=view.is_time))
                    continue
                is_time = view.is_time
                texts = _as_text(view.values, is_time=is_time)
            else:
                texts = view.values
            labels = pd.Series(texts[pd.notna(texts)]).value_counts().index
            columns.append(
                ComparedColumn(name, each.kind, False, tuple(map(str, labels)), is_ordered=is_ordered, is_time=is_time)
            )
        return cls(schema, tuple(columns))

    def table(self, frame: pd.DataFrame, subject_ids: np.ndarray | None = None) -> Table:
        """Rows of the schema's types as numbers. Keys take in images, by their pixels, and texts.

        subject_ids: see `Table`.
        """
        views = [self.schema.fields[column.name].comparison(frame[column.name]) for column in self.columns]
        coded = [column.code(view) for column, view in zip(self.columns, views, strict=True) if view is not None]
        texts = {str(i): _plain(view) for i, view in enumerate(views)}
        for name, each in self.schema.fields.items():
            view = each.comparison(frame[name])
            if isinstance(view, Images):
                texts[f"pixels of {name}"] = _digests(view)
            elif isinstance(view, Texts):
                texts[f"text of {name}"] = view.values
        keys = pd.util.hash_pandas_object(pd.DataFrame(texts, index=range(len(frame))), index=False)
        values = np.stack(coded, axis=1) if coded else np.empty((len(frame), 0))
        return Table(values, keys.to_numpy(np.uint64), subject_ids)

    @cached_property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]

    @cached_property
    def are_categorical(self) -> np.ndarray:
        """Which columns hold categories: (columns,) bool."""
        return np.array([not column.is_numeric for column in self.columns], bool)

    def features(self, table: Table, without: Sequence[str] = ()) -> np.ndarray:
        """Features for trees: (n, columns) float64, categories beyond `MOST_CATEGORIES` as one, NaN where missing."""
        kept = [i for i, column in enumerate(self.columns) if column.name not in without]
        capped = np.where(self.are_categorical, np.minimum(table.values, MOST_CATEGORIES), table.values)
        capped[:, np.isnan(capped).all(axis=0)] = 0.0  # trees refuse a column without values
        return np.ascontiguousarray(capped[:, kept])

    def points(self, table: Table) -> Points:
        """Points for distances.

        A number is its rank among the training rows, in standard deviations of a uniform distribution, so that no
        outlier stretches the axis; where it is missing, 0, and 1 apart from where it is not.
        """
        numbers, codes = [np.empty((len(table), 0), np.float32)], []
        for i, column in enumerate(self.columns):
            values = table.values[:, i]
            missing = np.isnan(values)
            if column.is_numeric:
                left = np.searchsorted(column.sorted_values, values, side="left")
                right = np.searchsorted(column.sorted_values, values, side="right")
                place = (left + right) / (2 * max(len(column.sorted_values), 1)) * np.sqrt(12)
                numbers.append(np.stack([np.where(missing, 0.0, place), missing], axis=1).astype(np.float32))
            else:
                width = min(len(column.labels), MOST_CATEGORIES) + 2
                codes.append(np.where(missing, width - 1, np.minimum(np.nan_to_num(values), width - 2)))
        stacked = np.stack(codes, axis=1).astype(np.uint8) if codes else np.empty((len(table), 0), np.uint8)
        return Points(np.hstack(numbers), stacked)


def _digests(pictures: Images) -> np.ndarray:
    """A number for each image, (n,) uint64, equal for equal pixels."""
    result = np.empty(pictures.rows, np.uint64)
    for start in range(0, pictures.rows, CHUNK):
        rows = np.arange(start, min(start + CHUNK, pictures.rows))
        flat = pictures.read(rows).reshape(len(rows), -1)
        result[rows] = [int.from_bytes(blake2b(row.tobytes(), digest_size=8).digest(), "big") for row in flat]
    return result


def _plain(view: Comparison | None) -> np.ndarray:
    match view:
        case Numeric(values) | Categories(values):
            return values
        case Images() | Texts() | None:
            raise ValueError("images, texts, and columns without a view, have no codes")
        case _:
            assert_never(view)


def _as_text(values: np.ndarray, *, is_time: bool) -> np.ndarray:
    present = ~np.isnan(values)
    result = np.full(len(values), None, object)
    if is_time:
        times = pd.Series(values[present].astype(np.int64).astype("datetime64[us]"))
        result[present] = times.dt.strftime("%Y-%m-%d %H:%M:%S").str.removesuffix(" 00:00:00").to_numpy(object)
        return result
    result[present] = [f"{value:g}" if value != round(value) else str(int(value)) for value in values[present].tolist()]
    return result
