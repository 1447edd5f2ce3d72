"""The arguments of training: its schedule and optimizer (`Plan`), and the options of one run (`Run`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from synthdata.models.training.batches import MOST_VALIDATION
from synthdata.progress import Listener, silent
from synthdata.subjects import Subjects

if TYPE_CHECKING:
    import keras

__all__ = ["Plan", "Run"]

COMPILED_MINUTES = 0.5  # a time budget below leaves no time to compile
FEWEST_VALIDATED, MOST_SHARE = 40, 0.2  # validation subjects, unless these exceed this share of all


@dataclass(frozen=True)
class Plan:
    """Schedule and optimizer, fixed before the first step."""

    steps_per_epoch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    optimizer: Literal["muon", "adam", "adversarial"] = "muon"
    ema_decay: float = 0.995  # per step, of the moving average of weights, which is validated and kept
    xla_from: int | None = 400  # steps from which XLA saves more time than it takes to compile; None if it never does

    @property
    def steps(self) -> int:
        """Maximum number of steps."""
        return self.steps_per_epoch * self.epochs

    def compiled(self, minutes: float | None) -> bool:
        """Whether to compile with XLA: if it suits the network, and there are enough steps and minutes."""
        short = minutes is not None and minutes < COMPILED_MINUTES
        return self.xla_from is not None and self.steps >= self.xla_from and not short


@dataclass(frozen=True)
class Run:
    """The caller's options for one run of training.

    minutes: time budget, None for none. checkpoint: file to save the state to, None for none. resume: continue from the
    checkpoint. callbacks: Keras callbacks; `model.stop_training` is honoured. subjects: the subject of each row; None
    if each row is its own subject. generator: the family that trains, noted in checkpoints.
    """

    seed: int = 0
    minutes: float | None = None
    checkpoint: Path | None = None
    resume: bool = False
    listener: Listener = silent
    callbacks: Sequence[keras.callbacks.Callback] = field(default=())
    subjects: Subjects | None = None
    generator: str = ""

    def validation_mask(self, rows: int, validation: float) -> np.ndarray | None:
        """Validation rows, (rows,) bool, chosen so that no subject has rows on both sides; None for a split by rows."""
        if self.subjects is None or self.subjects.numbers is None:
            return None
        few = min(MOST_SHARE, FEWEST_VALIDATED / self.subjects.people)  # fewer would not be representative
        share = min(max(validation, few), MOST_VALIDATION / rows)
        return self.subjects.divided(share, np.random.default_rng([self.seed, 1]))

    def delete_checkpoint(self) -> None:
        """Delete the checkpoint, once training is complete."""
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)

    def delete_checkpoints(self) -> None:
        """Delete the checkpoint, and those beside it of image and text fields and of first stages."""
        self.delete_checkpoint()
        if self.checkpoint is not None and self.checkpoint.parent.is_dir():
            beside = re.compile(re.escape(self.checkpoint.name) + r"\.(\d+(\.[a-z]+)?|part)")
            for path in self.checkpoint.parent.iterdir():
                if beside.fullmatch(path.name):
                    path.unlink(missing_ok=True)
