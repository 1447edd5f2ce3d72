"""Filling what rows lack: each cell drawn, not averaged, given all that its row holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Binned, Categorical, Layout, Pixels, Tokens, take
from synthdata.encoding.copied_columns import Links
from synthdata.encoding.functional_dependencies import Determined
from synthdata.errors import InputError, nearest
from synthdata.fields import Codec, Rows
from synthdata.models.base import ImputingGenerator
from synthdata.schema.constraints import Constraint, Unique
from synthdata.synthesizer.stages import FieldStages, table_of
from synthdata.synthesizer.streaming import PART, first_row

__all__ = ["ATTEMPTS", "Filling"]

LINKED = 1 << 16  # in place of the number of an attempt, where it is drawn what is linked
ATTEMPTS = 20  # times a row is drawn again whose filled cells break a constraint, or whose text came out empty


@dataclass(frozen=True)
class Filling:
    """What fills the cells of a table: the parts of a synthesizer, whose generator must be able to.

    generator: of the table's blocks; None if there are none.
    """

    codecs: Mapping[str, Codec]
    links: Links
    determined: Determined
    generator: ImputingGenerator | None
    stages: FieldStages
    constraints: tuple[Constraint, ...]

    def fill(self, frame: pd.DataFrame, columns: Sequence[str] | None, seed: int) -> pd.DataFrame:
        """Fill missing cells of `columns`, or of all, in a frame of the schema's types.

        Rows go through in the blocks in which rows are sampled; block b, drawn for the a-th time, takes its numbers
        from Philox(SeedSequence(seed, spawn_key=(b, a))). So a row's cells of the table depend on the seed, the row and
        its number; its texts also on which of the rows beside it lack one.
        """
        wanted = self._wanted(columns)
        parts = []
        for block in count():
            part = frame.iloc[first_row(block) : first_row(block + 1)].reset_index(drop=True)
            if part.empty:
                break
            lacks = {name: cells for name in wanted if (cells := part[name].isna().to_numpy(bool)).any()}
            parts.append(self._filled(part, lacks, seed, block) if lacks else part)
        return pd.concat(parts, ignore_index=True).set_axis(frame.index) if parts else frame

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        """The columns to fill, in the schema's order; InputError for those that cannot be."""
        learned = {name: None if codec.field.is_made else codec.layout.get(name) for name, codec in self.codecs.items()}
        for name in [columns] if isinstance(columns, str) else (columns or ()):
            if name not in learned:
                raise InputError(f'columns: no field "{name}"; {nearest(name, learned)}')
            if learned[name] is None:
                raise InputError(f'columns: "{name}" is made anew and not learned; leave it out')
            if isinstance(learned[name], Pixels):
                raise InputError(f'columns: "{name}" is an image, which is never missing; leave it out')
        asked = learned if columns is None else [columns] if isinstance(columns, str) else columns
        return [
            name
            for name, block in learned.items()
            if name in asked
            and isinstance(block, Categorical | Binned | Tokens)
            and self.codecs[name].body.block != Categorical(0)  # nothing was there to be learned
        ]

    def _filled(self, rows: pd.DataFrame, lacks: Mapping[str, np.ndarray], seed: int, block: int) -> pd.DataFrame:
        """One block with what its rows lack, drawn until constraints hold or the attempts end."""
        layout = self._layout
        rows, lacks = self._linked_back(rows, lacks, layout, np.random.SeedSequence(seed, spawn_key=(block, LINKED)))
        arrays, known, lacking = self._seen(rows, layout, lacks)
        allowed = {name: _present(layout[name]) for name in layout if self.codecs[name].nulls and name in lacks}
        own = self._agreeing(layout, arrays, lacking, allowed)
        kept = self.determined.layout(layout)
        allowed = {name: mask for name, mask in allowed.items() if name in kept}
        drawn = np.any(list(lacks.values()), axis=0)  # the rows whose cells are drawn
        for attempt in range(1 + ATTEMPTS):
            filled: Arrays = {}
            if self.generator is not None:
                rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(block, attempt))))
                seen = {name: known[name] | ~drawn for name in kept}
                lack = {name: lacking[name] & drawn for name in kept}
                filled = self.generator.impute(rng, {name: arrays[name] for name in kept}, seen, lack, allowed, own)
            now = {name: np.flatnonzero(cells & drawn) for name, cells in lacks.items()}
            texts = self._texts(filled, now, seed, (block, attempt))
            numbers = Rows(seed, first_row(block) + np.arange(len(rows)))
            rows = self._put(rows, now, {**self.determined.decode(filled), **texts}, numbers)
            drawn = drawn & self._broken(rows, now)
            if not drawn.any():
                break
        return rows

    def _linked_back(
        self, rows: pd.DataFrame, lacks: Mapping[str, np.ndarray], layout: Layout, seed: np.random.SeedSequence
    ) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        """Rows with the sources of linked numbers where these are there and say so, and what is lacking still.

        A number whose source is missing tells of it only if it was taken from there: whether it was is drawn first,
        given the number's bin.
        """
        left = {name: cells.copy() for name, cells in lacks.items()}
        if self.generator is None or not any(other in left for each in self.links.sources.values() for other in each):
            return rows, left
        arrays, known, lacking = self._seen(rows, layout, lacks)
        own, asked = {}, {}
        for name, others in self.links.sources.items():
            block = layout[name]
            assert isinstance(block, Binned)
            cells = np.any([left[other] for other in others if other in left] or [np.zeros(len(rows), bool)], axis=0)
            cells &= rows[name].notna().to_numpy(bool) & (arrays[name][:, 0] >= block.atoms) & (arrays[name][:, 1] < 1)
            asked[name] = cells
            bins, which = np.unique(np.where(cells, arrays[name][:, 0], -1).astype(np.int64), return_inverse=True)
            masks = (np.arange(block.atoms + block.bins) == bins[:, None]) | (bins[:, None] < 0)
            own[name] = which, np.repeat(masks[..., None], block.levels, axis=2)
        concerned = np.any(list(asked.values()), axis=0)
        kept = self.determined.layout(layout)
        if not concerned.any():
            return rows, left
        seen = {name: (known[name] & ~asked.get(name, np.zeros(len(rows), bool))) | ~concerned for name in kept}
        rng = np.random.Generator(np.random.Philox(seed))
        lack = {name: (lacking[name] | asked.get(name, False)) & concerned for name in kept}
        drawn = self.generator.impute(rng, {name: arrays[name] for name in kept}, seen, lack, {}, own)
        columns = {str(name): column.copy() for name, column in rows.items()}
        for name, cells in asked.items():
            for number, other in enumerate(self.links.sources[name]):
                if other in left:
                    taken = cells & (drawn[name][:, 1].astype(np.int64) == 1 + number) & left[other]
                    columns[other][taken] = columns[name][taken].astype(columns[other].dtype)
                    left[other] &= ~taken
        return pd.DataFrame(columns), left

    @property
    def _layout(self) -> Layout:
        """The blocks of the table, with those that follow from another one."""
        return self.links.layout(
            table_of({name: block for codec in self.codecs.values() for name, block in codec.layout.items()})
        )

    def _seen(
        self, rows: pd.DataFrame, layout: Layout, lacks: Mapping[str, np.ndarray]
    ) -> tuple[Arrays, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The arrays of the cells that are there, what is known, and what is lacking: (n,) bool by name.

        Where training showed missing cells, that a cell is missing is known too, and stays so for the others after it
        is drawn: rows of a column often missing of which nothing is would be none like those of training. Cells of two
        such columns that a row both lacks are drawn apart, given the rest. Linked numbers are drawn one after another.
        """
        arrays, known, lacking = {}, {}, {}
        linked = {*self.links.sources, *(other for others in self.links.sources.values() for other in others)}
        for name in layout:
            codec, present = self.codecs[name], rows[name].notna().to_numpy(bool)
            inner = codec.encode(rows[name][present])[name]
            array = np.zeros((len(rows), *inner.shape[1:]), inner.dtype)
            array[present] = inner
            arrays[name] = array
            known[name] = present | (codec.nulls and not (name in lacks and name in linked))
            lacking[name] = ~present & (name in lacks or not codec.nulls)
        return self.links.encode(rows, layout, arrays), known, lacking

    def _agreeing(
        self, layout: Layout, arrays: Arrays, lacking: Mapping[str, np.ndarray], allowed: Mapping[str, np.ndarray]
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The symbols that a column may take where columns that follow from it are there: see `impute`.

        What no symbol agrees with asks nothing.
        """
        result = {}
        for source in dict.fromkeys(source for source, _ in self.determined.tables.values()):
            tables = {name: table for name, (other, table) in self.determined.tables.items() if other == source}
            asked = np.stack([np.where(~lacking[name] & lacking[source], arrays[name], -1) for name in tables], axis=1)
            kinds, which = np.unique(asked, axis=0, return_inverse=True)  # (kinds, columns that follow)
            block = layout[source]
            assert isinstance(block, Categorical)
            masks = np.tile(allowed.get(source, np.ones(block.size, bool)), (len(kinds), 1))
            for symbols, table in zip(kinds.T, tables.values(), strict=True):
                masks &= (symbols[:, None] < 0) | (np.asarray(table) == symbols[:, None])
            masks[~masks.any(axis=1)] = True
            result[source] = which, masks
        return result

    def _texts(
        self, told: Arrays, now: Mapping[str, np.ndarray], seed: int, key: tuple[int, int]
    ) -> dict[str, np.ndarray]:
        """Draw texts to the filled table, a part of rows after the other: arrays whose other rows mean nothing."""
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
                tokens[rows] = alone.sample(own, len(rows), take(told, rows))[name]
            result[name] = tokens
        return result

    def _put(self, rows: pd.DataFrame, now: Mapping[str, np.ndarray], arrays: Arrays, numbers: Rows) -> pd.DataFrame:
        """Decode the cells `now`, rows (m,) by name, into their places."""
        columns = {str(name): column.copy() for name, column in rows.items()}
        for name, chosen in now.items():
            values = self.codecs[name].decode({name: arrays[name][chosen]}, numbers[chosen])
            columns[name].iloc[chosen] = values.astype(columns[name].dtype).array
        linked = {}
        for name in self.links.sources:
            linked[name] = np.zeros_like(arrays[name])
            chosen = now.get(name, np.empty(0, np.int64))
            linked[name][chosen] = arrays[name][chosen]
        self.links.decode(columns, self.codecs, linked)
        return pd.DataFrame(columns)

    def _broken(self, rows: pd.DataFrame, now: Mapping[str, np.ndarray]) -> np.ndarray:
        """Which rows are to be drawn again: (n,) bool. What is unique is a matter of the whole table, and not asked."""
        result = np.zeros(len(rows), bool)
        for constraint in self.constraints:
            if not isinstance(constraint, Unique):
                result |= ~constraint.holds(rows)
        for name, chosen in now.items():
            if name in self.stages.generators:
                result[chosen] |= ~rows[name].iloc[chosen].fillna("").astype(bool).to_numpy()
        return result


def _present(block: Categorical | Binned | Tokens | Pixels) -> np.ndarray:
    """A mask over a block's symbols without the first, which means missing."""
    match block:
        case Categorical(size):
            mask = np.ones(size, bool)
        case Binned(atoms, bins, levels):
            mask = np.ones((atoms + bins, levels), bool)
        case _:
            raise TypeError(f"{type(block).__name__} is not tabular")
    mask[0] = False
    return mask
