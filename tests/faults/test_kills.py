"""Processes that are killed at any rename: a reader finds the old or the new, and a plain second run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import Schema, Synthesizer, export, read_table, validate
from synthdata.cli import main
from synthdata.io import atomic

SCHEMA = Schema.parse("fields: {age: {kind: number, integer: true, min: 0}}")
KILLED = """
import os, sys
import pandas as pd
from synthdata import Schema, Synthesizer, export, validate
from synthdata.io import atomic

at, what, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
count = [0]

def killing(function):
    def wrapped(*arguments):
        if count[0] == at:
            os._exit(137)
        count[0] += 1
        return function(*arguments)
    return wrapped

os.replace, atomic._exchanged = killing(os.replace), killing(atomic._exchanged)
schema = Schema.parse("fields: {age: {kind: number, integer: true, min: 0}}")
rows = schema.read(pd.DataFrame({"age": range(40, 80)}))
if what == "export":
    export(validate(rows, schema), path, force=True)
else:
    Synthesizer.fit(rows, schema, model="marginals", seed=2).save(path, force=True)
"""


def killed(at: int, what: str, path: Path) -> bool:
    """Whether a process that writes was killed before its rename number `at`; it may have fewer."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(at), what, str(path)], check=False, timeout=120)
    assert done.returncode in (0, 137)
    return done.returncode == 137


def hidden(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name.startswith(".")]


@pytest.mark.parametrize("old", [False, True])
def test_a_killed_export_leaves_the_old_or_the_new_and_the_next_one_goes_on(tmp_path: Path, old: bool) -> None:
    path, at = tmp_path / "rows.csv", 0
    before = validate(SCHEMA.read(pd.DataFrame({"age": range(20)})), SCHEMA)
    while True:
        if old:
            export(before, path, force=True)
        elif path.exists():
            path.unlink()
        if not killed(at, "export", path):
            break
        if path.exists():
            assert len(read_table(path)) in (20, 40)
        export(before, path, force=old)
        assert len(read_table(path)) == 20
        assert json.loads((tmp_path / "rows.csv.verdict.json").read_text())["rows"] == 20
        assert not hidden(tmp_path)
        at += 1
    assert at == 2  # the table and its verdict


@pytest.mark.parametrize("old", [False, True])
def test_a_killed_save_leaves_the_old_or_the_new_model(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "model"
    model = Synthesizer.fit(SCHEMA.read(pd.DataFrame({"age": range(40)})), SCHEMA, model="marginals", seed=1)
    if old:
        model.save(path)
    assert killed(0, "save", path)
    assert path.exists() == old
    if old:
        assert Synthesizer.load(path).about["seed"] == 1
    assert hidden(tmp_path)
    model.save(path, force=old)
    assert Synthesizer.load(path).about["seed"] == 1
    assert not hidden(tmp_path)


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with atomic.AtomicWrite(path) as writing:
        with writing.new(path) as file:
            file.write(b"mine")
        with atomic.AtomicWrite(path) as other:
            with other.new(path) as file:
                file.write(b"theirs")
            other.commit()
        writing.commit()
    assert path.read_bytes() == b"mine"
    assert not hidden(tmp_path)


def test_a_run_that_ended_after_its_model_goes_on_with_it(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCHEMA.dump())
    pd.DataFrame({"age": np.arange(600) % 90}).to_csv(tmp_path / "d.csv", index=False)
    command = ["run", str(tmp_path / "s.yaml"), "--data", str(tmp_path / "d.csv"), "-n", "50", "--model", "marginals"]
    command += ["-o", str(tmp_path / "out")]
    assert CliRunner().invoke(main, command).exit_code == 0
    rows = (tmp_path / "out" / "rows.csv").read_bytes()
    for name in ("report.json", "rows.csv", "rows.csv.verdict.json"):
        (tmp_path / "out" / name).unlink()
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 2
    assert "go on with it (--resume)" in refused.output
    went_on = CliRunner().invoke(main, [*command, "--resume"])
    assert went_on.exit_code == 0, went_on.output
    assert (tmp_path / "out" / "rows.csv").read_bytes() == rows
    assert (tmp_path / "out" / "report.json").exists()
    other = CliRunner().invoke(main, [*command, "--resume", "--seed", "7"])
    assert other.exit_code == 2
    assert "another seed" in other.output


def test_names_that_only_look_alike_are_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / name for name in (".rows.csvx.01234567.tmp", ".rows.csv.tmp", "rows.csv.01234567.tmp")]
    for each in others:
        each.write_text("x")
    export(validate(SCHEMA.read(pd.DataFrame({"age": range(20)})), SCHEMA), tmp_path / "rows.csv")
    assert all(each.exists() for each in others)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is of POSIX")
@pytest.mark.parametrize("ctrl_c", [signal.SIG_DFL, signal.SIG_IGN])
def test_an_order_to_end_tidies_up_like_ctrl_c(tmp_path: Path, ctrl_c: signal.Handlers) -> None:
    (tmp_path / "s.yaml").write_text(SCHEMA.dump())
    pd.DataFrame({"age": range(40)}).to_csv(tmp_path / "d.csv", index=False)
    Synthesizer.fit(SCHEMA.read(pd.DataFrame({"age": range(40)})), SCHEMA, model="marginals").save(tmp_path / "m")
    command = [
        sys.executable,
        str(Path(__file__).parents[2] / "cli.py"),
        "generate",
        "m",
        "-n",
        "50000000",
        "-o",
        "out.csv",
    ]
    heed = partial(signal.signal, signal.SIGINT, ctrl_c)  # a shell has what it starts in the background ignore it
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        end = time.monotonic() + 60
        while not hidden(tmp_path) and time.monotonic() < end:
            time.sleep(0.05)
        assert hidden(tmp_path)
        os.kill(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not hidden(tmp_path)
    assert not (tmp_path / "out.csv").exists()


def test_ctrl_c_that_a_library_made_an_error_of_its_own_is_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **keywords: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ValueError("is not a valid buffer format") from error

    pd.DataFrame({"age": range(40)}).to_csv(tmp_path / "d.csv", index=False)
    monkeypatch.setattr("synthdata.cli.init.check_file", interrupted)
    result = CliRunner().invoke(main, ["init", str(tmp_path / "d.csv"), "-o", str(tmp_path / "s.yaml")])
    assert result.exit_code == 130
    assert "buffer format" not in result.output
