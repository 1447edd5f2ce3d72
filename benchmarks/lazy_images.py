"""How much memory it takes to read, infer, check and encode many image files that are given as paths.

usage: python benchmarks/lazy_images.py IMAGES.npz FOLDER [--rows 100000]

IMAGES.npz holds `images` and `labels` as for `images.py`; they are written to FOLDER/<label>/ again and again, if it is
not there. Prints the highest memory of the process after each step.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from synthdata.fields.image.pictures import png
from synthdata.io.readers import read_table
from synthdata.schema import infer
from synthdata.validation import check


def write(source: Path, folder: Path, rows: int) -> None:
    data = np.load(source)
    images = data["images"] if data["images"].ndim == 4 else data["images"][..., None]
    for label in np.unique(data["labels"]):
        (folder / str(label)).mkdir(parents=True)
    for row in range(rows):
        place, again = row % len(images), row // len(images)
        (folder / str(data["labels"][place]) / f"{row:06}.png").write_bytes(png(np.roll(images[place], again, axis=1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    if not options.folder.exists():
        write(options.images, options.folder, options.rows)
        print("files written; run again to measure without what writing them took")
        return
    began = time.perf_counter()

    def tell(step: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{step}: {time.perf_counter() - began:.0f} s, highest memory {peak:.0f} MB", flush=True)

    tell("imported")
    frame = read_table(options.folder)
    tell(f"{len(frame):,} paths read")
    schema, _ = infer(frame)
    tell("schema inferred")
    verdict = check(frame, schema)
    assert verdict.passed, verdict
    tell("gate passed")
    read = schema.read(frame)
    codec = schema.fields["image"].fit(read["image"], "image", np.random.default_rng(0))
    arrays = codec.encode(read["image"])
    tell(f"encoded into {arrays['image'].nbytes / 2**20:.0f} MB")


if __name__ == "__main__":
    main()
