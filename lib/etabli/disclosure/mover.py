"""What becomes of one person: where they stand in all tables once a variable of theirs takes another value.

Whatever follows from a change in other tables follows here too, and what nobody can be is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from etabli.disclosure.patterns import ONE_EACH, System

Integers = NDArray[np.int64]
State = dict[int, int]
"""Rows of the source by place; places where the person does not stand are left out."""

Values = dict[str, frozenset[str]]
"""The categories that a person has, by variable."""


@dataclass(frozen=True)
class Change:
    """One way to change: new values of some variables, rows gained, or the whole person in or out."""

    values: tuple[tuple[str, frozenset[str]], ...] = ()
    gained: tuple[int, int] | None = None
    """Unit, and rows gained in it (−1: one row lost)."""
    present: bool | None = None
    """True: one more person of that type; False: one fewer."""


@dataclass
class Mover:
    """Applies changes to states: what a person's places become when a variable of theirs takes another value."""

    system: System
    _values: dict[int, Values] = field(default_factory=dict)
    _families: dict[str, tuple[dict[int, int], list[dict[str, int]]]] = field(default_factory=dict)
    _orphaned: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    _wholes: dict[str, dict[int, int]] = field(default_factory=dict)
    _complete: dict[str, frozenset[int]] = field(default_factory=dict)

    def values_of(self, kind: int) -> Values:
        """Return the categories of one type, by variable."""
        if kind not in self._values:
            self._values[kind] = {
                name: frozenset(code for bit, code in enumerate(codes) if self.system.values(name)[kind] >> bit & 1)
                for name, codes in self.system.codes.items()
            }
        return self._values[kind]

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
        """Return the state after one variable takes other values; None when what follows cannot be known.

        Without a value a person is in none of the categories that tables tell: elsewhere than in a filter.
        """
        if old and not new:
            return self._left(state, name)
        if new and not old:
            first, *more = sorted(new)
            entered = self._entered(state, name, first)
            return entered if entered is None or not more else self.changed(entered, name, frozenset([first]), new)
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

    def _left(self, state: State, name: str) -> State | None:
        """All rows leave the categories that are told; None where those are all that there are."""
        family_of, _ = self.families(name)
        if any(family_of.get(place) in self.complete(name) for place in state):
            return None
        return {place: rows for place, rows in state.items() if place not in family_of}

    def _entered(self, state: State, name: str, come: str) -> State | None:
        """All rows come to a category; None where a table counts people there whom none counts wherever they are."""
        _, members = self.families(name)
        wholes = self.wholes(name)
        if any(come in family and number not in wholes for number, family in enumerate(members)):
            return None
        found = dict(state)
        for number, whole in wholes.items():
            if whole in state and come in members[number]:
                found[members[number][come]] = state[whole]
        return found

    def wholes(self, name: str) -> dict[int, int]:
        """Return, for each family of a variable, the place of all rows that stand alike but for it, if one is told."""
        if name not in self._wholes:
            places = {(place.region.categories, place.unit): number for number, place in enumerate(self.system.places)}
            found = {}
            for number, family in enumerate(self.families(name)[1]):
                first = self.system.places[next(iter(family.values()))]
                rest = tuple(each for each in first.region.categories if each[0] != name)
                if (rest, first.unit) in places:
                    found[number] = places[rest, first.unit]
            self._wholes[name] = found
        return self._wholes[name]

    def complete(self, name: str) -> frozenset[int]:
        """Return the families of a variable that hold all rows of their whole, of everyone.

        Of a variable that is not told of everyone, those alone that a table shows whole: the others hold all by chance.
        """
        if name not in self._complete:
            members, wholes = self.families(name)[1], self.wholes(name)
            found = {
                number for number, whole in wholes.items() if self._is_whole([whole], list(members[number].values()))
            }
            if len(found) < len(wholes):
                places = self.system.places
                found = {number for number in found if (name, places[wholes[number]].region) in self.system.lines}
            self._complete[name] = frozenset(found)
        return self._complete[name]

    def _is_whole(self, whole: list[int], parts: list[int]) -> bool:
        held = self._states[:, whole].toarray().ravel() == self._states[:, parts].sum(axis=1)
        return bool(held.all())

    def _added(self, place: int, before: int, rows: int) -> int:
        return 1 if self.system.places[place].unit == ONE_EACH else before + rows

    def _orphans(self, name: str, gone: str, come: str) -> bool:
        """Whether some table counts people at the new category in a way that it does not at the old one."""
        key = (name, gone, come)
        if key not in self._orphaned:
            self._orphaned[key] = any(come in family and gone not in family for family in self.families(name)[1])
        return self._orphaned[key]

    def effect(self, before: State, after: State) -> dict[int, int]:
        """Return by how much each fact changes."""
        found = {}
        people, rows = self._facts
        for place in before.keys() | after.keys():
            old, new = before.get(place, 0), after.get(place, 0)
            if old == new:
                continue
            if people[place] >= 0 and (new > 0) != (old > 0):
                found[people[place]] = 1 if new else -1
            if rows[place] >= 0:
                found[rows[place]] = new - old
        return found

    @cached_property
    def _states(self) -> Any:
        return sparse.csc_array(self.system.states)

    @cached_property
    def _facts(self) -> tuple[list[int], list[int]]:
        """The numbers of the facts that tell the people, and the rows, of each place; −1 where none does."""
        people = np.full(len(self.system.places), -1)
        people[self.system.lead] = np.arange(len(self.system.lead))
        return people.tolist(), self.system.row_fact.tolist()

    def apply(self, state: State, values: Values, change: Change) -> State | None:
        """Return a person's whole state after a change; None when nobody can be that."""
        if change.present is not None:
            return {} if change.present is False else state
        found: State | None = dict(state)
        for name, new in change.values:
            found = None if found is None else self.changed(found, name, values[name], new)
        if found is not None and change.gained is not None:
            unit, rows = change.gained
            found = {p: x + rows if self.system.places[p].unit == unit else x for p, x in found.items()}
        return found if found is not None and self.is_possible(found) else None

    def is_possible(self, state: State) -> bool:
        """Whether someone can stand there.

        Nowhere is said to be impossible, all rows are there, no more categories than rows, and what follows from other
        variables, or from the number of rows, does.
        """
        system = self.system
        if any(rows <= 0 for rows in state.values()) or not system.impossible.isdisjoint(state):
            return False
        held: dict[str, set[str]] = {}
        for place in state:
            for name, code in system.places[place].region.categories:
                held.setdefault(name, set()).add(code)
        rows = {unit: state[whole] for unit, whole in system.whole.items() if unit != ONE_EACH and whole in state}
        most = max((len(codes) for codes in held.values()), default=0)
        if any(number < most for number in rows.values()):
            return False
        for name, known in self._codes_of_rows.items():
            if name in held and any(held[name] != {known.get((unit, number))} for unit, number in rows.items()):
                return False
        return all(tuple(frozenset(held.get(name, ())) for name in bundle) in known for bundle, known in self._together)

    @cached_property
    def _codes_of_rows(self) -> dict[str, dict[tuple[int, int], str]]:
        """For each variable that follows from the number of rows: its category, by unit and number, as in the data."""
        found: dict[str, dict[tuple[int, int], str]] = {}
        for name in self.system.by_rows:
            known: dict[tuple[int, int], str] = {}
            for unit, whole in self.system.whole.items():
                if unit != ONE_EACH:
                    numbers = self.system.states[:, [whole]].toarray().ravel()
                    for kind in range(len(numbers)):
                        for code in self.values_of(kind)[name]:
                            known[unit, int(numbers[kind])] = code
            found[name] = known
        return found

    @cached_property
    def _together(self) -> list[tuple[tuple[str, ...], set[tuple[frozenset[str], ...]]]]:
        """The variables that change together only, with the values that someone has."""
        return [
            (
                bundle,
                {tuple(self.values_of(kind)[name] for name in bundle) for kind in range(len(self.system.multiplicity))},
            )
            for bundle in self.system.bundles
            if len(bundle) > 1
        ]

    def code_of_rows(self, name: str, unit: int, rows: int) -> str | None:
        """Return the category that a number of rows gives; None when nobody has as many."""
        return self._codes_of_rows[name].get((unit, rows))
