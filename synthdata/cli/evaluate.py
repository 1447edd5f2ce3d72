"""`synthdata evaluate`: score synthetic rows against real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.options import PATH, force_option, seed_option
from synthdata.cli.overrun import overrun
from synthdata.cli.paths import load_schema
from synthdata.cli.quiet_tf import start_tensorflow
from synthdata.cli.scoring import report_scores, show_real_option
from synthdata.cli.timing import EVALUATION, READING, WRITING, Timing

__all__ = ["command"]


@click.command(
    epilog="\b\nExample:\n  synthdata evaluate patients.yaml --real train.csv --synthetic rows.csv \\\n"
    "    --holdout holdout.csv -o report"
)
@click.argument("schema", type=PATH)
@click.option("--real", type=PATH, metavar="FILE", required=True, help="The rows that the model was trained on.")
@click.option("--synthetic", type=PATH, metavar="FILE", required=True, help="The rows to score.")
@click.option(
    "--holdout",
    type=PATH,
    metavar="FILE",
    help="Real rows that the model was not trained on; most privacy scores need them.",
)
@click.option("--model-dir", type=PATH, metavar="DIR", help="The model, to show its training curves in the report.")
@click.option(
    "--inception",
    type=PATH,
    metavar="FILE",
    help="Weights of Inception v3 (Keras, .h5, without the top), to measure the FID of images.",
)
@click.option("-o", "--output", type=PATH, metavar="DIR", required=True, help="The folder to write.")
@seed_option("scores")
@force_option("Overwrite an earlier report.")
@show_real_option
@click.option(
    "--max-minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MINUTES",
    help="Time limit of the whole command. If it is short, fewer rows are sampled, and the notes say how many.",
)
@with_console
@click.pass_context
def command(
    ctx: click.Context,
    console: Console,
    schema: Path,
    real: Path,
    synthetic: Path,
    holdout: Path | None,
    model_dir: Path | None,
    inception: Path | None,
    output: Path,
    seed: int,
    force: bool,
    show_real: bool,
    max_minutes: float | None,
) -> None:
    """Score synthetic rows against real ones: fidelity, utility and privacy.

    Each score is shown beside the score of held-out real rows and that of independent columns. Writes DIR/report.html,
    report.json and report.xml (JUnit). The exit code is 4 if a score misses what the schema requires.
    """
    from synthdata.evaluation import check_folder, evaluate, write_report

    timing = Timing.of(console, max_minutes)
    declared = load_schema(schema)
    check_folder(output, force=force)
    history, warnings = _training(model_dir) if model_dir else ([], [])
    frames = [console.read(path, declared.source) if path else None for path in (real, synthetic, holdout)]
    assert frames[0] is not None
    assert frames[1] is not None
    if any(field.ending for field in declared.fields.values()):  # image features are those of a network
        start_tensorflow(console)
    timing.lap(READING)
    with console.progress() as listener:
        report = evaluate(
            frames[0],
            frames[1],
            frames[2],
            declared,
            seed=seed,
            history=history,
            warnings=warnings,
            inception=inception,
            show_real=show_real,
            max_minutes=replace(timing.budget, kept=WRITING).share(1),
            listener=listener,
        )
    files = write_report(report, output, force=force)
    timing.lap(EVALUATION)
    result, lines = report_scores(report, files)
    console.finish(result, [*lines, *overrun(timing)])
    if report.missed:
        ctx.exit(4)


def _training(model: Path) -> tuple[list[dict[str, float]], list[str]]:
    """The model's training curves and warnings."""
    from synthdata.synthesizer import Synthesizer

    synthesizer = Synthesizer.load(model)
    generator = synthesizer.generator
    return generator.history if generator else [], list(synthesizer.about.get("warnings", ()))
