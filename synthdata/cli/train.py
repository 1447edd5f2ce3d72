"""`synthdata train`: learn a table, write a model."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.shared import learn, needs_data, training_options

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata train patients.yaml --data patients.csv -o model --max-minutes 10")
@click.argument("schema", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The model directory to write.")
@training_options
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path | None,
    output: Path,
    model: str | None,
    seed: int,
    max_minutes: float | None,
    resume: bool,
    force: bool,
) -> None:
    """Check a table against SCHEMA, learn it, and write a model directory.

    Ctrl-C leaves a checkpoint beside the model, from which --resume goes on.
    """
    from synthdata.synthesizer.artefact import check_target

    check_target(output, force=force)
    table = needs_data(data, schema)
    learned = learn(
        console, schema, table, output, model=model, seed=seed, max_minutes=max_minutes, resume=resume, force=force
    )
    synthesizer = learned.synthesizer
    synthesizer.save(output, force=force)
    about = synthesizer.describe()
    result = {"model": str(output), "seconds": console.seconds, **about}
    lines = [
        f"wrote {output}: {about['family']} of {len(about['fields'])} fields, learned from {about['rows']:,} rows "
        f"in {duration(console.seconds)}",
        *([f"chosen for {about['chosen']}"] if "chosen" in about else []),
        f"next: synthdata generate {output} -n {about['rows']} -o rows.csv",
    ]
    console.finish(result, lines)
