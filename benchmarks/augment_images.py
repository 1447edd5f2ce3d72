"""Whether it helps a classifier of few real images to add generated ones.

usage: python benchmarks/augment_images.py IMAGES.npz -o OUT [--real 500] [--made 8000] [--model gan]

IMAGES.npz holds `images` (n, height, width) or (n, height, width, channels) uint8 and `labels` (n,). A generator learns
the first `--real`, draws `--made`; a small Keras network learns the real ones, with and without them and with and
without plain geometric augmentation (moved, turned, scaled), always for as many steps, and is tested on the last
`--holdout`. Generated images are put beside the real ones, or make half of each batch. `--model` may be repeated; all
families if not given; `transforms` is none, but changed copies of the real ones, made once, by the same augmentation.
Writes OUT/results.md, and what was drawn to OUT/<family>.npz, which is taken again if it is there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from synthdata import Schema, Synthesizer, transform
from synthdata.augmentations.images import image_layers
from synthdata.fields.image.pictures import png
from synthdata.fields.transforms import ImageTransforms

STEPS, BATCH = 1500, 64
FAMILIES = ("gan", "vae", "transformer", "transforms")
GEOMETRIC = ImageTransforms(translation=0.1, rotation=0.04, zoom=0.1)
Labelled = tuple[np.ndarray, np.ndarray]  # images uint8 and what they show


def made_by(family: str, images: np.ndarray, labels: np.ndarray, rows: int, place: Path) -> tuple[np.ndarray, ...]:
    """Images and labels drawn by a generator of these; kept at `place`."""
    if not place.exists():
        frame = pd.DataFrame({"image": [png(image) for image in images], "label": labels.astype(str)})
        frame["label"] = frame["label"].astype("category")
        schema = Schema.infer(frame, "few").model_copy(update={"target": "label"})
        began = time.perf_counter()
        if family == "transforms":
            image = schema.fields["image"].model_copy(update={"transforms": GEOMETRIC})
            drawn = transform(frame, schema.model_copy(update={"fields": {**schema.fields, "image": image}}), rows=rows)
            seconds = time.perf_counter() - began
        else:
            synthesizer = Synthesizer.fit(frame, schema, model=family)
            seconds = time.perf_counter() - began
            drawn = synthesizer.sample(rows)
        pixels = schema.fields["image"].array(drawn["image"])
        np.savez_compressed(place, images=pixels, labels=drawn["label"].astype(int).to_numpy(), seconds=seconds)
    found = np.load(place)
    return found["images"], found["labels"], found["seconds"]


def accuracy(parts: list[Labelled], holdout: Labelled, geometric: bool, seed: int) -> float:
    """Of a small network on held-out images; each part is as much of a batch, for a fixed number of steps."""
    keras.utils.set_random_seed(seed)
    images, labels = parts[0]
    layers = keras.layers
    moved = image_layers(GEOMETRIC, np.random.SeedSequence(seed)) if geometric else []
    network = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            *moved,
            layers.Rescaling(1 / 255),
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
    each = [tf.data.Dataset.from_tensor_slices(part).shuffle(len(part[0]), seed=seed).repeat() for part in parts]
    rows = tf.data.Dataset.sample_from_datasets(each, seed=seed) if len(each) > 1 else each[0]
    network.fit(rows.batch(BATCH), steps_per_epoch=STEPS, epochs=1, shuffle=False, verbose=0)
    return float(network.evaluate(*holdout, batch_size=500, verbose=0)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--real", type=int, default=500)
    parser.add_argument("--made", type=int, default=8000)
    parser.add_argument("--holdout", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", action="append", choices=FAMILIES)
    options = parser.parse_args()
    data = np.load(options.images)
    images = data["images"] if data["images"].ndim == 4 else data["images"][..., None]
    labels = data["labels"].astype(int)
    few, known = images[: options.real], labels[: options.real]
    holdout = images[-options.holdout :], labels[-options.holdout :]
    options.output.mkdir(parents=True, exist_ok=True)
    arms: list[tuple[str, float | None, list[Labelled]]] = [(f"{len(few)} real", None, [(few, known)])]
    lines = ["| learned from | generator_s | accuracy | with geometric augmentation |", "|---|---|---|---|"]
    for family in ("", *(options.model or FAMILIES)):
        if family:
            drawn, told, seconds = made_by(family, few, known, options.made, options.output / f"{family}.npz")
            both, name = (np.concatenate([few, drawn]), np.concatenate([known, told])), f"{len(few)} real, {len(drawn)}"
            arms.append((f"{name} of the {family}", float(seconds), [both]))
            arms.append((f"{name} of the {family}, half and half", float(seconds), [(few, known), (drawn, told)]))
        for name, seconds, parts in arms:
            cells = []
            for geometric in (False, True):
                found = [100 * accuracy(parts, holdout, geometric, seed) for seed in range(options.seeds)]
                print(name, geometric, np.round(found, 2), flush=True)
                cells.append(f"{np.mean(found):.2f} ± {np.std(found, ddof=1):.2f}")
            lines.append(f"| {name} | {'' if seconds is None else f'{seconds:.0f}'} | {' | '.join(cells)} |")
            (options.output / "results.md").write_text("\n".join(lines) + "\n")
        arms = []


if __name__ == "__main__":
    main()
