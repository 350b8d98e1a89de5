"""How far one variable of two deliveries stands apart: its missing values, its categories, its numbers, its dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.sources.codebook import Variable
from etabli.sources.columns import Column
from etabli.sources.permutation import Counts, Places, Statistic

MOST_VALUES = 400
"""Different values that are counted one by one: of more numbers, as many classes of equal size are made; a text that
has more is not compared."""

TAIL = 0.01
"""Share of the numbers beyond each bound of what is told of them: extremes would be one person's."""

_PERIOD = 24
"""Months that the dates of one period span at most; those that span more, births say, are of no period."""

_LONGEST_STEP = 12
"""Months from one edition to the next at most, for dates that span many years."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Classes:
    """The rows of a variable in two deliveries, each with the number of its class.

    The last class is « missing », the one before « not of the variable's type »; `marks` are the others' highest
    values where they are ordered.
    """

    old: Places
    new: Places
    size: int
    marks: Floats | None = None

    @property
    def counts(self) -> tuple[Counts, Counts]:
        """Rows of each class, of the old and of the new delivery (1 × classes)."""
        one, other = (np.bincount(each, minlength=self.size).astype("float64") for each in (self.old, self.new))
        return one[None, :], other[None, :]


def classes_of(variable: Variable, before: Column, after: Column) -> Classes | None:
    """Return the classes of a variable that is compared by its values; None where only what misses is compared."""
    is_listed = variable.type in {"code", "boolean"} or (variable.type == "text" and variable.pattern is not None)
    if is_listed:
        was, now, known = numbered(before, after)
        if len(known) > MOST_VALUES:
            return None
        return _classes(before, after, was, now, len(known), None)
    if variable.type in {"integer", "number"}:
        return _ordered(before, after, _numbers(before.typed), _numbers(after.typed))
    if variable.type in {"date", "datetime"}:
        days, newer = months(before.typed), months(after.typed)
        return _ordered(before, after, days + _step(days[before.places], newer[after.places]), newer)
    return None


def missing_classes(before: Column, after: Column) -> Classes:
    """Return two classes: what is there, and what is missing."""
    was, now = (np.zeros(len(each.typed), dtype=np.int64) for each in (before, after))
    return _classes(before, after, was, now, 1, None)


def numbered(before: Column, after: Column) -> tuple[Places, Places, list[object]]:
    """Return a number for each different value of two columns, the same in both, −1 where it misses; and the values."""
    plain = [each.typed.astype("object").where(each.typed.notna(), None) for each in (before, after)]
    numbers, known = pd.factorize(pd.concat(plain, ignore_index=True))
    return numbers[: len(before.typed)].astype("int64"), numbers[len(before.typed) :].astype("int64"), list(known)


def _numbers(values: pd.Series) -> Floats:
    return np.asarray(values.astype("Float64").to_numpy(dtype="float64", na_value=np.nan))


def _ordered(before: Column, after: Column, was: Floats, now: Floats) -> Classes:
    rows = np.concatenate([was[before.places], now[after.places]])
    marks = np.unique(rows[np.isfinite(rows)])
    if len(marks) > MOST_VALUES:
        marks = np.unique(np.quantile(rows[np.isfinite(rows)], np.linspace(0, 1, MOST_VALUES)))
    first, second = (np.where(np.isfinite(each), np.searchsorted(marks, each), -1) for each in (was, now))
    return _classes(before, after, first, second, len(marks), marks)


def _classes(before: Column, after: Column, was: Places, now: Places, size: int, marks: Floats | None) -> Classes:
    numbered = []
    for column, numbers in ((before, was), (after, now)):
        absent = np.asarray(column.text.isna())
        wrong = ~absent & np.asarray(column.typed.isna())
        numbered.append(np.where(absent, size + 1, np.where(wrong, size, numbers))[column.places])
    return Classes(numbered[0].astype("int64"), numbered[1].astype("int64"), size + 2, marks)


# Dates -------------------------------------------------------------------------------------------------


def months(values: pd.Series) -> Floats:
    """Return dates as months since the year 0, the days as parts of their month; NaN where one misses.

    >>> months(pd.Series(pd.to_datetime(["2024-02-01 00:00", "2024-02-15 12:00"]))).tolist()
    [24289.0, 24289.5]
    """
    moments = values.dt
    day = moments.day - 1 + (moments.hour * 60 + moments.minute) / 1440
    found = moments.year * 12 + moments.month - 1 + day / moments.days_in_month
    return np.asarray(found.to_numpy(dtype="float64", na_value=np.nan))


def is_of_a_period(values: Floats) -> bool:
    """Return whether dates, in months, span no more than a period: those of an edition do, births do not."""
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool(np.subtract(*np.quantile(known, [1 - TAIL, TAIL])) <= _PERIOD)


def _step(was: Floats, now: Floats) -> int:
    """Return the whole months by which old dates move to lie nearest the new ones: from one period to the next."""
    was, now = np.sort(was[np.isfinite(was)]), np.sort(now[np.isfinite(now)])
    if not len(was) or not len(now):
        return 0
    middle = round(float(np.median(now) - np.median(was)))
    is_short = is_of_a_period(was) and is_of_a_period(now)
    steps = range(middle - 2, middle + 3) if is_short else range(_LONGEST_STEP + 1)
    return min(steps, key=lambda step: (_apart(was + step, now), abs(step)))


def _apart(was: Floats, now: Floats) -> float:
    """Return the Kolmogorov-Smirnov distance of two sorted samples."""
    both = np.concatenate([was, now])
    shares = (np.searchsorted(each, both, side="right") / len(each) for each in (was, now))
    return float(np.abs(np.subtract(*shares)).max())


# Statistics --------------------------------------------------------------------------------------------


def missing_change(old: Counts, new: Counts) -> Floats:
    """Return by how much the share of missing values changes."""
    shares = (each[:, -1] / np.maximum(each.sum(axis=1), 1) for each in (old, new))
    return np.asarray(np.abs(np.subtract(*shares)))


def variation(old: Counts, new: Counts) -> Floats:
    """Return the total variation distance: half the sum of the absolute differences of shares."""
    return np.asarray(np.abs(_differences(old, new)).sum(axis=1) / 2)


def kolmogorov(old: Counts, new: Counts) -> Floats:
    """Return the Kolmogorov-Smirnov distance of ordered classes: the largest difference of cumulated shares."""
    return np.asarray(np.abs(_differences(old, new).cumsum(axis=1)).max(axis=1, initial=0))


def vanished(old: Counts, new: Counts) -> Floats:
    """Return the largest old share of a category that no new row has."""
    return np.asarray(vanished_shares(old, new).max(axis=1, initial=0))


def vanished_shares(old: Counts, new: Counts) -> Floats:
    """Return the old share of each category that no new row has, 0 for the others."""
    empty = new[:, :-2].sum(axis=1, keepdims=True) == 0
    return np.where((new[:, :-2] == 0) & ~empty, _shares(old), 0.0)


def tails(marks: Floats) -> Statistic:
    """Return the statistic of the bounds between which 98 % of the numbers lie: how far they move, in old widths."""

    def moved(old: Counts, new: Counts) -> Floats:
        if not len(marks):
            return np.zeros(len(old))
        (low, high), (new_low, new_high) = (_bounds(each, marks) for each in (old, new))
        width = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
        found = np.maximum(np.abs(new_low - low), np.abs(new_high - high)) / width
        return np.where(_are_both_full(old, new)[:, 0], found, 0.0)

    return moved


def _bounds(counts: Counts, marks: Floats) -> tuple[Floats, Floats]:
    cumulated = _shares(counts).cumsum(axis=1)
    low, high = ((cumulated >= share - 1e-9).argmax(axis=1) for share in (TAIL, 1 - TAIL))
    return marks[low], marks[high]


def _differences(old: Counts, new: Counts) -> Floats:
    """Return the difference of each share; 0 where a delivery has no value to compare."""
    return np.where(_are_both_full(old, new), _shares(old) - _shares(new), 0.0)


def _are_both_full(old: Counts, new: Counts) -> npt.NDArray[np.bool_]:
    fewest = np.minimum(*(each[:, :-2].sum(axis=1, keepdims=True) for each in (old, new)))
    return np.asarray(fewest > 0)


def _shares(counts: Counts) -> Floats:
    values = counts[:, :-2]
    return cast("Floats", values / np.maximum(values.sum(axis=1, keepdims=True), 1))
