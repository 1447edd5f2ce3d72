"""Texts: notes, reports, messages.

A text is learned as a sequence of tokens, cut after `max_tokens` of them. The tokenizer is learned from the column, or
that of a pretrained model (`presets`). A missing text has no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key
from pydantic import model_validator

from synthdata.blocks import Lexicon, Tokens
from synthdata.errors import ConditionError, DataError
from synthdata.extras import check_installed
from synthdata.fields.base import Body, Expectation, Field, Guess
from synthdata.fields.comparison import Texts
from synthdata.fields.predicates import Mask, Predicate
from synthdata.fields.quantiles import draw_threshold
from synthdata.fields.regexes import linear
from synthdata.fields.rows import Rows
from synthdata.fields.settings import OwnModel, as_options
from synthdata.fields.text.lexicon import known_words, spellings
from synthdata.fields.text.names import MadeNames
from synthdata.fields.text.presets import check_place, read_preset
from synthdata.fields.text.tokenizer import LONGEST, Tokenizer
from synthdata.fields.text.wording import PATTERNS, WORDING, clean, wording
from synthdata.fields.transforms import TextTransforms
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["Text"]

FEWEST = 200  # texts to learn from
MOST_TOKENS = 256  # of a text, where the schema does not say
SMALLEST_VOCABULARY, LARGEST_VOCABULARY = 512, 4096  # where the schema does not say
PRETRAINED = "pretrained"  # the family that goes on from a preset
CHARACTERS_A_TOKEN = 150  # of the column, for each token of the vocabulary
FAR = 10  # times the length of nearly all, beyond which the longest text is remarked on
GLANCED = 500  # texts
WORDS, LENGTH, DISTINCT = (
    3,
    15,
    0.5,
)  # of a column that is taken for texts: usual words, mean characters, share distinct
WORD, SPACES = re.compile(r"\w+"), re.compile(r"  +")
UNSEEN = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\ufffd]"  # control characters, and what was no UTF-8


class Text(Field):
    """A text: a note, a report, a message; conditioned on the record's other fields.

    Parameters
    ----------
    max_tokens : int, optional
        Tokens after which a text is cut, 4 to 1024. Without it, as many as the longest texts have, up to 256.
    vocabulary : int, optional
        How many tokens the tokenizer learns, 256 to 32768.
    preset : str, optional
        A local KerasHub preset folder of a GPT-2: its tokenizer is used, and the family "pretrained" fine-tunes it.
        Nothing is downloaded.
    words : {"known", "any"}, default "known"
        "known": texts are written with words that at least 5 to 8 subjects use (a threshold drawn once), and so have
        none that does not exist and no rare name; "any": also with words that are put together from parts. Where the
        known ones are less than 6 of 10 words, and with a preset, always "any".
    min_length, max_length : int, default 1 and none
        Least and greatest number of characters of a text; a text outside of it does not pass validation.
    letters : float, default 0
        Least share of letters among the characters, in [0, 1].
    forbid : list of str, default []
        Regular expressions, or "email", "phone", "url", that no text may contain.
    model : str, mapping or settings, default the family "transformer"
        The generator of this field: `TextVAE(...)`, or `{"family": "transformer", "epochs": 20}`.
    transforms : mapping, optional
        Changes after which the record's other fields hold: `{"swap": 0.1}`, ...
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Category, Schema, Text
    >>> schema = Schema(fields={"ward": Category(), "note": Text(max_length=500, forbid=["email", "phone"])})

    """

    kind: Literal["text"] = "text"
    max_tokens: int | None = Key(default=None, ge=4, le=1024)
    vocabulary: int | None = Key(default=None, ge=256, le=32768)
    preset: str | None = Key(default=None, description="a local KerasHub preset folder of a GPT-2; never downloaded")
    words: Literal["known", "any"] = Key(default="known", description='"known": only words that several subjects use')
    min_length: int = Key(default=1, ge=1)
    max_length: int | None = Key(default=None, ge=1)
    letters: float = Key(default=0.0, ge=0, le=1, description="least share of letters among the characters of a text")
    forbid: list[str] = Key(default=[], description='regular expressions, or "email", "phone", "url"')
    model: OwnModel = Key(default={}, description="its generator: a family, or one with settings")
    transforms: TextTransforms = Key(default=TextTransforms(), description="changes after which its label holds")

    statistics: ClassVar[tuple[str, ...]] = WORDING

    @model_validator(mode="before")
    @classmethod
    def _preset_of_model(cls, data: Any) -> Any:
        """A preset may be named in the model as well: `PretrainedText(preset=...)`."""
        model = as_options(data.get("model")) if isinstance(data, dict) and not data.get("preset") else None
        if isinstance(model, dict) and "preset" in model:
            rest = {key: value for key, value in model.items() if key != "preset"}
            return {**data, "preset": model["preset"], "model": rest}
        return data

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.max_length is not None and self.max_length < self.min_length:
            return f"max_length {self.max_length} is below min_length {self.min_length}"
        if self.preset is None and self.generator().get("family") == PRETRAINED:
            return f'model "{PRETRAINED}" goes on from a preset; name its folder beside model, preset: FOLDER'
        if self.preset is not None and self.vocabulary is not None:
            return "vocabulary is for a tokenizer that is learned, preset brings its own; leave one of them out"
        if self.preset is not None and (problem := check_place(self.preset)):
            return problem
        for pattern in self.forbid:
            if pattern in PATTERNS:
                continue
            try:
                linear(pattern)
            except ValueError as error:
                return f'forbid "{pattern}": {error}; nor is it one of {", ".join(PATTERNS)}'
        return None

    @classmethod
    def may_be(cls, column: pd.Series) -> bool:
        """Whether a sample has several words."""
        some = column.iloc[np.unique(np.linspace(0, len(column) - 1, min(len(column), GLANCED)).astype(int))]
        return len(some) > 0 and bool(some.astype("str").str.count(r"\s+\S").median() >= 1)

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take cells of several words that seldom repeat; bounds rounded outwards, what never occurs forbidden."""
        if len(column) < FEWEST or not (column.dtype == object or pd.api.types.is_string_dtype(column)):
            return None
        texts = column.astype("str").map(clean)
        words = texts.str.count(r"(?:^|\s)[^\w\s]*[^\W\d_]")  # that begin with a letter
        counts = texts.value_counts()
        seldom = len(counts) >= DISTINCT * len(texts) or counts[counts < THRESHOLD].sum() > DISTINCT * len(texts)
        if words.median() < WORDS or texts.str.len().mean() < LENGTH or not seldom:
            return None
        longest = int(texts.str.len().max())
        step = 10 ** max(len(str(longest)) - 2, 1)
        letters = float(wording(texts)["letters"].min())
        found = {name: int(texts.str.contains(pattern).sum()) for name, pattern in PATTERNS.items()}
        notes = [
            f"{rows:,} texts hold what looks like {name}: forbid: [{name}] would refuse them"
            for name, rows in found.items()
            if rows
        ]
        usual = int(texts.str.len().quantile(0.99))
        if longest > FAR * usual:
            notes.append(f"the longest has {longest:,} characters, 99 of 100 have at most {usual:,}: lower max_length?")
        field = cls(
            max_length=ceil(longest / step) * step,
            letters=floor(letters * 10) / 10,
            forbid=[name for name, rows in found.items() if not rows],
        )
        return Guess(field, "; ".join(notes))

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read anything as text; line ends become one character, control characters and outer spaces go."""
        return cells.astype("str").map(clean).astype("str"), np.zeros(len(cells), bool)

    def dtype(self, nulls: bool) -> Any:
        """Text."""
        return "str"

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> TextBody:
        """Learn the tokenizer, and how many tokens the longest texts have."""
        threshold, texts = draw_threshold(rng), values.tolist()
        if len(texts) < FEWEST:
            raise DataError(f"{len(texts)} texts; at least {FEWEST} are needed to learn to write")
        tokenizer = self._tokenizer(texts, threshold, subjects)
        has_lexicon = self.words == "known" and self.preset is None
        words = known_words(texts, subjects, threshold) if has_lexicon else ((), ())
        if self.max_tokens is not None:
            return TextBody(tokenizer, self.max_tokens, *words)
        lengths = np.array(
            list(map(len, tokenizer.encode([text[: MOST_TOKENS * LONGEST] for text in texts]))), np.int64
        )
        longest = np.sort(pd.Series(lengths).groupby(subjects.each).max())  # of each subject's texts
        return TextBody(tokenizer, int(np.clip(longest[-min(threshold, len(longest))], 4, MOST_TOKENS)), *words)

    def _tokenizer(self, texts: list[str], threshold: int, subjects: Subjects) -> Tokenizer:
        if self.preset is None:
            usual = np.clip(sum(map(len, texts)) // CHARACTERS_A_TOKEN, SMALLEST_VOCABULARY, LARGEST_VOCABULARY)
            return Tokenizer.learn(texts, self.vocabulary or int(usual), threshold, subjects)
        if self.generator()["family"] == PRETRAINED:
            check_installed("pretrained", "a pretrained text model")  # rather than after the table has been learned
        return Tokenizer.of_preset(read_preset(self.preset))

    def body_from_json(self, data: Mapping[str, Any]) -> TextBody:
        """Read what `TextBody.to_json` wrote."""
        return TextBody(
            Tokenizer.from_json(data["tokenizer"]),
            int(data["length"]),
            tuple(data["words"]),
            tuple(data["shares"].items()),
        )

    def claims(self, name: str) -> list[Expectation]:
        """Type, length, no control characters, nothing forbidden, and the share of letters."""
        column = {"column": name}
        claims = [
            Expectation("expect_column_values_to_be_of_type", {**column, "type_": "str"}),
            Expectation(
                "expect_column_value_lengths_to_be_between",
                {**column, "min_value": self.min_length, "max_value": self.max_length},
            ),
            *(
                Expectation("expect_column_values_to_not_match_regex", {**column, "regex": each})
                for each in (UNSEEN, *(PATTERNS.get(each) or linear(each) for each in self.forbid))
            ),
        ]
        if self.letters:
            between = {"column": f"{name}.letters", "min_value": self.letters, "max_value": 1}
            claims.append(Expectation("expect_column_values_to_be_between", between))
        return claims

    def compute_statistics(self, column: pd.Series) -> pd.DataFrame:
        """Length, words and shares of characters, see `wording`."""
        return wording(column)

    def write(self, column: pd.Series) -> pd.Series:
        """Texts are written as they are."""
        return column

    def comparison(self, column: pd.Series) -> Texts:
        """Texts."""
        return Texts(column.astype(object).where(column.notna(), None).to_numpy(object))

    def generator(self) -> Mapping[str, Any]:
        """The family and settings in `model`; with a preset, "pretrained" is the default family."""
        said = {"family": self.model} if isinstance(self.model, str) else self.model
        if self.preset is None:
            return said
        said = {"family": PRETRAINED, **said}
        return {**said, "preset": self.preset} if said["family"] == PRETRAINED else said

    def cleared(self, column: pd.Series, subjects: Subjects) -> pd.Series:
        """The texts with made-up names, and without words that few subjects use and one of them uses repeatedly.

        A word of one text is hardly learned; one that a subject's texts repeat would be memorised.
        """
        present = column.notna().to_numpy(bool)
        made = MadeNames(column[present].tolist(), self._repeated(column, subjects))
        kept = [clean(SPACES.sub(" ", made.replaced(text))) for text in column[present].tolist()]
        return pd.Series(kept, index=column.index[present], dtype=column.dtype).reindex(column.index)

    def _repeated(self, column: pd.Series, subjects: Subjects) -> frozenset[str]:
        """The words, in lower case, that few subjects use and one of them uses repeatedly."""
        if subjects.numbers is None:
            return frozenset()
        present = column.notna().to_numpy(bool)
        words = column[present].map(lambda text: frozenset(match.casefold() for match in WORD.findall(text)))
        flat = words.explode().dropna()
        codes, distinct = pd.factorize(flat)
        texts = np.bincount(codes, minlength=len(distinct))
        whose = Subjects(len(flat), pd.Series(subjects.each, index=column.index)[flat.index].to_numpy())
        people = whose.count(codes.astype(np.int64), len(distinct))
        return frozenset(distinct[(people < THRESHOLD) & (texts > people)])

    def transforming(self) -> TextTransforms | None:
        """The transforms that the declaration names; None if it names none."""
        return self.transforms if self.transforms.named else None


@dataclass(frozen=True)
class TextBody(Body):
    """The tokenizer, the most tokens that a text has, and the words that are written; none if all may be.

    shares: see `blocks.Lexicon`.
    """

    tokenizer: Tokenizer
    length: int
    words: tuple[str, ...] = ()
    shares: tuple[tuple[str, float], ...] = ()

    @cached_property
    def block(self) -> Tokens:
        """The tokens of the tokenizer, and 0, which ends a text."""
        tokenizer, lexicon = self.tokenizer, None
        if self.words:
            words = spellings(self.words, tokenizer.characters or "")
            lexicon = Lexicon(tokenizer.written[1:], words, self.shares)
        return Tokens(self.length, 1 + len(tokenizer.tokens), lexicon)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Turn texts (n,) into tokens (n, length) int64, 0 after the last; longer ones are cut."""
        result = np.zeros((len(values), self.length), np.int64)
        cut = values.str.slice(0, self.length * LONGEST).tolist()
        for row, numbers in zip(result, self.tokenizer.encode(cut), strict=True):
            row[: len(numbers)] = numbers[: self.length]
        return result

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Turn tokens (n, length) into texts (n,), without outer spaces."""
        return pd.Series([text.strip() for text in self.tokenizer.decode(array)], dtype="str")

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """No condition applies."""
        raise ConditionError("a text takes no condition; ask for what stands beside it, or give its beginning (prompt)")

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        words = {"words": list(self.words), "shares": dict(self.shares)}
        return {"tokenizer": self.tokenizer.to_json(), "length": self.length, **words}
