"""Visits by open day: parts of the month, school holidays."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import protect
from etabli.errors import MethodError
from etabli.methods.membership import Population, mark_population
from etabli.methods.results import TOTAL, Table
from etabli.methods.seasons import Calendar, _daily_test, by_season, open_days, per_open_day
from etabli.methods.serial import fit_serial
from etabli.present.said import statements_of

QUARTER = tuple(day.date() for day in pd.bdate_range("2024-10-01", "2024-12-31"))
HOLIDAYS = ((date(2024, 10, 19), date(2024, 11, 3)), (date(2024, 12, 21), date(2025, 1, 5)))


def visits(seed: int = 1, payment: float = 1.0, mean: float = 40.0) -> pd.DataFrame:
    """A quarter of visits, `payment` times as many on the days after the payment."""
    rng = np.random.default_rng(seed)
    part = Calendar(QUARTER).part_of()
    number = [rng.poisson(mean * (payment if part[day] == "payment" else 1.0)) for day in QUARTER]
    moments = np.repeat(np.array(QUARTER, dtype="datetime64[s]"), number)
    people = rng.integers(0, 900, len(moments)).astype(str)
    return mark_population(pd.DataFrame({"recipient": people, "visited_at": moments}), Population("delivery"))


def row(table: Table, code: str) -> pd.Series:
    return table.cells.set_index(table.keys[0]).loc[code]


def test_parts_of_the_month_by_hand() -> None:
    parts = Calendar(QUARTER).part_of()
    october = [day for day in QUARTER if day.month == 10]
    assert [parts[day] for day in october[:4]] == ["before_payment"] * 4
    assert [day.day for day in october if parts[day] == "payment"] == [7, 8, 9, 10, 11]
    assert [day.day for day in october if parts[day] == "month_end"] == [25, 28, 29, 30, 31]
    assert set(parts) == set(QUARTER)


def test_month_of_few_open_days_has_its_payment_first() -> None:
    parts = Calendar(tuple(date(2024, 8, day) for day in (1, 5, 6, 7, 8, 9, 12)))
    assert list(parts.part_of().values()) == ["before_payment", *["payment"] * 5, "month_end"]


def test_school_holidays_are_those_of_the_period() -> None:
    school = Calendar(QUARTER, school_holidays=HOLIDAYS).school_of()
    assert school[date(2024, 10, 18)] == "term"
    assert school[date(2024, 10, 21)] == "holidays"
    assert school[date(2024, 12, 31)] == "holidays"
    assert sum(each == "holidays" for each in school.values()) == 17


def test_mean_day_is_visits_over_open_days_and_a_closed_day_counts_for_nothing() -> None:
    frame = visits()
    closed = frame[frame["visited_at"].dt.date != date(2024, 11, 11)].reset_index(drop=True)
    days = open_days(closed)
    assert len(days) == len(QUARTER) - 1
    table = per_open_day(closed, Calendar(days))
    assert (table.cells["per_day"] == table.cells["rows"] / table.cells["open_days"]).all()
    assert row(table, TOTAL)["open_days"] == len(days)


def test_day_on_which_nobody_of_a_quarter_came_counts_as_one_without_visit() -> None:
    whole = visits()
    few = whole.iloc[:3].reset_index(drop=True)
    table = per_open_day(few, Calendar(open_days(whole)))
    assert row(table, TOTAL)["per_day"] == pytest.approx(3 / len(QUARTER))


def daily(quarter: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return log visits of each open day, and the design: constant, weekdays, parts of the month."""
    parts = Calendar(QUARTER).part_of()
    counts = quarter["visited_at"].dt.date.value_counts()
    told = pd.DataFrame({"weekday": [f"{day:%w}" for day in QUARTER], "part": [parts[day] for day in QUARTER]})
    design = pd.get_dummies(told, drop_first=True, dtype=float)
    design.insert(0, "one", 1.0)
    return np.log(np.array([counts.get(day, 0) for day in QUARTER]) + 0.5), design.to_numpy()


def test_test_is_that_of_generalised_least_squares() -> None:
    quarter = visits(seed=4, payment=1.1)
    y, design = daily(quarter)
    fit = fit_serial(y, design)
    sigma = fit.correlation ** np.abs(np.subtract.outer(np.arange(len(y)), np.arange(len(y))))
    reference = sm.GLS(y, design, sigma=sigma).fit()
    tested = reference.f_test(np.eye(design.shape[1])[-3:])
    (test,) = per_open_day(quarter, Calendar(QUARTER)).tests
    assert (test.statistic, test.p_value) == pytest.approx((float(tested.fvalue), float(tested.pvalue)))
    assert test.degrees == (3.0, float(len(y) - design.shape[1]))
    assert test.note is not None
    assert "ressembler au précédent" in test.note


@pytest.mark.parametrize(("rho", "share"), [(0.0, 0.09), (0.3, 0.12)])
def test_days_that_resemble_one_another_are_taken_for_no_season(rho: float, share: float) -> None:
    """Over 200 quarters without a season; at 5 %, 9 % is beyond chance (and Welch's test had 15 % at 0.3)."""
    draw, parts = np.random.default_rng(9), Calendar(QUARTER).part_of()
    names = np.array([parts[day] for day in QUARTER], dtype=object)
    found = []
    for _ in range(200):
        errors = draw.normal(size=len(QUARTER))
        for day in range(1, len(errors)):
            errors[day] = rho * errors[day - 1] + np.sqrt(1 - rho**2) * errors[day]
        number = draw.poisson(300 * np.exp(0.08 * errors)).astype(float)
        found.append(_daily_test(number, QUARTER, names)[0].p_value < 0.05)
    assert 0 < np.mean(found) < share


def test_no_test_where_a_part_is_a_weekday() -> None:
    days = tuple(day for day in QUARTER if day.weekday() < 2)
    names = np.array(["payment" if day.weekday() else "between" for day in days], dtype=object)
    assert _daily_test(np.arange(40.0, 40 + len(days)), days, names) == ()
    assert _daily_test(np.full(len(QUARTER), 40.0), QUARTER, np.array(["between"] * len(QUARTER), dtype=object)) == ()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"payment_day": 0}, "versement"),
        ({"payment_day": 29}, "versement"),
        ({"days": QUARTER[::-1]}, "se suivent"),
        ({"days": (QUARTER[0], QUARTER[0])}, "se suivent"),
    ],
)
def test_calendar_that_cannot_be_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        Calendar(**{"days": QUARTER, **changed})


def test_month_that_the_period_cuts_has_no_end_or_no_payment() -> None:
    cut = [day for day in QUARTER if date(2024, 10, 16) <= day <= date(2024, 12, 12)]
    parts = Calendar(tuple(cut), start=date(2024, 10, 16), end=date(2024, 12, 12)).part_of()
    october, december = ({parts[day] for day in cut if day.month == month} for month in (10, 12))
    assert october == {"between", "month_end"}
    assert december == {"before_payment", "payment", "between"}
    whole = Calendar(QUARTER, start=date(2024, 10, 1), end=date(2024, 12, 31))
    assert whole.part_of() == Calendar(QUARTER).part_of()


def test_planted_season_is_found_and_its_interval_holds_it() -> None:
    held = found = false = 0
    for seed in range(40):
        table = per_open_day(visits(seed, payment=1.25), Calendar(QUARTER))
        held += row(table, "payment")["per_day_low"] <= 50 <= row(table, "payment")["per_day_high"]
        found += table.is_significant().holds
        false += per_open_day(visits(seed), Calendar(QUARTER)).is_significant().holds
    assert held >= 34  # of 40: 95 % of them, but for chance
    assert found >= 36
    assert false <= 6


def test_bounds_do_not_tell_single_days() -> None:
    """31 visits on two days, and their spread: 1 and 30, and nothing else."""
    days = [date(2024, 10, 1)] + [date(2024, 10, 2)] * 30
    few = pd.DataFrame({"recipient": range(31), "visited_at": pd.to_datetime(days)})
    table = per_open_day(few, Calendar(open_days(few)))
    assert table.cells[["per_day_low", "per_day_high"]].isna().all(axis=None)
    assert table.tests == ()
    rare = per_open_day(visits(mean=3), Calendar(QUARTER))  # many days, of few visits each
    assert rare.cells[["per_day_low", "per_day_high"]].isna().all(axis=None)


def test_visits_on_a_closed_day_are_refused() -> None:
    with pytest.raises(MethodError, match="accueil est fermé"):
        by_season(visits(), Calendar(QUARTER[1:]))
    with pytest.raises(MethodError, match="month_part"):
        per_open_day(visits(), Calendar(QUARTER), by="weekday")


def test_mean_day_tells_its_visits_and_is_masked_with_them() -> None:
    frame = visits(mean=0.2)
    table = per_open_day(frame, Calendar(QUARTER, school_holidays=HOLIDAYS), by="school")
    measure = table.measure("per_day")
    shown = protect([table], Policy("funder", 1, ("x",)))
    for place in range(len(table.cells)):
        (told, _) = statements_of([("t", table, place, measure)], shown)
        assert told.quantity.unit == "rows"
        assert told.low <= table.cells["rows"].iloc[place] <= told.high
        assert told.high - told.low < 0.11 * table.cells["open_days"].iloc[place]
    hidden = protect([table], Policy("funder", 40, ("x",)))
    assert hidden.of(table).masked.any()
    assert all(each.masked for each in statements_of([("t", table, 0, measure)], hidden))


def test_mean_day_of_rounded_visits_is_made_of_them() -> None:
    table = per_open_day(visits(mean=3), Calendar(QUARTER))
    policy = Policy("public", 5, ("x",), rounding_base=5)
    cells = protect([table], policy).of(table).table.cells
    assert (cells["rows"] % 5 == 0).all()
    assert np.allclose(cells["per_day"], cells["rows"] / cells["open_days"])
    assert cells["open_days"].tolist() == table.cells["open_days"].tolist()
