"""What changed between two deliveries, each measure at its threshold, and nothing of anybody."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.sources.codebook import SourceCodebook
from etabli.sources.drift import Drift, compare, total_variation

CODES = {"desk": {"label": "Accueil", "value": "ACC"}, "phone": {"label": "Téléphone", "value": "TEL"}}


def book_of(**variables: dict[str, Any]) -> SourceCodebook:
    full = {
        name: {"label": name.title(), "column": name.upper(), "required": False,
               "sensitivity": "identifier" if each["type"] == "identifier" else "open", **each}
        for name, each in variables.items()
    }  # fmt: skip
    return SourceCodebook.model_validate({"row": {"one": "l", "many": "l", "gender": "f"}, "variables": full})


def drift(book: SourceCodebook, old: dict[str, list[str]], new: dict[str, list[str]]) -> Drift:
    return compare("visits", pd.DataFrame(old, dtype="str"), pd.DataFrame(new, dtype="str"), book, book)


def told(found: Drift) -> str:
    return "\n".join(f"{change.subject}: {change.told}" for change in found.changes)


def test_same_deliveries_do_not_drift() -> None:
    book, data = book_of(channel={"type": "code", "codes": CODES}), {"CHANNEL": ["ACC", "TEL"]}
    assert drift(book, data, data).changes == ()


def test_renamed_gone_and_new_columns_are_told_apart() -> None:
    book = book_of(channel={"type": "text"}, age={"type": "integer"})
    found = drift(book, {"CHANNEL": ["a"], "AGE": ["1"]}, {"CHANNELS": ["a"], "QPV": ["1"]})
    assert found.rename == {"channel": "CHANNELS"}
    assert found.absent == ("age",)
    assert "« QPV » est nouvelle" in told(found)
    assert found.blocks


def test_new_code_is_told_with_the_line_that_recodes_it() -> None:
    book = book_of(channel={"type": "code", "codes": CODES})
    found = drift(book, {"CHANNEL": ["ACC", "TEL"]}, {"CHANNEL": ["Acceuil"] * 5 + ["TEL"] * 5 + ["Dupont"]})
    assert found.recode == {"channel": {"Acceuil": "desk"}}
    assert "Dupont" not in told(found)
    assert found.blocks


def test_codes_of_a_sensitive_variable_are_not_told() -> None:
    book = book_of(channel={"type": "code", "codes": CODES, "sensitivity": "sensitive"})
    found = drift(book, {"CHANNEL": ["ACC"]}, {"CHANNEL": ["SECRET"] * 9})
    assert "SECRET" not in told(found)
    assert found.recode == {}
    assert found.blocks


@pytest.mark.parametrize(("desks", "moved"), [(60, False), (61, True)])
def test_distribution_is_told_beyond_its_threshold(desks: int, moved: bool) -> None:
    book = book_of(channel={"type": "code", "codes": CODES})
    old, new = ["ACC"] * 50 + ["TEL"] * 50, ["ACC"] * desks + ["TEL"] * (100 - desks)
    assert ("variation totale" in told(drift(book, {"CHANNEL": old}, {"CHANNEL": new}))) is moved


@pytest.mark.parametrize(("rows", "changed"), [(120, False), (121, True), (80, False), (79, True)])
def test_volume_is_told_beyond_its_threshold(rows: int, changed: bool) -> None:
    book = book_of(town={"type": "text"})
    assert ("volume" in told(drift(book, {"TOWN": ["x"] * 100}, {"TOWN": ["x"] * rows}))) is changed


@pytest.mark.parametrize(("missing", "changed"), [(5, False), (6, True)])
def test_missing_share_is_told_beyond_its_threshold(missing: int, changed: bool) -> None:
    book = book_of(town={"type": "text"})
    new = [""] * missing + ["x"] * (100 - missing)
    assert ("manquantes" in told(drift(book, {"TOWN": ["x"] * 100}, {"TOWN": new}))) is changed


def test_range_is_told_by_percentiles() -> None:
    book = book_of(age={"type": "integer"})
    old, new = [str(age) for age in range(100)], [str(age * 10) for age in range(100)]
    assert "98\u00a0% des valeurs" in told(drift(book, {"AGE": old}, {"AGE": new})).replace(" %", "\u00a0%")


def test_overlap_of_identifiers_is_a_share_and_no_identifier() -> None:
    book = book_of(person={"type": "identifier"})
    found = told(drift(book, {"PERSON": ["P1", "P2"]}, {"PERSON": ["P2", "P3"]}))
    assert "50,0" in found
    assert "P2" not in found
    assert "même livraison" in told(drift(book, {"PERSON": ["P1"]}, {"PERSON": ["P1"]}))


shares = st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(sum).map(lambda n: pd.Series(n) / sum(n))


@given(shares, shares)
def test_total_variation_is_a_distance_between_0_and_1(one: pd.Series, other: pd.Series) -> None:
    assert total_variation(one, one) == pytest.approx(0)
    assert total_variation(one, other) == pytest.approx(total_variation(other, one))
    assert -1e-9 <= total_variation(one, other) <= 1 + 1e-9
