"""`synthdata demo`: the whole way on a small real table."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.places import own_folder, write_text
from synthdata.cli.scoring import score
from synthdata.cli.work import learn, produce, report_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["command"]

SCHEMA = "breast_cancer.yaml"
REAL = "patients.csv"


@click.command(epilog="\b\nExample:\n  synthdata demo -o out/demo")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="The folder."
)
@click.option("-n", "--rows", type=click.IntRange(min=1), default=1000, show_default=True, help="How many rows.")
@with_console
def command(console: Console, output: Path, rows: int) -> None:
    """Learn 569 breast-cancer patients (scikit-learn's), generate synthetic ones, validate and export them.

    Everything goes to one folder; what an earlier demo left there is replaced.
    """
    from synthdata.artefact import check_target

    model, target = output / "model", output / "synthetic.csv"
    schema, real = output / SCHEMA, output / REAL
    own_folder(output, mark=SCHEMA)
    check_target(model, force=True)
    write_text(schema, without_modeline(schema_file().read_text(encoding="utf-8")))
    write_text(real, patients().to_csv(index=False))
    console.say(f"real patients: {real}, schema: {schema}")
    learned = learn(
        console, schema, real, model, model=None, seed=0, max_minutes=None, resume=False, force=True, hold_out=True
    )
    synthesizer = learned.synthesizer
    synthesizer.save(model, force=True)
    scores, told = score(console, learned, output, seed=0, force=True)
    verdict = produce(console, synthesizer, rows, target, where=(), seed=0, force=True)
    result, lines = report_rows(console, target, verdict)
    more = f'next: synthdata generate {model} -n 100 -o malignant.csv --where "diagnosis = malignant"'
    console.finish({"model": str(model), "report": scores, **result}, [f"model: {model}", *told, *lines, more])


def without_modeline(yaml: str) -> str:
    """Drop the line that names the JSON schema for editors, which is not in the demo's folder."""
    return yaml.partition("\n")[2] if yaml.startswith("# yaml-language-server") else yaml


def schema_file() -> Path:
    """The demo's schema: inside the package when it is installed, in the checkout otherwise."""
    installed = Path(str(files("synthdata"))) / "schemas" / SCHEMA
    return installed if installed.exists() else Path(__file__).parents[2] / "schemas" / SCHEMA


def patients() -> pd.DataFrame:
    """569 patients, one a row, with a made-up key."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame: pd.DataFrame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame.insert(0, "patient_id", [f"P-{number:06d}" for number in range(len(frame))])
    frame["diagnosis"] = np.where(bunch.target == 0, "malignant", "benign")
    return frame
