"""Starting TensorFlow quietly: its C++ side prints to file descriptor 2 before logging can be set."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from synthdata.cli.console import Console
from synthdata.extras import is_installed
from synthdata.imports import import_large

__all__ = ["hushed", "start_tensorflow"]


@contextmanager
def hushed(*, debug: bool) -> Iterator[None]:
    """Hold back what is written to file descriptor 2 in the block; show it after it with `debug`, or if it failed.

    For the first import of TensorFlow and nothing else, since Python's own stderr is held back as well.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what goes wrong is raised, too
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # looking for a GPU that is not there takes time and prints
    sys.stderr.flush()
    kept = os.dup(2)
    failed = True
    with tempfile.TemporaryFile() as held:
        try:
            os.dup2(held.fileno(), 2)
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            if debug or failed:
                held.seek(0)
                sys.stderr.write(held.read().decode(errors="replace"))


def start_tensorflow(console: Console) -> None:
    """Import TensorFlow now, quietly; it is loud the first time only. Nothing happens where it is not installed."""
    if not is_installed("train"):
        return
    with hushed(debug=console.debug):
        import_large("synthdata.models.training.startup").start()
