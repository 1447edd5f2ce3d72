"""The latent spaces of a synthesizer: that of its table, and those of its images and texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from synthdata.blocks import Arrays, take
from synthdata.encoding.encoder import Encoder
from synthdata.errors import InputError
from synthdata.fields import Rows
from synthdata.models.base import Generator, LatentSpace
from synthdata.synthesizer.stages import FieldStages

__all__ = ["LatentSpaces"]


@dataclass(frozen=True)
class LatentSpaces:
    """Rows as latent vectors, and back; frames are of the schema's types.

    encoder, generator, stages: those of a synthesizer. family: that of the table, for messages.
    """

    encoder: Encoder
    generator: Generator | None
    stages: FieldStages
    family: str

    def encode(self, frame: pd.DataFrame) -> np.ndarray:
        """The latent vectors of rows: (n, latent) float32."""
        space, arrays = self._table_space(), self._table(self.encoder.encode(frame))
        with threadpool_limits(1, user_api="blas"):  # so that vectors do not depend on the machine's cores
            return space.encode(arrays)

    def decode(self, vectors: np.ndarray) -> pd.DataFrame:
        """The most likely row of each latent vector, (n, latent)."""
        space, vectors = self._table_space(), np.atleast_2d(np.asarray(vectors, np.float32))
        if vectors.ndim != 2 or vectors.shape[1] != space.latent_dim:
            raise InputError(f"latent vectors of shape {vectors.shape} are not (rows, {space.latent_dim})")
        if not np.isfinite(vectors).all():
            raise InputError("latent vectors hold numbers that are not finite")
        with threadpool_limits(1, user_api="blas"):
            arrays = self.stages.sample(np.random.SeedSequence(0), len(vectors), space.decode(vectors))
        return self.encoder.decode(arrays, Rows(0, np.arange(len(vectors))))

    def interpolate(self, ends: pd.DataFrame, steps: int) -> pd.DataFrame:
        """`steps` rows from the first row of `ends` to the second: linear for a table, spherical for images and texts.

        If images or texts are interpolated, the rest of a row is that of the nearer end.
        """
        self._check_interpolation()
        two = self.encoder.encode(ends)
        with threadpool_limits(1, user_api="blas"):  # so that rows do not depend on the machine's cores
            if self.stages.spaces:
                table: Arrays = take(self._table(two), np.arange(steps) * 2 // steps)
            else:
                space = self._table_space()
                start, end = space.encode(self._table(two))
                table = space.decode(start + np.linspace(0, 1, steps, dtype=np.float32)[:, None] * (end - start))
            drawn = self.stages.sample(np.random.SeedSequence(0), steps, table)
            arrays = {**drawn, **self.stages.interpolate(two, table, steps)}
        return self.encoder.decode(arrays, Rows(0, np.arange(steps)))

    def vary(self, frame: pd.DataFrame, strength: float, seed: int) -> pd.DataFrame:
        """The rows with variations of their images and texts; see `synthdata.models.latent_paths.vary`."""
        if not self.stages.spaces and self.stages.generators:
            raise InputError(f"{self.stages.without_space()}; {self.stages.advice()}")
        if not self.stages.spaces:
            raise InputError(
                "this model has no image or text that can be varied; train with an image whose model is gan or vae, "
                "or a text whose model is vae"
            )
        with threadpool_limits(1, user_api="blas"):  # so that images do not depend on the machine's cores
            varied = self.stages.vary(np.random.SeedSequence(seed), self.encoder.encode(frame), strength)
        rows = Rows(seed, np.arange(len(frame)))
        return frame.assign(**{name: self.encoder.codecs[name].decode(varied, rows) for name in varied})

    def _table(self, arrays: Arrays) -> Arrays:
        """The arrays of the table's generator."""
        return {name: array for name, array in arrays.items() if name not in self.stages.generators}

    def _table_space(self) -> LatentSpace:
        if isinstance(self.generator, LatentSpace):
            return self.generator
        raise InputError(f"a {self.family} has no latent space of rows; train with model vae")

    def _check_interpolation(self) -> None:
        """Raise InputError if neither the table nor an image or text has a latent space."""
        stages = self.stages
        if stages.generators and not stages.spaces and not isinstance(self.generator, LatentSpace):
            table = f"the table ({self.family}) has no latent space"
            raise InputError(f"{table}, and {stages.without_space()}; {stages.advice()}, or the table's")
