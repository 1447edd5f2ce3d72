"""`synthdata init`: infer a first schema from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthdata.cli.console import Console, with_console
from synthdata.cli.options import PATH, force_option
from synthdata.cli.paths import check_file, ending_removed, write_text

if TYPE_CHECKING:
    from synthdata.schema import Schema

__all__ = ["command"]

SHOWN = 5  # constraints that are listed

LOOK_AT = """\
# Guessed from {rows:,} rows of {data}. Check before you train:
#   subject          whom the data is about: values that only a few subjects share are never learned
#   personal         names, addresses and numbers that are replaced by made-up ones, never learned
#   kinds            make a number that is a code (1 = married, 2 = single) a category
#   min, max, values what is possible, not only what this table happens to hold
#   target           the column that a model should predict: "target: ..." below the name
#   constraints      what holds between columns, in synthetic rows too; those found hold in every row here
"""


@click.command(epilog="\b\nExample:\n  synthdata init patients.csv -o patients.yaml")
@click.argument("data", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="The schema to write. Default: print it.")
@force_option("Overwrite a schema that exists.")
@with_console
def command(console: Console, data: Path, output: Path | None, force: bool) -> None:
    """Infer a schema from DATA and write it as YAML. DATA is a table or a folder of images.

    For each column, the schema says what kind it is, what is allowed, and whether it is personal data. Comments
    mark what was guessed: check them before you train.
    """
    from synthdata.fields import Identifier, Personal
    from synthdata.remarks import about_columns, about_rows
    from synthdata.schema import infer

    if output is not None:
        check_file(output, force=force)
    frame = console.read(data)
    schema, found = infer(frame, ending_removed(data))
    typed = schema.read(frame, source=str(data))
    remarks = [*about_columns(typed, schema), *about_rows(typed, schema)]
    modeline, rest = schema.dump(found.notes, found.why).split("\n", 1)
    known = output is not None and (output.parent / "schema.json").exists()  # an editor would look for it there
    text = f"{modeline}\n" * known + LOOK_AT.format(rows=len(frame), data=data.name) + rest
    result = {
        "schema": None if output is None else str(output),
        "rows": len(frame),
        "fields": {name: field.kind for name, field in schema.fields.items()},
        "subject": list(schema.subject),
        "constraints": [constraint.label() for constraint in schema.constraints],
        "notes": {name: note for name, note in found.notes.items() if note},
    }
    if output is None:
        console.finish({**result, "yaml": text}, [text.removesuffix("\n")])
        return
    write_text(output, text)
    kinds = [field.kind for field in schema.fields.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    personal = [f"{name} ({field.provider})" for name, field in schema.fields.items() if isinstance(field, Personal)]
    keys = [name for name, field in schema.fields.items() if isinstance(field, Identifier)]
    lines = [
        f"wrote {output}: {len(kinds)} fields ({counts}) from {len(frame):,} rows",
        *([f"subject: {', '.join(schema.subject)}, {found.why}"] if schema.subject else []),
        *([f"keys, not learned but made anew: {', '.join(keys)}"] if keys else []),
        *([f"personal data, not learned but made anew: {', '.join(personal)}"] if personal else []),
        *([f"holds in every row: {_listed(schema)}"] if schema.constraints else []),
        *(f"{name}: {note}" for name, note in found.notes.items() if " but for " in note or "read as missing" in note),
        *remarks,
        f"next: check it, then synthdata run {output} --data {data} -n {len(frame)} -o out",
    ]
    console.finish(result, lines, written=True)


def _listed(schema: Schema) -> str:
    labels = [constraint.label() for constraint in schema.constraints]
    more = f"; and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return "; ".join(labels[:SHOWN]) + more
