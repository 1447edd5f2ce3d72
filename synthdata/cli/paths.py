"""Paths that a command writes to: checked before any work starts, written atomically."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from synthdata.errors import OutputError, SchemaError
from synthdata.io.atomic import AtomicWrite, check_name, explained
from synthdata.io.formats import READERS, ending_of

if TYPE_CHECKING:
    from synthdata.schema import Schema

__all__ = ["check_file", "ending_removed", "load_schema", "names_tables", "own_folder", "write_text"]


def check_file(path: Path, *, force: bool) -> None:
    """Refuse a file that exists, unless forced, and a folder that cannot be written."""
    check_name(path)
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path}: is no regular file, and left alone; choose another name")
    if path.exists() and not force:
        raise OutputError(f"{path}: exists already; choose another name, or overwrite with --force")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: the folder {path.parent} cannot be written; choose another")


def own_folder(path: Path, marks: Collection[str]) -> None:
    """Make a folder whose contents may be replaced; refuse one that holds files but none of `marks`."""
    if path.is_dir() and any(path.iterdir()) and not any((path / mark).is_file() for mark in marks):
        raise OutputError(f"{path}: holds other files; choose another folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}; choose another folder") from None


def write_text(path: Path, text: str) -> None:
    """Write a small text file: whole or not at all."""
    with AtomicWrite(path) as writing:
        with writing.new(path) as file, explained(path):
            file.write(text.encode())
        writing.commit()


def ending_removed(path: Path) -> str:
    """Return the name of a table without its ending: `adult` for `data/adult.csv.gz`."""
    return path.name.split(".")[0] or "table"


def load_schema(path: Path) -> Schema:
    """Load a schema; refuse a table that was given in its place."""
    from synthdata.schema import Schema

    if path.is_file() and ending_of(path.name, READERS):
        raise SchemaError(f"{path}: this is a table, not a schema; run `synthdata init {path}` first")
    if names_tables(path):
        raise SchemaError(f"{path}: names several tables, which only train, generate and inspect take yet")
    return Schema.load(path)


def names_tables(path: Path) -> bool:
    """Whether a schema is one of several tables."""
    try:
        return any(line.startswith("tables:") for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):  # which reading it as a schema will say
        return False
