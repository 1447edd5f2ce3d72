"""Draw labelled pictures in colour, of any size, for `images.py`: one of six shapes each.

usage: python benchmarks/shapes.py -o SHAPES.npz [--size 64] [--rows 4000]

Place, size, turn and colours of a shape and of its background, which fades from one side to the other, are random.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

FINER = 4  # drawn larger and scaled down, so that edges are smooth
CORNERS = {"triangle": (3, 1.0), "square": (4, 1.0), "star": (10, 0.45), "cross": (8, 0.25)}


def outline(kind: str, middle: np.ndarray, radius: float, turn: float) -> list[tuple[float, float]]:
    """The corners of a shape: every second one of a star or cross is nearer to the middle."""
    count, inner = CORNERS[kind]
    angles = turn + 2 * math.pi * np.arange(count) / count
    lengths = np.where(np.arange(count) % 2, radius * inner, radius)
    points = middle + np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]
    return [(float(x), float(y)) for x, y in points]


def picture(kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
    wide = size * FINER
    one, other, front = rng.uniform(0, 255, (3, 3))
    while np.abs(front - (one + other) / 2).max() < 80:  # not as its background
        front = rng.uniform(0, 255, 3)
    place = np.linspace(0, 1, wide)[:, None, None]
    back = np.broadcast_to(one + (other - one) * place, (wide, wide, 3))
    back = np.rot90(back, rng.integers(4)).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(back))
    draw, fill = ImageDraw.Draw(image), tuple(int(value) for value in front)
    radius = wide * rng.uniform(0.18, 0.35)
    middle = rng.uniform(radius, wide - radius, 2)
    if kind in CORNERS:
        draw.polygon(outline(kind, middle, radius, rng.uniform(0, 2 * math.pi)), fill=fill)
    else:
        box = [*(middle - radius), *(middle + radius)]
        draw.ellipse(box, fill=fill if kind == "disc" else None, outline=fill, width=int(radius / 3))
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rows", type=int, default=4000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    kinds = [*CORNERS, "disc", "ring"]
    labels = rng.integers(len(kinds), size=options.rows)
    images = np.array([picture(kinds[label], options.size, rng) for label in labels])
    np.savez_compressed(options.output, images=images, labels=labels)


if __name__ == "__main__":
    main()
