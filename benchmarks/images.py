"""Learn labelled images by each family, draw as many, and score them with the project's own report.

usage: python benchmarks/images.py IMAGES.npz -o OUT [--train 8000] [--model gan] [--minutes 15]

IMAGES.npz holds `images` (n, height, width) or (n, height, width, channels) uint8 and `labels` (n,). The first
`--train` are learned, the rest is held out. `--minutes` limits each training. `--model` may be repeated; all families
if not given. Writes OUT/results.md, OUT/<family>.png (a contact sheet, a row a label), OUT/<family>/report.html.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata import Schema, Synthesizer, evaluate, write_report
from synthdata.fields.image.pictures import png

SCORES = (
    "image_tstr",
    "image_agreement",
    "image_frechet",
    "image_recall",
    "image_precision",
    "image_dcr_share",
    "copies",
)


def one(
    family: str, train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, out: Path, minutes: float | None
) -> dict[str, str]:
    began = time.perf_counter()
    synthesizer = Synthesizer.fit(train, schema, model=family, max_minutes=minutes, listener=lambda progress: None)
    trained = time.perf_counter()
    synthesizer.save(out / f"{family}.model", force=True)
    start = time.perf_counter()
    drawn = Synthesizer.load(out / f"{family}.model").sample(len(train))
    sampled = time.perf_counter() - start
    report = evaluate(train, drawn, holdout, schema)
    write_report(report, out / family, force=True)
    sheet = next(sheet for sheet in report.sheets if sheet.title.endswith("synthetic"))
    (out / f"{family}.png").write_bytes(png(np.kron(sheet.pixels, np.ones((2, 2, 1), np.uint8))))
    row = {"family": family, "train_s": f"{trained - began:.0f}", "images_per_s": f"{len(train) / sampled:.0f}"}
    for name in SCORES:
        score = report.score(name)
        row[name] = f"{score.value:.4f}" + ("" if score.ceiling is None else f" ({score.ceiling:.4f})")
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--train", type=int, default=8000)
    parser.add_argument("--minutes", type=float, help="of each training, at most")
    parser.add_argument("--model", action="append", choices=("gan", "vae", "transformer"))
    options = parser.parse_args()
    data = np.load(options.images)
    images = data["images"] if data["images"].ndim == 4 else data["images"][..., None]
    frame = pd.DataFrame({"image": [png(image) for image in images], "label": [f"{label}" for label in data["labels"]]})
    frame["label"] = frame["label"].astype("category")
    schema = Schema.infer(frame, options.images.stem).model_copy(update={"target": "label"})
    train, holdout = frame[: options.train], frame[options.train :].reset_index(drop=True)
    options.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for family in options.model or ("gan", "vae", "transformer"):
        rows.append(one(family, train, holdout, schema, options.output, options.minutes))
        lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
        (options.output / "results.md").write_text("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
        print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
