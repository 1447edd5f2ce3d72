"""What can go wrong, as types.

    SynthdataError               exit code 1
    ├── InputError               2  bad input or usage; nothing was written or changed
    │   ├── SchemaError             the schema file contradicts itself or names what does not exist
    │   ├── DataError               the table cannot be read as the schema says
    │   ├── ConditionError          a condition nothing can satisfy, or on a field that takes none
    │   ├── ArtefactError           a model directory that is damaged, foreign or too new
    │   ├── OutputError             a path that cannot be written, or exists already
    │   └── MissingExtraError       an optional dependency that is not installed
    ├── GateError                3  the suite refused; nothing was exported
    ├── RequirementError         4  the rows missed what the schema requires of them; nothing was exported
    └── TrainingError            4  training diverged; nothing was saved

A message is one line: where, what was found, what is allowed, what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = [
    "ArtefactError",
    "ConditionError",
    "DataError",
    "GateError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "PrivacyWarning",
    "RequirementError",
    "SchemaError",
    "SynthdataError",
    "TrainingError",
    "nearest",
    "similar_file",
]


class SynthdataError(Exception):
    """Base of every error this package raises on purpose. Its message is one line, whatever it quotes.

    Examples
    --------
    >>> from synthdata import Schema, SynthdataError
    >>> try:
    ...     schema = Schema.load("nowhere.yaml")
    ... except SynthdataError as error:
    ...     print(error.exit_code)
    2

    """

    exit_code = 1

    def __init__(self, message: str = "", *rest: Any) -> None:
        super().__init__(" ".join(message.splitlines()), *rest)


class PrivacyWarning(UserWarning):
    """Something is about to be learned that looks like somebody's own.

    Examples
    --------
    Make training stop where it would only warn:

    >>> import warnings
    >>> from synthdata import PrivacyWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", PrivacyWarning)

    """


class InputError(SynthdataError):
    """Bad input, which the caller can mend; nothing was written or changed.

    Examples
    --------
    >>> from synthdata import InputError, SchemaError
    >>> issubclass(SchemaError, InputError)
    True

    """

    exit_code = 2


class SchemaError(InputError):
    """The schema contradicts itself or names what does not exist.

    Examples
    --------
    >>> from synthdata import Number, Schema
    >>> Schema(fields={"age": Number()}, target="agee")
    Traceback (most recent call last):
    synthdata.errors.SchemaError: schema, target: no field "agee"; did you mean "age"?

    """


class DataError(InputError):
    """The table cannot be read, or not as the schema says.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Number, Schema
    >>> Schema(fields={"age": Number()}).read(pd.DataFrame({"age": ["old"]}))
    Traceback (most recent call last):
    synthdata.errors.DataError: data, column "age": 1 cell (row 1) cannot be read as number; ...

    """


class ConditionError(InputError):
    """A condition that nothing can satisfy, or on a field that takes none.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Synthesizer
    >>> synthesizer = Synthesizer.fit(pd.DataFrame({"ward": ["north", "south"] * 20}), model="marginals")
    >>> synthesizer.sample(5, where="ward = nroth")
    Traceback (most recent call last):
    synthdata.errors.ConditionError: column "ward": "nroth" is not among the values the model learned; ...

    """


class ArtefactError(InputError):
    """A model directory that is damaged, foreign or too new.

    Examples
    --------
    >>> from synthdata import Synthesizer
    >>> Synthesizer.load("nowhere")
    Traceback (most recent call last):
    synthdata.errors.ArtefactError: nowhere: ...

    """


class OutputError(InputError):
    """A path that cannot be written, or exists already.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Number, Schema, export, validate
    >>> rows = validate(pd.DataFrame({"age": [20]}), Schema(fields={"age": Number()}))
    >>> export(rows, "nowhere/rows.csv")
    Traceback (most recent call last):
    synthdata.errors.OutputError: nowhere: ...

    """


class MissingExtraError(InputError):
    """An optional dependency is not installed; the message names the extra that brings it.

    Examples
    --------
    >>> from synthdata import InputError, MissingExtraError
    >>> issubclass(MissingExtraError, InputError)
    True

    """


class GateError(SynthdataError):
    """The suite refused the rows; nothing was exported.

    Parameters
    ----------
    message : str
        What failed.
    verdict : Verdict, optional
        What each expectation said, where it came so far.

    """

    exit_code = 3

    def __init__(self, message: str, verdict: Any = None) -> None:
        super().__init__(message)
        self.verdict = verdict


class RequirementError(SynthdataError):
    """The rows missed what the schema's `require` asks of them; nothing was exported.

    Examples
    --------
    >>> from synthdata import RequirementError
    >>> RequirementError.exit_code
    4

    """

    exit_code = 4


class TrainingError(SynthdataError):
    """Training diverged; nothing was saved.

    Examples
    --------
    >>> from synthdata import TrainingError
    >>> TrainingError.exit_code
    4

    """

    exit_code = 4


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or which there are: the tail of an error message."""
    known = [str(item) for item in known]
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"known: {shown}" if known else "there are none"


def is_address(path: str | Path) -> bool:
    """Whether a path is an address of a database or the web, which may hold a password and is not repeated."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) is not None


def similar_file(path: Path) -> str:
    """The end of a message about a missing file: one of a similar name in its folder; "" if there is none."""
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f'did you mean "{path.with_name(close[0])}"?' if close else ""
