"""What must not be known, and what need not be said."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from etabli.disclosure.patterns import build
from etabli.disclosure.targets import targets_of
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population

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
