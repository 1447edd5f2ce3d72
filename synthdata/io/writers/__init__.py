"""Writers: export a table that passed the gate, all of it or nothing, with its verdict beside it."""

from __future__ import annotations

from synthdata.io.writers.exports import check_target, export

__all__ = ["check_target", "export"]
