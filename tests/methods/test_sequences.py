"""From one channel to the next, and channels in their order: by hand, over several files, and what may leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.attacker import attack
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.statements import Publication, SourceTold
from etabli.errors import MethodError
from etabli.methods import profiles, sequences
from etabli.methods.following import Following
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import Table
from etabli.present.said import statements_of, variables_of

FORTNIGHT = Following("2024-12-31", within=(14,))
DESK, REMOTE = ["walk_in", "appointment"], ["online", "phone"]

Row = tuple[str | None, float, str | None]


def contacts(rows: list[Row], channels: list[str] | None = None) -> pd.DataFrame:
    """Contacts: who, on which day of the quarter (0: 1 October), by which channel."""
    made = pd.DataFrame(rows, columns=["recipient", "day", "channel"])
    made["visited_at"] = pd.Timestamp("2024-10-01") + pd.to_timedelta(made.pop("day"), unit="D")
    if channels:
        made["channel"] = pd.Categorical(made["channel"], channels)
    return mark_population(made, Population(("d" if channels == DESK else "e") * 64))


REMOTELY: list[Row] = [
    ("a", 0, "online"),
    ("a", 1, "online"),
    ("a", 3, "phone"),
    ("b", 10, "phone"),
    ("c", 85, "phone"),
]
AT_THE_DESK: list[Row] = [("a", 10, "walk_in"), ("a", 40, "appointment"), ("b", 24, "walk_in"), ("d", 5, "walk_in")]


def test_next_contact_is_looked_for_in_all_files() -> None:
    desk, remote = contacts(AT_THE_DESK, DESK), contacts(REMOTELY, REMOTE)
    found = sequences.with_next(remote, FORTNIGHT, others=[desk])
    assert found["next_channel"].to_list() == ["online", "phone", "walk_in", "walk_in"]
    assert found["next_channel"].cat.categories.to_list() == [*REMOTE, *DESK, "none"]
    after = sequences.with_next(desk, FORTNIGHT, others=[remote])
    assert after["next_channel"].to_list() == ["none", "none", "none", "none"]
    table = profiles.crosstab(found, "channel", by="next_channel")
    assert table.held == {"followed": "14_days"}
    assert table.source == "e" * 64
    assert table.value("share", channel="phone", next_channel="walk_in").number == 1
    assert table.value("people", channel="online", next_channel="online").number == 1


@pytest.mark.parametrize(("day", "next_channel"), [(14, "walk_in"), (15, "none")])
def test_next_contact_is_within_the_delay(day: int, next_channel: str) -> None:
    rows: list[Row] = [("a", 0, "walk_in"), ("a", day, "walk_in")]
    assert sequences.with_next(contacts(rows), FORTNIGHT)["next_channel"].iloc[0] == next_channel


def test_contact_without_a_person_or_before_one_without_a_channel_is_followed_by_nothing_known() -> None:
    rows: list[Row] = [(None, 0, "walk_in"), ("a", 0, "walk_in"), ("a", 3, None), ("b", 3, "walk_in")]
    assert sequences.with_next(contacts(rows), FORTNIGHT)["next_channel"].isna().tolist() == [True, True, False, False]


def test_channel_named_as_no_contact_is_refused() -> None:
    with pytest.raises(MethodError, match="none"):
        sequences.with_next(contacts([("a", 0, "none")]), FORTNIGHT)


def test_transitions_are_those_planted() -> None:
    """After a phone call, 60 % come to the desk within two days, whoever they are; some call several times."""
    rng = np.random.default_rng(4)
    rows: list[Row] = []
    for person in range(1_500):
        for start in rng.choice([0, 20, 40, 60], rng.integers(1, 4), replace=False):
            rows.append((f"p{person}", start, "phone"))
            if rng.random() < 0.6:
                rows.append((f"p{person}", start + 1.5, "walk_in"))
    table = profiles.crosstab(sequences.with_next(contacts(rows), FORTNIGHT), "channel", by="next_channel")
    row = table.cells.iloc[table.value("share", channel="phone", next_channel="walk_in").row]
    assert row["share_low"] <= 0.6 <= row["share_high"]
    assert row["share_high"] - row["share_low"] < 0.05


# In their order ------------------------------------------------------------------------------------------


def test_sequence_is_of_all_files_and_people_are_those_of_one() -> None:
    desk, remote = contacts(AT_THE_DESK, DESK), contacts(REMOTELY, REMOTE)
    people = sequences.people_by_sequence(desk, others=[remote], steps=3)
    told = dict(zip(people["recipient"], people["sequence"], strict=True))
    assert told == {"a": "online_phone_walk_in", "b": "phone_walk_in", "d": "walk_in"}
    assert people["first_channel"].to_list() == ["online", "phone", "walk_in"]
    assert people["route"].to_list() == ["both", "walk_in_only", "walk_in_only"]
    assert profiles.distribution(people, "sequence").source == "d" * 64


def test_same_channel_several_times_in_a_row_is_once_and_later_ones_are_not_told() -> None:
    rows: list[Row] = [("a", 1, "x"), ("a", 2, "x"), ("a", 3, "y"), ("a", 4, "x"), ("b", 1, "y")]
    assert sequences.people_by_sequence(contacts(rows))["sequence"].to_list() == ["x_y", "y"]
    assert sequences.people_by_sequence(contacts(rows), steps=1)["sequence"].to_list() == ["x", "y"]
    assert sequences.people_by_sequence(contacts(rows), steps=3)["sequence"].to_list() == ["x_y_x", "y"]


def test_contacts_at_one_moment_are_in_the_order_of_the_files_then_of_their_rows() -> None:
    rows: list[Row] = [("a", 1, "y"), ("a", 1, "x")]
    assert sequences.people_by_sequence(contacts(rows))["sequence"].to_list() == ["y_x"]
    desk, remote = contacts([("a", 1, "walk_in")], DESK), contacts([("a", 1, "phone")], REMOTE)
    assert sequences.people_by_sequence(desk, others=[remote])["sequence"].to_list() == ["walk_in_phone"]


def test_sequence_with_an_unknown_channel_is_unknown() -> None:
    rows: list[Row] = [("a", 1, "x"), ("a", 2, None), ("b", 1, "x"), ("b", 2, "y"), ("b", 3, None), ("c", 0, None)]
    people = sequences.people_by_sequence(contacts(rows))
    assert people["sequence"].isna().tolist() == [True, False, True]
    assert people["first_channel"].isna().tolist() == [True, False, True]


def test_listed_sequences_stand_by_themselves() -> None:
    rows: list[Row] = [("a", 1, "x"), ("a", 2, "y"), ("b", 1, "y")]
    people = sequences.people_by_sequence(contacts(rows), listed=["x_y"])
    assert people["sequence"].to_list() == ["x_y", "other"]
    with pytest.raises(MethodError, match=r"x_x.*n’existe pas"):
        sequences.people_by_sequence(contacts(rows), listed=["x_x"])
    with pytest.raises(MethodError, match="un canal au moins"):
        sequences.people_by_sequence(contacts(rows), steps=0)


def test_nobody_has_no_sequence() -> None:
    people = sequences.people_by_sequence(contacts([], DESK).astype({"visited_at": "datetime64[ns]"}))
    assert len(people) == 0
    assert people["sequence"].cat.categories.to_list() == ["walk_in", "appointment", "walk_in_appointment", "appointment_walk_in"]  # fmt: skip  # noqa: E501


# What leaves ---------------------------------------------------------------------------------------------

K = 5
FUNDER = Policy("funder", K, ("convention",))


def people_with(sizes: dict[str, int], **held: object) -> pd.DataFrame:
    """So many people with each sequence of x, y and z."""
    rows: list[Row] = [
        (f"{path}{n}", step, channel)
        for path, size in sizes.items()
        for n in range(size)
        for step, channel in enumerate(path)
    ]
    return sequences.people_by_sequence(contacts(rows, ["x", "y", "z"]), **held)  # type: ignore[arg-type]


def is_attacked(table: Table) -> bool:
    places = [("t", table, row, measure) for row in range(len(table.cells)) for measure in table.measures]
    said = statements_of(places, protect([table], FUNDER))
    source = SourceTold("visits", "caf", K)
    return not attack([Publication("essai/x", {table.source: source}, variables_of([table]), tuple(said))]).holds


COMMON = {"x": 60, "y": 40, "z": 30, "xy": 50, "yx": 20}


@pytest.mark.parametrize("rare", [0, 1, K - 1, K])
def test_list_of_sequences_does_not_tell_which_are_rare(rare: int) -> None:
    """A list of those that somebody used, or that five did, names the others: ours is the same whoever came."""
    table = profiles.distribution(people_with({**COMMON, "xz": rare}), "sequence")
    assert table.cells["sequence"].to_list() == [
        *["x", "y", "z", "x_y", "x_z", "y_x", "y_z", "z_x", "z_y"], "__total__"
    ]  # fmt: skip
    masked = protect([table], FUNDER).of(table).masked
    assert masked[4] == (0 < rare < K)
    assert not is_attacked(table)


def test_list_of_what_was_met_would_bound_what_is_masked() -> None:
    """What the rule stops: listed from 30 people on, three with « yx » are « other », and masked with another one.

    Whoever sees that one listed knows that it has 30 people at least: of 33 together, three at most are « other ».
    """
    sizes = {"x": 60, "y": 40, "z": 30, "yx": 3}
    met = [name for name, size in sizes.items() if size >= 30]
    table = profiles.distribution(people_with(sizes, listed=met), "sequence")
    shown = protect([table], FUNDER).of(table)
    hidden = dict(zip(table.cells["sequence"], shown.masked, strict=True))
    assert hidden["other"]
    kept = table.cells[~shown.masked & (table.cells["sequence"] != "__total__")]
    left = int(table.cells["people"].iloc[-1]) - int(kept["people"].sum())
    others_masked = sum(hidden.values()) - 1
    assert left - 30 * others_masked < K  # with the rule of the list, « other » is known to be few


def test_first_channel_beside_the_sequences_betrays_nobody() -> None:
    people = people_with({**COMMON, "xz": 3, "zy": 2})
    tables = [profiles.distribution(people, name) for name in ("first_channel", "sequence")]
    found = protect(tables, FUNDER)
    hidden = [found.of(table).masked for table in tables]
    assert hidden[1][4]
    assert hidden[1][8]
    assert sum(each.sum() for each in hidden) > 2  # the first channel less its other sequences would give them
