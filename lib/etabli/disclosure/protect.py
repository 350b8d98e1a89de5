"""Masks what rests on too few people, in all the tables of a report together.

What this part of the house does:

- **primary masks**: a row of a table that rests on 1 to k − 1 distinct people, or whose number of
  people is not known; all rows of a table that leaves out 1 to k − 1 people, whom its total would give;
- **whole lines**: under a masked total, the parts are masked too, zeros included, when the total rests on
  too few people, or when each part would give it back (a share and its base give the total that it is a share of);
- **secondary masks**: along each additive dimension, the masked parts of a shown total are at least
  two and together at least k **distinct** people, so that no subtraction gives one of them back;
- **one region, one decision**: the same categories are masked in every table, or in none.

What it does not do yet, and reports say so: prove by bounds that nothing can be recomputed from
several tables, or from several reports together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etabli.disclosure.policy import Policy
from etabli.methods.results import PEOPLE, TOTAL, Table, Test, Value

Region = frozenset[tuple[str, str]]
"""Who is counted: the categories, totals apart. A stacked table's category counts under its variable."""

Mask = NDArray[np.bool_]
"""Booleans, one a row of a table's cells: True where the row is masked."""


@dataclass(frozen=True)
class Protected:
    """A table as it may be shown.

    `table` holds no masked value any more: the columns of its measures and its counts are missing
    where `masked` is true. `tests` are those that may be shown.
    """

    table: Table
    masked: Mask
    tests: tuple[Test, ...]

    @property
    def any_masked(self) -> bool:
        return bool(self.masked.any())


@dataclass(frozen=True)
class Protection:
    """The protected tables of one report."""

    policy: Policy
    _by_identity: dict[int, Protected]

    def of(self, table: Table) -> Protected:
        """Return the protected form of a table that took part in the protection."""
        return self._by_identity[id(table)]

    def is_masked(self, value: Value) -> bool:
        """Whether a value may not be shown; an extreme may not be when one of those it is compared with may not."""
        masked = self.of(value.table).masked
        return bool(masked[[value.row, *value.compared]].any())


def protect(tables: Sequence[Table], policy: Policy) -> Protection:
    """Protect all tables of a report together.

    Parameters
    ----------
    tables
        Every table that the report shows or takes a value from.
    policy
        The rules. A minimum of 1 masks nothing.
    """
    unique = list({id(table): table for table in tables}.values())
    masks = [_primary(table, policy.minimum_people) for table in unique]
    regions = [_regions(table) for table in unique]
    lines = [list(_lines(table)) for table in unique]
    changed = policy.protects
    while changed:
        changed = _spread(masks, regions)
        for table, mask, its_lines in zip(unique, masks, lines, strict=True):
            people = table.cells[PEOPLE].to_numpy(dtype=float, na_value=np.nan)
            for line in its_lines:
                changed |= _close(mask, people, line, policy.minimum_people)
    return Protection(policy, {id(table): _apply(table, mask) for table, mask in zip(unique, masks, strict=True)})


def _primary(table: Table, minimum: int) -> Mask:
    people = table.cells[PEOPLE].to_numpy(dtype=float, na_value=np.nan)
    if minimum <= 1:
        return np.zeros(len(people), dtype=bool)
    if table.missing is not None and 0 < table.missing.people < minimum:
        return np.ones(len(people), dtype=bool)
    return np.asarray(np.isnan(people) | ((people > 0) & (people < minimum)), dtype=bool)


def _regions(table: Table) -> list[Region]:
    keys = [table.cells[name].astype(str).to_numpy() for name in table.keys]
    found = []
    for row in range(len(table.cells)):
        here = {name: str(values[row]) for name, values in zip(table.keys, keys, strict=True)}
        if "variable" in here and "category" in here:
            here[here.pop("variable")] = here.pop("category")
        here.update(table.held)
        found.append(frozenset((name, code) for name, code in here.items() if code != TOTAL))
    return found


@dataclass(frozen=True)
class _Line:
    """The rows that add up to a total along one dimension."""

    total: int
    parts: tuple[int, ...]
    gives_total: bool
    """Whether its parts are shares of its total: any one that is shown gives the total back."""


def _lines(table: Table) -> Iterator[_Line]:
    cells = table.cells.reset_index(drop=True)
    for dimension in table.dimensions:
        if not dimension.additive:
            continue
        others = [name for name in table.keys if name != dimension.name]
        groups = cells.groupby(others, observed=True, sort=False, dropna=False) if others else [((), cells)]
        for _, rows in groups:
            is_total = rows[dimension.name].astype(str) == TOTAL
            if is_total.sum() == 1 and len(rows) > 1:
                total, parts = int(rows.index[is_total][0]), tuple(int(i) for i in rows.index[~is_total])
                yield _Line(total, parts, _are_shares(table, cells, total, parts))


def _are_shares(table: Table, cells: pd.DataFrame, total: int, parts: tuple[int, ...]) -> bool:
    """Whether a measure of the parts carries, as its base or denominator, what their total counts."""
    carried = [(measure.base, PEOPLE) for measure in table.measures if measure.base]
    carried += [(measure.of[1], measure.of[0]) for measure in table.measures if measure.of]
    return any((cells[base].iloc[list(parts)].dropna() == cells[whole].iloc[total]).all() for base, whole in carried)


def _close(mask: Mask, people: NDArray[np.float64], line: _Line, minimum: int) -> bool:
    """Mask more of a line until no subtraction gives a masked part back. Return whether anything changed."""
    parts = list(line.parts)
    before = mask[parts].sum() + mask[line.total]
    if _hides_its_parts(mask, people, line, minimum):
        mask[parts] = True
    while not _is_closed(mask, people, line, minimum):
        shown = [part for part in parts if not mask[part] and people[part] > 0]
        mask[min(shown, key=lambda part: people[part]) if shown else line.total] = True
    return bool(mask[parts].sum() + mask[line.total] > before)


def _hides_its_parts(mask: Mask, people: NDArray[np.float64], line: _Line, minimum: int) -> bool:
    return bool(mask[line.total]) and (line.gives_total or not people[line.total] >= minimum)


def _is_closed(mask: Mask, people: NDArray[np.float64], line: _Line, minimum: int) -> bool:
    """Whether what is masked in a line cannot be had from what is shown in it."""
    hidden = [part for part in line.parts if mask[part]]
    if mask[line.total]:
        return bool(hidden) or not any(people[part] > 0 for part in line.parts)
    return not hidden or (len(hidden) >= 2 and _at_least(mask, people, line) >= minimum)


def _at_least(mask: Mask, people: NDArray[np.float64], line: _Line) -> float:
    """Return how many distinct people the masked parts of a shown total surely hold together.

    People do not add up: one person may stand in several parts. What is sure is the largest masked part, and
    the total less all that is shown.
    """
    hidden = [people[part] for part in line.parts if mask[part]]
    shown = sum(people[part] for part in line.parts if not mask[part])
    return float(max(*np.nan_to_num(hidden), people[line.total] - shown))


def _spread(masks: list[Mask], regions: list[list[Region]]) -> bool:
    """Mask in every table what is masked in one. Return whether anything changed."""
    hidden = {
        region
        for mask, its_regions in zip(masks, regions, strict=True)
        for masked, region in zip(mask, its_regions, strict=True)
        if masked
    }
    changed = False
    for mask, its_regions in zip(masks, regions, strict=True):
        for row, region in enumerate(its_regions):
            if region in hidden and not mask[row]:
                mask[row] = changed = True
    return bool(changed)


def _apply(table: Table, mask: Mask) -> Protected:
    cells = table.cells.reset_index(drop=True).copy()
    if mask.any():
        # all that is not a category goes, so that a column that no measure names cannot stay behind
        for column in [column for column in cells.columns if column not in table.keys]:
            kept = cells[column].astype(object)
            kept[mask] = pd.NA
            cells[column] = kept
    tests = tuple(test for test in table.tests if not mask[_rows_of(table, test)].any())
    return Protected(replace(table, cells=cells, membership=None), mask, tests)


def _rows_of(table: Table, test: Test) -> Mask:
    rows = np.ones(len(table.cells), dtype=bool)
    for name, category in test.within.items():
        rows &= (table.cells[name].astype(str) == category).to_numpy()
    return rows
