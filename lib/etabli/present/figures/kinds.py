"""The kinds of figures: of each, how it is composed, said and drawn. A new kind is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etabli.present.figures import alternatives, categories, lines
from etabli.present.figures.drawing import Drawing, FigureKind, Request

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Kind:
    """One kind of figure.

    Parameters
    ----------
    noun
        What its alternative text calls it.
    dimensions
        The least and the greatest number of free dimensions.
    compose
        What it shows of a request, in which order.
    describe
        What its alternative text says, sentence by sentence: what is compared, the extremes or the trend.
    paint
        The drawing in ink, within the house's style.
    """

    noun: str
    dimensions: tuple[int, int]
    compose: Callable[[Request], Drawing]
    describe: Callable[[Drawing], list[str]]
    paint: Callable[[Drawing], Figure]


KINDS: dict[FigureKind, Kind] = {
    "bars": Kind("Diagramme en barres", (1, 2), categories.compose, alternatives.extremes, categories.paint),
    "dots": Kind("Diagramme en points", (1, 2), categories.compose, alternatives.extremes, categories.paint),
    "lines": Kind("Courbes", (1, 2), lines.compose, alternatives.ends, lines.paint),
}
