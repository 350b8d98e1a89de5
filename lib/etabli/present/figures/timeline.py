"""Timelines: in which periods something was counted, as spans, with what was counted in each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from etabli import french
from etabli.present import theme
from etabli.present.figures.alternatives import unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, points_of
from etabli.present.figures.scales import distances
from etabli.present.figures.sheet import (
    SMALL,
    SMALLEST,
    Sheet,
    Swatch,
    height_of,
    height_of_legend,
    signs_of,
    width_of,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANE = 0.4
"""Inches: the least height of a lane."""
_WIDEST_LABEL = 1.8


def compose(request: Request) -> Drawing:
    """Run along the last free dimension, which is time; the one before gives the lanes.

    Raises
    ------
    ReportError
        The measure does not count.
    """
    if request.measure.kind not in {"count", "amount"}:
        raise request.refuse(
            expected="un effectif ou un montant", hint='kind="lines" dessine les autres mesures dans le temps'
        )
    along, *across = reversed(request.free)
    names = [request.words.dimension(name) for name in (along, *across)]
    return drawing_of(request, points_of(request, along, *across), along=names[0], across=names[1] if across else "")


def describe(drawing: Drawing) -> list[str]:
    """Say of each lane its spans."""
    times = [label for _, label in drawing.labels]
    parts = [f"{french.uncapitalised(drawing.measure)}, {len(times)} périodes, de {times[0]} à {times[-1]}"]
    places = distances(times)
    for series in drawing.series:
        spans = [_told(span) for span in spans_of(drawing, series, places)]
        name = series or french.capitalised(drawing.measure)
        parts.append(f"{name} : {french.listing(spans) if spans else 'aucune période montrée'}")
    return [*parts, *unseen(drawing)]


def _told(span: list[Point]) -> str:
    first, last = span[0].label, span[-1].label
    return f"{first} ({span[0].text})" if len(span) == 1 else f"de {first} ({span[0].text}) à {last} ({span[-1].text})"


def spans_of(drawing: Drawing, series: str, places: Mapping[str, float]) -> list[list[Point]]:
    """Return the runs of periods that follow one another and in each of which something was counted."""
    spans: list[list[Point]] = []
    step = _step(places)
    for point in (each for each in drawing.points if each.series == series and each.x):
        if spans and places[point.label] - places[spans[-1][-1].label] <= step * 1.001:
            spans[-1].append(point)
        else:
            spans.append([point])
    return spans


def _step(places: Mapping[str, float]) -> float:
    ordered = sorted(places.values())
    return min((after - before for before, after in pairwise(ordered)), default=1.0)


def paint(drawing: Drawing) -> Figure:
    """Draw a lane for each series: spans, hatches where a period is masked, a thin line where there was nothing."""
    times = [label for _, label in drawing.labels]
    places = distances(times)
    step = _step(places)
    left = min(_WIDEST_LABEL, max((width_of(series) for series in drawing.series), default=0.0)) + 0.15
    wide = (WIDTH - left - 0.1) / (max(places.values()) - min(places.values()) + step) * step

    def start(label: str) -> float:
        return left + (places[label] - min(places.values())) / step * wide

    names = [wrapped(series, left - 0.15) for series in drawing.series]
    lane = max(LANE, height_of(max(map(len, names))) + 0.06)
    head = 0.3
    swatches = [Swatch(french.uncapitalised(drawing.measure), fill=theme.ACCENT)]
    swatches += [Swatch("zéro", mark="none")] if any(point.x == 0 for point in drawing.points) else []
    swatches += signs_of(drawing)
    base = head + lane * len(drawing.series)
    sheet = Sheet(base + 0.14 + height_of_legend(swatches, left) + 0.06)
    every = next(n for n in range(1, len(times) + 1) if n == len(times) or _widest(times) + 0.06 <= n * wide)
    for number, label in enumerate(times):
        x = start(label)
        sheet.line([(x, head), (x, base)], colour=theme.GRID, linewidth=0.7, zorder=0)
        if number % every == 0:
            sheet.text(x + wide / 2, head - 0.12, label, size=SMALL, side="center", color=theme.MUTED)
    for number, series in enumerate(drawing.series):
        y = head + (number + 0.5) * lane
        sheet.text(left - 0.1, y, names[number], side="right")
        for span in spans_of(drawing, series, places):
            x = start(span[0].label)
            sheet.rectangle(x, y - 0.12, start(span[-1].label) + wide - x, 0.24, fill=theme.ACCENT)
        for point in (each for each in drawing.points if each.series == series):
            _period(sheet, point, start(point.label), y, wide)
    sheet.legend(left, base + 0.2, swatches)
    return sheet.figure


def _widest(labels: list[str]) -> float:
    return max(width_of(label, SMALL) for label in labels)


def _period(sheet: Sheet, point: Point, x: float, y: float, wide: float) -> None:
    middle = (x + wide / 2, y)
    if point.x is None and point.is_masked:
        sheet.hatch(x + 0.01, y - 0.12, wide - 0.02, 0.24)
        sheet.sign(*middle, point.text)
    elif point.x is None:
        sheet.sign(*middle, point.text)
    elif point.x == 0:
        sheet.line([(x, y), (x + wide, y)], linewidth=0.8)
    else:
        size = next((each for each in (SMALL, SMALLEST) if width_of(point.text, each) <= wide - 0.05), None)
        if size:
            sheet.text(*middle, point.text, size=size, side="center", color="white")
