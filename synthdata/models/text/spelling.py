"""Which tokens may follow one another, so that texts have no other words than those of a lexicon.

A generator that writes token by token also puts tokens together to words that do not exist. Here the words of a
lexicon are a tree of bytes; what has been written so far stands at one of its nodes, and a token may follow where its
bytes lead on in the tree. Between words anything may stand that is no letter.

A beginning that mostly leads to other words gets less probability: it stands for what may not be written, and the word
that is written in its place would fit nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from synthdata.blocks import Lexicon

__all__ = ["Speller", "speller_of"]

BETWEEN, UNKNOWN, MARKS = 0, 1, 2  # nodes: between words, inside of a word that is not known, and the root of marks
IMPOSSIBLE = np.float32(-np.inf)
FORESIGHT = 0.5  # power of shares: the network knows more of a word to come than its beginning


@dataclass
class _Place:
    """A node of the tree of tokens: the token that ends here, 0 for none."""

    number: int = 0
    deeper: dict[int, _Place] = field(default_factory=dict)


class Speller:
    """The nodes that texts stand at, and the tokens that may follow there. States are node numbers, (n,) int64."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.written = (b"", *lexicon.tokens)
        self.children: list[dict[int, int]] = [{}, {}, {}]
        self.is_open = [True, False, False]  # whether a word may end here
        self.logs = [0.0, 0.0, 0.0]  # what leads to each node is worth
        self._plant(lexicon.words, dict(lexicon.shares))
        self.tokens = _Place()
        for number, written in enumerate(lexicon.tokens, 1):
            place = self.tokens
            for byte in written:
                place = place.deeper.setdefault(byte, _Place())
            place.number = number
        self._bars = np.full((2, len(self.written)), IMPOSSIBLE)  # of tokens inside of a word, and where it may end
        opening = {0: 0.0, **self._reachable(BETWEEN, letters=False)}
        self._bars[1, list(opening)] = list(opening.values())
        self._following: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._moves: dict[tuple[int, int], int] = {}

    def _plant(self, words: Sequence[str], shares: Mapping[str, float]) -> None:
        """Grow the tree: words from `BETWEEN`, and marks, which may stand between them, wherever a word may end."""
        for word in words:
            if word.isalpha():
                node = BETWEEN
                for end, letter in enumerate(word, 1):
                    for byte in letter.encode():
                        node = self._grown(node, byte)
                        self.logs[node] = FORESIGHT * math.log(shares.get(word[:end].lower(), 1.0))
                self.is_open[node] = True
            else:
                node = MARKS
                *first, last = word.encode()
                for byte in first:
                    node = self._grown(node, byte)
                self.children[node][last] = BETWEEN
        for node in [node for node, is_open in enumerate(self.is_open) if is_open]:
            self._graft(node, MARKS)

    def _grown(self, node: int, byte: int) -> int:
        if byte not in self.children[node]:
            self.children[node][byte] = len(self.children)
            self.children.append({})
            self.is_open.append(False)
            self.logs.append(0.0)
        return self.children[node][byte]

    def _graft(self, node: int, marks: int) -> None:
        """Let what follows at `marks` follow at `node` too; a letter and a mark may begin with the same byte."""
        for byte, target in self.children[marks].items():
            own = self.children[node].get(byte)
            if own is None:
                self.children[node][byte] = target
            elif own != target:
                self._graft(own, target)

    def _moved(self, node: int, byte: int) -> int | None:
        """The node that a byte leads to; None if it makes a word that is not known."""
        if _parts(byte):
            return BETWEEN if self.is_open[node] or node == UNKNOWN else None
        return self.children[node].get(byte)

    def _reachable(self, node: int, *, letters: bool) -> dict[int, float]:
        """The tokens that may follow a node, of those that begin with a letter or mark, or of the others.

        With what is added to their logits.
        """
        found: dict[int, float] = {}
        stack = [(node, self.tokens)]
        while stack:
            here, place = stack.pop()
            for byte, deeper in place.deeper.items():
                if place is self.tokens and _parts(byte) == letters:
                    continue
                target = self._moved(here, byte)
                if target is not None:
                    stack.append((target, deeper))
                    if deeper.number:
                        found[deeper.number] = self.logs[target]
        return found

    def start(self, rows: int) -> np.ndarray:
        """The states of texts that nothing has been written of."""
        return np.full(rows, BETWEEN, np.int64)

    def advance(self, states: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The states after these tokens (n,)."""
        return np.array([self._after(*pair) for pair in zip(states.tolist(), tokens.tolist(), strict=True)], np.int64)

    def _after(self, node: int, token: int) -> int:
        known = self._moves.get((node, token))
        if known is None:
            known = node
            for byte in self.written[token]:
                moved = self._moved(known, byte)
                known = UNKNOWN if moved is None else moved
            self._moves[node, token] = known
        return known

    def forbid(self, states: np.ndarray, logits: np.ndarray) -> None:
        """Set the logits (n, vocabulary) of tokens that may not follow to -inf, in place; some others become less."""
        nodes = states.tolist()
        bars = self._bars[[int(self.is_open[node]) for node in nodes]]
        tokens, logs = zip(*map(self._letters_after, nodes), strict=True)
        rows = np.repeat(np.arange(len(nodes)), list(map(len, tokens)))
        bars[rows, np.concatenate(tokens)] = np.concatenate(logs)
        bars[states == UNKNOWN] = 0
        logits += bars

    def finish(self, tokens: np.ndarray) -> None:
        """Take off texts (n, length) that fill all of it what they have of a last word, in place."""
        for row in np.flatnonzero(tokens.all(axis=1)):
            node, end = BETWEEN, 0
            for place, token in enumerate(tokens[row].tolist(), 1):
                node = self._after(node, token)
                if self.is_open[node] or node == UNKNOWN:
                    end = place
            tokens[row, end:] = 0

    def _letters_after(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        if node not in self._following:
            found = self._reachable(node, letters=True)
            self._following[node] = np.array([*found], np.int64), np.array([*found.values()], np.float32)
        return self._following[node]


@lru_cache(maxsize=4)
def speller_of(lexicon: Lexicon) -> Speller:
    """The speller of a lexicon, kept for the next texts."""
    return Speller(lexicon)


def _parts(byte: int) -> bool:
    """Whether a byte parts words: ASCII, and no letter."""
    return byte < 0x80 and not chr(byte).isalpha()
