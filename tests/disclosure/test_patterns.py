"""People as patterns: where each one stands, with how many rows, and what follows from what."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from etabli.disclosure.patterns import ONE_EACH, build
from etabli.disclosure.regions import region
from etabli.methods import profiles
from etabli.methods.cells import PEOPLE_COUNT
from etabli.methods.results import Table

VISITS = pd.DataFrame(
    {
        "recipient": ["a", "a", "b", "c", "c", "d"],
        "age": ["old", "old", "young", "young", "young", "young"],
        "channel": ["x", "y", "x", "x", "x", "x"],
    }
)


def only_people(table: Table) -> Table:
    return replace(table, measures=(PEOPLE_COUNT,))


def test_facts_are_people_then_rows_of_each_region() -> None:
    system = build([profiles.distribution(VISITS, "channel")])
    people = dict(zip(system.regions, system.people.tolist(), strict=True))
    assert people == {
        region("", {}): 4,
        region("", {"channel": "x"}): 4,
        region("", {"channel": "y"}): 1,
    }
    rows = {str(system.regions[system.region_of_fact[fact]]): int(system.facts[fact]) for fact in range(3, 6)}
    assert rows == {"ensemble": 6, "channel = x": 5, "channel = y": 1}


def test_people_who_stand_alike_are_one_type() -> None:
    system = build([profiles.crosstab(VISITS, "age", by="channel")])
    assert sorted(system.multiplicity.tolist()) == [1, 1, 2]  # b and d stand alike


def test_region_of_two_tables_is_one_unknown() -> None:
    tables = [profiles.crosstab(VISITS, "age", by="channel"), profiles.distribution(VISITS, "channel")]
    together, alone = build(tables), build(tables[:1])
    assert together.regions == alone.regions
    assert (together.rows_of[1] == [alone.regions.index(region("", here)) for here in (
        {"channel": "x"}, {"channel": "y"}, {}
    )]).all()  # fmt: skip


def test_table_of_people_alone_tells_no_rows() -> None:
    table = profiles.distribution(VISITS, "channel")
    system = build([only_people(table)])
    assert {place.unit for place in system.places} == {ONE_EACH}
    assert len(system.facts) == 3


def test_rows_count_everywhere_once_a_table_tells_them_but_are_facts_only_there() -> None:
    by_age, channels = profiles.distribution(VISITS, "age"), only_people(profiles.distribution(VISITS, "channel"))
    system = build([by_age, channels])
    assert all(place.unit != ONE_EACH for place in system.places)
    told = {str(system.regions[each]) for each in system.region_of_fact[len(system.regions) :]}
    assert told == {"age = old", "age = young", "ensemble"}


def test_route_changes_with_the_channel_and_frequency_with_the_number_of_rows() -> None:
    people = profiles.people_by_route(VISITS)
    system = build([profiles.distribution(VISITS, "channel"), profiles.crosstab(people, "frequency", by="route")])
    assert ("channel", "route") in system.bundles
    assert system.by_rows == ["frequency"]


def test_variable_that_follows_from_another_in_all_the_data_changes_with_it() -> None:
    frame = pd.DataFrame({"recipient": range(40), "quarter": [*"nsew"] * 10, "side": ["up", "down", "up", "down"] * 10})
    system = build([profiles.distribution(frame, "quarter"), profiles.distribution(frame, "side")])
    assert system.bundles == (("quarter", "side"),)


def test_cell_that_cannot_exist_is_a_place_where_nobody_stands() -> None:
    people = profiles.people_by_route(VISITS)
    table = profiles.crosstab(people, "frequency", by="route", impossible=[("once", "both")])
    system = build([table])
    barred = {system.places[place].region for place in system.impossible}
    assert barred == {region("", {"frequency": "once", "route": "both"})}


def test_visits_of_which_each_person_has_one_are_told_apart_from_people() -> None:
    once = VISITS.drop_duplicates("recipient")
    system = build([profiles.distribution(once, "channel")])
    assert ONE_EACH not in {place.unit for place in system.places}
    assert len(system.facts) == 2 * len(system.regions)  # people, then rows
    wrongly = replace(profiles.distribution(VISITS, "channel"), one_each=True)
    assert ONE_EACH not in {place.unit for place in build([wrongly]).places}  # somebody has two
    people = build([profiles.distribution(profiles.people_by_route(once), "route")])
    assert {place.unit for place in people.places} == {ONE_EACH}
