"""Export: a table that passed the gate and its verdict, both or neither."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from synthdata.errors import OutputError, nearest
from synthdata.io.atomic import AtomicFile, AtomicWrite, check_name, explained, sweep
from synthdata.io.formats import FORMATS, VERDICT, ending_of
from synthdata.io.writers.image_files import METADATA, ImageFiles, file_fields, metadata_names
from synthdata.io.writers.parquet import write_rejected
from synthdata.io.writers.writer import Gzipped, Sink, Writer
from synthdata.regular_files import read_regular
from synthdata.schema import Schema
from synthdata.validation import Validated

__all__ = ["check_target", "export", "other_content"]

LARGEST_VERDICT = 64 << 20  # bytes


def export(validated: Validated, path: str | Path, *, force: bool = False) -> Path:
    """Write a table in the format of its ending, with its verdict beside it. All of it is written, or nothing.

    A stream is written while it passes the gate, so memory stays bounded. On any error, also from the gate at the end
    of a stream, the files that were there before are unchanged.

    Parameters
    ----------
    validated : Validated
        Rows that passed the gate: what `validate` or `generate` returns.
    path : str or Path
        The ending names the format: one of `synthdata.io.formats.FORMATS`. Without an ending, a folder of images with
        a `metadata.csv`. With CSV or JSON lines, images are written into `<path>.files/`, and the table holds their
        paths.
    force : bool
        Overwrite what an earlier export wrote.

    Returns
    -------
    Path
        The table. Beside it are `<path>.verdict.json`, which has the table's hash, and, if the gate refused rows,
        `<path>.rejected.parquet`.

    Raises
    ------
    OutputError
        The path cannot be written, exists already, has an unknown ending, or its format cannot hold the columns.
    GateError
        Too many rows of a stream were refused.
    TypeError
        The rows have not passed the gate.

    Examples
    --------
    >>> from synthdata import Schema, export, validate
    >>> schema = Schema.parse("fields: {age: {kind: number, integer: true, min: 0}}")
    >>> rows = schema.read(pd.DataFrame({"age": [34, 51]}))
    >>> export(validate(rows, schema), "ages.csv")
    PosixPath('ages.csv')

    """
    if not isinstance(validated, Validated):
        raise TypeError(f"export takes what validate() returns, found {type(validated).__name__}")
    path = check_target(path, force=force, schema=validated.schema)
    verdict_path, rejected_path, files_path = companions = _companions(path)
    for each in (path, *companions):
        sweep(each)
    with AtomicWrite(path) as writing:
        rows, table = _write_table(writing, path, validated)
        verdict, rejected = validated.verdict(), validated.rejected()
        assert verdict.passed
        assert verdict.rows == rows
        with writing.new(verdict_path) as target, explained(verdict_path):
            about = {"name": table.name, "bytes": table.target.size, "sha256": table.target.sha256}
            target.write((json.dumps({**verdict.to_json(), "file": about}, indent=2) + "\n").encode())
        if len(rejected):
            with writing.new(rejected_path) as target, explained(rejected_path):
                write_rejected(rejected, validated.schema, target)
        check_target(path, force=force, schema=validated.schema)  # again: it may have been a long time
        written = {final for _, final in writing.files}
        writing.commit(stale=tuple(one for one in (rejected_path, files_path) if one not in written))
    return path


@dataclass(frozen=True)
class _Table:
    """The file that holds a table; in a folder of images, that of its metadata."""

    name: str
    target: AtomicFile


def _write_table(writing: AtomicWrite, path: Path, validated: Validated) -> tuple[int, _Table]:
    """Write the table and its images; return the number of rows, and the file."""
    ending, names = ending_of(path.name, FORMATS), {}
    schema = _as_written(ending, validated.schema)
    files = None
    rows = 0
    with ExitStack() as stack:
        if not ending:
            folder = stack.enter_context(writing.new_folder(path))
            with explained(path):
                target = AtomicFile(folder / METADATA)
            stack.enter_context(target.synced(path))
            files, names = ImageFiles(folder, schema), metadata_names(schema)
            schema = schema.model_copy(update={"fields": {new: schema.fields[old] for old, new in names.items()}})
        else:
            target = stack.enter_context(writing.new(path))
            if _writer_class(ending).images_beside and file_fields(schema):
                folder = stack.enter_context(writing.new_folder(files_path := _companions(path)[2]))
                files = ImageFiles(folder, schema, f"{files_path.name}/")
        with explained(path):
            writer = _writer(ending or ".csv", target, schema)
        stack.callback(writer.abandon)
        for frame in validated.frames():
            with explained(path):
                frame = validated.schema.join(frame) if schema is not validated.schema else frame
                writer.write(files.put(frame).rename(columns=names) if files else frame)
            rows += len(frame)
        with explained(path):
            writer.close()
    return rows, _Table(path.name if ending else f"{path.name}/{METADATA}", target)


def other_content(path: Path) -> Path | None:
    """The verdict beside a table, if it has the hash of another content; None if it has this one's, or is not there."""
    verdict = _companions(path)[0]
    try:
        said = json.loads(read_regular(verdict, LARGEST_VERDICT))["file"]["sha256"]
        with (path / METADATA if path.is_dir() else path).open("rb") as file:
            return None if hashlib.file_digest(file, "sha256").hexdigest() == said else verdict
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_target(path: str | Path, *, force: bool = False, schema: Schema | None = None) -> Path:
    """Raise OutputError if `export` could not write to `path`; called before work starts, so that none is lost.

    schema: check as well that the format can hold its fields.
    """
    path = Path(path)
    check_name(path)
    ending = ending_of(path.name, FORMATS)
    if not ending and (path.suffix or (schema is not None and not file_fields(schema))):
        allowed = ", ".join(FORMATS)
        without = "" if path.suffix else "; only a folder of images needs none, and the schema has no image"
        raise OutputError(f'{path}: unknown ending "{path.suffix}"; allowed are {allowed}{_meant(path)}{without}')
    if schema is not None:
        _check_names(path, ending, schema)
    verdict_path, rejected_path, files_path = companions = _companions(path)
    for file in (verdict_path, rejected_path, *([path] if ending else [])):
        if file.is_dir():
            raise OutputError(f"{file}: is a folder; name a file")
    if ending and path.exists() and not path.is_file():
        raise OutputError(f"{path}: is no regular file, and left alone; choose another name")
    folder = path.parent
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "no such folder"
        raise OutputError(f"{path}: {folder}: {what}; make it, or write elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder {folder} cannot be written; write elsewhere")
    is_cut = os.path.lexists(verdict_path) and not os.path.lexists(path)  # by a kill before its table was in place
    taken = [] if is_cut else [place for place in (path, *companions) if os.path.lexists(place)]
    if taken and not force:
        raise OutputError(f"{taken[0]}: exists already; choose another name, or overwrite with force=True")
    for place in (files_path, *([] if ending else [path])):
        if os.path.lexists(place) and not (place.is_dir() and (verdict_path.is_file() or not any(place.iterdir()))):
            raise OutputError(f"{place}: exists and was not written by an export; choose another name")
    return path


def _check_names(path: Path, ending: str, schema: Schema) -> None:
    """Refuse a format in which two columns would have one name."""
    schema = _as_written(ending, schema)
    names = _writer_class(ending).names(schema) if ending else list(metadata_names(schema).values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OutputError(f'{path}: two columns would be named "{twice}" in this format; rename a field')


def _companions(path: Path) -> tuple[Path, Path, Path]:
    """The paths of the verdict, the rejected rows and the folder of images."""
    verdict, rejected, files = (path.with_name(path.name + end) for end in (VERDICT, ".rejected.parquet", ".files"))
    return verdict, rejected, files


def _writer_class(ending: str) -> type[Writer]:
    writer: type[Writer] = resolve_name(FORMATS[ending])
    return writer


def _writer(ending: str, target: Sink, schema: Schema) -> Writer:
    """The writer of a format, into a compressed stream if the ending says so."""
    writer = _writer_class(ending)
    return Gzipped(target, schema, writer) if ending.endswith(".gz") else writer(target, schema)


def _as_written(ending: str, schema: Schema) -> Schema:
    """The schema of what is written: tables hold joined columns, arrays their parts."""
    return schema.written if not ending or _writer_class(ending).is_table else schema


def _meant(path: Path) -> str:
    meant = nearest("".join(path.suffixes[-2:]), FORMATS)
    return f"; {meant}" if meant.startswith("did you") else ""
