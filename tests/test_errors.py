"""The nearest known name, as hints give it."""

from __future__ import annotations

import pytest

from etabli.errors import nearest


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("audiance", ["edition", "audience"], "audience"),
        ("CANAL", ["dossier", "canal"], "canal"),
        ("Libelle", ["Libellé"], "Libellé"),
        ("xyz", ["audience"], None),
        ("été", [], None),
        ("«»", ["a", "«»"], "«»"),
    ],
)
def test_nearest_passes_over_case_and_accents(name: str, known: list[str], found: str | None) -> None:
    assert nearest(name, known) == found
