"""What a report says of regions is true of the people it counts, and is no more than what it prints."""

from __future__ import annotations

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.disclosure.parts import Splits
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.regions import OTHERS, regions_of
from etabli.disclosure.statements import Quantity, Statement, Variable
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_derived, mark_population
from etabli.methods.results import MISSING, Table
from etabli.present.said import Place, statements_of, variables_of

SOURCE = "d" * 64


def visits(seed: int = 0, people: int = 60, held: tuple[tuple[str, str], ...] = ()) -> pd.DataFrame:
    """Visits of people whose age is theirs and whose channel changes; some channels are missing."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), rng.integers(1, 4, people))
    age = rng.choice(["young", "mid", "old"], people, p=[0.6, 0.35, 0.05])[who]
    channel = rng.choice(["walk_in", "appointment", None], len(who), p=[0.7, 0.25, 0.05])
    frame = pd.DataFrame({"recipient": who.astype(str), "age": age, "channel": channel})
    return mark_population(frame, Population(SOURCE, held))


def places(table: Table, item: str = "tableau-1") -> list[Place]:
    return [(item, table, row, measure) for row in range(len(table.cells)) for measure in table.measures]


def said(*tables: Table, minimum: int = 5) -> list[Statement]:
    protection = protect(tables, Policy("funder", minimum, ("x",)))
    return statements_of([place for table in tables for place in places(table)], protection)


def true_value(frame: pd.DataFrame, quantity: Quantity) -> float:
    kept = pd.Series(True, index=frame.index)
    for name, code in quantity.region.categories:
        kept &= frame[name].astype(object).fillna(MISSING).astype(str) == code
    rows = frame[kept]
    return float(rows["recipient"].nunique() if quantity.unit == "people" else len(rows))


@pytest.mark.parametrize(("minimum", "base"), [(5, 5), (3, 10), (11, 11)])
@pytest.mark.parametrize("seed", [1, 2])
def test_rounded_statements_are_true_of_the_data(seed: int, minimum: int, base: int) -> None:
    frame = visits(seed, 200)
    tables = [profiles.crosstab(frame, "age", by="channel"), profiles.totals(frame)]
    protection = protect(tables, Policy("funder", minimum, ("x",), rounding_base=base))
    found = statements_of([place for table in tables for place in places(table)], protection)
    told = [each for each in found if not each.masked]
    assert all(each.low <= true_value(frame, each.quantity) <= each.high for each in told)
    assert all(each.over is None for each in told)
    assert {each.high for each in told if str(each.shown).startswith("≤")} == {minimum}
    assert any(each.high - each.low == base - 1 for each in told)
    assert all(each.low > minimum for each in told if each.quantity.unit == "people" and each.low > 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 400), st.sampled_from([1, 3, 11]))
def test_statements_are_true_of_the_data(seed: int, people: int, minimum: int) -> None:
    frame = visits(seed, people)
    tables = [
        profiles.crosstab(frame, "age", by="channel"),
        profiles.distribution(frame, "channel"),
        profiles.profile_sheet(frame, ["age"], by="channel"),
        profiles.totals(frame),
    ]
    found = said(*tables, minimum=minimum)
    assert found
    for each in found:
        value = true_value(frame, each.quantity)
        if each.over is not None:
            value /= true_value(frame, each.over)
        assert each.low - 1e-9 <= value <= each.high + 1e-9, each


def test_share_says_its_printed_digits_of_the_line_total() -> None:
    frame = visits(1, 400)
    table = profiles.crosstab(frame, "age", by="channel")
    (share,) = [
        each
        for each in said(table, minimum=1)
        if each.over is not None and dict(each.quantity.region.categories) == {"age": "young", "channel": "walk_in"}
    ]
    assert dict(share.over.region.categories) == {"age": "young"}  # type: ignore[union-attr]
    assert share.quantity.unit == "rows"
    assert share.high - share.low == pytest.approx(0.01)
    assert share.shown == round(float(share.shown))


def test_share_of_few_people_says_its_two_counts() -> None:
    frame = visits(1, 20)
    found = said(profiles.distribution(frame, "channel"), minimum=1)
    exact = {(each.quantity.region.categories, each.quantity.unit) for each in found if each.low == each.high}
    assert ((("channel", "walk_in"),), "rows") in exact
    assert ((), "rows") in exact
    assert not [each for each in found if each.over is not None and each.over.unit == "rows"]


def test_masked_row_says_nothing_but_that_it_is_masked() -> None:
    frame = visits(2, 60)
    table = profiles.distribution(frame, "age")
    protection = protect([table], Policy("funder", 11, ("x",)))
    masked = {region for region, hidden in zip(regions_of(table), protection.of(table).masked, strict=True) if hidden}
    found = said(table, minimum=11)
    assert masked
    told = [each for each in found if each.quantity.region in masked]
    assert told
    assert all((each.low, each.high, each.masked) == (0, inf, True) for each in told)
    assert not [each for each in found if each.over is not None and each.over.region in masked]


def test_table_of_people_speaks_of_people_only() -> None:
    routes = profiles.people_by_route(visits(3, 100), by="channel", keep=["age"])
    found = said(profiles.crosstab(routes, "age", by="route"), minimum=1)
    assert {each.quantity.unit for each in found} == {"people"}


def test_numbers_of_visits_say_how_many_rows_a_person_has() -> None:
    people = profiles.people_by_route(visits(3, 100))
    told = variables_of([profiles.distribution(people, "frequency")])[SOURCE]["frequency"]
    assert told.numbers == {"once": (1, 1), "twice": (2, 2), "three_or_more": (3, 0)}


def test_visits_are_told_as_visits_where_everybody_has_one() -> None:
    frame = visits(3, 100).drop_duplicates("recipient").reset_index(drop=True)
    found = said(profiles.distribution(mark_population(frame, Population(SOURCE)), "age"), minimum=1)
    assert {each.quantity.unit for each in found} == {"rows", "people"}


def test_filter_is_part_of_the_region() -> None:
    frame = visits(4, 50, held=(("quarter", "blosne"),))
    assert all(("quarter", "blosne") in each.quantity.region.categories for each in said(profiles.totals(frame)))


def test_filter_tells_its_category_and_that_there_are_others() -> None:
    whole = visits(4, 50)
    young = mark_population(
        whole[whole["age"] == "young"].reset_index(drop=True), Population(SOURCE, (("age", "young"),))
    )
    table, splits = profiles.distribution(young, "channel"), {SOURCE: Splits(whole, "recipient")}
    assert variables_of([table], splits)[SOURCE]["age"] == Variable(("young", OTHERS), constant=True)
    both = variables_of([table, profiles.distribution(whole, "age")], splits)[SOURCE]["age"]
    assert sorted(both.categories) == ["mid", "old", "young"]
    assert both.constant
    assert "age" not in variables_of([table])[SOURCE]


def test_line_of_what_may_be_missing_is_there_even_where_it_is_of_nobody() -> None:
    frame = mark_population(visits(4, 50).dropna(), Population(SOURCE, optional=frozenset(["channel"])))
    sheets = [profiles.distribution(frame, "channel"), profiles.crosstab(frame, "age", by="channel")]
    assert all((table.cells["channel"] == MISSING).any() for table in sheets)
    assert not (profiles.distribution(frame, "age").cells["age"] == MISSING).any()


def test_rows_that_nobody_can_place_are_of_no_source() -> None:
    frame = visits(4, 50)
    found = said(profiles.distribution(frame[frame["age"] == "mid"], "channel"))
    assert {each.quantity.region.source for each in found} == {""}


def test_published_aggregates_say_nothing(ages: Table) -> None:
    assert ages.membership is None
    assert said(ages, minimum=1) == []
    assert variables_of([ages]) == {}


def test_variables_tell_what_is_constant_and_what_follows() -> None:
    frame = visits(5, 200)
    routes = profiles.people_by_route(frame, by="channel", keep=["age"])
    tables = [profiles.crosstab(frame, "age", by="channel"), profiles.distribution(routes, "route")]
    found = variables_of(tables)[SOURCE]
    assert found["age"].constant
    assert not found["channel"].constant
    assert set(found["channel"].categories) == {"walk_in", "appointment", MISSING}
    assert found["route"].sets == (
        "channel",
        {
            "appointment_only": ("appointment",),
            "walk_in_only": ("walk_in",),
            "both": ("appointment", "walk_in"),
        },
    )
    assert isinstance(found["age"], Variable)


def test_variables_tell_what_follows_from_a_finer_one_as_the_delivery_has_it() -> None:
    frame = visits(5, 200)
    frame["adult"] = frame["age"].map({"young": "no", "mid": "yes", "old": "yes"})
    marked = mark_derived(frame, frame, {"adult": "age"})
    tables = [profiles.distribution(marked, "age"), profiles.distribution(marked, "adult")]
    assert variables_of(tables)[SOURCE]["age"].parents == {}
    found = variables_of(tables, {SOURCE: Splits(marked)})[SOURCE]
    assert found["age"].parents == {"adult": {"young": "no", "mid": "yes", "old": "yes"}}
    assert variables_of(tables[1:], {SOURCE: Splits(marked)})[SOURCE]["adult"].parents == {}
    crossing = marked.assign(adult="yes").assign(adult=lambda each: each["adult"].where(each.index % 2 == 0, "no"))
    assert variables_of(tables, {SOURCE: Splits(crossing)})[SOURCE]["age"].parents == {}
