"""Readers: files by their ending, and folders of images, into DataFrames.

Text formats come back as text, cell by cell as written (a missing cell is an empty one), so that a field can parse it
exactly. Typed formats come back in the types that fields read. No error message shows a cell.
"""

from __future__ import annotations

from synthdata.io.readers.opening import READ_AS
from synthdata.io.readers.reading import LEAST_TO_TRAIN, read_table

__all__ = ["LEAST_TO_TRAIN", "READ_AS", "read_table"]
