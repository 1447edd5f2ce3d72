"""Training a `TextVAE`: its batches, its loss, its validation, and whether its vectors are used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from synthdata.errors import TrainingError
from synthdata.models.samplers.prior import part_of
from synthdata.models.text.packing import Packs, pack
from synthdata.models.text.sampler import text_surprise
from synthdata.models.text.vae.network import TextVAE
from synthdata.models.text.vae.sampler import encode_texts, mutual_information
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import fingerprint_of, train
from synthdata.models.training.plan import Plan, Run
from synthdata.progress import Progress

__all__ = ["Hyperparameters", "check_use", "learn_text_vae", "train_text_vae"]

VALIDATION_STEPS = 4096  # of the rows that are validated at once
LOOKED_AT = 500  # texts by which the use of vectors is measured
LEAST_USE = 0.5  # nats that a vector must say of its text, and the writer hear
LEAST_VARIANCE = 0.01  # of a number that differs between texts


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    latent: int
    width: int
    layers: int
    encoder_layers: int
    heads: int
    widen: int
    couplings: int
    inner: int
    batch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    average: float
    dropout: float
    hidden: float
    autoencode: float
    warm_up: float
    free: float
    validation: float


def train_text_vae(
    tokens: np.ndarray, vocabulary: int, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]], dict[str, float]]:
    """Train on tokens (n, length) and what is told of them (n, told).

    Returns weights, rows of figures by epoch, and how vectors are used. TrainingError if they are not.
    """
    weights, history = learn_text_vae(tokens, vocabulary, told, chosen, run)
    use = check_use(weights, chosen.heads, tokens, told, run)
    run.done()
    return weights, history, use


def learn_text_vae(
    tokens: np.ndarray, vocabulary: int, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train, as above; the checkpoint stays, and nothing is said of the vectors."""
    packs = pack(tokens, seed=run.seed, aside=run.aside(len(tokens), chosen.validation))
    steps = packs.inputs.shape[1]
    batches = Batches(
        len(packs.inputs),
        batch=max(1, chosen.batch // steps),
        validation=chosen.validation,
        seed=run.seed,
        aside=packs.aside,
    )
    drawn = packs.targets[batches.rows][packs.owners[batches.rows] >= 0]
    model = TextVAE(
        frequencies=np.bincount(drawn, minlength=vocabulary),
        steps=steps,
        told=told.shape[1],
        latent=chosen.latent,
        width=chosen.width,
        layers=chosen.layers,
        encoder_layers=chosen.encoder_layers,
        heads=chosen.heads,
        wide=chosen.widen * chosen.width,
        couplings=chosen.couplings,
        inner=chosen.inner,
        dropout=chosen.dropout,
        free=chosen.free,
        seed=run.seed,
    )
    plan = Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=math.ceil((chosen.autoencode + chosen.warm_up) * chosen.epochs) + chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
        average=chosen.average,
    )
    history = train(_Task(model, packs, told, batches, chosen), plan, run)
    return model.export(), history


def check_use(
    weights: Mapping[str, np.ndarray], heads: int, tokens: np.ndarray, told: np.ndarray, run: Run
) -> dict[str, float]:
    """How vectors are used, measured on some texts; TrainingError if they are not.

    says: nats that a vector says of which text it is from. heard: nats by which a text is less of a surprise to the
    writer with its own vector than with that of another text. numbers: how many numbers of a vector differ between
    texts (active units: Burda et al. 2016, arXiv:1509.00519, section 5.3).
    """
    rng = np.random.default_rng([run.seed, 8])
    some = rng.choice(len(tokens), min(LOOKED_AT, len(tokens)), replace=False)
    tokens, told, writer = tokens[some], told[some], part_of(weights, "write_")
    with threadpool_limits(1, user_api="blas"):  # small products
        mean, log_scale = encode_texts(weights, heads, told, tokens)
        vectors = mean, np.roll(mean, 1, axis=0)
        own, other = (text_surprise(writer, heads, np.hstack([told, latent]), tokens) for latent in vectors)
    says, heard = mutual_information(mean, log_scale, rng), float((other - own).mean())
    numbers = int((mean.var(axis=0) > LEAST_VARIANCE).sum())
    detail = (
        f"a latent vector says {says:.1f} of at most {math.log(len(some)):.1f} nats of which text it is from, by "
        f"{numbers} of its {mean.shape[1]} numbers; with it, its text is {heard:.1f} nats less of a surprise"
    )
    run.listener(Progress("train", 1.0, 0.0, detail))
    if min(says, heard) < LEAST_USE:
        raise TrainingError(
            f"the latent vectors are not used (posterior collapse): {detail}; raise model.free, model.hidden or "
            f"model.autoencode, or train with model transformer"
        )
    return {"says": round(says, 3), "heard": round(heard, 3), "numbers": numbers}


class _Task:
    """Rows of packed texts, what is told of them, noise, and how much the divergence counts."""

    def __init__(
        self, model: TextVAE, packs: Packs, told: np.ndarray, batches: Batches, chosen: Hyperparameters
    ) -> None:
        self.model, self.packs, self.batches, self.chosen = model, packs, batches, chosen
        self.told = np.concatenate([told, np.zeros((1, told.shape[1]), np.float32)])  # the last for no text
        self.fingerprint = fingerprint_of(chosen, packs.targets) + fingerprint_of(chosen, told)
        self._evaluate = tf.function(lambda *batch: self.model(*batch)[1])  # seldom: not worth a compilation

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """What `TextVAE.call` takes."""
        rng, rows = self.batches.rng(step), self.batches.of_step(step)
        shown = rng.random(self.packs.inputs[rows].shape) >= self.chosen.hidden
        risen = (done - self.chosen.autoencode) / self.chosen.warm_up if self.chosen.warm_up else 1.0
        beta = np.array(np.clip(risen, 0, 1), np.float32)
        return (*self._of(rows, shown, rng), beta, rng.integers(0, 2**31 - 1, 2, dtype=np.int32))

    def _of(self, rows: np.ndarray, shown: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        packs, texts = self.packs, self.packs.texts[rows]
        return (
            packs.targets[rows],
            packs.inputs[rows],
            shown.astype(np.float32),
            packs.owners[rows],
            packs.places[rows],
            self.told[texts],
            (texts >= 0).astype(np.float32),
            rng.standard_normal((*texts.shape, self.model.latent), np.float32),
        )

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The bound of a batch, and the gradients of what is descended along."""
        with tf.GradientTape() as tape:
            goal, bound = self.model(*batch)
        return bound, tape.gradient(goal, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def validate(self) -> float:
        """A bound on the mean surprise of a token of the validation texts, in nats."""
        rng, total, count = np.random.default_rng([self.batches.seed, 4]), 0.0, 0
        for rows in self.batches.to_validate(max(1, VALIDATION_STEPS // self.packs.inputs.shape[1])):
            batch = self._of(rows, np.ones(self.packs.inputs[rows].shape), rng)
            owned = int((self.packs.owners[rows] >= 0).sum())
            total += float(self._evaluate(*map(tf.constant, batch), tf.constant(1.0))) * owned
            count += owned
        return total / count
