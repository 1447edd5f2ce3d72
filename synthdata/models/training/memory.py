"""Memory that training keeps from step to step.

Each step takes and frees the same large buffers. Above 32 MB the GNU C library fetches such a buffer from the kernel
each time and gives it back, and the kernel clears its pages again: up to a third of a step, where a table has 50
columns.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["kept_memory"]

TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4  # of mallopt(3)
NEVER, USUAL_MAPS = 2**31 - 1, 65_536  # bytes, buffers
LARGE = 32 << 20  # bytes of a buffer that is fetched each time: what the library comes to by itself, if it is not told


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep freed buffers for the next ones, and give them back at the end; nothing without the GNU C library."""
    library = None
    with suppress(OSError, AttributeError):
        found = ctypes.CDLL("libc.so.6")
        if found.mallopt and found.malloc_trim:
            library = found
    if library is None:
        yield
        return
    library.mallopt(MMAP_MAX, 0)
    library.mallopt(TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        library.mallopt(MMAP_MAX, USUAL_MAPS)
        library.mallopt(MMAP_THRESHOLD, LARGE)
        library.mallopt(TRIM_THRESHOLD, 2 * LARGE)
        library.malloc_trim(0)
