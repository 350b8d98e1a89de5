"""Regions split as the delivery does; what another edition told of the parts bounds the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.held import held_in, neighbours
from etabli.disclosure.parts import Splits
from etabli.disclosure.regions import Region, region
from etabli.disclosure.statements import Publication, Quantity, SourceTold, Statement, Variable
from etabli.methods.results import MISSING

BEFORE, NOW = "b" * 64, "n" * 64
FRAME = pd.DataFrame(
    {
        "recipient": list("abcdef"),
        "area": ["a1", "a2", "a3", "a3", np.nan, "a1"],
        "quarter": ["q1", "q1", "q2", "q2", "q2", "q1"],
        "age": ["old", "young", "old", "old", "young", "young"],
    }
)


def here(**categories: str) -> Region:
    return region(NOW, categories)


def told(source: str, counts: dict[Region, int], **constant: bool) -> Publication:
    variables = {name: Variable(("x",), constant=kept) for name, kept in constant.items()}
    statements = [
        Statement("t", Quantity(region(source, dict(each.categories)), "people"), n, n, shown=float(n))
        for each, n in counts.items()
    ]
    return Publication("etude/essai", {source: SourceTold("visits", "caf", 5)}, {source: variables}, tuple(statements))


def bounds_of(publication: Publication, wanted: Region, *, former: bool) -> tuple[int | None, int | None]:
    lasting = {(NOW, name) for name in ("area", "quarter", "age")}
    found = neighbours([publication], {BEFORE: (NOW, former)}, lasting, {NOW: Splits(FRAME)}, [wanted])
    return found.least.get(wanted), found.most.get(wanted)


def test_parts_of_everybody_are_all_categories_missing_too() -> None:
    parts = Splits(FRAME).parts(here(), "area")
    assert parts == [here(area=code) for code in sorted(["a1", "a2", "a3", MISSING])]


def test_what_follows_from_a_part_is_left_out_of_it() -> None:
    splits = Splits(FRAME)
    assert splits.parts(here(quarter="q1"), "area") == [here(area="a1"), here(area="a2")]
    assert splits.parts(here(quarter="q1", age="old"), "area") == [here(area=code, age="old") for code in ("a1", "a2")]


def test_a_category_that_crosses_is_kept() -> None:
    assert Splits(FRAME).parts(here(age="old"), "quarter") == [here(age="old", quarter=code) for code in ("q1", "q2")]


def test_constant_is_what_each_person_keeps() -> None:
    frame = pd.DataFrame({"recipient": [*"aabb", None], "age": list("xxyyz"), "channel": list("xyxxx")})
    splits = Splits(frame, "recipient")
    assert splits.is_constant("age")
    assert not splits.is_constant("channel")
    assert not Splits(frame).is_constant("age")


def test_variable_that_the_delivery_has_not_follows_from_none() -> None:
    assert Splits(FRAME).coarser("area", "unknown") is None
    assert Splits(FRAME).coarser("unknown", "area") is None


@pytest.mark.parametrize("name", ["age", "unknown"])
def test_no_split_by_its_own_variable_or_by_one_that_the_delivery_has_not(name: str) -> None:
    assert Splits(FRAME).parts(here(age="old"), name) == []


def test_what_a_method_makes_follows_from_nothing_that_a_delivery_holds() -> None:
    splits = Splits(FRAME)
    assert splits.coarser("area", "quarter") is not None
    assert splits.coarser("area", "route") is None
    assert splits.coarser("sequence", "first_channel") is None


def test_areas_of_the_former_edition_bound_their_quarter_now() -> None:
    areas = {here(area="a1"): 28, here(area="a2"): 13, here(area="a3"): 9}
    assert bounds_of(told(BEFORE, areas, area=True), here(quarter="q1"), former=True) == (41, None)


def test_some_of_the_areas_bound_from_below_alone() -> None:
    few = {here(area="a1"): 28}
    assert bounds_of(told(BEFORE, few, area=True), here(quarter="q1"), former=True) == (28, None)
    assert bounds_of(told(BEFORE, few, area=True), here(quarter="q1"), former=False) == (None, None)


def test_all_areas_of_a_later_edition_bound_from_above() -> None:
    areas = {here(area="a1"): 30, here(area="a2"): 14}
    assert bounds_of(told(BEFORE, areas, area=True), here(quarter="q1"), former=False) == (None, 44)


def test_what_was_told_of_the_whole_holds_where_it_says_more() -> None:
    counts = {here(quarter="q1"): 45, here(area="a1"): 28, here(area="a2"): 13}
    assert bounds_of(told(BEFORE, counts, area=True, quarter=True), here(quarter="q1"), former=True) == (45, None)


def test_areas_that_people_change_bound_nothing() -> None:
    areas = {here(area="a1"): 28, here(area="a2"): 13}
    assert bounds_of(told(BEFORE, areas, area=False), here(quarter="q1"), former=True) == (None, None)


def test_what_every_release_shows_to_be_kept_lasts() -> None:
    both = held_in({1: told(NOW, {}, area=True, age=True), 2: told(NOW, {}, age=False)}, {NOW})
    assert both.lasting == {(NOW, "area")}
