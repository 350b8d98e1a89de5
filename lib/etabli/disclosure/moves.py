"""What one person could have been instead: the moves from which every other possible file is made.

A move takes one person from their state to another one that someone could have: another age, another
channel, one more or one fewer. Whatever follows from it in other tables follows here too. Moves that
change the same facts by the same amounts are one column, with all the people who could make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.patterns import ONE_EACH, System
from etabli.disclosure.targets import Target

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
State = dict[int, int]
"""Rows of the source by place; places where the person does not stand are left out."""

Effect = tuple[tuple[int, int], ...]
"""Facts that change, each with how much, in order."""

Crossing = tuple[str, ...]

Values = dict[str, frozenset[str]]
"""The categories that a person has, by variable."""

MOST_ALTERNATIVES = 40
"""Other values of one bundle that are tried for one state: the nearest first."""

MOST_STATES = 400
"""Distinct states from which moves are made, for one bundle, beside those of people in small regions: a poorer pool of
moves stays sound, and masks more."""

PER_TARGET = 4
"""Types in each region of a target from which moves are made in any case, as a multiple of k."""

LONGEST = 40
"""Facts that a useful move changes at most: what changes more is hard to balance."""


@dataclass(frozen=True)
class Change:
    """One way to change: new values of some variables, rows gained, or the whole person in or out."""

    values: tuple[tuple[str, frozenset[str]], ...] = ()
    gained: tuple[int, int] | None = None
    """Unit, and rows gained in it (−1: one row lost)."""
    present: bool | None = None
    """True: one more person of that type; False: one fewer."""


@dataclass(frozen=True)
class Part:
    """One person's part in a move: who could take it, and what becomes of them."""

    types: Integers
    change: Change


Offer = tuple[Part, ...]
"""One way to make a move: by one person, or by two who exchange a category."""


@dataclass(frozen=True)
class Moves:
    """All moves of a system, merged by what they change.

    `effect` is facts × moves (csc); `limit` how often each could be made; `offers` by whom.
    """

    effect: Any
    limit: Integers
    offers: tuple[tuple[Offer, ...], ...]

    @cached_property
    def transposed(self) -> Any:
        return sparse.csr_array(self.effect.T)


@dataclass
class Impossible:
    """Pairs of categories that nobody can have together, by nature."""

    pairs: frozenset[frozenset[tuple[str, str]]] = frozenset()

    def __contains__(self, values: Mapping[str, frozenset[str]]) -> bool:
        held = {(name, code) for name, codes in values.items() for code in codes}
        return any(pair <= held for pair in self.pairs)


@dataclass
class Mover:
    """Applies changes to states: what a person's places become when a variable of theirs takes another value."""

    system: System
    _families: dict[str, tuple[dict[int, int], list[dict[str, int]]]] = field(default_factory=dict)

    def values_of(self, kind: int) -> Values:
        """Return the categories of one type, by variable."""
        return {
            name: frozenset(code for bit, code in enumerate(codes) if self.system.values(name)[kind] >> bit & 1)
            for name, codes in self.system.codes.items()
        }

    def families(self, name: str) -> tuple[dict[int, int], list[dict[str, int]]]:
        """Return the places that differ in one variable only: the family of each place, and its places by category."""
        if name not in self._families:
            numbers: dict[object, int] = {}
            members: list[dict[str, int]] = []
            family_of = {}
            for number, place in enumerate(self.system.places):
                here = place.categories
                if name not in here:
                    continue
                code = here.pop(name)
                key = (tuple(sorted(here.items())), place.unit != ONE_EACH and place.unit)
                if key not in numbers:
                    numbers[key] = len(members)
                    members.append({})
                family_of[number] = numbers[key]
                members[numbers[key]][code] = number
            self._families[name] = family_of, members
        return self._families[name]

    def changed(self, state: State, name: str, old: frozenset[str], new: frozenset[str]) -> State | None:
        """Return the state after one variable takes other values; None when what follows cannot be known."""
        lost, won = sorted(old - new), sorted(new - old)
        kept = sorted(old & new)
        for gone, come in zip(lost, won, strict=False):
            found = self._replaced(state, name, gone, come)
            if found is None:
                return None
            state = found
        target = (kept or won)[:1]
        for gone in lost[len(won) :]:
            found = self._replaced(state, name, gone, target[0])
            if found is None:
                return None
            state = found
        for come in won[len(lost) :]:
            found = self._split(state, name, target[0] if kept else won[0], come)
            if found is None:
                return None
            state = found
        return state

    def _replaced(self, state: State, name: str, gone: str, come: str) -> State | None:
        """All rows at one category go to another one; where they stand otherwise stays."""
        family_of, members = self.families(name)
        if self._orphans(name, gone, come):
            return None
        found = dict(state)
        for place, rows in state.items():
            family = family_of.get(place)
            if family is None or members[family].get(gone) != place:
                continue
            del found[place]
            there = members[family].get(come)
            if there is not None:
                found[there] = self._added(there, state.get(there, 0), rows)
        return found

    def _split(self, state: State, name: str, stays: str, come: str) -> State | None:
        """One row at a category goes to another one: only for who has several, all standing alike otherwise."""
        family_of, members = self.families(name)
        if self._orphans(name, stays, come):
            return None
        found = dict(state)
        rows_of: dict[int, set[int]] = {}
        for place, rows in state.items():
            family = family_of.get(place)
            if family is None or members[family].get(stays) != place:
                continue
            unit = self.system.places[place].unit
            rows_of.setdefault(unit, set()).add(rows)
            if unit != ONE_EACH:
                found[place] = rows - 1
            there = members[family].get(come)
            if there is not None:
                found[there] = self._added(there, state.get(there, 0), 1)
        counted = [rows for unit, rows in rows_of.items() if unit != ONE_EACH]
        if any(len(rows) != 1 or min(rows) < 2 for rows in counted):
            return None
        return found

    def _added(self, place: int, before: int, rows: int) -> int:
        return 1 if self.system.places[place].unit == ONE_EACH else before + rows

    def _orphans(self, name: str, gone: str, come: str) -> bool:
        """Whether some table counts people at the new category in a way that it does not at the old one."""
        return any(come in family and gone not in family for family in self.families(name)[1])

    def effect(self, before: State, after: State) -> dict[int, int]:
        """Return by how much each fact changes."""
        found = {}
        for place in before.keys() | after.keys():
            old, new = before.get(place, 0), after.get(place, 0)
            region = int(self.system.region_of[place])
            if self.system.lead[region] == place and (new > 0) != (old > 0):
                found[region] = 1 if new else -1
            fact = int(self.system.row_fact[place])
            if fact >= 0 and new != old:
                found[fact] = new - old
        return found

    def apply(self, state: State, values: Values, change: Change) -> State | None:
        """Return a person's whole state after a change."""
        if change.present is not None:
            return {} if change.present is False else state
        if change.gained is not None:
            unit, rows = change.gained
            return {p: x + rows if self.system.places[p].unit == unit else x for p, x in state.items()}
        found: State | None = state
        for name, new in change.values:
            if found is None:
                return None
            found = self.changed(found, name, values[name], new)
        return found


def all_moves(
    system: System, targets: Sequence[Target], *, small: int, impossible: Impossible | None = None
) -> Moves:
    """Return the moves of a system.

    Parameters
    ----------
    system
        The tables and their people.
    targets
        What must not be known: everyone whom they count can move, and some of those who could come to be counted.
    small
        k: how many people must be able to come.
    impossible
        What nobody can be; no move leads there.
    """
    mover = Mover(system)
    merged: dict[Effect, list[Offer]] = {}
    barred = impossible or Impossible()
    singles = list(_every_move(mover, targets, small, barred))
    for part, effect in singles:
        if 0 < len(effect) <= LONGEST or (effect and part.change.present is not None):
            merged.setdefault(tuple(sorted(effect.items())), []).append((part,))
    for offer, key in exchanges(system, singles, enough=2 * small):
        merged.setdefault(key, []).append(offer)
    keys = sorted(merged)
    limit = np.array(
        [_capacity(system, merged[key]) for key in keys], dtype=np.int64
    )
    entries = [(fact, column, amount) for column, key in enumerate(keys) for fact, amount in key]
    fact, column, amount = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    shape = (len(system.region_of_fact), len(keys))
    effect = sparse.csc_array(sparse.coo_array((amount, (fact, column)), shape=shape))
    return Moves(effect, limit, tuple(tuple(merged[key]) for key in keys))


def _capacity(system: System, offers: Sequence[Offer]) -> int:
    """Return how often a move can be made at most: by all its offers, and by the people of each part together."""
    each = sum(min(int(system.multiplicity[part.types].sum()) for part in offer) for offer in offers)
    if len(offers) == 1:
        return each
    together = [
        int(system.multiplicity[np.unique(np.concatenate([offer[i].types for offer in offers]))].sum())
        for i in range(len(offers[0]))
    ]
    return min(each, *together)


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
                leaves = next(fact for fact, amount in key if amount < 0)
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


def _concerned(system: System, targets: Sequence[Target], enough: int) -> Flags:
    """Return the types whom targets count, and, for each, those who are counted on one side: up to `enough` types."""
    stands = sparse.csc_array(system.states[:, system.lead] > 0)
    flags = np.zeros(len(system.multiplicity), dtype=bool)
    for target in targets:
        columns = stands[:, list(target.regions)].astype(np.int64)
        flags |= np.asarray(columns @ np.array(target.signs)).ravel() != 0
        for region in target.regions:
            kinds = np.flatnonzero(stands[:, [region]].toarray().ravel())
            flags[kinds[np.argsort(-system.multiplicity[kinds], kind="stable")][:enough]] = True
    return flags


def _every_move(
    mover: Mover, targets: Sequence[Target], small: int, barred: Impossible
) -> Iterator[tuple[Part, dict[int, int]]]:
    system = mover.system
    few = _concerned(system, targets, PER_TARGET * small)
    for bundle in system.bundles:
        yield from _changes_of(mover, bundle, few, barred)
    yield from _gains(mover, few)
    if not (system.people >= max(small, system.multiplicity.sum())).any():  # else their number is told, and holds
        yield from _comings_and_goings(mover)


def _changes_of(
    mover: Mover, bundle: tuple[str, ...], few: Flags, barred: Impossible
) -> Iterator[tuple[Part, dict[int, int]]]:
    """Yield the moves that change the variables of one bundle, for each distinct state of their places."""
    system = mover.system
    held = [_decoded(system, name) for name in bundle]
    columns = np.array([i for i, p in enumerate(system.places) if set(bundle) & set(p.categories)], dtype=np.int64)
    known = sorted({tuple(each) for each in zip(*held, strict=True)}, key=lambda each: [sorted(s) for s in each])
    varies = [any(len(each[i]) > 1 for each in known) for i in range(len(bundle))]
    for types, state in _chosen(system, _distinct(system, columns), few):
        own = tuple(values[types[0]] for values in held)
        if not all(own):
            continue
        for other in _alternatives(system, bundle, own, known, varies):
            after: State | None = state
            for name, old, new in zip(bundle, own, other, strict=True):
                after = None if after is None else mover.changed(after, name, old, new)
            if after is None:
                continue
            change = Change(tuple((n, new) for n, old, new in zip(bundle, own, other, strict=True) if new != old))
            allowed = _allowed(mover, types, change, barred)
            if len(allowed):
                yield Part(allowed, change), mover.effect(state, after)


def _chosen(
    system: System, states: Iterable[tuple[Integers, State]], few: Flags
) -> Iterator[tuple[Integers, State]]:
    """Yield the states of people in small regions, and the most frequent ones."""
    rest = []
    for types, state in states:
        if few[types].any():
            yield types, state
        else:
            rest.append((-int(system.multiplicity[types].sum()), len(rest), types, state))
    for _, _, types, state in sorted(rest, key=lambda each: each[:2])[:MOST_STATES]:
        yield types, state


def _allowed(mover: Mover, types: Integers, change: Change, barred: Impossible) -> Integers:
    if not barred.pairs:
        return types
    new = dict(change.values)
    return np.array([kind for kind in types if {**mover.values_of(int(kind)), **new} not in barred], dtype=np.int64)


def _decoded(system: System, name: str) -> list[frozenset[str]]:
    codes = system.codes[name]
    known: dict[int, frozenset[str]] = {}
    return [
        known.setdefault(int(bits), frozenset(code for bit, code in enumerate(codes) if bits >> bit & 1))
        for bits in system.values(name)
    ]


def _distinct(system: System, columns: Integers) -> Iterator[tuple[Integers, State]]:
    """Yield the types that stand alike in some places, and how they stand there."""
    part = sparse.csr_array(system.states[:, columns])
    part.sort_indices()
    groups: dict[bytes, list[int]] = {}
    for kind in range(len(system.multiplicity)):
        start, end = part.indptr[kind], part.indptr[kind + 1]
        key = part.indices[start:end].tobytes() + b"|" + part.data[start:end].tobytes()
        groups.setdefault(key, []).append(int(kind))
    for kinds in groups.values():
        start, end = part.indptr[kinds[0]], part.indptr[kinds[0] + 1]
        state = {int(columns[p]): int(x) for p, x in zip(part.indices[start:end], part.data[start:end], strict=True)}
        yield np.array(kinds, dtype=np.int64), state


def _alternatives(
    system: System,
    bundle: tuple[str, ...],
    own: tuple[frozenset[str], ...],
    known: list[tuple[frozenset[str], ...]],
    varies: list[bool],
) -> Iterable[tuple[frozenset[str], ...]]:
    """Return other values of a bundle: of a single variable, its neighbours; of several, those that someone has."""
    if len(bundle) > 1:
        near = sorted((sum(len(a ^ b) for a, b in zip(own, each, strict=True)), i) for i, each in enumerate(known))
        return [known[i] for distance, i in near[: MOST_ALTERNATIVES + 1] if distance]
    mine, codes = own[0], system.codes[bundle[0]]
    absent = [code for code in codes if code not in mine]
    found = [mine - {gone} | {come} for gone, come in product(sorted(mine), absent)]
    if varies[0]:
        found += [mine - {gone} for gone in sorted(mine)] if len(mine) > 1 else []
        found += [mine | {come} for come in absent]
    return [(each,) for each in found[:MOST_ALTERNATIVES]]


def _gains(mover: Mover, few: Flags) -> Iterator[tuple[Part, dict[int, int]]]:
    """Yield one row more, or one fewer, for those whose rows all stand alike: people stay where they are."""
    system = mover.system
    for unit in sorted({place.unit for place in system.places} - {ONE_EACH}):
        columns = np.flatnonzero([place.unit == unit for place in system.places])
        for types, state in _chosen(system, _distinct(system, columns), few):
            if len(set(state.values())) != 1:
                continue
            for rows in (1, -1):
                if rows == 1 or min(state.values()) > 1:
                    after = {place: x + rows for place, x in state.items()}
                    yield Part(types, Change(gained=(unit, rows))), mover.effect(state, after)


def _comings_and_goings(mover: Mover) -> Iterator[tuple[Part, dict[int, int]]]:
    """Yield one person more of a type, or one fewer: where the number of all people is not told."""
    system = mover.system
    everywhere = np.arange(len(system.places))
    for types, state in _distinct(system, everywhere):
        yield Part(types, Change(present=False)), mover.effect(state, {})
        yield Part(types, Change(present=True)), mover.effect({}, state)
