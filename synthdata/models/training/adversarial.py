"""Adversarial training: losses of critic and generator, gradient penalties, and the gradients of several losses.

Real and generated rows are compared in pairs, with gradient penalties on both: R3GAN, Huang et al. 2024
(arXiv:2501.05441, eq. 2, R1 and R2 of section 2.2).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from synthdata.models.training.task import Task

__all__ = ["STEPS", "AdversarialTask", "descend", "in_order", "losses", "squared_gradient", "turned"]

STEPS = 250  # training steps per round; quality is measured after each round
MOST_MARGIN = 30.0  # of scores; beyond it the critic's loss has no gradient left in float32


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


def turned(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """What makes gradients of the critic's loss those of the generator's, (n,), from the critic's scores of pairs.

    It is the quotient of the derivatives of the two `losses` with respect to the scores of generated rows. A critic
    scores each row alone, so gradients with respect to a generated row are proportional to that of its score, and
    the critic need not be differentiated for the generator once more.
    """
    return -tf.exp(tf.minimum(real - generated, MOST_MARGIN))


def descend(
    tape: tf.GradientTape,
    players: Sequence[tuple[tf.Tensor, Sequence[tf.Tensor]]],
    variables: Sequence[tf.Tensor],
) -> list[tf.Tensor]:
    """Gradients of each player's loss with respect to its own variables, in the order of `variables`.

    players: pairs of a loss and the variables that minimise it. tape: a persistent one.
    """
    zero = tf.UnconnectedGradients.ZERO
    return in_order(((tape.gradient(loss, own, unconnected_gradients=zero), own) for loss, own in players), variables)


def in_order(
    players: Iterable[tuple[Sequence[tf.Tensor], Sequence[tf.Tensor]]],
    variables: Sequence[tf.Tensor],
    *,
    most_norm: float | None = None,
) -> list[tf.Tensor]:
    """Gradients of several players, each with its own variables, in the order of `variables`.

    most_norm: maximum global norm to which each player's gradients are clipped; None for no clipping.
    """
    found: dict[int, tf.Tensor] = {}
    for gradients, own in players:
        clipped = gradients if most_norm is None else tf.clip_by_global_norm(gradients, most_norm)[0]
        found |= {id(variable): gradient for variable, gradient in zip(own, clipped, strict=True)}
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
