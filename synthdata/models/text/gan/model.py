"""The text GAN, which is experimental: generates a latent vector given the record, and decodes it to a text.

The autoencoder of the text VAE is trained first; then generator and critic over its latent vectors. The family exists
for comparison: its texts are no better than those of its autoencoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt

from synthdata.blocks import Arrays
from synthdata.models.base import NOTHING, Learned, SearchRange, Settings, Signature, Size, Trained, Weights
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.text.checks import encoded_texts, text_block
from synthdata.models.text.gan.sampler import generate_latents, generator_shapes
from synthdata.models.text.sampler import draw_texts
from synthdata.models.text.settings import Temperature, TopP
from synthdata.models.text.vae.model import TextAutoencoder
from synthdata.models.text.vae.sampler import decoder_shapes, decoder_steps

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TextGAN", "TextGANGenerator"]


class TextGAN(Settings):
    """Settings of the text GAN; "auto" settings of its autoencoder are chosen as for the text VAE."""

    family: ClassVar[str] = "gan"
    SAMPLING: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p"})

    texts: TextAutoencoder = Key(
        default=TextAutoencoder(), description="settings of the autoencoder: those of the family vae"
    )
    width: int = Key(default=128, ge=8, description="width of the generator's hidden layers")
    layers: int = Key(default=2, ge=1, le=12, description="layers of the generator")
    critic_width: int = Key(default=128, ge=8, description="width of the critic's hidden layers")
    critic_layers: int = Key(default=2, ge=1, le=12, description="layers of the critic")
    batch_size: Annotated[int, Key(ge=8)] = Key(default=128, description="latent vectors per training step")
    rounds: PositiveInt = Key(
        default=12, description="rounds of 250 training steps, after each of which quality is measured"
    )
    patience: PositiveInt = Key(
        default=4, description="rounds without better quality after which the learning rate falls to zero"
    )
    learning_rate: float = Key(default=1e-3, gt=0, description="peak learning rate of generator and critic")
    ema_decay: float = Key(default=0.998, ge=0, lt=1, description="decay per step of the averaged weights (EMA)")
    r1_penalty: float = Key(default=0.5, ge=0, description="weight of the gradient penalties R1 and R2")
    temperature: Temperature = 1.0
    top_p: TopP = 1.0
    validation_split: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out to measure quality")

    def resolved(self, size: Size) -> Self:
        """A copy with every "auto" replaced, also of the autoencoder."""
        return super().resolved(size).model_copy(update={"texts": self.texts.resolved(size)})


@final
class TextGANGenerator(Trained[TextGAN]):
    """A trained generator of latent vectors, and the decoder of texts."""

    Settings: ClassVar[type[Settings]] = TextGAN
    validated_by: ClassVar[str] = (
        "bound on the negative log-likelihood per token in nats, then distance of latent vectors"
    )
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "width": SearchRange(choices=(64, 128, 256)),
        "critic_width": SearchRange(choices=(64, 128, 256)),
        "learning_rate": SearchRange(2e-4, 4e-3, log=True),
        "r1_penalty": SearchRange(0.05, 5.0, log=True),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: TextGAN, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of generator and decoder."""
        block, condition, texts = text_block(signature), condition_width(signature.condition), settings.texts
        return {
            **decoder_shapes(texts, vocabulary=block.vocabulary, condition=condition),
            **generator_shapes(condition=condition, latent=texts.latent, width=settings.width, layers=settings.layers),
        }

    @classmethod
    def train(cls, signature: Signature, settings: TextGAN, arrays: Arrays, run: Run) -> Learned:
        """Train the autoencoder, then generator and critic; TrainingError if the generator has collapsed."""
        from synthdata.models.text.gan.training import train  # imports Keras

        tokens, condition = encoded_texts(signature, arrays, arrays)
        return train(tokens, text_block(signature).vocabulary, condition, settings, run)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample noise for each row, generate a latent vector from it, and sample a text given the vector."""
        settings, signature = self.settings, self.signature
        features = encode_condition(signature.condition, condition, rows)
        latent = generate_latents(
            self.weights, rng.standard_normal((rows, settings.texts.latent), np.float32), features
        )
        tokens = draw_texts(
            decoder_steps(self.weights, settings.texts.heads),
            np.hstack([features, latent]),
            rng.random((rows, text_block(signature).length), np.float32),
            temperature=settings.temperature,
            top_p=settings.top_p,
            lexicon=text_block(signature).lexicon,
        )
        return {signature.name: tokens}
