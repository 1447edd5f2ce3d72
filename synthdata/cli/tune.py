"""`synthdata tune`: search hyperparameters, write the best into a schema."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.paths import check_file, write_text
from synthdata.cli.shared import needs_data, start_tensorflow

__all__ = ["command"]

SHOWN = 5


@click.command(epilog="\b\nExample:\n  synthdata tune patients.yaml --data patients.csv --minutes 20 -o tuned.yaml")
@click.argument("schema", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The table to learn: CSV, Parquet, JSON lines, or a folder of images.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The schema to write.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), required=True, help="How long to search.")
@click.option("--trials", type=click.IntRange(min=1), help="The most trials; as many as the time allows if not given.")
@click.option(
    "--model",
    type=click.Choice(["transformer", "vae", "gan"]),
    help="The generator family; the schema's if not given.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same proposals.")
@click.option("--resume", is_flag=True, help="Go on with the trials that an earlier search left.")
@click.option("--force", is_flag=True, help="Overwrite a schema that exists.")
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path | None,
    output: Path,
    minutes: float,
    trials: int | None,
    model: str | None,
    seed: int,
    resume: bool,
    force: bool,
) -> None:
    """Search the hyperparameters of a family, and write SCHEMA with the best of them.

    Each trial trains on four fifths of the table and is measured on the rest: the AUC of boosted trees that tell its
    rows from the real ones, .5 being best. The defaults are tried first; what the schema's model sets already stays.
    Trials are kept beside the output, in OUTPUT.trials; Ctrl-C writes the best so far. Needs the extra "tune".
    """
    from synthdata.io.readers import LEAST_TO_TRAIN, read_table
    from synthdata.schema import Schema

    check_file(output, force=force or resume)
    declared = Schema.load(schema)
    frame = read_table(needs_data(data, schema), least=LEAST_TO_TRAIN)
    start_tensorflow(console)
    from synthdata.tuning import tune

    journal = output.with_name(f"{output.name}.trials")
    with console.progress() as listener:
        tuned = tune(
            frame,
            declared,
            minutes=minutes,
            most_trials=trials,
            model=model,
            seed=seed,
            journal=journal,
            resume=resume,
            listener=listener,
        )
    write_text(output, tuned.schema.into(schema.read_text(encoding="utf-8")))
    defaults, best = tuned.trials[0], tuned.best
    result = {
        "schema": str(output),
        "family": tuned.schema.model.family,
        "best": {"quality": best.quality, "seconds": best.seconds, "options": dict(best.options)},
        "trials": [
            {"quality": trial.quality, "seconds": trial.seconds, "options": dict(trial.options)}
            for trial in tuned.trials
        ],
        "seconds": console.seconds,
    }
    ranked = sorted(tuned.trials, key=lambda trial: trial.quality)
    lines = [
        f"wrote {output}: AUC {best.quality:.3f} of the best of {len(tuned.trials)} trials, "
        f"{defaults.quality:.3f} of the defaults, {duration(console.seconds)}",
        *(
            f"  {trial.quality:.3f} in {duration(trial.seconds)}: "
            + (", ".join(f"{key} {value}" for key, value in trial.options.items()) or "defaults")
            for trial in ranked[:SHOWN]
        ),
        *(["time for the defaults alone: give more --minutes"] if len(tuned.trials) == 1 and trials != 1 else []),
        f"next: synthdata train {output} --data {data} -o model",
    ]
    console.finish(result, lines)
