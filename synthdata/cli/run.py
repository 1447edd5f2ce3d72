"""`synthdata run`: train, generate, validate and export in one go."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.work import learn, needs_data, produce, report_rows, rows_option, training_options, where_option

__all__ = ["command"]

FORMATS = ("csv", "csv.gz", "parquet", "jsonl", "jsonl.gz")


@click.command(epilog="\b\nExample:\n  synthdata run patients.yaml --data patients.csv -n 1000 -o out")
@click.argument("schema", type=click.Path(path_type=Path))
@rows_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--format", "ending", type=click.Choice(FORMATS), default="csv", show_default=True, help="Of the rows.")
@where_option
@training_options
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path | None,
    rows: int,
    output: Path,
    ending: str,
    where: tuple[str, ...],
    model: str | None,
    seed: int,
    max_minutes: float | None,
    resume: bool,
    force: bool,
) -> None:
    """Learn a table and export ROWS synthetic rows: DIR/model, DIR/rows.FORMAT and its verdict."""
    from synthdata.artefact import check_target
    from synthdata.exporting import check_target as check_rows

    table = needs_data(data, schema)
    target = output / f"rows.{ending}"
    check_target(output / "model", force=force)
    if output.exists():
        check_rows(target, force=force)
    synthesizer = learn(
        console,
        schema,
        table,
        output / "model",
        model=model,
        seed=seed,
        max_minutes=max_minutes,
        resume=resume,
        where=where,
    )
    synthesizer.save(output / "model", force=force)
    verdict = produce(console, synthesizer, rows, target, where=where, seed=seed, force=force)
    result, lines = report_rows(console, target, verdict)
    console.finish({"model": str(output / "model"), **result}, [f"wrote {output / 'model'}", *lines])
