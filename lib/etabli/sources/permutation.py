"""How far two deliveries may stand apart by chance alone, the person being the unit.

Rows of one person go together, and some people are in both deliveries. When nothing drifted, whoever is in one delivery
only might as well be in the other, and the rows of whoever is in both might as well change places: a statistic is
computed again on deliveries remade so, and what exceeds nearly all of these draws is more than chance (Pitman's
permutation test, exact whatever the law of the data and however many rows a person has).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.sources.columns import Column

MOST_PEOPLE = 4_000
"""People of each delivery that draws rest on at most, taken at random: with more, chance moves less, and what exceeds
the draws of these exceeds theirs."""

_TOGETHER = 100
"""Draws made at once."""

_REACHED = 5
"""Draws that reach what was found from which it is chance: the more, the less the answer rests on the draws."""

Places = npt.NDArray[np.int64]
Counts = npt.NDArray[np.float64]

Statistic = Callable[[Counts, Counts], npt.NDArray[np.float64]]
"""From the rows of the old and of the new delivery in each category (draws × categories), one number a draw."""


@dataclass(frozen=True)
class People:
    """Whose the rows of two deliveries are: a number for each person, the same in both, of which there are `size`."""

    old: Places
    new: Places
    size: int

    @property
    def row_changes(self) -> Places:
        """Rows in the old delivery less rows in the new one, of each person."""
        old, new = (np.bincount(each, minlength=self.size) for each in (self.old, self.new))
        return np.asarray(old - new, dtype=np.int64)


def people_of(before: Column | None, after: Column | None, rows: tuple[int, int]) -> People:
    """Return whose the rows are, from the columns that name people; a row that names nobody is somebody's of its own.

    Parameters
    ----------
    before, after
        The columns of the old and of the new delivery; None where rows belong to nobody.
    rows
        Rows of each delivery.
    """
    old, new = rows
    if before is None or after is None:
        return People(np.arange(old), np.arange(old, old + new), old + new)
    numbers, known = pd.factorize(pd.concat([before.typed, after.typed], ignore_index=True))
    found = np.concatenate([numbers[: len(before.typed)][before.places], numbers[len(before.typed) :][after.places]])
    nobody = found < 0
    found[nobody] = len(known) + np.arange(int(nobody.sum()))
    return People(found[:old].astype("int64"), found[old:].astype("int64"), len(known) + int(nobody.sum()))


def bounds_of_chance(
    people: People, old: Places, new: Places, categories: int, found: list[tuple[Statistic, float]], *, level: float
) -> list[float]:
    """Return, for each statistic, what it exceeds by chance with a probability of at most `level`.

    Draws end early when each of what was found is within what chance did already: the bounds are then too low.

    Parameters
    ----------
    people
        Whose the rows are.
    old, new
        The category of each row of the two deliveries, from 0.
    categories
        How many there are.
    found
        What is computed of the rows of each category, and its value on the deliveries as they are.
    level
        Probability, above 0, that one statistic is found to exceed its bound when nothing drifted.
    """
    random = np.random.default_rng(0)  # the same deliveries have the same report
    kept = _sample(people, random)
    first, second, moves = _by_person(people, kept, old, new, categories)
    constant, total = second.sum(axis=0, dtype="float64"), (first + second).sum(axis=0, dtype="float64")
    draws = math.ceil(_REACHED / level) - 1  # what fewer than `_REACHED` draws reach has p ≤ _REACHED / (draws + 1)
    bounds = np.full((_REACHED, len(found)), -np.inf)  # the largest draws of each statistic
    for labels in _labels(moves, draws, random):
        drawn = (labels @ (first - second)).astype("float64") + constant
        values = np.stack([statistic(drawn, total - drawn) for statistic, _ in found], axis=1)
        bounds = np.sort(np.concatenate([bounds, values]), axis=0)[-_REACHED:]
        if all(value <= bound for (_, value), bound in zip(found, bounds[0], strict=True)):
            break
    return [float(bound) for bound in bounds[0]]


def _sample(people: People, random: np.random.Generator) -> Places:
    """Return some of the people of each delivery, or all when there are few."""
    chosen = [
        ids if len(ids) <= MOST_PEOPLE else random.choice(ids, MOST_PEOPLE, replace=False)
        for ids in (np.unique(people.old), np.unique(people.new))
    ]
    return np.unique(np.concatenate(chosen))


@dataclass(frozen=True)
class _Moves:
    """How many people are in the old delivery only, and which are in one delivery only."""

    old_only: int
    single: npt.NDArray[np.bool_]


def _by_person(
    people: People, kept: Places, old: Places, new: Places, categories: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], _Moves]:
    """Return the rows of each kept person by category, their own then the others of whoever is in both deliveries."""
    numbers = np.full(people.size, -1, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    was, now = (
        _counted(numbers[who], what, len(kept), categories) for who, what in ((people.old, old), (people.new, new))
    )
    in_old, in_new = np.isin(kept, people.old), np.isin(kept, people.new)
    first = np.where(in_old[:, None], was, now)
    second = np.where((in_old & in_new)[:, None], now, 0).astype("float32")
    return first, second, _Moves(int((in_old & ~in_new).sum()), in_old ^ in_new)


def _counted(who: Places, what: Places, size: int, categories: int) -> npt.NDArray[np.float32]:
    here = who >= 0
    cells = np.bincount(who[here] * categories + what[here], minlength=size * categories)
    return cells.reshape(size, categories).astype("float32")


def _labels(moves: _Moves, draws: int, random: np.random.Generator) -> Iterator[npt.NDArray[np.float32]]:
    """Yield draws of who is put in the old delivery (draws × people), as many of those in one only as there were."""
    alone = int(moves.single.sum())
    own = np.zeros(alone, dtype="float32")
    own[: moves.old_only] = 1
    for start in range(0, draws, _TOGETHER):
        count = min(_TOGETHER, draws - start)
        labels = (random.random((count, len(moves.single)), dtype="float32") < 0.5).astype("float32")
        labels[:, moves.single] = random.permuted(np.tile(own, (count, 1)), axis=1)
        yield labels
