"""The image VAE: a picture from a latent vector and what is told of it. Pictures can be encoded and decoded.

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
from synthdata.models.base import Count, FieldGenerator, FieldLatentSpace, Settings, Span
from synthdata.models.image.checks import canvas_width, check_block
from synthdata.models.image.vae.sampler import encode_latents, image_vae_shapes
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.conv import decode_images
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents
from synthdata.models.samplers.resolutions import Canvas
from synthdata.models.samplers.shapes import check_shapes, part_of

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["ImageVAE", "ImageVAESettings"]


class ImageVAESettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the image's size and the number of images."""

    latent: Count | Literal["auto"] = Key(default="auto", description="width of the latent vector, an even number")
    width: Count | Literal["auto"] = Key(default="auto", description="channels at full resolution")
    blocks: int = Key(default=1, ge=1, le=8, description="residual blocks at each resolution, of encoder and decoder")
    couplings: int = Key(default=6, ge=0, description="coupling layers of the prior")
    inner: int = Key(default=128, ge=8, description="hidden units of a coupling layer")
    batch: Count = 64
    epochs: Count | Literal["auto"] = "auto"
    patience: Count | Literal["auto"] = "auto"
    learning_rate: float = Key(default=1.5e-3, gt=0)
    weight_decay: Annotated[float, Key(ge=0)] = 0.05
    average: float = Key(default=0.995, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    beta: float = Key(default=0.1, gt=0, le=1, description="weight of the divergence at the start; 1 after warm_up")
    warm_up: float = Key(default=0.15, ge=0, le=1, description="share of training in which beta rises")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of images held out to stop early")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.latent != "auto" and self.latent % 2:
            raise ValueError(f"latent {self.latent} is odd; coupling layers need two halves")
        return self

    def chosen_for(self, block: Pixels, rows: int) -> ImageVAESettings:
        """Fill in what is "auto" for `rows` images."""
        pixels = block.height * block.width
        auto = {
            "latent": int(np.clip(8 * round(pixels**0.5 * block.channels**0.5 / 7), 8, 128)),
            "width": canvas_width(block),
            "epochs": round(np.clip(320_000 / rows, 8, 200)),
            "patience": int(np.clip(round(64_000 / rows), 3, 40)),
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class ImageVAE(FieldGenerator, FieldLatentSpace):
    """The weights of a trained autoencoder, as its samplers take them, and what they speak of."""

    block: Pixels
    given: Layout
    settings: ImageVAESettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = ImageVAESettings
    validated_by: ClassVar[str] = "loss in nats an image"
    spans: ClassVar[Mapping[str, Span]] = {
        "latent": Span(choices=(16, 32, 64)),
        "width": Span(choices=(8, 16, 24)),
        "couplings": Span(choices=(4, 6, 8)),
        "learning_rate": Span(5e-4, 4e-3, log=True),
        "beta": Span(0.01, 1.0, log=True),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: ImageVAESettings, run: Run
    ) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        from synthdata.models.image.vae.training import Hyperparameters, train_image_vae

        block = check_block(block)
        rows = check_arrays({"image": block}, {"image": target})
        settings = settings.chosen_for(block, rows)
        features = encode_condition(given, told, rows)
        canvas, chosen = _canvas(block, settings), Hyperparameters(**settings.model_dump())
        weights, history = train_image_vae(canvas, target, features, chosen, run)
        return cls(block, given, settings, weights, history)

    @cached_property
    def _canvas(self) -> Canvas:
        return _canvas(self.block, self.settings)

    @cached_property
    def _decoder(self) -> dict[str, np.ndarray]:
        return part_of(self.arrays, "decode_")

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw noise for each row, and the image that it leads to."""
        return self.decode(rng.standard_normal((rows, self.width), np.float32), told)

    @property
    def width(self) -> int:
        """How many numbers a latent vector has."""
        return int(self.settings.latent)

    def encode(self, values: np.ndarray, told: Arrays) -> np.ndarray:
        """The noise that leads to the means of the posteriors of images: (n, latent) float32."""
        check_arrays({"image": self.block}, {"image": values})
        features = encode_condition(self.given, told, len(values))
        return noise_of_latents(self.arrays, encode_latents(self._canvas, self.arrays, values, features), features)

    def decode(self, noise: np.ndarray, told: Arrays) -> np.ndarray:
        """The images that noise (n, latent) leads to, through the prior."""
        features = encode_condition(self.given, told, len(noise))
        latent = latents_of_noise(self.arrays, noise.astype(np.float32), features)
        return decode_images(self._canvas, self._decoder, np.hstack([latent, features]))

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of encoder, prior and decoder."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), ImageVAESettings.model_validate(config["settings"])
        shapes = image_vae_shapes(
            _canvas(block, settings),
            told=condition_width(given),
            latent=int(settings.latent),
            couplings=settings.couplings,
            inner=settings.inner,
        )
        check_shapes(weights, shapes)
        return cls(block, given, settings, dict(weights))


def _canvas(block: Pixels, settings: ImageVAESettings) -> Canvas:
    return Canvas(block, int(settings.width), settings.blocks)
