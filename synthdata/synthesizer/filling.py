"""Filling missing cells: each is sampled, not averaged, given the observed cells of its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Binned, Categorical, Layout, Pixels, Tokens, tabular, take
from synthdata.encoding.derived_cells import DerivedCells, settled
from synthdata.encoding.encoder import Encoder
from synthdata.errors import InputError, nearest
from synthdata.fields import Rows
from synthdata.models.base import NOTHING, ImputingGenerator
from synthdata.schema.constraints import Constraint, Unique
from synthdata.synthesizer.cells import Cells, RowMasks, both
from synthdata.synthesizer.stages import FieldStages
from synthdata.synthesizer.streaming import PART, first_row

__all__ = ["ATTEMPTS", "Filling"]

COPIED = 1 << 16  # stands for the attempt in the spawn key when links to missing sources are sampled
ATTEMPTS = 20  # times a row is sampled again if it breaks a constraint or a text is empty


@dataclass(frozen=True)
class Filling:
    """Fills the cells of a table with the parts of a synthesizer.

    generator: that of the table's blocks; None if there are none.
    """

    encoder: Encoder
    generator: ImputingGenerator | None
    stages: FieldStages
    constraints: tuple[Constraint, ...]

    def fill(self, frame: pd.DataFrame, columns: Sequence[str] | None, seed: int) -> pd.DataFrame:
        """Fill missing cells of `columns`, or of all columns, in a frame of the schema's types.

        Rows are processed in the same blocks as in `RowStream`; attempt a at block b uses the random generator
        Philox(SeedSequence(seed, spawn_key=(b, a))). So tabular cells depend on the seed, the row and its position;
        texts also on which rows of the block lack them.
        """
        wanted = self._wanted(columns)
        parts = []
        for block in count():
            part = frame.iloc[first_row(block) : first_row(block + 1)].reset_index(drop=True)
            if part.empty:
                break
            missing = {name: cells for name in wanted if (cells := part[name].isna().to_numpy(bool)).any()}
            parts.append(self._filled(part, missing, seed, block) if missing else part)
        return pd.concat(parts, ignore_index=True).set_axis(frame.index) if parts else frame

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        """The columns to fill, in the schema's order; InputError for those that cannot be."""
        encoder, fields = self.encoder, self.encoder.fields
        blocks = {name: encoder.codecs[name].layout.get(name) for name in fields if name in encoder.codecs}
        for name in [columns] if isinstance(columns, str) else (columns or ()):
            if name not in fields:
                raise InputError(f'columns: no field "{name}"; {nearest(name, fields)}')
            if name in encoder.made.codecs or (name in blocks and blocks[name] is None):
                raise InputError(f'columns: "{name}" is made anew and not learned; leave it out')
            if isinstance(blocks.get(name), Pixels):
                raise InputError(f'columns: "{name}" is an image, which is never missing; leave it out')
        chosen = fields if columns is None else [columns] if isinstance(columns, str) else columns
        return [
            name
            for name in fields
            if name in chosen and name not in encoder.made.codecs
            if name not in blocks  # a total
            or (
                isinstance(blocks[name], Categorical | Binned | Tokens)
                and encoder.codecs[name].body.block != Categorical(0)  # all values were missing in training
            )
        ]

    def _filled(self, rows: pd.DataFrame, missing: Mapping[str, np.ndarray], seed: int, block: int) -> pd.DataFrame:
        """One block of rows with its `missing` cells, (n,) bool by column, filled; see `ATTEMPTS`."""
        encoder = self.encoder
        layout = tabular(encoder.all_blocks)
        rows, missing = settled(encoder.derived, encoder.order, rows, missing)
        rows, missing = self._fill_sources(
            rows, missing, layout, np.random.SeedSequence(seed, spawn_key=(block, COPIED))
        )
        rows, missing = settled(encoder.derived, encoder.order, rows, missing)
        if not missing:
            return rows
        placed = encoder.places.lacking(missing)
        before, derived = rows, DerivedCells.of(encoder.derived, encoder.codecs, encoder.order, rows, missing)
        wanted = {**{name: each for name, each in missing.items() if name in encoder.codecs}, **derived.sampled}
        wanted = {name: each for name, each in {**wanted, **placed}.items() if each.any()}
        allowed = {name: _present(layout[name]) for name in layout if encoder.codecs[name].nulls and name in wanted}
        sampled = {name: mask for name, mask in encoder.sampled.items() if name in wanted}
        allowed |= {name: allowed.get(name, np.True_) & mask for name, mask in sampled.items()}
        cells = self._read_cells(rows, layout, {**missing, **placed}, derived.sampled)
        cells, row_masks = cells.learned(encoder.dependencies, layout, allowed)
        for name, each in placed.items():
            if name in cells.arrays:
                near = encoder.places.near(name, rows, each, encoder.codecs[name])
                row_masks[name] = both(near, row_masks[name]) if name in row_masks else near
        allowed = {name: mask for name, mask in allowed.items() if name not in encoder.dependencies.by_column}
        coordinates = {name: each for name, each in missing.items() if name in encoder.places.block_of}
        again = np.any(list(missing.values()), axis=0)  # (n,) bool, rows to sample
        for attempt in range(1 + ATTEMPTS):
            own = np.random.SeedSequence(seed, spawn_key=(block, attempt))
            filled = self._impute(own, cells, again, allowed, row_masks)
            now = {name: np.flatnonzero(each & again) for name, each in {**coordinates, **wanted}.items()}
            texts = self._texts(filled, now, seed, (block, attempt))
            numbers = Rows(seed, first_row(block) + np.arange(len(rows)))
            decoded = encoder.dependencies.decode(layout, filled, cells.moved)
            rows, refused = self._write_cells(rows, now, {**decoded, **texts}, numbers, derived, again)
            rows, contradicted = self._looked_up(rows, now, layout, derived)
            again = again & (self._broken(rows, now) | derived.unlikely(rows) | contradicted | refused)
            if not again.any():
                break
        only_needed = [name for name, each in derived.needed.items() if name not in missing and each.any()]
        return rows.assign(**{name: before[name] for name in only_needed})

    def _impute(
        self,
        seed: np.random.SeedSequence,
        cells: Cells,
        rows: np.ndarray,
        allowed: Mapping[str, np.ndarray],
        row_masks: Mapping[str, RowMasks],
    ) -> Arrays:
        """Sample the missing cells of the rows `rows`, (n,) bool, in the blocks that the generator learned."""
        if self.generator is None:
            return {}
        return self.generator.impute(
            np.random.Generator(np.random.Philox(seed)),
            cells.arrays,
            {name: observed | ~rows for name, observed in cells.observed.items()},
            {name: drawn & rows for name, drawn in cells.drawn.items()},
            allowed,
            row_masks,
        )

    def _fill_sources(
        self, rows: pd.DataFrame, missing: Mapping[str, np.ndarray], layout: Layout, seed: np.random.SeedSequence
    ) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        """Fill missing sources of copied columns from observed copies; returns the rows, and the cells still missing.

        An observed number reveals its missing source only if it was copied from it, so the link is sampled first, given
        the number's bin.
        """
        left = {name: cells.copy() for name, cells in missing.items()}
        sources = self.encoder.copied.sources
        if self.generator is None or not any(other in left for others in sources.values() for other in others):
            return rows, left
        read = self._read_cells(rows, layout, missing)
        row_masks: dict[str, RowMasks]
        read, row_masks = read.learned(self.encoder.dependencies, layout, {})
        candidates = {}
        for name, others in sources.items():
            block = layout[name]
            assert isinstance(block, Binned)
            cells = np.any([left[other] for other in others if other in left] or [np.zeros(len(rows), bool)], axis=0)
            array = read.arrays[name]
            cells &= rows[name].notna().to_numpy(bool) & (array[:, 0] >= block.atoms) & (array[:, 1] < 1)
            candidates[name] = cells
            bins, which = np.unique(np.where(cells, array[:, 0], -1).astype(np.int64), return_inverse=True)
            masks = (np.arange(block.atoms + block.bins) == bins[:, None]) | (bins[:, None] < 0)
            row_masks[name] = which, np.repeat(masks[..., None], block.levels, axis=2)
        affected = np.any(list(candidates.values()), axis=0)
        if not affected.any():
            return rows, left
        observed = {
            name: cells & ~candidates.get(name, np.zeros(len(rows), bool)) for name, cells in read.observed.items()
        }
        drawn = {name: cells | candidates.get(name, False) for name, cells in read.drawn.items()}
        filled = self._impute(seed, Cells(read.arrays, observed, drawn, read.moved), affected, {}, row_masks)
        columns = {str(name): column.copy() for name, column in rows.items()}
        for name, cells in candidates.items():
            for number, other in enumerate(sources[name]):
                if other in left:
                    taken = cells & (filled[name][:, 1].astype(np.int64) == 1 + number) & left[other]
                    copied = columns[other].copy()
                    copied[taken] = columns[name][taken].astype(copied.dtype)
                    if other in self.encoder.derived.measures:
                        taken &= self.encoder.derived.fits(other, {**columns, other: copied})
                        copied = copied.where(taken | columns[other].notna(), columns[other])
                    columns[other] = copied
                    left[other] &= ~taken
        return pd.DataFrame(columns), left

    def _read_cells(
        self,
        rows: pd.DataFrame,
        layout: Layout,
        missing: Mapping[str, np.ndarray],
        sampled: Mapping[str, np.ndarray] = NOTHING,
    ) -> Cells:
        """The cells of rows, in the blocks of all columns.

        sampled: cells of derived columns, and of those they are computed from, that are sampled in place of the missing
        ones.

        If a column had missing values in training, a missing cell counts as observed, with the symbol for missing, even
        once it is filled: complete rows may be rare in training. So two such cells of one row are sampled
        independently, given the rest. Copied columns and their sources are an exception: they are sampled in turn.
        """
        sources = self.encoder.copied.sources
        copying = {*sources, *(other for others in sources.values() for other in others)}
        arrays, observed, drawn = {}, {}, {}
        learned = self.encoder.learned(rows)
        for name in layout:
            codec, present = self.encoder.codecs[name], learned[name].notna().to_numpy(bool)
            inner = codec.encode(learned[name][present])[name]
            array = np.zeros((len(rows), *inner.shape[1:]), inner.dtype)
            array[present] = inner
            arrays[name] = array
            there = present & ~sampled[name] if name in sampled else present
            observed[name] = there | (~present & (codec.nulls and not (name in missing and name in copying)))
            drawn[name] = sampled[name] if name in sampled else ~present & (name in missing)
            drawn[name] = drawn[name] | ~(observed[name] | drawn[name])
        dependencies = self.encoder.dependencies.by_column.values()
        tell = dict.fromkeys(one.source for each in dependencies for one in each.lookups)
        moved = self.encoder.moved(rows, learned, arrays, tell)
        moved = {name: each & ~drawn[name] for name, each in moved.items()}
        return Cells(self.encoder.copied.encode(rows, layout, arrays), observed, drawn, moved)

    def _texts(
        self, table: Arrays, now: Mapping[str, np.ndarray], seed: int, key: tuple[int, int]
    ) -> dict[str, np.ndarray]:
        """Sample texts given the filled table, in parts of rows: arrays in which only the rows of `now` are valid."""
        result = {}
        for number, (name, generator) in enumerate(self.stages.generators.items()):
            block, chosen = generator.signature.block, now.get(name)
            if chosen is None or not isinstance(block, Tokens):
                continue
            alone = replace(self.stages, generators={name: generator})
            tokens = np.zeros((int(chosen.max(initial=-1)) + 1, block.length), np.int64)
            for part in np.unique(chosen // PART).tolist():
                rows = chosen[chosen // PART == part]
                own = np.random.SeedSequence(seed, spawn_key=(*key, number, part))
                tokens[rows] = alone.sample(own, len(rows), take(table, rows))[name]
            result[name] = tokens
        return result

    def _write_cells(
        self,
        rows: pd.DataFrame,
        now: Mapping[str, np.ndarray],
        arrays: Arrays,
        numbers: Rows,
        cells: DerivedCells,
        again: np.ndarray,
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Decode the cells `now`, row indices (m,) by column, into a copy of the rows, and what follows from them.

        cells: those of derived columns. again: the rows that are sampled, (n,) bool. Returns the rows, and those of
        them that are better sampled once more, (n,) bool.
        """
        encoder = self.encoder
        columns, gaps, refused = cells.emptied(rows, again), {}, np.zeros(len(rows), bool)
        for name, chosen in now.items():
            if name in encoder.places.block_of:
                continue
            values = encoder.codecs[name].decode({name: arrays[name][chosen]}, numbers[chosen])
            if name in encoder.places:
                for column, own in encoder.places.coordinates(name, values, encoder.fields).items():
                    here = np.isin(chosen, now.get(column, ()))
                    columns[column].iloc[chosen[here]] = own[here].astype(columns[column].dtype).array
            elif name in encoder.derived.gaps:
                gaps[name] = values.set_axis(chosen).reindex(range(len(rows)))
            else:
                columns[name].iloc[chosen] = values.astype(columns[name].dtype).array
        columns = cells.anchor(columns, gaps, again)
        for name in encoder.order * (2 if cells.differences else 1):  # a difference needs parts that come later
            if name in encoder.copied.sources and name in now:
                array = np.zeros_like(arrays[name])
                array[now[name]] = arrays[name][now[name]]
                columns[name] = encoder.copied.decode(name, columns, encoder.codecs[name], array)
            if name in cells.needed:
                columns[name], worse = cells.value(name, columns, gaps, again)
                refused |= worse
        return pd.DataFrame(columns), refused

    def _looked_up(
        self, rows: pd.DataFrame, now: Mapping[str, np.ndarray], layout: Layout, cells: DerivedCells
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Look up dependent columns by sources that follow from derived cells, and so were not there when all was.

        now: row indices (m,) by column, of the cells that were sampled. Returns the rows, and those in which what is
        told contradicts an observed cell, (n,) bool.
        """
        encoder, result = self.encoder, np.zeros(len(rows), bool)
        names = {*cells.follow, *(high for name in cells.follow for high in cells.derived.highs(name))}
        dependent = []
        for name, dependency in encoder.dependencies.by_column.items():
            if names & {one.source for one in dependency.lookups}:
                names.add(name)
                dependent.append(name)
        if not dependent:
            return rows, result
        read = self._read_cells(rows, layout, {})
        learned = encoder.dependencies.encode(layout, read.arrays)
        told = encoder.dependencies.decode(layout, learned, read.moved)
        columns = {str(name): column.copy() for name, column in rows.items()}
        changed = np.any(list(cells.follow.values()), axis=0)
        for name in dependent:
            own = np.isin(np.arange(len(rows)), now.get(name, ()))
            there = rows[name].notna().to_numpy(bool)
            result |= changed & ~own & there & (told[name] != read.arrays[name])
            chosen = np.flatnonzero(changed & own)
            values = encoder.codecs[name].decode({name: told[name][chosen]}, Rows(0, chosen))
            columns[name].iloc[chosen] = values.astype(columns[name].dtype).array
        return pd.DataFrame(columns), result

    def _broken(self, rows: pd.DataFrame, now: Mapping[str, np.ndarray]) -> np.ndarray:
        """Rows to sample again: (n,) bool. Uniqueness concerns the whole table and is not checked."""
        result = np.zeros(len(rows), bool)
        for constraint in self.constraints:
            if not isinstance(constraint, Unique):
                result |= ~constraint.holds(rows)
        for name, chosen in now.items():
            if name in self.stages.generators:
                result[chosen] |= ~rows[name].iloc[chosen].fillna("").astype(bool).to_numpy()
        return result


def _present(block: Categorical | Binned | Tokens | Pixels) -> np.ndarray:
    """A mask over a block's symbols that excludes the first one, which means missing."""
    match block:
        case Categorical(size):
            mask = np.ones(size, bool)
        case Binned(atoms, bins, levels):
            mask = np.ones((atoms + bins, levels), bool)
        case _:
            raise TypeError(f"{type(block).__name__} is not tabular")
    mask[0] = False
    return mask
