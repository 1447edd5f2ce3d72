"""Fine-tuning a pretrained language model, given the record: a GPT-2 from a KerasHub preset folder.

A trained model holds all weights; only `fit` needs the folder, and KerasHub (the extra `pretrained`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt

from synthdata.blocks import Arrays
from synthdata.errors import SchemaError
from synthdata.fields.text.presets import read_preset
from synthdata.models.base import (
    NOTHING,
    Learned,
    PromptedGenerator,
    SearchRange,
    Settings,
    Signature,
    Trained,
    Weights,
)
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.text.checks import encoded_texts, text_block
from synthdata.models.text.pretrained.sampler import pretrained_shapes, pretrained_steps
from synthdata.models.text.sampler import StepsFactory, draw_texts, text_nll
from synthdata.models.text.settings import Temperature, TopP

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["PretrainedText", "PretrainedTextGenerator"]


class PretrainedText(Settings):
    """Settings of fine-tuning a preset."""

    family: ClassVar[str] = "pretrained"
    SAMPLING: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p"})

    preset: str = Key(description="folder of the preset; taken from the field's `preset` if not given")
    rank: int = Key(default=8, ge=1, le=256, description="rank of the LoRA update of a matrix")
    prefix: int = Key(default=4, ge=1, le=64, description="prefix vectors before a text that encode its condition")
    batch_size: PositiveInt = Key(default=1024, description="tokens per training step")
    epochs: PositiveInt = Key(default=8, description="largest number of epochs")
    patience: PositiveInt = Key(
        default=2, description="epochs without a better validation loss after which the learning rate falls to zero"
    )
    learning_rate: float = Key(default=1e-3, gt=0, description="peak learning rate")
    weight_decay: float = Key(default=0.01, ge=0, description="decoupled weight decay")
    ema_decay: float = Key(default=0.99, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    temperature: Temperature = 1.0
    top_p: TopP = 1.0
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out for early stopping")


@final
class PretrainedTextGenerator(Trained[PretrainedText], PromptedGenerator):
    """The fine-tuned network, updates folded into its weights. facts: its sizes."""

    Settings: ClassVar[type[Settings]] = PretrainedText
    validated_by: ClassVar[str] = "negative log-likelihood per token in nats"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "rank": SearchRange(choices=(4, 8, 16, 32)),
        "learning_rate": SearchRange(1e-4, 5e-3, log=True),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: PretrainedText, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of the whole network."""
        sizes = {name: int(facts[name]) for name in ("layers", "width", "mlp_width")}
        block, heads, width = text_block(signature), int(facts["heads"]), sizes["width"]
        if heads < 1 or width % heads:
            raise ValueError(f"width {width} is not a multiple of the heads, {heads}")
        condition, prefix = condition_width(signature.condition), settings.prefix
        return pretrained_shapes(
            vocabulary=block.vocabulary, condition=condition, prefix=prefix, length=block.length, **sizes
        )

    @classmethod
    def train(cls, signature: Signature, settings: PretrainedText, arrays: Arrays, run: Run) -> Learned:
        """Train with early stopping on the validation loss; SchemaError if the preset does not fit the texts."""
        block, preset = text_block(signature), read_preset(settings.preset)
        source, prefix = f'preset "{settings.preset}"', settings.prefix
        if block.vocabulary != 1 + len(preset.tokens):
            raise SchemaError(
                f"{source}: texts are written with {block.vocabulary - 1} tokens, not with its {len(preset.tokens)}; "
                "name it as preset of the field"
            )
        if block.length + prefix - 1 > preset.positions:
            raise SchemaError(
                f"{source}: takes {preset.positions} steps, {prefix - 1} before a text; "
                f"set max_tokens to {preset.positions - prefix + 1} or less, not {block.length}"
            )
        from synthdata.models.text.pretrained.training import train  # imports Keras

        tokens, condition = encoded_texts(signature, arrays, arrays)
        return train(tokens, preset, condition, settings, run)

    @property
    def _steps(self) -> StepsFactory:
        return pretrained_steps(self.weights, self.facts["heads"])

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample a text for each row of the condition."""
        return self.complete(rng, rows, condition, np.zeros(0, np.int64))

    def complete(self, rng: np.random.Generator, rows: int, condition: Arrays, prompt: np.ndarray) -> Arrays:
        """Sample a continuation of the prompt for each row."""
        settings, signature = self.settings, self.signature
        tokens = draw_texts(
            self._steps,
            encode_condition(signature.condition, condition, rows),
            rng.random((rows, text_block(signature).length), np.float32),
            temperature=settings.temperature,
            top_p=settings.top_p,
            prompt=prompt,
        )
        return {signature.name: tokens}

    def nll(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The negative log-likelihood of each text, in nats: (n,)."""
        tokens, features = encoded_texts(self.signature, arrays, condition)
        return text_nll(self._steps, features, tokens)
