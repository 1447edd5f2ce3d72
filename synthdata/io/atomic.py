"""Atomic writes: several files and folders appear all at once, or not at all."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synthdata.errors import OutputError

try:
    import fcntl
except ImportError:  # of Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["AtomicFile", "AtomicWrite", "check_name", "explained", "sweep"]

LONGEST_NAME = 200  # bytes of a file's name, so that those beside it have room for what they add: systems take 255
CURRENT_FOLDER, EXCHANGE = -100, 2  # of renameat2(2)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_name(path: Path) -> None:
    """Raise OutputError for a path that names no file, or too long a name; before anything looks at it."""
    if not path.name or "\0" in str(path):
        raise OutputError(f'"{path}" names no file; give a name')
    length = len(os.fsencode(path.name))
    if length > LONGEST_NAME:
        raise OutputError(f"{path.name[:20]}...: a name of {length} bytes; give one of at most {LONGEST_NAME}")


class AtomicWrite:
    """A transaction over files and folders in one folder.

    They are written under temporary names; `commit` renames them. Without it, leaving the `with` block removes them.
    What a process that died left of writing the same is removed at the start: a lock on each temporary says who lives.
    path: the main file of the transaction, in whose folder all of them are.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.files: list[tuple[Path, Path]] = []  # temporary, final
        self._locks: list[int] = []

    def __enter__(self) -> AtomicWrite:
        return self

    def __exit__(self, *error: object) -> None:
        for temporary, _ in self.files:
            _remove(temporary)
        for handle in self._locks:
            os.close(handle)

    def _hold(self, temporary: Path, path: Path) -> None:
        self.files.append((temporary, path))
        handle = _locked(temporary, exclusive=False)
        if handle is not None:
            self._locks.append(handle)

    @contextmanager
    def new(self, path: Path) -> Iterator[AtomicFile]:
        """Open a file that will become `path`; on leaving the block its bytes are on the disk."""
        if path.exists() and not path.is_file():  # a device, say, which a rename would replace
            raise OutputError(f"{path}: is no regular file, and left alone; choose another name")
        sweep(path)
        temporary = _temporary(path)
        with explained(path):
            file = AtomicFile(temporary)
        self._hold(temporary, path)
        with file.synced(path):
            yield file

    @contextmanager
    def new_folder(self, path: Path, *, sync: bool = True) -> Iterator[Path]:
        """Make a folder that will become `path`; on leaving the block its files are on the disk.

        sync: whether that is left to be done.
        """
        sweep(path)
        temporary = _temporary(path)
        with explained(path):
            temporary.mkdir()
        self._hold(temporary, path)
        yield temporary
        if sync:
            os.sync()  # once: to sync each of many small files takes minutes

    def commit(self, stale: tuple[Path, ...] = ()) -> None:
        """Rename the last one first, so that a table appears after its verdict; then remove `stale`."""
        for temporary, path in reversed(self.files):
            with explained(path):
                _replace(temporary, path)
        for path in stale:
            _remove(path)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def sweep(path: Path) -> None:
    """Remove temporaries of a file or folder that no living process holds."""
    if fcntl is None or not path.parent.is_dir():
        return
    left = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.tmp")
    for each in path.parent.iterdir():
        if left.fullmatch(each.name):
            handle = _locked(each, exclusive=True)
            if handle is not None:
                _remove(each)
                os.close(handle)


def _locked(path: Path, *, exclusive: bool) -> int | None:
    """A handle that holds a lock on a file or folder; None if another process holds one, or there are no locks."""
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two names in one step, so that a reader finds one or the other; whether the system can."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    swapped: int = swap(CURRENT_FOLDER, os.fsencode(one), CURRENT_FOLDER, os.fsencode(other), EXCHANGE)
    return swapped == 0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    """Rename. A folder cannot replace one that is not empty: they are swapped, or the old one is moved away first."""
    if not (temporary.is_dir() and path.is_dir()):
        os.replace(temporary, path)
        return
    if _exchanged(temporary, path):
        shutil.rmtree(temporary, ignore_errors=True)
        return
    old = _temporary(path)
    os.replace(path, old)
    try:
        os.replace(temporary, path)
    except OSError:
        os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


class AtomicFile(io.RawIOBase):
    """A new file, written from its beginning to its end.

    After `abandon` it ignores writes, so that a writer that is torn down raises nothing more. size: bytes so far.
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.size = 0
        self._hash = hashlib.sha256()
        self._file = open(path, "xb")  # noqa: SIM115 - closed by abandon()

    @contextmanager
    def synced(self, path: Path) -> Iterator[None]:
        """Sync to the disk and close on leaving. path: the name of the file in messages."""
        try:
            yield
            with explained(path):
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            self.abandon()

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        whole = memoryview(data).cast("B")
        if self._file.closed:
            return len(whole)
        self._hash.update(whole)
        self.size += len(whole)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        """The hash of what was written."""
        return self._hash.hexdigest()

    def tell(self) -> int:
        """How many bytes were written."""
        return 0 if self._file.closed else self._file.tell()

    def abandon(self) -> None:
        """Close without syncing."""
        try:
            self._file.close()
        except OSError:  # what was still in the buffer did not fit on the disk; its writer has the error
            self._file.raw.close()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say in one line why `path` could not be written."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OutputError(f"{path}: the disk is full, nothing was written; free some and run again") from error
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
