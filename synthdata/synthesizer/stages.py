"""The generators of a synthesizer: one of the table, then one of each image or text field, conditioned on the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synthdata.blocks import Arrays, Block, Layout, Pixels, tabular
from synthdata.budget import Budget
from synthdata.errors import ArtefactError, DataError
from synthdata.models import families_of, family, field_family, field_settings
from synthdata.models.auto import Choice, choose_image
from synthdata.models.base import Generator, LatentSpace, PromptedGenerator, Signature, Size
from synthdata.models.latent_paths import interpolate, vary
from synthdata.progress import PLAN, Listener, Progress
from synthdata.synthesizer import artefact
from synthdata.synthesizer.finished import fit_once

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["FieldStages", "check_rows", "fit_table", "restore_table", "table_files"]

TABLE = "tabular"  # the name of the table's stage
FEWEST: dict[type[Block], int] = {Pixels: 50}  # minimum number of rows


def check_rows(layout: Layout, rows: int) -> None:
    """Raise DataError if a field cannot be learned from this few rows."""
    for name, block in layout.items():
        least = FEWEST.get(type(block), 0)
        if rows < least:
            raise DataError(
                f'column "{name}": found {rows} images; at least {least} are needed to learn to draw any: bring more, '
                f"or leave the column out of the schema"
            )


def fit_table(layout: Layout, arrays: Arrays, name: str, settings: Any, run: Run) -> Generator | None:
    """Fit one generator of this family to all blocks of the table; None if there are no blocks."""
    if not layout:
        return None
    signature = Signature(layout)
    _tell_plan(name, f"{len(layout)} column{'s' * (len(layout) != 1)}", signature, arrays, settings, run)
    return fit_once(family(name), signature, arrays, settings, run)


def _tell_plan(what: str, across: str, signature: Signature, arrays: Arrays, settings: Any, run: Run) -> None:
    """Tell the listener, before training, what it will do: the family, the rows, the largest number of epochs."""
    size = Size.of(signature, arrays)
    chosen = settings.resolved(size)
    lengths = [f"at most {getattr(chosen, each):,} {each}" for each in ("epochs", "rounds") if hasattr(chosen, each)]
    detail = ", ".join([what, f"{size.rows:,} rows x {across}", *lengths])  # the baseline has neither
    run.listener(Progress(PLAN, 0.0, run.minutes and 60 * run.minutes, detail))


def _begun(checkpoint: Path | None, run: Run) -> Choice | None:
    """The family that an interrupted run has begun with, whatever its limit was; None if there is none to resume."""
    from synthdata.models.training import checkpoints

    begun = checkpoints.generator_of(checkpoint) if run.resume and checkpoint else None
    return Choice(begun, "begun before the interruption") if begun else None


def table_files(name: str, generator: Generator | None) -> dict[str, bytes]:
    """The files of the table's generator in a model directory."""
    if generator is None:
        return {}
    files = artefact.pack_stage(TABLE, {"family": name, **generator.config()}, generator.weights)
    return files | artefact.pack_history(generator.history)


def restore_table(layout: Layout, name: str, files: Mapping[str, bytes]) -> Generator | None:
    """Read what `table_files` wrote; KeyError or ValueError if it does not fit the layout."""
    if not layout:
        return None
    config, weights = artefact.unpack_stage(TABLE, files)
    generator = family(name).restore(Signature(layout), config, weights)
    generator.history.extend(artefact.unpack_history(files))
    return generator


@dataclass(frozen=True)
class FieldStages:
    """The generators of images and texts.

    generators: by field, in the schema's order. families: their families, by field. prompts: by text field, the tokens
    (m,) that all its texts begin with.
    """

    generators: Mapping[str, Generator]
    families: Mapping[str, str]
    prompts: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        layout: Layout,
        arrays: Arrays,
        condition_layout: Layout,
        models: Mapping[str, Mapping[str, Any]],
        run: Run,
        budget: Budget,
        *,
        override: str | None = None,
    ) -> FieldStages:
        """Fit a generator to each image and text of `layout`, conditioned on the blocks of `condition_layout`.

        models: family and settings by field, from the schema. override: a family to use instead, for fields that have
        it. What is free of the budget is divided equally; checkpoints are put beside that of the table.
        """
        fields = _fields(layout)
        generators, families = {}, {}
        for number, (name, block) in enumerate(fields.items()):
            chosen = {"family": override} if override in families_of(block) else dict(models.get(name, {}))
            checkpoint = run.checkpoint and run.checkpoint.with_name(f"{run.checkpoint.name}.{number}")
            why = ""
            if isinstance(block, Pixels) and not chosen:
                choice = _begun(checkpoint, run) or choose_image(block, budget.seconds and budget.seconds / 60)
                chosen, why = ({"family": choice.family}, f" ({choice.why})") if choice else ({}, "")
            families[name], settings = field_settings(block, chosen.pop("family", None), chosen)
            minutes = budget.share(1 / (len(fields) - number))
            seed, listener = run.seed + 1 + number, _of_field(run.listener, name)
            own = replace(run, seed=seed, checkpoint=checkpoint, minutes=minutes, listener=listener)
            signature = Signature({name: block}, condition_layout)
            what, across = f"{name} by {families[name]}{why}", type(block).__name__.lower()
            _tell_plan(what, across, signature, arrays, settings, own)
            kind = field_family(block, families[name])
            generators[name] = fit_once(kind, signature, arrays, settings, own)
        return cls(generators, families)

    def sample(self, seed: np.random.SeedSequence, rows: int, table: Arrays) -> dict[str, np.ndarray]:
        """The arrays of the table, and those of images and texts sampled given the table."""
        result = dict(table)
        for (name, generator), own in zip(self.generators.items(), seed.spawn(len(self.generators)), strict=True):
            condition, rng = self._condition(name, table), np.random.Generator(np.random.Philox(own))
            if name in self.prompts and isinstance(generator, PromptedGenerator):
                result |= generator.complete(rng, rows, condition, self.prompts[name])
            else:
                result |= generator.sample(rng, rows, condition=condition)
        return result

    def with_sampling(self, settings: Mapping[str, Any], prompts: Mapping[str, np.ndarray]) -> FieldStages:
        """A copy with other sampling settings, for generators that have them, and prompts for texts."""
        generators = dict(self.generators)
        for name, generator in self.generators.items():
            own = {key: value for key, value in settings.items() if key in generator.Settings.model_fields}
            if own:
                changed = {**generator.settings.model_dump(mode="json"), **own}
                field_settings(
                    generator.signature.block, self.families[name], changed
                )  # raises SchemaError for values out of range
                generators[name] = generator.with_settings(**own)
        return replace(self, generators=generators, prompts=dict(prompts))

    def nll(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """The negative log-likelihood of each text given the rest of its record, in nats: (n,) by field."""
        return {
            name: generator.nll({name: arrays[name]}, self._condition(name, arrays))
            for name, generator in self.generators.items()
            if isinstance(generator, PromptedGenerator)
        }

    @property
    def spaces(self) -> dict[str, LatentSpace]:
        """The generators that have a latent space, by field."""
        return {name: each for name, each in self.generators.items() if isinstance(each, LatentSpace)}

    def without_space(self) -> str:
        """Which fields have no latent space, with their families, as a clause."""
        lacking = [f'"{name}" ({self.families[name]})' for name in self.generators if name not in self.spaces]
        return f"{' and '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no latent space"

    def advice(self) -> str:
        """What to change so that fields have a latent space, as a clause."""
        lacking = [f'"{name}"' for name in self.generators if name not in self.spaces]
        return f"in the schema, set the model of {' or '.join(lacking)} to vae"

    def vary(self, seed: np.random.SeedSequence, arrays: Arrays, strength: float) -> dict[str, np.ndarray]:
        """Variations of the fields that have a latent space, given the rest of their record in `arrays`."""
        spaces = self.spaces
        result: dict[str, np.ndarray] = {}
        for (name, space), own in zip(spaces.items(), seed.spawn(len(spaces)), strict=True):
            rng = np.random.Generator(np.random.Philox(own))
            result |= vary(space, {name: arrays[name]}, self._condition(name, arrays), strength, rng)
        return result

    def interpolate(self, ends: Arrays, table: Arrays, steps: int) -> dict[str, np.ndarray]:
        """Steps from the first to the second row of `ends` in the fields that have a latent space, given `table`."""
        result: dict[str, np.ndarray] = {}
        for name, space in self.spaces.items():
            conditions = self._condition(name, ends), self._condition(name, table)
            result |= interpolate(space, {name: ends[name]}, *conditions, steps)
        return result

    def _condition(self, name: str, arrays: Arrays) -> dict[str, np.ndarray]:
        """The arrays that a field is conditioned on."""
        return {other: arrays[other] for other in self.generators[name].signature.condition}

    def describe(self) -> dict[str, Any]:
        """A summary of each generator, as plain JSON."""
        return {
            name: {
                "family": self.families[name],
                "parameters": int(sum(weight.size for weight in generator.weights.values())),
                "settings": generator.config().get("settings", {}),
                "epochs": len(generator.history),
                "validated_by": generator.validated_by,
            }
            for name, generator in self.generators.items()
        }

    def files(self) -> dict[str, bytes]:
        """The files of these generators in a model directory."""
        result: dict[str, bytes] = {}
        for number, (name, generator) in enumerate(self.generators.items()):
            config = {
                "field": name,
                "family": self.families[name],
                "condition": list(generator.signature.condition),
                "history": generator.history,
                **generator.config(),
            }
            result |= artefact.pack_stage(f"field-{number}", config, generator.weights)
        return result

    @classmethod
    def restore(cls, layout: Layout, condition_layout: Layout, files: Mapping[str, bytes]) -> FieldStages:
        """Read what `files` wrote; KeyError or ValueError if it does not fit the layout."""
        generators, families = {}, {}
        for number, (name, block) in enumerate(_fields(layout).items()):
            stage = f"field-{number}"
            config, weights = artefact.unpack_stage(stage, files)
            if config["field"] != name or list(condition_layout) != config["condition"]:
                raise ArtefactError(f'{stage}: is of the field "{config["field"]}", not "{name}"; train it again')
            families[name] = str(config["family"])
            restored = field_family(block, families[name]).restore(
                Signature({name: block}, condition_layout), config, weights
            )
            restored.history.extend(config["history"])
            generators[name] = restored
        return cls(generators, families)


def _of_field(listener: Listener, name: str) -> Listener:
    """A listener that is told whose training it hears of."""
    return lambda progress: listener(replace(progress, field=name))


def _fields(layout: Layout) -> Layout:
    """The blocks with a generator of their own: images and texts."""
    table = tabular(layout)
    return {name: block for name, block in layout.items() if name not in table}
