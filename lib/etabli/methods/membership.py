"""Who stands where in a table: what disclosure control counts again, and what never leaves the kernel.

A `Membership` holds, for each person, how many rows of the source (visits, requests) each row of a
table counts of them. From it come the distinct people of a row, its rows, and its largest
contributor: who alone makes most of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from etabli.errors import MethodError

POPULATION, DERIVED = "etabli_population", "etabli_derived"
"""Keys of a frame's `attrs`: whose rows it holds (`Population`), and which variables follow from which others."""

_KEYS = ("etabli: number 1", "etabli: number 2")
"""Of the two numbers that are drawn from a name: 16 signs each."""

_AND, OF_OWN = " + ", "_of_"
"""Between the variables that one is made of, and before those who alone have it."""

NUMBER = "__number__"
"""The origin of a variable that follows from how many rows a person has."""


@dataclass(frozen=True)
class Population:
    """Whose rows a frame holds.

    Parameters
    ----------
    source
        What tells one delivery from another (its digest); two tables of one source count the same people.
    held
        The variables that a filter holds all rows at, each with its category.
    rows
        How many rows the frame had when it was marked: with fewer, nobody knows whose they are.
    optional
        The variables that may be missing: tables have a line for those of whom they are, even where it is nobody.
    one_each
        Whether each person has one row by construction: rows are people. Visits of which each person happens to have
        one are still visits.
    """

    source: str = ""
    held: tuple[tuple[str, str], ...] = ()
    rows: int | None = None
    optional: frozenset[str] = frozenset()
    one_each: bool = False

    @property
    def is_known(self) -> bool:
        """Whether it says which delivery the rows come from."""
        return bool(self.source)


def mark_population(frame: pd.DataFrame, population: Population) -> pd.DataFrame:
    """Return the frame, marked with whose rows it holds, and how many."""
    marked = frame.copy(deep=False)
    marked.attrs = {**frame.attrs, POPULATION: replace(population, rows=len(frame))}
    return marked


def population_of(frame: pd.DataFrame) -> Population:
    """Return whose rows a frame holds; the empty population where nothing says so, or where rows came or went since.

    >>> visits = mark_population(pd.DataFrame({"channel": ["x", "y"]}), Population("delivery"))
    >>> population_of(visits).is_known, population_of(visits[visits["channel"] == "x"]).is_known
    (True, False)
    """
    found = frame.attrs.get(POPULATION)
    return found if isinstance(found, Population) and found.rows in {None, len(frame)} else Population()


def may_be_missing(frame: pd.DataFrame, name: str) -> bool:
    """Whether a variable may be missing, or one that it follows from, whatever rows were chosen since."""
    found = frame.attrs.get(POPULATION)
    return isinstance(found, Population) and not {name, derived_of(frame).get(name)}.isdisjoint(found.optional)


def own_name(name: str, population: Population) -> str:
    """Return the name of a variable that is made of these people alone: class 1 of a quarter is no part of the city's.

    >>> own_name("typology", Population("delivery", (("quarter", "blosne"),))), own_name("typology", Population())
    ('typology_of_blosne', 'typology')
    """
    return OF_OWN.join([name, "_".join(code for _, code in population.held)]) if population.held else name


def mark_derived(
    frame: pd.DataFrame, origin: pd.DataFrame, derived: Mapping[str, str], *, one_each: bool | None = None
) -> pd.DataFrame:
    """Return a frame made of all rows of `origin`, marked as it is, with the variables that follow from others.

    Parameters
    ----------
    one_each
        Whether it has one row a person by construction (`Population.one_each`); None: as `origin`.
    """
    marked = frame.copy(deep=False)
    marked.attrs = {**origin.attrs, DERIVED: {**origin.attrs.get(DERIVED, {}), **derived}}
    population = population_of(origin)
    if one_each is not None:
        population = replace(population, one_each=one_each)
    return mark_population(marked, population)


def made_of(names: Sequence[str]) -> str:
    """Return the origin of a variable that is made of several, as `mark_derived` takes it.

    >>> sorted(origins(made_of(["age", "home"])))
    ['age', 'home']
    """
    return _AND.join(names)


def origins(origin: str) -> frozenset[str]:
    """Return the variables that an origin names: one, or several (`made_of`)."""
    return frozenset(origin.split(_AND))


def derived_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return the variables of a frame that follow from another, or from `NUMBER`, each with it."""
    return dict(frame.attrs.get(DERIVED, {}))


@dataclass(frozen=True, eq=False, repr=False)
class Membership:
    """The people of a table: persons × rows of the table, each entry the person's rows of the source there.

    Parameters
    ----------
    people
        The persons' pseudonyms, none twice.
    rows
        `scipy.sparse.csr_array` of whole numbers, none negative, without explicit zeros.
    """

    people: NDArray[np.object_]
    rows: Any

    def __post_init__(self) -> None:
        if self.rows.shape[0] != len(self.people):
            raise MethodError(
                "Un résultat ne sait pas quelles personnes il compte.",
                expected=f"{len(self.people)} personnes",
                got=f"{self.rows.shape[0]} lignes",
            )

    @property
    def distinct(self) -> NDArray[np.int64]:
        """Distinct people, by row of the table."""
        return np.bincount(self.rows.indices, minlength=self.rows.shape[1]).astype(np.int64)

    @property
    def totals(self) -> NDArray[np.int64]:
        """Rows of the source, by row of the table."""
        return np.asarray(self.rows.sum(axis=0)).ravel().astype(np.int64)

    @property
    def largest(self) -> NDArray[np.int64]:
        """Rows of the person who has most of them, by row of the table."""
        if self.rows.nnz == 0:
            return np.zeros(self.rows.shape[1], dtype=np.int64)
        return np.asarray(self.rows.max(axis=0).todense()).ravel().astype(np.int64)

    @cached_property
    def content(self) -> str:
        """What tells these people, where they stand and in how many rows, from any others: a digest."""
        return sha256(self._summed(self.rows).astype("<i8").tobytes()).hexdigest()

    @cached_property
    def standing(self) -> tuple[tuple[int, int], ...]:
        """What tells who stands in each row of the table from anybody else: two numbers of 64 bits."""
        return tuple((first, second) for first, second in self._summed(self.rows > 0).tolist())

    def _summed(self, rows: Any) -> NDArray[np.int64]:
        """Return two sums for each row of the table, of numbers drawn from the names of its people, times `rows`.

        Two keys: other people with both sums are as good as impossible (2⁻¹²⁸).
        """
        names = self.people.astype(str).astype(object)
        drawn = [pd.util.hash_array(names, hash_key=key, categorize=False).view("int64") for key in _KEYS]
        return np.asarray(sparse.csr_array(rows.T, dtype="int64") @ np.column_stack(drawn))  # beyond 2⁶³ it goes round

    def of_rows(self, rows: NDArray[np.int64]) -> Membership:
        """Return the membership of some rows of the table, in that order."""
        return membership_of(self.people, self.rows[:, rows])

    def __repr__(self) -> str:
        return f"<Membership: {self.rows.shape[1]} rows>"

    def kept_privately(self) -> tuple[Any, tuple[Any, ...]]:
        """Return how `memo` writes it: in the cache of its edition, which holds the frame that it was counted from."""
        return Membership, (self.people, self.rows)

    def __reduce__(self) -> NoReturn:
        """Refuse to be written: who stands in a table stays in the kernel that counted it."""
        raise MethodError(
            "Un résultat qui sait quelles personnes il compte ne s’écrit pas dans un fichier.",
            hint="écrivez les effectifs, ou le résultat protégé",
        )


def membership_of(people: NDArray[Any], rows: Any) -> Membership:
    """Return the membership of a persons × table rows matrix, its labels and its counts made plain."""
    matrix = sparse.csr_array(rows)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return Membership(np.asarray(people, dtype=object), matrix)


def beside(memberships: Sequence[Membership]) -> Membership:
    """Return the membership of tables stacked one under the other: their rows in order, the union of their people."""
    people = pd.unique(np.concatenate([each.people for each in memberships]))
    index = pd.Index(people)
    blocks = []
    for each in memberships:
        entries = each.rows.tocoo()
        person, row = entries.coords
        where = index.get_indexer(pd.Index(each.people))
        blocks.append(sparse.coo_array((entries.data, (where[person], row)), shape=(len(people), each.rows.shape[1])))
    return membership_of(people, sparse.hstack(blocks))
