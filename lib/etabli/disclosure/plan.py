"""From tables and rules to what is masked: builds the system, says what must not be known, and lets masks be chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from etabli.disclosure.moves import all_moves
from etabli.disclosure.patterns import System, build
from etabli.disclosure.policy import Policy
from etabli.disclosure.regions import Region, regions_of
from etabli.disclosure.rounding import leeway
from etabli.disclosure.rules import bases_of
from etabli.disclosure.statements import Quantity, State
from etabli.disclosure.suppress import Start, choose
from etabli.disclosure.targets import arrivals, targets_of
from etabli.methods.results import Table

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

BUDGET = 12_000
"""Work that the masks of one report may take, in moves looked for: the same on a slow machine as on a fast one."""

PER_TARGET = 30
"""Work for each target, where there are so many that it makes more than `BUDGET`."""


@dataclass(frozen=True)
class RegionMasks:
    """What is masked, by region.

    `withheld` are those of which nothing could be proved; `few` those that are said to be of k people or fewer, under
    the method `round`: they are not masked. `asked` and `proved` count the bounds that other files must attain, and
    those that one was found for.
    """

    masked: Mapping[Region, bool]
    withheld: Mapping[Region, bool]
    few: Mapping[Region, bool]
    asked: int = 0
    proved: int = 0

    @cached_property
    def states(self) -> dict[Region, State]:
        """What was decided of each region, as the ledger keeps it."""
        return {
            region: "withheld" if self.withheld[region] else "masked" if hidden else "shown"
            for region, hidden in sorted(self.masked.items())
        }


@dataclass(frozen=True)
class Former:
    """What left the house before, as the protection of a report takes it into account.

    Parameters
    ----------
    tables
        The regions that former reports speak of, beside those of the report itself.
    told
        What can be taken back no more.
    hidden
        Regions that were masked, and stay so.
    lost
        Regions that were told of and cannot be counted again: nothing is proved of them.
    least, most
        People whom a region must at least have had, or at most, by another edition of the same people: those of a
        former one are all still there.
    """

    tables: tuple[Table, ...] = ()
    told: frozenset[Quantity] = frozenset()
    hidden: frozenset[Region] = frozenset()
    lost: frozenset[Region] = frozenset()
    least: Mapping[Region, int] = field(default_factory=dict)
    most: Mapping[Region, int] = field(default_factory=dict)


NOTHING = Former()


class Planner(Protocol):
    """Chooses what to mask, as `plan_for` does."""

    def __call__(
        self, tables: Sequence[Table], policy: Policy, *, former: Former = NOTHING, reports: int = 1
    ) -> RegionMasks: ...


def plan_for(tables: Sequence[Table], policy: Policy, *, former: Former = NOTHING, reports: int = 1) -> RegionMasks:
    """Return what to mask in tables that count people, as one system with what left before.

    Parameters
    ----------
    tables
        Tables that know their people.
    policy
        The rules.
    former
        What left before.
    reports
        How many different reports they are of: each has `BUDGET` to spend. What is not proved by then is withheld.
    """
    if not tables:
        return RegionMasks({}, {}, {})
    everything = [*tables, *former.tables]
    system = build(everything)
    targets = targets_of(
        system,
        everything,
        minimum=policy.minimum_people,
        sensitive=policy.whole_group,
        dominance=policy.dominance,
    )
    moved = list(arrivals(system, former.least, former.most, minimum=policy.minimum_people))
    targets += moved
    own = np.zeros(len(system.regions), dtype=bool)
    own[np.concatenate(system.rows_of[: len(tables)])] = True
    masked = _primary(system, tables, policy) | ~own
    masked |= np.array([region in former.hidden for region in system.regions], dtype=bool)
    withheld = np.zeros(len(masked), dtype=bool)
    asked = proved = 0
    if targets:
        low, high = _leeway(system, policy)
        start = Start(masked, _known(system, former), ~own, low, high, *_limits(system, former))
        moves = all_moves(system, targets, small=policy.minimum_people, open_number=bool(moved))
        work = max(BUDGET * reports, PER_TARGET * len(targets))
        plan = choose(system, moves, targets, start, seed=seed_of(system), budget=work)
        masked, withheld = plan.masked, plan.withheld
        asked, proved = len(plan.sides), len(plan.proofs)
    masked = _with_parts(masked, system, tables)
    few = np.zeros(len(masked), dtype=bool)
    if policy.rounding_base is not None:
        few = (system.people <= policy.minimum_people) & ~masked
    shown = [(region, number) for number, region in enumerate(system.regions) if own[number]]
    hidden, unproved, small = (
        {region: bool(each[number]) for region, number in shown} for each in (masked, withheld, few)
    )
    return RegionMasks(hidden, unproved, small, asked, proved)


def plan_as(tables: Sequence[Table], policy: Policy, states: Mapping[Region, State]) -> RegionMasks | None:
    """Return the masks that tables were released with; None when they no longer do.

    They do not when a table speaks of a region of which nothing was decided, or when the minimum has risen above a
    count that was shown.

    Parameters
    ----------
    states
        What was decided of each region when it was released.
    """
    people: dict[Region, int] = {}
    for table in tables:
        if table.membership is not None:
            people |= zip(regions_of(table), table.membership.distinct.tolist(), strict=True)
    if not states.keys() >= people.keys():
        return None
    masked = {region: states[region] != "shown" for region in people}
    if policy.rounding_base is None and any(
        0 < n < policy.minimum_people and not masked[region] for region, n in people.items()
    ):
        return None
    withheld = {region: states[region] == "withheld" for region in people}
    rounds = policy.rounding_base is not None
    few = {region: rounds and not masked[region] and n <= policy.minimum_people for region, n in people.items()}
    return RegionMasks(masked, withheld, few)


def _limits(system: System, former: Former) -> tuple[Floats, Floats]:
    """Return how far each fact may be from its true value, given what another edition of the same people allows."""
    least, most = np.full(len(system.facts), -np.inf), np.full(len(system.facts), np.inf)
    for number, region in enumerate(system.regions):
        if region in former.least:
            least[number] = former.least[region] - system.people[number]
        if region in former.most:
            most[number] = former.most[region] - system.people[number]
    return least, most


def _known(system: System, former: Former) -> Flags:
    """Return which facts were told before."""
    count = len(system.regions)
    return np.array(
        [
            Quantity(system.regions[region], "people" if fact < count else "rows") in former.told
            for fact, region in enumerate(system.region_of_fact)
        ],
        dtype=bool,
    )


def _leeway(system: System, policy: Policy) -> tuple[Floats, Floats]:
    """Return how far each fact that is shown may be from its true value: not at all, unless it is rounded."""
    if policy.rounding_base is not None:
        return leeway(system, policy.minimum_people, policy.rounding_base)
    exact = np.zeros(len(system.facts))
    return exact, exact


def seed_of(system: System) -> int:
    """Return a number that the data alone decide: the same choice each time, and none that a reader can foresee."""
    told = sha256(system.facts.astype(">i8").tobytes())
    for part in (system.states.indptr, system.states.indices, system.states.data, system.multiplicity):
        told.update(np.asarray(part).astype(">i8").tobytes())
    return int.from_bytes(told.digest()[:8], "big")


def _primary(system: System, tables: Sequence[Table], policy: Policy) -> Flags:
    """Return what no rule lets be shown by itself."""
    masked = np.asarray((system.people > 0) & (system.people < policy.minimum_people), dtype=bool)
    if policy.rounding_base is not None:
        masked[:] = False  # said to be k or fewer
    for table, numbers in zip(tables, system.rows_of, strict=False):
        if table.missing is not None and 0 < table.missing.people < policy.minimum_people:
            masked[numbers] = True  # its total, beside another table's, would give them
        for line in bases_of(table):
            if 0 < system.people[numbers[line.whole]] < policy.minimum_denominator:
                masked[numbers[list(line.parts)]] = True
    return masked


def _with_parts(masked: Flags, system: System, tables: Sequence[Table]) -> Flags:
    """Mask the parts of a masked total that are shares of it: any one would give it back."""
    found, before = masked.copy(), -1
    lines = [
        (numbers, line) for table, numbers in zip(tables, system.rows_of, strict=False) for line in bases_of(table)
    ]
    while found.sum() != before:
        before = int(found.sum())
        for numbers, line in lines:
            if found[numbers[line.whole]]:
                found[numbers[list(line.parts)]] = True
    return found
