"""Two tables that belong together: learned, drawn, and scored by an outside judge.

usage: python benchmarks/relational.py DATA_DIR [DATA_DIR ...] -o OUT --judge-dir DIR --judge-python PYTHON

DATA_DIR holds `spec.json`, and folders `train` and, if there are rows to compare with, `holdout`, with each table as
NAME.csv.gz. The spec names the key of each table, the column by which rows follow each other, columns to leave out, and
links: [child, column, parent]; the first is taken. The judge directory holds `relational.py`, which prints one line of
JSON for SPEC REAL_DIR SYNTHETIC_DIR.

Ours is trained with the schemas that `Schema.infer` proposes and default settings; keys are nine digits. As many roots
are drawn as were learned. `children`: how alike the numbers of children are (1 is best). The AUC of trees that tell
synthetic from real rows (.5: they cannot), of a row, of a row with the one before it (pairs), of a row with its parent
(join), and of a parent with counts, means and distinct values of its children (aggregates). `back`: the share of rows
before the one before them; `gaps`: how alike the times between rows are. Prints a table, and appends to
OUT/relational.jsonl.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthdata import Identifier, Schema
from synthdata.relations import RelationalSynthesizer, Relations, Table

KEY = "[0-9]{9}"
COLUMNS = ("set", "system", "train_s", "rows_per_s", "children", "row", "pairs", "join", "aggregates", "back", "gaps")


def learned(data: Path, out: Path) -> dict[str, float]:
    """Train, draw, write tables as CSV; the seconds of training, and rows per second."""
    spec = json.loads((data / "spec.json").read_text())
    child, reference, parent = spec["links"][0]
    key, order = spec["tables"][parent]["key"], spec["tables"][child].get("order_by")
    frames = {
        name: pd.read_csv(data / "train" / f"{name}.csv.gz", dtype=str).drop(
            columns=spec["tables"][name].get("skip", [])
        )
        for name in (parent, child)
    }
    schemas = {name: Schema.infer(frame, name).replace(subject=()) for name, frame in frames.items()}
    parents = schemas[parent].replace_field(key, Identifier(pattern=KEY))
    children = schemas[child].replace_field(reference, Identifier(pattern=KEY, unique=False))
    tables = {parent: Table(parents, key), child: Table(children, None, reference, {reference: parent}, order)}
    began = time.perf_counter()
    model = RelationalSynthesizer.fit(frames, Relations(data.name, tables))
    trained = time.perf_counter() - began
    began = time.perf_counter()
    drawn = model.sample(len(frames[parent]), seed=1)
    seconds = time.perf_counter() - began
    out.mkdir(parents=True, exist_ok=True)
    for name, frame in drawn.items():
        frame.to_csv(out / f"{name}.csv", index=False)
    return {"train_s": round(trained, 1), "rows_per_s": round(sum(map(len, drawn.values())) / seconds)}


def scored(data: Path, synthetic: Path, judge: Path, python: Path) -> dict[str, float]:
    """What the judge says of a folder of tables."""
    command = [str(python), str(judge / "relational.py"), str(data / "spec.json"), str(data / "train"), str(synthetic)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    child = json.loads((data / "spec.json").read_text())["links"][0][0]
    link = next(iter(found["links"].values()))
    in_time = found["time"].get(child, {})
    return {
        "children": link["card"],
        "row": found["tables"][child]["c2st"],
        "pairs": in_time.get("pairs"),
        "join": link["join"],
        "aggregates": link["agg"],
        "back": in_time.get("back", [None])[0],
        "gaps": in_time.get("gaps"),
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--judge-dir", type=Path, required=True)
    parser.add_argument("--judge-python", type=Path, required=True)
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    for data in options.data:
        figures = learned(data, options.out / data.name)
        rows = {
            "synthdata": {**figures, **scored(data, options.out / data.name, options.judge_dir, options.judge_python)}
        }
        if (data / "holdout").is_dir():
            rows["held-out rows"] = scored(data, data / "holdout", options.judge_dir, options.judge_python)
        with (options.out / "relational.jsonl").open("a") as file:
            for system, row in rows.items():
                line = {"set": data.name, "system": system, **row}
                file.write(json.dumps(line) + "\n")
                print(f"| {' | '.join(str(line.get(column, '')) for column in COLUMNS)} |", flush=True)


if __name__ == "__main__":
    main()
