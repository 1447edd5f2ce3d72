"""Export: a table that passed the gate, all of it or nothing, and its verdict beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from synthdata.errors import OutputError, nearest
from synthdata.io.atomic import Places, Target, explained
from synthdata.io.writers.arrays import NpzWriter
from synthdata.io.writers.base import CsvWriter, Gzipped, JsonlWriter, ParquetWriter, Sink, Writer, write_rejected
from synthdata.io.writers.files import METADATA, Files, described, file_fields
from synthdata.io.writers.records import RecordWriter
from synthdata.schema import Schema
from synthdata.validation import Validated

__all__ = ["FORMATS", "check_target", "export"]

FORMATS: dict[str, Callable[[Sink, Schema], Writer]] = {
    ".csv": CsvWriter,
    ".csv.gz": lambda target, schema: Gzipped(target, schema, CsvWriter),
    ".jsonl": JsonlWriter,
    ".jsonl.gz": lambda target, schema: Gzipped(target, schema, JsonlWriter),
    ".parquet": ParquetWriter,
    ".npz": NpzWriter,
    ".tfrecord": RecordWriter,
}
TEXT = frozenset({".csv", ".csv.gz", ".jsonl", ".jsonl.gz"})  # images stand in files beside these


def export(validated: Validated, path: str | Path, *, force: bool = False) -> Path:
    """Write a table in the format that the ending of `path` names. Streams are written as they pass the gate.

    A path without an ending is a folder of images with a `metadata.csv`. Beside a table of text, images stand in
    `<path>.files/`, and the table holds their paths.

    Beside it come `<path>.verdict.json` and, where rows were set aside, `<path>.rejected.parquet`. All of these or
    nothing: on any error, also from the gate at the end of a stream, what stood there before stands there still.
    `force` allows to overwrite.
    """
    if not isinstance(validated, Validated):
        raise TypeError(f"export takes what validate() returns, found {type(validated).__name__}")
    path = check_target(path, force=force, schema=validated.schema)
    verdict_path, rejected_path, files_path = _companions(path)
    with Places(path) as places:
        rows = _write_table(places, path, validated)
        verdict, rejected = validated.verdict(), validated.rejected()
        assert verdict.passed
        assert verdict.rows == rows
        with places.new(verdict_path) as target, explained(verdict_path):
            target.write((json.dumps(verdict.to_json(), indent=2) + "\n").encode())
        if len(rejected):
            with places.new(rejected_path) as target, explained(rejected_path):
                write_rejected(rejected, validated.schema, target)
        check_target(path, force=force, schema=validated.schema)  # again: it may have been a long time
        written = {final for _, final in places.files}
        places.commit(stale=tuple(one for one in (rejected_path, files_path) if one not in written))
    return path


def _write_table(places: Places, path: Path, validated: Validated) -> int:
    """Write the table, and its files; return the number of rows."""
    ending, schema, names = _ending(path), validated.schema, {}
    files = None
    rows = 0
    with ExitStack() as stack:
        if not ending:
            folder = stack.enter_context(places.new_folder(path))
            with explained(path):
                target = Target(folder / METADATA)
            stack.enter_context(target.synced(path))
            files, names = Files(folder, schema), described(schema)
            schema = schema.model_copy(update={"fields": {new: schema.fields[old] for old, new in names.items()}})
        else:
            target = stack.enter_context(places.new(path))
            if ending in TEXT and file_fields(schema):
                folder = stack.enter_context(places.new_folder(files_path := _companions(path)[2]))
                files = Files(folder, schema, f"{files_path.name}/")
        with explained(path):
            writer = FORMATS[ending or ".csv"](target, schema)
        stack.callback(writer.abandon)
        for frame in validated.frames():
            with explained(path):
                writer.write(files.put(frame).rename(columns=names) if files else frame)
            rows += len(frame)
        with explained(path):
            writer.close()
    return rows


def check_target(path: str | Path, *, force: bool = False, schema: Schema | None = None) -> Path:
    """Raise OutputError for a place that `export` could not write to; to be asked before work starts.

    With `schema`, also for a format that cannot hold its fields.
    """
    path = Path(path)
    ending = _ending(path)
    if not ending and (path.suffix or (schema is not None and not file_fields(schema))):
        allowed = ", ".join(FORMATS)
        without = "" if path.suffix else "; only a folder of images needs none, and the schema has no image"
        raise OutputError(f'{path}: unknown ending "{path.suffix}"; allowed are {allowed}{_meant(path)}{without}')
    if schema is not None:
        _check_names(path, ending, schema)
    verdict_path, rejected_path, files_path = companions = _companions(path)
    for place in (verdict_path, rejected_path, *([path] if ending else [])):
        if place.is_dir():
            raise OutputError(f"{place}: is a folder; name a file")
    folder = path.parent
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "no such folder"
        raise OutputError(f"{path}: {folder}: {what}; make it, or write elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder {folder} cannot be written; write elsewhere")
    taken = [place for place in (path, *companions) if os.path.lexists(place)]
    if taken and not force:
        raise OutputError(f"{taken[0]}: exists already; choose another name, or overwrite with --force")
    for place in (files_path, *([] if ending else [path])):
        if os.path.lexists(place) and not (place.is_dir() and (verdict_path.is_file() or not any(place.iterdir()))):
            raise OutputError(
                f"{place}: exists and was not written by an export; it is left alone, choose another name"
            )
    return path


def _check_names(path: Path, ending: str, schema: Schema) -> None:
    """Refuse a format in which two columns would have one name."""
    names = schema.array_names() if ending == ".npz" else list(schema.fields)
    names = names if ending else list(described(schema).values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OutputError(f'{path}: two columns would be named "{twice}" in this format; rename a field')


def _companions(path: Path) -> tuple[Path, Path, Path]:
    """Where the verdict, the rejected rows and the files stand."""
    verdict, rejected, files = (
        path.with_name(path.name + end) for end in (".verdict.json", ".rejected.parquet", ".files")
    )
    return verdict, rejected, files


def _ending(path: Path) -> str:
    """The ending of `path` that FORMATS knows, the longest one; "" if none."""
    return max((one for one in FORMATS if path.name.lower().endswith(one)), key=len, default="")


def _meant(path: Path) -> str:
    meant = nearest("".join(path.suffixes[-2:]), FORMATS)
    return f"; {meant}" if meant.startswith("did you") else ""
