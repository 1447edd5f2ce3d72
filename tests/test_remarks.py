"""What a person is told of a table before it is learned, and of a model that is plainly useless."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import synthdata.synthesizer.synthesizer
from synthdata import InputError, Schema, Synthesizer, TrainingError, evaluate, generate
from synthdata.augmentation.fairness import generate_independent
from synthdata.cli import main
from synthdata.errors import PrivacyWarning
from synthdata.progress import Progress
from synthdata.remarks import about_columns, about_model, about_rows

CUSTOMERS, EACH = 60, 8


def payments() -> pd.DataFrame:
    """Invented customers with an account, a number, a name and a code of their own, and what they paid."""
    rng = np.random.default_rng(4)
    who = np.repeat(np.arange(CUSTOMERS), EACH)
    code = np.array([f"{'QRSTUVWXYZ'[each % 10]}{each:02}" for each in range(CUSTOMERS)])
    given = np.array(["Anna", "Peter", "Maria", "Hans", "Julia", "Thomas"])
    return pd.DataFrame(
        {
            "account": [f"DE{10 + each}3704004405320{130 + each:03}00" for each in who],
            "number": 700_000_000 + 7919 * who,
            "holder": [f"{given[each % 6]} Quorl{'abcdefghij'[each % 10]}{'klmnop'[each // 10]}" for each in who],
            "tariff": code[who],
            "word": np.array([f"{'abcdefghij'[each // 6]}{'klmnop'[each % 6]} wood" for each in range(CUSTOMERS)])[who],
            "town": np.array(["Ulm", "Bonn", "Jena", "Kiel"])[who % 4],
            "amount": rng.gamma(2, 30, len(who)).round(2),
            "text": ["paid at the counter, thank you"] * len(who),
        }
    )


def plain(**kinds: str) -> Schema:
    return Schema.parse("fields: {" + ", ".join(f"{name}: {{kind: {kind}}}" for name, kind in kinds.items()) + "}")


@pytest.mark.parametrize(
    ("column", "kind", "remedy"),
    [
        ("account", "category", "{kind: identifier, unique: false}"),
        ("number", "number", "{kind: identifier, unique: false}"),
        ("holder", "category", "{kind: personal, provider: full_name"),
        ("tariff", "category", "(subject: tariff)"),
        ("word", "category", "make it a key and name it as subject"),
    ],
)
def test_what_looks_like_somebodys_own_is_named_with_its_remedy(column: str, kind: str, remedy: str) -> None:
    frame = payments()
    schema = plain(**{"holder": "category", column: kind, "town": "category", "amount": "number"})
    told = [text for text in about_columns(schema.read(frame), schema) if text.startswith(f'"{column}"')]
    assert len(told) == 1
    assert "about to be learned as a" in told[0]
    assert remedy in told[0]
    assert not [cell for cell in frame[column].astype(str).unique() if cell in told[0]]


def test_what_init_proposes_gives_nothing_to_warn_of() -> None:
    frame = payments()
    schema = Schema.infer(frame)
    assert schema.subject
    assert about_columns(schema.read(frame), schema) == []


def test_ordinary_columns_are_not_warned_of() -> None:
    frame = payments()
    schema = plain(town="category", amount="number")
    assert about_columns(schema.read(frame), schema) == []
    assert about_rows(schema.read(frame), schema) == []


def test_texts_with_personal_data_are_counted() -> None:
    frame = payments()
    frame.loc[:39, "text"] = "please call +49 170 5551234 or write to anna.q@mail.de"
    schema = plain(text="text")
    (told,) = about_columns(schema.read(frame), schema)
    assert "e-mail address in 40" in told
    assert "170" not in told


def test_without_a_listener_a_python_warning_says_so() -> None:
    schema = plain(account="category", amount="number")
    with pytest.warns(PrivacyWarning, match='"account" is about to be learned as a category'):
        Synthesizer.fit(payments(), schema, model="marginals")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Synthesizer.fit(payments(), schema, model="marginals", listener=lambda progress: None)


def test_train_run_and_generate_say_it(tmp_path: Path) -> None:
    payments().to_csv(tmp_path / "p.csv", index=False)
    rare = "account: {kind: category}, amount: {kind: number}, number: {kind: category}"
    (tmp_path / "p.yaml").write_text(
        f"subject: holder\nfields: {{holder: {{kind: personal, provider: full_name}}, {rare}}}"
    )
    words = ["--data", f"{tmp_path}/p.csv", "--model", "marginals", "-o"]
    trained = CliRunner().invoke(main, ["train", f"{tmp_path}/p.yaml", *words, f"{tmp_path}/model"])
    assert trained.exit_code == 0, trained.output
    ran = CliRunner().invoke(main, ["run", f"{tmp_path}/p.yaml", *words, f"{tmp_path}/out", "-n", "50"])
    assert ran.exit_code == 0, ran.output
    for said in (trained.output, ran.output):
        assert '"account" is about to be learned as a category and looks like a key' in said
        assert "rows of one subject are drawn independently" in said
        assert '"account": 100% of the rows become _RARE_' in said
    made = CliRunner().invoke(main, ["generate", f"{tmp_path}/model", "-n", "20", "-o", f"{tmp_path}/rows.csv"])
    assert '"account": 100% of the rows become _RARE_' in made.output
    page = (tmp_path / "out" / "report.html").read_text().replace("&#34;", '"')
    assert '"account": 100% of the rows become _RARE_' in page


def test_training_cut_before_a_tenth_of_its_schedule_is_said() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(0, 1, (3000, 4)), columns=list("abcd"))
    options = {"family": "transformer", "epochs": 4000, "width": 16}
    model = Synthesizer.fit(frame, model=options, max_minutes=0.03, listener=lambda progress: None)
    assert any(
        text.startswith("table: stopped at ") and "of the planned training; expect poor quality" in text
        for text in model.about["warnings"]
    )


def test_fields_whose_training_was_cut_alike_share_a_line() -> None:
    cut = {"table": 0.02, "notes": 0.004, "description": 0.0, "scan": 0.5}
    assert about_model({}, pd.DataFrame(), cut) == [
        f"{who} of the planned training; expect poor quality, or give it more time"
        for who in ("table: stopped at 2%", "notes, description: stopped at less than 1%")
    ]


def collapsing(checkpoint: Path, schedule: float | None, field: str) -> Callable[..., Any]:
    """In place of the trainings of `fit`: leaves checkpoints, reports an end, and fails."""

    def fit(*arguments: Any) -> None:
        run = arguments[3]
        for end in ("", ".0", ".0.texts", ".mine"):
            checkpoint.with_name(checkpoint.name + end).write_bytes(b"state")
        run.listener(Progress("train", 1.0, schedule=0.5))
        run.listener(Progress("train", 1.0, schedule=schedule, field=field))
        raise TrainingError("the generator has collapsed")

    return fit


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (None, "the generator has collapsed"),
        (
            0.02,
            "notes: the time was up at 2% of the planned training; give it more time (max_minutes); if that does not "
            "help: the generator has collapsed",
        ),
    ],
)
def test_a_training_that_fails_leaves_no_checkpoint_and_blames_the_time_if_it_was_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: float | None, said: str
) -> None:
    checkpoint = tmp_path / "model.checkpoint"
    monkeypatch.setattr(synthdata.synthesizer.synthesizer, "fit_generators", collapsing(checkpoint, schedule, "notes"))
    with pytest.raises(TrainingError) as error:
        Synthesizer.fit(pd.DataFrame({"a": range(100)}), checkpoint=checkpoint, listener=lambda progress: None)
    assert str(error.value) == said
    assert [path.name for path in tmp_path.iterdir()] == ["model.checkpoint.mine"]


def test_a_table_of_a_few_people_is_taken_for_what_it_is_and_refused(tmp_path: Path) -> None:
    few = payments()[lambda frame: frame["number"] < 700_000_000 + 7919 * 12]
    few.rename(columns={"number": "customer_id"}).to_csv(tmp_path / "p.csv", index=False)
    done = CliRunner().invoke(main, ["init", f"{tmp_path}/p.csv", "-o", f"{tmp_path}/p.yaml"])
    assert done.exit_code == 0, done.output
    schema = Schema.load(tmp_path / "p.yaml")
    assert schema.subject == ("customer_id",)
    assert schema.fields["customer_id"].is_made
    assert schema.fields["holder"].is_made
    written = (tmp_path / "p.yaml").read_text()
    assert not [cell for name in ("account", "holder", "number") for cell in few[name].astype(str) if cell in written]
    words = ["train", f"{tmp_path}/p.yaml", "--data", f"{tmp_path}/p.csv", "-o", f"{tmp_path}/m"]
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 2
    assert "12 subjects; at least 20 are needed" in refused.output


def test_a_subject_that_is_not_named_is_asked_for() -> None:
    frame = payments()
    schema = Schema.infer(frame).model_copy(update={"subject": ()})
    (told,) = about_columns(schema.read(frame), schema)
    assert told.startswith("no subject is named, but")
    assert "name it (subject: " in told


def test_a_report_counts_by_the_key_that_repeats_where_no_subject_is_named() -> None:
    frame = payments().drop(columns=["text", "account"])
    schema = Schema.infer(frame).model_copy(update={"subject": ()})
    made = Synthesizer.fit(frame, schema, model="marginals", listener=lambda progress: None).sample(200)
    report = evaluate(frame, made, schema=schema)
    assert report.subjects["train"] == CUSTOMERS
    assert any("The schema names no subject, but" in note for note in report.notes)


def test_a_run_that_finds_real_keys_exports_nothing_unless_it_is_allowed(tmp_path: Path) -> None:
    payments().to_csv(tmp_path / "p.csv", index=False)
    (tmp_path / "p.yaml").write_text("fields: {account: {kind: category}, amount: {kind: number}}")
    words = ["run", f"{tmp_path}/p.yaml", "--data", f"{tmp_path}/p.csv", "-n", "50", "--model", "marginals", "-o"]
    stopped = CliRunner().invoke(main, [*words, f"{tmp_path}/out"])
    assert stopped.exit_code == 4, stopped.output
    assert "synthetic rows hold real keys or personal values (account" in stopped.output
    assert not (tmp_path / "out" / "rows.csv").exists()
    allowed = CliRunner().invoke(main, [*words, f"{tmp_path}/out2", "--allow-real-keys"])
    assert allowed.exit_code == 0, allowed.output
    assert (tmp_path / "out2" / "rows.csv").exists()


def test_a_pattern_whose_keys_are_mostly_real_ones_is_told_of() -> None:
    frame = pd.DataFrame({"code": [f"K{number}" for number in range(10, 95)], "age": np.arange(85) % 40})
    for pattern, told in (("K[0-9]{2}", "85% of the keys"), ("K[0-9]{6}", "no real key"), ("K[0-9]{2,4}", "")):
        schema = Schema.parse(f"fields: {{code: {{kind: identifier, pattern: '{pattern}'}}, age: {{kind: number}}}}")
        found = about_columns(schema.read(frame), schema)
        assert len(found) == bool(told)
        assert told in "".join(found)


def test_real_rows_are_not_kept_clear_of_by_a_model_that_has_learned_their_keys(tmp_path: Path) -> None:
    payments().to_csv(tmp_path / "p.csv", index=False)
    (tmp_path / "p.yaml").write_text("fields: {account: {kind: category}, amount: {kind: number}}")
    trained = ["train", f"{tmp_path}/p.yaml", "--data", f"{tmp_path}/p.csv", "--model", "marginals", "-o"]
    assert CliRunner().invoke(main, [*trained, f"{tmp_path}/m"]).exit_code == 0
    words = ["generate", f"{tmp_path}/m", "-n", "20", "-o", f"{tmp_path}/rows.csv", "--real", f"{tmp_path}/p.csv"]
    message = 'column "account" looks like keys or personal data, and its real values were learned'
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 2
    assert message in refused.output
    assert not (tmp_path / "rows.csv").exists()
    synthesizer = Synthesizer.load(tmp_path / "m")
    with pytest.raises(InputError, match=message):
        generate(synthesizer, 20, real=payments())
    with pytest.raises(InputError, match=message):
        generate_independent(synthesizer, 20, "account", real=payments())
    assert len(generate(synthesizer, 20, real=payments(), allow_real_keys=True).frame()) == 20


def test_a_run_holds_out_whole_people_by_a_key_that_repeats_where_no_subject_is_named(tmp_path: Path) -> None:
    frame = pd.concat([payments().assign(number=lambda each, k=k: each["number"] + k) for k in (0, 1)])
    frame[["number", "town", "amount"]].to_csv(tmp_path / "p.csv", index=False)
    number = "{kind: identifier, pattern: '[1-9][0-9]{8}', integer: true, unique: false}"
    (tmp_path / "p.yaml").write_text(
        f"fields: {{number: {number}, town: {{kind: category}}, amount: {{kind: number}}}}"
    )
    words = ["run", f"{tmp_path}/p.yaml", "--data", f"{tmp_path}/p.csv", "-n", "50", "--model", "marginals", "-o"]
    ran = CliRunner().invoke(main, [*words, f"{tmp_path}/out"])
    assert ran.exit_code == 0, ran.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["subjects"]["train"] + report["subjects"]["holdout"] == 2 * CUSTOMERS
    assert not any("belong to subjects of training rows" in note for note in report["notes"])
