"""Export: writes a table that passed the gate, all of it or nothing, and its verdict beside it."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, final

import pandas as pd

from synthdata.errors import OutputError, nearest
from synthdata.schema import Schema
from synthdata.validation import Validated

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FORMATS", "check_target", "export"]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: Any, /) -> int:
        """Take bytes."""

    def flush(self) -> Any:
        """Pass on what is held."""


class Writer(ABC):
    """Writes chunks of a table in one format.

    What to implement: `write` a chunk, and `close`, after which the bytes are complete. Then name it in FORMATS.
    """

    def __init__(self, target: Sink, schema: Schema) -> None:
        self.target = target
        self.schema = schema

    @abstractmethod
    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""

    def close(self) -> None:  # noqa: B027 - most formats have nothing left to write
        """Write what is left to write."""


@final
class CsvWriter(Writer):
    """Comma-separated, a header, UTF-8, LF. Missing is empty; floats are as short as they read back exactly."""

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        self.header = True

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        columns = {name: field.write(frame[name]) for name, field in self.schema.fields.items()}
        text = pd.DataFrame(columns).to_csv(index=False, header=self.header, lineterminator="\n")
        self.header = False
        self.target.write(text.encode())


@final
class JsonlWriter(Writer):
    """A JSON object a line. Numbers and booleans are what they are, missing is null, all else is text."""

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows. A loop over rows: JSON is written object by object."""
        columns = [_json_values(frame[name], field.write) for name, field in self.schema.fields.items()]
        rows = (dict(zip(self.schema.fields, row, strict=True)) for row in zip(*columns, strict=True))
        encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
        self.target.write("".join(encode(row) + "\n" for row in rows).encode())


@final
class ParquetWriter(Writer):
    """Apache Parquet, zstd, with a checksum for each page, which catches a flipped bit."""

    def __init__(self, target: Sink, schema: Schema) -> None:
        import pyarrow.parquet

        super().__init__(target, schema)
        self.types = {name: field.dtype(field.nullable) for name, field in schema.fields.items()}
        empty = pd.DataFrame({name: pd.Series(dtype=type_) for name, type_ in self.types.items()})
        self.writer = pyarrow.parquet.ParquetWriter(
            target, _table(empty).schema, compression="zstd", write_page_checksum=True
        )

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows as a row group."""
        self.writer.write_table(_table(frame.astype(self.types)))

    def close(self) -> None:
        """Write the footer."""
        self.writer.close()


FORMATS: dict[str, Callable[[Sink, Schema], Writer]] = {
    ".csv": CsvWriter,
    ".csv.gz": lambda target, schema: Gzipped(target, schema, CsvWriter),
    ".jsonl": JsonlWriter,
    ".jsonl.gz": lambda target, schema: Gzipped(target, schema, JsonlWriter),
    ".parquet": ParquetWriter,
}


@final
class Gzipped(Writer):
    """Another format, compressed. No name and no time in it: the same rows are the same bytes."""

    def __init__(self, target: Sink, schema: Schema, inner: Callable[[Sink, Schema], Writer]) -> None:
        super().__init__(target, schema)
        self.stream = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=target, mtime=0)
        self.inner = inner(self.stream, schema)

    def write(self, frame: pd.DataFrame) -> None:
        """Write a chunk of rows."""
        self.inner.write(frame)

    def close(self) -> None:
        """Write what is left, and the checksum."""
        self.inner.close()
        self.stream.close()


def export(validated: Validated, path: str | Path, *, force: bool = False) -> Path:
    """Write a table in the format that the ending of `path` names. Streams are written as they pass the gate.

    Beside it come `<path>.verdict.json` and, where rows were set aside, `<path>.rejected.parquet`. All of these or
    nothing: on any error, also from the gate at the end of a stream, what stood there before stands there still.
    `force` allows to overwrite.
    """
    if not isinstance(validated, Validated):
        raise TypeError(f"export takes what validate() returns, found {type(validated).__name__}")
    path = check_target(path, force=force)
    verdict_path, rejected_path = _companions(path)
    with _Folder(path) as folder:
        with folder.new(path) as target:
            with _explained(path):
                writer = FORMATS[_ending(path)](target, validated.schema)
            rows = 0
            for frame in validated.frames():
                with _explained(path):
                    writer.write(frame)
                rows += len(frame)
            with _explained(path):
                writer.close()
        verdict, rejected = validated.verdict, validated.rejected()
        assert verdict.passed
        assert verdict.rows == rows
        with folder.new(verdict_path) as target, _explained(verdict_path):
            target.write((json.dumps(verdict.to_json(), indent=2) + "\n").encode())
        if len(rejected):
            with folder.new(rejected_path) as target, _explained(rejected_path):
                _write_rejected(rejected, target)
        check_target(path, force=force)  # again: it may have been a long time
        folder.commit(stale=() if len(rejected) else (rejected_path,))
    return path


def check_target(path: str | Path, *, force: bool = False) -> Path:
    """Raise OutputError for a place that `export` could not write to; to be asked before work starts."""
    path = Path(path)
    ending = _ending(path)
    if not ending:
        allowed = ", ".join(FORMATS)
        raise OutputError(f'{path}: unknown ending "{path.suffix}"; allowed are {allowed}{_meant(path)}')
    for place in (path, *_companions(path)):
        if place.is_dir():
            raise OutputError(f"{place}: is a folder; name a file")
    folder = path.parent
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "no such folder"
        raise OutputError(f"{path}: {folder}: {what}; make it, or write elsewhere")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder {folder} cannot be written; write elsewhere")
    taken = [place for place in (path, *_companions(path)) if os.path.lexists(place)]
    if taken and not force:
        raise OutputError(f"{taken[0]}: exists already; choose another name, or overwrite with --force")
    return path


class _Folder:
    """New files of one folder, under temporary names until `commit` gives them their own; gone without it."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.files: list[tuple[Path, Path]] = []  # temporary, final
        self.open: list[_Target] = []

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *error: object) -> None:
        for temporary, _ in self.files:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def new(self, path: Path) -> Iterator[_Target]:
        """Open a file that is to become `path`; on leaving, its bytes are on the disk."""
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        with _explained(path):
            target = _Target(temporary)
        self.files.append((temporary, path))
        try:
            yield target
            with _explained(path):
                target.sync()
        finally:
            target.abandon()

    def commit(self, stale: tuple[Path, ...] = ()) -> None:
        """Give the files their names, the table last, so that no table stands without its verdict."""
        for temporary, path in reversed(self.files):
            with _explained(path):
                os.replace(temporary, path)
        for path in stale:
            path.unlink(missing_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class _Target(io.RawIOBase):
    """A new file. Once abandoned it swallows what is written, so that a writer torn down raises nothing more."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "xb")  # noqa: SIM115 - closed by abandon()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(memoryview(data).cast("B")) if self._file.closed else self._file.write(data)

    def tell(self) -> int:
        return 0 if self._file.closed else self._file.tell()

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def abandon(self) -> None:
        try:
            self._file.close()
        except OSError:  # what was still in the buffer did not fit on the disk; whoever wrote it was told
            self._file.raw.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say in one line why `path` could not be written."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OutputError(f"{path}: the disk is full, nothing was written; free some and run again") from error
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}.verdict.json"), path.with_name(f"{path.name}.rejected.parquet")


def _ending(path: Path) -> str:
    """The ending of `path` that FORMATS knows, the longest one; "" if none."""
    return max((one for one in FORMATS if path.name.lower().endswith(one)), key=len, default="")


def _meant(path: Path) -> str:
    meant = nearest("".join(path.suffixes[-2:]), FORMATS)
    return f"; {meant}" if meant.startswith("did you") else ""


def _json_values(column: pd.Series, write: Callable[[pd.Series], pd.Series]) -> list[Any]:
    plain = column if column.dtype.kind in "biuf" else write(column)
    return plain.astype(object).where(plain.notna(), None).tolist()


def _table(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


def _write_rejected(rejected: pd.DataFrame, target: Sink) -> None:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(
        target, (table := _table(rejected)).schema, compression="zstd", write_page_checksum=True
    ) as writer:
        writer.write_table(table)
