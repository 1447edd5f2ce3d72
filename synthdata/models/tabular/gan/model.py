"""The tabular GAN: all columns at once from noise and one symbol that is told, the cue.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field as Key

from synthdata.blocks import Arrays, Layout, check_arrays
from synthdata.models.base import Count, Generator, Settings, Span
from synthdata.models.samplers.shapes import check_shapes
from synthdata.models.tabular.gan.sampler import EXPANSION, cue_columns, cued_latents, enter_cued
from synthdata.models.tabular.latent.sampler import Latents, LatentSampler, check_rows, decoder_shapes, draw_rows
from synthdata.models.tabular.symbols import Numbering, allowed_logits, columns_of, split

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["GANSettings", "TabularGAN"]


class GANSettings(Settings):
    """Hyperparameters; what says "auto" is chosen from the number of rows and columns."""

    latent: Count | Literal["auto"] = Key(default="auto", description="width of the noise")
    width: int = Key(default=192, ge=8, description="of the generator")
    layers: int = Key(default=2, ge=1, le=12, description="of the generator")
    critic_width: int = Key(default=256, ge=8)
    critic_layers: int = Key(default=1, ge=1, le=12)
    batch: Annotated[int, Key(ge=32, multiple_of=32)] = 256
    rounds: Count | Literal["auto"] = Key(default="auto", description="of 250 steps, each ended by a look at quality")
    patience: Count = Key(default=4, description="rounds without better quality after which training ends")
    learning_rate: float = Key(default=2e-3, gt=0)
    average: float = Key(default=0.998, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    penalty: float = Key(default=0.2, ge=0, description="weight of the critic's gradients")
    keep: float = Key(default=0.8, gt=0, le=1, description="share of a row's columns that the critic is shown")
    temperature: float = Key(default=0.5, gt=0, description="of the relaxed symbols")
    reconstruction: float = Key(default=1.0, ge=0, description="weight of the bound on the rows' log-likelihood")
    balance: float = Key(default=0.3, ge=0, le=1, description="how much more columns of little entropy weigh in it")
    cue_weight: float = Key(default=1.0, ge=0, description="weight of the cue's log-likelihood")
    cue_power: float = Key(default=1.0, ge=0, le=1, description="1: cues as often as they are; 0: each as often")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out to measure quality")

    def chosen_for(self, rows: int, columns: int) -> GANSettings:
        """Fill in what is "auto" for a table of `rows` rows and `columns`."""
        auto = {"latent": int(np.clip(columns, 8, 32)), "rounds": int(np.clip(rows / 4000, 6, 12))}
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


@dataclass(frozen=True)
class TabularGAN(Generator):
    """The weights of a trained generator, as its sampler takes them, and the layout they speak of."""

    layout: Layout
    settings: GANSettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = GANSettings
    validated_by: ClassVar[str] = "AUC of trees that tell its rows from real ones, .5 is best"
    spans: ClassVar[Mapping[str, Span]] = {
        "latent": Span(choices=(16, 32, 64, 128)),
        "critic_width": Span(choices=(128, 256, 384)),
        "learning_rate": Span(3e-4, 3e-3, log=True),
        "penalty": Span(0.05, 2.0, log=True),
        "reconstruction": Span(0.1, 10.0, log=True),
        "temperature": Span(0.3, 1.0),
        "cue_power": Span(0.0, 1.0),
    }

    @classmethod
    def fit(cls, layout: Layout, target: Arrays, settings: GANSettings, run: Run) -> Self:
        """Train until quality stops improving, the rounds are done, or the budget ends."""
        from synthdata.models.tabular.gan.training import Hyperparameters, train_gan

        settings = settings.chosen_for(check_arrays(layout, target), len(layout))
        chosen = Hyperparameters(**settings.model_dump())
        weights, history = train_gan(Numbering(columns_of(layout)), split(layout, target), chosen, run)
        return cls(layout, settings, weights, history)

    @cached_property
    def _sampler(self) -> LatentSampler:
        return LatentSampler(Numbering(columns_of(self.layout)), self.arrays, partial(enter_cued, self.arrays))

    def sample(self, rng: np.random.Generator, rows: int, allowed: Mapping[str, np.ndarray]) -> Arrays:
        """Draw rows; of a condition, the narrowest column that cues speak of is told, the rest met by resampling."""
        return draw_rows(self._sampler, self.layout, rng, rows, self._latents(allowed), allowed)

    def check(self, allowed: Mapping[str, np.ndarray]) -> None:
        """Refuse conditions that hardly any latent vector makes likely."""
        check_rows(self._sampler, self.layout, self._latents(allowed), allowed)

    def _latents(self, allowed: Mapping[str, np.ndarray]) -> Latents:
        return partial(cued_latents, self.arrays, share=self._cue_share(allowed))

    def _cue_share(self, allowed: Mapping[str, np.ndarray]) -> np.ndarray | None:
        numbering = self._sampler.numbering
        told = [i for i in cue_columns(numbering) if numbering.columns[i].name in allowed]
        if not told:
            return None
        column = min(told, key=lambda i: float(np.mean(allowed[numbering.columns[i].name])))
        here = slice(numbering.starts[column], numbering.starts[column + 1])
        mask, _ = allowed_logits(self.layout, self.arrays["major_log"], self.arrays["minor_log"], allowed)
        share = np.zeros(numbering.rows)
        share[here] = np.exp(self.arrays["major_log"][here].astype(np.float64) + mask[here])
        return share if share.any() else None

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The generator's weights, the frequencies of cues, and the log-marginals."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, layout: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        settings = GANSettings.model_validate(config["settings"])
        numbering, width = Numbering(columns_of(layout)), settings.width
        shapes = {
            "enter": (int(settings.latent), width),
            "enter_bias": (width,),
            "cue": (numbering.rows, width),
            "cue_share": (numbering.rows,),
            **decoder_shapes(numbering, width=width, layers=settings.layers, expansion=EXPANSION),
        }
        check_shapes(weights, shapes)
        return cls(layout, settings, dict(weights))
