"""Tables: files read into DataFrames, by the ending of their name, and folders of images.

Text files come back as text, cell by cell as written (a missing cell is an empty one), so that a field can parse it
exactly. Typed files come back typed, in the types that fields read. No message shows a cell.

reading        which reader takes a path
separated, lines, parquet, image_folder    the readers
opening        what they share
"""

from __future__ import annotations

from synthdata.io.readers.reading import LEAST_TO_TRAIN, READERS, read_table

__all__ = ["LEAST_TO_TRAIN", "READERS", "read_table"]
