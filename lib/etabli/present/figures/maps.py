"""Maps, on tiles of one size or on outlines: classes of colours for shares, circles for counts.

Of places of unlike size, an outline shows the large ones and hides the small ones, where most people live: each place
has a tile, unless outlines are asked for. A count is never a colour: the eye would read it as a density.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, log10, sqrt
from typing import TYPE_CHECKING

from etabli import french
from etabli.errors import ReportError, suggestion
from etabli.methods.results import TOTAL
from etabli.present import theme
from etabli.present.figures.alternatives import unseen
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.classes import MOST, Class, colours, equal_classes, quantile_classes, rank_of
from etabli.present.figures.drawing import Drawing, Point, Request, drawing_of, point_of
from etabli.present.figures.ground import METHODS, Ground, Mapped, Tile
from etabli.present.figures.heat import ink_on
from etabli.present.figures.shapes import Outlines
from etabli.present.figures.sheet import (
    FEW,
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

_WIDEST = 1.3
_GAP = 0.03
_RADIUS = 0.19
"""Inches: the largest circle of a tile."""
_LARGEST = 0.42
"""Inches: the largest circle among outlines."""
_TOLD = 3
"""Places that the alternative text names at each end."""


def compose(request: Request) -> Drawing:
    """Put each category of the free dimension on the tile of its place, and apart what has none.

    Raises
    ------
    ReportError
        The measure cannot be mapped, the dimension is no place of a declared level, or no category is on the map.
    """
    mapped = request.mapped
    if mapped is None:
        raise ReportError("Une carte se demande par report.map.", hint='report.map(table, ground="…", measure="…", …)')
    if request.measure.kind == "text":
        raise request.refuse(expected="un nombre")
    if not 2 <= mapped.classes <= MOST:
        raise ReportError("Une carte a peu de classes.", expected=f"de 2 à {MOST} classes", got=str(mapped.classes))
    if mapped.method not in METHODS:
        raise ReportError(
            f"Méthode de classes inconnue : « {mapped.method} ».",
            expected=", ".join(METHODS),
            hint=suggestion(mapped.method, METHODS),
        )
    (along,) = request.free
    places = _places(request, along, mapped.ground)
    points = tuple(
        replace(point_of(request, row, along, None), tile=places.get(codes[along], ""))
        for row, codes in request.rows()
        if codes[along] != TOTAL
    )
    if points and not any(point.tile for point in points):
        raise ReportError(
            f"Aucune modalité de « {along} » n’est sur la carte « {mapped.ground.name} ».",
            expected=f"des codes comme {', '.join(tile.code for tile in mapped.ground.tiles[:3])}",
            got=", ".join(list(dict.fromkeys(codes[along] for _, codes in request.rows()))[:3]),
            hint="le code d’une modalité, ou sa « value » dans le codebook, est celui de la carte",
        )
    totals = tuple(point_of(request, row, along, None) for row, codes in request.rows() if codes[along] == TOTAL)
    return drawing_of(request, points, along=request.words.dimension(along), mapped=mapped, totals=totals)


def _places(request: Request, along: str, ground: Ground) -> dict[str, str]:
    """Return the tile of each category of a dimension: that of its own code, or of what deliveries write for it."""
    variable = request.words.codebook.variable(along)
    if variable is None or variable.level is None:
        raise ReportError(
            f"Le codebook ne dit pas que « {along} » est un lieu.",
            expected="« level » sous cette variable : iris, quarter, commune…",
            hint="le plancher géographique d’une convention se lit là",
        )
    tiles = {tile.code for tile in ground.tiles}
    found = {code: code for code in variable.codes if code in tiles}
    found |= {
        code: declared.value
        for code, declared in variable.codes.items()
        if code not in found and declared.value is not None and declared.value in tiles
    }
    if len(set(found.values())) < len(found):
        raise ReportError(f"Deux modalités de « {along} » sont au même endroit de la carte « {ground.name} ».")
    return found


def _is_counted(drawing: Drawing) -> bool:
    return drawing.whole or drawing.sized


def describe(drawing: Drawing) -> list[str]:
    """Say the highest and the lowest places, and what is not on the map."""
    mapped = _mapped(drawing)
    known = sorted((p for p in drawing.points if p.tile and p.x is not None and not p.few), key=lambda p: p.x or 0.0)
    how = "cercles proportionnels" if _is_counted(drawing) else f"{len(_classes(drawing))} classes"
    parts = [
        f"{french.uncapitalised(drawing.measure)}, {mapped.ground.title} "
        f"({len(mapped.ground.tiles)} {mapped.ground.many}), {how}"
    ]
    if known:
        parts.append(f"Au plus haut : {_listed(known[: -_TOLD - 1 : -1])}")
        if len(known) > _TOLD:
            parts.append(f"Au plus bas : {_listed(known[: min(_TOLD, len(known) - _TOLD)])}")
    apart = [point for point in drawing.points if not point.tile]
    parts += [f"Non cartographié : {_listed(apart)}"] if apart else []
    whole, common = _whole(drawing), len(_common(drawing))
    if whole is not None and common:
        noun = mapped.ground.one if common == 1 else mapped.ground.many
        parts.append(f"{common} {noun} dont l’intervalle contient la valeur de l’ensemble ({whole.text})")
    empty = len(mapped.ground.tiles) - sum(bool(point.tile) for point in drawing.points)
    noun = mapped.ground.one if empty == 1 else mapped.ground.many
    parts += [f"{empty} {noun} sans donnée dans le tableau"] if empty else []
    return [*parts, *unseen(drawing)]


def _whole(drawing: Drawing) -> Point | None:
    """Return the value of all places together, where it is shown."""
    return next((point for point in drawing.totals if point.x is not None), None)


def is_common(drawing: Drawing, point: Point) -> bool:
    """Whether the interval of a place, as printed, holds the value of all places: it is not told apart from it."""
    whole = _whole(drawing)
    if whole is None or whole.x is None or point.few or point.low is None or point.high is None:
        return False
    return point.low <= whole.x <= point.high


def _common(drawing: Drawing) -> list[Point]:
    return [point for point in drawing.points if point.tile and is_common(drawing, point)]


def _value_of(drawing: Drawing, point: Point) -> str:
    """Return the value of a place as it is written on it."""
    return f"{point.text}{french.NBSP}{COMMON}" if is_common(drawing, point) else point.text


COMMON = "≈"
"""Marks a place whose interval holds the value of all places together."""


def _listed(points: Sequence[Point]) -> str:
    return " ; ".join(f"{point.label} ({point.text})" for point in points)


def _mapped(drawing: Drawing) -> Mapped:
    if drawing.mapped is None:
        raise ReportError("Une carte se demande par report.map.")
    return drawing.mapped


def _classes(drawing: Drawing) -> list[Class]:
    mapped = _mapped(drawing)
    kept = tuple(point for point in drawing.points if point.tile)
    make = quantile_classes if mapped.method == "quantile" else equal_classes
    return make(replace(drawing, points=kept), mapped.classes)


def paint(drawing: Drawing) -> Figure:
    """Draw the places, then what is not on the map, then the legend."""
    ground = _mapped(drawing).ground
    circles = _Circles(drawing, _LARGEST if ground.is_outlined else _RADIUS) if _is_counted(drawing) else None
    classes = [] if circles else _classes(drawing)
    field = _Shapes(drawing, classes, circles) if ground.is_outlined else _Tiles(drawing, classes, circles)
    apart = [point for point in drawing.points if not point.tile]
    told = wrapped(french.typography(f"Non cartographié : {_listed(apart)}"), WIDTH - 0.2) if apart else []
    swatches = _legend(drawing, classes)
    base = 0.05 + field.height
    foot = base + 0.08 + height_of(len(told)) + 0.2
    sizes = circles.radius * 2 + 0.15 if circles else 0.0
    sheet = Sheet(foot + 0.2 + sizes + height_of_legend(swatches, 0.05) + 0.02)
    field.draw(sheet)
    if told:
        sheet.text(0.05, base + 0.08 + height_of(len(told)) / 2, told, color=theme.INK)
    heading = drawing.measure if circles else f"{drawing.measure} (entre parenthèses, le nombre de {ground.many})"
    sheet.text(0.05, foot, f"{heading}{french.NBSP}:", size=SMALL, color=theme.MUTED)
    if circles:
        circles.legend(sheet, 0.05, foot + 0.16)
    sheet.legend(0.05, foot + 0.2 + sizes, swatches)
    return sheet.figure


class _Tiles:
    """The places as tiles of one size."""

    def __init__(self, drawing: Drawing, classes: Sequence[Class], circles: _Circles | None) -> None:
        self.drawing, self.classes, self.circles = drawing, classes, circles
        self.ground = _mapped(drawing).ground
        self.points = {point.tile: point for point in drawing.points if point.tile}
        self.wide = min(_WIDEST, (WIDTH - 0.1) / self.ground.columns)
        room = self.wide - 2 * _GAP - 0.06
        self.names = {tile.code: _name_of(tile, self.points.get(tile.code), room) for tile in self.ground.tiles}
        value = 2 * _RADIUS + 0.04 if circles else height_of(1, SMALL)
        self.tall = 0.16 + value + max(height_of(len(lines), size) for lines, size in self.names.values())
        self.height = self.tall * self.ground.rows

    def draw(self, sheet: Sheet) -> None:
        left = (WIDTH - self.wide * self.ground.columns) / 2
        for tile in self.ground.tiles:
            corner = (left + (tile.column - 1) * self.wide + _GAP, 0.05 + (tile.row - 1) * self.tall + _GAP)
            box = (*corner, self.wide - 2 * _GAP, self.tall - 2 * _GAP)
            point = self.points.get(tile.code)
            value = _value_of(self.drawing, point) if point else ""
            _tile(sheet, point, value, self.names[tile.code], box, self.classes, self.circles)


class _Shapes:
    """The places as their outlines; a name or a value is written where it fits, and stands in the table anyway."""

    def __init__(self, drawing: Drawing, classes: Sequence[Class], circles: _Circles | None) -> None:
        self.drawing, self.classes, self.circles = drawing, classes, circles
        self.ground = _mapped(drawing).ground
        self.points = {point.tile: point for point in drawing.points if point.tile}
        self.outlines = Outlines(self.ground)
        self.height = self.outlines.height + 0.2

    def draw(self, sheet: Sheet) -> None:
        tiles = self.outlines.in_order(self.ground.tiles)
        for tile in tiles:
            point = self.points.get(tile.code)
            if point is None:
                self.outlines.shape(sheet, tile.code, fill="white", dashed=True)
            elif point.is_masked:
                self.outlines.hatch(sheet, tile.code)
            else:
                self.outlines.shape(sheet, tile.code, fill=_fill_of(point, self.classes))
        shown = [tile for tile in tiles if tile.code in self.points and not self.points[tile.code].is_masked]
        if self.circles:
            for tile in sorted(shown, key=lambda each: -(self.points[each.code].x or 0.0)):
                x, y, _ = self.outlines.middle(tile.code)
                self.circles.circle(sheet, self.points[tile.code].x or 0.0, x, y)
        for tile in shown:
            point = self.points[tile.code]
            radius = self.circles.radius_of(point.x) if self.circles and point.x else 0.0
            colour = ink_on(_fill_of(point, self.classes))
            self.outlines.write(
                sheet, tile.code, point.label, _value_of(self.drawing, point), colour=colour, radius=radius
            )
        self.outlines.scale_bar(sheet, 0.05 + self.height - 0.02)


def _fill_of(point: Point, classes: Sequence[Class]) -> str:
    """Return the colour of the class of a value; white where it has none."""
    if not classes or point.x is None or point.few:
        return "white"
    return colours(len(classes))[rank_of(point.x, classes)]


def _name_of(tile: Tile, point: Point | None, width: float) -> tuple[list[str], float]:
    """Return the lines of the name of a place, and the size of its letters; it may be cut after a hyphen."""
    name = point.label if point else tile.name
    for size in (SMALL, SMALLEST):
        lines = [line.replace("- ", "-") for line in wrapped(name.replace("-", "- "), width, size)]
        if all(width_of(line, size) <= width for line in lines) and len(lines) <= 3:
            return lines, size
    return lines, SMALLEST


def _tile(
    sheet: Sheet,
    point: Point | None,
    value: str,
    name: tuple[list[str], float],
    box: tuple[float, float, float, float],
    classes: Sequence[Class],
    circles: _Circles | None,
) -> None:
    """Draw one place: its colour or its circle, its name, its value."""
    x, y, wide, tall = box
    lines, size = name
    middle, top = x + wide / 2, y + 0.05 + height_of(len(lines), size) / 2
    low = y + tall - 0.04 - height_of(1, SMALL) / 2
    if point is None:
        sheet.rectangle(*box, fill="white", edge=theme.MUTED, linewidth=0.6, linestyle=(0, (2, 1.5)))
        sheet.text(middle, y + tall / 2, lines, size=size, side="center", color=theme.MUTED)
        return
    if point.is_masked:
        sheet.hatch(*box)
        for number, line in enumerate(lines):
            sheet.sign(middle, top + (number - (len(lines) - 1) / 2) * height_of(1, size), line, size=size)
        sheet.sign(middle, low, point.text)
        return
    fill = _fill_of(point, classes)
    sheet.rectangle(*box, fill=fill, edge=theme.MUTED, linewidth=0.6)
    sheet.text(middle, top, lines, size=size, side="center", color=ink_on(fill))
    if circles and point.x is not None:
        across, low = x + 0.05 + circles.radius, y + tall - 0.05 - circles.radius
        circles.circle(sheet, point.x, across, low)
        middle = (across + circles.radius + x + wide) / 2
    room = 2 * (x + wide - middle)
    size = next((each for each in (SMALL, SMALLEST) if width_of(value, each, bold=True) <= room), SMALLEST)
    sheet.text(middle, low, value, size=size, side="center", color=ink_on(fill), weight="bold")


class _Circles:
    """Circles whose areas are as the values."""

    def __init__(self, drawing: Drawing, radius: float) -> None:
        self.top = max((p.x for p in drawing.points if p.tile and p.x), default=0.0)
        self.radius = radius
        self.amount = not drawing.whole

    def radius_of(self, x: float) -> float:
        return self.radius * sqrt(x / self.top)

    def circle(self, sheet: Sheet, value: float, x: float, y: float) -> None:
        """Draw a value around its centre; nothing for 0."""
        if value > 0:
            sheet.circle(x, y, self.radius_of(value), fill=theme.SEQUENCE[1], edge=theme.ACCENT, linewidth=1)

    def legend(self, sheet: Sheet, x: float, y: float) -> None:
        """Draw a few round values as circles on one line."""
        for value in self._round_values():
            radius = self.radius_of(value)
            text = french.money(value) if self.amount else french.number(value)
            sheet.circle(
                x + radius, y + self.radius * 2 - radius, radius, fill=theme.SEQUENCE[1], edge=theme.ACCENT, linewidth=1
            )
            sheet.text(x + 2 * radius + 0.06, y + self.radius * 2 - radius, text, size=SMALL)
            x += 2 * radius + 0.06 + width_of(text, SMALL) + 0.25

    def _round_values(self) -> list[float]:
        if not self.top:
            return []
        power = 10.0 ** floor(log10(self.top))
        largest = next(power * each for each in (5, 2, 1) if power * each <= self.top)
        return [each for each in (largest, largest / 5, largest / 20) if each >= 1 and float(each).is_integer()]


def _legend(drawing: Drawing, classes: Sequence[Class]) -> list[Swatch]:
    fills = colours(len(classes)) if classes else []
    found = [Swatch(f"{each.label} ({each.points})", fill) for each, fill in zip(classes, fills, strict=True)]
    whole = _whole(drawing)
    if whole is not None and _common(drawing):
        found.append(Swatch(f"l’intervalle contient la valeur de l’ensemble ({whole.text})", edge="none", sign=COMMON))
    here = replace(drawing, points=tuple(point for point in drawing.points if point.tile))
    if any(point.few for point in here.points):
        found.append(Swatch(FEW))
    found += signs_of(here)
    if len(here.points) < len(_mapped(drawing).ground.tiles):
        found.append(Swatch("sans donnée dans le tableau", dashed=True))
    return found
