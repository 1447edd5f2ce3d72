"""Proof: whether added rows help a learner, and how many of which family, by cross-validation of the training rows.

In each fold generators learn the rows of the other folds, and so does the learner, with what is added to them; the rows
of the fold are predicted. Remedies that take no generator stand beside.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from synthdata import models
from synthdata.augmentation.amounts import FEWEST, Additions, Amount
from synthdata.augmentation.augmenting import draw_all, weights_of
from synthdata.augmentation.fairness import groups_of
from synthdata.augmentation.proof.baselines import BASELINES, NOTHING, baselines
from synthdata.augmentation.proof.estimators import Estimator
from synthdata.augmentation.proof.features import Features, Target
from synthdata.augmentation.proof.gains import CONFIDENCE, LABELS, Candidate, Gains, Predictions, measure_gains
from synthdata.augmentations import transformed_fields
from synthdata.errors import ConditionError, DataError, GateError, InputError, TrainingError
from synthdata.models.training import checkpoints
from synthdata.pipeline import with_suite
from synthdata.progress import TIME_IS_UP, Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.subjects import Subjects
from synthdata.synthesizer import Synthesizer

__all__ = ["CUT_SHORT", "FAMILIES", "FOLDS", "CrossValidation", "Proof", "Recipe", "prove", "recipes"]

FAMILIES = tuple(name for name in models.FAMILIES if name != models.BASELINE)
FOLDS = 5
FACTORS = (2, 4, 16, 64)  # times the rows
MOST_ROWS = 80_000  # that a table is brought to
MOST_HEAVY = 4_000  # likewise, of images
WEIGHED_FROM = 4  # from so many times the rows on, real rows may also weigh more
REAL_SHARE = 1 / 3
LEVELS = (0.1, 0.3, 1.0)  # of the largest class, that the others are brought to
SIMPLE = "remedies"
CUT_SHORT = "training was cut short by the time budget"
RARE = 0.2  # of an equal share: a class below it is what counts, how precisely it is found


@dataclass(frozen=True)
class Recipe:
    """A family, and the amount of its rows.

    copies: the share of them that are changed copies of real rows; without a family all are.
    """

    label: str
    family: str | None
    amount: Amount
    copies: float = 0.0

    @property
    def kind(self) -> Literal["generated", "transforms"]:
        """Whether a generator has a part in it."""
        return "generated" if self.family else "transforms"


@dataclass(frozen=True)
class Proof:
    """What was found, and how to make what each of its lines is about."""

    gains: Gains
    recipes: Mapping[str, Recipe]

    @property
    def best(self) -> Recipe | None:
        """The recipe of the best line; None if no generated rows were measured."""
        return self.recipes.get(self.gains.best.label) if self.gains.best else None


def recipes(
    frame: pd.DataFrame, schema: Schema, target: Target, families: Sequence[str], amount: Amount | None = None
) -> tuple[Recipe, ...]:
    """What is worth a try on such a table: the amount that is asked for, or several.

    Where fields name transforms, changed copies are tried as well, alone and as half of what is added.
    """
    asked = amount or Amount()
    amounts = _amounts(frame, schema, target) if asked.is_nothing else {str(asked): asked}
    if asked.where:
        amounts = {f"{said}, of the segment": replace(each, where=asked.where) for said, each in amounts.items()}
    ways: list[tuple[str, str | None, float]] = [(family, family, 0.0) for family in families]
    if transformed_fields(schema):
        ways = [("changed copies", None, 1.0), *ways]
        ways += [(f"{family} and changed copies", family, 0.5) for family in families]
    return tuple(
        Recipe(f"{name}, {said}", family, each, copies)
        for name, family, copies in ways
        for said, each in amounts.items()
    )


def _amounts(frame: pd.DataFrame, schema: Schema, target: Target) -> dict[str, Amount]:
    amounts: dict[str, Amount] = {}
    most = MOST_HEAVY if any(field.weight for field in schema.fields.values()) else MOST_ROWS
    for factor in FACTORS:
        if factor > FACTORS[0] and factor * len(frame) > most:
            break
        amounts[f"{factor} times the rows"] = Amount(factor=factor)
        if factor >= WEIGHED_FROM:
            weighed = f"{factor} times the rows, real ones a third of the weight"
            amounts[weighed] = Amount(factor=factor, real_share=REAL_SHARE)
    if target.labels:
        counts = np.bincount(target.codes(frame).astype(np.int64), minlength=len(target.labels))
        for level in LEVELS:
            if counts.min() >= FEWEST and counts.min() < 0.9 * level * counts.max():
                said = "classes equal" if level == 1 else f"classes at least {level:.0%} of the largest"
                amounts[said] = Amount(balance=(target.name,), level=level)
    return amounts


@dataclass(frozen=True)
class CrossValidation:
    """Ways to change training rows, and a learner that shows what they are worth. Rows have a target, none missing."""

    schema: Schema
    target: Target
    recipes: tuple[Recipe, ...]
    learner: Any = None  # an import path, or an estimator
    minutes: float | None = None  # of one training
    seed: int = 0

    @property
    def families(self) -> tuple[str | None, ...]:
        """Those of the recipes; None for what takes no generator."""
        return tuple(dict.fromkeys(recipe.family for recipe in self.recipes))

    def candidates(self, table: pd.DataFrame, notes: Mapping[str, str]) -> list[Candidate]:
        """All of them, doing nothing first, with the rows that each would add to the whole table."""
        codes = self.truth(table)
        oversampled = 0
        if self.target.labels:
            counts = np.bincount(codes)
            oversampled = int((counts.max() - counts[counts > 0]).sum())
        found = [Candidate(NOTHING, "nothing")]
        if self.target.labels:
            added = {"class weights": 0}
            found += [
                Candidate(name, "simple", added.get(name, oversampled), notes.get(name, "")) for name in BASELINES
            ]
        for recipe in self.recipes:
            rows = Additions.of(table, self.schema, recipe.amount, seed=self.seed).rows
            found.append(Candidate(recipe.label, recipe.kind, rows, notes.get(recipe.label, "")))
        return found

    def truth(self, table: pd.DataFrame) -> np.ndarray:
        """What is to be predicted: codes (n,) int64, or numbers (n,) float64."""
        codes = self.target.codes(table)
        return codes.astype(np.int64) if self.target.labels else codes

    def simple(self, train: pd.DataFrame, test: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Predictions of `test` without a generator, and why some are missing; both by label."""
        inputs, learner = self._inputs(train)
        ways = baselines(learner, inputs.features(train), self.truth(train), seed=self.seed)
        asked = inputs.features(test)
        notes = {name: way for name, way in ways.items() if isinstance(way, str)}
        found = {
            name: learner.predict(way[0], way[1], asked, seed=self.seed, weights=way[2])
            for name, way in ways.items()
            if not isinstance(way, str)
        }
        return found, notes

    def added(
        self, family: str | None, train: pd.DataFrame, test: pd.DataFrame, listener: Listener = silent
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Predictions of `test` with what the recipes of a family, which learns `train`, add to it; None: copies."""
        inputs, learner = self._inputs(train)
        asked, features, truth = inputs.features(test), inputs.features(train), self.truth(train)
        mine = [recipe for recipe in self.recipes if recipe.family == family]
        found: dict[str, np.ndarray] = {}
        notes: dict[str, str] = {}
        source: Schema | Synthesizer = self.schema
        if family is not None:
            try:
                source, remark = self._learned(family, train, listener)
                notes = {recipe.label: remark for recipe in mine if remark}
            except (TrainingError, DataError) as error:
                return {}, {recipe.label: f"not measured: {error}" for recipe in mine}
        drawn: dict[str, pd.DataFrame] = {}  # weights ask for no other rows
        for number, recipe in enumerate(mine):
            listener(Progress("prove", 0.9 + 0.1 * number / len(mine), detail=recipe.label))
            weighs = recipe.amount.real_share is not None
            if weighs and not learner.takes_weights:
                notes[recipe.label] = "not measured: the learner takes no weights"
                continue
            unweighed = f"{replace(recipe.amount, real_share=None)} {recipe.copies}"
            try:
                if unweighed not in drawn:
                    parts = Additions.of(train, self.schema, recipe.amount, seed=self.seed).parts
                    drawn[unweighed] = draw_all(source, train, parts, recipe.copies, seed=self.seed).rows
            except (ConditionError, GateError, InputError) as error:
                notes[recipe.label] = f"not measured: {error}"
                continue
            rows = drawn[unweighed]
            rows = rows[~np.isnan(self.target.codes(rows))]
            weights = weights_of(len(train), len(rows), recipe.amount.real_share)
            found[recipe.label] = learner.predict(
                np.concatenate([features, inputs.features(rows)]),
                np.concatenate([truth, self.truth(rows)]),
                asked,
                seed=self.seed,
                weights=weights if weighs else None,
            )
        return found, notes

    def _learned(self, family: str, train: pd.DataFrame, listener: Listener) -> tuple[Synthesizer, str]:
        """A model of the family, and a remark if its training was cut short."""
        remarks = []

        def hear(progress: Progress) -> None:
            if TIME_IS_UP in progress.detail:
                remarks.append(CUT_SHORT)
            listener(progress)

        made = Synthesizer.fit(
            train, self.schema, model=family, seed=self.seed, max_minutes=self.minutes, listener=hear
        )
        return with_suite(made), next(iter(remarks), "")

    def _inputs(self, train: pd.DataFrame) -> tuple[Features, Estimator]:
        inputs = Features.of(self.schema, train, self.target.name)
        return inputs, inputs.learner(self.learner, len(self.target.labels))


def prove(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    target: str | None = None,
    families: Sequence[str] = FAMILIES,
    amount: Amount | None = None,
    learner: Any = None,
    measure: str | None = None,
    sensitive: str | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    max_minutes: float | None = None,
    keep: Path | None = None,
    listener: Listener = silent,
) -> Proof:
    """Search amount and family by cross-validation of `frame`'s rows.

    amount: try this one alone. learner: a scikit-learn estimator, or its import path; trees if not given. measure: auc,
    average_precision or balanced_accuracy; not given, average precision where a class has less than a fifth of an
    equal share (of two classes, a tenth of the rows), else AUC; of numbers R². sensitive: a column whose groups
    should be treated alike: both parities of each line are measured. max_minutes: of all trainings together. keep: a
    folder for what each fold found, from which a proof that was interrupted goes on; whoever names it removes it.
    """
    began = time.monotonic()
    table = schema.read(frame).reset_index(drop=True)
    wanted = Target.of(schema, table, target)
    table = table[~np.isnan(wanted.codes(table))].reset_index(drop=True)
    if folds < 2:
        raise InputError(f"{folds} folds: at least 2 are needed")
    validation = CrossValidation(schema, wanted, recipes(table, schema, wanted, families, amount), learner, seed=seed)
    validation = replace(validation, minutes=max_minutes and max_minutes / (folds * max(len(families), 1)))
    truth = validation.truth(table)
    measure = checked_measure(measure, wanted, truth)
    validation.candidates(table, {})  # to refuse now what cannot be had
    path = Features.of(schema, table, wanted.name).learner(learner, len(wanted.labels)).name
    groups = np.empty(0, np.int64) if sensitive is None else groups_of(table, schema, sensitive)
    steps = [SIMPLE, *validation.families]
    kept = Kept(keep, _identity(table, validation, folds))
    whose = schema.subjects(table)
    trials, notes = [], dict[str, str]()
    for fold, (train, test) in enumerate(_folds(truth, bool(wanted.labels), folds, seed, whose)):
        own = replace(validation, seed=seed + fold)
        rows, asked = (table.iloc[each].reset_index(drop=True) for each in (train, test))
        predicted: dict[str, np.ndarray] = {}
        for number, family in enumerate(steps):
            where = f"fold {fold + 1} of {folds}, {family or 'changed copies'}"
            tell = _within(listener, began, fold * len(steps) + number, folds * len(steps), where)
            found, why = kept.get(
                f"fold{fold}.{family or 'copies'}",
                lambda own=own, rows=rows, asked=asked, family=family, tell=tell: (
                    own.simple(rows, asked) if family == SIMPLE else own.added(family, rows, asked, tell)
                ),
            )
            predicted, notes = {**predicted, **found}, {**notes, **why}
        own_groups = groups[test] if len(groups) else groups
        trials.append(Predictions(truth[test], predicted, own_groups, whose[test].numbers))
    lines = measure_gains(validation.candidates(table, notes), trials, measure, seed=seed)
    seconds = round(time.monotonic() - began, 1)
    gains = Gains(schema.name, wanted.name, path, LABELS[measure], len(table), folds, CONFIDENCE, lines, seconds)
    return Proof(gains, {recipe.label: recipe for recipe in validation.recipes})


def checked_measure(measure: str | None, target: Target, truth: np.ndarray) -> str:
    """The measure, or the one that suits such a target."""
    allowed = [name for name in LABELS if (name == "r2") != bool(target.labels)]
    if measure is None:
        is_rare = bool(target.labels) and np.bincount(truth).min() < RARE * len(truth) / len(target.labels)
        return "average_precision" if is_rare else allowed[0]
    if measure not in allowed:
        raise InputError(f'measure "{measure}": for this target it is one of {", ".join(allowed)}')
    return measure


def _folds(
    truth: np.ndarray, has_classes: bool, folds: int, seed: int, subjects: Subjects
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to learn and rows to predict, no subject on both sides."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    if has_classes:
        counts = np.bincount(truth)
        if counts[counts > 0].min() < folds:
            raise InputError(
                f"a class of the target has {counts[counts > 0].min()} rows, fewer than the {folds} folds; bring more "
                f"such rows, or prove with fewer folds"
            )
    if subjects.numbers is not None:
        grouped = (StratifiedGroupKFold if has_classes else GroupKFold)(folds, shuffle=True, random_state=seed)
        return list(grouped.split(truth, truth if has_classes else None, subjects.numbers))
    splitter = (StratifiedKFold if has_classes else KFold)(folds, shuffle=True, random_state=seed)
    return list(splitter.split(truth, truth if has_classes else None))


def _within(listener: Listener, began: float, step: int, steps: int, where: str) -> Listener:
    """A listener for one step of all: what it hears is a part of the whole."""

    def tell(progress: Progress) -> None:
        done = (step + min(progress.fraction, 1.0)) / steps
        spent = time.monotonic() - began
        left = spent / done * (1 - done) if done > 0.02 else None
        listener(Progress("prove", done, left, f"{where}{progress.detail and f': {progress.detail}'}"))

    tell(Progress("prove", 0.0))
    return tell


def _identity(table: pd.DataFrame, validation: CrossValidation, folds: int) -> dict[str, Any]:
    """What a proof must agree in with the one that it goes on from."""
    rows = pd.util.hash_pandas_object(table.map(str), index=False).to_numpy().tobytes()
    asked = [
        validation.schema.dump(),
        [asdict(recipe) for recipe in validation.recipes],
        str(validation.learner),
        validation.minutes,
    ]
    said = json.dumps([*asked, validation.target.name, validation.seed, folds], default=str)
    return {"proof": hashlib.sha256(rows + said.encode()).hexdigest()}


class Kept:
    """What steps found, in a folder, a file each; nothing is kept without one."""

    def __init__(self, folder: Path | None, identity: Mapping[str, Any]) -> None:
        self.folder, self.identity = folder, identity

    def get(self, name: str, make: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """What the step of this name found, made if it is not there. ArtefactError for one of another proof."""
        if self.folder is None:
            found: tuple[dict[str, np.ndarray], dict[str, str]] = make()
            return found
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            arrays, notes = make()
            checkpoints.save(path, arrays, notes, self.identity)
        notes, arrays = checkpoints.load(path, self.identity)
        return arrays, notes
