"""The same request again: by hand, for few and for nobody, against a planted truth, and what may leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.errors import MethodError
from etabli.methods import profiles, repeats
from etabli.methods.durations import with_minutes
from etabli.methods.following import Following
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL, Table

QUARTER = Following("2024-12-31")
DAYS, REQUESTS = 92, 4
"""Of the quarter; and how many requests people come for, by chance, in `drawn`."""

Row = tuple[str | None, float, str | None]


def frame(rows: list[Row], minutes: list[float] | None = None) -> pd.DataFrame:
    """Visits: who, on which day of the quarter (0: 1 October), for what."""
    made = pd.DataFrame(rows, columns=["recipient", "day", "request"])
    made["visited_at"] = pd.Timestamp("2024-10-01") + pd.to_timedelta(made.pop("day"), unit="D")
    if minutes is not None:
        made["minutes"] = minutes
    return mark_population(made, Population("d" * 64))


def manyfold(rows: list[Row]) -> pd.DataFrame:
    """The same visits of thirty times as many people: no share is told of fewer than thirty."""
    return frame([(None if who is None else f"{who}-{copy}", day, r) for copy in range(30) for who, day, r in rows])


def drawn(seed: int, people: int, *, shape: float = 0.8, mean: float = 4.0) -> pd.DataFrame:
    """Visits of people who come at a pace of their own (gamma), at any moment, each for any request."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), rng.poisson(rng.gamma(shape, mean / shape, people)))
    day, request = rng.uniform(0, DAYS, len(who)), rng.integers(0, REQUESTS, len(who))
    return frame([(f"p{p}", d, f"r{r}") for p, d, r in zip(who, day, request, strict=True)])


def planted(days: int, *, shape: float = 0.8, mean: float = 4.0) -> float:
    """As in `test_returns`, of visits that come for a given request at a fourth of the pace."""
    scale = mean / shape / DAYS
    less = (1 + scale * days / REQUESTS) ** -shape - (1 + scale * (days + 1) / REQUESTS) ** -shape
    return 1 - REQUESTS * less / (shape * scale)


def shares(table: Table, **line: str) -> list[float | int | str | None]:
    return [table.value("share_again", **line, within=f"within_{days}").number for days in QUARTER.within]


BY_HAND: list[Row] = [
    ("a", 0, "rsa"),  # again after 5 days
    ("a", 5, "rsa"),  # again after 15
    ("a", 6, "family"),  # not again
    ("a", 20, "rsa"),  # not again
    ("b", 10, "rsa"),  # again after 31 days: too late
    ("b", 41, "rsa"),  # not again
    ("b", 61, "rsa"),  # followed for 30 days, the last that is; again on the very last day
    ("b", 91, "rsa"),  # not followed
]


def test_shares_are_those_of_the_visits_followed() -> None:
    table = repeats.failure_demand(manyfold(BY_HAND), QUARTER)
    assert shares(table, request="rsa") == pytest.approx([1 / 6, 1 / 6, 4 / 6])
    assert shares(table, request="family") == [0, 0, 0]
    assert shares(table) == pytest.approx([1 / 7, 1 / 7, 4 / 7])
    assert table.held == {"followed": "30_days"}
    (counts,) = table.rests_on
    assert counts.value("rows", request="rsa", again="from_15_to_30").number == 3 * 30
    assert counts.value("rows").number == 7 * 30


def test_delays_look_at_the_same_visits() -> None:
    """A visit ten days before the end that is repeated within seven counts for no delay, when thirty is one."""
    rows: list[Row] = [*BY_HAND, ("c", 80, "rsa"), ("c", 82, "rsa")]
    assert shares(repeats.failure_demand(manyfold(rows), QUARTER)) == pytest.approx([1 / 7, 1 / 7, 4 / 7])
    week = repeats.failure_demand(manyfold(rows), Following("2024-12-31", within=(7,)))
    assert week.value("share_again", within="within_7").number == pytest.approx(2 / 9)


def test_each_repeated_visit_spares_one() -> None:
    """Looked at forwards and backwards, repeated visits are as many, but for those at the edges of the period."""
    visits = drawn(1, 400)
    again = repeats.followed(visits, Following("2024-12-31", within=(14,)))["again"].eq("within_14").sum()
    ordered = visits.sort_values("visited_at")
    day = ordered["visited_at"].dt.normalize()
    since = day - day.groupby([ordered["recipient"], ordered["request"]]).shift()
    last = pd.Timestamp("2024-12-31") - pd.Timedelta(days=14)
    before = since.le(pd.Timedelta(days=14)) & (day - since <= last)
    assert before.sum() == again


@pytest.mark.parametrize(
    "rows",
    [
        [("a", 0, "x")],
        [(f"p{each}", each % 50, "x") for each in range(60)],
        [("a", 0, "x"), ("a", 0, "x"), ("a", 0, "x")],
    ],
    ids=["one visit", "everybody once", "one person, ties"],
)
def test_data_that_tell_little(rows: list[Row]) -> None:
    assert len(rows) == 60 or repeats.failure_demand(frame(rows), QUARTER).cells["share_again"].isna().all()
    cells = repeats.failure_demand(manyfold(rows), QUARTER).cells
    assert (cells["share_again"] == (2 / 3 if len(rows) == 3 else 0)).all()
    assert (cells["share_again_low"] <= cells["share_again"]).all()


def test_nobody_and_a_short_period_are_refused() -> None:
    with pytest.raises(MethodError, match="assez longtemps"):
        repeats.failure_demand(frame([("a", 70, "x")]), QUARTER)
    with pytest.raises(MethodError, match="Aucune visite à suivre"):
        repeats.failure_demand(frame([(None, 0, "x"), ("a", 1, None)]), QUARTER)


def test_visits_without_a_person_or_a_request_are_left_out_and_counted() -> None:
    rows: list[Row] = [("a", 0, "x"), ("a", 3, "x"), (None, 0, "x"), ("b", 0, None)]
    table = repeats.failure_demand(manyfold(rows), QUARTER)
    assert shares(table) == [0.5, 0.5, 0.5]
    assert table.missing is not None
    assert (table.missing.rows, table.missing.people, table.missing.of) == (60, 30, 120)


@pytest.mark.slow
def test_interval_holds_the_planted_share_as_often_as_it_says() -> None:
    held = np.zeros(3)
    truth = np.array([planted(days) for days in QUARTER.within])
    for seed in range(200):
        cells = repeats.failure_demand(drawn(seed, 200), QUARTER).cells
        low, high = (cells.loc[cells["request"] == TOTAL, f"share_again_{side}"] for side in ("low", "high"))
        held += (low.to_numpy() <= truth) & (truth <= high.to_numpy())
    assert ((held >= 0.90 * 200) & (held <= 0.995 * 200)).all(), held  # 95 % ± three standard errors


# What it costs -------------------------------------------------------------------------------------------


def hours(table: Table, **line: str) -> list[float | int | str | None]:
    return [table.value("desk_hours", **line, within=f"within_{days}").number for days in QUARTER.within]


def test_hours_are_those_of_the_next_visits() -> None:
    """The second visit (30 min), the fourth (60 min), the last (90 min), and b's third (45 min)."""
    minutes = [10.0, 30, 10, 60, 10, 10, 45, 90]
    table = repeats.failure_cost(frame(BY_HAND, minutes), QUARTER)
    assert hours(table, request="rsa") == pytest.approx([30 / 60, 30 / 60, (30 + 60 + 45 + 90) / 60])
    assert hours(table) == hours(table, request="rsa")
    assert hours(table, request="family") == [0, 0, 0]


def test_visits_that_were_not_measured_take_the_mean_of_the_others() -> None:
    minutes = [10.0, 30, 10, np.nan, 10, 10, np.nan, 90]
    table = repeats.failure_cost(frame(BY_HAND, minutes), QUARTER)
    assert hours(table)[2] == pytest.approx(4 * 60 / 60)


def test_assumed_minutes_make_the_hours_where_nothing_is_measured() -> None:
    table = repeats.failure_cost(frame(BY_HAND), QUARTER, minutes=15)
    assert hours(table) == pytest.approx([0.25, 0.25, 1.0])


@pytest.mark.parametrize("measured", [True, False])
def test_minutes_are_measured_or_assumed(measured: bool) -> None:
    visits = frame(BY_HAND, [10.0] * 8 if measured else None)
    with pytest.raises(MethodError, match="l’une des deux"):
        repeats.failure_cost(visits, QUARTER, minutes=15 if measured else None)


def test_no_repeated_visit_that_was_measured_is_refused() -> None:
    with pytest.raises(MethodError, match="n’a de durée mesurée"):
        repeats.failure_cost(frame(BY_HAND, [np.nan] * 8), QUARTER)


def test_minutes_run_from_the_call_to_the_end() -> None:
    at = pd.to_datetime(["2024-10-01 09:00"] * 5)
    ends = pd.to_datetime(["2024-10-01 09:20", "2024-10-01 08:59", "2024-10-01 17:00", "2024-10-01 17:01", None])
    found = with_minutes(pd.DataFrame({"called_at": at, "ended_at": ends}))["minutes"].to_list()
    assert found == pytest.approx([20, np.nan, 480, np.nan, np.nan], nan_ok=True)
    with pytest.raises(MethodError, match="pas un moment"):
        with_minutes(pd.DataFrame({"called_at": ["x"], "ended_at": at[:1]}))


@pytest.mark.slow
def test_interval_of_the_hours_holds_those_planted() -> None:
    """Twelve minutes each: the hours are those of the expected number of visits that come again within 30 days."""
    people, mean = 200, 4.0
    truth = people * mean * 62 / DAYS * planted(30) * 12 / 60
    held = 0
    for seed in range(200):
        cells = repeats.failure_cost(drawn(seed, people), QUARTER, minutes=12).cells
        row = cells[(cells["request"] == TOTAL) & (cells["within"] == "within_30")].iloc[0]
        held += row["desk_hours_low"] <= truth <= row["desk_hours_high"]
    assert held >= 0.88 * 200, held


# What leaves ---------------------------------------------------------------------------------------------

K = 5
FUNDER = Policy("funder", K, ("convention",))


def came(again: dict[tuple[str, float], int], once: int = 60, minutes: dict[str, float] | None = None) -> pd.DataFrame:
    """So many people who came again for a request after so many days, and those who came once for each."""
    rows: list[Row] = [(f"o{r}{n}", n % 40, r) for r in dict.fromkeys(r for r, _ in again) for n in range(once)]
    for (request, days), people in again.items():
        who = [f"{request}{days}p{n}" for n in range(people)]
        rows += [(each, day, request) for n, each in enumerate(who) for day in (n % 20, n % 20 + days)]
    return frame(rows, None if minutes is None else [minutes.get(str(who), 10.0) for who, _, _ in rows])


def masked(table: Table, policy: Policy = FUNDER) -> dict[str, set[bool]]:
    found = protect([table], policy).of(table).masked
    lines = table.cells["request"].astype(str)
    return {line: set(found[lines == line].tolist()) for line in lines.unique()}


@pytest.mark.parametrize(("few", "hidden"), [(K - 1, True), (K, False), (K + 1, False)])
def test_share_is_masked_with_a_band_of_few(few: int, hidden: bool) -> None:
    """Four came again after 8 to 14 days: two shares and the number of visits would give them."""
    visits = came({("x", 3): 30, ("x", 10): few, ("x", 20): 30, ("y", 3): 40, ("y", 10): 45, ("y", 20): 50})
    assert masked(repeats.failure_demand(visits, QUARTER))["x"] == {hidden}


def test_shares_printed_beside_their_visits_would_give_the_masked_band() -> None:
    """What the rule stops: visits × (share within 14 − share within 7), from printed digits."""
    visits = came({("x", 3): 30, ("x", 10): K - 1, ("x", 20): 30})
    table = repeats.failure_demand(visits, QUARTER)
    (counts,) = table.rests_on
    followed = float(str(counts.value("rows", request="x").number))
    week, fortnight = (round(100 * float(str(each)), 1) / 100 for each in shares(table, request="x")[:2])
    assert round(followed * (fortnight - week)) == K - 1
    shown = protect([table], FUNDER).of(table).table.cells
    assert shown["share_again"].isna().all()


def test_people_who_came_only_in_the_last_days_are_not_had_by_subtraction() -> None:
    """All visitors less those followed: four who first came in December."""
    rows: list[Row] = [(f"p{n}", n % 60, "x") for n in range(100)] + [(f"l{n}", 80, "x") for n in range(K - 1)]
    everybody = profiles.distribution(frame(rows), "request")
    followed = profiles.distribution(repeats.followed(frame(rows), QUARTER), "again")
    found = protect([everybody, followed], FUNDER)
    known = [found.of(everybody).masked.all(), found.of(followed).masked[-1]]
    assert any(known)


DOMINANCE = Policy("funder", K, ("convention",), dominance=((1, 50.0),))


@pytest.mark.parametrize(("most", "hidden"), [(289.0, False), (290.0, True), (400.0, True)])
def test_hours_that_one_person_makes_most_of_are_masked(most: float, hidden: bool) -> None:
    """Thirty came again, of whom 29 for ten minutes; one with 290 minutes makes half of the hours."""
    minutes = {"x3p0": most}
    visits = came({("x", 3): 30, ("y", 3): 60}, minutes=minutes)
    assert masked(repeats.failure_cost(visits, QUARTER), DOMINANCE)["x"] == {hidden}


def test_hours_of_a_masked_request_are_not_had_by_subtraction() -> None:
    """The total less all other requests: with one masked, only the total is told."""
    visits = came({("x", 3): 30, ("y", 3): 40, ("z", 3): 50}, minutes={"x3p0": 450.0})
    hidden = masked(repeats.failure_cost(visits, QUARTER), DOMINANCE)
    assert hidden == {"x": {True}, "y": {True}, "z": {True}, TOTAL: {False}}


def test_hours_between_two_delays_are_masked_when_one_person_makes_them() -> None:
    """Of what came after 8 to 14 days, one makes nearly all: no hours of that request are told, nor of the others."""
    visits = came({("x", 3): 60, ("x", 10): 10, ("y", 3): 60}, minutes={"x10p0": 200.0})
    assert masked(repeats.failure_cost(visits, QUARTER), DOMINANCE)["x"] == {True}
