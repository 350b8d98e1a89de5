"""Bars, and dots with their intervals: categories down, values along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from etabli.present import theme
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, points_of
from etabli.present.figures.scales import ends_of, ratio_scale, tick_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def compose(request: Request) -> Drawing:
    """Put the first free dimension down; a second one becomes series."""
    return drawing_of(request, points_of(request, *request.free))


def paint(drawing: Drawing) -> Figure:
    """Draw bars or dots."""
    import seaborn as sns
    from matplotlib.figure import Figure

    rows = len(drawing.labels) + len({group for group, _ in drawing.labels if group})
    height = 0.9 + 0.3 * rows * max(1.0, 0.62 * len(drawing.series))
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    _categories(axes, drawing)
    sns.despine(ax=axes, left=True, bottom=True)
    return figure


def _categories(axes: Axes, drawing: Drawing) -> None:
    places, ticks, at = _places(drawing)
    width = 0.8 / len(drawing.series)
    for index, series in enumerate(drawing.series):
        colour, marker = theme.SERIES[index % len(theme.SERIES)], theme.MARKERS[index % len(theme.MARKERS)]
        offset = (index - (len(drawing.series) - 1) / 2) * width
        points = [point for point in drawing.points if point.series == series]
        y = np.array([places[point.group, point.label] + offset for point in points])
        x = np.array([np.nan if point.x is None else point.x for point in points])
        if drawing.kind == "bars":
            axes.barh(y, np.nan_to_num(x), height=width * 0.86, color=colour, label=series)
        else:
            axes.plot(x, y, linestyle="none", marker=marker, markersize=5.5, color=colour, label=series)
            _hollow(axes, points, y, drawing, marker, colour)
        _intervals(axes, points, y, colour if drawing.kind == "dots" else theme.INK)
        _values(axes, points, y, drawing)
    axes.set_yticks(at, ticks)
    for tick, (place, label) in zip(axes.get_yticklabels(), zip(at, ticks, strict=True), strict=True):
        if not any(place == each for each in places.values()):
            tick.set_fontweight("bold")
            tick.set_text(label)
    axes.set_ylim(max(at) + 0.7, min(at) - 0.7)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    _scale(axes, drawing)


def _places(drawing: Drawing) -> tuple[dict[tuple[str, str], float], list[str], list[float]]:
    """Return the height of each category, and the ticks: a bold one above each group."""
    places: dict[tuple[str, str], float] = {}
    ticks: list[str] = []
    at: list[float] = []
    height, current = 0.0, ""
    for group, label in drawing.labels:
        if group and group != current:
            current = group
            ticks.append(group)
            at.append(height)
            height += 1
        places[group, label] = height
        ticks.append(label)
        at.append(height)
        height += 1
    return places, ticks, at


def _intervals(axes: Axes, points: list[Point], y: np.ndarray, colour: str) -> None:
    for point, place in zip(points, y, strict=True):
        if point.low is not None and point.high is not None:
            axes.plot([point.low, point.high], [place, place], color=colour, linewidth=1.4, solid_capstyle="butt")


def _hollow(axes: Axes, points: list[Point], y: np.ndarray, drawing: Drawing, marker: str, colour: str) -> None:
    """Draw a value without an interval among others that have one as an open dot: it must not look the most precise."""
    bare = [point.low is None and not _is_reference(drawing, point) for point in points]
    if all(bare) or not any(bare):
        return
    at = [(point.x, place) for point, place, is_bare in zip(points, y, bare, strict=True) if is_bare]
    for x, place in at:
        if x is not None:
            axes.plot(x, place, marker=marker, markersize=5.5, markeredgecolor=colour, markerfacecolor="white")


def _is_reference(drawing: Drawing, point: Point) -> bool:
    return drawing.ratio and point.x == 1 and point.low is None


def _values(axes: Axes, points: list[Point], y: np.ndarray, drawing: Drawing) -> None:
    if len(drawing.series) > 2:
        return
    for point, place in zip(points, y, strict=True):
        start = 1.0 if drawing.ratio else 0.0
        ends = [each for each in (point.x, point.high) if each is not None] or [start]
        end = max(ends) if drawing.ratio else max(*ends, start)
        reference = _is_reference(drawing, point)
        axes.annotate(
            "référence" if reference else point.text,
            (end, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=theme.MUTED if reference or point.x is None else theme.INK,
        )


def _scale(axes: Axes, drawing: Drawing) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ends = [each for point in drawing.points for each in (point.x, point.low, point.high) if each is not None]
    low, top = ends_of(ends)
    if drawing.ratio:
        ratio_scale(axes, [each for each in ends if each > 0] or [1.0])
    else:
        axes.set_xlim(low * 1.16, top * 1.16)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick_text(x, drawing.percent, top - low)))
    axes.set_xlabel(drawing.measure, fontsize=8.5)
    if len(drawing.series) > 1:
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=min(3, len(drawing.series)),
            frameon=False,
            fontsize=8.5,
        )
