"""What becomes of one person: held against visits that are changed by hand, and counted anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.mover import Change, Mover
from etabli.disclosure.moves import all_moves
from etabli.disclosure.patterns import System, build
from etabli.disclosure.proof import recounted, sums_of
from etabli.disclosure.targets import targets_of
from etabli.methods import profiles
from etabli.methods.results import Table

LEVELS = {"age": ["low", "mid", "old"], "channel": ["x", "y", "z"]}


def made(seed: int, people: int = 25) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    times = 1 + random.poisson(0.8, people)
    who = np.repeat(np.arange(people), times)
    ages = random.choice(LEVELS["age"], people, p=[0.6, 0.3, 0.1])[who]
    channels = random.choice(LEVELS["channel"], len(who), p=[0.7, 0.25, 0.05])
    frame = pd.DataFrame({"recipient": [f"p{each}" for each in who], "age": ages, "channel": channels})
    return frame.astype({name: pd.CategoricalDtype(levels) for name, levels in LEVELS.items()})


def tables_of(visits: pd.DataFrame) -> list[Table]:
    people = profiles.people_by_route(visits, keep=["age"])
    return [
        profiles.crosstab(visits, "age", by="channel"),
        profiles.distribution(people, "frequency"),
        profiles.crosstab(people, "age", by="route"),
    ]


def by_region(system: System, facts: np.ndarray) -> dict[tuple[str, bool], int]:
    people = len(system.regions)
    return {
        (str(system.regions[region]), fact >= people): int(facts[fact])
        for fact, region in enumerate(system.region_of_fact)
    }


def changed_by_hand(visits: pd.DataFrame, person: str, change: Change) -> pd.DataFrame:
    """Change the visits of one person: what the change says, written on the file itself."""
    frame, own = visits.copy(), visits.index[visits["recipient"] == person]
    for name, new in change.values:
        if name not in frame.columns:  # follows from the visits
            continue
        values = frame.loc[own, name].astype(str).tolist()
        lost, won = sorted(set(values) - new), sorted(new - set(values))
        kept = sorted(set(values) & new)
        swap = dict(zip(lost, won, strict=False))
        values = [swap.get(each, each) for each in values]
        target = (kept or won)[0]
        values = [target if each in lost[len(won) :] else each for each in values]
        for come in won[len(lost) :]:
            values[values.index(target)] = come
        frame.loc[own, name] = values
    if change.gained is not None and change.gained[1] > 0:
        frame = pd.concat([frame, frame.loc[own[:1]]], ignore_index=True)
    elif change.gained is not None:
        frame = frame.drop(own[0]).reset_index(drop=True)
    return frame.astype({name: pd.CategoricalDtype(levels) for name, levels in LEVELS.items()})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_recounted_file_is_the_one_that_changing_visits_by_hand_gives(seed: int) -> None:
    visits = made(seed)
    tables = tables_of(visits)
    system = build(tables)
    mover, sums = Mover(system), sums_of(system, Mover(system))
    moves = all_moves(system, targets_of(system, tables, minimum=3), small=3)
    people = {each: _type(system, visits, each) for each in visits["recipient"].unique()}
    tried = 0
    for offers in moves.offers:
        for offer in offers:
            if len(offer) > 1:
                continue
            (part,) = offer
            for kind in part.types[:1]:
                person = next(each for each, number in people.items() if number == kind)
                facts = recounted(system, mover, [(int(kind), part.change)], sums)
                if facts is None:
                    continue
                anew = build(tables_of(changed_by_hand(visits, person, part.change)))
                assert by_region(system, facts) == by_region(anew, anew.facts), part.change
                tried += 1
    assert tried > 50


def _type(system: System, visits: pd.DataFrame, person: str) -> int:
    """The type of a person: the state that their own visits give."""
    own = visits[visits["recipient"] == person]
    age, total = str(own["age"].iloc[0]), len(own)
    told: dict[str, int] = {"ensemble": total, f"age = {age}": total}
    for channel, rows in own["channel"].astype(str).value_counts().items():
        told[f"channel = {channel}"] = rows
        told[f"age = {age} ; channel = {channel}"] = rows
    used = sorted(own["channel"].astype(str).unique())
    route = f"{used[0]}_only" if len(used) == 1 else "several"
    told |= {f"route = {route}": 1, f"age = {age} ; route = {route}": 1}
    told[f"frequency = {('once', 'twice', 'three_or_more')[min(total, 3) - 1]}"] = 1
    for kind in range(len(system.multiplicity)):
        start, end = system.states.indptr[kind], system.states.indptr[kind + 1]
        places = zip(system.states.indices[start:end], system.states.data[start:end], strict=True)
        if {str(system.places[place].region): int(rows) for place, rows in places} == told:
            return kind
    raise AssertionError(person)


def test_who_came_once_cannot_have_come_by_two_channels() -> None:
    system = build(tables_of(made(1)))
    mover = Mover(system)
    state = {i: 1 for i, place in enumerate(system.places) if str(place.region) in {"ensemble", "channel = x"}}
    both = state | {i: 1 for i, place in enumerate(system.places) if str(place.region) == "channel = y"}
    assert not mover.is_possible(both)


def test_more_of_the_people_than_there_are_cannot_move() -> None:
    visits = made(2)
    tables = tables_of(visits)
    system = build(tables)
    mover = Mover(system)
    moves = all_moves(system, targets_of(system, tables, minimum=3), small=3)
    part = next(offer[0] for offers in moves.offers for offer in offers if len(offer) == 1)
    kind = int(part.types[0])
    moved = [(kind, part.change)] * (int(system.multiplicity[kind]) + 1)
    assert recounted(system, mover, moved, sums_of(system, mover)) is None
