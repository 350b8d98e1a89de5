"""Odds ratios with people as clusters."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

from etabli.errors import MethodError
from etabli.methods.effects import WALD
from etabli.methods.odds import odds_ratios
from etabli.methods.results import Missing


def visits() -> pd.DataFrame:
    random = np.random.default_rng(11)
    person = random.integers(0, 200, 800)
    frame = pd.DataFrame({"recipient": [f"p{number}" for number in person]})
    frame["age"] = random.choice(["a", "b", "c"], 200, p=[0.2, 0.5, 0.3])[person]
    frame["home"] = random.choice(["own", "rent"], 200, p=[0.3, 0.7])[person]
    frame["channel"] = np.where(random.random(800) < 0.3 + 0.2 * (frame["age"] == "a"), "x", "y")
    return frame


def test_odds_ratios_two_by_two_closed_form():
    # Woolf (1955): variance of log OR = 1/30 + 1/20 + 1/10 + 1/40. With one row a person, a row of a group of m has
    # leverage 1/m: CR3 takes its residual m/(m - 1) times, and the factor (k - 1)/k = 99/100.
    table = {("a", "x"): 30, ("a", "y"): 20, ("b", "x"): 10, ("b", "y"): 40}
    rows = [pair for pair, number in table.items() for _ in range(number)]
    frame = pd.DataFrame(rows, columns=["age", "channel"]).assign(recipient=range(100))
    cells = odds_ratios(frame, outcome="channel", event="x", on=["age"]).cells.set_index("category")
    error = np.sqrt((1 / 30 + 1 / 20 + 1 / 10 + 1 / 40) * (50 / 49) ** 2 * 99 / 100)
    ratio = (10 * 20) / (40 * 30)  # b against a, which comes first of two equal categories
    assert cells.loc["b", "odds_ratio"] == pytest.approx(ratio)
    assert cells.loc["b", "odds_ratio_high"] == pytest.approx(ratio * np.exp(1.959964 * error), rel=1e-6)
    assert cells["share_event"].to_dict() == {"a": 0.6, "b": 0.2}


def test_odds_ratios_agree_with_statsmodels():
    frame = visits()
    found = odds_ratios(frame, outcome="channel", event="x", on=["age", "home"]).cells.set_index("category")
    direct = smf.glm(
        "event ~ C(age, Treatment('b')) + C(home, Treatment('rent'))",
        frame.assign(event=(frame["channel"] == "x").astype(int)),
        family=sm.families.Binomial(),
    )
    plain = direct.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(frame["recipient"])[0]})
    expected = np.exp(plain.conf_int()).assign(ratio=np.exp(plain.params))
    for category, term in [
        ("a", "C(age, Treatment('b'))[T.a]"),
        ("c", "C(age, Treatment('b'))[T.c]"),
        ("own", "C(home, Treatment('rent'))[T.own]"),
    ]:
        shown = found.loc[category, ["odds_ratio_low", "odds_ratio_high", "odds_ratio"]].astype(float)
        low, high, ratio = expected.loc[term]
        assert shown.iloc[2] == pytest.approx(ratio, rel=1e-6)
        assert 1 <= np.log(shown.iloc[1] / shown.iloc[0]) / np.log(high / low) < 1.05  # the plain sandwich is shorter


def test_odds_ratios_reference_is_the_most_frequent_in_people():
    frame = visits()
    rare = pd.DataFrame({"recipient": "p0", "age": "c", "home": "own", "channel": ["x", "y"] * 500})
    both = pd.concat([frame[frame["recipient"] != "p0"], rare])  # one person with most of the rows
    cells = odds_ratios(both, outcome="channel", event="x", on=["age", "home"]).cells
    assert cells.loc[cells["reference"], "category"].to_list() == ["b", "rent"]
    assert (cells.loc[cells["reference"], "odds_ratio"] == 1).all()
    assert cells.loc[cells["reference"], ["odds_ratio_low", "odds_ratio_high"]].isna().all(axis=None)
    of_category = [
        both[both[name] == level]
        for name, level in [("age", "a"), ("age", "b"), ("age", "c"), ("home", "own"), ("home", "rent")]
    ]
    assert cells["category_people"].to_list() == [rows["recipient"].nunique() for rows in of_category]
    assert cells["people"].to_list() == [
        min(rows.loc[rows["channel"] == side, "recipient"].nunique() for side in "xy") for rows in of_category
    ]


def test_odds_ratios_wald_of_one_degree_is_the_squared_z():
    table = odds_ratios(visits(), outcome="channel", event="x", on=["home"])
    row = table.cells[~table.cells["reference"]].iloc[0]
    error = np.log(row["odds_ratio_high"] / row["odds_ratio"]) / stats.norm.ppf(0.975)
    test = table.tests[0]
    assert (test.name, test.degrees, dict(test.within), test.people) == (
        *(WALD, (1.0,), {"variable": "home"}),
        visits()["recipient"].nunique(),
    )
    assert test.statistic == pytest.approx((np.log(row["odds_ratio"]) / error) ** 2)
    assert test.p_value == pytest.approx(2 * stats.norm.sf(np.sqrt(test.statistic)))


def test_odds_ratios_several_tests_are_adjusted():
    table = odds_ratios(visits(), outcome="channel", event="x", on=["age", "home"])
    assert [test.degrees for test in table.tests] == [(2.0,), (1.0,)]
    assert all("Holm" in test.note for test in table.tests)


def test_odds_ratios_missing_values_leave_the_model_and_are_counted():
    frame = visits()
    frame.loc[frame["recipient"] == "p1", "home"] = None
    found = odds_ratios(frame, outcome="channel", event="x", on=["age", "home"])
    without = odds_ratios(frame[frame["recipient"] != "p1"], outcome="channel", event="x", on=["age", "home"])
    assert found.missing == Missing(rows=int((frame["recipient"] == "p1").sum()), people=1)
    assert {test.people for test in found.tests} == {None}  # beside whole tables, it would tell how many are left out
    pd.testing.assert_frame_equal(found.cells, without.cells)


def test_odds_ratios_order_of_rows_changes_nothing():
    frame = visits()
    one = odds_ratios(frame, outcome="channel", event="x", on=["age", "home"])
    other = odds_ratios(frame.sample(frac=1, random_state=3), outcome="channel", event="x", on=["age", "home"])
    pd.testing.assert_frame_equal(one.cells, other.cells, rtol=1e-8)


def test_odds_ratios_unknown_event_names_the_nearest():
    frame = visits().assign(channel=lambda data: data["channel"].map({"x": "appointment", "y": "walk_in"}))
    with pytest.raises(MethodError, match="« appointment »"):
        odds_ratios(frame, outcome="channel", event="apointment", on=["age"])


def test_odds_ratios_event_that_never_varies_is_refused():
    with pytest.raises(MethodError, match="ne varie pas"):
        odds_ratios(visits().query("channel == 'x'"), outcome="channel", event="x", on=["age"])


@pytest.mark.parametrize("on", [[], ["age", "age"], ["channel"]])
def test_odds_ratios_variables_are_each_given_once(on):
    with pytest.raises(MethodError, match="chacune une fois"):
        odds_ratios(visits(), outcome="channel", event="x", on=on)


def test_odds_ratios_event_may_be_a_number():
    frame = visits().assign(late=lambda data: (data["channel"] == "x").astype(int))
    by_number = odds_ratios(frame, outcome="late", event=1, on=["age"])
    by_text = odds_ratios(frame, outcome="late", event="1", on=["age"])
    pd.testing.assert_frame_equal(by_number.cells, by_text.cells)
