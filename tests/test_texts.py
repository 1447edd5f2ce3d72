"""What a text field reads, keeps, refuses and says of itself; and what a whole model does with it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from synthdata import GateError, InputError, Schema, Synthesizer, validate
from synthdata.errors import DataError, SchemaError
from synthdata.fields import Text
from synthdata.fields.text.tokenizer import Tokenizer
from synthdata.fields.text.wording import PATTERNS, clean, wording
from synthdata.subjects import Subjects

WARDS = {"heart": ("chest pain", "an irregular pulse"), "skin": ("a red rash", "itching at night")}
SHORT = {"width": 32, "layers": 2, "heads": 2, "epochs": 10, "batch_size": 1024, "dropout": 0.0, "learning_rate": 0.02}


def notes(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    wards = rng.choice(list(WARDS), rows)
    texts = [
        f"The patient, {rng.integers(20, 90)} years old, came with {rng.choice(WARDS[ward])}. "
        f"{rng.choice(['No fever.', 'A slight fever.', 'Seen before.'])}"
        for ward in wards
    ]
    return pd.DataFrame({"ward": wards, "note": texts})


def schema_of(**keys: object) -> Schema:
    return Schema(name="notes", fields={"ward": {"kind": "category"}, "note": {"kind": "text", **keys}})


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Synthesizer:
    path = tmp_path_factory.mktemp("texts") / "model"
    Synthesizer.fit(notes(), schema_of(model=SHORT), seed=1).save(path)
    return Synthesizer.load(path)


# --- what is read and kept --------------------------------------------------------------------------------------------


def test_texts_are_taken_for_texts_and_names_are_not() -> None:
    frame = notes().assign(city=np.resize(["Bad Homburg vor der Höhe", "Aix", "Ulm", "Rio"], 400))
    fields = Schema.infer(frame).fields
    assert fields["note"].kind == "text"
    assert fields["city"].kind == "category"


def test_texts_of_which_half_repeat_are_texts_still() -> None:
    rng = np.random.default_rng(0)
    parts = rng.integers(0, 1300, 2500)
    few = [f"The customer called about the claim and about part {part} of it." for part in parts]
    assert pd.Series(few).nunique() < 1250
    assert Schema.infer(pd.DataFrame({"note": few})).fields["note"].kind == "text"


def test_init_rounds_bounds_outwards_and_forbids_what_never_occurs() -> None:
    frame = notes()
    frame.loc[0, "note"] = "Write to jane.doe@example.org about the patient please."
    note = Schema.infer(frame).fields["note"]
    assert note.max_length % 10 == 0
    assert note.max_length >= frame["note"].str.len().max()
    assert note.forbid == ["phone", "url"]
    validate(frame, Schema.infer(frame))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call 030 1234567 now", "phone"),
        ("call (555) 123-4567", "phone"),
        ("see https://example.org/x", "url"),
        ("a.b+c@mail.example.org wrote", "email"),
    ],
)
def test_what_can_be_forbidden_by_name_is_found(text: str, found: str) -> None:
    assert [name for name, pattern in PATTERNS.items() if re.search(pattern, text)] == [found]


@pytest.mark.parametrize(
    "text",
    ["aged 67 with 2.5 mg twice", "room 12, bed 3", "T2-T4, 1/2 of 40%", "in 1999-2008", "on 12.05.2020, 2020-01-15"],
)
def test_ordinary_numbers_are_no_telephone(text: str) -> None:
    assert not re.search(PATTERNS["phone"], text)


def test_control_characters_go_and_line_ends_become_one() -> None:
    assert clean(" a\x00b\r\nc\rd\x1b[0m\ud800 ") == "ab\nc\nd[0m"


def test_a_character_or_piece_of_few_texts_is_not_kept() -> None:
    texts = [f"the patient {i % 7}" for i in range(300)] + ["the patient Ω zebra", "zebra", "zebra", "zebra"]
    tokenizer = Tokenizer.learn(texts, 400, 5)
    assert "Ω" not in tokenizer.characters
    assert not any("zebra".startswith(token.lower().strip("Ġ")) and len(token) > 2 for token in tokenizer.tokens)
    assert tokenizer.decode(np.array([tokenizer.encode(["the Ω patient"])[0]])) == ["the  patient"]


def test_a_piece_that_one_text_repeats_often_is_not_kept() -> None:
    texts = [f"some words {i % 9}" for i in range(300)] + ["quokka " * 500]
    assert not any("quo" in token for token in Tokenizer.learn(texts, 400, 5).tokens)


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    tokenizer = Tokenizer.learn(["naïve café"] * 50, 300, 5)
    (start,) = (number for number, token in enumerate(tokenizer.tokens, 1) if token == "Ã")
    assert tokenizer.decode(np.array([[start, 0]])) == ["\ufffd"]


def test_a_megabyte_in_a_cell_is_cut_where_texts_end() -> None:
    frame = notes()
    frame.loc[3, "note"] = "The patient came with chest pain. " * 30_000
    field = Text()
    codec = field.fit(field.parse(frame["note"], "note"), "note", np.random.default_rng(0))
    assert codec.layout["note"].length < 100
    assert codec.encode(frame["note"])["note"].shape == (400, codec.layout["note"].length)


def test_fewer_texts_than_can_be_learned_from_are_refused() -> None:
    with pytest.raises(DataError, match=r'column "note": 150 texts; at least 200'):
        Synthesizer.fit(notes(150), schema_of())


def test_empty_texts_are_refused_by_row_unless_the_field_is_nullable() -> None:
    frame = notes()
    frame.loc[[4, 7], "note"] = ["", "   "]
    with pytest.raises(GateError, match="note"):
        validate(frame, schema_of())
    nullable = schema_of(nullable=True)
    assert validate(nullable.read(frame), nullable).verdict().passed


def test_numbers_declared_as_text_are_read_as_text() -> None:
    column = Text().parse(pd.Series([1.5, 2.0, 31.25] * 100), "x")
    assert column.tolist()[:3] == ["1.5", "2.0", "31.25"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"forbid": ["e-mail("]}, "no regular expression"),
        ({"min_length": 9, "max_length": 3}, "below min_length 9"),
    ],
)
def test_declarations_that_contradict_themselves_are_refused(keys: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        schema_of(**keys).check("notes.yaml")


def test_wording_measures_what_it_says() -> None:
    told = wording(pd.Series(["One two three one two three", "ABC 12", None])).round(3)
    assert told.loc[0, ["length", "words", "longest_word", "repeats"]].tolist() == [27, 6, 5, 0]
    assert told.loc[1, ["letters", "digits", "capitals"]].tolist() == [0.5, 0.333, 1]
    assert told.loc[2].isna().all()
    assert wording(pd.Series(["go on and go on and go on"]))["repeats"].iloc[0] > 0.4


def test_the_gate_sets_aside_what_the_schema_forbids() -> None:
    schema = schema_of(forbid=["email", "secret"], letters=0.5)
    frame = notes(50)
    validate(frame, schema)
    for bad in ("mail me@example.org", "a secret", "1234 5678 90", "caf\ufffd"):
        with pytest.raises(GateError):
            validate(frame.assign(note=[bad, *frame["note"][1:]]), schema)


# --- a model with texts -----------------------------------------------------------------------------------------------


def test_texts_fit_the_rest_of_their_record(model: Synthesizer) -> None:
    rows = model.sample(300, seed=2)
    fits = [any(sign in note for sign in WARDS[ward]) for ward, note in zip(rows["ward"], rows["note"], strict=True)]
    other = [
        any(sign in note for name in WARDS if name != ward for sign in WARDS[name])
        for ward, note in zip(rows["ward"], rows["note"], strict=True)
    ]
    assert np.mean(fits) > 0.6
    assert np.mean(other) < 0.1


def test_a_prompt_is_gone_on_from_under_conditions(model: Synthesizer) -> None:
    rows = model.sample(100, where="ward = skin", prompt="The patient, 44 years")
    assert (rows["ward"] == "skin").all()
    assert rows["note"].str.startswith("The patient, 44 years").all()
    assert rows["note"].nunique() > 5


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ({"notes": "The"}, 'did you mean "note"'),
        ("   ", "empty"),
        ("The patient 🙂", "too few texts to be learned: 🙂"),
        ("The patient came with chest pain. " * 90, "longer"),
        (5, "found int"),
    ],
)
def test_a_prompt_that_cannot_be_gone_on_from_is_refused(model: Synthesizer, prompt: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.sample(10, prompt=prompt)


def test_a_low_temperature_or_top_p_gives_less_varied_texts(model: Synthesizer) -> None:
    usual = model.sample(200)["note"].nunique()
    assert model.with_sampling(temperature=0.3).sample(200)["note"].nunique() < usual
    assert model.sample(200, top_p=0.3)["note"].nunique() < usual
    with pytest.raises(SchemaError, match="top_p"):
        model.with_sampling(top_p=1.5)


def test_guided_texts_stray_less_from_their_record(model: Synthesizer) -> None:
    def strays(rows: pd.DataFrame) -> float:
        others = [[sign for name in WARDS if name != ward for sign in WARDS[name]] for ward in rows["ward"]]
        pairs = zip(others, rows["note"], strict=True)
        return float(np.mean([any(sign in note for sign in signs) for signs, note in pairs]))

    alone, guided = (model.with_sampling(guidance_scale=by).sample(300, seed=5) for by in (0.0, 0.5))
    assert strays(guided) < strays(alone)
    with pytest.raises(SchemaError, match="guidance"):
        model.with_sampling(guidance_scale=-1)


def test_a_model_without_texts_says_so_of_prompts_and_temperatures() -> None:
    table = Synthesizer.fit(notes()[["ward"]].assign(n=range(400)), model="marginals")
    with pytest.raises(InputError, match="the model has no text field"):
        table.with_sampling(prompt="The")
    with pytest.raises(InputError, match="temperature"):
        table.with_sampling(temperature=0.5)


def test_bits_a_character_are_few_for_the_language_and_many_for_another(model: Synthesizer) -> None:
    own = model.bits_per_character(notes(200, seed=9))["note"]
    reversed_notes = notes(200, seed=9).assign(note=lambda frame: frame["note"].str[::-1])
    unknown = notes(200, seed=9).assign(note="ЖЩЮ" * 10)
    assert own < 1.5
    assert model.bits_per_character(reversed_notes)["note"] > 2 * own
    assert model.bits_per_character(unknown)["note"] >= 16


def test_texts_are_written_in_words_of_several_subjects(model: Synthesizer) -> None:
    words = set(re.findall(r"[a-z]+", " ".join(notes()["note"]).lower()))
    drawn = model.with_sampling(temperature=3.0).sample(100)["note"]
    assert set(re.findall(r"[a-z]+", " ".join(drawn).lower())) <= words
    frame = notes()
    frame.loc[:3, "note"] = "Zebulon came with chest pain, 40 years old."
    known = Text().fit(frame["note"], "note", np.random.default_rng(0)).body.words
    assert "zebulon" not in known
    assert {"patient", "chest", "No"} < set(known)


def test_names_behind_a_title_become_made_up_ones() -> None:
    names = ["Hawthorne", "Marlstead", "Norham", "Zielinski"]
    texts = pd.Series([f"Mrs. {names[row % 4]} was seen by Dr. {names[row % 3]} for a red rash." for row in range(400)])
    cleared = Text().cleared(texts, Subjects(400))
    assert not cleared.str.contains("|".join(names)).any()
    assert cleared.str.fullmatch(r"Mrs\. [A-Z][a-z]+ was seen by Dr\. [A-Z][a-z]+ for a red rash\.").all()
    assert cleared.nunique() == texts.nunique()  # one name for each, everywhere
    others = ["O'Brien", "Smith-Jones", "de Vries", "McDonald", "van der Berg", "SMITH", "D’Angelo"]
    cells = pd.Series([f"Mr. {name} was seen by Dr. {name}." for name in others] * 40)
    pieces = r"Brien|Smith|Jones|Vries|McDonald|Berg|SMITH|Angelo|\bvan\b|\bde\b"
    assert not Text().cleared(cells, Subjects(len(cells))).str.contains(pieces).any()
    german = pd.Series(["Frau Müller kam mit Fieber.", "Herr Özdemir ging."] * 50)
    assert not Text().cleared(german, Subjects(100)).str.contains("Müller|Özdemir").any()


def test_a_name_that_one_subject_repeats_leaves_no_hole() -> None:
    rest = ["The daughter of a patient was informed.", "Mr. Brown was informed."] * 194
    texts = pd.Series(["The daughter of Zebulon was informed."] * 12 + rest)
    cleared = Text().cleared(texts, Subjects(400, np.arange(400) // 4))
    assert not cleared.str.contains("Zebulon").any()
    assert cleared[:12].str.fullmatch(r"The daughter of [A-Z]\w+ was informed\.").all()


def test_any_words_may_be_written_if_the_schema_says_so() -> None:
    codec = Text(words="any").fit(notes()["note"], "note", np.random.default_rng(0))
    assert codec.layout["note"].lexicon is None
    assert codec.body.words == ()


def test_missing_texts_are_missing_as_often() -> None:
    frame = notes(600)
    frame.loc[frame.index[::3], "note"] = None
    drawn = Synthesizer.fit(frame, schema_of(nullable=True, model=SHORT)).sample(600)
    assert 0.2 < drawn["note"].isna().mean() < 0.5
    assert (drawn["note"].dropna() != "").all()


@pytest.mark.parametrize("family", ["transformer", "vae"])
def test_a_text_alone_is_learned(family: str) -> None:
    short = {"family": family, "epochs": 2, "width": 32}
    schema = Schema(name="notes", fields={"note": {"kind": "text", "model": short}})
    alone = Synthesizer.fit(notes()[["note"]], schema)
    assert alone.sample(5)["note"].str.len().gt(0).all()
