"""Over- and under-representation: computed by hand, standardised by hand, and held to simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from etabli.errors import MethodError
from etabli.methods.membership import Population, mark_population
from etabli.methods.representation import indexes, representation
from etabli.methods.results import TOTAL, Table

SIZES = {("old", "single"): 30, ("old", "couple"): 70, ("young", "single"): 240, ("young", "couple"): 60}
CAME = {("old", "single"): 12, ("old", "couple"): 7, ("young", "single"): 48, ("young", "couple"): 3}
"""Recipients, and those of them who came: single people come twice to four times as often."""


def recipients() -> pd.DataFrame:
    rows = [(age, home) for (age, home), size in SIZES.items() for _ in range(size)]
    return pd.DataFrame(rows, columns=["age", "home"]).rename_axis("recipient").reset_index()


def visits() -> pd.DataFrame:
    """Everybody who came was at the desk; the first of each group twice, and by appointment too."""
    everyone = recipients()
    came = pd.concat(
        [everyone[(everyone["age"] == key[0]) & (everyone["home"] == key[1])].head(n) for key, n in CAME.items()]
    )
    again = came.groupby(["age", "home"]).head(1)
    parts = [came.assign(channel="desk"), again.assign(channel="desk"), again.assign(channel="appointment")]
    return pd.concat(parts, ignore_index=True)


def at(table: Table, measure: str, category: str, channel: str = TOTAL, variable: str = "age") -> float:
    return float(table.value(measure, variable=variable, category=category, channel=channel).number)


def test_index_is_share_among_who_came_over_share_in_the_territory() -> None:
    found = representation(visits(), recipients(), ["age"])
    assert at(found, "share_territory", "old") == 100 / 400
    assert at(found, "share_visitors", "old") == 19 / 70
    assert at(found, "index", "old") == pytest.approx((19 / 70) / (100 / 400))
    assert at(found, "index", "young") == pytest.approx((51 / 70) / (300 / 400))


def test_person_counts_once_in_each_channel_and_once_in_all() -> None:
    found = representation(visits(), recipients(), ["age"])
    assert at(found, "share_visitors", "old", "desk") == 19 / 70
    assert at(found, "share_visitors", "old", "appointment") == 2 / 4
    cells = found.cells.set_index(["category", "channel"])
    assert cells.loc[("old", "desk"), "visitors"] == 19
    assert cells.loc[("old", "appointment"), "people"] == 2
    assert cells.loc[("old", TOTAL), "recipients"] == 100


def test_interval_is_that_of_the_ratio_of_two_rates_of_coming() -> None:
    """With two categories, log index = log r_c − log r: delta method written out."""
    found = representation(visits(), recipients(), ["age"])
    old, young, n_old, n_young = 19, 51, 100, 300
    by_old, by_young = old * (1 - old / n_old), young * (1 - young / n_young)
    variance = by_old * (1 / old - 1 / 70) ** 2 + by_young * (1 / 70) ** 2
    reach = stats.norm.ppf(0.975) * np.sqrt(variance)
    row = found.cells.iloc[found.value("index", variable="age", category="old", channel=TOTAL).row]
    assert row["index_low"] == pytest.approx(row["index"] * np.exp(-reach))
    assert row["index_high"] == pytest.approx(row["index"] * np.exp(reach))


def test_indirect_standard_is_observed_over_expected_at_the_rates_of_the_strata() -> None:
    found = representation(visits(), recipients(), ["age"], within=["home"])
    expected = 30 * (60 / 270) + 70 * (10 / 130)
    assert at(found, "standardised", "old") == pytest.approx(19 / expected)
    assert at(found, "index", "old") == pytest.approx(19 / (100 * 70 / 400))  # beside it, as it is


def test_direct_standard_is_the_rate_with_the_strata_of_the_territory() -> None:
    found = representation(visits(), recipients(), ["age"], within=["home"], standard="direct")
    assert at(found, "standardised", "old") == pytest.approx((270 * 12 / 30 + 130 * 7 / 70) / 70)


def test_variable_is_not_standardised_by_itself() -> None:
    found = representation(visits(), recipients(), ["age", "home"], within=["home"])
    assert np.isnan(found.value("standardised", variable="home", category="single", channel=TOTAL).number or np.nan)
    assert at(found, "standardised", "old") > at(found, "index", "old")


def test_direct_standard_leaves_out_strata_where_the_category_is_not() -> None:
    came, everyone = np.array([[5.0, 0.0], [10.0, 20.0]]), np.array([[50.0, 0.0], [100.0, 100.0]])
    direct, _ = indexes(came, everyone, standard="direct")
    assert direct[0] == pytest.approx((150 * 5 / 50) / 15)
    assert indexes(came, everyone)[0][0] == pytest.approx(5 / (50 * 15 / 150))


def test_test_is_pearson_s_of_coming_at_the_same_rate() -> None:
    found = representation(visits(), recipients(), ["age"])
    (test,) = found.tests
    expected = stats.chi2_contingency([[19, 81], [51, 249]], correction=False)
    assert test.statistic == pytest.approx(expected.statistic)
    assert test.degrees == (1.0,)
    assert found.is_significant(variable="age").holds is False


def test_who_came_without_a_profile_is_in_no_category_and_is_counted() -> None:
    unknown = pd.DataFrame({"recipient": [9_001, 9_002], "age": [None, None], "channel": ["desk", "desk"]})
    nobody = pd.DataFrame({"recipient": [None], "age": ["old"], "channel": ["desk"]})
    found = representation(pd.concat([visits(), unknown, nobody]), recipients(), ["age"])
    assert found.missing is not None
    assert (found.missing.people, found.missing.of) == (2, 72)
    assert at(found, "share_visitors", "old") == 19 / 70


def test_category_of_which_nobody_came_has_an_index_of_nothing_and_no_interval() -> None:
    index, error = indexes(np.array([[0.0], [5.0]]), np.array([[10.0], [50.0]]))
    assert index[0] == 0
    assert np.isnan(error[0])


def test_result_rests_on_its_counts_and_knows_who_came() -> None:
    here = {"visits": visits(), "recipients": recipients()}
    marked = {name: mark_population(frame, Population(name)) for name, frame in here.items()}
    found = representation(marked["visits"], marked["recipients"], ["age", "home"])
    assert found.source == "visits"
    assert [each.source for each in found.rests_on] == ["visits", "recipients", "recipients"]
    assert found.membership is not None
    assert found.membership.distinct.tolist() == found.cells["visitors"].tolist()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda v, r: (v, pd.concat([r, r.head(1)])), "deux fois"),
        (lambda v, r: (v.assign(recipient=None), r), "Personne à comparer"),
        (lambda v, r: (mark_population(v, Population("a", (("quarter", "x"),))), r), "même choix"),
        (lambda v, r: (v.assign(age=["old", "young"] * (len(v) // 2)), r), "n’est pas la même"),
        (lambda v, r: (v.drop(columns="recipient"), r), "n’existe pas"),
    ],
)
def test_frames_that_cannot_be_compared_are_refused(change, what) -> None:
    came, everyone = change(visits(), recipients())
    with pytest.raises(MethodError, match=what):
        representation(came, everyone, ["age"])


@pytest.mark.parametrize("standard", ["indirect", "direct"])
def test_interval_holds_what_was_planted(standard) -> None:
    """4,000 quarters of one territory; a category of 60 recipients among them, of whom ten come."""
    random = np.random.default_rng(16)
    everyone = np.array([[40.0, 20.0], [500.0, 900.0], [700.0, 300.0]])
    rate = np.array([[0.15, 0.25], [0.10, 0.20], [0.12, 0.25]])
    truth, _ = indexes(everyone * rate, everyone, standard=standard)
    reach, held = stats.norm.ppf(0.975), np.zeros(3)
    for _ in range(4_000):
        index, error = indexes(random.binomial(everyone.astype(int), rate).astype(float), everyone, standard=standard)
        held += np.abs(np.log(index / truth)) <= reach * error
    coverage = held / 4_000
    assert (coverage >= 0.935).all(), coverage
    assert (coverage <= 0.97).all(), coverage
