"""Keys and rare values repeated: real keys raise an alarm; values that people share by chance do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, evaluate
from synthdata.evaluation.privacy.key_overlap import key_overlap
from synthdata.evaluation.score import Score

ROWS, CUSTOMERS = 5262, 400

SURNAMES = [f"N{chr(97 + i % 26)}m{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(2000)]


def ibans(seed: int, count: int = CUSTOMERS) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([f"DE{number:020d}" for number in rng.integers(10**17, 10**18, count)])


def transactions(seed: int) -> pd.DataFrame:
    """Some 13 transactions of every customer, who has one account."""
    rng = np.random.default_rng(seed)
    who = np.arange(ROWS) % CUSTOMERS
    return pd.DataFrame(
        {
            "customer": (seed + 1) * 10_000 + who,
            "iban": ibans(seed)[who],
            "surname": rng.choice(SURNAMES, CUSTOMERS)[who],
            "amount": rng.gamma(2, 40, ROWS).round(1),
            "shop": rng.choice(["market", "fuel", "cinema"], ROWS),
        }
    )


def score(train: pd.DataFrame, made: pd.DataFrame, held: pd.DataFrame | None, *, has_subject: bool) -> Score:
    schema = Schema(
        name="transactions",
        subject=("customer",) if has_subject else (),
        fields={
            "customer": {"kind": "identifier", "pattern": "[0-9]{5}", "unique": False},
            "iban": {"kind": "category"},
            "surname": {"kind": "category"},
            "amount": {"kind": "number"},
            "shop": {"kind": "category"},
        },
    )
    frames = {"train": train, "synthetic": made} | ({} if held is None else {"holdout": held})
    numbers = {name: frame["customer"].to_numpy() for name, frame in frames.items() if name != "synthetic"}
    found = key_overlap(
        schema, {name: schema.read(frame) for name, frame in frames.items()}, numbers if has_subject else {}
    )
    assert found is not None
    return found


@pytest.mark.parametrize("has_subject", [True, False])
@pytest.mark.parametrize("is_held_out", [True, False])
def test_real_accounts_among_synthetic_rows_are_an_alarm(has_subject: bool, is_held_out: bool) -> None:
    train = transactions(0)
    made = transactions(1).assign(iban=np.random.default_rng(9).choice(train["iban"], ROWS))
    held = transactions(2) if is_held_out else None
    if is_held_out and not has_subject:  # other rows of the same customers
        held = transactions(0).sample(1000, random_state=1)
    found = score(train, made, held, has_subject=has_subject)
    assert found.passed is False
    assert found.value == 1
    assert "iban 1.000" in found.note
    assert found.label.startswith("Real keys")
    assert not any(account in repr(found) for account in train["iban"].unique())


@pytest.mark.parametrize("has_subject", [True, False])
@pytest.mark.parametrize("is_held_out", [True, False])
def test_fresh_rows_that_share_amounts_and_names_by_chance_are_none(has_subject: bool, is_held_out: bool) -> None:
    found = score(transactions(0), transactions(1), transactions(2) if is_held_out else None, has_subject=has_subject)
    assert found.passed is not False


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_a_few_real_accounts_are_found_too(share: float) -> None:
    train, made = transactions(0), transactions(1)
    copied = np.random.default_rng(0).random(ROWS) < share
    made.loc[copied, "iban"] = train["iban"][copied]
    assert score(train, made, transactions(2), has_subject=True).passed is False


def test_keys_are_compared_though_nothing_else_compares_them() -> None:
    schema = Schema.parse("""
name: people
fields:
  key: {kind: identifier, pattern: "P-[0-9]{9}"}
  age: {kind: number, integer: true}
""")
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame(
            {
                "key": [f"P-{number:09d}" for number in rng.choice(10**9, 500, replace=False)],
                "age": rng.integers(1, 99, 500),
            }
        )
        for _ in range(3)
    ]
    fresh = evaluate(*tables, schema).score("key_overlap")
    assert (fresh.value, fresh.passed) == (0.0, True)
    tables[1].loc[:4, "key"] = tables[0]["key"][:5]
    for holdout in (tables[2], None):
        copied = evaluate(tables[0], tables[1], holdout, schema).score("key_overlap")
        assert (copied.value, copied.passed) == (0.01, False)
        assert copied.note.startswith("key 0.010")


def test_keys_of_a_small_pattern_meet_by_chance() -> None:
    schema = Schema.parse("""
name: people
fields:
  key: {kind: identifier, pattern: "P-[0-9]{4}"}
  age: {kind: number, integer: true}
""")
    rng = np.random.default_rng(0)
    tables = [
        pd.DataFrame({"key": [f"P-{n:04d}" for n in rng.choice(10**4, 500, replace=False)], "age": np.arange(500) % 90})
        for _ in range(2)
    ]
    found = evaluate(*tables, schema=schema).score("key_overlap")
    assert found.value == pytest.approx(0.05, abs=0.03)
    assert found.passed


def test_dates_and_amounts_written_as_text_are_no_keys() -> None:
    days = pd.date_range("2020-01-01", periods=300).strftime("%Y-%m-%d").to_numpy()
    amounts = np.array([f"{1_000_000 + 13 * i}.50" for i in range(300)])
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"day": rng.choice(days, 900), "amount": rng.choice(amounts, 900)}) for _ in range(2)]
    schema = Schema(name="t", fields={"day": {"kind": "category"}, "amount": {"kind": "category"}})
    found = evaluate(*tables, schema=schema).score("key_overlap")
    assert found.passed is None


def test_a_table_of_few_values_has_no_such_score() -> None:
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"a": rng.choice(list("abc"), 100), "b": rng.integers(0, 5, 100)}) for _ in range(3)]
    names = {score.name for score in evaluate(*tables, Schema.infer(tables[0])).scores}
    assert "key_overlap" not in names


def test_what_a_table_cannot_hold_misses_its_requirement(tmp_path: Path) -> None:
    tables = [pd.DataFrame({"a": list("abc") * 40}) for _ in range(2)]
    schema = Schema(name="t", fields={"a": {"kind": "category"}}, require={"key_overlap": 0.01})
    assert [score.name for score in evaluate(*tables, schema=schema).missed] == ["key_overlap"]


def test_numbers_that_repeat_are_not_called_keys() -> None:
    schema = Schema.model_validate({"fields": {"amount": {"kind": "number"}}})
    sides = zip(("train", "synthetic", "holdout"), range(3), strict=True)
    found = key_overlap(schema, {name: schema.read(transactions(seed)[["amount"]]) for name, seed in sides}, {})
    assert found is not None
    assert found.value
    assert found.label == "Rare or key values repeated (worst column)"
