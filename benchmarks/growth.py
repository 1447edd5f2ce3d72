"""Measure how training and sampling grow with rows and with columns, and draw the curves.

usage: python benchmarks/growth.py TRAIN_CSV -o OUT [--rows 10000 40000 ...] [--columns 25 50 ...]

Rows: rows of the table drawn again and again, each number moved by up to 1 % of its standard deviation and rounded as
it was. Columns: the first 10,000 rows, with as many copies of the columns as it takes, each copy shuffled within a
tenth of its rows. Each point runs in a process of its own. Writes OUT/growth.json and, with matplotlib, OUT/growth.svg.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROWS = (10_000, 40_000, 160_000, 640_000, 1_000_000)
COLUMNS = (15, 25, 50, 100, 200)
ROWS_OF_WIDE = 10_000


def longer(frame: Any, rows: int, rng: Any) -> Any:
    table = frame.iloc[rng.integers(0, len(frame), rows)].reset_index(drop=True)
    for name in table.select_dtypes("number"):
        column = table[name]
        moved = column + rng.uniform(-0.01, 0.01, rows) * column.std()
        table[name] = moved.round().astype(column.dtype).clip(column.min(), column.max())
    return table


def wider(frame: Any, columns: int, rng: Any) -> Any:
    table = frame.iloc[:ROWS_OF_WIDE].reset_index(drop=True)
    parts = {}
    for number in range(columns):
        name = table.columns[number % table.shape[1]]
        column = table[name].to_numpy().copy()
        if number >= table.shape[1]:
            moved = rng.choice(len(column), len(column) // 10, replace=False)
            column[moved] = column[rng.permutation(moved)]
        parts[f"{name}_{number // table.shape[1]}"] = column
    return type(frame)(parts)


def measure(path: Path, kind: str, size: int, out: Path) -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    from synthdata import Schema, Synthesizer

    rng = np.random.default_rng(0)
    frame = (longer if kind == "rows" else wider)(pd.read_csv(path), size, rng)
    began = time.perf_counter()
    synthesizer = Synthesizer.fit(frame, Schema.infer(frame))
    trained = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    synthesizer.save(out / "growth.model", force=True)
    start = time.perf_counter()
    Synthesizer.load(out / "growth.model").sample(20_000)
    rate = 20_000 / (time.perf_counter() - start)
    epochs = len(synthesizer.generator.history)
    return {
        "kind": kind,
        "size": size,
        "train_s": round(trained - began, 1),
        "epochs": epochs,
        "peak_mb": memory,
        "rows_per_s": round(rate),
    }


def draw(points: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(9, 6), layout="constrained")
    for row, kind in enumerate(("rows", "columns")):
        chosen = [point for point in points if point["kind"] == kind]
        sizes = [point["size"] for point in chosen]
        for axis, key, label in zip(axes[row], ("train_s", "peak_mb"), ("training, s", "peak memory, MB"), strict=True):
            axis.plot(sizes, [point[key] for point in chosen], "o-", color="#2b6cb0")
            axis.set(xlabel=kind, ylabel=label, xlim=(0, None), ylim=(0, 1.1 * max(point[key] for point in chosen)))
            axis.locator_params(nbins=5)
            axis.xaxis.set_major_formatter("{x:,.0f}")
            axis.yaxis.set_major_formatter("{x:,.0f}")
            axis.grid(visible=True, alpha=0.2)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="*", default=COLUMNS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.one:
        kind, size = options.one
        print("POINT", json.dumps(measure(options.table, kind, int(size), options.out)))
        return
    points = []
    for kind, sizes in (("rows", options.rows), ("columns", options.columns)):
        for size in sizes:
            command = [sys.executable, __file__, str(options.table), "-o", str(options.out), "--one", kind, str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            lines = [line for line in done.stdout.splitlines() if line.startswith("POINT ")]
            if not lines:
                raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
            points.append(json.loads(lines[-1].removeprefix("POINT ")))
            print(json.dumps(points[-1]), flush=True)
    (options.out / "growth.json").write_text(json.dumps(points, indent=1) + "\n")
    try:
        draw(points, options.out / "growth.svg")
    except ImportError:
        print("matplotlib is not installed: no curves drawn", file=sys.stderr)


if __name__ == "__main__":
    main()
