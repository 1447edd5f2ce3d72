"""Regular expressions of somebody else: only such as are matched in time that grows with the text alone.

Python's engine goes back and tries again, for hours with some patterns. RE2, which pandas' text has by way of Arrow,
never does, and therefore knows no look-arounds and no references back: a pattern that needs them is refused.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute

__all__ = ["linear"]

LONGEST = 10_000
UNICODE = re.compile(r"((?:^|[^\\])(?:\\\\)*)\\u([0-9a-fA-F]{4})")


def linear(pattern: str) -> str:
    """The pattern as RE2 takes it; ValueError if it is none, or needs what RE2 has not."""
    if len(pattern) > LONGEST:
        raise ValueError(f"it has {len(pattern):,} characters, allowed are {LONGEST:,}")
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no regular expression: {error}") from None
    result = UNICODE.sub(lambda found: found[1] + re.escape(chr(int(found[2], 16))), pattern)
    try:
        pa.compute.match_substring_regex(pa.array([""]), result.replace(r"\Z", r"\z"))
    except pa.ArrowInvalid:
        raise ValueError(
            "it looks around or refers back, or repeats too often: matching it may take for ever"
        ) from None
    return result
