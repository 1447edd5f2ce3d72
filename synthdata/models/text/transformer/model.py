"""The text Transformer: a text token by token, each given those before it and the rest of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt

from synthdata.blocks import Arrays
from synthdata.models.base import (
    NOTHING,
    Learned,
    PromptedGenerator,
    SearchRange,
    Settings,
    Signature,
    Size,
    Trained,
    Weights,
)
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.text.checks import encoded_texts, text_block
from synthdata.models.text.sampler import draw_texts, text_nll, transformer_shapes, transformer_steps
from synthdata.models.text.settings import ConditionDropout, GuidanceScale, Temperature, TopP, TransformerSettings

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TextTransformer", "TextTransformerGenerator"]


class TextTransformer(TransformerSettings):
    """Settings of the text Transformer; "auto" is chosen from the number of tokens in the column."""

    family: ClassVar[str] = "transformer"
    SAMPLING: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p", "guidance_scale"})

    patience: PositiveInt = Key(
        default=3, description="epochs without a better validation loss after which the learning rate falls to zero"
    )
    condition_dropout: ConditionDropout = 0.1
    guidance_scale: GuidanceScale = 0.5
    temperature: Temperature = 1.0
    top_p: TopP = 1.0

    def auto(self, size: Size) -> dict[str, Any]:
        """By the number of tokens in the column."""
        return {**super().auto(size), "epochs": int(np.clip(6_500_000 / max(size.tokens, 1), 3, 24))}


@final
class TextTransformerGenerator(Trained[TextTransformer], PromptedGenerator):
    """A trained `TextTransformerNetwork`."""

    Settings: ClassVar[type[Settings]] = TextTransformer
    validated_by: ClassVar[str] = "negative log-likelihood per token in nats"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "width": SearchRange(choices=(96, 128, 192, 256)),
        "layers": SearchRange(choices=(3, 4, 6)),
        "learning_rate": SearchRange(3e-3, 3e-2, log=True),
        "weight_decay": SearchRange(1e-2, 1.0, log=True),
        "dropout": SearchRange(0.0, 0.4),
        "token_dropout": SearchRange(0.0, 0.3),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: TextTransformer, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of the whole network."""
        block, condition = text_block(signature), condition_width(signature.condition)
        return transformer_shapes(settings, vocabulary=block.vocabulary, condition=condition)

    @classmethod
    def train(cls, signature: Signature, settings: TextTransformer, arrays: Arrays, run: Run) -> Learned:
        """Train with early stopping on the validation loss."""
        from synthdata.models.text.transformer.training import train  # imports Keras

        tokens, condition = encoded_texts(signature, arrays, arrays)
        return train(tokens, text_block(signature).vocabulary, condition, settings, run)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample a text for each row of the condition."""
        return self.complete(rng, rows, condition, np.zeros(0, np.int64))

    def complete(self, rng: np.random.Generator, rows: int, condition: Arrays, prompt: np.ndarray) -> Arrays:
        """Sample a continuation of the prompt for each row."""
        settings, signature = self.settings, self.signature
        tokens = draw_texts(
            transformer_steps(self.weights, settings.heads),
            encode_condition(signature.condition, condition, rows),
            rng.random((rows, text_block(signature).length), np.float32),
            temperature=settings.temperature,
            top_p=settings.top_p,
            guidance_scale=settings.guidance_scale,
            prompt=prompt,
            lexicon=text_block(signature).lexicon,
        )
        return {signature.name: tokens}

    def nll(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The negative log-likelihood of each text, in nats: (n,)."""
        tokens, features = encoded_texts(self.signature, arrays, condition)
        return text_nll(transformer_steps(self.weights, self.settings.heads), features, tokens)
