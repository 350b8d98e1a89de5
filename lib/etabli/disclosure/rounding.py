"""The method `round`: small counts are said to be « k or fewer », all others are rounded, once for ever by region.

Zeros are among the small ones. What is rounded depends on the region's own count alone: the same region has
the same number in every table, report and edition of the same data.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etabli.disclosure.patterns import System
from etabli.methods.results import PEOPLE, Measure, Table

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def rounded(numbers: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """Return the nearest multiples; half a base goes up.

    >>> rounded(np.array([6, 7, 8, 12, 13]), 5).tolist()
    [5, 5, 10, 10, 15]
    """
    return (2 * numbers + base) // (2 * base) * base


def leeway(system: System, minimum: int, base: int) -> tuple[Floats, Floats]:
    """Return how far each fact may be from its true value, below and above, given what is shown of it.

    A region of k people or fewer is shown as such, and its rows are not; of the others, only what rounds to the same
    number and is more than k is possible.
    """
    few = system.people <= minimum
    told = system.facts.astype(float)
    below = np.floor(base / 2)
    shown = rounded(system.facts, base)
    low, high = shown - below - told, shown + (base - 1 - below) - told
    count = len(system.people)
    low[:count] = np.maximum(low[:count], minimum + 1 - told[:count])
    low[:count][few], high[:count][few] = -told[:count][few], minimum - told[:count][few]
    hidden = few[system.region_of_fact] & (np.arange(len(told)) >= count)
    low[hidden], high[hidden] = -np.inf, np.inf
    return low, high


def with_rounded(table: Table, base: int) -> pd.DataFrame:
    """Return the cells of a table of people with counts rounded, and shares and means made of rounded ones.

    Intervals are not shown: they are made of what is not rounded.
    """
    cells = table.cells.reset_index(drop=True).copy()
    counts = {PEOPLE, *(name for measure in table.measures for name in _counts_of(measure) if name)}
    counts |= {measure.name for measure in table.measures if measure.kind == "count"}
    for name in sorted(counts):
        cells[name] = rounded(cells[name].to_numpy(dtype=np.int64), base)
    for measure in table.measures:
        for bound in (measure.low, measure.high):
            if bound:
                cells[bound] = np.nan
        if measure.kind == "share" and measure.of:
            cells[measure.name] = _ratio(cells[measure.of[0]], cells[measure.of[1]]).clip(upper=1.0)
        elif measure.kind == "mean":
            above, below = measure.of or ("rows", PEOPLE)
            cells[measure.name] = _ratio(cells[above], cells[below])
        elif measure.kind in {"expected", "test_value"}:
            cells[measure.name] = np.nan
    return cells


def _counts_of(measure: Measure) -> tuple[str | None, ...]:
    """Return the columns of people and rows that a measure is made of: the days of a mean are no such count."""
    of = measure.of or ()
    return (measure.base, *(of[:1] if measure.kind == "mean" else of))


def _ratio(above: pd.Series[int], below: pd.Series[int]) -> pd.Series[float]:
    return above / below.where(below > 0)
