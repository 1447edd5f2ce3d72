"""The text VAE: a text from a latent vector and the rest of its record. Texts can be encoded and decoded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

import numpy as np
from pydantic import Field as Key
from pydantic import PositiveInt, model_validator

from synthdata.blocks import Arrays
from synthdata.models.base import (
    NOTHING,
    LatentSpace,
    Learned,
    PromptedGenerator,
    SearchRange,
    Settings,
    Signature,
    Size,
    Trained,
    Weights,
)
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.text.checks import encoded_texts, text_block
from synthdata.models.text.sampler import StepsFactory, draw_texts, text_nll
from synthdata.models.text.settings import ConditionDropout, GuidanceScale, Temperature, TopP, TransformerSettings
from synthdata.models.text.vae.sampler import decoder_steps, encode_texts, nll_bound, vae_shapes

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["TextAutoencoder", "TextVAE", "TextVAEGenerator"]

GREEDY = 1e-9  # a `top_p` that leaves only the most likely token
TRIED = 16  # latent vectors sampled for each prompted text


class TextAutoencoder(TransformerSettings):
    """Training settings of the text VAE and of the text GAN's autoencoder; "auto" depends on the number of tokens."""

    latent: PositiveInt = Key(default=32, description="width of the latent vector, even")
    layers: int = Key(default=4, ge=1, le=24, description="layers of the decoder")
    encoder_layers: int = Key(default=1, ge=1, le=24, description="layers of the encoder")
    coupling_layers: int = Key(default=4, ge=0, description="coupling layers of the prior")
    coupling_width: int = Key(default=64, ge=8, description="width of a coupling layer's hidden layers")
    patience: PositiveInt = Key(
        default=5,
        description="epochs without a better validation loss, not counting those of the KL warm-up, after which "
        "the learning rate falls to zero",
    )
    kl_zero_share: float = Key(
        default=0.0, ge=0, le=1, description="share of training, at its start, in which the KL divergence has no weight"
    )
    kl_warmup: float = Key(
        default=0.3,
        ge=0,
        le=1,
        description="share of training, after that, in which the weight of the KL divergence rises to 1",
    )
    free_bits: float = Key(
        default=0.1,
        ge=0,
        description="nats of KL divergence that are not penalised in each dimension of a latent vector",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.latent % 2:
            raise ValueError(f"latent {self.latent} is odd; coupling layers need two halves")
        return self

    def auto(self, size: Size) -> dict[str, Any]:
        """By the number of tokens in the column."""
        epochs = int(np.clip(6_500_000 / max(size.tokens, 1), 4, 40))
        return {**super().auto(size), "batch_size": 1024, "epochs": epochs}


class TextVAE(TextAutoencoder):
    """Settings of the text VAE; "auto" is chosen from the number of tokens in the column."""

    family: ClassVar[str] = "vae"
    SAMPLING: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p", "guidance_scale"})

    condition_dropout: ConditionDropout = 0.1
    guidance_scale: GuidanceScale = 0.5
    temperature: Temperature = 1.0
    top_p: TopP = 1.0


@final
class TextVAEGenerator(Trained[TextVAE], LatentSpace, PromptedGenerator):
    """A trained `TextVAENetwork`. facts: a `LatentUse`."""

    Settings: ClassVar[type[Settings]] = TextVAE
    validated_by: ClassVar[str] = "bound on the negative log-likelihood per token in nats"
    search_space: ClassVar[Mapping[str, SearchRange]] = {
        "latent": SearchRange(choices=(16, 32, 64)),
        "width": SearchRange(choices=(96, 128, 192)),
        "layers": SearchRange(choices=(2, 3, 4)),
        "learning_rate": SearchRange(2e-3, 2e-2, log=True),
        "dropout": SearchRange(0.0, 0.4),
        "token_dropout": SearchRange(0.0, 0.6),
        "free_bits": SearchRange(0.02, 0.5, log=True),
    }

    @classmethod
    def shapes(cls, signature: Signature, settings: TextVAE, facts: Mapping[str, Any]) -> Shapes:
        """Weight shapes of encoder, decoder and prior."""
        block, condition = text_block(signature), condition_width(signature.condition)
        return vae_shapes(settings, vocabulary=block.vocabulary, condition=condition)

    @classmethod
    def train(cls, signature: Signature, settings: TextVAE, arrays: Arrays, run: Run) -> Learned:
        """Train with early stopping on the validation loss; TrainingError if the decoder ignores latent vectors."""
        from synthdata.models.text.vae.training import train  # imports Keras

        tokens, condition = encoded_texts(signature, arrays, arrays)
        return train(tokens, text_block(signature).vocabulary, condition, settings, run)

    @cached_property
    def _steps(self) -> StepsFactory:
        return decoder_steps(self.weights, self.settings.heads)

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample a latent vector from the prior for each row, and a text given it."""
        return self.complete(rng, rows, condition, np.zeros(0, np.int64))

    def complete(self, rng: np.random.Generator, rows: int, condition: Arrays, prompt: np.ndarray) -> Arrays:
        """Sample a continuation of the prompt for each row.

        Of `TRIED` latent vectors per text, one is resampled in proportion to the likelihood of the prompt given it.
        """
        features, length = encode_condition(self.signature.condition, condition, rows), self._length
        latent = self._latents(rng, features)
        if len(prompt) and rows:
            tried = [latent, *(self._latents(rng, features) for _ in range(TRIED - 1))]
            beginning = np.repeat(prompt[None, :length], rows, axis=0)
            nll = np.stack([text_nll(self._steps, np.hstack([features, each]), beginning) for each in tried])
            noise = rng.gumbel(size=nll.shape)  # (tried, rows)
            latent = np.stack(tried)[(noise - nll).argmax(axis=0), np.arange(rows)]
        tokens = draw_texts(
            self._steps,
            np.hstack([features, latent]),
            rng.random((rows, length), np.float32),
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            guidance_scale=self.settings.guidance_scale if features.shape[1] else 0.0,
            unconditional=np.hstack([np.zeros_like(features), latent]),
            prompt=prompt,
            lexicon=text_block(self.signature).lexicon,
        )
        return {self.signature.name: tokens}

    @property
    def _length(self) -> int:
        return text_block(self.signature).length

    def _latents(self, rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
        noise = rng.standard_normal((len(features), self.latent_dim), np.float32)
        return latents_of_noise(self.weights, noise, features)

    def nll(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """An upper bound on the negative log-likelihood of each text, in nats: (n,); the same at each call."""
        tokens, features = encoded_texts(self.signature, arrays, condition)
        return nll_bound(self.weights, self.settings.heads, features, tokens, np.random.default_rng(0))

    @property
    def latent_dim(self) -> int:
        """The width of a latent vector."""
        return self.settings.latent

    def encode(self, arrays: Arrays, condition: Arrays = NOTHING) -> np.ndarray:
        """The posterior means of texts, mapped to noise by the inverse of the prior: (n, latent_dim) float32."""
        tokens, features = encoded_texts(self.signature, arrays, condition)
        mean, _ = encode_texts(self.weights, self.settings.heads, features, tokens)
        return noise_of_latents(self.weights, mean, features)

    def decode(self, latent: np.ndarray, condition: Arrays = NOTHING) -> Arrays:
        """Map noise (n, latent_dim) to latent vectors by the prior, and decode these greedily."""
        features = encode_condition(self.signature.condition, condition, len(latent))
        vectors = latents_of_noise(self.weights, latent.astype(np.float32), features)
        uniform = np.zeros((len(latent), self._length), np.float32)
        lexicon = text_block(self.signature).lexicon
        tokens = draw_texts(self._steps, np.hstack([features, vectors]), uniform, top_p=GREEDY, lexicon=lexicon)
        return {self.signature.name: tokens}
