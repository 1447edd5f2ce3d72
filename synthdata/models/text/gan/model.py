"""The text GAN, which is experimental: a latent vector from noise and what is told, and a text from the vector.

An autoencoder of texts, that of the VAE, is trained first; then generator and critic play over its latent vectors. It
is there to be compared with the other families: what it draws is no better than what its autoencoder writes.

Training takes Keras, sampling only numpy: TensorFlow is imported by `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field as Key

from synthdata.blocks import Arrays, Block, Layout, Tokens, check_arrays
from synthdata.models.base import Count, FieldGenerator, Settings, Span
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import check_shapes, part_of
from synthdata.models.text.checks import check_block
from synthdata.models.text.gan.sampler import game_shapes, made_latents
from synthdata.models.text.sampler import draw_texts, text_shapes
from synthdata.models.text.vae.model import AutoencoderSettings

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TextGAN", "TextGANSettings"]


class TextGANSettings(Settings):
    """Hyperparameters of the game, and of how to draw."""

    texts: AutoencoderSettings = Key(
        default=AutoencoderSettings(), description="hyperparameters of the autoencoder, those of the family vae"
    )
    width: int = Key(default=128, ge=8, description="of the generator")
    layers: int = Key(default=2, ge=1, le=12, description="of the generator")
    critic_width: int = Key(default=128, ge=8)
    critic_layers: int = Key(default=2, ge=1, le=12)
    batch: Annotated[int, Key(ge=8)] = 128
    rounds: Count = Key(default=12, description="of 250 steps, each ended by a look at quality")
    patience: Count = Key(default=4, description="rounds without better quality after which training ends")
    learning_rate: float = Key(default=1e-3, gt=0)
    average: float = Key(default=0.998, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    penalty: float = Key(default=0.5, ge=0, description="weight of the critic's gradients")
    temperature: float = Key(default=1.0, gt=0, description="below 1: likelier, less varied texts")
    top_p: float = Key(default=1.0, gt=0, le=1, description="tokens are drawn from the likeliest, of this probability")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of vectors held out to measure quality")


@dataclass(frozen=True)
class TextGAN(FieldGenerator):
    """The weights of a trained generator and of the writer of texts, as numpy takes them, and what they speak of."""

    block: Tokens
    given: Layout
    settings: TextGANSettings
    arrays: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = TextGANSettings
    validated_by: ClassVar[str] = "bound on the surprise of a token in nats, then distance of latent vectors"
    spans: ClassVar[Mapping[str, Span]] = {
        "width": Span(choices=(64, 128, 256)),
        "critic_width": Span(choices=(64, 128, 256)),
        "learning_rate": Span(2e-4, 4e-3, log=True),
        "penalty": Span(0.05, 5.0, log=True),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: TextGANSettings, run: Run
    ) -> Self:
        """Train the autoencoder, then the game until quality stops improving, rounds are done, or the budget ends."""
        from synthdata.models.text.gan.training import Hyperparameters, train_text_gan
        from synthdata.models.text.vae.training import Hyperparameters as Autoencoder

        block = check_block(block)
        rows = check_arrays({"text": block}, {"text": target})
        texts = settings.texts.chosen_for(int((target > 0).sum()) + rows)
        settings = settings.model_copy(update={"texts": texts})
        own = settings.model_dump(exclude={"texts", "temperature", "top_p"})
        chosen = Hyperparameters(texts=Autoencoder(**texts.model_dump()), **own)
        features = encode_condition(given, told, rows)
        weights, history = train_text_gan(target, block.vocabulary, features, chosen, run)
        return cls(block, given, settings, weights, history)

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw noise for each row, the vector that it leads to, and a text from that."""
        settings, features = self.settings, encode_condition(self.given, told, rows)
        latent = made_latents(self.arrays, rng.standard_normal((rows, settings.texts.latent), np.float32), features)
        return draw_texts(
            part_of(self.arrays, "write_"),
            settings.texts.heads,
            np.hstack([features, latent]),
            rng.random((rows, self.block.length), np.float32),
            temperature=settings.temperature,
            top_p=settings.top_p,
        )

    def config(self) -> dict[str, Any]:
        """The settings as chosen."""
        return {"settings": self.settings.model_dump()}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of generator and writer."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), TextGANSettings.model_validate(config["settings"])
        texts, told = settings.texts, condition_width(given)
        width, latent = int(texts.width), texts.latent
        wide = texts.widen * width
        writer = text_shapes(
            vocabulary=block.vocabulary, told=told + latent, width=width, layers=texts.layers, wide=wide
        )
        shapes = {f"write_{name}": shape for name, shape in writer.items()}
        shapes |= game_shapes(told=told, latent=latent, width=settings.width, layers=settings.layers)
        check_shapes(weights, shapes)
        return cls(block, given, settings, dict(weights))
