"""Texts as sequences of tokens: byte-level byte-pair encoding, learned from a column. The one door to `tokenizers`.

Sennrich et al. 2016 (arXiv:1508.07909) on the bytes of UTF-8, so that whatever is kept can be written. Nothing that
fewer subjects than a threshold show becomes a token: a character of fewer is left out of what is encoded, a longer
token of fewer is not merged. Or the tokens of a preset, which say nothing of the column: all of them are kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tokenizers
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from synthdata.fields.text.presets import BYTES, Preset
from synthdata.subjects import Subjects

__all__ = ["Tokenizer"]

MOST_TEXTS = 200_000  # that tokens are learned from
LONGEST = 24  # bytes of a token


@dataclass(frozen=True)
class Tokenizer:
    """characters: those that are kept, None for all.

    tokens: the tokens, in `tokenizers`' alphabet. merges: pairs that make one.
    """

    characters: str | None
    tokens: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]

    @classmethod
    def learn(cls, texts: Sequence[str], size: int, threshold: int, subjects: Subjects | None = None) -> Tokenizer:
        """Learn at most `size` tokens, each shown by texts of at least `threshold` subjects.

        subjects: whose each text is; without them each is somebody's own.
        """
        texts = texts[:MOST_TEXTS]
        whose = (subjects or Subjects(len(texts))).each[:MOST_TEXTS].tolist()
        shown: dict[str, set[int]] = {}
        for subject, text in zip(whose, texts, strict=True):
            for character in set(text):
                shown.setdefault(character, set()).add(subject)
        characters = "".join(sorted(character for character, people in shown.items() if len(people) >= threshold))
        clean = [_kept(text, characters) for text in texts]
        tokenizer = tokenizers.Tokenizer(BPE())
        tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
        trainer = BpeTrainer(
            vocab_size=size, min_frequency=threshold, show_progress=False, max_token_length=LONGEST, special_tokens=[]
        )
        tokenizer.train_from_iterator(clean, trainer)
        if not tokenizer.get_vocab_size():
            return cls(characters, (), ())
        rows = _subjects_of_tokens(tokenizer, clean, whose)
        model = _model_of(tokenizer)
        tokens = [token for token in model["vocab"] if len(token) == 1 or rows[token] >= threshold]
        kept = set(tokens)
        merges = [(one, two) for one, two in model["merges"] if one + two in kept]
        return cls(characters, tuple(sorted(tokens, key=model["vocab"].get)), tuple(merges))

    @classmethod
    def of_preset(cls, preset: Preset) -> Tokenizer:
        """Take the tokens of a preset, in its order."""
        return cls(None, preset.tokens, preset.merges)

    @cached_property
    def _tokenizer(self) -> tokenizers.Tokenizer:
        vocabulary = {token: number for number, token in enumerate(self.tokens, 1)}
        tokenizer = tokenizers.Tokenizer(BPE(vocab=vocabulary, merges=list(self.merges)))
        tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
        return tokenizer

    @cached_property
    def written(self) -> tuple[bytes, ...]:
        """What each token writes, in UTF-8; nothing for 0."""
        return (b"", *(bytes(BYTES[ord(character)] for character in token) for token in self.tokens))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of each text's tokens, from 1; what is not kept of a text is left out."""
        clean = [_kept(text, self.characters) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(clean, add_special_tokens=False)]

    def decode(self, numbers: np.ndarray) -> list[str]:
        """The texts (n,) of numbers (n, length), each up to its first 0; bytes that are no UTF-8 become U+FFFD."""
        written = self.written
        ends = np.where((numbers == 0).any(axis=1), (numbers == 0).argmax(axis=1), numbers.shape[1])
        rows = zip(numbers.tolist(), ends.tolist(), strict=True)
        return [b"".join(map(written.__getitem__, row[:end])).decode(errors="replace") for row, end in rows]

    def lost(self, texts: Sequence[str]) -> int:
        """How many bytes of the texts are left out."""
        return sum(len(text.encode()) - len(_kept(text, self.characters).encode()) for text in texts)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {
            "characters": self.characters,
            "tokens": list(self.tokens),
            "merges": [list(pair) for pair in self.merges],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tokenizer:
        """Read what `to_json` wrote."""
        merges = tuple((str(one), str(two)) for one, two in data["merges"])
        characters = data["characters"]
        return cls(None if characters is None else str(characters), tuple(data["tokens"]), merges)


def _kept(text: str, characters: str | None) -> str:
    """A text without the characters that are not kept."""
    if characters is None:
        return text
    gone = set(text).difference(characters)
    return text.translate(dict.fromkeys(map(ord, gone))) if gone else text


def _model_of(tokenizer: tokenizers.Tokenizer) -> Any:
    return json.loads(tokenizer.to_str())["model"]


def _subjects_of_tokens(tokenizer: tokenizers.Tokenizer, texts: Sequence[str], whose: Sequence[int]) -> Counter[str]:
    """How many subjects' texts show each token of more than one byte, be it as a part of a longer one."""
    vocabulary = {token: number for token, number in tokenizer.get_vocab().items() if len(token) > 1}
    longest = max(map(len, vocabulary), default=0)
    inside: dict[str, list[int]] = {}  # of a word, the numbers of its tokens
    people, tokens = [], []
    for number, text in zip(whose, texts, strict=True):
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text):
            if word not in inside:
                inside[word] = [vocabulary[part] for part in _parts(word, longest) if part in vocabulary]
            tokens.extend(inside[word])
            people.extend([number] * len(inside[word]))
    size = tokenizer.get_vocab_size()
    pairs = np.unique(np.array(people, np.int64) * size + np.array(tokens, np.int64))
    rows = np.bincount(pairs % size, minlength=size)
    return Counter({token: int(rows[number]) for token, number in vocabulary.items()})


def _parts(word: str, longest: int) -> Iterator[str]:
    """All runs of two to `longest` characters of a word."""
    return (
        word[start:end]
        for start in range(len(word) - 1)
        for end in range(start + 2, min(len(word), start + longest) + 1)
    )
