"""What must not be known: every small count, of a region that a table shows or of a difference between two.

Each rule is one function; a target asks for another file in which its count is none, and one in which
it is enough. A sum of rows that few people make most of must perhaps be less, and more, by its protection level.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.dominance import protection_level
from etabli.disclosure.patterns import ONE_EACH, System
from etabli.disclosure.regions import Region, lines_of, nested
from etabli.methods.results import Table

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """Something that must not be known: a signed sum of the people of some regions, or of their rows, and its reach.

    Parameters
    ----------
    regions, signs
        Whose people, added or taken away: a region; all of one less those of a region in it.
    count
        Its true value.
    reach
        The bounds that other files must attain: 0 and k. A bound on the near side of `count` asks for nothing.
    rows
        The facts that tell the rows of each region, where those are added; where each person has one, its people.
    """

    regions: tuple[int, ...]
    signs: tuple[int, ...]
    count: int
    reach: tuple[int, int]
    rows: tuple[int, ...] = ()

    @property
    def facts(self) -> tuple[int, ...]:
        """The facts that are added: people of a region have its number."""
        return self.rows or self.regions

    def aim(self, facts: int) -> Floats:
        """Return the weight of each of so many facts in it."""
        found = np.zeros(facts)
        np.add.at(found, list(self.facts), self.signs)
        return found

    def shift(self, change: Integers) -> int:
        """Return by how much a change of all facts changes it."""
        return int(sum(sign * change[fact] for fact, sign in zip(self.facts, self.signs, strict=True)))

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
    system: System,
    tables: Sequence[Table],
    *,
    minimum: int,
    sensitive: Collection[str] = (),
    dominance: Sequence[tuple[int, float]] = (),
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
    dominance
        Pairs (n, p): sums of rows of which n people make p percent, or more, must not be known closely.
    """
    found = [*small(system, minimum), *differences(system, minimum), *several(system, tables, minimum)]
    found += [*leftovers(system, minimum), *hierarchies(system, minimum)]
    if sensitive:
        found += wholes(system, minimum, sensitive)
    if dominance:
        found += magnitudes(system, dominance)
    return sorted(set(found), key=lambda it: (bool(it.rows), len(it.regions), it.regions, it.signs, it.reach, it.rows))


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


def leftovers(system: System, minimum: int) -> Iterator[Target]:
    """Yield the people of a region who are in none of the parts of it that are counted, where they are too few.

    Those of a city less those of two of its quarters, of a quarter less two of its areas: parts by a variable of which
    each person has one value, in one table or in several, filtered on each. Of another variable (the channel), what the
    parts have more than the whole: at least so many stand in several.
    """
    single = {name for name in system.codes if all(bits & (bits - 1) == 0 for bits in system.values(name))}
    numbers = {region: number for number, region in enumerate(system.regions)}
    for name in system.codes:
        parts: dict[Region, list[int]] = {}
        for region, number in numbers.items():
            own = [item for item in region.categories if item[0] == name]
            for item in own:
                kept = tuple(each for each in region.categories if each != item)
                above = [each for each in system.implied.get(item, {}).items() if each[0] not in dict(kept)]
                for wider in [kept, *(tuple(sorted((*kept, each))) for each in above)]:
                    parts.setdefault(Region(region.source, wider), []).append(number)
        for whole, inside in parts.items():
            if len(inside) < 2 or whole not in numbers:
                continue
            rest = int(system.people[numbers[whole]] - system.people[inside].sum())
            signs = (1, *(-1 for _ in inside))
            if name in single and 0 < rest < minimum:
                yield Target((numbers[whole], *inside), signs, rest, (0, minimum))
            elif name not in single and 0 < -rest < minimum:
                yield Target((numbers[whole], *inside), tuple(-sign for sign in signs), -rest, (0, minimum))


def hierarchies(system: System, minimum: int) -> Iterator[Target]:
    """Yield what the parts of a coarse category tell of it, where no table does.

    The areas of a quarter add up to it: its people, those around it who are not in it, and those of it who are not in a
    region within it, where they are too few.
    """
    numbers = {region: number for number, region in enumerate(system.regions)}
    for rest, coarse, inside in _parts_of_coarse(system, numbers):
        own = Region(rest.source, tuple(sorted((*rest.categories, coarse))))
        if own in numbers:
            continue
        count, plus, minus = int(system.people[inside].sum()), (1,) * len(inside), (-1,) * len(inside)
        if 0 < count < minimum:
            yield Target(tuple(inside), plus, count, (0, minimum))
        for region, number in numbers.items():
            left = int(system.people[number]) - count
            if own.within(region) and 0 < left < minimum:
                yield Target((number, *inside), (1, *minus), left, (0, minimum))
            if region.within(own) and 0 < -left < minimum:
                yield Target((*inside, number), (*plus, -1), -left, (0, minimum))


def _parts_of_coarse(
    system: System, numbers: Mapping[Region, int]
) -> Iterator[tuple[Region, tuple[str, str], list[int]]]:
    """Yield a region, a coarse category that it does not name, and the fine ones that make it, if all are counted."""
    made_of: dict[tuple[str, tuple[str, str]], set[str]] = {}
    for (fine, code), above in system.implied.items():
        for coarse in above.items():
            if (coarse[0], fine) in system.derived:  # areas make a quarter; « x only » does not make x
                made_of.setdefault((fine, coarse), set()).add(code)
    rests: dict[tuple[Region, str], dict[str, int]] = {}
    for region, number in numbers.items():
        for name, code in region.categories:
            rest = Region(region.source, tuple(each for each in region.categories if each[0] != name))
            rests.setdefault((rest, name), {})[code] = number
    for (fine, coarse), codes in sorted(made_of.items()):
        for (rest, name), parts in rests.items():
            if name == fine and coarse[0] not in dict(rest.categories) and codes <= parts.keys():
                yield rest, coarse, [parts[code] for code in sorted(codes)]


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
    """Yield the groups wholly in one category of a sensitive variable, or wholly out of it: somebody must perhaps not.

    Categories in which nobody can be, by construction, tell nothing.
    """
    barred = {int(system.region_of[place]) for place in system.impossible}
    for outer, inner in _nested(system):
        more = dict(system.regions[inner].categories).keys() - dict(system.regions[outer].categories).keys()
        if len(more) != 1 or not more <= set(sensitive) or system.people[outer] < minimum or inner in barred:
            continue
        if system.people[inner] == system.people[outer]:
            yield Target((outer, inner), (1, -1), 0, (0, 1))
        elif system.people[inner] == 0:
            yield Target((inner,), (1,), 0, (0, 1))


def magnitudes(system: System, dominance: Sequence[tuple[int, float]]) -> Iterator[Target]:
    """Yield the sums of rows that few people make most of: of a region, and of a region less one within it."""
    states = sparse.csc_array(system.states)
    told = _sums_told(system)

    def target(*of: int) -> Iterator[Target]:
        signs = (1, -1)[: len(of)]
        amounts = np.asarray(states[:, list(of)] @ np.array(signs)).ravel()
        level = protection_level(amounts, system.multiplicity, dominance)
        if level:
            total = int(amounts @ system.multiplicity)
            regions = tuple(int(system.region_of[place]) for place in of)
            rows = tuple(told[place] for place in of)
            yield Target(regions, signs, total, (max(0, total - level), total + level), rows)

    here: dict[int, list[int]] = {}
    for place in told:
        here.setdefault(int(system.region_of[place]), []).append(place)
        yield from target(place)
    for outer, inner in _nested(system):
        for one, other in product(here.get(outer, ()), here.get(inner, ())):
            if system.places[one].unit == system.places[other].unit:
                yield from target(one, other)


def _sums_told(system: System) -> dict[int, int]:
    """Return, by place, the fact that tells its rows: its people, where each has one row; none where nothing does."""
    facts = np.where([place.unit == ONE_EACH for place in system.places], system.region_of, system.row_fact)
    return {place: int(fact) for place, fact in enumerate(facts) if fact >= 0}


def _nested(system: System) -> Iterator[tuple[int, int]]:
    """Yield every pair of regions of which the second lies within the first: by their names, or by what follows."""
    numbers = {name: number for number, name in enumerate(system.regions)}
    for outer, inner in nested(system.regions, system.held_at):
        yield numbers[outer], numbers[inner]
