"""The command line: what each command does, and that bad input gets one line and changes nothing."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import synthdata
import synthdata.pipeline
import synthdata.synthesizer.artefact
from synthdata.cli import demo_data, main
from synthdata.cli.console import Console, duration
from synthdata.cli.group import COMMANDS
from synthdata.cli.producing import prompts_by_field
from synthdata.cli.quiet_tf import hushed
from synthdata.progress import Progress
from synthdata.schema import Schema

ROOT = Path(__file__).parents[1]
SCHEMA = """\
name: stays
model: marginals
fields:
  stay_id: {kind: identifier, pattern: "S-[0-9]{5}"}
  age: {kind: number, integer: true, min: 0, max: 120}
  weight: {kind: number, decimals: 1, nullable: true}
  ward: {kind: category, values: [north, south, east]}
  smoker: {kind: boolean}
  admitted: {kind: datetime}
  discharged: {kind: datetime}
constraints:
  - {kind: ordered, low: admitted, high: discharged}
"""


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def did(*arguments: str | Path) -> Result:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, stays: pd.DataFrame) -> Path:
    """A folder with a table, its schema and a model of it."""
    folder = tmp_path_factory.mktemp("trained")
    stays.to_csv(folder / "stays.csv", index=False)
    (folder / "stays.yaml").write_text(SCHEMA)
    did("train", folder / "stays.yaml", "--data", folder / "stays.csv", "-o", folder / "model")
    return folder


@pytest.fixture
def place(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to stand in."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder, to the byte."""
    every = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in every}


# --- help --------------------------------------------------------------------------------------------------------


def test_help_loads_neither_tensorflow_nor_great_expectations_nor_pandas() -> None:
    code = """
import sys
from click.testing import CliRunner
import synthdata
from synthdata.cli import main
from synthdata.cli.group import COMMANDS
from synthdata.cli.producing import prompts_by_field
for arguments in [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]:
    assert CliRunner().invoke(main, arguments).exit_code == 0, arguments
print(*{"tensorflow", "keras", "great_expectations", "pandas", "numpy", "sklearn"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_cli_py_in_a_checkout_is_the_same_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "init", "none.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "error: none.csv: no such file; check the path\n"


def test_without_a_command_it_prints_its_help() -> None:
    assert did().output == did("--help").output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_an_example_and_json(name: str) -> None:
    text = did(name, "--help").output
    assert f"Example:\n    synthdata {name}" in text
    assert "--json" in text
    assert "--quiet" in text
    assert COMMANDS[name] in did("--help").output


# --- what the commands do ----------------------------------------------------------------------------------------


def test_init_prints_a_schema_that_loads(place: Path) -> None:
    text = did("init", "stays.csv").stdout
    schema = Schema.parse(text)
    assert schema.name == "stays"
    assert {name: field.kind for name, field in schema.fields.items()} == {
        "stay_id": "identifier",
        "age": "number",
        "weight": "number",
        "ward": "category",
        "smoker": "boolean",
        "admitted": "datetime",
        "discharged": "datetime",
    }
    assert "Guessed from 120 rows of stays.csv" in text


def test_init_writes_a_schema_and_overwrites_only_when_forced(place: Path) -> None:
    did("init", "stays.csv", "-o", "new.yaml")
    written = Path("new.yaml").read_text()
    Path("new.yaml").write_text("mine")
    assert call("init", "stays.csv", "-o", "new.yaml").exit_code == 2
    assert Path("new.yaml").read_text() == "mine"
    did("init", "stays.csv", "-o", "new.yaml", "--force")
    assert Path("new.yaml").read_text() == written


def test_a_schema_that_init_wrote_can_be_trained_as_it_is(place: Path) -> None:
    did("init", "stays.csv", "-o", "new.yaml")
    did("train", "new.yaml", "--data", "stays.csv", "--model", "marginals", "-o", "new")


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "jsonl", "jsonl.gz"])
def test_every_format_comes_out_and_validates_when_it_goes_in_again(place: Path, ending: str) -> None:
    did("generate", "model", "-n", "50", "-o", f"rows.{ending}")
    assert Path(f"rows.{ending}.verdict.json").exists()
    done = did("validate", "stays.yaml", f"rows.{ending}")
    assert "passed" in done.stdout


def test_the_same_seed_makes_the_same_file_and_another_seed_another(place: Path) -> None:
    for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
        did("generate", "model", "-n", "40", "-o", f"{name}.csv", "--seed", seed)
    first, again, other = (Path(f"{name}.csv").read_bytes() for name in "abc")
    assert first == again != other


def test_every_row_satisfies_every_condition(place: Path) -> None:
    conditions = ["--where", "age >= 50", "--where", "ward in north, south", "--where", "weight is null"]
    did("generate", "model", "-n", "60", "-o", "rows.csv", *conditions)
    rows = pd.read_csv("rows.csv")
    assert len(rows) == 60
    assert (rows["age"] >= 50).all()
    assert set(rows["ward"]) <= {"north", "south"}
    assert rows["weight"].isna().all()


def test_validate_refuses_rows_that_break_the_schema_without_showing_them(place: Path, stays: pd.DataFrame) -> None:
    broken = stays.assign(age=np.where(stays.index < 3, 987, stays["age"]))
    broken.to_csv("broken.csv", index=False)
    done = call("validate", "stays.yaml", "broken.csv")
    assert done.exit_code == 3
    assert "age" in done.stdout
    assert "3 rows (1, 2, 3)" in done.stdout
    assert "987" not in done.output
    verdict = json.loads(call("validate", "stays.yaml", "broken.csv", "--json").stdout)
    assert verdict["passed"] is False


def test_training_data_that_breaks_its_schema_is_refused_and_nothing_is_written(
    place: Path, stays: pd.DataFrame
) -> None:
    stays.assign(age=500).to_csv("broken.csv", index=False)
    before = snapshot(place)
    done = call("train", "stays.yaml", "--data", "broken.csv", "-o", "new")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert snapshot(place) == before


def test_suite_prints_a_suite_that_the_schema_may_name(place: Path) -> None:
    Path("own.json").write_text(did("suite", "stays.yaml").stdout)
    Path("stays.yaml").write_text(SCHEMA + "suite: own.json\n")
    did("validate", "stays.yaml", "stays.csv")


def test_inspect_says_what_a_model_is(place: Path) -> None:
    text = did("inspect", "model").stdout
    for expected in ("stays", "marginals", "120 rows", "ward", "category", "admitted <= discharged"):
        assert expected in text


def test_run_leaves_a_model_rows_and_a_verdict_in_its_folder(place: Path) -> None:
    arguments = ["run", "stays.yaml", "--data", "stays.csv", "-n", "30", "-o", "out", "--format", "parquet"]
    did(*arguments, "--where", "ward = east")
    assert set(pd.read_parquet("out/rows.parquet")["ward"]) == {"east"}
    assert {"model", "rows.parquet", "rows.parquet.verdict.json"} <= set(os.listdir("out"))
    assert call(*arguments).exit_code == 2
    did(*arguments, "--force")


def test_the_demo_goes_the_whole_way_and_a_second_one_overwrites_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = tmp_path / "fast.yaml"  # the demo's schema, with the family that learns in no time
    fast.write_text(demo_data.schema_file("breast_cancer.yaml").read_text() + "model: marginals\n")
    monkeypatch.setattr(demo_data, "schema_file", lambda name: fast)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        done = did("demo", "-o", "out", "-n", "200")
        assert "verdict" in done.stdout
    assert len(pd.read_csv("out/synthetic.csv")) == 200


def test_the_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("mine")
    before = snapshot(tmp_path)
    assert call("demo", "-o", tmp_path).exit_code == 2
    assert snapshot(tmp_path) == before


# --- machines, progress, interruption ----------------------------------------------------------------------------

MACHINE = {
    "init": ["init", "stays.csv", "-o", "new.yaml"],
    "init to stdout": ["init", "stays.csv"],
    "train": ["train", "stays.yaml", "--data", "stays.csv", "-o", "new"],
    "generate": ["generate", "model", "-n", "20", "-o", "rows.csv"],
    "validate": ["validate", "stays.yaml", "stays.csv"],
    "suite": ["suite", "stays.yaml"],
    "run": ["run", "stays.yaml", "--data", "stays.csv", "-n", "20", "-o", "out"],
    "inspect": ["inspect", "model"],
}


@pytest.mark.parametrize("case", MACHINE)
def test_json_is_all_there_is_on_stdout(place: Path, case: str) -> None:
    assert isinstance(json.loads(did(*MACHINE[case], "--json").stdout), dict)


def test_quiet_leaves_stderr_empty(place: Path) -> None:
    assert did(*MACHINE["run"], "--quiet").stderr == ""


def test_in_a_log_progress_is_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress() as listener:
        for step in range(1001):
            listener(Progress("train", step / 1000, 60.0, "loss 2.5"))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[5] == "train:  50%, 1 min 0 s left, loss 2.5"


def test_on_a_terminal_progress_is_one_line_that_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Console().progress() as listener:
        for step in range(1001):
            listener(Progress("train", step / 1000, None, "x" * 500))
    drawn = capsys.readouterr().err
    assert "\n" not in drawn
    assert drawn.endswith("\r\x1b[K")
    assert max(len(one) for one in drawn.split("\r")) <= shutil.get_terminal_size().columns + len("\x1b[K")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.44, "0.4 s"), (9.97, "10 s"), (12.4, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_read_as_a_person_says_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("debug", [False, True])
def test_native_noise_is_held_back_unless_debugging(debug: bool, capfd: pytest.CaptureFixture[str]) -> None:
    with hushed(debug=debug):
        os.write(2, b"noise\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == ("noise\nafter\n" if debug else "after\n")


def test_native_noise_is_shown_when_the_import_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with hushed(debug=False):
            os.write(2, b"the reason\n")
            raise ImportError

    with pytest.raises(ImportError):
        fails()
    assert "the reason" in capfd.readouterr().err


def test_ctrl_c_in_training_says_how_to_resume(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, checkpoint: Path, **__: object) -> None:
        checkpoint.write_bytes(b"state")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(synthdata.pipeline, "train", interrupted)
        done = call("train", "stays.yaml", "--data", "stays.csv", "-o", "new")
    assert done.exit_code == 130
    assert "new.checkpoint" in done.stderr
    assert "--resume" in done.stderr
    assert not Path("new").exists()
    again = call("train", "stays.yaml", "--data", "stays.csv", "-o", "new")
    assert again.exit_code == 2
    assert "continue with --resume, or discard it with --force" in again.stderr
    assert Path("new.checkpoint").read_bytes() == b"state"
    other = call("train", "stays.yaml", "--data", "stays.csv", "-o", "new", "--model", "vae", "--resume")
    assert other.exit_code == 2
    assert "start afresh with --force, and without --resume" in other.stderr


def test_ctrl_c_in_a_second_stage_names_the_files_that_are_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, checkpoint: Path, **__: object) -> None:
        for ending in ("", ".1", ".1.tokenizer", ".1.lock", ".part"):
            checkpoint.with_name(checkpoint.name + ending).write_bytes(b"state")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(synthdata.pipeline, "train", interrupted)
        done = call("train", "stays.yaml", "--data", "stays.csv", "-o", "new")
    there = "new.checkpoint and new.checkpoint.1 and new.checkpoint.1.tokenizer"
    assert f"to continue from {there}, run the same command" in done.stderr
    Path("new.checkpoint").unlink()
    Path("new.checkpoint.1").unlink()
    again = call("train", "stays.yaml", "--data", "stays.csv", "-o", "new")
    assert "new.checkpoint.1.tokenizer: left by an interrupted run" in again.stderr


def test_sparse_lines_begin_again_with_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress() as listener:
        for name in ("", "note"):
            for tenth in range(11):
                listener(Progress("train", tenth / 10, detail=f"epoch {tenth}", field=name))
    assert len(capsys.readouterr().err.splitlines()) == 22


def test_errors_name_flags_here_and_arguments_in_python(place: Path) -> None:
    rows = synthdata.validate(pd.read_csv("stays.csv", dtype=str), synthdata.Schema.load("stays.yaml"))
    Path("rows.csv").write_text("mine")
    with pytest.raises(synthdata.OutputError, match="overwrite with force=True"):
        synthdata.export(rows, "rows.csv")
    with pytest.raises(synthdata.OutputError, match="replace it with force=True"):
        synthdata.Synthesizer.load("model").save("model")
    assert "replace it with --force\n" in call("train", "stays.yaml", "--data", "stays.csv", "-o", "model").stderr


def test_a_bug_keeps_its_traceback_and_exits_with_1(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(synthdata.pipeline, "train", bug)
    done = call("train", "stays.yaml", "--data", "stays.csv", "-o", "new")
    assert done.exit_code == 1
    assert isinstance(done.exception, ZeroDivisionError)


def test_debug_shows_the_traceback_of_bad_input_too(tmp_path: Path) -> None:
    done = call("init", tmp_path / "none.csv", "--debug")
    assert done.exit_code == 2
    assert "Traceback" in done.stderr


# --- bad input ---------------------------------------------------------------------------------------------------


def rewritten(name: str, old: str, new: str) -> Callable[[], None]:
    """Prepare a place by changing a file in it."""

    def change() -> None:
        text = Path(name).read_text()
        assert old in text
        Path(name).write_text(text.replace(old, new, 1))

    return change


def made(name: str, content: str | bytes) -> Callable[[], None]:
    """Prepare a place by writing a file into it."""

    def write() -> None:
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def manifest_from_the_future() -> None:
    path = Path("model", synthdata.synthesizer.artefact.MANIFEST)
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))


def cut_short() -> None:
    weights = next(Path("model").rglob("weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])


@dataclass(frozen=True)
class Bad:
    """What is called, what its line must hold, and how the place was prepared."""

    arguments: str
    says: tuple[str, ...]
    prepare: Callable[[], None] = lambda: None


HEADER = "stay_id,age,weight,ward,smoker,admitted,discharged\n"
TRAIN = "train stays.yaml --data {} -o new"
GENERATE = "generate model -n 20 -o rows.csv"
BAD = {
    "missing file": Bad(TRAIN.format("none.csv"), ("none.csv: no such file",)),
    "empty file": Bad(TRAIN.format("bad.csv"), ("bad.csv: the file is empty",), made("bad.csv", "")),
    "header only": Bad(TRAIN.format("bad.csv"), ("no rows below the header",), made("bad.csv", HEADER)),
    "too few rows": Bad(
        TRAIN.format("bad.csv"),
        ("found 19 rows", "at least 20"),
        made("bad.csv", HEADER + "S-00001,30,,north,true,2020-01-01,2020-01-02\n" * 19),
    ),
    "column the data lacks": Bad(
        TRAIN.format("stays.csv"),
        ('stays.csv: no column "wards"', '"ward"'),
        rewritten("stays.yaml", "ward:", "wards:"),
    ),
    "unknown key": Bad(
        TRAIN.format("stays.csv"),
        ('field "age"', '"maxi"', 'did you mean "max"'),
        rewritten("stays.yaml", "max:", "maxi:"),
    ),
    "unknown kind": Bad(
        TRAIN.format("stays.csv"),
        ('field "smoker"', 'did you mean "boolean"'),
        rewritten("stays.yaml", "boolean", "bolean"),
    ),
    "min above max": Bad(
        TRAIN.format("stays.csv"),
        ('field "age"', "max 120 is below min 200"),
        rewritten("stays.yaml", "min: 0", "min: 200"),
    ),
    "a similar schema": Bad("train stay.yaml --data stays.csv -o new", ('no such schema; did you mean "stays.yaml"?',)),
    "a similar table": Bad(TRAIN.format("stay.csv"), ('stay.csv: no such file; did you mean "stays.csv"?',)),
    "a table for a schema": Bad(
        "train stays.csv --data stays.csv -o new", ("a table, not a schema; run `synthdata init stays.csv` first",)
    ),
    "wrong target": Bad(
        "augment stays.yaml --data stays.csv -o new.csv --target wart --balance",
        ('--target: no field "wart"; did you mean "ward"?',),
    ),
    "schema is missing": Bad(
        "train none.yaml --data stays.csv -o new", ("none.yaml: no such schema", "synthdata init")
    ),
    "schema is no YAML": Bad(
        TRAIN.format("stays.csv"), ("stays.yaml", "not YAML"), made("stays.yaml", "fields: {a: [}")
    ),
    "cells do not parse": Bad(
        TRAIN.format("bad.csv"),
        ('bad.csv, column "age"', "20 cells", "rows 1, 2, 3, 4, 5, ..."),
        made("bad.csv", HEADER + "S-00001,secret,,north,true,2020-01-01,2020-01-02\n" * 20),
    ),
    "duplicate columns": Bad(
        TRAIN.format("bad.csv"),
        ('two columns are named "age"',),
        made("bad.csv", "age,age,age\n" + "1,north,2\n" * 20),
    ),
    "not UTF-8": Bad(
        TRAIN.format("bad.csv"), ("line 2", "not UTF-8"), made("bad.csv", HEADER.encode() + b"\xe9\n" * 20)
    ),
    "where: unknown column": Bad(
        f'{GENERATE} --where "wart = north"', ('unknown column "wart"', 'did you mean "ward"')
    ),
    "where: unknown value": Bad(f'{GENERATE} --where "ward = nord"', ('"nord"', 'did you mean "north"')),
    "where: impossible": Bad(
        f'{GENERATE} --where "age > 90" --where "age < 30"',
        ("no learned value of age is > 90 and < 30 (rare values are not learned)",),
    ),
    "where: two in one": Bad(
        f'{GENERATE} --where "age >= 30 and age <= 40"', ("one condition each, and repeat --where",)
    ),
    "where: swapped operator": Bad(f'{GENERATE} --where "age => 30"', ('did you mean "age >= 30"?',)),
    "where: another column": Bad(f'{GENERATE} --where "age > weight"', ('"weight" is a column; compare "age" with',)),
    "where: never missing": Bad(f'{GENERATE} --where "age is null"', ("it is never missing",)),
    "where: no operator": Bad(f'{GENERATE} --where "ward north"', ("is null",)),
    "where on a run": Bad(
        'run stays.yaml --data stays.csv -n 20 -o out --where "wart = north"', ('unknown column "wart"',)
    ),
    "no rows": Bad("generate model -n 0 -o rows.csv", ("0 is not in the range",)),
    "negative rows": Bad("generate model -n -5 -o rows.csv", ("-5 is not in the range",)),
    "no rows on a run": Bad("run stays.yaml --data stays.csv -n 0 -o out", ("0 is not in the range",)),
    "output exists": Bad(GENERATE, ("rows.csv: exists", "--force"), made("rows.csv", "mine")),
    "model exists": Bad("train stays.yaml --data stays.csv -o model", ("model: exists", "--force")),
    "something else stands where the model should": Bad(
        "train stays.yaml --data stays.csv -o stays.csv --force", ("stays.csv: exists and is no model directory",)
    ),
    "no such folder": Bad("generate model -n 20 -o none/rows.csv", ("none", "no such folder")),
    "a file for a folder": Bad("generate model -n 20 -o stays.csv/rows.csv", ("stays.csv", "is not a folder")),
    "unknown format": Bad("generate model -n 20 -o rows.xlsx", ('".xlsx"', "allowed are .csv")),
    "no such model": Bad("generate none -n 20 -o rows.csv", ("none: found nothing there",)),
    "wrong hash": Bad(
        GENERATE, ("schema.yaml: does not match its hash",), rewritten("model/schema.yaml", "max: 120", "max: 121")
    ),
    "model cut short": Bad(GENERATE, ("weights.safetensors: does not match its hash",), cut_short),
    "model of a newer format": Bad("inspect model", ("format 99", "update synthdata"), manifest_from_the_future),
    "no data": Bad("train stays.yaml -o new", ("--data",)),
    "nothing to resume": Bad(f"{TRAIN.format('stays.csv')} --resume", ("no checkpoint to resume from",)),
    "unknown command": Bad("trian stays.yaml", ('no command "trian"', 'did you mean "train"')),
    "unknown option": Bad(f"{GENERATE} --sed 1", ("--sed", "synthdata generate --help")),
    "unknown family": Bad(f"{TRAIN.format('stays.csv')} --model lstm", ("lstm", "transformer", "marginals")),
    "a setting it lacks, before any reading": Bad(
        TRAIN.format("none.csv"),
        ('"layers" is no setting of marginals',),
        rewritten("stays.yaml", "model: marginals", "model: {family: marginals, layers: 2}"),
    ),
    "nothing to tune": Bad("tune stays.yaml --data stays.csv -o new.yaml --minutes 1", ("marginals has nothing",)),
    "tune without time": Bad("tune stays.yaml --data stays.csv -o new.yaml --minutes 0", ("--minutes",)),
    "tuned schema exists": Bad("tune stays.yaml --data stays.csv -o stays.yaml --minutes 1", ("exists", "--force")),
    "no time": Bad(f"{TRAIN.format('stays.csv')} --max-minutes 0", ("--max-minutes",)),
    "suite that runs code": Bad(
        "validate stays.yaml stays.csv",
        ("row_condition can run code",),
        lambda: (
            made("stays.yaml", SCHEMA + "suite: own.json\n")(),
            made(
                "own.json",
                json.dumps(
                    {
                        "name": "own",
                        "expectations": [
                            {
                                "type": "expect_column_values_to_not_be_null",
                                "kwargs": {"column": "age", "row_condition": "age > 3", "condition_parser": "pandas"},
                            }
                        ],
                    }
                ),
            )(),
        )[0],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_exit_code_2_one_line_and_changes_nothing(place: Path, case: str) -> None:
    bad = BAD[case]
    bad.prepare()
    before = snapshot(place)
    done = call(*shlex.split(bad.arguments))
    remarks, error = done.stderr.splitlines()[:-1], done.stderr.splitlines()[-1]
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert error.startswith("error: ")
    assert all(remark.startswith("checking ") for remark in remarks)
    assert "secret" not in done.stderr
    for expected in bad.says:
        assert expected in done.stderr
    assert snapshot(place) == before


@pytest.mark.parametrize("case", ["init", "train", "generate"])
def test_a_folder_that_cannot_be_written_is_noticed_before_any_work(
    place: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(place)
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.W_OK)  # root may write where others may not
    done = call(*MACHINE[case])
    assert done.exit_code == 2
    assert "be written" in done.stderr
    assert snapshot(place) == before


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl.gz"])
def test_a_full_disk_leaves_nothing_behind(place: Path, ending: str) -> None:
    before = snapshot(place)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        done = call("generate", "model", "-n", "5000", "-o", f"rows.{ending}", "--quiet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.exit_code == 2
    assert "the disk is full" in done.stderr
    assert snapshot(place) == before


def test_quiet_says_nothing_where_the_result_is_a_file(place: Path) -> None:
    assert did("init", "stays.csv", "-o", "quiet.yaml", "-q").output == ""
    assert Path("quiet.yaml").exists()
    assert "fields:" in did("init", "stays.csv", "-q").stdout


@pytest.mark.parametrize(
    ("prompts", "fields", "words"),
    [
        (("desc=The patient",), ["note"], 'no text field "desc"; the text fields are note'),
        (("The patient",), ["description", "note"], 'name its field, --prompt "description=The patient"'),
        (("The patient",), [], "the model has no text field"),
    ],
)
def test_a_prompt_names_a_text_field(prompts: tuple[str, ...], fields: list[str], words: str) -> None:
    with pytest.raises(synthdata.InputError, match=re.escape(words)):
        prompts_by_field(prompts, fields)


def test_prompts_are_by_field_or_of_the_only_one() -> None:
    assert prompts_by_field(("The patient",), ["note"]) == "The patient"
    assert prompts_by_field(("note=a=b", "other=c"), ["note", "other"]) == {"note": "a=b", "other": "c"}


def test_usage_names_the_command_however_it_is_called() -> None:
    done = subprocess.run([sys.executable, "cli.py", "train"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "cli.py" not in done.stderr
    assert "synthdata train --help" in done.stderr
