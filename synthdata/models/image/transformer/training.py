"""Training an image's codes, then a Transformer over them: two tasks of the same loop, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels
from synthdata.models.image.diff_augment import augmented
from synthdata.models.image.transformer.grid import CodeGrid
from synthdata.models.image.transformer.network import CodeTransformer
from synthdata.models.image.transformer.tokenizer import ImageCodes
from synthdata.models.layers.conv import as_numbers
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import descent, fingerprint_of, train
from synthdata.models.training.plan import Plan, Run
from synthdata.models.training.two_stage import first_stage, join_histories, second_stage

__all__ = ["Hyperparameters", "train_image_transformer"]

VALIDATION_BATCH = 200
CODES_SHARE = 0.4  # of the time budget, for the codes
NO_CUT = -1000  # a place no cut reaches the image from


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    levels: tuple[int, ...]
    canvas_width: int
    blocks: int
    codes_epochs: int
    codes_learning_rate: float
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
    hidden: float
    moves: int
    temperature: float
    validation: float


def train_image_transformer(
    grid: CodeGrid, images: np.ndarray, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on images uint8 and what is told of them (n, told); return weights and one row of figures an epoch."""
    aside = run.aside(len(images), chosen.validation)
    batches = Batches(len(images), batch=chosen.batch, validation=chosen.validation, seed=run.seed, aside=aside)
    first = first_stage(run, CODES_SHARE, "codes")
    codes = ImageCodes(grid, run.seed)
    history = train(_CodesTask(codes, images, batches, chosen), _codes_plan(batches, chosen), first)
    model = CodeTransformer(
        grid,
        told=told.shape[1],
        width=chosen.width,
        layers=chosen.layers,
        heads=chosen.heads,
        wide=chosen.widen * chosen.width,
        moves=(2 * chosen.moves + 1) ** 2,
        seed=run.seed,
    )
    second = second_stage(run, CODES_SHARE, history)
    rows = train(_TransformerTask(model, codes, images, told, batches, chosen), _plan(batches, chosen), second)
    first.done()
    second.done()
    weights = {f"decode_{name}": weight for name, weight in codes.export().items()}
    weights |= {f"draw_{name}": weight for name, weight in model.export().items()}
    return weights, join_histories(history, rows)


def _codes_plan(batches: Batches, chosen: Hyperparameters) -> Plan:
    return Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.codes_epochs,
        patience=chosen.codes_epochs,
        learning_rate=chosen.codes_learning_rate,
        weight_decay=0.0,
        optimizer="adam",
        average=chosen.average,
        jit=False,
    )


def _plan(batches: Batches, chosen: Hyperparameters) -> Plan:
    return Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
        average=chosen.average,
        jit=False,
    )


class _CodesTask:
    """Images, and nothing else.

    The loss is the error of an image and what its codes cost without knowing anything, so that it is above that of the
    second task at all times.
    """

    def __init__(self, model: ImageCodes, images: np.ndarray, batches: Batches, chosen: Hyperparameters) -> None:
        self.model, self.images, self.batches = model, images, batches
        self.fingerprint = fingerprint_of(chosen, images)
        block = model.grid.block
        self.numbers = block.height * block.width * block.channels
        self.cost = model.grid.length * float(np.log(model.grid.codes))
        self._evaluate = tf.function(model.call)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Images."""
        return (self.images[self.batches.of_step(step)],)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss of a batch and the gradients of a pixel's error."""
        value, gradients = descent(self.model, variables, batch)
        return self.cost + self.numbers * value, gradients

    def validate(self) -> float:
        """Mean loss of the validation images."""
        parts = self.batches.to_validate(VALIDATION_BATCH)
        errors = [float(self._evaluate(tf.constant(self.images[rows]))) for rows in parts]
        return self.cost + self.numbers * float(np.mean(errors))


class _TransformerTask:
    """Images moved a little, which of their codes are shown, and what is told of them."""

    def __init__(
        self,
        model: CodeTransformer,
        codes: ImageCodes,
        images: np.ndarray,
        told: np.ndarray,
        batches: Batches,
        chosen: Hyperparameters,
    ) -> None:
        self.model, self.images, self.told, self.batches, self.chosen = model, images, told, batches, chosen
        self.fingerprint = fingerprint_of(chosen, images) + fingerprint_of(chosen, told)
        self._encode = tf.function(lambda images, changes: codes.encode(augmented(as_numbers(images), changes)))
        self._evaluate = tf.function(model.surprise)
        self._moves = _moves(model.grid.block, chosen.moves)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Codes (batch, length), which are shown (batch, length), what is told (batch, told), moves (batch,)."""
        rng, rows = self.batches.rng(step), self.batches.of_step(step)
        move = rng.integers(0, len(self._moves), len(rows)).astype(np.int32)
        return self._of(rows, move, rng.random((len(rows), self.model.grid.length)) >= self.chosen.hidden)

    def _of(self, rows: np.ndarray, move: np.ndarray, shown: np.ndarray) -> tuple[np.ndarray, ...]:
        changes = np.hstack([self._moves[move], np.full((len(rows), 2), NO_CUT, np.int32)])
        codes = self._encode(tf.constant(self.images[rows]), tf.constant(changes)).numpy()
        return codes, shown.astype(np.float32), self.told[rows], move

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean surprise of the codes of an image in a batch, and the gradients of that of a code."""
        value, gradients = descent(self.model.surprise, variables, batch)
        return value * self.model.grid.length, gradients

    def validate(self) -> float:
        """Mean surprise of the codes of a validation image that was not moved, in nats."""
        surprises = []
        for rows in self.batches.to_validate(VALIDATION_BATCH):
            move, shown = np.zeros(len(rows), np.int32), np.ones((len(rows), self.model.grid.length))
            surprises.append(float(self._evaluate(*map(tf.constant, self._of(rows, move, shown)))))
        return float(np.mean(surprises)) * self.model.grid.length


def _moves(block: Pixels, most: int) -> np.ndarray:
    """Pixels to move an image by, down and right, the first not at all: (moves, 2) int32."""
    by = range(-most, most + 1)
    return np.array(sorted(((i, j) for i in by for j in by), key=lambda move: abs(move[0]) + abs(move[1])), np.int32)
