"""Lines over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etabli.present import theme
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Request, drawing_of, points_of
from etabli.present.figures.scales import distances, ends_of, tick_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def compose(request: Request) -> Drawing:
    """Run along the last free dimension, which is time; the one before becomes series, totals too."""
    along, *across = reversed(request.free)
    return drawing_of(request, points_of(request, along, *across, totals=True))


def paint(drawing: Drawing) -> Figure:
    """Draw lines."""
    import seaborn as sns
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    _lines(axes, drawing)
    sns.despine(ax=axes, bottom=True)
    return figure


def _lines(axes: Axes, drawing: Drawing) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    times = [label for _, label in drawing.labels]
    place = distances(times)
    ends: list[tuple[float, float, str, str]] = []
    for index, series in enumerate(drawing.series):
        colour, marker = theme.SERIES[index % len(theme.SERIES)], theme.MARKERS[index % len(theme.MARKERS)]
        points = [point for point in drawing.points if point.series == series and point.x is not None]
        if not points:
            continue
        x = [place[point.label] for point in points]
        axes.plot(x, [point.x or 0.0 for point in points], color=colour, marker=marker, markersize=5)
        ends.append((x[-1], points[-1].x or 0.0, series, colour))
    axes.set_xticks(list(place.values()), times)
    span = max(place.values()) - min(place.values()) or 1.0
    axes.set_xlim(min(place.values()) - 0.05 * span, max(place.values()) + 0.3 * span)
    low, top = ends_of([point.x for point in drawing.points if point.x is not None])
    axes.set_ylim(low * 1.1, top * 1.1)
    name_lines(axes, ends, gap=(top - low) * 0.065)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: tick_text(y, drawing.percent, top - low)))
    axes.set_ylabel(drawing.measure, fontsize=8.5)
    axes.grid(axis="x", visible=False)


def name_lines(axes: Axes, ends: list[tuple[float, float, str, str]], *, gap: float, beyond: float = 0.12) -> None:
    """Write each series at the end of its line, moved up where two names would stand on each other."""
    lowest = float("-inf")
    for x, y, series, colour in sorted(ends, key=lambda end: end[1]):
        lowest = max(y, lowest + gap)
        axes.annotate(
            series, (x, y), xytext=(x + beyond, lowest), textcoords="data", color=colour, va="center", fontsize=8.5
        )
