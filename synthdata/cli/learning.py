"""Reading a table and learning it: what the commands that train share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthdata.cli.console import Console
from synthdata.cli.paths import load_schema
from synthdata.cli.quiet_tf import start_tensorflow
from synthdata.cli.timing import READING, TRAINING, Expected, Timing
from synthdata.errors import InputError
from synthdata.extras import check_installed
from synthdata.models import BASELINE
from synthdata.progress import PLAN, Listener, Progress

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Schema
    from synthdata.subjects import Subjects
    from synthdata.synthesizer import Synthesizer

__all__ = ["Learned", "check_trainable", "is_trained", "learn", "learned_before", "trained_before"]

UNMEASURED = "without --holdout most privacy scores are not measured"
ENOUGH_TO_HOLD_OUT = 500  # rows: a tenth of them is what an evaluation needs at least


@dataclass(frozen=True)
class Learned:
    """A synthesizer, the rows it was trained on, and the rows that were held out."""

    synthesizer: Synthesizer
    train: pd.DataFrame
    holdout: pd.DataFrame | None

    @property
    def real(self) -> pd.DataFrame:
        """All real rows."""
        import pandas as pd

        schema = self.synthesizer.schema
        return self.train if self.holdout is None else pd.concat([self.train, schema.read(self.holdout)])


def learn(
    console: Console,
    schema: Path,
    data: Path,
    model_folder: Path,
    *,
    model: str | None,
    seed: int,
    timing: Timing,
    kept: Callable[[Schema, pd.DataFrame], Expected] | None = None,
    resume: bool,
    force: bool = False,
    where: tuple[str, ...] = (),
    hold_out: bool = False,
    declared: Schema | None = None,
) -> Learned:
    """Read a table, pass it through the gate, train. An interrupted training leaves `<model>.checkpoint`.

    where: conditions that rows will be generated with; refused before training if no row can meet them. hold_out: keep
    a tenth of the rows, if there are enough, to evaluate with. declared: used instead of the schema in the file. kept:
    what is expected to follow, for which time is kept if it is limited.
    """
    from synthdata.io.readers import LEAST_TO_TRAIN

    declared = declared or load_schema(schema)
    check_trainable(declared, model)
    frame = console.read(data, declared.source, least=LEAST_TO_TRAIN)  # refused before all else
    checkpoint = _checkpoint(model_folder, resume=resume, force=force)
    console.say(f"checking {len(frame):,} rows of {data} against {schema}")
    start_tensorflow(console)
    from synthdata.pipeline import train
    from synthdata.synthesizer import Synthesizer

    table, holdout = console.typed(data, declared, frame=frame), None
    if where:  # the codecs decide which conditions are possible, whatever the family
        Synthesizer.satisfied(table, declared, where, seed=seed)
    if hold_out:
        table, holdout = _held_out(console, table, declared, seed)
    expected = Expected() if kept is None else kept(declared, table)
    with console.progress() as listener:
        try:
            synthesizer = train(
                table,
                declared,
                model=model,
                seed=seed,
                max_minutes=timing.training(expected),
                checkpoint=checkpoint,
                resume=resume,
                listener=_timed(listener, timing),
            )
            timing.lap(TRAINING)
            return Learned(synthesizer, table, holdout)
        except KeyboardInterrupt:
            if there := _kept(checkpoint):
                console.say(f"interrupted; to continue from {there}, run the same command with --resume")
            elif READING in timing.seconds:
                console.say("interrupted; there is no checkpoint to continue from")
            else:
                console.say("interrupted before training began; nothing was written")
            raise


def is_trained(model_folder: Path) -> bool:
    """Whether a model is there, and no training that is to be continued."""
    return (model_folder / "manifest.json").is_file() and not _kept(_place(model_folder))


def learned_before(
    console: Console, schema: Path, data: Path, model_folder: Path, *, seed: int, hold_out: bool
) -> Learned:
    """What an earlier run learned, which ended after its model was written; InputError if it was another one."""
    from synthdata.synthesizer import Synthesizer

    declared, synthesizer = load_schema(schema), Synthesizer.load(model_folder)
    if synthesizer.about["seed"] != seed or list(synthesizer.schema.fields) != list(declared.fields):
        raise InputError(f"{model_folder}: of another seed or schema; resume with the same, or discard it with --force")
    console.say(f"{model_folder} is trained; going on with it")
    table, holdout = console.typed(data, declared), None
    if hold_out:
        table, holdout = _held_out(console, table, declared, seed)
    return Learned(synthesizer, table, holdout)


def _timed(listener: Listener, timing: Timing) -> Listener:
    """A listener that counts the time until the first training as reading."""

    def hear(progress: Progress) -> None:
        if progress.task == PLAN and READING not in timing.seconds:
            timing.lap(READING)
        listener(progress)

    return hear


def check_trainable(declared: Schema, model: str | None) -> None:
    """Check, before any reading, the settings of the family, and that what it is trained with is installed."""
    from synthdata.models import settings

    family = model or declared.model.family
    settings(family, declared.model.options if family == declared.model.family else {})
    if family != BASELINE:
        check_installed("train", "training")


def trained_before(model_folder: Path, *, resume: bool) -> float:
    """Seconds that the interrupted training took which is to be continued; 0 if none is."""
    from synthdata.models.training import checkpoints

    return checkpoints.seconds(_place(model_folder)) if resume else 0.0


def _checkpoint(model_folder: Path, *, resume: bool, force: bool) -> Path:
    """Where the state of training is kept; InputError if one is there, or not there, against the user's will."""
    checkpoint = _place(model_folder)
    there = _kept(checkpoint)
    if there and not (resume or force):
        raise InputError(f"{there}: left by an interrupted run; continue with --resume, or discard it with --force")
    if resume and not there:
        raise InputError(f"{checkpoint}: no checkpoint to resume from; train without --resume")
    return checkpoint


def _place(model_folder: Path) -> Path:
    return model_folder.with_name(f"{model_folder.name}.checkpoint")


def _kept(checkpoint: Path) -> str:
    """The names of the checkpoint's files that are there, as a person reads them; empty if there are none."""
    from synthdata.models.training import checkpoints

    return " and ".join(map(str, checkpoints.files(checkpoint)))


def _held_out(
    console: Console, table: pd.DataFrame, declared: Schema, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Nine tenths of the rows and one tenth, or None where there are too few; says which."""
    from synthdata.schema.whose import propose_subject
    from synthdata.subjects import LEAST_SUBJECTS, Subjects

    subjects = Subjects.of(table, declared.subject or propose_subject(table, declared.fields)[0])
    if subjects.numbers is not None and subjects.people < 2 * LEAST_SUBJECTS:
        least = 2 * LEAST_SUBJECTS
        console.say(f"{subjects.people:,} subjects are too few to hold some out, which takes {least}; {UNMEASURED}")
        return table, None
    if len(table) < ENOUGH_TO_HOLD_OUT:
        console.say(f"{len(table):,} rows are too few to hold some out, which takes {ENOUGH_TO_HOLD_OUT}; {UNMEASURED}")
        return table, None
    train, holdout = _divided(table, subjects, seed)
    console.say(f"{len(holdout):,} rows are held out for the evaluation")
    return train, holdout


def _divided(table: pd.DataFrame, subjects: Subjects, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nine tenths of the rows and one tenth, in their order; no subject is on both sides."""
    import numpy as np

    rng = np.random.default_rng([seed, 9])
    kept = np.ones(len(table), bool)
    if subjects.numbers is not None:
        kept = ~subjects.divided(0.1, rng)
    else:
        kept[rng.choice(len(table), len(table) // 10, replace=False)] = False
    return table[kept].reset_index(drop=True), table[~kept].reset_index(drop=True)
