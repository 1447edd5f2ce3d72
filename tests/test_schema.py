"""Schema files: what is read, what is refused and how, what is inferred, what is never written."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from synthdata.errors import DataError, GateError, InputError, SchemaError
from synthdata.evaluation import evaluate
from synthdata.fields import KINDS, Boolean, Category, Datetime, Identifier, Image, Number, Personal, Rows, Text
from synthdata.models import settings as model_settings
from synthdata.models.tabular.vae.model import VAE
from synthdata.pipeline import train
from synthdata.schema import Model, Schema, infer, json_schema
from synthdata.schema.constraints import CONSTRAINTS, Combinations, Ordered, RowRule, Unique
from synthdata.synthesizer import Synthesizer
from synthdata.validation import validate

DATA = Path(__file__).parents[2] / "shared" / "data"
ROWS = 200


def only(field: str, more: str = "") -> str:
    return f"fields:\n  x: {field}\n{more}"


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_schema_reads_as_it_is_written() -> None:
    schema = Schema.parse(
        """
        name: admissions
        target: readmitted
        model: {family: gan, epochs: 3}
        fields:
          id: {kind: identifier, pattern: "A-[0-9]{7}"}
          age: {kind: number, integer: true, min: 0, max: 120}
          weight: {kind: number, decimals: 1, nullable: true}
          admitted: {kind: datetime, format: "%Y-%m-%d"}
          discharged: {kind: datetime, nullable: yes}
          smoker: {kind: boolean, description: "now, or ever"}
          readmitted: {kind: category, values: [NO, "<30", on, yes, 2020-01-01, null ish, 'null']}
        constraints:
          - {kind: ordered, low: admitted, high: discharged}
          - {kind: combinations, fields: [smoker, readmitted]}
          - {kind: unique, fields: [id]}
          - {kind: rule, rule: "age < 18 or weight > 20"}
        """
    )
    assert list(schema.fields) == ["id", "age", "weight", "admitted", "discharged", "smoker", "readmitted"]
    assert schema.fields["readmitted"].values == ["NO", "<30", "on", "yes", "2020-01-01", "null ish", "null"]
    assert schema.fields["discharged"].nullable
    assert (schema.model.family, schema.model.options) == ("gan", {"epochs": 3})
    assert [type(one) for one in schema.constraints] == [Ordered, Combinations, Unique, RowRule]
    assert Schema.parse(schema.dump()) == schema


def test_a_model_may_be_a_name_alone_and_anchors_merge() -> None:
    schema = Schema.parse(
        "model: vae\nfields:\n  a: &base {kind: number, min: 0}\n  b: {<<: *base, max: 5}\nconstraints:\n"
    )
    assert schema.model == Model(family="vae")
    assert schema.fields["b"] == Number(min=0, max=5)
    assert schema.constraints == ()


def test_a_suite_is_taken_from_beside_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "a.yaml"
    path.parent.mkdir()
    path.write_text(only("{kind: boolean}", "suite: own.json\n"), encoding="utf-8")
    assert Schema.load(path).suite == str(tmp_path / "sub" / "own.json")
    path.write_text(only("{kind: boolean}", "suite: /elsewhere/own.json\n"), encoding="utf-8")
    assert Schema.load(path).suite == "/elsewhere/own.json"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b""])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "field.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SchemaError, match=re.escape(str(path))):
        Schema.load(path)
    with pytest.raises(SchemaError):
        Schema.load(tmp_path)


BAD = [
    # where it is wrong, what the message must say
    ("", "found NoneType"),
    ("- a", "found list"),
    ("just words", "found str"),
    ("name: t", '"fields" is missing'),
    ("fields: {}", '"fields" is missing'),
    ("fields: [a, b]", 'fields: found ["a", "b"]'),
    ("fields: 5", "fields: found 5"),
    ("a: b: c", "line 1: not YAML"),
    ("fields:\n\tx: 1", "line 2: not YAML"),
    ("a: !!python/object/apply:os.system [true]", "not YAML"),
    ("a: !!int x", "not YAML"),
    ("a: 0b_", "not YAML"),
    ("? [a]\n: b", "not YAML"),
    ("[" * 3000, "not YAML"),
    ("a: \x07", "not YAML"),
    ("name: a\nname: b\n" + only("{kind: boolean}"), 'line 2: not YAML: key "name" stands twice'),
    (only("{kind: boolean}", "  x: {kind: number}\n"), 'line 3: not YAML: key "x" stands twice'),
    ("fields:\n  1: {kind: boolean}", "key 1 is not text; put it in quotes"),
    (only("{kind: boolean}", "feilds: 1\n"), 'unknown key "feilds"; did you mean "fields"?'),
    (only("{kind: number, mim: 1}"), 'field "x": unknown key "mim"; did you mean "min"?'),
    (only("{kind: nmber}"), 'field "x": unknown kind "nmber"; did you mean "number"?'),
    (only("{min: 1}"), 'field "x": no kind given; allowed:'),
    (only("number"), 'field "x": found "number"; write a mapping with its kind'),
    (only(""), 'field "x": found null; write a mapping with its kind'),
    (only("[]"), 'field "x": found []; write a mapping with its kind'),
    (only("{kind: number, min: 90, max: 17}"), 'field "x": max 17 is below min 90'),
    (only("{kind: number, min: low}"), 'field "x", min: found "low"'),
    (only("{kind: number, min: true}"), 'field "x", min: found true; write a number'),
    (only("{kind: number, min: [1]}"), 'field "x", min: found [1]'),
    (only("{kind: number, min: .inf}"), "min inf is not a finite number"),
    (only("{kind: number, max: .nan}"), "max nan is not a finite number"),
    (only("{kind: number, decimals: 1.5}"), 'field "x", decimals: found 1.5'),
    (only("{kind: number, decimals: -1}"), 'field "x", decimals: found -1'),
    (only("{kind: number, decimals: 99}"), 'field "x", decimals: found 99'),
    (only("{kind: number, integer: true, decimals: 2}"), "integer has no decimals"),
    (only("{kind: number, integer: maybe}"), 'field "x", integer: found "maybe"'),
    (only("{kind: number, integer: true, min: 0.5}"), "min 0.5 has more decimals than the field (integer)"),
    (only("{kind: number, decimals: 1, max: 0.25}"), "max 0.25 has more decimals than the field (decimals 1)"),
    (only("{kind: category, values: [a, b, a]}"), 'value "a" stands twice in values'),
    (only("{kind: category, values: [a, 1]}"), 'field "x", values.1: found 1, a number to YAML; put it in quotes'),
    (only("{kind: category, values: [true]}"), "values.0: found true, a boolean to YAML; put it in quotes"),
    (only("{kind: category, values: []}"), 'field "x", values: found []'),
    (only("{kind: category, values: a}"), 'field "x", values: found "a"'),
    (only('{kind: datetime, format: "Y-m-d"}'), "holds no strftime code"),
    (only('{kind: datetime, format: "%Q"}'), 'format "%Q" is not understood'),
    (only('{kind: datetime, format: "%Y-%Y"}'), 'format "%Y-%Y" is not understood'),
    (only("{kind: datetime, timezone: Mars}"), 'unknown timezone "Mars"'),
    (only("{kind: datetime, timezone: ../../etc/passwd}"), "unknown timezone"),
    (only('{kind: datetime, timezone: ""}'), "unknown timezone"),
    (only("{kind: datetime, min: 1.2.2020}"), 'min "1.2.2020" does not follow format "%Y-%m-%d"'),
    (only("{kind: datetime, min: 2020-01-02, max: 2020-01-01}"), "max 2020-01-01 is below min 2020-01-02"),
    (only("{kind: image, height: 8, width: 8, nullable: true}"), "never missing"),
    (only("{kind: identifier, pattern: 'a{3,2}'}"), "counts from 3 down to 2"),
    (only("{kind: personal, provider: ibann}"), 'no provider "ibann"; did you mean "iban"?'),
    (only("{kind: personal, provider: full_name, locale: xx}"), "xx"),
    (only("{kind: personal, provider: full_name, sex: y}"), 'no learned field "y" to fit'),
    (only("{kind: boolean}", "subject: y\n"), 'subject: no field "y"'),
    (only("{kind: category}", "subject: x\n"), "{kind: identifier, unique: false}"),
    (only("{kind: identifier}", "subject: x\ntarget: x\n"), "is the target too"),
    (only('{kind: identifier, pattern: ""}'), "pattern is empty"),
    (only('{kind: identifier, pattern: "a+"}'), 'not understood from "+" on'),
    (only('{kind: identifier, pattern: "[^a]"}'), 'class "[^a]" is not understood'),
    (only('{kind: identifier, pattern: "[z-a]"}'), 'class "[z-a]" is not understood'),
    (only('{kind: identifier, pattern: "[#-%]"}'), 'class "[#-%]" is not understood'),
    (only('{kind: identifier, pattern: "\\\\n"}'), "is not understood"),
    (only('{kind: identifier, pattern: "a{999999999999}"}'), "more than 256 characters"),
    (only('{kind: identifier, integer: true, pattern: "[A-Z]{3}"}'), "at most 18 digits"),
    (only("{kind: boolean}", "target: y\n"), 'target: no field "y"'),
    (only("{kind: boolean}", "constraints: [{kind: unique, fields: [y]}]\n"), 'constraint 1: no field "y"'),
    (only("{kind: boolean}", "constraints: [{kind: unique, feilds: [x]}]\n"), 'constraint 1: "fields" is missing'),
    (only("{kind: boolean}", "constraints: [{kind: uniqe, fields: [x]}]\n"), 'constraint 1: unknown kind "uniqe"'),
    (only("{kind: boolean}", "constraints: [{kind: rule, rule: y > 1}]\n"), 'constraint 1: no field "y"'),
    (only("{kind: boolean}", "constraints: [{kind: rule, rule: x()}]\n"), 'constraint 1: rule "x()": Call is not'),
    (only("{kind: boolean}", "constraints: [{kind: ordered, low: x}]\n"), 'constraint 1: "high" is missing'),
    (only("{kind: boolean}", "constraints: [{kind: ordered, low: x, high: x}]\n"), 'low and high are both "x"'),
    (only("{kind: boolean}", "constraints: [x]\n"), 'constraint 1: found "x"; write a mapping with its kind'),
    (only("{kind: boolean}", "constraints: {a: b}\n"), "constraints: found"),
    (
        only("{kind: boolean}", "  y: {kind: number}\nconstraints: [{kind: ordered, low: x, high: y}]\n"),
        'constraint 1: compares boolean "x" with number "y"',
    ),
    (only("{kind: boolean}", "name: [1]\n"), "name: found [1]"),
    (only("{kind: boolean}", "suite: 5\n"), "suite: found 5, a number to YAML"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[words for _, words in BAD])
def test_bad_input_is_refused_in_one_line_that_says_where(text: str, words: str) -> None:
    with pytest.raises(SchemaError) as caught:
        Schema.parse(text, source="field/my.yaml")
    message = str(caught.value)
    assert message.startswith("field/my.yaml")
    assert words in message
    assert "\n" not in message
    assert len(message) < 400


# --- dump and parse ---------------------------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
awkward = st.sampled_from(
    [
        "NO",
        "yes",
        "1",
        "1e5",
        "null",
        "~",
        "a: b",
        "# no",
        "a\nb",
        " x ",
        "=",
        "<<",
        "é",
        "\u2028",
        "0x1",
        "-",
        "[",
        "{a}",
        "'",
        '"',
        "2020-01-01",
        "12:30",
        "\x85",
        "\ufeff",
    ]
)
names = st.one_of(words, awkward)
bounds = st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 10**6)).map(lambda pair: (pair[0], sum(pair)))
fields = st.one_of(
    st.builds(Boolean, nullable=st.booleans(), description=st.none() | names),
    st.builds(
        lambda ends, nullable: Number(integer=True, min=ends[0], max=ends[1], nullable=nullable), bounds, st.booleans()
    ),
    st.builds(
        lambda low, decimals: Number(min=round(low, decimals), decimals=decimals),
        st.floats(-1e6, 1e6),
        st.integers(0, 12),
    ),
    st.builds(lambda low: Number(min=low), st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(lambda values: Category(values=values), st.lists(names, min_size=1, max_size=4, unique=True)),
    st.builds(Category, rare=names, nullable=st.booleans()),
    st.sampled_from([Datetime(), Datetime(format="%H:%M"), Datetime(timezone="Europe/Berlin", min="1850-02-03")]),
    st.sampled_from(
        [Identifier(), Identifier(pattern=r"\d{3}-[A-Z#:]\w"), Identifier(pattern="[1-9][0-9]{4}", integer=True)]
    ),
)


@settings(max_examples=120, deadline=None, database=None)
@given(
    name=names,
    columns=st.dictionaries(names, fields, min_size=1, max_size=5),
    family=st.sampled_from(["transformer", "gan"]),
    options=st.dictionaries(st.sampled_from(["epochs", "rate"]), st.integers(0, 9) | st.floats(0, 1)),
    data=st.data(),
)
def test_what_is_dumped_parses_to_the_same(name: str, columns: dict, family: str, options: dict, data) -> None:  # type: ignore[no-untyped-def]
    chosen = st.sampled_from(list(columns))
    constraints = data.draw(
        st.lists(
            st.one_of(
                st.builds(lambda one: Unique(fields=[one]), chosen),
                st.builds(lambda one: RowRule(rule=f"`{one}` = 'x: #'"), chosen.filter(lambda one: "`" not in one)),
            ),
            max_size=2,
        )
        if any("`" not in one for one in columns)
        else st.just([])
    )
    schema = Schema(
        name=name,
        target=data.draw(st.none() | chosen),
        model=Model(family=family, **options),
        fields=columns,
        constraints=constraints,
    )
    text = schema.dump(dict.fromkeys(columns, "look here"))
    assert Schema.parse(text) == schema
    assert list(Schema.parse(text).fields) == list(columns)


def test_the_json_schema_knows_every_kind() -> None:
    text = str(json_schema())
    assert all(word in text for word in ("identifier", "datetime", "combinations", "decimals", "timezone"))


# --- infer ------------------------------------------------------------------------------------------------------------


def guessed(cells: object, name: str = "x"):  # type: ignore[no-untyped-def]
    schema, found = infer(pd.DataFrame({name: cells}))
    notes = found.notes
    assert Schema.parse(schema.dump(notes)) == schema
    column = schema.read(pd.DataFrame({name: cells}))[name]
    field = schema.fields[name]
    assert field.nullable == bool(column.isna().any())
    field.fit(column, name, np.random.default_rng(0))
    return field, notes[name]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def texts(values: object) -> list[str]:
    return [str(value) for value in values]  # type: ignore[attr-defined]


def times(unit: str, count: int, step: int) -> pd.Series:
    return pd.Series(np.datetime64("2020-01-01T00:00:00", "us") + np.arange(count) * np.timedelta64(step, unit))


def kinds() -> dict[str, tuple[object, type, dict]]:
    draw = rng()
    latitudes = np.round(draw.uniform(45, 55, ROWS), 4)
    whole = draw.integers(10_000, 99_999, ROWS)
    return {
        "latitudes as text": (texts(latitudes), Number, {"decimals": 4}),
        "latitudes of one width": ([f"{v:.4f}" for v in latitudes], Number, {"decimals": 4}),
        "negative longitudes": ([f"-{v:.4f}" for v in latitudes], Number, {"max": 0.0}),
        "years": (draw.integers(1999, 2021, ROWS), Number, {"integer": True}),
        "integers written 20000.0": ([f"{v}.0" for v in whole], Number, {"integer": True}),
        "integers that missing values made floats": ([1.0, None] * ROWS, Number, {"integer": True, "nullable": True}),
        "numbers and NA words": ([*texts(whole), "NA", "n/a", " "], Number, {"nullable": True}),
        "unique floats": (draw.random(ROWS), Number, {"integer": False}),
        "exponents": (["1e5", "2.5e-3", "7"] * 20, Number, {}),
        "zeros and ones": ([0, 1] * ROWS, Number, {"min": 0, "max": 1}),
        "negative zeros": ([-0.0, 1.5] * ROWS, Number, {"min": 0, "decimals": 1}),
        "constants": ([7] * ROWS, Number, {"min": 7, "max": 7}),
        "decimal objects": ([Decimal("1.25"), Decimal("2.50")] * ROWS, Number, {"decimals": 2}),
        "Int64": (pd.array([1, None] * ROWS, dtype="Int64"), Number, {"integer": True}),
        "categorical numbers": (pd.Categorical([1.5, 2.5] * ROWS), Number, {"decimals": 1}),
        "arrow": (pd.array([1, 2, None] * ROWS, dtype="int64[pyarrow]"), Number, {"integer": True}),
        "the ends of int64": ([-(2**63), 2**63 - 1] * 3 + [0] * 20, Number, {"min": None, "max": None}),
        "huge floats": ([1.7e308, -1.7e308, 5e-324] * 7, Number, {"min": None, "max": None}),
        "counts upwards": (range(1, ROWS + 1), Identifier, {"start": 1}),
        "integers named id": (draw.permutation(10**6)[:ROWS], Identifier, {"integer": True}),
        "codes with a letter": ([f"P-{i:05}" for i in range(ROWS)], Identifier, {}),
        "digits with leading zeros, unique": ([f"{i:06}" for i in range(ROWS)], Identifier, {"integer": False}),
        "uuids": ([str(uuid.UUID(int=i * 2**97 + i, version=4)) for i in range(ROWS)], Identifier, {}),
        "codes with leading zeros": ([f"{i % 9:03}" for i in range(ROWS)], Category, {}),
        "codes of twenty digits": (["12345678901234567890", "98765432109876543210"] * ROWS, Category, {}),
        "zip codes": (texts(draw.choice([10115, 20095, 80331], ROWS)), Category, {}),
        "phone numbers": ([f"+49 30 {v}" for v in whole], Personal, {"provider": "phone"}),
        "percents": ([f"{v % 100}%" for v in whole], Number, {"integer": True, "suffix": "%"}),
        "amounts": ([f"${v:,}.00" for v in whole], Number, {"decimals": 2, "prefix": "$", "thousands": ","}),
        "free text": ([f"patient {i} said {'a ' * (i % 7)}" for i in range(ROWS)], Text, {}),
        "yes and no": (["yes", "no"] * ROWS, Category, {"values": ["no", "yes"]}),
        "numbers with one word": ([*texts(whole), "unknown"], Category, {}),
        "nothing": ([None] * ROWS, Category, {"nullable": True}),
        "blanks": (["", " "] * ROWS, Category, {"nullable": True}),
        "intervals": (["[0-10)", "[10-20)"] * ROWS, Category, {}),
        "true and false": (["TRUE", "false", ""] * ROWS, Boolean, {"nullable": True}),
        "booleans": ([True, False] * ROWS, Boolean, {"nullable": False}),
        "boolean objects": (pd.Series([True, None] * ROWS, dtype=object), Boolean, {"nullable": True}),
        "days, each once": (times("D", ROWS, 1).dt.strftime("%Y-%m-%d"), Datetime, {"format": "%Y-%m-%d"}),
        "old days": (["0001-01-01", "1850-05-05", "1899-12-31"] * 20, Datetime, {"format": "%Y-%m-%d"}),
        "German days": (["31.12.2020", "01.01.2021"] * 20, Datetime, {"format": "%d.%m.%Y"}),
        "American days": (["12/31/2020", "01/01/2021"] * 20, Datetime, {"format": "%m/%d/%Y"}),
        "moments": (times("s", ROWS, 61).dt.strftime("%Y-%m-%d %H:%M:%S"), Datetime, {"timezone": None}),
        "moments with T": (times("s", ROWS, 61).dt.strftime("%Y-%m-%dT%H:%M:%S"), Datetime, {}),
        "moments with T and Z": (times("s", ROWS, 61).dt.strftime("%Y-%m-%dT%H:%M:%SZ"), Datetime, {"timezone": "UTC"}),
        "fractions and Z": ([f"2020-01-01T00:00:00.{i:03}Z" for i in range(ROWS)], Datetime, {"timezone": "UTC"}),
        "offsets": ([f"2020-01-01T{i % 24:02}:00:00+02:00" for i in range(ROWS)], Datetime, {"timezone": "+02:00"}),
        "datetime64, each once": (times("s", ROWS, 1), Datetime, {"format": "%Y-%m-%dT%H:%M:%S"}),
        "datetime64 of a zone": (
            times("D", 50, 1).dt.tz_localize("Europe/Berlin"),
            Datetime,
            {"timezone": "Europe/Berlin"},
        ),
        "datetime64 of an offset": (times("s", 50, 1).dt.tz_localize("+02:00"), Datetime, {"timezone": "UTC+02:00"}),
        "date objects": ([dt.date(1, 1, 1), dt.date(2020, 1, 2), None] * 20, Datetime, {"nullable": True}),
        "datetime objects": (pd.Series([dt.datetime(2020, 1, 2, 3), None] * 20, dtype=object), Datetime, {}),
        "arrow dates": (pd.array([dt.date(2020, 1, 2), None] * 20, dtype="date32[pyarrow]"), Datetime, {}),
        "arrow times": (pd.array([dt.datetime(2020, 1, 2, 3)] * 20, dtype="timestamp[us][pyarrow]"), Datetime, {}),
        "arrow booleans": (pd.array([True, None] * 20, dtype="bool[pyarrow]"), Boolean, {}),
    }


@pytest.mark.parametrize("name", kinds())
def test_infer_takes_a_column_for_what_it_is(name: str) -> None:
    cells, kind, keys = kinds()[name]
    named = {"integers named id": "id", "zip codes": "zip_code"}
    field, _ = guessed(cells, named.get(name, "x"))
    assert isinstance(field, kind)
    assert {key: getattr(field, key) for key in keys} == keys
    if name == "uuids":
        assert str(field.pattern).count("-") >= 4


@pytest.mark.parametrize("name", ["paid", "valid", "covid", "bid"])
def test_a_word_that_ends_in_id_names_no_identifier(name: str) -> None:
    assert guessed(rng().permutation(10**6)[:ROWS], name)[0].kind == "number"


@pytest.mark.parametrize("name", ["id", "ID", "patient_id", "patientId", "PatientID", "order no"])
def test_what_names_an_identifier(name: str) -> None:
    assert guessed(rng().permutation(10**6)[:ROWS], name)[0].kind == "identifier"


@pytest.mark.parametrize("most", [1_000, 5_000, 10**6])
def test_keys_that_are_numbers_match_the_pattern_that_is_guessed_of_them(most: int) -> None:
    keys = rng().permutation(most)[:ROWS]
    field = guessed(keys, "id")[0]
    assert isinstance(field, Identifier)
    assert field.integer
    values = field.parse(pd.Series(keys), "id")
    found = field.conforms(values)
    assert found is not None
    assert found.all()
    made = field.fit(values, "id", rng()).decode({}, Rows(0, np.arange(200)))
    assert field.conforms(made).all()


def test_a_key_that_does_not_match_its_pattern_is_refused() -> None:
    parsed = Schema.parse("fields: {i: {kind: identifier, pattern: '[1-9][0-9]{2}', integer: true}}")
    with pytest.raises(GateError, match=r"2 of 4 rows failed: exactly\(i: "):
        validate(parsed.read(pd.DataFrame({"i": [100, 999, 99, 1000]})), parsed)
    padded = Schema.parse("fields: {i: {kind: identifier, pattern: '[0-9]{5}', integer: true}}")
    assert validate(padded.read(pd.DataFrame({"i": [7, 12345]})), padded).verdict().passed


def test_digits_in_groups_are_keys_where_they_part_no_thousands() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(100, 1000, (ROWS, 3))
    field = guessed([f"{one} {two} {three} {row:05}" for row, (one, two, three) in enumerate(groups)])[0]
    assert isinstance(field, Identifier)
    assert field.pattern.startswith("[0-9]{3}\\ [0-9]{3}\\ [0-9]{3}\\ ")
    assert isinstance(guessed([f"{one} {two}" for one, two, _ in groups])[0], Number)


def test_keys_may_be_missing() -> None:
    field = guessed([*(f"P-{i:05}" for i in range(ROWS)), None])[0]
    assert field == Identifier(pattern="P-[0-9]{5}", nullable=True)


def test_booleans_are_written_in_the_words_of_the_column() -> None:
    field = guessed(["True", "False"] * 50)[0]
    assert field.words == ("True", "False")
    assert field.write(pd.Series([True, False])).tolist() == ["True", "False"]
    assert guessed([True, False] * 50)[0].words == ("true", "false")
    with pytest.raises(SchemaError, match="do not tell true from false"):
        Schema(fields={"x": Boolean(words=("no", "yes"))})


def test_notes_say_what_to_look_at() -> None:
    assert "could also be day/month/year" in guessed(["01/02/2020", "03/04/2020"] * 20)[1]
    assert "looks like amounts" in guessed([f"{v},234.5 €" if v % 2 else f"{v}.234,5 €" for v in range(ROWS)])[1]
    assert "100% of the cells" in guessed([f"note {'x' * i}" for i in range(ROWS)])[1]
    schema, found = infer(pd.DataFrame({"x": [np.inf, *rng().random(30)]}))
    notes = found.notes
    assert notes["x"].startswith("1 infinite cells, mend them")
    with pytest.raises(DataError, match=r"1 cell \(row 1\) cannot be read as number"):
        schema.read(pd.DataFrame({"x": [np.inf, 1.0]}))


def test_notes_of_numbers_say_rounded_only_of_what_was_rounded() -> None:
    assert guessed([10, 20, 30, 40] * 10)[1] == ""
    assert guessed((rng().permutation(40) + rng().random(40)).round(2))[1] == "range rounded outwards"
    beyond = "no max, because bounds would show a few values beyond the rest, which are not learned"
    assert guessed([10, 20, 30, 40] * 10 + [10**6])[1] == beyond
    assert guessed([0, 1] * 20)[1] == "just 0 and 1: if they mean no and yes, make it a boolean"


@settings(max_examples=60, deadline=None, database=None)
@given(
    values=st.lists(st.one_of(st.integers(-(2**62), 2**62), st.integers(-999, 999)), min_size=20, max_size=60)
    | st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 2) + 0.0), min_size=20, max_size=60)
)
def test_bounds_hold_and_never_show_a_rare_extreme(values: list) -> None:
    field = infer(pd.DataFrame({"x": values}))[0].fields["x"]
    if field.kind != "number":
        return
    assert field.min is None or field.min <= min(values)
    assert field.max is None or field.max >= max(values)
    for bound, end in ((field.min, min(values)), (field.max, max(values))):
        assert bound != end or end == 0 or values.count(end) >= 8


def test_nothing_rare_stands_in_the_yaml() -> None:
    frame = pd.DataFrame(
        {
            "city": ["Rome"] * 100 + ["Oslo"] * 50 + ["Thule"] * 4,
            "name": [f"Jane-{i} Doe" for i in range(154)],
            "salary": [*rng().integers(20_000, 90_000, 153), 987_654],
            "born": pd.to_datetime("1950-01-01") + pd.to_timedelta(rng().integers(0, 9000, 154), "D"),
            "amount": [*(["1,000.00"] * 153), "9,876.54"],
        }
    )
    schema, found = infer(frame)
    notes = found.notes
    text = schema.dump(notes)
    assert not re.search(r"Thule|Jane|987.?654|9,876|19[5-7]\d-", text)
    for value in frame["salary"]:
        assert str(value) not in text


def test_rare_values_reach_neither_codec_nor_rows() -> None:
    frame = pd.DataFrame(
        {"city": ["Rome"] * 100 + ["Oslo"] * 50 + ["Thule"] * 4, "salary": [*range(20_000, 20_153), 987_654]}
    )
    schema = Schema.infer(frame)
    for seed in range(5):
        for name, column in schema.read(frame).items():
            codec = schema.fields[name].fit(column, str(name), np.random.default_rng(seed))
            assert not re.search(r"Thule|987654|20152|20000\b", str(codec.to_json()))


def test_a_hundred_thousand_categories_leave_what_is_frequent() -> None:
    column = pd.Series([*(f"v{i}" for i in range(100_000)), *(["often"] * 50)], dtype="str")
    codec = Category().fit(column, "x", rng())
    assert codec.to_json()["body"] == {"values": ["often"], "rare": "_RARE_"}
    many = pd.Series(np.repeat([f"v{i}" for i in range(20_000)], 10), dtype="str")
    assert len(Category().fit(many, "x", rng()).to_json()["body"]["values"]) == 8192


def test_frames_are_read_in_the_schemas_order_by_names_of_text() -> None:
    schema = Schema.infer(pd.DataFrame(np.arange(60).reshape(30, 2) % 7))
    assert list(schema.fields) == ["0", "1"]
    frame = pd.DataFrame({1: range(30), "more": "x", 0: range(30)})
    assert schema.read(frame).columns.tolist() == ["0", "1"]


def test_frames_that_do_not_fit_are_refused() -> None:
    schema = Schema.parse("fields: {age: {kind: number}}")
    with pytest.raises(DataError, match=r'no column "age", which the schema names; did you mean "Age"\?'):
        schema.read(pd.DataFrame({"Age": [1]}))
    with pytest.raises(DataError, match='two columns are named "age"'):
        schema.read(pd.DataFrame([[1, 2]], columns=["age", "age"]))
    with pytest.raises(DataError, match='two columns are named "1"'):
        infer(pd.DataFrame([[1, 2]], columns=[1, "1"]))
    with pytest.raises(DataError, match="no columns"):
        infer(pd.DataFrame(index=range(3)))
    with pytest.raises(
        DataError, match=r'data, column "age": 1 cell \(row 2\) cannot be read as number; allowed are finite'
    ):
        schema.read(pd.DataFrame({"age": ["1", "x"]}))


@pytest.mark.parametrize("name", ["adult", "default", "diabetes"])
def test_real_tables_infer_and_read(name: str) -> None:
    path = DATA / name / "train.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, nrows=5000)
    schema, found = infer(frame, name)
    notes = found.notes
    assert Schema.parse(schema.dump(notes)) == schema
    read = schema.read(frame)
    assert read.columns.tolist() == frame.columns.tolist()
    for column_name, field in schema.fields.items():
        codec = field.fit(read[column_name], column_name, rng())
        codec.encode(read[column_name])


# --- numbers as text: read exactly ------------------------------------------------------------------------------------


def test_integers_are_read_exactly_whatever_stands_beside_them() -> None:
    column = Number(integer=True, nullable=True).parse(
        pd.Series(["9007199254740993", "20000.0", "NA", "-9223372036854775808", "9223372036854775807", "+5", "7."]), "x"
    )
    assert column.tolist() == [9007199254740993, 20000, pd.NA, -(2**63), 2**63 - 1, 5, 7]


@pytest.mark.parametrize("cell", ["1.5", "inf", "1_000", "0x10", "9223372036854775808", "-1e30", "!", "1,5"])
def test_what_is_no_integer_is_refused(cell: str) -> None:
    with pytest.raises(DataError, match=r"1 cell \(row 2\) cannot be read as number; allowed are 64-bit integers"):
        Number(integer=True).parse(pd.Series(["5", cell]), "x")


def test_an_hour_that_comes_twice_is_read_and_one_that_never_came_is_refused() -> None:
    field = Datetime(format="%Y-%m-%d %H:%M", timezone="Europe/Berlin")
    assert field.parse(pd.Series(["2021-10-31 02:30"]), "x")[0] == pd.Timestamp("2021-10-31 00:30", tz="UTC")
    with pytest.raises(DataError, match="in Europe/Berlin; mend the cells or the format"):
        field.parse(pd.Series(["2021-03-28 02:30"]), "x")


@pytest.mark.parametrize(
    ("before", "remark_stays"),
    [("", True), ("model: gan  # for now\n", True), ("model:\n  family: gan\n", False)],
    ids=["no model", "one line", "several lines"],
)
def test_another_model_goes_into_the_text_of_a_schema(before: str, remark_stays: bool) -> None:
    text = f"name: shells\n{before}fields:  # all of them\n  size: {{kind: boolean}}\n"
    schema = Schema.parse(text).model_copy(update={"model": Model(family="vae", latent=4)})
    written = schema.into(text)
    assert Schema.parse(written) == schema
    assert ("# all of them" in written) == remark_stays


def test_another_model_goes_into_a_schema_that_quotes_its_keys() -> None:
    text = '"fields":\n  size: {kind: boolean}\n'
    schema = Schema.parse(text).model_copy(update={"model": Model(family="vae", latent=4)})
    assert Schema.parse(schema.into(text)) == schema


# --- a schema cannot be built wrong -----------------------------------------------------------------------------------


PATIENTS = Schema(name="patients", fields={"age": Number(integer=True), "smoker": Boolean()}, target="smoker")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fields": {"x": Number()}, "target": "y"}, 'schema, target: no field "y"'),
        ({"fields": {"x": {"kind": "nmber"}}}, 'schema, field "x": unknown kind "nmber"'),
        ({"fields": {"x": Number(min=2, max=1)}}, 'field "x": max 1 is below min 2'),
        ({"fields": {"x": Number()}, "require": {"shape": 1}}, 'no score "shape"; did you mean "shapes"'),
        ({"fields": {}}, "schema, fields: found {}"),
        ({}, '"fields" is missing'),
    ],
)
def test_python_builds_no_schema_that_contradicts_itself(given: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        Schema(**given)


def test_replace_changes_what_it_names_and_nothing_else() -> None:
    changed = PATIENTS.replace(target=None, require={"shapes": 0.9}, model="vae")
    assert (changed.target, changed.require, changed.model) == (None, {"shapes": 0.9}, Model(family="vae"))
    assert (changed.name, changed.fields) == (PATIENTS.name, PATIENTS.fields)
    assert PATIENTS.target == "smoker"
    assert changed.replace(target="smoker", require={}, model="transformer") == PATIENTS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "smokr"}, 'schema, target: no field "smokr"; did you mean "smoker"?'),
        ({"targt": "age"}, 'schema: unknown key "targt"; did you mean "target"?'),
        ({"subject": "age"}, "subject"),
        ({"fields": {"age": Number()}}, 'target: no field "smoker"'),
    ],
)
def test_replace_is_checked(changes: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        PATIENTS.replace(**changes)


def test_replace_field_changes_one_field() -> None:
    changed = PATIENTS.replace_field("age", max=120, nullable=True)
    assert changed.fields == {"age": Number(integer=True, max=120, nullable=True), "smoker": Boolean()}
    assert list(changed.fields) == ["age", "smoker"]


def test_replace_field_changes_a_kind() -> None:
    schema = PATIENTS.replace_field("age", nullable=True, description="in years")
    assert schema.replace_field("age", Text(min_length=2)).fields["age"] == Text(min_length=2)
    assert schema.replace_field("age", Text(), nullable=True).fields["age"] == Text(nullable=True)
    changed = schema.replace_field("age", kind="category", values=["1", "2"]).fields["age"]
    assert changed == Category(values=["1", "2"], nullable=True, description="in years")
    assert schema.replace_field("age", kind="number") == schema
    with pytest.raises(SchemaError, match='unknown kind "numbr"; did you mean "number"'):
        schema.replace_field("age", kind="numbr")


def test_what_is_read_is_a_frame() -> None:
    with pytest.raises(InputError, match=r"Schema\.read takes a DataFrame, not str; read a file with read_table"):
        PATIENTS.read("patients.csv")


def test_a_schema_is_short_to_look_at() -> None:
    assert repr(PATIENTS) == "Schema('patients', 2 fields, target 'smoker')"
    assert repr(Schema(fields={"age": Number()})) == str(Schema(fields={"age": Number()})) == "Schema('table', 1 field)"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Number(intger=True), 'Number: unknown key "intger"; did you mean "integer"?'),
        (lambda: Number(decimals=-1), "Number, decimals: found -1; allowed is greater than or equal to 0"),
        (lambda: Personal(), 'Personal: "provider" is missing'),
        (lambda: Ordered(low="age"), 'Ordered: "high" is missing'),
    ],
)
def test_a_wrong_declaration_in_python_is_one_line(build: Callable[[], object], message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        build()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latnt": 4}, 'model: "latnt" is no setting of vae; did you mean "latent"?'),
        ({"latent": 5}, "model: latent 5 is odd; coupling layers need two halves"),
        ({"latent": 0}, "model, latent: found 0; allowed is greater than 0"),
    ],
)
def test_wrong_settings_say_the_same_typed_and_as_a_mapping(options: dict, message: str) -> None:
    for build in (lambda: VAE(**options), lambda: model_settings("vae", options)):
        with pytest.raises(SchemaError) as caught:
            build()
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("agee", {"max": 1}, 'schema: no field "agee"; did you mean "age"?'),
        ("age", {"maxx": 1}, 'field "age": unknown key "maxx"; did you mean "max"?'),
        ("age", {"max": "many"}, 'field "age", max: found "many"'),
        ("age", {"max": 0.5}, 'field "age": max 0.5 has more decimals'),
    ],
)
def test_replace_field_is_checked(name: str, changes: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)):
        PATIENTS.replace_field(name, **changes)


def test_what_was_copied_unchecked_is_checked_before_it_is_learned() -> None:
    unchecked = PATIENTS.model_copy(update={"target": "Chrun"})
    frame = pd.DataFrame({"age": range(40), "smoker": [True, False] * 20})
    for learn in (train, lambda table, schema: Synthesizer.fit(table, schema, model="marginals")):
        with pytest.raises(SchemaError, match='no field "Chrun"'):
            learn(frame, unchecked)
    with pytest.raises(SchemaError, match='no field "Chrun"'):
        evaluate(frame, frame, schema=unchecked)


def test_a_schema_is_inferred_with_a_target_and_from_a_path(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": range(40), "smoker": ["true", "false"] * 20})
    frame.to_csv(tmp_path / "patients.csv", index=False)
    read = Schema.infer(tmp_path / "patients.csv", "patients", target="smoker")
    assert read == Schema.infer(frame, "patients").replace(target="smoker")
    with pytest.raises(SchemaError, match='target: no field "smokr"; did you mean "smoker"'):
        Schema.infer(frame, target="smokr")


class Settings(BaseModel):
    """As a family's settings class is: a model of pydantic that says its family."""

    family: ClassVar[str] = "vae"
    latent: int = 8
    epochs: int = 100


def test_typed_settings_are_a_model() -> None:
    typed = Settings(latent=4)
    schema = PATIENTS.replace(model=typed)
    assert schema.model == Model(family="vae", latent=4)
    assert Schema.parse(schema.dump()) == schema
    scan = Image(height=8, width=8, model=typed)
    assert scan == Image(height=8, width=8, model={"family": "vae", "latent": 4})
    assert Text(model=typed).generator() == {"family": "vae", "latent": 4}


def test_each_set_of_kinds_is_written_once() -> None:
    assert all(kind.model_fields["kind"].default == name for name, kind in {**KINDS, **CONSTRAINTS}.items())
    assert list(KINDS)[-1] == "category"  # which takes any column: `Schema.infer` asks it last
    assert list(CONSTRAINTS) == ["ordered", "sum", "product", "combinations", "unique", "coordinates", "rule"]
