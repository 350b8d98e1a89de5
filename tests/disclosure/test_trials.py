"""A fixed part of `make attack`: what the attacker holds is true of the data, it bites, and what leaves holds."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.attacker import Means, Siege, attack, groups
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.disclosure.statements import Publication, Quantity
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import Table

_SPEC = importlib.util.spec_from_file_location(
    "attack_trials", Path(__file__).resolve().parents[2] / "benchmarks" / "attack.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
trials = importlib.util.module_from_spec(_SPEC)
sys.modules["attack_trials"] = trials
_SPEC.loader.exec_module(trials)

SEEDS = range(1000, 1020)


def truth_of(case: Any, quantity: Quantity, siege: Siege) -> int:
    return int(case.people(quantity, siege.lattice.variables[quantity.region.source]))


@pytest.mark.parametrize("seed", SEEDS)
def test_truth_fits_what_the_attacker_holds(seed: int) -> None:
    """Every constraint, and every bound made of them, is true of the data, whatever the protection."""
    case = trials.make_case(seed)
    for guard in (trials.house, trials.primary_only, trials.rounded):
        for group in groups(guard(case), list(case.stayers)):
            siege = Siege(group, frozenset(), Means())
            system = siege.system_of(range(len(siege.statements)))
            truth = np.array([truth_of(case, quantity, siege) for quantity in siege.lattice._numbers], dtype=float)
            told = system.matrix @ truth
            assert (told >= system.low - 1e-9).all()
            assert (told <= system.high + 1e-9).all()
            assert (system.least <= truth).all()
            assert (truth <= system.greatest).all()


@pytest.fixture(scope="module")
def outcomes() -> list[Any]:
    return [trials.try_case(trials.make_case(seed), trials.house) for seed in SEEDS]


@pytest.mark.slow
def test_reports_that_leave_one_by_one_betray_nobody(outcomes: list[Any]) -> None:
    assert sum(each.after_release for each in outcomes) == 0
    assert sum(each.withheld for each in outcomes) > 0


@pytest.mark.parametrize("seed", [1004, 1025])
def test_reports_of_one_edition_betray_apart_and_not_together(seed: int) -> None:
    """Each report by itself is safe; put together they betray somebody, unless they were protected together."""
    case = trials.make_case(seed)
    apart = trials.house(case)
    assert all(attack([each], explained=0).holds for each in apart)
    assert not attack(apart, explained=0).holds
    assert not trials.try_together(case).within


def test_area_of_few_is_not_known_from_its_quarter() -> None:
    """Twelve people are too few to see in them that areas make up quarters: the codebook says so."""
    assert all(attack([each], explained=0).holds for each in trials.house(trials.make_case(585)))


@pytest.mark.parametrize("seed", [240, 299])
def test_arrivals_are_not_known_from_sums_of_the_other_edition(seed: int) -> None:
    """The areas of a quarter were told then, the quarter now; and everybody is the sum of the ages."""
    found = trials.try_together(trials.make_case(seed))
    assert not found.within
    assert found.refused == 0


@pytest.mark.parametrize("name", trials.NAIVE)
def test_attacker_breaks_naive_protection(name: str) -> None:
    cases = [trials.make_case(seed) for seed in SEEDS[:6]]
    broken = [not attack(trials.NAIVE[name](case), stayers=case.stayers, explained=0).holds for case in cases]
    assert sum(broken) >= len(cases) // 2


# The smallest reports that the first engine let through, and the attacker broke -----------------------


def frame(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["recipient", "age", "channel"])
    return mark_population(made, Population("d" * 64))


def told(*tables: Table, k: int = 3) -> Publication:
    case = trials.Case(0, k, (("essai/x", tables),), (), {})
    return trials._publication(case, "essai/x", tables, protect(tables, Policy("funder", k, ("essai",))))


def desk_and_phone(people: int, both: int, phone: int) -> pd.DataFrame:
    """So many people at the desk, of whom some on the phone as well, and others on the phone alone."""
    desk = [(f"d{n}", "young", "desk") for n in range(people)]
    rest = [(f"d{n}", "young", "phone") for n in range(both)] + [(f"p{n}", "young", "phone") for n in range(phone)]
    return frame([*desk, *rest])


@pytest.mark.parametrize(
    ("both", "phone"), [(10, 2), (2, 10)], ids=["two never came to the desk", "two used both channels"]
)
def test_protection_holds_differences(both: int, phone: int) -> None:
    assert attack([told(profiles.distribution(desk_and_phone(20, both, phone), "channel"))]).holds


def groups_told(seed: int, name: str, *, held: bool) -> list[Publication]:
    """The reports of a case, of which the agreement names a variable for whole groups; protected for it, or not."""
    case, found = trials.make_case(seed), []
    for report, tables in case.reports:
        policy = Policy("funder", case.k, ("essai",), whole_group=frozenset([name] if held else []))
        made = trials._publication(case, report, tables, protect(tables, policy))
        sources = {digest: replace(told, whole_group=(name,)) for digest, told in made.sources.items()}
        found.append(replace(made, sources=sources))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "name"), [(2001, "area"), (2007, "channel"), (2011, "area")])
def test_protection_holds_whole_groups(seed: int, name: str) -> None:
    assert all(attack([told], explained=0).holds for told in groups_told(seed, name, held=True))
    without = [attack([told], explained=0) for told in groups_told(seed, name, held=False)]
    assert "group" in {finding.kind for found in without for finding in found.findings}


@pytest.mark.slow
def test_protection_alone_holds_every_report(outcomes: list[Any]) -> None:
    assert [seed for seed, each in zip(SEEDS, outcomes, strict=True) if each.alone] == []
