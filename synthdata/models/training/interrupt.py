"""Ctrl-C while training: held back until a step is done, so that weights and position are of the same step."""

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
    """Hold Ctrl-C back; give a function that raises KeyboardInterrupt if it was pressed.

    The second press is not held back. In a thread other than the main one nothing is held.
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
        listener(
            Progress("stop", 0.0, None, "once this step is done; press again to stop at once, without a checkpoint")
        )

    def stop() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hold)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
