"""`synthdata suite`: print the expectations a schema implies."""

from __future__ import annotations

import json
from pathlib import Path

import click

from synthdata.cli.console import Console, with_console

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata suite patients.yaml > patients.suite.json")
@click.argument("schema", type=click.Path(path_type=Path))
@with_console
def command(console: Console, schema: Path) -> None:
    """Print the suite that SCHEMA implies, as Great Expectations JSON, to read and to extend.

    Edit it, save it beside the schema, and name it there as "suite: FILE": it is checked on top of the derived one.
    """
    from synthdata.schema import Schema
    from synthdata.validation import Suite

    declared = Schema.load(schema)
    suite = Suite.derive(declared).to_json(declared.name)
    console.finish(suite, [json.dumps(suite, indent=2, ensure_ascii=False)])
