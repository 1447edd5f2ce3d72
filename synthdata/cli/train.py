"""`synthdata train`: learn a table and write a model."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.learning import learn, trained_before
from synthdata.cli.options import PATH, training_options
from synthdata.cli.overrun import overrun
from synthdata.cli.relations import is_related, refuse, train_related
from synthdata.cli.timing import WRITTEN, Timing
from synthdata.errors import InputError

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata train patients.yaml --data patients.csv -o model --max-minutes 10")
@click.argument("schema", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="DIR", required=True, help="The model directory to write.")
@training_options
@click.option("--drop-orphans", is_flag=True, help="Of several tables: leave rows out whose owner is not there.")
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path,
    output: Path,
    model: str | None,
    seed: int,
    max_minutes: float | None,
    resume: bool,
    force: bool,
    drop_orphans: bool,
) -> None:
    """Check a table against SCHEMA, train a model on it, and write the model.

    The model directory holds JSON and weights, no real rows and no code. Ctrl-C keeps a checkpoint beside it; run the
    same command with --resume to continue. What was finished, the table's training say, is not trained again.

    Several tables, where SCHEMA names them, are learned together; FILE is then the folder that holds them.
    """
    from synthdata.synthesizer.artefact import check_target

    check_target(output, force=force)
    if is_related(schema):
        refuse({"--model": model, "--resume": resume or None})
        train_related(
            console,
            schema,
            data,
            output,
            seed=seed,
            max_minutes=max_minutes,
            drop_orphans=drop_orphans,
            force=force,
        )
        return
    if drop_orphans:
        raise InputError(f"--drop-orphans: {schema} is of one table, which has no owners; leave it out")
    timing = Timing.of(console, max_minutes, trained_before(output, resume=resume))
    learned = learn(console, schema, data, output, model=model, seed=seed, timing=timing, resume=resume, force=force)
    synthesizer = learned.synthesizer
    synthesizer.save(output, force=force)
    timing.lap(WRITTEN)
    about = synthesizer.describe()
    result = {"model": str(output), **about, "seconds": timing.result()}
    lines = [
        f"wrote {output}: {about['family']} of {len(about['fields'])} fields, trained on {about['rows']:,} rows "
        f"in {duration(timing.budget.spent)}",
        *([f"chosen for {about['chosen']}"] if "chosen" in about else []),
        timing.line(),
        *overrun(timing),
        f"next: synthdata generate {output} -n {about['rows']} -o rows.csv",
    ]
    console.finish(result, lines, written=True)
