"""The group of all commands: imports them when they are called, and turns errors into one line and an exit code."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import click

from synthdata import __version__
from synthdata.errors import SynthdataError, nearest
from synthdata.imports import run_program

__all__ = ["COMMANDS", "as_interrupted", "main"]

COMMANDS = {  # in the order in which a person meets them; each is `command` of the module of its name
    "demo": "try every step on a small real table",
    "init": "infer a schema from a table",
    "train": "learn a table and write a model",
    "generate": "sample, check and export synthetic rows",
    "evaluate": "score synthetic rows: fidelity, utility, privacy",
    "run": "train, evaluate and generate in one go",
    "augment": "add synthetic rows to a training set",
    "tune": "search for better settings",
    "validate": "check a table against a schema",
    "suite": "print the checks that a schema implies",
    "inspect": "describe a model",
}
FLAGS = {  # the ends of messages that name an argument
    "to start afresh, delete it and train with resume=False": "start afresh with --force, and without --resume",
    "tune with resume=False": "tune without --resume",
    "with force=True": "with --force",
    "name one (target=)": "pass --target",
    "and give a list of them": "and repeat --where",
    "(max_minutes)": "(--max-minutes)",
    "(drop_orphans=True)": "(--drop-orphans)",
}
INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


class LazyGroup(click.Group):
    """Imports a command's module when that command is called, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in their order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"synthdata.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command for one that does not exist."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f'no command "{args[0]}"; {nearest(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command as the program, and exit."""
        signal.signal(signal.SIGTERM, as_interrupted)
        run_program(partial(self.main, *args, **kwargs))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command and exit: 0 done, 2 bad input, 3 refused by the gate, 4 missed a threshold, 1 a bug."""
        sys.exit(self._run(args, prog_name, complete_var, windows_expand_args, extra))

    def _run(self, args: Any, prog_name: Any, complete_var: Any, expand: bool, extra: dict[str, Any]) -> int:
        try:
            result = super().main(
                args, prog_name or "synthdata", complete_var, standalone_mode=False, windows_expand_args=expand, **extra
            )
            if args is None:  # the process ends
                gc.freeze()  # spares it a second of looking through TensorFlow's objects for garbage
        except SynthdataError as error:
            if _was_interrupted(error):
                return INTERRUPTED
            _complain(_in_flags(str(error)))
            return error.exit_code
        except click.UsageError as error:
            called = error.ctx.command_path if error.ctx else "synthdata"
            _complain(f"{error.format_message()} (see `{called} --help`)")
            return error.exit_code
        except click.ClickException as error:
            _complain(error.format_message())
            return 2
        except click.Abort as error:
            if isinstance(error.__cause__, EOFError):  # no command asks questions: this is a bug
                raise error.__cause__ from None
            return INTERRUPTED
        except Exception as error:
            if _was_interrupted(error):  # which a library turned into an error of its own
                return INTERRUPTED
            raise
        return result if isinstance(result, int) else 0


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an error was raised because of Ctrl-C, or while it was handled."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def as_interrupted(number: int, frame: FrameType | None) -> None:
    """Take an order to end for Ctrl-C, once: whatever Ctrl-C tidies is tidied, a checkpoint kept.

    A process that a shell started in the background ignores Ctrl-C, but not this.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _in_flags(message: str) -> str:
    """A message of the SDK with the command line's flags in place of Python arguments."""
    for argument, flag in FLAGS.items():
        message = message.replace(argument, flag)
    return message


def _complain(message: str) -> None:
    click.echo(f"error: {' '.join(message.split())}", err=True)


@click.group(
    "synthdata",
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
    epilog="""\b
Example:
  synthdata init patients.csv -o patients.yaml
  synthdata run patients.yaml --data patients.csv -n 1000 -o out

\b
Exit codes:
  0  done
  1  a bug
  2  bad input; nothing was written
  3  rows failed the schema's checks; nothing was exported
  4  a required score was missed, or training failed; nothing was exported
  130  interrupted""",
)
@click.version_option(__version__, prog_name="synthdata")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Generate synthetic tables, images and texts that are like your real ones.

    A schema says what the columns are: `init` infers one from your data. `train` learns the data and writes a model,
    `generate` samples rows from that model, and `run` does both. Only rows that pass the schema's checks are exported.

    `synthdata COMMAND --help` explains a command and shows an example. Every command takes --json for scripts.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
