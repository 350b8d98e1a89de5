"""Figures of the activity report 2024 (data/reference/activity_2024.csv), by year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods import activity
from etabli.project import find_project


@pytest.fixture
def published() -> pd.DataFrame:
    return pd.read_csv(find_project(Path(__file__)).reference / "activity_2024.csv")


def test_figures_are_written_as_their_units_ask(published: pd.DataFrame) -> None:
    rooms = activity.figures(published, system="rooms", year=2024)
    assert rooms.value("shared_room_hours").number == 37000
    assert rooms.measure("shared_room_hours").unit == "heures"
    assert rooms.measure("maintenance_spend").kind == "amount"
    assert rooms.measure("share_of_activity_premises_shared").kind == "share"


def test_figures_of_another_year_are_missing_not_carried_over(published: pd.DataFrame) -> None:
    rooms = activity.figures(published, system="rooms", year=2023)
    assert rooms.value("shared_room_hours").number == 40800
    assert rooms.value("premises").number is None
    assert rooms.value("known_years").number == "2023, 2024"


def test_figures_of_an_unknown_system_are_refused(published: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="vouliez-vous dire « sortir »"):
        activity.figures(published, system="sortie", year=2024)


def test_reimbursements_2024(published: pd.DataFrame) -> None:
    table = activity.reimbursements(published, year=2024)
    assert table.value("dematerialised_share").number == pytest.approx(13929 / 14453)
    assert table.value("mean_amount").number == pytest.approx(1125796 / 14453)


@pytest.mark.parametrize("year", [2019, 2022, 2023])
def test_reimbursements_of_other_years_are_missing_and_name_the_known_year(published: pd.DataFrame, year: int) -> None:
    table = activity.reimbursements(published, year=year)
    for measure in ("reimbursements", "dematerialised", "dematerialised_share", "amount", "mean_amount"):
        assert table.value(measure).number is None
    assert table.value("known_years").number == "2024"


def test_reimbursements_without_their_measure_are_refused(published: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="reimbursed_amount"):
        activity.reimbursements(published[published["measure"] != "reimbursed_amount"], year=2024)


def test_etickets_2024_are_9_and_16_percent(published: pd.DataFrame) -> None:
    table = activity.etickets(published)
    first = table.value("share", partners="first_partners")
    every = table.value("share", partners="all_partners")
    assert first.number == pytest.approx(0.09, abs=0.005)
    assert every.number == pytest.approx(0.16, abs=0.005)
    assert (first.of("figure_year").number, every.of("figure_year").number) == ("2023", "2024")


def test_etickets_of_which_no_year_is_given_have_no_share(published: pd.DataFrame) -> None:
    published.loc[published["measure"] == "tickets_first_partners", "year"] = pd.NA
    row = activity.etickets(published).value("share", partners="first_partners")
    assert (row.number, row.of("figure_year").number) == (None, None)


def test_etickets_without_tickets_have_no_share(published: pd.DataFrame) -> None:
    published.loc[published["measure"] == "tickets_all_partners", "value"] = 0
    assert activity.etickets(published).value("share", partners="all_partners").number is None
