"""Options that say how a file is written, where it does not show it; `init` puts what they say into the schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthdata.cli.options import Command
from synthdata.errors import InputError, nearest
from synthdata.io.formats import READERS, ending_of

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Source

__all__ = ["chosen_columns", "source_of", "source_options"]

OF_TEXT = ("delimiter", "comment")  # options that nothing but delimited text has
SPELLED = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|"}


def source_options(command: Command) -> Command:
    """Give a command the options of a file's source, as arguments that `source_of` takes, and of its columns."""
    options = (
        click.option("--delimiter", metavar="CHARACTER", help='What parts cells of a text file: ";", tab, space.'),
        click.option("--encoding", metavar="NAME", help="Encoding of a text file: cp1252, latin-1, shift_jis."),
        click.option(
            "--header/--no-header",
            default=None,
            help="Whether the first row holds names; if not, columns are called column_1, ... Default: found.",
        ),
        click.option("--skip-rows", type=click.IntRange(min=1), help="Leave out so many lines above the header."),
        click.option("--comment", metavar="TEXT", help='Leave out lines that begin with this: "#".'),
        click.option("--na", multiple=True, metavar="TEXT", help="A cell that means a missing value. Repeat it."),
        click.option("--sheet", metavar="NAME", help="The sheet of a workbook."),
        click.option(
            "--decimal", type=click.Choice([".", ","]), help="The decimal sign, where the cells leave it open."
        ),
        click.option("--thousands", metavar="CHARACTER", help="What parts thousands, where the cells leave it open."),
        click.option(
            "--reject-bad-rows",
            metavar="N|N%",
            help="Leave out so many rows at most that cannot be read, instead of refusing the file.",
        ),
        click.option("--columns", metavar="NAMES", help="Only these columns, parted by commas."),
        click.option("--drop", metavar="NAMES", help="All columns but these, parted by commas."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def source_of(said: dict[str, Any], path: Path) -> Source:
    """The source that options say; InputError for one that a file of this ending does not have."""
    reader = READERS.get(ending_of(path.name, READERS), "")
    for option in ("sheet", *OF_TEXT):
        of = "workbooks" if option == "sheet" else "delimited text"
        if said[option] and reader and not reader.endswith("read_workbook" if option == "sheet" else "read_csv"):
            raise InputError(f"--{option}: is for {of}; leave it out for {path}")
    from synthdata.schema import Source

    delimiter = said["delimiter"]
    return Source(
        delimiter=SPELLED.get(delimiter, delimiter),
        encoding=said["encoding"],
        header=said["header"],
        skip_rows=said["skip_rows"] or 0,
        comment=said["comment"],
        na=said["na"],
        sheet=said["sheet"],
        bad_rows=said["reject_bad_rows"] or 0,
    )


def chosen_columns(frame: pd.DataFrame, columns: str | None, drop: str | None) -> pd.DataFrame:
    """The columns asked for, in the order of the file."""
    wanted = list(map(str, frame)) if columns is None else _named(frame, columns, "--columns")
    left_out = [] if drop is None else _named(frame, drop, "--drop")
    kept = [name for name in frame if str(name) in wanted and str(name) not in left_out]
    if not kept:
        raise InputError("--drop: leaves no column")
    return frame[kept]


def _named(frame: pd.DataFrame, names: str, option: str) -> Sequence[str]:
    """Names parted by commas, or one name that has a comma."""
    known = list(map(str, frame))
    found = [names] if names in known else [name.strip() for name in names.split(",")]
    for name in found:
        if name not in known:
            raise InputError(f'{option}: no column "{name}"; {nearest(name, known)}')
    return found
