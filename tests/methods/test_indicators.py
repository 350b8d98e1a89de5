"""The yearly review, held to the published figures of the activity report 2024 (data/reference/sortir.csv)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods import indicators
from etabli.methods.results import TOTAL
from etabli.project import find_project

YEARS = (2019, 2022, 2023, 2024)


@pytest.fixture
def sortir() -> pd.DataFrame:
    return pd.read_csv(find_project(Path(__file__)).reference / "sortir.csv")


def without(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    return frame[~(frame[list(values)] == pd.Series(values)).all(axis=1)]


def test_review_2024_has_the_published_totals_and_their_ratios(sortir: pd.DataFrame) -> None:
    table = indicators.review(sortir, year=2024)
    assert table.value("registered").number == 57403
    assert table.value("users").number == 34358
    assert table.value("use_rate").number == pytest.approx(34358 / 57403)
    assert table.value("uses_per_user", audience="students").number == pytest.approx(11498 / 3606)
    assert list(table.cells["audience"]) == ["metropole", "students", "we_ker", TOTAL]


def test_review_carries_the_registered_people(sortir: pd.DataFrame) -> None:
    table = indicators.review(sortir, year=2024)
    assert list(table.cells["people"]) == [49635, 7459, 309, 57403]
    assert table.measure("use_rate").base == "registered"
    assert table.measure("uses_per_user").base == "users"


def test_review_without_we_ker_leaves_it_missing_not_zero(sortir: pd.DataFrame) -> None:
    table = indicators.review(sortir, year=2019)
    for measure in indicators.MEASURES:
        assert table.value(measure, audience="we_ker").number is None
    assert table.value("registered").number == 47223


def test_review_gives_group_outings_for_the_total_alone_and_never_adds_them(sortir: pd.DataFrame) -> None:
    table = indicators.review(sortir, year=2024)
    assert table.value("group_outings").number == 2937
    assert table.value("group_outings", audience="metropole").number is None
    assert table.value("one_off_uses").number == 131426


def test_review_without_intervals_since_the_count_is_exhaustive(sortir: pd.DataFrame) -> None:
    assert all(
        measure.low is None and measure.high is None for measure in indicators.review(sortir, year=2022).measures
    )


def test_review_of_categorical_codes_gives_the_same_table(sortir: pd.DataFrame) -> None:
    coded = sortir.astype({"measure": "category", "audience": "category", "year": "Int64", "value": "Int64"})
    expected = indicators.review(sortir, year=2023).cells
    pd.testing.assert_frame_equal(indicators.review(coded, year=2023).cells, expected)


def test_review_of_shuffled_rows_gives_the_same_values(sortir: pd.DataFrame) -> None:
    found = indicators.review(sortir.sample(frac=1, random_state=3), year=2024)
    expected = indicators.review(sortir, year=2024)
    for audience in ("metropole", "students", "we_ker", TOTAL):
        assert found.value("users", audience=audience).number == expected.value("users", audience=audience).number


def test_review_leaves_its_argument_alone(sortir: pd.DataFrame) -> None:
    before = sortir.copy()
    indicators.review(sortir, year=2024)
    pd.testing.assert_frame_equal(sortir, before)


@pytest.mark.parametrize(("shift", "refused"), [(-1, True), (0, False), (1, True)])
def test_review_refuses_a_total_that_is_not_the_sum(sortir: pd.DataFrame, shift: int, refused: bool) -> None:
    row = (sortir["measure"] == "users") & (sortir["audience"] == "total") & (sortir["year"] == 2024)
    sortir.loc[row, "value"] += shift
    if refused:
        with pytest.raises(MethodError, match="« users » en 2024"):
            indicators.review(sortir, year=2024)
    else:
        assert indicators.review(sortir, year=2024).value("users").number == 34358


@pytest.mark.parametrize(("shift", "refused"), [(-1, True), (0, False), (1, False)])
def test_review_with_a_missing_part_refuses_only_a_total_below_its_parts(
    sortir: pd.DataFrame, shift: int, refused: bool
) -> None:
    row = (sortir["measure"] == "users") & (sortir["audience"] == "total") & (sortir["year"] == 2019)
    sortir.loc[row, "value"] += shift
    if refused:
        with pytest.raises(MethodError, match="somme de ses publics"):
            indicators.review(sortir, year=2019)
    else:
        assert indicators.review(sortir, year=2019).value("users").number == 29900 + shift


def test_changes_2022_are_with_2019_and_say_so(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="users", year=2022)
    assert table.value("previous_year").number == "2019"
    assert table.value("since_previous").number == "entre 2019 et 2022"
    assert table.value("change").number == pytest.approx(27249 / 29900 - 1)
    assert table.value("annual_change").number == pytest.approx((27249 / 29900) ** (1 / 3) - 1)


def test_changes_2024_are_with_2023_and_with_2019(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="registered", year=2024)
    assert table.value("previous").number == 55572
    assert table.value("change").number == pytest.approx(0.032948, abs=1e-6)
    assert table.value("annual_change").number == pytest.approx(table.value("change").number)
    assert table.value("since_2019").number == pytest.approx(57403 / 47223 - 1)
    assert table.value("annual_since_2019").number == pytest.approx((57403 / 47223) ** (1 / 5) - 1)


def test_changes_2019_have_no_previous_year_and_no_reference(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="registered", year=2019)
    for measure in ("previous_year", "previous", "change", "annual_change", "since_2019", "annual_since_2019"):
        assert table.value(measure).number is None
    assert table.value("value").number == 47223
    assert "aucune année antérieure" in str(table.value("since_previous").number)


def test_changes_of_we_ker_since_2019_are_missing(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="registered", year=2024)
    assert table.value("since_2019", audience="we_ker").number is None
    assert table.value("change", audience="we_ker").number == pytest.approx(309 / 398 - 1)


def test_changes_of_a_share_are_in_points_and_have_no_annual_change(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="use_rate", year=2024)
    assert table.measure("change").kind == "points"
    assert table.value("change").number == pytest.approx(34358 / 57403 - 32734 / 55572)
    assert "annual_change" not in [measure.name for measure in table.measures]


def test_changes_from_zero_are_missing(sortir: pd.DataFrame) -> None:
    of_users = (sortir["measure"] == "users") & (sortir["year"] == 2023)
    row = of_users & (sortir["audience"] == "we_ker")
    sortir.loc[of_users & (sortir["audience"] == "total"), "value"] -= sortir.loc[row, "value"].item()
    sortir.loc[row, "value"] = 0
    assert indicators.changes(sortir, measure="users", year=2024).value("change", audience="we_ker").number is None


@pytest.mark.parametrize(
    ("measure", "people"),
    [("registered", 57403), ("use_rate", 57403), ("users", 34358), ("regular_activities", 34358)],
)
def test_changes_carry_the_people_behind_the_measure(sortir: pd.DataFrame, measure: str, people: int) -> None:
    cells = indicators.changes(sortir, measure=measure, year=2024).cells
    assert cells.loc[cells["audience"] == TOTAL, "people"].item() == people


def test_changes_of_group_outings_rest_on_unknown_people(sortir: pd.DataFrame) -> None:
    assert indicators.changes(sortir, measure="group_outings", year=2024).cells["people"].isna().all()


def test_series_keeps_the_years_that_are_not_given_as_missing(sortir: pd.DataFrame) -> None:
    table = indicators.series(sortir, "users")
    students = table.cells[table.cells["audience"] == "students"]
    assert list(students["year"]) == ["2019", "2020", "2021", "2022", "2023", "2024"]
    assert list(students["users"].isna()) == [False, True, True, False, False, False]
    assert table.value("users", year=2019, audience="students").number == 1267


@pytest.mark.parametrize("year", [2018, 2020, 2021, 2025])
def test_unknown_year_is_refused_with_the_known_ones(sortir: pd.DataFrame, year: int) -> None:
    with pytest.raises(MethodError) as caught:
        indicators.review(sortir, year=year)
    assert caught.value.expected == "l’une de : 2019, 2022, 2023, 2024"
    assert caught.value.hint


@pytest.mark.parametrize("measure", indicators.COUNTS)
def test_missing_measure_is_refused(sortir: pd.DataFrame, measure: str) -> None:
    with pytest.raises(MethodError) as caught:
        indicators.review(without(sortir, measure=measure), year=2024)
    assert caught.value.expected == measure


def test_unknown_measure_is_refused_with_the_nearest(sortir: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="vouliez-vous dire « users »"):
        indicators.series(sortir, "user")


def test_missing_column_is_refused(sortir: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="attendu : audience"):
        indicators.review(sortir.drop(columns="audience"), year=2024)


def test_duplicate_row_is_refused(sortir: pd.DataFrame) -> None:
    twice = pd.concat([sortir, sortir.iloc[[7]]], ignore_index=True)
    with pytest.raises(MethodError, match="deux fois") as caught:
        indicators.changes(twice, measure="users", year=2024)
    assert caught.value.got == "registered, students, 2024"


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("measure", list(indicators.MEASURES))
def test_changes_exist_for_every_measure_and_year(sortir: pd.DataFrame, measure: str, year: int) -> None:
    assert indicators.changes(sortir, measure=measure, year=year).value("value").number is not None


def test_change_since_2019_at_constant_scope_leaves_we_ker_out(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="registered", year=2024)
    assert table.value("since_2019").number == pytest.approx(57403 / 47223 - 1)
    assert table.value("since_2019_same").number == pytest.approx((57403 - 309) / 47223 - 1)


def test_changes_of_contradictory_totals_are_refused(sortir: pd.DataFrame) -> None:
    sortir.loc[(sortir["measure"] == "users") & (sortir["year"] == 2019) & (sortir["audience"] == "total"), "value"] = 1
    with pytest.raises(MethodError, match="n’est pas la somme"):
        indicators.changes(sortir, measure="users", year=2024)


def test_more_users_than_registered_are_refused(sortir: pd.DataFrame) -> None:
    row = (sortir["measure"] == "users") & (sortir["audience"] == "we_ker") & (sortir["year"] == 2024)
    sortir.loc[row, "value"] = 310
    with pytest.raises(MethodError, match="d’inscrites") as refused:
        indicators.review(sortir, year=2024)
    assert "we_ker" in str(refused.value)


def test_evolutions_agree_with_changes(sortir: pd.DataFrame) -> None:
    table = indicators.evolutions(sortir, ["users", "one_off_uses", "uses_per_user"], year=2024)
    told = {
        name: round(100 * float(table.value("since_2019", indicator=name).number), 1)
        for name in table.cells["indicator"]
    }
    assert told == {"users": 14.9, "one_off_uses": 7.9, "uses_per_user": -6.1}


def test_evolutions_of_a_share_are_refused(sortir: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="en points"):
        indicators.evolutions(sortir, ["use_rate"], year=2024)


@pytest.mark.parametrize(
    ("column", "value"), [("year", None), ("year", 2024.5), ("value", 1.5), ("value", float("inf"))]
)
def test_figures_that_are_not_whole_are_refused(sortir: pd.DataFrame, column: str, value: float | None) -> None:
    broken = sortir.astype({column: "Float64"})
    broken.loc[0, column] = value
    with pytest.raises(MethodError, match="nombres entiers"):
        indicators.review(broken, year=2024)


def test_years_as_text_are_refused(sortir: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="nombres entiers"):
        indicators.review(sortir.astype({"year": "str"}), year=2024)


def test_change_since_2019_is_not_given_twice(sortir: pd.DataFrame) -> None:
    table = indicators.changes(sortir, measure="registered", year=2022)
    assert table.value("change").number == pytest.approx(53348 / 47223 - 1)
    assert (table.value("since_2019").number, table.value("since_reference").number) == (None, None)
    assert table.value("since_2019_same").number == pytest.approx((53348 - 328) / 47223 - 1)
    assert indicators.evolutions(sortir, ["users"], year=2022).cells["since_2019"].isna().all()
