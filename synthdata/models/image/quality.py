"""Fréchet distance of generated and real images in features of a random network, in numpy.

The features are a random projection of the states at the lowest resolution, which tell colours and where they are, and
the spread of each channel over an image at the highest resolutions, which tells edges and textures: blurred images
differ from real ones mostly in these.

Used for early stopping of adversarial training. Random convolutional features rank generators much as trained ones do,
need no labels, and are the same in all runs (Naeem et al. 2020, arXiv:2002.09797, section 4.2). The condition is
appended to the features of its image: the joint distance of DeVries et al. 2019
(arXiv:1907.08175).
"""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Pixels
from synthdata.distances import frechet_distance, residual_variance
from synthdata.models.samplers.conv import chunks, leave, states
from synthdata.models.samplers.resolutions import Resolutions, encoder_shapes, initial_weight, patch_side

__all__ = ["ImageQuality"]

FEATURES = 64  # of the random projection
DETAILED = 3  # resolutions whose spreads count
WIDTH, PATCH = 16, 2  # of the network
TINY = 1e-3  # added to standard deviations


class ImageQuality:
    """Compares images with real ones.

    images: the real ones, (n, height, width, channels) uint8. condition: theirs, (n, features).
    """

    def __init__(self, block: Pixels, images: np.ndarray, condition: np.ndarray) -> None:
        patch = patch_side(block, PATCH)
        self.resolutions, self.condition = Resolutions.of(block, WIDTH, 1, patch), condition
        rng = np.random.default_rng(0)
        shapes = encoder_shapes(self.resolutions, 0, FEATURES)
        self.weights = {name: initial_weight(name, shape, rng).astype(np.float32) for name, shape in shapes.items()}
        features = self._features(images)
        self.mean, self.scale = features.mean(axis=0), features.std(axis=0) + TINY
        self.condition_scale = condition.std(axis=0) + TINY
        self.real = self._scaled(features)

    def distance(self, images: np.ndarray, condition: np.ndarray) -> float:
        """Joint Fréchet distance of images and their condition from the real ones, over the number of features."""
        real = np.hstack([self.real, self.condition / self.condition_scale])
        generated = np.hstack([self._scaled(self._features(images)), condition / self.condition_scale])
        return frechet_distance(real, generated) / real.shape[1]

    def diversity_ratio(self, images: np.ndarray, condition: np.ndarray) -> float:
        """Variance of images that their condition does not explain, over that of the real ones."""
        real = residual_variance(self.real, self.condition)
        return residual_variance(self._scaled(self._features(images)), condition) / max(real, TINY)

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return (features - self.mean) / self.scale

    def _features(self, images: np.ndarray) -> np.ndarray:
        parts = []
        for part in chunks(self.resolutions, len(images)):
            *high, low = states(self.resolutions, self.weights, images[part])
            spreads = [np.log(x.std(axis=(1, 2)) + TINY) for x in high[:DETAILED]]
            parts.append(np.hstack([*spreads, leave(self.weights, low)]))
        return np.concatenate(parts)
