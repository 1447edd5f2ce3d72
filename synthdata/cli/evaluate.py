"""`synthdata evaluate`: is it good, is it useful, is it safe."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.scoring import report_scores, show_real_option
from synthdata.cli.shared import start_tensorflow

__all__ = ["command"]


@click.command(
    epilog="\b\nExample:\n  synthdata evaluate patients.yaml --real train.csv --synthetic rows.csv \\\n"
    "    --holdout holdout.csv -o report"
)
@click.argument("schema", type=click.Path(path_type=Path))
@click.option("--real", type=click.Path(path_type=Path), required=True, help="The rows that were learned.")
@click.option("--synthetic", type=click.Path(path_type=Path), required=True, help="The rows to be scored.")
@click.option("--holdout", type=click.Path(path_type=Path), help="Real rows that were not learned; privacy needs them.")
@click.option("--model-dir", type=click.Path(path_type=Path), help="The model, to draw its loss curves.")
@click.option(
    "--inception", type=click.Path(path_type=Path), help="Weights of Inception v3 (Keras' .h5 without head), for FID."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same scores.")
@click.option("--force", is_flag=True, help="Replace what an earlier run left.")
@show_real_option
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
) -> None:
    """Score synthetic rows against the real ones: DIR/report.html, report.json, and report.xml (JUnit).

    Every score stands beside what held-out real rows reach and what independent columns reach. Exit code 4 if a score
    misses what the schema requires.
    """
    from synthdata.evaluation import check_folder, evaluate, write_report
    from synthdata.io.readers import read_table
    from synthdata.schema import Schema

    declared = Schema.load(schema)
    check_folder(output, force=force)
    history, warnings = _training(model_dir) if model_dir else ([], [])
    frames = [read_table(path) if path else None for path in (real, synthetic, holdout)]
    assert frames[0] is not None
    assert frames[1] is not None
    if any(field.ending for field in declared.fields.values()):  # networks look at images
        start_tensorflow(console)
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
            listener=listener,
        )
    files = write_report(report, output, force=force)
    result, lines = report_scores(report, files)
    console.finish(result, lines)
    if report.missed:
        ctx.exit(4)


def _training(model: Path) -> tuple[list[dict[str, float]], list[str]]:
    """How the model's training went, and what it warned of."""
    from synthdata.cli.shared import load

    synthesizer = load(model)
    generator = synthesizer.generator
    return generator.history if generator else [], list(synthesizer.about.get("warnings", ()))
