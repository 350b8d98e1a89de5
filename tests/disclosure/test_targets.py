"""What must not be known, and what need not be said."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from etabli.disclosure.patterns import build
from etabli.disclosure.targets import targets_of
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_derived, mark_population
from etabli.methods.results import Table

K = 3


def told(lines: Sequence[tuple[str, str]], *, sensitive: Sequence[str] = ()) -> set[tuple[tuple[str, int], ...]]:
    """The targets of a distribution by channel, by name and sign."""
    frame = pd.DataFrame(lines, columns=["recipient", "channel"])
    tables = [profiles.distribution(frame, "channel")]
    system = build(tables)
    return {
        tuple((str(system.regions[region]), sign) for region, sign in zip(each.regions, each.signs, strict=True))
        for each in targets_of(system, tables, minimum=K, sensitive=sensitive)
    }


def alone(channel: str, count: int) -> list[tuple[str, str]]:
    return [(f"{channel}{number}", channel) for number in range(count)]


@pytest.mark.parametrize(("people", "expected"), [(1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_small_region_is_a_target(people: int, expected: bool) -> None:
    found = told([*alone("x", people), *alone("y", 9), *alone("z", 9)])
    assert ((("channel = x", 1),) in found) is expected


@pytest.mark.parametrize(("rest", "expected"), [(1, True), (K - 1, True), (K, False)])
def test_difference_of_nested_regions_is_a_target(rest: int, expected: bool) -> None:
    found = told([*alone("x", 20), *alone("y", rest)])
    assert ((("ensemble", 1), ("channel = x", -1)) in found) is expected


@pytest.mark.parametrize(("twice", "expected"), [(0, False), (1, True), (K - 1, True), (K, False)])
def test_few_people_counted_twice_are_a_target(twice: int, expected: bool) -> None:
    """All channels added up, less all people: who used both."""
    both = [(f"x{number}", "y") for number in range(twice)]
    found = told([*alone("x", 20), *alone("y", 20), *both])
    assert any(len(target) == 3 for target in found) is expected


def places(sizes: dict[str, int]) -> pd.DataFrame:
    """People by area, with the quarter that follows from it: `q1` of `a1` and `a2`, `q2` of `b1`."""
    lines = [(f"{area}{n}", area, f"q{'ab'.index(area[0]) + 1}") for area, size in sizes.items() for n in range(size)]
    made = mark_population(pd.DataFrame(lines, columns=["recipient", "area", "quarter"]), Population("d" * 64))
    made = mark_derived(made.assign(age=["old", "young"] * (len(made) // 2) + ["old"] * (len(made) % 2)), made, {})
    return mark_derived(made, made, {"quarter": "area"})


def held_at(frame: pd.DataFrame, name: str, code: str) -> pd.DataFrame:
    kept = frame[frame[name] == code].reset_index(drop=True)
    kept.attrs = frame.attrs
    return mark_population(kept, Population("d" * 64, ((name, code),)))


def asked(*tables: Table) -> set[str]:
    system = build(tables)
    signed = [zip(each.regions, each.signs, strict=True) for each in targets_of(system, tables, minimum=K)]
    return {" ".join(f"{'+' if sign > 0 else '-'}{system.regions[region]}" for region, sign in each) for each in signed}


@pytest.mark.parametrize(("rest", "expected"), [(1, True), (K - 1, True), (K, False)])
def test_quarter_less_one_of_its_areas_is_a_target(rest: int, expected: bool) -> None:
    """The quarters of all, and one area in a table of its own: an area lies within its quarter."""
    frame = places({"a1": 20, "a2": rest, "b1": 20})
    found = asked(profiles.distribution(frame, "quarter"), profiles.distribution(held_at(frame, "area", "a1"), "age"))
    assert ("+quarter = q1 -area = a1" in found) is expected


@pytest.mark.parametrize(("rest", "expected"), [(1, True), (K - 1, True), (K, False)])
def test_quarter_that_its_areas_make_is_a_target_where_no_table_shows_it(rest: int, expected: bool) -> None:
    """All by area, and the old by quarter: the areas make the quarters, whose young are few."""
    frame = places({"a1": 10, "a2": 10, "b1": 20})
    frame["age"] = "old"
    frame.loc[: rest - 1, "age"] = "young"
    old = held_at(frame, "age", "old")
    found = asked(profiles.distribution(frame, "area"), profiles.distribution(old, "quarter"))
    assert ("+area = a1 +area = a2 -age = old ; quarter = q1" in found) is expected


@pytest.mark.parametrize(("people", "expected"), [(2, True), (K, False)])
def test_few_outside_a_quarter_that_its_areas_make_are_a_target(people: int, expected: bool) -> None:
    frame = places({"a1": 10, "a2": 10, "b1": people})
    old = held_at(frame, "age", "old")
    found = asked(profiles.distribution(frame, "area"), profiles.distribution(old, "quarter"))
    assert ("+ensemble -area = a1 -area = a2" in found) is expected


@pytest.mark.parametrize(("rest", "expected"), [(1, True), (K - 1, True), (K, False)])
def test_people_of_none_of_the_parts_that_are_told_are_a_target(rest: int, expected: bool) -> None:
    """All people less those of two quarters, each in a table of its own: who lives elsewhere."""
    frame = pd.DataFrame([*alone("x", 20), *alone("y", 20), *alone("z", rest)], columns=["recipient", "quarter"])
    frame["channel"] = ["phone", "mail"] * (len(frame) // 2) + ["phone"] * (len(frame) % 2)
    held = ((), (("quarter", "x"),), (("quarter", "y"),))
    parts = [frame, *(frame[frame["quarter"] == quarter] for quarter in "xy")]
    tables = [
        profiles.distribution(mark_population(part, Population("d" * 64, kept)), "channel")
        for part, kept in zip(parts, held, strict=True)
    ]
    system = build(tables)
    found = {
        tuple(str(system.regions[region]) for region in each.regions)
        for each in targets_of(system, tables, minimum=K)
        if each.signs == (1, -1, -1)
    }
    assert (("ensemble", "quarter = x", "quarter = y") in found) is expected


def test_group_wholly_in_one_category_is_a_target_of_sensitive_variables_only() -> None:
    lines = alone("x", 20)
    assert told(lines) == set()
    assert told(lines, sensitive=["age"]) == set()
    assert told(lines, sensitive=["channel"]) == {(("ensemble", 1), ("channel = x", -1))}
