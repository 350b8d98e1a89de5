"""Numbers of visits of all recipients, zeros and days of right among them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from etabli.errors import MethodError
from etabli.methods import contacts
from etabli.methods.everyone import by_standing, dispersions, everyone, rate_ratios
from etabli.methods.membership import Population, mark_population
from etabli.methods.routes import people_by_route

START, END = date(2024, 10, 1), date(2024, 12, 31)


def recipients(**columns: object) -> pd.DataFrame:
    """Five recipients: open all along, opened in the period, ended in it, never open in it, opened on its last day."""
    made = pd.DataFrame({"recipient": [*"abcde"]})
    made["right_from"] = pd.to_datetime(["2020-01-01", "2024-12-22", "2020-01-01", "2025-02-01", "2024-12-31"])
    made["right_to"] = pd.to_datetime([None, None, "2024-10-10", None, "2025-06-30"])
    return made.assign(**columns)


def visits() -> pd.DataFrame:
    return pd.DataFrame({"recipient": ["a", "a", "b", "z", None]})


def test_days_of_right_are_those_of_the_period() -> None:
    made = everyone(recipients(), visits(), start=START, end=END)
    assert made["days"].tolist() == [92, 10, 10, 0, 1]
    assert made["visits"].tolist() == [2, 1, 0, 0, 0]


def test_everyone_is_of_the_recipients_delivery() -> None:
    marked = mark_population(recipients(), Population("recipients"))
    made = everyone(marked, visits(), start=START, end=END)
    assert dispersions(made).source == "recipients"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"end": date(2024, 9, 1)}, "finit avant"),
        ({"recipients": recipients(recipient=[*"aacde"])}, "deux fois"),
        ({"keep": ["age"], "recipients": recipients()}, "age"),
    ],
)
def test_what_is_no_period_or_no_file_of_recipients_is_refused(change: dict, what: str) -> None:
    told = {"recipients": recipients(), "visits": visits(), "start": START, "end": END, **change}
    with pytest.raises((MethodError, KeyError), match=what):
        everyone(**told)


def planted(n: int = 4_000, *, alpha: float = 1.5, seed: int = 5) -> pd.DataFrame:
    """Recipients of one negative binomial law: « rsa » come twice as often, days of right from 1 to 92."""
    random = np.random.default_rng(seed)
    benefit = random.choice(["none", "rsa"], size=n, p=[0.7, 0.3])
    days = np.where(random.random(n) < 0.5, 92, random.integers(1, 93, size=n))
    mean = 0.01 * days * np.where(benefit == "rsa", 2.0, 1.0)
    number = random.negative_binomial(1 / alpha, 1 / (1 + alpha * mean))
    return pd.DataFrame({"recipient": np.arange(n), "benefit": benefit, "visits": number, "days": days})


def test_rate_ratio_with_zeros_is_that_of_statsmodels_with_an_exposure() -> None:
    people = planted()
    found = rate_ratios(people, on=["benefit"])
    model = sm.NegativeBinomial(
        people["visits"], sm.add_constant((people["benefit"] == "rsa").astype(float)), exposure=people["days"]
    ).fit(disp=False, maxiter=200)
    assert found.value("rate_ratio", variable="benefit", category="rsa").number == pytest.approx(
        np.exp(model.params["benefit"]), rel=1e-4
    )
    row = found.cells.set_index("category").loc["rsa"]
    error = np.log(row["rate_ratio_high"] / row["rate_ratio"]) / 1.96
    assert abs(np.log(row["rate_ratio"] / 2)) < 3 * error


def test_days_of_right_matter_where_profiles_have_not_had_the_same() -> None:
    """Half as many days for one profile: without them it would seem to come half as often."""
    people = planted()
    people["days"] = np.where(people["benefit"] == "rsa", 46, 92)
    random = np.random.default_rng(1)
    people["visits"] = random.poisson(0.01 * people["days"])
    row = rate_ratios(people, on=["benefit"]).cells.set_index("category").loc["rsa"]
    assert row["rate_ratio_low"] < 1 < row["rate_ratio_high"]
    alike = rate_ratios(people.assign(days=92), on=["benefit"]).cells.set_index("category").loc["rsa"]
    assert alike["rate_ratio_high"] < 0.7


def test_recipient_without_a_day_of_right_is_left_out_and_counted() -> None:
    people = planted()
    people.loc[:9, "days"] = 0
    found = rate_ratios(people, on=["benefit"])
    assert found.missing is not None
    assert (found.missing.people, found.missing.of) == (10, 4_000)


def test_people_of_a_ratio_are_those_who_came() -> None:
    people = planted()
    found = rate_ratios(people, on=["benefit"])
    came = people[people["visits"] > 0].groupby("benefit")["recipient"].nunique()
    assert found.cells.set_index("category")["people"].to_dict() == came.to_dict()


def test_dispersion_is_the_same_with_and_without_zeros_when_all_are_of_one_law() -> None:
    random = np.random.default_rng(3)
    number = random.negative_binomial(1 / 1.25, 1 / (1 + 1.25 * 0.8), size=20_000)
    found = dispersions(pd.DataFrame({"recipient": np.arange(20_000), "visits": number}))
    low, high = (found.cells[name].to_numpy() for name in ("dispersion_low", "dispersion_high"))
    assert (low < 1.25).all()
    assert (high > 1.25).all()
    never = pd.DataFrame({"recipient": np.arange(60_000), "visits": np.append(number, np.zeros(40_000, dtype=int))})
    alone, whole = dispersions(never).cells["dispersion"]
    assert alone == pytest.approx(found.cells["dispersion"].iloc[0])
    assert whole > 3 * alone  # two thirds would never come: no one law makes both


def test_dispersion_of_few_is_not_given() -> None:
    found = dispersions(pd.DataFrame({"recipient": np.arange(200), "visits": [1] * 99 + [0] * 101}))
    assert found.cells["dispersion"].isna().all()


def test_truncated_ratios_are_what_they_were() -> None:
    people = planted()
    rows = people.loc[people.index.repeat(people["visits"])].assign(channel="desk")
    routes = people_by_route(rows, keep=["benefit"])
    found = contacts.rate_ratios(routes, on=["benefit"]).cells.set_index("category")["rate_ratio"]
    assert found["rsa"] == pytest.approx(2, rel=0.35)


def test_numbers_of_nobody_known_are_counted_apart() -> None:
    found = by_standing(visits(), recipients())
    assert found.value("people", standing="not_yet").number == 1
    assert found.value("rows", standing="recipient").number == 3
    assert found.missing is not None
    assert (found.missing.rows, found.missing.people) == (1, 0)


def drawn() -> tuple[pd.DataFrame, np.random.Generator]:
    rng = np.random.default_rng(4)
    people = pd.DataFrame({"recipient": np.arange(400), "days": 92, "visits": rng.poisson(1.2, 400)})
    return people.assign(age=np.repeat([*"abcd"], 100)), rng


def test_category_of_which_everybody_came_has_its_ratio() -> None:
    people, rng = drawn()
    last = people["age"] == "d"
    people.loc[last, "visits"] = 1 + rng.poisson(2.0, int(last.sum()))
    found = rate_ratios(people, on=["age"]).cells.set_index("category")
    reference = found.index[found["reference"]][0]
    means = people.groupby("age")["visits"].mean()
    assert found.loc["d", "rate_ratio"] == pytest.approx(means["d"] / means[reference], rel=1e-4)


def test_category_of_text_that_nobody_came_of_has_no_ratio_and_its_line() -> None:
    people, _ = drawn()
    people.loc[people["age"] == "b", "visits"] = 0
    found = rate_ratios(people, on=["age"]).cells.set_index("category")
    assert np.isnan(found.loc["b", "rate_ratio"])
    assert found.loc["b", "people"] == 0
    assert found.loc[["a", "c", "d"], "rate_ratio"].notna().all()
