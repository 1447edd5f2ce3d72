"""End long commands at random moments, or let their disk be full, by a seed; count how the attempts ended.

usage: python fuzz/kills.py [--attempts 100] [--seed 0] [-o out/kills] [COMMAND ...]

Each attempt runs a command (train, generate, run, augment, evaluate) in a folder of its own, as a child process, and
sends it SIGKILL, SIGTERM or SIGINT at a random moment; one in five attempts limits the size of files instead, so that a
write fails. Then a reader looks at what is there: each output is whole or absent, and only SIGKILL leaves temporary
files. Then the same command runs once more, with --resume if the first answer says so: it must end well, with all
outputs, and no temporary files. Anything else is a finding, which is written to OUT, and the exit code is 1. `--only
COMMAND SEED` repeats one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthdata import Schema, Synthesizer, read_table
from synthdata.cli import main as command_line
from synthdata.cli.group import as_interrupted

ROWS = 400
LEARNING = ["s.yaml", "--data", "d.csv", "-q"]
COMMANDS = {
    "train": ["train", *LEARNING, "-o", "model"],
    "generate": ["generate", "given", "-n", "20000", "-o", "rows.csv", "-q"],
    "run": ["run", *LEARNING, "-n", "500", "-o", "out"],
    "augment": ["augment", *LEARNING, "--balance", "-o", "more.csv"],
    "evaluate": ["evaluate", "s.yaml", "--real", "d.csv", "--synthetic", "given.csv", "-o", "report", "-q"],
}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FULL = 0.2  # of the attempts: a disk that is full, in place of a signal
LONGEST = 120  # seconds of a command


@dataclass
class Ended:
    """How a command ended: its exit code, or the signal below 0, and what it said on stderr."""

    code: int
    said: str
    seconds: float


@dataclass
class Whole:
    """What a command does if nothing happens to it: seconds, names of what it writes, and the size of the largest."""

    seconds: float
    names: set[str] = field(default_factory=set)
    largest: int = 0


def inputs(place: Path) -> None:
    """The inputs of all commands."""
    rng = np.random.default_rng(0)
    age, town = rng.integers(18, 90, ROWS), rng.choice(["Ulm", "Bonn", "Aix"], ROWS)
    paid = rng.random(ROWS) < np.where(age > 60, 0.6, 0.2)
    frame = pd.DataFrame({"age": age, "town": town, "paid": np.where(paid, "yes", "no")})
    frame.to_csv(place / "d.csv", index=False)
    schema = Schema.infer(frame, "people", target="paid")
    Synthesizer.fit(frame, schema, model="marginals", seed=0).save(place / "given")
    frame.sample(frac=1, random_state=0).to_csv(place / "given.csv", index=False)
    (place / "s.yaml").write_text(schema.replace(model={"family": "transformer", "epochs": 3}).dump())


def started(arguments: Sequence[str], place: Path, most: int | None, during: Callable[[int], None]) -> Ended:
    """Run a command in a forked process, which has all libraries already. most: bytes of a file, at most."""
    begun = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.chdir(place)
        os.dup2(writing, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, as_interrupted)
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        code = 0
        try:
            command_line.main(list(arguments), prog_name="synthdata")
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else 1
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stderr.flush()
        os._exit(code)
    os.close(writing)
    said: list[bytes] = []

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            said.append(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    timer = threading.Timer(LONGEST, os.kill, (child, signal.SIGKILL))
    timer.start()
    during(child)
    _, status = os.waitpid(child, 0)
    timer.cancel()
    reader.join()
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, b"".join(said).decode(errors="replace"), time.monotonic() - begun)


def copied(folder: Path) -> Path:
    """The inputs in a folder of their own."""
    return Path(shutil.copytree(folder, tempfile.mkdtemp() + "/work"))


def written(place: Path) -> set[str]:
    """The names of all files that are not inputs."""
    names = {str(each.relative_to(place)) for each in place.rglob("*") if each.is_file()}
    return {name for name in names if name not in ("d.csv", "s.yaml", "given.csv") and not name.startswith("given/")}


def temporary(place: Path) -> set[str]:
    """The names of temporary files and folders."""
    kept = (".training", ".checkpoint")
    hidden = {each for each in place.rglob("*") if each.name.startswith(".") or each.name.endswith((".part", ".tmp"))}
    return {str(each.relative_to(place)) for each in hidden if not each.name.endswith(kept)}


def not_whole(place: Path) -> str:
    """What is wrong with the outputs that are there; "" if each is whole."""
    for model in (place / "model", place / "out" / "model"):
        if model.exists():
            Synthesizer.load(model)
    for name, rows in (("rows.csv", 20000), ("out/rows.csv", 500), ("more.csv", None)):
        path = place / name
        if not path.exists():
            continue
        found, verdict = len(read_table(path)), json.loads((place / f"{name}.verdict.json").read_text())
        if rows is not None and found != rows:
            return f"{name} has {found} rows"
        if verdict["rows"] != found or verdict["file"]["sha256"] != hashlib.sha256(path.read_bytes()).hexdigest():
            return f"{name} is not what its verdict is about"
    for report in (place / "report", place / "out"):
        if (report / "report.json").exists():
            json.loads((report / "report.json").read_text())
        if (report / "report.html").exists() and "</html>" not in (report / "report.html").read_text():
            return f"{report.name}/report.html is cut off"
    return ""


def attempt(name: str, seed: int, folder: Path, whole: Whole) -> tuple[str, str]:
    """How one attempt ended, and what is wrong, "" if nothing is."""
    rng = np.random.default_rng([seed, *name.encode()])
    place, is_full = copied(folder), rng.random() < FULL
    number = SIGNALS[int(rng.integers(len(SIGNALS)))]
    moment = rng.random() * whole.seconds * 1.05
    most = int(whole.largest ** rng.random()) if is_full else None
    ended = []

    def during(child: int) -> None:
        if not is_full:
            time.sleep(moment)
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                os.kill(child, number)

    try:
        first = started(COMMANDS[name], place, most, during)
        what = f"files of {most} bytes at most" if is_full else f"{number.name} after {moment:.2f} s"
        ended.append(f"{what}: exit code {first.code}\n{first.said}")
        kind = "full" if is_full else number.name
        outcome = f"{kind}: {'done' if first.code == 0 else 'ended'}"
        expected = (0, 2) if is_full else (0, -number if number == signal.SIGKILL else 130, 130)
        if first.code not in expected or "Traceback" in first.said:
            return outcome, "\n".join([*ended, "traceback, or an exit code that is not to be"])
        if (is_full or number != signal.SIGKILL) and temporary(place):
            return outcome, "\n".join([*ended, f"left: {sorted(temporary(place))}"])
        if problem := not_whole(place):
            return outcome, "\n".join([*ended, problem])
        complete = written(place) >= whole.names
        again = started(COMMANDS[name], place, None, lambda child: None)
        ended.append(f"once more: exit code {again.code}\n{again.said}")
        if again.code == 2 and "--resume" in again.said:
            again = started([*COMMANDS[name], "--resume"], place, None, lambda child: None)
            ended.append(f"--resume: exit code {again.code}\n{again.said}")
        if again.code != 0 and not (again.code == 2 and complete and "exists" in again.said):
            return outcome, "\n".join([*ended, "the second command does not go on"])
        if problem := not_whole(place):
            return outcome, "\n".join([*ended, problem])
        if lacking := whole.names - written(place):
            return outcome, "\n".join([*ended, f"lacking after the second command: {sorted(lacking)}"])
        if again.code == 0 and temporary(place):
            return outcome, "\n".join([*ended, f"left by the second command: {sorted(temporary(place))}"])
        return outcome, ""
    except Exception:
        return "finding", "\n".join([*ended, traceback.format_exc()])
    finally:
        shutil.rmtree(place.parent, ignore_errors=True)


def undisturbed(name: str, folder: Path) -> Whole:
    """Run a command to its end."""
    place = copied(folder)
    done = started(COMMANDS[name], place, None, lambda child: None)
    if done.code:
        raise SystemExit(f"{name} fails by itself: {done.said}")
    names = written(place)
    largest = max((place / each).stat().st_size for each in names)
    shutil.rmtree(place.parent)
    return Whole(done.seconds, {each for each in names if "rejected" not in each}, largest)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", choices=[*COMMANDS, []])
    parser.add_argument("--attempts", type=int, default=100, help="of each command")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="to stop earlier")
    parser.add_argument("--seed", type=int, default=0, help="of the first attempt")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/kills"))
    parser.add_argument("--only", nargs=2, metavar=("COMMAND", "SEED"))
    options = parser.parse_args()
    import keras  # noqa: F401  # once, before the forks
    import tensorflow  # noqa: F401

    folder, end = Path(tempfile.mkdtemp()), time.monotonic() + 60 * options.minutes
    child = os.fork()  # so that this process never trains, and its forks have no threads of others
    if not child:
        inputs(folder)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the inputs could not be made")
    if options.only:
        name, seed = options.only
        print(*attempt(name, int(seed), folder, undisturbed(name, folder)), sep="\n")
        return
    asked, findings = options.commands or list(COMMANDS), 0
    wholes = {name: undisturbed(name, folder) for name in asked}
    counts = {name: Counter[str]() for name in asked}
    for seed in range(options.seed, options.seed + options.attempts):
        for name in asked:
            if time.monotonic() > end:
                break
            outcome, why = attempt(name, seed, folder, wholes[name])
            counts[name][outcome] += 1
            if why:
                findings += 1
                options.out.mkdir(parents=True, exist_ok=True)
                (options.out / f"{name}.{seed}.txt").write_text(why)
                print(f"finding: {name} {seed}", flush=True)
    print(f"seeds from {options.seed}")
    for name, count in counts.items():
        print(f"{name} ({wholes[name].seconds:.1f} s): {sum(count.values()):,} attempts: {json.dumps(dict(count))}")
    print(f"findings: {findings}" + (f", in {options.out}" if findings else ""))
    shutil.rmtree(folder)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
