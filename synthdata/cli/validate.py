"""`synthdata validate`: check a table against a schema."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.options import PATH
from synthdata.cli.paths import load_schema

__all__ = ["command"]

REFUSED = 3


@click.command(epilog="\b\nExample:\n  synthdata validate patients.yaml patients.csv")
@click.argument("schema", type=PATH)
@click.argument("data", type=PATH)
@with_console
@click.pass_context
def command(ctx: click.Context, console: Console, schema: Path, data: Path) -> None:
    """Check DATA, a table or a folder of images, against SCHEMA. Prints which checks failed and in which rows.

    Says so if an export's verdict stands beside DATA and has the hash of another content. Exit code 3 if any check
    fails.
    """
    from synthdata.io.writers.exports import other_content
    from synthdata.validation import check

    declared = load_schema(schema)
    verdict = check(console.typed(data, declared), declared)
    failing = [one for one in verdict.checks if one.failed or not one.success]
    lines = [f"  {one}" for one in failing]
    beside = other_content(data)
    if beside is not None:
        lines.append(f"{beside} is about another content: {data} was changed since it was exported")
    outcome = "passed" if verdict.passed else "refused"
    lines.append(
        f"{outcome}: {data}, {verdict.sampled:,} rows, {len(verdict.checks)} expectations, "
        f"{len(failing)} failed, {duration(console.seconds)}"
    )
    console.finish({"data": str(data), "changed_since_export": beside is not None, **verdict.to_json()}, lines)
    if not verdict.passed:
        ctx.exit(REFUSED)
