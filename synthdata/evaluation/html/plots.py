"""Images of a report as inline SVG: text stays text and colours are the page's, so that light and dark both work."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from synthdata.evaluation.report import Bars, Curve, PairScore

__all__ = ["Cell", "HeatMap", "LegendEntry", "Picture", "heat_map", "lines", "outlines"]

WIDTH, HEIGHT = 240, 80  # of a column's histogram, before it is stretched to its card
MOST_IN_HEAT_MAP = 60  # columns: more have no room for labels
INKS = {  # what matplotlib draws in, and the page's colour that takes its place
    "#0000a1": "var(--real)",
    "#0000a2": "var(--synthetic)",
    "#0000a3": "var(--third)",
    "#0000a4": "var(--muted)",
    "#0000a5": "var(--line)",
}
REAL, SYNTHETIC, THIRD, MUTED, LINE = INKS
OF_TABLES = (SYNTHETIC, REAL, THIRD, MUTED)
OF_TRAINING = (THIRD, MUTED)  # a loss is neither real nor synthetic
DASHES = ((), (6, 3), (2, 2), (8, 2, 2, 2))


@dataclass(frozen=True)
class LegendEntry:
    """One line of a picture: its label, its colour in CSS, and its dashes as SVG writes them."""

    label: str
    colour: str
    dashes: str


@dataclass(frozen=True)
class Picture:
    """Lines, drawn; the legend is the page's to write, so that no label is cut or read as a formula."""

    svg: Markup
    legend: tuple[LegendEntry, ...]


@dataclass(frozen=True)
class Cell:
    """One pair in a heat map: its place, its difference (1 minus the score) and how dark it is, in [0, 1]."""

    row: int
    column: int
    difference: float
    shade: float


@dataclass(frozen=True)
class HeatMap:
    """A symmetric matrix of pairs, most different columns first. darkest: the difference that is drawn darkest."""

    names: tuple[str, ...]
    cells: tuple[Cell, ...]
    darkest: float
    left_out: int


def lines(
    curves: Sequence[Curve], *, name: str, across: str, up: str, unit_square: bool = False, training: bool = False
) -> Picture:
    """Draw curves over common axes. unit_square: a ROC's axes, with the diagonal. name: keeps ids apart in the page."""
    colours = OF_TRAINING if training else OF_TABLES
    styles = [(colours[i % len(colours)], DASHES[i % len(DASHES)]) for i in range(len(curves))]
    figure = Figure(figsize=(4.9, 3.6), layout="constrained")
    axes = figure.add_subplot()
    if unit_square:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, dashes=(1, 3))
        axes.set(xlim=(0, 1), ylim=(0, 1.003))
    for curve, (colour, dashes) in zip(curves, styles, strict=True):
        axes.plot(curve.x, curve.y, color=colour, linewidth=2, dashes=dashes or (None, None))
    _calm(axes, across, up)
    legend = tuple(
        LegendEntry(curve.label, INKS[colour], " ".join(map(str, dashes)))
        for curve, (colour, dashes) in zip(curves, styles, strict=True)
    )
    return Picture(_inline(figure, name), legend)


def _calm(axes: Axes, across: str, up: str) -> None:
    """Leave what helps reading: a faint grid and two labels."""
    axes.set_xlabel(across, color=MUTED, fontsize=11)
    axes.set_ylabel(up, color=MUTED, fontsize=11)
    axes.spines[:].set_visible(False)
    axes.grid(color=LINE, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=11, labelcolor=MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.margins(x=0.01)


def _inline(figure: Figure, name: str) -> Markup:
    """Write a figure as SVG that may stand in a page beside others: own ids, the page's font and colours, no dates."""
    written = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", dpi=72, transparent=True, metadata=nothing)
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # would hold for the whole page
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # nothing refers to groups
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"font(-size)?: ([\d.]+px)[^;\"]*", r"font-size: \2", svg)
    svg = re.sub(r" font-family: [^;\"]*;?", "", svg)
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'aria-hidden="true"', svg, count=1)
    for ink, colour in INKS.items():
        svg = svg.replace(ink, colour)
    return Markup(re.sub(r"\s*\n\s*", " ", svg))


def outlines(bars: Bars) -> tuple[str, str]:
    """The real and the synthetic histogram as SVG paths in a box of WIDTH by HEIGHT; height is share per unit."""
    edges = np.asarray(bars.edges, dtype=np.float64)
    widths = np.diff(edges)
    reach = edges[-1] - edges[0] or 1.0
    # a bar of no width would be infinitely high
    heights = [np.asarray(shares) / np.maximum(widths, reach / 1000) for shares in (bars.real, bars.synthetic)]
    highest = max(float(h.max(initial=0.0)) for h in heights) or 1.0
    across = (edges - edges[0]) / reach * WIDTH
    real, synthetic = (_steps(across, HEIGHT - h / highest * (HEIGHT - 2)) for h in heights)
    return real, synthetic


def _steps(across: np.ndarray, down: np.ndarray) -> str:
    corners = [f"M{across[0]:.4g} {HEIGHT}"]
    corners += [f"V{y:.4g}H{right:.4g}" for y, (_, right) in zip(down, pairwise(across), strict=True)]
    return "".join([*corners, f"V{HEIGHT}"])


def heat_map(pairs: Sequence[PairScore]) -> HeatMap:
    """Lay pairs out so that the columns that differ most stand together in the upper left corner."""
    of_column: dict[str, list[float]] = {}
    for pair in pairs:
        for name in (pair.first, pair.second):
            of_column.setdefault(name, []).append(1 - pair.score)
    by_difference = sorted(of_column, key=lambda name: (-sum(of_column[name]) / len(of_column[name]), name))
    names = by_difference[:MOST_IN_HEAT_MAP]
    place = {name: i for i, name in enumerate(names)}
    shown = [pair for pair in pairs if pair.first in place and pair.second in place]
    # a table that is hardly different shall look it, whatever its worst pair is
    darkest = max([0.2, *(1 - pair.score for pair in shown)])
    cells = []
    for pair in shown:
        difference = 1 - pair.score
        first, second = place[pair.first], place[pair.second]
        shade = min(1.0, max(0.0, difference / darkest))
        cells += [Cell(first, second, difference, shade), Cell(second, first, difference, shade)]
    return HeatMap(tuple(names), tuple(cells), darkest, len(by_difference) - len(names))
