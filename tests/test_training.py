"""Training stops, resumes, keeps to its budget, and is open to Keras callbacks."""

from __future__ import annotations

import ctypes
import json
import re
import resource
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from short import FEW_TABULAR as OPTIONS
from short import TEXT

from synthdata.blocks import Categorical
from synthdata.errors import ArtefactError, InputError, TrainingError
from synthdata.models import family, settings
from synthdata.models.base import Signature
from synthdata.models.tabular.transformer.model import Transformer, TransformerGenerator
from synthdata.models.training import checkpoints, loop
from synthdata.models.training.checkpoints import locked
from synthdata.models.training.memory import kept_memory
from synthdata.models.training.plan import Run
from synthdata.models.training.schedule import Schedule
from synthdata.progress import REMARK, TIME_IS_UP, Progress
from synthdata.schema import Model, Schema
from synthdata.synthesizer import Synthesizer

SIGNATURE = Signature({"a": Categorical(4), "b": Categorical(4)})
SETTINGS = Transformer(**OPTIONS["transformer"])


def table(rows: int = 400) -> dict[str, np.ndarray]:
    a = np.random.default_rng(0).integers(0, 4, rows)
    return {"a": a, "b": a}  # b copies a


def fit(run: Run) -> TransformerGenerator:
    return TransformerGenerator.fit(SIGNATURE, table(), SETTINGS, run)


class StopAfter(keras.callbacks.Callback):
    """Presses Ctrl-C in the middle of a step."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


def test_dependence_is_learned():
    generator = TransformerGenerator.fit(
        SIGNATURE, table(), SETTINGS.model_copy(update={"epochs": 80, "patience": 80}), Run(seed=1)
    )
    arrays = generator.sample(np.random.Generator(np.random.Philox(0)), 2000)
    assert (arrays["a"] == arrays["b"]).mean() > 0.9
    assert generator.history[-1]["val_loss"] < generator.history[0]["val_loss"]


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_run_that_was_interrupted_resumes_to_the_same_weights(tmp_path, name):
    generator, chosen = family(name), settings(name, OPTIONS[name])
    whole = generator.fit(SIGNATURE, table(), chosen, Run(seed=1))
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        generator.fit(SIGNATURE, table(), chosen, Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(29)]))
    assert checkpoint.exists()
    resumed = generator.fit(SIGNATURE, table(), chosen, Run(seed=1, checkpoint=checkpoint, resume=True))
    for name, weight in whole.weights.items():
        np.testing.assert_array_equal(weight, resumed.weights[name])
    assert not checkpoint.exists()


def test_two_runs_do_not_share_a_checkpoint(tmp_path):
    run = Run(seed=1, checkpoint=tmp_path / "state")
    with locked(run.checkpoint), pytest.raises(InputError, match="another run is training into it"):
        fit(run)
    fit(run)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", ["rows", "settings"])
def test_a_checkpoint_of_other_rows_or_settings_is_refused(tmp_path, change):
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        TransformerGenerator.fit(
            SIGNATURE, table(), SETTINGS, Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(5)])
        )
    rows = {**table(), "b": 3 - table()["b"]} if change == "rows" else table()
    chosen = SETTINGS.model_copy(update={"sampling_order_share": 0.5}) if change == "settings" else SETTINGS
    with pytest.raises(ArtefactError, match="other data, settings or seed"):
        TransformerGenerator.fit(SIGNATURE, rows, chosen, Run(seed=1, checkpoint=checkpoint, resume=True))


def test_a_checkpoint_of_another_run_or_a_broken_one_is_refused(tmp_path):
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        TransformerGenerator.fit(
            SIGNATURE, table(), SETTINGS, Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(5)])
        )
    with pytest.raises(ArtefactError, match="other data, settings or seed"):
        fit(Run(seed=2, checkpoint=checkpoint, resume=True))
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(ArtefactError, match="cannot be read"):
        fit(Run(seed=1, checkpoint=checkpoint, resume=True))


# --- runs of several stages --------------------------------------------------------------------------------------

NOTED = Schema.parse(f"""
name: noted
model: {json.dumps({"family": "transformer", **OPTIONS["transformer"]})}
fields:
  ward: {{kind: category}}
  note:
    kind: text
    vocabulary: 300
    model: {json.dumps({"family": "transformer", **TEXT["transformer"]})}
""")


def noted(rows: int = 300) -> pd.DataFrame:
    ward = np.where(np.arange(rows) % 3, "north", "south")
    return pd.DataFrame({"ward": ward, "note": [f"ward {each}" for each in ward]})


class InterruptTexts(keras.callbacks.Callback):
    """Presses Ctrl-C in a step of the second stage, that of the texts."""

    def __init__(self, step: int = 9) -> None:
        super().__init__()
        self.stages, self.step, self.trained = 0, step, 0

    def on_train_begin(self, logs=None):
        self.stages += 1

    def on_train_batch_begin(self, batch, logs=None):
        self.trained += self.stages == 2
        if self.trained == self.step:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    with pytest.raises(KeyboardInterrupt):
        Synthesizer.fit(noted(), NOTED, seed=1, checkpoint=tmp_path / "state", callbacks=[InterruptTexts()])
    return tmp_path / "state"


def test_a_finished_table_is_not_trained_again_when_texts_were_interrupted(interrupted: Path):
    assert checkpoints.files(interrupted) == [interrupted, interrupted.with_name("state.0")]
    heard: list[Progress] = []
    counted = InterruptTexts(step=10**9)
    resumed = Synthesizer.fit(
        noted(), NOTED, seed=1, checkpoint=interrupted, resume=True, listener=heard.append, callbacks=[counted]
    )
    assert counted.stages == 1
    (table,) = [each for each in heard if each.task == "train" and not each.field]
    assert table.detail == "ended before the interruption: it is not trained again"
    (said,) = [each for each in heard if each.detail.startswith("resumed at")]
    assert said.field == "note"
    assert 0 < said.fraction < 1
    assert said.detail == f"resumed at {said.fraction:.0%}"
    whole = Synthesizer.fit(noted(), NOTED, seed=1)
    for one, other in (
        (whole.generator, resumed.generator),
        (whole.stages.generators["note"], resumed.stages.generators["note"]),
    ):
        assert [row["val_loss"] for row in one.history] == [row["val_loss"] for row in other.history]
        for name, weight in one.weights.items():
            np.testing.assert_array_equal(weight, other.weights[name])
    assert list(interrupted.parent.iterdir()) == []


def test_a_finished_table_of_other_data_settings_or_seed_is_refused(interrupted: Path):
    other = NOTED.replace(model={**NOTED.model.model_dump(), "width": 32})
    for frame, schema, seed in ((noted(301), NOTED, 1), (noted(), other, 1), (noted(), NOTED, 2)):
        with pytest.raises(ArtefactError, match=r"state: checkpoint of other data, settings or seed"):
            Synthesizer.fit(frame, schema, seed=seed, checkpoint=interrupted, resume=True)


def test_a_run_that_starts_afresh_leaves_nothing_of_the_one_before(interrupted: Path):
    with pytest.raises(KeyboardInterrupt):
        Synthesizer.fit(noted(), NOTED, seed=1, checkpoint=interrupted, callbacks=[StopAfter(3)])
    assert checkpoints.files(interrupted) == [interrupted]


def test_the_time_before_an_interruption_counts(interrupted: Path):
    before = checkpoints.seconds(interrupted)
    assert before == sum(checkpoints.seconds_of_stage(each) for each in checkpoints.files(interrupted)) > 0
    heard: list[Progress] = []
    limited = Synthesizer.fit(
        noted(), NOTED, seed=1, checkpoint=interrupted, resume=True, max_minutes=before / 60, listener=heard.append
    )
    assert limited.about["seconds"] > before
    assert any("the time was up before training began" in each.detail for each in heard)
    assert any(TIME_IS_UP in each.detail and each.field == "note" for each in heard)


def test_keras_callbacks_see_losses_and_can_stop_training():
    class Watch(keras.callbacks.Callback):
        seen: list[dict[str, float]] = []  # noqa: RUF012 - read by the test

        def on_epoch_end(self, epoch, logs=None):
            self.seen.append(dict(logs or {}))
            self.model.stop_training = epoch == 1

    generator = fit(Run(callbacks=[Watch()]))
    assert len(generator.history) == len(Watch.seen) == 2
    assert all(np.isfinite(row["loss"]) and np.isfinite(row["val_loss"]) for row in Watch.seen)


class Rates(keras.callbacks.Callback):
    """The learning rate of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"gan"}))
def test_a_schedule_cut_by_a_plateau_still_decays(name):
    long = settings(name, {**OPTIONS[name], "epochs": 400, "patience": 1})
    rates = Rates()
    generator = family(name).fit(SIGNATURE, table(), long, Run(seed=1, callbacks=[rates]))
    assert len(generator.history) < 300
    assert rates.seen[-1] < 0.2 * max(rates.seen)


def test_a_plateau_is_said_once_and_in_plain_words_at_the_end():
    long = SETTINGS.model_copy(update={"epochs": 400, "patience": 2})
    heard: list[Progress] = []
    generator = TransformerGenerator.fit(SIGNATURE, table(), long, Run(seed=1, listener=heard.append))
    (said,) = [each.detail for each in heard if each.task == REMARK]
    match = re.fullmatch(
        r"epoch (\d+): no better validation for 2 epochs, so the learning rate comes down until epoch (\d+), with "
        r"which training ends: progress jumps ahead",
        said,
    )
    turn, last = map(int, match.groups())
    done, best = len(generator.history), 1 + int(np.argmin([row["val_loss"] for row in generator.history]))
    assert turn < done <= last < 400
    assert heard[-1].detail == (
        f"ended after epoch {done}: validation had not improved for 2 epochs by epoch {turn}, so the learning rate was "
        f"brought down until epoch {done}; the weights of epoch {best}, the best, are kept"
    )
    progress = [each for each in heard if each.task == "train"]
    assert progress[0].detail.startswith("epoch 1 of at most 400")
    assert progress[-2].detail.startswith(f"epoch {done} of at most {last}")


def test_a_plateau_begins_the_last_decay_and_the_rate_never_jumps():
    schedule = Schedule.of(10_000)
    before = schedule.rate(1999)
    schedule.meet_plateau(2000)
    assert (schedule.turn, schedule.end, schedule.planned) == (2000, 3500, 3500)
    rates = [schedule.rate(step) for step in range(2000, 3500)]
    assert rates[0] == pytest.approx(before, rel=0.01)
    assert all(later <= earlier for earlier, later in pairwise(rates))
    assert rates[-1] == pytest.approx(0.02)
    schedule.meet_plateau(2500)
    assert schedule.end == 3500, "a second plateau changes nothing"


def test_a_plateau_near_the_end_changes_nothing():
    schedule = Schedule.of(1000)
    schedule.meet_plateau(800)
    assert schedule == Schedule.of(1000)
    assert not schedule.is_low(500)
    assert schedule.is_low(900)


@pytest.mark.parametrize("turned", [False, True])
def test_a_schedule_fitted_to_time_ends_at_the_least_rate_and_says_what_was_done(turned):
    schedule = Schedule.of(1000)
    if turned:
        schedule.meet_plateau(400)
    schedule.fit(300)
    schedule.fit(500)  # time was given back
    assert schedule.end == 500
    assert schedule.rate(499) == pytest.approx(0.02, abs=0.001)
    assert schedule.done(500) == pytest.approx(500 / (700 if turned else 1000))
    schedule.fit(5000)
    assert schedule.end == (700 if turned else 1000)


def test_what_slowed_training_once_is_forgotten(monkeypatch):
    class Clock(keras.callbacks.Callback):
        """Time passes by steps: the first 38 that count are six times as long as the others."""

        steps, now = 0, 0.0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            self.now += 0.06 if 12 < self.steps <= 50 else 0.01

    clock, rates = Clock(), Rates()
    monkeypatch.setattr(loop.time, "monotonic", lambda: clock.now)
    long = SETTINGS.model_copy(update={"epochs": 100_000, "patience": 100_000})
    TransformerGenerator.fit(SIGNATURE, table(), long, Run(minutes=9 / 60, callbacks=[clock, rates]))
    assert 600 < clock.steps <= 50 + (9 - 2.4) / 0.01
    assert rates.seen[-1] < 0.1 * max(rates.seen)


def test_a_time_budget_brings_the_rate_down():
    long = SETTINGS.model_copy(update={"epochs": 100_000, "patience": 100_000})
    rates = Rates()
    TransformerGenerator.fit(SIGNATURE, table(), long, Run(minutes=0.1, callbacks=[rates]))
    assert rates.seen[-1] < 0.3 * max(rates.seen)


def test_a_time_budget_ends_training_with_a_usable_model():
    long = SETTINGS.model_copy(update={"epochs": 100_000, "patience": 100_000})
    generator = TransformerGenerator.fit(SIGNATURE, table(), long, Run(minutes=0.05))
    assert generator.history
    assert generator.history[-1]["seconds"] < 30
    assert len(generator.sample(np.random.Generator(np.random.Philox(0)), 2000)["a"])


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_divergence_is_reported_and_nothing_is_returned(name):
    wild = settings(name, {**OPTIONS[name], "learning_rate": 1e30})
    with pytest.raises(TrainingError, match="diverged"):
        family(name).fit(SIGNATURE, table(), wild, Run())


def test_a_model_is_loaded_and_sampled_without_tensorflow(tmp_path):
    frame = pd.DataFrame({"a": [1, 2] * 200, "b": ["x", "y"] * 200})
    schema = Schema.infer(frame, name="pairs").model_copy(update={"model": Model(epochs=1)})
    Synthesizer.fit(frame, schema).save(tmp_path / "model")
    code = """
import sys
from synthdata import Synthesizer
print(len(Synthesizer.load(sys.argv[1]).sample(10)), *{"tensorflow", "keras"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "model"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["10"]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="needs the GNU C library")
def test_training_keeps_the_memory_of_its_buffers():
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            buffer = library.malloc(64 << 20)
            ctypes.memset(buffer, 1, 64 << 20)
            library.free(buffer)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    usual = faults()
    with kept_memory():
        faults()
        assert faults() < 0.2 * usual
    assert faults() > 0.8 * usual
