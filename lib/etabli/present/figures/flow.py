"""Flows between two dimensions, or from one state to the next: ribbons as wide as what was counted (alluvial)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from etabli import french
from etabli.methods.results import TOTAL
from etabli.present import theme
from etabli.present.figures.alternatives import unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, point_of, points_of
from etabli.present.figures.sheet import PLAIN, SMALL, SMALLEST, Sheet, Swatch, height_of, height_of_legend, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABEL = 1.55
"""Inches: the room of the names at either side."""
_BAR = 0.13
_TALL = 2.9
"""Inches: the height of all that flows together."""
_GAP = 0.14
_STUB = 0.08
"""Inches: a hatch that stands for masked flows of which no total is known."""
_TOLD = 5
"""Flows that the alternative text tells."""


def compose(request: Request) -> Drawing:
    """Let the first free dimension flow into the second; their totals are written at the names.

    Raises
    ------
    ReportError
        The measure does not count: shares of different wholes do not flow.
    """
    if request.measure.kind not in {"count", "amount"}:
        raise request.refuse(expected="un effectif ou un montant", hint="une part ne s’écoule pas : son tout change")
    start, end = request.free
    totals = tuple(
        point_of(request, row, start, end)
        for row, codes in request.rows()
        if (codes[start] == TOTAL) != (codes[end] == TOTAL)
    )
    return drawing_of(
        request,
        points_of(request, start, end),
        along=request.words.dimension(start),
        across=request.words.dimension(end),
        totals=totals,
    )


def describe(drawing: Drawing) -> list[str]:
    """Say the largest flows."""
    starts = [label for _, label in drawing.labels]
    known = sorted((p for p in drawing.points if p.x), key=lambda p: -(p.x or 0.0))
    parts = [
        f"{french.uncapitalised(drawing.measure)}, de « {drawing.along} » ({french.listing(starts)}) "
        f"à « {drawing.across} » ({french.listing(drawing.series)})"
    ]
    if known:
        told = " ; ".join(f"{point.label} → {point.series} ({point.text})" for point in known[:_TOLD])
        parts.append(f"{'Les plus grands flux' if len(known) > _TOLD else 'Flux'} : {told}")
    if known[_TOLD:]:
        parts.append(f"Le plus petit flux : {known[-1].label} → {known[-1].series} ({known[-1].text})")
    return [*parts, *unseen(drawing)]


@dataclass
class _Node:
    """One category at one side: its ribbons, its name, and how far it is drawn already."""

    name: str
    text: str
    whole: float | None
    points: list[Point]
    lines: list[str]
    colour: str
    top: float = 0.0
    used: float = 0.0

    @property
    def drawn(self) -> float:
        return sum(point.x or 0.0 for point in self.points)

    @property
    def masked(self) -> int:
        return sum(point.is_masked for point in self.points)

    def rest(self, scale: float) -> float:
        """Return the height, in inches, of what is masked: what is missing to the total, where that is shown."""
        if not self.masked:
            return 0.0
        return _STUB if self.whole is None else max(0.0, self.whole - self.drawn) * scale

    def height(self, scale: float) -> float:
        return max(self.drawn * scale + self.rest(scale), 0.012)

    @property
    def label_height(self) -> float:
        return height_of(len(self.lines)) + (height_of(1, SMALL) if self.text else 0.0)


def _nodes(drawing: Drawing, side: Literal["label", "series"]) -> list[_Node]:
    names = [label for _, label in drawing.labels] if side == "label" else drawing.series
    known = {getattr(point, side): point for point in drawing.totals}
    found = []
    for number, name in enumerate(names):
        total = known.get(name)
        colour = theme.SERIES[number % len(theme.SERIES)] if side == "label" else theme.MUTED
        here = [point for point in drawing.points if getattr(point, side) == name]
        text, whole = (total.text, total.x) if total else ("", None)
        found.append(_Node(name, text, whole, here, wrapped(name, _LABEL - 0.1), colour))
    return found


def paint(drawing: Drawing) -> Figure:
    """Draw the ribbons between the names of both sides."""
    starts, ends = _nodes(drawing, "label"), _nodes(drawing, "series")
    widest = max(sum(node.drawn for node in side) for side in (starts, ends))
    widest = max([widest, *(sum(node.whole or 0.0 for node in side if node.masked) for side in (starts, ends))]) or 1.0
    scale = _TALL / widest
    tall = max(_stacked(side, scale) for side in (starts, ends))
    titles = [wrapped(title, _LABEL + _BAR) for title in (drawing.along, drawing.across)]
    titled = height_of(max(map(len, titles)))
    head = titled + 0.18
    legend = _legend(drawing)
    sheet = Sheet(head + tall + 0.12 + height_of_legend(legend, 0.05) + 0.06)
    left, right = _LABEL, WIDTH - _LABEL
    for side, x in ((starts, left), (ends, right - _BAR)):
        top = head + (tall - _stacked(side, scale)) / 2
        for node in side:
            slot = max(node.height(scale), node.label_height)
            node.top = top + (slot - node.height(scale)) / 2
            top += slot + _GAP
            _name(sheet, node, scale, x, is_left=side is starts)
    top = 0.04 + titled / 2
    sheet.text(left + _BAR, top, titles[0], size=PLAIN, side="right", color=theme.MUTED)
    sheet.text(right - _BAR, top, titles[1], size=PLAIN, color=theme.MUTED)
    sheet.text(WIDTH / 2, top, wrapped(drawing.measure, 3.0), side="center", color=theme.MUTED)
    for node in starts:
        for point in node.points:
            if point.x:
                end = next(each for each in ends if each.name == point.series)
                _ribbon(sheet, node, end, point, scale)
    sheet.legend(0.05, head + tall + 0.2, legend)
    return sheet.figure


def _stacked(nodes: list[_Node], scale: float) -> float:
    return sum(max(node.height(scale), node.label_height) for node in nodes) + _GAP * (len(nodes) - 1)


def _name(sheet: Sheet, node: _Node, scale: float, x: float, *, is_left: bool) -> None:
    """Draw the bar of a category, hatched where its flows are masked, and its name with its total."""
    full, rest = node.drawn * scale, node.rest(scale)
    sheet.rectangle(x, node.top, _BAR, max(full, 0.012), fill=node.colour)
    if rest:
        sheet.hatch(x, node.top + full, _BAR, rest)
    at, side = (x - 0.07, "right") if is_left else (x + _BAR + 0.07, "left")
    middle = node.top + node.height(scale) / 2
    first = middle - node.label_height / 2 + height_of(len(node.lines)) / 2
    sheet.text(at, first, node.lines, side="right" if side == "right" else "left")
    if node.text:
        low = middle + node.label_height / 2 - height_of(1, SMALL) / 2
        sheet.text(at, low, node.text, size=SMALL, side="right" if side == "right" else "left", color=theme.MUTED)


def _ribbon(sheet: Sheet, start: _Node, end: _Node, point: Point, scale: float) -> None:
    high = (point.x or 0.0) * scale
    one, two = start.top + start.used, end.top + end.used
    start.used += high
    end.used += high
    left, right = _LABEL + _BAR, WIDTH - _LABEL - _BAR
    middle = (left + right) / 2
    corners = [(left, one), (middle, one), (middle, two), (right, two)]
    corners += [(right, two + high), (middle, two + high), (middle, one + high), (left, one + high), (left, one)]
    sheet.shape(corners, "MCCCLCCCZ", fill=start.colour, alpha=0.32, zorder=1)
    for low, far in ((one, two), (one + high, two + high)):
        edge = [(left, low), (middle, low), (middle, far), (right, far)]
        sheet.shape(edge, "MCCC", edge=start.colour, linewidth=0.6, zorder=2)
    for size in (SMALL, SMALLEST):
        if high >= height_of(1, size) * 0.95:
            sheet.text(left + 0.06, one + high / 2, point.text, size=size, color=theme.INK, zorder=3)
            return


def _legend(drawing: Drawing) -> list[Swatch]:
    masked = sum(point.is_masked for point in drawing.points)
    if not masked:
        return []
    told = french.count(masked, "flux masqué, qui n’est pas dessiné", "flux masqués, qui ne sont pas dessinés")
    return [Swatch(f"{told} (secret statistique)", hatched=True)]
