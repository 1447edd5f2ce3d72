"""Ctrl-C while training: deferred to the end of a step, so that weights and step number are consistent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from synthdata.progress import Listener, Progress

__all__ = ["between_steps"]


@contextmanager
def between_steps(listener: Listener) -> Iterator[Callable[[], None]]:
    """Defer Ctrl-C; yields a function to call between steps, which raises KeyboardInterrupt if Ctrl-C was pressed.

    A second press is not deferred. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def hold(number: int, frame: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)
        listener(Progress("stop", 0.0, None, "once this step is done; press again to stop at once"))

    def stop() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hold)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
