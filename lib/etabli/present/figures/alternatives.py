"""What alternative texts say of values that are compared, whatever they are drawn as."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from etabli import french
from etabli.present.figures.drawing import Drawing, Point


def extremes(drawing: Drawing) -> list[str]:
    """Say what is compared, and of each series its smallest and its largest value."""
    return [compared(drawing), *_of_each_series(drawing, _extremes), *unseen(drawing)]


def ends(drawing: Drawing) -> list[str]:
    """Say what is compared, and where each series begins and ends."""
    return [compared(drawing), *_of_each_series(drawing, _ends), *unseen(drawing)]


def compared(drawing: Drawing) -> str:
    """Say what is measured, over how many categories and which series."""
    text = f"{french.uncapitalised(drawing.measure)}, {len(drawing.labels)} modalités"
    if len(drawing.series) > 1:
        text += f", {len(drawing.series)} séries ({french.listing(drawing.series)})"
    return text


def unseen(drawing: Drawing) -> list[str]:
    """Say how many values are not shown, and how many cannot exist."""
    hidden = sum(point.x is None and not point.is_impossible for point in drawing.points)
    impossible = sum(point.is_impossible for point in drawing.points)
    told = [(hidden, "valeur non montrée", "valeurs non montrées")]
    told += [(impossible, "valeur qui ne peut exister par nature", "valeurs qui ne peuvent exister par nature")]
    return [french.count(number, one, many) for number, one, many in told if number]


def named(point: Point) -> str:
    """Return the name of the category of a point, with its variable's in a stack of them."""
    return f"{point.group} – {point.label}" if point.group else point.label


def _of_each_series(drawing: Drawing, said: Callable[[Sequence[Point]], str]) -> list[str]:
    parts = []
    for series in drawing.series:
        values = [point for point in drawing.points if point.series == series and point.x is not None]
        if values:
            parts.append((f"{series} : " if series else "") + said(values))
    return parts


def _extremes(values: Sequence[Point]) -> str:
    low, high = min(values, key=lambda p: p.x or 0), max(values, key=lambda p: p.x or 0)
    return f"au plus bas {named(low)} ({low.text}), au plus haut {named(high)} ({high.text})"


def _ends(values: Sequence[Point]) -> str:
    return f"{named(values[0])} {values[0].text}, {named(values[-1])} {values[-1].text}"
