"""Write texts that fit a field by each of our families and by another engine: one run, turn about, the same minutes.

usage: python benchmarks/texts.py DATA:TEXT:FIELD [DATA:TEXT:FIELD ...] -o OUT [--judge-python PYTHON]
                                  [--model transformer] [--minutes 15] [--canaries 20] [--peer-rows N]

DATA holds train.csv[.gz] and holdout.csv[.gz]; of their columns TEXT and FIELD are kept, such as
`clinical_notes:description:medical_specialty verses:text:book`. `--model` may be repeated; all families if not given.
`--judge-python` is the interpreter of an environment that holds MOSTLY AI's engine, which `language.py` runs in;
without it only our families run.

Every system learns the same training rows, `--minutes` at most, and draws as many, but at least 10,000; the engine
`--peer-rows`, if given, since it draws slowly. All are scored by `evaluate` here, on at most as many rows as training
has; `drawn` says how many there were. `rows_per_s` counts sampling and decoding, for us also
loading the model. `bits` are held-out bits per character of the text given its field, ends included: for us
`Synthesizer.bits_per_character`, for the engine see `language.py`. `train_s` is of the whole fit.

`--canaries` plants "the code is ..." with a random code of 12 letters and digits into the texts of so many training
rows, the same for all systems; `canaries` is how many of the codes are in the first 10,000 texts drawn, or in all if
fewer were. 0 plants none.

Writes OUT/results.json, OUT/results.md, and for each data set and system 20 samples (OUT/<data>.<system>.txt), the rows
(.csv) and the report (OUT/<data>.<system>/report.html).
"""

from __future__ import annotations

import argparse
import json
import string
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthdata import Schema, Synthesizer, evaluate, write_report

FAMILIES = ("transformer", "vae", "gan")
PEER = "LSTMFromScratch-3m"
DRAWN = 10_000  # rows that canaries are sought in
SHOWN = 20
SCORES = (
    "text_agreement", "text_tstr", "text_kernel", "text_frechet", "text_novelty", "text_copies", "text_longest_copy",
    "text_distinct", "text_lengths", "text_characters", "shapes", "copies",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """A data set: its rows of two columns, the canaries planted among them, and where everything is written to."""

    name: str
    text: str
    field: str
    train: pd.DataFrame
    holdout: pd.DataFrame
    codes: tuple[str, ...]
    out: Path

    @classmethod
    def of(cls, said: str, canaries: int, out: Path) -> Task:
        folder, text, field = said.rsplit(":", 2)
        train, holdout = (read(Path(folder), part)[[field, text]] for part in ("train", "holdout"))
        planted, codes = plant(train, text, canaries)
        return cls(Path(folder).name, text, field, planted, holdout, codes, out)

    @property
    def rows(self) -> int:
        return max(len(self.train), DRAWN)

    def path(self, system: str, ending: str) -> Path:
        return self.out / f"{self.name}.{system}{ending}"


def read(folder: Path, part: str) -> pd.DataFrame:
    path = next(path for path in (folder / f"{part}.csv", folder / f"{part}.csv.gz") if path.exists())
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def plant(train: pd.DataFrame, text: str, canaries: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Put a sentence with a code of its own into the middle of so many rows, in place of what is there."""
    rng = np.random.default_rng(20)
    letters = list(string.ascii_lowercase + string.digits)
    codes = tuple("".join(rng.choice(letters, 12)) for _ in range(canaries))
    planted = train.copy()
    for row, code in zip(rng.choice(len(train), canaries, replace=False), codes, strict=True):
        words = str(planted.iloc[row][text]).split()
        half = len(words) // 2
        planted.iloc[row, list(planted).index(text)] = " ".join([*words[:half], "the code is", code, *words[half:]])
    return planted, codes


def ours(task: Task, family: str, minutes: float) -> dict[str, Any]:
    schema = Schema.infer(task.train, task.name).model_copy(update={"target": task.field})
    kind = schema.fields[task.text].kind
    if kind != "text":
        raise SystemExit(f'{task.name}, column "{task.text}": taken for a field of kind {kind}, not text')
    fields = {**schema.fields, task.text: schema.fields[task.text].model_copy(update={"model": {"family": family}})}
    schema = schema.model_copy(update={"fields": fields})
    began = time.perf_counter()
    synthesizer = Synthesizer.fit(task.train, schema, max_minutes=minutes)
    trained = time.perf_counter()
    folder = synthesizer.save(task.path(family, ".model"), force=True)
    start = time.perf_counter()
    drawn = Synthesizer.load(folder).sample(task.rows)
    sampled = time.perf_counter()
    drawn.to_csv(task.path(family, ".csv"), index=False)
    return {
        "train_s": round(trained - began, 1),
        "rows_per_s": round(task.rows / (sampled - start), 1),
        "bits": synthesizer.bits_per_character(task.holdout).get(task.text),  # none of a family without a likelihood
    }


def peer(task: Task, python: Path, minutes: float, rows: int) -> dict[str, Any]:
    train, holdout = task.path("train", ".csv"), task.path("holdout", ".csv")
    task.train.to_csv(train, index=False)
    task.holdout.to_csv(holdout, index=False)
    out, script = task.path(PEER, ".csv"), Path(__file__).with_name("language.py")
    words = [python, script, train, holdout, out, task.text, task.field, minutes, rows]
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    lines = [line.removeprefix("TIMES ") for line in done.stdout.splitlines() if line.startswith("TIMES ")]
    if done.returncode or not lines:
        raise SystemExit(f"{script.name} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(lines[-1]))


def scored(task: Task, system: str) -> dict[str, Any]:
    """Score what a system drew, and write what is to be read of it."""
    drawn = pd.read_csv(task.path(system, ".csv"), dtype=str, keep_default_na=False)
    drawn[task.field] = drawn[task.field].replace("", None)
    drawn[task.text] = drawn[task.text].replace("", None)
    texts = drawn[task.text].dropna()
    met = sum(texts[:DRAWN].str.contains(code, regex=False, case=False).any() for code in task.codes)
    schema = Schema.infer(task.train, task.name)
    nullable = {
        name: each.model_copy(update={"nullable": True}) for name, each in schema.fields.items()
    }  # a peer's rows may lack a cell
    schema = schema.model_copy(update={"target": task.field, "fields": nullable})
    report = evaluate(task.train, drawn[: len(task.train)], task.holdout, schema)
    write_report(report, task.path(system, ""), force=True)
    shown = drawn[:SHOWN].itertuples(index=False)
    lines = [f"[{getattr(row, task.field)}] {getattr(row, task.text)}" for row in shown]
    task.path(system, ".txt").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    figures: dict[str, Any] = {
        "drawn": len(drawn),
        "canaries": f"{met} of {len(task.codes)}",
        "alarms": [s.name for s in report.alarms],
    }
    known = {score.name: score for score in report.scores}
    for name in SCORES:
        if name in known:
            figures[name] = {anchor: getattr(known[name], anchor) for anchor in ("value", "ceiling", "floor")}
    return figures


def cell(figure: Any) -> str:
    """One figure, and in brackets what held-out texts reach."""
    match figure:
        case None:
            return "–"
        case {"value": value, "ceiling": ceiling}:
            return cell(value) + ("" if ceiling is None else f" ({cell(ceiling)})")
        case float():
            return f"{figure:.4f}" if abs(figure) < 10 else f"{figure:.1f}"
        case list():
            return ", ".join(figure) or "none"
        case _:
            return str(figure)


def markdown(results: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for result in results for name in result))
    rows = [columns, ["---"] * len(columns), *([cell(result.get(name)) for name in columns] for result in results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="folder:text:field")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--judge-python", type=Path)
    parser.add_argument("--model", action="append", choices=FAMILIES)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--canaries", type=int, default=20)
    parser.add_argument("--peer-rows", type=int, help="rows the engine draws; as many as we do if not given")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    for said in options.data:
        task = Task.of(said, options.canaries, options.out)
        systems = [*(options.model or FAMILIES), *([PEER] if options.judge_python else [])]
        for system in systems:
            if system == PEER:
                figures = peer(task, options.judge_python, options.minutes, options.peer_rows or task.rows)
            else:
                figures = ours(task, system, options.minutes)
            results.append({"data": task.name, "system": system, **figures, **scored(task, system)})
            print(json.dumps(results[-1]), flush=True)
            (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
            (options.out / "results.md").write_text(markdown(results))
    print(markdown(results), file=sys.stderr)


if __name__ == "__main__":
    main()
