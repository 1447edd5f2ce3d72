"""The tabular VAE: all columns at once from a latent vector with a learned prior. Rows can be encoded and decoded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.blocks import Arrays
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
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.tabular.latent.sampler import (
    LatentSampler,
    check_rows,
    decoder_shapes,
    draw_rows,
    likeliest_rows,
)
from synthdata.models.tabular.symbols import SymbolTable, split
from synthdata.models.tabular.vae.sampler import draw_latents, encode_rows, enter_latent, prior_shapes

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["VAE", "VAEGenerator"]


class VAE(Settings):
    """Settings of the tabular VAE; "auto" is chosen from the number of rows and columns."""

    family: ClassVar[str] = "vae"

    latent: PositiveInt | Literal["auto"] = Key(default="auto", description="width of the latent vector, even")
    width: int = Key(default=192, ge=8, description="width of the hidden layers, a multiple of 4")
    layers: int = Key(default=2, ge=1, le=12, description="layers of the encoder, and of the decoder")
    mlp_ratio: int = Key(default=2, ge=1, description="width of a feed-forward layer, as a multiple of `width`")
    mixture_components: int = Key(default=64, ge=1, description="components of the prior, a mixture of normals")
    coupling_layers: int = Key(default=4, ge=0, description="coupling layers of the prior")
    batch_size: PositiveInt | Literal["auto"] = Key(default="auto", description="rows per training step")
    epochs: PositiveInt | Literal["auto"] = Key(default="auto", description="largest number of epochs")
    patience: PositiveInt | Literal["auto"] = Key(
        default="auto",
        description="epochs without a better validation loss after which the learning rate falls to zero",
    )
    learning_rate: float = Key(default=2e-2, gt=0, description="peak learning rate")
    weight_decay: Annotated[float, Key(ge=0)] = Key(default=0.5, description="decoupled weight decay")
    entropy_weighting: float = Key(
        default=0.3, ge=0, le=1, description="exponent by which columns of low entropy weigh more in the loss"
    )
    beta: float = Key(default=0.1, gt=0, le=1, description="weight of the KL divergence at the start; 1 after warm-up")
    kl_warmup: float = Key(default=0.15, ge=0, le=1, description="share of training in which `beta` rises to 1")
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out for early stopping")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.latent != "auto" and self.latent % 2:
            raise ValueError(f"latent {self.latent} is odd; coupling layers need two halves")
        if self.width % 4:
            raise ValueError(f"width {self.width} is not a multiple of 4; coupling layers take a quarter of it")
        return self

    def auto(self, size: Size) -> dict[str, Any]:
        """By the number of rows and columns."""
        return {
            "latent": int(np.clip((size.columns + 1) // 2 * 2, 8, 32)),
            "batch_size": int(np.clip(2 ** np.round(np.log2(size.rows / 24)), 32, 512)),
            "epochs": round(np.clip(1_100_000 / size.rows, 8, 100)),
            "patience": int(np.clip(round(20_000 / size.rows), 2, 20)),
        }


@final
class VAEGenerator(Trained[VAE], LatentSpace):
    """A trained `VAENetwork`: the weights of encoder, prior and decoder."""

    Settings: ClassVar[type[Settings]] = VAE
    validated_by: ClassVar[str] = "loss in nats a row, columns weighted by `entropy_weighting`"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "latent": SearchRange(choices=(8, 16, 24, 32)),
        "width": SearchRange(choices=(128, 192, 256)),
        "mixture_components": SearchRange(choices=(16, 64, 256)),
        "coupling_layers": SearchRange(choices=(2, 4, 6)),
        "learning_rate": SearchRange(5e-3, 4e-2, log=True),
        "beta": SearchRange(0.01, 1.0, log=True),
        "entropy_weighting": SearchRange(0.0, 0.6),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: VAE, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of decoder, prior and encoder."""
        table = SymbolTable.of(signature.layout)
        return {**decoder_shapes(table, settings, int(settings.latent)), **prior_shapes(table, settings)}

    @classmethod
    def train(cls, signature: Signature, settings: VAE, arrays: Arrays, run: Run) -> Learned:
        """Train with early stopping on the validation loss."""
        from synthdata.models.tabular.vae.training import train  # imports Keras

        return train(SymbolTable.of(signature.layout), split(signature.layout, arrays), settings, run)

    @cached_property
    def _sampler(self) -> LatentSampler:
        table = SymbolTable.of(self.signature.layout)
        return LatentSampler(table, self.weights, partial(enter_latent, self.weights))

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample latent vectors from the prior, then rows; for masks, latent vectors are resampled."""
        return draw_rows(self._sampler, self.signature.layout, rng, rows, partial(draw_latents, self.weights), allowed)

    def check(self, allowed: Weights) -> None:
        """Raise ConditionError for masks that hardly any latent vector makes likely."""
        check_rows(self._sampler, self.signature.layout, partial(draw_latents, self.weights), allowed)

    @property
    def latent_dim(self) -> int:
        """The number of dimensions of a latent vector."""
        return int(self.settings.latent)

    def encode(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The posterior means of rows: (n, latent_dim) float32."""
        return encode_rows(self._sampler.table, self.weights, split(self.signature.layout, arrays))

    def decode(self, latent: np.ndarray, condition: Arrays = NOTHING) -> Arrays:
        """The most likely row for each latent vector (n, latent_dim)."""
        return likeliest_rows(self._sampler, self.signature.layout, latent.astype(np.float32))
