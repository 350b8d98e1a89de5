"""The people of a report as patterns: in which regions each one stands, and which other patterns they could have.

A person's **state** says, for every region that a table shows, how many of the source's rows (visits)
are theirs there. People with the same state are one **type**. What a reader is told of a region are
its **facts**: its distinct people, and its rows where people may have several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.regions import Region, regions_of
from etabli.methods.membership import Membership
from etabli.methods.results import Table

Integers = NDArray[np.int64]

ONE_EACH = -1
"""The unit of a table that counts each person once: its rows are its people."""

FEWEST_REPEATS = 10
"""People beyond the first of their value who must agree before one variable is held to follow from another: with
fewer, it may be chance, and people would be held to move less freely than they could."""


@dataclass(frozen=True, order=True)
class Place:
    """One column of the states: a region, in one version of the population and one unit of its rows.

    Tables made of parts of a frame may hold other people under the same name: each such part is a version.
    """

    version: int
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
        The variables that follow from others, as tables declare them.
    """

    places: tuple[Place, ...]
    states: Any
    multiplicity: Integers
    rows_of: tuple[Integers, ...]
    derived: frozenset[tuple[str, str]]

    @cached_property
    def region_of(self) -> Integers:
        """The number of the region of each place."""
        numbers: dict[tuple[int, Region], int] = {}
        return np.array(
            [numbers.setdefault((each.version, each.region), len(numbers)) for each in self.places], dtype=np.int64
        )

    @cached_property
    def lead(self) -> Integers:
        """The first place of each region: it tells who stands in it."""
        return np.unique(self.region_of, return_index=True)[1].astype(np.int64)

    @cached_property
    def regions(self) -> tuple[tuple[int, Region], ...]:
        """Version and name of each region, by its number."""
        return tuple((self.places[place].version, self.places[place].region) for place in self.lead)

    @cached_property
    def row_fact(self) -> Integers:
        """The number of the fact that tells the rows of each place; −1 where rows are people."""
        counted = np.array([place.unit != ONE_EACH for place in self.places], dtype=bool)
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

    @cached_property
    def bundles(self) -> tuple[tuple[str, ...], ...]:
        """Variables that can only change together: one follows from another, by declaration or in all the data."""
        names = list(self.codes)
        linked = {name: {name} for name in names}
        for one in names:
            for other in names:
                if one != other and ((one, other) in self.derived or self._follows(one, other)):
                    joined = linked[one] | linked[other]
                    for each in joined:
                        linked[each] = joined
        return tuple(sorted({tuple(sorted(group)) for group in linked.values()}))

    def values(self, name: str) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
        """Return the categories of a variable that each type has, and whether all versions agree on them.

        The first is an array of integers whose bits stand for `codes[name]`; 0 where no region tells.
        """
        return self._values[name]

    @cached_property
    def _values(self) -> dict[str, tuple[NDArray[np.object_], NDArray[np.bool_]]]:
        versions = sorted({place.version for place in self.places})
        found = {}
        for name, codes in self.codes.items():
            whole = np.zeros(len(self.multiplicity), dtype=object)
            agreed = np.ones(len(self.multiplicity), dtype=bool)
            for version in versions:
                here = self._bits(name, codes, version)
                agreed &= (here == 0) | (whole == 0) | (here == whole)
                whole = np.where(whole == 0, here, whole)
            found[name] = (whole, agreed)
        return found

    def _bits(self, name: str, codes: tuple[str, ...], version: int) -> NDArray[np.object_]:
        bits = np.zeros(len(self.multiplicity), dtype=object)
        for number, code in enumerate(codes):
            columns = [
                i
                for i, place in enumerate(self.places)
                if place.version == version and place.categories.get(name) == code
            ]
            if columns:
                stands = np.asarray(self.states[:, columns].sum(axis=1)).ravel() > 0
                bits[stands] |= 1 << number
        return bits

    def _follows(self, one: str, other: str) -> bool:
        """Whether the second variable is a function of the first, in all the data and not by chance."""
        first, second = self.values(one)[0], self.values(other)[0]
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
    >>> [(str(region), int(n)) for (_, region), n in zip(system.regions, system.people)]
    [('ensemble', 3), ('channel = x', 3), ('channel = y', 1)]
    """
    people = _all_people(tables)
    columns: dict[Place, Any] = {}
    named = []
    for table, version, unit in zip(tables, *_versions_and_units(tables, people), strict=True):
        matrix = _aligned(table, people)
        here = [Place(version, each, unit) for each in regions_of(table)]
        named.append([(version, each.region) for each in here])
        for row, place in enumerate(here):
            columns.setdefault(place, matrix[:, [row]])
    told = {(place.version, place.region) for place in columns if place.unit != ONE_EACH}
    places = sorted(p for p in columns if p.unit != ONE_EACH or (p.version, p.region) not in told)
    states = sparse.csr_array(sparse.hstack([columns[place] for place in places])).astype(np.int64)
    types, multiplicity = _types(states)
    derived = frozenset((name, origin) for table in tables for name, origin in table.derived.items())
    system = System(tuple(places), types, multiplicity, (), derived)
    numbers = {name: number for number, name in enumerate(system.regions)}
    rows_of = tuple(np.array([numbers[name] for name in rows], dtype=np.int64) for rows in named)
    return System(system.places, types, multiplicity, rows_of, derived)


def _all_people(tables: Iterable[Table]) -> pd.Index[Any]:
    return pd.Index(pd.unique(np.concatenate([_members(table).people for table in tables])))


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


def _versions_and_units(tables: Sequence[Table], people: pd.Index[Any]) -> tuple[list[int], list[int]]:
    """Number the populations and the units of rows: two tables that tell of a region otherwise do not share them."""
    seen_people: list[dict[Region, bytes]] = []
    seen_rows: list[dict[Region, bytes]] = []
    versions, units = [], []
    for table in tables:
        matrix = _aligned(table, people)
        regions = regions_of(table)
        columns = [matrix[:, [row]].tocoo() for row in range(len(regions))]
        stand = {r: np.sort(c.coords[0]).tobytes() for r, c in zip(regions, columns, strict=True)}
        versions.append(_class_of(stand, seen_people))
        if matrix.nnz == 0 or matrix.max() <= 1:
            units.append(ONE_EACH)
            continue
        counts = {
            r: np.column_stack([c.coords[0], c.data])[np.argsort(c.coords[0])].astype(np.int64).tobytes()
            for r, c in zip(regions, columns, strict=True)
        }
        units.append(_class_of(counts, seen_rows))
    return versions, units


def _class_of(mine: dict[Region, bytes], classes: list[dict[Region, bytes]]) -> int:
    """Return the first class that says nothing else of any shared region, joined; a new one when there is none."""
    for number, known in enumerate(classes):
        if all(known[each] == told for each, told in mine.items() if each in known):
            known.update(mine)
            return number
    classes.append(dict(mine))
    return len(classes) - 1


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
