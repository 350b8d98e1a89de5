"""From tables to masks: what the data alone decide, and what is withheld when nothing can be proved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.moves import all_moves
from etabli.disclosure.patterns import build
from etabli.disclosure.plan import plan_for, seed_of
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.suppress import Start, choose
from etabli.disclosure.targets import Target, targets_of
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_derived, mark_population
from etabli.methods.results import Table

POLICY = Policy("funder", 5, ("convention",))


def made(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(400), 1 + random.poisson(1, 400))
    ages = random.choice(["low", "mid", "old", "late"], 400, p=[0.6, 0.3, 0.09, 0.01])[who]
    channel = random.choice(["x", "y", "z"], len(who), p=[0.8, 0.18, 0.02])
    return pd.DataFrame({"recipient": [f"p{each}" for each in who], "age": ages, "channel": channel})


def tables_of(frame: pd.DataFrame) -> list[Table]:
    return [profiles.crosstab(frame, "age", by="channel"), profiles.totals(frame)]


def test_same_data_in_another_order_and_under_other_names_give_the_same_masks() -> None:
    frame = made(1)
    other = frame.sample(frac=1, random_state=2).assign(recipient=lambda rows: "q" + rows["recipient"])
    assert plan_for(tables_of(frame), POLICY) == plan_for(tables_of(other), POLICY)


def test_other_data_have_another_seed() -> None:
    assert seed_of(build(tables_of(made(1)))) != seed_of(build(tables_of(made(2))))


def test_without_a_budget_what_is_not_proved_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small counts stand in both dimensions: nothing is proved, nothing that could tell of them is shown."""
    small = [region for region, hidden in plan_for(tables_of(made(1)), POLICY).masked.items() if hidden]
    monkeypatch.setattr("etabli.disclosure.plan.BUDGET", -1)
    monkeypatch.setattr("etabli.disclosure.plan.PER_TARGET", -1)
    found = plan_for(tables_of(made(1)), POLICY)
    assert small
    assert any(found.withheld.values())
    assert all(found.masked[region] for region in found.masked if region.categories)


def test_what_is_proved_late_withholds_nothing_else() -> None:
    """A budget that ends half-way: withholding makes room for the last witnesses, and shows again what they leave."""
    tables = tables_of(made(1))
    system = build(tables)
    targets = targets_of(system, tables, minimum=5)
    small = np.asarray((system.people > 0) & (system.people < 5), dtype=bool)
    exact = np.zeros(len(system.facts))
    start = Start.alone(small, exact, exact)
    moves = all_moves(system, targets, small=5)
    late = 0
    for budget in (1, 5, 10, 20, 40):
        plan = choose(system, moves, targets, start, seed=1, budget=budget)
        if plan.masked.all():
            assert plan.withheld.any()
            continue
        late += 1
        assert set(plan.proofs) == set(plan.sides)
        assert not plan.withheld.any()
        assert plan.masked[small].all()
        assert not any(len(witness.regions(system, plan.open_facts)) for witness in plan.proofs.values())
    assert late


def test_one_target_without_a_witness_keeps_everything_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is left, and all others are proved: masks may not be taken away, which the one without a proof rests on."""
    tables = tables_of(made(1))
    never = max(targets_of(build(tables), tables, minimum=5), key=lambda target: target.regions)
    attained = Target.attained
    monkeypatch.setattr(Target, "attained", lambda self, change, *, up: self != never and attained(self, change, up=up))
    found = plan_for(tables, POLICY)
    assert 0 < found.proved < found.asked
    assert all(found.masked.values())


def test_nothing_to_protect_is_nothing_masked() -> None:
    frame = pd.DataFrame({"recipient": range(60), "age": [*"abc"] * 20})
    found = plan_for([profiles.distribution(frame, "age")], POLICY)
    assert not any(found.masked.values())
    assert not any(found.withheld.values())
    assert plan_for([], POLICY).masked == {}


def test_variables_told_within_a_filter_alone_change_together_there() -> None:
    """Who is outside the filter has none of their categories, and nobody takes that for one."""
    sizes = (("north", "a1", 3), ("north", "a2", 20), ("north", "b1", 30), ("south", "a1", 25), ("south", "b1", 9))
    lines = [(f"{area}{fine}{n}", area, fine, fine[0]) for area, fine, size in sizes for n in range(size)]
    frame = pd.DataFrame(lines, columns=["recipient", "area", "fine", "coarse"])

    def marked(part: pd.DataFrame, *held: tuple[str, str]) -> pd.DataFrame:
        found = mark_population(part.reset_index(drop=True), Population("d" * 64, held))
        return mark_derived(found, found, {"coarse": "fine"})

    north = marked(frame[frame["area"] == "north"], ("area", "north"))
    tables = [
        profiles.distribution(marked(frame), "area"),
        profiles.distribution(north, "fine"),
        profiles.distribution(north, "coarse"),
    ]
    protection = protect(tables, Policy("funder", 5, ("convention",)))
    assert [protection.of(each).withheld for each in tables] == [0, 0, 0]
    assert protection.of(tables[1]).masked.tolist() == [True, True, False, False]
