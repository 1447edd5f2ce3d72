"""The synthesizer of several tables: one of the root, and a model of the rows of each table below."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from synthdata.budget import Budget, check_minutes
from synthdata.errors import ArtefactError
from synthdata.fields import Field, Number
from synthdata.messages import check_rows_asked, check_seed
from synthdata.models import BASELINE
from synthdata.progress import Listener, Progress, silent
from synthdata.relations.data import Related
from synthdata.relations.rows import Drawn, RowModel
from synthdata.relations.schema import COUNT, Relations
from synthdata.schema import ModelLike, Schema
from synthdata.schema.conditions import Where
from synthdata.synthesizer import Synthesizer, artefact
from synthdata.validation import Suite

__all__ = ["Part", "RelationalSynthesizer"]

PART = 4096  # roots that rows are drawn for together
PATIENCE = 8  # epochs without a better validation loss, of a root: what is amiss in it, all of its rows repeat
MOST_ROWS = 1000  # of a subject in one table that are learned
SCHEMA, SEQUENCE, TABLES = "relations.yaml", "sequence.yaml", "tables"
LEVEL = 5  # among the spawn keys of a run


@dataclass(frozen=True)
class Part:
    """Some roots of a run with all that they own.

    frames: by table. root: the number of each row's root among those of this part, (n,) int64, by table.
    """

    frames: Mapping[str, pd.DataFrame]
    root: Mapping[str, np.ndarray]

    def of_roots(self, chosen: np.ndarray) -> Part:
        """The rows of some roots, (roots,) bool."""
        kept = {name: chosen[each] for name, each in self.root.items()}
        frames = {name: frame[kept[name]].reset_index(drop=True) for name, frame in self.frames.items()}
        number = np.cumsum(chosen) - 1
        return Part(frames, {name: number[each[kept[name]]] for name, each in self.root.items()})


@dataclass(frozen=True, repr=False)
class RelationalSynthesizer:
    """A fitted model of several tables; made by `fit` or `load`.

    Attributes
    ----------
    relations : Relations
        What the tables are, and how they belong together.
    root : Synthesizer
        The model of the root; how many rows each root owns is among its columns.
    rows : mapping of str to RowModel
        The models of all other tables, each after its owner.
    about : mapping
        Rows trained on, seconds, seed; see `describe`.
    suites : mapping of str to mapping
        The suite that the rows of each table must pass, as JSON.
    whole : Schema, optional
        Of the one table that these were taken from, if they were; see `SequenceSynthesizer`.

    """

    relations: Relations
    root: Synthesizer
    rows: Mapping[str, RowModel]
    about: Mapping[str, Any]
    suites: Mapping[str, Any] = field(default_factory=dict)
    whole: Schema | None = None

    def __repr__(self) -> str:
        learned = ", ".join(f"{name} {each['rows']:,}" for name, each in self.about["tables"].items())
        return f"RelationalSynthesizer({self.relations.name!r}, rows: {learned})"

    @classmethod
    def fit(
        cls,
        frames: Mapping[str, pd.DataFrame],
        relations: Relations,
        *,
        seed: int = 0,
        max_minutes: float | Budget | None = None,
        drop_orphans: bool = False,
        listener: Listener = silent,
    ) -> RelationalSynthesizer:
        """Learn several tables that belong together.

        A root with all that it owns is one subject: privacy thresholds count roots.

        Parameters
        ----------
        frames : mapping of str to DataFrame
            The real rows of each table, raw (all text) or typed.
        relations : Relations
            What they are, and how they belong together.
        seed : int, default 0
            Equal seeds, tables and schemas give equal models.
        max_minutes : float, optional
            Time budget of this call, in minutes. Without one, training ends when it no longer helps.
        drop_orphans : bool, default False
            Leave rows out whose owner is not there.
        listener : callable, optional
            Called with each `Progress`.

        Returns
        -------
        RelationalSynthesizer
            The fitted model.

        Raises
        ------
        DataError
            If a table cannot be read or is empty, keys repeat, or rows refer to owners that are not there.
        TrainingError
            If training diverges.

        Examples
        --------
        >>> from synthdata.relations import Relations, RelationalSynthesizer
        >>> shop = Relations.load("shop.yaml")  # doctest: +SKIP
        >>> model = RelationalSynthesizer.fit({"customers": customers, "orders": orders}, shop)  # doctest: +SKIP

        """
        from synthdata.models.training.plan import Run

        check_seed(seed)
        check_minutes(max_minutes)
        budget = Budget.of_minutes(max_minutes)
        related = Related.read(relations, frames, drop_orphans=drop_orphans)
        weights = {name: _weight(related.frames[name], relations.tables[name].learned) for name in relations.order}
        models: dict[str, RowModel] = {}
        told: dict[str, pd.DataFrame] = {}
        fields: dict[str, Mapping[str, Field]] = {}
        root = None
        seconds: dict[str, float] = {}
        for number, name in enumerate(relations.order):
            table, began = relations.tables[name], budget.spent
            counts = related.counts(relations, name)
            frame, schema = related.frames[name].assign(**counts), _with_counts(table.schema, counts)
            left = sum(weights[each] for each in relations.order[number:])
            minutes = budget.share(weights[name] / left)
            heard = _of_table(listener, name)
            if table.of is None:
                root = Synthesizer.fit(
                    frame, schema, seed=seed, max_minutes=minutes, listener=heard, model=_model_of_root(schema)
                )
            else:
                assert table.owner is not None
                models[name] = RowModel.fit(
                    schema,
                    table.of,
                    table.order_by,
                    told[table.owner],
                    fields[table.owner],
                    frame,
                    related.owner[name],
                    related.subjects(name),
                    MOST_ROWS,
                    Run(seed + 1000 * number, minutes, listener=heard),
                )
            above = None if table.owner is None else (told[table.owner], related.owner[name])
            told[name] = _told(name, frame, schema, above)
            fields[name] = {**fields.get(str(table.owner), {}), **_told_fields(name, schema)}
            seconds[name] = round(budget.spent - began, 2)
        assert root is not None
        about = {
            "seed": seed,
            "seconds": round(budget.spent, 2),
            "tables": {name: {"rows": len(frame), "seconds": seconds[name]} for name, frame in related.frames.items()},
            "subjects": len(related.frames[relations.root]),
        }
        model = cls(relations, root, models, about)
        suites = {
            name: Suite.of(schema, constraints).to_json(name)
            for name, (schema, constraints) in model._checked().items()
        }
        return cls(relations, root, models, about, suites)

    def sample(self, roots: int, *, where: Where = None, seed: int = 0) -> dict[str, pd.DataFrame]:
        """Draw roots, and all that they own. They have not been checked: `relations.generate` draws rows that pass.

        Parameters
        ----------
        roots : int
            How many rows of the root, at least 1.
        where : str, mapping or list of str, optional
            What every root has to satisfy, `"segment = gold"` or, of the number of its rows, `"orders.count >= 3"`.
        seed : int, default 0
            Equal seeds and models give equal rows; the first roots of a long run are those of a short one.

        Returns
        -------
        dict of str to DataFrame
            The rows of each table.

        Raises
        ------
        ConditionError
            If nothing that the model learned can satisfy `where`.
        InputError
            If `roots` is not a whole number from 1 on.

        Examples
        --------
        >>> model = RelationalSynthesizer.load("shop.model")  # doctest: +SKIP
        >>> model.sample(1000, where="orders.count >= 3")["orders"]  # doctest: +SKIP

        """
        check_rows_asked(roots)
        found: list[Part] = []
        for part in self.parts(where=where, seed=seed, roots=roots):
            found.append(part)
            if sum(len(each.frames[self.relations.root]) for each in found) >= roots:
                break
        return together(found, self.relations, roots)

    def parts(self, *, where: Where = None, seed: int = 0, roots: int | None = None) -> Iterator[Part]:
        """Draw parts of a run without end. roots: a hint of how many will be wanted."""
        check_seed(seed)
        stream = self.root.stream(where=self._of_root(where), seed=seed, rows=roots)
        first = dict.fromkeys(self.relations.order, 0)
        for block, whole in enumerate(stream):
            for start in range(0, len(whole), PART):
                with threadpool_limits(1, user_api="blas"):
                    part = self._part(
                        whole.iloc[start : start + PART].reset_index(drop=True), seed, block, start, first
                    )
                first = {name: first[name] + len(frame) for name, frame in part.frames.items()}
                yield part

    def _of_root(self, where: Where) -> Where:
        """Conditions without the name of the root before its columns."""
        prefix = f"{self.relations.root}."
        if isinstance(where, str):
            return where.strip().removeprefix(prefix)
        if isinstance(where, Mapping):
            return {name.removeprefix(prefix): each for name, each in where.items()}
        return where if where is None else [each.strip().removeprefix(prefix) for each in where]

    def _part(self, roots: pd.DataFrame, seed: int, block: int, start: int, first: Mapping[str, int]) -> Part:
        """Some roots with all that they own. first: the number of the first row of each table in the run."""
        name, tables = self.relations.root, self.relations.tables
        frames, told = {name: roots}, {name: _told(name, roots, self.root.schema, None)}
        numbers = {name: np.arange(len(roots))}
        learned: dict[str, pd.DataFrame] = {name: roots}
        for number, (child, model) in enumerate(self.rows.items()):
            table = tables[child]
            assert table.owner is not None
            key = tables[table.owner].key
            own = np.random.SeedSequence(seed, spawn_key=(block, LEVEL, start // PART, number))
            count = learned[table.owner][f"{child}{COUNT}"].to_numpy(np.int64)
            drawn: Drawn = model.draw(own, told[table.owner], count)
            frames[child] = model.finished(drawn, frames[table.owner][key], seed, first[child])
            learned[child] = drawn.frame
            numbers[child] = numbers[table.owner][drawn.owner]
            told[child] = _told(child, drawn.frame, model.schema, (told[table.owner], drawn.owner))
        shown = {each: frames[each][list(tables[each].schema.fields)] for each in self.relations.tables}
        return Part(shown, {each: numbers[each] for each in shown})

    def describe(self) -> dict[str, Any]:
        """A summary of the model as plain JSON."""
        return {
            "name": self.relations.name,
            **self.about,
            "root": self.relations.root,
            "owners": {name: table.owner for name, table in self.relations.tables.items() if table.owner},
            "fields": {
                name: {column: each.kind for column, each in table.schema.fields.items()}
                for name, table in self.relations.tables.items()
            },
        }

    def suite(self, name: str) -> Suite:
        """The suite that rows of a table must pass."""
        return Suite.derive(*self._checked()[name]) + Suite.from_json(self.suites[name])

    def _checked(self) -> dict[str, tuple[Schema, tuple[Any, ...]]]:
        """The schema of each table, and its constraints with what was learned."""
        learned = {self.relations.root: self.root.constraints}
        learned |= {name: model.constraints for name, model in self.rows.items()}
        return {name: (table.schema, learned[name]) for name, table in self.relations.tables.items()}

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the model directory: all or nothing, without pickle, code or real rows.

        Parameters
        ----------
        path : str or Path
            The directory to write.
        force : bool, default False
            Replace an existing model.

        Returns
        -------
        Path
            The directory.

        Raises
        ------
        OutputError
            If something is there already, or the directory cannot be written.

        """
        files = {SCHEMA: self.relations.dump().encode()}
        parts = {self.relations.root: self.root.files(), **{name: each.files() for name, each in self.rows.items()}}
        for name, own in parts.items():
            suite = json.dumps(self.suites[name], ensure_ascii=False, indent=1).encode()
            files |= {f"{TABLES}/{name}/{file}": data for file, data in {**own, artefact.SUITE: suite}.items()}
        if self.whole is not None:
            files[SEQUENCE] = self.whole.model_copy(update={"suite": None}).dump().encode()
        privacy = {
            "subject": f"a row of {self.relations.root} with all that belongs to it",
            "subjects_behind_each_value": "at least 5 to 8, drawn once a column",
            "holds_rows": False,
        }
        root = {"family": self.root.family, **self.root.about}
        artefact.write(Path(path), files, {**self.about, "root": root, "privacy": privacy}, force=force)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> RelationalSynthesizer:
        """Read a model directory. Hashes, shapes and types are checked; nothing in it is run.

        Parameters
        ----------
        path : str or Path
            A directory that `save` or `synthdata train` wrote.

        Raises
        ------
        ArtefactError
            If it is not a model of several tables, was altered or damaged, or was written by another version.

        """
        path = Path(path)
        manifest, files = artefact.read(path)
        if "tables" not in manifest:
            raise ArtefactError(f"{path}: a model of one table; load it with Synthesizer.load")
        with artefact.fitting(path):
            relations = Relations.parse(files[SCHEMA].decode(), f"{path}/{SCHEMA}")
            own = {name: _below(files, f"{TABLES}/{name}/") for name in relations.order}
            root = Synthesizer.of_files(manifest["root"], own[relations.root], path / TABLES / relations.root)
            rows = {
                name: RowModel.of_files(own[name], f"{path}/{TABLES}/{name}/{artefact.SCHEMA}")
                for name in relations.order
                if name != relations.root
            }
            suites = {name: json.loads(each[artefact.SUITE]) for name, each in own.items()}
            about = {key: manifest[key] for key in ("seed", "seconds", "tables", "subjects")}
            whole = Schema.parse(files[SEQUENCE].decode(), f"{path}/{SEQUENCE}") if SEQUENCE in files else None
        return cls(relations, root, rows, about, suites, whole)


def together(parts: list[Part], relations: Relations, roots: int | None = None) -> dict[str, pd.DataFrame]:
    """The rows of parts of a run, by table; of the first `roots` roots alone."""
    result = {}
    before = 0
    cut = []
    for part in parts:
        rows = len(part.frames[relations.root])
        kept = np.arange(rows) < (rows if roots is None else roots - before)
        cut.append(part if kept.all() else part.of_roots(kept))
        before += rows
    for name in relations.tables:
        result[name] = pd.concat([part.frames[name] for part in cut], ignore_index=True)
    return result


def _below(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {name.removeprefix(folder): data for name, data in files.items() if name.startswith(folder)}


def _with_counts(schema: Schema, counts: Mapping[str, np.ndarray]) -> Schema:
    """The schema with fields for the numbers of rows in the tables below."""
    if not counts:
        return schema
    more = {name: Number(integer=True, min=0) for name in counts}
    return schema.replace(fields={**schema.fields, **more})


def _told_fields(name: str, schema: Schema) -> dict[str, Field]:
    """The fields of the columns of a table that the rows below are told, by their names there."""
    fields = schema.fields.items()
    return {
        f"{name}.{each}": field for each, field in fields if not field.is_made and field.kind not in ("image", "text")
    }


def _told(
    name: str, frame: pd.DataFrame, schema: Schema, above: tuple[pd.DataFrame, np.ndarray] | None
) -> pd.DataFrame:
    """What rows are told of each row of a table: its columns, and those that it was told of its own owner."""
    fields = _told_fields(name, schema)
    own = frame[[each.removeprefix(f"{name}.") for each in fields]].set_axis([*fields], axis=1).reset_index(drop=True)
    if above is None:
        return own
    owners, number = above
    return pd.concat([owners.take(number).reset_index(drop=True), own], axis=1)


def _model_of_root(schema: Schema) -> ModelLike | None:
    """The model of a root, where the schema leaves it open; a single column is learned without training."""
    if schema.model.model_fields_set:
        return None
    learned = [name for name, field in schema.fields.items() if not field.is_made]
    return BASELINE if len(learned) == 1 else {"family": "transformer", "patience": PATIENCE}


def _weight(frame: pd.DataFrame, learned: tuple[str, ...]) -> float:
    """How much of the time a table gets, beside the others."""
    return math.pow(len(frame) * max(len(learned), 1), 0.7)


def _of_table(listener: Listener, name: str) -> Listener:
    """A listener that is told whose training it hears of."""

    def hear(progress: Progress) -> None:
        listener(progress if progress.field else replace(progress, field=name))

    return hear
