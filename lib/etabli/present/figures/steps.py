"""Step curves over time, survival and incidence: their interval as a band, and who is at risk written under them.

They are pictures, never vectors: a vector tells the very times at which people leave.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from etabli import french
from etabli.methods.survival import AT_RISK, TOLD
from etabli.present import theme
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, point_of
from etabli.present.figures.lines import name_lines
from etabli.present.figures.scales import ends_of, tick_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (8, 2)))
"""Dashes of series: curves that cross are told apart in grey."""

_LINE = 0.22
"""Inches: a line of the numbers at risk."""


def compose(request: Request) -> Drawing:
    """Run along the first free dimension, which is time; the other becomes series.

    Raises
    ------
    ReportError
        The measure is no curve.
    """
    if request.measure.kind != "curve":
        raise request.refuse(
            expected="une courbe de survival ou de cumulative_incidence", hint='kind="lines" suit les autres mesures'
        )
    along, *across = request.free
    points = tuple(_at_time(request, row, along, *across) for row, _ in request.rows())
    return drawing_of(request, points, along=request.words.dimension(along))


def _at_time(request: Request, row: int, along: str, across: str | None = None) -> Point:
    point = point_of(request, row, along, across)
    told = not request.protected.masked[row] and bool(request.table.at(TOLD, row))
    people = request.words.value(request.table, row, AT_RISK) if told else ""
    return replace(point, label=french.number(float(request.table.at(along, row))), people=people)


def describe(drawing: Drawing) -> list[str]:
    """Say what each curve is at the times under it, and how many people are at risk there."""
    first, *_, last = (label for _, label in drawing.labels)
    parts = [f"{french.uncapitalised(drawing.measure)}, de {first} à {last} ({french.uncapitalised(drawing.along)})"]
    for series in drawing.series:
        told = [point for point in drawing.points if point.series == series and point.people and point.x is not None]
        values = ", ".join(f"{point.text} à {point.label}" for point in told)
        at_risk = ", ".join(point.people for point in told)
        parts.append((f"{series} : " if series else "") + f"{values} ; personnes à risque : {at_risk}")
    hidden = sum(
        point.is_masked for point in drawing.points
    )  # after its last time a curve has no value: none is hidden
    return [*parts, *([french.count(hidden, "valeur non montrée", "valeurs non montrées")] if hidden else [])]


def paint(drawing: Drawing) -> Figure:
    """Draw the curves over their numbers at risk."""
    import seaborn as sns
    from matplotlib.figure import Figure

    under = _LINE * (len(drawing.series) + 1)
    figure = Figure(figsize=(WIDTH, 3.5 + under), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.5, under))
    _curves(axes, drawing)
    _numbers(below, drawing)
    sns.despine(ax=axes, bottom=True)
    sns.despine(ax=below, left=True, bottom=True)
    return figure


def _time(point: Point) -> float:
    return float(point.label.replace(french.NNBSP, ""))


def _curves(axes: Axes, drawing: Drawing) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ends: list[tuple[float, float, str, str]] = []
    last = max(map(_time, drawing.points))
    for index, series in enumerate(drawing.series):
        colour = theme.SERIES[index % len(theme.SERIES)]
        points = [point for point in drawing.points if point.series == series and point.x is not None]
        x, y = [_time(point) for point in points], [point.x or 0.0 for point in points]
        low, high = ([np.nan if end is None else end for end in ends] for ends in zip(*map(_band, points), strict=True))
        axes.fill_between(x, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, y, drawstyle="steps-post", color=colour, linestyle=_DASHES[index % len(_DASHES)], linewidth=1.6)
        ends.append((x[-1], y[-1], series, colour))
    values = [end for point in drawing.points for end in (point.x, point.high) if end is not None]
    _, top = ends_of(values)
    axes.set_xlim(-0.02 * last, last * (1.25 if len(drawing.series) > 1 else 1.02))
    axes.set_ylim(0, top * 1.05)
    if len(drawing.series) > 1:
        name_lines(axes, ends, gap=top * 0.065, beyond=last * 0.015)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: tick_text(y, drawing.percent, top)))
    axes.set_ylabel(drawing.measure, fontsize=8.5)
    axes.set_title(_BAND, loc="left", fontsize=8, color=theme.MUTED)
    axes.grid(axis="x", visible=False)


_BAND = f"Bande{french.NBSP}: intervalle de confiance à 95{french.NBSP}%"


def _band(point: Point) -> tuple[float | None, float | None]:
    return point.low, point.high


def _numbers(axes: Axes, drawing: Drawing) -> None:
    """Write how many people are at risk, under the round times."""
    ticks = {_time(point): point.label for point in drawing.points if point.people}
    names = [series or "Ensemble" for series in drawing.series]
    for index, series in enumerate(drawing.series):
        colour = theme.SERIES[index % len(theme.SERIES)]
        for point in drawing.points:
            if point.series == series and point.people:
                axes.text(_time(point), index, point.people, ha="center", va="center", fontsize=8, color=colour)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlabel(f"{drawing.along} ; sous l’axe, nombre de personnes à risque", fontsize=8.5)
    axes.grid(visible=False)
