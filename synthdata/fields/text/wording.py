"""Statistics of texts: what expectations are about where they cannot be about a text itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

__all__ = ["PATTERNS", "WORDING", "clean", "wording"]

WORDING = ("length", "words", "letters", "digits", "capitals", "longest_word", "repeats")

PATTERNS: Mapping[str, str] = {  # what a schema may forbid by name
    "email": r"[\w.+-]+@[\w-]+\.[\w.-]*\w",
    "phone": (  # +49 30 1234567, (555) 123-4567, 030 1234567, 555-123-4567
        r"(?<![\w.+])(?:\+\d{1,3}(?:[ .\-/]?\(?\d{2,5}\)?){2,4}|\(\d{2,5}\)(?:[ .\-/]?\d{2,5}){2,4}"
        r"|0\d{2,4}[ \-/]\d{3,5}(?:[ \-/]?\d{2,5}){0,3}|\d{3}[ .\-]\d{3}[ .\-]\d{4})(?!\w)"
    ),
    "url": r"(?:https?://|www\.)[^\s]+",
}

RUN = 3  # words that are said to be repeated
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_WORD = re.compile(r"\w+")


def clean(text: str) -> str:
    """A text as it is read: line ends are one character, control characters and halves of surrogate pairs gone."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def wording(texts: pd.Series) -> pd.DataFrame:
    """Statistics of texts (n,), NaN where missing.

    length in characters; words; letters, digits and capitals (of letters) as shares in [0, 1]; longest_word in
    characters; repeats: share of the runs of three words that stood in the text before.
    """
    return pd.DataFrame(
        [_statistics_of(text) if isinstance(text, str) else (float("nan"),) * len(WORDING) for text in texts.tolist()],
        index=texts.index,
        columns=list(WORDING),
        dtype="float64",
    )


def _statistics_of(text: str) -> tuple[float, ...]:
    words = _WORD.findall(text)
    letters = sum(map(str.isalpha, text))
    runs = list(zip(*(words[i:] for i in range(RUN)), strict=False))
    return (
        len(text),
        len(words),
        letters / max(len(text), 1),
        sum(map(str.isdigit, text)) / max(len(text), 1),
        sum(map(str.isupper, text)) / max(letters, 1),
        max(map(len, words), default=0),
        1 - len(set(runs)) / len(runs) if runs else 0.0,
    )
