"""Places drawn by their outlines: colours and hatches within them, texts where there is room, a scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from etabli import french
from etabli.present import theme
from etabli.present.figures.canvas import WIDTH
from etabli.present.figures.ground import Corners, Ground, Tile
from etabli.present.figures.sheet import SMALL, SMALLEST, Sheet, height_of, width_of

_TALLEST = 6.0
_GRID = 0.015
"""Inches: corners stand on a grid, so that two places share the same border, and a drawing stays small."""
_HATCH = 0.055
_SCALES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""Kilometres."""

Place = tuple[float, float]


class Outlines:
    """The outlines of a ground in inches, from its top left corner."""

    def __init__(self, ground: Ground) -> None:
        flat = max(y for tile in ground.tiles for ring in tile.outlines for _, y in ring)
        self.scale = min(WIDTH - 0.2, _TALLEST / flat)
        self.left = (WIDTH - self.scale) / 2
        self.height = flat * self.scale
        self.kilometre = self.scale / ground.kilometres
        self.rings = {tile.code: self._placed(tile) for tile in ground.tiles}

    def _placed(self, tile: Tile) -> tuple[Corners, ...]:
        found = []
        for ring in tile.outlines:
            placed = [(self.left + x * self.scale, 0.05 + y * self.scale) for x, y in ring]
            kept = _without_repeats((self._on_grid(x), self._on_grid(y)) for x, y in placed)
            if len(kept) > 3:
                found.append(kept)
        return tuple(found)

    @staticmethod
    def _on_grid(x: float) -> float:
        return round(round(x / _GRID) * _GRID, 4)

    def in_order(self, tiles: Iterable[Tile]) -> list[Tile]:
        """Return places from the largest, so that one that lies within another is drawn upon it."""
        return sorted(tiles, key=lambda tile: -sum(abs(_area(ring)) for ring in self.rings[tile.code]))

    def shape(self, sheet: Sheet, code: str, *, fill: str, dashed: bool = False) -> None:
        """Draw a place."""
        more = {"linestyle": (0, (2, 1.5))} if dashed else {}
        for ring in self.rings[code]:
            steps = "M" + "L" * (len(ring) - 2) + "Z"
            sheet.shape(ring, steps, fill=fill, edge=theme.BORDER, linewidth=0.7, **more)

    def hatch(self, sheet: Sheet, code: str) -> None:
        """Hatch a place: it is there, and is not shown."""
        self.shape(sheet, code, fill="white")
        sheet.line(list(_hatches(self.rings[code])), broken=True, linewidth=0.5)

    def middle(self, code: str) -> tuple[float, float, float]:
        """Return the centre of the largest part of a place, and how wide the place is there."""
        ring = max(self.rings[code], key=lambda each: abs(_area(each)), default=())
        if not ring:
            return 0.0, 0.0, 0.0
        x, y = _centre(ring)
        crossings = sorted(_crossings([ring], lambda place: place[1], y))
        for (west, _), (east, _) in zip(crossings[::2], crossings[1::2], strict=False):
            if west <= x <= east:
                return x, y, 2 * min(x - west, east - x)
        return x, y, 0.0

    def write(self, sheet: Sheet, code: str, name: str, text: str, *, colour: str, radius: float = 0.0) -> None:
        """Write the value of a place, and its name above, where they fit; under and over a circle that is there."""
        x, y, wide = self.middle(code)
        size = next((each for each in (SMALL, SMALLEST) if width_of(text, each, bold=True) <= wide - 0.04), None)
        inside = width_of(text, SMALL, bold=True) + 0.06 <= 2 * radius
        if size is None and not inside:
            return
        size = size or SMALL
        is_named = width_of(name, SMALLEST) <= max(wide - 0.04, 2 * radius - 0.1 if inside else 0.0)
        apart = 0.0 if inside else radius
        if is_named:
            sheet.text(x, y - apart - height_of(1, SMALLEST) / 2, name, size=SMALLEST, side="center", color=colour)
        low = y + apart + height_of(1, size) / 2 if is_named or apart else y
        sheet.text(x, low, text, size=size, side="center", color=colour, weight="bold")

    def scale_bar(self, sheet: Sheet, y: float) -> None:
        """Draw how long some kilometres are, at the right."""
        long = max((each for each in _SCALES if each * self.kilometre <= 1.2), default=1)
        right = WIDTH - 0.1
        left = right - long * self.kilometre
        sheet.line([(left, y - 0.04), (left, y), (right, y), (right, y - 0.04)], colour=theme.INK, linewidth=1)
        sheet.text(left - 0.06, y - 0.02, f"{long}{french.NBSP}km", size=SMALL, side="right")


def _without_repeats(corners: Iterable[Place]) -> Corners:
    """Return corners without those that repeat the one before, or stand on the line from it to the next."""
    found: list[Place] = []
    for corner in corners:
        if found and corner == found[-1]:
            continue
        if len(found) > 1 and abs(_turn(found[-2], found[-1], corner)) < _GRID**2 / 10:
            found.pop()
        found.append(corner)
    return tuple(found)


def _turn(start: Place, middle: Place, end: Place) -> float:
    return (middle[0] - start[0]) * (end[1] - start[1]) - (middle[1] - start[1]) * (end[0] - start[0])


def _area(ring: Sequence[Place]) -> float:
    return sum(x * b - a * y for (x, y), (a, b) in pairwise(ring)) / 2


def _centre(ring: Sequence[Place]) -> Place:
    """Return the centre of mass of a ring."""
    area = _area(ring) or 1.0
    pairs = list(pairwise(ring))
    crosses = [x * b - a * y for (x, y), (a, b) in pairs]
    return (
        sum((x + a) * cross for ((x, _), (a, _)), cross in zip(pairs, crosses, strict=True)) / (6 * area),
        sum((y + b) * cross for ((_, y), (_, b)), cross in zip(pairs, crosses, strict=True)) / (6 * area),
    )


def _crossings(rings: Iterable[Sequence[Place]], height: Callable[[Place], float], level: float) -> Iterator[Place]:
    """Yield where the sides of rings cross the line on which `height` is `level`."""
    for ring in rings:
        for start, end in pairwise(ring):
            low, high = height(start) - level, height(end) - level
            if (low < 0) != (high < 0):
                part = low / (low - high)
                yield start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])


def _hatches(rings: Sequence[Sequence[Place]]) -> Iterator[Place]:
    """Yield the ends of diagonal lines within rings, two by two."""
    sums = [x + y for ring in rings for x, y in ring]
    if not sums:
        return
    for number in range(int(min(sums) / _HATCH), int(max(sums) / _HATCH) + 1):
        ends = sorted(_crossings(rings, lambda place: place[0] + place[1], number * _HATCH))
        yield from ends[: len(ends) // 2 * 2]
