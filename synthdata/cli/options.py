"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from synthdata.errors import is_address
from synthdata.io.formats import READERS
from synthdata.models import AUTO, FAMILIES

__all__ = [
    "PATH",
    "any_of",
    "data_option",
    "force_option",
    "rows_option",
    "seed_option",
    "training_options",
    "where_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Command], Command]


class _File(click.Path):
    """A path; an address, which may hold a password, is refused without being repeated."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if is_address(value):
            self.fail(f"{str(value).partition(':')[0]}:// is an address; only files are read and written", param, ctx)
        return super().convert(value, param, ctx)


PATH = _File(path_type=Path)


def any_of(words: Iterable[str]) -> str:
    """Write a list as a sentence does: `.csv, .parquet or .jsonl`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


data_option = click.option(
    "--data",
    type=PATH,
    metavar="FILE",
    required=True,
    help=f"The table to learn: {any_of(READERS)}; or a folder of images.",
)
rows_option = click.option("-n", "--rows", type=click.IntRange(min=1), required=True, help="How many rows to generate.")
where_option = click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help='A condition that every row meets: "age >= 60", "state in CA, NY" or "weight is null". Repeat it to add more.',
)


def seed_option(result: str) -> Option[Any]:
    """The option --seed. result: what the same seed gives again."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help=f"Random seed: the same seed gives the same {result}.",
    )


def force_option(text: str) -> Option[Any]:
    """The option --force. text: what it overwrites."""
    return click.option("--force", is_flag=True, help=text)


def training_options(command: Command) -> Command:
    """Give a command the options of training."""
    options = (
        data_option,
        click.option(
            "--model", type=click.Choice([AUTO, *FAMILIES]), help="The generator family. Default: the schema's."
        ),
        seed_option("result"),
        click.option(
            "--max-minutes",
            type=click.FloatRange(min=0, min_open=True),
            metavar="MINUTES",
            help="Time limit of the whole command, from its start; with --resume, what an interrupted training took "
            "counts as well.",
        ),
        click.option("--resume", is_flag=True, help="Continue from the checkpoint of an interrupted run."),
        force_option("Overwrite the output of an earlier run."),
    )
    for option in reversed(options):
        command = option(command)
    return command
