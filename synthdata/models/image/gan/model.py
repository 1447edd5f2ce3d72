"""The image GAN: a picture from noise and what is told of it. Pictures can be varied.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field as Key

from synthdata.blocks import Arrays, Block, Layout, Pixels, check_arrays
from synthdata.models.base import Count, FieldGenerator, FieldLatentSpace, Settings, Span
from synthdata.models.image.checks import canvas_width, check_block
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.conv import decode_images, encode_images
from synthdata.models.samplers.resolutions import Canvas, decoder_shapes, encoder_shapes
from synthdata.models.samplers.shapes import check_shapes, part_of

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["ImageGAN", "ImageGANSettings"]


class ImageGANSettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the image's size and the number of images."""

    latent: Count = Key(default=32, description="width of the noise")
    width: Count | Literal["auto"] = Key(default="auto", description="channels of the generator at full resolution")
    blocks: int = Key(default=1, ge=1, le=8, description="residual blocks of the generator at each resolution")
    critic_width: Count | Literal["auto"] = Key(default="auto", description="channels of the critic")
    critic_blocks: int = Key(default=1, ge=1, le=8)
    batch: Annotated[int, Key(ge=8, multiple_of=4)] = 64
    rounds: Count | Literal["auto"] = Key(default="auto", description="of 250 steps, each ended by a look at quality")
    patience: Count = Key(default=8, description="rounds without better quality after which training ends")
    learning_rate: float = Key(default=6e-4, gt=0)
    average: float = Key(default=0.998, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    penalty: float = Key(default=1.0, ge=0, description="weight of the critic's gradients; falls to a tenth")
    augment: Annotated[float, Key(ge=0, le=1)] | Literal["auto"] = Key(
        default="auto", description="share of the images moved and cut out before the critic sees them"
    )
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of images held out to measure quality")

    def chosen_for(self, block: Pixels, rows: int) -> ImageGANSettings:
        """Fill in what is "auto" for `rows` images."""
        auto = {
            "width": canvas_width(block),
            "critic_width": canvas_width(block),
            "rounds": int(np.clip(rows / 500, 12, 24)),
            "augment": float(np.clip(800 / rows, 0, 0.5)),
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class ImageGAN(FieldGenerator, FieldLatentSpace):
    """The weights of a trained generator, as numpy takes them, and what they speak of."""

    block: Pixels
    given: Layout
    settings: ImageGANSettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = ImageGANSettings
    validated_by: ClassVar[str] = "distance from held-out images in random features, 0 is best"
    spans: ClassVar[Mapping[str, Span]] = {
        "latent": Span(choices=(16, 32, 64)),
        "width": Span(choices=(8, 16, 24)),
        "critic_width": Span(choices=(8, 16, 24)),
        "learning_rate": Span(5e-4, 5e-3, log=True),
        "penalty": Span(0.1, 10.0, log=True),
        "augment": Span(0.0, 0.8),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: ImageGANSettings, run: Run
    ) -> Self:
        """Train until quality stops improving, the rounds are done, or the budget ends."""
        from synthdata.models.image.gan.training import Hyperparameters, train_image_gan

        block = check_block(block)
        rows = check_arrays({"image": block}, {"image": target})
        settings = settings.chosen_for(block, rows)
        features = encode_condition(given, told, rows)
        canvas, chosen = _canvas(block, settings), Hyperparameters(**settings.model_dump())
        weights, history = train_image_gan(canvas, target, features, chosen, run)
        return cls(block, given, settings, weights, history)

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw noise for each row, and the image that it leads to."""
        return self.decode(rng.standard_normal((rows, self.width), np.float32), told)

    @property
    def width(self) -> int:
        """How wide the noise is."""
        return self.settings.latent

    def encode(self, values: np.ndarray, told: Arrays) -> np.ndarray:
        """The noise that images seem to come from: (n, latent) float32."""
        check_arrays({"image": self.block}, {"image": values})
        features = encode_condition(self.given, told, len(values))
        return encode_images(self._canvas, part_of(self.arrays, "encode_"), values, features)

    def decode(self, noise: np.ndarray, told: Arrays) -> np.ndarray:
        """The images that noise (n, latent) leads to."""
        features = encode_condition(self.given, told, len(noise))
        return decode_images(self._canvas, self._decoder, np.hstack([noise.astype(np.float32), features]))

    @cached_property
    def _canvas(self) -> Canvas:
        return _canvas(self.block, self.settings)

    @cached_property
    def _decoder(self) -> dict[str, np.ndarray]:
        return part_of(self.arrays, "decode_")

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of generator and encoder."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), ImageGANSettings.model_validate(config["settings"])
        canvas, latent, told = _canvas(block, settings), settings.latent, condition_width(given)
        shapes = {f"decode_{name}": shape for name, shape in decoder_shapes(canvas, latent + told).items()}
        shapes |= {f"encode_{name}": shape for name, shape in encoder_shapes(canvas, told, latent).items()}
        check_shapes(weights, shapes)
        return cls(block, given, settings, dict(weights))


def _canvas(block: Pixels, settings: ImageGANSettings) -> Canvas:
    return Canvas(block, int(settings.width), settings.blocks)
