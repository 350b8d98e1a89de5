"""The audit, held to the cases of the activity report 2024."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods import audit
from etabli.methods.verdicts import VERDICTS
from etabli.project import find_project

REFERENCE = find_project(Path(__file__)).reference


@pytest.fixture
def facts() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "activity_2024.csv")


@pytest.fixture
def claims() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "activity_2024_claims.csv")


@pytest.fixture
def sortir() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "sortir.csv")


@pytest.mark.parametrize(
    ("claim", "verdict", "recomputed"),
    [
        ("allocation_requests", "wrong", 79),
        ("allocation_assigned_outcomes", "cannot_be_checked", 13),
        ("allocation_shared_outcomes", "cannot_be_checked", 23),
        ("rooms_premises_and_rooms", "cannot_be_checked", None),
        ("rooms_premises_by_use", "holds", 143),
        ("rooms_assigned_by_use", "holds", 115),
        ("esc_coordination_meetings", "incomplete", 19),
        ("rights_interviews", "holds", 39),
        ("hlm_mean", "holds", 30335 / 45),
        ("fcih_mean", "holds", 3605 / 36),
        ("etickets_first_share", "holds", 546 / 6081),
        ("etickets_all_share", "holds", 6463 / 40033),
    ],
)
def test_audit_of_the_report(
    claims: pd.DataFrame, facts: pd.DataFrame, claim: str, verdict: str, recomputed: float | None
) -> None:
    table = audit.audit(claims, facts)
    assert table.value("verdict", claim=claim).number == verdict
    found = table.value("recomputed", claim=claim).number
    assert found is None if recomputed is None else found == pytest.approx(recomputed)


def test_audit_covers_every_declared_claim_in_order(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    table = audit.audit(claims, facts)
    assert list(table.cells["claim"]) == list(claims["claim"])
    assert set(table.cells["verdict"]) == set(VERDICTS)
    assert table.cells["people"].isna().all()


def test_audit_says_why(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    table = audit.audit(claims, facts)
    reasons = {name: table.value("reason", claim=name).number for name in claims["claim"]}
    assert reasons["hlm_mean"] == "arrondi à la main\u00a0: 674,1\u00a0€"
    assert reasons["rooms_premises_and_rooms"] == "unités différentes\u00a0: locaux, salles"
    assert reasons["esc_coordination_meetings"] == "somme des parts\u00a0: 19, sur 4 des 6 parts seulement"
    assert reasons["allocation_requests"] == "somme des parts\u00a0: 79, et non 59"
    assert "rien ne dit que ces parts épuisent le tout" in str(reasons["allocation_assigned_outcomes"])


def test_audit_writes_values_in_french(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    table = audit.audit(claims, facts)
    written = [table.value(name, claim="allocation_requests").number for name in ("stated_as", "difference_as")]
    assert written == ["59", "−20"]
    assert table.value("recomputed_as", claim="etickets_first_share").number == "8,98\u00a0%"
    assert table.value("difference_as", claim="etickets_all_share").number == "−0,1\u00a0point"


def test_totals_of_sortir_all_hold(sortir: pd.DataFrame) -> None:
    table = audit.totals(sortir)
    assert len(table.cells) == 4 * 4
    assert set(table.cells["verdict"]) == {"holds"}
    assert "group_outings" not in set(table.cells["indicator"])


def test_totals_2019_say_that_a_part_is_not_given(sortir: pd.DataFrame) -> None:
    table = audit.totals(sortir)
    assert "une part n’est pas donnée" in str(table.value("reason", indicator="users", year=2019).number)
    assert "donnée" not in str(table.value("reason", indicator="users", year=2024).number)


@pytest.mark.parametrize(
    ("year", "shift", "verdict"),
    [(2024, 1, "wrong"), (2024, -1, "wrong"), (2019, 1, "incomplete"), (2019, -1, "wrong")],
)
def test_totals_that_drift_are_told_apart(sortir: pd.DataFrame, year: int, shift: int, verdict: str) -> None:
    row = (sortir["measure"] == "users") & (sortir["audience"] == "total") & (sortir["year"] == year)
    sortir.loc[row, "value"] += shift
    assert audit.totals(sortir).value("verdict", indicator="users", year=year).number == verdict


def test_totals_of_coded_columns_are_the_same(sortir: pd.DataFrame) -> None:
    coded = sortir.astype({"measure": "category", "audience": "category", "year": "Int64", "value": "Int64"})
    pd.testing.assert_frame_equal(audit.totals(coded).cells, audit.totals(sortir).cells)


def test_tally_counts_every_verdict_even_those_of_none(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    table = audit.tally(audit.audit(claims, facts))
    found = [table.value("claims", verdict=verdict).number for verdict in VERDICTS]
    assert found == [7, 1, 1, 3]
    assert table.value("claims").number == 12


def test_tally_of_totals_has_zeros(sortir: pd.DataFrame) -> None:
    table = audit.tally(audit.totals(sortir))
    assert table.value("claims", verdict="wrong").number == 0
    assert table.value("claims", verdict="holds").number == 16


@pytest.mark.parametrize("year", [None, 2019.5, "vers 2019"])
def test_totals_year_that_is_no_whole_number_is_refused(sortir: pd.DataFrame, year: object) -> None:
    wrong = sortir.astype({"year": object})
    wrong.loc[wrong.index[0], "year"] = year
    with pytest.raises(MethodError, match="« year » n’a pas que des nombres entiers"):
        audit.totals(wrong)
