"""What a body holds: what was told stays told, what was masked stays masked unless somebody told it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from etabli.disclosure.held import Held, held_in
from etabli.disclosure.regions import Region, region
from etabli.disclosure.statements import Publication, Quantity, Statement, Variable, publication_of

Publish = Callable[..., Publication]
SOURCE = "d" * 64
AGES = {"age": Variable(("young", "old"), True)}


def named(**categories: str) -> Region:
    return region(SOURCE, categories)


def with_states(told: Publication, **states: str) -> Publication:
    """A publication that decided something of ages."""
    return replace(told, states={named(age=age): state for age, state in states.items()})


def test_what_one_release_masks_is_masked_for_all(publish: Publish) -> None:
    one = with_states(publish({"t": [({}, "people", 40), ({"age": "old"}, "people", "s")]}, AGES), old="masked")
    assert Held((one,), (1,)).hidden == {named(age="old")}


def test_what_one_release_tells_is_told_for_all(publish: Publish) -> None:
    one = with_states(publish({"t": [({"age": "old"}, "people", "s")]}, AGES), old="withheld", young="shown")
    other = publish({"t": [({"age": "old"}, "people", 12)]}, AGES)
    held = Held((one, other), (1, 2))
    assert held.hidden == frozenset()
    assert held.told == {Quantity(named(age="old"), "people"): (12, 12)}
    assert held.regions == {named(age="old"), named(age="young")}


def test_ratio_tells_both_its_terms_within_no_bounds(publish: Publish) -> None:
    part, whole = Quantity(named(age="old"), "rows"), Quantity(named(), "rows")
    told = replace(publish({}, AGES), statements=(Statement("t", part, 0.3, 0.4, over=whole, shown=35.0),))
    assert Held((told,), (1,)).told == {part: (0.0, float("inf")), whole: (0.0, float("inf"))}


def test_several_bounds_of_one_number_hold_together(publish: Publish) -> None:
    young = Quantity(named(age="young"), "people")
    told = [
        replace(publish({}, AGES), statements=(Statement("t", young, low, high, shown=high),))
        for low, high in ((3, 9), (5, 12))
    ]
    assert Held(tuple(told), (1, 2)).told[young] == (5, 9)


def test_report_that_tells_nothing_new(publish: Publish) -> None:
    told = publish({"t": [({}, "people", 40), ({"age": "old"}, "people", "s")]}, AGES)
    held = Held((told,), (1,))
    assert held.tells(publish({"elsewhere": [({}, "people", 40)]}, AGES).statements)
    assert held.tells(publish({"t": [({"age": "young"}, "people", "s")]}, AGES).statements)
    assert not held.tells(publish({"t": [({"age": "old"}, "people", 12)]}, AGES).statements)
    assert not held.tells(publish({"t": [({}, "rows", 40)]}, AGES).statements)


def test_only_what_speaks_of_the_deliveries_is_held(publish: Publish) -> None:
    here, elsewhere = publish({}, AGES), publish({}, AGES, source="e" * 64)
    assert held_in({4: here, 7: elsewhere}, {SOURCE}) == Held((here,), (4,))


def test_last_release_of_a_report_is_the_one_that_it_keeps(publish: Publish) -> None:
    first, last = publish({}, AGES), publish({"t": [({}, "people", 40)]}, AGES)
    held = Held((first, last), (1, 2))
    assert held.of_report("essai/2024_funder") is last
    assert held.of_report("essai/2025_funder") is None


def test_decisions_come_back_from_the_ledger_as_they_were(publish: Publish) -> None:
    told = with_states(publish({"t": [({}, "people", 40)]}, AGES), old="withheld", young="masked")
    told = replace(told, states={**told.states, named(): "shown"})
    assert publication_of(told.to_json(), shown="x") == told
    before = {key: value for key, value in told.to_json().items() if key != "states"}  # an older line of the ledger
    assert publication_of(before, shown="x").states == {}
