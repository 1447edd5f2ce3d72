"""Verdicts: the results of checking a table. Counts and names of columns, never the values of cells."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from synthdata.notebook import table_html

__all__ = ["Check", "Verdict", "library_versions"]

LIBRARIES = ("synthdata", "great-expectations", "pandas", "numpy", "pyarrow")


@dataclass(frozen=True)
class Check:
    """The result of one expectation.

    expectation: its Great Expectations type, or "rule" for what the gate evaluates itself.
    label: the columns it is about, or the rule.
    level: "row" if it judges each row alone, "set" if it judges the table.
    failed: rows that failed it and were set aside; for a check of the set, rows it counted against the table.
    success: whether it holds for the rows that were admitted. False if it could not be evaluated, or never was.
    error: why it could not be evaluated: the name of the error.
    first: numbers of the first rows that failed it, counted from 1, where a given table was checked.
    """

    expectation: str
    label: str
    level: Literal["row", "set"]
    failed: int
    success: bool
    error: str = ""
    first: tuple[int, ...] = ()

    def __str__(self) -> str:
        name = f"{self.expectation}({self.label})"
        if self.error:
            return f"{name} could not be evaluated ({self.error})"
        if not self.failed:
            return name
        where = ", ".join(map(str, self.first)) + (", ..." if len(self.first) < self.failed else "")
        return f"{name} {self.failed:,} {'row' if self.failed == 1 else 'rows'}" + (f" ({where})" if self.first else "")


@dataclass(frozen=True)
class Verdict:
    """The result of checking a table: counts and names of columns, never the values of cells.

    Parameters
    ----------
    passed : bool
        Whether the table may be exported.
    rows, sampled, rejected : int
        Rows that were admitted, that were looked at to get them, and that were set aside.
    checks : tuple of Check
        What each expectation said.
    seconds : float
        Spent checking, not sampling.
    versions : mapping
        Of Python and of the libraries that took part.

    """

    passed: bool
    rows: int
    sampled: int
    rejected: int
    checks: tuple[Check, ...]
    seconds: float
    versions: Mapping[str, str]

    @property
    def acceptance(self) -> float:
        """The share of the rows looked at that was admitted, in [0, 1]."""
        return self.rows / self.sampled if self.sampled else 0.0

    @staticmethod
    def worst(checks: Iterable[Check], most: int = 3) -> str:
        """Name the checks that failed, those that could not be evaluated first, then by rows; the tail of a message."""
        failing = [check for check in checks if check.failed or not check.success]
        failing.sort(key=lambda check: (not check.error, check.success, -check.failed))
        rest = f"; and {len(failing) - most} more" if len(failing) > most else ""
        return "; ".join(map(str, failing[:most])) + rest

    def _repr_html_(self) -> str:
        """The checks, as a notebook shows them: those that failed first."""
        state = "passed" if self.passed else "refused"
        caption = f"Verdict: {state}; {self.rows:,} rows admitted of {self.sampled:,} looked at"
        ordered = sorted(self.checks, key=lambda check: (check.success, -check.failed))
        rows = (
            (check.expectation, check.label, check.level, f"{check.failed:,}", check.error or _word(check))
            for check in ordered
        )
        return table_html(caption, ("expectation", "of", "level", "rows that failed", ""), rows)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {
            "passed": self.passed,
            "rows": self.rows,
            "sampled": self.sampled,
            "rejected": self.rejected,
            "acceptance": round(self.acceptance, 6),
            "checks": [{**asdict(check), "first": list(check.first)} for check in self.checks],
            "seconds": round(self.seconds, 3),
            "versions": dict(self.versions),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        known = {key: data[key] for key in ("passed", "rows", "sampled", "rejected", "seconds", "versions")}
        return cls(
            **known,
            checks=tuple(Check(**{**check, "first": tuple(check.get("first", ()))}) for check in data["checks"]),
        )


def _word(check: Check) -> str:
    return "holds" if check.success else "failed"


def library_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that took part."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue  # run from a checkout
    return versions
