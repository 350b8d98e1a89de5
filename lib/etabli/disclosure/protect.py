"""Masks what would tell of too few people, in all the tables of a report together.

`protect` is what a report sees: it gives the tables as they may be shown. What is masked is chosen, and
proved to be enough, by `suppress`; what each kind of value rests on stands in `rules`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etabli.disclosure.plan import NOTHING, Former, Planner, RegionMasks, plan_as, plan_for
from etabli.disclosure.policy import Policy
from etabli.disclosure.regions import Region, regions_of
from etabli.disclosure.rounding import with_rounded
from etabli.disclosure.rules import hold_kinds, hold_rules, hold_windows, kept_inside, of_model, under_floor
from etabli.disclosure.statements import State
from etabli.methods.results import IMPOSSIBLE, Condition, Table, Test, Value

Mask = NDArray[np.bool_]
"""Booleans, one a row of a table's cells: True where the row is masked."""


@dataclass(frozen=True)
class Protected:
    """A table as it may be shown.

    `table` holds no masked value any more: the columns of its measures and its counts are missing
    where `masked` is true, and nobody knows its people. `tests` are those that may be shown.
    """

    table: Table
    masked: Mask
    tests: tuple[Test, ...]
    withheld: int = 0
    """How many of its rows are masked because nothing could be proved of them."""
    refused: str | None = None
    """Why nothing of it may be shown, not even its categories; None when it may."""
    at_most: Mapping[int, int] = field(default_factory=dict)
    """Rows among the masked ones of which it is said that they hold so many people or fewer."""

    @property
    def hidden(self) -> int:
        """How many rows are masked, without those that are said to be small; none of a table that is refused whole."""
        if self.refused is not None:
            return 0
        return int(self.masked.sum()) - len(self.at_most)

    @property
    def any_masked(self) -> bool:
        return bool(self.masked.any())


@dataclass(frozen=True)
class Protection:
    """The protected tables of one report."""

    policy: Policy
    _by_identity: dict[int, Protected]
    plan: RegionMasks = field(default_factory=lambda: RegionMasks({}, {}, {}))
    """What was decided of each region."""

    def of(self, table: Table) -> Protected:
        """Return the protected form of a table that took part in the protection."""
        return self._by_identity[id(table)]

    def beside(self, refused: Mapping[int, Protected]) -> Protection:
        """Return the protection with tables that are refused whole, by identity."""
        return replace(self, _by_identity={**self._by_identity, **refused})

    def is_masked(self, value: Value) -> bool:
        """Whether a value may not be shown; an extreme may not be when one of those it is compared with may not.

        Nor where counts are rounded: which one is the largest was found before.
        """
        if value.compared and self.policy.protects and self.policy.rounding_base is not None:
            return True
        masked = self.of(value.table).masked
        return bool(masked[[value.row, *value.compared]].any())

    def tells(self, condition: Condition) -> bool:
        """Whether the outcome of a condition may be known: what it rests on is shown."""
        shown = self.of(condition.table).tests
        return all(test in shown for test in condition.tests) and not any(map(self.is_masked, condition.values))


def protect(
    tables: Sequence[Table],
    policy: Policy,
    *,
    former: Former = NOTHING,
    beside: Sequence[Sequence[Table]] = (),
    planner: Planner = plan_for,
) -> Protection:
    """Protect all tables of a report together, and with what left before.

    Parameters
    ----------
    tables
        Every table that the report shows or takes a value from; those that a model rests on count as shown.
    policy
        The rules. A minimum of 1 masks nothing.
    former
        What those who will read it hold already.
    beside
        What other reports count, of which the same plan decides.
    planner
        What chooses the masks: `plan_for`, or what finds again what that chose.

    Raises
    ------
    DisclosureError
        The people of a table are not known, two tables count other people under one name, or a measure has no rule.
    MethodError
        A table was changed since its method made it.
    """
    unique, refused = _unique(tables, policy)
    if not policy.protects:
        found = with_masks(unique, policy, [np.zeros(len(table.cells), dtype=bool) for table in unique])
    else:
        counted = [table for table in unique if table.states_people]
        together = _once_each([*counted, *(table for each in beside for table in each)]) if beside else counted
        different = {frozenset(table.content for table in each) for each in (counted, *beside)} if beside else {0}
        plan = planner(together, policy, former=former, reports=len(different))
        found = _as_planned(unique, policy, plan, former.hidden)
    return found.beside(refused)


def protect_as(tables: Sequence[Table], policy: Policy, states: Mapping[Region, State]) -> Protection | None:
    """Protect all tables of a report with the masks that it was released with; None when these no longer do.

    Parameters
    ----------
    tables, policy
        As for `protect`.
    states
        What was decided of each region when it was released.

    Raises
    ------
    DisclosureError
        As for `protect`.
    """
    unique, refused = _unique(tables, policy)
    plan = plan_as([table for table in unique if table.states_people], policy, states)
    return None if plan is None else _as_planned(unique, policy, plan).beside(refused)


def with_counts(tables: Iterable[Table]) -> list[Table]:
    """Return tables, and those of people that models among them rest on."""
    return [each for table in tables for each in (table, *table.rests_on)]


def _once_each(tables: Sequence[Table]) -> list[Table]:
    """Return tables without those that repeat another, in an order that what they count decides, and not whose."""
    different = {table.content: table for table in tables}
    return sorted(different.values(), key=lambda each: ([str(region) for region in regions_of(each)], each.content))


def _unique(tables: Sequence[Table], policy: Policy) -> tuple[list[Table], dict[int, Protected]]:
    """Return each table once, held to the rules; apart, by identity, those that are refused whole."""
    allowed: list[Table] = []
    refused: dict[int, Protected] = {}
    for table in {id(table): table for table in with_counts(tables)}.values():
        table.hold()
        hold_kinds(table, audience=policy.audience)
        reason = kept_inside(table, policy) or under_floor(table, policy)
        if reason is None:
            allowed.append(table)
        else:
            refused[id(table)] = replace(masked_by(table, np.ones(len(table.cells), dtype=bool)), refused=reason)
    if policy.protects:
        for table in allowed:
            hold_rules(table, policy)
        hold_windows(allowed)
    return allowed, refused


def _as_planned(
    tables: Sequence[Table], policy: Policy, plan: RegionMasks, before: Collection[Region] = ()
) -> Protection:
    hidden = {frozenset(region.categories): True for region in before}  # masked once, masked everywhere
    hidden |= {frozenset(region.categories): bool(mask) for region, mask in plan.masked.items()}
    found = {}
    for table in tables:
        if table.states_people:
            regions = regions_of(table)
            possible = ~table.cells.get(IMPOSSIBLE, pd.Series(False, index=table.cells.index)).to_numpy(dtype=bool)
            few = {
                row: policy.minimum_people for row, region in enumerate(regions) if plan.few[region] and possible[row]
            }
            mask = np.array([plan.masked[region] or row in few for row, region in enumerate(regions)], dtype=bool)
            withheld = sum(plan.withheld[region] for region in regions)
            shown = table if policy.rounding_base is None else _rounded(table, policy.rounding_base)
            found[id(table)] = replace(masked_by(shown, mask, withheld=withheld), at_most=few)
        elif policy.rounding_base is None:
            mask = of_model(table, hidden, policy)
            rests = {region for each in table.rests_on for region in regions_of(each)}
            unproved = any(plan.withheld.get(region, False) for region in rests)
            found[id(table)] = masked_by(table, mask, withheld=int(mask.sum()) if unproved else 0)
        else:  # nothing of a model is made of rounded counts
            found[id(table)] = masked_by(table, np.ones(len(table.cells), dtype=bool))
    return Protection(policy, found, plan)


def _rounded(table: Table, base: int) -> Table:
    """Return a table of rounded counts, without its tests: they are made of what is not rounded."""
    return replace(table, cells=with_rounded(table, base), membership=None, tests=())


def with_masks(tables: Sequence[Table], policy: Policy, masks: Sequence[Mask]) -> Protection:
    """Return the protection that hides, in each table, the rows of its mask."""
    return Protection(policy, {id(table): masked_by(table, mask) for table, mask in zip(tables, masks, strict=True)})


def masked_by(table: Table, mask: Mask, *, withheld: int = 0) -> Protected:
    """Return a table without the rows that a mask hides, and without the tests that rest on them.

    What a law expects goes with any row: it is fitted to all of them, and shows by its digits where somebody stands.
    """
    cells = table.cells.reset_index(drop=True).copy()
    if mask.any():
        # all that is not a category goes, so that a column that no measure names cannot stay behind
        for column in [column for column in cells.columns if column not in table.keys]:
            kept = cells[column].astype(object)
            kept[mask] = pd.NA
            cells[column] = kept
        for measure in table.measures:
            if measure.kind == "expected":
                cells[measure.name] = np.nan
    tests = tuple(test for test in table.tests if not mask[_rows_of(table, test)].any())
    return Protected(replace(table, cells=cells, membership=None, rests_on=()), mask, tests, withheld)


def _rows_of(table: Table, test: Test) -> Mask:
    rows = np.ones(len(table.cells), dtype=bool)
    for name, category in test.within.items():
        rows &= (table.cells[name].astype(str) == category).to_numpy()
    return rows
