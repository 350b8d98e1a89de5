"""What must not be known: every small count, of a region that a table shows or of a difference between two.

Each rule is one function; a target asks for another file in which its count is none, and one in which
it is enough.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etabli.disclosure.patterns import System
from etabli.disclosure.regions import Region, lines_of, nested
from etabli.methods.results import Table

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """Something that must not be known: a signed sum of the people of some regions, and how far it must reach.

    Parameters
    ----------
    regions, signs
        Whose people, added or taken away: a region; all of one less those of a region in it.
    count
        Its true value.
    reach
        The bounds that other files must attain: 0 and k. A bound on the near side of `count` asks for nothing.
    """

    regions: tuple[int, ...]
    signs: tuple[int, ...]
    count: int
    reach: tuple[int, int]

    def shift(self, change: Integers) -> int:
        """Return by how much a change of all facts changes it."""
        return int(sum(sign * change[region] for region, sign in zip(self.regions, self.signs, strict=True)))

    def attained(self, change: Integers, *, up: bool) -> bool:
        """Whether it reaches its bound on one side after a change of all facts."""
        value = self.count + self.shift(change)
        return value >= self.reach[1] if up else value <= self.reach[0]


@dataclass(frozen=True, eq=False)
class Open:
    """What a witness may change, and at what price.

    `low` and `high` say how far each fact may move for nothing; `price` what each unit beyond costs; infinite where it
    may not move at all.
    """

    low: Floats
    high: Floats
    price: Floats


def targets_of(
    system: System, tables: Sequence[Table], *, minimum: int, sensitive: Collection[str] = ()
) -> list[Target]:
    """Return all targets of a system, none twice, in an order that the data decide.

    Parameters
    ----------
    system, tables
        The tables and their people.
    minimum
        k: counts of 1 to k − 1 must not be known.
    sensitive
        Variables of which a whole group must not be known to have one category.
    """
    found = [*small(system, minimum), *differences(system, minimum), *several(system, tables, minimum)]
    if sensitive:
        found += wholes(system, minimum, sensitive)
    return sorted(set(found), key=lambda target: (len(target.regions), target.regions, target.signs, target.reach))


def small(system: System, minimum: int) -> Iterator[Target]:
    """Yield the regions of too few people."""
    for region in np.flatnonzero((system.people > 0) & (system.people < minimum)):
        yield Target((int(region),), (1,), int(system.people[region]), (0, minimum))


def differences(system: System, minimum: int) -> Iterator[Target]:
    """Yield the people of a region who are not in another one within it, where they are too few."""
    for outer, inner in _nested(system):
        rest = int(system.people[outer] - system.people[inner])
        if 0 < rest < minimum:
            yield Target((outer, inner), (1, -1), rest, (0, minimum))


def several(system: System, tables: Sequence[Table], minimum: int) -> Iterator[Target]:
    """Yield the people counted in several categories of a line, where they are too few.

    All categories added up, less their total: shown together they say how often people are counted twice.
    """
    for table, numbers in zip(tables, system.rows_of, strict=True):
        for line in lines_of(table):
            parts = [int(numbers[part]) for part in line.parts]
            whole = int(numbers[line.whole])
            excess = int(system.people[parts].sum() - system.people[whole])
            if 0 < excess < minimum:
                yield Target((*sorted(parts), whole), (*(1 for _ in parts), -1), excess, (0, minimum))


def arrivals(
    system: System, least: Mapping[Region, int], most: Mapping[Region, int], *, minimum: int
) -> Iterator[Target]:
    """Yield the regions that another edition of the same people has too few of, more or less: who came is the rest.

    Parameters
    ----------
    least, most
        How many there were in a former edition, all of whom stay; how many there are in a later one.
    """
    for number, region in enumerate(system.regions):
        count = int(system.people[number])
        if 0 < count - least.get(region, count) < minimum:
            yield Target((number,), (1,), count, (least[region], least[region] + minimum))
        if 0 < most.get(region, count) - count < minimum:
            yield Target((number,), (1,), count, (max(0, most[region] - minimum), most[region]))


def wholes(system: System, minimum: int, sensitive: Collection[str]) -> Iterator[Target]:
    """Yield the groups that stand wholly in one category of a sensitive variable: somebody must perhaps not."""
    for outer, inner in _nested(system):
        more = dict(system.regions[inner].categories).keys() - dict(system.regions[outer].categories).keys()
        if len(more) == 1 and more <= set(sensitive) and system.people[outer] == system.people[inner] >= minimum:
            yield Target((outer, inner), (1, -1), 0, (0, 1))


def _nested(system: System) -> Iterator[tuple[int, int]]:
    numbers = {name: number for number, name in enumerate(system.regions)}
    for outer, inner in nested(system.regions):
        yield numbers[outer], numbers[inner]
