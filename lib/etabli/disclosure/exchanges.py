"""People who exchange a category, and stand alike in all tables but those of one other variable: only these change.

Two people are enough where tables cross two variables. Where some cross three, two exchanges that cancel in the
margins make one of four people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from etabli.disclosure.patterns import System
from etabli.disclosure.pool import LONGEST, Effect, Offer, Part

MOST_PAIRS = 20_000
"""Exchanges of two people from which those of four are made: the most frequent ones."""


@dataclass(frozen=True)
class _Made:
    """A way to change facts: by whom, how many could, and the variables that it has taken care of."""

    offer: Offer
    effect: Effect
    own: frozenset[str]
    people: int


def exchanges(
    system: System, singles: Sequence[tuple[Part, dict[int, int]]], *, enough: int
) -> Iterator[tuple[Offer, Effect]]:
    """Yield exchanges of two people; of four as well, where a table crosses three variables or more.

    Parameters
    ----------
    singles
        The moves of one person, and what each changes.
    enough
        People for the same change that are enough.
    """
    crossed = _crossed_by(system)
    ones = [
        _Made(
            (part,),
            tuple(sorted(effect.items())),
            frozenset(name for name, _ in part.change.values),
            int(system.multiplicity[part.types].sum()),
        )
        for part, effect in singles
        if part.change.values and len(effect) <= LONGEST
    ]
    pairs = list(_joined(ones, crossed, enough=enough))
    yield from ((each.offer, each.effect) for each in pairs)
    if any(len(names) > 2 for names in crossed):
        fours = _joined(list(islice(pairs, MOST_PAIRS)), crossed, enough=enough)
        yield from ((each.offer, each.effect) for each in fours)


def _joined(made: Iterable[_Made], crossed: list[frozenset[str]], *, enough: int) -> Iterator[_Made]:
    """Yield two ways at once that cancel in all facts but those of one variable; frequent ones first.

    Each is taken apart by the variables that its facts cross beside its own.
    """
    by_rest: dict[tuple[str, Effect], list[tuple[Effect, _Made]]] = {}
    for each in made:
        for name, inside, rest in _parts(each, crossed):
            by_rest.setdefault((name, rest), []).append((inside, each))
    held: dict[Effect, int] = {}
    order = sorted(by_rest.items(), key=lambda item: (-sum(each.people for _, each in item[1]), item[0]))
    for (name, rest), ones in order:
        if not rest or rest[0][1] < 0:  # each pair once
            continue
        others = by_rest.get((name, tuple((fact, -amount) for fact, amount in rest)), [])
        for (first, one), (second, other) in product(ones, others):
            key = _sum(first, second)
            if key and held.get(key, 0) < enough:
                people = min(one.people, other.people)
                held[key] = held.get(key, 0) + people
                leaves = next((fact for fact, amount in key if amount < 0), -1)
                # the one who leaves it stands first, whichever category is exchanged
                offer = one.offer + other.offer if (leaves, -1) in first else other.offer + one.offer
                yield _Made(offer, key, one.own | {name}, people)


def _crossed_by(system: System) -> list[frozenset[str]]:
    """Return the variables that the region of each fact names."""
    names = [frozenset(name for name, _ in region.categories) for region in system.regions]
    return [names[region] for region in system.region_of_fact]


def _parts(made: _Made, crossed: list[frozenset[str]]) -> Iterator[tuple[str, Effect, Effect]]:
    """Yield, for each variable that is crossed beside its own, the facts that name it and all others."""
    beside = [(item, crossed[item[0]] - made.own) for item in made.effect]
    for name in sorted({name for _, names in beside for name in names}):
        inside = tuple(item for item, names in beside if name in names)
        yield name, inside, tuple(item for item, names in beside if name not in names)


def _sum(first: Effect, second: Effect) -> Effect:
    found = dict(first)
    for fact, amount in second:
        found[fact] = found.get(fact, 0) + amount
    return tuple(sorted((fact, amount) for fact, amount in found.items() if amount))
