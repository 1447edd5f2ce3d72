"""Training in two parts by one run: which checkpoint, time and progress are whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras

from synthdata.models.training.plan import Run
from synthdata.progress import Progress

__all__ = ["first_part", "joined", "second_part"]

History = list[dict[str, float]]


def first_part(run: Run, share: float, name: str) -> Run:
    """Its own checkpoint, its share of the time, and nothing to do once the second has begun."""
    first = replace(run, listener=lambda told: run.listener(_part(told, 0.0, share, f"{name}: ")))
    if run.minutes is not None:
        first = replace(first, minutes=run.minutes * share)
    if run.checkpoint is not None:
        first = replace(first, checkpoint=run.checkpoint.with_name(f"{run.checkpoint.name}.{name}"))
        if run.resume and run.checkpoint.exists():
            first = replace(first, callbacks=[_AlreadyDone()])
    return first


def second_part(run: Run, share: float, history: History) -> Run:
    """The rest of the time, after a first part with this history."""
    second = replace(run, listener=lambda told: run.listener(_part(told, share, 1.0, "")))
    if run.minutes is not None:
        second = replace(second, minutes=max(run.minutes - _spent(history) / 60, 0.0))
    return second


def joined(first: History, second: History) -> History:
    """Rows of figures of both parts, one after the other."""
    done, spent = len(first), _spent(first)
    later = [{**row, "epoch": row["epoch"] + done, "seconds": round(row["seconds"] + spent, 2)} for row in second]
    return first + later


def _spent(history: Sequence[dict[str, float]]) -> float:
    return history[-1]["seconds"] if history else 0.0


class _AlreadyDone(keras.callbacks.Callback):
    """Ends a training that was resumed after its end."""

    def on_train_begin(self, logs: object = None) -> None:
        self.model.stop_training = True


def _part(progress: Progress, low: float, high: float, label: str) -> Progress:
    """Progress of a part as that of the whole, of which it goes from `low` to `high`."""
    return replace(progress, fraction=low + (high - low) * progress.fraction, detail=label + progress.detail)
