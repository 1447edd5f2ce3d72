"""`synthdata generate`: sample rows from a model, validate and export them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.shared import load, produce, prompts_by_field, report_rows, rows_option, where_option

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Schema

__all__ = ["command"]


@click.command(
    epilog='\b\nExample:\n  synthdata generate model -n 1000 -o rows.csv --where "age >= 60" --where "state in CA, NY"'
)
@click.argument("model", type=click.Path(path_type=Path))
@rows_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The table to write.")
@where_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same rows.")
@click.option(
    "--real",
    type=click.Path(path_type=Path),
    help="Real rows: a synthetic one that holds a key or personal value of theirs is drawn again.",
)
@click.option("--independent", metavar="COLUMN", help="Make the target independent of a sensitive column.")
@click.option("--prompt", metavar="[FIELD=]TEXT", multiple=True, help="What texts begin with.")
@click.option("--temperature", type=float, help="Of texts: below 1, likelier and less varied.")
@click.option("--top-p", type=float, help="Of texts: from the likeliest tokens, of this probability together.")
@click.option("--force", is_flag=True, help="Overwrite a table that exists.")
@with_console
def command(
    console: Console,
    model: Path,
    rows: int,
    output: Path,
    where: tuple[str, ...],
    seed: int,
    real: Path | None,
    independent: str | None,
    prompt: tuple[str, ...],
    temperature: float | None,
    top_p: float | None,
    force: bool,
) -> None:
    """Sample ROWS rows from MODEL, pass them through the gate, and write them.

    The format is told by the ending of the output: .csv, .csv.gz, .parquet, .jsonl, .jsonl.gz, .npz;
    without one, a folder of images.
    """
    from synthdata.io.readers import read_table
    from synthdata.io.writers import check_target

    check_target(output, force=force)
    synthesizer = load(model)
    for text in synthesizer.about.get("warnings", ()):
        console.say(text)
    if prompt or temperature is not None or top_p is not None:
        prompts = prompts_by_field(prompt, synthesizer.schema.fields)
        synthesizer = synthesizer.with_sampling(prompt=prompts, temperature=temperature, top_p=top_p)
    schema = synthesizer.schema
    known = None if real is None else _checked(schema.read(read_table(real), str(real)), schema)
    if independent is None:
        verdict = produce(console, synthesizer, rows, output, where=where, seed=seed, force=force, real=known)
        console.finish(*report_rows(console, output, verdict))
        return
    from synthdata.augmentation.fairness import generate_independent
    from synthdata.io.writers import export

    with console.progress() as listener:
        made = generate_independent(
            synthesizer, rows, independent, where=list(where), seed=seed, real=known, listener=listener
        )
        export(made.validated, output, force=force)
    result, lines = report_rows(console, output, made.validated.verdict())
    result["target_parity_difference"] = {"learned": made.learned, "made": made.made}
    lines.append(
        f"{synthesizer.schema.target} by {independent}: shares differ by {made.learned:.3f} at most as learned, by "
        f"{made.made:.3f} among these rows (demographic parity difference)"
    )
    console.finish(result, lines)


def _checked(real: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The real rows; InputError if a model has learned what none of them may show."""
    from synthdata.errors import InputError
    from synthdata.remarks import is_somebodys

    learned = [name for name, field in schema.fields.items() if is_somebodys(real[name].dropna(), name, field)]
    if learned:
        raise InputError(
            f'"{learned[0]}" looks like keys or personal data and was learned, so that real ones come out; declare it '
            f"an identifier or personal in the schema and train again, or generate without --real"
        )
    return real
