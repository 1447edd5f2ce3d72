"""The second stage of a synthesizer: a generator for each image or text field, which is told the table's blocks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from synthdata.blocks import Arrays, Block, Layout, Pixels, Tokens
from synthdata.errors import ArtefactError, DataError
from synthdata.models import FIELD_FAMILIES, field_family, field_settings
from synthdata.models.base import FieldGenerator, FieldLatentSpace, Writer
from synthdata.models.latent_paths import between, vary
from synthdata.progress import Progress
from synthdata.synthesizer import artefact

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["FieldStages", "check_rows"]

FEWEST: dict[type[Block], int] = {Pixels: 50}  # to learn to draw any


def check_rows(layout: Layout, rows: int) -> None:
    """Raise DataError for a field that cannot be learned from so few rows."""
    for name, block in layout.items():
        least = FEWEST.get(type(block), 0)
        if rows < least:
            raise DataError(
                f'column "{name}": found {rows} images; at least {least} are needed to learn to draw any: bring more, '
                f"or leave the column out of the schema"
            )


@dataclass(frozen=True)
class FieldStages:
    """generators: of each image or text field, in the schema's order. families: what each is.

    begun: of texts by field, the tokens (m,) that all of them begin with.
    """

    generators: Mapping[str, FieldGenerator]
    families: Mapping[str, str]
    begun: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        layout: Layout,
        arrays: Arrays,
        given: Layout,
        said: Mapping[str, Mapping[str, Any]],
        run: Run,
        *,
        asked: str | None = None,
    ) -> FieldStages:
        """Learn each field of `layout` that is no part of a table, given the arrays of `given`.

        said: family and settings by field, where the schema says something. asked: a family that is taken instead, by
        the fields that have it. Each stage takes an equal part of the time, and keeps its state beside the table's.
        """
        fields = {name: block for name, block in layout.items() if isinstance(block, Pixels | Tokens)}
        told = {name: arrays[name] for name in given}
        generators, families = {}, {}
        for number, (name, block) in enumerate(fields.items()):
            chosen = {"family": asked} if asked in FIELD_FAMILIES[type(block)] else dict(said.get(name, {}))
            families[name], settings = field_settings(block, chosen.pop("family", None), chosen)
            run.listener(Progress("learn", number / len(fields), detail=f"{name}, by a {families[name]}"))
            checkpoint = run.checkpoint and run.checkpoint.with_name(f"{run.checkpoint.name}.{number}")
            minutes = run.minutes and run.minutes / len(fields)
            alone = replace(run, seed=run.seed + 1 + number, checkpoint=checkpoint, minutes=minutes)
            kind = field_family(block, families[name])
            generators[name] = kind.fit(block, arrays[name], given, told, settings, alone)
        return cls(generators, families)

    def sample(self, seed: np.random.SeedSequence, rows: int, arrays: Arrays) -> dict[str, np.ndarray]:
        """The arrays of the table's blocks and of those of the fields, drawn given them."""
        result = dict(arrays)
        for drawn, own in zip(self.generators.items(), seed.spawn(len(self.generators)), strict=True):
            name, generator = drawn
            told, rng = self._told(name, arrays), np.random.Generator(np.random.Philox(own))
            if name in self.begun and isinstance(generator, Writer):
                result[name] = generator.go_on(rng, rows, told, self.begun[name])
            else:
                result[name] = generator.sample(rng, rows, told)
        return result

    def drawing(self, settings: Mapping[str, Any], begun: Mapping[str, np.ndarray]) -> FieldStages:
        """The same with other settings of how to draw, each where a generator has it, and texts that begin so."""
        generators = dict(self.generators)
        for name, generator in self.generators.items():
            own = {key: value for key, value in settings.items() if key in generator.Settings.model_fields}
            if own:
                config = generator.config()
                chosen = field_settings(generator.block, self.families[name], {**config["settings"], **own})[1]
                config = {**config, "settings": chosen.model_dump(mode="json")}
                other = type(generator).restore(generator.block, generator.given, config, generator.weights())
                other.history.extend(generator.history)
                generators[name] = other
        return replace(self, generators=generators, begun=dict(begun))

    def surprise(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """The surprise of each text of each field, in nats: (n,) by name, where a generator can tell it."""
        return {
            name: generator.surprise(arrays[name], self._told(name, arrays))
            for name, generator in self.generators.items()
            if isinstance(generator, Writer)
        }

    @property
    def spaces(self) -> dict[str, FieldLatentSpace]:
        """The generators in whose spaces values have places, by field."""
        return {name: each for name, each in self.generators.items() if isinstance(each, FieldLatentSpace)}

    def vary(self, seed: np.random.SeedSequence, arrays: Arrays, strength: float) -> dict[str, np.ndarray]:
        """Variations of the fields that have places, told what stands beside them in `arrays`."""
        spaces = self.spaces
        return {
            name: vary(
                space, arrays[name], self._told(name, arrays), strength, np.random.Generator(np.random.Philox(own))
            )
            for (name, space), own in zip(spaces.items(), seed.spawn(len(spaces)), strict=True)
        }

    def between(self, ends: Arrays, arrays: Arrays, steps: int) -> dict[str, np.ndarray]:
        """Steps from the first to the second row of `ends` in the fields that have places; told those of `arrays`."""
        return {
            name: between(space, ends[name], self._told(name, ends), self._told(name, arrays), steps)
            for name, space in self.spaces.items()
        }

    def _told(self, name: str, arrays: Arrays) -> dict[str, np.ndarray]:
        return {other: arrays[other] for other in self.generators[name].given}

    def describe(self) -> dict[str, Any]:
        """What each is, as plain JSON."""
        return {
            name: {
                "family": self.families[name],
                "parameters": int(sum(weight.size for weight in generator.weights().values())),
                "settings": generator.config().get("settings", {}),
                "epochs": len(generator.history),
                "validated_by": generator.validated_by,
            }
            for name, generator in self.generators.items()
        }

    def files(self) -> dict[str, bytes]:
        """What a model directory keeps of them."""
        from safetensors.numpy import save

        result = {}
        for number, (name, generator) in enumerate(self.generators.items()):
            config_name, weights_name = artefact.stage_files(f"field-{number}")
            config = {
                "field": name,
                "family": self.families[name],
                "given": list(generator.given),
                "history": generator.history,
                **generator.config(),
            }
            result[config_name] = json.dumps(config, indent=1).encode()
            weights = {key: np.ascontiguousarray(array) for key, array in generator.weights().items()}
            result[weights_name] = save(weights)
        return result

    @classmethod
    def restore(cls, layout: Layout, given: Layout, files: Mapping[str, bytes]) -> FieldStages:
        """Read what `files` wrote; KeyError or ValueError if it does not fit the layout."""
        from safetensors.numpy import load

        generators, families = {}, {}
        fields = {name: block for name, block in layout.items() if isinstance(block, Pixels | Tokens)}
        for number, (name, block) in enumerate(fields.items()):
            config_name, weights_name = artefact.stage_files(f"field-{number}")
            config = json.loads(files[config_name])
            if config["field"] != name or list(given) != config["given"]:
                raise ArtefactError(f'{config_name}: is of the field "{config["field"]}", not "{name}"; train it again')
            families[name] = str(config["family"])
            kind = field_family(block, families[name])
            restored = kind.restore(block, given, config, load(files[weights_name]))
            restored.history.extend(config["history"])
            generators[name] = restored
        return cls(generators, families)
