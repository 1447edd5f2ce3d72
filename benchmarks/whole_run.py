"""Run `synthdata init` and `synthdata run` on a table as a user would, and say how long they took and what came out."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CLI = Path(__file__).parents[1] / "cli.py"


def whole_run(
    data: Path, out: Path, rows: int, *, minutes: float | None = None, model: str | None = None
) -> dict[str, Any]:
    """Infer a schema, train, evaluate, generate; RuntimeError if a command fails.

    wall_s is the time of `run` alone, from its start to its end, and cpu_s its processor time; train_s is what the
    model says that its fit took.
    """
    out.mkdir(parents=True, exist_ok=True)
    schema = out / "schema.yaml"
    command("init", data, "-o", schema, "--force")
    options: list[Any] = [] if minutes is None else ["--max-minutes", minutes]
    options += [] if model is None else ["--model", model]
    began, used = time.perf_counter(), processor_seconds()
    done = command("run", schema, "--data", data, "-n", rows, "-o", out, "--force", *options)
    wall, cpu = time.perf_counter() - began, processor_seconds() - used
    about = command("inspect", out / "model")
    return {
        "data": f"{data.resolve().parent.name}/{data.name}",
        "rows": about["rows"],
        "columns": len(about["fields"]),
        "family": about["family"],
        "wall_s": round(wall, 1),
        "cpu_s": round(cpu, 1),
        "train_s": about["seconds"],
        "epochs": epochs(about),
        "rejected": done["rejected"],
        "c2st_auc": done["report"]["scores"].get("c2st_auc"),
    }


def epochs(about: Mapping[str, Any]) -> str:
    """Epochs planned / run, "" for a family without."""
    planned = about["settings"].get("epochs", about["settings"].get("rounds"))
    return f"{planned} / {about['training']['epochs']}" if "training" in about else ""


def command(*words: Any) -> dict[str, Any]:
    """What a command of `synthdata` says, as JSON; RuntimeError if it fails."""
    line = [sys.executable, str(CLI), *map(str, words), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def processor_seconds() -> float:
    """Of all commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
