"""Forest plots: estimates with their intervals around the value that means « no difference », printed beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

from etabli import french
from etabli.methods.results import PEOPLE, TOTAL, Measure
from etabli.present import theme
from etabli.present.figures.alternatives import compared, named, unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, point_of
from etabli.present.figures.scales import ends_of, ratio_steps, round_ticks, tick_text
from etabli.present.figures.sheet import (
    PLAIN,
    SMALL,
    Mark,
    Sheet,
    Swatch,
    height_of_legend,
    signs_of,
    width_of,
    wrapped,
)
from etabli.present.tables import sign_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.26
"""Inches: the height of a line."""
_WIDEST_LABEL = 2.3
_FARTHEST = 20.0
"""A bound farther from 1 than so many times is drawn as an arrow."""
_APART = 0.34
"""Inches: nearer to another, the label of a tick is left out."""
_FIRST = (1, 0.5, 2, 0.2, 5, 0.1, 10, 0.33, 3, 0.67, 1.5)
"""Ticks of a scale of ratios, the first to be written first."""
_TOLD = 6
"""More estimates apart from the reference than this are counted, not told."""


def compose(request: Request) -> Drawing:
    """Put the categories down, by variable in a stack; the number of people where the table gives it too.

    Raises
    ------
    ReportError
        The measure has no interval.
    """
    if not (request.measure.low and request.measure.high):
        raise request.refuse(expected="une mesure avec son intervalle", hint='kind="bars" dessine les autres')
    (along,) = request.free
    points = tuple(_estimated(request, row, along) for row, codes in request.rows() if codes[along] != TOTAL)
    return drawing_of(request, points, along=request.words.dimension(along))


def _estimated(request: Request, row: int, along: str) -> Point:
    """Return the point of a row with what is printed beside it; an interval that is not printed is not drawn."""
    point = replace(point_of(request, row, along, None), people=_people(request, row))
    if request.protected.masked[row]:
        return point
    interval = request.words.interval(request.table, row, request.measure)
    return replace(point, interval=interval) if interval else replace(point, low=None, high=None)


def _people(request: Request, row: int) -> str:
    """Return the number of people of a row as the table under the figure gives it, or nothing where it does not."""
    table, measure, words = request.table, request.measure, request.words
    if measure.kind not in {"share", "mean"} or not measure.states_people or words.people is None:
        return ""
    last = table.keys[-1]
    if last in request.where:  # across, the table gives the people of all columns together
        here = {name: str(table.at(name, row)) for name in table.keys[:-1]}
        whole = [
            other
            for other in range(len(table.cells))
            if str(table.at(last, other)) == TOTAL and all(str(table.at(n, other)) == code for n, code in here.items())
        ]
        if not whole:
            return ""
        row = whole[0]
    if request.protected.masked[row]:
        return sign_of(request.protected, row)
    return words.value(table, row, Measure(PEOPLE, "count", unit="people"))


def describe(drawing: Drawing) -> list[str]:
    """Say the extremes, and which intervals do not hold the reference."""
    known = [point for point in drawing.points if point.x is not None and point.interval]
    parts = [compared(drawing)]
    if known:
        low, high = min(known, key=lambda p: p.x or 0.0), max(known, key=lambda p: p.x or 0.0)
        parts.append(f"Au plus bas {_told(low)}, au plus haut {_told(high)}")
    if drawing.ratio and known:
        apart = [point for point in known if is_apart(point)]
        if len(apart) <= _TOLD:
            names = " ; ".join(named(point) for point in apart)
            parts.append(f"Intervalle sans la valeur 1 : {names}" if apart else "Tous les intervalles contiennent 1")
        else:
            parts.append(f"{len(apart)} intervalles sur {len(known)} ne contiennent pas 1")
    return [*parts, *unseen(drawing)]


def _told(point: Point) -> str:
    return f"{named(point)} ({point.text} {point.interval})"


def is_apart(point: Point) -> bool:
    """Whether the interval of a ratio, as printed, leaves 1 out."""
    return point.low is not None and point.high is not None and not point.low <= 1 <= point.high


def paint(drawing: Drawing) -> Figure:
    """Draw the estimates over their scale, and print them in columns at the right."""
    lines = _lines(drawing)
    left = min(_WIDEST_LABEL, max(width_of(label, bold=bold) for label, _, bold in lines)) + 0.26
    wide = max(width_of(text, SMALL) for text in (_HEAD, *(_estimate(drawing, point) for point in drawing.points)))
    people = max(width_of(point.people, SMALL) for point in drawing.points)
    people = max(people, width_of("Effectif", SMALL)) + 0.14 if people else 0.0
    right = WIDTH - 0.05 - people - wide - 0.15
    swatches = _legend(drawing)
    head = 0.3
    base = head + ROW * len(lines)
    sheet = Sheet(base + 0.5 + height_of_legend(swatches, 0.05) + 0.06)
    sheet.text(right + 0.15 + wide, 0.13, _HEAD, size=SMALL, side="right", color=theme.MUTED)
    if people:
        sheet.text(WIDTH - 0.05, 0.13, "Effectif", size=SMALL, side="right", color=theme.MUTED)
    place = _scale(sheet, drawing, (left, right, head, base))
    for number, (label, point, bold) in enumerate(lines):
        y = head + (number + 0.5) * ROW
        weight = "bold" if bold else "normal"
        indent = 0.02 if bold or not drawing.labels[0][0] else 0.14
        told = wrapped(label, left - 0.1 - indent, bold=bold)
        sheet.text(indent, y, told, size=PLAIN if len(told) == 1 else SMALL, weight=weight)
        if point is None:
            continue
        _mark(sheet, drawing, point, y, place, (left, right))
        colour = theme.INK if point.interval else theme.MUTED
        sheet.text(right + 0.15 + wide, y, _estimate(drawing, point), size=SMALL, side="right", color=colour)
        sheet.text(WIDTH - 0.05, y, point.people, size=SMALL, side="right", color=theme.INK)
    sheet.text((left + right) / 2, base + 0.34, drawing.measure, side="center")
    sheet.legend(0.05, base + 0.56, swatches)
    return sheet.figure


_HEAD = f"Valeur [intervalle à 95{french.NBSP}%]"


def _lines(drawing: Drawing) -> list[tuple[str, Point | None, bool]]:
    """Return the lines: label, point (None for the name of a variable), whether it is bold."""
    lines: list[tuple[str, Point | None, bool]] = []
    group = ""
    for point in drawing.points:
        if point.group and point.group != group:
            group = point.group
            lines.append((group, None, True))
        lines.append((point.label, point, False))
    return lines


def _estimate(drawing: Drawing, point: Point) -> str:
    if _is_reference(drawing, point):
        return "référence"
    return f"{point.text} {point.interval}".strip()


def _is_reference(drawing: Drawing, point: Point) -> bool:
    return drawing.ratio and point.x == 1 and point.low is None


def _legend(drawing: Drawing) -> list[Swatch]:
    if not drawing.ratio:
        return [Swatch(f"valeur et intervalle à 95{french.NBSP}%", mark="full"), *signs_of(drawing)]
    return [
        Swatch("l’intervalle ne contient pas 1", mark="full"),
        Swatch("l’intervalle contient 1", mark="hollow"),
        Swatch("catégorie de référence", mark="reference"),
        *signs_of(drawing),
    ]


def _scale(sheet: Sheet, drawing: Drawing, frame: tuple[float, float, float, float]) -> Callable[[float], float]:
    """Draw the scale, and return where a value stands on it."""
    left, right, head, base = frame
    ends = [each for point in drawing.points for each in (point.x, point.low, point.high) if each is not None]
    if drawing.ratio:
        ends = [each for each in ends if each > 0] or [1.0]
        kept = [each for each in ends if 1 / _FARTHEST <= each <= _FARTHEST]
        low, top = min([*kept, 0.8]) / 1.1, max([*kept, 1.25]) * 1.1
        low, top = low / (1.3 if min(ends) < low else 1), top * (1.3 if max(ends) > top else 1)  # room for an arrow

        def place(x: float) -> float:
            return left + (log(max(x, 1e-9)) - log(low)) / (log(top) - log(low)) * (right - left)

        ticks = ratio_steps(low, top)
    else:
        low, top = ends_of(ends)
        low, top = low * 1.05, top * 1.05

        def place(x: float) -> float:
            return left + (x - low) / (top - low) * (right - left)

        ticks = [*(-each for each in round_ticks(-low)[1:]), *round_ticks(top)] if low < 0 else round_ticks(top)
    told: list[float] = []
    for each in sorted(ticks, key=lambda tick: _FIRST.index(tick) if drawing.ratio else abs(tick)):
        x = place(each)
        sheet.line([(x, head), (x, base)], colour=theme.GRID, linewidth=0.7, zorder=0)
        if any(abs(x - other) < _APART for other in told):
            continue
        told.append(x)
        text = french.number(each, 0 if float(each).is_integer() else 2 if drawing.ratio and each < 1 else 1)
        text = text if drawing.ratio else tick_text(each, drawing.percent, top - low)
        sheet.text(x, base + 0.12, text, size=SMALL, side="center", color=theme.MUTED)
    if drawing.ratio:
        sheet.line([(place(1), head - 0.04), (place(1), base)], colour=theme.INK, linewidth=1.1)
    return place


def _mark(
    sheet: Sheet,
    drawing: Drawing,
    point: Point,
    y: float,
    place: Callable[[float], float],
    frame: tuple[float, float],
) -> None:
    """Draw an estimate and its interval; where a bound lies off the scale, an arrow says that it goes on."""
    left, right = frame
    if point.is_masked:
        sheet.hatch(left, y - 0.05, right - left, 0.1)
    if point.x is None:
        return
    if point.low is not None and point.high is not None:
        ends = [min(max(place(each), left), right) for each in (point.low, point.high)]
        sheet.line([(each, y) for each in ends], colour=theme.ACCENT, linewidth=1.5)
        for end, bound, way in zip(ends, (point.low, point.high), (-1, 1), strict=True):
            if (place(bound) - end) * way > 0:
                sheet.line([(end - way * 0.06, y - 0.04), (end, y), (end - way * 0.06, y + 0.04)], colour=theme.ACCENT)
    x = min(max(place(point.x), left), right)
    sheet.mark(x, y, _mark_of(drawing, point))


def _mark_of(drawing: Drawing, point: Point) -> Mark:
    if _is_reference(drawing, point):
        return "reference"
    return "full" if not drawing.ratio or is_apart(point) else "hollow"
