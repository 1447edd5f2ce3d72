"""Features of images: a small convolutional network that is trained on the real ones.

It is a classifier if images have labels, else an autoencoder; features are the layer before its head. A network that is
trained on the data at hand needs no download, and its features are about what matters in these images.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from synthdata.progress import Listener, Progress, silent

__all__ = ["ImageFeatures"]

BATCH = 128
FEWEST_STEPS, MOST_STEPS = 150, 800
WIDTH = 64  # of the features
SMALL = 8  # height and width of what the autoencoder reconstructs
CHUNK = 1024
SHIFT = 0.07  # of the size, by which training images are shifted


@dataclass(frozen=True)
class ImageFeatures:
    """A network from images (n, height, width, channels) uint8 to features (n, 64) float32. classes: of labels."""

    network: keras.Model
    classes: int

    @classmethod
    def fit(
        cls,
        images: np.ndarray,
        labels: np.ndarray | None,
        classes: int,
        *,
        seed: int = 0,
        listener: Listener = silent,
    ) -> ImageFeatures:
        """Train on images (n, height, width, channels) uint8 and labels (n,) in [0, classes); None for no labels."""
        keras.utils.set_random_seed(seed)
        network = _network(images.shape[1:], classes if labels is not None else 0)
        steps = -(-len(images) // BATCH)  # an epoch
        epochs = -(-int(np.clip(len(images) / 8, FEWEST_STEPS, MOST_STEPS)) // steps)
        rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * steps)
        loss = "sparse_categorical_crossentropy" if labels is not None else "mse"
        heads = {"features": None, "head": loss}
        network.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3), loss=heads)
        target = labels if labels is not None else _small(images)
        reporting = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: listener(
                Progress("evaluate", (epoch + 1) / epochs, detail="image features")
            )
        )
        network.fit(images, {"head": target}, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[reporting])
        return cls(network, classes if labels is not None else 0)

    def predict(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (n, 64), and probabilities of labels (n, classes) or the reconstruction."""
        parts = [self.network.predict_on_batch(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)]
        return np.concatenate([part["features"] for part in parts]), np.concatenate([part["head"] for part in parts])


def _network(shape: tuple[int, ...], classes: int) -> keras.Model:
    layers = keras.layers
    pictures = keras.Input(shape, dtype="uint8")
    x = layers.Rescaling(1 / 127.5, -1)(layers.Lambda(_as_float, output_shape=shape)(pictures))
    x = layers.RandomTranslation(SHIFT, SHIFT, fill_mode="nearest")(x)
    size, width = min(shape[:2]), 24
    while size > 4:
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D(2, padding="same")(x)
        size, width = -(-size // 2), min(2 * width, 96)
    x = layers.Activation("relu")(layers.Conv2D(width, 3, padding="same")(x))
    features = layers.Dense(WIDTH, name="features")(layers.Flatten()(x))
    if classes:
        head = layers.Dense(classes, activation="softmax", name="head")(layers.Activation("relu")(features))
    else:
        head = layers.Dense(SMALL * SMALL * shape[2], name="head")(features)
    return keras.Model(pictures, {"features": features, "head": head})


def _as_float(pictures: keras.KerasTensor) -> keras.KerasTensor:
    return keras.ops.cast(pictures, "float32")


def _small(images: np.ndarray) -> np.ndarray:
    """The autoencoder's target: images averaged down to 8 x 8, in [-1, 1], flat."""
    height, width = images.shape[1:3]
    rows, columns = (np.linspace(0, side, SMALL + 1).astype(int)[:-1] for side in (height, width))
    sums = np.add.reduceat(np.add.reduceat(images.astype(np.float32), rows, axis=1), columns, axis=2)
    area = np.diff(np.append(rows, height))[:, None] * np.diff(np.append(columns, width))[None, :]
    small: np.ndarray = (sums / area[None, :, :, None] / 127.5 - 1).reshape(len(images), -1)
    return small
