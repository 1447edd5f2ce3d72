"""The image GAN: an image from noise and a condition. Images can be encoded and decoded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt

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
from synthdata.models.samplers.resolutions import Resolutions, decoder_shapes, encoder_shapes, patch_side
from synthdata.models.samplers.shapes import Shapes, part_of, prefixed

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["ImageGAN", "ImageGANGenerator"]


class ImageGAN(Settings):
    """Settings of the image GAN; "auto" is chosen from the size of the images and their number."""

    family: ClassVar[str] = "gan"

    latent: PositiveInt = Key(default=32, description="width of the noise vector")
    width: PositiveInt | Literal["auto"] = Key(
        default="auto", description="channels of the generator, and of the encoder, at full resolution"
    )
    blocks: int = Key(default=1, ge=1, le=8, description="residual blocks of the generator at each resolution")
    critic_width: PositiveInt | Literal["auto"] = Key(
        default="auto", description="channels of the critic at full resolution"
    )
    critic_blocks: int = Key(default=1, ge=1, le=8, description="residual blocks of the critic at each resolution")
    batch_size: Annotated[int, Key(ge=8, multiple_of=4)] | Literal["auto"] = Key(
        default="auto", description="images per training step"
    )
    rounds: PositiveInt | Literal["auto"] = Key(
        default="auto", description="rounds of 250 training steps, after each of which quality is measured"
    )
    patience: PositiveInt | Literal["auto"] = Key(
        default="auto", description="rounds without better quality after which the learning rate falls to zero"
    )
    learning_rate: float = Key(default=6e-4, gt=0, description="peak learning rate of generator and critic")
    ema_decay: float = Key(default=0.998, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    r1_penalty: float = Key(
        default=1.0, ge=0, description="weight of the gradient penalties R1 and R2 at the start; falls to a tenth"
    )
    diff_augment: Annotated[float, Key(ge=0, le=1)] | Literal["auto"] = Key(
        default="auto", description="share of images that are shifted and lose a part before the critic sees them"
    )
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of images held out to measure quality")

    def auto(self, size: Size) -> dict[str, Any]:
        """By the size of an image and the number of images."""
        block = check_block(*size.layout.values())
        large = patch_side(block, PATCH) > 1  # more and smaller steps: its details come late
        rounds = int(np.clip(size.rows / 250, 48, 64) if large else np.clip(size.rows / 500, 12, 24))
        return {
            "width": conv_width(block),
            "critic_width": conv_width(block),
            "batch_size": 32 if large else 64,
            "rounds": rounds,
            "patience": max(8, rounds // 2),  # smooth images of the first rounds are nearer than those right after
            "diff_augment": float(np.clip(800 / size.rows, 0, 0.5)),
        }

    def resolutions(self, block: Pixels) -> Resolutions:
        """The resolutions of generator and encoder."""
        return Resolutions.of(block, int(self.width), self.blocks, patch_side(block, PATCH))

    def critic_resolutions(self, block: Pixels) -> Resolutions:
        """The resolutions of the critic."""
        return Resolutions.of(block, int(self.critic_width), self.critic_blocks, patch_side(block, PATCH))


@final
class ImageGANGenerator(Trained[ImageGAN], LatentSpace):
    """Generator and encoder of a trained `ImageGANNetwork`."""

    Settings: ClassVar[type[Settings]] = ImageGAN
    validated_by: ClassVar[str] = "Fréchet distance from held-out images in features of a random network, 0 is best"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "latent": SearchRange(choices=(16, 32, 64)),
        "width": SearchRange(choices=(8, 16, 24)),
        "critic_width": SearchRange(choices=(8, 16, 24)),
        "learning_rate": SearchRange(5e-4, 5e-3, log=True),
        "r1_penalty": SearchRange(0.1, 10.0, log=True),
        "diff_augment": SearchRange(0.0, 0.8),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: ImageGAN, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of generator and encoder."""
        resolutions = settings.resolutions(check_block(signature.block))
        latent, condition = settings.latent, condition_width(signature.condition)
        return {
            **prefixed("decode_", decoder_shapes(resolutions, latent + condition)),
            **prefixed("encode_", encoder_shapes(resolutions, condition, latent)),
        }

    @classmethod
    def train(cls, signature: Signature, settings: ImageGAN, arrays: Arrays, run: Run) -> Learned:
        """Train until quality stops improving; TrainingError if the generator has collapsed."""
        from synthdata.models.image.gan.training import train  # imports Keras

        return train(check_block(signature.block), *training_arrays(signature, arrays), settings, run)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Draw noise for each row, and generate its image."""
        return self.decode(rng.standard_normal((rows, self.latent_dim), np.float32), condition)

    @property
    def latent_dim(self) -> int:
        """The width of the noise vector."""
        return self.settings.latent

    def encode(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The encoder's estimate of the noise of images: (n, latent_dim) float32."""
        rows = check_arrays(self.signature.layout, arrays)
        features = encode_condition(self.signature.condition, condition, rows)
        return encode_images(self._resolutions, self._encoder, arrays[self.signature.name], features)

    def decode(self, latent: np.ndarray, condition: Arrays = NOTHING) -> Arrays:
        """The images generated from noise (n, latent_dim)."""
        features = encode_condition(self.signature.condition, condition, len(latent))
        vectors = np.hstack([latent.astype(np.float32), features])
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
