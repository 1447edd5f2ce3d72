"""Which words a column's texts may have, and which tokens may follow so that they have no others."""

from __future__ import annotations

import numpy as np
import pytest

from synthdata.blocks import Lexicon
from synthdata.fields.text.lexicon import known_words, spellings
from synthdata.models.text.spelling import Speller
from synthdata.subjects import Subjects

PIECES = ["a", "b", "c", " ", ".", " ab", "cab", "ca", "1"]
BYTES = [bytes([byte]) for byte in sorted({*"é".encode(), *"—".encode()})]
TOKENS = (*map(str.encode, PIECES), *BYTES)
WORDS = ("ab", "cab", "caé", "—")


def speller() -> Speller:
    return Speller(Lexicon(TOKENS, WORDS))


def numbers(text: bytes) -> list[int]:
    """A text as tokens of one byte each."""
    return [TOKENS.index(bytes([byte])) + 1 for byte in text]


def following(text: str | bytes) -> set[bytes]:
    """What may be written after a text; b"" ends it."""
    spells = speller()
    states = spells.start(1)
    for number in numbers(text if isinstance(text, bytes) else text.encode()):
        states = spells.advance(states, np.array([number]))
    logits = np.zeros((1, 1 + len(TOKENS)), np.float32)
    spells.forbid(states, logits)
    return {(b"", *TOKENS)[number] for number in np.flatnonzero(np.isfinite(logits[0]))}


OUTSIDE = {b"", b" ", b".", b" ab", b"1"}
DASH, ACCENTED = "—".encode(), "é".encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {*OUTSIDE, b"a", b"cab", b"c", b"ca", DASH[:1]}),
        ("a", {b"b"}),  # "a" is no word
        ("ab", {*OUTSIDE, DASH[:1]}),  # one ends, and nothing goes on
        ("ab 1", {*OUTSIDE, b"a", b"cab", b"c", b"ca", DASH[:1]}),
        ("ca", {b"b", ACCENTED[:1]}),
        (b"ca" + ACCENTED[:1], {ACCENTED[1:]}),  # half a character
        (b"cab" + DASH[:1], {DASH[1:2]}),  # a mark may end a word
        ("cab—", {*OUTSIDE, b"a", b"cab", b"c", b"ca", DASH[:1]}),
        ("bb", {b"", *TOKENS}),  # a word of the prompt that is not known goes on as it will
        ("bb.", {*OUTSIDE, b"a", b"cab", b"c", b"ca", DASH[:1]}),
    ],
)
def test_only_what_leads_to_a_word_may_follow(text: str | bytes, expected: set[bytes]) -> None:
    assert following(text) == expected


def test_a_letter_and_a_mark_that_begin_alike_are_kept_apart() -> None:
    tokens = tuple(bytes([byte]) for byte in sorted({*"é«a".encode()}))  # é is C3 A9
    spells = Speller(Lexicon((*tokens, "×".encode()), ("a", "aé", "×")))  # C3 97, like é
    states = spells.advance(spells.start(1), np.array([tokens.index(b"a") + 1]))
    logits = np.zeros((1, 2 + len(tokens)), np.float32)
    spells.forbid(states, logits)
    assert set(np.flatnonzero(np.isfinite(logits[0]))) == {0, tokens.index(b"\xc3") + 1, len(tokens) + 1}


def test_a_text_that_is_cut_ends_with_a_whole_word() -> None:
    cut, whole = numbers(b"ab ca"), numbers(b"ab ab")
    ended, prompted = [*numbers(b"ab c"), 0], numbers(b"bb bb")  # these are left as they are
    tokens = np.array([cut, whole, ended, prompted])
    speller().finish(tokens)
    assert tokens.tolist() == [[*cut[:3], 0, 0], whole, ended, prompted]


def test_random_walks_write_only_words() -> None:
    rng, spells = np.random.default_rng(0), speller()
    states, written = spells.start(200), [b""] * 200
    for _ in range(12):
        logits = rng.normal(size=(200, 1 + len(TOKENS))).astype(np.float32)
        logits[:, 0] = -np.inf
        spells.forbid(states, logits)
        drawn = logits.argmax(axis=1)
        written = [text + (b"", *TOKENS)[number] for text, number in zip(written, drawn, strict=True)]
        states = spells.advance(states, drawn)
    ended = [text.decode() for text, state in zip(written, states.tolist(), strict=True) if spells.is_open[state]]
    assert len(ended) > 50
    for text in ended:
        assert set(text.replace("—", " ").replace(".", " ").replace("1", " ").split()) <= set(WORDS)


def test_words_are_counted_in_subjects_whatever_their_case() -> None:
    texts = ["The patient was seen.", "Seen the Patient", "THE PATIENT", "the patient Zebulon"]
    assert known_words(texts, Subjects(4), 2)[0] == ("patient", "seen", "the")
    ours = Subjects(4, np.array([0, 0, 0, 1]))
    assert known_words(texts, ours, 2)[0] == ("patient", "the")


def test_forms_that_several_subjects_write_are_kept() -> None:
    assert known_words(["dose in mL"] * 3 + ["ML"], Subjects(4), 3)[0] == ("dose", "in", "mL", "ml")


def test_beginnings_that_lead_to_other_words_are_known_by_their_shares_in_tenths() -> None:
    texts = ["the cab came"] * 6 + ["the camel"] * 2 + ["the cat"]
    words, shares = known_words(texts, Subjects(9), 5)
    assert words == ("cab", "came", "the")
    assert dict(shares) == {"c": 0.8, "ca": 0.8, "cam": 0.8, "came": 0.8}  # 12 of 15, and 6 of 8


def test_a_beginning_that_mostly_leads_elsewhere_is_less_likely() -> None:
    tokens = (b"a", b"b", b" ")
    logits = np.zeros((1, 4), np.float32)
    spells = Speller(Lexicon(tokens, ("ab", "b"), (("a", 0.25),)))
    spells.forbid(spells.start(1), logits)
    assert logits[0, 1] == pytest.approx(np.log(0.5))  # the square root
    assert (logits[0, [0, 2, 3]] == 0).all()


def test_where_most_words_are_rare_all_may_be_written() -> None:
    assert (
        known_words([f"see {'abcdefghij'[i] * 5} {'klmnopqrst'[i] * 4}" for i in range(10)], Subjects(10), 5)[0] == ()
    )


def test_words_are_spelt_with_capitals_and_marks_stand_between() -> None:
    assert spellings(["mL", "see"], set("mLMsSe E—é.")) == ("ML", "SEE", "See", "mL", "see", "—")
