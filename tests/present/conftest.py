"""A codebook, and results whose every number is known, for the tests of what a reader sees."""

from __future__ import annotations

import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.methods.results import TOTAL, Dimension, Measure, Table, Test
from etabli.present.words import Words
from etabli.sources.codebook import Codebook

ROWS = Measure("rows", "count", unit="rows")
PEOPLE = Measure("people", "count", unit="people")
SHARE = Measure("share", "share", low="low", high="high", base="base")


@pytest.fixture
def codebook() -> Codebook:
    person = {"label": "Allocataire", "type": "identifier", "sensitivity": "identifier"}
    code = {"type": "code", "sensitivity": "quasi_identifier"}
    ages = {"young": "Moins de 30 ans", "mid": "30-59 ans", "old": "Ancien"}
    variables = {
        "recipient": person,
        "age": {**code, "label": "Tranche d’âge", "codes": ages},
        "channel": {**code, "label": "Canal", "codes": {"walk_in": "Tout venant", "appointment": "Rendez-vous"}},
        "quarter": {**code, "label": "Quartier", "proper": True, "codes": {"blosne": "Le Blosne", "x": "<b>X & Y</b>"}},
    }
    visits = {
        "row": {"one": "visite", "many": "visites", "gender": "f"},
        "person": "recipient",
        "people": {"one": "allocataire", "many": "allocataires", "gender": "m"},
        "variables": variables,
    }
    return Codebook.model_validate({"sources": {"visits": visits}})


@pytest.fixture
def words(codebook: Codebook) -> Words:
    return Words(codebook, codebook.sources["visits"])


@pytest.fixture
def open_policy() -> Policy:
    """Nothing is masked."""
    return Policy("internal", 1, ())


@pytest.fixture
def strict_policy() -> Policy:
    """Less than five people are masked."""
    return Policy("funder", 5, ("convention",))


@pytest.fixture
def ages() -> Table:
    """Visits by age. For a funder, « old » (3 people) is masked, and « mid » with it."""
    cells = pd.DataFrame(
        {
            "age": ["young", "mid", "old", TOTAL],
            "rows": [25011, 987, 4, 26002],
            "people": [4000, 345, 3, 4348],
            "share": [0.96189, 0.03796, 0.00015, 1.0],
            "low": [0.95, 0.031, 0.0, float("nan")],
            "high": [0.97, 0.044, 0.001, float("nan")],
            "base": [4348] * 4,
        }
    )
    return Table(
        cells, (Dimension("age"),), (ROWS, PEOPLE, SHARE), tests=(Test("test du χ²", 12.34, (2.0,), 0.0004, 4348),)
    )


@pytest.fixture
def crossed() -> Table:
    """Visits by age and channel. For a funder, « old » is masked whole, and « mid » with it."""
    cells = pd.DataFrame(
        {
            "age": [each for each in ("young", "mid", "old", TOTAL) for _ in range(3)],
            "channel": ["walk_in", "appointment", TOTAL] * 4,
            "rows": [60, 40, 100, 30, 20, 50, 1, 3, 4, 91, 63, 154],
            "people": [50, 35, 70, 25, 15, 33, 1, 3, 4, 76, 53, 107],
            "share": [0.6, 0.4, 1.0, 0.6, 0.4, 1.0, 0.25, 0.75, 1.0, 0.5909, 0.4091, 1.0],
            "low": [0.5, 0.3, float("nan")] * 4,
            "high": [0.7, 0.5, float("nan")] * 4,
            "base": [70] * 3 + [33] * 3 + [4] * 3 + [107] * 3,
        }
    )
    return Table(cells, (Dimension("age"), Dimension("channel")), (ROWS, SHARE))
