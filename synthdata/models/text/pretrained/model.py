"""A pretrained language model, trained further: a GPT-2 from a KerasHub preset folder, told of the record.

The model that is kept holds all weights it draws with: the folder is needed by `fit` alone, and so are KerasHub (the
extra `pretrained`), Keras and TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import Field as Key

from synthdata.blocks import Arrays, Block, Layout, Tokens, check_arrays
from synthdata.errors import SchemaError
from synthdata.fields.text.presets import read_preset
from synthdata.models.base import Count, FieldGenerator, Settings, Span, Writer
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import check_shapes
from synthdata.models.text.checks import check_block
from synthdata.models.text.pretrained.sampler import PretrainedSteps, pretrained_shapes
from synthdata.models.text.sampler import draw_texts, text_surprise

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["PretrainedSettings", "PretrainedText"]


class PretrainedSettings(Settings):
    """Hyperparameters of how to go on from a preset."""

    preset: str = Key(description="its folder; of a field, `preset` beside `model` says it")
    rank: int = Key(default=8, ge=1, le=256, description="of the change of a matrix (LoRA)")
    prefix: int = Key(default=4, ge=1, le=64, description="vectors that what is told is turned into")
    batch: Count = Key(default=1024, description="tokens a step")
    epochs: Count = 8
    patience: Count = 2
    learning_rate: float = Key(default=1e-3, gt=0)
    weight_decay: float = Key(default=0.01, ge=0)
    average: float = Key(default=0.99, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    temperature: float = Key(default=1.0, gt=0, description="below 1: likelier, less varied texts")
    top_p: float = Key(default=1.0, gt=0, le=1, description="tokens are drawn from the likeliest, of this probability")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out to stop early")


@dataclass(frozen=True)
class PretrainedText(FieldGenerator, Writer):
    """The weights of the whole network, what was learned merged in, as numpy takes them. sizes: of the network."""

    block: Tokens
    given: Layout
    settings: PretrainedSettings
    sizes: Mapping[str, int]
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = PretrainedSettings
    validated_by: ClassVar[str] = "surprise of a token in nats"
    spans: ClassVar[Mapping[str, Span]] = {
        "rank": Span(choices=(4, 8, 16, 32)),
        "learning_rate": Span(1e-4, 5e-3, log=True),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: PretrainedSettings, run: Run
    ) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        block, preset = check_block(block), read_preset(settings.preset)
        rows = check_arrays({"text": block}, {"text": target})
        where = f'preset "{settings.preset}"'
        if block.vocabulary != 1 + len(preset.tokens):
            raise SchemaError(
                f"{where}: texts are written with {block.vocabulary - 1} pieces, not with its {len(preset.tokens)}; "
                "name it as preset of the field"
            )
        if block.length + settings.prefix - 1 > preset.positions:
            raise SchemaError(
                f"{where}: takes {preset.positions} steps, {settings.prefix - 1} before a text; "
                f"set max_tokens to {preset.positions - settings.prefix + 1} or less, not {block.length}"
            )
        from synthdata.models.text.pretrained.training import Hyperparameters, train_pretrained

        chosen = Hyperparameters(**settings.model_dump(exclude={"temperature", "top_p"}))
        features = encode_condition(given, told, rows)
        sizes, weights, history = train_pretrained(target, preset, features, chosen, run)
        return cls(block, given, settings, asdict(sizes), weights, history)

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw a text for each row."""
        return self.go_on(rng, rows, told, np.zeros(0, np.int64))

    def go_on(self, rng: np.random.Generator, rows: int, told: Arrays, begun: np.ndarray) -> np.ndarray:
        """Draw the rest of a text for each row, after the tokens (m,) that it begins with."""
        return draw_texts(
            self.arrays,
            self.sizes["heads"],
            encode_condition(self.given, told, rows),
            rng.random((rows, self.block.length), np.float32),
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            begun=begun,
            steps_of=PretrainedSteps,
        )

    def surprise(self, target: np.ndarray, told: Arrays) -> np.ndarray:
        """The surprise of texts (n,), in nats."""
        features = encode_condition(self.given, told, len(target))
        return text_surprise(self.arrays, self.sizes["heads"], features, target, steps_of=PretrainedSteps)

    def config(self) -> dict[str, Any]:
        """The settings, and the sizes that the preset had."""
        return {"settings": self.settings.model_dump(), "sizes": dict(self.sizes)}

    def weights(self) -> dict[str, np.ndarray]:
        """All weights."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), PretrainedSettings.model_validate(config["settings"])
        sizes = {name: int(config["sizes"][name]) for name in ("layers", "heads", "width", "wide")}
        if sizes["heads"] < 1 or sizes["width"] % sizes["heads"]:
            raise ValueError(f"width {sizes['width']} is no multiple of the heads, {sizes['heads']}")
        shapes = pretrained_shapes(
            vocabulary=block.vocabulary,
            told=condition_width(given),
            prefix=settings.prefix,
            length=block.length,
            width=sizes["width"],
            layers=sizes["layers"],
            wide=sizes["wide"],
        )
        check_shapes(weights, shapes)
        return cls(block, given, settings, sizes, dict(weights))
