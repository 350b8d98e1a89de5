"""Which people a row speaks of, and what it adds up to."""

from __future__ import annotations

import pandas as pd

from etabli.disclosure.regions import Line, Region, lines_of, nested, region, regions_of
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL, Table

VISITS = pd.DataFrame(
    {
        "recipient": ["a", "a", "b", "c"],
        "age": ["old", "old", "young", "young"],
        "channel": ["x", "y", "x", "x"],
    }
)


def crosstab(frame: pd.DataFrame = VISITS) -> Table:
    return profiles.crosstab(frame, "age", by="channel")


def test_region_names_categories_and_leaves_totals_out() -> None:
    found = regions_of(crosstab())
    assert found[0] == region("", {"age": "old", "channel": "x"})
    assert found[2] == region("", {"age": "old"})
    assert found[-1] == Region("", ())


def test_stacked_table_names_the_regions_of_its_crosstabs() -> None:
    sheet = profiles.profile_sheet(VISITS, ["age"], by="channel")
    assert set(regions_of(sheet)) == set(regions_of(crosstab()))


def test_filter_is_a_category_and_a_delivery_is_a_population_of_its_own() -> None:
    marked = mark_population(VISITS, Population("2024", (("quarter", "nord"),)))
    assert regions_of(crosstab(marked))[0] == region("2024", {"age": "old", "channel": "x", "quarter": "nord"})
    assert not regions_of(crosstab(marked))[0].within(regions_of(crosstab())[0])


def test_lines_run_along_both_dimensions() -> None:
    lines = list(lines_of(crosstab()))
    assert Line("age", 6, (0, 3)) in lines
    assert Line("channel", 2, (0, 1)) in lines
    assert len(lines) == 6


def test_line_of_a_stack_runs_along_its_variable() -> None:
    sheet = profiles.profile_sheet(VISITS, ["age"], by="channel")
    assert {line.variable for line in lines_of(sheet)} == {"age", "channel"}


def test_nested_pairs_are_by_name() -> None:
    whole, old, both = (region("", held) for held in ({}, {"age": "old"}, {"age": "old", "channel": "x"}))
    young = region("", {"age": "young"})
    assert set(nested([whole, old, both, young])) == {(whole, old), (whole, both), (whole, young), (old, both)}


def test_total_names_nobody() -> None:
    assert region("", {"age": TOTAL}) == Region("", ())
