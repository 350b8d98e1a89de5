"""A figure drawn in inches, from the top left corner: texts measured before they are placed, hatches, legends.

Kinds that are no plot of a scale (heat maps, flows, maps) stand on a sheet. What is masked is hatched, with lines of
our own: matplotlib's hatches are patterns, which a page that leaves may not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from etabli.methods.results import SMALL_BASE
from etabli.present import theme
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.drawing import Drawing
from etabli.present.tables import meaning

Mark = Literal["full", "hollow", "reference", "none"]
Side = Literal["left", "center", "right"]

POINTS = 72
"""Points an inch."""
LEADING = 1.3
"""Height of a line of text, in sizes of its letters."""
SMALL, PLAIN = 7.5, 8.5
"""Points: what stands in a drawing, and around it."""
SMALLEST = 6.5
"""Points: under it, nothing is written."""
FEW = f"part de moins de {SMALL_BASE} personnes, non classée"
"""What a legend says of a share that is written with its counts."""
LINE = 0.19
"""Inches: the height of a line of a legend."""

_HATCH = 0.055
"""Inches between two lines of a hatch."""


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = PLAIN, *, bold: bool = False) -> float:
    """Return the width of a text, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    wide, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(wide) / POINTS


def height_of(lines: int, size: float = PLAIN) -> float:
    """Return the height of some lines of text, in inches."""
    return lines * size * LEADING / POINTS


def wrapped(text: str, width: float, size: float = PLAIN, *, bold: bool = False) -> list[str]:
    """Cut a text into lines that are no wider than `width` inches; a word is never cut."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True)
class Swatch:
    """One entry of a legend: what it looks like, and what it says. `sign` is written in it."""

    label: str
    fill: str = "white"
    edge: str = theme.MUTED
    hatched: bool = False
    dashed: bool = False
    sign: str = ""
    mark: Mark | None = None


class Sheet:
    """A figure of the width of the text, and of a height in inches; y grows downwards."""

    def __init__(self, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(WIDTH, height))
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, WIDTH)
        self.axes.set_ylim(height, 0)

    def text(
        self, x: float, y: float, text: str | Sequence[str], *, size: float = PLAIN, side: Side = "left", **more: Any
    ) -> None:
        """Write a text, or lines of it, centred on the height `y`."""
        lines = [text] if isinstance(text, str) else list(text)
        step = height_of(1, size)
        for number, line in enumerate(lines):
            place = y + (number - (len(lines) - 1) / 2) * step
            self.axes.text(x, place, line, fontsize=size, ha=side, va="center_baseline", **more)

    def rectangle(
        self, x: float, y: float, width: float, height: float, *, fill: str = "none", edge: str = "none", **more: Any
    ) -> None:
        """Draw a rectangle from its top left corner."""
        from matplotlib.patches import Rectangle

        self.axes.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, clip_on=False, **more))

    def hatch(self, x: float, y: float, width: float, height: float, *, colour: str = theme.MUTED) -> None:
        """Hatch a rectangle: this is there, and is not shown."""
        self.rectangle(x, y, width, height, fill="white", edge=colour, linewidth=0.7)
        corners: list[tuple[float, float]] = []
        for number in range(1, int((width + height) / _HATCH) + 1):
            along = number * _HATCH  # x + y of the line, from the corner
            if along >= width + height:
                break
            corners += [
                (x + min(along, width), y + max(0.0, along - width)),
                (x + max(0.0, along - height), y + min(along, height)),
            ]
        self.line(corners, colour=colour, broken=True, linewidth=0.5)

    def line(
        self, corners: Sequence[tuple[float, float]], *, colour: str = theme.MUTED, broken: bool = False, **more: Any
    ) -> None:
        """Draw a line through corners, or, where it is `broken`, one from each odd corner to the next."""
        steps = ("ML" * len(corners))[: len(corners)] if broken else "M" + "L" * (len(corners) - 1)
        if corners:
            self.shape(corners, steps, edge=colour, **more)

    def shape(
        self, corners: Sequence[tuple[float, float]], steps: str, *, fill: str = "none", edge: str = "none", **more: Any
    ) -> None:
        """Draw a shape by its corners, and how each is reached: M(ove), L(ine), Q(uadratic), C(ubic) or Z (the end)."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        codes = [_STEPS[step] for step in steps]
        self.axes.add_patch(PathPatch(Path(corners, codes), facecolor=fill, edgecolor=edge, clip_on=False, **more))

    def circle(self, x: float, y: float, radius: float, *, fill: str, edge: str = "none", **more: Any) -> None:
        """Draw a circle around its centre."""
        from matplotlib.patches import Circle

        self.axes.add_patch(Circle((x, y), radius, facecolor=fill, edgecolor=edge, clip_on=False, **more))

    def mark(self, x: float, y: float, mark: Mark) -> None:
        """Draw the mark of an estimate: a full square, a hollow one, a diamond for a reference, or nothing."""
        if mark == "none":
            return
        half = 0.052
        if mark == "reference":
            corners = [(x - half, y), (x, y - half), (x + half, y), (x, y + half), (x - half, y)]
            self.shape(corners, "MLLLZ", fill="white", edge=theme.MUTED, linewidth=1.2, zorder=3)
            return
        fill = theme.ACCENT if mark == "full" else "white"
        self.rectangle(x - half, y - half, 2 * half, 2 * half, fill=fill, edge=theme.ACCENT, linewidth=1.2, zorder=3)

    def sign(self, x: float, y: float, text: str, *, size: float = SMALL) -> None:
        """Write a sign on a hatch, on white so that it can be read."""
        wide = width_of(text, size) + 0.05
        self.rectangle(x - wide / 2, y - 0.07, wide, 0.14, fill="white")
        self.text(x, y, text, size=size, side="center", color=theme.INK)

    def legend(self, x: float, y: float, swatches: Sequence[Swatch]) -> None:
        """Draw the entries of a legend, line after line."""
        for swatch, (left, top) in zip(swatches, _places(swatches, x), strict=True):
            self._swatch(swatch, left, y + top)

    def _swatch(self, swatch: Swatch, x: float, y: float) -> None:
        wide, high = _BOX
        if swatch.mark:
            if swatch.mark != "reference":
                colour, thick = (theme.MUTED, 0.8) if swatch.mark == "none" else (theme.ACCENT, 1.5)
                self.line([(x, y), (x + wide, y)], colour=colour, linewidth=thick)
            self.mark(x + wide / 2, y, swatch.mark)
        elif swatch.hatched:
            self.hatch(x, y - high / 2, wide, high)
        else:
            dash = {"linestyle": (0, (2, 1.5))} if swatch.dashed else {}
            self.rectangle(x, y - high / 2, wide, high, fill=swatch.fill, edge=swatch.edge, linewidth=0.7, **dash)
        if swatch.sign and swatch.hatched:
            self.sign(x + wide / 2, y, swatch.sign, size=SMALLEST)
        elif swatch.sign:
            self.text(x + wide / 2, y, swatch.sign, size=SMALLEST, side="center", color=theme.INK)
        self.text(x + wide + 0.07, y, swatch.label, size=SMALL, color=theme.INK)


_STEPS = {"M": 1, "L": 2, "Q": 3, "C": 4, "Z": 79}
"""Codes of matplotlib's paths."""

_BOX = (0.28, 0.13)
"""Inches: a box of a legend."""


def _places(swatches: Sequence[Swatch], x: float) -> list[tuple[float, float]]:
    """Return where each entry of a legend that begins at `x` stands, from its first line."""
    found: list[tuple[float, float]] = []
    left, top = x, 0.0
    for swatch in swatches:
        wide = _BOX[0] + 0.07 + width_of(swatch.label, SMALL) + 0.2
        if left > x and left + wide - 0.2 > WIDTH - 0.05:
            left, top = x, top + LINE
        found.append((left, top))
        left += wide
    return found


def height_of_legend(swatches: Sequence[Swatch], x: float) -> float:
    """Return the height of a legend, in inches."""
    return 0.0 if not swatches else _places(swatches, x)[-1][1] + LINE


def signs_of(drawing: Drawing) -> list[Swatch]:
    """Return the entries of a legend for what has no value: masked, impossible, not available."""
    signs = dict.fromkeys(point.text for point in drawing.points if point.x is None)
    masked = {point.text for point in drawing.points if point.is_masked}
    edge = {True: theme.MUTED, False: theme.GRID}
    return [
        Swatch(meaning(sign) or sign, hatched=sign in masked, sign=sign, edge=edge[sign in masked]) for sign in signs
    ]
