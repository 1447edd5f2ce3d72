"""A time budget covers what a person waits for, and is divided between training, report and rows. No test waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import InputError, Schema, Synthesizer, evaluate, train
from synthdata.budget import LEAST_SECONDS, Budget
from synthdata.cli import main
from synthdata.cli.console import Console
from synthdata.cli.overrun import REASONS, overrun
from synthdata.cli.timing import (
    COMPARISON,
    EARLIER,
    EVALUATION,
    READING,
    REPORT_ROWS,
    ROWS,
    TRAINING,
    WRITING,
    WRITTEN,
    Expected,
    Timing,
)
from synthdata.evaluation.limits import PANELS, STEPS, Workload, limit_note, most_rows, slowness
from synthdata.pipeline import FEWEST_IN_TIME, until
from synthdata.progress import PLAN, REMARK, Progress
from synthdata.validation import Gate, Suite


@dataclass
class Watch:
    """A clock that moves when it is told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def frame(rows: int = 200) -> pd.DataFrame:
    numbers = np.arange(rows)
    return pd.DataFrame({"age": numbers % 40 + 20, "ward": np.where(numbers % 3, "north", "south")})


# --- a budget ----------------------------------------------------------------------------------------------------


def test_what_is_left_falls_to_nothing_and_not_below() -> None:
    watch = Watch()
    budget = Budget.of_minutes(0.5, watch)
    assert (budget.spent, budget.left) == (0.0, 30.0)
    watch.now += 12
    assert (budget.spent, budget.left) == (12.0, 18.0)
    watch.now += 20
    assert (budget.spent, budget.left) == (32.0, 0.0)


def test_a_part_begins_now_and_ends_no_later_than_the_whole() -> None:
    watch = Watch()
    budget = Budget.of_minutes(1, watch)
    watch.now += 50
    assert budget.part(5).left == 5
    assert budget.part(20).left == 10
    assert budget.part(None).left == 10
    watch.now += 100
    assert budget.part(20).left == 0


def test_without_a_limit_only_parts_have_one() -> None:
    watch = Watch()
    budget = Budget.of_minutes(None, watch)
    assert budget.left is None
    assert budget.share(1) is None
    assert budget.part(3).left == 3
    assert budget.part(None).left is None


def test_what_is_kept_is_not_free_as_far_as_half_is_left() -> None:
    watch = Watch()
    budget = replace(Budget.of_minutes(1, watch), kept=20)
    assert budget.free == 40
    watch.now += 30
    assert budget.free == 15
    assert Budget.of_minutes(budget, watch) is budget


def test_work_gets_a_share_of_what_is_free_and_always_something() -> None:
    watch = Watch()
    budget = replace(Budget.of_minutes(1, watch), kept=20)
    assert budget.share(0.5) == pytest.approx(20 / 60)
    watch.now += 100
    assert budget.share(1) == pytest.approx(LEAST_SECONDS / 60)


# --- its division in a command -----------------------------------------------------------------------------------


def timed(seconds: float | None, watch: Watch) -> Timing:
    return Timing(Budget(seconds, watch.now, watch))


def test_parts_of_a_command_add_up_to_the_whole_and_are_named() -> None:
    watch = Watch()
    timing = timed(30, watch)
    for part, seconds in ((READING, 2), (TRAINING, 21), (REPORT_ROWS, 1), (EVALUATION, 5), (ROWS, 1)):
        watch.now += seconds
        timing.lap(part)
    assert timing.line(1000) == (
        "time: reading 2.0 s, training 21 s, rows for the report 1.0 s, evaluation 5.0 s, 1,000 rows 1.0 s; "
        "30 s of at most 30 s"
    )
    assert timing.result() == {
        "reading": 2,
        "training": 21,
        "rows_for_the_report": 1,
        "evaluation": 5,
        "rows": 1,
        "whole": 30,
    }


def test_time_before_an_interruption_counts_and_is_named() -> None:
    console = Console()
    timing = Timing.of(console, 3, earlier=101)
    assert timing.budget.left == pytest.approx(180 - 101, abs=1)
    timing.lap(READING)
    timing.lap(TRAINING)
    assert sum(timing.seconds.values()) == pytest.approx(timing.budget.spent, abs=0.1)
    assert timing.line().startswith("time: training before the interruption 1 min 41 s, reading ")
    assert timing.line().endswith("1 min 41 s of at most 3 min 0 s")
    assert timing.result()["training_before_the_interruption"] == 101


def took(limit: float | None, kept: float, **seconds: float) -> Timing:
    """A command whose parts took so long."""
    watch = Watch()
    timing = timed(limit, watch)
    timing.training(Expected(report=kept))
    for part, each in seconds.items():
        watch.now += each
        timing.lap(part.replace("_", " "))
    return timing


def test_a_command_that_took_longer_than_its_limit_says_why_and_what_would_have_been_enough() -> None:
    timing = took(30, 7, reading=19, training=14, rows_for_the_report=1, evaluation=8, rows=4)
    (said,) = overrun(timing)
    assert said == (
        "16 s over --max-minutes, since some parts cannot be shortened (reading, 19 s: libraries are loaded, and all "
        "rows are read and checked; training, 14 s: each network is built, compiled and validated, however few its "
        "steps; evaluation, 8.0 s: a few hundred rows are compared in any case; rows, 4.0 s: all the rows asked for "
        "are drawn and checked); --max-minutes 1 would have been about enough"
    )


@pytest.mark.parametrize(
    ("timing", "part", "enough"),
    [
        (took(6, 0, reading=8, training=2, writing=0.1), "reading", 0.25),
        (took(20, 0, reading=6, training=29, writing=0.1), "training", 0.75),
        (took(60, 10, reading=6, training=30, rows_for_the_report=4, evaluation=11, rows=100), "rows", 3),
        (took(60, 10, reading=6, training=34, rows_for_the_report=2, evaluation=40, rows=1), "evaluation", 3.5),
        (took(30, 0, training_before_the_interruption=40, reading=6, training=2), "training before", 1),
    ],
)
def test_the_part_that_is_most_over_is_named_first(timing: Timing, part: str, enough: float) -> None:
    (said,) = overrun(timing)
    assert f"({part}" in said
    assert said.endswith(f"--max-minutes {enough:g} would have been about enough")


@pytest.mark.parametrize("limit", [None, 60, 47])
def test_a_command_that_kept_to_its_limit_says_nothing_of_it(limit: float | None) -> None:
    assert overrun(took(limit, 7, reading=19, training=14, evaluation=10, rows=4)) == []


def test_every_part_has_a_reason() -> None:
    parts = {READING, TRAINING, REPORT_ROWS, EVALUATION, ROWS, WRITTEN, EARLIER, COMPARISON}
    assert set(REASONS) == parts


def test_training_gets_what_reading_left_less_the_report_and_the_rows() -> None:
    watch = Watch()
    training = timed(60, watch).training(Expected(report=6, rows=2))
    watch.now += 4
    assert training.free == 60 - 4 - 6 - 2


def test_no_more_than_a_quarter_is_kept_for_the_report_and_for_the_rows() -> None:
    timing = timed(60, Watch())
    assert timing.training(Expected(report=100, rows=100)).free == 60 - 15 - 15
    assert timing.rows(Expected(rows=100)) == 15
    assert timing.rows(Expected(rows=4)) == 4


def test_training_gets_at_least_half_of_what_reading_left() -> None:
    watch = Watch()
    training = timed(60, watch).training(Expected(report=100, rows=100))
    watch.now += 40
    assert training.free == 10


def test_a_report_takes_a_quarter_of_a_limit_half_of_it_for_its_rows() -> None:
    watch = Watch()
    timing = timed(60, watch)
    watch.now += 30
    timing.lap(TRAINING)
    assert timing.report == 15
    assert timing.drawing(rows=0).left == 7.5
    assert timing.drawing(rows=10).left == 17.5
    watch.now += 28
    assert timing.drawing(rows=10).left == 2


@pytest.mark.parametrize(("training", "most"), [(10, 30), (120, 30), (4000, 1000)])
def test_without_a_limit_a_report_takes_a_quarter_of_the_training(training: float, most: float) -> None:
    watch = Watch()
    timing = timed(None, watch)
    watch.now += training
    timing.lap(TRAINING)
    assert timing.training(Expected(report=100)).free is None
    assert timing.rows(Expected(rows=100)) == 0
    assert timing.report == most


def test_an_evaluation_gets_what_drawing_left_and_leaves_time_for_the_rows_that_follow() -> None:
    watch = Watch()
    timing = timed(60, watch)
    watch.now += 30
    timing.lap(TRAINING)
    watch.now += 3
    timing.lap(REPORT_ROWS)
    assert timing.evaluation_minutes(later=0) == pytest.approx((15 - 3 - WRITING) / 60)
    watch.now += 12
    assert timing.evaluation_minutes(later=5) == pytest.approx((15 - 5 - WRITING) / 60)
    assert timing.evaluation_minutes(later=100) == pytest.approx(LEAST_SECONDS / 60)


def test_drawing_rows_that_are_asked_for_takes_nothing_from_the_evaluation() -> None:
    watch = Watch()
    timing = timed(60, watch)
    watch.now += 12
    timing.lap(REPORT_ROWS)
    assert timing.evaluation_minutes(later=0) == pytest.approx((7.5 - WRITING) / 60)


# --- rows for the report -----------------------------------------------------------------------------------------


def drawn(rows: int, seconds: float, watch: Watch) -> Iterator[pd.DataFrame]:
    """An endless stream, each frame of which takes so long."""
    while True:
        watch.now += seconds
        yield frame(rows)


def test_as_many_rows_are_drawn_as_there_is_time_for() -> None:
    watch = Watch()
    frames = list(until(drawn(100, 2.0, watch), 20_000, Budget(11, watch.now, watch)))
    assert sum(map(len, frames)) == 500
    assert watch.now == 110  # a sixth would have come too late


def test_some_rows_are_drawn_however_short_the_time() -> None:
    watch = Watch()
    frames = list(until(drawn(50, 60.0, watch), 20_000, Budget(1, watch.now, watch)))
    assert sum(map(len, frames)) == FEWEST_IN_TIME


def test_a_gate_that_takes_fewer_rows_refuses_none_at_all() -> None:
    schema = Schema.infer(frame())
    gate = Gate(schema, Suite.of(schema))
    made = gate.admit(iter([frame(100)]), 500, 10_000, fewer=True)
    assert len(made.frame()) == 100
    assert made.verdict().passed
    assert gate.admit(iter([frame(100)] * 9), 500, 10_000, fewer=True).frame().shape[0] == 500
    with pytest.raises(Exception, match="0 of 500 rows"):
        gate.admit(iter(()), 500, 10_000, fewer=True).frame()


def test_a_stream_goes_on_after_the_frames_that_are_skipped() -> None:
    model = Synthesizer.fit(frame(), model="marginals")
    whole = model.stream(seed=3)
    next(whole)
    second = next(whole)
    pd.testing.assert_frame_equal(next(model.stream(seed=3, skip=1)), second)


# --- how many rows an evaluation works on ------------------------------------------------------------------------

ADULT = Workload(train=39_073, rows=39_073, columns=15, outputs=1)


def test_an_evaluation_without_a_limit_works_on_all_rows_it_ever_does() -> None:
    assert most_rows(ADULT, PANELS, None) == STEPS[0]


def test_less_time_means_fewer_rows_and_never_none() -> None:
    found = [most_rows(ADULT, PANELS[1:], seconds) for seconds in (1000, 6, 4, 3, 0)]
    assert found == sorted(found, reverse=True)
    assert found[0] == STEPS[0]
    assert found[-1] == STEPS[-1]
    assert len(set(found)) > 2


def test_a_slow_machine_works_on_fewer_rows() -> None:
    assert most_rows(ADULT, PANELS[1:], 8, slow=4) < most_rows(ADULT, PANELS[1:], 8)
    assert slowness(0, 0) == 1
    assert slowness(taken=40, expected=10) > 3


def test_long_texts_and_images_are_known_to_take_longer() -> None:
    short, long = (Workload(20_000, 20_000, 3, characters=each, labels=10) for each in (100, 1000))
    assert most_rows(long, PANELS[-1:], 10) < most_rows(short, PANELS[-1:], 10)
    assert long.drawing(1000) > 5 * short.drawing(1000)
    assert Workload(2000, 2000, 2, pixels=784).seconds()["images"] > 5


def test_a_workload_is_read_off_the_table() -> None:
    table = frame().assign(note=["x" * 30, "x" * 50] * 100)
    schema = Schema.parse(
        "{target: ward, fields: {age: {kind: number}, ward: {kind: category}, note: {kind: text, max_length: 60}}}"
    )
    work = Workload.of(schema, schema.read(table), 100)
    assert work == Workload(train=200, rows=100, columns=2, outputs=1, characters=40, labels=2)


def test_a_note_names_what_was_sampled() -> None:
    full = dict.fromkeys(PANELS, STEPS[0])
    assert limit_note(ADULT, full) == []
    assert limit_note(ADULT, {**full, "privacy": 2500, "texts": 300, "utility": 2500}) == [
        "To keep to the time, at most so many rows of each table were sampled for: utility, privacy: 2,500."
    ]
    small = Workload(train=200, rows=200, columns=3)
    assert limit_note(small, {**full, "privacy": 300}) == []


def test_an_evaluation_in_no_time_samples_rows_and_says_so() -> None:
    real, made = frame(1000), frame(1000)
    report = evaluate(real, made, frame(1000), max_minutes=1e-6)
    assert [note for note in report.notes if note.startswith("To keep to the time")] == [
        "To keep to the time, at most so many rows of each table were sampled for: columns and pairs, "
        "real-vs-synthetic AUC, privacy: 300."
    ]
    assert report.sampled == {"train": 1000, "synthetic": 1000, "holdout": 1000}
    assert report.score("shapes").value is not None
    assert not any(note.startswith("To keep") for note in evaluate(real, made, frame(1000)).notes)


def test_copies_are_sought_among_all_training_rows_however_short_the_time() -> None:
    rng = np.random.default_rng(0)
    real, fresh = (pd.DataFrame(rng.normal(size=(2000, 3)), columns=list("abc")) for _ in range(2))
    report = evaluate(real, real, fresh, max_minutes=1e-6)
    assert report.score("copies").value == 1.0
    assert not report.score("copies").passed


# --- fit, train and the command line -----------------------------------------------------------------------------


def test_a_plan_is_told_before_training() -> None:
    events: list[Progress] = []
    model = {"family": "transformer", "width": 16, "layers": 1, "heads": 2, "epochs": 2}
    train(frame(), Schema.infer(frame()).replace(model=model), listener=events.append)
    tasks = [event.task for event in events]
    plan = events[tasks.index(PLAN)]
    assert plan.detail == "transformer, 200 rows x 2 columns, at most 2 epochs"
    assert plan.seconds_left is None
    assert tasks.index(PLAN) < tasks.index("train")


def test_a_budget_that_is_over_before_training_is_said_and_gives_a_model() -> None:
    events: list[Progress] = []
    model = {"family": "transformer", "width": 16, "layers": 1, "heads": 2, "epochs": 2}
    fitted = Synthesizer.fit(frame(), model=model, max_minutes=1e-6, listener=events.append)
    assert len(fitted.sample(5)) == 5
    said = [event.detail for event in events if event.task == REMARK]
    assert "the time was up before training began, which gets 1 s all the same: give it more time" in said


@pytest.mark.parametrize("minutes", [0, -1.0, float("nan"), float("inf")])
def test_no_time_at_all_is_refused(minutes: float) -> None:
    for work in (
        lambda: train(frame(), Schema.infer(frame()), max_minutes=minutes),
        lambda: Synthesizer.fit(frame(), max_minutes=minutes),
        lambda: evaluate(frame(), frame(), max_minutes=minutes),
    ):
        with pytest.raises(InputError, match="not a time; give minutes above 0"):
            work()


@pytest.mark.parametrize("command", ["train", "run"])
@pytest.mark.parametrize("minutes", ["nan", "inf"])
def test_a_limit_that_is_no_number_is_refused_in_one_line(tmp_path: Path, command: str, minutes: str) -> None:
    frame().to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.yaml").write_text(Schema.infer(frame()).dump())
    words = [command, f"{tmp_path}/t.yaml", "--data", f"{tmp_path}/t.csv", "-o", f"{tmp_path}/out"]
    words += ["--max-minutes", minutes, *(["-n", "10"] if command == "run" else [])]
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 2
    assert told.stderr.strip() == f"error: --max-minutes {minutes} is not a time; give minutes above 0"


def test_a_run_says_its_plan_and_where_the_time_went(tmp_path: Path) -> None:
    frame(600).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.yaml").write_text(Schema.infer(frame(600)).dump())
    words = ["run", "t.yaml", "--data", "t.csv", "-n", "700", "--model", "marginals", "--max-minutes", "5", "-o"]
    words = [str(tmp_path / word) if word.startswith("t.") else word for word in words]
    told = CliRunner().invoke(main, [*words, str(tmp_path / "one")])
    assert told.exit_code == 0, told.output
    assert "plan: marginals, 540 rows x 2 columns, at most" in told.output
    last = told.stdout.strip().splitlines()[-1]
    assert last.startswith("time: reading ")
    assert last.endswith("s of at most 5 min 0 s")
    assert ", 700 rows " in last
    machine = CliRunner().invoke(main, [*words, str(tmp_path / "two"), "--json"])
    parts = {"reading", "training", "rows_for_the_report", "evaluation", "rows", "whole"}
    assert json.loads(machine.stdout)["seconds"].keys() == parts
    rows = [pd.read_csv(tmp_path / each / "rows.csv") for each in ("one", "two")]
    pd.testing.assert_frame_equal(*rows)


def test_rows_that_were_drawn_for_the_report_are_those_that_the_seed_gives(tmp_path: Path) -> None:
    frame(600).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.yaml").write_text(Schema.infer(frame(600)).dump())
    path = [str(tmp_path / "t.yaml"), "--data", str(tmp_path / "t.csv"), "--model", "marginals"]
    ran = CliRunner().invoke(main, ["run", *path, "-n", "1500", "-o", str(tmp_path / "out")])
    assert ran.exit_code == 0, ran.output
    again = CliRunner().invoke(
        main, ["generate", str(tmp_path / "out" / "model"), "-n", "1500", "-o", str(tmp_path / "again.csv")]
    )
    assert again.exit_code == 0, again.output
    assert (tmp_path / "out" / "rows.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_a_plan_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress() as listener:
        listener(Progress(PLAN, 0.0, 40.0, "transformer, 10,000 rows x 18 columns, at most 34 epochs"))
    said = capsys.readouterr().err
    assert said == "plan: transformer, 10,000 rows x 18 columns, at most 34 epochs, at most 40 s\n"


def test_evaluate_takes_a_time_limit(tmp_path: Path) -> None:
    frame(1000).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.yaml").write_text(Schema.infer(frame(1000)).dump())
    table = str(tmp_path / "t.csv")
    words = ["evaluate", str(tmp_path / "t.yaml"), "--real", table, "--synthetic", table, "-o", str(tmp_path / "out")]
    limited = CliRunner().invoke(main, [*words, "--max-minutes", "0.001"])
    assert "To keep to the time, at most so many rows of each table were sampled" in limited.stdout
    page = json.loads((tmp_path / "out" / "report.json").read_text())
    assert any(note.startswith("To keep to the time") for note in page["notes"])
