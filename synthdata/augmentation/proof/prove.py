"""Proof: whether added rows improve an estimator, and how many of which family, by cross-validation.

For each fold, generators are trained on the rows of the other folds, and so is the estimator, with the rows added to
them; it predicts the rows of the fold. Baselines that need no generator are compared as well.
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
from synthdata.budget import check_minutes
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
FACTORS = (2, 4, 16, 64)  # times the rows of the table
MOST_ROWS = 80_000  # of an enlarged table
MOST_HEAVY = 4_000  # of one with images
WEIGHED_FROM = 4  # from this factor on, recipes that give real rows more weight are tried too
REAL_SHARE = 1 / 3
LEVELS = (0.1, 0.3, 1.0)  # of the largest class, to which the others are filled up
SIMPLE = "baselines"
CUT_SHORT = "training was cut short by the time budget"
RARE = 0.2  # of an equal share: with a rarer class, the metric is average precision


@dataclass(frozen=True)
class Recipe:
    """A family, and the amount of rows to add.

    copies: the share of added rows that are augmented copies of real rows; all, without a family.
    """

    label: str
    family: str | None
    amount: Amount
    copies: float = 0.0

    @property
    def kind(self) -> Literal["generated", "transforms"]:
        """Whether a generator is involved."""
        return "generated" if self.family else "transforms"


@dataclass(frozen=True)
class Proof:
    """The gains of all candidates, and the recipe that makes each of them.

    Attributes
    ----------
    gains : Gains
        What each candidate changes in the estimator's metric.
    recipes : mapping of str to Recipe
        By the label of a line in `gains`: its `family` (None for augmented copies alone), its `amount`, and `copies`,
        the share of added rows that are augmented copies. Doing nothing and the baselines have none.

    See Also
    --------
    augment : follows a recipe.

    Examples
    --------
    >>> proof = prove(frame, schema, max_minutes=30)  # doctest: +SKIP
    >>> if proof.gains.helps and proof.best.family:  # doctest: +SKIP
    ...     synthesizer = train(frame, schema, model=proof.best.family)
    ...     more = augment(synthesizer, frame, proof.best.amount, copies=proof.best.copies)

    """

    gains: Gains
    recipes: Mapping[str, Recipe]

    @property
    def best(self) -> Recipe | None:
        """The recipe of the best line; None if no generated rows were measured."""
        return self.recipes.get(self.gains.best.label) if self.gains.best else None


def recipes(
    frame: pd.DataFrame, schema: Schema, target: Target, families: Sequence[str], amount: Amount | None = None
) -> tuple[Recipe, ...]:
    """The recipes to try on a table: with the given amount, or with several.

    If fields name transforms, augmented copies are tried as well, alone and as half of the added rows.
    """
    asked = amount or Amount()
    amounts = _amounts(frame, schema, target) if asked.is_nothing else {str(asked): asked}
    if asked.where:
        amounts = {f"{said}, of the segment": replace(each, where=asked.where) for said, each in amounts.items()}
    ways: list[tuple[str, str | None, float]] = [(family, family, 0.0) for family in families]
    if transformed_fields(schema):
        ways = [("augmented copies", None, 1.0), *ways]
        ways += [(f"{family} and augmented copies", family, 0.5) for family in families]
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
            weighed = f"{factor} times the rows, real rows a third of the weight"
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
    """Recipes, and the estimator that compares them on one fold at a time. All rows have a target."""

    schema: Schema
    target: Target
    recipes: tuple[Recipe, ...]
    estimator: Any = None  # an import path, or an estimator
    minutes: float | None = None  # for one training
    seed: int = 0

    @property
    def families(self) -> tuple[str | None, ...]:
        """The families of the recipes; None for recipes without a generator."""
        return tuple(dict.fromkeys(recipe.family for recipe in self.recipes))

    def candidates(self, table: pd.DataFrame, notes: Mapping[str, str]) -> list[Candidate]:
        """All candidates, doing nothing first, with the rows that each would add to the whole table."""
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
        """Predictions of `test` by the baselines, and why some are missing; both by label."""
        space, estimator = self._fitted(train)
        ways = baselines(estimator, space.transform(train), self.truth(train), seed=self.seed)
        asked = space.transform(test)
        notes = {name: way for name, way in ways.items() if isinstance(way, str)}
        found = {
            name: estimator.predict(way[0], way[1], asked, seed=self.seed, weights=way[2])
            for name, way in ways.items()
            if not isinstance(way, str)
        }
        return found, notes

    def added(
        self, family: str | None, train: pd.DataFrame, test: pd.DataFrame, listener: Listener = silent
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Predictions of `test` by the recipes of a family, trained on `train`; None for augmented copies alone."""
        space, estimator = self._fitted(train)
        asked, features, truth = space.transform(test), space.transform(train), self.truth(train)
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
            if weighs and not estimator.takes_weights:
                notes[recipe.label] = "not measured: the estimator takes no weights"
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
            found[recipe.label] = estimator.predict(
                np.concatenate([features, space.transform(rows)]),
                np.concatenate([truth, self.truth(rows)]),
                asked,
                seed=self.seed,
                weights=weights if weighs else None,
            )
        return found, notes

    def _learned(self, family: str, train: pd.DataFrame, listener: Listener) -> tuple[Synthesizer, str]:
        """A model of the family, and a remark if its training was stopped by the time budget."""
        remarks = []

        def hear(progress: Progress) -> None:
            if TIME_IS_UP in progress.detail:
                remarks.append(CUT_SHORT)
            listener(progress)

        made = Synthesizer.fit(
            train, self.schema, model=family, seed=self.seed, max_minutes=self.minutes, listener=hear
        )
        return with_suite(made), next(iter(remarks), "")

    def _fitted(self, train: pd.DataFrame) -> tuple[Features, Estimator]:
        space = Features.of(self.schema, train, self.target.name)
        return space, space.estimator(self.estimator, len(self.target.labels))


def prove(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    target: str | None = None,
    families: Sequence[str] = FAMILIES,
    amount: Amount | None = None,
    estimator: Any = None,
    metric: str | None = None,
    sensitive: str | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    max_minutes: float | None = None,
    keep: Path | None = None,
    listener: Listener = silent,
) -> Proof:
    """Find out by cross-validation whether added rows improve an estimator, and how many of which family.

    In each fold, generators and the estimator are trained on the other folds, the estimator with the rows added; it
    predicts the real rows of the fold. Class weights, random oversampling and SMOTE, which need no generator, are
    compared as well. A candidate that cannot be made gets no score, and a note that says why.

    Parameters
    ----------
    frame : DataFrame
        The real rows, raw (all text) or typed; those without a target are left out.
    schema : Schema
        What the table is.
    target : str, optional
        The column to predict; the schema's if not given.
    families : sequence of str, optional
        The generator families to try; all but the baseline "marginals" if not given.
    amount : Amount, optional
        Try this amount only; several if not given.
    estimator : estimator or str, optional
        A scikit-learn estimator or its import path. If not given, histogram gradient boosting; with images, extremely
        randomised trees.
    metric : str, optional
        "auc", "average_precision" or "balanced_accuracy"; for a number "r2". The default is AUC, or average precision
        if a class has less than a fifth of an equal share (of two classes, a tenth of the rows).
    sensitive : str, optional
        A column whose groups should be treated alike: demographic parity and equalised odds are measured as well.
    folds : int, default 5
        Of the cross-validation, at least 2. No subject is on both sides of a fold.
    seed : int, default 0
        Equal seeds, tables and schemas give equal gains.
    max_minutes : float, optional
        Time budget of all trainings together, in minutes.
    keep : Path, optional
        A folder for the results of each fold, from which an interrupted proof continues. The caller removes it.
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    Proof
        The gains of all candidates, and the recipe of the best one.

    Raises
    ------
    InputError
        If the target cannot be predicted, the estimator cannot be used, or a class has fewer rows than folds.
    DataError
        If a cell cannot be read as the schema says.
    ArtefactError
        If `keep` holds the results of another proof.
    MissingExtraError
        If a family needs TensorFlow and it is not installed.

    Notes
    -----
    SMOTE interpolates between neighbours of a rarer class (Chawla et al. 2002, arXiv:1106.1813). How the intervals are
    made is said in `Gains`. Equalised odds are those of Hardt, Price and Srebro (2016, arXiv:1610.02413).

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Amount, Schema, prove
    >>> frame = pd.DataFrame({"age": [30, 40, 50, 60] * 10, "sick": ["yes"] * 10 + ["no"] * 30})
    >>> schema = Schema.infer(frame)
    >>> proof = prove(frame, schema, target="sick", families=["marginals"], amount=Amount(factor=2), folds=2)
    >>> proof.best.label, proof.gains.helps
    ('marginals, 2 times the rows', False)

    With real families it takes as long as the trainings do:

    >>> proof = prove(frame, schema, target="sick", max_minutes=30)  # doctest: +SKIP
    >>> write_gains(proof.gains, "wards.csv")  # doctest: +SKIP

    """
    began = time.monotonic()
    table = schema.read(frame).reset_index(drop=True)
    wanted = Target.of(schema, table, target)
    table = table[~np.isnan(wanted.codes(table))].reset_index(drop=True)
    check_minutes(max_minutes)
    if folds < 2:
        raise InputError(f"{folds} folds: at least 2 are needed")
    validation = CrossValidation(schema, wanted, recipes(table, schema, wanted, families, amount), estimator, seed=seed)
    validation = replace(validation, minutes=max_minutes and max_minutes / (folds * max(len(families), 1)))
    truth = validation.truth(table)
    metric = checked_metric(metric, wanted, truth)
    validation.candidates(table, {})  # to refuse now what cannot be had
    path = Features.of(schema, table, wanted.name).estimator(estimator, len(wanted.labels)).name
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
            where = f"fold {fold + 1} of {folds}, {family or 'augmented copies'}"
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
    lines = measure_gains(validation.candidates(table, notes), trials, metric, seed=seed)
    seconds = round(time.monotonic() - began, 1)
    gains = Gains(schema.name, wanted.name, path, LABELS[metric], len(table), folds, CONFIDENCE, lines, seconds)
    return Proof(gains, {recipe.label: recipe for recipe in validation.recipes})


def checked_metric(metric: str | None, target: Target, truth: np.ndarray) -> str:
    """The metric, or the default for such a target."""
    allowed = [name for name in LABELS if (name == "r2") != bool(target.labels)]
    if metric is None:
        is_rare = bool(target.labels) and np.bincount(truth).min() < RARE * len(truth) / len(target.labels)
        return "average_precision" if is_rare else allowed[0]
    if metric not in allowed:
        raise InputError(f'metric "{metric}": for this target it is one of {", ".join(allowed)}')
    return metric


def _folds(
    truth: np.ndarray, has_classes: bool, folds: int, seed: int, subjects: Subjects
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train on and rows to predict, with no subject on both sides."""
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
    """A listener for one step, whose progress is a part of the whole."""

    def tell(progress: Progress) -> None:
        done = (step + min(progress.fraction, 1.0)) / steps
        spent = time.monotonic() - began
        left = spent / done * (1 - done) if done > 0.02 else None
        listener(Progress("prove", done, left, f"{where}{progress.detail and f': {progress.detail}'}"))

    tell(Progress("prove", 0.0))
    return tell


def _identity(table: pd.DataFrame, validation: CrossValidation, folds: int) -> dict[str, Any]:
    """What must be equal for a proof to continue an earlier one."""
    rows = pd.util.hash_pandas_object(table.map(str), index=False).to_numpy().tobytes()
    asked = [
        validation.schema.dump(),
        [asdict(recipe) for recipe in validation.recipes],
        str(validation.estimator),
        validation.minutes,
    ]
    said = json.dumps([*asked, validation.target.name, validation.seed, folds], default=str)
    return {"proof": hashlib.sha256(rows + said.encode()).hexdigest()}


class Kept:
    """The results of steps, one file each in a folder; without a folder, nothing is kept."""

    def __init__(self, folder: Path | None, identity: Mapping[str, Any]) -> None:
        self.folder, self.identity = folder, identity

    def get(self, name: str, make: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """The result of a step, computed if it is not there. ArtefactError for the result of another proof."""
        if self.folder is None:
            found: tuple[dict[str, np.ndarray], dict[str, str]] = make()
            return found
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            arrays, notes = make()
            checkpoints.save(path, arrays, notes, self.identity)
        notes, arrays = checkpoints.load(path, self.identity)
        return arrays, notes
