"""Figures drawn from protected tables: bars, dots with their intervals, lines over time.

A figure is inline SVG: small, sharp in print, and with no data beyond what is drawn. What is masked is
not drawn; its place says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, Literal

import numpy as np

from etabli import french
from etabli.disclosure.protect import Protected
from etabli.errors import ReportError, suggestion
from etabli.memo import pure
from etabli.methods.results import TOTAL, Measure, Table
from etabli.present import theme
from etabli.present.tables import sign_of
from etabli.present.words import Words, base_of, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FigureKind = Literal["bars", "dots", "lines"]
KINDS: tuple[FigureKind, ...] = ("bars", "dots", "lines")

WIDTH = 7.2
"""Inches: the width of the text column."""


@dataclass(frozen=True)
class Point:
    """One value to draw: where it stands, what it is, how it is written. `x` is None where it is not shown."""

    label: str
    series: str
    x: float | None
    low: float | None
    high: float | None
    text: str
    group: str = ""


@dataclass(frozen=True)
class Drawing:
    """What a figure shows, before any ink: enough to draw it and to say it in words."""

    kind: FigureKind
    measure: str
    percent: bool
    points: tuple[Point, ...]
    ratio: bool = False
    """Whether 1 means « no difference »: the scale is then logarithmic around it."""

    @property
    def series(self) -> list[str]:
        return list(dict.fromkeys(point.series for point in self.points))

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Group and label of each position, in display order."""
        return list(dict.fromkeys((point.group, point.label) for point in self.points))


def compose(
    protected: Protected,
    words: Words,
    *,
    kind: FigureKind,
    measure: str,
    where: Mapping[str, str],
    labels: Mapping[str, str],
) -> Drawing:
    """Decide what a figure shows.

    Parameters
    ----------
    kind
        `bars` or `dots` for categories (a second dimension becomes series); `lines` for a series over time,
        whose last dimension is time.
    measure
        The measure to draw.
    where
        Categories at which other dimensions are held.

    Raises
    ------
    ReportError
        The kind or a dimension is unknown, or more dimensions are left than can be drawn.
    """
    if kind not in KINDS:
        raise ReportError(
            f"Genre de figure inconnu : « {kind} ».", expected=", ".join(KINDS), hint=suggestion(kind, KINDS)
        )
    table = protected.table
    chosen = table.measure(measure)
    for name in where:
        if name not in table.keys:
            raise ReportError(f"Ce résultat n’a pas de dimension « {name} ».", hint=suggestion(name, table.keys))
    free = [name for name in table.keys if name not in where and name != "variable"]
    if not 1 <= len(free) <= 2:
        raise ReportError(
            "Cette figure a trop, ou trop peu, de dimensions.",
            expected="une ou deux dimensions libres",
            got=", ".join(free) or "aucune",
            hint='fixez les autres par where={"dimension": "modalité"}',
        )
    along, across = (
        (free[1], free[0]) if kind == "lines" and len(free) == 2 else (free[0], free[1] if len(free) > 1 else None)
    )
    points = []
    for row in range(len(table.cells)):
        codes = {name: str(table.cells[name].iloc[row]) for name in table.keys}
        if any(codes[name] != code for name, code in where.items()) or codes[along] == TOTAL:
            continue
        if across and codes[across] == TOTAL and kind != "lines":
            continue
        points.append(_point(protected, words, row, chosen, along, across))
    if not points:
        raise ReportError("Cette figure serait vide.", got=str(dict(where)))
    return Drawing(
        kind, words.measure(chosen, labels), chosen.kind in {"share", "change"}, tuple(points), chosen.kind == "ratio"
    )


def _point(protected: Protected, words: Words, row: int, measure: Measure, along: str, across: str | None) -> Point:
    table = protected.table
    hidden = bool(protected.masked[row])
    x, low, high = (None, None, None) if hidden else _drawn(table, row, measure)
    return Point(
        label=words.category(table, row, along),
        series=words.category(table, row, across) if across else "",
        x=x,
        low=low,
        high=high,
        text=sign_of(protected, row) if hidden else words.value(table, row, measure),
        group=words.category(table, row, "variable") if "variable" in table.keys else "",
    )


def _drawn(table: Table, row: int, measure: Measure) -> tuple[float | None, float | None, float | None]:
    """Return a value and its bounds as printed: a drawing must not give a digit that the text does not.

    A vector drawing is read to nine digits, and « 26 % » of 188 visits would be 49 visits.
    """
    base = base_of(table, row, measure)
    columns = [measure.name, measure.low, measure.high]
    scale = 100 if measure.kind in {"share", "change", "points"} else 1
    x, low, high = (
        None if column is None else printed(table.cells[column].iloc[row], measure, base) for column in columns
    )
    return _scaled(x, scale), _scaled(low, scale), _scaled(high, scale)


def _scaled(x: float | str | None, scale: int) -> float | None:
    return None if x is None or isinstance(x, str) else round(x / scale, 6)


def describe(drawing: Drawing) -> str:
    """Return the alternative text: what is compared, the extremes, what is not shown."""
    what = {"bars": "Diagramme en barres", "dots": "Diagramme en points", "lines": "Courbes"}[drawing.kind]
    known = [point for point in drawing.points if point.x is not None]
    parts = [f"{what} : {french.uncapitalised(drawing.measure)}, {len(drawing.labels)} modalités"]
    if len(drawing.series) > 1:
        parts[0] += f", {len(drawing.series)} séries ({french.listing(drawing.series)})"
    for series in drawing.series:
        values = [point for point in known if point.series == series]
        if not values:
            continue
        prefix = f"{series} : " if series else ""
        if drawing.kind == "lines":
            parts.append(f"{prefix}{_name(values[0])} {values[0].text}, {_name(values[-1])} {values[-1].text}")
        else:
            low, high = min(values, key=lambda p: p.x or 0), max(values, key=lambda p: p.x or 0)
            parts.append(f"{prefix}au plus bas {_name(low)} ({low.text}), au plus haut {_name(high)} ({high.text})")
    if len(known) < len(drawing.points):
        parts.append(f"{french.count(len(drawing.points) - len(known), 'valeur non montrée', 'valeurs non montrées')}")
    return french.typography(". ".join(parts) + ". Les valeurs sont dans le tableau qui suit la figure.")


def _name(point: Point) -> str:
    return f"{point.group} – {point.label}" if point.group else point.label


@lru_cache(maxsize=64)
@pure
def draw(drawing: Drawing, *, name: str, alternative: str) -> str:
    """Return the figure as an inline SVG with its alternative text. `name` makes its identifiers unique.

    For `internal`, a figure is shown at once and asked for again by `finish()`: it is drawn once.
    """
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.figure import Figure

    style = sns.axes_style(
        "whitegrid",
        {"grid.color": theme.GRID, "axes.edgecolor": theme.GRID, "text.color": theme.INK, "axes.labelcolor": theme.INK,
         "xtick.color": theme.INK, "ytick.color": theme.INK, "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"]},
    )  # fmt: skip
    with mpl.rc_context():
        mpl.rcdefaults()  # what a notebook, or a matplotlibrc, sets is in no address, and no part of the house's style
        mpl.rcParams.update(
            {
                **style,
                "svg.fonttype": "none",
                "svg.hashsalt": name,
                "font.size": 9,
                "axes.unicode_minus": True,
                "text.parse_math": False,
            }
        )
        rows = len(drawing.labels) + len({group for group, _ in drawing.labels if group})
        height = 3.6 if drawing.kind == "lines" else 0.9 + 0.3 * rows * max(1.0, 0.62 * len(drawing.series))
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        if drawing.kind == "lines":
            _lines(axes, drawing)
        else:
            _categories(axes, drawing)
        sns.despine(ax=axes, left=drawing.kind != "lines", bottom=True)
        return _svg(figure, name, alternative)


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
    low, top = _span(ends)
    if drawing.ratio:
        _ratio_scale(axes, [each for each in ends if each > 0] or [1.0])
    else:
        axes.set_xlim(low * 1.16, top * 1.16)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(x, drawing.percent, top - low)))
    axes.set_xlabel(drawing.measure, fontsize=8.5)
    if len(drawing.series) > 1:
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=min(3, len(drawing.series)),
            frameon=False,
            fontsize=8.5,
        )


def _span(ends: list[float]) -> tuple[float, float]:
    """Return the ends of a scale that holds all values, and 0: a bar's length is its value."""
    low, top = min([*ends, 0.0]), max([*ends, 0.0])
    return (low, top) if top > low else (0.0, 1.0)


def _ratio_scale(axes: Axes, ends: list[float]) -> None:
    """Half as often stands as far from 1 as twice as often."""
    low, high = min([*ends, 0.8]), max([*ends, 1.25])
    axes.set_xscale("log")
    axes.set_xlim(low / 1.08, high * (high / low) ** 0.12)
    steps = [step for step in (0.1, 0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5, 10) if low / 1.08 <= step <= high * 1.05]
    axes.set_xticks(steps, [french.number(step, 0 if float(step).is_integer() else 2) for step in steps])
    axes.minorticks_off()
    axes.axvline(1, color=theme.MUTED, linewidth=1.2, zorder=0)


def _tick(x: float, percent: bool, span: float) -> str:
    if percent:
        return french.percent(x, 0)
    return french.number(x, 0 if span >= 5 or x == 0 else 1)


def _lines(axes: Axes, drawing: Drawing) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    times = [label for _, label in drawing.labels]
    # time keeps its distances: a missing year leaves its gap
    place = (
        {time: float(time) for time in times}
        if all(t.isdigit() for t in times)
        else {t: float(i) for i, t in enumerate(times)}
    )
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
    low, top = _span([point.x for point in drawing.points if point.x is not None])
    axes.set_ylim(low * 1.1, top * 1.1)
    _name_lines(axes, ends, gap=(top - low) * 0.065)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _tick(y, drawing.percent, top - low)))
    axes.set_ylabel(drawing.measure, fontsize=8.5)
    axes.grid(axis="x", visible=False)


def _name_lines(axes: Axes, ends: list[tuple[float, float, str, str]], *, gap: float) -> None:
    """Write each series at the end of its line, moved up where two names would stand on each other."""
    lowest = float("-inf")
    for x, y, series, colour in sorted(ends, key=lambda end: end[1]):
        lowest = max(y, lowest + gap)
        axes.annotate(
            series, (x, y), xytext=(x + 0.12, lowest), textcoords="data", color=colour, va="center", fontsize=8.5
        )


def _svg(figure: Figure, name: str, alternative: str) -> str:
    """Return the drawing as inline SVG: no prologue, no metadata, its own identifiers, a name."""
    from html import escape

    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    # not `savefig`, which draws once for the layout and again for the file: drawing does the layout
    FigureCanvasSVG(figure).print_svg(out, metadata=nothing)  # type: ignore[no-untyped-call]  # matplotlib
    svg = out.getvalue()[out.getvalue().index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace('id="matplotlib.', 'id="')
    svg = re.sub(r'(id="|url\(#|xlink:href="#|href="#)', rf"\g<1>{name}-", svg)
    title = f"<title>{escape(alternative)}</title>"
    return re.sub(r"<svg ([^>]*)>", rf'<svg role="img" \1>{title}', svg, count=1)
