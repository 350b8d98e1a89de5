"""Declared claims: what does not hold together is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etabli.errors import MethodError
from etabli.methods import audit
from etabli.project import find_project

REFERENCE = find_project(Path(__file__)).reference


@pytest.fixture
def facts() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "activity_2024.csv")


@pytest.fixture
def claims() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "activity_2024_claims.csv")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("stated", "allocation.request", "vouliez-vous dire « allocation.requests »"),
        ("parts", "allocation.renewals;allocation.shared", "n’existe pas"),
        ("operation", "sums", "vouliez-vous dire « sum »"),
        ("parts_expected", 2, "plus de parts"),
        ("precision", 0, "un nombre positif"),
        ("stated_value", 59, "d’une seule façon"),
        ("stated", None, "d’une seule façon"),
    ],
)
def test_claim_that_does_not_hold_together_is_refused(
    claims: pd.DataFrame, facts: pd.DataFrame, column: str, value: object, message: str
) -> None:
    row = {**claims.iloc[0].to_dict(), column: value}
    with pytest.raises(MethodError, match=message) as caught:
        audit.audit(pd.DataFrame([row]), facts)
    assert caught.value.where == "énoncé « allocation_requests »"


def test_claim_declared_twice_is_refused(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="déclaré deux fois"):
        audit.audit(pd.concat([claims, claims.iloc[[3]]]), facts)


def test_claims_without_a_column_are_refused(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="attendu : precision"):
        audit.audit(claims.drop(columns="precision"), facts)


@pytest.mark.parametrize("operation", ["ratio", "difference"])
@pytest.mark.parametrize("parts", ["funds.hlm_spend", "funds.hlm_spend;funds.fcih_spend;funds.hlm_projects_funded"])
def test_claim_of_two_terms_refuses_one_or_three(
    claims: pd.DataFrame, facts: pd.DataFrame, operation: str, parts: str
) -> None:
    row = {**claims.iloc[8].to_dict(), "operation": operation, "parts": parts}
    with pytest.raises(MethodError, match="deux termes"):
        audit.audit(pd.DataFrame([row]), facts)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("parts_expected", "trois", "pas un nombre"),
        ("parts_expected", 2.5, "parts est entier"),
        ("precision", "fin", "pas un nombre"),
        ("precision", float("inf"), "pas un nombre"),
        ("parts", None, "pas de termes"),
    ],
)
def test_claim_whose_numbers_are_none_is_refused(
    claims: pd.DataFrame, facts: pd.DataFrame, column: str, value: object, message: str
) -> None:
    row = {**claims.iloc[0].to_dict(), column: value}
    with pytest.raises(MethodError, match=message) as caught:
        audit.audit(pd.DataFrame([row]), facts)
    assert "énoncé « allocation_requests »" in str(caught.value.where)
