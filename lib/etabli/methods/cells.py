"""The cells of one table: rows, people and shares by two variables, with their totals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from etabli.methods.clusters import Counts, Floats
from etabli.methods.intervals import row_shares
from etabli.methods.membership import Membership, derived_of, population_of
from etabli.methods.results import TOTAL, Measure, Table

ROWS = Measure("rows", "count", unit="rows")
PEOPLE_COUNT = Measure("people", "count", unit="people")
SHARE = Measure("share", "share", low="share_low", high="share_high", base="base_people", of=("rows", "base_rows"))
MEASURES = (ROWS, PEOPLE_COUNT, SHARE)

MADE = ("rows", "people", "share", "share_low", "share_high", "base_people", "base_rows")
"""Columns that `cells_of` makes: no variable can have these names."""


Levels = tuple[str, tuple[str, ...]]
"""A dimension's name and its categories."""


def cells_of(counts: Counts, *, down: Levels | None, across: Levels) -> pd.DataFrame:
    """Return the cells of one table, in display order, with its totals.

    Parameters
    ----------
    counts
        Rows by person and cell.
    down, across
        What the rows and the columns of the table are. Without `down` only the line of totals is returned.
    """
    number, people = counts.with_margins()
    share, low, high = _shares(counts)
    share[number[:, -1] > 0, -1] = 1.0
    name, levels = across[0], np.array([*across[1], TOTAL], dtype=object)
    labels = {} if down is None else {down[0]: np.repeat(np.array([*down[1], TOTAL], dtype=object), len(levels))}
    cells = pd.DataFrame(
        {
            **labels,
            name: np.tile(levels, len(number)),
            "rows": number.ravel(),
            "people": people.ravel(),
            "share": share.ravel(),
            "share_low": low.ravel(),
            "share_high": high.ravel(),
            "base_people": np.repeat(people[:, -1], len(levels)),
            "base_rows": np.repeat(number[:, -1], len(levels)),
        }
    )
    return cells if down else cells.tail(len(levels)).reset_index(drop=True)


def _shares(counts: Counts) -> tuple[Floats, Floats, Floats]:
    """Return share, low and high, with a last row for the total and a last column of NaN, for the totals across."""
    inner, total = row_shares(counts), row_shares(counts.over_rows())
    return (
        _with_margins(inner.share, total.share),
        _with_margins(inner.low, total.low),
        _with_margins(inner.high, total.high),
    )


def _with_margins(inner: Floats, total: Floats) -> Floats:
    stacked = np.vstack([inner, total])
    return np.column_stack([stacked, np.full(len(stacked), np.nan)])


def with_people(table: Table, frame: pd.DataFrame, members: Membership) -> Table:
    """Return a table that knows its people: which they are, of which delivery, filtered how."""
    population, derived = population_of(frame), derived_of(frame)
    held = {**dict(population.held), **table.held}
    variables = {*table.keys, *held, *(table.cells["variable"].astype(str) if "variable" in table.keys else ())}
    return replace(
        table,
        held=held,
        source=population.source,
        derived={name: origin for name, origin in derived.items() if not variables.isdisjoint((name, origin))},
        membership=members,
        one_each=population.one_each,
    )
