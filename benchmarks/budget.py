"""Hold the time that `synthdata run` takes, from its start to its end, against its `--max-minutes`.

usage: python benchmarks/budget.py CSV [CSV ...] -o OUT [--minutes 0.5 1 2] [--rows 1000] [--model FAMILY]

The schema is the one that `synthdata init` proposes, and everything else is the default. `wall_s` counts all of the
command: imports, reading, checking, training, the report, and the generation of `--rows` rows; `cpu_s` is its processor
time, `train_s` the training alone, `ratio` wall_s divided by the budget, and `c2st_auc` that of the command's own
report. Prints the table, and writes OUT/budget.md and OUT/budget.jsonl, a line as soon as a run has ended.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whole_run import whole_run


def markdown(results: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| table | rows | columns | family | budget_s | wall_s | ratio | cpu_s | train_s | epochs | c2st_auc |",
        "|---" * 11 + "|",
    ]
    for one in results:
        score = "" if one["c2st_auc"] is None else f"{one['c2st_auc']:.3f}"
        lines.append(
            f"| {one['data']} | {one['rows']:,} | {one['columns']} | {one['family']} | {one['budget_s']:.0f} "
            f"| {one['wall_s']:.1f} | {one['wall_s'] / one['budget_s']:.2f} | {one['cpu_s']:.1f} "
            f"| {one['train_s']:.1f} | {one['epochs']} | {score} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, nargs="+", default=(0.5, 1.0, 2.0))
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--model")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    results, failed = [], 0
    for path in options.tables:
        for minutes in options.minutes:
            try:
                one = whole_run(path, options.out / "run", options.rows, minutes=minutes, model=options.model)
            except RuntimeError as error:
                print(error, file=sys.stderr, flush=True)
                failed += 1
                continue
            results.append({**one, "budget_s": 60 * minutes})
            with (options.out / "budget.jsonl").open("a") as lines:
                lines.write(json.dumps(results[-1]) + "\n")
            print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    (options.out / "budget.md").write_text(markdown(results))
    print(markdown(results))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
