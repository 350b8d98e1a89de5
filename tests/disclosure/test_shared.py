"""What runs of an edition leave for one another: by rules, by what they were made with, by what their names mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from etabli.disclosure.plan import Former, RegionMasks, plan_for
from etabli.disclosure.policy import Floor, Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.shared import Shelf, decided_for, home_of
from etabli.memo import Mark
from etabli.methods import profiles
from etabli.methods.membership import Membership, Population, mark_population, membership_of
from etabli.methods.results import Table
from etabli.project import Project

POLICY = Policy("funder", 5, ("convention",))
SOURCE = "d" * 64


def rows(few: int = 3, *, people: str = "p") -> pd.DataFrame:
    ages = ["old"] * 40 + ["young"] * 30 + ["mid"] * few
    frame = pd.DataFrame({"recipient": [f"{people}{n}" for n in range(len(ages))], "age": ages})
    return mark_population(frame, Population(SOURCE))


def counted(few: int = 3, *, people: str = "p") -> Table:
    return profiles.distribution(rows(few, people=people), "age")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "plans", ("code", "delivery"), "2024_funder", declared=True, mark=Mark(tmp_path, ""))


def of(shelf: Shelf, run: str) -> Shelf:
    return replace(shelf, run=run)


def leave(shelf: Shelf, table: Table, policy: Policy = POLICY) -> None:
    with shelf.locked():
        shelf.leave([table], policy)


def found_by(shelf: Shelf, table: Table, policy: Policy = POLICY) -> list[str]:
    with shelf.locked():
        return list(shelf.others([table], policy))


def test_run_finds_what_the_others_left_and_not_its_own(shelf: Shelf) -> None:
    for run in ("b", "a", shelf.run):
        leave(of(shelf, run), counted())
    assert found_by(shelf, counted()) == ["a", "b"]
    with shelf.locked():
        (table,) = shelf.others([counted()], POLICY)["a"]
    assert table.membership is not None
    assert sorted(table.membership.distinct.tolist()) == [3, 30, 40, 73]


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (replace(POLICY, audience="public", floor=Floor("quarter", "x")), ["a"]),
        (replace(POLICY, minimum_people=6), []),
        (replace(POLICY, whole_group=frozenset({"age"})), []),
    ],
)
def test_only_runs_under_the_same_rules_share_a_plan(policy: Policy, found: list[str], shelf: Shelf) -> None:
    leave(of(shelf, "a"), counted())
    assert found_by(shelf, counted(), policy) == found


def test_what_was_made_with_something_else_is_removed(shelf: Shelf) -> None:
    leave(of(shelf, "a"), counted())
    other = replace(shelf, made_with=("code", "another delivery"))
    assert found_by(other, counted()) == []
    assert found_by(shelf, counted()) == []
    assert [path.name for path in shelf.home.iterdir() if path.is_dir()] == [shelf.folder.name]


def test_damaged_file_is_as_good_as_none(shelf: Shelf) -> None:
    leave(of(shelf, "a"), counted())
    (path,) = shelf.folder.glob("*.run")
    path.write_bytes(path.read_bytes()[:-1])
    assert found_by(shelf, counted()) == []
    leave(of(shelf, "a"), counted())
    (path,) = shelf.folder.glob("*.table")
    path.write_bytes(path.read_bytes()[:-1])
    assert found_by(shelf, profiles.totals(rows())) == []
    leave(of(shelf, "a"), counted())
    assert found_by(shelf, profiles.totals(rows())) == ["a"]


def test_runs_that_call_other_people_by_one_name_are_protected_apart(shelf: Shelf) -> None:
    leave(of(shelf, "a"), counted())
    leave(of(shelf, "b"), counted(people="q"))
    assert found_by(of(shelf, "c"), profiles.totals(pd.DataFrame({"recipient": ["x"]}))) == []
    assert found_by(of(shelf, "a"), counted()) == []


def test_plan_depends_on_which_runs_there_are_and_not_on_their_order() -> None:
    frame = pd.DataFrame({"recipient": range(60), "age": [*"aab"] * 20, "channel": [*"xy"] * 27 + [*"xxxxxx"]})
    frame = mark_population(frame, Population(SOURCE))
    tables = [
        [profiles.distribution(frame.assign(part="x"), "age")],
        [profiles.crosstab(frame, "age", by="channel"), profiles.totals(frame)],
        [profiles.distribution(frame, "channel")],
    ]
    strict = replace(POLICY, minimum_people=12)
    plans = [protect(own, strict, beside=[each for each in tables if each is not own]).plan.states for own in tables]
    assert plans[0] == plans[1] == plans[2]
    assert "masked" in plans[0].values()


def test_plan_of_the_same_tables_is_made_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counting(tables: Sequence[Table], policy: Policy, **options: Any) -> RegionMasks:
        made.append(len(tables))
        return plan_for(tables, policy, **options)

    monkeypatch.setattr("etabli.disclosure.shared.plan_for", counting)
    with shelf.locked():
        first = shelf.plan([counted()], POLICY)
        assert shelf.plan([counted()], replace(POLICY, audience="public")) == first
        assert made == [1]
        others: list[tuple[list[Table], Policy, dict[str, Any]]] = [
            ([counted(4)], POLICY, {}),
            ([counted(people="q")], POLICY, {}),
            ([counted()], replace(POLICY, minimum_people=6), {}),
            ([counted()], POLICY, {"reports": 2}),
            ([counted()], POLICY, {"former": Former(hidden=frozenset(first.masked))}),
            ([counted()], POLICY, {"former": Former(tables=(counted(),))}),
        ]
        for tables, policy, options in others:
            shelf.plan(tables, policy, **options)
    assert len(made) == 1 + len(others)


def test_table_that_repeats_another_says_nothing_more() -> None:
    seen: list[list[Table]] = []

    def seeing(tables: Sequence[Table], policy: Policy, **options: Any) -> RegionMasks:
        seen.append(list(tables))
        return plan_for(tables, policy, **options)

    own, other = counted(), profiles.totals(rows())
    found = protect([own], POLICY, beside=[[counted()], [counted(), other]], planner=seeing)
    assert sorted(table.content for table in seen[0]) == sorted([own.content, other.content])
    assert found.of(own).hidden == protect([own], POLICY).of(own).hidden


def test_content_is_kept_with_a_table_and_tells_its_people(shelf: Shelf) -> None:
    leave(of(shelf, "a"), counted())
    with shelf.locked():
        (table,) = shelf.others([counted()], POLICY)["a"]
    assert vars(table)["content"] == counted().content
    assert counted().content != counted(people="q").content


def test_content_tells_who_stands_where_and_how_often() -> None:
    def members(*pairs: tuple[int, int]) -> Membership:
        matrix = sparse.csr_array((np.ones(len(pairs)), tuple(zip(*pairs, strict=True))), shape=(3, 2))
        return membership_of(np.array(["a", "b", "c"]), matrix)

    one, again = members((0, 0), (1, 1), (2, 1)), members((2, 1), (0, 0), (1, 1))
    others = [members((1, 0), (0, 1), (2, 1)), members((0, 0), (1, 1), (2, 1), (2, 1)), members((0, 0), (1, 1))]
    assert one.content == again.content
    assert len({each.content for each in [one, *others]}) == 4
    assert members((0, 0), (1, 1), (1, 1)).standing == members((0, 0), (1, 1)).standing  # more rows, the same people


def test_decisions_are_told_by_run(shelf: Shelf) -> None:
    assert decided_for(shelf.home, "a") is None
    one, other = counted(3), counted(9)
    with shelf.locked():
        shelf.decide({"a": [one]}, plan_for([one], POLICY))
        shelf.decide({"b": [other]}, plan_for([other], POLICY))
    first, second = decided_for(shelf.home, "a"), decided_for(shelf.home, "b")
    assert first is not None
    assert second not in {None, first}
    assert decided_for(shelf.home, "c") is None
    (shelf.folder / "decided.json").write_text("{", encoding="utf-8")
    assert decided_for(shelf.home, "a") is None


def test_coalition_has_its_own_place_whatever_the_order_of_its_bodies(tmp_path: Path) -> None:
    project = Project(tmp_path)
    places = {home_of(project, "essai", "2024", holders) for holders in (["a", "b"], ["b", "a"], ["a"])}
    assert len(places) == 2
    assert all(place.is_relative_to(project.cache) for place in places)
