"""Measure how training and sampling grow with rows and with columns, and draw the curves; and how wide tables do.

usage: python benchmarks/growth.py TRAIN_CSV -o OUT [--rows 10000 40000 ...] [--columns 25 50 ...]
       python benchmarks/growth.py -o OUT --wide [CSV ...] [--invented 252 753] [--model auto]

Rows: rows of the table drawn again and again, each number moved by up to 1 % of its standard deviation and rounded as
it was. Columns: the first 10,000 rows, with as many copies of the columns as it takes, each copy shuffled within a
tenth of its rows. Each point runs in a process of its own. Writes OUT/growth.json and, with matplotlib, OUT/growth.svg.

Wide: the tables named, or an invented one of so many rows and columns, all numbers that follow from ten hidden factors,
go through `synthdata init` and `synthdata run`. Prints the family, the time of training and of the whole command, and
the AUC by which its report tells synthetic rows from real ones, and writes OUT/wide.md.
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

from whole_run import whole_run

ROWS = (10_000, 40_000, 160_000, 640_000, 1_000_000)
COLUMNS = (15, 25, 50, 100, 200)
ROWS_OF_WIDE = 10_000
INVENTED = (252, 753)  # rows and columns
FACTORS = 10


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


def invented(rows: int, columns: int, path: Path) -> Path:
    """Write a table of measures: normal or lognormal, of different scales, each a mixture of a few factors."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(FACTORS, columns)) * (rng.random((FACTORS, columns)) < 0.3)
    measures = rng.normal(size=(rows, FACTORS)) @ loadings + 0.5 * rng.normal(size=(rows, columns))
    skewed = rng.random(columns) < 0.3
    measures[:, skewed] = np.exp(measures[:, skewed] / 2)
    scaled = measures * 10 ** rng.uniform(0, 2, columns) + rng.uniform(0, 100, columns)
    names = [f"measure_{number:03d}" for number in range(1, columns + 1)]
    pd.DataFrame(scaled.round(2), columns=names).to_csv(path, index=False)
    return path


def wide(options: argparse.Namespace) -> str:
    """One line for each wide table."""
    rows, columns = options.invented
    tables = options.wide or [invented(rows, columns, options.out / f"invented_{rows}x{columns}.csv")]
    lines = [
        "| table | rows | columns | family | train_s | wall_s | cpu_s | epochs | c2st_auc |",
        "|---" * 9 + "|",
    ]
    for path in tables:
        one = whole_run(path, options.out / "run", 1000, model=options.model)
        score = "" if one["c2st_auc"] is None else f"{one['c2st_auc']:.3f}"
        lines.append(
            f"| {path.stem} | {one['rows']:,} | {one['columns']} | {one['family']} | {one['train_s']:.1f} "
            f"| {one['wall_s']:.1f} | {one['cpu_s']:.1f} | {one['epochs']} | {score} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="*", default=COLUMNS)
    parser.add_argument("--wide", type=Path, nargs="*", metavar="CSV", help="measure wide tables instead")
    parser.add_argument("--invented", type=int, nargs=2, default=INVENTED, metavar=("ROWS", "COLUMNS"))
    parser.add_argument("--model", help="the family for wide tables; that of the proposed schema if none")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.wide is not None:
        table = wide(options)
        (options.out / "wide.md").write_text(table)
        print(table)
        return
    if options.table is None:
        parser.error("give a table, or --wide")
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
