"""Networks: nodes on a circle, links as wide as what was counted between them."""

from __future__ import annotations

from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING

from etabli import french
from etabli.errors import ReportError
from etabli.present import theme
from etabli.present.figures.alternatives import unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, points_of
from etabli.present.figures.sheet import (
    PLAIN,
    POINTS,
    SMALL,
    Sheet,
    Swatch,
    height_of,
    height_of_legend,
    width_of,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 24
"""More nodes than this are not told apart on a circle."""
_RADIUS = 1.55
_WIDEST = 11.0
"""Points: the width of the largest link."""
_MANY = 10
"""Links from which the largest is drawn thinner, so that all are seen."""
_APART = 0.3
"""Inches: how far a link bends to its right, so that the other way is seen beside it."""
_WRITTEN = 12
"""Links on which the value is written, from the largest."""
_TOLD = 5

Place = tuple[float, float]


def compose(request: Request) -> Drawing:
    """Link the categories of the first free dimension to those of the second.

    Raises
    ------
    ReportError
        The measure does not count, or there are too many nodes.
    """
    if request.measure.kind not in {"count", "amount"}:
        raise request.refuse(expected="un effectif ou un montant")
    start, end = request.free
    drawing = drawing_of(
        request,
        points_of(request, start, end),
        along=request.words.dimension(start),
        across=request.words.dimension(end),
    )
    if len(nodes_of(drawing)) > MOST:
        raise ReportError(
            "Ce réseau a trop de nœuds pour se lire.",
            expected=f"au plus {MOST}",
            got=str(len(nodes_of(drawing))),
            hint='regroupez les modalités, ou dessinez une carte de chaleur (kind="heat")',
        )
    return drawing


def nodes_of(drawing: Drawing) -> list[str]:
    """Return the nodes, in the order of the table."""
    return list(dict.fromkeys([*(label for _, label in drawing.labels), *drawing.series]))


def links_of(drawing: Drawing) -> list[Point]:
    """Return the links between two nodes, largest first: one for both ways, where all are the same both ways."""
    known = {(p.label, p.series): p for p in drawing.points if p.x and p.label != p.series}
    mutual = all((b, a) in known and known[b, a].text == point.text for (a, b), point in known.items())
    kept = [point for (a, b), point in known.items() if not mutual or (b, a) not in known or a < b]
    return sorted(kept, key=lambda point: -(point.x or 0.0))


def is_mutual(drawing: Drawing) -> bool:
    """Whether each link is the same both ways."""
    return len(links_of(drawing)) < sum(bool(p.x) and p.label != p.series for p in drawing.points)


def describe(drawing: Drawing) -> list[str]:
    """Say the nodes and the largest links."""
    links, sign = links_of(drawing), "–" if is_mutual(drawing) else "→"
    parts = [
        f"{french.uncapitalised(drawing.measure)}, {french.count(len(nodes_of(drawing)), 'nœud', 'nœuds')} "
        f"et {french.count(len(links), 'lien', 'liens')}"
    ]
    if links:
        told = " ; ".join(f"{p.label} {sign} {p.series} ({p.text})" for p in links[:_TOLD])
        parts.append(f"{'Les plus forts' if len(links) > _TOLD else 'Liens'} : {told}")
    return [*parts, *unseen(drawing)]


def paint(drawing: Drawing) -> Figure:
    """Draw the circle of nodes and the links across it; a link goes to the side that its arrow says."""
    nodes, links = nodes_of(drawing), links_of(drawing)
    own = {point.label: point.text for point in drawing.points if point.label == point.series and point.x}
    lines = {name: _lines(name, own.get(name)) for name in nodes}
    margin = 0.24 + max(height_of(len(each)) for each in lines.values())
    legend = _legend(drawing)
    centre = (WIDTH / 2, _RADIUS + margin)
    places = {name: _place(centre, number, len(nodes)) for number, name in enumerate(nodes)}
    foot = max(y for _, y in places.values()) + margin
    sheet = Sheet(foot + height_of_legend(legend, 0.05) + 0.06)
    sheet.text(0.02, 0.13, drawing.measure, color=theme.MUTED)
    widest = max(_WIDEST * min(1.0, _MANY / max(len(links), 1)), 2.0)
    largest = max((point.x or 0.0 for point in links), default=1.0)
    for point in reversed(links):
        _link(sheet, places[point.label], places[point.series], centre, widest * (point.x or 0.0) / largest, drawing)
    for point in links[:_WRITTEN]:
        x, y = _middle(places[point.label], places[point.series], centre)
        wide = width_of(point.text, SMALL) + 0.05
        sheet.rectangle(x - wide / 2, y - 0.065, wide, 0.13, fill="white", zorder=4)
        sheet.text(x, y, point.text, size=SMALL, side="center", color=theme.INK, zorder=5)
    for name, (x, y) in places.items():
        sheet.circle(x, y, 0.07, fill=theme.ACCENT, edge="white", linewidth=1, zorder=6)
        _name(sheet, lines[name], (x, y), centre)
    sheet.legend(0.05, foot + 0.06, legend)
    return sheet.figure


def _place(centre: Place, number: int, count: int) -> Place:
    angle = 2 * pi * number / count - pi / 2
    return centre[0] + _RADIUS * cos(angle), centre[1] + _RADIUS * sin(angle)


def _bend(start: Place, end: Place, centre: Place) -> Place:
    """Return the point that a link bends towards: the centre, and a little to its right, so that both ways differ."""
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    way = (end[0] - start[0], end[1] - start[1])
    long = hypot(*way) or 1.0
    pulled = (middle[0] + (centre[0] - middle[0]) * 0.45, middle[1] + (centre[1] - middle[1]) * 0.45)
    return pulled[0] - way[1] / long * _APART, pulled[1] + way[0] / long * _APART


def _middle(start: Place, end: Place, centre: Place) -> Place:
    """Return where a link carries its value: nearer to its start, so that both ways do not meet."""
    bend = _bend(start, end, centre)
    return tuple(0.36 * a + 0.48 * b + 0.16 * c for a, b, c in zip(start, bend, end, strict=True))  # type: ignore[return-value]


def _link(sheet: Sheet, start: Place, end: Place, centre: Place, width: float, drawing: Drawing) -> None:
    bend = _bend(start, end, centre)
    sheet.shape([start, bend, end], "MQQ", edge=theme.LINK, linewidth=max(width, 0.6), zorder=1)
    if is_mutual(drawing):
        return
    long = hypot(end[0] - bend[0], end[1] - bend[1]) or 1.0
    way = ((end[0] - bend[0]) / long, (end[1] - bend[1]) / long)
    tip = (end[0] - way[0] * 0.08, end[1] - way[1] * 0.08)
    half = min(max(0.055, width / POINTS * 0.75), 0.1)
    x, y = tip[0] - way[0] * 2 * half, tip[1] - way[1] * 2 * half
    corners = [tip, (x - way[1] * half, y + way[0] * half), (x + way[1] * half, y - way[0] * half), tip]
    sheet.shape(corners, "MLLZ", fill=theme.ACCENT, zorder=3)


def _lines(name: str, own: str | None) -> list[str]:
    """Return the name of a node, and what goes from it to itself."""
    return [*wrapped(name, WIDTH / 2 - _RADIUS - 0.35), *([f"(interne{french.NBSP}: {own})"] if own else [])]


def _name(sheet: Sheet, lines: list[str], place: Place, centre: Place) -> None:
    x, y = place
    across, down = (x - centre[0]) / _RADIUS, (y - centre[1]) / _RADIUS
    if abs(across) < 0.2:
        shift = 0.12 + height_of(len(lines)) / 2
        sheet.text(x, y + (shift if down > 0 else -shift), lines, size=PLAIN, side="center")
        return
    sheet.text(x + (0.14 if across > 0 else -0.14), y + down * 0.1, lines, side="left" if across > 0 else "right")


def _legend(drawing: Drawing) -> list[Swatch]:
    masked = sum(point.is_masked for point in drawing.points)
    if not masked:
        return []
    told = french.count(masked, "lien masqué, qui n’est pas dessiné", "liens masqués, qui ne sont pas dessinés")
    return [Swatch(f"{told} (secret statistique)", hatched=True)]
