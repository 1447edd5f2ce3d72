"""Training a `TextVAENetwork`: its batches, its loss, its validation, and the check for posterior collapse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from synthdata.errors import TrainingError
from synthdata.models.base import Learned, Weights
from synthdata.models.text.packing import Packs, pack_batches
from synthdata.models.text.sampler import text_nll
from synthdata.models.text.training import XLA_FROM, PackedTask
from synthdata.models.text.vae.model import TextAutoencoder, TextVAE
from synthdata.models.text.vae.network import TextVAENetwork
from synthdata.models.text.vae.sampler import decoder_steps, encode_texts, mutual_information
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.progress import Progress

__all__ = ["LatentUse", "check_use", "train", "train_autoencoder"]

CONDITION = 4  # place of the condition among the arguments of `TextVAENetwork.call`
VALIDATION_STEPS = 4096  # tokens per validation batch
MEASURED = 500  # texts on which the use of latent vectors is measured
LEAST_USE = 0.5  # nats, of both mutual information and decoder gain; with less, the posterior has collapsed
LEAST_VARIANCE = 0.01  # variance of the posterior mean in an active latent dimension


def train(tokens: np.ndarray, vocabulary: int, condition: np.ndarray, settings: TextVAE, run: Run) -> Learned:
    """Train on tokens (n, length) and their condition (n, features); TrainingError if the posterior has collapsed."""
    learned = train_autoencoder(
        tokens, vocabulary, condition, settings, run, condition_dropout=settings.condition_dropout
    )
    use = check_use(learned.weights, settings.heads, tokens, condition, run)
    run.delete_checkpoint()
    return learned._replace(facts=asdict(use))


def train_autoencoder(
    tokens: np.ndarray,
    vocabulary: int,
    condition: np.ndarray,
    settings: TextAutoencoder,
    run: Run,
    *,
    condition_dropout: float = 0.0,
) -> Learned:
    """As `train`, but the checkpoint is kept, and posterior collapse is not checked."""
    packs, batches = pack_batches(tokens, settings, run)
    frequencies = packs.frequencies(batches.rows, vocabulary)
    model = TextVAENetwork(frequencies, settings, run.seed, condition=condition.shape[1], steps=packs.steps)
    epochs, warmup = int(settings.epochs), settings.kl_zero_share + settings.kl_warmup
    plan = settings.plan(
        batches.steps_per_epoch,
        patience=math.ceil(warmup * epochs) + settings.patience,
        xla_from=XLA_FROM,
    )
    task = TextVAETask(model, packs, condition, batches, settings, condition_dropout=condition_dropout)
    history = loop.train(task, plan, run)
    return Learned(model.export(), history)


@dataclass(frozen=True)
class LatentUse:
    """Measures of posterior collapse.

    mutual_information: of texts and their latent vectors, in nats. decoder_gain: mean log-likelihood of a text given
    its own vector, minus that given another text's, in nats. active_units: number of latent dimensions whose posterior
    mean varies between texts (Burda et al. 2016, arXiv:1509.00519, section 5.3).
    """

    mutual_information: float
    decoder_gain: float
    active_units: int


def check_use(weights: Weights, heads: int, tokens: np.ndarray, condition: np.ndarray, run: Run) -> LatentUse:
    """Measure the use of latent vectors on some texts; TrainingError if the posterior has collapsed."""
    rng = np.random.default_rng([run.seed, 8])
    some = rng.choice(len(tokens), min(MEASURED, len(tokens)), replace=False)
    tokens, condition, steps = tokens[some], condition[some], decoder_steps(weights, heads)
    with threadpool_limits(1, user_api="blas"):  # small products
        mean, log_scale = encode_texts(weights, heads, condition, tokens)
        vectors = mean, np.roll(mean, 1, axis=0)
        own, other = (text_nll(steps, np.hstack([condition, latent]), tokens) for latent in vectors)
    information, gain = mutual_information(mean, log_scale, rng), float((other - own).mean())
    active = int((mean.var(axis=0) > LEAST_VARIANCE).sum())
    detail = (
        f"latent vectors hold {information:.1f} of at most {math.log(len(some)):.1f} nats of information about their "
        f"texts, in {active} of {mean.shape[1]} dimensions; with its own vector, a text is {gain:.1f} nats likelier"
    )
    run.listener(Progress("train", 1.0, 0.0, detail))
    if min(information, gain) < LEAST_USE:
        raise TrainingError(
            f"the latent vectors are not used (posterior collapse): {detail}; raise model.free_bits, "
            "model.token_dropout or model.kl_zero_share, or train with model transformer"
        )
    return LatentUse(round(information, 3), round(gain, 3), active)


class TextVAETask(PackedTask):
    """Batches of packed texts with dropout of tokens and of conditions, noise, and beta, the weight of the KL."""

    def __init__(
        self,
        model: TextVAENetwork,
        packs: Packs,
        condition: np.ndarray,
        batches: Batches,
        settings: TextAutoencoder,
        *,
        condition_dropout: float,
    ) -> None:  # validated seldom: not worth a compilation
        super().__init__(model, packs, condition, batches, settings, at_once=VALIDATION_STEPS // packs.steps)
        self.settings, self.condition_dropout = settings, condition_dropout

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """The arguments of `TextVAENetwork.call`."""
        rng, rows, settings = self.batches.rng(step), self.batches.of_step(step), self.settings
        keep = rng.random(self.packs.inputs[rows].shape) >= float(settings.token_dropout)
        beta = (progress - settings.kl_zero_share) / settings.kl_warmup if settings.kl_warmup else 1.0
        batch = list(self._with_noise(rows, keep, np.clip(beta, 0, 1), rng))
        kept = rng.random(batch[CONDITION].shape[:-1]) >= self.condition_dropout
        batch[CONDITION] = batch[CONDITION] * kept[..., None].astype(np.float32)
        return *batch, rng.integers(0, 2**31 - 1, 2, dtype=np.int32)

    def _with_noise(
        self, rows: np.ndarray, keep: np.ndarray, beta: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, ...]:
        texts = self.packs.texts[rows]
        return (
            *self.packed(rows),
            keep.astype(np.float32),
            (texts >= 0).astype(np.float32),
            rng.standard_normal((*texts.shape, self.model.latent), np.float32),
            np.array(beta, np.float32),
        )

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The bound of a batch, and the gradients of its training loss."""
        with tf.GradientTape() as tape:
            goal, bound = self.model(*batch)
        return bound, tape.gradient(goal, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def validation_batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The arguments of `TextVAENetwork.call` at beta = 1, without dropout."""
        return self._with_noise(rows, np.ones(self.packs.inputs[rows].shape), 1.0, rng)

    def evaluate(self, *batch: tf.Tensor) -> tf.Tensor:
        """A bound on the mean negative log-likelihood per token, in nats."""
        bound: tf.Tensor = self.model(*batch)[1]
        return bound
