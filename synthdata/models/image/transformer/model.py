"""The image Transformer: a picture from a grid of codes, drawn one after the other given what is told.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field as Key
from pydantic import model_validator

from synthdata.blocks import Arrays, Block, Layout, Pixels, check_arrays
from synthdata.models.base import Count, FieldGenerator, Settings, Span
from synthdata.models.image.checks import canvas_width, check_block
from synthdata.models.image.transformer.grid import CodeGrid, drawing_shapes, pixel_decoder_shapes
from synthdata.models.image.transformer.sampler import decode_codes, draw_codes
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import check_shapes, part_of

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["ImageTransformer", "ImageTransformerSettings"]


class ImageTransformerSettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the image's size and the number of images."""

    levels: tuple[Annotated[int, Key(ge=2, le=32)], ...] = Key(
        default=(8, 6, 5), min_length=1, max_length=8, description="levels of each digit of a code"
    )
    canvas_width: Count | Literal["auto"] = Key(default="auto", description="channels at full resolution")
    blocks: int = Key(default=1, ge=1, le=8, description="residual blocks at each resolution, of encoder and decoder")
    codes_epochs: Count | Literal["auto"] = Key(default="auto", description="epochs in which the codes are learned")
    codes_learning_rate: float = Key(default=2e-3, gt=0)
    width: Count | Literal["auto"] = Key(default="auto", description="width of the Transformer")
    layers: int = Key(default=4, ge=1, le=24)
    heads: Count = 4
    widen: int = Key(default=3, ge=1, le=8, description="hidden units of a feed-forward layer, in widths")
    batch: Count = 64
    epochs: Count | Literal["auto"] = Key(default="auto", description="epochs of the Transformer")
    patience: Count | Literal["auto"] = "auto"
    learning_rate: float = Key(default=1e-2, gt=0)
    weight_decay: Annotated[float, Key(ge=0)] = 0.02
    average: float = Key(default=0.995, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    hidden: float = Key(default=0.1, ge=0, lt=1, description="share of codes hidden from those after them in training")
    moves: int = Key(default=1, ge=0, le=4, description="pixels by which an image is moved in training")
    temperature: float = Key(default=0.9, gt=0, description="below 1: likelier, less varied images")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of images held out to stop early")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width != "auto" and self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self

    def chosen_for(self, block: Pixels, rows: int) -> ImageTransformerSettings:
        """Fill in what is "auto" for `rows` images."""
        auto = {
            "canvas_width": canvas_width(block),
            "codes_epochs": round(np.clip(64_000 / rows, 2, 100)),
            "width": self.heads * 28,
            "epochs": round(np.clip(176_000 / rows, 3, 200)),
            "patience": int(np.clip(round(40_000 / rows), 3, 40)),
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class ImageTransformer(FieldGenerator):
    """The weights of a trained Transformer and decoder, as numpy takes them, and what they speak of."""

    block: Pixels
    given: Layout
    settings: ImageTransformerSettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = ImageTransformerSettings
    validated_by: ClassVar[str] = "surprise of an image's codes in nats"
    spans: ClassVar[Mapping[str, Span]] = {
        "width": Span(choices=(64, 96, 112, 128)),
        "layers": Span(choices=(3, 4, 6)),
        "learning_rate": Span(3e-3, 3e-2, log=True),
        "weight_decay": Span(3e-3, 0.1, log=True),
        "hidden": Span(0.0, 0.3),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: ImageTransformerSettings, run: Run
    ) -> Self:
        """Train the codes, then the Transformer until validation stops improving; the budget is for both."""
        from synthdata.models.image.transformer.training import Hyperparameters, train_image_transformer

        block = check_block(block)
        rows = check_arrays({"image": block}, {"image": target})
        settings = settings.chosen_for(block, rows)
        features = encode_condition(given, told, rows)
        chosen = Hyperparameters(**settings.model_dump())
        weights, history = train_image_transformer(_grid(block, settings), target, features, chosen, run)
        return cls(block, given, settings, weights, history)

    @cached_property
    def _grid(self) -> CodeGrid:
        return _grid(self.block, self.settings)

    @cached_property
    def _drawer(self) -> dict[str, np.ndarray]:
        return part_of(self.arrays, "draw_")

    @cached_property
    def _decoder(self) -> dict[str, np.ndarray]:
        return part_of(self.arrays, "decode_")

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw the codes of an image for each row, and decode them."""
        features = encode_condition(self.given, told, rows)
        uniform = rng.random((rows, self._grid.length), np.float32)
        heads, temperature = self.settings.heads, self.settings.temperature
        codes = draw_codes(self._grid, self._drawer, heads, features, uniform, temperature)
        return decode_codes(self._grid, self._decoder, codes)

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump(mode="json")}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of Transformer and decoder."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), ImageTransformerSettings.model_validate(config["settings"])
        grid, width = _grid(block, settings), int(settings.width)
        told, wide = condition_width(given), settings.widen * width
        drawing = drawing_shapes(grid, told=told, width=width, layers=settings.layers, wide=wide)
        shapes = {f"draw_{name}": shape for name, shape in drawing.items()}
        shapes |= {f"decode_{name}": shape for name, shape in pixel_decoder_shapes(grid).items()}
        check_shapes(weights, shapes)
        return cls(block, given, settings, dict(weights))


def _grid(block: Pixels, settings: ImageTransformerSettings) -> CodeGrid:
    return CodeGrid(block, int(settings.canvas_width), settings.blocks, tuple(settings.levels))
