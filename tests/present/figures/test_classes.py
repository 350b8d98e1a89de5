"""Classes are few, hold each value once, and print the bounds that they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.french import NBSP, percent
from etabli.present import theme
from etabli.present.figures.classes import Class, colours, equal_classes, quantile_classes, rank_of
from etabli.present.figures.drawing import Drawing, Point


def drawing(values: list[float], *, percents: bool = False, whole: bool = False) -> Drawing:
    points = tuple(
        Point(str(place), "", x, None, None, percent(x, 1) if percents else f"{x:g}") for place, x in enumerate(values)
    )
    return Drawing("heat", "Mesure", percents, points, whole=whole)


def labels(classes: list[Class]) -> list[tuple[str, int]]:
    return [(each.label.replace(NBSP, " "), each.points) for each in classes]


def test_equal_classes_of_counts_have_zero_apart() -> None:
    assert labels(equal_classes(drawing([0, 0, 3, 19, 20, 61], whole=True), 5)) == [
        ("0", 2), ("1 à 19", 2), ("20 à 39", 1), ("40 à 59", 0), ("60 à 79", 1),
    ]  # fmt: skip


def test_equal_classes_of_shares_hold_their_lower_bound() -> None:
    found = equal_classes(drawing([0.1, 0.199, 0.2, 0.3], percents=True), 3)
    assert labels(found) == [("10 % à moins de 20 %", 2), ("20 % à moins de 30 %", 1), ("30 % à moins de 40 %", 1)]


def test_step_with_a_half_prints_it() -> None:
    assert [each.label.replace(NBSP, " ") for each in equal_classes(drawing([0.02, 0.095], percents=True), 4)] == [
        "2 % à moins de 4 %", "4 % à moins de 6 %", "6 % à moins de 8 %", "8 % à moins de 10 %",
    ]  # fmt: skip
    assert equal_classes(drawing([0.0, 9.9]), 4)[1].label == "2,5 à moins de 5,0"


def test_quantile_classes_print_the_values_that_they_hold() -> None:
    found = quantile_classes(drawing([1, 2, 3, 10, 11, 12, 50, 60, 70]), 3)
    assert labels(found) == [("1 à 3", 3), ("10 à 12", 3), ("50 à 70", 3)]


def test_quantile_classes_never_part_equal_values() -> None:
    assert labels(quantile_classes(drawing([5, 5, 5, 5, 6, 7]), 2)) == [("5", 4), ("6 à 7", 2)]


@pytest.mark.parametrize("make", [equal_classes, quantile_classes])
def test_classes_of_nothing_are_none(make: object) -> None:
    assert make(drawing([]), 4) == []  # type: ignore[operator]


counts = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)
shares = st.lists(st.integers(0, 1000).map(lambda x: x / 1000), min_size=1, max_size=60)


@given(counts, st.integers(2, 5))
def test_each_count_is_in_one_class(values: list[int], most: int) -> None:
    for make in (equal_classes, quantile_classes):
        held_once(make(drawing([float(x) for x in values], whole=True), most), values, most)


@given(shares, st.integers(2, 5))
def test_each_share_is_in_one_class(values: list[float], most: int) -> None:
    for make in (equal_classes, quantile_classes):
        held_once(make(drawing(values, percents=True), most), values, most)


def held_once(classes: list[Class], values: list[float] | list[int], most: int) -> None:
    assert len(classes) <= most
    for x in values:
        assert [each for each in classes if each.holds(x)] == [classes[rank_of(x, classes)]]
    assert sum(each.points for each in classes) == len(values)
    assert len({each.label for each in classes}) == len(classes)


@pytest.mark.parametrize("count", range(1, 6))
def test_colours_go_from_light_to_dark(count: int) -> None:
    places = [theme.SEQUENCE.index(colour) for colour in colours(count)]
    assert len(places) == count
    assert places == sorted(set(places))
