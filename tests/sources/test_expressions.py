"""Rules between variables: what they say, what breaks them, and that nothing else can be written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.sources.codebook import Variable
from etabli.sources.expressions import LONGEST, parse

VARIABLES = {
    "start": Variable(label="Début", type="date", sensitivity="open"),
    "end": Variable(label="Fin", type="datetime", sensitivity="open", required=False),
    "rent": Variable(label="Loyer", type="number", sensitivity="open", required=False),
    "age": Variable(label="Âge", type="integer", sensitivity="open"),
    "paid": Variable(label="Payé", type="boolean", sensitivity="open"),
    "town": Variable(label="Ville", type="text", sensitivity="open"),
    "status": Variable.model_validate(
        {"label": "Statut", "type": "code", "sensitivity": "open",
         "codes": {"tenant": "Locataire", "owner": "Propriétaire", "hosted": "Hébergé"}}
    ),
}  # fmt: skip

FRAME = pd.DataFrame(
    {
        "start": pd.to_datetime(["2024-01-10", "2024-01-10", "2024-01-10", None]).astype("datetime64[us]"),
        "end": pd.to_datetime(["2024-01-10", "2024-01-09", None, "2025-03-01"]).astype("datetime64[us]"),
        "rent": [500.0, np.nan, 0.0, -1.0],
        "age": pd.array([18, None, 65, 30], dtype="Int64"),
        "paid": pd.array([True, False, None, True], dtype="boolean"),
        "town": pd.Series(["Rennes", None, "Bruz", "Rennes"], dtype="str"),
        "status": pd.Categorical(["owner", "tenant", None, "hosted"], categories=["tenant", "owner", "hosted"]),
    }
)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("end >= start", [0, 1, 0, 0]),
        ("end - start <= 0", [0, 0, 0, 0]),
        ("end - start >= 0", [0, 1, 0, 0]),
        ("start + 1 > end", [0, 0, 0, 0]),
        ('end < "2025-01-01"', [0, 0, 0, 1]),
        ("year(end) == 2024", [0, 0, 0, 1]),
        ('if status == "owner" then rent is missing', [1, 0, 0, 0]),
        ('if status == "tenant" then rent is not missing', [0, 1, 0, 0]),
        ('status in ["owner", "tenant"]', [0, 0, 0, 1]),
        ('status not in ["hosted"]', [0, 0, 0, 1]),
        ('status <= "owner"', [0, 0, 0, 1]),
        ("rent > 0", [0, 0, 1, 1]),
        ("-1 < rent <= 500", [0, 0, 0, 1]),
        ("abs(rent) > 0", [0, 0, 1, 0]),
        ("100 / rent > 0", [0, 0, 0, 1]),
        ("paid", [0, 1, 0, 0]),
        ("paid == false", [1, 0, 0, 1]),
        ("not paid or rent > 0", [0, 0, 0, 1]),
        ('town == "Rennes" and age >= 18', [0, 0, 1, 0]),
        ("age * 2 + 1 != 37", [1, 0, 0, 0]),
        ("rent is not missing", [0, 1, 0, 0]),
        ('town != "is missing"', [0, 0, 0, 0]),
    ],
)
def test_expression_breaks_the_rows_that_are_false_and_no_unknown_one(text: str, broken: list[int]) -> None:
    assert parse(text, VARIABLES).broken(FRAME).astype(int).tolist() == broken


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("end >= strat", "vouliez-vous dire « start »"),
        ('status == "ownr"', "vouliez-vous dire « owner »"),
        ("end >= age", "une date et un nombre"),
        ('start > "2024-13-01"', "une date comme"),
        ('town > "a"', "sans ordre"),
        ("age", "une comparaison"),
        ("age + town > 3", "un nombre et un texte"),
        ("1 == 1", "porte sur une variable"),
        ("age >", "une règle comme"),
        ("", "une règle comme"),
        ('if status == "owner" rent is missing', "une règle comme"),
        ("age in 3", "une liste"),
        ("age is 3", "is missing"),
        ("sqrt(age) > 1", "year, abs"),
        ("year(age) > 1", "year\\(date\\)"),
        ("(" * 60 + "age > 1" + ")" * 60 + " and " + "not " * 40 + "paid", "niveaux"),
        ("age > 1 or " * 60 + "paid", f"{LONGEST} caractères"),
        ("status == start", "du même genre"),
    ],
)
def test_expression_that_cannot_hold_is_refused_in_french(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text, VARIABLES)


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('true')", "age.__class__ == 1", "[age for age in [1]] == 1", "(lambda: 1)() == age",
     "f'{age}' == '1'", "age[0] == 1", "(age := 1) == 1", "open('x') == age", "age ** 9 > 1"],
)  # fmt: skip
def test_expression_runs_no_python(text: str) -> None:
    with pytest.raises(ValueError, match=r"des variables|une règle comme|une liste|year, abs|une variable"):
        parse(text, VARIABLES)


@given(st.text(alphabet="abcdefgirs ()<>=!+-*/.,'\"[]01 ndotm_", max_size=60))
def test_expression_of_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text, VARIABLES)
    except ValueError:
        return
    assert len(found.broken(FRAME)) == len(FRAME)


def test_expression_says_itself_in_french() -> None:
    words = parse('if status == "owner" then rent is missing', VARIABLES).words
    assert words == "si « Statut » = « Propriétaire », alors « Loyer » manque"
