"""`synthdata suite`: print the checks that a schema implies."""

from __future__ import annotations

import json
from pathlib import Path

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.options import PATH
from synthdata.cli.paths import load_schema

__all__ = ["command"]


@click.command(epilog="\b\nExample:\n  synthdata suite patients.yaml > patients.suite.json")
@click.argument("schema", type=PATH)
@with_console
def command(console: Console, schema: Path) -> None:
    """Print the checks that SCHEMA implies, as a Great Expectations suite in JSON.

    To add checks of your own, save the suite beside the schema, edit it, and name it in the schema: "suite: FILE". Both
    are then checked.
    """
    from synthdata.validation import Suite

    declared = load_schema(schema)
    suite = Suite.derive(declared).to_json(declared.name)
    console.finish(suite, [json.dumps(suite, indent=2, ensure_ascii=False)])
