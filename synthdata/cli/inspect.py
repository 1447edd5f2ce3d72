"""`synthdata inspect`: say what a model is."""

from __future__ import annotations

from pathlib import Path

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.work import load

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata inspect model")
@click.argument("model", type=click.Path(path_type=Path))
@with_console
def command(console: Console, model: Path) -> None:
    """Say what MODEL is: fields, family, size, seed. Its files are checked against their hashes."""
    about = load(model).describe()
    settings = ", ".join(f"{key} {value}" for key, value in about["settings"].items())
    wide = max(map(len, about["fields"]))
    lines = [
        f"{about['name']}: {about['family']}, {about['parameters']:,} parameters",
        f"learned from {about['rows']:,} rows in {duration(about['seconds'])}, seed {about['seed']}",
        *([f"settings: {settings}"] if settings else []),
        *([f"target: {about['target']}"] if about["target"] else []),
        "fields:",
        *(f"  {name:<{wide}}  {kind}" for name, kind in about["fields"].items()),
        *(["constraints:"] if about["constraints"] else []),
        *(f"  {label}" for label in about["constraints"]),
    ]
    console.finish({"model": str(model), **about}, lines)
