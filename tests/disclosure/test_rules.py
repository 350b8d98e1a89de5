"""Every rule at its threshold, in people and in rows; and every rule switched off, in a case that then leaks.

The rules are read from the code (fields of a policy and of an agreement, kinds of targets, steps of the protection): a
new one without a case here fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import pandas as pd
import pytest

from etabli.agreements import Agreement, Level
from etabli.disclosure import plan, policy, protect, rules, suppress, targets
from etabli.disclosure.attacker import attack
from etabli.disclosure.policy import Policy, policy_for
from etabli.disclosure.protect import Protected
from etabli.disclosure.regions import region
from etabli.disclosure.statements import Publication, SourceTold
from etabli.errors import DisclosureError, MethodError
from etabli.methods import contacts, profiles, repeats, survival
from etabli.methods.following import Following
from etabli.methods.membership import Population, mark_derived, mark_population
from etabli.methods.representation import representation
from etabli.methods.results import TOTAL, Missing, Table
from etabli.present.said import statements_of, variables_of
from etabli.present.words import printed

K = 5
AROUND = [(K - 1, True), (K, False), (K + 1, False)]
"""People at the threshold less one, at it, and one more; and whether they are masked."""

VISITS = [1, 12]
"""Rows of each person: a rule of people must not look at them."""

Sizes = Mapping[tuple[str, str], int]
"""People by age and channel."""


def agreement(**held: object) -> Agreement:
    told = {"title": "essai", "provider": "caf", "studies": ["essai"], "audiences": ["funder", "public"]}
    return Agreement.model_validate({"minimum_people": {"value": K, "source": "x"}, **told, **held})


def threshold(value: int) -> dict[str, object]:
    return {"value": value, "source": "x"}


def frame(sizes: Sizes, *, visits: int = 1, held: tuple[tuple[str, str], ...] = ()) -> pd.DataFrame:
    lines = [
        (f"{age}{channel}{n}", age, channel)
        for (age, channel), size in sizes.items()
        for n in range(size)
        for _ in range(visits)
    ]
    made = pd.DataFrame(lines, columns=["recipient", "age", "channel"])
    for name, rank in (("age", 0), ("channel", 1)):
        made[name] = pd.Categorical(made[name], list(dict.fromkeys(each[rank] for each in sizes)))
    return mark_population(made, Population("d" * 64, held))


def masked(table: Table, *others: Table, **held: object) -> dict[tuple[str, ...], bool]:
    found = protect.protect([table, *others], policy_for([agreement(**held)], "funder")).of(table)
    keys = table.cells[list(table.keys)].itertuples(index=False)
    return {tuple(key): bool(hidden) for key, hidden in zip(keys, found.masked, strict=True)}


WIDE = {("mid", "x"): 40, ("mid", "y"): 45, ("low", "x"): 50, ("low", "y"): 55}
"""Many others, in every cell."""


# At the threshold ------------------------------------------------------------------------------------


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("people", "expected"), AROUND)
def test_people_at_the_minimum(people: int, expected: bool, visits: int) -> None:
    table = profiles.crosstab(
        frame({("old", "x"): people, ("old", "y"): 30, **WIDE}, visits=visits), "age", by="channel"
    )
    assert masked(table)["old", "x"] is expected


@pytest.mark.parametrize("visits", [K - 1, K, K + 1, 12])
def test_rows_of_one_person_make_no_people(visits: int) -> None:
    others = frame({("mid", "x"): 40, ("low", "x"): 50})
    one = pd.DataFrame({"recipient": ["alone"] * visits, "age": ["old"] * visits, "channel": ["x"] * visits})
    assert masked(profiles.distribution(pd.concat([one, others]), "age"))["old",]


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("households", "expected"), AROUND)
def test_households_at_the_minimum(households: int, expected: bool, visits: int) -> None:
    """Three people each: as many again would be enough, if people were counted."""
    few = [(f"h{n}", "old") for n in range(households) for _ in range(3 * visits)]
    many = [(f"{age}{n}", age) for age in ("mid", "low") for n in range(40)]
    table = profiles.distribution(pd.DataFrame([*few, *many], columns=["household", "age"]), "age", person="household")
    assert masked(table)["old",] is expected


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("people", "expected"), [(8, True), (9, False), (10, False)])
def test_contributors_at_their_minimum(people: int, expected: bool, visits: int) -> None:
    table = profiles.distribution(frame({("old", "x"): people, **WIDE}, visits=visits), "age")
    assert masked(table, minimum_contributors=threshold(9))["old",] is expected


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("base", "expected"), [(19, True), (20, False), (21, False)])
def test_people_under_a_share_at_the_minimum_denominator(base: int, expected: bool, visits: int) -> None:
    sizes = {("old", "x"): 9, ("old", "y"): base - 9, **WIDE}
    hidden = masked(
        profiles.crosstab(frame(sizes, visits=visits), "age", by="channel"), minimum_denominator=threshold(20)
    )
    assert hidden["old", "x"] is hidden["old", "y"] is expected
    assert not hidden["old", TOTAL]


@pytest.mark.parametrize(("most", "expected"), [(15, False), (16, True), (17, True)])
def test_rows_of_the_largest_contributor_at_the_dominance(most: int, expected: bool) -> None:
    """One of five people has 15, 16 or 17 of 20 rows: 80 % is too much."""
    rest = 20 - most
    rows = [most, *[1] * 3, rest - 3] if rest > 3 else [most, *[1] * rest]
    people = pd.DataFrame([(f"p{n}", "old") for n, times in enumerate(rows) for _ in range(times)])
    people.columns = pd.Index(["recipient", "age"])
    table = profiles.distribution(pd.concat([people, frame(WIDE)[["recipient", "age"]]]), "age")
    hidden = masked(table, minimum_people=threshold(2), dominance={"contributors": 1, "percent": 80, "source": "x"})
    assert hidden["old",] is expected


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("people", "expected"), [(11, True), (10, True), (9, True), (12, False)])
def test_people_at_the_dominance_of_several(people: int, expected: bool, visits: int) -> None:
    """Nine people of so many: 75 % at twelve is under the limit of 76 %, whatever their rows."""
    table = profiles.distribution(frame({("old", "x"): people, **WIDE}, visits=visits), "age")
    hidden = masked(table, dominance={"contributors": 9, "percent": 76, "source": "x"})
    assert hidden["old",] is expected


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("people", "hidden"), [(9, 2), (11, 2), (12, 0)])
def test_people_at_the_dominance_of_several_are_not_had_by_subtraction(people: int, hidden: int, visits: int) -> None:
    table = profiles.distribution(frame({("old", "x"): people, **WIDE}, visits=visits), "age")
    found = masked(table, dominance={"contributors": 9, "percent": 76, "source": "x"})
    assert sum(found.values()) == hidden


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("outside", "expected"), [(0, True), (1, True), (K - 1, True), (K, False), (K + 1, False)])
def test_people_outside_a_category_of_a_sensitive_variable(outside: int, expected: bool, visits: int) -> None:
    """None outside is a whole group; few are few."""
    sizes = {("old", "x"): 30, ("old", "y"): outside, **WIDE}
    table = profiles.crosstab(frame(sizes, visits=visits), "age", by="channel")
    hidden = masked(table, whole_group={"variables": ["channel"], "source": "x"})
    assert hidden["old", "y"] is expected


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize("people", [K - 1, K, K + 1])
def test_group_of_which_nobody_is_in_a_category(people: int, visits: int) -> None:
    """Two of three categories are used: the zero of the third says as much as a whole group."""
    sizes = {("old", "x"): people, ("old", "y"): 12, ("old", "z"): 0, **WIDE, ("mid", "z"): 30, ("low", "z"): 35}
    table = profiles.crosstab(frame(sizes, visits=visits), "age", by="channel")
    assert masked(table, whole_group={"variables": ["channel"], "source": "x"})["old", "z"]
    assert masked(table)["old", "z"] is False or people < K


def test_category_in_which_nobody_can_be_says_nothing() -> None:
    sizes = {("old", "x"): 12, ("old", "y"): 12, ("old", "z"): 0, **WIDE, ("mid", "z"): 30, ("low", "z"): 35}
    table = profiles.crosstab(frame(sizes), "age", by="channel", impossible=[("old", "z")])
    assert not any(masked(table, whole_group={"variables": ["channel"], "source": "x"}).values())


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("people", "expected"), [(K - 1, True), (K, True), (K + 1, False)])
def test_people_at_the_label_of_the_method_round(people: int, expected: bool, visits: int) -> None:
    table = profiles.distribution(frame({("old", "x"): people, **WIDE}, visits=visits), "age")
    held = policy_for([agreement(method="round", rounding_base=threshold(5))], "funder")
    found = protect.protect([table], held).of(table)
    assert (0 in found.at_most) is expected
    shown = found.table.cells["people"][~found.masked].astype(int)
    assert (shown % 5 == 0).all()


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(("shown", "refused"), [(["age"], False), (["channel"], True), (["age", "channel"], True)])
def test_forbidden_variable_is_refused_however_it_is_shown(shown: list[str], refused: bool, visits: int) -> None:
    table = _showing(shown, visits)
    _hold(table, refused=refused, forbidden_variables={"variables": ["channel"], "source": "x"})


@pytest.mark.parametrize("visits", VISITS)
@pytest.mark.parametrize(
    ("shown", "filtered", "refused"),
    [(["age"], [], False), (["age", "channel"], [], True), (["age"], ["channel"], True), (["age"], ["other"], False),
     (["age", "channel"], ["other"], True)],
)  # fmt: skip
def test_forbidden_crossing_is_refused_from_its_last_variable_on(
    shown: list[str], filtered: list[str], refused: bool, visits: int
) -> None:
    """One variable less is allowed, the crossing itself is not, nor is one variable more; a filter is one too."""
    table = _showing(shown, visits, tuple((name, "x") for name in filtered))
    _hold(table, refused=refused, forbidden_crossings=[{"variables": ["age", "channel"], "source": "x"}])


def _showing(names: list[str], visits: int, held: tuple[tuple[str, str], ...] = ()) -> Table:
    made = frame(WIDE, visits=visits, held=held)
    return profiles.distribution(made, *names) if len(names) == 1 else profiles.crosstab(made, names[0], by=names[1])


def _hold(table: Table, *, refused: bool, **held: object) -> None:
    if refused:
        with pytest.raises(DisclosureError, match="interdit"):
            masked(table, **held)
    else:
        assert masked(table, **held)


def test_forbidden_variable_is_refused_in_what_follows_from_it() -> None:
    """Who used both routes says who used each."""
    table = replace(_showing(["age"], 1), derived={"age": "channel"})
    _hold(table, refused=True, forbidden_variables={"variables": ["channel"], "source": "x"})


@pytest.mark.parametrize(("base", "refused"), [(2 * (K + 1), False), (2 * (K + 1) + 1, True)])
def test_rounding_that_would_write_people_as_none_is_refused(base: int, refused: bool) -> None:
    held = {"method": "round", "rounding_base": threshold(base)}
    if refused:
        with pytest.raises(ValueError, match="un arrondi d’au plus 12"):
            agreement(**held)
    else:
        assert agreement(**held).rounding_base is not None


@pytest.mark.parametrize(
    "held",
    [
        {"minimum_denominator": threshold(20)},
        {"forbidden_variables": {"variables": ["channel"], "source": "x"}},
        {"method": "round", "rounding_base": threshold(2)},
    ],
    ids=lambda held: next(iter(held)),
)
def test_rule_that_a_minimum_of_one_would_switch_off_is_refused(held: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="un minimum d’au moins 2 personnes"):
        agreement(minimum_people=threshold(1), **held)


@pytest.mark.parametrize(
    ("audience", "level", "refused"),
    [("funder", "iris", False), ("public", "iris", True), ("public", "quarter", False), ("public", "commune", False)],
)
def test_geographic_floor_refuses_what_is_finer_for_its_audience(audience: str, level: Level, refused: bool) -> None:
    held = agreement(geographic_floor=[{"audiences": ["public"], "finest": "quarter", "source": "x"}])
    found = policy_for([held], audience, levels={"age": level})
    assert (rules.under_floor(_showing(["age"], 1), found) is not None) is refused


def test_model_without_its_crosstab_is_protected_as_if_the_crosstab_were_shown() -> None:
    """Four « old » on x: their row is masked, and another, or the totals shown elsewhere would give it back."""
    made = frame({("old", "x"): K - 1, ("old", "y"): 61, **WIDE, ("young", "x"): 30, ("young", "y"): 35})
    model = profiles.odds_ratios(made, outcome="channel", event="x", on=["age"])
    hidden = masked(model, profiles.distribution(made, "age"), profiles.distribution(made, "channel"))
    assert hidden["age", "old"]
    assert sum(hidden.values()) > 1


def test_model_keeps_what_a_former_report_masked() -> None:
    made = frame({("old", "x"): 30, ("old", "y"): 61, **WIDE})
    model = profiles.odds_ratios(made, outcome="channel", event="x", on=["age"])
    known = policy_for([agreement()], "funder")
    where = region(model.source, {"age": "old", "channel": "x"})
    assert not protect.protect([model], known).of(model).masked.any()
    after = protect.protect([model], known, former=plan.Former(hidden=frozenset({where})))
    ages = model.cells["category"].tolist()
    assert after.of(model).masked[ages.index("old")]


def test_results_that_were_changed_after_their_method_are_refused() -> None:
    for column in ("people", "rows", "share", "share_low", "base_rows"):
        table = profiles.distribution(frame({("old", "x"): 3, **WIDE}), "age")
        table.cells.loc[0, column] = 30
        with pytest.raises(MethodError, match="modifié"):
            masked(table)


@pytest.mark.parametrize(("twice", "expected"), [(False, False), (True, True)])
def test_rate_ratio_rests_on_the_visits_of_its_category(twice: bool, expected: bool) -> None:
    """One person makes most visits of the old: under a rule of dominance, their rate ratio goes with their sum."""
    sizes = {("old", "x"): 12, **WIDE}
    made = frame(sizes)
    more = [made.iloc[[0]]] * 40 if twice else []
    others = made.groupby("age", observed=True).nth([1, 2, 3, 4])
    visits = pd.concat([made, others, *more], ignore_index=True)
    people = profiles.people_by_route(mark_population(visits, Population("d" * 64)), by="channel", keep=["age"])
    model = contacts.rate_ratios(people, on=["age"])
    dominance = {"contributors": 1, "percent": 70, "source": "x"}
    assert masked(model, dominance=dominance)["age", "old"] is expected


@pytest.mark.parametrize("left", [0, 30])
@pytest.mark.parametrize("few", [1, 9, 10])
def test_model_does_not_tell_whether_a_masked_category_has_left_it(few: int, left: int) -> None:
    """Under ten people a category has no rate ratio, and leaves the model: with eleven as the minimum, ten stay."""
    ages = ["young"] * 150 + ["middle"] * 150 + ["old"] * few
    who = [f"p{place}" for place, _ in enumerate(ages) for _ in range(1 + place % 3)]
    known = pd.DataFrame({"recipient": who, "age": [ages[int(each[1:])] for each in who]})
    nobody = pd.DataFrame({"recipient": [f"q{place}" for place in range(left)], "age": None})
    visits = pd.concat([known, nobody], ignore_index=True).assign(channel="x")
    people = profiles.people_by_route(mark_population(visits, Population("d" * 64)), by="channel", keep=["age"])
    model = contacts.rate_ratios(people, on=["age"])
    shown = protect.protect([model], policy_for([agreement(minimum_people=threshold(11))], "funder")).of(model)
    hidden = dict(zip(model.cells["category"], shown.masked, strict=True))
    assert hidden["old"]
    assert shown.table.missing == (Missing(left, left) if left else None)
    assert shown.tests == ()


def _compared(came: Sizes, everyone: Mapping[str, int]) -> Table:
    """Who came, by age and channel, against a territory of so many by age."""
    lines = [(f"{age}x{n}", age) for age, size in everyone.items() for n in range(size)]
    territory = pd.DataFrame(lines, columns=["recipient", "age"])
    territory["age"] = pd.Categorical(territory["age"], list(everyone))
    return representation(frame(came), mark_population(territory, Population("e" * 64)), ["age"])


def _complement(table: Table, shown: Protected, channel: str) -> float | None:
    """How many came of the category that is masked alone: what is left of 100 %, of a total told elsewhere."""
    rows = (table.cells["channel"] == channel).to_numpy()
    if (shown.masked & rows).sum() != 1:
        return None
    measure = table.measure("share_visitors")
    total = float(table.cells.loc[rows, "visitors"].sum())
    known = [printed(each, measure, total) for each in shown.table.cells.loc[rows & ~shown.masked, "share_visitors"]]
    return total * (1 - sum(map(float, known)) / 100)


def test_shares_of_who_came_do_not_give_back_the_one_that_is_masked() -> None:
    """Four « old » came to x, of a hundred: the shares of the others leave 4 %. The whole variable is masked."""
    made = _compared({("old", "x"): K - 1, ("old", "y"): 60, ("mid", "x"): 46, ("mid", "y"): 45, ("low", "x"): 50},
                     {"old": 400, "mid": 400, "low": 300})  # fmt: skip
    known = policy_for([agreement()], "funder")
    few = ((made.cells["category"] == "old") & (made.cells["channel"] == "x")).to_numpy()
    naive = protect.with_masks([made], known, [few]).of(made)
    assert _complement(made, naive, "x") == pytest.approx(K - 1)
    held = protect.protect([made], known).of(made)
    assert held.masked.all()
    assert _complement(made, held, "x") is None


@pytest.mark.parametrize("outside", [K - 1, K])
def test_those_of_a_small_category_who_did_not_come_are_not_known(outside: int) -> None:
    made = _compared({("old", "x"): 60, ("old", "y"): 60, **WIDE}, {"old": 120 + outside, "mid": 400, "low": 300})
    assert protect.protect([made], policy_for([agreement()], "funder")).of(made).masked.all() == (outside < K)


# Switched off ----------------------------------------------------------------------------------------


def _told(*tables: Table, **held: object) -> Publication:
    """Return what tables tell once protected, for the house's attacker."""
    known = policy_for([agreement(**held)], "funder")
    places = [
        (f"t{rank}", t, row, m) for rank, t in enumerate(tables) for row in range(len(t.cells)) for m in t.measures
    ]
    said = statements_of(places, protect.protect(tables, known))
    sensitive = tuple(sorted(known.whole_group))
    source = SourceTold("visits", "caf", K, whole_group=sensitive)
    return Publication("essai/x", {"d" * 64: source}, variables_of(tables), tuple(said))


def _is_attacked(*tables: Table, **held: object) -> bool:
    return not attack([_told(*tables, **held)], explained=0).holds


def few_alone() -> bool:
    """Four « old » among many: a small count is shown."""
    return not masked(profiles.distribution(frame({("old", "x"): K - 1, **WIDE}), "age"))["old",]


def few_by_subtraction() -> bool:
    return _is_attacked(profiles.crosstab(frame({("old", "x"): K - 1, ("old", "y"): 30, **WIDE}), "age", by="channel"))


def few_alone_by_subtraction() -> bool:
    """Four « old » are masked, and nobody else: the total less all others."""
    return _is_attacked(profiles.distribution(frame({("old", "x"): K - 1, **WIDE}), "age"))


def channels(*, both: int, phone: int) -> pd.DataFrame:
    """Twenty at the desk, of whom some on the phone as well, and others on the phone alone."""
    names = [(f"d{n}", "desk") for n in range(20)]
    names += [(f"d{n}", "phone") for n in range(both)] + [(f"p{n}", "phone") for n in range(phone)]
    return mark_population(pd.DataFrame(names, columns=["recipient", "channel"]), Population("d" * 64))


def few_beside() -> bool:
    """Two never came to the desk."""
    return _is_attacked(profiles.distribution(channels(both=10, phone=2), "channel"))


def few_twice() -> bool:
    """Two used both."""
    return _is_attacked(profiles.distribution(channels(both=2, phone=10), "channel"))


def few_elsewhere() -> bool:
    """All people beside those of two ages, each in a table of its own: four are of none of them."""
    everybody = frame({("old", "x"): K - 1, **WIDE})
    parts = [
        mark_population(
            everybody[everybody["age"] == age].reset_index(drop=True), Population("d" * 64, (("age", age),))
        )
        for age in ("mid", "low")
    ]
    tables = [profiles.distribution(part, "channel") for part in (everybody, *parts)]
    return not any(masked(table, *tables)[TOTAL,] for table in tables)


def few_of_a_quarter() -> bool:
    """Twenty-one of the areas of a quarter, of whom seventeen are old: no table has the quarter of all."""
    ages = ["old"] * 17 + ["young"] * (K - 1) + ["old"] * 20 + ["young"] * 20
    made = pd.DataFrame({"recipient": [f"p{n}" for n in range(len(ages))], "age": ages})
    made["area"] = ["a1"] * 10 + ["a2"] * (7 + K - 1) + ["b1"] * 40
    made["quarter"] = made["area"].str[0]
    everybody = mark_population(made, Population("d" * 64))
    everybody = mark_derived(everybody, everybody, {"quarter": "area"})
    old = made[made["age"] == "old"].reset_index(drop=True)
    old.attrs = everybody.attrs
    old = mark_population(old, Population("d" * 64, (("age", "old"),)))
    tables = [profiles.distribution(everybody, "area"), profiles.distribution(old, "quarter")]
    return not any(hidden for table in tables for hidden in masked(table, *tables).values())


def whole_group() -> bool:
    sizes = {("old", "x"): 30, ("old", "y"): 0, **WIDE}
    table = profiles.crosstab(frame(sizes), "age", by="channel")
    return (
        _is_attacked(table, whole_group={"variables": ["channel"], "source": "x"})
        or not (masked(table, whole_group={"variables": ["channel"], "source": "x"})["old", "y"])
    )


def few_under_a_share() -> bool:
    table = profiles.crosstab(frame({("old", "x"): 9, ("old", "y"): 10, **WIDE}), "age", by="channel")
    return not masked(table, minimum_denominator=threshold(20))["old", "x"]


def few_contributors() -> bool:
    table = profiles.distribution(frame({("old", "x"): 8, **WIDE}), "age")
    return not masked(table, minimum_contributors=threshold(9))["old",]


def dominated() -> bool:
    table = profiles.distribution(frame({("old", "x"): 9, **WIDE}), "age")
    return not masked(table, dominance={"contributors": 8, "percent": 80, "source": "x"})["old",]


def dominated_by_subtraction() -> bool:
    """The visits of « old » are nearly all one person's, and all others are shown beside their total."""
    one = pd.DataFrame({"recipient": ["alone"] * 90, "age": ["old"] * 90, "channel": ["x"] * 90})
    table = profiles.distribution(pd.concat([one, frame({("old", "x"): 9, **WIDE})]), "age")
    hidden = masked(table, dominance={"contributors": 1, "percent": 80, "source": "x"})
    return sum(hidden.values()) < 2


def exact_beside_rounded() -> bool:
    table = profiles.distribution(frame({("old", "x"): 33, **WIDE}), "age")
    held = policy_for([agreement(method="round", rounding_base=threshold(5))], "funder")
    found = protect.protect([table], held).of(table)
    return bool((found.table.cells["people"][~found.masked].astype(int) % 5).any())


def _leaves(*tables: Table, **held: object) -> bool:
    try:
        masked(*tables, **held)
    except DisclosureError:
        return False
    return True


def forbidden() -> bool:
    return _leaves(_showing(["channel"], 1), forbidden_variables={"variables": ["channel"], "source": "x"})


def forbidden_crossing() -> bool:
    crossing = {"variables": ["age", "channel"], "source": "x"}
    return _leaves(_showing(["age", "channel"], 1), forbidden_crossings=[crossing])


def too_fine() -> bool:
    held = agreement(geographic_floor=[{"audiences": ["funder"], "finest": "quarter", "source": "x"}])
    return rules.under_floor(_showing(["age"], 1), policy_for([held], "funder", levels={"age": "iris"})) is None


def told_outside() -> bool:
    """A table that must not leave the house, though all that it counts could."""
    table = replace(profiles.distribution(frame(WIDE), "age"), inside="des personnes réelles y sont décrites")
    return protect.protect([table], policy_for([agreement()], "funder")).of(table).refused is None


def few_arrived() -> bool:
    """All but two of a group are known to have been there at the last edition, whose count was told."""
    table = profiles.distribution(frame(WIDE), "age")
    low = region(table.source, {"age": "low"})
    found = plan.plan_for([table], policy_for([agreement()], "funder"), former=plan.Former(least={low: 103}))
    return not found.masked[low]


def part_of_a_masked_total() -> bool:
    """A share of 0 % of four people tells how many they are."""
    hidden = masked(profiles.crosstab(frame({("old", "x"): K - 1, ("old", "y"): 0, **WIDE}), "age", by="channel"))
    return hidden["old", TOTAL] and not hidden["old", "y"]


def few_left_out() -> bool:
    """Four people lack an answer: the total of this table, beside another one's, would give them."""
    table = profiles.distribution(frame(WIDE), "age")
    return not all(masked(replace(table, missing=Missing(K - 1, K - 1, 200))).values())


def _odds() -> Table:
    made = frame({("old", "x"): K - 1, ("old", "y"): 40, **WIDE})
    return profiles.odds_ratios(made, outcome="channel", event="x", on=["age"])


def odds_of_few() -> bool:
    return not masked(_odds())["age", "old"]


def curve_that_leaves() -> bool:
    """Under an agreement that protects nothing, as that of published figures, it is still refused."""
    spells = pd.DataFrame({"recipient": range(40), "days": range(1, 41), "left": [True] * 40})
    table = survival.survival(mark_population(spells, Population("d" * 64)), "days", event="left")
    held = policy_for([agreement(minimum_people=threshold(1))], "funder")
    try:
        return not protect.protect([table], held).of(table).any_masked
    except DisclosureError:
        return False


def _came_again(few: int, minutes: float = 10.0) -> pd.DataFrame:
    """People who came again for one request after 3, 10 or 20 days; one of them took so many minutes."""
    again = [(f"{request}{days}p{n}", request, days) for request in "xy" for days, size in
             ((3, 30), (10, few if request == "x" else 40), (20, 30)) for n in range(size)]  # fmt: skip
    rows = [(who, request, day) for who, request, days in again for day in (0, days)]
    made = pd.DataFrame(rows, columns=["recipient", "request", "day"])
    made["visited_at"] = pd.Timestamp("2024-10-01") + pd.to_timedelta(made.pop("day"), unit="D")
    made["minutes"] = [minutes if who == "x3p0" else 10.0 for who in made["recipient"]]
    return mark_population(made, Population("d" * 64))


FOLLOWING = Following("2024-12-31")


def few_between_two_points() -> bool:
    """Four came again after 8 to 14 days, and this curve goes up by them: its own rows rest on many."""
    table = repeats.failure_demand(_came_again(K - 1), FOLLOWING)
    hidden = masked(replace(table, cells=table.cells.assign(people=table.cells["everyone"])))
    return not all(hidden["x", point] for point in FOLLOWING.points)


def hours_of_one() -> bool:
    """One of many took as long as all others; without the hours of their request, the total tells them."""
    table = repeats.failure_cost(_came_again(30, minutes=1_200.0), FOLLOWING)
    hidden = masked(table, dominance={"contributors": 1, "percent": 50, "source": "x"})
    return not all(hidden[request, point] for request in "xy" for point in FOLLOWING.points)


def two_windows() -> bool:
    """Four came between 30 and 14 days before the end alone: those followed for 14 days, less those for 30."""
    made = _came_again(30)
    last = pd.DataFrame({"recipient": [f"l{n}" for n in range(K - 1)], "request": "x", "minutes": 10.0})
    last["visited_at"] = pd.Timestamp("2024-12-10")
    visits = mark_population(pd.concat([made, last], ignore_index=True), Population("d" * 64))
    week = Following("2024-12-31", within=(14,))
    tables = [profiles.distribution(repeats.followed(visits, each), "request") for each in (FOLLOWING, week)]
    return _leaves(tables[0], tables[1])


def index_over_a_masked_count() -> bool:
    """A former report masked how many came to x: shares of them, beside the people of one age, would tell."""
    made = _compared(WIDE, {"mid": 400, "low": 300})
    where = region(made.source, {"channel": "x"})
    former = plan.Former(hidden=frozenset({where}))
    return not protect.protect([made], policy_for([agreement()], "funder"), former=former).of(made).masked.all()


def without(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    """Return what takes one rule out of every policy that agreements make."""
    neutral = next(each.default for each in fields(Policy) if each.name == name) if name != "minimum_people" else 1

    def switch(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(policy, "Policy", lambda *told, **held: replace(Policy(*told, **held), **{name: neutral}))

    return switch


def patched(*pieces: tuple[Any, str, Any]) -> Callable[[pytest.MonkeyPatch], None]:
    def switch(patch: pytest.MonkeyPatch) -> None:
        for owner, name, mutant in pieces:
            patch.setattr(owner, name, mutant)

    return switch


def _none(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _no_contributors(patch: pytest.MonkeyPatch) -> None:
    """Agreements are read as if they said nothing of contributors."""
    made = Agreement.model_validate

    def read(told: Any) -> Agreement:
        return made(told).model_copy(update={"minimum_contributors": None})

    patch.setattr(Agreement, "model_validate", read)


@dataclass(frozen=True)
class Mutation:
    """A rule, a case that leaks without it, and what switches it off."""

    rule: str
    leaks: Callable[[], bool]
    switch: Callable[[pytest.MonkeyPatch], None]


PROVE, WITHHOLD = (suppress._Chooser, "prove", _nothing), (suppress._Chooser, "withhold", _nothing)

MUTATIONS = [
    *[
        Mutation(f"policy.{name}", leaks, without(name))
        for name, leaks in (
            ("minimum_people", few_alone),
            ("whole_group", whole_group),
            ("minimum_denominator", few_under_a_share),
            ("dominance", dominated),
            ("rounding_base", exact_beside_rounded),
            ("forbidden", forbidden),
            ("forbidden_crossings", forbidden_crossing),
            ("floor", too_fine),
        )
    ],
    Mutation("agreement.minimum_contributors", few_contributors, _no_contributors),
    Mutation("agreement.geographic_floor", too_fine, patched((policy, "_floor", _nothing))),
    Mutation("target.arrivals", few_arrived, patched((plan, "arrivals", _none))),
    Mutation("rules.kept_inside", told_outside, patched((protect, "kept_inside", _nothing))),
    Mutation("rules.under_floor", too_fine, patched((rules, "under_floor", _nothing))),
    Mutation("target.small", few_alone_by_subtraction, patched((targets, "small", _none))),
    Mutation("target.differences", few_beside, patched((targets, "differences", _none))),
    Mutation("target.leftovers", few_elsewhere, patched((targets, "leftovers", _none))),
    Mutation("target.hierarchies", few_of_a_quarter, patched((targets, "hierarchies", _none))),
    Mutation("target.several", few_twice, patched((targets, "several", _none), (targets, "leftovers", _none))),
    Mutation("target.magnitudes", dominated_by_subtraction, patched((targets, "magnitudes", _none))),
    Mutation("target.wholes", whole_group, patched((targets, "wholes", _none))),
    Mutation("plan.secondary masks", few_by_subtraction, patched(PROVE, WITHHOLD)),
    Mutation(
        "plan.what is not proved is withheld",
        few_by_subtraction,
        patched((suppress._Chooser, "_found", _nothing), WITHHOLD),
    ),
    Mutation("plan._with_parts", part_of_a_masked_total, patched((plan, "_with_parts", lambda masked, *_: masked))),
    Mutation("plan._primary", few_left_out, patched((plan, "_primary", lambda system, *_: system.people < 0))),
    Mutation("rules.hold_rules", forbidden, patched((protect, "hold_rules", _nothing))),
    Mutation("rules.hold_kinds", curve_that_leaves, patched((protect, "hold_kinds", _nothing))),
    Mutation(
        "rules.between_points",
        few_between_two_points,
        patched((rules, "between_points", lambda table, *_: pd.Series(False, index=table.cells.index).to_numpy())),
    ),
    Mutation("rules.hold_windows", two_windows, patched((protect, "hold_windows", _nothing))),
    Mutation("rules.with_sums", hours_of_one, patched((rules, "with_sums", lambda _, mask, *__: mask))),
    Mutation("rules.bases_of", part_of_a_masked_total, patched((plan, "bases_of", _none))),
    Mutation(
        "rules.of_model",
        odds_of_few,
        patched((protect, "of_model", lambda table, *_: pd.Series(False, index=table.cells.index).to_numpy())),
    ),
    Mutation(
        "rules.of_index",
        index_over_a_masked_count,
        patched((rules, "of_index", lambda table, *_: pd.Series(False, index=table.cells.index).to_numpy())),
    ),
]

OF_A_POLICY = {"rounding_base": "rounding_base", "forbidden_variables": "forbidden"}
"""Keys of an agreement under another name in a policy."""

NOT_RULES = {"audience", "sources"}


def rules_of_the_house() -> set[str]:
    """Return what the code under test calls a rule."""
    of_policy = {each.name for each in fields(Policy)} - NOT_RULES
    told = {
        name
        for name, field in Agreement.model_fields.items()
        if any(word in str(field.annotation) for word in ("Threshold", "Dominance", "Listed", "Crossing", "Floor"))
    }
    kinds, listed = _public(targets, inspect.isgeneratorfunction), _public(rules, inspect.isfunction)
    return (
        {f"policy.{name}" for name in of_policy}
        | {f"agreement.{name}" for name in told if OF_A_POLICY.get(name, name) not in of_policy}
        | {f"target.{name}" for name in kinds}
        | {f"rules.{name}" for name in listed}
    )


def _public(module: Any, is_one: Callable[[object], bool]) -> list[str]:
    """Return the functions of a module that are its own, and that others call."""
    found = inspect.getmembers(module, is_one)
    return [name for name, each in found if each.__module__ == module.__name__ and not name.startswith("_")]


def test_every_rule_has_its_mutation() -> None:
    held = {each.rule for each in MUTATIONS}
    assert rules_of_the_house() == {name for name in held if not name.startswith("plan.")}
    assert len(held) == len(MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.rule)
def test_rule_switched_off_leaks_in_a_case_that_it_holds(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not mutation.leaks()
    mutation.switch(monkeypatch)
    assert mutation.leaks()
