"""The values that a variable may take in dummy data, numbered from 0 and made only when they are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.sources.cells import Places
from etabli.sources.codebook import Variable
from etabli.sources.samples import texts_of

ROWS_A_PERSON = 2.5
"""Rows drawn for each person of the source, where rows belong to people."""

_MOST_VALUES = 10**9
"""Numbered values of a domain at most: beyond, only the first are drawn, or coarser steps are taken."""

Period = tuple[date, date]


@dataclass(frozen=True)
class Domain:
    """The values that a variable may take, numbered from 0."""

    size: int
    values: Callable[[Places], Any]
    """The values at some places: a list or an array."""
    weights: npt.NDArray[np.float64] | None = None


def domain_of(variable: Variable, rows: int, period: Period, recurring: bool, shift: float = 0.0) -> Domain:
    """Return the domain of a variable.

    Parameters
    ----------
    variable
        What the codebook says of it.
    rows
        Rows of the source: how many different texts there are.
    period
        First and last day of the edition: dates fall there when their bounds let them.
    recurring
        Whether several rows have the same text, as a person's do.
    shift
        Which identifiers there are, among those that could be (`texts_of`).
    """
    match variable.type:
        case "code":
            return _codes(variable)
        case "integer":
            low, high = _bounds(variable, 0, 100)
            first = math.ceil(low)
            size = min(math.floor(high) - first + 1, _MOST_VALUES)
            return Domain(max(0, size), lambda places: first + places)
        case "number":
            return _numbers(*_bounds(variable, 0, 100))
        case "date" | "datetime":
            return _moments(variable, period)
        case "boolean":
            return Domain(2, lambda places: places.astype(bool))
        case _:
            count = max(1, round(rows / ROWS_A_PERSON)) if recurring else rows + len(variable.missing)
            texts = texts_of(variable, count, shift if variable.type == "identifier" else 0.0)
            return Domain(texts.size, lambda places: [texts.at(int(place)) for place in places])


def _codes(variable: Variable) -> Domain:
    drawn = {name: code.weight for name, code in variable.codes.items() if code.weight > 0}
    names, weights = list(drawn), np.array(list(drawn.values()), dtype=float)
    return Domain(len(names), lambda places: [names[place] for place in places], weights / weights.sum())


def _numbers(low: float, high: float) -> Domain:
    """Hundredths between the bounds; hundredths of their distance when it is less than 1."""
    step = max(0.01, (high - low) / _MOST_VALUES) if high - low >= 1 else (high - low) / 100
    size = math.floor((high - low) / step) + 1 if step else 1
    return Domain(size, lambda places: np.clip(np.round(low + places * step, 6), low, high) + 0.0)


def _moments(variable: Variable, period: Period) -> Domain:
    """Days for a date, minutes for a datetime, up to the end of the last day."""
    first, last = _dates(variable, period)
    start, days = pd.Timestamp(first), (last - first).days + 1
    if variable.type == "date":
        return Domain(days, lambda places: start + pd.to_timedelta(places, unit="D"))
    return Domain(days * 24 * 60, lambda places: start + pd.to_timedelta(places, unit="min"))


def _bounds(variable: Variable, least: float, most: float) -> tuple[float, float]:
    """Return the bounds of a number; with one of them, the range is at least as wide as the default."""
    low, high = cast("float | None", variable.minimum), cast("float | None", variable.maximum)
    if low is None:
        return (least, most) if high is None else (min(least, high - (most - least)), high)
    return low, max(most, low + (most - least)) if high is None else high


def _dates(variable: Variable, period: Period) -> Period:
    """Return the part of the period that lies between the bounds; where there is none, a year, or the bounds."""
    low, high = cast("date | None", variable.minimum), cast("date | None", variable.maximum)
    first, last = max(period[0], low or period[0]), min(period[1], high or period[1])
    if first <= last:
        return first, last
    year = timedelta(days=365)
    return low or cast("date", high) - year, high or cast("date", low) + year
