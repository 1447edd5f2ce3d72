"""`synthdata init`: infer a first schema from a table."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthdata.cli.columns import MOST_LINES, described, table
from synthdata.cli.console import Console, with_console
from synthdata.cli.options import PATH, force_option
from synthdata.cli.paths import check_file, ending_removed, write_text
from synthdata.cli.relations import init_related, refuse, table_files
from synthdata.cli.source_options import chosen_columns, source_of, source_options

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Schema

__all__ = ["command"]

JOINED = "cells that hold several values: how exported tables write them; the fields are the values"
NAMED_SO = "by its name: what a model would predict; used by the utility score and by augmentation"
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


@click.command(
    epilog="\b\nExample:\n  synthdata init patients.csv -o patients.yaml\n  synthdata init shop -o shop.yaml"
)
@click.argument("data", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="The schema to write. Default: print it.")
@force_option("Overwrite a schema that exists.")
@source_options
@with_console
def command(
    console: Console,
    data: Path,
    output: Path | None,
    force: bool,
    decimal: str | None,
    thousands: str | None,
    columns: str | None,
    drop: str | None,
    **said: Any,
) -> None:
    """Infer a schema from DATA and write it as YAML. DATA is a table, a folder of images, or one of several tables.

    For each column, the schema says what kind it is, what is allowed, and whether it is personal data. Comments
    mark what was guessed: check them before you train. How a file is written is found from it; where it cannot be, say
    it with an option, and the schema keeps it (`source`). Of several tables, keys, references and owners are guessed.
    """
    from synthdata.fields import Identifier, Personal
    from synthdata.fields.written_numbers import signs
    from synthdata.io.readers import LEAST_TO_TRAIN
    from synthdata.remarks import about_columns, about_rows
    from synthdata.schema import infer

    if output is not None:
        check_file(output, force=force)
    if len(table_files(data)) > 1:
        given = {f"--{name.replace('_', '-')}": value for name, value in said.items()}
        refuse({**given, "--decimal": decimal, "--thousands": thousands, "--columns": columns, "--drop": drop})
        init_related(console, data, output)
        return
    source = source_of(said, data)
    frame = chosen_columns(console.read(data, source), columns, drop)
    schema, found = infer(frame, ending_removed(data), signs=signs(decimal, thousands), few_bad=True, joins=True)
    if found.target is not None:
        schema = schema.replace(target=found.target)
    if len(frame) < LEAST_TO_TRAIN:
        console.say(f"{data}: {len(frame)} rows; a schema can be had of them, but training needs {LEAST_TO_TRAIN}")
    typed = console.typed(data, schema, frame=frame)
    remarks = [*about_columns(typed, schema), *about_rows(typed, schema)]
    modeline, rest = schema.dump(found.notes, {"subject": found.why, "target": NAMED_SO, "joined": JOINED}).split(
        "\n", 1
    )
    known = output is not None and (output.parent / "schema.json").exists()  # an editor would look for it there
    text = f"{modeline}\n" * known + LOOK_AT.format(rows=len(frame), data=data.name) + rest
    shown = described(schema, typed, found.notes, most=None if console.machine else MOST_LINES)
    result = {
        "schema": None if output is None else str(output),
        "rows": len(frame),
        "fields": {name: field.kind for name, field in schema.fields.items()},
        "target": schema.target,
        "subject": list(schema.subject),
        "joined": schema.joined,
        "constraints": [constraint.label() for constraint in schema.constraints],
        "columns": [asdict(each) for each in shown],
    }
    if output is None:
        console.finish({**result, "yaml": text}, [text.removesuffix("\n")])
        return
    write_text(output, text)
    bad = _bad_rows(frame, typed)
    if bad:
        kept = output.with_name(f"{output.stem}.bad_rows.jsonl")
        write_text(kept, "".join(f"{json.dumps(each, ensure_ascii=False, default=str)}\n" for each in bad))
        console.say(f"wrote {kept}: {len(bad):,} rows that were left out, as they stand in {data}")
    kinds = [field.kind for field in schema.fields.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    personal = [f"{name} ({field.provider})" for name, field in schema.fields.items() if isinstance(field, Personal)]
    keys = [name for name, field in schema.fields.items() if isinstance(field, Identifier)]
    lines = [
        *table(shown, len(schema.fields)),
        f"wrote {output}: {len(kinds)} fields ({counts}) from {len(frame):,} rows",
        *(f"taken apart: {name}, each cell {template}" for name, template in schema.joined.items()),
        *([f"subject: {', '.join(schema.subject)}, {found.why}"] if schema.subject else []),
        *([f"target: {schema.target}, by its name"] if schema.target else []),
        *([f"keys, not learned but made anew: {', '.join(keys)}"] if keys else []),
        *([f"personal data, not learned but made anew: {', '.join(personal)}"] if personal else []),
        *([f"holds in every row: {_listed(schema)}"] if schema.constraints else []),
        *(f"{name}: {note}" for name, note in found.notes.items() if name in found.matter),
        *remarks,
        f"next: check it, then synthdata run {output} --data {data} -n {len(frame)} -o out",
    ]
    console.finish(result, lines, written=True)


def _bad_rows(frame: pd.DataFrame, typed: pd.DataFrame) -> list[dict[str, Any]]:
    """What was left out, as it stands in the file."""
    from synthdata.schema.source import BAD_LINES, BAD_ROWS

    rows = [{"row": row + 1, "cells": frame.iloc[row].to_dict()} for row in typed.attrs.get(BAD_ROWS, ())]
    return [*rows, *({"line": line} for line in frame.attrs.get(BAD_LINES, ()))]


def _listed(schema: Schema) -> str:
    labels = [constraint.label() for constraint in schema.constraints]
    more = f"; and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return "; ".join(labels[:SHOWN]) + more
