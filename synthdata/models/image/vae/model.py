"""The image VAE: an image from a latent vector with a learned prior. Images can be encoded and decoded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.blocks import Arrays, Pixels, check_arrays
from synthdata.models.base import (
    NOTHING,
    LatentSpace,
    Learned,
    SearchRange,
    Settings,
    Signature,
    Size,
    Trained,
    Weights,
)
from synthdata.models.image.checks import PATCH, check_block, conv_width, training_arrays
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.conv import decode_images, encode_images
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents, prior_shapes
from synthdata.models.samplers.resolutions import Resolutions, decoder_shapes, encoder_shapes, patch_side
from synthdata.models.samplers.shapes import Shapes, part_of, prefixed

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["ImageVAE", "ImageVAEGenerator"]


class ImageVAE(Settings):
    """Settings of the image VAE; "auto" is chosen from the size of the images and their number."""

    family: ClassVar[str] = "vae"

    latent: PositiveInt | Literal["auto"] = Key(default="auto", description="width of the latent vector, even")
    width: PositiveInt | Literal["auto"] = Key(
        default="auto", description="channels of encoder and decoder at full resolution"
    )
    blocks: int = Key(
        default=1, ge=1, le=8, description="residual blocks of encoder and decoder, each, at each resolution"
    )
    coupling_layers: int = Key(default=6, ge=0, description="coupling layers of the prior")
    coupling_width: int = Key(default=128, ge=8, description="width of the hidden layers of a coupling layer")
    batch_size: PositiveInt = Key(default=64, description="images per training step")
    epochs: PositiveInt | Literal["auto"] = Key(default="auto", description="largest number of epochs")
    patience: PositiveInt | Literal["auto"] = Key(
        default="auto",
        description="epochs without a better validation loss after which the learning rate falls to zero",
    )
    learning_rate: float = Key(default=1.5e-3, gt=0, description="peak learning rate")
    weight_decay: Annotated[float, Key(ge=0)] = Key(default=0.05, description="decoupled weight decay")
    ema_decay: float = Key(default=0.995, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    beta: float = Key(default=0.1, gt=0, le=1, description="weight of the KL divergence at the start; 1 after warm-up")
    kl_warmup: float = Key(default=0.15, ge=0, le=1, description="share of training in which `beta` rises to 1")
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of images held out for early stopping")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.latent != "auto" and self.latent % 2:
            raise ValueError(f"latent {self.latent} is odd; coupling layers need two halves")
        return self

    def auto(self, size: Size) -> dict[str, Any]:
        """By the size of an image and the number of images."""
        block = check_block(*size.layout.values())
        pixels = block.height * block.width
        return {
            "latent": int(np.clip(8 * round(pixels**0.5 * block.channels**0.5 / 7), 8, 128)),
            "width": conv_width(block),
            "epochs": round(np.clip(320_000 / size.rows, 8, 200)),
            "patience": int(np.clip(round(64_000 / size.rows), 3, 40)),
        }

    def resolutions(self, block: Pixels) -> Resolutions:
        """The resolutions of encoder and decoder."""
        return Resolutions.of(block, int(self.width), self.blocks, patch_side(block, PATCH))


@final
class ImageVAEGenerator(Trained[ImageVAE], LatentSpace):
    """A trained `ImageVAENetwork`: the weights of encoder, prior and decoder."""

    Settings: ClassVar[type[Settings]] = ImageVAE
    validated_by: ClassVar[str] = "loss in nats an image"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "latent": SearchRange(choices=(16, 32, 64)),
        "width": SearchRange(choices=(8, 16, 24)),
        "coupling_layers": SearchRange(choices=(4, 6, 8)),
        "learning_rate": SearchRange(5e-4, 4e-3, log=True),
        "beta": SearchRange(0.01, 1.0, log=True),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: ImageVAE, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of decoder, encoder and prior."""
        resolutions = settings.resolutions(check_block(signature.block))
        latent, condition = int(settings.latent), condition_width(signature.condition)
        return {
            **prefixed("decode_", decoder_shapes(resolutions, latent + condition)),
            **prefixed("encode_", encoder_shapes(resolutions, condition, 2 * latent)),
            **prior_shapes(settings.coupling_layers, latent=latent, condition=condition, width=settings.coupling_width),
        }

    @classmethod
    def train(cls, signature: Signature, settings: ImageVAE, arrays: Arrays, run: Run) -> Learned:
        """Train with early stopping on the validation loss."""
        from synthdata.models.image.vae.training import train  # imports Keras

        return train(check_block(signature.block), *training_arrays(signature, arrays), settings, run)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample noise for each row, and decode it through the prior."""
        return self.decode(rng.standard_normal((rows, self.latent_dim), np.float32), condition)

    @property
    def latent_dim(self) -> int:
        """The width of a latent vector."""
        return int(self.settings.latent)

    def encode(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The posterior means of images, mapped to noise by the inverse of the prior: (n, latent_dim) float32."""
        rows = check_arrays(self.signature.layout, arrays)
        features = encode_condition(self.signature.condition, condition, rows)
        posterior = encode_images(self._resolutions, self._encoder, arrays[self.signature.name], features)
        return noise_of_latents(self.weights, np.split(posterior, 2, axis=1)[0], features)

    def decode(self, latent: np.ndarray, condition: Arrays = NOTHING) -> Arrays:
        """Map noise (n, latent_dim) to latent vectors by the prior, and decode these to images."""
        features = encode_condition(self.signature.condition, condition, len(latent))
        vectors = np.hstack([latents_of_noise(self.weights, latent.astype(np.float32), features), features])
        return {self.signature.name: decode_images(self._resolutions, self._decoder, vectors)}

    @cached_property
    def _resolutions(self) -> Resolutions:
        return self.settings.resolutions(check_block(self.signature.block))

    @cached_property
    def _decoder(self) -> Weights:
        return part_of(self.weights, "decode_")

    @cached_property
    def _encoder(self) -> Weights:
        return part_of(self.weights, "encode_")
