"""Heat maps: two dimensions, a colour and its value in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etabli import french
from etabli.present import theme
from etabli.present.figures.alternatives import unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.classes import MOST, Class, colours, equal_classes, rank_of
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, points_of
from etabli.present.figures.sheet import (
    FEW,
    PLAIN,
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

ROW = 0.36
"""Inches: the least height of a row of cells."""
MARGIN = 0.05
_WIDEST_LABEL = 1.7
_ROWS_TOLD = 8
"""More rows than this are not told one by one."""


def compose(request: Request) -> Drawing:
    """Put the first free dimension down and the second across, without their totals.

    Raises
    ------
    ReportError
        The measure has no scale from few to many.
    """
    if request.measure.kind not in {"count", "amount", "share", "mean"}:
        raise request.refuse(
            expected="un effectif, un montant, une part ou une moyenne, qui vont de peu à beaucoup",
            hint='dessinez un rapport ou une évolution par kind="dots"',
        )
    down, across = request.free
    points = points_of(request, down, across)
    names = request.words.dimension(down), request.words.dimension(across)
    return drawing_of(request, points, along=names[0], across=names[1])


def describe(drawing: Drawing) -> list[str]:
    """Say the extremes, and the peak of each row when there are few."""
    known = [point for point in drawing.points if point.x is not None and not point.few]
    rows = [label for _, label in drawing.labels]
    size = f"{french.uncapitalised(drawing.along)} ({len(rows)}) × {french.uncapitalised(drawing.across)}"
    parts = [f"{french.uncapitalised(drawing.measure)}, {size} ({len(drawing.series)})"]
    if known:
        low, high = min(known, key=_value), max(known, key=_value)
        parts.append(f"au plus haut {_named(high)} ({high.text}), au plus bas {_named(low)} ({low.text})")
    peaks = [max(here, key=_value) for row in rows if (here := [point for point in known if point.label == row])]
    if peaks and 1 < len(rows) <= _ROWS_TOLD:
        told = " ; ".join(f"{_named(point)} ({point.text})" for point in peaks)
        parts.append(f"le plus haut de chaque ligne : {told}")
    return [parts[0], *map(french.capitalised, parts[1:]), *unseen(drawing)]


def _value(point: Point) -> float:
    return point.x or 0.0


def _named(point: Point) -> str:
    return f"{point.label}, {point.series}"


def paint(drawing: Drawing) -> Figure:
    """Draw the cells, and a legend of the classes and of the signs."""
    classes = equal_classes(drawing, MOST)
    rows = [label for _, label in drawing.labels]
    left = min(_WIDEST_LABEL, max(width_of(label) for label in rows)) + 0.15
    cell = (WIDTH - left - MARGIN) / len(drawing.series)
    heads = [wrapped(label, cell - 0.04, SMALL) for label in drawing.series]
    turned = any(width_of(line, SMALL) > cell - 0.02 for lines in heads for line in lines)
    top = max(width_of(s, SMALL) for s in drawing.series) if turned else height_of(max(map(len, heads)), SMALL)
    top += height_of(1) + 0.16
    names = [wrapped(label, left - 0.15) for label in rows]
    row = max(ROW, height_of(max(map(len, names))) + 0.06)
    swatches = _legend(drawing, classes)
    sheet = Sheet(top + row * len(rows) + 0.12 + 0.22 + height_of_legend(swatches, left) + MARGIN)
    sheet.text(left, height_of(1) / 2 + 0.02, drawing.across, color=theme.MUTED)
    for number, lines in enumerate(heads):
        middle = left + (number + 0.5) * cell
        if turned:
            sheet.axes.text(
                middle, top - 0.05, drawing.series[number], fontsize=SMALL, ha="center", va="bottom", rotation=90
            )
        else:
            sheet.text(middle, top - 0.05 - height_of(len(lines), SMALL) / 2, lines, size=SMALL, side="center")
    for number, lines in enumerate(names):
        sheet.text(left - 0.1, top + (number + 0.5) * row, lines, side="right")
    for point in drawing.points:
        x, y = left + drawing.series.index(point.series) * cell, top + rows.index(point.label) * row
        _cell(sheet, point, classes, (x, y, cell, row))
    foot = top + row * len(rows) + 0.24
    sheet.text(left, foot, f"{drawing.measure}{french.NBSP}:", size=SMALL, color=theme.MUTED)
    sheet.legend(left, foot + 0.2, swatches)
    return sheet.figure


def _cell(sheet: Sheet, point: Point, classes: list[Class], place: tuple[float, float, float, float]) -> None:
    x, y, wide, tall = place
    gap = 0.015
    inner = (x + gap, y + gap, wide - 2 * gap, tall - 2 * gap)
    middle = (x + wide / 2, y + tall / 2)
    if point.x is not None:
        fill = "white" if point.few else fills(classes)[rank_of(point.x, classes)]
        sheet.rectangle(*inner, fill=fill, edge=theme.GRID, linewidth=0.5)
        fitted = _fitted(point.text, wide - 0.06) or (("*", SMALL) if point.few else None)
        if fitted:
            sheet.text(*middle, fitted[0], size=fitted[1], side="center", color=ink_on(fill))
    elif point.is_masked:
        sheet.hatch(*inner)
        sheet.sign(*middle, point.text)
    else:
        sheet.rectangle(*inner, fill="white", edge=theme.GRID, linewidth=0.5)
        sheet.text(*middle, point.text, size=SMALLEST, side="center", color=theme.MUTED)


def fills(classes: list[Class]) -> list[str]:
    """Return the colour of each class; the class of 0 alone is white."""
    zero = [each.high == 0 and each.low == 0 for each in classes]
    shades = iter(colours(zero.count(False))) if not all(zero) else iter(())
    return ["white" if is_zero else next(shades) for is_zero in zero]


def ink_on(fill: str) -> str:
    """Return the colour of a text that is read on a colour of the sequence."""
    return "white" if fill in theme.SEQUENCE[3:] else theme.INK


def _fitted(text: str, width: float) -> tuple[str, float] | None:
    """Return a value as it fits in its cell, and the size of its letters; None when it does not.

    The sign of percent, which the legend gives, goes first.
    """
    bare = text.removesuffix(f"{french.NBSP}%")
    for written in dict.fromkeys((text, bare)):
        for size in (PLAIN, SMALL, SMALLEST):
            if width_of(written, size) <= width:
                return written, size
    return None


def _legend(drawing: Drawing, classes: list[Class]) -> list[Swatch]:
    found = [Swatch(each.label, fill) for each, fill in zip(classes, fills(classes), strict=True) if each.points]
    few = [Swatch(FEW, sign="*")] if any(point.few for point in drawing.points) else []
    return [*found, *few, *signs_of(drawing)]
