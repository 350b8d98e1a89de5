"""Two people who exchange a category, and stand alike in all tables but one: only that one changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from etabli.disclosure.mover import Change
from etabli.disclosure.patterns import System
from etabli.disclosure.pool import LONGEST, Effect, Offer, Part

Crossing = tuple[str, ...]


def exchanges(
    system: System, singles: Sequence[tuple[Part, dict[int, int]]], *, enough: int
) -> Iterator[tuple[Offer, Effect]]:
    """Yield pairs of people who exchange a category, and stand alike in all tables but one: only that one changes.

    Each move of one person is taken apart by the variables that its facts cross; two moves that cancel in all parts
    but one make an exchange. Frequent ones come first; `enough` people for the same change are enough.
    """
    crossed = _crossed_by(system)
    by_rest: dict[tuple[Crossing, Effect], list[tuple[Effect, Part, int]]] = {}
    for part, effect in singles:
        if not part.change.values or len(effect) > LONGEST:
            continue
        people = int(system.multiplicity[part.types].sum())
        for crossing, inside, rest in _parts(effect, part.change, crossed):
            by_rest.setdefault((crossing, rest), []).append((inside, part, people))
    held: dict[Effect, int] = {}
    order = sorted(by_rest.items(), key=lambda item: (-sum(each[2] for each in item[1]), item[0]))
    for (crossing, rest), ones in order:
        if not rest or rest[0][1] < 0:  # each pair once
            continue
        others = by_rest.get((crossing, tuple((fact, -amount) for fact, amount in rest)), [])
        for (first, one, many), (second, other, more) in product(ones, others):
            key = _sum(first, second)
            if key and held.get(key, 0) < enough:
                held[key] = held.get(key, 0) + min(many, more)
                leaves = next((fact for fact, amount in key if amount < 0), -1)
                # the one who leaves it stands first, whichever category is exchanged
                yield ((one, other) if (leaves, -1) in first else (other, one)), key


def _crossed_by(system: System) -> list[frozenset[str]]:
    """Return the variables that the region of each fact names."""
    names = [frozenset(name for name, _ in region.categories) for region in system.regions]
    return [names[region] for region in system.region_of_fact]


def _parts(
    effect: dict[int, int], change: Change, crossed: list[frozenset[str]]
) -> Iterator[tuple[Crossing, Effect, Effect]]:
    """Yield, for each crossing of the variables that change, the facts inside it and all others."""
    own = {name for name, _ in change.values}
    groups: dict[Crossing, list[tuple[int, int]]] = {}
    for item in sorted(effect.items()):
        groups.setdefault(tuple(sorted(crossed[item[0]] - own)), []).append(item)
    for crossing, inside in groups.items():
        if crossing:
            rest = sorted(item for other, items in groups.items() if other != crossing for item in items)
            yield crossing, tuple(inside), tuple(rest)


def _sum(first: Effect, second: Effect) -> Effect:
    found = dict(first)
    for fact, amount in second:
        found[fact] = found.get(fact, 0) + amount
    return tuple(sorted((fact, amount) for fact, amount in found.items() if amount))
