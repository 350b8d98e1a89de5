"""Figures drawn from protected tables.

A figure is inline SVG: small, sharp in print, and with no data beyond what is drawn; where a vector would have some, it
is a PNG. What is masked is not drawn; its place says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from etabli import french
from etabli.disclosure.protect import Protected
from etabli.errors import ReportError, suggestion
from etabli.memo import pure
from etabli.present.figures.canvas import img_of, is_tall, pixels_in, styled, svg_of
from etabli.present.figures.drawing import Drawing, FigureKind, Point, Request
from etabli.present.figures.ground import Ground, Mapped, Method
from etabli.present.figures.kinds import KINDS
from etabli.present.words import Words

__all__ = [
    "KINDS",
    "Drawing",
    "FigureKind",
    "Ground",
    "Mapped",
    "Method",
    "Point",
    "compose",
    "describe",
    "draw",
    "is_tall",
    "pixels_in",
]


def compose(
    protected: Protected,
    words: Words,
    *,
    kind: FigureKind,
    measure: str,
    where: Mapping[str, str],
    labels: Mapping[str, str],
    mapped: Mapped | None = None,
) -> Drawing:
    """Decide what a figure shows.

    Parameters
    ----------
    kind
        One of `KINDS`.
    measure
        The measure to draw.
    where
        Categories at which other dimensions are held.
    mapped
        What a map stands on.

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
    free = tuple(name for name in table.keys if name not in where and name != "variable")
    least, most = KINDS[kind].dimensions
    if not least <= len(free) <= most:
        raise ReportError(
            "Cette figure a trop, ou trop peu, de dimensions.",
            expected=_DIMENSIONS[least, most],
            got=", ".join(free) or "aucune",
            hint='fixez les autres par where={"dimension": "modalité"}',
        )
    if "variable" in table.keys and "variable" not in where and not KINDS[kind].stacks:
        raise ReportError(
            f"Une figure « {kind} » ne dessine qu’une caractéristique à la fois.",
            hint='fixez-la par where={"variable": "nom"}',
        )
    drawing = KINDS[kind].compose(Request(protected, words, kind, chosen, where, labels, free, mapped))
    if not drawing.points:
        raise ReportError("Cette figure serait vide.", got=str(dict(where)))
    return drawing


_DIMENSIONS = {
    (1, 1): "une dimension libre",
    (1, 2): "une ou deux dimensions libres",
    (2, 2): "deux dimensions libres",
}


def describe(drawing: Drawing) -> str:
    """Return the alternative text: what is compared, the extremes, what is not shown."""
    kind = KINDS[drawing.kind]
    first, *others = kind.describe(drawing)
    said = ". ".join([f"{kind.noun} : {first}", *map(french.capitalised, others)])
    return french.typography(f"{said}. Les valeurs sont dans le tableau qui suit la figure.")


@lru_cache(maxsize=64)
@pure
def draw(drawing: Drawing, *, name: str, alternative: str) -> str:
    """Return the figure as an element of a page, with its alternative text. `name` makes its identifiers unique.

    For `internal`, a figure is shown at once and asked for again by `finish()`: it is drawn once.
    """
    kind = KINDS[drawing.kind]
    with styled(name):
        figure = kind.paint(drawing)
        return img_of(figure, alternative) if kind.raster else svg_of(figure, name, alternative)
