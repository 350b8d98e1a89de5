"""Coming back: by hand, for few and for nobody, against a planted truth, and what may leave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.errors import DisclosureError, MethodError
from etabli.methods import returns
from etabli.methods.following import Following
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL

QUARTER = Following("2024-12-31")
DAYS = 92
"""Of the quarter."""


Row = tuple[str | None, float, str]


def frame(rows: list[Row]) -> pd.DataFrame:
    """Visits: who, on which day of the quarter (0: 1 October), of which age."""
    made = pd.DataFrame(rows, columns=["recipient", "day", "age"])
    made["visited_at"] = pd.Timestamp("2024-10-01") + pd.to_timedelta(made.pop("day"), unit="D")
    return mark_population(made, Population("d" * 64))


def tenfold(rows: list[Row]) -> pd.DataFrame:
    """The same visits of ten times as many people: no share is told of fewer than thirty."""
    return frame([(None if who is None else f"{who}-{copy}", day, age) for copy in range(10) for who, day, age in rows])


def drawn(seed: int, people: int, *, shape: float = 0.8, mean: float = 1.4) -> pd.DataFrame:
    """Visits of people who come at a pace of their own (gamma), at any moment of the quarter."""
    rng = np.random.default_rng(seed)
    number = rng.poisson(rng.gamma(shape, mean / shape, people))
    who = np.repeat(np.arange(people), number)
    return frame([(f"p{each}", day, "all") for each, day in zip(who, rng.uniform(0, DAYS, len(who)), strict=True)])


def planted(days: int, *, shape: float = 0.8, mean: float = 1.4) -> float:
    """The share of visits followed by another within so many days: of a pace λ a day, 1 − e^(−λ k) (1 − e^(−λ)) / λ.

    Its mean over visits, where those of a pace count as often as it makes them come.
    """
    scale = mean / shape / DAYS
    return 1 - ((1 + scale * days) ** -shape - (1 + scale * (days + 1)) ** -shape) / (shape * scale)


def test_share_is_kaplan_and_meier_s_by_hand() -> None:
    """Five visits: after 5 days, after 20; not seen again from day 20 (71 days), from day 25 (66), from day 86 (5)."""
    rows: list[Row] = [("a", 0, "x"), ("a", 5, "x"), ("a", 25, "x"), ("b", 20, "x"), ("c", 86, "x")]
    visits = tenfold(rows)
    table = returns.return_curve(visits, QUARTER)
    found = [table.value("share_back", within=f"within_{days}").number for days in (7, 14, 30)]
    assert found == pytest.approx([1 / 5, 1 / 5, 1 - 4 / 5 * 2 / 3])
    assert returns.with_return(frame(rows), QUARTER)["back"].to_list() == [
        "within_7", "from_15_to_30", "not_seen", "not_seen", "not_seen"
    ]  # fmt: skip


def test_median_is_the_day_on_which_half_have_come_back() -> None:
    table = returns.median_return(frame([("a", day, "x") for day in (0, 3, 9, 19)]), QUARTER)
    assert table.value("median_days").number == 6  # 3, 6, 10, and one not seen again
    assert returns.median_return(frame([("a", 0, "x")]), QUARTER).value("median_days").number is None


def test_each_category_has_its_line_and_all_have_the_last() -> None:
    visits = tenfold([(who, day, "old") for who in "abc" for day in (0, 5)] + [(who, 0, "young") for who in "defghi"])
    visits["age"] = pd.Categorical(visits["age"], ["young", "old", "very_old"])
    table = returns.return_curve(visits, QUARTER, by="age")
    assert list(dict.fromkeys(table.cells["age"])) == ["young", "old", "very_old", TOTAL]
    assert table.value("share_back", age="old", within="within_7").number == pytest.approx(1 / 2)
    assert table.value("share_back", age="very_old", within="within_7").number is None
    assert table.value("share_back", within="within_7").number == pytest.approx(1 / 4)
    assert returns.return_curve(visits.iloc[:29], QUARTER, by="age").cells["share_back"].isna().all()
    medians = returns.median_return(visits, QUARTER, by="age")
    assert medians.value("median_days", age="old").number == 5


def test_same_request_is_followed_by_itself_alone() -> None:
    visits = tenfold([(who, day, age) for who in "abc" for day, age in ((0, "x"), (2, "y"), (5, "x"))])
    table = returns.return_curve(visits, QUARTER, same=["age"])
    assert table.value("share_back", within="within_7").number == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "rows",
    [
        [("a", 0, "x")],
        [(f"p{each}", each % 50, "x") for each in range(60)],
        [("a", day, "x") for day in range(0, 60, 10)],
        [("a", 0.1, "x"), ("a", 0.2, "x")] * 3,
    ],
    ids=["one visit", "everybody once", "one person", "one day, ties"],
)
def test_data_that_tell_little_have_no_interval(rows: list[Row]) -> None:
    cells = returns.return_curve(frame(rows), QUARTER).cells
    assert cells["share_back_low"].isna().all()
    assert cells["share_back"].dropna().between(0, 1).all()
    returns.median_return(frame(rows), QUARTER)


def test_nobody_to_follow_is_refused_and_rows_without_a_person_are_counted() -> None:
    with pytest.raises(MethodError, match="Aucune visite"):
        returns.return_curve(frame([]).astype({"visited_at": "datetime64[ns]"}), QUARTER)
    table = returns.return_curve(frame([("a", 0, "x"), (None, 1, "x")]), QUARTER)
    assert table.missing is not None
    assert (table.missing.rows, table.missing.people, table.missing.of) == (1, 0, 2)


def test_name_that_the_result_uses_is_refused() -> None:
    with pytest.raises(MethodError, match="nom d’une colonne"):
        returns.return_curve(frame([("a", 0, "x")]).rename(columns={"age": "within"}), QUARTER, by="within")


@pytest.mark.slow
def test_interval_holds_the_planted_share_as_often_as_it_says() -> None:
    held = dict.fromkeys(QUARTER.within, 0)
    for seed in range(200):
        cells = returns.return_curve(drawn(seed, 500), QUARTER).cells
        for days, low, high in zip(held, cells["share_back_low"], cells["share_back_high"], strict=True):
            held[days] += low <= planted(days) <= high
    assert all(0.90 <= each / 200 <= 0.995 for each in held.values()), held  # 95 % ± three standard errors


@pytest.mark.slow
def test_estimate_is_without_bias() -> None:
    found = [returns.return_curve(drawn(seed, 2_000), QUARTER).cells["share_back"].to_numpy() for seed in range(30)]
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - [planted(days) for days in QUARTER.within]) < 3.5 * error).all()


# What leaves ---------------------------------------------------------------------------------------------

K = 5
FUNDER = Policy("funder", K, ("convention",))


def came(again: dict[float, int], once: int = 60) -> pd.DataFrame:
    """So many people who came again after so many days, and those who came once."""
    rows: list[Row] = [(f"o{n}", n % 40, "x") for n in range(once)]
    for days, people in again.items():
        rows += [(f"d{days}p{n}", day, "x") for n in range(people) for day in (n % 20, n % 20 + days)]
    return frame(rows)


@pytest.mark.parametrize(("few", "masked"), [(K - 1, True), (K, False), (K + 1, False)])
def test_two_points_of_a_curve_differ_by_a_band_of_enough_people(few: int, masked: bool) -> None:
    """Four came back after 8 to 14 days: the share within 14 days less that within 7 would give them."""
    table = returns.return_curve(came({3: 30, 10: few, 20: 30}), QUARTER)
    assert protect([table], FUNDER).of(table).masked.tolist() == [masked] * 3


@pytest.mark.parametrize(("on", "masked"), [(K - 1, True), (K, False), (K + 1, False)])
def test_median_is_a_day_on_which_enough_people_came(on: int, masked: bool) -> None:
    """Two hundred come on the last day, after 5, 10 or 20 days: half are back on the tenth."""
    after = [5] * (100 - on // 2) + [10] * on
    after += [20] * (200 - len(after))
    visits = frame([(f"p{n}", day, "x") for n, days in enumerate(after) for day in (91 - days, 91)])
    table = returns.median_return(visits, Following("2024-12-31", within=(14,)))
    assert table.value("median_days").number == 10
    assert table.cells["people"].tolist() == [on]
    assert protect([table], FUNDER).of(table).masked.tolist() == [masked]


def test_quantile_in_a_table_of_people_does_not_leave() -> None:
    """A quantile in a table of people has no rule: it is refused, by its name."""
    table = returns.median_return(came({3: 30}), QUARTER)
    plain = replace(table, measures=(replace(table.measures[0], states_people=True),), membership=table.membership)
    with pytest.raises(DisclosureError, match="median_days"):
        protect([plain], FUNDER)
