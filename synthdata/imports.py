"""Large imports at half their price: without garbage collections, and with room on the interpreter's stack.

Importing Great Expectations or TensorFlow makes millions of objects that stay, and goes through them again and again.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TypeVar

__all__ = ["import_large", "run_program", "with_room"]

YOUNG_OBJECTS = 10_000  # new objects between two collections of a program; Python's 700 suits small ones
ROOM = 70_000  # pointers; the interpreter takes the next power of two in bytes, and what is left is for calls

T = TypeVar("T")


def import_large(name: str) -> ModuleType:
    """Import a module. No garbage is collected meanwhile, and then all objects count as old, which are seldom searched.

    A caller that has frozen objects keeps them so.
    """
    if name in sys.modules:
        return sys.modules[name]
    enabled = gc.isenabled()
    gc.disable()
    try:
        return with_room(partial(import_module, name))
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()  # into the oldest generation
        if enabled:
            gc.enable()


def run_program(main: Callable[[], T]) -> T:
    """Run what a process is for: few collections of garbage, and none of all objects when the process exits."""
    gc.set_threshold(YOUNG_OBJECTS)
    atexit.register(gc.freeze)
    return with_room(main)


def with_room(call: Callable[[], T]) -> T:
    """Call a function whose own calls share one large piece of the interpreter's stack.

    CPython (3.11 to 3.13) keeps frames in pieces of 16 KB, and where calls cross the end of one, it asks the operating
    system for the next one and gives it back, each time.
    """
    return call()


with_room.__code__ = with_room.__code__.replace(co_stacksize=ROOM)  # a frame this large gets a piece with room above it
