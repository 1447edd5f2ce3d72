"""`synthdata run`: train, evaluate and generate in one go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.learning import is_trained, learn, learned_before, trained_before
from synthdata.cli.options import PATH, rows_option, training_options, where_option
from synthdata.cli.overrun import overrun
from synthdata.cli.paths import load_schema
from synthdata.cli.producing import produce, report_rows
from synthdata.cli.scoring import expected, score, show_real_option
from synthdata.cli.timing import READING, ROWS, Timing
from synthdata.errors import OutputError
from synthdata.io.formats import FORMATS

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata run patients.yaml --data patients.csv -n 1000 -o out")
@click.argument("schema", type=PATH)
@rows_option
@click.option("-o", "--output", type=PATH, metavar="DIR", required=True, help="The folder to write.")
@click.option(
    "--format",
    "ending",
    type=click.Choice([ending.removeprefix(".") for ending in FORMATS]),
    default="csv",
    show_default=True,
    help="Format of the synthetic table.",
)
@where_option
@click.option(
    "--holdout",
    type=PATH,
    metavar="FILE",
    help="Real rows to evaluate with, which are not learned. Default: a tenth of the table, if it has enough rows.",
)
@show_real_option
@click.option(
    "--allow-real-keys", is_flag=True, help="Export even if synthetic rows hold real keys or real personal values."
)
@training_options
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path,
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
    """Train on a table, evaluate the model, and export synthetic rows.

    Writes DIR/model, DIR/report.html, DIR/rows.FORMAT and DIR/rows.FORMAT.verdict.json. If a score misses what the
    schema requires, or real keys turn up, no rows are exported, and the exit code is 4.
    """
    from synthdata.evaluation import check_folder
    from synthdata.io.writers import check_target as check_rows
    from synthdata.synthesizer.artefact import check_target

    target = output / f"rows.{ending}"
    trained = resume and is_trained(output / "model")
    again = force or trained  # what an interrupted run wrote after its model is written again
    if is_trained(output / "model") and not again:
        raise OutputError(f"{output / 'model'}: exists already; go on with it (--resume), or replace it (--force)")
    check_target(output / "model", force=again)
    if output.exists():
        check_rows(target, force=again)
    check_folder(output, force=again)
    timing = Timing.of(console, max_minutes, trained_before(output / "model", resume=resume))
    unseen = console.read(holdout, load_schema(schema).source) if holdout else None
    if trained:
        learned = learned_before(console, schema, data, output / "model", seed=seed, hold_out=unseen is None)
        timing.lap(READING)
    else:
        learned = learn(
            console,
            schema,
            data,
            output / "model",
            model=model,
            seed=seed,
            timing=timing,
            kept=lambda schema, table: expected(schema, table, rows),
            resume=resume,
            force=force,
            where=where,
            hold_out=unseen is None,
        )
        learned.synthesizer.save(output / "model", force=force)
    learned = replace(learned, holdout=learned.holdout if unseen is None else unseen)
    scores, summary, drawn = score(
        console,
        learned,
        output,
        timing,
        rows,
        seed=seed,
        force=again,
        conditional=bool(where),
        show_real=show_real,
        allow_real_keys=allow_real_keys,
    )
    verdict = produce(
        console,
        learned.synthesizer,
        rows,
        target,
        where=where,
        seed=seed,
        force=again,
        real=learned.real,
        allow_real_keys=True,  # the report has looked for them
        drawn=drawn,
    )
    timing.lap(ROWS)
    result, lines = report_rows(console, target, verdict)
    folder = output / "model"
    console.finish(
        {"model": str(folder), "report": scores, **result, "seconds": timing.result()},
        [f"wrote {folder}", *summary, *lines, timing.line(rows), *overrun(timing)],
    )
