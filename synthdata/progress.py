"""Progress of long work: one event, and the callable it is handed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["CHOOSE", "PLAN", "REMARK", "TIME_IS_UP", "Listener", "Progress", "silent"]

CHOOSE = "choose"  # the task of an event that says which family was chosen, and why
PLAN = "plan"  # the task of an event that says what a training will do
REMARK = "remark"  # the task of an event that a person should read
TIME_IS_UP = "its share of the time is up"  # stands in the detail of a training's end that a time budget brought about


@dataclass(frozen=True)
class Progress:
    """One event of long work.

    task: the step, "choose", "plan", "train", "stop", "tune", "generate", "transform"; "remark" is a message.
    fraction: how much of it is done, in [0, 1].
    seconds_left: the estimate, None while there is none; of a plan, the most that the training may take.
    detail: the current figures, for a person ("epoch 3, loss 21.4, validation 21.6").
    schedule: at the end of a training whose time was up, the share of the planned steps that were done.
    field: the image or text field that is trained; empty for the table.
    """

    task: str
    fraction: float
    seconds_left: float | None = None
    detail: str = ""
    schedule: float | None = None
    field: str = ""


Listener: TypeAlias = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Ignore progress."""
