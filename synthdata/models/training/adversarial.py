"""Adversarial training: losses of critic and generator, gradient penalties, and the gradients of several losses.

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

STEPS = 250  # training steps per round; quality is measured after each round


def losses(real: tf.Tensor, generated: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Relativistic losses of critic and generator, scalars, from the critic's scores of pairs, (n,) each."""
    margin = real - generated
    return tf.reduce_mean(tf.nn.softplus(-margin)), tf.reduce_mean(tf.nn.softplus(margin))


def squared_gradient(critic: Callable[[tf.Tensor], tf.Tensor], rows: tf.Tensor) -> tf.Tensor:
    """Squared gradients of the critic's scores with respect to `rows` (n, ...), same shape: for R1 and R2."""
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
    """Gradients of each player's loss with respect to its own variables, in the order of `variables`.

    players: pairs of a loss and the variables that minimise it. tape: a persistent one. most_norm: maximum global norm
    to which each player's gradients are clipped; None for no clipping.
    """
    found: dict[int, tf.Tensor] = {}
    for loss, own in players:
        gradients = tape.gradient(loss, own, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        if most_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, most_norm)
        found |= {id(variable): gradient for variable, gradient in zip(own, gradients, strict=True)}
    return [found[id(variable)] for variable in variables]


class AdversarialTask(Task):
    """A task whose losses do not indicate quality, which is measured on generated rows after each round instead.

    Subclasses implement `batch`, `gradients` (using `losses`, `squared_gradient` and `descend`), `export`, `quality`.
    """

    @abstractmethod
    def export(self) -> Mapping[str, np.ndarray]:
        """The generator's weights, by name, for its numpy sampler."""

    @abstractmethod
    def quality(self, weights: Mapping[str, np.ndarray]) -> float:
        """Distance of rows generated with these weights from real ones; lower is better."""

    def validate(self) -> float:
        """The quality of the current weights; NaN if they diverged."""
        weights = self.export()
        if not all(np.isfinite(weight).all() for weight in weights.values()):
            return float("nan")
        return self.quality(weights)
