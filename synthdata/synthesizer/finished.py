"""Finished stages: generators are kept in their checkpoints until the last stage is done; none is trained twice.

A stage that is interrupted leaves the state of its training loop in its checkpoint; one that is done, its generator.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from synthdata.blocks import Arrays
from synthdata.models.base import Generator, Signature, Size
from synthdata.progress import Progress

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["fit_once"]


def fit_once(kind: type[Generator], signature: Signature, arrays: Arrays, settings: Any, run: Run) -> Generator:
    """Fit a generator and keep it, or restore the one that an interrupted run has finished.

    Time that an interrupted run took for this stage is added to `run.minutes`, of which the training takes it off.
    ArtefactError if what was kept is of other data, settings or seed.
    """
    if run.checkpoint is None:
        return kind.fit(signature, arrays, settings, run)
    from synthdata.models.training import checkpoints

    settings = settings.resolved(Size.of(signature, arrays))
    identity = {"generator": settings.family, "seed": run.seed, "task": _fingerprint(signature, arrays, settings, run)}
    kept = checkpoints.state_of(run.checkpoint) if run.resume else None
    if kept is not None and kept.get("finished"):
        return _restored(kind, signature, settings, run, *checkpoints.load(run.checkpoint, identity))
    before = checkpoints.seconds_of_stage(run.checkpoint) if run.resume else 0.0
    heard, began = _Ends(run), time.monotonic()
    minutes = None if run.minutes is None else run.minutes + before / 60
    own = replace(run, minutes=minutes, listener=heard, generator=settings.family)
    generator = kind.fit(signature, arrays, settings, own)
    state = {
        "finished": True,
        "seconds": before + time.monotonic() - began,
        "config": generator.config(),
        "history": generator.history,
        "schedule": heard.schedule,
    }
    weights = {name: np.ascontiguousarray(weight) for name, weight in generator.weights.items()}
    checkpoints.save(run.checkpoint, weights, state, identity)
    return generator


def _restored(
    kind: type[Generator],
    signature: Signature,
    settings: Any,
    run: Run,
    state: dict[str, Any],
    weights: dict[str, np.ndarray],
) -> Generator:
    """The generator that was kept, with the settings of sampling of this run."""
    config = {**state["config"], "settings": settings.model_dump(mode="json")}
    generator = kind.restore(signature, config, weights)
    generator.history.extend(state["history"])
    said = "ended before the interruption: it is not trained again"
    run.listener(Progress("train", 1.0, 0.0, said, state["schedule"]))
    return generator


def _fingerprint(signature: Signature, arrays: Arrays, settings: Any, run: Run) -> str:
    """A digest of everything but the seed that a generator depends on."""
    digest = hashlib.sha256(repr((signature, settings.identity())).encode())
    for name in (*signature.layout, *signature.condition):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    if run.subjects is not None and run.subjects.numbers is not None:
        digest.update(run.subjects.numbers.tobytes())
    return digest.hexdigest()


@dataclass
class _Ends:
    """A listener that forwards progress, and notes how far a training came that was cut by time: the least share."""

    run: Run
    schedule: float | None = None

    def __call__(self, progress: Progress) -> None:
        """Hear of progress."""
        if progress.schedule is not None:
            self.schedule = min(progress.schedule, self.schedule or 1.0)
        self.run.listener(progress)
