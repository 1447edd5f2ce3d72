"""Tables that belong together: a tree of owners, rows in order, keys and references that hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema
from synthdata.errors import (
    ArtefactError,
    ConditionError,
    DataError,
    GateError,
    InputError,
    OutputError,
    SchemaError,
)
from synthdata.relations import (
    RelationalSynthesizer,
    Relations,
    SequenceSynthesizer,
    export_folder,
    generate,
    train,
)
from synthdata.relations.guess import infer as guess
from synthdata.synthesizer import Synthesizer

SHORT = "{family: transformer, width: 16, layers: 1, epochs: 8}"
SHOP = f"""
name: shop
tables:
  customers:
    key: id
    model: {SHORT}
    fields:
      id: {{kind: identifier, pattern: "C[0-9]{{6}}"}}
      segment: {{kind: category}}
      joined: {{kind: datetime}}
  orders:
    key: id
    of: customer
    references: {{customer: customers}}
    order_by: placed
    model: {SHORT}
    fields:
      id: {{kind: identifier, pattern: "O[0-9]{{7}}"}}
      customer: {{kind: identifier, pattern: "C[0-9]{{6}}", unique: false}}
      placed: {{kind: datetime}}
      channel: {{kind: category}}
      rating: {{kind: number, integer: true, min: 1, max: 5, nullable: true}}
      clerk: {{kind: personal, provider: full_name, of: clerk, nullable: true}}
  lines:
    of: order
    references: {{order: orders}}
    model: {SHORT}
    fields:
      order: {{kind: identifier, pattern: "O[0-9]{{7}}", unique: false}}
      price: {{kind: number, decimals: 2, min: 0}}
      quantity: {{kind: number, integer: true, min: 1}}
      total: {{kind: number, decimals: 2, min: 0}}
    constraints:
      - {{kind: product, total: total, parts: [price, quantity]}}
  visits:
    of: customer
    references: {{customer: customers}}
    model: {SHORT}
    fields:
      customer: {{kind: identifier, pattern: "C[0-9]{{6}}", unique: false}}
      page: {{kind: category}}
"""


def shop_frames(customers: int = 300) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    segment = rng.choice(["gold", "plain"], customers)
    joined = pd.Timestamp(2020, 1, 1) + pd.to_timedelta(rng.integers(0, 700, customers), "D")
    ids = np.array([f"C{number:06d}" for number in range(customers)])
    whose = np.repeat(
        np.arange(customers), np.where(segment == "gold", rng.integers(2, 6, customers), rng.integers(0, 3, customers))
    )
    rows = len(whose)
    orders = pd.DataFrame(
        {
            "id": [f"O{number:07d}" for number in range(rows)],
            "customer": ids[whose],
            "placed": joined[whose] + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
            "channel": np.where(segment[whose] == "gold", "web", rng.choice(["web", "shop"], rows)),
            "rating": pd.array(np.where(rng.random(rows) < 0.2, 0, rng.integers(1, 6, rows)), "Int64"),
            "clerk": np.where(rng.random(rows) < 0.3, None, rng.choice(["Ann Lee", "Bo Ray", "Cy Fox"], rows)),
        }
    )
    orders["rating"] = orders["rating"].where(orders["rating"] > 0)
    order = np.repeat(np.arange(rows), rng.integers(1, 4, rows))
    lines = pd.DataFrame(
        {
            "order": orders["id"].to_numpy()[order],
            "price": rng.integers(1, 4000, len(order)) / 100,
            "quantity": rng.integers(1, 5, len(order)),
        }
    )
    lines["total"] = (lines["price"] * lines["quantity"]).round(2)
    visitor = np.repeat(np.arange(customers), rng.integers(1, 4, customers))
    visits = pd.DataFrame({"customer": ids[visitor], "page": rng.choice(["home", "cart"], len(visitor))})
    return {
        "customers": pd.DataFrame({"id": ids, "segment": segment, "joined": joined}),
        "orders": orders.sample(frac=1, random_state=0),
        "lines": lines,
        "visits": visits,
    }


@pytest.fixture(scope="module")
def shop():
    return train(shop_frames(), Relations.parse(SHOP), seed=4)


@pytest.fixture(scope="module")
def drawn(shop):
    return shop.sample(400, seed=3)


def test_every_reference_resolves_and_no_key_comes_twice(drawn):
    assert list(drawn) == ["customers", "orders", "lines", "visits"]
    assert drawn["customers"]["id"].is_unique
    assert drawn["orders"]["id"].is_unique
    assert drawn["orders"]["customer"].isin(drawn["customers"]["id"]).all()
    assert drawn["lines"]["order"].isin(drawn["orders"]["id"]).all()
    assert drawn["visits"]["customer"].isin(drawn["customers"]["id"]).all()
    assert not set(drawn["customers"]["id"]) & set(shop_frames()["customers"]["id"][:5])


def test_frames_have_the_columns_and_types_of_their_schemas(shop, drawn):
    for name, table in shop.relations.tables.items():
        assert list(drawn[name]) == list(table.schema.fields)
        assert all(
            drawn[name][each].dtype in (field.dtype(False), field.dtype(True))
            for each, field in table.schema.fields.items()
        )


def test_times_never_run_back(drawn):
    gaps = drawn["orders"].groupby("customer")["placed"].diff().dropna()
    assert len(gaps) > 100
    assert (gaps >= pd.Timedelta(0)).all()


def test_the_number_of_children_and_their_columns_follow_from_the_owner(drawn):
    customers = drawn["customers"].set_index("id")
    count = drawn["orders"]["customer"].value_counts().reindex(customers.index).fillna(0)
    means = count.groupby(customers["segment"]).mean()
    assert means["gold"] > means["plain"] + 1
    web = (drawn["orders"]["channel"] == "web").groupby(drawn["orders"]["customer"].map(customers["segment"])).mean()
    assert web["gold"] > 0.9 > web["plain"]


def test_constraints_inside_a_table_of_rows_hold(drawn):
    lines = drawn["lines"]
    np.testing.assert_allclose(lines["total"], (lines["price"] * lines["quantity"]).round(2), atol=1e-9)
    assert drawn["orders"]["rating"].isna().any()
    assert drawn["orders"]["clerk"].isna().any()


def test_the_first_roots_of_a_long_run_are_a_short_run(shop, drawn):
    for name, frame in shop.sample(60, seed=3).items():
        pd.testing.assert_frame_equal(frame, drawn[name].iloc[: len(frame)])
    assert not shop.sample(60, seed=5)["customers"].equals(drawn["customers"].iloc[:60])


def test_a_saved_model_draws_the_same_rows(shop, drawn, tmp_path):
    again = RelationalSynthesizer.load(shop.save(tmp_path / "model"))
    for name, frame in again.sample(60, seed=3).items():
        pd.testing.assert_frame_equal(frame, drawn[name].iloc[: len(frame)])
    assert again.describe() == shop.describe()
    with pytest.raises(ArtefactError, match="several tables"):
        Synthesizer.load(tmp_path / "model")
    changed = next((tmp_path / "model" / "tables" / "orders").rglob("*.safetensors"))
    changed.write_bytes(changed.read_bytes()[:-8] + bytes(8))
    with pytest.raises(ArtefactError, match="hash"):
        RelationalSynthesizer.load(tmp_path / "model")


def test_conditions_on_roots_and_on_how_many_rows_they_own_are_exact(shop):
    found = shop.sample(40, where=["customers.orders.count >= 3", "segment = plain"], seed=1)
    assert (found["customers"]["segment"] == "plain").all()
    assert found["orders"].groupby("customer").size().reindex(found["customers"]["id"]).min() >= 3
    with pytest.raises(ConditionError):
        shop.sample(10, where="orders.count > 1000")


def test_tables_pass_the_gate_and_are_exported_all_or_not_at_all(shop, tmp_path):
    validated = generate(shop, 80, seed=2)
    assert all(each.verdict().passed for each in validated.values())
    assert len(validated["customers"].frame()) == 80
    folder = export_folder(validated, tmp_path / "out")
    assert {each.name for each in folder.glob("*.csv")} == {f"{name}.csv" for name in validated}
    with pytest.raises(OutputError, match="exists already"):
        export_folder(validated, tmp_path / "out")
    export_folder(generate(shop, 5, seed=2), tmp_path / "out", force=True)
    with pytest.raises(OutputError, match="unknown ending"):
        export_folder(validated, tmp_path / "other", ending=".odt")
    assert not (tmp_path / "other").exists()


def test_a_root_fails_with_any_row_that_it_owns(shop):
    schema = shop.relations.tables["lines"].schema
    assert (generate(shop, 60, seed=3)["lines"].frame()["quantity"] > 3).any()
    strict = {**shop.suites, "lines": {**shop.suites["lines"]}}
    few = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "quantity", "max_value": 3}}
    strict["lines"]["expectations"] = [*strict["lines"]["expectations"], few]
    model = RelationalSynthesizer(shop.relations, shop.root, shop.rows, shop.about, strict)
    found = {name: each.frame() for name, each in generate(model, 60, seed=3).items()}
    assert (found["lines"]["quantity"] <= 3).all()
    assert len(found["customers"]) == 60
    assert found["orders"]["customer"].isin(found["customers"]["id"]).all()
    assert list(found["lines"]) == list(schema.fields)


def spoilt(**changes):
    return {**shop_frames(60), **changes}


def test_bad_tables_are_refused_in_one_line():
    relations, frames = Relations.parse(SHOP), shop_frames(60)
    orders = frames["orders"]
    cases = {
        'no table "lines"': {name: frame for name, frame in frames.items() if name != "lines"},
        '2 of .* rows have a "customer" that is not in "customers"': spoilt(
            orders=orders.assign(customer=["C999999"] * 2 + orders["customer"].tolist()[2:])
        ),
        'rows repeat the key "id"': spoilt(customers=frames["customers"].assign(id=["C000001"] * 60)),
        'table "visits" has no rows': spoilt(visits=frames["visits"].iloc[:0]),
    }
    for message, each in cases.items():
        with pytest.raises(DataError, match=message):
            RelationalSynthesizer.fit(each, relations)
    with pytest.raises(InputError, match="dict of DataFrames"):
        RelationalSynthesizer.fit(frames["orders"], relations)
    with pytest.raises(GateError, match='table "lines" breaks its schema'):
        train(spoilt(lines=frames["lines"].assign(price=-1.0)), relations)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("of: order\n", "of: price\n", "refers to no table"),
        ("{order: orders}", "{order: order}", 'no table "order"; did you mean "orders"'),
        ("{order: orders}", "{order: orders, price: visits}", "not learned yet"),
        ("order_by: placed", "order_by: channel", "order by a time or a number"),
        ("order_by: placed", "order_by: rating", "may be missing"),
        ("    key: id\n    of: customer", "    of: customer", "has no key"),
        ("    key: id\n    of: customer", "    key: [id, customer]\n    of: customer", "several columns"),
        ("    key: id\n    of: customer", "    key: id", "of: customer; other references are not learned yet"),
        ("    of: order\n    references: {order: orders}\n", "", 'tables without an owner: "customers", "lines"'),
        ('order: {kind: identifier, pattern: "O[0-9]{7}"', 'order: {kind: identifier, pattern: "O[0-9]"', "pattern"),
        ("name: shop", "name: shop\ntable: {}", 'unknown key "table"'),
        (f"order_by: placed\n    model: {SHORT}", "order_by: placed\n    model: vae", "learns single tables"),
        ("rating: {kind: number, integer: true, min: 1, max: 5", "rating: {kind: text", "not learned of rows"),
        ("  visits:", "  vis.its:", "named by letters"),
        ("joined: {kind: datetime}", "orders.count: {kind: number}", "name of the number of its rows"),
    ],
)  # fmt: skip
def test_schemas_that_cannot_be_are_refused_in_one_line(old, new, message):
    assert old in SHOP
    with pytest.raises(SchemaError, match=message) as error:
        Relations.parse(SHOP.replace(old, new, 1))
    assert "\n" not in str(error.value)


def test_a_schema_is_written_as_it_was_read():
    relations = Relations.parse(SHOP)
    assert Relations.parse(relations.dump()) == relations


def test_a_subject_is_a_root_with_all_that_it_owns():
    frames = shop_frames(200)
    chatty = frames["visits"].iloc[[0] * 50].assign(page="secret")  # of one customer
    frames["visits"] = pd.concat([frames["visits"], chatty])
    model = RelationalSynthesizer.fit(frames, Relations.parse(SHOP.replace("epochs: 8", "epochs: 1")))
    assert "secret" not in "".join(data.decode("latin-1") for data in model.rows["visits"].files().values())


EVENTS = Schema.parse(f"""
name: events
sequence: {{entity: user, order_by: at}}
model: {SHORT}
fields:
  at: {{kind: datetime}}
  user: {{kind: identifier, pattern: "U[0-9]{{5}}", unique: false}}
  country: {{kind: category}}
  action: {{kind: category}}
""")


def events(users: int = 250) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    country = rng.choice(["de", "fr"], users)
    user = np.repeat(np.arange(users), rng.integers(1, 6, users))
    at = pd.Timestamp(2024, 1, 1) + pd.to_timedelta(rng.integers(0, 300, len(user)), "D")
    action = np.where(country[user] == "de", "buy", rng.choice(["buy", "look"], len(user)))
    names = [f"U{number:05d}" for number in user]
    return pd.DataFrame({"at": at, "user": names, "country": country[user], "action": action})


def test_one_table_of_sequences_keeps_what_is_constant_and_its_order(tmp_path):
    model = SequenceSynthesizer.fit(events(), EVENTS)
    rows = model.sample(200, seed=1)
    assert list(rows) == list(EVENTS.fields)
    assert rows["user"].nunique() == 200
    assert (rows.groupby("user")["country"].nunique() == 1).all()
    assert (rows.groupby("user")["at"].diff().dropna() >= pd.Timedelta(0)).all()
    assert (rows.loc[rows["country"] == "de", "action"] == "buy").mean() > 0.9
    again = SequenceSynthesizer.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(20, seed=1), rows.iloc[: len(again.sample(20, seed=1))])
    validated = again.generate(30, where="rows.count >= 2")
    assert validated.verdict().passed
    assert validated.frame()["user"].value_counts().min() >= 2
    with pytest.raises(SchemaError, match="sequence"):
        Synthesizer.fit(events(), EVENTS)


def test_a_sequence_that_cannot_be_is_refused_in_one_line():
    text = EVENTS.dump()
    assert Schema.parse(text) == EVENTS
    for old, new, message in (
        ("entity: user", "entity: country", "must be {kind: identifier"),
        ("order_by: at", "order_by: action", "must be a time or a number"),
        ("order_by: at", "order_by: time", 'no field "time"'),
        ("entity: user", "entity: user, to: 3", 'unknown key "to"; known: entity, order_by'),
    ):
        with pytest.raises(SchemaError, match=message):
            Schema.parse(text.replace(old, new))
    with pytest.raises(InputError, match="too few to learn how rows follow"):
        SequenceSynthesizer.fit(events(15), EVENTS)


def test_tables_of_nothing_but_references_and_times_with_zones():
    rng = np.random.default_rng(3)
    owner = np.repeat(np.arange(1, 121), rng.integers(0, 4, 120))
    times = pd.Timestamp("2021-01-01", tz="Europe/Berlin") + pd.to_timedelta(rng.integers(0, 10**7, len(owner)), "s")
    reference = '{kind: identifier, pattern: "[0-9]{1,18}", integer: true, unique: false}'
    relations = Relations.parse(f"""
        name: bare
        tables:
          devices: {{key: id, fields: {{id: {{kind: identifier, start: 1}}}}}}
          links: {{of: device, references: {{device: devices}}, fields: {{device: {reference}}}}}
          readings:
            of: device
            references: {{device: devices}}
            order_by: at
            model: {SHORT}
            fields:
              device: {reference}
              at: {{kind: datetime, format: "%Y-%m-%d %H:%M:%S", timezone: Europe/Berlin}}
              state: {{kind: boolean, nullable: true}}
    """)
    state = pd.Series(rng.choice([True, False, None], len(owner)), dtype="boolean")
    frames = {
        "devices": pd.DataFrame({"id": np.arange(1, 121)}),
        "links": pd.DataFrame({"device": owner}),
        "readings": pd.DataFrame({"device": owner, "at": times, "state": state}),
    }
    drawn = RelationalSynthesizer.fit(frames, relations).sample(200)
    assert drawn["links"]["device"].isin(drawn["devices"]["id"]).all()
    assert (drawn["readings"].groupby("device")["at"].diff().dropna() >= pd.Timedelta(0)).all()
    assert drawn["readings"]["state"].isna().any()


def test_first_times_are_counted_from_the_owners() -> None:
    rng = np.random.default_rng(0)
    born = pd.Timestamp("1930-01-01") + pd.to_timedelta(rng.integers(0, 20_000, 300), unit="D")
    owner = np.repeat(np.arange(300), rng.integers(0, 4, 300))
    age = rng.integers(365 * 20, 365 * 22, len(owner))
    frames = {
        "people": pd.DataFrame({"id": [f"P{row:05}" for row in range(300)], "born": born}),
        "visits": pd.DataFrame(
            {"person_id": [f"P{row:05}" for row in owner], "day": born[owner] + pd.to_timedelta(age, unit="D")}
        ),
    }
    relations = Relations.parse(
        """
        name: visits
        tables:
          people: {key: id, fields: {id: {kind: identifier, pattern: "P[0-9]{5}"}, born: {kind: datetime}}}
          visits:
            of: person_id
            references: {person_id: people}
            order_by: day
            fields: {person_id: {kind: identifier, pattern: "P[0-9]{5}", unique: false}, day: {kind: datetime}}
        """
    )
    model = RelationalSynthesizer.fit(frames, relations)
    drawn = model.sample(200)
    visits = drawn["visits"].merge(drawn["people"], left_on="person_id", right_on="id")
    years = (visits["day"] - visits["born"]).dt.days / 365
    assert years.min() >= 0  # by construction
    is_first = ~visits["person_id"].duplicated()
    assert years[is_first].between(19.5, 22.5).mean() > 0.9  # as learned


def test_what_rows_repeat_of_their_owner_is_copied(tmp_path) -> None:
    rng = np.random.default_rng(0)
    sex, born = rng.choice(["f", "m"], 200), 1930 + rng.integers(0, 80, 200)
    owner = np.repeat(np.arange(200), rng.integers(0, 4, 200))
    keys = np.array([f"P{row:05}" for row in range(200)])
    frames = {
        "people": pd.DataFrame({"id": keys, "sex": sex, "born": born}),
        "visits": pd.DataFrame(
            {"id": np.arange(len(owner)), "person_id": keys[owner], "sex": sex[owner], "born": born[owner]}
        ),
        "labs": pd.DataFrame({"visit_id": np.repeat(np.arange(len(owner)), 2), "born": np.repeat(born[owner], 2)}),
    }
    relations = Relations.parse(
        f"""
        name: visits
        tables:
          people:
            key: id
            model: {SHORT}
            fields:
              id: {{kind: identifier, pattern: "P[0-9]{{5}}"}}
              sex: {{kind: category}}
              born: {{kind: number, integer: true}}
          visits:
            key: id
            of: person_id
            references: {{person_id: people}}
            model: {SHORT}
            fields:
              id: {{kind: identifier, start: 0}}
              person_id: {{kind: identifier, pattern: "P[0-9]{{5}}", unique: false}}
              sex: {{kind: category}}
              born: {{kind: number, integer: true}}
          labs:
            of: visit_id
            references: {{visit_id: visits}}
            model: {SHORT}
            fields:
              visit_id: {{kind: identifier, integer: true, unique: false}}
              born: {{kind: number, integer: true}}
        """
    )
    RelationalSynthesizer.fit(frames, relations).save(tmp_path / "model")
    drawn = RelationalSynthesizer.load(tmp_path / "model").sample(150)
    visits = drawn["visits"].merge(drawn["people"], left_on="person_id", right_on="id", suffixes=("", "_of"))
    assert len(visits) > 50
    assert (visits["sex"] == visits["sex_of"]).all()
    assert (visits["born"] == visits["born_of"]).all()
    labs = drawn["labs"].merge(drawn["visits"], left_on="visit_id", right_on="id", suffixes=("", "_of"))
    assert (labs["born"] == labs["born_of"]).all()


def test_a_circle_and_a_key_that_repeats_are_said() -> None:
    one = pd.DataFrame(
        {"a_id": [f"A{row:04}" for row in range(100)], "b_id": [f"B{row % 50:04}" for row in range(100)]}
    )
    two = pd.DataFrame({"b_id": [f"B{row:04}" for row in range(50)], "a_id": [f"A{row:04}" for row in range(50)]})
    notes = " ".join(guess({"a": one, "b": two}).notes)
    assert "in a circle" in notes
    three = pd.DataFrame({"c_id": [f"C{row:04}" for row in [*range(99), 5]]})
    notes = " ".join(guess({"a": one, "b": two, "c": three}).notes)
    assert '"c": "c_id" repeats in 1 rows' in notes


def test_keys_that_count_rows_are_not_those_of_real_rows() -> None:
    frames = {
        "people": pd.DataFrame({"person_id": np.arange(1, 101), "age": np.arange(100) % 60}),
        "visits": pd.DataFrame({"visit_id": np.arange(5001, 5201), "person_id": np.repeat(np.arange(1, 101), 2)}),
    }
    tables = guess(frames).relations.tables
    keys = (tables["people"].schema.fields["person_id"], tables["visits"].schema.fields["visit_id"])
    assert not any(key.is_running for key in keys)
    assert keys[0].fitting(pd.Series(["1", "100"])).tolist() == ["1", "100"]
