"""What a person is told of a table before it is learned, and of a model that is plainly useless."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import Schema, Synthesizer
from synthdata.cli import main
from synthdata.errors import PrivacyWarning
from synthdata.remarks import about_columns, about_rows

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
    assert any("of its schedule: expect poor rows" in text for text in model.about["warnings"])
