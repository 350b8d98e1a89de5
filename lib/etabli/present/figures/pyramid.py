"""Population pyramids: two series back to back, the first category at the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etabli import french
from etabli.errors import ReportError
from etabli.present import theme
from etabli.present.figures.alternatives import unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, points_of
from etabli.present.figures.scales import round_ticks, tick_text
from etabli.present.figures.sheet import PLAIN, SMALL, Sheet, height_of, height_of_legend, signs_of, width_of, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.21
"""Inches: the height of one age."""
_WIDEST_LABEL = 1.5
_STUB = 0.34
"""Inches: the length of a hatched bar, whatever it hides."""


def compose(request: Request) -> Drawing:
    """Put the first free dimension up, and the two categories of the second to the left and to the right.

    Raises
    ------
    ReportError
        The measure has no length, or there are not two categories to set back to back.
    """
    if request.measure.kind not in {"count", "amount", "share"}:
        raise request.refuse(expected="un effectif, un montant ou une part, qui aient une longueur")
    up, sides = request.free
    drawing = drawing_of(
        request,
        points_of(request, up, sides),
        along=request.words.dimension(up),
        across=request.words.dimension(sides),
    )
    if len(drawing.series) != 2:
        raise ReportError(
            "Une pyramide oppose deux séries.",
            where=f"dimension « {sides} »",
            expected="deux modalités, sans compter le total ni « Non renseigné »",
            got=", ".join(drawing.series) or "aucune",
            hint='la seconde dimension du résultat donne les deux côtés ; kind="bars" dessine plus de séries',
        )
    return drawing


def describe(drawing: Drawing) -> list[str]:
    """Say of each side its largest value, and its first and last ones."""
    parts = [
        f"{french.uncapitalised(drawing.measure)} selon « {drawing.along} », {len(drawing.labels)} modalités, "
        f"{drawing.series[0]} à gauche, {drawing.series[1]} à droite"
    ]
    for series in drawing.series:
        values = [point for point in drawing.points if point.series == series and point.x is not None]
        if values:
            high = max(values, key=lambda point: point.x or 0.0)
            parts.append(
                f"{series} : au plus haut {high.label} ({high.text}) ; de {values[0].label} ({values[0].text}) "
                f"à {values[-1].label} ({values[-1].text})"
            )
    return [*parts, *unseen(drawing)]


def paint(drawing: Drawing) -> Figure:
    """Draw the bars on both sides of the labels, over one scale."""
    labels = [label for _, label in drawing.labels]
    names = [wrapped(label, _WIDEST_LABEL, SMALL) for label in labels]
    gutter = max(width_of(line, SMALL) for lines in names for line in lines) + 0.24
    row = max(ROW, height_of(max(map(len, names)), SMALL) + 0.04)
    room = max(width_of(point.text, SMALL) for point in drawing.points) + 0.12
    ends = [each for point in drawing.points for each in (point.x, point.high) if each is not None]
    top = max([*ends, 0.0]) or 1.0
    reach = (WIDTH - gutter) / 2 - room
    signs = signs_of(drawing)
    titles = [wrapped(series, reach, bold=True) for series in drawing.series]
    titled = height_of(max(map(len, titles)))
    head, foot = titled + 0.16, 0.52
    sheet = Sheet(head + row * len(labels) + foot + height_of_legend(signs, 0.05) + 0.06)
    middle, base = WIDTH / 2, head + row * len(labels)
    ticks = [each for each in round_ticks(top) if each and ends and not (drawing.whole and each % 1)]
    for side, series, title in zip((-1, 1), drawing.series, titles, strict=True):
        colour = theme.SERIES[0 if side < 0 else 1]
        axis = middle + side * gutter / 2
        title_at = axis + side * reach / 2
        sheet.text(title_at, 0.04 + titled / 2, title, size=PLAIN, side="center", weight="bold", color=theme.INK)
        sheet.line([(axis, head), (axis, base)], linewidth=0.8)
        sheet.text(axis, base + 0.12, tick_text(0, drawing.percent, top), size=SMALL, side="center", color=theme.MUTED)
        for each in ticks:
            x = axis + side * each / top * reach
            sheet.line([(x, head), (x, base)], colour=theme.GRID, linewidth=0.7, zorder=0)
            text = tick_text(each, drawing.percent, top)
            sheet.text(x, base + 0.12, text, size=SMALL, side="center", color=theme.MUTED)
        for point in (each for each in drawing.points if each.series == series):
            y = base - (labels.index(point.label) + 0.5) * row
            _bar(sheet, point, (axis, y, side), reach / top, colour)
    for number, lines in enumerate(names):
        sheet.text(middle, base - (number + 0.5) * row, lines, size=SMALL, side="center")
    sheet.text(middle, base + 0.34, drawing.measure, side="center")
    sheet.legend(0.05, base + foot + 0.06, signs)
    return sheet.figure


def _bar(sheet: Sheet, point: Point, place: tuple[float, float, int], scale: float, colour: str) -> None:
    """Draw a bar from its axis outwards; a masked one is a hatch of one length for all."""
    axis, y, side = place
    high = ROW * 0.8
    if point.x is None:
        if point.is_masked:
            sheet.hatch(axis if side > 0 else axis - _STUB, y - high / 2, _STUB, high)
        far = axis + side * (_STUB if point.is_masked else 0.0)
    else:
        length = point.x * scale
        sheet.rectangle(axis if side > 0 else axis - length, y - high / 2, length, high, fill=colour)
        far = axis + side * max(length, (point.high or 0.0) * scale)
        if point.low is not None and point.high is not None:
            sheet.line(
                [(axis + side * point.low * scale, y), (axis + side * point.high * scale, y)],
                colour=theme.INK,
                linewidth=1.4,
            )
    muted = theme.INK if point.x is not None else theme.MUTED
    sheet.text(far + side * 0.05, y, point.text, size=SMALL, side="left" if side > 0 else "right", color=muted)
