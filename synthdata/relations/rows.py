"""A table of rows that belong to others: its encoder and its generator, which draws a row given what it is told.

Rows are drawn in waves: the first rows of all owners, then the second rows of those that have one, and so on, each
conditioned on the row before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, tabular, take
from synthdata.encoding.encoder import Encoder
from synthdata.encoding.made_columns import MadeColumns
from synthdata.errors import DataError
from synthdata.fields import Datetime, Field, Rows
from synthdata.models import AUTO, family, settings
from synthdata.models.base import Generator, Signature
from synthdata.progress import PLAN, Progress
from synthdata.relations.told import Told, copied, counted_from, earliest, places
from synthdata.schema import Schema
from synthdata.schema.constraints import Constraint, Ordered
from synthdata.subjects import Subjects
from synthdata.synthesizer import artefact

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["Drawn", "RowModel"]

ATTEMPTS = 30  # times that a row is drawn again which lies beyond the ranges that were learned
DEFAULT = "transformer"
STAGE = "tabular"


@dataclass(frozen=True)
class Drawn:
    """Rows that were drawn for some owners, those of one owner together and in order.

    frame: their learned columns, in the types of the fields. arrays: where made columns are missing. owner: the number
    of each row's owner, (n,) int64.
    """

    frame: pd.DataFrame
    arrays: Arrays
    owner: np.ndarray


@dataclass(frozen=True)
class RowModel:
    """A fitted model of a table whose rows belong to others.

    schema: of the table, with the numbers of the rows of its own children. constraints: the schema's, with what was
    learned. told: what a row is told. encoder: of these columns and the table's own. generator: None if nothing is
    learned. family: of the generator. reference: the column that refers to the owner, which is copied from its key.
    copies: of other columns that are copied from the owner, what the rows are told it says.
    """

    schema: Schema
    constraints: tuple[Constraint, ...]
    told: Told
    encoder: Encoder
    generator: Generator | None
    family: str
    reference: str
    copies: Mapping[str, str]

    @classmethod
    def fit(
        cls,
        schema: Schema,
        reference: str,
        order_by: str | None,
        owners: pd.DataFrame,
        owner_fields: Mapping[str, Field],
        frame: pd.DataFrame,
        owner: np.ndarray,
        subjects: Subjects,
        most: int,
        run: Run,
    ) -> Self:
        """Fit to rows of the schema's types, those of one owner together and in order.

        owners: what the rows of each owner are told of it, one row an owner; owner_fields: the fields of these columns.
        owner: the number of each row's owner, (n,). subjects: the subject of each row. most: rows of a subject that are
        learned.
        """
        own = {name: field for name, field in schema.fields.items() if not field.is_made}
        others = {name: field for name, field in own.items() if name != order_by}
        copies = copied(frame, others, owners.take(owner), owner_fields)
        own = {name: field for name, field in own.items() if name not in copies}
        count = np.bincount(owner, minlength=len(owners))
        start = after = None
        if order_by is not None:
            start = earliest(frame[order_by], subjects)
            after = counted_from(frame[order_by], own[order_by], owners.take(owner), owner_fields)
        told = Told(schema.name, owner_fields, own, order_by, start, after)
        fields = told.fields
        place = places(owner)
        before = np.where(place > 0, np.arange(len(frame)) - 1, -1)
        given = [
            owners.take(owner),
            told.siblings(place, count[owner]),
            told.previous(frame, before, owners.take(owner)),
        ]
        rows = pd.concat([*(each.reset_index(drop=True) for each in given), frame.drop(columns=reference)], axis=1)
        made = {name: field for name, field in schema.fields.items() if field.is_made and name != reference}
        wide = Schema(
            name=schema.name,
            fields={**fields, **own, **made},
            constraints=_constraints(schema, {*own}, told),
        )
        rng = np.random.default_rng([run.seed, 0])
        anew = MadeColumns.fit(rows[[*made]], schema.model_copy(update={"fields": made}), rng)
        taken = subjects.capped(most, np.random.default_rng([run.seed, 22]))
        learned, whose = rows[[*wide.fields]].iloc[taken].reset_index(drop=True), subjects[taken]
        encoder = Encoder.fit(learned, wide, anew, rng, whose, given=[*fields])
        if order_by is not None and order_by not in encoder.derived.gaps:
            raise DataError(
                f'table "{schema.name}": "{order_by}" cannot be learned as a distance from the row before, in '
                f"{len(learned):,} rows; leave order_by out, and the rows keep the order of the data"
            )
        layout = tabular(encoder.layout)
        signature = Signature(
            {name: block for name, block in layout.items() if name not in fields},
            {name: block for name, block in layout.items() if name in fields},
        )
        name = DEFAULT if schema.model.family == AUTO else schema.model.family
        options = settings(name, {} if schema.model.family == AUTO else schema.model.options)
        generator = None
        if signature.layout:
            what = f"{schema.name} by {name}, {len(learned):,} rows x {len(signature.layout)} columns"
            run.listener(Progress(PLAN, 0.0, run.minutes and 60 * run.minutes, f"{what}, given {len(fields)}"))
            generator = family(name).fit(signature, encoder.encode(learned), options, replace(run, subjects=whose))
        constraints = tuple(each.learn(frame, rng, subjects) for each in schema.constraints)
        return cls(schema, constraints, told, encoder, generator, name, reference, copies)

    def draw(self, seed: np.random.SeedSequence, owners: pd.DataFrame, count: np.ndarray) -> Drawn:
        """Draw `count` rows, (m,), for each of some owners, in waves.

        owners: what rows are told of them, (m rows). A row depends on all owners that are drawn for together.
        """
        condition = self.encoder.encode_given(owners)
        last, alive = np.full(len(owners), -1), np.flatnonzero(count > 0)
        frames: list[pd.DataFrame] = []
        arrays: list[Arrays] = []
        numbers: list[np.ndarray] = []
        wave = 0
        while len(alive):
            own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, wave))
            before = self.told.previous(frames[-1] if frames else pd.DataFrame(), last[alive], owners.take(alive))
            siblings = self.told.siblings(np.full(len(alive), wave), count[alive])
            given = pd.concat([siblings, before], axis=1)
            told = {**take(condition, alive), **self.encoder.encode_given(given)}
            frame, drawn = self._wave(own, told, given, owners, alive)
            frames.append(frame)
            arrays.append({name: drawn[name] for name in self.encoder.made.codecs if name in drawn})
            numbers.append(alive)
            wave += 1
            last[alive] = np.arange(len(alive))
            alive = alive[count[alive] > wave]
        rows = self._together(frames, arrays, numbers)
        copies = {name: owners[other].take(rows.owner).array for name, other in self.copies.items()}
        return replace(rows, frame=rows.frame.assign(**copies))

    def _wave(
        self,
        seed: np.random.SeedSequence,
        told: Arrays,
        given: pd.DataFrame,
        owners: pd.DataFrame,
        alive: np.ndarray,
    ) -> tuple[pd.DataFrame, Arrays]:
        """One row of each living owner; rows beyond the ranges that were learned are drawn again."""
        rows, names = len(alive), [*self.told.own]
        true = {
            name: given[name] if name in given else owners[name].take(alive).reset_index(drop=True)
            for name in self._needed
        }
        left = np.arange(rows)
        frame, arrays = pd.DataFrame(), dict[str, np.ndarray]()
        for attempt in range(ATTEMPTS):
            rng = np.random.Generator(
                np.random.Philox(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, attempt)))
            )
            drawn = {**take(told, left), **self._sampled(rng, take(told, left))}
            numbers = Rows(int(rng.integers(2**31)), left)
            known = {name: column.iloc[left].reset_index(drop=True) for name, column in true.items()}
            own, fits = self.encoder.decode_beside(known, names, drawn, numbers)
            if attempt == 0:
                frame, arrays = own, drawn
            else:
                frame = pd.concat([frame.drop(index=left.tolist()), own.set_axis(left)]).sort_index()
                for name, array in arrays.items():
                    array[left] = drawn[name]
            left = left[~fits]
            if not len(left):
                break
        return frame, arrays

    @cached_property
    def _needed(self) -> frozenset[str]:
        """The columns of what is told whose true values rows are decoded with."""
        return frozenset(self.encoder.given_sources(self.told.fields))

    @cached_property
    def _allowed(self) -> dict[str, np.ndarray]:
        """Masks of the blocks of which not all symbols are sampled."""
        layout = {} if self.generator is None else self.generator.signature.layout
        return {name: mask for name, mask in self.encoder.allowed({}).items() if name in layout}

    def _sampled(self, rng: np.random.Generator, told: Arrays) -> dict[str, np.ndarray]:
        """The arrays of the table's own blocks, given those that it is told."""
        if self.generator is None:
            return {}
        rows = len(next(iter(told.values())))
        known = {name: told[name] for name in self.generator.signature.condition}
        return dict(self.generator.sample(rng, rows, condition=known, allowed=self._allowed))

    def _together(self, frames: list[pd.DataFrame], arrays: list[Arrays], numbers: list[np.ndarray]) -> Drawn:
        """The rows of all waves, those of one owner together."""
        if not frames:
            fields = self.told.own
            empty = pd.DataFrame({name: pd.Series(dtype=field.dtype(field.nullable)) for name, field in fields.items()})
            return Drawn(empty, {}, np.zeros(0, np.int64))
        owner = np.concatenate(numbers)
        order = np.argsort(owner, kind="stable")  # waves stay in order
        frame = pd.concat(frames, ignore_index=True).take(order).reset_index(drop=True)
        whole = {name: np.concatenate([each[name] for each in arrays])[order] for name in arrays[0]}
        return Drawn(frame, whole, owner[order])

    def finished(self, drawn: Drawn, keys: pd.Series, seed: int, first: int) -> pd.DataFrame:
        """Rows as they stand in the table: with keys and personal data made anew, and the owner's key.

        keys: of the owners. first: the number of the first of these rows in the run.
        """
        rows = Rows(seed, first + np.arange(len(drawn.frame)))
        columns = {str(name): column for name, column in drawn.frame.items()}
        made = self.encoder.made
        columns |= made.make(drawn.arrays, made.deal(columns, rows))
        columns[self.reference] = keys.take(drawn.owner).reset_index(drop=True)
        return pd.DataFrame({name: columns[name] for name in self.schema.fields})

    def files(self) -> dict[str, bytes]:
        """The files of this model in a directory."""
        schema = self.schema.model_copy(update={"suite": None, "constraints": self.constraints})
        told = {
            "owner": {name: {"kind": each.kind, **each.model_dump(mode="json")} for name, each in self._owner.items()},
            "order_by": self.told.order_by,
            "start": _plain(self.told.start),
            "after": self.told.after,
            "copies": dict(self.copies),
            "reference": self.reference,
            "family": self.family,
        }
        files = {
            artefact.SCHEMA: schema.dump().encode(),
            artefact.CODECS: json.dumps(self.encoder.to_json(), ensure_ascii=False).encode(),
            "told.json": json.dumps(told, indent=1).encode(),
        }
        if self.generator is not None:
            files |= artefact.pack_stage(STAGE, self.generator.config(), self.generator.weights)
            files |= artefact.pack_history(self.generator.history)
        return files

    @property
    def _owner(self) -> Mapping[str, Field]:
        return self.told.owner

    @classmethod
    def of_files(cls, files: Mapping[str, bytes], source: str) -> Self:
        """Restore what `files` wrote; KeyError, ValueError or TypeError if it does not fit."""
        schema = Schema.parse(files[artefact.SCHEMA].decode(), source=source)
        said = json.loads(files["told.json"])
        owner = Schema.model_validate({"fields": said["owner"]}).fields if said["owner"] else {}
        copies = {str(name): str(other) for name, other in said["copies"].items()}
        if not copies.keys() <= schema.fields.keys() or not {*copies.values()} <= owner.keys():
            raise ValueError("a column is copied that is not there")
        own = {name: field for name, field in schema.fields.items() if not field.is_made and name not in copies}
        order_by, start = said["order_by"], said["start"]
        if order_by is not None and isinstance(own[order_by], Datetime):
            start = pd.Timestamp(start)
        after = said["after"]
        if after is not None and after not in owner:
            raise ValueError(f"rows are counted from {after}, which their owner does not have")
        told = Told(schema.name, owner, own, order_by, start, after)
        reference = str(said["reference"])
        made = {name: field for name, field in schema.fields.items() if field.is_made and name != reference}
        wide = Schema(
            name=schema.name,
            fields={**told.fields, **own, **made},
            constraints=_constraints(schema, {*own}, told),
        )
        encoder = Encoder.from_json(wide, json.loads(files[artefact.CODECS]))
        layout, generator = tabular(encoder.layout), None
        signature = Signature(
            {name: block for name, block in layout.items() if name not in told.fields},
            {name: block for name, block in layout.items() if name in told.fields},
        )
        if signature.layout:
            config, weights = artefact.unpack_stage(STAGE, files)
            generator = family(said["family"]).restore(signature, config, weights)
            generator.history.extend(artefact.unpack_history(files))
        family_name = str(said["family"])
        return cls(schema, tuple(schema.constraints), told, encoder, generator, family_name, reference, copies)


def _constraints(schema: Schema, own: set[str], told: Told) -> tuple[Constraint, ...]:
    """The constraints between columns that are learned, and that no row is before the one before it."""
    kept = tuple(each for each in schema.constraints if own >= {*each.columns()})
    return kept if told.before is None else (*kept, Ordered(low=told.before, high=str(told.order_by)))


def _plain(value: Any) -> Any:
    """A time or a number as plain JSON."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
