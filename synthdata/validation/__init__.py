"""The gate: what a schema and its user expect of a table, run by Great Expectations before anything is exported.

suite     what is expected, as plain data; reads and writes Great Expectations' JSON, refuses what could run code
engine    the one door to Great Expectations, opened when the first suite runs
gate      admits passing rows of a stream, sets the others aside, and asks for the whole at the end
verdict   what came of it: counts, never values
"""

from __future__ import annotations

from synthdata.validation.gate import Gate, Validated, check, validate
from synthdata.validation.suite import Suite
from synthdata.validation.verdict import Check, Verdict

__all__ = ["Check", "Gate", "Suite", "Validated", "Verdict", "check", "validate"]
