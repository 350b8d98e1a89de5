"""Two reports compared number by number: what changed beyond the uncertainty, and what cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etabli.errors import RunError
from etabli.present.changes import RESULTS, Change, Number, changes, counted, in_words, value_of
from etabli.sources.codebook import Codebook


def told(value: object, interval: list[float] | None = None, **rest: Any) -> dict[str, Any]:
    here = {"item": "tableau-1", "name": "share", "label": "Part", "unit": "%", "where": {"channel": "desk"}, "n": 900}
    return {**here, "value": value, **({"interval": interval} if interval else {}), **rest}


def report(folder: Path, *results: dict[str, Any], study: str = "flux") -> Path:
    folder.mkdir()
    (folder / RESULTS).write_text(json.dumps({"study": study, "results": results}), encoding="utf-8")
    return folder


def compared(tmp_path: Path, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[Change]:
    return changes(report(tmp_path / "a", *before), report(tmp_path / "b", *after), shown=("a", "b"))


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (told(40.0, [38.0, 42.0]), told(40.0, [38.5, 41.5]), "same"),
        (told(40.0, [38.0, 42.0]), told(42.8, [40.8, 44.8]), "within"),  # under 2.83, the root of 2² + 2²
        (told(40.0, [38.0, 42.0]), told(42.9, [40.9, 44.9]), "beyond"),
        (told(40.0, [38.0, 42.0]), told(37.1, [35.1, 39.1]), "beyond"),
        (told(40.0, [39.9, 49.0]), told(39.0, [30.0, 39.1]), "beyond"),  # the sides that face each other count
        (told(2.0, [1.0, 4.0], name="odds_ratio"), told(5.2, [2.6, 10.4], name="odds_ratio"), "within"),
        (told(2.0, [1.0, 4.0], name="odds_ratio"), told(5.4, [2.7, 10.8], name="odds_ratio"), "beyond"),
        (told(120, name="rows"), told(121, name="rows"), "exact"),
        (told("7 sur 13"), told("8 sur 13"), "untested"),
        (told("7 sur 13", [30.0, 80.0]), told(40.0, [38.0, 42.0]), "untested"),
        (told(40.0, [38.0, 42.0]), told(41.0), "untested"),
        (told(41.0), told(40.0, [38.0, 42.0]), "untested"),
        (told(2.0, [1.0, 4.0], name="rate_ratio"), told(5.2, [2.6, 10.4], name="rate_ratio"), "within"),
        (told(None, sign="s"), told(12.0), "masked"),
        (told(None, sign="s"), told(None, sign="s"), "masked"),  # nobody knows that they are the same
        (told(None, sign="≤ 5"), told(None, sign="≤ 5"), "masked"),
        (told(None, sign="s"), told(12.0, label="Part des visites"), "masked"),
        (told(None, sign="n.d."), told(None, sign="n.d."), "same"),
        (told(None, sign="n.d."), told(12.0), "masked"),
        (told(40.0), told(40.0, label="Part des visites"), "rebased"),
        (told(40.0), told(40.0, unit="points"), "rebased"),
    ],
)
def test_what_became_of_a_number(tmp_path: Path, before: dict[str, Any], after: dict[str, Any], kind: str) -> None:
    assert [change.kind for change in compared(tmp_path, [before], [after])] == [kind]


def test_numbers_come_and_go(tmp_path: Path) -> None:
    found = compared(tmp_path, [told(1), told(2, where={})], [told(1), told(3, where={"channel": "phone"})])
    assert counted(found) == {"same": 1, "new": 1, "gone": 1}


def test_numbers_of_one_place_are_told_apart_by_their_labels(tmp_path: Path) -> None:
    """Ranks alone would set one beside the other as soon as two of them are printed alike."""
    before = [told(10.0, label="Part des visites"), told(20.0, label="Part des personnes")]
    after = [told(20.0, label="Part des personnes"), told(10.0, label="Part des visites")]
    assert counted(compared(tmp_path, before, after)) == {"same": 2}


@pytest.mark.parametrize("masked", ["before", "after"])
@pytest.mark.parametrize("labels", [("Part", "Part"), ("Part", "Autre part")])
def test_nothing_of_a_place_that_is_masked_is_said_to_come_or_go(
    masked: str, labels: tuple[str, str], tmp_path: Path
) -> None:
    """Two wholes of one category, masked on one side, where the two signs may count as one number."""
    known = [told(value, label=label) for value, label in zip((10.0, 20.0), labels, strict=True)]
    hidden = [told(None, sign="s", label=label) for label in labels]
    sides = (hidden, known) if masked == "before" else (known, hidden)
    assert counted(compared(tmp_path, *sides)) == {"masked": 2}


def test_number_that_several_items_repeat_is_compared_once(tmp_path: Path) -> None:
    repeated = [told(1), told(1, item="texte-1"), told(1, item="figure-1", n=None)]
    assert counted(compared(tmp_path, repeated, repeated)) == {"same": 1}


def test_number_that_two_methods_make_is_said_once(tmp_path: Path) -> None:
    """A sentence makes it as a value of any measure, of all or of no category; another label, or place, is another."""
    where = {"audience": "total"}
    one, other = (
        [
            told(value, name="use_rate", label="Taux d’utilisation", where=where),
            told(value, name="value", label="Valeur", where=where),
            told(value, name="value", label="Taux d’utilisation", where={}),
            told(value, name="share", label="Part des cartes", where=where),
            told(value, name="use_rate", label="Taux d’utilisation", where={"audience": "student"}),
        ]
        for value in (51.1, 59.9)
    )
    found = compared(tmp_path, one, other)
    labels = [(each.number.label, each.number.where) for each in found]
    assert labels == [
        ("Taux d’utilisation", where),
        ("Part des cartes", where),
        ("Taux d’utilisation", {"audience": "student"}),
    ]


def test_value_of_any_measure_is_said_where_nothing_names_it(tmp_path: Path) -> None:
    one, other = ([told(value, name="value", label="Valeur")] for value in (51.1, 59.9))
    assert counted(compared(tmp_path, one, other)) == {"exact": 1}


def test_no_drift_seldom_passes_for_one(tmp_path: Path) -> None:
    """Shares of samples of one population, with their 95 % intervals: about one in twenty differs beyond them."""
    rng = np.random.default_rng(5)

    def sample() -> list[dict[str, Any]]:
        shares = rng.binomial(1_000, 0.4, 400) / 10
        half = 196 * np.sqrt(shares / 100 * (1 - shares / 100) / 1_000)
        return [
            told(float(x), [float(x - h), float(x + h)], where={"area": str(place)})
            for place, (x, h) in enumerate(zip(shares, half, strict=True))
        ]

    beyond = counted(compared(tmp_path, sample(), sample()))["beyond"] / 400
    assert 0.025 < beyond < 0.085


def test_two_studies_are_not_compared(tmp_path: Path) -> None:
    one, other = report(tmp_path / "a"), report(tmp_path / "b", study="autre")
    with pytest.raises(RunError, match="Deux études"):
        changes(one, other, shown=("a", "b"))


def test_damaged_results_are_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / RESULTS).write_text("{", encoding="utf-8")
    with pytest.raises(RunError) as error:
        changes(report(tmp_path / "a"), tmp_path / "b", shown=("a", "b"))
    assert error.value.where == f"b/{RESULTS}"


def test_difference_is_of_two_numbers() -> None:
    number = Number("share", "Part", "%", {}, 40.0, None, 10, "")
    assert Change("exact", number, Number("share", "Part", "%", {}, 42.5, None, 10, "")).difference == 2.5
    assert Change("masked", number, Number("share", "Part", "%", {}, None, None, None, "s")).difference is None


@pytest.mark.parametrize(
    ("unit", "before", "after", "written"),
    [
        ("%", 40.0, 42.5, "+2,5\u00a0points"),
        ("%", 40.0, 38.1, "−1,9\u00a0point"),
        ("points", 4.0, 6.0, "+2,0\u00a0points"),
        ("points", 4.0, 5.9, "+1,9\u00a0point"),
        ("€", 70.0, 78.5, "+8,5\u00a0€"),
        ("jours", 3, 1, "−2\u00a0jours"),
        ("visites", 120, 131, "+11"),
    ],
)
def test_difference_has_its_unit(codebook: Codebook, unit: str, before: float, after: float, written: str) -> None:
    one, other = (Number("x", "Mesure", unit, {}, value, None, None, "") for value in (before, after))
    assert in_words(Change("exact", one, other), codebook).difference == written


@pytest.mark.parametrize(
    ("label", "unit", "written"),
    [
        ("Part", "%", "40,5\u00a0%"),
        ("Heures de guichet", "heures", "40,5"),
        ("Délai médian", "jours", "40,5\u00a0jours"),
        ("Visites", "visites", "40,5"),
        ("Montant", "€", "40,5\u00a0€"),
    ],
)
def test_unit_is_written_where_the_label_does_not_say_it(label: str, unit: str, written: str) -> None:
    assert value_of(Number("x", label, unit, {}, 40.5, None, None, "")) == written
