"""The people of a report as patterns: in which regions each one stands, and which other patterns they could have.

A person's **state** says, for every region that a table shows, how many of the source's rows (visits)
are theirs there. People with the same state are one **type**. What a reader is told of a region are
its **facts**: its distinct people, and its rows where people may have several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.regions import Region, lines_of, regions_of
from etabli.errors import DisclosureError
from etabli.methods.membership import NUMBER, Membership
from etabli.methods.results import IMPOSSIBLE, PEOPLE, Table

Integers = NDArray[np.int64]

ONE_EACH = -1
"""The unit of a table that counts each person once: its rows are its people."""

FEWEST_REPEATS = 10
"""People beyond the first of their value who must agree before one variable is held to follow from another: with
fewer, it may be chance, and people would be held to move less freely than they could."""


@dataclass(frozen=True, order=True)
class Place:
    """One column of the states: a region, in one unit of its rows (visits, or the people themselves)."""

    region: Region
    unit: int

    @property
    def categories(self) -> dict[str, str]:
        return dict(self.region.categories)


@dataclass(frozen=True, eq=False)
class System:
    """All that a set of tables says of people, and the people it says it of.

    Parameters
    ----------
    places
        The columns of the states, in order.
    states
        Types × places: rows of the source of one person of the type (csr).
    multiplicity
        How many people have each type.
    rows_of
        For each table given, the number of the region of each of its rows.
    derived
        The variables that follow from others, or from the number of a person's rows, as tables declare them.
    impossible
        Places where nobody can stand, as tables declare them.
    untold
        Places of which no table tells the rows, only the people.
    lines
        The variables along which a table shows all parts of a region, each with that region.
    """

    places: tuple[Place, ...]
    states: Any
    multiplicity: Integers
    rows_of: tuple[Integers, ...]
    derived: frozenset[tuple[str, str]]
    impossible: frozenset[int] = frozenset()
    untold: frozenset[int] = frozenset()
    lines: frozenset[tuple[str, Region]] = frozenset()

    @cached_property
    def region_of(self) -> Integers:
        """The number of the region of each place."""
        numbers: dict[Region, int] = {}
        return np.array([numbers.setdefault(each.region, len(numbers)) for each in self.places], dtype=np.int64)

    @cached_property
    def lead(self) -> Integers:
        """The first place of each region: it tells who stands in it."""
        return np.unique(self.region_of, return_index=True)[1].astype(np.int64)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The name of each region, by its number."""
        return tuple(self.places[place].region for place in self.lead)

    @cached_property
    def row_fact(self) -> Integers:
        """The number of the fact that tells the rows of each place; −1 where rows are people."""
        counted = np.array(
            [place.unit != ONE_EACH and number not in self.untold for number, place in enumerate(self.places)],
            dtype=bool,
        )
        return np.where(counted, len(self.lead) + np.cumsum(counted) - 1, -1)

    @cached_property
    def region_of_fact(self) -> Integers:
        """The number of the region that each fact speaks of: people of all regions first, then rows."""
        return np.concatenate([np.arange(len(self.lead)), self.region_of[self.row_fact >= 0]])

    @cached_property
    def facts(self) -> Integers:
        """The true value of each fact."""
        return self.count(self.states, self.multiplicity)

    @property
    def people(self) -> Integers:
        """Distinct people by region."""
        return self.facts[: len(self.lead)]

    def count(self, states: Any, multiplicity: Integers) -> Integers:
        """Return the facts of a population, counted from its states."""
        present = sparse.csr_array(states[:, self.lead])
        people = np.asarray((present > 0).T @ multiplicity).ravel()
        rows = np.asarray(states[:, np.flatnonzero(self.row_fact >= 0)].T @ multiplicity).ravel()
        return np.concatenate([people, rows]).astype(np.int64)

    @cached_property
    def codes(self) -> dict[str, tuple[str, ...]]:
        """The categories of each variable that some region names."""
        found: dict[str, set[str]] = {}
        for place in self.places:
            for name, code in place.region.categories:
                found.setdefault(name, set()).add(code)
        return {name: tuple(sorted(codes)) for name, codes in sorted(found.items())}

    @property
    def by_rows(self) -> list[str]:
        """The variables that follow from how many rows a person has; any others, where no table tells of rows."""
        if all(place.unit == ONE_EACH for place in self.places):
            return []
        return sorted({name for name, origin in self.derived if origin == NUMBER} & set(self.codes))

    @cached_property
    def bundles(self) -> tuple[tuple[str, ...], ...]:
        """Variables that can only change together: one follows from another, by declaration or in all the data."""
        names = [name for name in self.codes if name not in self.by_rows]
        linked = {name: {name} for name in names}
        for one in names:
            for other in names:
                if one != other and ((one, other) in self.derived or self._follows(one, other)):
                    joined = linked[one] | linked[other]
                    for each in joined:
                        linked[each] = joined
        return tuple(sorted({tuple(sorted(group)) for group in linked.values()}))

    def values(self, name: str) -> NDArray[np.object_]:
        """Return the categories of a variable that each type has: integers whose bits stand for `codes[name]`.

        0 where no region tells.
        """
        return self._values[name]

    @cached_property
    def implied(self) -> dict[tuple[str, str], dict[str, str]]:
        """For a category of variables of which one follows from the other, as tables declare it: what else they have.

        The quarter of an area, as those who live there have it; the channel of who used one only.
        """
        found: dict[tuple[str, str], dict[str, str]] = {}
        declared = {pair for pair in self.derived if set(pair) <= self.codes.keys()}
        for pair in sorted(declared):
            for coarse, fine in (pair, pair[::-1]):
                above, here = self.values(coarse), self.values(fine)
                for bit, code in enumerate(self.codes[fine]):
                    told = set(above[(here & (1 << bit)) != 0])
                    told -= {0} if (coarse, fine) == pair else set()  # of those outside a filter, nothing is told
                    if len(told) == 1 and (only := int(told.pop())).bit_count() == 1:
                        found.setdefault((fine, code), {})[coarse] = self.codes[coarse][only.bit_length() - 1]
        return found

    def held_at(self, region: Region) -> frozenset[tuple[str, str]]:
        """Return the categories of whoever is in a region: those that it names, and those that follow from them."""
        follows = (self.implied.get(item, {}) for item in region.categories)
        return frozenset(region.categories).union(*(each.items() for each in follows))

    @cached_property
    def _values(self) -> dict[str, NDArray[np.object_]]:
        found = {}
        for name, codes in self.codes.items():
            bits = np.zeros(len(self.multiplicity), dtype=object)
            for number, code in enumerate(codes):
                columns = [i for i, place in enumerate(self.places) if place.categories.get(name) == code]
                bits[np.asarray(self.states[:, columns].sum(axis=1)).ravel() > 0] |= 1 << number
            found[name] = bits
        return found

    @cached_property
    def whole(self) -> dict[int, int]:
        """For each unit of rows, the place that holds all rows of a person; units without one are left out."""
        found = {}
        for unit in sorted({place.unit for place in self.places}):
            here = [(i, set(p.region.categories)) for i, p in enumerate(self.places) if p.unit == unit]
            first, least = min(here, key=lambda each: len(each[1]))
            if all(least <= other for _, other in here):
                found[unit] = first
        return found

    def _follows(self, one: str, other: str) -> bool:
        """Whether the second variable is a function of the first, in all the data and not by chance."""
        first, second = self.values(one), self.values(other)
        known = (first != 0) & (second != 0)
        if len(set(second[known])) < 2:
            return False
        pairs = set(zip(first[known], second[known], strict=True))
        classes = len(set(first[known]))
        return len(pairs) == classes and int(self.multiplicity[known].sum()) - classes >= FEWEST_REPEATS


def build(tables: Sequence[Table]) -> System:
    """Return the system of several tables that know their people.

    Examples
    --------
    >>> import pandas as pd
    >>> from etabli.methods import profiles
    >>> visits = pd.DataFrame({"recipient": [*"aabc"], "channel": [*"xyxx"]})
    >>> system = build([profiles.distribution(visits, "channel")])
    >>> [(str(region), int(n)) for region, n in zip(system.regions, system.people)]
    [('ensemble', 3), ('channel = x', 3), ('channel = y', 1)]
    """
    people = _all_people(tables)
    columns: dict[Place, Any] = {}
    named = []
    seen: dict[Region, bytes] = {}
    barred: set[Region] = set()
    told: set[Region] = set()
    lines: set[tuple[str, Region]] = set()
    counts_rows = any(tells_rows(table) for table in tables)
    units: list[dict[Region, bytes]] = []
    for table in tables:
        matrix, regions = _aligned(table, people), regions_of(table)
        _hold_same_people(matrix, regions, seen)
        is_of_people = table.one_each and (matrix.nnz == 0 or matrix.max() <= 1)  # never believed alone
        unit = _unit_of(matrix, regions, units) if counts_rows and not is_of_people else ONE_EACH
        told |= set(regions) if tells_rows(table) else set()
        for row, each in enumerate(regions):
            columns.setdefault(Place(each, unit), matrix[:, [row]])
        named.append(regions)
        lines |= {(line.variable, regions[line.whole]) for line in lines_of(table)}
        if IMPOSSIBLE in table.cells.columns:
            barred |= {regions[row] for row in np.flatnonzero(table.cells[IMPOSSIBLE].to_numpy(dtype=bool))}
    counted = {place.region for place in columns if place.unit != ONE_EACH}
    places = sorted(place for place in columns if place.unit != ONE_EACH or place.region not in counted)
    ones = [columns[place] > 0 if place.unit == ONE_EACH else columns[place] for place in places]
    states = sparse.csr_array(sparse.hstack(ones)).astype(np.int64)
    types, multiplicity = _types(states)
    derived = frozenset((name, origin) for table in tables for name, origin in table.derived.items())
    impossible = frozenset(number for number, place in enumerate(places) if place.region in barred)
    untold = frozenset(number for number, place in enumerate(places) if place.region not in told)
    system = System(tuple(places), types, multiplicity, (), derived, impossible, untold, frozenset(lines))
    numbers = {name: number for number, name in enumerate(system.regions)}
    return replace(system, rows_of=tuple(np.array([numbers[name] for name in rows], dtype=np.int64) for rows in named))


def _all_people(tables: Iterable[Table]) -> pd.Index[Any]:
    everyone: pd.Index[Any] = pd.Index(pd.unique(np.concatenate([_members(table).people for table in tables])))
    return everyone


def _members(table: Table) -> Membership:
    assert table.membership is not None  # `protect` refused the others
    return table.membership


def _aligned(table: Table, people: pd.Index[Any]) -> Any:
    """Return the members of a table as a persons × rows matrix over all people."""
    members = _members(table)
    entries = members.rows.tocoo()
    person, row = entries.coords
    where = people.get_indexer(pd.Index(members.people))
    shape = (len(people), members.rows.shape[1])
    return sparse.csc_array(sparse.coo_array((entries.data, (where[person], row)), shape=shape))


def _hold_same_people(matrix: Any, regions: Sequence[Region], seen: dict[Region, bytes]) -> None:
    """Refuse two tables that count other people under one name: the difference would be a third, hidden group."""
    for row, each in enumerate(regions):
        start, end = matrix.indptr[row], matrix.indptr[row + 1]
        stand = np.sort(matrix.indices[start:end]).astype(np.int64).tobytes()
        if seen.setdefault(each, stand) != stand:
            raise DisclosureError(
                "Deux résultats ne comptent pas les mêmes personnes sous le même nom : leur différence les trahirait.",
                where=str(each),
                expected="des résultats faits de toutes les lignes chargées, ou d’un filtre posé par report.load",
                hint="filtrez par report.load(…, variable=modalité) ; une variable gardée par personne ne change pas "
                "d’une de ses lignes à l’autre",
            )


def _unit_of(matrix: Any, regions: Sequence[Region], units: list[dict[Region, bytes]]) -> int:
    """Return the unit of a table's rows: the first in which the same regions have the same rows of each person."""
    mine = {}
    for row, each in enumerate(regions):
        start, end = matrix.indptr[row], matrix.indptr[row + 1]
        order = np.argsort(matrix.indices[start:end])
        told = np.column_stack([matrix.indices[start:end][order], matrix.data[start:end][order]])
        mine[each] = told.astype(np.int64).tobytes()
    for number, known in enumerate(units):
        if all(known[each] == told for each, told in mine.items() if each in known):
            known.update(mine)
            return number
    units.append(mine)
    return len(units) - 1


def tells_rows(table: Table) -> bool:
    """Whether a table says anything of rows: only a count of people does not."""
    return any(measure.kind != "count" or measure.unit != PEOPLE for measure in table.measures)


def _types(states: Any) -> tuple[Any, Integers]:
    """Return the distinct states and how many people have each, in an order that no name decides."""
    states.sort_indices()
    found: dict[bytes, list[int]] = {}
    for person in range(states.shape[0]):
        start, end = states.indptr[person], states.indptr[person + 1]
        key = states.indices[start:end].astype(">i4").tobytes() + b"|" + states.data[start:end].astype(">i8").tobytes()
        found.setdefault(key, []).append(person)
    keys = sorted(found)
    return states[[found[key][0] for key in keys]], np.array([len(found[key]) for key in keys], dtype=np.int64)
