"""TensorFlow's C++ side prints to file descriptor 2 before anybody can ask it not to; here it is asked, and hushed."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["hushed"]


@contextmanager
def hushed(*, debug: bool) -> Iterator[None]:
    """Hold back what is written to file descriptor 2 inside; show it afterwards with `debug`, or if the block failed.

    For the first import of TensorFlow, and nothing else: Python's own stderr goes the same way.
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
