"""Training a `Pretrained` further: its batches and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from synthdata.fields.text.presets import Preset
from synthdata.models.text.packing import Packs, pack
from synthdata.models.text.pretrained.network import Pretrained, load_backbone
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import descent, fingerprint_of, train
from synthdata.models.training.plan import Plan, Run

__all__ = ["Hyperparameters", "Sizes", "train_pretrained"]

READ = 1  # any token that is none of the end; what is told stands in its place


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings."""

    preset: str
    rank: int
    prefix: int
    batch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    average: float
    validation: float


@dataclass(frozen=True)
class Sizes:
    """Of the preset's network."""

    layers: int
    heads: int
    width: int
    wide: int


def train_pretrained(
    tokens: np.ndarray, preset: Preset, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[Sizes, dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on tokens (n, length) and what is told of them (n, told); return weights and rows of figures by epoch."""
    read = np.full((len(tokens), chosen.prefix - 1), READ, tokens.dtype)
    packs = pack(np.hstack([read, tokens]), seed=run.seed, aside=run.aside(len(tokens), chosen.validation))
    steps = packs.inputs.shape[1]
    batches = Batches(
        len(packs.inputs),
        batch=max(1, chosen.batch // steps),
        validation=chosen.validation,
        seed=run.seed,
        aside=packs.aside,
    )
    backbone = load_backbone(preset)
    model = Pretrained(backbone, preset, told=told.shape[1], prefix=chosen.prefix, rank=chosen.rank, seed=run.seed)
    plan = Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
        optimizer="adam",
        average=chosen.average,
        jit=False,  # a large network takes XLA minutes to compile
    )
    history = train(_Task(model, packs, told, batches, chosen), plan, run)
    run.done()
    sizes = Sizes(backbone.num_layers, backbone.num_heads, backbone.hidden_dim, backbone.intermediate_dim)
    return sizes, model.export(tokens.shape[1]), history


class _Task:
    """Rows of packed texts, and what is told of them."""

    def __init__(
        self, model: Pretrained, packs: Packs, told: np.ndarray, batches: Batches, chosen: Hyperparameters
    ) -> None:
        self.model, self.packs, self.batches = model, packs, batches
        self.told = np.concatenate([told, np.zeros((1, told.shape[1]), np.float32)])  # the last for no text
        self.fingerprint = fingerprint_of(chosen, packs.targets) + fingerprint_of(chosen, told)
        self._evaluate = tf.function(model.surprise)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """What `Pretrained.surprise` takes."""
        return self._of(self.batches.of_step(step))

    def _of(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        packs = self.packs
        told = self.told[packs.texts[rows]]
        return packs.targets[rows], packs.inputs[rows], packs.owners[rows], packs.places[rows], told

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean surprise of a token in a batch, and its gradients."""
        value, gradients = descent(self.model.surprise, variables, batch)
        return value, gradients

    def validate(self) -> float:
        """Mean surprise of a token of the validation texts, in nats."""
        total, count = 0.0, 0
        for rows in self.batches.to_validate(self.batches.size):
            packs = self.packs
            drawn = int(((packs.owners[rows] >= 0) & (packs.places[rows] >= self.model.prefix - 1)).sum())
            total += float(self._evaluate(*map(tf.constant, self._of(rows)))) * drawn
            count += drawn
        return total / count
