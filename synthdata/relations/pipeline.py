"""Several tables through the gate: checked before they are learned, and after they are drawn; a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from synthdata.budget import Budget
from synthdata.errors import GateError, OutputError
from synthdata.io.atomic import AtomicWrite, check_name, explained
from synthdata.io.formats import FORMATS, VERDICT
from synthdata.io.writers import export
from synthdata.messages import check_rows_asked
from synthdata.progress import Listener, Progress, silent
from synthdata.relations.data import Related
from synthdata.relations.schema import Relations
from synthdata.relations.synthesizer import Part, RelationalSynthesizer, together
from synthdata.schema.conditions import Where
from synthdata.validation import Gate, Suite, Validated, Verdict

__all__ = ["check_folder", "export_folder", "generate", "train"]

MOST_DRAWN = 20  # roots drawn for each that is asked for, before generation gives up
LEAST_DRAWN = 10_000


def train(
    frames: Mapping[str, pd.DataFrame],
    relations: Relations,
    *,
    seed: int = 0,
    max_minutes: float | Budget | None = None,
    drop_orphans: bool = False,
    listener: Listener = silent,
) -> RelationalSynthesizer:
    """Check real tables against their schemas, then learn them; arguments as for `RelationalSynthesizer.fit`.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        The real rows of each table.
    relations : Relations
        What they are, and how they belong together.
    seed, max_minutes, drop_orphans, listener
        As for `RelationalSynthesizer.fit`.

    Raises
    ------
    GateError
        If a table breaks its schema; nothing was trained.
    DataError
        If keys repeat, or rows refer to owners that are not there.

    """
    budget = Budget.of_minutes(max_minutes)
    related = Related.read(relations, frames, drop_orphans=drop_orphans)
    for name, frame in related.frames.items():
        schema = relations.tables[name].schema
        verdict = Gate(schema, Suite.of(schema)).check(frame)
        if not verdict.passed:
            worst = Verdict.worst(verdict.checks)
            raise GateError(
                f'table "{name}" breaks its schema, nothing was trained: {worst}; mend one of the two', verdict
            )
    return RelationalSynthesizer.fit(related.frames, relations, seed=seed, max_minutes=budget, listener=listener)


def generate(
    model: RelationalSynthesizer,
    roots: int,
    *,
    where: Where = None,
    seed: int = 0,
    also: Callable[[Part], np.ndarray] | None = None,
    listener: Listener = silent,
) -> dict[str, Validated]:
    """Draw roots and all that they own, until so many pass; a root fails with any row that it owns.

    Parameters
    ----------
    model : RelationalSynthesizer
        A fitted model.
    roots : int
        How many rows of the root, at least 1.
    where : str, mapping or list of str, optional
        What every root has to satisfy.
    seed : int, default 0
        Equal seeds and models give equal rows.
    also : callable, optional
        Which roots of a part pass what is expected beyond the suites of the tables: (roots,) bool.
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    dict of str to Validated
        The rows of each table, which `export_folder` takes.

    Raises
    ------
    GateError
        If 20 roots were drawn for each one wanted and too few passed, or a table as a whole is refused.
    ConditionError
        If nothing that the model learned can satisfy `where`.

    """
    check_rows_asked(roots)
    relations = model.relations
    gates = {name: Gate(table.schema, model.suite(name)) for name, table in relations.tables.items()}
    parts: list[Part] = []
    drawn = passed = 0
    most = max(MOST_DRAWN * roots, LEAST_DRAWN)
    for part in model.parts(where=where, seed=seed, roots=roots):
        good = _passing(part, gates, len(part.frames[relations.root]))
        if also is not None:
            good &= also(part)
        parts.append(part if good.all() else part.of_roots(good))
        drawn, passed = drawn + len(good), passed + int(good.sum())
        listener(
            Progress(
                "generate", min(passed / roots, 1.0), None, f"{min(passed, roots):,} of {roots:,} {relations.root}"
            )
        )
        if passed >= roots:
            break
        if drawn >= most:
            raise GateError(
                f"only {passed:,} of {roots:,} {relations.root} passed with all they own, out of {drawn:,} that were "
                f"drawn: {_reasons(part, gates)}",
                None,
            )
    frames = together(parts, relations, roots)
    _check_references(frames, relations)
    return {name: gates[name].validate(frame) if len(frame) else _none(name) for name, frame in frames.items()}


def check_folder(folder: Path, *, force: bool) -> None:
    """Raise OutputError if `export_folder` could not write a folder of tables."""
    check_name(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; name a folder for the tables")
    if folder.is_dir() and any(folder.iterdir()):
        if not force:
            raise OutputError(f"{folder}: exists already; choose another name, or overwrite with force=True")
        if not any(each.name.endswith(VERDICT) for each in folder.iterdir()):
            raise OutputError(f"{folder}: holds other files and is left alone; choose another folder")
    if not folder.absolute().parent.is_dir():
        raise OutputError(f"{folder}: there is no folder {folder.absolute().parent}; make it first")


def export_folder(
    validated: Mapping[str, Validated], folder: str | Path, *, ending: str = ".csv", force: bool = False
) -> Path:
    """Write tables into a folder, each with its verdict beside it; all of them, or nothing.

    Parameters
    ----------
    validated : mapping of str to Validated
        What `generate` returned.
    folder : str or Path
        The folder to write.
    ending : str, default ".csv"
        The format of each table, as of `export`.
    force : bool, default False
        Replace a folder that an earlier export wrote.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        If the folder exists, or cannot be written; then nothing is changed.

    """
    folder = Path(folder)
    check_folder(folder, force=force)
    if ending not in FORMATS:
        raise OutputError(f'unknown ending "{ending}" of tables; allowed are {", ".join(FORMATS)}')
    whole = folder.absolute()
    with AtomicWrite(whole) as writing, explained(folder):
        with writing.new_folder(whole) as place:
            for name, each in validated.items():
                export(each, place / f"{name}{ending}")
        writing.commit()
    return folder


def _passing(part: Part, gates: Mapping[str, Gate], roots: int) -> np.ndarray:
    """Which roots pass with all that they own: (roots,) bool."""
    good = np.ones(roots, bool)
    for name, frame in part.frames.items():
        if len(frame):
            good[part.root[name][~gates[name].passing(frame)]] = False
    return good


def _reasons(part: Part, gates: Mapping[str, Gate]) -> str:
    """Which expectations rows of a part failed."""
    verdicts = {name: gates[name].check(frame) for name, frame in part.frames.items() if len(frame)}
    found = [f"{name}: {Verdict.worst(each.checks)}" for name, each in verdicts.items() if each.rejected]
    return "; ".join(found)[:400]


def _check_references(frames: Mapping[str, pd.DataFrame], relations: Relations) -> None:
    """Raise GateError if a row refers to an owner that is not there."""
    for name, table in relations.tables.items():
        if table.of is None or table.owner is None:
            continue
        key = relations.tables[table.owner].key
        lost = int((~frames[name][table.of].isin(frames[table.owner][key])).sum())
        if lost:
            raise GateError(f'table "{name}": {lost:,} rows refer to a "{table.of}" that is not there', None)


def _none(name: str) -> Validated:
    raise GateError(
        f'table "{name}": none of the roots owns a row, and a folder has no empty tables; ask for more roots, or with '
        f"another condition",
        None,
    )
