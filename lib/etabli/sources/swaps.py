"""Codes that a partner put in one another's place: as many rows as before have each, but they are other people's.

Whoever is in both deliveries says so. Of those who had one of two codes and still have one of the two, at least half
keep theirs as long as the code says something lasting, or nothing at all of the person; that most went from each to the
other is the work of chance with the probability of a binomial law.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from etabli.sources.columns import Column
from etabli.sources.distances import numbered
from etabli.sources.permutation import People, Places


@dataclass(frozen=True)
class Swap:
    """Two values, how many people went from either to the other, and how many had and have one of the two."""

    pair: tuple[object, object]
    crossed: int
    people: int


def swaps(people: People, before: Column, after: Column, *, level: float) -> Iterator[Swap]:
    """Yield the pairs of values that seem to have taken each other's place.

    Parameters
    ----------
    people
        Whose the rows are.
    before, after
        The column in the old and in the new delivery.
    level
        Probability, at most, that one of its pairs is found when nothing changed: shared out among them.
    """
    first, second, known = numbered(before, after)
    was = _of_people(people.old, first[before.places], people.size)
    now = _of_people(people.new, second[after.places], people.size)
    both = (was >= 0) & (now >= 0)
    table = np.zeros((len(known), len(known)), dtype=np.int64)
    np.add.at(table, (was[both], now[both]), 1)
    pairs = list(combinations(range(len(known)), 2))
    for one, other in pairs:
        crossed = int(table[one, other] + table[other, one])
        held = int(table[one, one] + table[other, other])
        if min(table[one, other], table[other, one]) == 0 or crossed <= held:
            continue
        if stats.binom.sf(crossed - 1, crossed + held, 0.5) <= level / len(pairs):
            yield Swap((known[one], known[other]), crossed, crossed + held)


def _of_people(who: Places, numbers: Places, size: int) -> Places:
    """Return the value of each person, −1 where it misses on all of their rows, or changes from one to another."""
    known = numbers >= 0
    least, most = np.full(size, np.iinfo(np.int64).max), np.full(size, -1, dtype=np.int64)
    np.minimum.at(least, who[known], numbers[known])
    np.maximum.at(most, who[known], numbers[known])
    return np.where(least == most, most, -1)
