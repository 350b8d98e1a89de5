"""Classes of values for colours: few, with bounds that are printed, light to dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from etabli import french
from etabli.present import theme
from etabli.present.figures.drawing import Drawing, Point

MOST = 5
"""More classes than this are not told apart."""


@dataclass(frozen=True)
class Class:
    """Values from `low` to `high`, both within it; `label` is how the legend prints them."""

    low: float
    high: float
    label: str
    points: int

    def holds(self, x: float) -> bool:
        return self.low <= x <= self.high


def colours(count: int) -> list[str]:
    """Return colours for so many classes, from light to dark, as far apart as can be in grey too."""
    return [theme.SEQUENCE[place] for place in _TAKEN[count]]


_TAKEN = {1: (2,), 2: (1, 3), 3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}


def equal_classes(drawing: Drawing, count: int) -> list[Class]:
    """Return at most so many classes of equal width, with round bounds; 0 apart where values are counts.

    A class holds its lower bound, and not its upper one, which the next begins with. Classes of nothing at the ends are
    left out; shares of few people are in none.
    """
    values = [point.x for point in drawing.points if point.x is not None and not point.few]
    if not values:
        return []
    zero = drawing.whole and min(values) == 0
    told = [x for x in values if x > 0] if zero else values
    found = [Class(0, 0, "0", values.count(0))] if zero else []
    if not told:
        return found
    return found + _equal(told, max(1, count - len(found)), drawing)


def _equal(values: Sequence[float], count: int, drawing: Drawing) -> list[Class]:
    step = _step(min(values), max(values), count, whole=drawing.whole)
    first = floor(round(min(values) / step, 9))
    last = max(floor(round(max(values) / step, 9)), first)
    found = []
    for number in range(first, last + 1):
        low, high = round(number * step, 9), round((number + 1) * step, 9)
        here = sum(low <= x < high for x in values)
        top = _before(high)
        if drawing.whole:
            low, top = max(low, 1.0) if low == 0 else low, high - 1
        found.append(Class(low, top, _range(drawing, low, high, step), here))
    return found


def _before(x: float) -> float:
    return x - 1e-9


def _range(drawing: Drawing, low: float, high: float, step: float) -> str:
    """Return the label of a class: « 20 à 39 » of counts, « 20 % à moins de 30 % » of what has decimals."""
    if drawing.whole:
        return french.number(low) if low == high - 1 else f"{french.number(low)} à {french.number(high - 1)}"
    scale = 100 if drawing.percent else 1
    digits = max(0, -floor(log10(step * scale) + 1e-9))
    digits += round(step * scale, 9) != round(step * scale, digits)
    written = french.percent if drawing.percent else french.number
    return f"{written(low, digits)} à moins de {written(high, digits)}"


def _step(low: float, high: float, count: int, *, whole: bool) -> float:
    """Return the smallest round step with which `count` classes hold all values."""
    bare = max((high - low) / count, 1e-6 if not whole else 1.0)
    power = 10.0 ** floor(log10(bare))
    steps = [power * each for each in (1, 2, 2.5, 5, 10, 20, 25, 50, 100)]
    if whole:
        steps = [step for step in steps if step >= 1 and step == int(step)] or [float(ceil(bare))]
    steps.append(10.0 ** (floor(log10(max(abs(low), abs(high), 1e-6))) + 1))
    return next(step for step in steps if floor(round(high / step, 9)) - floor(round(low / step, 9)) < count)


def quantile_classes(drawing: Drawing, count: int) -> list[Class]:
    """Return at most so many classes of about as many values each, from the least value in each to the greatest.

    Values that are equal stay together; shares of few people are in none.
    """
    shown = sorted((point for point in drawing.points if point.x is not None and not point.few), key=_value)
    distinct = list(dict.fromkeys(_value(point) for point in shown))
    groups: list[list[Point]] = [[]]
    for x in distinct:
        same = [point for point in shown if _value(point) == x]
        done = sum(map(len, groups))
        wanted = len(shown) * len(groups) / count
        # a value goes to the next class once this one is nearer to its due without it
        if groups[-1] and len(groups) < count and done + len(same) / 2 > wanted:
            groups.append([])
        groups[-1] += same
    return [Class(_value(group[0]), _value(group[-1]), _told(group), len(group)) for group in groups if group]


def _value(point: Point) -> float:
    return point.x or 0.0


def _told(group: Sequence[Point]) -> str:
    first, last = group[0].text, group[-1].text
    return first if first == last else f"{first} à {last}"


def rank_of(x: float, classes: Sequence[Class]) -> int:
    """Return the place of the class that holds a value."""
    return next(place for place, each in enumerate(classes) if each.holds(x))
