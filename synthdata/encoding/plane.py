"""Points of a plane in an order on a line, so that two coordinates are learned as one quantity.

A k-d tree parts the plane in two, along the coordinate and at the place that leave the points of either side closest
together (those of most likelihood, were they spread evenly; in halves, while there are many), until few subjects are
left. Its leaves, from first to last, are stretches of the line; points that are near each other on the line are near
each other in the plane. Space without points is in no leaf, so points drawn along the line lie where points are.

Privacy: each leaf holds the points of `LEAST_SUBJECTS_OF_A_LEAF` subjects or more. It is parted halfway between two
points, and empty strips are cut off in sixteenths of its sides, so that no edge is anybody's own coordinate, save by
rounding to the unit.

Source: P. Ram, A. G. Gray, Density estimation trees, KDD 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from synthdata.fields.intervals import Interval, touched
from synthdata.fields.quantiles import LEAST_THRESHOLD
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["Plane"]

LEAST_SUBJECTS_OF_A_LEAF = THRESHOLD
MOST_LEAVES = 8192
STRIPS = 16  # in which empty space at the sides of a leaf is cut off
REGIONS = 64  # nodes of more points than one in so many are parted in halves, so that bins are regions
GAP = 0.7  # nats for each point, by which a cut has to be better than one in halves: it leaves half of the space empty
FAR = 4  # times as far as all others lie apart, from which on a few points count as elsewhere
TRIED = 8  # of the best cuts along a coordinate, if they leave too few subjects on a side
MOST_CUTS = 16  # of such strips, at each side of each node
BITS = 62  # of a place on the line
MOST_BITS = 28  # of each side of a leaf, so that places times sides are int64


@dataclass(frozen=True)
class Plane:
    """A k-d tree over points of two coordinates, both whole numbers of units below 2 ** 31.

    axes, cuts, children: of the inner nodes, the root first: the coordinate that is compared (0 or 1), the most that
    goes to the first child, and both children, (nodes, 2); a leaf is ~ its number. boxes: (leaves, 2, 2), the least and
    the most of each coordinate.

    A place on the line is the number of the leaf, then how far along both coordinates of its box: their bits in turns,
    so that the first bits of a place, which is drawn with few, say most of both.
    """

    axes: np.ndarray
    cuts: np.ndarray
    children: np.ndarray
    boxes: np.ndarray

    @classmethod
    def fit(cls, points: np.ndarray, subjects: Subjects, ends: tuple[Interval, Interval], ratio: float) -> Self:
        """Part the points (n, 2).

        subjects: the subject of each. ends: the least and the most that is drawn of each coordinate. ratio: the length
        of a unit of the second coordinate, in units of the first.
        """
        low, high = (np.array(end, np.int64) for end in zip(*ends, strict=True))
        points = np.clip(points, low, high)
        owners, least = subjects.numbers, max(LEAST_SUBJECTS_OF_A_LEAF, subjects.people // MOST_LEAVES)
        axes: list[int] = []
        cuts: list[int] = []
        children: list[list[int]] = []
        boxes: list[np.ndarray] = []
        waiting = [(np.arange(len(points)), np.stack([low, high], axis=1), -1, 0)]
        while waiting:
            rows, box, parent, side = waiting.pop()
            here = points[rows]
            box = _without_empty_strips(here, box)
            is_coarse = len(rows) * REGIONS > len(points)
            whose = None if owners is None else owners[rows]
            found = _parted(here, box, whose, least, ratio, in_half=is_coarse)
            number = ~len(boxes) if found is None else len(axes)
            if parent >= 0:
                children[parent][side] = number
            if found is None:
                boxes.append(_closest(here, box, whose))
                continue
            axis, cut = found
            axes.append(axis)
            cuts.append(cut)
            children.append([0, 0])
            first = here[:, axis] <= cut
            for each, chosen in ((1, ~first), (0, first)):  # the first is taken first
                part = box.copy()
                part[axis] = (cut + 1, box[axis, 1]) if each else (box[axis, 0], cut)
                waiting.append((rows[chosen], part, number, each))
        return cls(
            np.array(axes, np.int64),
            np.array(cuts, np.int64),
            np.array(children, np.int64).reshape(-1, 2),
            np.array(boxes, np.int64),
        )

    def places(self, points: np.ndarray) -> np.ndarray:
        """The places of points (n, 2) on the line: (n,) int64. A point in no leaf counts as the nearest of its own."""
        node = np.full(len(points), 0 if len(self.axes) else ~0)
        inner = np.flatnonzero(node >= 0)
        while len(inner):
            here = node[inner]
            side = points[inner, self.axes[here]] > self.cuts[here]
            node[inner] = self.children[here, side.astype(np.int64)]
            inner = inner[node[inner] >= 0]
        leaf = ~node
        low, high = self.boxes[leaf, :, 0], self.boxes[leaf, :, 1]
        parts = _part_of(np.clip(points, low, high) - low, high - low + 1, self._bits)
        result = leaf << 2 * self._bits
        for bit in range(self._bits):
            result |= (parts[:, 0] >> bit & 1) << 2 * bit + 1 | (parts[:, 1] >> bit & 1) << 2 * bit
        return np.asarray(result)

    def points(self, places: np.ndarray) -> np.ndarray:
        """The points (n, 2) at places on the line."""
        leaf = np.clip(places >> 2 * self._bits, 0, len(self.boxes) - 1)
        low, high = self.boxes[leaf, :, 0], self.boxes[leaf, :, 1]
        parts = np.zeros((len(places), 2), np.int64)
        for bit in range(self._bits):
            parts[:, 0] |= (places >> 2 * bit + 1 & 1) << bit
            parts[:, 1] |= (places >> 2 * bit & 1) << bit
        return np.asarray(low + (parts * (high - low + 1) >> self._bits))

    def within(self, intervals: tuple[tuple[Interval, ...], tuple[Interval, ...]]) -> list[Interval]:
        """The stretches of the line of the leaves in which points may have their coordinates in intervals."""
        lows, highs = self.boxes[..., 0].T, self.boxes[..., 1].T
        touching = touched(lows[0], highs[0], intervals[0]) & touched(lows[1], highs[1], intervals[1])
        result: list[Interval] = []
        for leaf in np.flatnonzero(touching).tolist():
            first, last = leaf << 2 * self._bits, ((leaf + 1) << 2 * self._bits) - 1
            if result and result[-1][1] + 1 == first:
                result[-1] = (result[-1][0], last)
            else:
                result.append((first, last))
        return result

    def stretches(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and the last place of each leaf: (leaves,) each."""
        first = np.arange(len(self.boxes)) << 2 * self._bits
        return first, first + (1 << 2 * self._bits) - 1

    def regions(self, most: int) -> np.ndarray:
        """The first leaves of the largest parts of the plane, as the tree has them, of at most `most` leaves each."""
        size = np.ones((len(self.axes), 2), np.int64)  # leaves below each child
        for node in range(len(self.axes) - 1, -1, -1):
            for side, child in enumerate(self.children[node].tolist()):
                size[node, side] = 1 if child < 0 else size[child].sum()
        waiting, starts, leaf = [0] if len(self.axes) else [~0], list[int](), 0
        while waiting:
            node = waiting.pop()
            leaves = 1 if node < 0 else int(size[node].sum())
            if leaves <= most:
                starts.append(leaf)
                leaf += leaves
            else:
                waiting += self.children[node, ::-1].tolist()
        return np.array(starts, np.int64)

    @property
    def _bits(self) -> int:
        """Bits of a place that say how far along a side of a leaf it is."""
        return min(MOST_BITS, (BITS - (len(self.boxes) - 1).bit_length()) // 2)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {key: getattr(self, key).tolist() for key in ("axes", "cuts", "children", "boxes")}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what `to_json` wrote; ValueError if it is no tree."""
        axes, cuts = (np.array(data[key], np.int64) for key in ("axes", "cuts"))
        children = np.array(data["children"], np.int64).reshape(-1, 2)
        boxes = np.array(data["boxes"], np.int64)
        nodes, leaves = len(axes), len(boxes)
        if boxes.shape != (nodes + 1, 2, 2) or cuts.shape != (nodes,) or children.shape != (nodes, 2):
            raise ValueError("a plane has one leaf more than it has nodes")
        reached = np.sort(children.ravel())
        if not np.array_equal(reached, [*range(-leaves, 0), *range(1, nodes)] if nodes else []):
            raise ValueError("a plane is no tree")
        if (children <= np.arange(nodes)[:, None])[children >= 0].any() or not np.isin(axes, (0, 1)).all():
            raise ValueError("a plane is no tree")
        if (boxes[:, :, 0] > boxes[:, :, 1]).any() or np.abs(boxes).max() >= 2**31:
            raise ValueError("a leaf of a plane has no room")
        return cls(axes, cuts, children, boxes)


def _part_of(steps: np.ndarray, size: np.ndarray, bits: int) -> np.ndarray:
    """The first of 2 ** bits parts of a side that lies so many steps along it; the nearest, if there are more steps."""
    return np.asarray(np.minimum(-(-(steps << bits) // size), (1 << bits) - 1))


def _without_empty_strips(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A box (2, 2) without strips at its sides that hold none of the points (n, 2)."""
    result = box.copy()
    least, most = points.min(axis=0), points.max(axis=0)
    for axis in (0, 1):
        for _ in range(MOST_CUTS):
            low, high = result[axis]
            strip = (high - low + 1) // STRIPS
            if not strip or (least[axis] < low + strip and most[axis] > high - strip):
                break
            if least[axis] >= low + strip:
                result[axis, 0] = low + strip
            if most[axis] <= high - strip:
                result[axis, 1] = high - strip
    return result


def _closest(points: np.ndarray, box: np.ndarray, owners: np.ndarray | None) -> np.ndarray:
    """A leaf's box (2, 2) without the space between most of its points (n, 2) and a few that lie elsewhere.

    These are moved to its edge. At least `LEAST_THRESHOLD` subjects stay in it. A coordinate that all of these share,
    and are enough to do so, is kept as it is.
    """
    result, kept = box.copy(), np.ones(len(points), bool)
    for axis in (0, 1, 0, 1):
        values = np.sort(points[kept, axis])
        steps = np.diff(values)
        if not len(steps) or not steps.any():
            continue
        widest = int(steps.argmax())
        parts = values[: widest + 1], values[widest + 1 :]
        is_low = len(parts[0]) >= len(parts[1])
        most = parts[0 if is_low else 1]
        middle = int((values[widest] + values[widest + 1]) // 2)
        rest = kept & ((points[:, axis] <= middle) == is_low)
        if _people(rest, owners) < LEAST_THRESHOLD or steps[widest] < FAR * (most[-1] - most[0]) / 2:
            continue
        kept = rest
        result[axis] = (box[axis, 0], middle) if is_low else (middle + 1, box[axis, 1])
        result = _without_empty_strips(points[kept], result)
    if _people(kept, owners) >= THRESHOLD:
        for axis in (0, 1):
            if (points[kept, axis] == points[kept][0, axis]).all():
                result[axis] = points[kept][0, axis]
    return result


def _people(rows: np.ndarray, owners: np.ndarray | None) -> int:
    """How many subjects some rows, (n,) bool, are of. owners: (n,), the number of each's; None if each has its own."""
    return int(rows.sum()) if owners is None else len(np.unique(owners[rows]))


def _parted(
    points: np.ndarray, box: np.ndarray, owners: np.ndarray | None, least: int, ratio: float, *, in_half: bool
) -> tuple[int, int] | None:
    """The coordinate along which to part points (n, 2), and the most of the first part; None for a leaf.

    owners: (n,), the number of each point's subject; None if each has its own. least: subjects of a part.
    """
    if _people(np.ones(len(points), bool), owners) < 2 * least:
        return None
    size = np.maximum(box[:, 1] - box[:, 0], 1) * np.array([1.0, ratio])
    found: list[tuple[float, int, int]] = []
    for axis in (0, 1):
        losses, cuts, count = _losses(points, axis, least)
        halves = np.argsort(np.abs(count - len(points) / 2), kind="stable")[:1]
        if in_half and len(halves) and losses.min() > losses[halves[0]] - GAP * len(points):
            losses, cuts = losses[halves], cuts[halves]
        found += [(float(losses[each]), axis, int(cuts[each])) for each in np.argsort(losses, kind="stable")[:TRIED]]
    for _, axis, cut in sorted(found, key=lambda each: (each[0], -size[each[1]])):
        first = points[:, axis] <= cut
        if _people(first, owners) >= least and _people(~first, owners) >= least:
            return axis, cut
    return None


def _losses(points: np.ndarray, axis: int, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where points (n, 2) can be parted along a coordinate, with `least` or more on each side, and how badly.

    Returns the negative log-likelihood of points that are spread evenly over what each side covers, (cuts,), but for a
    constant, the most of the first side, and how many points it has.
    """
    order = np.argsort(points[:, axis], kind="stable")
    own, other = points[order, axis], points[order, 1 - axis]
    last = np.flatnonzero(own[1:] > own[:-1])
    last = last[(last + 1 >= least) & (len(own) - last - 1 >= least)]
    count = last + 1

    def spread(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum.accumulate(values) - np.minimum.accumulate(values) + 1.0)

    losses = np.zeros(len(last))
    for rows, area in (
        (count, (spread(own) * spread(other))[last]),
        (len(own) - count, (spread(own[::-1]) * spread(other[::-1]))[::-1][last + 1]),
    ):
        losses += rows * (np.log(area) - np.log(rows))
    return losses, (own[last] + own[last + 1]) // 2, count
