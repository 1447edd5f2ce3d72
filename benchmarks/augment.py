"""What added rows are worth: every family and amount beside class weights, oversampling and SMOTE, on untouched rows.

    python benchmarks/augment.py --data ../shared/data --set adult --rows 1000 --repeats 3

Training rows are drawn anew in each repetition, and generators and learners see nothing else; all of them predict the
holdout. --minority 0.02 cuts the rarer class to that share of the training rows. Intervals are those of `synthdata
augment --prove`: of all lines at once, from resampled holdout rows and the spread of the repetitions.

    python benchmarks/augment.py --tables adult1000.json default1000.json

prints what several runs wrote with -o side by side: a table a measure, gains in thousandths.

    python benchmarks/augment.py --data ../shared/data --minutes 3 --all OUT

makes the runs of the results page one after the other, in processes of their own, and prints them side by side. A run
whose file is in OUT is not made again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthdata import Schema, read_table
from synthdata.augmentation.proof.features import Target
from synthdata.augmentation.proof.gains import LABELS, Line, Predictions, measure_gains
from synthdata.augmentation.proof.prove import FAMILIES, CrossValidation, recipes

SCHEMAS = {"adult": "adult", "default": "credit_default", "diabetes": "diabetes_admissions"}
RUNS = {  # of the results page: its columns, and how each is asked for
    "adult 1,000": ("--set", "adult", "--rows", "1000", "--repeats", "3"),
    "adult 5,000": ("--set", "adult", "--rows", "5000", "--repeats", "2"),
    "adult 39,073": ("--set", "adult", "--repeats", "1"),
    "default 1,000": ("--set", "default", "--rows", "1000", "--repeats", "3"),
    "default 5,000": ("--set", "default", "--rows", "5000", "--repeats", "2"),
    "default 24,000": ("--set", "default", "--repeats", "1"),
    "default, 2 % rare": ("--set", "default", "--minority", "0.02", "--repeats", "2"),
}
MEASURES = ("auc", "average_precision", "balanced_accuracy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of benchmark data sets")
    parser.add_argument("--set", choices=SCHEMAS, default="adult")
    parser.add_argument("--rows", type=int, help="training rows; all if not given")
    parser.add_argument("--minority", type=float, help="cut the rarer class to this share of the training rows")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--estimator", help="import path of a scikit-learn estimator")
    parser.add_argument("--minutes", type=float, help="of one training")
    parser.add_argument("-o", "--output", type=Path, help="figures, as JSON")
    parser.add_argument("--tables", type=Path, nargs="+", help="JSON files to print side by side")
    parser.add_argument("--all", type=Path, metavar="OUT", help="the runs of the results page, side by side")
    asked = parser.parse_args()
    if asked.data is None and not asked.tables:
        parser.error("--data is needed")
    if asked.all:
        asked.tables = [made(name, words, asked) for name, words in RUNS.items()]
    if asked.tables:
        print(side_by_side({path.stem: json.loads(path.read_text())["lines"] for path in asked.tables}))
        return
    schema = Schema.load(Path(__file__).parents[1] / "schemas" / f"{SCHEMAS[asked.set]}.yaml")
    train, holdout = (schema.read(read_table(asked.data / asked.set / f"{one}.csv.gz")) for one in ("train", "holdout"))
    began = time.monotonic()
    trials, notes, table = [], {}, train
    for repeat in range(asked.repeats):
        table = cut(train, schema, asked.rows, asked.minority, np.random.default_rng([repeat, 21]))
        target = Target.of(schema, table, None)
        tried = recipes(table, schema, target, asked.families.split(","))
        validation = CrossValidation(schema, target, tried, asked.estimator, asked.minutes, seed=repeat)
        found, why = validation.simple(table, holdout)
        say(began, f"repetition {repeat + 1}: without a generator")
        for family in validation.families:
            more, reasons = validation.added(family, table, holdout)
            found, why = {**found, **more}, {**why, **reasons}
            say(began, f"repetition {repeat + 1}: {family}")
        trials.append(Predictions(validation.truth(holdout), found))
        notes |= why
    candidates = validation.candidates(table, notes)
    lines = {measure: measure_gains(candidates, trials, measure, same_rows=True) for measure in MEASURES}
    counts = np.bincount(validation.truth(table))
    print(f"{asked.set}: {len(table):,} training rows, {counts[-1]:,} of the rarest class; {len(holdout):,} held out; ")
    print(f"{asked.repeats} repetitions, {time.monotonic() - began:.0f} s\n")
    print(markdown(lines))
    if asked.output:
        told = {measure: [asdict(line) for line in each] for measure, each in lines.items()}
        asked.output.write_text(json.dumps({"asked": vars(asked), "lines": told}, default=str, indent=1) + "\n")


def made(name: str, words: tuple[str, ...], asked: argparse.Namespace) -> Path:
    """The file of a run, made if it is not there."""
    asked.all.mkdir(parents=True, exist_ok=True)
    path = asked.all / f"{name}.json"
    if not path.exists():
        options = ["--data", str(asked.data), "--families", asked.families, "-o", str(path)]
        options += [] if asked.minutes is None else ["--minutes", str(asked.minutes)]
        options += [] if asked.estimator is None else ["--estimator", asked.estimator]
        subprocess.run([sys.executable, __file__, *words, *options], check=True)
    return path


def cut(
    train: pd.DataFrame, schema: Schema, rows: int | None, minority: float | None, rng: np.random.Generator
) -> pd.DataFrame:
    """Training rows at random: so many, or the rarer class cut to a share."""
    chosen = np.arange(len(train))
    if minority is not None:
        codes = Target.of(schema, train, None).codes(train)
        common, rare = np.flatnonzero(codes == 0), np.flatnonzero(codes == 1)
        chosen = np.r_[common, rng.choice(rare, round(len(common) * minority / (1 - minority)), replace=False)]
    if rows is not None:
        chosen = rng.choice(chosen, rows, replace=False)
    return train.iloc[np.sort(chosen)].reset_index(drop=True)


def say(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


def markdown(lines: dict[str, tuple[Line, ...]]) -> str:
    rows = [
        "| | rows added | " + " | ".join(f"{LABELS[name]}" for name in lines) + " |",
        "|---|--:|" + "---|" * len(lines),
    ]
    for number, line in enumerate(next(iter(lines.values()))):
        cells = [written(each[number]) for each in lines.values()]
        rows.append(f"| {line.label} | {line.rows:,} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def side_by_side(runs: dict[str, dict[str, list[dict]]]) -> str:
    """A table a measure: a row a candidate, a column a run, gains over doing nothing in thousandths."""
    labels = list(dict.fromkeys(line["label"] for run in runs.values() for line in run["auc"]))
    parts = []
    for measure in MEASURES:
        rows = [f"| {LABELS[measure]} | " + " | ".join(runs) + " |", "|---|" + "---|" * len(runs)]
        for label in sorted(labels, key=order):
            cells = [next((line for line in run[measure] if line["label"] == label), None) for run in runs.values()]
            rows.append(f"| {label} | " + " | ".join(map(in_thousandths, cells)) + " |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def order(label: str) -> tuple[int, int, str]:
    """Remedies first, then families, each from few rows to many."""
    family, _, amount = label.partition(", ")
    if family not in FAMILIES:
        return -1, 0, ""
    number = int(amount.split()[0]) if amount[0].isdigit() else 1000
    return FAMILIES.index(family), number, amount


def in_thousandths(line: dict | None) -> str:
    if line is None or line["score"] is None:
        return "–"
    if not line["interval"]:
        return f"{line['score']:.4f}"
    rounded = (round(1000 * each) for each in (line["gain"], *line["interval"]))
    gain, low, high = (f"{each:+d}".replace("-", "−") if each else "0" for each in rounded)
    mark = "**" if line["interval"][0] > 0 else ""
    return f"{mark}{gain}{mark} ({low} to {high})"


def written(line: Line) -> str:
    if line.score is None:
        return line.note
    if line.interval is None:
        return f"{line.score:.4f}"
    low, high = line.interval
    mark = "**" if low > 0 else ""
    return f"{line.score:.4f} ({mark}{line.gain:+.4f}{mark}; {low:+.4f} to {high:+.4f})"


if __name__ == "__main__":
    main()
