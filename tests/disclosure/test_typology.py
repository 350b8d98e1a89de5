"""What a typology tells of few people: what was tried, and what holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure import plan, rules
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, protect
from etabli.errors import DisclosureError
from etabli.methods.answers import answers_of
from etabli.methods.correspondence import correspondence
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import STEP, TOTAL, Dimension, Measure, Table
from etabli.methods.typology import Typology, typology
from etabli.methods.typology_tables import Classed, described
from etabli.methods.v_tests import v_test

K = 5
FUNDER = Policy("funder", K, ("convention",))
OUTSIDE = [
    Policy(audience, minimum, ("convention",)) for audience in ("partner", "funder", "public") for minimum in (1, K)
]
INSIDE = ("eigenvalues", "places", "paragons")


def described_of(sizes: dict[tuple[str, str], int]) -> Table:
    """Return the description of people by age and class, of so many each."""
    rows = [(f"{age}{of}{n}", age, of) for (age, of), size in sizes.items() for n in range(size)]
    frame = mark_population(pd.DataFrame(rows, columns=["recipient", "age", "typology"]), Population("d" * 64))
    return described(Classed(frame, "recipient", "typology"), ["age"], are_tested=False)


MIXED = {
    ("old", "1"): 3, ("old", "2"): 0, ("old", "3"): 1, ("mid", "1"): 210, ("mid", "2"): 34, ("mid", "3"): 21,
    ("low", "1"): 40, ("low", "2"): 160, ("low", "3"): 77, ("new", "1"): 61, ("new", "2"): 48, ("new", "3"): 130,
}  # fmt: skip


def fits(told: float, candidates: range, counts: Any, everybody: int) -> list[int]:
    """Return the numbers of people that give a printed test value; `counts` says of a number the three counts."""
    found = []
    for each in candidates:
        value = v_test(*([part] for part in counts(each)), everybody)[0]
        if round(float(value), 1) == round(told, 1):
            found.append(each)
    return found


def at(table: Table, category: str, of: str) -> int:
    cells = table.cells
    return int(np.flatnonzero((cells["category"] == category) & (cells["typology"] == of))[0])


def test_test_value_gives_a_masked_count_back_and_is_masked_with_it() -> None:
    table = described_of(MIXED)
    everybody, in_class, in_category = sum(MIXED.values()), 314, 4
    row = at(table, "old", "1")
    told = float(table.cells["v_test"].iloc[row])
    assert fits(told, range(5), lambda each: (each, in_class, in_category), everybody) == [3]  # the attack
    protected = protect([table], FUNDER).of(table)
    assert protected.masked[row]
    assert pd.isna(protected.table.cells["v_test"].iloc[row])


def tells_more(table: Table, protected: Protected) -> list[int]:
    """Return the shown test values of which one of the four counts is not shown."""
    shown = protected.table.cells
    named = {(row.variable, row.category, row.typology): row.people for row in shown.itertuples()}
    found = []
    for place, row in enumerate(shown.itertuples()):
        parts = [(row.category, row.typology), (row.category, TOTAL), (TOTAL, row.typology), (TOTAL, TOTAL)]
        if not pd.isna(row.v_test) and any(pd.isna(named[row.variable, *each]) for each in parts):
            found.append(place)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_test_value_is_shown_with_all_that_it_is_made_of_only(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = {key: int(rng.choice([0, 2, 4, 9, 30, 80])) for key in MIXED}
    table = described_of(sizes)
    protected = protect([table], FUNDER).of(table)
    assert protected.any_masked
    assert tells_more(table, protected) == []


def test_test_value_of_a_masked_total_would_give_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule a cell is shown whose category is masked over all classes: the test value tells how many."""
    table = described_of(MIXED)
    of_shares = rules.bases_of
    untested = Measure("v_test", "mean")
    monkeypatch.setattr(
        plan,
        "bases_of",
        lambda each: of_shares(Table(each.cells, each.dimensions, (*each.measures[:-1], untested))),
    )
    protected = protect([table], FUNDER).of(table)
    leaks = tells_more(table, protected)
    assert leaks
    row = table.cells.iloc[leaks[0]]
    everybody = sum(MIXED.values())
    in_class = int(table.cells["people"].iloc[at(table, TOTAL, row["typology"])])
    true = int(table.cells["people"].iloc[at(table, row["category"], TOTAL)])
    candidates = range(int(row["people"]), everybody)
    found = fits(row["v_test"], candidates, lambda each: (row["people"], in_class, each), everybody)
    assert true in found
    assert len(found) <= 2 * K  # a masked number, known to within a few people


def test_no_test_value_is_made_of_what_is_rounded() -> None:
    table = described_of(MIXED)
    protected = protect([table], Policy("funder", K, ("convention",), rounding_base=5)).of(table)
    assert protected.table.cells["v_test"].isna().all()


def people(number: int = 2_000, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    of = rng.integers(0, 3, number)
    answers = {
        f"v{n}": np.where(rng.random(number) < 0.6, of, rng.integers(0, 4, number)).astype(str) for n in range(5)
    }
    frame = pd.DataFrame({"recipient": [f"p{n}" for n in range(number)], **answers})
    return mark_population(frame, Population("d" * 64))


@pytest.fixture(scope="module")
def found() -> Typology:
    return typology(people(), on=[f"v{n}" for n in range(5)])


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("policy", OUTSIDE, ids=lambda each: f"{each.audience} {each.minimum_people}")
def test_what_stays_inside_leaves_to_nobody(name: str, policy: Policy, found: Typology) -> None:
    """Whatever the minimum of the agreement: one of 1 switches all other rules off."""
    table = getattr(found, name)
    protected = protect([table], policy).of(table)
    assert protected.refused
    assert protected.masked.all()
    values = protected.table.cells.drop(columns=list(table.keys))
    assert values.isna().all(axis=None)


@pytest.mark.parametrize("name", INSIDE)
def test_what_stays_inside_is_shown_there(name: str, found: Typology) -> None:
    table = getattr(found, name)
    protected = protect([table], Policy("internal", 1, ())).of(table)
    assert protected.refused is None
    assert not protected.any_masked


def test_every_table_leaves_protected_or_not_at_all(found: Typology) -> None:
    held = [getattr(found, each.name) for each in fields(found)]
    tables = [each for each in held if isinstance(each, Table)]
    protection = protect(tables, FUNDER)
    assert [bool(protection.of(each).refused) for each in tables] == [bool(each.inside) for each in tables]


def test_place_on_an_axis_has_no_rule() -> None:
    """A table that forgets to say that it stays inside does not leave either."""
    frame = people(200)
    table = described(Classed(frame.assign(typology="1"), "recipient", "typology"), ["v0"], are_tested=False)
    placed = Table(table.cells, table.dimensions, (Measure("v_test", "coordinate"),), membership=table.membership)
    with pytest.raises(DisclosureError, match="Aucune règle"):
        protect([placed], FUNDER)


def test_places_and_eigenvalues_are_the_table_of_all_pairs() -> None:
    """Why they stay inside: Bⱼₖ / n = fⱼ fₖ (1 + Σ gⱼ gₖ), over all axes, to the last person."""
    frame = people(300)
    names = [f"v{n}" for n in range(5)]
    analysis = correspondence(answers_of(frame, names))
    f = analysis.frequencies
    pairs = 300 * np.outer(f, f) * (1 + analysis.categories @ analysis.categories.T)
    true = ((frame["v0"] == "1") & (frame["v1"] == "3")).sum()
    assert pairs[1, 4 + 3] == pytest.approx(true)


@pytest.mark.parametrize(
    ("number", "is_masked"), [(20 * K * 20 - 1, True), (20 * K * 20, False), (20 * K * 20 + 1, False)]
)
def test_rate_needs_many_people_in_a_step(number: int, is_masked: bool) -> None:
    found = typology(people(number), on=[f"v{n}" for n in range(5)], classes=3)
    for table in (found.axes, found.choices, found.summary):
        assert protect([table], FUNDER).of(table).masked.all() == is_masked


def told_rates(frame: pd.DataFrame, *, steps: bool) -> tuple[float, ...]:
    rates = correspondence(answers_of(frame, [f"v{n}" for n in range(5)])).benzecri[:5]
    return tuple((rates / STEP).round()) if steps else tuple(rates.round(4))


def with_filled(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    """Ten people gave a rare answer to v0; so many of them answered 0 to v1, the others 1."""
    filled = frame.copy()
    filled.loc[:9, "v0"] = "few"
    filled.loc[:9, "v1"] = ["0"] * number + ["1"] * (10 - number)
    return filled


@pytest.mark.slow
def test_who_knows_everybody_else_has_no_number_from_rates_in_steps() -> None:
    """Forty files of 2,000: with four digits the number in a masked cell is had in all of them, with steps in none.

    In some, a rate lies so near the edge of a step that 0, or k and more, does not fit: this attacker knows all other
    answers of everybody, which is outside knowledge (docs/disclosure.md).
    """
    with_digits = with_steps = narrowed = 0
    for seed in range(40):
        frame = people(20 * K * 20, seed=seed)
        true = 1 + seed % (K - 1)
        for steps in (False, True):
            told = told_rates(with_filled(frame, true), steps=steps)
            fit = [each for each in range(11) if told_rates(with_filled(frame, each), steps=steps) == told]
            with_digits += not steps and fit == [true]
            with_steps += steps and fit == [true]
            narrowed += steps and not (0 in fit and fit[-1] >= K)
    assert with_digits >= 36
    assert with_steps == 0
    assert narrowed <= 6


def test_class_made_of_a_forbidden_variable_does_not_leave(found: Typology) -> None:
    policy = Policy("funder", K, ("convention",), forbidden=frozenset({"v3"}))
    with pytest.raises(DisclosureError, match="interdit"):
        protect([found.sizes], policy)
    crossing = Policy("funder", K, ("convention",), forbidden_crossings=(frozenset({"v0", "v1"}),))
    with pytest.raises(DisclosureError, match="interdit"):
        protect([found.sizes], crossing)
    assert protect([found.sizes], Policy("funder", K, (), forbidden=frozenset({"other"}))).of(found.sizes)


def test_small_class_is_masked_with_its_stability() -> None:
    sizes = {("old", "1"): 60, ("mid", "2"): 50, ("low", "3"): K - 1, ("new", "1"): 30}
    rows = [(f"{age}{of}{n}", age, of) for (age, of), size in sizes.items() for n in range(size)]
    frame = mark_population(pd.DataFrame(rows, columns=["recipient", "age", "typology"]), Population("d" * 64))
    table = described(Classed(frame, "recipient", "typology"), ["age"], are_tested=False)
    cells = pd.DataFrame(
        {"typology": [*"123"], "jaccard": [0.9, 0.8, 0.7], "everyone": 5_000, "people": [90, 50, K - 1]}
    )
    steady = Table(
        cells,
        (Dimension("typology", additive=False),),
        (Measure("jaccard", "rate", base="everyone", states_people=False),),
        source="d" * 64,
        membership=table.membership.of_rows(np.array([at(table, TOTAL, of) for of in "123"]))
        if table.membership
        else None,
    )
    hidden = protect([table, steady], FUNDER).of(steady).masked
    assert hidden[2]
