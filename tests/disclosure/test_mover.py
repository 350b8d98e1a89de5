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
from etabli.methods.membership import Population, mark_population
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


def filtered(visits: pd.DataFrame) -> list[Table]:
    """Everybody by channel, and those of one age in a table of their own: no table has the ages."""
    low = visits[visits["age"] == "low"].reset_index(drop=True)
    own = mark_population(low, Population("d" * 64, (("age", "low"),)))
    return [profiles.distribution(each, "channel") for each in (mark_population(visits, Population("d" * 64)), own)]


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


@pytest.mark.parametrize("seed", [1, 2])
def test_who_comes_into_a_filter_or_leaves_it_stands_where_changing_visits_by_hand_puts_them(seed: int) -> None:
    visits = made(seed)
    tables = filtered(visits)
    system = build(tables)
    mover, sums = Mover(system), sums_of(system, Mover(system))
    inside = set(visits.loc[visits["age"] == "low", "recipient"])
    for person, own in visits.groupby("recipient"):
        stays = person not in inside
        change = Change((("age", frozenset(["low"] if stays else [])),))
        kind = next(
            number
            for number in range(len(system.multiplicity))
            if _rows(system, number) == _told(own["channel"].astype(str), "" if stays else "age = low")
        )
        by_hand = visits.copy()
        by_hand.loc[own.index, "age"] = "low" if stays else "mid"
        anew = build(filtered(by_hand))
        facts = recounted(system, mover, [(kind, change)], sums)
        assert facts is not None
        assert by_region(system, facts) == by_region(anew, anew.facts)


def _rows(system: System, kind: int) -> dict[str, int]:
    line = system.states[[kind]].tocoo()
    return {str(system.places[place].region): int(rows) for place, rows in zip(line.col, line.data, strict=True)}


def _told(channels: pd.Series, age: str) -> dict[str, int]:
    """The rows of a person by region, as the tables of a filter have them."""
    found = {"ensemble": len(channels)}
    found |= {f"channel = {code}": int(rows) for code, rows in channels.value_counts().items()}
    inside = {" ; ".join(filter(None, [age, name.replace("ensemble", "")])): n for name, n in found.items()}
    return found | (inside if age else {})


def test_nobody_leaves_categories_that_are_all_there_are() -> None:
    system = build([profiles.crosstab(made(1), "age", by="channel")])
    state = {i: 1 for i, place in enumerate(system.places) if place.categories.keys() <= {"age"}}
    assert Mover(system).changed(state, "age", frozenset(["low"]), frozenset()) is None


def test_nobody_comes_into_a_filter_that_counts_what_is_not_known_of_them() -> None:
    """The ages are told of those of one channel alone: who comes to it has an age that no table tells."""
    visits = made(1)
    calls = visits[visits["channel"] == "y"].reset_index(drop=True)
    own = mark_population(calls, Population("d" * 64, (("channel", "y"),)))
    tables = [profiles.totals(mark_population(visits, Population("d" * 64))), profiles.distribution(own, "age")]
    system = build(tables)
    state = {i: 1 for i, place in enumerate(system.places) if not place.categories}
    assert Mover(system).changed(state, "channel", frozenset(), frozenset(["y"])) is None


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
