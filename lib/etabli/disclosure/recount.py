"""What was released before, counted again: who stands in each region that a former report spoke of.

The ledger holds no true count and nobody; protection needs both, to prove that what leaves now and what left before
fit other people than the true ones. They are counted from the delivery itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.held import Held
from etabli.disclosure.plan import Former
from etabli.disclosure.regions import Region, lines_of
from etabli.methods.arrivals import CLOCK, by_clock
from etabli.methods.everyone import STANDING, with_standing
from etabli.methods.membership import derived_of, membership_of, population_of
from etabli.methods.results import MISSING, PEOPLE, TOTAL, Dimension, Measure, Table
from etabli.methods.routes import MADE, people_by_route

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of a delivery, and the variable that says who is behind each."""

    frame: pd.DataFrame
    person: str


def former_of(held: Held, deliveries: Mapping[str, Rows], own: Collection[Region]) -> Former:
    """Count again what a coalition holds, as the protection of a report takes it into account.

    Parameters
    ----------
    held
        What it holds.
    deliveries
        The rows of each delivery that the report reads, by digest.
    own
        Regions that the report counts itself.

    Returns
    -------
    Former
        `tables`: for each delivery, its regions of which rows were told, the others, those of people by their route;
        `lost`: what was told and cannot be counted again, for want of a variable, or because another number was told.
    """
    told = {quantity.region for quantity in held.told}
    with_rows = {quantity.region for quantity in held.told if quantity.unit == "rows"}
    tables: list[Table] = []
    lost: set[Region] = set()
    for source, rows in deliveries.items():
        left = {each for each in held.regions.difference(own) if each.source == source}
        for view in _views(rows, left, [each for each in deliveries.values() if each is not rows]):
            having = _Having(view.frame)
            counted = {each: flags for each in sorted(left) if (flags := having.rows_of(each)) is not None}
            found = {each: flags for each, flags in counted.items() if _fits(each, flags, view, held)}
            tables += _tables(found, view, with_rows)
            left -= found.keys()
        lost |= left & told
    return Former(tuple(tables), frozenset(held.told), held.hidden, frozenset(lost))


def _views(rows: Rows, regions: Iterable[Region], others: Iterable[Rows]) -> Iterator[Rows]:
    """Yield the delivery; where a region asks for it, with the clock of its rows, then its people by their routes.

    Or with their standing in another delivery of the same people.
    """
    yield rows
    asked = {item for region in regions for item in region.categories}
    names = {name for name, _ in asked}
    if STANDING in names:
        for other in (each for each in others if rows.person in each.frame and each.person == rows.person):
            yield Rows(with_standing(rows.frame, other.frame, person=rows.person), rows.person)
    if not names.isdisjoint(CLOCK):
        for at in (str(name) for name in rows.frame.select_dtypes("datetime").columns):
            if rows.frame[at].notna().any():
                yield Rows(by_clock(rows.frame, at=at), rows.person)
    if names.isdisjoint(MADE):
        return
    used = {code.removesuffix("_only") for name, code in asked if name == "route" and code.endswith("_only")}
    each = rows.frame.groupby(rows.person, observed=True)
    keep = [name for name in rows.frame if name in names and each[name].nunique().le(1).all()]
    for by in (str(name) for name in rows.frame if name != rows.person and name not in keep):
        if used <= set(rows.frame[by].astype(str)):
            yield Rows(people_by_route(rows.frame, by=by, person=rows.person, keep=keep), rows.person)
            return


@dataclass(frozen=True, eq=False)
class _Having:
    """Which rows of a frame have each category: looked for once, however many regions name it."""

    frame: pd.DataFrame
    _known: dict[tuple[str, str], Flags] = field(default_factory=dict)

    def rows_of(self, region: Region) -> Flags | None:
        """Return the rows that stand in a region; None when the frame does not hold its variables."""
        if any(name not in self.frame.columns for name, _ in region.categories):
            return None
        kept = np.ones(len(self.frame), dtype=bool)
        for name, code in region.categories:
            kept &= self._rows(name, code)
        return kept

    def _rows(self, name: str, code: str) -> Flags:
        if (name, code) not in self._known:
            column = self.frame[name]
            found = column.isna() if code == MISSING else column.astype(str) == code
            self._known[name, code] = found.to_numpy(dtype=bool, na_value=False)
        return self._known[name, code]


def _fits(region: Region, flags: Flags, rows: Rows, held: Held) -> bool:
    """Whether a region has as many people and rows as was told of it."""
    people = rows.frame.loc[flags, rows.person]
    counts = {"people": people.nunique(), "rows": people.notna().sum()}
    told = held.bounds.get(region, {})
    return all(low <= counts[unit] <= high for unit, (low, high) in told.items())


def _tables(found: Mapping[Region, Flags], rows: Rows, with_rows: Collection[Region]) -> Iterator[Table]:
    for tells_rows in (True, False):
        group = {each: flags for each, flags in found.items() if (each in with_rows) is tells_rows}
        if group:
            yield _table(group, rows, tells_rows=tells_rows)


def _table(regions: Mapping[Region, Flags], rows: Rows, *, tells_rows: bool) -> Table:
    """Return the table of some regions: one column a variable that any of them names, at its total in the others."""
    known = rows.frame[rows.person].notna().to_numpy(dtype=bool)
    codes, people = pd.factorize(rows.frame.loc[known, rows.person])
    row, column = np.nonzero(np.column_stack([flags[known] for flags in regions.values()]))
    counts = sparse.coo_array((np.ones(len(row)), (codes[row], column)), shape=(len(people), len(regions)))
    members = membership_of(np.asarray(people), counts)
    here = [dict(region.categories) for region in regions]
    names = sorted({name for each in here for name in each})
    cells = pd.DataFrame({name: [each.get(name, TOTAL) for each in here] for name in names}, index=range(len(here)))
    cells = cells.assign(rows=members.totals, **{PEOPLE: members.distinct})
    measures = [
        Measure(PEOPLE, "count", unit="people"),
        *([Measure("rows", "count", unit="rows")] if tells_rows else []),
    ]
    (source,) = {region.source for region in regions}
    derived = {name: origin for name, origin in derived_of(rows.frame).items() if name in names}

    every = Table(
        cells,
        tuple(Dimension(name) for name in names),
        tuple(measures),
        source=source,
        derived=derived,
        membership=members,
        one_each=population_of(rows.frame).one_each,
    )
    return replace(every, dimensions=tuple(Dimension(name, additive=_adds_up(every, name)) for name in names))


def _adds_up(table: Table, name: str) -> bool:
    """Whether all categories of a variable are there wherever its total is."""
    rows = table.cells["rows"]
    lines = [line for line in lines_of(table) if line.variable == name]
    return all(rows.iloc[list(line.parts)].sum() == rows.iloc[line.whole] for line in lines)
