"""How near generated images are to real ones in what a network of random weights sees of them, in numpy.

What a training is stopped by whose losses say nothing of quality. Random convolutional features order generators much
as trained ones do, need no labels, and are the same for every training (Naeem et al. 2020, arXiv:2002.09797, section
4.2). What is told of an image counts as features of it: the joint distance of DeVries et al. 2019 (arXiv:1907.08175).
"""

from __future__ import annotations

import numpy as np

from synthdata.distances import frechet_distance, residual_variance
from synthdata.models.samplers.conv import encode_images
from synthdata.models.samplers.resolutions import Canvas, encoder_shapes, start_of

__all__ = ["ImageQuality"]

FEATURES = 64
WIDTH = 16
TINY = 1e-3


class ImageQuality:
    """Compares images, of which `told` (n, told) is told, with real ones."""

    def __init__(self, canvas: Canvas, images: np.ndarray, told: np.ndarray) -> None:
        self.canvas, self.told = Canvas(canvas.block, WIDTH, 1), told
        rng = np.random.default_rng(0)
        shapes = encoder_shapes(self.canvas, 0, FEATURES)
        self.weights = {name: start_of(name, shape, rng).astype(np.float32) for name, shape in shapes.items()}
        seen = self._seen(images)
        self.mean, self.scale = seen.mean(axis=0), seen.std(axis=0) + TINY
        self.told_scale = told.std(axis=0) + TINY
        self.real = (seen - self.mean) / self.scale

    def distance(self, images: np.ndarray, told: np.ndarray) -> float:
        """Joint Fréchet distance of images and what is told of them from the real ones, per feature."""
        made = (self._seen(images) - self.mean) / self.scale
        sides = [
            np.hstack([seen, features / self.told_scale]) for seen, features in ((self.real, self.told), (made, told))
        ]
        return frechet_distance(*sides) / sides[0].shape[1]

    def spread(self, images: np.ndarray, told: np.ndarray) -> float:
        """Variance of images beyond what is told of them, in that of the real ones."""
        made = (self._seen(images) - self.mean) / self.scale
        return residual_variance(made, told) / max(residual_variance(self.real, self.told), TINY)

    def _seen(self, images: np.ndarray) -> np.ndarray:
        return encode_images(self.canvas, self.weights, images, np.zeros((len(images), 0), np.float32))
