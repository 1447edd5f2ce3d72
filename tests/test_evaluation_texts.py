"""Claims about the scores of text fields: what is told apart, what counts as learned by heart, and what is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, evaluate, write_report
from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.html.page import render
from synthdata.evaluation.report import NearestPair, Report, TextPairs
from synthdata.evaluation.score import Score
from synthdata.evaluation.texts.ngrams import (
    KnownTexts,
    copies,
    distinct,
    hashed_characters,
    hashed_words,
    longest_copy,
    novelty,
)
from synthdata.evaluation.texts.panel import TextSide, compare_texts, sides_of
from synthdata.fields.comparison import Texts
from synthdata.metrics import METRICS

LABELS = ("cats", "dogs", "birds")
SENTENCES = {
    "cats": "the cat purred softly and slept beside warm ovens while mice hid under old floors",
    "dogs": "a dog barked loudly then ran after sticks in wet parks where children threw balls",
    "birds": "many birds sang early from tall trees before flying south over cold seas at dawn",
}
ROWS = 240


def drawn(seed: int, rows: int = ROWS) -> tuple[list[str], np.ndarray]:
    """Texts of words of their label, in random order."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=rows)
    words = [SENTENCES[label].split() for label in LABELS]
    return [" ".join(rng.choice(words[code], rng.integers(8, 20))) for code in codes], codes.astype(float)


def side(texts: list[str], codes: np.ndarray) -> TextSide:
    return TextSide(tuple(texts), codes, np.array([len(text) for text in texts], np.float64))


TRAIN, HOLDOUT = side(*drawn(0)), side(*drawn(1))


def scored(
    synthetic: TextSide, holdout: TextSide | None = HOLDOUT, labels: tuple[str, ...] = LABELS
) -> dict[str, Score]:
    sides = {"train": TRAIN, "synthetic": synthetic} | ({"holdout": holdout} if holdout else {})
    scores, _ = compare_texts("note", sides, labels, np.random.default_rng(0))
    return {score.name: score for score in scores}


@pytest.fixture(scope="module")
def fresh() -> dict[str, Score]:
    return scored(side(*drawn(2)))


@pytest.fixture(scope="module")
def copied() -> dict[str, Score]:
    return scored(TRAIN)


def test_fresh_texts_raise_no_alarm_and_all_scores_stand_beside_held_out_ones(fresh):
    assert set(fresh) == {name for name in METRICS if name.startswith("text_")}
    assert not [score.name for score in fresh.values() if score.passed is False]
    assert all(score.value is not None and score.ceiling is not None for score in fresh.values())
    assert fresh["text_tstr"].value == pytest.approx(fresh["text_tstr"].ceiling, abs=0.05)
    assert fresh["text_agreement"].value > 0.95 > fresh["text_agreement"].floor


def test_copied_texts_raise_alarms(copied):
    assert {name for name, score in copied.items() if score.passed is False} == {"text_novelty", "text_copies"}
    assert copied["text_novelty"].value == 0
    assert copied["text_copies"].value == 1
    assert copied["text_longest_copy"].value == max(map(len, TRAIN.texts))
    assert copied["text_longest_copy"].value > copied["text_longest_copy"].ceiling


def test_texts_that_do_not_fit_their_labels_are_seen(fresh):
    texts, codes = drawn(2)
    wrong = scored(side(texts, np.roll(codes, 1)))
    assert wrong["text_agreement"].value < 0.6
    assert wrong["text_tstr"].value < 0.8
    assert wrong["text_kernel"].value == pytest.approx(fresh["text_kernel"].value)


def test_a_text_that_says_nothing_of_a_common_label_earns_no_praise():
    _, codes = drawn(2)
    common = np.where(np.random.default_rng(0).random(ROWS) < 0.9, 0.0, codes)
    dull = scored(side(["the cat slept and purred beside warm ovens"] * ROWS, common))
    assert dull["text_agreement"].value == pytest.approx(1 / 3, abs=0.01)


def test_other_words_lengths_and_letters_are_far_away(fresh):
    texts, codes = drawn(2)
    other = scored(side([text[:20].upper() + " 123 !" for text in texts], codes))
    for name in ("text_frechet", "text_kernel"):
        assert other[name].value > fresh[name].value + 0.02
    for name in ("text_lengths", "text_characters"):
        assert other[name].value < fresh[name].value - 0.3


def test_repeated_texts_are_less_distinct(fresh):
    texts, codes = drawn(2)
    repeated = scored(side(texts[:10] * 40, np.tile(codes[:10], 40)))
    assert repeated["text_distinct"].value < fresh["text_distinct"].value / 2


def test_directions_in_which_hardly_any_training_text_varies_do_not_decide():
    rng = np.random.default_rng(0)
    states = ["stable", "better", "worse", "unchanged"]
    notes = [f"The patient is {states[i]}." for i in rng.integers(4, size=600)]
    rare = [*notes[:299], "The patient is stable or better."]
    none = np.empty(0)
    sides = {"train": side(notes[:300], none), "synthetic": side(rare, none), "holdout": side(notes[300:], none)}
    scores = {score.name: score for score in compare_texts("note", sides, (), np.random.default_rng(0))[0]}
    assert scores["text_frechet"].value < 100


def test_without_held_out_rows_nothing_is_judged():
    alone = scored(TRAIN, holdout=None)
    assert all(score.passed is None and score.ceiling is None for score in alone.values())
    assert alone["text_tstr"].value is None
    assert alone["text_novelty"].value == 0


def test_without_labels_the_rest_is_measured():
    none = replace(TRAIN, labels=np.empty(0))
    scores, pairs = compare_texts("note", {"train": none, "synthetic": none}, (), np.random.default_rng(0))
    assert {"text_agreement", "text_tstr"}.isdisjoint(score.name for score in scores)
    assert {pair.label for pair in pairs[0].pairs} <= {""}


@pytest.mark.parametrize("text", ["", "!?", "\u05e9\u05dc\u05d5\u05dd \U0001f98a\x00", "x"])
def test_texts_of_next_to_nothing_are_measured_or_said_not_to_be(text):
    one = side([text] * 60, np.arange(60.0) % 3)
    scores, pairs = compare_texts(
        "note", {"train": one, "synthetic": one, "holdout": one}, LABELS, np.random.default_rng(0), show_real=True
    )
    assert all(score.value is None or np.isfinite(score.value) for score in scores)
    assert len(pairs[0].pairs) == 10


def test_few_texts_are_not_measured():
    few = side(*drawn(3, 10))
    scores, pairs = compare_texts("note", {"train": TRAIN, "synthetic": few}, LABELS, np.random.default_rng(0))
    assert [(score.value, "fewer than 50" in score.note) for score in scores] == [(None, True)]
    assert pairs == []


def test_missing_texts_are_left_out_and_count_in_the_lengths():
    values = np.array(["a b", None, "c", None], object)
    table = Table(np.array([[0.0], [1.0], [np.nan], [0.0]]), np.zeros(4, np.uint64))
    made = sides_of({"train": Texts(values)}, {"train": table}, 0, 1, np.random.default_rng(0))["train"]
    assert sorted(made.texts) == ["a b", "c"]
    assert sorted(made.lengths.tolist()) == [-1, -1, 1, 3]
    assert made.labelled(10, 100)[0] == ["a b"]


# --- what texts share


def test_the_longest_common_stretch_is_found_exactly():
    rng = np.random.default_rng(0)
    for size in (2, 4, 26):
        letters = list("abcdefghijklmnopqrstuvwxyz")[:size]
        one, two = [["".join(rng.choice(letters, 60)) for _ in range(5)] for _ in "ab"]
        stretches = {text[i : i + n] for text in one for i in range(60) for n in range(1, 61 - i)}
        longest = max(len(stretch) for stretch in stretches if any(stretch in text for text in two))
        assert longest_copy(hashed_characters(one), hashed_characters(two)) == longest
    assert longest_copy(hashed_characters(["abc"]), hashed_characters(["xyz"])) == 0
    assert longest_copy(hashed_characters(["ab", "cd"]), hashed_characters(["abcd"])) == 2  # never across texts


def test_a_near_copy_has_more_than_nine_tenths_of_its_shingles_in_one_text():
    words = [f"w{i}" for i in range(40)]
    train = [" ".join(words), "other words entirely"]
    ends = " ".join([*words[:-1], "changed"])  # 35 of 36 shingles
    middle = " ".join([*words[:20], "changed", *words[21:]])  # 31 of 36
    rows, known = hashed_words([" ".join(words).upper(), ends, middle, "Other words, entirely!", "new"], train)
    exact, near = copies(rows, KnownTexts.of(known))
    assert exact.tolist() == [True, False, False, True, False]
    assert near.tolist() == [False, True, False, False, False]


def test_novelty_counts_stretches_that_no_text_has():
    rows, train = hashed_words(["a b c d", "x y", "b c d e"], ["A, b: c", "c d e"])
    assert novelty(rows, train, 3) == (pytest.approx(2 / 4), 2)
    assert novelty(rows, train, 9) == (None, 0)


def test_distinct_pairs_are_counted_in_the_first_ones():
    (rows,) = hashed_words(["a b a b a b"])
    assert distinct(rows, 2, 100) == pytest.approx(2 / 5)
    assert distinct(rows, 2, 2) == 1
    assert distinct(rows, 7, 2) is None


# --- the page

NASTY = "<script>alert(1)</script>\x00 \u05e9\u05dc\u05d5\u05dd \U0001f98a " + "word " * 300


def report() -> Report:
    pairs = (NearestPair(NASTY, "real & true", "<b>", "dogs"), NearestPair("", "\ud800"))
    return Report("notes", None, {}, {}, (), (), (), texts=(TextPairs("<note>", pairs),), shows_real=True)


def test_texts_are_shown_escaped_and_cut_and_never_break_the_page():
    page = render(report())
    page.encode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x00" not in page
    assert page.count("word") < 200
    assert "(empty)" in page


def test_texts_are_on_the_page_alone():
    assert "real &" not in json.dumps(report().to_json())


# --- a whole record

SCHEMA = Schema(
    name="pets",
    target="animal",
    fields={"animal": {"kind": "category"}, "note": {"kind": "text", "nullable": True}},
    require={"text_agreement": 0.5},
)


def records(seed: int) -> pd.DataFrame:
    texts, codes = drawn(seed, 120)
    return pd.DataFrame({"animal": [LABELS[int(code)] for code in codes], "note": texts})


def test_a_text_field_is_evaluated_with_its_record_and_only_the_page_shows_texts(tmp_path):
    train, made = records(0), records(2)
    made.loc[:11, "note"] = None
    found = evaluate(train, made, records(1), SCHEMA, show_real=True)
    assert {name for name in METRICS if name.startswith("text_")} <= {score.name for score in found.scores}
    assert found.score("text_lengths").value == pytest.approx(0.9, abs=0.1)
    assert found.score("text_agreement").passed
    paths = write_report(found, tmp_path)
    shown = found.texts[0].pairs[0]
    assert shown.real in train["note"].tolist()
    assert shown.real in paths["html"].read_text()
    assert "the cat" not in paths["json"].read_text() + paths["xml"].read_text()


def test_a_copied_record_is_one_whose_text_is_copied_too():
    train, other = SCHEMA.read(records(0)), SCHEMA.read(records(2))
    space = FeatureSpace.of(SCHEMA, train)
    keys = space.table(train).keys
    assert (space.table(train).keys == keys).all()
    assert not (space.table(other.assign(animal=train["animal"])).keys == keys).any()


def test_texts_alone_can_be_evaluated():
    schema = SCHEMA.model_copy(update={"fields": {"note": SCHEMA.fields["note"]}, "target": None, "require": {}})
    found = evaluate(records(0), records(2), None, schema)
    assert found.score("text_kernel").value is not None
    names = [score.name for score in found.scores]
    assert len(names) == len(set(names))


def test_what_a_table_does_not_hold_is_not_listed():
    found = evaluate(records(0)[["animal"]], records(2)[["animal"]], None, SCHEMA.model_copy(update={"require": {}}))
    assert not [score.name for score in found.scores if score.name.startswith(("text_", "image_"))]
