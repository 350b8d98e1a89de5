"""Published figures, found by name and year."""

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


def test_measure_of_several_years_asks_for_the_year(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    row = {**claims.iloc[0].to_dict(), "parts": "rooms.shared_room_hours"}
    with pytest.raises(MethodError, match="plusieurs années") as caught:
        audit.audit(pd.DataFrame([row]), facts)
    assert caught.value.expected == "l’une de : 2024, 2023"


def test_measure_of_an_unknown_year_is_refused(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    row = {**claims.iloc[0].to_dict(), "parts": "rooms.shared_room_hours@2022"}
    with pytest.raises(MethodError, match="pas de chiffre pour 2022"):
        audit.audit(pd.DataFrame([row]), facts)


def test_fact_given_twice_is_refused(claims: pd.DataFrame, facts: pd.DataFrame) -> None:
    with pytest.raises(MethodError, match="deux fois pour la même année"):
        audit.audit(claims, pd.concat([facts, facts.iloc[[0]]]))


@pytest.mark.parametrize("column", ["value", "unit"])
def test_facts_without_a_column_are_refused(claims: pd.DataFrame, facts: pd.DataFrame, column: str) -> None:
    with pytest.raises(MethodError, match=f"attendu : {column}"):
        audit.audit(claims, facts.drop(columns=column))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", "beaucoup", "que des nombres"),
        ("value", float("inf"), "que des nombres"),
        ("year", "vers 2020", "que des nombres"),
        ("year", 2019.5, "année est un nombre entier"),
    ],
)
def test_fact_whose_year_or_value_is_no_number_is_refused(
    claims: pd.DataFrame, facts: pd.DataFrame, column: str, value: object, message: str
) -> None:
    wrong = facts.astype(object)
    wrong.loc[wrong.index[0], column] = value
    with pytest.raises(MethodError, match=message) as caught:
        audit.audit(claims, wrong)
    assert caught.value.where == "mesure « sortir.communes »"
