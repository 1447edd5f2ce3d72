"""The text Transformer: a text from its tokens, drawn one after the other given what is told of the record.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field as Key
from pydantic import model_validator

from synthdata.blocks import Arrays, Block, Layout, Tokens, check_arrays
from synthdata.models.base import Count, FieldGenerator, Settings, Span, Writer
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import check_shapes
from synthdata.models.text.checks import check_block
from synthdata.models.text.sampler import draw_texts, text_shapes, text_surprise

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TextTransformer", "TextTransformerSettings"]

BIG = 400_000  # tokens of a column that a network of full size is for


class TextTransformerSettings(Settings):
    """Hyperparameters; what says "auto" is chosen from how much there is to read."""

    width: Count | Literal["auto"] = "auto"
    layers: int = Key(default=4, ge=1, le=24)
    heads: Count = Key(default=4, description="must divide the width, into an even number")
    widen: int = Key(default=3, ge=1, le=8, description="hidden units of a feed-forward layer, in widths")
    batch: Count | Literal["auto"] = Key(default="auto", description="tokens a step")
    epochs: Count | Literal["auto"] = "auto"
    patience: Count = 3
    learning_rate: float = Key(default=1e-2, gt=0)
    weight_decay: Annotated[float, Key(ge=0)] = 0.1
    average: float = Key(default=0.99, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    dropout: Annotated[float, Key(ge=0, lt=1)] | Literal["auto"] = Key(
        default="auto", description="share of what a layer adds that is left out in training"
    )
    hidden: Annotated[float, Key(ge=0, lt=1)] | Literal["auto"] = Key(
        default="auto", description="share of tokens hidden from those after them in training"
    )
    untold: float = Key(
        default=0.1, ge=0, lt=1, description="share of texts that are learned without what is told, for guidance"
    )
    guidance: float = Key(
        default=0.5, ge=0, le=10, description="by how much what is told counts more, when drawing, than by itself"
    )
    temperature: float = Key(default=1.0, gt=0, description="below 1: likelier, less varied texts")
    top_p: float = Key(default=1.0, gt=0, le=1, description="tokens are drawn from the likeliest, of this probability")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out to stop early")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width != "auto" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the heads, {2 * self.heads}")
        return self

    def chosen_for(self, tokens: int) -> TextTransformerSettings:
        """Fill in what is "auto" for a column of so many tokens."""
        auto = {
            "width": 2 * self.heads * (20 if tokens >= BIG else 16),
            "batch": 4096 if tokens >= BIG else 1024,
            "epochs": int(np.clip(6_500_000 / max(tokens, 1), 3, 24)),
            "dropout": 0.0 if tokens >= BIG else 0.3,
            "hidden": 0.0 if tokens >= BIG else 0.15,
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class TextTransformer(FieldGenerator, Writer):
    """The weights of a trained Transformer, as numpy takes them, and what they speak of."""

    block: Tokens
    given: Layout
    settings: TextTransformerSettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = TextTransformerSettings
    validated_by: ClassVar[str] = "surprise of a token in nats"
    spans: ClassVar[Mapping[str, Span]] = {
        "width": Span(choices=(96, 128, 192, 256)),
        "layers": Span(choices=(3, 4, 6)),
        "learning_rate": Span(3e-3, 3e-2, log=True),
        "weight_decay": Span(1e-2, 1.0, log=True),
        "dropout": Span(0.0, 0.4),
        "hidden": Span(0.0, 0.3),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: TextTransformerSettings, run: Run
    ) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        from synthdata.models.text.transformer.training import Hyperparameters, train_text_transformer

        block = check_block(block)
        rows = check_arrays({"text": block}, {"text": target})
        settings = settings.chosen_for(int((target > 0).sum()) + rows)
        chosen = Hyperparameters(**settings.model_dump())
        features = encode_condition(given, told, rows)
        weights, history = train_text_transformer(target, block.vocabulary, features, chosen, run)
        return cls(block, given, settings, weights, history)

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw a text for each row."""
        return self.go_on(rng, rows, told, np.zeros(0, np.int64))

    def go_on(self, rng: np.random.Generator, rows: int, told: Arrays, begun: np.ndarray) -> np.ndarray:
        """Draw the rest of a text for each row, after the tokens (m,) that it begins with."""
        settings, uniform = self.settings, rng.random((rows, self.block.length), np.float32)
        features = encode_condition(self.given, told, rows)
        return draw_texts(
            self.arrays,
            settings.heads,
            features,
            uniform,
            temperature=settings.temperature,
            top_p=settings.top_p,
            guidance=settings.guidance,
            begun=begun,
        )

    def surprise(self, target: np.ndarray, told: Arrays) -> np.ndarray:
        """The surprise of texts (n,), in nats."""
        features = encode_condition(self.given, told, len(target))
        return text_surprise(self.arrays, self.settings.heads, features, target)

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), TextTransformerSettings.model_validate(config["settings"])
        width = int(settings.width)
        shapes = text_shapes(
            vocabulary=block.vocabulary,
            told=condition_width(given),
            width=width,
            layers=settings.layers,
            wide=settings.widen * width,
        )
        check_shapes(weights, shapes)
        return cls(block, given, settings, dict(weights))
