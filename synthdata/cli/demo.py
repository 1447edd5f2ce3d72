"""`synthdata demo`: every step on small real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthdata.cli import demo_data
from synthdata.cli.console import Console, with_console
from synthdata.cli.learning import learn
from synthdata.cli.options import PATH
from synthdata.cli.paths import own_folder, write_text
from synthdata.cli.producing import produce, report_rows
from synthdata.cli.scoring import score
from synthdata.cli.timing import ROWS, Timing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["command"]


@dataclass(frozen=True)
class Sample:
    """schema: one that ships. real, synthetic: files in the demo's folder. after: options of the next `generate`."""

    schema: str
    real: str
    synthetic: str
    frame: Callable[[], pd.DataFrame]
    after: str


DATA = {
    "patients": Sample(
        "breast_cancer.yaml",
        "patients.csv",
        "synthetic.csv",
        demo_data.patients,
        '-n 100 -o malignant.csv --where "diagnosis = malignant"',
    ),
    "digits": Sample(
        "digits.yaml", "digits.parquet", "synthetic.parquet", demo_data.digits, '-n 100 -o sevens/ --where "label = 7"'
    ),
}


@click.command(epilog="\b\nExample:\n  synthdata demo -o out/demo")
@click.option(
    "-o", "--output", type=PATH, metavar="DIR", default=Path("out/demo"), show_default=True, help="The folder to write."
)
@click.option(
    "--data",
    type=click.Choice(tuple(DATA)),
    default="patients",
    show_default=True,
    help="A table of 569 patients (half a minute), or 1,797 digits with a label, a caption and an image (minutes).",
)
@click.option(
    "-n", "--rows", type=click.IntRange(min=1), default=1000, show_default=True, help="How many rows to generate."
)
@with_console
def command(console: Console, output: Path, data: str, rows: int) -> None:
    """Train on a small real table that comes with scikit-learn, evaluate, and export synthetic rows.

    Everything is written into one folder; an earlier demo in it is overwritten.
    """
    from synthdata.synthesizer.artefact import check_target

    sample = DATA[data]
    model, target = output / "model", output / sample.synthetic
    schema, real = output / sample.schema, output / sample.real
    own_folder(output, marks=[each.schema for each in DATA.values()])
    check_target(model, force=True)
    write_text(schema, without_modeline(demo_data.schema_file(sample.schema).read_text(encoding="utf-8")))
    frame = sample.frame()
    if real.suffix == ".csv":
        write_text(real, frame.to_csv(index=False))
    else:
        frame.to_parquet(real)
    console.say(f"real {data}: {real}, schema: {schema}")
    timing = Timing.of(console)
    learned = learn(
        console, schema, real, model, model=None, seed=0, timing=timing, resume=False, force=True, hold_out=True
    )
    synthesizer = learned.synthesizer
    synthesizer.save(model, force=True)
    scores, summary, drawn = score(console, learned, output, timing, rows, seed=0, force=True)
    verdict = produce(console, synthesizer, rows, target, where=(), seed=0, force=True, real=learned.real, drawn=drawn)
    timing.lap(ROWS)
    result, lines = report_rows(console, target, verdict)
    more = f"next: synthdata generate {model} {sample.after}"
    console.finish(
        {"model": str(model), "report": scores, **result, "seconds": timing.result()},
        [f"model: {model}", *summary, *lines, timing.line(rows), more],
    )


def without_modeline(yaml: str) -> str:
    """Remove the line that points editors to the JSON schema, which is not in the demo's folder."""
    return yaml.partition("\n")[2] if yaml.startswith("# yaml-language-server") else yaml
