"""What the loop is given: how long and how fast (`Plan`), what the caller may say (`Run`), what is trained (`Task`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from synthdata.models.training.batches import MOST_VALIDATION
from synthdata.progress import Listener, silent
from synthdata.subjects import Subjects

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = ["Plan", "Run", "Task"]

WORTH_COMPILING = 2000  # steps; in fewer, XLA takes longer to compile than it saves
FEWEST_VALIDATED, MOST_SHARE = 40, 0.2  # subjects to validate on, in a table that can spare so many


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train: fixed before the first step."""

    steps_per_epoch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    optimizer: Literal["muon", "adam", "game"] = "muon"
    average: float = 0.995  # of the weights: share that stays in a step
    jit: bool = True  # whether XLA suits the network; its convolutions on CPUs are slower than TensorFlow's own

    @property
    def steps(self) -> int:
        """The most steps."""
        return self.steps_per_epoch * self.epochs

    @property
    def compiled(self) -> bool:
        """Whether XLA compiles the steps: where it suits the network, and there are enough of them to be worth it."""
        return self.jit and self.steps >= WORTH_COMPILING


@dataclass(frozen=True)
class Run:
    """What a caller may say about one run of training.

    minutes: time budget, None for none. checkpoint: a file to keep the state in, None for none. resume: go on from it.
    callbacks: Keras callbacks; `model.stop_training` is honoured. subjects: whose each row is; None where each row is
    its own subject.
    """

    seed: int = 0
    minutes: float | None = None
    checkpoint: Path | None = None
    resume: bool = False
    listener: Listener = silent
    callbacks: Sequence[keras.callbacks.Callback] = field(default=())
    subjects: Subjects | None = None

    def aside(self, rows: int, validation: float) -> np.ndarray | None:
        """Which rows to validate on, (rows,) bool, so that no subject has some to train on; None for any of them."""
        if self.subjects is None or self.subjects.numbers is None:
            return None
        few = min(MOST_SHARE, FEWEST_VALIDATED / self.subjects.people)  # fewer would say little of others
        share = min(max(validation, few), MOST_VALIDATION / rows)
        return self.subjects.divided(share, np.random.default_rng([self.seed, 1]))

    def done(self) -> None:
        """Drop the checkpoint: nothing is left to go on with."""
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)


class Task(Protocol):
    """What is trained."""

    model: keras.Model
    fingerprint: str  # of settings and rows: a checkpoint is gone on from only where it is the same

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """The batch of a step, always of the same shapes: a function of the seed, the step, and how much is done.

        done: share of the schedule, in [0, 1), which a time budget may have shortened.
        """
        ...

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss over a batch, and what to descend along for each variable; compiled."""
        ...

    def validate(self) -> float:
        """The validation loss of the model's present weights."""
        ...
