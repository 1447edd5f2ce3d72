"""Settings shared by several text families."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.models.base import Settings, Size

__all__ = ["MANY_TOKENS", "ConditionDropout", "GuidanceScale", "Temperature", "TopP", "TransformerSettings"]

MANY_TOKENS = 400_000  # in a column, from which on the larger network is chosen

Temperature: TypeAlias = Annotated[
    float, Key(gt=0, description="sampling temperature; below 1 gives likelier, less varied texts")
]
TopP: TypeAlias = Annotated[
    float,
    Key(gt=0, le=1, description="nucleus sampling: draw from the smallest set of tokens with this total probability"),
]
ConditionDropout: TypeAlias = Annotated[
    float, Key(ge=0, lt=1, description="share of texts that are learned without their condition, for guidance")
]
GuidanceScale: TypeAlias = Annotated[
    float,
    Key(ge=0, le=10, description="classifier-free guidance: 0 for none; higher follows the condition more"),
]


class TransformerSettings(Settings):
    """Settings of a `TextTransformerNetwork` and its training."""

    width: PositiveInt | Literal["auto"] = Key(
        default="auto", description="width of the states, a multiple of twice the heads"
    )
    layers: int = Key(default=4, ge=1, le=24, description="number of layers")
    heads: PositiveInt = Key(default=4, description="attention heads per layer")
    mlp_ratio: int = Key(default=3, ge=1, le=8, description="width of a feed-forward layer, as a multiple of `width`")
    dropout: Annotated[float, Key(ge=0, lt=1)] | Literal["auto"] = Key(
        default="auto", description="dropout of each layer's residual branches; in a VAE, of the decoder's layers"
    )
    epochs: PositiveInt | Literal["auto"] = Key(default="auto", description="largest number of epochs")
    batch_size: PositiveInt | Literal["auto"] = Key(default="auto", description="tokens per training step")
    token_dropout: Annotated[float, Key(ge=0, lt=1)] | Literal["auto"] = Key(
        default="auto", description="share of input tokens that are dropped in training; in a VAE, of the decoder's"
    )
    learning_rate: float = Key(default=1e-2, gt=0, description="peak learning rate")
    weight_decay: Annotated[float, Key(ge=0)] = Key(default=0.1, description="decoupled weight decay")
    ema_decay: float = Key(default=0.99, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out for early stopping")

    def auto(self, size: Size) -> dict[str, Any]:
        """By the number of tokens in the column; subclasses add the epochs."""
        many = size.tokens >= MANY_TOKENS
        return {
            "width": 2 * self.heads * (20 if many else 16),
            "batch_size": 4096 if many else 1024,
            "dropout": 0.0 if many else 0.3,
            "token_dropout": 0.0 if many else 0.15,
        }

    @model_validator(mode="after")
    def _check_heads(self) -> Self:
        if self.width != "auto" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of twice the heads, {2 * self.heads}")
        return self
