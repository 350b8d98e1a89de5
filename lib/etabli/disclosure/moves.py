"""What one person could have been instead: the moves from which every other possible file is made.

A move takes one person from their state to another one that someone could have: another age, another
channel, one more or one fewer row. A poorer pool of moves stays sound, and masks more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.exchanges import exchanges
from etabli.disclosure.mover import Change, Mover, State
from etabli.disclosure.patterns import ONE_EACH, System
from etabli.disclosure.pool import LONGEST, Effect, Moves, Offer, Part, merged
from etabli.disclosure.targets import Target

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_ALTERNATIVES = 40
"""Other values of one bundle that are tried for one state: the nearest first."""

MOST_MOVES = 40_000
"""Moves of one bundle, about: beyond, every state has fewer alternatives, alike for all so that exchanges fit."""

FEWEST_ALTERNATIVES = 8
"""Alternatives that every state keeps, however many states there are."""

MOST_STATES = 400
"""Distinct states from which moves are made, for one bundle, beside those of people whom targets count."""

PER_TARGET = 4
"""Types in each region of a target from which moves are made in any case, as a multiple of k."""


def all_moves(system: System, targets: Sequence[Target], *, small: int, open_number: bool = False) -> Moves:
    """Return the moves of a system.

    Parameters
    ----------
    system
        The tables and their people.
    targets
        What must not be known: everyone whom they count can move, and some of those who could come to be counted.
    small
        k: how many people must be able to come.
    open_number
        Whether people may come and go though a region holds all of them: their number is then masked.
    """
    mover = Mover(system)
    offers: dict[Effect, list[Offer]] = {}
    singles = list(_every_move(mover, targets, small, open_number=open_number))
    for part, effect in singles:
        if 0 < len(effect) <= LONGEST or (effect and part.change.present is not None):
            offers.setdefault(tuple(sorted(effect.items())), []).append((part,))
    for offer, key in exchanges(system, singles, enough=2 * small):
        offers.setdefault(key, []).append(offer)
    return merged(system, offers)


def _concerned(system: System, targets: Sequence[Target], enough: int) -> Flags:
    """Return the types whom targets count, and, for each, those who are counted on one side: up to `enough` types."""
    stands = sparse.csc_array(system.states[:, system.lead] > 0)
    rows = system.states[:, np.flatnonzero(system.row_fact >= 0)]
    facts = sparse.csc_array(sparse.hstack([stands.astype(np.int64), rows]))
    flags = np.zeros(len(system.multiplicity), dtype=bool)
    for target in targets:
        counted = facts[:, list(target.facts)]
        flags |= np.asarray(counted @ np.array(target.signs)).ravel() != 0
        for region in target.regions:
            kinds = np.flatnonzero(stands[:, [region]].toarray().ravel())
            flags[kinds[np.argsort(-system.multiplicity[kinds], kind="stable")][:enough]] = True
    return flags


def _every_move(
    mover: Mover, targets: Sequence[Target], small: int, *, open_number: bool
) -> Iterator[tuple[Part, dict[int, int]]]:
    system = mover.system
    few = _concerned(system, targets, PER_TARGET * small)
    for bundle in system.bundles:
        yield from _changes_of(mover, bundle, few)
    yield from _gains(mover, few)
    if (
        open_number or not (system.people >= max(small, system.multiplicity.sum())).any()
    ):  # else their number is told, and holds
        yield from _comings_and_goings(mover)


def _changes_of(mover: Mover, bundle: tuple[str, ...], few: Flags) -> Iterator[tuple[Part, dict[int, int]]]:
    """Yield the moves that change the variables of one bundle, for each distinct state of their places."""
    system = mover.system
    held = [_decoded(system, name) for name in bundle]
    columns = _columns_of(mover, bundle, [all(values) for values in held])
    known = sorted({tuple(each) for each in zip(*held, strict=True)}, key=lambda each: [sorted(s) for s in each])
    varies = [any(len(each[i]) > 1 for each in known) for i in range(len(bundle))]
    chosen = list(_chosen(system, _distinct(system, columns), few))
    most = min(MOST_ALTERNATIVES, max(FEWEST_ALTERNATIVES, MOST_MOVES // max(1, len(chosen))))
    for types, state in chosen:
        own = tuple(values[types[0]] for values in held)
        for other in _alternatives(system, bundle, own, known, varies=varies[0], most=most):
            after: State | None = state
            for name, old, new in zip(bundle, own, other, strict=True):
                after = None if after is None else mover.changed(after, name, old, new)
            if after is None or not system.impossible.isdisjoint(after):
                continue
            change = Change(tuple((n, new) for n, old, new in zip(bundle, own, other, strict=True) if new != old))
            able = _with_rows(system, types, max(len(values) for values in other))
            if len(able):
                yield Part(able, change), mover.effect(state, after)


def _columns_of(mover: Mover, bundle: tuple[str, ...], told: Sequence[bool]) -> Integers:
    """Return the places that name a variable of a bundle; and, of one that is not told of everyone, where all stand."""
    places = mover.system.places
    found = {number for number, place in enumerate(places) if set(bundle) & set(place.categories)}
    for name, of_everyone in zip(bundle, told, strict=True):
        found |= set() if of_everyone else set(mover.wholes(name).values())
    return np.array(sorted(found), dtype=np.int64)


def _with_rows(system: System, types: Integers, most: int) -> Integers:
    """Return the types that have rows enough to stand in so many categories."""
    for unit, whole in system.whole.items():
        if unit != ONE_EACH and most > 1:
            rows = system.states[types][:, [whole]].toarray().ravel()
            types = types[(rows == 0) | (rows >= most)]
    return types


def _chosen(system: System, states: Iterable[tuple[Integers, State]], few: Flags) -> Iterator[tuple[Integers, State]]:
    """Yield the states of people in small regions, and the most frequent ones."""
    rest: list[tuple[int, int, Integers, State]] = []
    for types, state in states:
        if few[types].any():
            yield types, state
        else:
            rest.append((-int(system.multiplicity[types].sum()), len(rest), types, state))
    for _, _, types, state in sorted(rest, key=lambda each: each[:2])[:MOST_STATES]:
        yield types, state


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
    *,
    varies: bool,
    most: int,
) -> Iterable[tuple[frozenset[str], ...]]:
    """Return other values of a bundle: of a single variable, its neighbours; of several, those that someone has.

    A variable may be told of some people alone, those of a filter: the others have none of its categories.
    """
    if len(bundle) > 1:
        near = sorted((sum(len(a ^ b) for a, b in zip(own, each, strict=True)), i) for i, each in enumerate(known))
        return [known[i] for distance, i in near[: most + 1] if distance]
    mine, codes = own[0], system.codes[bundle[0]]
    elsewhere: list[frozenset[str]] = [frozenset()] if any(not each for (each,) in known) else []
    if not mine:
        return [(frozenset([code]),) for code in codes[:most]]
    absent = [code for code in codes if code not in mine]
    pairs = list(product(sorted(mine), absent))
    if len(pairs) > most:
        pairs = _spread(pairs, codes)
    found = [mine - {gone} | {come} for gone, come in pairs]
    if varies:
        found += [mine - {gone} for gone in sorted(mine)] if len(mine) > 1 else []
        found += [mine | {come} for come in dict.fromkeys(come for _, come in pairs)]
    return [(each,) for each in [*elsewhere, *found][:most]]


def _spread(pairs: Iterable[tuple[str, str]], codes: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of categories that stand 1, 2, 4, 8 … apart, around a circle: near ones first.

    Each leads there and back, in all states alike, so that two people can exchange them; in a few of them one comes
    from any category to any other.
    """
    place = {code: number for number, code in enumerate(codes)}
    apart = {pair: min((place[pair[0]] - place[pair[1]]) % len(codes), (place[pair[1]] - place[pair[0]]) % len(codes))
             for pair in pairs}  # fmt: skip
    return sorted((pair for pair, steps in apart.items() if steps.bit_count() == 1), key=lambda pair: apart[pair])


def _gains(mover: Mover, few: Flags) -> Iterator[tuple[Part, dict[int, int]]]:
    """Yield one row more, or one fewer, for those whose rows all stand alike: people stay where they are.

    What follows from the number of rows follows here.
    """
    system = mover.system
    for unit in sorted({place.unit for place in system.places} - {ONE_EACH}):
        if system.by_rows and unit not in system.whole:
            continue
        here = [place.unit == unit or bool(set(system.by_rows) & set(place.categories)) for place in system.places]
        for types, state in _chosen(system, _distinct(system, np.flatnonzero(here)), few):
            rows = {x for place, x in state.items() if system.places[place].unit == unit}
            if len(rows) != 1:
                continue
            for more in (1, -1):
                number = next(iter(rows)) + more
                change = _gained(mover, int(types[0]), unit, number, more) if number else None
                after = None if change is None else _after_gain(mover, int(types[0]), state, change)
                if change is not None and after is not None:
                    yield Part(types, change), mover.effect(state, after)


def _gained(mover: Mover, kind: int, unit: int, number: int, more: int) -> Change | None:
    values = []
    for name in mover.system.by_rows:
        code = mover.code_of_rows(name, unit, number)
        if code is None:
            return None
        if mover.values_of(kind)[name] not in (frozenset(), frozenset([code])):
            values.append((name, frozenset([code])))
    return Change(tuple(values), (unit, more))


def _after_gain(mover: Mover, kind: int, state: State, change: Change) -> State | None:
    found: State | None = state
    for name, new in change.values:
        found = None if found is None else mover.changed(found, name, mover.values_of(kind)[name], new)
    if found is None or change.gained is None:
        return None
    unit, more = change.gained
    return {p: x + more if mover.system.places[p].unit == unit else x for p, x in found.items()}


def _comings_and_goings(mover: Mover) -> Iterator[tuple[Part, dict[int, int]]]:
    """Yield one person more of a type, or one fewer: where the number of all people is not told."""
    system = mover.system
    everywhere = np.arange(len(system.places))
    for types, state in _distinct(system, everywhere):
        yield Part(types, Change(present=False)), mover.effect(state, {})
        yield Part(types, Change(present=True)), mover.effect({}, state)
