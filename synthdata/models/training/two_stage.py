"""Training in two stages within one run: the checkpoint, time budget and progress of each stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras

from synthdata.models.training.plan import Run
from synthdata.progress import Progress

__all__ = ["first_stage", "join_histories", "second_stage"]

History = list[dict[str, float]]


def first_stage(run: Run, share: float, name: str) -> Run:
    """The run of the first stage: a checkpoint of its own, and `share` of the time budget.

    It ends at once if the second stage has a checkpoint to resume from.
    """
    first = replace(run, listener=lambda progress: run.listener(_of_whole(progress, 0.0, share, f"{name}: ")))
    if run.minutes is not None:
        first = replace(first, minutes=run.minutes * share)
    if run.checkpoint is not None:
        first = replace(first, checkpoint=run.checkpoint.with_name(f"{run.checkpoint.name}.{name}"))
        if run.resume and run.checkpoint.exists():
            first = replace(first, callbacks=[_AlreadyDone()])
    return first


def second_stage(run: Run, share: float, history: History) -> Run:
    """The run of the second stage, with the time that is left after the first, by the history of that."""
    second = replace(run, listener=lambda progress: run.listener(_of_whole(progress, share, 1.0, "")))
    if run.minutes is not None:
        second = replace(second, minutes=max(run.minutes - _seconds(history) / 60, 0.0))
    return second


def join_histories(first: History, second: History) -> History:
    """The histories of both stages as one, epochs and seconds counted through."""
    done, spent = len(first), _seconds(first)
    later = [{**row, "epoch": row["epoch"] + done, "seconds": round(row["seconds"] + spent, 2)} for row in second]
    return first + later


def _seconds(history: Sequence[dict[str, float]]) -> float:
    return history[-1]["seconds"] if history else 0.0


class _AlreadyDone(keras.callbacks.Callback):
    """Ends training before its first step, for a stage that was completed before."""

    def on_train_begin(self, logs: object = None) -> None:
        self.model.stop_training = True


def _of_whole(progress: Progress, low: float, high: float, label: str) -> Progress:
    """Progress of a stage as progress of the whole run, where the stage covers the fractions `low` to `high`."""
    return replace(progress, fraction=low + (high - low) * progress.fraction, detail=label + progress.detail)
