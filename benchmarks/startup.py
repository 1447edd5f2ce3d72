"""How soon the command line and a loaded model answer, and how many rows they make per second.

usage: python benchmarks/startup.py MODEL [MODEL ...] [--runs 5] [--rows 100000]

Prints one line a model: medians over fresh processes. `help_s` is `synthdata --help`; `generate_s` is `synthdata
generate MODEL -n 1000 -o rows.csv`, the whole process, and `generate_cpu_s` the processor time it takes; `first_s` is
`Synthesizer.load` and the first frame of its stream, in a process that has imported them; `rows_per_s` is loading,
sampling and decoding `--rows` rows. Byte code is cached as in an installed package, whatever the environment says.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = 1000  # that the command makes
INSIDE = """
import json, sys, time
from synthdata import Synthesizer
import synthdata.pipeline
model, rows = sys.argv[1], int(sys.argv[2])
start = time.perf_counter()
next(Synthesizer.load(model).stream())
first = time.perf_counter()
Synthesizer.load(model).sample(rows)
print(json.dumps([first - start, rows / (time.perf_counter() - first)]))
"""


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(model: Path, runs: int, rows: int, environment: dict[str, str], place: Path) -> dict[str, float]:
    cli = [sys.executable, str(ROOT / "cli.py")]
    generate = [*cli, "generate", str(model), "-n", str(ROWS), "-o", str(place / "rows.csv"), "--force"]
    inside = [sys.executable, "-c", INSIDE, str(model), str(rows)]
    timed(generate, environment)  # byte code
    helps = [timed([*cli, "--help"], environment)[0] for _ in range(runs)]
    whole = [timed(generate, environment) for _ in range(runs)]
    parts = [
        json.loads(subprocess.run(inside, env=environment, check=True, capture_output=True, text=True).stdout)
        for _ in range(runs)
    ]
    return {
        "help_s": round(statistics.median(helps), 2),
        "generate_s": round(statistics.median(wall for wall, _ in whole), 2),
        "generate_cpu_s": round(statistics.median(cpu for _, cpu in whole), 2),
        "first_s": round(statistics.median(first for first, _ in parts), 3),
        "rows_per_s": round(statistics.median(rate for _, rate in parts)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPYCACHEPREFIX": f"{place}/bytecode", "PYTHONPATH": str(ROOT)}
        for model in options.models:
            figures = measured(model, options.runs, options.rows, environment, Path(place))
            print(json.dumps({"model": model.name, **figures, "load": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()
