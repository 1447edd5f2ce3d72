"""What a person sees: progress and remarks on stderr, the result on stdout, as lines or as JSON."""

from __future__ import annotations

import errno
import functools
import json
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from synthdata.errors import OutputError, SynthdataError
from synthdata.progress import CHOOSE, PLAN, REMARK, Listener, Progress

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Schema, Source

__all__ = ["Console", "duration", "with_console"]

Command = TypeVar("Command", bound=Callable[..., Any])
BAR_CELLS = 24
SENTENCES = (REMARK, CHOOSE, PLAN)  # tasks whose events are read, not drawn
REDRAW_SECONDS = 0.1
SPARSE_STEP = 0.1  # of the work, between two plain lines


@dataclass(frozen=True)
class Console:
    """Where a command's words go.

    machine: the result is printed as JSON, and nothing else on stdout.
    quiet: no progress, no remarks, no word of files that were written.
    debug: nothing is held back.
    """

    machine: bool = False
    quiet: bool = False
    debug: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long the command has been running."""
        return round(time.monotonic() - self.started, 1)

    def say(self, text: str) -> None:
        """Make a remark, on stderr."""
        if not self.quiet:
            click.echo(text, err=True)

    def read(self, path: Path, source: Source | None = None, *, least: int = 1) -> pd.DataFrame:
        """Read a table, and say how it was read where a person should know."""
        from synthdata.io.readers import READ_AS, read_table

        frame = read_table(path, source, least=least)
        for remark in frame.attrs.get(READ_AS, []):
            self.say(remark)
        return frame

    def typed(self, path: Path, schema: Schema, *, least: int = 1, frame: pd.DataFrame | None = None) -> pd.DataFrame:
        """Read a table in a schema's types, and say how many rows were left out. frame: the table, if it was read."""
        from synthdata.fields.cells import rows_named
        from synthdata.schema.source import BAD_ROWS

        if frame is None:
            frame = self.read(path, schema.source, least=least)
        typed = schema.read(frame, source=str(path))
        bad = typed.attrs.get(BAD_ROWS)
        if bad:
            rows = rows_named(bad).replace("cell", "row", 1)
            self.say(f"{path}: {rows} left out, since a cell cannot be read (bad_rows)")
        return typed

    def finish(self, result: dict[str, Any], lines: Sequence[str], *, written: bool = False) -> None:
        """Print the result: `result` for a machine, `lines` for a person.

        written: the result is in files, and the lines only speak of them; quiet leaves them out.
        """
        text = json.dumps(result, indent=2, ensure_ascii=False, default=str) if self.machine else "\n".join(lines)
        if not self.machine and self.quiet and written:
            return
        try:
            click.echo(text)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read it has enough
                raise
            files = "; the files are in place" if written else ""
            raise OutputError(f"standard output cannot be written: {error.strerror}{files}") from None

    @contextmanager
    def progress(self) -> Iterator[Listener]:
        """Give a listener to hand to the SDK: a bar on a terminal, sparse lines elsewhere, silence if quiet."""
        if self.quiet:
            yield lambda progress: None
        elif sys.stderr.isatty():
            bar = _Bar()
            try:
                yield bar.show
            finally:
                bar.clear()
        else:
            yield _Lines().show


@dataclass
class _Bar:
    """One line that is drawn over and over."""

    _drawn: float = float("-inf")
    _task: str = ""

    def show(self, progress: Progress) -> None:
        """Draw, if it is time to."""
        if progress.task in SENTENCES:
            self.clear()
            click.echo(_sentence(progress), err=True)
            return
        now = time.monotonic()
        if now - self._drawn < REDRAW_SECONDS and progress.fraction < 1 and progress.task == self._task:
            return
        self._drawn, self._task = now, progress.task
        full = int(_clamped(progress.fraction) * BAR_CELLS)
        line = f"{progress.task:<9} [{'#' * full}{'.' * (BAR_CELLS - full)}] {_figures(progress)}"
        click.echo("\r" + line[: shutil.get_terminal_size().columns - 1] + "\x1b[K", err=True, nl=False)

    def clear(self) -> None:
        """Leave no trace."""
        if self._task:
            click.echo("\r\x1b[K", err=True, nl=False)


@dataclass
class _Lines:
    """A plain line for every tenth of the work, for logs."""

    _task: tuple[str, str] = ("", "")  # and its field
    _next: float = 0.0

    def show(self, progress: Progress) -> None:
        """Print, if enough has happened."""
        if progress.task in SENTENCES:
            click.echo(_sentence(progress), err=True)
            return
        if (progress.task, progress.field) != self._task:
            self._task, self._next = (progress.task, progress.field), 0.0
        fraction = _clamped(progress.fraction)
        ended = fraction >= 1 and progress.detail.startswith("ended")
        if fraction >= self._next or ended:
            click.echo(f"{progress.task}: {_figures(progress)}", err=True)
            self._next = (int(fraction / SPARSE_STEP + 1e-9) + 1) * SPARSE_STEP - 1e-9


def _sentence(progress: Progress) -> str:
    """An event that is no progress, as a line."""
    if progress.task == REMARK:
        return progress.detail
    most = "" if progress.seconds_left is None else f", at most {duration(progress.seconds_left)}"
    return f"{progress.task}: {progress.detail}{most}"


def _clamped(fraction: float) -> float:
    return min(max(fraction, 0.0), 1.0)


def _figures(progress: Progress) -> str:
    left = (
        "" if progress.seconds_left is None or progress.fraction >= 1 else f", {duration(progress.seconds_left)} left"
    )
    detail = f", {progress.detail}" if progress.detail else ""
    return f"{_clamped(progress.fraction):4.0%}{left}{detail}"


def duration(seconds: float) -> str:
    """Write a duration as a person says it: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:  # which would be written 10.0
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def with_console(command: Command) -> Command:
    """Give a command the options that every command has, and a console made of them as its first argument."""

    @click.option("--json", "machine", is_flag=True, help="Print the result as JSON, and nothing else, on stdout.")
    @click.option("--quiet", "-q", is_flag=True, help="Show no progress, no remarks and not what was written.")
    @click.option("--debug", is_flag=True, help="Show tracebacks and the output of native libraries.")
    @functools.wraps(command)
    def wrapped(*, machine: bool, quiet: bool, debug: bool, **arguments: Any) -> Any:
        try:
            return command(Console(machine, quiet, debug), **arguments)
        except SynthdataError:
            if debug:
                traceback.print_exc()
            raise

    return wrapped  # type: ignore[return-value]  # click calls it by keyword; the command's own type would lie either way
