"""The synthesizer: a schema, an encoder and generators. Learns a table and draws more of it; never half-built."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from synthdata.blocks import tabular
from synthdata.budget import Budget
from synthdata.encoding.encoder import Encoder
from synthdata.encoding.made_columns import MadeColumns
from synthdata.errors import ArtefactError, InputError, TrainingError
from synthdata.messages import check_rows_asked, check_seed
from synthdata.models.base import Generator, ImputingGenerator
from synthdata.progress import Listener, silent
from synthdata.remarks import (
    about_columns,
    about_missing_subjects,
    about_model,
    about_rows,
    about_rows_left_out,
    tell,
)
from synthdata.schema import ModelLike, Schema
from synthdata.schema.conditions import Where
from synthdata.schema.constraints import Constraint
from synthdata.synthesizer import artefact
from synthdata.synthesizer.dataset import dataset_of
from synthdata.synthesizer.filling import Filling
from synthdata.synthesizer.fitting import (
    TrainingLog,
    facts,
    facts_of,
    fit_generators,
    read_rows,
    request,
    rows_to_learn,
)
from synthdata.synthesizer.latent import LatentSpaces
from synthdata.synthesizer.prompts import bits_per_character, prompt_tokens
from synthdata.synthesizer.stages import FieldStages, check_rows, restore_table, table_files
from synthdata.synthesizer.streaming import RowStream

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = ["Synthesizer"]


@dataclass(frozen=True, repr=False)
class Synthesizer:
    """A fitted model of a table: draws rows, fills missing cells, interpolates; made by `fit` or `load`.

    Attributes
    ----------
    schema : Schema
        What the table is.
    encoder : Encoder
        Turns rows into arrays of blocks, and back.
    generator : Generator or None
        That of the table's blocks; None if nothing is learned (a table of keys alone, say).
    stages : FieldStages
        The generators of images and texts, each conditioned on the table.
    family : str
        The family of the table's generator: "transformer", "vae", "gan" or "marginals".
    constraints : tuple of Constraint
        The schema's, with what was learned from training rows.
    about : mapping
        Rows trained on, seconds, seed, warnings; see `describe`.
    suite : mapping
        The suite that rows must pass, as JSON; empty if only `fit` was called, see `synthdata.train`.

    """

    schema: Schema
    encoder: Encoder
    generator: Generator | None
    stages: FieldStages
    family: str
    constraints: tuple[Constraint, ...]
    about: Mapping[str, Any]
    suite: Mapping[str, Any] = field(default_factory=dict)

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
        max_minutes: float | Budget | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        listener: Listener = silent,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> Synthesizer:
        """Learn a table.

        The rows are not checked against the schema's suite; `synthdata.train` does that first.

        Parameters
        ----------
        frame : DataFrame
            The real rows, raw (all text) or typed; columns the schema does not name are left out.
        schema : Schema, optional
            What the table is; inferred from `frame` if not given.
        model : str, mapping or settings, optional
            In place of the schema's: a family ("auto" lets the table decide), or one with settings,
            `VAE(latent=8)` or `{"family": "vae", "latent": 8}`.
        seed : int, default 0
            Equal seeds, tables and schemas give equal models.
        max_minutes : float or Budget, optional
            Time budget of this call, in minutes; reading and encoding count. Without one, training ends when it no
            longer helps. A `Budget` is one that has begun before.
        checkpoint : Path, optional
            A file to keep the state of training in; images and texts have theirs beside it.
        resume : bool, default False
            Go on from `checkpoint`; what was finished is not trained again, and the time it took counts as well.
        listener : callable, optional
            Called with each `Progress`. Without one, remarks about privacy are Python warnings (`PrivacyWarning`).
        callbacks : sequence of keras.callbacks.Callback, default ()
            Keras callbacks of the training loops.

        Returns
        -------
        Synthesizer
            The fitted model.

        Raises
        ------
        SchemaError
            If the schema contradicts itself, or names an unknown family or setting.
        DataError
            If the table cannot be read as the schema says, or has too few rows or subjects.
        InputError
            If `frame` is not a DataFrame, or `max_minutes` is not above 0.
        TrainingError
            If training diverges, or a generator ignores what it should learn; checkpoints are deleted.
        ArtefactError
            If `checkpoint` cannot be resumed from.

        Examples
        --------
        >>> import pandas as pd
        >>> from synthdata import Synthesizer
        >>> frame = pd.DataFrame({"age": [20, 30, 40, 50] * 25, "ward": ["north", "south"] * 50})
        >>> Synthesizer.fit(frame, model="marginals")
        Synthesizer('table', marginals, 2 fields, 100 rows)

        """
        from synthdata.models.training import checkpoints
        from synthdata.models.training.plan import Run

        budget = Budget.of_minutes(max_minutes)
        check_seed(seed)
        if resume and checkpoint is None:
            raise InputError("resume=True needs the checkpoint of the interrupted run; give checkpoint")
        wanted = request(frame, schema, model, max_minutes)
        if resume and checkpoint is not None:
            budget = replace(budget, earlier=checkpoints.seconds(checkpoint))
        schema = wanted.schema
        frame = read_rows(frame, schema)
        remarks = tell(listener, about_columns(frame, schema), privacy=True)
        remarks += tell(listener, [*about_missing_subjects(frame, schema), *about_rows(frame, schema)])
        made, rows = MadeColumns.fit(frame, schema, np.random.default_rng([seed, 21])), len(frame)
        frame, subjects = rows_to_learn(frame, schema, seed)
        remarks += tell(listener, about_rows_left_out(schema, rows, len(frame)))
        rng = np.random.default_rng([seed, 0])
        encoder = Encoder.fit(frame, schema, made, rng, subjects)
        constraints = tuple(constraint.learn(frame, rng, subjects) for constraint in schema.constraints)
        check_rows(encoder.layout, len(frame))
        heard = TrainingLog(listener)
        wanted = wanted.resolved(len(frame), encoder.layout, heard)
        run = Run(seed, None, checkpoint, resume, heard, callbacks, subjects)
        if not resume:
            with checkpoints.locked(checkpoint):
                run.delete_checkpoints()  # of another run
        try:
            generator, stages = fit_generators(encoder.layout, encoder.encode(frame), wanted, run, budget)
        except TrainingError as error:
            run.delete_checkpoints()  # going on from them would fail again
            raise heard.explained(error) from None
        history = generator.history if generator else ()
        remarks += tell(listener, about_model(encoder.codecs, frame, heard.schedule, history))
        about = facts(wanted, len(frame), subjects, seed, generator)
        about |= {"seconds": round(budget.spent, 2), "warnings": remarks}
        run.delete_checkpoints()
        return cls(schema, encoder, generator, stages, wanted.family, constraints, about)

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
        """Draw rows. They have not been checked: `synthdata.generate` draws rows that pass the suite.

        Parameters
        ----------
        rows : int
            How many rows, at least 1.
        where : str, mapping or list of str, optional
            What every row has to satisfy: `"age >= 60"`, or `{"age": (60, None), "ward": ["north", "south"]}`. Met by
            masking the output distribution; rejection sampling is needed only for columns that are computed from
            others, such as totals.
        seed : int, default 0
            Equal seeds and models give equal rows; the first rows of a long run are those of a short one.
        prompt, temperature, top_p
            Of text fields, see `with_sampling`.

        Returns
        -------
        DataFrame
            The rows, with the schema's columns, types and order.

        Raises
        ------
        ConditionError
            If nothing, or hardly anything, that the model learned can satisfy `where`; before anything is drawn.
        InputError
            If `rows` is not a whole number from 1 on, or the pattern of a key has fewer keys than rows are wanted.

        Examples
        --------
        >>> import pandas as pd
        >>> from synthdata import Synthesizer
        >>> frame = pd.DataFrame({"age": [20, 30, 40, 50] * 25, "ward": ["north", "south"] * 50})
        >>> synthesizer = Synthesizer.fit(frame, model="marginals")
        >>> synthesizer.sample(3, where="ward = north")["ward"].tolist()
        ['north', 'north', 'north']

        """
        if (prompt, temperature, top_p) != (None, None, None):
            other = self.with_sampling(prompt=prompt, temperature=temperature, top_p=top_p)
            return other.sample(rows, where=where, seed=seed)
        check_rows_asked(rows)
        frames: list[pd.DataFrame] = []
        stream = self.stream(where=where, seed=seed, rows=rows)
        while sum(map(len, frames)) < rows:
            frames.append(next(stream))
        return pd.concat(frames, ignore_index=True).iloc[:rows]

    def stream(
        self, *, where: Where = None, seed: int = 0, rows: int | None = None, skip: int = 0
    ) -> Iterator[pd.DataFrame]:
        """Draw frames of rows without end, where memory should not grow with the rows.

        Parameters
        ----------
        where, seed
            As for `sample`.
        rows : int, optional
            A hint of how many rows will be wanted, so that few more are drawn ahead.
        skip : int, default 0
            How many frames to leave out; they are not drawn.

        Returns
        -------
        iterator of DataFrame
            Frames of up to 8,192 rows; a row depends on the seed and its number alone.

        Raises
        ------
        ConditionError, InputError
            As for `sample`; before the first frame is asked for.

        Examples
        --------
        >>> synthesizer = Synthesizer.load("model")  # doctest: +SKIP
        >>> first = next(synthesizer.stream(where="age >= 60"))  # doctest: +SKIP

        """
        stream = RowStream(self.encoder, self.generator, self.stages, self.encoder.restrict(where), seed)
        stream.check()
        if rows is not None and self.capacity is not None and rows > self.capacity:
            raise InputError(
                f"{rows:,} rows asked for, but an identifier's pattern has only {self.capacity:,} keys; "
                f"ask for fewer rows, or widen the pattern in the schema and train again"
            )
        return stream.frames(rows, skip)

    def with_sampling(
        self,
        *,
        prompt: str | Mapping[str, str] | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        guidance_scale: float | None = None,
    ) -> Synthesizer:
        """A copy of the model with other sampling settings for its text fields.

        Parameters
        ----------
        prompt : str or mapping of str, optional
            What texts begin with: of the only text field, or by field.
        temperature : float, optional
            Below 1 gives likelier, less varied texts.
        top_p : float, optional
            Nucleus sampling: keep the smallest set of tokens with this total probability, in (0, 1].
        guidance_scale : float, optional
            Classifier-free guidance: above 0, texts fit their record more than those learned do, and vary less.

        Returns
        -------
        Synthesizer
            The model, with the same weights; this one stays as it is.

        Raises
        ------
        InputError
            If no field takes a setting or a prompt, or the prompt cannot be written.
        SchemaError
            If a setting is out of its range.

        Examples
        --------
        >>> careful = synthesizer.with_sampling(prompt="The patient", temperature=0.7)  # doctest: +SKIP
        >>> careful.sample(10)  # doctest: +SKIP

        """
        asked = {"temperature": temperature, "top_p": top_p, "guidance_scale": guidance_scale}
        settings = {name: value for name, value in asked.items() if value is not None}
        for name in settings:
            if not any(name in each.Settings.model_fields for each in self.stages.generators.values()):
                raise InputError(f"{name} applies to text fields; no field of this model takes it")
        tokens = prompt_tokens(self.encoder.codecs, self.stages, prompt)
        return replace(self, stages=self.stages.with_sampling(settings, tokens))

    def bits_per_character(self, frame: pd.DataFrame) -> dict[str, float]:
        """How well the model predicts texts, given the rest of their records: lower is better.

        The negative log-likelihood of texts in bits, end tokens included, divided by their number of characters. Bytes
        that the codec cannot encode, such as unknown characters and truncated ends, count 8 bits each.

        Parameters
        ----------
        frame : DataFrame
            Rows with all columns of the schema, preferably held-out ones.

        Returns
        -------
        dict of str to float
            Bits per character, by text field whose family has a likelihood.

        Raises
        ------
        DataError
            If the frame cannot be read as the schema says.

        Examples
        --------
        >>> synthesizer.bits_per_character(holdout)  # doctest: +SKIP
        {'note': 1.83}

        """
        frame = self.schema.read(frame)
        with threadpool_limits(1, user_api="blas"):
            found = self.stages.nll(self.encoder.encode(frame))
        return {name: bits_per_character(self.encoder.codecs[name], frame[name], nll) for name, nll in found.items()}

    @property
    def capacity(self) -> int | None:
        """Maximum number of rows of one run, the fewest keys that an identifier has; None if unlimited."""
        return self.encoder.capacity

    @staticmethod
    def satisfied(frame: pd.DataFrame, schema: Schema, where: Where, *, seed: int = 0) -> np.ndarray:
        """Which rows of `frame`, of the schema's types, satisfy the conditions: (n,) bool.

        ConditionError if no model that learns the frame could meet them.
        """
        made = MadeColumns.fit(frame, schema, np.random.default_rng([seed, 21]))
        encoder = Encoder.of_columns(frame, schema, made, np.random.default_rng([seed, 0]), schema.subjects(frame))
        return encoder.satisfied(frame, where)

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """The latent vectors of rows.

        Parameters
        ----------
        frame : DataFrame
            Rows with all columns of the schema.

        Returns
        -------
        ndarray
            (n, latent) float32.

        Raises
        ------
        InputError
            If the table's family has no latent space; a VAE has one.
        DataError
            If the frame cannot be read as the schema says.

        Examples
        --------
        >>> vae = Synthesizer.fit(frame, model={"family": "vae", "latent": 8})  # doctest: +SKIP
        >>> vae.encode(frame.head(3)).shape  # doctest: +SKIP
        (3, 8)

        """
        return self._spaces.encode(self.schema.read(frame))

    def decode(self, latent: np.ndarray) -> pd.DataFrame:
        """The most likely row of each latent vector. They have not been checked.

        Parameters
        ----------
        latent : ndarray
            (n, latent), finite.

        Returns
        -------
        DataFrame
            n rows, with the schema's columns, types and order.

        Raises
        ------
        InputError
            If the table's family has no latent space, or the array has another shape or is not finite.

        Examples
        --------
        >>> vae.decode(vae.encode(frame.head(3)))  # doctest: +SKIP

        """
        return self._spaces.decode(latent)

    def interpolate(self, row_a: Mapping[str, Any], row_b: Mapping[str, Any], steps: int = 8) -> pd.DataFrame:
        """Interpolate between two records. The rows have not been checked.

        The first and last rows are reconstructions of the two records. Without images and texts, rows are decoded
        from a straight line in the latent space of the table's generator. With them, images and texts are interpolated
        in the latent spaces of their own generators, given the rest of the row, which is that of the nearer record.

        Parameters
        ----------
        row_a, row_b : mapping or Series
            A value for each learned column.
        steps : int, default 8
            How many rows, both ends included; at least 2.

        Returns
        -------
        DataFrame
            `steps` rows, with the schema's columns, types and order.

        Raises
        ------
        InputError
            If neither the table's family nor that of an image or text has a latent space, or `steps` is below 2.
        DataError
            If a record cannot be read as the schema says.

        Examples
        --------
        >>> vae.interpolate(frame.iloc[0], frame.iloc[1], steps=5)  # doctest: +SKIP

        """
        if not all(isinstance(row, Mapping | pd.Series) for row in (row_a, row_b)):
            raise InputError("interpolate goes from record to record: give a mapping or a row of a table for each end")
        if steps < 2:
            raise InputError(f"{steps} steps asked for; the two ends alone are 2")
        return self._spaces.interpolate(self._records(pd.DataFrame([dict(row_a), dict(row_b)])), steps)

    def vary(
        self, rows: pd.DataFrame | Mapping[str, Any] | pd.Series, strength: float = 0.3, *, seed: int = 0
    ) -> pd.DataFrame:
        """Variations of records: their images and texts, given the rest of the record, which stays as it is.

        Parameters
        ----------
        rows : DataFrame, mapping or Series
            A value for each learned column, of many records or of one.
        strength : float, default 0.3
            From 0, about the same, to 1, any image or text that the rest of the record may have.
        seed : int, default 0
            A variation depends on the seed and the row's position.

        Returns
        -------
        DataFrame
            As many rows, in the schema's types. They have not been checked.

        Raises
        ------
        InputError
            If no image or text of the model has a latent space, or `strength` is not from 0 to 1.
        DataError
            If a record cannot be read as the schema says.

        Examples
        --------
        >>> synthesizer.vary(frame.head(3), strength=0.2)  # doctest: +SKIP

        """
        if isinstance(rows, Mapping | pd.Series):
            rows = pd.DataFrame([dict(rows)])
        if not isinstance(rows, pd.DataFrame):
            raise InputError("vary takes records: rows of a table, or a mapping for one, with all their learned fields")
        if not 0 <= strength <= 1:
            raise InputError(f"strength {strength} is not from 0 (about the same) to 1 (any)")
        return self._spaces.vary(self._records(rows.reset_index(drop=True)), strength, seed)

    def fill(self, frame: pd.DataFrame, columns: Sequence[str] | None = None, *, seed: int = 0) -> pd.DataFrame:
        """Sample missing cells, given the observed cells of their rows.

        Observed cells are unchanged. Filled cells are never missing, except if another column implies it, or if the
        column had no values in training. Texts are sampled given the filled table; keys, personal data and images are
        left alone. A missing end of two ordered columns is drawn as the gap between them; a total, or its only missing
        part, is computed. A column that is a function of another is looked up from that one's value; if it is observed,
        it restricts a missing value of the other. Numbers that often equal an earlier column's are copied from it, or
        that one from them, with the frequency of the training rows. If a column had missing values in training,
        two missing cells in one row are drawn independently given the rest of the row. Rows that break a constraint are
        sampled again, up to 20 times; they have not been checked.

        Parameters
        ----------
        frame : DataFrame
            Rows with all columns of the schema.
        columns : sequence of str, optional
            The columns to fill; all that were learned if not given.
        seed : int, default 0
            Equal seeds and frames give equal cells.

        Returns
        -------
        DataFrame
            The rows, in the schema's types and order, with the index of `frame`.

        Raises
        ------
        InputError
            If the table's family cannot fill missing values (a Transformer can), or a column cannot be filled.
        DataError
            If the frame cannot be read as the schema says.

        Examples
        --------
        >>> synthesizer.fill(frame, ["weight"])  # doctest: +SKIP

        """
        if self.generator is not None and not isinstance(self.generator, ImputingGenerator):
            raise InputError(f"model family '{self.family}' cannot fill missing values; train with model transformer")
        filling = Filling(self.encoder, self.generator, self.stages, self.constraints)
        frame = self.schema.read(frame)
        with threadpool_limits(1, user_api="blas"):  # so that cells do not depend on the machine's cores
            return filling.fill(frame, columns, seed)

    def dataset(
        self,
        batch_size: int = 64,
        *,
        rows: int | None = None,
        where: Where = None,
        seed: int = 0,
        real: pd.DataFrame | None = None,
        real_fraction: float = 0.5,
    ) -> tf.data.Dataset:
        """Fresh rows to train on, with Keras say. Needs TensorFlow. The rows have not been checked.

        Parameters
        ----------
        batch_size : int, default 64
            Rows of a batch.
        rows : int, optional
            Total number of rows; the last batch may be smaller. Without it the data set is infinite, and Keras needs
            `steps_per_epoch`.
        where, seed
            As for `sample`. Whoever goes through the data set again gets the same rows.
        real : DataFrame, optional
            Real rows to mix in, in random order, again and again.
        real_fraction : float, default 0.5
            The fraction of each batch that is real, where `real` is given.

        Returns
        -------
        tf.data.Dataset
            Batches, each a dict of a tensor a field. Images are uint8 (batch, height, width, channels), numbers and
            booleans what they are, all else strings; a nullable field has `<name>.missing` beside it, true where its
            value means nothing.

        Raises
        ------
        InputError
            If `batch_size` or `rows` is below 1, or a batch would hold no real or no synthetic row.
        ConditionError
            As for `sample`.

        Examples
        --------
        >>> classifier.fit(synthesizer.dataset(32, real=train, real_fraction=0.25))  # doctest: +SKIP

        """

        def stream(wanted: int | None) -> Iterator[pd.DataFrame]:
            return self.stream(where=where, seed=seed, rows=wanted)

        return dataset_of(self.schema, stream, batch_size, rows=rows, real=real, real_fraction=real_fraction, seed=seed)

    def describe(self) -> dict[str, Any]:
        """A summary of the model as plain JSON: family, settings, parameters, training, fields, constraints."""
        generator, encoder = self.generator, self.encoder
        weights = generator.weights if generator else {}
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
            "derived_columns": {name: list(encoder.derived.needs(name)) for name in encoder.derived.derived},
            "coordinates": [list(pair.columns) for pair in encoder.places.pairs.values()],
            "copied_columns": {name: list(sources) for name, sources in encoder.copied.sources.items()},
            "functional_dependencies": {
                name: each.lookups[0].source for name, each in encoder.dependencies.by_column.items()
            },
            "constraints": [constraint.label() for constraint in self.constraints],
        }

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the model directory: all or nothing, without pickle, code or real rows.

        Parameters
        ----------
        path : str or Path
            The directory to write.
        force : bool, default False
            Replace an existing model; anything that is not a model is never replaced.

        Returns
        -------
        Path
            The directory.

        Raises
        ------
        OutputError
            If something is there already, or the directory cannot be written.

        Examples
        --------
        >>> synthesizer.save("patients.model")  # doctest: +SKIP

        """
        privacy = {
            "subject": list(self.schema.subject) or "each row is its own",
            "subjects_behind_each_value": "at least 5 to 8, drawn once a column",
            "range_ends": "at or beyond them lie 5 to 8 subjects",
            "holds_rows": False,
        }
        about = {"family": self.family, **self.about, "privacy": privacy}
        artefact.write(Path(path), self.files(), about, force=force)
        return Path(path)

    def files(self) -> dict[str, bytes]:
        """The files of the model directory, without its manifest."""
        schema = self.schema.model_copy(update={"suite": None, "constraints": self.constraints})
        return {
            artefact.SCHEMA: schema.dump().encode(),
            artefact.CODECS: json.dumps(self.encoder.to_json(), ensure_ascii=False).encode(),
            artefact.SUITE: json.dumps(self.suite, ensure_ascii=False, indent=1).encode(),
            **table_files(self.family, self.generator),
            **self.stages.files(),
        }

    @classmethod
    def load(cls, path: str | Path) -> Synthesizer:
        """Read a model directory. Hashes, shapes and types are checked; nothing in it is run.

        Parameters
        ----------
        path : str or Path
            A directory that `save` or `synthdata train` wrote.

        Returns
        -------
        Synthesizer
            The model; it draws the same rows as the one that was saved.

        Raises
        ------
        ArtefactError
            If it is not a model, was altered or damaged, or was written by another version.

        Examples
        --------
        >>> Synthesizer.load("patients.model").sample(10)  # doctest: +SKIP

        """
        path = Path(path)
        manifest, files = artefact.read(path)
        if "tables" in manifest:
            raise ArtefactError(f"{path}: a model of several tables; load it with RelationalSynthesizer.load")
        return cls.of_files(manifest, files, path)

    @classmethod
    def of_files(cls, manifest: Mapping[str, Any], files: Mapping[str, bytes], path: Path) -> Synthesizer:
        """Restore what `files` wrote; ArtefactError if it does not fit. path: for messages."""
        with artefact.fitting(path):
            schema = Schema.parse(files[artefact.SCHEMA].decode(), source=f"{path}/{artefact.SCHEMA}")
            encoder = Encoder.from_json(schema, json.loads(files[artefact.CODECS]))
            family = str(manifest["family"])
            layout = encoder.layout
            generator = restore_table(tabular(layout), family, files)
            stages = FieldStages.restore(layout, tabular(layout), files)
            about = facts_of(manifest)
            suite = json.loads(files[artefact.SUITE])
        return cls(schema, encoder, generator, stages, family, tuple(schema.constraints), about, suite)

    @property
    def _spaces(self) -> LatentSpaces:
        return LatentSpaces(self.encoder, self.generator, self.stages, self.family)

    def _records(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Records in the schema's types; keys and personal data may be left out, which are not learned."""
        return self.schema.read(self.encoder.made.completed(rows))
