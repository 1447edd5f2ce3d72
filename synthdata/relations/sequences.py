"""One table whose rows follow each other: what is constant for an entity becomes a table of owners, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthdata.budget import Budget
from synthdata.errors import ArtefactError, GateError, InputError, SchemaError
from synthdata.fields import Identifier
from synthdata.messages import check_frame, check_schema
from synthdata.progress import Listener, silent
from synthdata.relations.pipeline import generate
from synthdata.relations.schema import Relations, Table
from synthdata.relations.synthesizer import Part, RelationalSynthesizer
from synthdata.schema import Schema
from synthdata.schema.conditions import Where
from synthdata.validation import Gate, Suite, Validated, Verdict

__all__ = ["SequenceSynthesizer"]

OWNERS, ROWS = "entities", "rows"  # the names of the two tables
LEAST_ENTITIES = 20  # that have several rows, for what is constant to be so in every synthetic one


@dataclass(frozen=True, repr=False)
class SequenceSynthesizer:
    """A fitted model of a table whose rows follow each other in time; made by `fit` or `load`.

    What is constant in all rows of each entity stays constant in synthetic ones; times never run back.

    Attributes
    ----------
    schema : Schema
        What the table is, with its `sequence`.
    model : RelationalSynthesizer
        The model of the entities and their rows.

    """

    schema: Schema
    model: RelationalSynthesizer

    def __repr__(self) -> str:
        return f"SequenceSynthesizer({self.schema.name!r}, {self.model.about['subjects']:,} entities)"

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        schema: Schema,
        *,
        seed: int = 0,
        max_minutes: float | Budget | None = None,
        listener: Listener = silent,
    ) -> SequenceSynthesizer:
        """Check a table against its schema, then learn it.

        Parameters
        ----------
        frame : DataFrame
            The real rows, raw (all text) or typed.
        schema : Schema
            What the table is; its `sequence` says whose rows follow each other, and by what.
        seed : int, default 0
            Equal seeds, tables and schemas give equal models.
        max_minutes : float, optional
            Time budget of this call, in minutes.
        listener : callable, optional
            Called with each `Progress`.

        Returns
        -------
        SequenceSynthesizer
            The fitted model.

        Raises
        ------
        SchemaError
            If the schema says nothing of a sequence.
        GateError
            If the table breaks its schema; nothing was trained.
        DataError
            If the table cannot be read as the schema says.

        Examples
        --------
        >>> from synthdata import Schema
        >>> from synthdata.relations import SequenceSynthesizer
        >>> schema = Schema.load("purchases.yaml")  # doctest: +SKIP
        >>> SequenceSynthesizer.fit(purchases, schema).sample(1000)  # doctest: +SKIP

        """
        check_frame(frame, "fit")
        check_schema(schema, "fit")
        budget = Budget.of_minutes(max_minutes)
        if schema.sequence is None:
            raise SchemaError("the schema says no sequence; add one: sequence: {entity: user, order_by: ts}")
        frame = schema.read(frame).reset_index(drop=True)
        verdict = Gate(schema, Suite.of(schema)).check(frame)
        if not verdict.passed:
            worst = Verdict.worst(verdict.checks)
            raise GateError(f"the data breaks its schema, nothing was trained: {worst}; mend one of the two", verdict)
        relations, frames = _apart(schema, frame)
        model = RelationalSynthesizer.fit(frames, relations, seed=seed, max_minutes=budget, listener=listener)
        return cls(schema, replace(model, whole=schema))

    def sample(self, entities: int, *, where: Where = None, seed: int = 0) -> pd.DataFrame:
        """Draw entities with all their rows, in one frame; they have not been checked: `generate` draws rows that pass.

        Parameters
        ----------
        entities : int
            How many entities, at least 1.
        where : str, mapping or list of str, optional
            What every entity has to satisfy, of what is constant for it, or of the number of its rows
            (`"rows.count >= 3"`).
        seed : int, default 0
            Equal seeds and models give equal rows.

        """
        return self._whole(self.model.sample(entities, where=where, seed=seed))

    def generate(self, entities: int, *, where: Where = None, seed: int = 0, listener: Listener = silent) -> Validated:
        """Draw entities with all their rows, until so many pass the schema's suite.

        Parameters
        ----------
        entities, where, seed
            As for `sample`.
        listener : callable, optional
            Called with each `Progress`.

        Raises
        ------
        GateError
            If 20 entities were drawn for each one wanted and too few passed.

        """
        gate = Gate(self.schema, Suite.of(self.schema))

        def passing(part: Part) -> np.ndarray:
            good = np.ones(len(part.frames[OWNERS]), bool)
            good[part.root[ROWS][~gate.passing(self._whole(part.frames))]] = False
            return good

        found = generate(self.model, entities, where=where, seed=seed, also=passing, listener=listener)
        return gate.validate(self._whole({name: each.frame() for name, each in found.items()}))

    def _whole(self, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """The one table of entities and their rows."""
        assert self.schema.sequence is not None
        entity, owners, rows = self.schema.sequence.entity, frames[OWNERS], frames[ROWS]
        which = pd.Index(owners[entity]).get_indexer(pd.Index(rows[entity]))
        constant = owners.drop(columns=entity).take(which).reset_index(drop=True)
        return pd.concat([rows.reset_index(drop=True), constant], axis=1)[list(self.schema.fields)]

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the model directory, as `RelationalSynthesizer.save` does."""
        return self.model.save(path, force=force)

    @classmethod
    def load(cls, path: str | Path) -> SequenceSynthesizer:
        """Read a model directory, as `RelationalSynthesizer.load` does."""
        model = RelationalSynthesizer.load(path)
        if model.whole is None:
            raise ArtefactError(f"{path}: a model of several tables; load it with RelationalSynthesizer.load")
        return cls(model.whole, model)


def _apart(schema: Schema, frame: pd.DataFrame) -> tuple[Relations, dict[str, pd.DataFrame]]:
    """The tables of entities and of their rows."""
    assert schema.sequence is not None
    entity, order_by = schema.sequence.entity, schema.sequence.order_by
    groups = frame.groupby(entity, sort=False)
    if (groups.size() > 1).sum() < LEAST_ENTITIES:
        raise InputError(
            f'sequence: fewer than {LEAST_ENTITIES} values of "{entity}" have several rows, too few to learn how rows '
            f"follow each other; leave sequence out"
        )
    constant = [
        name
        for name in schema.fields
        if name not in (entity, order_by) and (groups[name].nunique(dropna=False) == 1).all()
    ]
    field = schema.fields[entity]
    assert isinstance(field, Identifier)
    key = field.model_copy(update={"unique": True, "of": None})
    reference = field.model_copy(update={"of": None})
    own = {name: each for name, each in schema.fields.items() if name in constant}
    others = {name: each for name, each in schema.fields.items() if name not in own and name != entity}
    common: dict[str, Any] = {
        "constraints": (),
        "joined": {},
        "sequence": None,
        "subject": (),
        "target": None,
        "suite": None,
    }
    parts = {}
    for name, fields in ((OWNERS, {entity: key, **own}), (ROWS, {entity: reference, **others})):
        kept = tuple(each for each in schema.constraints if {*each.columns()} <= fields.keys() - {entity})
        parts[name] = schema.replace(**{**common, "name": name, "fields": fields, "constraints": kept, "require": {}})
    relations = Relations(
        schema.name,
        {OWNERS: Table(parts[OWNERS], entity), ROWS: Table(parts[ROWS], None, entity, {entity: OWNERS}, order_by)},
    )
    owners = groups.first().reset_index() if not constant else frame.drop_duplicates(entity)
    return relations, {
        OWNERS: owners[[entity, *own]].reset_index(drop=True),
        ROWS: frame[[entity, *others]],
    }
