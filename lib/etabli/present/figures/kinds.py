"""The kinds of figures: of each, how it is composed, said and drawn. A new kind is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etabli.present.figures import (
    alternatives,
    categories,
    flow,
    forest,
    heat,
    lines,
    maps,
    network,
    pyramid,
    steps,
    timeline,
)
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
    stacks
        Whether several variables stacked in one table can be told apart in it.
    beside
        Measures that it shows too: they are in the table under it.
    raster
        Whether it is a picture, not a vector: for what a vector would tell beyond what is seen.
    """

    noun: str
    dimensions: tuple[int, int]
    compose: Callable[[Request], Drawing]
    describe: Callable[[Drawing], list[str]]
    paint: Callable[[Drawing], Figure]
    stacks: bool = False
    beside: tuple[str, ...] = ()
    raster: bool = False


STACKS = True
"""It tells several variables apart, stacked in one table."""

KINDS: dict[FigureKind, Kind] = {
    "bars": Kind("Diagramme en barres", (1, 2), categories.compose, alternatives.extremes, categories.paint, STACKS),
    "dots": Kind("Diagramme en points", (1, 2), categories.compose, alternatives.extremes, categories.paint, STACKS),
    "lines": Kind("Courbes", (1, 2), lines.compose, alternatives.ends, lines.paint, STACKS),
    "heat": Kind("Carte de chaleur", (2, 2), heat.compose, heat.describe, heat.paint),
    "pyramid": Kind("Pyramide", (2, 2), pyramid.compose, pyramid.describe, pyramid.paint),
    "forest": Kind("Valeurs et leurs intervalles", (1, 1), forest.compose, forest.describe, forest.paint, STACKS),
    "flow": Kind("Diagramme de flux", (2, 2), flow.compose, flow.describe, flow.paint),
    "timeline": Kind("Frise", (1, 2), timeline.compose, timeline.describe, timeline.paint),
    "network": Kind("Réseau", (2, 2), network.compose, network.describe, network.paint),
    "steps": Kind(
        "Courbes en escalier",
        (1, 2),
        steps.compose,
        steps.describe,
        steps.paint,
        beside=("at_risk", "events"),
        raster=True,
    ),
    "map": Kind("Carte", (1, 1), maps.compose, maps.describe, maps.paint),
}
