"""`synthdata run`: train, generate, validate and export in one go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.scoring import score, show_real_option
from synthdata.cli.shared import learn, needs_data, produce, report_rows, rows_option, training_options, where_option

__all__ = ["command"]

FORMATS = ("csv", "csv.gz", "parquet", "jsonl", "jsonl.gz", "npz", "tfrecord")


@click.command(epilog="\b\nExample:\n  synthdata run patients.yaml --data patients.csv -n 1000 -o out")
@click.argument("schema", type=click.Path(path_type=Path))
@rows_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--format", "ending", type=click.Choice(FORMATS), default="csv", show_default=True, help="Of the rows.")
@where_option
@click.option(
    "--holdout", type=click.Path(path_type=Path), help="Real rows to evaluate with; a tenth of DATA if not given."
)
@show_real_option
@click.option(
    "--allow-real-keys", is_flag=True, help="Export even if real keys or personal values are found among the rows."
)
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
    holdout: Path | None,
    model: str | None,
    seed: int,
    max_minutes: float | None,
    resume: bool,
    force: bool,
    show_real: bool,
    allow_real_keys: bool,
) -> None:
    """Learn a table, score what was learned, and export ROWS synthetic rows.

    Writes DIR/model, DIR/report.html, DIR/rows.FORMAT and its verdict. Exit code 4, and no rows, if a score misses what
    the schema requires.
    """
    from synthdata.evaluation import check_folder
    from synthdata.io.readers import read_table
    from synthdata.io.writers import check_target as check_rows
    from synthdata.synthesizer.artefact import check_target

    table = needs_data(data, schema)
    target = output / f"rows.{ending}"
    check_target(output / "model", force=force)
    if output.exists():
        check_rows(target, force=force)
    check_folder(output, force=force)
    unseen = read_table(holdout) if holdout else None
    learned = learn(
        console,
        schema,
        table,
        output / "model",
        model=model,
        seed=seed,
        max_minutes=max_minutes,
        resume=resume,
        force=force,
        where=where,
        hold_out=unseen is None,
    )
    learned = replace(learned, holdout=learned.holdout if unseen is None else unseen)
    learned.synthesizer.save(output / "model", force=force)
    scores, told = score(
        console, learned, output, seed=seed, force=force, show_real=show_real, allow_real_keys=allow_real_keys
    )
    verdict = produce(
        console, learned.synthesizer, rows, target, where=where, seed=seed, force=force, real=learned.real
    )
    result, lines = report_rows(console, target, verdict)
    folder = output / "model"
    console.finish({"model": str(folder), "report": scores, **result}, [f"wrote {folder}", *told, *lines])
