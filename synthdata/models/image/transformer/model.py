"""The image Transformer: a grid of tokens, sampled one by one given a condition, and decoded to an image."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.blocks import Arrays, Pixels
from synthdata.models.base import NOTHING, Learned, SearchRange, Settings, Signature, Size, Trained, Weights
from synthdata.models.image.checks import check_block, conv_width, training_arrays
from synthdata.models.image.transformer.grid import TOKEN_SIDE, TokenGrid, token_decoder_shapes, transformer_shapes
from synthdata.models.image.transformer.sampler import decode_tokens, draw_tokens
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import Shapes, part_of, prefixed

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["ImageTransformer", "ImageTransformerGenerator"]


class ImageTransformer(Settings):
    """Settings of the image Transformer; "auto" is chosen from the size of the images and their number."""

    family: ClassVar[str] = "transformer"
    SAMPLING: ClassVar[frozenset[str]] = frozenset({"temperature"})

    levels: tuple[Annotated[int, Key(ge=2, le=32)], ...] = Key(
        default=(8, 6, 5),
        min_length=1,
        max_length=8,
        description="number of values of each digit of a token; their product is the size of the vocabulary",
    )
    conv_width: PositiveInt | Literal["auto"] = Key(
        default="auto", description="channels of the tokenizer's encoder and decoder at full resolution"
    )
    blocks: int = Key(
        default=1, ge=1, le=8, description="residual blocks of the tokenizer's encoder and decoder at each resolution"
    )
    tokenizer_epochs: PositiveInt | Literal["auto"] = Key(default="auto", description="epochs of the tokenizer")
    tokenizer_learning_rate: float = Key(default=2e-3, gt=0, description="peak learning rate of the tokenizer")
    width: PositiveInt | Literal["auto"] = Key(
        default="auto", description="width of the Transformer, a multiple of `heads`"
    )
    layers: int = Key(default=4, ge=1, le=24, description="layers of the Transformer")
    heads: PositiveInt = Key(default=4, description="attention heads per layer")
    mlp_ratio: int = Key(default=3, ge=1, le=8, description="width of a feed-forward layer, as a multiple of `width`")
    batch_size: PositiveInt = Key(default=64, description="images per training step")
    epochs: PositiveInt | Literal["auto"] = Key(
        default="auto", description="largest number of epochs of the Transformer"
    )
    patience: PositiveInt | Literal["auto"] = Key(
        default="auto",
        description="epochs without a better validation loss after which the learning rate falls to zero",
    )
    learning_rate: float = Key(default=1e-2, gt=0, description="peak learning rate of the Transformer")
    weight_decay: Annotated[float, Key(ge=0)] = Key(default=0.02, description="decoupled weight decay")
    ema_decay: float = Key(default=0.995, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    token_dropout: float = Key(
        default=0.1, ge=0, lt=1, description="share of tokens hidden from those after them in training"
    )
    shift_pixels: int = Key(
        default=1, ge=0, le=4, description="largest shift of an image in training, in pixels, in each direction"
    )
    temperature: float = Key(
        default=0.9, gt=0, description="sampling temperature; below 1 gives likelier, less varied images"
    )
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of images held out for early stopping")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width != "auto" and self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self

    def auto(self, size: Size) -> dict[str, Any]:
        """By the size of an image and the number of images."""
        return {
            "conv_width": conv_width(check_block(*size.layout.values()), TOKEN_SIDE // 2),
            "tokenizer_epochs": round(np.clip(64_000 / size.rows, 2, 100)),
            "width": self.heads * 28,
            "epochs": round(np.clip(176_000 / size.rows, 3, 200)),
            "patience": int(np.clip(round(40_000 / size.rows), 3, 40)),
        }

    @property
    def shifts(self) -> int:
        """Number of possible shifts of an image, including no shift."""
        return (2 * self.shift_pixels + 1) ** 2

    def grid(self, block: Pixels) -> TokenGrid:
        """The token grid of images of this size."""
        return TokenGrid.of(block, int(self.conv_width), self.blocks, self.levels)


@final
class ImageTransformerGenerator(Trained[ImageTransformer]):
    """A trained `ImageTransformerNetwork`, and the decoder of its tokens."""

    Settings: ClassVar[type[Settings]] = ImageTransformer
    validated_by: ClassVar[str] = "negative log-likelihood of an image's tokens in nats"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "width": SearchRange(choices=(64, 96, 112, 128)),
        "layers": SearchRange(choices=(3, 4, 6)),
        "learning_rate": SearchRange(3e-3, 3e-2, log=True),
        "weight_decay": SearchRange(3e-3, 0.1, log=True),
        "token_dropout": SearchRange(0.0, 0.3),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: ImageTransformer, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of Transformer and decoder."""
        grid, width = settings.grid(check_block(signature.block)), int(settings.width)
        transformer = transformer_shapes(
            grid,
            condition=condition_width(signature.condition),
            width=width,
            layers=settings.layers,
            wide=settings.mlp_ratio * width,
        )
        return prefixed("draw_", transformer) | prefixed("decode_", token_decoder_shapes(grid))

    @classmethod
    def train(cls, signature: Signature, settings: ImageTransformer, arrays: Arrays, run: Run) -> Learned:
        """Train the tokenizer, then the Transformer with early stopping; the time budget is for both."""
        from synthdata.models.image.transformer.training import train  # imports Keras

        return train(check_block(signature.block), *training_arrays(signature, arrays), settings, run)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample the tokens of an image for each row, and decode them."""
        grid, settings = self._grid, self.settings
        features = encode_condition(self.signature.condition, condition, rows)
        uniform = rng.random((rows, grid.length), np.float32)
        tokens = draw_tokens(grid, self._transformer, settings.heads, features, uniform, settings.temperature)
        return {self.signature.name: decode_tokens(grid, self._decoder, tokens)}

    @cached_property
    def _grid(self) -> TokenGrid:
        return self.settings.grid(check_block(self.signature.block))

    @cached_property
    def _transformer(self) -> Weights:
        return part_of(self.weights, "draw_")

    @cached_property
    def _decoder(self) -> Weights:
        return part_of(self.weights, "decode_")
