"""`synthdata generate`: sample, check and export synthetic rows."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.options import PATH, any_of, force_option, seed_option, where_option
from synthdata.cli.producing import produce, prompts_by_field, report_rows
from synthdata.cli.relations import generate_related, holds_tables, refuse
from synthdata.io.formats import FORMATS

__all__ = ["command"]


@click.command(
    epilog="\b\nExample:\n"
    "  synthdata generate model -n 1000 -o rows.csv\n"
    "  synthdata generate shop.model --roots 1000 -o shop\n"
    '  synthdata generate model -n 1000 -o rows.csv --where "age >= 60" --where "state in CA, NY"'
)
@click.argument("model", type=PATH)
@click.option(
    "-n",
    "--rows",
    "--roots",
    "rows",
    type=click.IntRange(min=1),
    required=True,
    help="How many rows to generate; of several tables how many roots, with all that they own.",
)
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="FILE",
    required=True,
    help=f"The table to write. Its ending sets the format: {any_of(FORMATS)}. Without an ending: a folder of images, "
    "or of several tables.",
)
@where_option
@seed_option("rows")
@click.option(
    "--real",
    type=PATH,
    metavar="FILE",
    help="The real rows; a synthetic row that holds one of their keys or personal values is drawn again.",
)
@click.option("--independent", metavar="COLUMN", help="Make the target independent of COLUMN, a sensitive attribute.")
@click.option(
    "--prompt",
    metavar="[FIELD=]TEXT",
    multiple=True,
    help="Text fields: what each text begins with. Repeat it for several fields.",
)
@click.option(
    "--temperature",
    type=float,
    help="Text fields: sampling temperature; below 1 gives likelier, less varied texts.",
)
@click.option(
    "--top-p",
    type=float,
    help="Text fields: nucleus sampling; sample from the smallest set of tokens with this total probability.",
)
@force_option("Overwrite a table that exists.")
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
    """Sample rows from MODEL, check them against its schema, and write those that pass.

    Rows that fail a check are drawn again, until there are enough. Beside the table, FILE.verdict.json says what was
    checked and has the hash of the table, and FILE.rejected.parquet holds rejected rows with the reason. Of a model of
    several tables, a root is drawn with all that it owns, and fails with any row of it; FILE is a folder, written whole
    or not at all.
    """
    from synthdata.io.writers import check_target
    from synthdata.synthesizer import Synthesizer

    if holds_tables(model):
        refuse(
            {
                "--real": real,
                "--independent": independent,
                "--prompt": prompt,
                "--temperature": temperature,
                "--top-p": top_p,
            }
        )
        generate_related(console, model, rows, output, where=where, seed=seed, force=force)
        return
    check_target(output, force=force)
    synthesizer = Synthesizer.load(model)
    for text in synthesizer.about.get("warnings", ()):
        console.say(text)
    if prompt or temperature is not None or top_p is not None:
        texts = [name for name, field in synthesizer.schema.fields.items() if field.kind == "text"]
        prompts = prompts_by_field(prompt, texts)
        synthesizer = synthesizer.with_sampling(prompt=prompts, temperature=temperature, top_p=top_p)
    known = None if real is None else console.typed(real, synthesizer.schema)
    if independent is None:
        verdict = produce(console, synthesizer, rows, output, where=where, seed=seed, force=force, real=known)
        console.finish(*report_rows(console, output, verdict), written=True)
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
        f"{synthesizer.schema.target} by {independent}: demographic parity difference {made.learned:.3f} as learned, "
        f"{made.made:.3f} in these rows"
    )
    console.finish(result, lines)
