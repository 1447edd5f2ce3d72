"""The encoder of a table: from a frame of the schema's types to arrays of blocks, and back."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Binned, Categorical, Layout, tabular
from synthdata.encoding.conditions import Conditions, Wanted, narrowed
from synthdata.encoding.coordinates import Places
from synthdata.encoding.copied_columns import CopiedColumns
from synthdata.encoding.derived_columns import DerivedColumns, with_sources
from synthdata.encoding.find_derived import find_derived
from synthdata.encoding.functional_dependencies import FunctionalDependencies
from synthdata.encoding.made_columns import MadeColumns, Persons
from synthdata.errors import ConditionError
from synthdata.fields import Boolean, Codec, Field, Mask, Measure, OperandError, Rows
from synthdata.schema import Schema
from synthdata.schema.conditions import Where, misread, predicates_of
from synthdata.subjects import Subjects

__all__ = ["Encoder"]

NOTHING: Mapping[str, Any] = MappingProxyType({})
SAME = 1e-9  # relative difference of a float from what is decoded


@dataclass(frozen=True)
class Encoder:
    """Encodes rows as arrays of blocks, and decodes them.

    fields: of all columns, in the schema's order. codecs: of the columns that are made anew or learned, by the name of
    their block; a derived column's is that of its gap, and a flag has one. made: the columns that are made anew.
    derived: columns that are computed from others. places: columns that are learned in pairs. copied: columns that
    often equal another one. dependencies: columns that are a function of another one, and are not learned.
    """

    fields: Mapping[str, Field]
    codecs: Mapping[str, Codec]
    made: MadeColumns
    derived: DerivedColumns
    places: Places
    copied: CopiedColumns
    dependencies: FunctionalDependencies

    @classmethod
    def of_columns(
        cls, frame: pd.DataFrame, schema: Schema, made: MadeColumns, rng: np.random.Generator, subjects: Subjects
    ) -> Self:
        """Fit each column of a frame of the schema's types separately. subjects: the subject of each row."""
        return cls._of(frame, schema, made, DerivedColumns(), Places(), rng, subjects)

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        schema: Schema,
        made: MadeColumns,
        rng: np.random.Generator,
        subjects: Subjects,
        given: Collection[str] = (),
    ) -> Self:
        """Fit derived columns and all others, then find copied columns and functional dependencies.

        given: columns that stand first and are known before all others, and so are not taken from them. Where one of
        them is nullable it may be missing, even if it never was in these rows.
        """
        derived = find_derived(frame, schema)
        places = Places.fit(frame, schema, derived.measures, rng, subjects)
        columns = cls._of(frame, schema, made, derived, places, rng, subjects)
        may_lack = {name: replace(columns.codecs[name], nulls=True) for name in given if schema.fields[name].nullable}
        columns = replace(columns, codecs={**columns.codecs, **may_lack})
        layout = tabular(columns.layout)
        learned = columns.learned(frame)
        arrays: Arrays = _by_columns({name: columns.codecs[name] for name in layout}, learned)
        own = {name: block for name, block in layout.items() if name not in {*columns.derived.gaps, *given}}
        copied = CopiedColumns.find(frame, columns._units(), own, arrays, subjects)
        layout = copied.layout(layout)
        arrays = copied.encode(frame, layout, arrays)
        nullable = [name for name in layout if columns.codecs[name].nulls]
        hiding = [name for name in layout if columns.codecs[name].body.hides]
        moved = columns.moved(frame, learned, arrays, layout)
        flags = [*columns.derived.flags.values()]
        found = FunctionalDependencies.find(
            layout, arrays, subjects, nullable=nullable, hiding=hiding, flags=flags, moved=moved, given=given
        )
        return replace(columns, copied=copied, dependencies=found)

    @classmethod
    def _of(
        cls,
        frame: pd.DataFrame,
        schema: Schema,
        made: MadeColumns,
        derived: DerivedColumns,
        places: Places,
        rng: np.random.Generator,
        subjects: Subjects,
    ) -> Self:
        derived, gaps = derived.fit(frame, schema.fields, rng, subjects)
        learned = places.learned(derived.learned(frame))
        codecs = {}
        for name, field in schema.fields.items():
            if name in derived.products:
                continue
            if name in places.block_of:
                block = places.block_of[name]
                if block not in codecs:
                    codecs[block] = places.codec(block, learned[block], rng, subjects)
                continue
            shown = derived.totals.get(name, name)
            codecs[shown] = made.codecs.get(name) or gaps.get(name) or field.fit(learned[shown], shown, rng, subjects)
        for flag in derived.flags.values():
            codecs[flag] = Boolean().fit(learned[flag], flag, rng, subjects)
        derived = derived.with_codecs(codecs)
        return cls(schema.fields, codecs, made, derived, places, CopiedColumns({}), FunctionalDependencies({}))

    @property
    def all_blocks(self) -> Layout:
        """The blocks of all columns, including functionally dependent ones."""
        blocks = {name: block for codec in self.codecs.values() for name, block in codec.layout.items()}
        for name in self.places:
            block = blocks[name]
            if isinstance(block, Categorical | Binned):  # a place is not more or less than another quantity
                blocks[name] = replace(block, scale=None)
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

    @cached_property
    def order(self) -> list[str]:
        """All columns, each after those that it is computed from or copies."""
        return self.derived.order(self.fields)

    @cached_property
    def nullable(self) -> set[str]:
        """The columns that may be missing in decoded rows."""
        unknown: set[str] = set()  # even with surrogates
        result: set[str] = set()
        for name in self.order:
            codec = self.codecs.get(self.places.block_of.get(name, name))
            nulls = codec is not None and codec.nulls
            if nulls or unknown & {*self.derived.needs(name)}:
                unknown.add(name)
            if name in unknown or name in self.derived.flags or result & {*self.derived.totalled.get(name, ())}:
                result.add(name)
        return result

    def encode(self, frame: pd.DataFrame) -> Arrays:
        """Encode a frame of the schema's types as the arrays that generators learn."""
        blocks = self.all_blocks
        arrays = self.copied.encode(frame, blocks, _by_columns(self.codecs, self.learned(frame)))
        return self.dependencies.encode(blocks, arrays)

    def learned(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns that are learned of a frame of the schema's types."""
        return self.places.learned(self.derived.learned(frame))

    def decode(self, arrays: Arrays, rows: Rows, masks: Mapping[str, Mask] | None = None) -> pd.DataFrame:
        """Decode arrays to a frame in the schema's types and order, with keys and personal data made anew.

        rows: the seed of the run and the numbers of these rows. masks: those under which the arrays were sampled.
        """
        arrays = self.dependencies.decode(self.all_blocks, arrays)
        columns = self._shown([name for name in self.fields if name not in self.made.codecs], arrays, rows, masks or {})
        columns |= self.made.make(arrays, self.made.deal(columns, rows))
        return pd.DataFrame({name: columns[name] for name in self.fields})

    def encode_given(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Encode columns that are given, each by itself, as the arrays of their blocks."""
        return _by_columns({str(name): self.codecs[str(name)] for name in frame}, frame)

    def given_sources(self, given: Collection[str]) -> set[str]:
        """Which columns that are given others are computed from or copy."""
        return self._sources(name for name in self.fields if name not in given) & {*given}

    def decode_beside(
        self, given: Mapping[str, pd.Series], names: Sequence[str], arrays: Arrays, rows: Rows
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Decode learned columns where others are given, with their true values, and not decoded.

        given: the `given_sources`. arrays: those of the given blocks too. Returns the columns, and which rows have
        derived columns in the ranges that were learned of their values, (n,) bool.
        """
        if self.dependencies.by_column:
            arrays = self.dependencies.decode(self.all_blocks, arrays)
        columns = self._shown([*names, *self.derived.ends], arrays, rows, {}, given)
        count = len(rows.numbers)
        fits = self.derived.in_range(columns) if self.derived.ends else np.ones(count, bool)
        return pd.DataFrame({name: columns[name] for name in names}, index=range(count)), fits

    def moved(
        self, frame: pd.DataFrame, learned: pd.DataFrame, arrays: Arrays, names: Iterable[str]
    ) -> dict[str, np.ndarray]:
        """Which rows' numbers were moved to others, since few have them: (n,) bool, of the quantities among `names`.

        Surrogates, and gaps over them, never are: where they are moved to, they tell what goes with a missing value.
        learned: the frame as it is learned. arrays: that encoded, before copies of other columns are marked or after.
        """
        result = {}
        for name in (each for each in names if self.codecs[each].unit is not None):
            column, back = learned[name], self.codecs[name].decode(arrays, Rows(0, np.arange(len(learned))))
            there, moved = column.notna().to_numpy(bool), np.zeros(len(learned), bool)
            needed = [each for each in self.derived.needed([name]) if each in frame]
            there = there & frame[needed].notna().all(axis=1).to_numpy(bool)
            if pd.api.types.is_numeric_dtype(column):
                values, kept = (each[there].to_numpy(np.float64) for each in (column.reset_index(drop=True), back))
                moved[there] = ~np.isclose(values, kept, rtol=SAME, atol=0.0)
            else:
                moved[there] = column[there].to_numpy() != back[there].to_numpy()
            result[name] = moved
        return result

    def meets(self, arrays: Arrays, rows: Rows, conditions: Conditions) -> np.ndarray:
        """Which rows of arrays, sampled under the masks of conditions, satisfy all of them: (n,) bool.

        Derived columns have to lie in the ranges that were learned of their values, too.
        """
        names = [*conditions.checked, *self.derived.ends]
        arrays = self.dependencies.decode(self.all_blocks, arrays)
        columns = self._shown(names, arrays, rows, conditions.masks)
        result = self.derived.in_range(columns)
        for name, wanted in conditions.checked.items():
            result &= wanted.holds(columns[name])
        return result

    def _shown(
        self,
        names: Iterable[str],
        arrays: Arrays,
        rows: Rows,
        masks: Mapping[str, Mask],
        given: Mapping[str, pd.Series] = NOTHING,
    ) -> dict[str, pd.Series]:
        """Decode some learned columns, and those that they are computed from or copy; surrogates are missing.

        given: columns that need not be decoded.
        """
        wanted, columns = self._sources(names) - given.keys(), dict(given)
        for name in self.order:
            if name not in wanted:
                continue
            block = self.places.block_of.get(name)
            if block is not None and name not in columns:
                places = self.codecs[block].decode(arrays, rows, masks.get(block))
                columns |= self.places.coordinates(block, places, self.fields)
            codec, mask = self.codecs.get(name), masks.get(name)
            if codec is not None:
                columns[name] = codec.decode(arrays, rows, mask)
            if codec is not None and name in self.copied.sources:
                columns[name] = self.copied.decode(name, columns, codec, arrays[name], mask)
            if name in self.derived.totals and not masks:
                columns |= self._fitted(name, columns, arrays, rows)
            if self.derived.needs(name):
                dtype = self.fields[name].dtype(name in self.nullable)
                columns[name] = self.derived.series(name, self.derived.computed(name, columns), dtype)
        flags = {name: flag for name, flag in self.derived.flags.items() if name in columns}
        flagged = {name: self.codecs[flag].decode(arrays, rows).to_numpy(bool) for name, flag in flags.items()}
        for name, missing in self.derived.hidden(columns, flagged).items():
            shown = columns[name].astype(self.fields[name].dtype(name in self.nullable))
            columns[name] = shown.mask(missing) if missing.any() else shown
        return columns

    def _fitted(self, name: str, columns: Mapping[str, pd.Series], arrays: Arrays, rows: Rows) -> dict[str, pd.Series]:
        """The parts of a total that change so that they add up to what was sampled of it; see `DerivedColumns.fitted`.

        Parts that others are computed from or copy stay, and those that copy others in this row.
        """
        derived, total = self.derived, self.codecs[self.derived.totals[name]].decode(arrays, rows)
        used = [*(low for gap in derived.gaps.values() for low in gap.lows)]
        used += [other for others in self.copied.sources.values() for other in others]
        used += [part for other, parts in derived.totalled.items() if other != name for part in parts]
        free, ends = {}, {}
        for part in derived.sums[name]:
            body = None if derived.needs(part) or part in used else self.codecs[part].body
            if body is not None and isinstance(body.block, Categorical):  # all of its values are kept, and no other is
                body = None
            free[part] = np.full(len(total), body is not None)
            if part in self.copied.sources:
                free[part] &= arrays[part][:, 1] < 1
            if body is not None and body.ends is not None:
                ends[part] = body.ends
        return derived.fitted(name, columns, total, free, ends)

    def _sources(self, names: Iterable[str]) -> set[str]:
        """These columns, and all that they are computed from or copy."""
        return with_sources(names, lambda name: [*self.derived.needs(name), *self.copied.sources.get(name, ())])

    def _units(self) -> dict[str, Hashable]:
        """The units of all quantities, in the order in which they are decoded."""
        units = {name: self._unit(name) for name in self.order}
        return {name: unit for name, unit in units.items() if unit is not None}

    def _unit(self, name: str) -> Hashable | None:
        if name in self.places.block_of:
            return None
        measure = self.derived.measures.get(name)
        return self.codecs[name].unit if measure is None else measure.unit

    def restrict(self, where: Where) -> Conditions:
        """Turn conditions into masks by learned column; ConditionError if one cannot be met."""
        wanted, masks = self._asked(where)
        placed = {name: each for name, each in wanted.items() if name in self.places.block_of}
        others = {name: each for name, each in wanted.items() if name not in placed}
        found = narrowed(others, masks, self.derived, self.codecs)
        masks, checked = self.places.narrowed(placed, found.masks, self.codecs)
        return Conditions(masks, {**found.checked, **checked})

    def _asked(self, where: Where) -> tuple[dict[str, Wanted], dict[str, Mask]]:
        """What conditions ask of derived and flagged columns, and their masks for all others."""
        wanted, masks = {}, {}
        for name, predicates in predicates_of(where, self.fields).items():
            try:
                measure = self._measure(name)
                if measure is not None:
                    wanted[name] = Wanted.of(predicates, measure)
                else:
                    masks[name] = self.codecs[name].restrict(predicates)
            except OperandError as error:
                raise ConditionError(misread(name, predicates, self.fields) or str(error)) from None
        return wanted, masks

    def _measure(self, name: str) -> Measure | None:
        """How a column is counted that is computed from others, flagged, or a coordinate; None of all others."""
        if name in self.places.block_of:
            return self.fields[name].measure(pd.Series(dtype="float64"))
        return self.derived.measures[name] if self.derived.needs(name) or name in self.derived.flags else None

    def allowed(self, masks: Mapping[str, Mask]) -> dict[str, np.ndarray]:
        """Masks over the symbols of learned blocks; ConditionError if masks contradict each other."""
        allowed = {name: mask.allowed for name, mask in masks.items()}
        for name, sampled in self.sampled.items():
            allowed[name] = allowed.get(name, np.True_) & sampled
            if not allowed[name].any():
                raise ConditionError(f'column "{name}": no value that meets the conditions is learned; relax one')
        return self.dependencies.masks(self.all_blocks, allowed)

    @cached_property
    def sampled(self) -> dict[str, np.ndarray]:
        """The symbols that are sampled of columns of which not all are: (size,) bool."""
        masks = {name: codec.sampled for name, codec in self.codecs.items()}
        return {name: mask for name, mask in masks.items() if mask is not None}

    def satisfied(self, frame: pd.DataFrame, where: Where) -> np.ndarray:
        """Which rows of a frame of the schema's types satisfy conditions: (n,) bool; ConditionError as `restrict`."""
        self.restrict(where)
        result = np.ones(len(frame), bool)
        wanted, masks = self._asked(where)
        for name, each in wanted.items():
            result &= each.holds(frame[name])
        for name, mask in masks.items():
            result &= self.codecs[name].admits(frame[name], mask)
        return result

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {
            "columns": {name: codec.to_json() for name, codec in self.codecs.items()},
            "derived_columns": self.derived.to_json(),
            "coordinates": self.places.to_json(),
            "copied_columns": dict(self.copied.sources),
            "functional_dependencies": self.dependencies.to_json(),
            "persons": {role: each.to_json() for role, each in self.made.persons.items()},
        }

    @classmethod
    def from_json(cls, schema: Schema, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; KeyError, ValueError or TypeError if it does not fit the schema."""
        columns = data["columns"]
        derived = DerivedColumns.from_json(schema.fields, data["derived_columns"])
        places = Places.from_json(schema.fields, data["coordinates"])
        fields = {**schema.fields, **derived.codec_fields(schema.fields), **places.codec_fields()}
        if set(columns) != fields.keys() - derived.totalled.keys() - places.block_of.keys():
            raise ValueError(f"the columns {sorted(columns)} are not those of the schema")
        codecs = {name: Codec.from_json(name, fields[name], each) for name, each in columns.items()}
        persons = {role: Persons.from_json(each) for role, each in data["persons"].items()}
        made = {name: codec for name, codec in codecs.items() if codec.field.is_made}
        return cls(
            schema.fields,
            codecs,
            MadeColumns(made, persons, schema.name),
            derived.with_codecs(codecs),
            places,
            CopiedColumns({name: tuple(others) for name, others in data["copied_columns"].items()}),
            FunctionalDependencies.from_json(data["functional_dependencies"]),
        )


def _by_columns(codecs: Mapping[str, Codec], frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The arrays of all columns, each encoded separately."""
    return {name: array for codec in codecs.values() for name, array in codec.encode(frame[codec.name]).items()}
