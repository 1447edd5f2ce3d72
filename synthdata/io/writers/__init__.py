"""Export: writes a table that passed the gate, all of it or nothing, and its verdict beside it.

exports    export, and what a place must be like
writers    the formats; arrays: NPZ; records: TFRecord
files      images that stand in files of their own
places     all or nothing
"""

from __future__ import annotations

from synthdata.io.writers.exports import FORMATS, check_target, export

__all__ = ["FORMATS", "check_target", "export"]
