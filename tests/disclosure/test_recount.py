"""What was released is counted again from the delivery, or said to be lost; protection then takes it into account."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from etabli.disclosure.attacker import attack
from etabli.disclosure.held import Held, held_in, neighbours
from etabli.disclosure.lattice import Stayers
from etabli.disclosure.plan import NOTHING, Former
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect, protect_as
from etabli.disclosure.recount import Rows, former_of
from etabli.disclosure.regions import lines_of, region, regions_of
from etabli.disclosure.statements import Publication, Quantity, SourceTold
from etabli.methods import profiles
from etabli.methods.arrivals import by_clock
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import MISSING, Table
from etabli.methods.routes import people_by_route
from etabli.present.said import lasting_in, statements_of, variables_of

SOURCE, K = "d" * 64, 5
POLICY = Policy("funder", K, ("convention",))


def visits(*groups: tuple[str, str | None, int]) -> pd.DataFrame:
    """So many people of an age, who came once by a channel."""
    rows = [(f"{age}{channel}{n}", age, channel) for age, channel, people in groups for n in range(people)]
    return mark_population(pd.DataFrame(rows, columns=["recipient", "age", "channel"]), Population(SOURCE))


def filtered(frame: pd.DataFrame, name: str, code: str) -> pd.DataFrame:
    return mark_population(frame[frame[name] == code].reset_index(drop=True), Population(SOURCE, ((name, code),)))


def told(report: str, tables: list[Table], former: Former = Former()) -> Publication:  # noqa: B008 – frozen
    protection = protect(tables, POLICY, former=former)
    places = [
        (f"tableau-{rank}", table, row, measure)
        for rank, table in enumerate(tables)
        for row in range(len(table.cells))
        for measure in table.measures
    ]
    statements = tuple(statements_of(places, protection))
    known = {SOURCE: SourceTold("visits", "caf", K)}
    return Publication(report, known, variables_of(tables), statements, protection.plan.states)


def former(held: Held, frame: pd.DataFrame, tables: list[Table]) -> Former:
    return former_of(held, {SOURCE: Rows(frame, "recipient")}, {r for table in tables for r in regions_of(table)})


def named(former: Former) -> dict[str, int]:
    return {
        str(each): int(people)
        for table in former.tables
        for each, people in zip(regions_of(table), table.cells["people"], strict=True)
    }


FRAME = visits(("old", "x", 20), ("old", None, 7), ("young", "x", 30), ("young", "y", 9))


def test_held_regions_are_counted_again() -> None:
    held = held_in({1: told("a", [profiles.crosstab(FRAME, "age", by="channel")])}, {SOURCE})
    found = former(held, FRAME, [profiles.distribution(FRAME, "age")])
    assert found.lost == frozenset()
    assert named(found) == {
        "channel = x": 50,
        "channel = y": 9,
        f"channel = {MISSING}": 7,
        "age = old ; channel = x": 20,
        "age = old ; channel = y": 0,
        f"age = old ; channel = {MISSING}": 7,
        "age = young ; channel = x": 30,
        "age = young ; channel = y": 9,
        f"age = young ; channel = {MISSING}": 0,
    }  # those of ages, and everybody, stand in the report's own table


def test_counted_again_they_add_up_along_their_lines() -> None:
    held = held_in({1: told("a", [profiles.crosstab(FRAME, "age", by="channel")])}, {SOURCE})
    (table,) = former(held, FRAME, []).tables
    assert {line.variable for line in lines_of(table)} == {"age", "channel"}
    part = replace(held.publications[0], statements=held.publications[0].statements[:-6], states={})
    (table,) = former(Held((part,), (1,)), FRAME, []).tables
    assert all(
        table.cells["rows"].iloc[list(line.parts)].sum() == table.cells["rows"].iloc[line.whole]
        for line in lines_of(table)
    )


def test_visits_by_their_clock_and_people_by_their_number_are_counted_again() -> None:
    moments = pd.Series(pd.to_datetime(["2024-10-07 09:10", "2024-10-08 10:20"] * 33)).astype("datetime64[us]")
    frame = mark_population(FRAME.assign(visited_at=moments), Population(SOURCE))
    for table, name in (
        (profiles.crosstab(by_clock(frame), "weekday", by="hour"), "hour = h09 ; weekday = monday"),
        (profiles.distribution(people_by_route(frame), "number"), "number = one"),
    ):
        held = held_in({1: told("a", [table])}, {SOURCE})
        found = former(held, frame, [profiles.distribution(frame, "age")])
        assert found.lost == frozenset()
        assert named(found)[name] == table.cells["people"].iloc[0]


def test_people_by_their_route_are_counted_again() -> None:
    both = pd.concat([FRAME, visits(("old", "x", 20)).assign(channel="y")], ignore_index=True)
    frame = mark_population(both[both["channel"].notna()].reset_index(drop=True), Population(SOURCE))
    people = people_by_route(frame, keep=["age"])
    held = held_in({1: told("a", [profiles.crosstab(people, "age", by="route")])}, {SOURCE})
    found = former(held, frame, [])
    assert found.lost == frozenset()
    assert named(found)["age = old ; route = both"] == 20
    assert {name: origin for table in found.tables for name, origin in table.derived.items()} == {"route": "channel"}


@pytest.mark.parametrize("change", ["variable", "number"])
def test_what_cannot_be_counted_again_is_lost(change: str) -> None:
    held = held_in({3: told("a", [profiles.distribution(FRAME, "age")])}, {SOURCE})
    frame = FRAME.drop(columns="age") if change == "variable" else FRAME.iloc[1:]
    found = former(held, frame, [])
    lost = {region(SOURCE, {"age": "old"})} | (set() if change == "number" else {region(SOURCE, {"age": "young"})})
    assert found.lost == lost | (set() if change == "variable" else {region(SOURCE, {})})
    assert held.speaking_of(found.lost) == [3]


@pytest.mark.parametrize(("rest", "masks"), [(0, False), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_report_that_would_disclose_beside_another_is_masked(rest: int, masks: bool) -> None:
    """The old of everybody less the old of channel x are those of channel y: too few, or enough."""
    frame = visits(("old", "x", 40), ("old", "y", rest), ("young", "x", 30), ("young", "y", 20))
    first = told("a", [profiles.distribution(frame, "age")])
    own = [profiles.distribution(filtered(frame, "channel", "x"), "age")]
    held = held_in({1: first}, {SOURCE})
    alone, joint = told("b", own), told("b", own, former(held, frame, own))
    assert not alone.hidden
    assert attack([first, alone]).holds is not masks
    assert bool(joint.hidden) is masks
    assert attack([first, joint]).holds


def test_what_was_masked_once_is_masked_everywhere() -> None:
    frame = visits(("old", "x", 3), ("old", "y", 20), ("young", "x", 30), ("young", "y", 20))
    first = told("a", [profiles.crosstab(frame, "age", by="channel")])
    own = [profiles.distribution(frame, "channel"), profiles.distribution(frame, "age")]
    held = held_in({1: first}, {SOURCE})
    assert first.hidden
    assert told("b", own, former(held, frame, own)).hidden >= first.hidden & set(regions_of(own[0]))


def test_what_was_told_is_told_again() -> None:
    """« old » was shown beside nothing; it is not masked beside a table that would have masked it."""
    frame = visits(("old", "x", 3), ("old", "y", 20), ("young", "x", 30), ("young", "y", 20), ("mid", "x", 9))
    first = told("a", [profiles.distribution(frame, "age")])
    own = [profiles.crosstab(frame, "age", by="channel")]
    held = held_in({1: first}, {SOURCE})
    joint = told("b", own, former(held, frame, own))
    ages = set(regions_of(profiles.distribution(frame, "age")))
    assert not first.hidden
    assert not joint.hidden & ages
    assert attack([first, joint]).holds


def test_masks_of_a_release_are_taken_whole_or_not_at_all() -> None:
    frame = visits(("old", "x", 3), ("old", "y", 20), ("young", "x", 30), ("young", "y", 20))
    tables = [profiles.crosstab(frame, "age", by="channel")]
    first = told("a", tables)
    again = protect_as(tables, POLICY, first.states)
    assert again is not None
    assert again.plan.states == first.states
    assert protect_as([*tables, profiles.totals(filtered(frame, "age", "old"))], POLICY, first.states) is not None
    fewer = {each: state for each, state in first.states.items() if each.categories}
    assert protect_as(tables, POLICY, fewer) is None


@pytest.mark.parametrize(("minimum", "kept"), [(K, True), (9, True), (10, False)])
def test_masks_of_a_release_do_not_do_under_a_higher_minimum(minimum: int, kept: bool) -> None:
    tables = [profiles.distribution(visits(("old", "x", 9), ("young", "x", 30), ("mid", "x", 40)), "age")]
    states = told("a", tables).states
    again = protect_as(tables, replace(POLICY, minimum_people=minimum), states)
    assert (again is not None) is kept


def test_release_that_betrays_by_itself_withholds_no_other_report() -> None:
    """What was told too much before is not this report's doing."""
    frame = visits(("old", "x", 3), ("old", "y", 20), ("young", "x", 30), ("young", "y", 20))
    tables = [profiles.crosstab(frame, "age", by="channel")]
    open_to_all = protect(tables, Policy("internal", 1, ()))
    places = [("tableau-1", tables[0], row, each) for row in range(len(tables[0].cells)) for each in tables[0].measures]
    betrayed = Publication(
        "a", {SOURCE: SourceTold("visits", "caf", K)}, variables_of(tables), tuple(statements_of(places, open_to_all))
    )
    own = [profiles.distribution(frame, "channel")]
    held = held_in({1: betrayed}, {SOURCE})
    assert Quantity(region(SOURCE, {"age": "old", "channel": "x"}), "people") in held.told
    assert not told("b", own, former(held, frame, own)).hidden


# Editions of the same people -----------------------------------------------------------------------------

LATER = "e" * 64


def edition(source: str, came: int = 0) -> tuple[list[Table], pd.DataFrame]:
    """Seventy people by age, and so many more who are old."""
    frame = visits(("old", "x", 40 + came), ("young", "x", 30))
    frame = mark_population(frame, Population(source))
    return [profiles.distribution(frame, "age")], frame


def of_edition(source: str, tables: list[Table], beside: Publication | None = None) -> Publication:
    """What a report of one edition tells, beside what its readers hold of the other one."""
    known = NOTHING
    if beside is not None:
        (other,) = beside.sources
        bounds = neighbours(
            [beside],
            {other: (source, source == LATER)},
            lasting_in(tables),
            {},
            [each for table in tables for each in regions_of(table)],
        )
        known = replace(NOTHING, least=bounds.least, most=bounds.most)
    found = told(f"essai/{source[0]}", tables, known)
    return replace(found, sources={source: SourceTold("visits", "caf", K)})


@pytest.mark.parametrize("later_first", [False, True])
@pytest.mark.parametrize(("came", "masks"), [(0, False), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_few_who_came_since_the_last_edition_are_not_known(came: int, masks: bool, later_first: bool) -> None:
    before, after = edition(SOURCE)[0], edition(LATER, came)[0]
    if later_first:
        second = of_edition(LATER, after)
        first = of_edition(SOURCE, before, second)
    else:
        first = of_edition(SOURCE, before)
        second = of_edition(LATER, after, first)
    stayers = [Stayers(SOURCE, LATER)]
    apart = [of_edition(SOURCE, before), of_edition(LATER, after)]
    assert attack(apart, stayers=stayers).holds is not masks
    assert bool(first.hidden or second.hidden) is masks
    assert attack([first, second], stayers=stayers).holds


def test_what_varies_in_an_edition_bounds_nothing_in_the_next() -> None:
    tables, _ = edition(SOURCE)
    (digest,) = of_edition(SOURCE, tables).sources
    regions = [region(LATER, {}), region(LATER, {"age": "old"})]
    found = neighbours([of_edition(SOURCE, tables)], {digest: (LATER, True)}, set(), {}, regions)
    assert found.least == {region(LATER, {}): 70}
    assert found.most == {}
