"""What counts rows for privacy counts subjects: what a person shows again and again stays that person's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdata.augmentation import Amount, augment
from synthdata.augmentation.amounts import Additions
from synthdata.encoding.copied_columns import CopiedColumns
from synthdata.encoding.functional_dependencies import FunctionalDependencies
from synthdata.errors import ConditionError, DataError, InputError
from synthdata.fields import Category, Datetime, Number, Text
from synthdata.fields.quantiles import Quantiles
from synthdata.fields.sharing import Sharing, Sizes
from synthdata.fields.text.tokenizer import Tokenizer
from synthdata.models.text.packing import pack
from synthdata.models.training.plan import Run
from synthdata.progress import Progress
from synthdata.schema import Schema
from synthdata.schema.constraints import Combinations
from synthdata.subjects import Subjects
from synthdata.synthesizer import Synthesizer

ROWS, PEOPLE = 600, 60
WHO = np.repeat(np.arange(PEOPLE), ROWS // PEOPLE)
WHOSE = Subjects(ROWS, WHO)


def unheard(progress: Progress) -> None:
    """Somebody who listens, so that remarks are no warnings."""


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- subjects ----------------------------------------------------------------------------------------------------


def test_a_row_that_names_nobody_is_its_own_subject() -> None:
    frame = pd.DataFrame({"a": ["x", "x", None, None, "y"], "b": ["1", "2", "1", "1", "1"]})
    assert Subjects.of(frame, ["a"]).people == 4
    assert Subjects.of(frame, ["a", "b"]).people == 5
    assert Subjects.of(frame, []).people == 5
    assert Subjects.of(frame.assign(c=1), ["b"]).people == 2


def test_a_code_counts_once_a_subject() -> None:
    subjects = Subjects(6, np.array([0, 0, 0, 1, 1, 2]))
    assert subjects.count(np.array([0, 0, 1, 0, 0, 1]), 3).tolist() == [2, 2, 0]
    assert subjects.count_values(pd.Series(["a", "a", "b", "a", None, "b"])).to_dict() == {"a": 2, "b": 2}


def test_a_subject_has_at_most_so_many_rows_and_small_ones_lose_none() -> None:
    numbers = np.repeat(np.arange(20), np.arange(1, 21))
    stay = Subjects(len(numbers), numbers).capped(7, rng())
    assert np.bincount(numbers[stay]).tolist() == [min(size, 7) for size in range(1, 21)]
    assert (np.diff(stay) > 0).all()


def test_whole_subjects_are_set_aside() -> None:
    aside = WHOSE.divided(0.1, rng())
    assert 0.05 <= aside.mean() <= 0.15
    assert not set(WHO[aside]) & set(WHO[~aside])


# --- codecs ------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, database=None)
@given(
    seed=st.integers(0, 10**6),
    people=st.integers(1, 60),
    shape=st.sampled_from(["few", "normal", "own", "squares"]),
    rows=st.integers(60, 400),
)
def test_every_atom_level_and_end_stands_for_five_subjects(seed: int, people: int, shape: str, rows: int) -> None:
    who = rng(seed).integers(0, people, rows)
    values = {
        "few": rng(seed).integers(0, 50, rows),
        "normal": rng(seed).normal(0, 1, rows),
        "own": who * 10 + rng(seed).integers(0, 3, rows),
        "squares": who**2,
    }[shape]
    kept = Quantiles.fit(values, rng(seed), Subjects(rows, who))
    for atom in kept.atoms:
        assert len(set(who[values == atom])) >= 5
    rest = ~np.isin(values, kept.atoms)
    for number, (low, high) in enumerate(zip(kept.lows, kept.highs, strict=True)):
        inside = rest & (values >= low) & (values <= high)
        inside |= rest & (values < low) if number == 0 else False
        inside |= rest & (values > high) if number == len(kept.lows) - 1 else False
        assert len(set(who[inside])) >= 5


@pytest.mark.parametrize("seed", range(5))
def test_an_extreme_of_one_subject_with_eight_rows_ends_no_range(seed: int) -> None:
    values = rng(seed).normal(50, 5, ROWS).round(2)
    values[:8] = 78.43942505133471
    field = Number(decimals=2)
    by_rows = field.fit(pd.Series(values), "age", rng(seed)).body.to_json()
    by_subject = field.fit(pd.Series(values), "age", rng(seed), WHOSE).body.to_json()
    assert max(by_rows["quantiles"]["atoms"] + by_rows["quantiles"]["highs"]) == 7844
    assert max(by_subject["quantiles"]["atoms"] + by_subject["quantiles"]["highs"]) < 7700


def test_a_date_of_one_subject_with_nine_rows_is_not_kept() -> None:
    days = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(rng().integers(0, 300, ROWS), unit="D"))
    days[:9] = pd.Timestamp("2035-07-07")
    kept = Datetime().fit(days.astype("datetime64[us]"), "seen", rng(), WHOSE).body.to_json()["quantiles"]
    assert max(kept["atoms"] + kept["highs"]) < pd.Timestamp("2021-01-01").timestamp() / 86400


def test_a_category_of_twenty_rows_of_one_subject_is_rare() -> None:
    values = pd.Series(rng().choice(["a", "b"], ROWS), dtype="str")
    values[:10] = "Dresden"  # all of the first subject's rows
    assert "Dresden" in Category().fit(values, "town", rng()).body.to_json()["values"]
    assert "Dresden" not in Category().fit(values, "town", rng(), WHOSE).body.to_json()["values"]


def test_init_writes_no_bound_and_no_value_of_one_subject() -> None:
    frame = pd.DataFrame({"patient_id": [f"P-{number:04}" for number in WHO], "score": rng().integers(0, 40, ROWS)})
    frame["ward"] = rng().choice(["north", "south"], ROWS)
    frame.loc[:9, ["score", "ward"]] = [77, "tower"]
    schema = Schema.infer(frame)
    assert schema.subject == ("patient_id",)
    assert schema.fields["score"] == Number(integer=True, min=0)
    assert schema.fields["ward"] == Category()
    assert Schema.infer(frame[["score", "ward"]]).fields["ward"].values == ["north", "south", "tower"]


def test_pieces_and_characters_of_one_subject_are_left_out() -> None:
    texts = ["the patient is well today"] * ROWS
    texts[:10] = ["the patient Ødegaard is well"] * 10
    by_rows, by_subject = Tokenizer.learn(texts, 400, 8), Tokenizer.learn(texts, 400, 8, WHOSE)
    assert "Ø" in by_rows.characters
    assert "Ø" not in by_subject.characters
    assert any("gaard" in token for token in by_rows.tokens)
    assert not any("gaard" in token or "ega" in token for token in by_subject.tokens)


def test_a_word_that_one_subject_repeats_is_left_out_of_what_is_learned() -> None:
    texts = pd.Series(["Visit of the patient, who is well."] * ROWS, dtype="str")
    texts[:30] = "Visit of Brakeltu, who is well."
    texts[31] = "Once only: Verhoeven."
    kept = Text().cleared(texts, WHOSE)
    assert kept[0] == "Visit of , who is well."
    assert kept[31] == texts[31]
    assert Text().cleared(texts, Subjects(ROWS)).equals(texts)


def test_combinations_of_one_subject_are_not_learned() -> None:
    frame = pd.DataFrame({"a": rng().choice(["x", "y"], ROWS), "b": ["p"] * ROWS})
    frame.loc[:11, "b"] = "q"
    frame.loc[:9, "a"] = "x"
    assert ["x", "q"] in Combinations(fields=["a", "b"]).learn(frame, rng(), Subjects(ROWS)).allowed
    assert ["x", "q"] not in Combinations(fields=["a", "b"]).learn(frame, rng(), WHOSE).allowed


def test_copied_and_dependent_columns_are_found_in_subjects_not_in_rows() -> None:
    few = Subjects(ROWS, np.repeat(np.arange(10), ROWS // 10))
    bill = pd.Series(rng().permutation(10**6)[:ROWS])
    frame = pd.DataFrame({"bill": bill, "paid": bill.where(np.arange(ROWS) < 200, bill + 7)})
    codecs = {name: Number(integer=True).fit(frame[name], name, rng()) for name in frame}
    arrays = {name: codec.encode(frame[name])[name] for name, codec in codecs.items()}
    units = {name: codec.unit for name, codec in codecs.items()}
    blocks = {name: codec.layout[name] for name, codec in codecs.items()}
    assert CopiedColumns.find(frame, units, blocks, arrays).sources
    assert not CopiedColumns.find(frame, units, blocks, arrays, few).sources
    layout = {"a": Category().fit(pd.Series(["x", "y"] * 300, dtype="str"), "a", rng()).layout["a"]}
    both = {"a": np.arange(ROWS) // 2 % 2, "b": np.arange(ROWS) // 2 % 2}
    assert FunctionalDependencies.find({"a": layout["a"], "b": layout["a"]}, both).by_column
    assert not FunctionalDependencies.find({"a": layout["a"], "b": layout["a"]}, both, few).by_column


# --- splits ------------------------------------------------------------------------------------------------------


def test_no_subject_is_validated_on_and_trained_on() -> None:
    aside = Run(seed=3, subjects=WHOSE).validation_mask(ROWS, 0.1)
    assert aside is not None
    assert not set(WHO[aside]) & set(WHO[~aside])
    assert Run(seed=3, subjects=Subjects(ROWS)).validation_mask(ROWS, 0.1) is None


def test_texts_to_validate_on_are_packed_by_themselves() -> None:
    tokens = rng().integers(1, 50, (ROWS, 12))
    aside = WHOSE.divided(0.2, rng())
    packs = pack(tokens, seed=0, validation_mask=aside)
    assert packs.validation_mask is not None
    for texts, is_aside in zip(packs.texts, packs.validation_mask, strict=True):
        assert (aside[texts[texts >= 0]] == is_aside).all()
    assert sorted(packs.texts[packs.texts >= 0]) == list(range(ROWS))


def visits(people: int = 60, rows: int = 10) -> pd.DataFrame:
    who = np.repeat(np.arange(people), rows)
    draw = rng(1)
    ward = draw.choice(["north", "south"], len(who))
    return pd.DataFrame(
        {
            "patient_id": [f"P-{number:05}" for number in who],
            "ward": ward,
            "weight": draw.normal(75, 9, len(who)).round(1),
            "outcome": np.where(draw.random(len(who)) < 0.3, "ill", "well"),
        }
    )


SCHEMA = Schema.parse(
    """
name: visits
subject: patient_id
target: outcome
model: marginals
fields:
  patient_id: {kind: identifier, pattern: "P-[0-9]{5}", unique: false}
  ward: {kind: category}
  weight: {kind: number, decimals: 1}
  outcome: {kind: category}
"""
)


def test_kinds_of_rows_that_few_subjects_have_are_not_balanced() -> None:
    frame = visits()
    frame.loc[:29, "outcome"] = "worse"  # three subjects' rows
    with pytest.raises(InputError, match="a value of 3 subjects only"):
        Additions.of(SCHEMA.read(frame), SCHEMA, Amount(balance=("outcome",)))
    with pytest.raises(ConditionError, match="fewer than 5 to 8 subjects it never learns"):
        Additions.of(SCHEMA.read(frame), SCHEMA, Amount(rows=10, where={"outcome": "worse"}))


def test_added_rows_are_of_new_people() -> None:
    frame = visits()
    made = augment(Synthesizer.fit(frame, SCHEMA), frame, Amount(rows=200))
    added = made.frame().iloc[len(frame) :]
    assert not set(added["patient_id"]) & set(frame["patient_id"])
    assert 10 <= added["patient_id"].nunique() <= 40


def test_fewer_than_twenty_subjects_are_refused() -> None:
    with pytest.raises(DataError, match="19 subjects; at least 20 are needed, since what fewer than 5 to 8"):
        Synthesizer.fit(visits(19), SCHEMA)


def test_rows_without_a_subject_are_told_of() -> None:
    frame = visits()
    frame.loc[:6, "patient_id"] = None
    schema = Schema.parse(SCHEMA.dump().replace("unique: false", "unique: false, nullable: true"))
    heard = []
    model = Synthesizer.fit(frame, schema, listener=lambda progress: heard.append(progress.detail))
    assert "7 rows do not name their subject" in "\n".join(heard)
    assert model.about["subjects"] == 59 + 7 + 1


def test_how_many_rows_of_a_subject_are_learned_is_bounded_and_said() -> None:
    heard = []
    schema = SCHEMA.model_copy(update={"rows_per_subject": 4})
    model = Synthesizer.fit(visits(), schema, listener=lambda progress: heard.append(progress.detail))
    assert model.about["rows"] == 240
    assert "at most 4 rows of a subject are learned (rows_per_subject): 240 of 600" in "\n".join(heard)
    sizes = model.sample(600)["patient_id"].value_counts()
    assert sizes.median() == 10  # as many rows share a key as in the real data, all the same


# --- keys that repeat --------------------------------------------------------------------------------------------


def test_sizes_are_those_of_the_real_rows_and_hold_no_rare_one() -> None:
    numbers = np.repeat(np.arange(300), 1 + rng().poisson(4, 300))
    numbers = np.append(numbers, np.full(500, 300))  # somebody with 500 rows
    sizes = Sizes.fit(numbers, Subjects(len(numbers), numbers), rng())
    assert max(sizes.highs) < 20
    drawn = sizes.draw(rng(), 20_000)
    assert abs(drawn.mean() - np.bincount(numbers)[:300].mean()) < 0.3


def test_levels_of_sharing_are_told_apart() -> None:
    def level(values: np.ndarray) -> str:
        return Sharing.fit(pd.Series(values), WHOSE, rng()).level

    assert level(np.arange(ROWS)) == "row"
    assert level(WHO * 7) == "person"
    assert level(WHO * 10 + rng().integers(0, 2, ROWS)) == "few"
    assert level(np.arange(ROWS) // 2) == "part"
    assert level(rng().integers(0, 40, ROWS)) == "free"


@pytest.mark.parametrize("level", ["few", "part"])
def test_values_of_a_person_are_shared_with_nobody(level: str) -> None:
    values = WHO * 10 + rng().integers(0, 2, ROWS) if level == "few" else np.arange(ROWS) // 2
    sharing = Sharing.fit(pd.Series(values), WHOSE, rng())
    numbers = sharing.numbers(ROWS, WHO, rng(5))
    assert pd.Series(WHO).groupby(numbers).nunique().max() == 1
    assert abs(len(np.unique(numbers)) - len(np.unique(values))) < 0.2 * len(np.unique(values))
    again = Sharing.from_json(sharing.to_json())
    np.testing.assert_array_equal(again.numbers(ROWS, WHO, rng(5)), numbers)


# --- keys --------------------------------------------------------------------------------------------------------


def test_keys_of_two_columns_and_two_schemas_differ_under_one_seed() -> None:
    yaml = (
        "name: {}\nfields: {{a: {{kind: identifier}}, b: {{kind: identifier}}, x: {{kind: boolean}}}}\nmodel: marginals"
    )
    keys = [str(number) for number in range(100_000_000, 100_000_060)]
    frame = pd.DataFrame({"a": keys, "b": keys, "x": [True, False] * 30})
    one, two = (Synthesizer.fit(frame, Schema.parse(yaml.format(name))).sample(50) for name in ("one", "two"))
    assert not set(one["a"]) & set(one["b"])
    assert not set(one["a"]) & set(two["a"])


@pytest.mark.parametrize("width", [2, 3, 5, 9, 13])
def test_integer_keys_are_as_wide_as_the_real_ones_or_a_digit_wider_where_these_are_crowded(width: int) -> None:
    rows = 60
    keys = rng().permutation(9 * 10 ** min(width - 1, 5))[:rows] + 10 ** (width - 1)
    frame = pd.DataFrame({"key_id": keys, "x": [True, False] * 30})
    made = Synthesizer.fit(frame, Schema.infer(frame), model="marginals").sample(rows)["key_id"]
    assert made.dtype == np.int64
    assert set(made.astype(str).str.len()) == {width if width > 2 else 3}


def test_personal_data_without_a_subject_is_of_one_person_where_names_repeat() -> None:
    names = np.repeat([f"Anna Q{number}" for number in range(40)], 5)
    frame = pd.DataFrame({"name": names, "mail": [f"{each}@x.de" for each in names], "x": [1.5, 2.5] * 100})
    schema = Schema.parse(
        "fields: {name: {kind: personal, provider: full_name}, mail: {kind: personal, provider: email}, "
        "x: {kind: number}}"
    )
    made = Synthesizer.fit(frame, schema, model="marginals", listener=unheard).sample(200)
    assert made["name"].nunique() == pytest.approx(40, abs=3)
    assert (made.groupby("name")["mail"].nunique() == 1).mean() > 0.9


@pytest.mark.parametrize(
    ("provider", "real", "form"),
    [
        ("iban", "DE89 3704 0044 0532 0130 00", r"[A-Z]{2}\d\d( [A-Z\d]{4})+( [A-Z\d]{1,3})?"),
        ("payment_card", "4111-1111-1111-1111", r"\d{4}(-\d{4}){3}"),
        ("full_name", "LOVELACE, ADA", r"[^a-z]+, [^a-z]+"),
        ("full_name", "Lovelace, Ada", r"[A-Z].*[a-z], [A-Z].*[a-z]"),
        ("family_name", "LOVELACE", r"[^a-z]+"),
        ("iban", "DE89370400440532013000", r"[A-Z\d]+"),
    ],
)
def test_personal_data_is_written_as_the_real_ones_are(provider: str, real: str, form: str) -> None:
    frame = pd.DataFrame({"x": [real] * 30, "y": [True, False] * 15})
    schema = Schema.parse(f"fields: {{x: {{kind: personal, provider: {provider}}}, y: {{kind: boolean}}}}")
    made = Synthesizer.fit(frame, schema, model="marginals", listener=unheard).sample(40)["x"]
    assert made.str.fullmatch(form).all(), made.tolist()[:3]


def test_a_learned_part_of_the_subject_is_the_same_in_all_rows_of_one() -> None:
    who = np.repeat(np.arange(80), 5)
    frame = pd.DataFrame({"site": np.where(who % 2, "A", "B"), "number": who // 2 + 1000, "x": rng().random(400)})
    number = "{kind: identifier, pattern: '[1-9][0-9]{3}', integer: true, unique: false}"
    kinds = f"{{site: {{kind: category}}, number: {number}, x: {{kind: number}}}}"
    schema = Schema.parse(f"subject: [site, number]\nfields: {kinds}")
    made = Synthesizer.fit(frame, schema, model="marginals").sample(400)
    assert made.groupby("number")["site"].nunique().max() == 1
    assert made.groupby("number").size().mean() == pytest.approx(5, abs=0.6)


def test_staff_is_not_the_subject_and_stays_few() -> None:
    who, staff = np.repeat(np.arange(60), 10), rng(2).integers(0, 12, 600)
    frame = pd.DataFrame({"patient_id": [f"P-{each:05}" for each in who], "weight": rng().normal(70, 9, 600).round(1)})
    frame["doctor_name"] = [
        f"{['Anna', 'Maria', 'Peter', 'Hans'][each % 4]} Quor{each}xy".replace("1", "l") for each in staff
    ]
    frame["doctor_name"] = frame["doctor_name"].str.replace(r"\d", "z", regex=True)
    schema = Schema.infer(frame)
    assert schema.fields["doctor_name"].model_dump(include={"kind", "provider", "of"}) == {
        "kind": "personal",
        "provider": "full_name",
        "of": "doctor",
    }
    made = Synthesizer.fit(frame, schema, model="marginals").sample(600)
    assert made["doctor_name"].nunique() == pytest.approx(frame["doctor_name"].nunique(), abs=2)
