"""The tabular GAN: all columns at once from noise and one symbol of the row, the conditional symbol."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt

from synthdata.blocks import Arrays
from synthdata.models.base import NOTHING, Learned, SearchRange, Settings, Signature, Size, Trained, Weights
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.tabular.gan.sampler import (
    MLP_RATIO,
    conditional_columns,
    conditional_latents,
    enter_conditional,
)
from synthdata.models.tabular.latent.sampler import Latents, LatentSampler, check_rows, decoder_shapes, draw_rows
from synthdata.models.tabular.symbols import SymbolTable, allowed_logits, split

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["GAN", "GANGenerator"]


class GAN(Settings):
    """Settings of the tabular GAN; "auto" is chosen from the number of rows and columns."""

    family: ClassVar[str] = "gan"

    latent: PositiveInt | Literal["auto"] = Key(default="auto", description="width of the noise vector")
    width: int = Key(default=192, ge=8, description="width of the generator's hidden layers")
    layers: int = Key(default=2, ge=1, le=12, description="layers of the generator")
    critic_width: int = Key(default=256, ge=8, description="width of the critic's hidden layers")
    critic_layers: int = Key(default=1, ge=1, le=12, description="layers of the critic")
    batch_size: Annotated[int, Key(ge=32, multiple_of=32)] = Key(default=256, description="rows per training step")
    rounds: PositiveInt | Literal["auto"] = Key(
        default="auto", description="rounds of 250 training steps, after each of which quality is measured"
    )
    patience: PositiveInt = Key(
        default=4, description="rounds without better quality after which the learning rate falls to zero"
    )
    learning_rate: float = Key(default=2e-3, gt=0, description="peak learning rate of generator and critic")
    ema_decay: float = Key(default=0.998, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    r1_penalty: float = Key(default=0.2, ge=0, description="weight of the gradient penalties R1 and R2")
    column_keep_rate: float = Key(default=0.8, gt=0, le=1, description="share of a row's columns that the critic sees")
    temperature: float = Key(default=0.5, gt=0, description="temperature of the Gumbel softmax in training")
    reconstruction: float = Key(default=1.0, ge=0, description="weight of the VAE loss on real rows")
    entropy_weighting: float = Key(
        default=0.3, ge=0, le=1, description="exponent by which columns of low entropy weigh more in the VAE loss"
    )
    conditional_weight: float = Key(
        default=1.0, ge=0, description="weight of the negative log-likelihood of the conditional symbol"
    )
    sampling_exponent: float = Key(
        default=1.0,
        ge=0,
        le=1,
        description="training-by-sampling: 1 draws symbols as often as they occur, 0 all equally often",
    )
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of rows held out to measure quality")

    @property
    def mlp_ratio(self) -> int:
        """Width of a feed-forward layer, divided by `width`."""
        return MLP_RATIO

    def auto(self, size: Size) -> dict[str, Any]:
        """By the number of rows and columns."""
        return {"latent": int(np.clip(size.columns, 8, 32)), "rounds": int(np.clip(size.rows / 4000, 6, 12))}


@final
class GANGenerator(Trained[GAN]):
    """The generator of a trained `GANNetwork`, and the frequency of each conditional symbol."""

    Settings: ClassVar[type[Settings]] = GAN
    validated_by: ClassVar[str] = "AUC of boosted trees on generated and real rows, .5 is best"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "latent": SearchRange(choices=(16, 32, 64, 128)),
        "critic_width": SearchRange(choices=(128, 256, 384)),
        "learning_rate": SearchRange(3e-4, 3e-3, log=True),
        "r1_penalty": SearchRange(0.05, 2.0, log=True),
        "reconstruction": SearchRange(0.1, 10.0, log=True),
        "temperature": SearchRange(0.3, 1.0),
        "sampling_exponent": SearchRange(0.0, 1.0),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: GAN, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of the generator, and of the conditional symbols."""
        table = SymbolTable.of(signature.layout)
        return {
            "conditional": (table.coarse_rows, settings.width),
            "conditional_share": (table.coarse_rows,),
            **decoder_shapes(table, settings, int(settings.latent)),
        }

    @classmethod
    def train(cls, signature: Signature, settings: GAN, arrays: Arrays, run: Run) -> Learned:
        """Train until quality stops improving; TrainingError if the generator has collapsed."""
        from synthdata.models.tabular.gan.training import train  # imports Keras

        return train(SymbolTable.of(signature.layout), split(signature.layout, arrays), settings, run)

    @cached_property
    def _sampler(self) -> LatentSampler:
        table = SymbolTable.of(self.signature.layout)
        return LatentSampler(table, self.weights, partial(enter_conditional, self.weights))

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample rows; the narrowest mask of a conditional column restricts its symbol, others need resampling."""
        return draw_rows(self._sampler, self.signature.layout, rng, rows, self._latents(allowed), allowed)

    def check(self, allowed: Weights) -> None:
        """Raise ConditionError for masks that hardly any latent vector makes likely."""
        check_rows(self._sampler, self.signature.layout, self._latents(allowed), allowed)

    def _latents(self, allowed: Weights) -> Latents:
        return partial(conditional_latents, self.weights, share=self._conditional_share(allowed))

    def _conditional_share(self, allowed: Weights) -> np.ndarray | None:
        table = self._sampler.table
        masked = [i for i in conditional_columns(table) if table.columns[i].name in allowed]
        if not masked:
            return None
        column = min(masked, key=lambda i: float(np.mean(allowed[table.columns[i].name])))
        here = slice(table.starts[column], table.starts[column + 1])
        mask, _ = allowed_logits(self.signature.layout, self.weights["coarse_log"], self.weights["fine_log"], allowed)
        share = np.zeros(table.coarse_rows)
        share[here] = np.exp(self.weights["coarse_log"][here].astype(np.float64) + mask[here])
        return share if share.any() else None
