"""The synthesizer: a schema, its codecs and its generator. Learns a table and draws more of it; never half-built."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from synthdata.blocks import Arrays, tabular, take
from synthdata.encoding.encoder import Encoder
from synthdata.encoding.made_columns import MadeColumns
from synthdata.errors import ArtefactError, DataError, InputError, SchemaError
from synthdata.fields import Mask, Rows
from synthdata.io.readers import LEAST_TO_TRAIN
from synthdata.models import AUTO, choose, family, settings
from synthdata.models.base import Generator, Imputing, LatentSpace
from synthdata.progress import Listener, Progress, silent
from synthdata.remarks import about_columns, about_model, about_rows, remark
from synthdata.schema import ModelLike, Schema
from synthdata.schema.conditions import Where
from synthdata.schema.constraints import Constraint
from synthdata.subjects import LEAST_SUBJECTS, Subjects
from synthdata.synthesizer import artefact
from synthdata.synthesizer.filling import Filling
from synthdata.synthesizer.prompts import begun, bits_per_character
from synthdata.synthesizer.stages import FieldStages, check_rows
from synthdata.synthesizer.streaming import FIRST_BLOCK, MOST_BLOCK, PART, ahead, first_row

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = ["Synthesizer"]

STAGE = "tabular"
WIDE = 8  # columns of a table that takes as much of a time budget as an image or a text


@dataclass(frozen=True, repr=False)
class Synthesizer:
    """A fitted model of a table.

    encoder: of its rows. generator: of the table's blocks; None if there are none (all identifiers, say). stages: of
    images and texts.
    family: of the table's. constraints: the schema's, with what training rows had to fill in.
    about: rows trained on, seconds, seed.
    """

    schema: Schema
    encoder: Encoder
    generator: Generator | None
    stages: FieldStages
    family: str
    constraints: tuple[Constraint, ...]
    about: Mapping[str, Any]
    suite: Mapping[str, Any] = field(default_factory=dict)  # the suite the rows must pass, as JSON

    def __repr__(self) -> str:
        fields = len(self.schema.fields)
        return f"Synthesizer({self.schema.name!r}, {self.family}, {fields} fields, {self.about['rows']:,} rows)"

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        schema: Schema | None = None,
        *,
        model: ModelLike | None = None,
        seed: int = 0,
        max_minutes: float | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        listener: Listener = silent,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> Synthesizer:
        """Learn `frame`; `schema` is inferred if not given.

        model: in place of the schema's, a family ("auto" lets the table decide), or a mapping as in the schema's YAML:
        {"family": "vae", "latent": 8}. max_minutes: time budget of training. checkpoint: a file to keep the state of
        training in, from which `resume` goes on. callbacks: Keras callbacks.
        """
        from synthdata.models.training.plan import Run

        began = time.monotonic()
        cut: list[float] = []
        told, listener = listener, partial(_hear, listener, cut)
        schema = schema or Schema.infer(frame)
        if model is not None and not isinstance(model, str):
            schema, model = schema.replace(model=model), None
        schema.check()
        frame = schema.read(frame).reset_index(drop=True)
        if len(frame) < LEAST_TO_TRAIN:
            raise DataError(f"the table has {len(frame)} rows; at least {LEAST_TO_TRAIN} are needed to learn anything")
        subjects = schema.subjects(frame)
        check_subjects(schema, frame, subjects)
        remarks = about_columns(frame, schema)
        for text in remarks:
            remark(told, text, privacy=True)
        for text in (other := [*missing_subjects(schema, frame), *about_rows(frame, schema)]):
            remark(told, text)
        remarks += other
        if max_minutes is not None and max_minutes <= 0:
            raise InputError(f"max_minutes {max_minutes} is not a time; give minutes above 0")
        name = model or schema.model.family
        chosen = settings(name, schema.model.options if name == schema.model.family else {})
        made = MadeColumns.fit(frame, schema, np.random.default_rng([seed, 21]))
        stay = subjects.capped(schema.rows_per_subject, np.random.default_rng([seed, 22]))
        if len(stay) < len(frame):
            text = f"at most {schema.rows_per_subject} rows of a subject are learned (rows_per_subject)"
            remarks.append(f"{text}: {len(stay):,} of {len(frame):,}")
            remark(told, remarks[-1])
        frame, subjects = frame.iloc[stay].reset_index(drop=True), subjects[stay]
        frame = frame.assign(**{name: each.cleared(frame[name], subjects) for name, each in schema.fields.items()})
        rng = np.random.default_rng([seed, 0])
        encoder = Encoder.fit(frame, schema, made, rng, subjects)
        constraints = tuple(constraint.learn(frame, rng, subjects) for constraint in schema.constraints)
        layout = encoder.layout
        check_rows(layout, len(frame))
        arrays = encoder.encode(frame)
        run = Run(seed, max_minutes, checkpoint, resume, listener, callbacks, subjects)
        about: dict[str, Any] = {"rows": len(frame), "seed": seed}
        if schema.subject:
            about["subjects"] = subjects.people
        if name == AUTO:
            choice = choose(chosen, len(frame), len(tabular(layout)))
            name, chosen, about["chosen"] = choice.family, settings(choice.family, {}), choice.why
            listener(Progress("choose", 1.0, detail=f"{name}: {choice.why}"))
        table = tabular(layout)
        share = min(1, len(table) / WIDE) / (1 + len(layout) - len(table))  # what is left over is for images and texts
        own = replace(run, minutes=run.minutes and run.minutes * (share if len(table) < len(layout) else 1))
        kept = {name: arrays[name] for name in table}
        generator = family(name).fit(table, kept, chosen, own) if table else None
        spent = (time.monotonic() - began) / 60
        run = replace(run, minutes=run.minutes and max(run.minutes - spent, 0.1))
        said = {column: each.generator() for column, each in schema.fields.items()}
        stages = FieldStages.fit(layout, arrays, table, said, run, asked=model)
        about["seconds"] = round(time.monotonic() - began, 2)
        found = about_model(encoder.codecs, frame, cut, generator.history if generator else ())
        for text in found:
            remark(told, text)
        about["warnings"] = [*remarks, *found]
        if generator and generator.history:
            about["training"] = {**_training(generator.history), "validated_by": generator.validated_by}
        return cls(schema, encoder, generator, stages, name, constraints, about)

    def sample(
        self,
        rows: int,
        *,
        where: Where = None,
        seed: int = 0,
        prompt: str | Mapping[str, str] | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
    ) -> pd.DataFrame:
        """Draw `rows` rows, every one satisfying `where`. They have not passed the gate: see `pipeline.generate`.

        prompt, temperature, top_p: of texts, see `drawing`.
        """
        if (prompt, temperature, top_p) != (None, None, None):
            other = self.drawing(prompt=prompt, temperature=temperature, top_p=top_p)
            return other.sample(rows, where=where, seed=seed)
        if rows < 1:
            raise InputError(f"{rows} rows asked for; ask for at least 1")
        frames: list[pd.DataFrame] = []
        stream = self.stream(where=where, seed=seed, rows=rows)
        while sum(map(len, frames)) < rows:
            frames.append(next(stream))
        return pd.concat(frames, ignore_index=True).iloc[:rows]

    def stream(self, *, where: Where = None, seed: int = 0, rows: int | None = None) -> Iterator[pd.DataFrame]:
        """Draw row blocks without end; conditions are checked before the first one.

        Block b draws from Philox(SeedSequence(seed, spawn_key=(b,))): a row depends on the seed and its number, never
        on how many are asked for. rows: a hint of how many will be wanted, so that no more are drawn ahead.
        """
        restrictions = self.encoder.restrict(where)
        if self.generator is not None:
            self.generator.check(self.encoder.allowed(restrictions))
        if rows is not None and self.capacity is not None and rows > self.capacity:
            raise InputError(
                f"{rows:,} rows asked for, but an identifier's pattern has only {self.capacity:,} keys; "
                f"ask for fewer rows, or widen the pattern in the schema and train again"
            )
        return self._blocks(restrictions, seed, rows)

    def drawing(
        self,
        *,
        prompt: str | Mapping[str, str] | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
    ) -> Synthesizer:
        """The same model, drawing otherwise.

        prompt: what texts begin with, of the only text field or by field. temperature: below 1 for likelier, less
        varied texts. top_p: draw from the likeliest tokens alone, that have this probability together. guidance: above
        0, texts that fit their record more than those learned do, and are less varied. InputError for a
        prompt that no field can go on from; SchemaError for a setting out of range.
        """
        asked = {"temperature": temperature, "top_p": top_p, "guidance": guidance}
        settings = {name: value for name, value in asked.items() if value is not None}
        for name in settings:
            if not any(name in each.Settings.model_fields for each in self.stages.generators.values()):
                raise InputError(f"{name}: no field of this model is drawn with one; it is for texts")
        return replace(self, stages=self.stages.drawing(settings, begun(self.encoder.codecs, self.stages, prompt)))

    def bits_per_character(self, frame: pd.DataFrame) -> dict[str, float]:
        """How well texts of `frame` are foreseen given the rest of their records, by field; lower is better.

        Their surprise in bits, ends included, over their characters; what the codec cannot write, such as characters
        it has not learned and what is cut, counts 8 bits a byte. Frames of other rows than those learned tell most.
        """
        frame = self.schema.read(frame)
        with threadpool_limits(1, user_api="blas"):
            found = self.stages.surprise(self.encoder.encode(frame))
        return {name: bits_per_character(self.encoder.codecs[name], frame[name], nats) for name, nats in found.items()}

    @property
    def capacity(self) -> int | None:
        """How many rows of one run there can be: the fewest keys an identifier has. None for any number."""
        return self.encoder.capacity

    @staticmethod
    def satisfied(frame: pd.DataFrame, schema: Schema, where: Where, *, seed: int = 0) -> np.ndarray:
        """Which rows of `frame`, of the schema's types, satisfy the conditions: (n,) bool.

        ConditionError if no model that learns the frame could meet them.
        """
        made = MadeColumns.fit(frame, schema, np.random.default_rng([seed, 21]))
        encoder = Encoder.of_columns(frame, schema, made, np.random.default_rng([seed, 0]), schema.subjects(frame))
        return encoder.satisfied(frame, where)

    def _blocks(self, restrictions: Mapping[str, Mask], seed: int, rows: int | None) -> Iterator[pd.DataFrame]:
        with threadpool_limits(1, user_api="blas"):  # one a worker; and sums do not depend on the machine's cores
            jobs = self._jobs(restrictions, seed)
            if not self.stages.generators and (self.generator is None or (rows or MOST_BLOCK) <= FIRST_BLOCK):
                yield from (job() for _, job in jobs)
            yield from ahead(jobs, rows)

    def _jobs(self, restrictions: Mapping[str, Mask], seed: int) -> Iterator[tuple[int, Callable[[], pd.DataFrame]]]:
        """What draws the rows of a run, a part after the other, each with the number of the row after its last.

        A block's tabular arrays are drawn at once. Where there are images or texts, which take far longer, what is told
        of a few rows is a part, so that no more are drawn than are wanted.
        """
        for number in count():
            first, end = first_row(number), first_row(number + 1)
            if not self.stages.generators:
                yield end, partial(self._block, number, restrictions, seed)
                continue
            arrays = self._table(number, restrictions, seed)
            for part, start in enumerate(range(first, end, PART)):
                told = take(arrays, slice(start - first, start - first + PART))
                own = np.random.SeedSequence(seed, spawn_key=(number, 1, part))
                yield (
                    min(start + PART, end),
                    partial(self._part, own, start, min(start + PART, end), told, restrictions, seed),
                )

    def _block(self, number: int, restrictions: Mapping[str, Mask], seed: int) -> pd.DataFrame:
        """The rows of one block of a run of a model without images and texts."""
        arrays = self._table(number, restrictions, seed)
        return self._decoded(arrays, first_row(number), first_row(number + 1), restrictions, seed)

    def _table(self, number: int, restrictions: Mapping[str, Mask], seed: int) -> Arrays:
        """The tabular arrays of one block of a run."""
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(number,))))
        rows = first_row(number + 1) - first_row(number)
        return self.generator.sample(rng, rows, self.encoder.allowed(restrictions)) if self.generator else {}

    def _part(
        self,
        own: np.random.SeedSequence,
        first: int,
        end: int,
        told: Arrays,
        restrictions: Mapping[str, Mask],
        seed: int,
    ) -> pd.DataFrame:
        """The rows `first` to `end` of a run, whose tabular arrays are there."""
        return self._decoded(self.stages.sample(own, end - first, told), first, end, restrictions, seed)

    def _decoded(
        self, arrays: Arrays, first: int, end: int, restrictions: Mapping[str, Mask], seed: int
    ) -> pd.DataFrame:
        if self.capacity is not None and first < self.capacity < end:  # the keys end among these rows
            end = self.capacity
            arrays = take(arrays, slice(0, end - first))
        return self.encoder.decode(arrays, Rows(seed, np.arange(first, end)), restrictions)

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """Where the rows of `frame` lie in the latent space: (n, latent) float32. InputError if the family has none."""
        space = self._latent_space()
        arrays = {
            name: array
            for name, array in self.encoder.encode(self.schema.read(frame)).items()
            if name not in self.stages.generators
        }
        with threadpool_limits(1, user_api="blas"):  # so that places do not depend on the machine's cores
            return space.encode(arrays)

    def decode(self, latent: np.ndarray) -> pd.DataFrame:
        """The most likely row at each place of the latent space, (n, latent). They have not passed the gate."""
        space, places = self._latent_space(), np.atleast_2d(np.asarray(latent, np.float32))
        if places.ndim != 2 or places.shape[1] != space.width:
            raise InputError(f"places of shape {places.shape} are not (rows, {space.width})")
        if not np.isfinite(places).all():
            raise InputError("places hold numbers that are not finite")
        with threadpool_limits(1, user_api="blas"):
            arrays = self.stages.sample(np.random.SeedSequence(0), len(places), space.decode(places))
        return self.encoder.decode(arrays, Rows(0, np.arange(len(places))))

    def interpolate(self, row_a: Mapping[str, Any], row_b: Mapping[str, Any], steps: int = 8) -> pd.DataFrame:
        """Rows along the way between two records: `steps` rows.

        The first and the last are the records as the model decodes them, near them as far as it has learned. A table
        alone goes straight through its generator's latent space. Images and texts go through the spaces of their own
        generators, told the rest of each row, which is that of the nearer record.
        row_a, row_b: a value for each learned field; a mapping or a pandas row. The rows have not passed the gate.
        """
        if not all(isinstance(row, Mapping | pd.Series) for row in (row_a, row_b)):
            raise InputError("interpolate goes from record to record: give a mapping or a row of a table for each end")
        if steps < 2:
            raise InputError(f"{steps} steps asked for; the two ends alone are 2")
        ends = self.encoder.encode(self._read(pd.DataFrame([dict(row_a), dict(row_b)])))
        table = {name: array for name, array in ends.items() if name not in self.stages.generators}
        if self.stages.spaces:
            arrays: Arrays = take(table, np.arange(steps) * 2 // steps)
        else:
            space = self._latent_space()
            with threadpool_limits(1, user_api="blas"):  # so that rows do not depend on the machine's cores
                start, end = space.encode(table)
                arrays = space.decode(start + np.linspace(0, 1, steps, dtype=np.float32)[:, None] * (end - start))
        with threadpool_limits(1, user_api="blas"):
            drawn = self.stages.sample(np.random.SeedSequence(0), steps, arrays)
            arrays = {**drawn, **self.stages.between(ends, arrays, steps)}
        return self.encoder.decode(arrays, Rows(0, np.arange(steps)))

    def vary(
        self, rows: pd.DataFrame | Mapping[str, Any] | pd.Series, strength: float = 0.3, *, seed: int = 0
    ) -> pd.DataFrame:
        """Variations of records: their images and texts, to the same rest of the record, which stays as it is.

        strength: from 0, about the same, to 1, any of which the rest of the record may be told. rows: a value for each
        learned field, of many records or of one. A variation depends on the seed and the row's place. They have not
        passed the gate.
        """
        if isinstance(rows, Mapping | pd.Series):
            rows = pd.DataFrame([dict(rows)])
        if not isinstance(rows, pd.DataFrame):
            raise InputError("vary takes records: rows of a table, or a mapping for one, with all their learned fields")
        if not 0 <= strength <= 1:
            raise InputError(f"strength {strength} is not from 0 (about the same) to 1 (any)")
        if not self.stages.spaces:
            raise InputError(
                "this model has no image or text that can be varied; train with an image whose model is gan or vae, "
                "or a text whose model is vae"
            )
        rows = self._read(rows.reset_index(drop=True))
        with threadpool_limits(1, user_api="blas"):  # so that images do not depend on the machine's cores
            varied = self.stages.vary(np.random.SeedSequence(seed), self.encoder.encode(rows), strength)
        numbers = Rows(seed, np.arange(len(rows)))
        return rows.assign(**{name: self.encoder.codecs[name].decode(varied, numbers) for name in varied})

    def fill(self, frame: pd.DataFrame, columns: Sequence[str] | None = None, *, seed: int = 0) -> pd.DataFrame:
        """Draw the missing cells of `columns`, or of all that were learned, given all that is there in their rows.

        Cells that are there come back as they were, in the schema's types and order. A filled cell is never missing,
        but where it follows from a column that says so, or where training showed nothing of it. Texts are written to
        the filled table; identifiers and images are left alone. A column that depends on another
        is filled by what it follows to, and one that is there narrows what its source may be. A number that often
        equals an earlier column's is taken from there, or that one from it, as often as training showed.
        Values that are too rare to be known count as what their codec takes them for.
        Where a row lacks two columns of which training showed missing cells, each is drawn given the rest alone.
        Rows that break a constraint are drawn again, up to 20 times: they have not passed the gate. Only a Transformer
        fills; InputError for other families.
        """
        if self.generator is not None and not isinstance(self.generator, Imputing):
            raise InputError(f"a {self.family} draws whole rows and fills none; train with model transformer")
        filling = Filling(self.encoder, self.generator, self.stages, self.constraints)
        frame = self.schema.read(frame)
        with threadpool_limits(1, user_api="blas"):  # so that cells do not depend on the machine's cores
            return filling.fill(frame, columns, seed)

    def _read(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Records in the schema's types; keys and personal data may be left out, which are not learned."""
        return self.schema.read(self.encoder.made.completed(rows))

    def dataset(
        self,
        batch_size: int = 64,
        *,
        rows: int | None = None,
        where: Where = None,
        seed: int = 0,
        mix: pd.DataFrame | None = None,
        share: float = 0.5,
    ) -> tf.data.Dataset:
        """Fresh rows to train on, with Keras say: batches, each a tensor a field by its name. Takes TensorFlow.

        Images are uint8 (batch, height, width, channels), numbers and booleans what they are, all else strings; a
        nullable field has `<name>.missing` beside it, true where it means nothing.
        rows: how many there are in all, the last batch may be smaller; without it there is no end, and Keras has to be
        told `steps_per_epoch`. Whoever goes through it again gets the same rows. mix: real rows, of which each batch
        takes `share`, in random order and again and again. The rows have not passed the gate.
        """
        from synthdata.io.tf_data import batches, feed, mixed, up_to

        if batch_size < 1 or (rows is not None and rows < 1):
            raise InputError(f"batches of {batch_size}, {rows} rows: ask for at least 1")
        own = 0 if mix is None else round(share * batch_size)
        if mix is not None and not 0 < own < batch_size:
            raise InputError(f"share {share} leaves a batch of {batch_size} rows no real, or no synthetic, row")
        real = None if mix is None else self.schema.read(mix)
        made = None if rows is None else -(-rows // batch_size) * (batch_size - own)
        self.stream(where=where, seed=seed, rows=made)  # to refuse now what cannot be drawn

        def drawn() -> Iterator[Arrays]:
            frames = self.stream(where=where, seed=seed, rows=made)
            synthetic = batches(map(self.schema.arrays, frames), batch_size - own)
            if real is None:
                return up_to(synthetic, rows)
            rng = np.random.default_rng([seed, 5])
            both = mixed(synthetic, lambda these: self.schema.arrays(real.iloc[these]), len(real), own, rng)
            return up_to(both, rows)

        none = {name: pd.Series(dtype=each.dtype(each.nullable)) for name, each in self.schema.fields.items()}
        return feed(self.schema.arrays(pd.DataFrame(none)), drawn)

    def _latent_space(self) -> LatentSpace:
        if isinstance(self.generator, LatentSpace):
            return self.generator
        raise InputError(f"a {self.family} has no latent space in which rows have a place; train with model vae")

    def describe(self) -> dict[str, Any]:
        """What this model is, as plain JSON."""
        generator = self.generator
        weights = generator.weights() if generator else {}
        return {
            "name": self.schema.name,
            "family": self.family,
            "settings": generator.config().get("settings", {}) if generator else {},
            "parameters": int(sum(weight.size for weight in weights.values())),
            "stages": self.stages.describe(),
            **self.about,
            "target": self.schema.target,
            "subject": list(self.schema.subject),
            "fields": {name: each.kind for name, each in self.schema.fields.items()},
            "copied_columns": {name: list(others) for name, others in self.encoder.copied.sources.items()},
            "functional_dependencies": {name: source for name, (source, _) in self.encoder.dependencies.tables.items()},
            "constraints": [constraint.label() for constraint in self.constraints],
        }

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the model directory, see `synthdata.synthesizer.artefact`."""
        from safetensors.numpy import save as to_safetensors

        schema = self.schema.model_copy(update={"suite": None, "constraints": self.constraints})
        files = {
            artefact.SCHEMA: schema.dump().encode(),
            artefact.CODECS: json.dumps(self.encoder.to_json(), ensure_ascii=False).encode(),
            artefact.SUITE: json.dumps(self.suite, ensure_ascii=False, indent=1).encode(),
        }
        if self.generator is not None:
            config_name, weights_name = artefact.stage_files(STAGE)
            config = {"family": self.family, **self.generator.config()}
            files[config_name] = json.dumps(config, indent=1).encode()
            weights = {name: np.ascontiguousarray(array) for name, array in self.generator.weights().items()}
            files[weights_name] = to_safetensors(weights)
            if self.generator.history:
                files[artefact.HISTORY] = pd.DataFrame(self.generator.history).to_csv(index=False).encode()
        files |= self.stages.files()
        privacy = {
            "subject": list(schema.subject) or "each row is its own",
            "subjects_behind_each_value": "at least 5 to 8, drawn once a column",
            "range_ends": "at or beyond them lie 5 to 8 subjects",
            "holds_rows": False,
        }
        about = {"family": self.family, **self.about, "privacy": privacy}
        artefact.write(Path(path), files, about, force=force)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Synthesizer:
        """Read a model directory; ArtefactError in one line if it is not as it was written."""
        from safetensors.numpy import load as from_safetensors

        path = Path(path)
        manifest, files = artefact.read(path)
        try:
            schema = Schema.parse(files[artefact.SCHEMA].decode(), source=f"{path}/{artefact.SCHEMA}")
            encoder = Encoder.from_json(schema, json.loads(files[artefact.CODECS]))
            name = str(manifest["family"])
            generator = None
            layout = encoder.layout
            table = tabular(layout)
            if table:
                config_name, weights_name = artefact.stage_files(STAGE)
                config = json.loads(files[config_name])
                generator = family(name).restore(table, config, from_safetensors(files[weights_name]))
                if artefact.HISTORY in files:
                    rows = pd.read_csv(BytesIO(files[artefact.HISTORY])).to_dict("records")
                    generator.history.extend({str(key): float(row[key]) for key in row} for row in rows)
            stages = FieldStages.restore(layout, table, files)
            about = {key: manifest[key] for key in ("rows", "seed", "seconds")}
            kept = ("chosen", "training", "subjects", "warnings")
            about |= {key: manifest[key] for key in kept if key in manifest}
            suite = json.loads(files[artefact.SUITE])
        except (KeyError, ValueError, TypeError, SchemaError) as error:
            raise ArtefactError(f"{path}: its files do not fit each other ({error}); train it again") from None
        constraints = tuple(schema.constraints)
        return cls(schema, encoder, generator, stages, name, constraints, about, suite)


def _training(history: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """How training went: its epochs, the one whose weights were kept, and their validation loss."""
    best = min(history, key=lambda row: row["val_loss"])
    return {"epochs": len(history), "best_epoch": int(best["epoch"]), "validation": best["val_loss"]}


def check_subjects(schema: Schema, frame: pd.DataFrame, subjects: Subjects) -> None:
    """Refuse a table of so few subjects that nothing they share is nobody's own."""
    if schema.subject and subjects.people < LEAST_SUBJECTS:
        named = ", ".join(f'"{name}"' for name in schema.subject)
        raise DataError(
            f"subject {named}: {subjects.people} subjects; at least {LEAST_SUBJECTS} are needed, since what fewer than "
            f"5 to 8 of them share is never learned, and nearly all is; bring more subjects"
        )


def missing_subjects(schema: Schema, frame: pd.DataFrame) -> list[str]:
    """Tell of rows that do not name their subject."""
    missing = int(frame[list(schema.subject)].isna().any(axis=1).sum()) if schema.subject else 0
    if not missing:
        return []
    named = ", ".join(f'"{name}"' for name in schema.subject)
    return [f"{missing:,} rows do not name their subject ({named}): each counts as a subject of its own"]


def _hear(listener: Listener, cut: list[float], progress: Progress) -> None:
    """Pass a sign of life on, and keep how much of its schedule a training got whose time was up."""
    if progress.schedule is not None:
        cut.append(progress.schedule)
    listener(progress)
