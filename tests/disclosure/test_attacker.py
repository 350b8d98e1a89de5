"""The attacker knows what follows, and nothing else: attacks of the literature one by one, then every small file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.disclosure.attacker import Attack, Finding, Siege, attack, groups
from etabli.disclosure.attacker import Means as AttackMeans
from etabli.disclosure.bounds import Infeasible, System
from etabli.disclosure.lattice import Stayers
from etabli.disclosure.regions import OTHERS, region
from etabli.disclosure.statements import IMPOSSIBLE, MASKED, Publication, Quantity, SourceTold, Statement, Variable

SOURCE = "d" * 64
AGE = Variable(("young", "mid", "old"), constant=True)
SEX = Variable(("f", "m"), constant=True)
CHANNEL = Variable(("desk", "phone"), constant=False)

Where = Mapping[str, str]
Publish = Callable[..., Publication]


def known(found: Attack) -> dict[str, tuple[int, int]]:
    return {each.words: (each.low, each.high) for each in found.findings}


def finding(found: Attack, words: str) -> Finding:
    (one,) = [each for each in found.findings if each.words == words]
    return one


def ratio(
    where: Where, over: Where, low: float, high: float, *, units: tuple[str, str] = ("rows", "rows")
) -> Statement:
    one, two = (Quantity(region(SOURCE, dict(w)), unit) for w, unit in zip((where, over), units, strict=True))  # type: ignore[arg-type]
    return Statement("tableau-1", one, low, high, over=two, shown=100 * low)


# Attacks of the literature, one by one ----------------------------------------------------------------


@pytest.mark.parametrize(("masked", "broken"), [(1, True), (4, True), (5, False), (6, False), (0, False)])
def test_complement_by_margins_is_known(masked: int, broken: bool, publish: Publish) -> None:
    """The threshold, one under, one above: 40 people, all but one category shown, k = 5."""
    shown = [({}, "people", 40), ({"age": "young"}, "people", 20), ({"age": "mid"}, "people", 20 - masked)]
    found = attack([publish({"tableau-1": [*shown, ({"age": "old"}, "people", "s")]}, {"age": AGE})])
    assert (not found.holds) is broken
    if broken:
        assert known(found)["age = old"] == (masked, masked)
        assert finding(found, "age = old").tables == (("essai/2024_funder", "tableau-1"),)


def test_two_masks_that_hold_enough_together_are_not_known(publish: Publish) -> None:
    shown = [({}, "people", 40), ({"age": "young"}, "people", 30), ({"age": "mid"}, "people", "s")]
    assert attack([publish({"t": [*shown, ({"age": "old"}, "people", "s")]}, {"age": AGE})]).holds


@pytest.mark.parametrize(("left", "broken"), [(3, True), (4, True), (5, False)])
def test_two_masks_that_hold_few_together_are_a_group_that_is_known(left: int, broken: bool, publish: Publish) -> None:
    shown = [({}, "people", 40), ({"age": "young"}, "people", 40 - left), ({"age": "mid"}, "people", "s")]
    found = attack([publish({"t": [*shown, ({"age": "old"}, "people", "s")]}, {"age": AGE})])
    assert (
        "ensemble, age : catégories non montrées" in known(found) or "ensemble, sans age = young" in known(found)
    ) is (broken)


def test_linked_tables_of_two_reports_are_named(publish: Publish) -> None:
    """Each report is safe; together they give who is old and a man."""
    variables = {"age": replace(AGE, categories=("young", "old")), "sex": SEX}
    by_age = [({}, "people", 40), ({"age": "young"}, "people", 30), ({"age": "old"}, "people", 10)]
    women = [({"sex": "f", "age": "old"}, "people", 8), ({"sex": "m", "age": "old"}, "people", "s")]
    noise = [({"sex": "f"}, "people", 20), ({"sex": "m"}, "people", 20), ({}, "people", 40)]
    one = publish({"tableau-1": by_age, "tableau-2": noise}, variables, report="essai/a")
    two = publish({"tableau-1": women}, variables, report="essai/b")
    assert attack([one]).holds
    assert attack([two]).holds
    found = attack([one, two])
    assert known(found)["age = old ; sex = m"] == (2, 2)
    assert finding(found, "age = old ; sex = m").tables == (("essai/a", "tableau-1"), ("essai/b", "tableau-1"))


def test_crossing_that_no_table_shows_is_known_from_its_margins(publish: Publish) -> None:
    """19 of 20 are young, 18 of 20 are women: at least 17 young women, and no more than 2 young men."""
    variables = {"age": replace(AGE, categories=("young", "old")), "sex": SEX}
    shown = [({}, "people", 20), ({"age": "young"}, "people", 20), ({"age": "old"}, "people", 0)]
    other = [({"sex": "f"}, "people", 18), ({"sex": "m"}, "people", "s")]
    found = known(attack([publish({"a": shown, "b": other}, variables)]))
    assert found["age = young ; sex = m"] == (2, 2)


def test_hierarchy_is_part_of_what_is_known(publish: Publish) -> None:
    """A quarter of 12 people, its areas masked but one of 9; the quarter alone stands in another table."""
    areas = Variable(("a1", "a2", "a3"), True, {"quarter": {"a1": "q1", "a2": "q1", "a3": "q2"}})
    variables = {"area": areas, "quarter": Variable(("q1", "q2"), True)}
    by_area = [({"area": "a1"}, "people", 9), ({"area": "a2"}, "people", "s"), ({"area": "a3"}, "people", "s")]
    by_quarter = [({"quarter": "q1"}, "people", 12), ({"quarter": "q2"}, "people", 50)]
    found = attack([publish({"t1": by_area, "t2": by_quarter}, variables)])
    assert known(found)["area = a2"] == (3, 3)
    assert finding(found, "area = a2").tables == (("essai/2024_funder", "t1"), ("essai/2024_funder", "t2"))


def test_populations_that_differ_by_few_are_known(publish: Publish) -> None:
    """All, and all of one quarter but its filter: `quarter` is a filter, no table gives its categories."""
    found = attack([publish({"t": [({}, "people", 40), ({"quarter": "blosne", "adult": "yes"}, "people", 37)]}, {})])
    assert known(found) == {"ensemble, sans adult = yes ; quarter = blosne": (3, 3)}


@pytest.mark.parametrize(("left", "broken"), [(0, False), (1, True), (4, True), (5, False)])
def test_whole_less_several_filtered_parts_is_known(left: int, broken: bool, publish: Publish) -> None:
    """Everybody, and those of two quarters, in a report each: no table gives the quarters."""
    quarter = {"quarter": Variable(("q1", OTHERS), constant=True)}
    other = {"quarter": Variable(("q2", OTHERS), constant=True)}
    told = [
        publish({"t": [({}, "people", 40)]}, {}, report="essai/a"),
        publish({"t": [({"quarter": "q1"}, "people", 20)]}, quarter, report="essai/b"),
        publish({"t": [({"quarter": "q2"}, "people", 20 - left)]}, other, report="essai/c"),
    ]
    found = attack(told)
    assert (not found.holds) is broken
    assert (known(found).get(f"quarter = {OTHERS}") == (left, left)) is broken
    assert all(attack(told[:n]).holds for n in (1, 2))


def test_others_of_a_quarter_are_apart_from_those_of_another(publish: Publish) -> None:
    """Ten of a quarter, of whom seven in its one area that is told: three are in its other areas."""
    areas = Variable(("a1", OTHERS), True, {"quarter": {"a1": "q1"}})
    variables = {"area": areas, "quarter": Variable(("q1", "q2"), True)}
    shown = [({}, "people", 40), ({"quarter": "q1"}, "people", 10), ({"area": "a1"}, "people", 7)]
    assert known(attack([publish({"t": shown}, variables)]))[f"area = {OTHERS} : q1"] == (3, 3)


def test_filter_that_leaves_out_few_is_known(publish: Publish) -> None:
    found = attack([publish({"t": [({}, "people", 40), ({"adult": "yes"}, "people", 37)]}, {})])
    assert known(found) == {"ensemble, sans adult = yes": (3, 3)}


def test_people_in_two_columns_do_not_add_up(publish: Publish) -> None:
    """38 at the desk and 30 on the phone, of 40: the masked ones cannot be had by subtraction."""
    shown = [({}, "people", 40), ({"channel": "desk"}, "people", 30), ({"channel": "phone"}, "people", "s")]
    assert attack([publish({"t": shown}, {"channel": CHANNEL})]).holds


@pytest.mark.parametrize(("desk", "words"), [(38, "ensemble, sans channel = desk"), (40, None)])
def test_who_did_not_use_a_channel_is_known(desk: int, words: str | None, publish: Publish) -> None:
    shown = [({}, "people", 40), ({"channel": "desk"}, "people", desk), ({"channel": "phone"}, "people", "s")]
    found = known(attack([publish({"t": shown}, {"channel": CHANNEL})]))
    assert found == ({words: (2, 2)} if words else {})


def test_who_used_both_channels_is_known(publish: Publish) -> None:
    shown = [({}, "people", 40), ({"channel": "desk"}, "people", 22), ({"channel": "phone"}, "people", 20)]
    assert known(attack([publish({"t": shown}, {"channel": CHANNEL})])) == {"ensemble, channel : les deux": (2, 2)}


def test_rows_known_to_be_few_hold_few_people(publish: Publish) -> None:
    """Three visits are made by one to three people."""
    shown = [({}, "rows", 40), ({"channel": "desk"}, "rows", 37), ({"channel": "phone"}, "rows", "s")]
    found = known(attack([publish({"t": shown}, {"channel": CHANNEL})]))
    assert found["channel = phone"] == (1, 3)


def test_twelve_visits_of_one_person_are_one_person(publish: Publish) -> None:
    shown = [({"age": "old"}, "rows", 12), ({"age": "old"}, "people", 1)]
    assert known(attack([publish({"t": shown}, {"age": AGE})]))["age = old"] == (1, 1)


def test_routes_give_channels(publish: Publish) -> None:
    """Who came to the desk came there only, or to both."""
    sets = ("channel", {"desk_only": ("desk",), "phone_only": ("phone",), "both": ("desk", "phone")})
    route = Variable(("desk_only", "phone_only", "both"), True, sets=sets)
    routes = [({"route": "desk_only"}, "people", 25), ({"route": "both"}, "people", "s")]
    channels = [({"channel": "desk"}, "people", 28)]
    found = attack([publish({"t1": routes, "t2": channels}, {"route": route, "channel": CHANNEL})])
    assert known(found)["route = both"] == (3, 3)


def test_who_uses_both_channels_may_be_in_a_row_of_one_of_them(publish: Publish) -> None:
    """Each person's last visit is one row, in one channel: ten of them, although four people use both."""
    sets = ("channel", {"desk_only": ("desk",), "phone_only": ("phone",), "both": ("desk", "phone")})
    known_of = {
        "route": Variable(("desk_only", "phone_only", "both"), True, sets=sets),
        "channel": CHANNEL,
        "back": Variable(("later", "not_seen"), constant=False),
    }
    routes = [
        ({"route": code}, "people", people) for code, people in (("desk_only", 60), ("phone_only", 0), ("both", 40))
    ]
    channels = [({"channel": "desk"}, "people", 100), ({"channel": "phone"}, "people", 40)]
    last = [({"back": "not_seen"}, "rows", 100), ({"back": "not_seen"}, "people", 100)]
    found = attack([publish({"t1": routes, "t2": channels, "t3": last}, known_of)])
    assert found.contradiction == ()
    beside = [({"back": "not_seen", "channel": code}, "people", n) for code, n in (("desk", 57), ("phone", 43))]
    wrong = attack([publish({"t1": routes, "t2": channels, "t3": [*last, *beside]}, known_of)])
    assert wrong.contradiction  # sixty came to the desk alone, and have their last visit there


def test_several_routes_bind_channels(publish: Publish) -> None:
    """Who came to the desk came there only, or to several; of whom each came to two channels or more."""
    sets = ("channel", {"desk_only": ("desk",), "phone_only": ("phone",), "mail_only": ("mail",), "several": ()})
    route = Variable(tuple(sets[1]), True, sets=sets)
    channel = Variable(("desk", "phone", "mail"), constant=False)
    routes = [({"route": "desk_only"}, "people", 25), ({"route": "several"}, "people", "s")]
    desk = [({"channel": "desk"}, "people", 28), ({"channel": "phone"}, "people", 0)]
    told = {"t1": routes, "t2": [*desk, ({"channel": "mail"}, "people", 3), ({"route": "mail_only"}, "people", 0)]}
    found = known(attack([publish(told, {"route": route, "channel": channel})]))
    assert found["route = several"] == (3, 3)  # of 28 at the desk, 25 came only there; of 31 uses, the others made six


def test_numbers_of_visits_give_who_came_twice(publish: Publish) -> None:
    """Twenty came once, 26 visits were made: the other six are those of three people who came twice."""
    frequency = Variable(("once", "twice"), True, numbers={"once": (1, 1), "twice": (2, 2)})
    people = [({"frequency": "once"}, "people", 20), ({"frequency": "twice"}, "people", "s")]
    visits = [({}, "rows", 26)]
    found = attack([publish({"t1": people, "t2": visits}, {"frequency": frequency})])
    assert known(found)["frequency = twice"] == (3, 3)
    unknown = attack([publish({"t1": people, "t2": visits}, {"frequency": replace(frequency, numbers={})})])
    assert "frequency = twice" not in known(unknown)


def test_numbers_of_visits_do_not_bind_those_of_one_channel_from_below(publish: Publish) -> None:
    frequency = Variable(("once", "more"), True, numbers={"once": (1, 1), "more": (2, 0)})
    told = [
        ({"frequency": "more", "channel": "desk"}, "rows", 4),
        ({"frequency": "more"}, "rows", 30),
        ({"frequency": "once"}, "people", 9),
    ]
    found = attack([publish({"t": told}, {"frequency": frequency, "channel": CHANNEL})])
    assert known(found) == {"channel = desk ; frequency = more": (1, 4)}  # not two at most


def test_share_with_its_base_gives_its_count(publish: Publish) -> None:
    """7.5 % of 40 rows are 3; 40 rows of 40 people are one each."""
    told = publish({"tableau-1": [({}, "people", 40), ({}, "rows", 40)]}, {"age": AGE})
    share = ratio({"age": "old"}, {}, 0.0745, 0.0755)
    found = known(attack([replace(told, statements=(*told.statements, share))]))
    assert found["age = old"] == (3, 3)


def test_share_of_a_rounded_base_is_found_in_whole_numbers(publish: Publish) -> None:
    """36.4 % of 8 to 14 people: 4 of 11, and nothing else. In fractions it could be 5.1 of 14."""
    told = publish({}, {"age": AGE})
    base = Statement("t", Quantity(region(SOURCE, {}), "people"), 8, 14, shown="≈ 10")
    share = ratio({"age": "old"}, {}, 0.3635, 0.3645, units=("people", "people"))
    found = known(attack([replace(told, statements=(base, share))]))
    assert found["age = old"] == (4, 4)


def test_mean_gives_people_from_rows(publish: Publish) -> None:
    """Visits a person, beside visits, are people."""
    told = publish({"tableau-1": [({"age": "old"}, "rows", 9)]}, {"age": AGE})
    mean = ratio({"age": "old"}, {"age": "old"}, 2.95, 3.05, units=("rows", "people"))
    assert known(attack([replace(told, statements=(*told.statements, mean))]))["age = old"] == (3, 3)


def test_whole_numbers_are_found_row_by_row() -> None:
    """10 a + 7 b = 61 has one solution in counts."""
    system = System.of([({0: 10.0, 1: 7.0}, 61.0, 61.0)], 2)
    assert (system.least.tolist(), system.greatest.tolist()) == ([4, 3], [4, 3])


def test_whole_numbers_find_what_fractions_miss() -> None:
    """6 a + 10 b + 15 c = 61: (6, 1, 1), (1, 4, 1) and (1, 1, 3)."""
    system = System.of([({0: 6.0, 1: 10.0, 2: 15.0}, 61.0, 61.0)], 3)
    assert system.extreme({0: 1.0}, greatest=True)[0] > 7
    found = [[system.whole_extreme({i: 1.0}, greatest=side, nodes=500) for side in (False, True)] for i in range(3)]
    assert found == [pytest.approx([1, 6]), pytest.approx([1, 4]), pytest.approx([1, 3])]


def test_rounding_unpicked_by_sums_is_known(publish: Publish) -> None:
    """Three roundings of 10 (8 to 12) and a total of 36 (exact) pin every part from both sides."""
    told = publish({}, {"age": AGE})
    parts = [
        Statement("t", Quantity(region(SOURCE, {"age": code}), "people"), low, high, shown="≈")
        for code, low, high in (("young", 16, 17), ("mid", 16, 17), ("old", 0, 4))
    ]
    total = Statement("t", Quantity(region(SOURCE, {}), "people"), 36, 36, shown=36)
    assert known(attack([replace(told, statements=(*parts, total))]))["age = old"] == (2, 4)


# Editions, recipients, contradictions ------------------------------------------------------------------


def test_stayers_give_arrivals(publish: Publish) -> None:
    variables = {"age": AGE}
    one = publish({"t": [({}, "people", 40)]}, variables, report="essai/a", source="1")
    two = publish({"t": [({}, "people", 43)]}, variables, report="essai/b", source="2")
    assert attack([one, two]).holds
    found = attack([one, two], stayers=[Stayers("1", "2")])
    assert known(found) == {"ensemble, arrivées d’une édition à l’autre": (3, 3)}
    assert found.findings[0].tables == (("essai/a", "t"), ("essai/b", "t"))


def test_provider_knows_its_own_file(publish: Publish) -> None:
    told = publish({"t": [({"age": "old"}, "people", 2)]}, {"age": AGE})
    assert not attack([told]).holds
    assert attack([told], exempt=frozenset({"caf"})).holds
    assert not attack([told], exempt=frozenset({"etat"})).holds


def test_strictest_minimum_of_a_source_holds(publish: Publish) -> None:
    loose = publish({"t": [({"age": "old"}, "people", 7)]}, {"age": AGE}, minimum=5)
    strict = publish({"t": [({"age": "mid"}, "people", 30)]}, {"age": AGE}, minimum=11)
    assert attack([loose]).holds
    assert known(attack([loose, strict])) == {"age = old": (7, 7)}


def test_nothing_is_to_be_protected_under_a_minimum_of_one(publish: Publish) -> None:
    assert attack([publish({"t": [({"age": "old"}, "people", 1)]}, {"age": AGE}, minimum=1)]).holds


def test_contradiction_names_the_tables_that_cannot_both_be_true(publish: Publish) -> None:
    variables = {"age": AGE}
    one = publish({"t": [({}, "people", 40)], "u": [({"age": "old"}, "people", 10)]}, variables, report="essai/a")
    two = publish({"t": [({}, "people", 41)]}, variables, report="essai/b")
    found = attack([one, two])
    assert not found.holds
    assert found.contradiction == (("essai/a", "t"), ("essai/b", "t"))


def test_nothing_released_tells_nothing() -> None:
    assert attack([]).holds


# Every small file ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Universe:
    """All files of at most so many people of two ages, two sexes, who used the desk, the phone or both."""

    people: int
    kinds: tuple[tuple[str, str, frozenset[str]], ...] = tuple(
        product(("young", "old"), ("f", "m"), (frozenset({"desk"}), frozenset({"phone"}), frozenset({"desk", "phone"})))
    )

    def files(self) -> np.ndarray:
        """One line a file: how many people of each kind. Written without any of the attacker's code."""

        def spread(left: int, kinds: int) -> Iterator[tuple[int, ...]]:
            if kinds == 1:
                yield (left,)
                return
            for first in range(left + 1):
                for rest in spread(left - first, kinds - 1):
                    yield first, *rest

        return np.array([each for n in range(self.people + 1) for each in spread(n, len(self.kinds))], dtype=np.int8)

    def counts(self, where: Where) -> np.ndarray:
        """1 for each kind that is in a region."""
        return np.array(
            [
                all(
                    {"age": age == code, "sex": sex == code, "channel": code in channels}[name]
                    for name, code in where.items()
                )
                for age, sex, channels in self.kinds
            ],
            dtype=np.int8,
        )


WHERES: list[dict[str, str]] = [
    {name: code for name, code in zip(("age", "sex", "channel"), codes, strict=True) if code}
    for codes in product(("", "young", "old"), ("", "f", "m"), ("", "desk", "phone"))
]


def key(where: Where) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(where.items()))


SMALL = Universe(6)
SMALL_FILES = SMALL.files()
VARIABLES = {"age": Variable(("young", "old"), True), "sex": SEX, "channel": CHANNEL}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_bounds_hold_every_small_file_that_fits(seed: int) -> None:
    """Sound: what the attacker holds impossible happens in no file; and where it says 1 to k − 1, all files agree."""
    rng = np.random.default_rng(seed)
    truth = SMALL_FILES[rng.integers(len(SMALL_FILES))]
    told = [where for where in WHERES if rng.random() < 0.4] or [{}]
    counts = {key(where): SMALL_FILES @ SMALL.counts(where) for where in WHERES}
    fits = np.ones(len(SMALL_FILES), dtype=bool)
    statements = []
    for where in told:
        value = int(truth @ SMALL.counts(where))
        low, high = (value, value) if rng.random() < 0.6 else (max(0, value - 1), value + 2)
        fits &= (counts[key(where)] >= low) & (counts[key(where)] <= high)
        statements.append(Statement("t", Quantity(region(SOURCE, where), "people"), low, high, shown="≈"))
    statements.append(Statement("t", Quantity(region(SOURCE, {}), "people"), 0, SMALL.people, shown="≈"))
    publication = Publication("r", {SOURCE: SourceTold("v", "caf", 3)}, {SOURCE: VARIABLES}, tuple(statements))
    (group,) = groups([publication], [])
    siege = Siege(group, frozenset(), AttackMeans())
    system = siege.system_of(range(len(siege.statements)))
    for where in WHERES:
        number = siege.lattice.number(Quantity(region(SOURCE, where), "people"))
        if number is not None:
            least, greatest = (system.extreme({number: 1.0}, greatest=side)[0] for side in (False, True))
            exact = counts[key(where)][fits]
            assert least <= exact.min() + 1e-6
            assert greatest >= exact.max() - 1e-6
    for each in attack([publication], explained=0).findings:
        if each.kind == "region":
            exact = counts[key(dict(each.region.categories))][fits]
            assert each.low <= exact.min()
            assert exact.max() <= each.high < 3


def test_attacker_misses_little_of_what_all_small_files_agree_on() -> None:
    """Complete enough: of the regions that every file puts at 1 or 2 people, it finds nearly all."""
    certain = found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth = SMALL_FILES[rng.integers(len(SMALL_FILES))]
        told = [where for where in WHERES if rng.random() < 0.5]
        fits = np.ones(len(SMALL_FILES), dtype=bool)
        for where in told:
            fits &= SMALL_FILES @ SMALL.counts(where) == truth @ SMALL.counts(where)
        statements = [
            Statement("t", Quantity(region(SOURCE, w), "people"), n, n, shown=n)
            for w in told
            for n in [float(truth @ SMALL.counts(w))]
        ]
        total = Statement("t", Quantity(region(SOURCE, {}), "people"), 0, SMALL.people, shown="≈")
        publication = Publication("r", {SOURCE: SourceTold("v", "caf", 3)}, {SOURCE: VARIABLES}, (*statements, total))
        names = {
            key(dict(f.region.categories)) for f in attack([publication], explained=0).findings if f.kind == "region"
        }
        for where in WHERES:
            exact = (SMALL_FILES @ SMALL.counts(where))[fits]
            if exact.min() >= 1 and exact.max() <= 2:
                certain += 1
                found += key(where) in names
    assert certain > 100
    assert found / certain > 0.95, (found, certain)


# Pieces ----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_propagated_bounds_hold_every_whole_solution(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    truth = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)), dtype=float)
    entries = []
    for _ in range(data.draw(st.integers(1, 5))):
        row = data.draw(st.lists(st.integers(-3, 3), min_size=count, max_size=count))
        value = float(np.dot(row, truth))
        form = {i: float(v) for i, v in enumerate(row) if v}
        if form:
            entries.append(
                (form, value - data.draw(st.integers(0, 2)), value + data.draw(st.sampled_from([0, 1, inf])))
            )
    if entries:
        system = System.of(entries, count)
        assert (system.least <= truth).all()
        assert (truth <= system.greatest).all()


def test_system_that_nothing_fits_says_so() -> None:
    system = System.of([({0: 1.0}, 3.0, 3.0), ({0: 1.0}, 4.0, 4.0)], 1)
    with pytest.raises(Infeasible):
        system.extreme({0: 1.0}, greatest=True)


def test_number_without_an_end_is_without_one() -> None:
    system = System.of([({0: 1.0, 1: -1.0}, 0.0, inf)], 2)
    assert system.extreme({0: 1.0}, greatest=True) == (inf, None)


def test_masks_of_the_same_region_leave_it_open(publish: Publish) -> None:
    told = publish({"t": [({"age": "old"}, "people", MASKED)]}, {"age": AGE})
    assert attack([told]).holds


def test_every_told_table_is_needed(publish: Publish) -> None:
    """Irreducible: without any one of the named tables, the number is not known any more."""
    variables = {"age": AGE, "sex": SEX}
    tables: dict[str, Sequence[object]] = {
        "a": [({}, "people", 40)],
        "b": [({"age": "young"}, "people", 20)],
        "c": [({"age": "mid"}, "people", 17)],
        "d": [({"sex": "f"}, "people", 20), ({"sex": "m"}, "people", 20)],
    }
    found = finding(attack([publish(tables, variables)]), "age = old")
    assert [item for _, item in found.tables] in (["b", "c", "d"], ["a", "b", "c"])
    for left_out in found.tables:
        fewer = {item: tables[item] for _, item in found.tables if item != left_out[1]}
        assert "age = old" not in known(attack([publish(fewer, variables)]))


# Whole groups -----------------------------------------------------------------------------------------


def sensitive(told: Publication, *names: str) -> Publication:
    """The agreement names these variables."""
    return replace(told, sources={SOURCE: replace(told.sources[SOURCE], whole_group=names)})


GROUP = {"age": AGE, "benefit": Variable(("rsa", "apl", "none"), constant=True)}


@pytest.mark.parametrize(("outside", "broken"), [(0, True), (1, False), (5, False)])
def test_group_wholly_in_a_category_is_known(outside: int, broken: bool, publish: Publish) -> None:
    """30 « old », so many of them without the benefit."""
    shown = [({"age": "old"}, "people", 30), ({"age": "old", "benefit": "rsa"}, "people", 30 - outside)]
    told = publish({"t": shown}, GROUP)
    assert not [each for each in attack([told]).findings if each.kind == "group"]
    found = [each for each in attack([sensitive(told, "benefit")]).findings if each.kind == "group"]
    assert ("age = old, hors benefit = rsa" in {each.words for each in found}) is broken
    assert all((each.low, each.high) == (0, 0) for each in found)


@pytest.mark.parametrize(("inside", "broken"), [(0, True), (1, False), ("s", False)])
def test_group_wholly_out_of_a_category_is_known(inside: float | str, broken: bool, publish: Publish) -> None:
    shown = [({"age": "old"}, "people", 30), ({"age": "old", "benefit": "rsa"}, "people", inside)]
    found = attack([sensitive(publish({"t": shown}, GROUP), "benefit")])
    words = {each.words for each in found.findings if each.kind == "group"}
    assert (words == {"age = old ; benefit = rsa"}) is broken


def test_group_is_known_from_two_reports_which_are_named(publish: Publish) -> None:
    one = publish({"t": [({"age": "old"}, "people", 30)]}, GROUP, report="essai/un")
    other = publish({"u": [({"age": "old", "benefit": "rsa"}, "people", 30)]}, GROUP, report="essai/deux")
    assert attack([sensitive(one, "benefit")]).holds
    found = finding(attack([sensitive(one, "benefit"), other]), "age = old, hors benefit = rsa")
    assert set(found.tables) == {("essai/un", "t"), ("essai/deux", "u")}
    assert str(found) == "age = old, hors benefit = rsa : 0 personne"


def test_group_that_is_perhaps_nobody_is_not_known(publish: Publish) -> None:
    shown = [({"age": "old"}, "people", "s"), ({"age": "old", "benefit": "rsa"}, "people", 0)]
    assert attack([sensitive(publish({"t": shown}, GROUP), "benefit")]).holds


def test_category_in_which_nobody_can_be_tells_nothing(publish: Publish) -> None:
    told = publish({"t": [({"age": "young"}, "people", 30)]}, GROUP)
    where = Quantity(region(SOURCE, {"age": "young", "benefit": "rsa"}), "people")
    told = replace(told, statements=(*told.statements, Statement("t", where, 0, 0, shown=IMPOSSIBLE)))
    assert attack([sensitive(told, "benefit")]).holds
