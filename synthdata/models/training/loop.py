"""The training loop: early stopping on validation loss, averaged weights, a time budget, and checkpoints.

The learning rate comes down before training ends, whatever ends it: see `schedule`.

Batches are a function of (seed, step), and a checkpoint holds everything else, so that a run that is resumed ends with
the same weights. The weights that are validated, and in the end kept, are an exponential moving average of those
that are trained (Polyak and Juditsky 1992). Weight matrices are trained by Muon (Jordan et al. 2024; Liu et al.
2025, arXiv:2502.16982), which needs half the epochs of AdamW here; embeddings, heads and biases by AdamW.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, assert_never

import keras
import numpy as np
import tensorflow as tf

from synthdata.errors import TrainingError
from synthdata.models.training import checkpoints
from synthdata.models.training.interrupt import between_steps
from synthdata.models.training.memory import kept_memory
from synthdata.models.training.plan import Plan, Run
from synthdata.models.training.schedule import Schedule
from synthdata.models.training.task import Task
from synthdata.progress import REMARK, TIME_IS_UP, Progress

__all__ = ["train"]

ADAM_RATIO = 2.0  # learning rate of AdamW's weights, over that of Muon's
CHECKPOINT_SECONDS = 30.0
COMPILES = 12  # first steps of a process, which compile and do not count for the pace
FITTED = 38  # steps from one adjustment to the time budget to the next
PACED = 9  # adjustments that the pace is measured over, so that what slowed it once is forgotten
SPARE = 0.95  # share of the time left that steps are planned for; the rest is for validation


@dataclass
class _State:
    """The progress of a run; a checkpoint holds this, and the arrays of weights and optimizer.

    best: lowest validation loss so far.
    """

    schedule: Schedule
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best: float = math.inf
    history: list[dict[str, float]] = field(default_factory=list)


def train(task: Task, plan: Plan, run: Run) -> list[dict[str, float]]:
    """Train `task.model`; leave the best averaged weights in it. Returns one dict of metrics per epoch.

    The checkpoint is kept until `run.delete_checkpoint()`. InputError if another run uses the same file.
    """
    with checkpoints.locked(run.checkpoint), _fixed_order_of_sums(), kept_memory():
        loop = _Loop(task, plan, run)
        with between_steps(run.listener) as stop:
            try:
                loop.run_all(stop)
            except KeyboardInterrupt:
                loop.save_checkpoint()
                raise
        loop.finish()
        return loop.state.history


@contextmanager
def _fixed_order_of_sums() -> Iterator[None]:
    """Keep TensorFlow from reordering sums: the order depends on names of nodes and changes the last digits."""
    before = tf.config.optimizer.get_experimental_options().get("arithmetic_optimization", True)
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"arithmetic_optimization": before})


def _optimizer(plan: Plan, model: keras.Model) -> keras.optimizers.Optimizer:
    # weights of no elements, of an empty condition
    empty = [f"^{re.escape(each.path)}$" for each in model.trainable_variables if 0 in each.shape]
    match plan.optimizer:
        case "muon":
            return keras.optimizers.Muon(
                plan.learning_rate,
                adam_lr_ratio=ADAM_RATIO,
                adam_beta_2=0.99,
                weight_decay=plan.weight_decay,
                adam_weight_decay=plan.weight_decay,
                exclude_layers=["head", "bias", "gain", *empty],  # and embeddings: these take AdamW
                global_clipnorm=1.0,
            )
        case "adam":
            return keras.optimizers.AdamW(
                plan.learning_rate, beta_2=0.99, weight_decay=plan.weight_decay, global_clipnorm=1.0
            )
        case "adversarial":  # AdamW without momentum, since the other player moves on
            return keras.optimizers.AdamW(plan.learning_rate, beta_1=0.0, beta_2=0.99, weight_decay=plan.weight_decay)
        case _:
            assert_never(plan.optimizer)


class _Loop:
    def __init__(self, task: Task, plan: Plan, run: Run) -> None:
        self.task, self.plan, self.run, self.model = task, plan, run, task.model
        self.state = _State(Schedule.of(plan.steps))
        self.optimizer = _optimizer(plan, self.model)
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
        self.optimizer.build(self.model.trainable_variables)
        self.model.compile(optimizer=self.optimizer)
        self.average = [tf.Variable(variable.value) for variable in self.model.trainable_variables]
        self.best = [variable.numpy() for variable in self.average]
        self.callbacks = keras.callbacks.CallbackList(
            list(run.callbacks), model=self.model, epochs=plan.epochs, steps=plan.steps_per_epoch
        )
        self.losses: list[tf.Tensor] = []
        self.marks: deque[tuple[int, float]] = deque(maxlen=PACED)  # steps and seconds, from which the pace is measured
        self.last_saved = time.monotonic()
        self._step = tf.function(self._one_step, jit_compile=plan.compiled(run.minutes))
        if run.resume:
            self._load_checkpoint()
        self.first_step = self.state.step

    def _one_step(self, decay: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        variables = self.model.trainable_variables
        loss, gradients = self.task.gradients([v.value for v in variables], *batch)
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        with tf.control_dependencies(gradients):
            gradients = [tf.identity(gradient) for gradient in gradients]  # of one player may need another's weights
        self.optimizer.apply(gradients, variables)
        for average, variable in zip(self.average, variables, strict=True):
            average.assign(decay * average + (1 - decay) * variable)
        return loss

    def run_all(self, stop: Callable[[], None]) -> None:
        plan, state = self.plan, self.state
        self.model.stop_training = False
        self.callbacks.on_train_begin()
        began, before = time.monotonic(), state.seconds
        first = self.first_step + COMPILES
        self.marks.append((first, 0.0))
        while state.step < state.schedule.end and not self._stops():
            stop()
            epoch, inside = divmod(state.step, plan.steps_per_epoch)
            if not inside:
                self.callbacks.on_epoch_begin(epoch)
            self._do_step()
            state.seconds = before + time.monotonic() - began
            if state.step == first:
                self.marks[0] = (first, state.seconds)
            if self._fit_to_budget():
                break
            if state.step % plan.steps_per_epoch == 0 or state.step == state.schedule.end:
                self._end_epoch(epoch)
            self._report()
            if time.monotonic() - self.last_saved > CHECKPOINT_SECONDS:
                self.save_checkpoint()
        if self.losses:  # the budget ended inside an epoch
            self._end_epoch((state.step - 1) // plan.steps_per_epoch)
        self.callbacks.on_train_end()
        self._report_end()

    def _stops(self) -> bool:
        state = self.state
        return self.model.stop_training or (self._on_plateau and state.schedule.is_low(state.step))

    @property
    def _on_plateau(self) -> bool:
        waited = len(self.state.history) - self.state.best_epoch
        return bool(self.state.history) and waited >= self.plan.patience

    def _do_step(self) -> None:
        state, plan = self.state, self.plan
        self.optimizer.learning_rate.assign(plan.learning_rate * state.schedule.rate(state.step))
        decay = min(plan.ema_decay, (state.step + 1) / (state.step + 10))
        inside = state.step % plan.steps_per_epoch
        batch = self.task.batch(state.step, state.step / state.schedule.end)
        self.callbacks.on_train_batch_begin(inside)
        loss = self._step(tf.constant(decay, tf.float32), *map(tf.constant, batch))
        self.losses.append(loss)
        state.step += 1
        self.callbacks.on_train_batch_end(inside, {"loss": float(loss)} if self.run.callbacks else {})

    def _fit_to_budget(self) -> bool:
        """Fit the schedule to the time budget; return whether that is used up."""
        if self.run.minutes is None:
            return False
        budget, state, pace = self.run.minutes * 60, self.state, self._pace()
        if pace is not None and state.step - self.marks[-1][0] == FITTED:
            self.marks.append((state.step, state.seconds))
            state.schedule.fit(state.step + max(int((budget - state.seconds) * SPARE / pace), 1))
        return state.seconds >= budget

    def _pace(self) -> float | None:
        """Seconds per step of late, without the first steps of this process, which compile; None if not known yet."""
        step, second = self.marks[0]
        steps, seconds = self.state.step - step, self.state.seconds - second
        return seconds / steps if steps > 0 else None

    def _end_epoch(self, epoch: int) -> None:
        state = self.state
        train_loss = float(np.mean([loss.numpy() for loss in self.losses]))
        self.losses.clear()
        validation = self._with_average(self.task.validate)
        if not math.isfinite(train_loss) or not math.isfinite(validation):
            raise TrainingError(
                f"training diverged in epoch {epoch + 1}: loss {train_loss}; lower model.learning_rate and train again"
            )
        row = {"epoch": epoch + 1, "loss": round(train_loss, 5), "val_loss": round(validation, 5)}
        state.history.append({**row, "seconds": round(state.seconds, 2)})
        if validation < state.best:
            state.best, state.best_epoch = validation, len(state.history)
            self.best = [variable.numpy() for variable in self.average]
        if self._on_plateau:
            self._bring_rate_down()
        self.callbacks.on_epoch_end(epoch, {"loss": train_loss, "val_loss": validation})

    def _bring_rate_down(self) -> None:
        """Begin the last decay of the learning rate, unless it has begun; say so, since progress jumps ahead."""
        state, begun = self.state, self.state.schedule.turn is not None
        state.schedule.meet_plateau(state.step)
        if begun or state.schedule.turn is None:
            return
        detail = (
            f"epoch {len(state.history)}: no better validation for {self.plan.patience} epochs, so the learning rate "
            f"comes down until epoch {self._last_epoch}, with which training ends: progress jumps ahead"
        )
        self.run.listener(Progress(REMARK, state.schedule.done(state.step), detail=detail))

    @property
    def _last_epoch(self) -> int:
        return -(-self.state.schedule.end // self.plan.steps_per_epoch)

    def _with_average(self, measure: Any) -> float:
        trained = [variable.numpy() for variable in self.model.trainable_variables]
        self._assign(self.average)
        try:
            return float(measure())
        finally:
            self._assign(trained)

    def _assign(self, values: Sequence[Any]) -> None:
        for variable, value in zip(self.model.trainable_variables, values, strict=True):
            variable.assign(value)

    def _report(self) -> None:
        state, plan = self.state, self.plan
        epoch = -(-state.step // plan.steps_per_epoch)
        detail = f"epoch {epoch} of at most {self._last_epoch}"
        if state.history:
            detail += f", loss {state.history[-1]['loss']:.3f}, validation {state.history[-1]['val_loss']:.3f}"
        pace = self._pace()
        left = None if pace is None else pace * (state.schedule.end - state.step)
        self.run.listener(Progress("train", state.step / state.schedule.end, left, detail))

    def _report_end(self) -> None:
        state = self.state
        if state.history:
            done, best = len(state.history), state.best_epoch
            detail = f"ended after epoch {done}: {self._why_ended()}; the weights of epoch {best}, the best, are kept"
            cut = state.schedule.done(state.step) if TIME_IS_UP in detail else None
            self.run.listener(Progress("train", 1.0, 0.0, detail, cut))

    def _why_ended(self) -> str:
        state, schedule = self.state, self.state.schedule
        if self.model.stop_training:
            return "a callback asked for it" if state.step > self.first_step else "it was done before the interruption"
        if state.step < schedule.planned and not (self._on_plateau and schedule.is_low(state.step)):
            return f"{TIME_IS_UP}, with {schedule.done(state.step):.0%} of the schedule done"
        if schedule.turn is not None:
            epoch = schedule.turn // self.plan.steps_per_epoch
            return (
                f"validation had not improved for {self.plan.patience} epochs by epoch {epoch}, so the learning rate "
                f"was brought down until epoch {len(state.history)}"
            )
        if state.step < schedule.planned:
            return f"no better validation for {self.plan.patience} epochs"
        return "the schedule is done"

    def finish(self) -> None:
        """Save a checkpoint, for whatever follows training, and assign the best weights to the model."""
        self.save_checkpoint()
        self._assign(self.best)

    # --- checkpoints ----------------------------------------------------------------------------------------------

    def _arrays(self) -> dict[str, np.ndarray]:
        groups: dict[str, Sequence[Any]] = {
            "weight": self.model.trainable_variables,
            "average": self.average,
            "optimizer": self.optimizer.variables,
            "best": self.best,
            "loss": self.losses,
        }
        return {f"{name}.{i}": np.asarray(v) for name, group in groups.items() for i, v in enumerate(group)}

    def save_checkpoint(self) -> None:
        """Write the checkpoint, if the run has one."""
        if self.run.checkpoint is not None:
            checkpoints.save(self.run.checkpoint, self._arrays(), asdict(self.state), self._identity)
            self.last_saved = time.monotonic()

    @property
    def _identity(self) -> dict[str, Any]:
        """Plan, seed and data that a checkpoint must match."""
        ids = None if self.run.subjects is None else self.run.subjects.numbers
        subjects = "" if ids is None else hashlib.sha256(ids.tobytes()).hexdigest()
        return {
            "generator": self.run.generator,
            "plan": asdict(self.plan),
            "seed": self.run.seed,
            "task": self.task.fingerprint + subjects,
        }

    def _load_checkpoint(self) -> None:
        path = self.run.checkpoint
        if path is None or not path.exists():
            return
        state, arrays = checkpoints.load(path, self._identity)
        self.state = _State(**{**state, "schedule": Schedule(**state["schedule"])})
        self._assign([arrays[f"weight.{i}"] for i in range(len(self.average))])
        for i, average in enumerate(self.average):
            average.assign(arrays[f"average.{i}"])
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(arrays[f"optimizer.{i}"])
        self.best = [arrays[f"best.{i}"] for i in range(len(self.average))]
        kept = sum(key.startswith("loss.") for key in arrays)
        self.losses = [tf.constant(arrays[f"loss.{i}"]) for i in range(kept)]
        done = self.state.step / self.state.schedule.end
        self.run.listener(Progress(REMARK, done, detail=f"resumed at {done:.0%}"))
