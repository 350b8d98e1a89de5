"""Witnesses: found by walking and by programming, with each person moving once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.mover import Change, Mover
from etabli.disclosure.moves import all_moves
from etabli.disclosure.patterns import System, build
from etabli.disclosure.pool import Moves, Part, merged
from etabli.disclosure.proof import recounted, sums_of
from etabli.disclosure.steps import Steps
from etabli.disclosure.targets import Open, Target, targets_of
from etabli.disclosure.witness import Search
from etabli.methods import profiles

K = 3


def world() -> tuple[System, Moves, Target]:
    """Two « old » by x among many others."""
    sizes = {("old", "x"): 2, ("old", "y"): 9, ("mid", "x"): 20, ("mid", "y"): 20, ("low", "x"): 20, ("low", "y"): 20}
    lines = [(f"{age}{channel}{n}", age, channel) for (age, channel), size in sizes.items() for n in range(size)]
    frame = pd.DataFrame(lines, columns=["recipient", "age", "channel"])
    tables = [profiles.crosstab(frame, "age", by="channel")]
    system = build(tables)
    targets = targets_of(system, tables, minimum=K)
    moves = all_moves(system, targets, small=K)
    small = next(each for each in targets if len(each.regions) == 1 and each.count == 2)
    return system, moves, small


def priced(system: System, free: list[int], *, barred: bool = False) -> Open:
    """Some regions may change for nothing; all others at a price, or not at all."""
    open_facts = np.isin(system.region_of_fact, free)
    price = np.where(open_facts, 0.0, np.inf if barred else 1.0)
    return Open(np.where(open_facts, -np.inf, 0.0), np.where(open_facts, np.inf, 0.0), price)


def proved(system: System, moved: list[tuple[int, Change]], target: Target, open_facts: Open, *, up: bool) -> None:
    mover = Mover(system)
    facts = recounted(system, mover, moved, sums_of(system, mover))
    assert facts is not None
    change = facts - system.facts
    assert target.attained(change, up=up)
    if np.isinf(open_facts.price).any():
        assert not change[np.isinf(open_facts.price)].any()


@pytest.mark.parametrize("up", [True, False])
def test_walk_reaches_the_far_bound_of_a_target(up: bool) -> None:
    system, moves, target = world()
    aim = np.zeros(len(system.facts))
    aim[list(target.regions)] = 1.0 if up else -1.0
    open_facts = priced(system, list(target.regions))
    walked = Steps(system, moves).walk(aim, 1 if up else 2, open_facts, patience=50)
    assert walked is not None
    proved(system, walked[0], target, open_facts, up=up)


@pytest.mark.parametrize("up", [True, False])
def test_programme_finds_a_witness_that_changes_nothing_shown(up: bool) -> None:
    """With the four corners of a rectangle masked, everything else stays as it is."""
    system, moves, target = world()
    names = {str(region): number for number, region in enumerate(system.regions)}
    corners = [names[f"age = {age} ; channel = {channel}"] for age in ("old", "mid") for channel in ("x", "y")]
    open_facts = priced(system, corners, barred=True)
    found = Search(system, moves).find(target, up=up, open_facts=open_facts)
    assert found is not None
    proved(system, found, target, open_facts, up=up)


def test_no_witness_where_everything_else_is_shown() -> None:
    system, moves, target = world()
    open_facts = priced(system, list(target.regions), barred=True)
    assert Search(system, moves).find(target, up=True, open_facts=open_facts) is None


def test_moves_that_need_the_same_person_are_cut_off() -> None:
    """Two ways to leave one region, for the one person who stands there: they cannot leave it twice."""
    frame = pd.DataFrame({"recipient": [*"abcdefg"], "channel": [*"xyyyzzz"]})
    system = build([profiles.distribution(frame, "channel")])
    mover = Mover(system)
    only = next(k for k in range(len(system.multiplicity)) if system.multiplicity[k] == 1)
    offers: dict[tuple[tuple[int, int], ...], list[tuple[Part, ...]]] = {}
    for there in ("y", "z"):
        change = Change((("channel", frozenset([there])),))
        facts = recounted(system, mover, [(only, change)], sums_of(system, mover))
        assert facts is not None
        effect = tuple((int(fact), int(by)) for fact, by in enumerate(facts - system.facts) if by)
        offers[effect] = [(Part(np.array([only]), change),)]
    names = {str(region): number for number, region in enumerate(system.regions)}
    target = Target((names["channel = x"],), (1,), 2, (0, 3))  # asks for two to leave
    assert Search(system, merged(system, offers)).find(target, up=False, open_facts=priced(system, [])) is None
