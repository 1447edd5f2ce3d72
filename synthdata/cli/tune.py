"""`synthdata tune`: search for better settings and write them into a schema."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.options import PATH, data_option, force_option, seed_option
from synthdata.cli.paths import check_file, load_schema, write_text
from synthdata.cli.quiet_tf import start_tensorflow
from synthdata.extras import check_installed
from synthdata.models import BASELINE, FAMILIES

__all__ = ["command"]

SHOWN = 5


@click.command(epilog="\b\nExample:\n  synthdata tune patients.yaml --data patients.csv --minutes 20 -o tuned.yaml")
@click.argument("schema", type=PATH)
@data_option
@click.option("-o", "--output", type=PATH, metavar="FILE", required=True, help="The schema to write.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="How long to search: the training and scoring of trials, without start-up and reading.",
)
@click.option("--trials", type=click.IntRange(min=1), help="Stop after this many trials. Default: when the time is up.")
@click.option(
    "--model",
    type=click.Choice([name for name in FAMILIES if name != BASELINE]),
    help="The generator family. Default: the schema's.",
)
@seed_option("proposals")
@click.option("--resume", is_flag=True, help="Continue an earlier search from its trials.")
@force_option("Overwrite a schema that exists.")
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path,
    output: Path,
    minutes: float,
    trials: int | None,
    model: str | None,
    seed: int,
    resume: bool,
    force: bool,
) -> None:
    """Search for the best settings of a generator family, and write a copy of SCHEMA that has them.

    Each trial trains on four fifths of the table and is scored on the rest: the AUC of boosted trees that try to tell
    synthetic rows from real ones; 0.5 is best. The first trial has the defaults. Settings that the schema's model names
    stay as they are. Ctrl-C stops and writes the best so far; trials are kept in OUTPUT.trials for --resume.

    Needs Optuna: pip install 'synthdata[tune]'.
    """
    from synthdata.io.readers import LEAST_TO_TRAIN

    check_installed("tune", "tuning")
    check_installed("train", "training")
    check_file(output, force=force or resume)
    declared = load_schema(schema)
    frame = console.read(data, declared.source, least=LEAST_TO_TRAIN)
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
        f"wrote {output}: AUC {best.quality:.3f} with the best of {len(tuned.trials)} trials, "
        f"{defaults.quality:.3f} with the defaults, {duration(console.seconds)}",
        *(
            f"  {trial.quality:.3f} in {duration(trial.seconds)}: "
            + (", ".join(f"{key} {value}" for key, value in trial.options.items()) or "defaults")
            for trial in ranked[:SHOWN]
        ),
        *(
            ["there was time for the defaults only: give more --minutes"]
            if len(tuned.trials) == 1 and trials != 1
            else []
        ),
        f"next: synthdata train {output} --data {data} -o model",
    ]
    console.finish(result, lines)
