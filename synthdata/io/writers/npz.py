"""NPZ: one numpy array a column."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, ClassVar, cast, final

import numpy as np
import pandas as pd

from synthdata.io.atomic import AtomicFile
from synthdata.io.writers.writer import Sink, Writer
from synthdata.schema import Schema

__all__ = ["NpzWriter"]

PART_BYTES = 1 << 24
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment a zip knows: the same rows are the same bytes


@final
class NpzWriter(Writer):
    """A compressed NPZ: images (n, height, width, channels) uint8, numbers and booleans, text; no pickle.

    A nullable column has a second array beside it, `<name>.missing`, true where the first means nothing. Rows wait in
    temporary files until the end: an array's header states how many there are.
    """

    is_table: ClassVar[bool] = False

    def __init__(self, target: Sink, schema: Schema) -> None:
        super().__init__(target, schema)
        folder = target.folder if isinstance(target, AtomicFile) else None
        self.files = ExitStack()
        self.spools = {
            name: _Spool(self.files.enter_context(tempfile.TemporaryFile(dir=folder)))  # noqa: SIM115 - it is
            for name in schema.array_names()
        }

    @classmethod
    def names(cls, schema: Schema) -> list[str]:
        """The arrays' names: a nullable column has two."""
        return schema.array_names()

    def write(self, frame: pd.DataFrame) -> None:
        """Keep a chunk of rows in temporary files."""
        for name, array in self.schema.arrays(frame).items():
            self.spools[name].put(array)

    def close(self) -> None:
        """Write the arrays one after the other."""
        with zipfile.ZipFile(cast(IO[bytes], self.target), "w") as archive:
            for name, spool in self.spools.items():
                about = zipfile.ZipInfo(f"{name}.npy", LONG_AGO)
                about.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(about, "w", force_zip64=True) as member:
                    spool.pour(member)

    def abandon(self) -> None:
        """Close the temporary files, which removes them."""
        self.files.close()


@dataclass
class _Spool:
    """An array that grows, in a file: chunks of it, each in its own type (texts differ in length)."""

    file: IO[bytes]
    chunks: list[tuple[tuple[int, ...], np.dtype]] = field(default_factory=list)  # shape and type of each

    def put(self, array: np.ndarray) -> None:
        """Take rows."""
        self.chunks.append((array.shape, array.dtype))
        self.file.write(array.tobytes())

    def pour(self, member: IO[bytes]) -> None:
        """Write as one NPY, a few rows at a time."""
        rows, tail = sum(shape[0] for shape, _ in self.chunks), self.chunks[0][0][1:]
        common = np.result_type(*(type_ for _, type_ in self.chunks))
        head = {"descr": np.lib.format.dtype_to_descr(common), "fortran_order": False, "shape": (rows, *tail)}
        np.lib.format.write_array_header_2_0(member, head)
        self.file.seek(0)
        for shape, type_ in self.chunks:
            width = type_.itemsize * int(np.prod(tail))
            for start in range(0, shape[0], step := max(1, PART_BYTES // max(width, 1))):
                part = np.frombuffer(self.file.read(min(step, shape[0] - start) * width), type_)
                member.write(part.astype(common).tobytes())
