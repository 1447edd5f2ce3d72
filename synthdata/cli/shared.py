"""What several commands do: read a table and learn it, load a model, produce rows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from synthdata.cli.console import Console, duration
from synthdata.cli.quiet_tf import hushed
from synthdata.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.schema import Schema
    from synthdata.subjects import Subjects
    from synthdata.synthesizer import Synthesizer
    from synthdata.validation import Verdict

__all__ = [
    "Learned",
    "families",
    "learn",
    "load",
    "needs_data",
    "produce",
    "prompts_by_field",
    "report_rows",
    "rows_option",
    "start_tensorflow",
    "training_options",
    "where_option",
]

UNMEASURED = "without --holdout most of privacy is not measured"
ENOUGH_TO_HOLD_OUT = 500  # rows: a tenth of them is what an evaluation needs at least

Command = TypeVar("Command", bound=Callable[..., Any])


def families() -> click.Choice[str]:
    """The generator families a user may name."""
    return click.Choice(["auto", "transformer", "vae", "gan", "marginals"])


def rows_option(command: Command) -> Command:
    """Give a command -n."""
    return click.option("-n", "--rows", type=click.IntRange(min=1), required=True, help="How many rows.")(command)


def where_option(command: Command) -> Command:
    """Give a command --where."""
    text = 'What every row must satisfy, like "age >= 60", "state in CA, NY", "weight is null"; may be repeated.'
    return click.option("--where", multiple=True, metavar="CONDITION", help=text)(command)


def training_options(command: Command) -> Command:
    """Give a command what training takes."""
    options = (
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="The table to learn: CSV, Parquet, JSON lines, or a folder of images.",
        ),
        click.option("--model", type=families(), help="The generator family; the schema's if not given."),
        click.option(
            "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same result."
        ),
        click.option(
            "--max-minutes",
            type=click.FloatRange(min=0, min_open=True),
            help="Time budget of training, resumed ones included.",
        ),
        click.option("--resume", is_flag=True, help="Go on from the checkpoint that an interrupted run left."),
        click.option("--force", is_flag=True, help="Replace what an earlier run left."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def needs_data(data: Path | None, schema: Path) -> Path:
    """Refuse to go on without a table."""
    if data is None:
        raise InputError(f"{schema}: no table to learn; name it with --data FILE")
    return data


@dataclass(frozen=True)
class Learned:
    """A synthesizer, the rows it has learned, and those it has not seen."""

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
    max_minutes: float | None,
    resume: bool,
    force: bool = False,
    where: tuple[str, ...] = (),
    hold_out: bool = False,
    declared: Schema | None = None,
) -> Learned:
    """Read a table, gate it, learn it. An interrupted run leaves `<model>.checkpoint`.

    where: conditions that the model will be asked for; refused before training if they cannot be met. hold_out: leave a
    tenth of the rows out, if there are enough, to evaluate with. declared: the schema in place of the file's.
    """
    from synthdata.io.readers import LEAST_TO_TRAIN, read_table
    from synthdata.models import settings
    from synthdata.schema import Schema

    declared = declared or Schema.load(schema)
    family = model or declared.model.family
    settings(family, declared.model.options if family == declared.model.family else {})  # refused before all reading
    frame = read_table(data, least=LEAST_TO_TRAIN)
    checkpoint = model_folder.with_name(f"{model_folder.name}.checkpoint")
    if _kept(checkpoint) and not (resume or force):
        raise InputError(
            f"{checkpoint}: holds the state of an interrupted run; go on from it with --resume, or drop it with --force"
        )
    if resume and not _kept(checkpoint):
        raise InputError(f"{checkpoint}: no checkpoint to resume from; train without --resume")
    console.say(f"checking {len(frame):,} rows of {data} against {schema}")
    start_tensorflow(console)
    from synthdata.pipeline import train
    from synthdata.schema.inference import propose_subject
    from synthdata.subjects import LEAST_SUBJECTS, Subjects
    from synthdata.synthesizer import Synthesizer

    table, holdout = declared.read(frame, source=str(data)), None
    if where:  # the codecs say what can be asked for, and they are the same for every family
        Synthesizer.satisfied(table, declared, where, seed=seed)
    subjects = Subjects.of(table, declared.subject or propose_subject(table, declared.fields)[0])
    few = subjects.numbers is not None and subjects.people < 2 * LEAST_SUBJECTS
    if hold_out and few:
        console.say(f"{subjects.people:,} subjects are too few to hold some out; {UNMEASURED}")
    elif hold_out and len(table) < ENOUGH_TO_HOLD_OUT:
        console.say(f"{len(table):,} rows are too few to hold some out; {UNMEASURED}")
    elif hold_out:
        table, holdout = _divided(table, subjects, seed)
        console.say(f"{len(holdout):,} rows are held out, to evaluate with")
    with console.progress() as listener:
        try:
            synthesizer = train(
                table,
                declared,
                model=model,
                seed=seed,
                max_minutes=max_minutes,
                checkpoint=checkpoint,
                resume=resume,
                listener=listener,
            )
            return Learned(synthesizer, table, holdout)
        except KeyboardInterrupt:
            if _kept(checkpoint):
                console.say(
                    f"interrupted; {checkpoint} holds the state, the same command with --resume goes on from it"
                )
            else:
                console.say("interrupted before training began; nothing was written")
            raise


def _kept(checkpoint: Path) -> bool:
    """Whether there is a state to go on from: the table's, or that of an image or text field beside it."""
    return checkpoint.exists() or any(checkpoint.parent.glob(f"{checkpoint.name}.[0-9]"))


def _divided(table: pd.DataFrame, subjects: Subjects, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Nine tenths of the rows and one, in their order, no subject on both sides."""
    import numpy as np

    rng = np.random.default_rng([seed, 9])
    kept = np.ones(len(table), bool)
    if subjects.numbers is not None:
        kept = ~subjects.divided(0.1, rng)
    else:
        kept[rng.choice(len(table), len(table) // 10, replace=False)] = False
    return table[kept].reset_index(drop=True), table[~kept].reset_index(drop=True)


def load(model: Path) -> Synthesizer:
    """Load a model."""
    from synthdata.synthesizer import Synthesizer

    return Synthesizer.load(model)


def prompts_by_field(prompts: tuple[str, ...], fields: Collection[str]) -> str | dict[str, str] | None:
    """What texts begin with: `field=text` for a field, or a text alone for the only one."""
    if len(prompts) == 1 and prompts[0].partition("=")[0] not in fields:
        return prompts[0]
    for each in prompts:
        if each.partition("=")[0] not in fields:
            raise InputError(f'--prompt "{each}": of several, each is FIELD=TEXT; fields: {", ".join(fields)}')
    return {each.partition("=")[0]: each.partition("=")[2] for each in prompts} or None


def produce(
    console: Console,
    synthesizer: Synthesizer,
    rows: int,
    output: Path,
    *,
    where: tuple[str, ...],
    seed: int,
    force: bool,
    real: pd.DataFrame | None = None,
) -> Verdict:
    """Sample, gate and export. real: rows of which no key and no personal value may come out."""
    from synthdata.io.writers import export
    from synthdata.pipeline import generate

    with console.progress() as listener:
        validated = generate(synthesizer, rows, where=list(where), seed=seed, real=real, listener=listener)
        export(validated, output, force=force)
    return validated.verdict()


def report_rows(console: Console, output: Path, verdict: Verdict) -> tuple[dict[str, Any], list[str]]:
    """Say what was exported: for a machine, and for a person."""
    paths = {"rows": output, "verdict": output.with_name(f"{output.name}.verdict.json")}
    rejected = output.with_name(f"{output.name}.rejected.parquet")
    if verdict.rejected:
        paths["rejected"] = rejected
    result = {
        **{f"{name}_file": str(path) for name, path in paths.items()},
        "rows": verdict.rows,
        "sampled": verdict.sampled,
        "rejected": verdict.rejected,
        "acceptance": round(verdict.acceptance, 6),
        "passed": verdict.passed,
        "expectations": len(verdict.checks),
        "seconds": console.seconds,
    }
    lines = [
        f"wrote {output}: {verdict.rows:,} rows, all passed {len(verdict.checks)} expectations "
        f"({verdict.acceptance:.1%} of {verdict.sampled:,} sampled were accepted), {duration(console.seconds)}",
        f"verdict: {paths['verdict']}",
    ]
    if verdict.rejected:
        lines.append(f"set aside: {rejected}")
    return result, lines


def start_tensorflow(console: Console) -> None:
    """Import it where its noise is held back, which is loud only the first time."""
    with hushed(debug=console.debug):
        from synthdata.models.training.startup import start

        start()
