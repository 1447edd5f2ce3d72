"""Settings shared by several text families."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.models.base import Settings

__all__ = ["MANY_TOKENS", "Temperature", "TopP", "TransformerSettings"]

MANY_TOKENS = 400_000  # in a column, from which on the larger network is chosen

Temperature: TypeAlias = Annotated[
    float, Key(gt=0, description="sampling temperature; below 1 gives likelier, less varied texts")
]
TopP: TypeAlias = Annotated[
    float,
    Key(gt=0, le=1, description="nucleus sampling: draw from the smallest set of tokens with this total probability"),
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
    learning_rate: float = Key(default=1e-2, gt=0, description="peak learning rate")
    weight_decay: Annotated[float, Key(ge=0)] = Key(default=0.1, description="decoupled weight decay")
    ema_decay: float = Key(default=0.99, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out for early stopping")

    @model_validator(mode="after")
    def _check_heads(self) -> Self:
        if self.width != "auto" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of twice the heads, {2 * self.heads}")
        return self
