"""Training a `TextTransformer`: its batches and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from synthdata.models.text.packing import Packs, pack
from synthdata.models.text.transformer.network import TextTransformer
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import descent, fingerprint_of, train
from synthdata.models.training.plan import Plan, Run

__all__ = ["Hyperparameters", "train_text_transformer"]

VALIDATION_STEPS = 8192  # of the rows that are validated at once


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    width: int
    layers: int
    heads: int
    widen: int
    batch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    average: float
    dropout: float
    hidden: float
    untold: float
    guidance: float
    temperature: float
    top_p: float
    validation: float


def train_text_transformer(
    tokens: np.ndarray, vocabulary: int, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on tokens (n, length) and what is told of them (n, told); return weights and rows of figures by epoch."""
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
    model = TextTransformer(
        frequencies=np.bincount(drawn, minlength=vocabulary),
        steps=steps,
        told=told.shape[1],
        width=chosen.width,
        layers=chosen.layers,
        heads=chosen.heads,
        wide=chosen.widen * chosen.width,
        dropout=chosen.dropout,
        seed=run.seed,
    )
    plan = Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
        average=chosen.average,
    )
    history = train(_Task(model, packs, told, batches, chosen, plan.compiled), plan, run)
    run.done()
    return model.export(), history


class _Task:
    """Rows of packed texts, what is told of them, and which of their tokens are shown."""

    def __init__(
        self,
        model: TextTransformer,
        packs: Packs,
        told: np.ndarray,
        batches: Batches,
        chosen: Hyperparameters,
        jit: bool,
    ) -> None:
        self.model, self.packs, self.batches, self.chosen = model, packs, batches, chosen
        self.told = np.concatenate([told, np.zeros((1, told.shape[1]), np.float32)])  # the last for no text
        self.fingerprint = fingerprint_of(chosen, packs.targets) + fingerprint_of(chosen, told)
        self._evaluate = tf.function(model.surprise, jit_compile=jit)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """What `TextTransformer.surprise` takes."""
        rng, rows = self.batches.rng(step), self.batches.of_step(step)
        shown = rng.random(self.packs.inputs[rows].shape) >= self.chosen.hidden
        told = rng.random(self.packs.texts[rows].shape) >= self.chosen.untold
        return (*self._of(rows, shown, told), rng.integers(0, 2**31 - 1, 2, dtype=np.int32))

    def _of(self, rows: np.ndarray, shown: np.ndarray, is_told: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        packs = self.packs
        told = self.told[packs.texts[rows]]
        if is_told is not None:
            told = told * is_told[..., None].astype(np.float32)
        return (
            packs.targets[rows],
            packs.inputs[rows],
            shown.astype(np.float32),
            packs.owners[rows],
            packs.places[rows],
            told,
        )

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean surprise of a token in a batch, and its gradients."""
        value, gradients = descent(self.model.surprise, variables, batch)
        return value, gradients

    def validate(self) -> float:
        """Mean surprise of a token of the validation texts, in nats."""
        total, count = 0.0, 0
        for rows in self.batches.to_validate(max(1, VALIDATION_STEPS // self.packs.inputs.shape[1])):
            batch = self._of(rows, np.ones(self.packs.inputs[rows].shape))
            owned = int((self.packs.owners[rows] >= 0).sum())
            total += float(self._evaluate(*map(tf.constant, batch))) * owned
            count += owned
        return total / count
