"""What a report sees of protection: thresholds, values, tests, conditions, models, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Floor, Policy
from etabli.disclosure.protect import Protection, protect, with_masks
from etabli.errors import DisclosureError
from etabli.methods import profiles
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL, Dimension, Measure, Missing, Table, Test

K = 5
POLICY = Policy("funder", K, ("convention",))
INTERNAL = Policy("internal", 1, ())
Visit = tuple[str, str, str]
"""Person, age, channel."""


def visits_of(visits: Sequence[Visit]) -> pd.DataFrame:
    return pd.DataFrame(visits, columns=["recipient", "age", "channel"])


def crossed(visits: Sequence[Visit]) -> Table:
    return profiles.crosstab(visits_of(visits), "age", by="channel")


def listed(visits: Sequence[Visit]) -> Table:
    return profiles.distribution(visits_of(visits), "age")


def alone(age: str, channel: str, count: int) -> list[Visit]:
    """`count` people with one visit each."""
    return [(f"{age}{channel}{number}", age, channel) for number in range(count)]


def masked(table: Table, protection: Protection) -> dict[tuple[str, ...], bool]:
    keys = table.cells[list(table.keys)].itertuples(index=False)
    return {tuple(key): bool(m) for key, m in zip(keys, protection.of(table).masked, strict=True)}


MIXED = (
    alone("old", "x", 3) + alone("old", "y", 20) + alone("young", "x", 9) + alone("young", "y", 25)
    + alone("mid", "x", 30) + alone("mid", "y", 30)
)  # fmt: skip


# Boundaries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("people", "expected"), [(0, False), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_category_at_the_threshold(people: int, expected: bool) -> None:
    frame = visits_of([*alone("old", "x", people), *alone("mid", "x", 40), *alone("young", "x", 30)])
    frame["age"] = pd.Categorical(frame["age"], ["old", "mid", "young"])
    table = profiles.distribution(frame, "age")
    assert masked(table, protect([table], POLICY))["old",] is expected


@pytest.mark.parametrize(("rest", "expected"), [(0, False), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_people_beside_a_group_at_the_threshold(rest: int, expected: bool) -> None:
    """All but a few are « old »: the total less the group would give them, even where no row shows them."""
    frame = visits_of([*alone("old", "x", 40), *alone("young", "x", rest)])
    table = profiles.distribution(frame, "age")
    only = replace(
        table,
        cells=table.cells[table.cells["age"] != "young"].reset_index(drop=True),
        membership=table.membership.of_rows(np.flatnonzero(table.cells["age"] != "young"))
        if table.membership
        else None,
    )
    assert protect([only], POLICY).of(only).any_masked is expected


def test_twelve_visits_of_one_person_are_one_person() -> None:
    table = listed([*[("a", "old", "x")] * 12, *alone("mid", "x", 40), *alone("young", "x", 30)])
    assert masked(table, protect([table], POLICY))["old",]


def test_minimum_of_one_masks_nothing() -> None:
    table = crossed([*alone("old", "x", 1), *alone("young", "y", 1)])
    assert not protect([table], INTERNAL).of(table).any_masked


def test_small_cell_takes_others_with_it_along_its_row_and_its_column() -> None:
    table = crossed(MIXED)
    hidden = masked(table, protect([table], POLICY))
    assert hidden["old", "x"]
    assert sum(hidden["old", channel] for channel in ("x", "y", TOTAL)) >= 2
    assert sum(hidden[age, "x"] for age in ("old", "mid", "young", TOTAL)) >= 2


def test_two_small_parts_of_the_same_people_are_not_enough() -> None:
    """Three people who come through two doors: six by door, three in truth."""
    few = [(person, door, "x") for person in "abc" for door in ("n", "s")]
    table = listed(few + alone("e", "x", 20) + alone("w", "x", 30))
    hidden = masked(table, protect([table], POLICY))
    assert hidden["n",]
    assert hidden["s",]
    assert hidden["e",] or hidden["w",] or hidden[TOTAL,]


def test_zero_that_would_tell_is_masked() -> None:
    """Nobody is « low »: a zero beside two small groups must not say that all of the rest is in them."""
    frame = visits_of([*alone("old", "x", 2), *alone("mid", "x", 2), *alone("young", "x", 40)])
    frame["age"] = pd.Categorical(frame["age"], ["old", "mid", "low", "young"])
    table = profiles.distribution(frame, "age")
    hidden = masked(table, protect([table], POLICY))
    assert hidden["low",] or hidden["young",] or hidden[TOTAL,]


# Rules of an agreement ---------------------------------------------------------------------------


def test_whole_group_in_one_category_is_not_known_to_be() -> None:
    visits = [*alone("old", "x", 12), *alone("young", "x", 30), *alone("young", "y", 30)]
    table = crossed(visits)
    assert not protect([table], POLICY).of(table).any_masked
    hidden = masked(table, protect([table], replace(POLICY, whole_group=frozenset({"channel"}))))
    assert hidden["old", "x"]
    assert hidden["old", "y"]


@pytest.mark.parametrize(("base", "expected"), [(11, True), (12, False), (13, False)])
def test_share_of_too_few_is_masked(base: int, expected: bool) -> None:
    visits = [*alone("old", "x", base - 5), *alone("old", "y", 5), *alone("young", "x", 30), *alone("young", "y", 30)]
    table = crossed(visits)
    hidden = masked(table, protect([table], replace(POLICY, minimum_denominator=12)))
    assert hidden["old", "x"] is hidden["old", "y"] is expected
    assert not hidden["old", TOTAL]


@pytest.mark.parametrize(("visits", "expected"), [(15, False), (16, True), (17, True)])
def test_row_that_one_person_makes_most_of_is_masked(visits: int, expected: bool) -> None:
    """One person has 16 of 20 visits: 80 %."""
    others = [*alone("old", "x", 20 - visits)] if visits < 16 else alone("old", "x", 4)
    table = listed([*[("a", "old", "x")] * visits, *others, *alone("mid", "x", 40), *alone("young", "x", 30)])
    hidden = masked(table, protect([table], replace(POLICY, dominance=((1, 80.0),))))
    assert hidden["old",] is expected


# Several tables, tests, values -------------------------------------------------------------------


def test_region_is_masked_in_all_tables_or_in_none() -> None:
    frame = visits_of(MIXED)
    sheet, plain = profiles.profile_sheet(frame, ["age"], by="channel"), crossed(MIXED)
    by_age = listed(MIXED)
    protection = protect([sheet, plain, by_age], POLICY)
    crosstab, ages = masked(plain, protection), masked(by_age, protection)
    for (variable, age, channel), hidden in masked(sheet, protection).items():
        assert hidden == crosstab[TOTAL if variable == TOTAL else age, channel]
    assert all(ages[age,] == crosstab[age, TOTAL] for age in ("old", "mid", "young"))


def test_parts_of_a_masked_total_are_masked_with_it() -> None:
    """A share and its base give the total that it is a share of."""
    visits = [*alone("old", "x", 2), *alone("old", "y", 2), *alone("young", "x", 30), *alone("young", "y", 30)]
    table = crossed([*visits, *alone("mid", "x", 30), *alone("mid", "y", 30)])
    hidden = masked(table, protect([table], POLICY))
    for age in ("old", "mid", "young"):
        assert not hidden[age, TOTAL] or (hidden[age, "x"] and hidden[age, "y"])
    assert hidden["old", TOTAL]


def test_order_of_the_tables_and_of_the_rows_does_not_matter() -> None:
    frame = visits_of(MIXED)
    tables = [crossed(MIXED), listed(MIXED), profiles.totals(frame)]
    shuffled = frame.sample(frac=1, random_state=1)
    others = [
        profiles.crosstab(shuffled, "age", by="channel"),
        profiles.distribution(shuffled, "age"),
        profiles.totals(shuffled),
    ]
    forwards, backwards = protect(tables, POLICY), protect(others[::-1], POLICY)
    assert [masked(t, forwards) for t in tables] == [masked(t, backwards) for t in others]


def test_test_of_a_masked_table_is_withheld() -> None:
    test = Test("test du χ²", 3.1, (1.0,), 0.08, 117)
    table = replace(crossed(MIXED), tests=(test,))
    assert protect([table], POLICY).of(table).tests == ()
    assert protect([table], INTERNAL).of(table).tests == (test,)


def test_condition_is_told_with_what_it_rests_on_only() -> None:
    test = Test("test du χ²", 9.0, (1.0,), 0.001, 117)
    table = replace(crossed(MIXED), tests=(test,))
    assert not protect([table], POLICY).tells(table.is_significant())
    assert protect([table], INTERNAL).tells(table.is_significant())
    wide = replace(crossed([*alone("old", "x", 30), *alone("young", "y", 30), *alone("old", "y", 9)]), tests=(test,))
    assert not protect([wide], POLICY).of(wide).masked[0]


def test_masked_rows_hold_no_value_in_any_column_and_nobody() -> None:
    table = crossed(MIXED)
    table = replace(table, cells=table.cells.assign(forgotten=range(len(table.cells))))
    protected = protect([table], POLICY).of(table)
    values = protected.table.cells.drop(columns=["age", "channel"])
    assert protected.masked.any()
    assert values[protected.masked].isna().to_numpy().all()
    assert values.loc[~protected.masked, ["rows", "people", "forgotten"]].notna().to_numpy().all()
    assert protected.table.membership is None


def test_value_is_masked_as_its_row_is() -> None:
    table = crossed(MIXED)
    protection = protect([table], POLICY)
    assert protection.is_masked(table.value("rows", age="old", channel="x"))
    assert not protection.is_masked(table.value("rows"))


def test_extreme_is_masked_when_one_it_is_compared_with_is() -> None:
    table = listed([*alone("old", "x", 20), *alone("mid", "x", 9), *alone("low", "x", 8), *alone("young", "x", 3)])
    protection = with_masks([table], POLICY, [table.cells["age"].eq("young").to_numpy()])
    assert not protection.is_masked(table.value("rows", age="old"))
    assert protection.is_masked(table.largest("rows"))  # « old » comes first: so « young » comes after
    assert protection.is_masked(table.largest("rows").of("rows"))


def test_protection_leaves_the_results_as_they_were() -> None:
    table = crossed(MIXED)
    before = table.cells.copy(deep=True)
    protect([table], POLICY)
    pd.testing.assert_frame_equal(table.cells, before)


# Models ------------------------------------------------------------------------------------------

LARGE = (
    alone("old", "x", 3) + alone("old", "y", 40) + alone("young", "x", 30) + alone("young", "y", 60)
    + alone("mid", "x", 30) + alone("mid", "y", 30)
)  # fmt: skip


def test_odds_ratio_of_few_events_is_masked() -> None:
    odds = profiles.odds_ratios(visits_of(LARGE), outcome="channel", event="x", on=["age"])
    hidden = masked(odds, protect([odds], POLICY))
    assert hidden["age", "old"]
    assert not hidden["age", "young"]


def test_odds_ratio_is_masked_with_a_count_that_it_compares() -> None:
    table = crossed(LARGE)
    odds = profiles.odds_ratios(visits_of(LARGE), outcome="channel", event="x", on=["age"])
    protection = protect([table, odds], POLICY)
    cells, ratios = masked(table, protection), masked(odds, protection)
    assert ratios["age", "old"]
    for age in ("old", "mid", "young"):
        if cells[age, "x"] or cells[age, "y"]:
            assert ratios["age", age]


@pytest.mark.parametrize(("people", "expected"), [(0, False), (1, True), (K - 1, True), (K, False)])
def test_model_that_leaves_out_few_people_is_masked_whole(people: int, expected: bool) -> None:
    visits = [*alone("old", "x", 30), *alone("old", "y", 40), *alone("young", "x", 30), *alone("young", "y", 60)]
    odds = profiles.odds_ratios(visits_of(visits), outcome="channel", event="x", on=["age"])
    odds = replace(odds, missing=Missing(20, people, 180))
    assert protect([odds], POLICY).of(odds).masked.all() == expected


# What is refused ---------------------------------------------------------------------------------


def test_table_whose_people_nobody_knows_is_refused() -> None:
    table = Table(pd.DataFrame({"rows": [50], "people": [50]}), (), (Measure("rows", "count", unit="rows"),))
    with pytest.raises(DisclosureError, match="quelles personnes"):
        protect([table], POLICY)
    assert not protect([table], INTERNAL).of(table).any_masked


@pytest.mark.parametrize("kind", ["amount", "change", "points", "text", "ratio"])
def test_measure_without_a_rule_is_refused(kind: str) -> None:
    table = crossed(MIXED)
    table = replace(table, measures=(*table.measures, Measure("share", kind)))  # type: ignore[arg-type]
    with pytest.raises(DisclosureError, match="Aucune règle"):
        protect([table], POLICY)


@pytest.mark.parametrize(
    "rules", [{"forbidden": frozenset({"age"})}, {"forbidden_crossings": (frozenset({"age", "channel"}),)}]
)
def test_variable_or_crossing_that_an_agreement_forbids_is_refused(rules: dict[str, Any]) -> None:
    table, policy = crossed(MIXED), replace(POLICY, **rules)
    with pytest.raises(DisclosureError, match="interdit"):
        protect([table], policy)
    if "forbidden_crossings" in rules:
        assert protect([listed(MIXED)], policy)


def test_two_groups_of_people_under_one_name_are_refused() -> None:
    """The people of one channel, counted as if they were all: the rest would be had by subtraction."""
    frame = visits_of(MIXED)
    whole, part = profiles.totals(frame), profiles.totals(frame[frame["channel"] == "y"])
    with pytest.raises(DisclosureError, match="mêmes personnes"):
        protect([whole, part], POLICY)


def test_filter_of_load_is_part_of_the_region() -> None:
    frame = mark_population(visits_of(LARGE), Population("file"))
    part = mark_population(
        visits_of([visit for visit in LARGE if visit[2] == "x"]), Population("file", (("channel", "x"),))
    )
    by_age, of_channel = profiles.crosstab(frame, "age", by="channel"), profiles.distribution(part, "age")
    protection = protect([by_age, of_channel], POLICY)
    cells, ages = masked(by_age, protection), masked(of_channel, protection)
    assert all(cells[age, "x"] == ages[age,] for age in ("old", "mid", "young", TOTAL))


def test_share_with_no_dimension_that_adds_up_is_masked_by_its_own_people() -> None:
    frame = visits_of([*alone("old", "x", 3), *alone("young", "x", 30)])
    table = profiles.distribution(frame, "age")
    free = replace(table, dimensions=(Dimension("age", additive=False),))
    assert masked(free, protect([free], POLICY))["old",]


# Places ------------------------------------------------------------------------------------------

FLOOR = Floor("quarter", "Article 4.", {"age": "iris", "channel": "quarter"})
"""Ages stand for blocks, channels for quarters."""


@pytest.mark.parametrize("minimum", [1, K])
def test_table_under_the_floor_is_refused_whole_and_the_others_are_not(minimum: int) -> None:
    policy = Policy("public", minimum, ("convention",), floor=FLOOR)
    frame = visits_of(MIXED)
    fine = [listed(MIXED), crossed(MIXED), profiles.profile_sheet(frame, ["age"], by="channel")]
    fine.append(replace(profiles.totals(frame), held={"age": "old"}))
    coarse = [profiles.distribution(frame, "channel"), profiles.totals(frame)]
    protection = protect([*fine, *coarse], policy)
    for table in fine:
        found = protection.of(table)
        assert found.masked.all()
        assert found.hidden == 0
        assert str(found.refused).startswith("trop fin pour cette audience : « age » (IRIS)")
        assert str(found.refused).endswith("sous ce niveau : quartier. Article 4.")
    assert [protection.of(table).refused for table in coarse] == [None, None]
    assert not any(name == "age" for each in protection.plan.states for name, _ in each.categories)


def test_total_over_places_is_under_no_floor() -> None:
    table = listed(MIXED)
    whole = table.cells["age"].eq(TOTAL)
    only = replace(
        table,
        cells=table.cells[whole].reset_index(drop=True),
        membership=table.membership.of_rows(np.flatnonzero(whole)) if table.membership else None,
    )
    assert protect([only], Policy("public", K, ("convention",), floor=FLOOR)).of(only).refused is None
