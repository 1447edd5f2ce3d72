"""The features of published Fréchet distances: Inception v3, trained on ImageNet, with weights that the user gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from synthdata.errors import InputError
from synthdata.progress import Listener, Progress, silent

__all__ = ["SIDE", "Inception"]

SIDE = 299  # pixels that images are scaled to, as it was trained
CHUNK = 32
WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"


@dataclass(frozen=True)
class Inception:
    """Szegedy et al. 2016 (arXiv:1512.00567) without its head, averaged over positions: 2,048 features."""

    network: keras.Model

    @classmethod
    def load(cls, path: str | Path) -> Inception:
        """Read Keras' weights without the head; InputError if the file does not hold them. Nothing is downloaded."""
        path = Path(path)
        if not path.is_file():
            raise InputError(f"{path}: no such file; name the weights of Inception v3, Keras' {WEIGHTS}")
        network = keras.applications.InceptionV3(weights=None, include_top=False, pooling="avg")
        try:
            network.load_weights(str(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            first = str(error).strip().splitlines()[0]
            raise InputError(f"{path}: not the weights of Inception v3 ({first}); give Keras' {WEIGHTS}") from None
        return cls(network)

    def features(self, images: np.ndarray, listener: Listener = silent) -> np.ndarray:
        """Features of images (n, height, width, 1 or 3) uint8: (n, 2048) float32. 0.1 s an image on two cores."""
        parts = []
        for start in range(0, len(images), CHUNK):
            listener(Progress("evaluate", start / len(images), detail="Inception features"))
            resized = tf.image.resize(tf.constant(images[start : start + CHUNK]), (SIDE, SIDE), antialias=True)
            resized = tf.image.grayscale_to_rgb(resized) if images.shape[-1] == 1 else resized
            parts.append(self.network.predict_on_batch(resized / 127.5 - 1.0))
        return np.concatenate(parts)
