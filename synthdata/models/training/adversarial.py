"""Adversarial training: losses of critic and generator, gradient penalties, and whose variables follow which loss.

Real and generated rows are compared in pairs, with gradient penalties on both: R3GAN, Huang et al. 2024
(arXiv:2501.05441, eq. 2, R1 and R2 of section 2.2).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from synthdata.models.training.task import Task

__all__ = ["STEPS", "AdversarialTask", "descend", "losses", "squared_gradient"]

STEPS = 250  # of a round, after which quality is measured


def losses(real: tf.Tensor, generated: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Relativistic losses of critic and generator by the critic's scores of pairs, (n,) each."""
    margin = real - generated
    return tf.reduce_mean(tf.nn.softplus(-margin)), tf.reduce_mean(tf.nn.softplus(margin))


def squared_gradient(critic: Callable[[tf.Tensor], tf.Tensor], rows: tf.Tensor) -> tf.Tensor:
    """Squares of the critic's gradients at rows (n, ...): summed over a row, what R1 and R2 penalise."""
    with tf.GradientTape() as tape:
        tape.watch(rows)
        total = tf.reduce_sum(critic(rows))
    gradient = tape.gradient(total, rows)
    return gradient * gradient


def descend(
    tape: tf.GradientTape,
    players: Sequence[tuple[tf.Tensor, Sequence[tf.Tensor]]],
    variables: Sequence[tf.Tensor],
    *,
    most_norm: float | None = None,
) -> list[tf.Tensor]:
    """Gradients of each player's loss along its own variables, in the order of `variables`.

    players: losses and the variables that follow them. tape: persistent. most_norm: each player's gradients are clipped
    to this norm.
    """
    found: dict[int, tf.Tensor] = {}
    for loss, own in players:
        gradients = tape.gradient(loss, own, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        if most_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, most_norm)
        found |= {id(variable): gradient for variable, gradient in zip(own, gradients, strict=True)}
    return [found[id(variable)] for variable in variables]


class AdversarialTask(Task):
    """A training whose losses say nothing of quality: each round ends with a measurement of generated rows.

    What to implement: `batch`, `gradients` (by `losses`, `squared_gradient` and `descend`), `export`, `quality`.
    """

    @abstractmethod
    def export(self) -> Mapping[str, np.ndarray]:
        """The weights of the generator as its sampler takes them."""

    @abstractmethod
    def quality(self, weights: Mapping[str, np.ndarray]) -> float:
        """How far rows that these weights generate are from real ones; lower is better."""

    def validate(self) -> float:
        """The quality of the present weights; not a number if they diverged."""
        weights = self.export()
        if not all(np.isfinite(weight).all() for weight in weights.values()):
            return float("nan")
        return self.quality(weights)
