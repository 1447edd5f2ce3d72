"""More rows for a training set: exactly as many as asked for, of the kind asked for, marked and checked."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from synthdata import Amount, GateError, InputError, Schema, augment, prove
from synthdata.augmentation.amounts import FEWEST, Additions
from synthdata.augmentation.fairness import generate_independent, target_parity
from synthdata.augmentation.sources import REAL, SYNTHETIC
from synthdata.cli import main
from synthdata.errors import PrivacyWarning
from synthdata.pipeline import train
from synthdata.schema import Model
from synthdata.schema.constraints import Combinations

SCHEMA = Schema.parse(
    """
target: outcome
model: {family: marginals}
fields:
  patient: {kind: identifier, pattern: "P-[0-9]{5}"}
  age: {kind: number, integer: true, min: 0, max: 120}
  ward: {kind: category, values: [north, south, west]}
  sex: {kind: category, values: [f, m]}
  weight: {kind: number, decimals: 1, nullable: true}
  outcome: {kind: category, values: [good, bad]}
"""
)


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    """300 patients, 40 of a bad outcome, which old men have more often; 5 in ward west."""
    rng = np.random.default_rng(3)
    rows = 300
    age = rng.integers(20, 90, rows)
    sex = rng.choice(["f", "m"], rows)
    risk = (age - 20) / 70 + 0.3 * (sex == "m") + rng.normal(0, 0.3, rows)
    ward = rng.choice(["north", "south"], rows).astype(object)
    ward[:5] = "west"
    return SCHEMA.read(
        pd.DataFrame(
            {
                "patient": [f"P-{number:05d}" for number in range(rows)],
                "age": age,
                "ward": ward,
                "sex": sex,
                "weight": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(75, 12, rows).round(1)),
                "outcome": np.where(np.argsort(np.argsort(-risk)) < 40, "bad", "good"),
            }
        )
    )


@pytest.fixture(scope="module")
def synthesizer(patients):
    return train(patients, SCHEMA)


@pytest.mark.parametrize(
    ("amount", "added", "kinds"),
    [
        (Amount(rows=37), 37, {}),
        (Amount(factor=1.5), 150, {}),
        (Amount(balance=("outcome",)), 220, {"good": 260, "bad": 260}),
        (Amount(balance=("outcome",), level=0.5), 90, {"good": 260, "bad": 130}),
        (Amount(balance=("outcome",), shares={"bad": 0.2}), 25, {"good": 260, "bad": 65}),
        (Amount(balance=("outcome",), rows=100), 100, {"good": 260, "bad": 140}),
        (Amount(balance=("outcome",), rows=400), 400, {"good": 350, "bad": 350}),
        (Amount(balance=("outcome",), shares={"bad": 0.1}, factor=2), 300, {"good": 540, "bad": 60}),
    ],
)
def test_as_many_rows_come_as_asked_for(synthesizer, patients, amount, added, kinds):
    made = augment(synthesizer, patients, amount)
    table = made.frame()
    assert made.added == added
    assert table["provenance"].tolist() == [REAL] * len(patients) + [SYNTHETIC] * added
    counts = table["outcome"].value_counts()
    assert kinds == {kind: int(counts[kind]) for kind in kinds}


def test_real_rows_come_back_as_they_are_and_no_key_comes_twice(synthesizer, patients):
    table = augment(synthesizer, patients, Amount(factor=3)).frame()
    pd.testing.assert_frame_equal(table.iloc[: len(patients)][patients.columns], patients)
    assert table["patient"].is_unique


def test_the_same_seed_adds_the_same_rows(synthesizer, patients):
    one, again, other = (augment(synthesizer, patients, Amount(rows=20), seed=seed).frame() for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_more_of_a_segment_is_all_in_the_segment(synthesizer, patients):
    for amount, rows in ((Amount(rows=50, where="age >= 70"), 50), (Amount(factor=2, where="age >= 70"), None)):
        table = augment(synthesizer, patients, amount).frame()
        added = table[table["provenance"] == SYNTHETIC]
        assert len(added) == (rows or int((patients["age"] >= 70).sum()))
        assert (added["age"] >= 70).all()


def test_within_a_segment_classes_can_be_balanced(synthesizer, patients):
    table = augment(synthesizer, patients, Amount(balance=("outcome",), where="age >= 60")).frame()
    counts = table[table["age"] >= 60]["outcome"].value_counts()
    assert counts["good"] == counts["bad"]
    assert (table[table["provenance"] == SYNTHETIC]["age"] >= 60).all()


def test_combinations_of_columns_are_balanced_at_once(synthesizer, patients):
    made = augment(synthesizer, patients, Amount(balance=("ward", "sex")))
    counts = made.frame().groupby(["ward", "sex"]).size()
    assert counts.drop("west").nunique() == 1
    assert counts["west"].sum() == 5  # too few to learn from
    assert "in fewer than 8 real rows left as they are" in made.additions.notes[0]


def test_the_target_is_made_independent_of_a_sensitive_column(synthesizer, patients):
    made = augment(synthesizer, patients, Amount(independent="sex"))
    assert target_parity(patients, SCHEMA, "sex") > 0.1
    assert target_parity(made.frame(), SCHEMA, "sex") < 0.005
    shares = [each["outcome"].eq("bad").mean() for each in (patients, made.frame())]
    assert shares[0] == pytest.approx(shares[1], abs=0.005)


def test_generated_rows_can_have_a_target_that_is_independent(patients):
    tied = patients.assign(sex=np.where((patients["outcome"] == "bad") ^ (np.arange(300) % 5 == 0), "m", "f"))
    made = train(tied, SCHEMA, model={"family": "transformer", "epochs": 8, "width": 16})
    fair = generate_independent(made, 500, "sex", where="age >= 30")
    table = fair.validated.frame()
    assert len(table) == 500
    assert fair.learned > 0.1
    assert fair.made == pytest.approx(target_parity(table, SCHEMA, "sex"))
    assert fair.made < 0.01
    assert (table["age"] >= 30).all()
    assert table["patient"].is_unique


def test_independence_that_too_few_rows_allow_is_refused(patients):
    with pytest.raises(InputError, match=r'"outcome" cannot be made independent of "ward".*privacy'):
        Additions.of(patients, SCHEMA, Amount(independent="ward"))


def test_a_segment_of_five_real_rows_is_refused_and_the_line_speaks_of_privacy(patients):
    for amount in (Amount(rows=10, where="ward = west"), Amount(balance=("ward",))):
        with pytest.raises(InputError, match=rf"5 real rows.*at least {FEWEST} are needed.*privacy"):
            Additions.of(patients, SCHEMA, amount)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"rows": 0}, "at least 1"),
        ({"rows": 5, "factor": 2}, "one of them"),
        ({"factor": 1}, "above 1"),
        ({"balance": ("outcome",), "independent": "sex"}, "one of them"),
        ({"shares": {"bad": 0.5}}, "one column"),
        ({"balance": ("outcome",), "shares": {"bad": 1.5}}, "between 0 and 1"),
        ({"balance": ("outcome",), "shares": {"bad": 0.6, "good": 0.6}}, "add up to 1.2"),
        ({"balance": ("outcome",), "level": 0}, "level 0"),
        ({"rows": 5, "level": 0.5}, "goes with balance alone"),
        ({"rows": 5, "real_share": 1.0}, "real_share 1.0"),
    ],
)
def test_amounts_that_contradict_themselves_are_refused(asked, message):
    with pytest.raises(InputError, match=message):
        Amount(**asked)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (Amount(), "nothing says how many"),
        (Amount(balance=("outcom",)), 'did you mean "outcome"'),
        (Amount(balance=("patient",)), "classes, not numbers"),
        (Amount(balance=("outcome",), shares={"worse": 0.5}), "no such value; known: good, bad"),
        (Amount(balance=("outcome",), shares={"bad": 1 - 1e-12}), "leave nothing"),
        (Amount(balance=("outcome",), where="outcome = bad"), "drop one of them"),
        (Amount(independent="outcome"), "is the target"),
    ],
)
def test_amounts_that_a_table_cannot_have_are_refused(patients, amount, message):
    with pytest.raises(InputError, match=message):
        Additions.of(patients, SCHEMA, amount)


def test_a_column_of_the_same_name_as_the_mark_is_refused(synthesizer, patients):
    with pytest.raises(InputError, match="name the column that marks rows differently"):
        augment(synthesizer, patients, Amount(rows=1), provenance="ward")
    with pytest.raises(InputError, match="is the name of the column of weights"):
        augment(synthesizer, patients, Amount(factor=2, real_share=0.5), provenance="row_weight")
    assert augment(synthesizer, patients, Amount(rows=1), provenance="row_weight").added == 1


def test_an_amount_of_nothing_is_refused(synthesizer, patients):
    with pytest.raises(InputError, match="nothing says how many"):
        augment(synthesizer, patients, Amount(where="age >= 50"))


def test_weights_give_real_rows_their_share(synthesizer, patients):
    table = augment(synthesizer, patients, Amount(factor=4, real_share=0.5)).frame()
    assert table["row_weight"].mean() == pytest.approx(1)
    assert table.groupby("provenance")["row_weight"].sum()["real"] == pytest.approx(len(table) / 2)


def test_missing_cells_are_drawn_and_added_rows_lack_nothing_either(patients):
    made = train(patients, SCHEMA, model={"family": "transformer", "epochs": 2, "width": 16})
    filled = augment(made, patients, Amount(rows=40), fill=True)
    table, lacked = filled.frame(), patients["weight"].isna()
    assert not table.isna().any(axis=None)
    assert filled.filled == lacked.sum()
    marks = np.where(lacked, "filled", "real").tolist() + ["synthetic"] * 40
    assert table["provenance"].tolist() == marks
    there = patients.loc[~lacked, "weight"]
    assert (table.loc[there.index, "weight"] == there).all()


def test_keys_that_run_out_are_refused(patients):
    short = SCHEMA.model_copy(
        update={
            "fields": {
                **SCHEMA.fields,
                "patient": SCHEMA.fields["patient"].model_copy(update={"pattern": "P-00[0-9]{3}"}),
            }
        }
    )
    with pytest.warns(PrivacyWarning, match="30% of the keys"):
        made = train(patients, short)
    assert augment(made, patients, Amount(rows=700)).added == 700
    with pytest.raises(InputError, match="only 700 keys that no real row has"):
        augment(made, patients, Amount(rows=701))


def test_what_must_be_unique_is_so_among_real_and_added_rows(patients):
    schema = Schema.parse("fields: {n: {kind: number, integer: true}}\nconstraints: [{kind: unique, fields: [n]}]")
    numbers = schema.read(pd.DataFrame({"n": np.arange(0, 4000, 10)}))
    made = train(numbers, schema, model="marginals")
    assert augment(made, numbers, Amount(rows=1000)).frame()["n"].is_unique


def test_a_rare_combination_among_real_rows_does_not_stop_the_table(patients):
    schema = SCHEMA.model_copy(update={"constraints": (Combinations(fields=["ward", "sex"]),)})
    made = augment(train(patients, schema), patients, Amount(rows=50))
    added = made.frame()[made.frame()["provenance"] == SYNTHETIC]
    assert (made.frame()["ward"] == "west").sum() == 5
    assert not (added["ward"] == "west").any()


def test_the_table_as_a_whole_must_pass_the_users_suite(patients, tmp_path):
    expected = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "age", "max_value": 56}, "meta": {}}
    path = tmp_path / "own.suite.json"
    path.write_text(json.dumps({"name": "own", "expectations": [expected], "meta": {}}))
    made = train(patients, SCHEMA.model_copy(update={"suite": str(path)}))
    assert augment(made, patients, Amount(rows=20, where="age >= 70")).added == 20  # alone, these would not pass
    with pytest.raises(GateError, match="mean_to_be_between"):
        augment(made, patients, Amount(rows=2000, where="age >= 70"))


# --- proof ------------------------------------------------------------------------------------------------------------


def test_a_generator_that_knows_nothing_is_not_shown_to_help_and_is_compared_with_all_baselines(patients):
    pytest.importorskip("imblearn")
    proof = prove(
        patients, SCHEMA, families=("marginals",), folds=3, sensitive="sex", estimator="sklearn.naive_bayes.GaussianNB"
    )
    labels = [line.label for line in proof.gains.lines]
    assert labels[:4] == ["nothing", "class weights", "random oversampling", "SMOTE"]
    assert {"marginals, 2 times the rows", "marginals, classes equal"} <= set(labels)
    assert all(line.score is not None for line in proof.gains.lines)
    assert not proof.gains.helps
    assert proof.gains.metric == "AUC"
    assert {"demographic parity difference", "equalised odds difference"} <= set(proof.gains.lines[0].also)


def test_rows_that_hold_what_an_estimator_lacks_are_shown_to_help():
    """Classes that overlap in one column, and an estimator that says of hardly any row that it is of the rare one."""
    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(0, 1, 3000), rng.normal(2, 1, 150)].round(2)
    frame = pd.DataFrame({"x": x, "y": ["no"] * 3000 + ["yes"] * 150})
    schema = Schema.infer(frame).model_copy(
        update={"target": "y", "model": Model(family="transformer", epochs=4, width=16)}
    )
    proof = prove(
        frame, schema, families=("transformer",), folds=3, metric="balanced_accuracy",
        estimator="sklearn.linear_model.LogisticRegression", amount=Amount(balance=("y",)),
    )  # fmt: skip
    assert proof.gains.helps
    assert proof.best is not None
    assert proof.best.amount.balance == ("y",)
    assert proof.gains.simplest is not None
    assert proof.gains.simplest.score == pytest.approx(proof.gains.best.score, abs=0.05)


def test_an_interrupted_proof_goes_on_and_comes_to_the_same(patients, tmp_path):
    asked = {"families": ("marginals",), "folds": 3, "amount": Amount(rows=50)}
    whole = prove(patients, SCHEMA, **asked)
    heard = []

    def stop(progress):
        heard.append(progress)
        if "fold 2 of 3" in progress.detail:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove(patients, SCHEMA, **asked, keep=tmp_path / "kept", listener=stop)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    assert kept
    again = prove(patients, SCHEMA, **asked, keep=tmp_path / "kept")
    assert again.gains.lines == whole.gains.lines
    assert all((tmp_path / "kept" / name).stat().st_mtime_ns == time for name, time in kept.items())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": "patient"}, "cannot be predicted"),
        ({"target": "sick"}, 'no field "sick"'),
        ({"metric": "r2"}, "it is one of auc"),
        ({"sensitive": "weight"}, "no groups"),
        ({"estimator": "sklearn.nothing"}, "cannot be imported"),
        ({"folds": 41}, "fewer than the 41 folds"),
    ],
)
def test_a_proof_that_cannot_be_had_is_refused_before_anything_is_learned(patients, asked, message):
    with pytest.raises(InputError, match=message):
        prove(patients, SCHEMA, **asked)


def test_of_quantities_added_rows_alone_are_compared(patients):
    proof = prove(patients, SCHEMA, target="weight", families=("marginals",), folds=2)
    assert [line.label for line in proof.gains.lines if line.kind != "generated"] == ["nothing"]
    assert proof.gains.metric == "R²"


# --- command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(patients, tmp_path):
    """A schema and a table on disk."""
    (tmp_path / "s.yaml").write_text(SCHEMA.dump())
    patients.to_csv(tmp_path / "d.csv", index=False)
    return tmp_path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["augment", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_command_writes_marked_rows_and_a_verdict(files):
    out = files / "o.csv"
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", out, "--balance")
    assert code == 0, text
    assert "300 real rows and 220 added" in text
    assert "outcome bad: 40 real, 220 added" in text
    table = pd.read_csv(out)
    assert table["provenance"].value_counts().to_dict() == {"real": 300, "synthetic": 220}
    verdict = json.loads((files / "o.csv.verdict.json").read_text())
    assert (verdict["passed"], verdict["rows"]) == (True, 520)


def test_columns_that_the_schema_does_not_name_are_told_and_none_is_hidden(files, patients):
    patients.assign(mine=1).to_csv(files / "d.csv", index=False)
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", files / "o.csv", "--rows", 5)
    assert code == 0, text
    assert "left out, because the schema does not name them: mine" in text
    patients.assign(provenance="ours").to_csv(files / "d.csv", index=False)
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", files / "p.csv", "--rows", 5)
    assert code == 2
    assert 'already has a column "provenance"; choose another name' in text


def test_the_table_that_is_learned_is_not_overwritten_and_nothing_to_fill_is_told(files, patients):
    data = files / "d.csv"
    code, text = run(files / "s.yaml", "--data", data, "-o", data, "--rows", 5, "--force")
    assert (code, "write the augmented table to another file" in text) == (2, True)
    patients.assign(weight=70.0).to_csv(data, index=False)
    code, text = run(files / "s.yaml", "--data", data, "-o", files / "o.csv", "--fill")
    assert (code, "leave --fill out" in text) == (2, True)


def test_a_balanced_column_may_be_named_and_repeated(files):
    out = files / "o.parquet"
    asked = ["--balance", "outcome", "--balance", "sex", "--json", "-q"]
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", out, *asked)
    assert code == 0, text
    assert pd.read_parquet(out).groupby(["outcome", "sex"]).size().nunique() <= 2  # one cell may be too small to learn
    assert json.loads(text)["added"] == len(pd.read_parquet(out)) - 300


def test_without_a_shown_gain_the_data_is_written_unchanged_unless_forced(files):
    out = files / "o.csv"
    asked = ["--prove", "--model", "marginals", "--folds", 2, "--factor", 2]
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", out, *asked)
    assert code == 0, text
    assert "none added" in text
    assert "Leave the data unchanged." in text
    table = pd.read_csv(out)
    pd.testing.assert_frame_equal(table.drop(columns="provenance"), pd.read_csv(files / "d.csv"))
    assert (table["provenance"] == "real").all()
    assert not json.loads((files / "o.csv.gains.json").read_text())["helps"]
    assert (files / "o.csv.gains.html").exists()
    assert not (files / "o.csv.proof").exists()
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", out, *asked, "--force")
    assert code == 0, text
    assert (pd.read_csv(out)["provenance"] == "synthetic").sum() == 300
    assert "added anyway, because of --force" in text


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "nothing to add"),
        (["--rows", 10, "--where", "ward = west"], "5 real rows satisfy the conditions"),
        (["--balance", "--share", "bad"], "write it as VALUE=SHARE"),
        (["--balance", "--target", "outcom"], 'did you mean "outcome"'),
        (["--prove", "--fill"], "in a run without --prove"),
        (["--prove", "--model", "auto"], "compares the families itself"),
        (["--rows", 10, "--provenance", "ward"], "marks rows differently"),
        (["--rows", 10, "--metric", "auc"], "belong to --prove"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(files, asked, message):
    code, text = run(files / "s.yaml", "--data", files / "d.csv", "-o", files / "o.csv", *asked)
    assert code == 2
    assert message in text
    assert not (files / "o.csv").exists()
