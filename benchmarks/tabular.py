"""Compare synthdata with other engines on tables: one run, turn about, the same machine, defaults on both sides.

usage: python benchmarks/tabular.py DATA_DIR [DATA_DIR ...] -o OUT [--judge-dir DIR --judge-python PYTHON] [--peer argn]
                                    [--model transformer] [--repeats 1] [--rows 100000]

DATA_DIR holds train.csv[.gz], holdout.csv[.gz] and target. The judge directory holds `judge.py` (scores a table) and
`peers.py` (trains and samples an engine); they run in an environment of their own, `--judge-python`, as does `argn.py`,
which stands in for `peers.py argn` to measure the rate over `--rows`. Without them only our times are measured.
`--model` and `--peer` may be repeated; systems run in the order transformer, vae, gan, peers.

`rows_per_s` counts, for us, loading the model, sampling `--rows` rows and decoding them; for argn, sampling and
decoding with the model in memory; for other peers, as many rows as they were trained on. `first_s` is from the call
that loads a model to its first block of rows. Writes OUT/results.json and OUT/results.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FAMILIES = ("transformer", "vae", "gan")
TIMES = ("train_s", "first_s", "rows_per_s", "peak_mb")
COLUMNS = (*TIMES, "shapes", "trends", "c2st_auc", "tstr", "trtr", "dcr_share", "copies", "copies_ref")


def train_file(data: Path) -> Path:
    return next(path for path in (data / "train.csv", data / "train.csv.gz") if path.exists())


def ours(data: Path, model: str, out: Path, rows: int) -> None:
    """Run in a process of its own: infer, train, save, load, sample as many rows, write them; then sample `rows`."""
    import pandas as pd

    from synthdata import Schema, Synthesizer, read_table

    frame = read_table(train_file(data))
    began = time.perf_counter()
    synthesizer = Synthesizer.fit(frame, Schema.infer(frame), model=model)
    trained = time.perf_counter()
    folder = out / f"{data.name}.{model}.model"
    synthesizer.save(folder, force=True)
    start = time.perf_counter()
    next(Synthesizer.load(folder).stream())
    first = time.perf_counter()
    Synthesizer.load(folder).sample(rows)
    sampled = time.perf_counter()
    drawn, fields = Synthesizer.load(folder).sample(len(frame), seed=1), synthesizer.schema.fields
    written = {name: fields[name].write(column) for name, column in drawn.items()}
    pd.DataFrame(written).to_csv(out / f"{data.name}.{model}.csv", index=False)
    figures = {
        "train_s": round(trained - began, 1),
        "first_s": round(first - start, 2),
        "rows_per_s": round(rows / (sampled - first)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print("TIMES", json.dumps(figures))


def last_json(command: list[str], mark: str) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.removeprefix(mark) for line in done.stdout.splitlines() if line.startswith(mark)]
    if done.returncode or not lines:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(lines[-1]))


def one(system: str, data: Path, out: Path, options: argparse.Namespace) -> dict[str, Any]:
    if system in FAMILIES:
        command = [sys.executable, __file__, "--ours", str(data), "-o", str(out), "--rows", str(options.rows)]
        figures = last_json([*command, "--model", system], "TIMES ")
        table = out / f"{data.name}.{system}.csv"
    elif system == "argn":
        table = out / f"{data.name}.argn.csv"
        script = str(Path(__file__).with_name("argn.py"))
        figures = last_json(
            [str(options.judge_python), script, str(train_file(data)), str(table), str(options.rows)], "TIMES "
        )
    else:
        folder = out / data.name
        script = str(options.judge_dir / "peers.py")
        figures = last_json([str(options.judge_python), script, system, str(data), str(folder)], "TIMES ")
        table = folder / f"{system}.csv"
    if options.judge_dir:
        judge = [str(options.judge_python), str(options.judge_dir / "judge.py"), str(data), str(table)]
        figures |= last_json(judge, "")
    return {"data": data.name, "system": system, **figures}


def markdown(results: list[dict[str, Any]]) -> str:
    lines = [
        "| set | system | " + " | ".join(COLUMNS) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for row in results:
        cells = [str(row.get(column, "")) for column in COLUMNS]
        lines.append(f"| {row['data']} | {row['system']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--judge-dir", type=Path)
    parser.add_argument("--judge-python", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--model", action="append", choices=FAMILIES, help="our families; the transformer if none")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.ours:
        ours(options.ours, options.model[0], options.out, options.rows)
        return
    results = []
    for data in options.data:
        for _ in range(options.repeats):
            families = [name for name in FAMILIES if name in (options.model or FAMILIES[:1])]
            for system in (*families, *options.peer):
                results.append(one(system, data, options.out, options))
                print(json.dumps(results[-1]), flush=True)
    machine = {"machine": platform.machine(), "python": platform.python_version(), "system": platform.system()}
    (options.out / "results.json").write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")
    (options.out / "results.md").write_text(markdown(results))
    print(markdown(results))


if __name__ == "__main__":
    main()
