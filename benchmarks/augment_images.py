"""Whether it helps a classifier of few real images to add generated ones.

usage: python benchmarks/augment_images.py IMAGES.npz -o OUT [--real 500] [--made 8000] [--model gan]

IMAGES.npz holds `images` (n, height, width) or (n, height, width, channels) uint8 and `labels` (n,). A generator learns
the first `--real`, draws `--made`; a small Keras network learns the real ones, with and without them and with and
without plain geometric augmentation (moved, turned, scaled), always for as many steps, and is tested on the last
`--holdout`. `--model` may be repeated; all families if not given. Writes OUT/results.md, and what was drawn to
OUT/<family>.npz, which is taken again if it is there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from synthdata import Schema, Synthesizer
from synthdata.fields.pictures import png

STEPS, BATCH = 1500, 64


def made_by(family: str, images: np.ndarray, labels: np.ndarray, rows: int, place: Path) -> tuple[np.ndarray, ...]:
    """Images and labels drawn by a generator of these; kept at `place`."""
    if not place.exists():
        frame = pd.DataFrame({"image": [png(image) for image in images], "label": labels.astype(str)})
        frame["label"] = frame["label"].astype("category")
        schema = Schema.infer(frame, "few").model_copy(update={"target": "label"})
        began = time.perf_counter()
        synthesizer = Synthesizer.fit(frame, schema, model=family)
        seconds = time.perf_counter() - began
        drawn = synthesizer.sample(rows)
        pixels = schema.fields["image"].array(drawn["image"])
        np.savez_compressed(place, images=pixels, labels=drawn["label"].astype(int).to_numpy(), seconds=seconds)
    found = np.load(place)
    return found["images"], found["labels"], found["seconds"]


def accuracy(
    images: np.ndarray, labels: np.ndarray, holdout: tuple[np.ndarray, np.ndarray], geometric: bool, seed: int
) -> float:
    """Of a small network, trained on images for a fixed number of steps, on held-out ones."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    moved = (
        [layers.RandomTranslation(0.1, 0.1), layers.RandomRotation(0.04), layers.RandomZoom(0.1)] if geometric else []
    )
    network = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            layers.Rescaling(1 / 255),
            *moved,
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(int(labels.max()) + 1, activation="softmax"),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(2e-3, STEPS)
    network.compile(keras.optimizers.AdamW(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=seed).repeat().batch(BATCH)
    network.fit(rows, steps_per_epoch=STEPS, epochs=1, verbose=0)
    return float(network.evaluate(*holdout, batch_size=500, verbose=0)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--real", type=int, default=500)
    parser.add_argument("--made", type=int, default=8000)
    parser.add_argument("--holdout", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", action="append", choices=("gan", "vae", "transformer"))
    options = parser.parse_args()
    data = np.load(options.images)
    images = data["images"] if data["images"].ndim == 4 else data["images"][..., None]
    labels = data["labels"].astype(int)
    few, known = images[: options.real], labels[: options.real]
    holdout = images[-options.holdout :], labels[-options.holdout :]
    options.output.mkdir(parents=True, exist_ok=True)
    arms: dict[str, tuple[np.ndarray, ...]] = {f"{len(few)} real": (few, known, np.array(0.0))}
    lines = ["| learned from | generator_s | accuracy | with geometric augmentation |", "|---|---|---|---|"]
    for family in ("", *(options.model or ("gan", "vae", "transformer"))):
        if family:
            drawn, told, seconds = made_by(family, few, known, options.made, options.output / f"{family}.npz")
            both = np.concatenate([few, drawn]), np.concatenate([known, told]), seconds
            arms[f"{len(few)} real, {len(drawn)} of the {family}"] = both
        name, (rows, told, seconds) = list(arms.items())[-1]
        cells = []
        for geometric in (False, True):
            found = [100 * accuracy(rows, told, holdout, geometric, seed) for seed in range(options.seeds)]
            cells.append(f"{np.mean(found):.2f} ± {np.std(found, ddof=1):.2f}")
        lines.append(f"| {name} | {f'{float(seconds):.0f}' if family else ''} | {' | '.join(cells)} |")
        (options.output / "results.md").write_text("\n".join(lines) + "\n")
        print(lines[-1], flush=True)


if __name__ == "__main__":
    main()
