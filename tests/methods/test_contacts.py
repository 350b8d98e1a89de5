"""Who comes again: against chance, by profile, and how much those who come most weigh."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.errors import MethodError
from etabli.methods import contacts, profiles
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL
from etabli.methods.routes import NUMBERS


def people_of(visits: list[int], **traits: list[str]) -> pd.DataFrame:
    """People who came so many times each, as `people_by_route` makes them."""
    who = [f"p{place}" for place, number in enumerate(visits) for _ in range(number)]
    columns = {name: [values[int(each[1:])] for each in who] for name, values in traits.items()}
    frame = pd.DataFrame({"recipient": who, "channel": "x", **columns})
    return profiles.people_by_route(mark_population(frame, Population("d" * 64)), keep=list(traits))


def drawn(seed: int, people: int, *, size: float | None = 0.8) -> list[int]:
    rng = np.random.default_rng(seed)
    mean = np.full(8 * people, 1.2) if size is None else rng.gamma(size, 1.2 / size, 8 * people)
    return [int(each) for each in rng.poisson(mean) if each > 0][:people]


def test_numbers_are_those_of_the_people() -> None:
    people = people_of([1, 1, 2, 6, 7, 40])
    assert people["number"].astype(str).tolist().count("seven_or_more") == 2
    assert list(people["number"].cat.categories) == list(NUMBERS)


def test_unequal_people_are_told_from_chance_and_equal_ones_are_not() -> None:
    unequal = contacts.against_chance(people_of(drawn(1, 1_000)))
    equal = contacts.against_chance(people_of(drawn(2, 1_000, size=None)))
    assert bool(unequal.is_significant())
    assert not bool(equal.is_significant())
    once = unequal.value("people", number="one").number
    assert unequal.value("expected_negative_binomial", number="one").number == pytest.approx(once, rel=0.05)
    assert unequal.value("expected_poisson", number="one").number < 0.9 * once


def test_expected_people_are_all_people() -> None:
    table = contacts.against_chance(people_of(drawn(2, 300)))
    for name in ("expected_poisson", "expected_negative_binomial"):
        parts = table.cells.loc[table.cells["number"].astype(str) != TOTAL, name]
        assert parts.sum() == pytest.approx(300)
        assert table.value(name).number == 300


@pytest.mark.parametrize("visits", [[1, 2, 3] * 33, [1] * 200])
def test_few_people_and_nobody_who_came_again_have_no_law(visits: list[int]) -> None:
    table = contacts.against_chance(people_of(visits))
    assert table.tests == ()
    assert table.cells["expected_poisson"].isna().all()
    assert table.value("people").number == len(visits)


@pytest.mark.slow
def test_equal_people_are_seldom_taken_for_unequal() -> None:
    found = [
        bool(contacts.against_chance(people_of(drawn(seed, 150, size=None))).is_significant()) for seed in range(200)
    ]
    assert np.mean(found) <= 0.09  # 5 % ± three standard errors


def test_rate_ratio_is_what_was_planted() -> None:
    rng = np.random.default_rng(3)
    often = rng.random(12_000) < 0.5
    visits = rng.poisson(rng.gamma(0.8, np.where(often, 1.5, 1.0) * 1.2 / 0.8))
    came = visits > 0
    benefit = np.where(often[came], "rsa", "other").tolist()
    table = contacts.rate_ratios(people_of(visits[came].tolist(), benefit=benefit), on=["benefit"])
    reference = table.reference("benefit")
    assert str(table.cells["category"].iloc[reference.row]) in {"rsa", "other"}
    other = next(row for row in table.cells.itertuples() if not row.reference)
    planted = 1.5 if other.category == "rsa" else 1 / 1.5
    assert other.rate_ratio_low <= planted <= other.rate_ratio_high
    assert bool(table.is_significant(variable="benefit"))


def test_category_that_never_came_again_has_no_ratio() -> None:
    visits = [1, 2, 3, 1, 2, 4] * 20 + [1] * 30
    benefit = ["a", "b"] * 60 + ["c"] * 30
    table = contacts.rate_ratios(people_of(visits, benefit=benefit), on=["benefit"])
    gone = table.cells[table.cells["category"] == "c"].iloc[0]
    assert np.isnan(gone["rate_ratio"])
    assert gone["people"] == 30
    assert table.missing is None  # it would tell, beside a mask, whether that category is there
    assert table.tests[0].people == 150


@pytest.mark.parametrize(("people", "has_ratio"), [(9, False), (10, True), (11, True)])
def test_category_of_fewer_than_ten_people_has_no_ratio(people: int, has_ratio: bool) -> None:
    visits = [1, 2, 3, 1, 2, 4] * 20 + ([1, 2, 4] * 4)[:people]
    benefit = ["a", "b"] * 60 + ["c"] * people
    table = contacts.rate_ratios(people_of(visits, benefit=benefit), on=["benefit"])
    few = table.cells[table.cells["category"] == "c"].iloc[0]
    assert bool(np.isfinite(few["rate_ratio_high"])) is has_ratio
    assert table.missing is None
    assert few["people"] == people


def test_category_in_which_all_came_as_often_has_no_ratio() -> None:
    """A sandwich would make an interval of no width: 3 visits each, 7.07 [6.35 ; 7.86]."""
    visits = [1, 2, 3, 1, 2, 4] * 20 + [3] * 30
    table = contacts.rate_ratios(people_of(visits, benefit=["a", "b"] * 60 + ["c"] * 30), on=["benefit"])
    assert np.isnan(table.cells.set_index("category")["rate_ratio"]["c"])


@pytest.mark.parametrize(("shares", "noted"), [((0.5, 0.5, 0), True), ((0.3, 0.6, 0.1), True), (None, False)])
def test_people_who_come_more_alike_than_chance_are_told_so(shares: tuple[float, ...] | None, noted: bool) -> None:
    visits = (
        drawn(4, 600, size=None)
        if shares is None
        else [number + 1 for number, share in enumerate(shares) for _ in range(int(600 * share))]
    )
    (test,) = contacts.against_chance(people_of(visits)).tests
    assert (test.note == contacts.REGULAR) is noted
    assert test.p_value > 0.05


@given(st.lists(st.integers(1, 30), min_size=100, max_size=130))
def test_share_of_those_who_come_most_is_a_lorenz_curve(visits: list[int]) -> None:
    table = contacts.concentration(people_of(visits))
    shares = table.cells["share_of_visits"].to_numpy()
    steps = np.diff([0.0, *shares, 1.0])
    assert (steps >= -1e-12).all()
    assert (np.diff(steps) <= 1e-9).all()  # each tenth makes no more than the one before it
    assert shares[0] >= 0.1 - 1e-12
    exact = sorted(visits, reverse=True)
    whole, rest = divmod(len(visits), 10)
    assert shares[0] == pytest.approx((sum(exact[:whole]) + rest / 10 * exact[whole]) / sum(visits))


def test_interval_of_the_share_holds_it() -> None:
    table = contacts.concentration(people_of(drawn(4, 800)))
    cells = table.cells
    assert (cells["share_of_visits_low"] <= cells["share_of_visits"]).all()
    assert (cells["share_of_visits"] <= cells["share_of_visits_high"]).all()


def test_people_who_all_came_as_often_have_no_interval() -> None:
    cells = contacts.concentration(people_of([3] * 120)).cells
    assert cells["share_of_visits"].tolist() == pytest.approx([place / 10 for place in range(1, 10)])
    assert cells["share_of_visits_low"].isna().all()


def test_nobody_has_no_concentration() -> None:
    with pytest.raises(MethodError, match="Personne n’est venu"):
        contacts.concentration(people_of([1]).iloc[:0])


# What leaves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "masked"), [(499, True), (500, False), (509, False), (510, False)])
def test_point_of_the_curve_rests_on_a_tenth_of_the_people(people: int, *, masked: bool) -> None:
    """Two points differ by a tenth: with 49 people under a minimum of 50, nobody is told how often they came."""
    table = contacts.concentration(people_of(drawn(5, people)))
    shown = protect([table], Policy("funder", 50, ("convention",))).of(table)
    assert shown.masked.tolist() == [masked] * len(table.cells)


def expected_of(visits: list[int]) -> list[float]:
    cells = contacts.against_chance(people_of(visits)).cells
    return [float(each) for each in cells["expected_negative_binomial"].round()]


def test_expected_numbers_tell_where_one_person_stands_and_go_with_any_mask() -> None:
    """Who holds all numbers but two masked ones tries each way to fill them: only one gives the printed digits."""
    others = drawn(7, 400)
    assert len({tuple(expected_of([*others, own])) for own in (6, 12, 25)}) == 3
    table = contacts.against_chance(people_of([*others, 6]))
    shown = protect([table], Policy("funder", 13, ("convention",))).of(table)
    assert 0 < shown.masked.sum() < len(shown.masked)
    assert shown.tests == ()
    assert shown.table.cells[["expected_poisson", "expected_negative_binomial"]].isna().all(axis=None)


def test_expected_numbers_are_shown_where_nothing_is_masked() -> None:
    table = contacts.against_chance(people_of(drawn(7, 400)))
    shown = protect([table], Policy("funder", 2, ("convention",))).of(table)
    assert not shown.masked.any()
    assert shown.table.cells["expected_poisson"].notna().all()


def test_expected_numbers_are_not_shown_beside_rounded_ones() -> None:
    table = contacts.against_chance(people_of(drawn(7, 400)))
    shown = protect([table], Policy("funder", 5, ("convention",), rounding_base=5)).of(table)
    assert shown.table.cells["expected_poisson"].isna().all()
