"""Which people stand in each row of a table."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods import profiles
from etabli.methods.membership import (
    NUMBER,
    Population,
    beside,
    derived_of,
    mark_population,
    membership_of,
    population_of,
)
from etabli.methods.results import Table

VISITS = pd.DataFrame(
    {
        "recipient": ["a", "a", "b", "c", "c", "c"],
        "age": ["old", "old", "young", "young", "young", "young"],
        "channel": ["x", "y", "x", "x", "x", None],
    }
)


def counted_by_hand(table: Table, frame: pd.DataFrame) -> list[tuple[int, int, int]]:
    """People, rows and largest contributor of each row of a crosstab, filtered from the frame one row at a time."""
    found = []
    for age, channel in zip(table.cells["age"], table.cells["channel"], strict=True):
        rows = frame[(frame["age"] == age) | (age == "__total__")]
        known = rows["channel"].fillna("__missing__")
        rows = rows[(known == channel) | (channel == "__total__")]
        each = rows["recipient"].value_counts()
        found.append((len(each), len(rows), int(each.max()) if len(each) else 0))
    return found


def test_crosstab_knows_people_rows_and_largest_contributor_of_each_row() -> None:
    table = profiles.crosstab(VISITS, "age", by="channel")
    members = table.membership
    assert members is not None
    told = list(zip(members.distinct, members.totals, members.largest, strict=True))
    assert told == counted_by_hand(table, VISITS)


@pytest.mark.parametrize(
    "table",
    [
        profiles.totals(VISITS),
        profiles.distribution(VISITS, "channel"),
        profiles.profile_sheet(VISITS, ["age"], by="channel"),
        profiles.of_variable(profiles.profile_sheet(VISITS, ["age"], by="channel"), "age"),
        profiles.distribution(profiles.people_by_route(VISITS.dropna()), "route"),
    ],
)
def test_every_table_of_people_counts_those_who_stand_there(table: Table) -> None:
    assert table.membership is not None
    assert table.membership.distinct.tolist() == table.cells["people"].tolist()
    assert table.membership.totals.tolist() == table.cells["rows"].tolist()


def test_odds_ratio_knows_the_fewer_of_those_with_and_without_the_event() -> None:
    visits = pd.DataFrame({"recipient": range(8), "age": [*"aaaaabbb"], "channel": [*"xxyyyxyy"]})
    table = profiles.odds_ratios(visits, outcome="channel", event="x", on=["age"])
    assert table.membership is not None
    assert [set(table.membership.of_rows(np.array([row])).rows.tocoo().coords[0]) for row in (0, 1)] == [{0, 1}, {5}]


def test_rows_that_were_sorted_are_refused() -> None:
    table = profiles.distribution(VISITS, "channel")
    with pytest.raises(MethodError, match="personnes qu’il compte"):
        table.with_cells(table.cells.sort_values("people", ignore_index=True))


def test_rows_that_were_dropped_are_refused() -> None:
    table = profiles.distribution(VISITS, "channel")
    with pytest.raises(MethodError, match="quelles personnes"):
        table.with_cells(table.cells.head(2))


def test_membership_is_never_written() -> None:
    table = profiles.distribution(VISITS, "channel")
    with pytest.raises(MethodError, match="ne s’écrit pas"):
        pickle.dumps(table)
    assert "a" not in repr(table.membership).replace("Membership", "").replace("rows", "")


def test_beside_keeps_people_that_only_one_table_has() -> None:
    one = membership_of(np.array(["a", "b"]), np.array([[1], [2]]))
    other = membership_of(np.array(["c", "b"]), np.array([[3], [1]]))
    both = beside([one, other])
    assert both.totals.tolist() == [3, 4]
    assert both.distinct.tolist() == [2, 2]
    assert both.rows.toarray()[list(both.people).index("b")].tolist() == [2, 1]


def test_population_and_what_follows_travel_with_a_frame_of_people() -> None:
    people = profiles.people_by_route(mark_population(VISITS.dropna(), Population("file", (("quarter", "north"),))))
    assert population_of(people) == Population("file", (("quarter", "north"),), rows=3, one_each=True)
    assert derived_of(people) == {"route": "channel", "frequency": NUMBER, "number": NUMBER, "visits": NUMBER}
    table = profiles.distribution(people, "route")
    assert (table.source, table.held, table.derived) == ("file", {"quarter": "north"}, {"route": "channel"})
    assert table.one_each
    visits = mark_population(VISITS.dropna().drop_duplicates("recipient"), Population("file"))
    assert not profiles.distribution(visits, "channel").one_each  # visits, of which each happens to have one


def test_rows_that_left_a_frame_leave_nobody_knows_whose() -> None:
    visits = mark_population(VISITS, Population("file"))
    assert population_of(visits.assign(extra=1)).is_known
    some = visits[visits["channel"] == "x"]
    assert not population_of(some).is_known
    assert not population_of(profiles.people_by_route(some)).is_known
    assert profiles.totals(some).source == ""
