"""The encoder of a table: from a frame of the schema's types to arrays of blocks, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Layout, tabular
from synthdata.encoding.copied_columns import CopiedColumns
from synthdata.encoding.functional_dependencies import FunctionalDependencies
from synthdata.encoding.made_columns import MadeColumns, Persons
from synthdata.errors import ConditionError
from synthdata.fields import Codec, Mask, OperandError, Rows
from synthdata.schema import Schema
from synthdata.schema.conditions import Where, misread, predicates_of
from synthdata.subjects import Subjects

__all__ = ["Encoder"]

SAME = 1e-9  # relative difference of a float from what is decoded


@dataclass(frozen=True)
class Encoder:
    """Encodes rows as arrays of blocks, and decodes them.

    codecs: of all columns, in the schema's order. made: the columns that are made anew. copied: columns that often
    equal another one. dependencies: columns that are a function of another one, and are not learned.
    """

    codecs: Mapping[str, Codec]
    made: MadeColumns
    copied: CopiedColumns
    dependencies: FunctionalDependencies

    @classmethod
    def of_columns(
        cls, frame: pd.DataFrame, schema: Schema, made: MadeColumns, rng: np.random.Generator, subjects: Subjects
    ) -> Self:
        """Fit each column of a frame of the schema's types separately. subjects: the subject of each row."""
        codecs = {
            name: made.codecs[name] if name in made.codecs else field.fit(frame[name], name, rng, subjects)
            for name, field in schema.fields.items()
        }
        return cls(codecs, made, CopiedColumns({}), FunctionalDependencies({}))

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, schema: Schema, made: MadeColumns, rng: np.random.Generator, subjects: Subjects
    ) -> Self:
        """Fit each column, then find copied columns and functional dependencies."""
        columns = cls.of_columns(frame, schema, made, rng, subjects)
        layout = tabular(columns.layout)
        arrays: Arrays = _by_columns({name: columns.codecs[name] for name in layout}, frame)
        copied = CopiedColumns.find(frame, columns.codecs, arrays, subjects)
        layout = copied.layout(layout)
        arrays = copied.encode(frame, layout, arrays)
        nullable = [name for name in layout if columns.codecs[name].nulls]
        hiding = [name for name in layout if columns.codecs[name].body.hides]
        moved = columns.moved(frame, arrays, layout)
        found = FunctionalDependencies.find(layout, arrays, subjects, nullable=nullable, hiding=hiding, moved=moved)
        return replace(columns, copied=copied, dependencies=found)

    @property
    def all_blocks(self) -> Layout:
        """The blocks of all columns, including functionally dependent ones."""
        blocks = {name: block for codec in self.codecs.values() for name, block in codec.layout.items()}
        return self.copied.layout(blocks)

    @property
    def layout(self) -> Layout:
        """The blocks that generators learn."""
        return self.dependencies.layout(self.all_blocks)

    @property
    def capacity(self) -> int | None:
        """Maximum number of rows of one run, the fewest keys that an identifier has; None if unlimited."""
        capacities = [codec.body.capacity for codec in self.codecs.values() if codec.body.capacity is not None]
        return min(capacities, default=None)

    def encode(self, frame: pd.DataFrame) -> Arrays:
        """Encode a frame of the schema's types as the arrays that generators learn."""
        blocks = self.all_blocks
        arrays = self.copied.encode(frame, blocks, _by_columns(self.codecs, frame))
        return self.dependencies.encode(blocks, arrays)

    def decode(self, arrays: Arrays, rows: Rows, masks: Mapping[str, Mask] | None = None) -> pd.DataFrame:
        """Decode arrays to a frame in the schema's types and order, with keys and personal data made anew.

        rows: the seed of the run and the numbers of these rows. masks: those under which the arrays were sampled.
        """
        arrays, masks = self.dependencies.decode(self.all_blocks, arrays), masks or {}
        learned = {name: codec for name, codec in self.codecs.items() if name not in self.made.codecs}
        columns = {name: codec.decode(arrays, rows, masks.get(name)) for name, codec in learned.items()}
        columns = self.copied.decode(columns, self.codecs, arrays, masks)
        columns |= self.made.make(arrays, self.made.deal(columns, rows))
        return pd.DataFrame({name: columns[name] for name in self.codecs})

    def moved(self, frame: pd.DataFrame, arrays: Arrays, columns: Iterable[str]) -> dict[str, np.ndarray]:
        """Which rows' numbers were moved to others, since few have them: (n,) bool, of quantities among `columns`.

        arrays: the encoded frame, before copies of other columns are marked or after.
        """
        result = {}
        for name in (each for each in columns if self.codecs[each].unit is not None):
            column, back = frame[name], self.codecs[name].decode(arrays, Rows(0, np.arange(len(frame))))
            there, moved = column.notna().to_numpy(bool), np.zeros(len(frame), bool)
            if pd.api.types.is_numeric_dtype(column):
                values, kept = (each[there].to_numpy(np.float64) for each in (column.reset_index(drop=True), back))
                moved[there] = ~np.isclose(values, kept, rtol=SAME, atol=0.0)
            else:
                moved[there] = column[there].to_numpy() != back[there].to_numpy()
            result[name] = moved
        return result

    def restrict(self, where: Where) -> dict[str, Mask]:
        """Turn conditions into masks by column; ConditionError if one cannot be met."""
        fields, result = {name: codec.field for name, codec in self.codecs.items()}, {}
        for name, predicates in predicates_of(where, fields).items():
            try:
                result[name] = self.codecs[name].restrict(predicates)
            except OperandError as error:
                raise ConditionError(misread(name, predicates, fields) or str(error)) from None
        return result

    def allowed(self, masks: Mapping[str, Mask]) -> dict[str, np.ndarray]:
        """Masks over the symbols of learned blocks; ConditionError if masks contradict each other."""
        return self.dependencies.masks(self.all_blocks, {name: mask.allowed for name, mask in masks.items()})

    def satisfied(self, frame: pd.DataFrame, where: Where) -> np.ndarray:
        """Which rows of a frame of the schema's types satisfy conditions: (n,) bool; ConditionError as `restrict`."""
        result = np.ones(len(frame), bool)
        for name, mask in self.restrict(where).items():
            result &= self.codecs[name].admits(frame[name], mask)
        return result

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {
            "columns": {name: codec.to_json() for name, codec in self.codecs.items()},
            "copied_columns": dict(self.copied.sources),
            "functional_dependencies": self.dependencies.to_json(),
            "persons": {role: each.to_json() for role, each in self.made.persons.items()},
        }

    @classmethod
    def from_json(cls, schema: Schema, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; KeyError, ValueError or TypeError if it does not fit the schema."""
        columns = data["columns"]
        codecs = {name: Codec.from_json(name, field, columns[name]) for name, field in schema.fields.items()}
        persons = {role: Persons.from_json(each) for role, each in data["persons"].items()}
        made = {name: codec for name, codec in codecs.items() if codec.field.is_made}
        return cls(
            codecs,
            MadeColumns(made, persons, schema.name),
            CopiedColumns({name: tuple(others) for name, others in data["copied_columns"].items()}),
            FunctionalDependencies.from_json(data["functional_dependencies"]),
        )


def _by_columns(codecs: Mapping[str, Codec], frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The arrays of all columns, each encoded separately."""
    return {name: array for codec in codecs.values() for name, array in codec.encode(frame[codec.name]).items()}
