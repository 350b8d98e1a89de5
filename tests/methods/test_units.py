"""How published figures are written in French."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etabli.methods.units import NOUNS, kind_of, written
from etabli.project import find_project


@pytest.mark.parametrize(
    ("value", "unit", "step", "text"),
    [
        (57403, "registered", 1, "57\u202f403"),
        (674.1111, "EUR", 0.1, "674,1\u00a0€"),
        (0.09, "share", 0.01, "9\u00a0%"),
        (0.0898, "share", 0.001, "9\u00a0%"),
        (0.0898, "share", 0.0001, "8,98\u00a0%"),
        (-20, "requests", 1, "−20"),
        (-0.0014, "points", 0.001, "−0,1\u00a0point"),
        (0.0199, "points", 0.0001, "1,99\u00a0point"),
        (0.02, "points", 0.001, "2\u00a0points"),
    ],
)
def test_written_figure(value: float, unit: str, step: float, text: str) -> None:
    assert written(value, unit, step=step) == text


@pytest.mark.parametrize(("unit", "kind"), [("share", "share"), ("EUR", "amount"), ("rooms", "count")])
def test_kind_of_unit(unit: str, kind: str) -> None:
    assert kind_of(unit) == kind


def test_nouns_cover_every_unit_of_the_report() -> None:
    facts = pd.read_csv(find_project(Path(__file__)).reference / "activity_2024.csv")
    assert set(facts["unit"]) - set(NOUNS) == {"count"}
