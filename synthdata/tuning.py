"""Search a family's settings by the quality of what it generates, beside rows it was not trained on.

Optuna (the extra `tune`) proposes settings, the defaults first. A trial's quality is the AUC
of boosted trees that tell its rows from held-out ones: .5 is best.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthdata.blocks import rows_of
from synthdata.budget import check_minutes
from synthdata.errors import ArtefactError, InputError, TrainingError
from synthdata.extras import needed
from synthdata.models import AUTO, family, settings
from synthdata.models.base import SearchRange
from synthdata.models.tabular.c2st import c2st_auc
from synthdata.models.tabular.symbols import SymbolTable, split
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer

if TYPE_CHECKING:
    import optuna

__all__ = ["Trial", "Tuned", "tune"]

HELD_OUT = 0.2
MOST_HELD_OUT = 4000
SLICE = 0.25  # of the search, that one trial may take at most


@dataclass(frozen=True)
class Trial:
    """One try: what was set, its quality (AUC, .5 is best), its training time."""

    options: Mapping[str, Any]
    quality: float
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """What a search of settings found; `tune` returns it.

    Attributes
    ----------
    schema : Schema
        The schema, with the best settings in its `model`.
    trials : tuple of Trial
        In the order they were made, the defaults first. Each has `options` (what was set), `quality` (AUC, 0.5 is best)
        and `seconds`.

    Examples
    --------
    >>> found = tune(frame, schema, minutes=30)  # doctest: +SKIP
    >>> found.best.options, found.best.quality  # doctest: +SKIP
    >>> synthesizer = train(frame, found.schema)  # doctest: +SKIP

    """

    schema: Schema
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The trial whose settings the schema has."""
        return min(self.trials, key=lambda trial: trial.quality)


def tune(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    minutes: float,
    most_trials: int | None = None,
    model: str | None = None,
    seed: int = 0,
    journal: Path | None = None,
    resume: bool = False,
    listener: Listener = silent,
) -> Tuned:
    """Search the settings of the table's generator; what the schema's `model` sets already stays as it is.

    The first trial has the defaults; Optuna proposes the others. A trial trains a model and draws as many rows as were
    held out; its quality is the AUC of boosted trees that tell the two apart: 0.5 is best, 1 worst. One trial takes a
    quarter of the time at most, and none is begun once less is left than the longest took. An interruption ends the
    search with the best so far.

    Parameters
    ----------
    frame : DataFrame
        The real rows, raw or typed; a fifth of them, up to 4,000, is held out of training to compare with.
    schema : Schema
        What the table is.
    minutes : float
        How long to search, in minutes, above 0.
    most_trials : int, optional
        End the search after so many trials.
    model : str, optional
        The family to search, "transformer" say; the schema's if not given.
    seed : int, default 0
        Of the division of rows, of training and of what is proposed.
    journal : Path, optional
        A file to keep the trials in.
    resume : bool, default False
        Go on from `journal`.
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    Tuned
        `schema`, with the best settings, and all `trials`; `best` is the trial with these settings.

    Raises
    ------
    InputError
        If the family has nothing to search, the schema sets all of it, or `minutes` is not above 0.
    SchemaError
        If the schema's `model` has a wrong setting.
    DataError
        If the table cannot be read as the schema says, or has too few rows.
    ArtefactError
        If `journal` cannot be read, or holds trials of another table, schema or family.
    MissingExtraError
        If Optuna or TensorFlow is not installed.
    KeyboardInterrupt
        If interrupted before the first trial was finished.

    Notes
    -----
    Proposals are made by the tree-structured Parzen estimator (Bergstra et al. 2011, Algorithms for Hyper-Parameter
    Optimization, section 4), as Optuna implements it. The quality is a classifier two-sample test (Lopez-Paz and Oquab
    2017, arXiv:1610.06545).

    Examples
    --------
    >>> from synthdata import train, tune
    >>> found = tune(frame, schema, minutes=30)  # doctest: +SKIP
    >>> found.best.quality, found.schema.model  # doctest: +SKIP
    >>> synthesizer = train(frame, found.schema)  # doctest: +SKIP

    """
    name = model or schema.model.family
    fixed = schema.model.options if name == schema.model.family else {}
    check_minutes(minutes, "minutes")
    searched = _search_space(name, fixed)
    table = schema.read(frame)
    study = _study(journal, resume, seed, _fingerprint(table, schema, name, fixed, searched))
    train, held_out = _divided(table, schema, seed)
    began = time.monotonic()
    end = began + 60 * minutes

    def tell(inner: Progress) -> None:
        left = max(end - time.monotonic(), 0.0)
        done = _trials(study)
        best = f", best AUC {min(trial.quality for trial in done):.3f}" if done else ""
        detail = f"trial {len(done) + 1}{best}; {inner.detail}"
        listener(Progress("tune", 1 - left / (60 * minutes), left, detail))

    try:
        while _goes_on(done := _trials(study), most_trials, end - time.monotonic()):
            trial = study.ask()
            options = {key: _suggest(trial, key, values) for key, values in searched.items()} if done else {}
            start = time.monotonic()
            tried = _with(schema, name, {**fixed, **options})
            quality = _quality(train, held_out, tried, seed, SLICE * minutes, tell)
            trial.set_user_attr("options", options)
            trial.set_user_attr("seconds", round(time.monotonic() - start, 1))
            study.tell(trial, quality)
    except KeyboardInterrupt:
        if not _trials(study):
            raise
    trials = _trials(study)
    best = min(trials, key=lambda trial: trial.quality)
    return Tuned(_with(schema, name, {**fixed, **best.options}), trials)


def _search_space(name: str, fixed: Mapping[str, Any]) -> dict[str, SearchRange]:
    """Where to look for better settings of a family, without those that are fixed."""
    if name == AUTO or not family(name).search_space:
        raise InputError(f"{name} has nothing to search; name a family that has: --model transformer")
    settings(name, fixed)  # refuses wrong ones
    searched = {key: values for key, values in family(name).search_space.items() if key not in fixed}
    if not searched:
        raise InputError(f"{name} has nothing left to search: the schema sets all of it")
    return searched


def _divided(table: pd.DataFrame, schema: Schema, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to train on and rows to compare with, both in random order, no subject on both sides."""
    subjects, rng = schema.subjects(table), np.random.default_rng([seed, 8])
    held = min(int(len(table) * HELD_OUT), MOST_HELD_OUT)
    order = rng.permutation(len(table))
    aside = np.isin(np.arange(len(table)), order[:held])
    if subjects.numbers is not None:  # whole subjects
        aside = subjects.divided(held / len(table), rng)
    return table.iloc[order[~aside[order]]], table.iloc[order[aside[order]]]


def _goes_on(done: Sequence[Trial], most: int | None, left: float) -> bool:
    """Whether another trial is begun, with `left` seconds left; the first always is."""
    if not done:
        return True
    return (most is None or len(done) < most) and left >= max(trial.seconds for trial in done)


def _fingerprint(table: pd.DataFrame, schema: Schema, *parts: Any) -> str:
    """A digest of all that trials can only be compared under."""
    digest = hashlib.sha256(repr((schema.dump(), *parts)).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _study(journal: Path | None, resume: bool, seed: int, fingerprint: str) -> optuna.Study:
    with needed("tune", "tuning"):
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if journal is None:
        return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    if not resume:
        journal.unlink(missing_ok=True)
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        study = optuna.create_study(storage=storage, study_name="tune", load_if_exists=True)
    except (ValueError, KeyError, OSError) as error:
        raise ArtefactError(f"{journal}: the trials cannot be read ({error}); tune with resume=False") from None
    if study.user_attrs.setdefault("fingerprint", fingerprint) != fingerprint:
        raise ArtefactError(f"{journal}: trials of another table, schema or family; tune with resume=False")
    study.set_user_attr("fingerprint", fingerprint)
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))  # goes on to new proposals
    return study


def _suggest(trial: optuna.Trial, key: str, values: SearchRange) -> Any:
    if values.choices:
        return trial.suggest_categorical(key, list(values.choices))
    return float(f"{trial.suggest_float(key, values.low, values.high, log=values.log):.3g}")


def _trials(study: optuna.Study) -> tuple[Trial, ...]:
    done = [trial for trial in study.trials if trial.values and "options" in trial.user_attrs]
    return tuple(Trial(each.user_attrs["options"], each.values[0], each.user_attrs["seconds"]) for each in done)


def _with(schema: Schema, name: str, options: Mapping[str, Any]) -> Schema:
    model = type(schema.model)(family=name, **options)
    return schema.model_copy(update={"model": model})


def _quality(
    train: pd.DataFrame, held_out: pd.DataFrame, schema: Schema, seed: int, minutes: float, listener: Listener
) -> float:
    """The AUC of trees that tell rows of a trained model from held-out ones; 1 if training came to nothing."""
    try:
        synthesizer = Synthesizer.fit(train, schema, seed=seed, max_minutes=minutes, listener=listener)
    except TrainingError:
        return 1.0
    generator = synthesizer.generator
    if generator is None:
        raise InputError("the table holds nothing but identifiers: there is nothing to search")
    codecs = synthesizer.encoder.codecs
    never_missing = [
        name for name in schema.fields if name in codecs and codecs[name].layout and not codecs[name].nulls
    ]
    real = synthesizer.encoder.encode(schema.read(held_out.dropna(subset=never_missing)))
    made = generator.sample(np.random.default_rng([seed, 9]), rows_of(real))
    sides = (split(generator.signature.layout, side) for side in (real, made))
    return c2st_auc(SymbolTable.of(generator.signature.layout), *sides)
