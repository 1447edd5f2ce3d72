"""Large imports: the garbage collector and the interpreter's stack, during them and afterwards."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthdata.imports import import_large, with_room

MODULE = """
import gc
collected = gc.isenabled()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that notes whether garbage is collected while it is imported."""
    (tmp_path / "a_large_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "a_large_module"
    sys.modules.pop("a_large_module", None)


def test_no_garbage_is_collected_during_a_large_import_and_it_is_afterwards(module: str) -> None:
    assert not import_large(module).collected
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off(module: str) -> None:
    gc.disable()
    try:
        import_large(module)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_import_that_fails_leaves_the_collector_on() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_large("a_module_that_is_not_there")
    assert gc.isenabled()


def test_objects_that_the_caller_froze_stay_frozen(module: str) -> None:
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        import_large(module)
        assert gc.get_freeze_count() >= before * 0.9  # some may have been freed
    finally:
        gc.unfreeze()


def test_a_program_ends_without_searching_its_objects_for_garbage() -> None:
    code = """
import atexit, gc
from synthdata.imports import run_program
atexit.register(lambda: print(gc.get_freeze_count() > 0))  # runs after those that are registered later
print(run_program(lambda: 5))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5", "True"]


def test_with_room_calls_take_no_memory_from_the_system_at_any_depth() -> None:
    def leaf(*, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0, f: int = 0, g: int = 0) -> None:
        pass  # needs more room than `deep`, so there is a depth at which only this call crosses the end of a piece

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        else:
            for _ in range(2000):
                leaf()

    def faults() -> int:
        deep(300)  # whatever is needed once
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for depth in range(150):  # more than a piece of the stack
            deep(depth)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert with_room(faults) < 1000 < faults()
