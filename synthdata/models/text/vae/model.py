"""The text VAE: a text from a latent vector and what is told of its record. Texts have places, and ways between them.

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

from synthdata.blocks import Arrays, Block, Layout, Tokens, check_arrays
from synthdata.models.base import Count, FieldGenerator, FieldLatentSpace, Settings, Span, Writer
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents
from synthdata.models.samplers.shapes import check_shapes, part_of
from synthdata.models.text.checks import check_block
from synthdata.models.text.sampler import draw_texts, text_surprise
from synthdata.models.text.vae.sampler import encode_texts, surprise_bound, text_vae_shapes

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["AutoencoderSettings", "TextVAE", "TextVAESettings"]

BIG = 400_000  # tokens of a column that a network of full size is for
LIKELIEST = 1e-9  # a share of probability that the likeliest token alone has
TRIED = 16  # vectors that are looked at for each text whose beginning is given


class AutoencoderSettings(Settings):
    """Hyperparameters of how to learn; what says "auto" is chosen from how much there is to read."""

    latent: Count = Key(default=32, description="width of the latent vector, an even number")
    width: Count | Literal["auto"] = Key(default="auto", description="of encoder and writer")
    layers: int = Key(default=3, ge=1, le=24, description="of the writer")
    encoder_layers: int = Key(default=2, ge=1, le=24)
    heads: Count = Key(default=4, description="must divide the width, into an even number")
    widen: int = Key(default=3, ge=1, le=8, description="hidden units of a feed-forward layer, in widths")
    couplings: int = Key(default=4, ge=0, description="coupling layers of the prior")
    inner: int = Key(default=64, ge=8, description="hidden units of a coupling layer")
    batch: Count = Key(default=1024, description="tokens a step")
    epochs: Count | Literal["auto"] = "auto"
    patience: Count = Key(default=5, description="epochs without a better bound, besides those of both warm-ups")
    learning_rate: float = Key(default=1e-2, gt=0)
    weight_decay: Annotated[float, Key(ge=0)] = 0.1
    average: float = Key(default=0.99, ge=0, lt=1, description="share of the averaged weights that stays in a step")
    dropout: Annotated[float, Key(ge=0, lt=1)] | Literal["auto"] = Key(
        default="auto", description="share of what a layer of the writer adds that is left out in training"
    )
    hidden: float = Key(default=0.1, ge=0, lt=1, description="share of tokens hidden from those after them in training")
    autoencode: float = Key(default=0.1, ge=0, le=1, description="share of training in which divergence is free")
    warm_up: float = Key(default=0.3, ge=0, le=1, description="share of training after that in which its weight rises")
    free: float = Key(default=0.3, ge=0, description="nats of divergence that each number of a vector has for nothing")
    validation: float = Key(default=0.1, gt=0, lt=1, description="share of texts held out to stop early")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width != "auto" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the heads, {2 * self.heads}")
        if self.latent % 2:
            raise ValueError(f"latent {self.latent} is odd; coupling layers need two halves")
        return self

    def chosen_for(self, tokens: int) -> Self:
        """Fill in what is "auto" for a column of so many tokens."""
        auto = {
            "width": 2 * self.heads * (24 if tokens >= BIG else 16),
            "epochs": int(np.clip(2_400_000 / max(tokens, 1), 4, 40)),
            "dropout": 0.0 if tokens >= BIG else 0.2,
        }
        return self.model_copy(update={key: value for key, value in auto.items() if getattr(self, key) == "auto"})


class TextVAESettings(AutoencoderSettings):
    """Hyperparameters of how to learn, and how to draw."""

    temperature: float = Key(default=1.0, gt=0, description="below 1: likelier, less varied texts")
    top_p: float = Key(default=1.0, gt=0, le=1, description="tokens are drawn from the likeliest, of this probability")


@dataclass(frozen=True)
class TextVAE(FieldGenerator, FieldLatentSpace, Writer):
    """The weights of a trained autoencoder, as numpy takes them, and what they speak of.

    use: what latent vectors say of which text they are from, and what is heard of it; measured after training, in nats.
    """

    block: Tokens
    given: Layout
    settings: TextVAESettings
    arrays: Mapping[str, np.ndarray]
    use: Mapping[str, float]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = TextVAESettings
    validated_by: ClassVar[str] = "bound on the surprise of a token in nats"
    spans: ClassVar[Mapping[str, Span]] = {
        "latent": Span(choices=(16, 32, 64)),
        "width": Span(choices=(96, 128, 192)),
        "layers": Span(choices=(2, 3, 4)),
        "learning_rate": Span(2e-3, 2e-2, log=True),
        "dropout": Span(0.0, 0.4),
        "hidden": Span(0.0, 0.6),
        "free": Span(0.05, 1.0, log=True),
    }

    @classmethod
    def fit(
        cls, block: Block, target: np.ndarray, given: Layout, told: Arrays, settings: TextVAESettings, run: Run
    ) -> Self:
        """Train until validation stops improving, the epochs are done, or the budget ends."""
        from synthdata.models.text.vae.training import Hyperparameters, train_text_vae

        block = check_block(block)
        rows = check_arrays({"text": block}, {"text": target})
        settings = settings.chosen_for(int((target > 0).sum()) + rows)
        chosen = Hyperparameters(**settings.model_dump(exclude={"temperature", "top_p"}))
        features = encode_condition(given, told, rows)
        weights, history, use = train_text_vae(target, block.vocabulary, features, chosen, run)
        return cls(block, given, settings, weights, use, history)

    @cached_property
    def _writer(self) -> dict[str, np.ndarray]:
        return part_of(self.arrays, "write_")

    def sample(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        """Draw a latent vector from the prior for each row, and a text from it."""
        return self.go_on(rng, rows, told, np.zeros(0, np.int64))

    def go_on(self, rng: np.random.Generator, rows: int, told: Arrays, begun: np.ndarray) -> np.ndarray:
        """Draw a text for each row that begins with the tokens (m,), from a vector that makes them likely.

        Of some vectors drawn for each text, one is taken by how likely it makes the beginning.
        """
        features, latent = encode_condition(self.given, told, rows), self._drawn(rng, rows, told)
        if len(begun) and rows:
            tried = [latent, *(self._drawn(rng, rows, told) for _ in range(TRIED - 1))]
            beginning = np.repeat(begun[None, : self.block.length], rows, axis=0)
            surprise = np.stack([self._surprise(each, features, beginning) for each in tried])  # (tried, rows)
            noise = rng.gumbel(size=surprise.shape)
            latent = np.stack(tried)[(noise - surprise).argmax(axis=0), np.arange(rows)]
        uniform = rng.random((rows, self.block.length), np.float32)
        return draw_texts(
            self._writer,
            self.settings.heads,
            np.hstack([features, latent]),
            uniform,
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            begun=begun,
        )

    def _drawn(self, rng: np.random.Generator, rows: int, told: Arrays) -> np.ndarray:
        features = encode_condition(self.given, told, rows)
        return latents_of_noise(self.arrays, rng.standard_normal((rows, self.width), np.float32), features)

    def _surprise(self, latent: np.ndarray, features: np.ndarray, target: np.ndarray) -> np.ndarray:
        return text_surprise(self._writer, self.settings.heads, np.hstack([features, latent]), target)

    def surprise(self, target: np.ndarray, told: Arrays) -> np.ndarray:
        """An upper bound on the surprise of texts (n,), in nats, importance-weighted; the same at each call."""
        features = encode_condition(self.given, told, len(target))
        return surprise_bound(self.arrays, self.settings.heads, features, target, np.random.default_rng(0))

    @property
    def width(self) -> int:
        """How many numbers a latent vector has."""
        return self.settings.latent

    def encode(self, values: np.ndarray, told: Arrays) -> np.ndarray:
        """The noise that leads to the means of the posteriors of texts: (n, latent) float32."""
        check_arrays({"text": self.block}, {"text": values})
        features = encode_condition(self.given, told, len(values))
        mean, _ = encode_texts(self.arrays, self.settings.heads, features, values)
        return noise_of_latents(self.arrays, mean, features)

    def decode(self, noise: np.ndarray, told: Arrays) -> np.ndarray:
        """The texts that noise (n, latent) leads to, through the prior: of each token the likeliest."""
        features = encode_condition(self.given, told, len(noise))
        latent = latents_of_noise(self.arrays, noise.astype(np.float32), features)
        uniform = np.zeros((len(noise), self.block.length), np.float32)
        return draw_texts(self._writer, self.settings.heads, np.hstack([features, latent]), uniform, top_p=LIKELIEST)

    def config(self) -> dict[str, Any]:
        """The settings as chosen, and how vectors are used."""
        return {"settings": self.settings.model_dump(), "use": dict(self.use)}

    def weights(self) -> dict[str, np.ndarray]:
        """The weights of encoder, prior and writer."""
        return dict(self.arrays)

    @classmethod
    def restore(cls, block: Block, given: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Check and take the weights."""
        block, settings = check_block(block), TextVAESettings.model_validate(config["settings"])
        width = int(settings.width)
        shapes = text_vae_shapes(
            vocabulary=block.vocabulary,
            told=condition_width(given),
            latent=settings.latent,
            width=width,
            layers=settings.layers,
            encoder_layers=settings.encoder_layers,
            wide=settings.widen * width,
            couplings=settings.couplings,
            inner=settings.inner,
        )
        check_shapes(weights, shapes)
        return cls(block, given, settings, dict(weights), dict(config["use"]))
