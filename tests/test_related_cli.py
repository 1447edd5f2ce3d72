"""Several tables on the command line: init of a folder, train, inspect, generate."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from test_relations import EVENTS, events, shop_frames

from synthdata.cli import main
from synthdata.errors import DataError
from synthdata.relations import Relations
from synthdata.relations.guess import infer


def called(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """A folder of tables, the schema that `init` wrote of it, and the model that `train` did."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop").mkdir()
    for name, frame in shop_frames(200).items():
        frame.to_csv(folder / "shop" / f"{name}.csv", index=False)
    assert called("init", folder / "shop", "-o", folder / "shop.yaml")[0] == 0
    text = (
        (folder / "shop.yaml")
        .read_text()
        .replace("    fields:", "    model: {width: 16, layers: 1, epochs: 2}\n    fields:")
    )
    (folder / "short.yaml").write_text(text)
    code, said = called("train", folder / "short.yaml", "--data", folder / "shop", "-o", folder / "model")
    assert code == 0, said
    return folder


def test_init_draws_the_tree_and_writes_what_can_be_read(shop):
    code, said = called("init", shop / "shop", "-o", shop / "again.yaml")
    assert code == 0
    lines = said.splitlines()
    assert lines[0].startswith("customers: 200 rows, key id")
    assert any(line.startswith("  orders: ") and "of customer, in the order of placed" in line for line in lines)
    assert any(line.startswith("    lines: ") for line in lines)
    relations = Relations.load(shop / "again.yaml")
    assert relations.root == "customers"
    assert set(relations.tables) == {"customers", "orders", "lines", "visits"}
    assert relations.tables["lines"].schema.constraints


def test_a_model_is_described_as_a_tree(shop):
    code, said = called("inspect", shop / "model")
    assert code == 0
    assert "4 tables of 200 customers" in said
    assert "\n      lines: " in said
    about = json.loads(called("inspect", shop / "model", "--json")[1])
    assert about["owners"] == {"orders": "customers", "lines": "orders", "visits": "customers"}


def test_tables_are_written_into_a_folder_with_their_verdicts(shop):
    arguments = ("generate", shop / "model", "--roots", 30, "-o", shop / "out")
    code, said = called(*arguments, "--json", "-q")
    assert code == 0, said
    assert json.loads(said)["rows"]["customers"] == 30
    tables = {name: pd.read_csv(shop / "out" / f"{name}.csv") for name in ("customers", "orders", "lines", "visits")}
    assert tables["orders"]["customer"].isin(tables["customers"]["id"]).all()
    assert (shop / "out" / "orders.csv.verdict.json").exists()
    assert called(*arguments) == (
        2,
        f"error: {shop / 'out'}: exists already; choose another name, or overwrite with --force\n",
    )
    assert called(*arguments, "--force", "--where", "orders.count >= 2")[0] == 0
    orders = pd.read_csv(shop / "out" / "orders.csv")
    assert orders["customer"].value_counts().min() >= 2
    assert orders["customer"].nunique() == 30


def test_what_several_tables_do_not_take_is_said_in_one_line(shop):
    for arguments, message in (
        (
            ("train", shop / "shop.yaml", "--data", shop / "shop", "-o", shop / "m", "--model", "vae"),
            "--model: not for",
        ),
        (("train", shop / "shop.yaml", "--data", shop / "shop.yaml", "-o", shop / "m"), "found a file; several tables"),
        (("train", shop / "shop.yaml", "--data", shop, "-o", shop / "m"), 'no file of the table "customers"'),
        (("generate", shop / "model", "-n", 5, "-o", shop / "x", "--prompt", "a"), "--prompt: not for"),
        (("run", shop / "shop.yaml", "--data", shop / "shop", "-n", 5, "-o", shop / "x"), "names several tables"),
        (("init", shop / "shop", "--decimal", ","), "--decimal: not for"),
    ):
        code, said = called(*arguments)
        assert code == 2
        assert message in said
        assert said.count("\n") == 1


def test_orphans_are_refused_or_left_out(shop, tmp_path):
    for path in (shop / "shop").glob("*.csv"):
        frame = pd.read_csv(path)
        if path.stem == "visits":
            frame.loc[:2, "customer"] = "C999999"
        frame.to_csv(tmp_path / path.name, index=False)
    arguments = ("train", shop / "short.yaml", "--data", tmp_path, "-o", tmp_path / "model", "-q")
    code, said = called(*arguments)
    assert code == 2
    assert '"visits": 3 of' in said
    assert "(--drop-orphans)" in said
    code, said = called(*arguments, "--drop-orphans", "--json")
    assert code == 0, said
    assert json.loads(said)["tables"]["visits"]["rows"] == len(pd.read_csv(tmp_path / "visits.csv")) - 3


def test_a_sequence_is_trained_and_written_as_one_table(tmp_path):
    (tmp_path / "events.yaml").write_text(EVENTS.dump())
    events().to_csv(tmp_path / "events.csv", index=False)
    code, said = called("train", tmp_path / "events.yaml", "--data", tmp_path / "events.csv", "-o", tmp_path / "model")
    assert code == 0, said
    assert called("generate", tmp_path / "model", "--roots", 20, "-o", tmp_path / "rows.csv")[0] == 0
    rows = pd.read_csv(tmp_path / "rows.csv", parse_dates=["at"])
    assert rows["user"].nunique() == 20
    assert (rows.groupby("user")["at"].diff().dropna() >= pd.Timedelta(0)).all()


def test_what_many_share_is_no_owner_and_a_tree_is_all_that_is_guessed():
    frames = shop_frames(100)
    districts = pd.DataFrame({"district_id": [f"D{number}" for number in range(9)], "size": range(9)})
    frames["customers"] = frames["customers"].assign(district=[f"D{number % 9}" for number in range(100)])
    guessed = infer({**frames, "districts": districts})
    assert guessed.relations.root == "customers"
    assert "districts" not in guessed.relations.tables
    assert any("customers.district refers to" in note and "learned as a category" in note for note in guessed.notes)
    with pytest.raises(DataError, match="no table refers to another"):
        infer({"customers": frames["customers"].drop(columns="district"), "districts": districts})
