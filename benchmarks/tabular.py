"""Compare synthdata with other engines on tables: one run, turn about, the same machine, defaults on both sides.

usage: python benchmarks/tabular.py DATA_DIR [DATA_DIR ...] -o OUT [--judge-dir DIR --judge-python PYTHON] [--peer argn]
                                    [--model vae] [--seeds 3] [--rows 100000] [--skip-done]

DATA_DIR holds train.csv[.gz], holdout.csv[.gz] and target. The judge directory holds `judge.py` (scores a table) and
`peers.py` (trains and samples an engine); they run in an environment of their own, `--judge-python`, as does `argn.py`,
which stands in for `peers.py argn` to measure the rate over `--rows`. Without them only our times are measured.

Ours is trained with the schema that `Schema.infer` proposes and its default settings; `--model` names another family,
and may be repeated, as `--peer` may. `--seeds 3` repeats our trainings with seeds 0, 1 and 2: the table then shows the
mean and the standard deviation. Peers run once for each set.

- `train_s` is the whole fit from rows in memory, ours with the inference of the schema, imports and compilation.
- `epochs` are those planned / those run.
- `first_s` is from the call that loads a model to its first block of rows.
- `rows_per_s` counts, for us, loading the model, sampling `--rows` rows and decoding them, without validation; for
  argn, sampling and decoding with the model in memory; for other peers, as many rows as they were trained on.
- `ratio` is a figure of ours divided by that of the peer: argn for the default and the Transformer, tvae for the VAE,
  ctgan for the GAN, and if that one was not run, the first peer that was.

Each result is appended to OUT/results.jsonl as soon as it is there, with the processor time, the load of the machine
before it began and the commit. `--skip-done` takes from it what an earlier run measured; otherwise everything is
measured again. A system that fails is named and left out, and the exit code is 1. Prints the table, and writes
OUT/results.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FAMILIES = ("transformer", "vae", "gan")
DEFAULT = "default"  # the family that the inferred schema names
PEERS = {DEFAULT: "argn", "transformer": "argn", "vae": "tvae", "gan": "ctgan"}
RATIOS = {"train_s ratio": "train_s", "rows_per_s ratio": "rows_per_s"}
COLUMNS = {  # of the table, and how a figure is written
    "train_s": ".1f", "train_s ratio": ".2f", "epochs": "", "first_s": ".2f",
    "rows_per_s": ",.0f", "rows_per_s ratio": ".2f",
    "shapes": ".4f", "trends": ".4f", "c2st_auc": ".4f", "tstr": ".4f", "trtr": ".4f", "tstr - trtr": "+.4f",
    "dcr_share": ".4f", "copies": ".4f", "copies_ref": ".4f", "peak_mb": ",.0f",
}  # fmt: skip
QUANTITY = 20  # distinct numbers of a target from which on the judge reports R2 in place of AUC

Result = dict[str, Any]


def train_file(data: Path) -> Path:
    return next(path for path in (data / "train.csv", data / "train.csv.gz") if path.exists())


def ours(data: Path, system: str, seed: int, out: Path, rows: int) -> None:
    """Run in a process of its own: infer, train, save, load, sample as many rows, write them; then sample `rows`."""
    import pandas as pd

    from synthdata import Schema, Synthesizer, read_table

    frame, target = read_table(train_file(data)), (data / "target").read_text().strip()
    model = None if system == DEFAULT else system
    began = time.perf_counter()
    synthesizer = Synthesizer.fit(frame, Schema.infer(frame, data.name, target=target), model=model, seed=seed)
    trained = time.perf_counter()
    folder = synthesizer.save(out / f"{data.name}.{system}.{seed}.model", force=True)
    start = time.perf_counter()
    next(Synthesizer.load(folder).stream())
    first = time.perf_counter()
    Synthesizer.load(folder).sample(rows)
    sampled = time.perf_counter()
    drawn, fields = Synthesizer.load(folder).sample(len(frame), seed=seed + 1), synthesizer.schema.fields
    written = {name: fields[name].write(column) for name, column in drawn.items()}
    pd.DataFrame(written).to_csv(out / f"{data.name}.{system}.{seed}.csv", index=False)
    about = synthesizer.describe()
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "family": about["family"],
        "train_s": round(trained - began, 1),
        "planned": about["settings"].get("epochs", about["settings"].get("rounds")),
        "run": about.get("training", {}).get("epochs"),
        "first_s": round(first - start, 2),
        "rows_per_s": round(rows / (sampled - first)),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": used.ru_maxrss // 1024,
    }
    print("TIMES", json.dumps(figures))


def last_json(command: Sequence[str], mark: str) -> Result:
    """The JSON of the last line that begins with `mark`; RuntimeError if the command fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.removeprefix(mark) for line in done.stdout.splitlines() if line.startswith(mark)]
    if done.returncode or not lines:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(lines[-1]))


def one(data: Path, system: str, seed: int, options: argparse.Namespace) -> Result:
    """Train, sample and judge one system; RuntimeError if any of it fails."""
    out, load = options.out, os.getloadavg()[0]
    if system in PEERS:
        asked = ["--ours", system, "-o", str(out), "--seed", str(seed), "--rows", str(options.rows)]
        figures = last_json([sys.executable, __file__, str(data), *asked], "TIMES ")
        table = out / f"{data.name}.{system}.{seed}.csv"
    elif system == "argn":
        table, script = out / f"{data.name}.argn.csv", Path(__file__).with_name("argn.py")
        words = [options.judge_python, script, train_file(data), table, options.rows]
        figures = last_json([*map(str, words)], "TIMES ")
    else:
        folder, script = out / data.name, options.judge_dir / "peers.py"
        figures = last_json([*map(str, (options.judge_python, script, system, data, folder))], "TIMES ")
        table = folder / f"{system}.csv"
    if options.judge_dir:
        judge = [options.judge_python, options.judge_dir / "judge.py", data, table]
        figures |= last_json([*map(str, judge)], "")
    key = {"data": data.name, "system": system, "seed": seed}
    return {**figures, **key, "utility": utility(data), "load": round(load, 2), "commit": commit()}


def utility(data: Path) -> str:
    """What the judge's tstr and trtr are: R2 if the target is a quantity, else AUC."""
    import pandas as pd

    target = (data / "target").read_text().strip()
    column = pd.read_csv(train_file(data), usecols=[target])[target]
    return "R2" if pd.api.types.is_numeric_dtype(column) and column.nunique() > QUANTITY else "AUC"


def commit() -> str:
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def key_of(result: Mapping[str, Any]) -> tuple[str, str, int]:
    return result["data"], result["system"], result["seed"]


def measured(path: Path) -> dict[tuple[str, str, int], Result]:
    """What is in a file of results, the newest of each system and seed."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {key_of(result): result for result in map(json.loads, lines)}


def peer_of(system: str, ran: Sequence[str]) -> str | None:
    """The peer that a system of ours is compared with, of those that ran."""
    if system not in PEERS or not ran:
        return None
    return PEERS[system] if PEERS[system] in ran else ran[0]


def figures_of(result: Result, peer: Mapping[str, Any] | None) -> dict[str, float]:
    """The numbers of a line of the table, by column, with those that follow from others."""
    found = {name: result[name] for name in COLUMNS if isinstance(result.get(name), int | float)}
    if "tstr" in found:
        found["tstr - trtr"] = found["tstr"] - found["trtr"]
    for name, of in RATIOS.items():
        if peer and peer.get(of):
            found[name] = found[of] / peer[of]
    return found


def cell(values: Sequence[float], form: str) -> str:
    """A figure; the mean and the standard deviation of several, unless they are equal."""
    if not values:
        return ""
    mean = format(statistics.fmean(values), form)
    return mean if len(set(values)) == 1 else f"{mean} ± {statistics.stdev(values):{form.removeprefix('+')}}"


def epochs(results: Sequence[Result]) -> str:
    """Epochs planned / run, of several seeds the range of those run."""
    ran = sorted({result["run"] for result in results if result.get("run") is not None})
    if not ran:
        return ""
    return f"{results[0]['planned']} / {ran[0]}" + (f" to {ran[-1]}" if len(ran) > 1 else "")


def markdown(results: Sequence[Result]) -> str:
    """One table of all results, a line for each set and system."""
    lines = [f"| set | system | {' | '.join(COLUMNS)} |", "|---" * (2 + len(COLUMNS)) + "|"]
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result["data"], result["system"]), []).append(result)
    for (data, system), group in groups.items():
        ran = [name for of, name in groups if of == data and name not in PEERS]
        peer = peer_of(system, ran)
        found = [figures_of(result, groups[data, peer][0] if peer else None) for result in group]
        cells = {name: cell([each[name] for each in found if name in each], form) for name, form in COLUMNS.items()}
        cells["epochs"] = epochs(group)
        name = f"synthdata, {group[0]['family']}" if system in PEERS else system
        lines.append(f"| {data} | {name} | {' | '.join(cells.values())} |")
    quantities = sorted({result["data"] for result in results if result["utility"] == "R2" and "tstr" in result})
    if quantities:
        lines += ["", f"tstr and trtr of {', '.join(quantities)} are R², of the others AUC."]
    seeds = max((len(group) for group in groups.values()), default=0)
    if seeds > 1:
        lines += ["", f"Mean ± standard deviation of {seeds} seeds."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--judge-dir", type=Path)
    parser.add_argument("--judge-python", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--model", action="append", choices=FAMILIES, help="our families; the default if none")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of ours, each with a seed of its own")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--skip-done", action="store_true", help="keep what OUT/results.jsonl has")
    parser.add_argument("--ours", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if (options.judge_dir is None) != (options.judge_python is None):
        parser.error("--judge-dir and --judge-python belong together")
    if options.peer and not options.judge_python:
        parser.error("--peer needs --judge-dir and --judge-python")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.ours:
        ours(options.data[0], options.ours, options.seed, options.out, options.rows)
        return
    file = options.out / "results.jsonl"
    done = measured(file) if options.skip_done else {}
    results, failed = [], 0
    for data in options.data:
        first = [(system, 0) for system in (*(options.model or [DEFAULT]), *options.peer)]
        again = [(system, seed) for seed in range(1, options.seeds) for system, _ in first if system in PEERS]
        for system, seed in (*first, *again):
            key = (data.name, system, seed)
            if key not in done:
                try:
                    done[key] = one(data, system, seed, options)
                except RuntimeError as error:
                    print(error, file=sys.stderr, flush=True)
                    failed += 1
                    continue
                with file.open("a") as lines:
                    lines.write(json.dumps(done[key]) + "\n")
            results.append(done[key])
            print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    (options.out / "results.md").write_text(markdown(results))
    print(markdown(results))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
