"""`synthdata augment`: add synthetic rows to a training set, measured if asked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthdata.cli.console import Console, duration, with_console
from synthdata.cli.learning import check_trainable, learn, trained_before
from synthdata.cli.options import PATH, training_options, where_option
from synthdata.cli.overrun import overrun
from synthdata.cli.paths import load_schema
from synthdata.cli.quiet_tf import start_tensorflow
from synthdata.cli.timing import COMPARISON, READING, ROWS, WRITTEN, Expected, Timing
from synthdata.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.augmentation import Amount, Augmented, Proof
    from synthdata.schema import Schema
    from synthdata.synthesizer import Synthesizer
    from synthdata.validation import Validated

__all__ = ["command"]

MOST_PARTS = 12  # kinds of rows that are listed
PROOF_SHARE = 0.75  # of a time limit, that the trainings of --prove and after it take


@click.command(
    epilog="\b\nExample:\n"
    "  synthdata augment loans.yaml --data train.csv -o more.csv --target has_default --balance\n"
    "  synthdata augment loans.yaml --data train.csv -o more.csv --prove\n"
    '  synthdata augment loans.yaml --data train.csv -o more.csv --rows 500 --where "age >= 60"'
)
@click.argument("schema", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", required=True, help="The table to write.")
@click.option("--target", metavar="COLUMN", help="The column to predict. Default: the schema's target.")
@click.option(
    "--balance",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[COLUMN]",
    help="Equalise the classes of the target, or of COLUMN; repeat it to equalise combinations.",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="VALUE=SHARE",
    help="With --balance: the share that a class gets, such as yes=0.3, instead of equal shares.",
)
@click.option("--level", type=float, help="With --balance: fill classes up to this share of the largest, such as 0.3.")
@click.option("--independent", metavar="COLUMN", help="Make the target independent of COLUMN, a sensitive attribute.")
@click.option("--rows", type=click.IntRange(min=1), help="How many rows to add.")
@click.option("--factor", type=float, help="How many times as long the table becomes, such as 2.")
@where_option
@click.option(
    "--real-share",
    type=float,
    help="Add a column row_weight in which real rows carry this share of the total weight.",
)
@click.option("--fill", is_flag=True, help="Impute the missing cells of the real rows first.")
@click.option("--prove", is_flag=True, help="Add rows only if cross-validation shows that they help an estimator.")
@click.option(
    "--estimator",
    metavar="PATH",
    help="With --prove: a scikit-learn estimator, such as sklearn.svm.SVC. Default: boosted trees.",
)
@click.option(
    "--metric",
    type=click.Choice(["auc", "average_precision", "balanced_accuracy", "r2"]),
    help="With --prove: the metric to compare by. Default: AUC; average precision if a class is rare.",
)
@click.option("--sensitive", metavar="COLUMN", help="With --prove: also measure fairness between the groups of COLUMN.")
@click.option("--folds", type=click.IntRange(min=2), help="With --prove: the number of folds. Default: 5.")
@click.option(
    "--copies",
    type=float,
    default=0.0,
    help="Fraction of added rows that are augmented copies of real rows (the schema's transforms).",
)
@click.option(
    "--provenance", default="provenance", show_default=True, help="The column that marks rows as real or synthetic."
)
@training_options
@with_console
def command(
    console: Console,
    schema: Path,
    data: Path,
    output: Path,
    target: str | None,
    balance: tuple[str, ...],
    shares: tuple[str, ...],
    level: float | None,
    independent: str | None,
    rows: int | None,
    factor: float | None,
    where: tuple[str, ...],
    real_share: float | None,
    fill: bool,
    prove: bool,
    estimator: str | None,
    metric: str | None,
    sensitive: str | None,
    folds: int | None,
    copies: float,
    provenance: str,
    model: str | None,
    seed: int,
    max_minutes: float | None,
    resume: bool,
    force: bool,
) -> None:
    """Train on a table, add synthetic rows to it, and write all rows, marked `real` or `synthetic`.

    Say what to add with --balance, --rows, --factor or --independent. Every row passes the schema's checks.

    --prove finds out whether added rows help an estimator. It compares generator families and amounts by
    cross-validation with doing nothing, class weights, oversampling and SMOTE, and writes FILE.gains.html. If nothing
    helps, the table is written unchanged; --force adds the rows anyway.
    """
    from synthdata.augmentation import check_gains
    from synthdata.augmentation.amounts import Additions
    from synthdata.augmentation.augmenting import augment, check_names
    from synthdata.augmentation.proof.prove import FOLDS
    from synthdata.io.readers import LEAST_TO_TRAIN
    from synthdata.io.writers import check_target, export

    if data.resolve() == output.resolve():
        raise InputError(f"{output}: is the table to learn; write the augmented table to another file")
    if not prove and (estimator, metric, folds) != (None, None, None):
        raise InputError("--estimator, --metric and --folds belong to --prove; add it, or leave them out")
    timing = Timing.of(console, max_minutes, trained_before(output, resume=resume and not prove))
    check_target(output, force=force)
    declared = load_schema(schema)
    if target is not None:
        if target not in declared.fields:
            raise InputError(f'--target: no field "{target}"; {nearest(target, declared.fields)}')
        declared = declared.replace(target=target)
    amount = _amount(declared, balance, shares, level, independent, rows, factor, where, real_share)
    check_names(declared, provenance, weighs=prove or real_share is not None)
    if prove:
        check_gains(output, force=force or resume)
        _refuse_with_prove(fill, model)
    elif amount.is_nothing and not fill:
        raise InputError("nothing to add; give --balance, --rows, --factor, --independent, --fill or --prove")
    if copies < 1:
        check_trainable(declared, model)
    found = console.read(data, declared.source, least=LEAST_TO_TRAIN)
    frame = console.typed(data, declared, frame=found)
    left_out = [name for name in map(str, found.columns) if name not in declared.fields]
    _check_left_out(console, left_out, provenance)
    if fill and not frame.isna().any(axis=None):
        if amount.is_nothing:
            raise InputError(f"{data}: no cell of the schema's columns is missing; leave --fill out")
        fill = False
    if not amount.is_nothing:
        Additions.of(frame, declared, amount, seed=seed)  # refused before any training
    proof = None
    if prove:
        timing.lap(READING)
        start_tensorflow(console)
        proof = _prove(
            console, frame, declared, output, amount, model=model, estimator=estimator, metric=metric,
            folds=folds or FOLDS, sensitive=sensitive or independent, seed=seed, max_minutes=max_minutes,
            resume=resume, force=force,
        )  # fmt: skip
        timing.lap(COMPARISON)
        helps = proof.gains.helps and proof.best is not None
        if proof.best is None or not (helps or force):  # nothing to add, or it does not help
            unchanged = _unchanged(declared, frame, provenance)
            export(unchanged, output, force=force)
            timing.lap(WRITTEN)
            _finish(console, output, frame, unchanged, None, proof, declared, sensitive or independent, timing)
            return
        model, amount, copies = proof.best.family, proof.best.amount, proof.best.copies
    source: Schema | Synthesizer = declared
    if copies < 1:
        source = learn(
            console, schema, data, output, model=model, seed=seed, timing=timing,
            kept=lambda schema, table: _expected(schema, table, amount, seed),
            resume=resume and not prove, force=force, declared=declared,
        ).synthesizer  # fmt: skip
    elif not prove:
        start_tensorflow(console)
    with console.progress() as listener:
        augmented = augment(
            source, frame, amount, copies=copies, fill=fill, provenance=provenance, seed=seed, listener=listener
        )
        export(augmented.validated, output, force=force)
    timing.lap(ROWS)
    _finish(console, output, frame, augmented.validated, augmented, proof, declared, sensitive or independent, timing)


def _expected(schema: Schema, table: pd.DataFrame, amount: Amount, seed: int) -> Expected:
    """The seconds that drawing the rows to add is expected to take."""
    from synthdata.augmentation.amounts import Additions
    from synthdata.evaluation.limits import Workload

    if amount.is_nothing:
        return Expected()
    rows = Additions.of(table, schema, amount, seed=seed).rows
    return Expected(rows=Workload.of(schema, table, rows).drawing(rows))


def _check_left_out(console: Console, left_out: list[str], provenance: str) -> None:
    """Report columns that are not written, as the schema lacks them; refuse one with the marker's name."""
    if provenance in left_out:
        raise InputError(
            f'the table already has a column "{provenance}"; choose another name for the one that marks rows: '
            f"--provenance NAME"
        )
    if left_out:
        some = ", ".join(left_out[:5]) + (", ..." if len(left_out) > 5 else "")
        console.say(f"columns left out, because the schema does not name them: {some}")


def _amount(
    declared: Schema,
    balance: tuple[str, ...],
    shares: tuple[str, ...],
    level: float | None,
    independent: str | None,
    rows: int | None,
    factor: float | None,
    where: tuple[str, ...],
    real_share: float | None,
) -> Amount:
    from synthdata.augmentation import Amount

    if "" in balance and declared.target is None:
        raise InputError("--balance: the schema has no target; name a column: --balance COLUMN, or --target COLUMN")
    columns = [column or str(declared.target) for column in balance]
    named = {}
    for share in shares:
        value, equals, number = share.rpartition("=")
        try:
            named[value] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f'--share "{share}": write it as VALUE=SHARE, like yes=0.3')
    if named and not columns and declared.target:
        columns = [declared.target]
    return Amount(
        rows=rows,
        factor=factor,
        balance=tuple(dict.fromkeys(columns)),
        shares=named,
        level=1.0 if level is None else level,
        independent=independent,
        where=list(where) or None,
        real_share=real_share,
    )


def _refuse_with_prove(fill: bool, model: str | None) -> None:
    if fill:
        raise InputError("--prove does not work with --fill; impute first, in a run without --prove")
    if model == "auto":
        raise InputError("--prove compares the families itself; name one family, or leave --model out")


def _prove(
    console: Console,
    frame: pd.DataFrame,
    declared: Schema,
    output: Path,
    amount: Amount,
    *,
    model: str | None,
    folds: int,
    max_minutes: float | None,
    resume: bool,
    force: bool,
    **asked: Any,
) -> Proof:
    from synthdata.augmentation import prove, write_gains
    from synthdata.augmentation.proof.prove import FAMILIES

    keep = output.with_name(f"{output.name}.proof")
    if keep.exists() and not resume:
        if not force:
            raise InputError(
                f"{keep}: an interrupted run left this; continue with --resume, or discard it with --force"
            )
        shutil.rmtree(keep)
    families = FAMILIES if model is None else (model,)
    trainings = folds * len(families)
    share = PROOF_SHARE * trainings / (trainings + 1)  # the best is trained once more
    minutes = None if max_minutes is None else share * max_minutes
    with console.progress() as listener:
        try:
            proof = prove(
                frame,
                declared,
                families=families,
                amount=amount,
                folds=folds,
                max_minutes=minutes,
                keep=keep,
                listener=listener,
                **asked,
            )
        except KeyboardInterrupt:
            if keep.exists():
                console.say(f"interrupted; to continue from {keep}, run the same command with --resume")
            raise
    write_gains(proof.gains, output, force=True)
    shutil.rmtree(keep, ignore_errors=True)
    return proof


def _unchanged(declared: Schema, frame: pd.DataFrame, provenance: str) -> Validated:
    import numpy as np

    from synthdata.augmentation.augmenting import marked
    from synthdata.augmentation.sources import REAL
    from synthdata.validation import Suite

    return marked(declared, Suite.of(declared), frame, np.full(len(frame), REAL, object), provenance)


def _finish(
    console: Console,
    output: Path,
    real: pd.DataFrame,
    validated: Validated,
    augmented: Augmented | None,
    proof: Proof | None,
    declared: Schema,
    sensitive: str | None,
    timing: Timing,
) -> None:
    """Say what was written: for a machine, and for a person."""
    verdict = validated.verdict()
    added = augmented.added if augmented else 0
    result: dict[str, Any] = {
        "rows_file": str(output),
        "verdict_file": str(output.with_name(f"{output.name}.verdict.json")),
        "rows": verdict.rows,
        "real": len(real),
        "added": added,
        "filled_cells": augmented.filled if augmented else 0,
        "sampled": augmented.sampled if augmented else 0,
        "expectations": len(verdict.checks),
        "seconds": timing.result(),
    }
    lines = []
    if proof is not None:
        from synthdata.augmentation.proof.page import conclusion

        page = output.with_name(f"{output.name}.gains.html")
        best = proof.gains.best
        summary = {"best": best.label, "gain": best.gain, "interval": best.interval} if best else {"best": None}
        result |= {"gains_file": str(page), "helps": proof.gains.helps, **summary}
        lines += [*conclusion(proof.gains), f"gains: {page}"]
        if added and not proof.gains.helps:
            lines.append("the best of them is added anyway, because of --force")
    cells = f", {augmented.filled:,} missing cells imputed" if augmented and augmented.filled else ""
    what = f"{len(real):,} real rows and {added:,} added" if added else f"{len(real):,} real rows, none added"
    passed = f"the table passed {len(verdict.checks)} expectations"
    lines.append(f"wrote {output}: {what}{cells}; {passed}, {duration(console.seconds)}")
    if augmented:
        shown = [part for part in augmented.additions.parts if part.values]
        result["parts"] = [{**part.values, "real": part.real, "added": part.rows} for part in shown]
        lines += [
            f"  {', '.join(f'{name} {value}' for name, value in part.values.items())}: "
            f"{part.real:,} real, {part.rows:,} added"
            for part in shown[:MOST_PARTS]
        ]
        lines += [f"  and {len(shown) - MOST_PARTS} kinds more"] if len(shown) > MOST_PARTS else []
        lines += augmented.additions.notes
        result["notes"] = list(augmented.additions.notes)
    if sensitive is not None and declared.target is not None:
        from synthdata.augmentation.fairness import target_parity

        before, after = (target_parity(each, declared, sensitive) for each in (real, validated.frame()))
        result["target_parity_difference"] = {"real": before, "all": after}
        lines.append(
            f"{declared.target} by {sensitive}: demographic parity difference {before:.3f} in real rows, "
            f"{after:.3f} in all rows"
        )
    console.finish(result, [*lines, timing.line(added), *overrun(timing)])
