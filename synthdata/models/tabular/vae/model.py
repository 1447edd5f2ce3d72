"""The tabular VAE: all columns at once from a latent vector, whose prior is learned. Rows can be encoded and decoded.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field as Key
from pydantic import model_validator

from synthdata.blocks import Arrays, Layout, check_arrays
from synthdata.models.base import Count, Generator, LatentSpace, Settings, Span
from synthdata.models.samplers.shapes import check_shapes
from synthdata.models.tabular.latent.sampler import (
    LatentSampler,
    check_rows,
    decoder_shapes,
    draw_rows,
    likeliest_rows,
)
from synthdata.models.tabular.symbols import Numbering, columns_of, split
from synthdata.models.tabular.vae.sampler import draw_latents, encode_rows, enter_latent, prior_shapes

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TabularVAE", "VAESettings"]


class VAESettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the number of rows and columns."""

    latent: Count | Literal["auto"] = Key(default="auto", description="width of the latent vector, an even number")
    width: int = Key(default=192, ge=8)
    layers: int = Key(default=2, ge=1, le=12, description="of the encoder, and of the decoder")
    expansion: int = Key(default=2, ge=1, description="width of the feed-forward layer, in widths")
    parts: int = Key(default=64, ge=1, description="normals in the prior's mixture")
    couplings: int = Key(default=4, ge=0, description="coupling layers of the prior")
    batch: Count | Literal["auto"] = "auto"
    epochs: Count | Literal["auto"] = "auto"
    patience: Count | Literal["auto"] = "auto"
    learning_rate: float = Key(default=2e-2, gt=0)
    weight_decay: Annotated[float, Key(ge=0)] = 0.5
    balance: float = Key(
        default=0.3, ge=0, le=1, description="how much more columns of little entropy weigh in the loss"
    )
    beta: float = Key(default=0.1, gt=0, le=1, description="weight of the divergence at the start; 1 after warm_up")
    warm_up: float = Key(default=0.15, ge=0, le=1, description="share of training in which beta rises")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out to stop early")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.latent != "auto" and self.latent % 2:
            raise ValueError(f"latent {self.latent} is odd; coupling layers need two halves")
        if self.width % 4:
            raise ValueError(f"width {self.width} is no multiple of 4, of which coupling layers take a quarter")
        return self

    def chosen_for(self, rows: int, columns: int) -> VAESettings:
        """Fill in what is "auto" for a table of `rows` rows and `columns`."""
        auto = {
            "latent": int(np.clip((columns + 1) // 2 * 2, 8, 32)),
            "batch": int(np.clip(2 ** np.round(np.log2(rows / 24)), 32, 512)),
            "epochs": round(np.clip(550_000 / rows, 8, 100)),
            "patience": int(np.clip(round(20_000 / rows), 2, 20)),
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class TabularVAE(Generator, LatentSpace):
    """The weights of a trained `RowVAE`, as its samplers take them, and the layout they speak of."""

    layout: Layout
    settings: VAESettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = VAESettings
    validated_by: ClassVar[str] = "loss in nats a row, columns weighted by `balance`"
    spans: ClassVar[Mapping[str, Span]] = {
        "latent": Span(choices=(8, 16, 24, 32)),
        "width": Span(choices=(128, 192, 256)),
        "parts": Span(choices=(16, 64, 256)),
        "couplings": Span(choices=(2, 4, 6)),
        "learning_rate": Span(5e-3, 4e-2, log=True),
        "beta": Span(0.01, 1.0, log=True),
        "balance": Span(0.0, 0.6),
    }

    @classmethod
    def fit(cls, layout: Layout, target: Arrays, settings: VAESettings, run: Run) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        from synthdata.models.tabular.vae.training import Hyperparameters, train_vae

        settings = settings.chosen_for(check_arrays(layout, target), len(layout))
        chosen = Hyperparameters(**settings.model_dump())
        weights, history = train_vae(Numbering(columns_of(layout)), split(layout, target), chosen, run)
        return cls(layout, settings, weights, history)

    @cached_property
    def _sampler(self) -> LatentSampler:
        return LatentSampler(Numbering(columns_of(self.layout)), self.arrays, partial(enter_latent, self.arrays))

    def sample(self, rng: np.random.Generator, rows: int, allowed: Mapping[str, np.ndarray]) -> Arrays:
        """Draw rows; a condition is met by resampling latent vectors, see `latent_sampler`."""
        return draw_rows(self._sampler, self.layout, rng, rows, partial(draw_latents, self.arrays), allowed)

    def check(self, allowed: Mapping[str, np.ndarray]) -> None:
        """Refuse conditions that hardly any latent vector makes likely."""
        check_rows(self._sampler, self.layout, partial(draw_latents, self.arrays), allowed)

    @property
    def width(self) -> int:
        """How many numbers a latent vector has."""
        return int(self.settings.latent)

    def encode(self, arrays: Arrays) -> np.ndarray:
        """The means of the rows' posteriors."""
        return encode_rows(self._sampler.numbering, self.arrays, split(self.layout, arrays))

    def decode(self, latent: np.ndarray) -> Arrays:
        """The most likely rows."""
        return likeliest_rows(self._sampler, self.layout, latent.astype(np.float32))

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of encoder, prior and decoder, and the log-marginals they started from."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, layout: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        settings = VAESettings.model_validate(config["settings"])
        numbering = Numbering(columns_of(layout))
        latent, sizes = int(settings.latent), settings.model_dump(include={"width", "layers", "expansion"})
        check_shapes(
            weights,
            {
                "enter": (latent, settings.width),
                "enter_bias": (settings.width,),
                **decoder_shapes(numbering, **sizes),
                **prior_shapes(numbering, latent=latent, parts=settings.parts, couplings=settings.couplings, **sizes),
            },
        )
        return cls(layout, settings, dict(weights))
