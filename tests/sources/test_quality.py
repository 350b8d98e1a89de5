"""The account of a delivery: every rule, what was mended, and no identity, sensitive value or free text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etabli.errors import DeliveryError
from etabli.project import Project
from etabli.publish.quality import verdict
from etabli.sources.codebook import Codebook
from etabli.sources.quality import FEWEST_ROWS, Quality, examine, shape
from etabli.study import Study

ROW = {"one": "visite", "many": "visites", "gender": "f"}


def variable(kind: str, sensitivity: str = "open", **rest: Any) -> dict[str, Any]:
    return {"label": "Variable", "type": kind, "sensitivity": sensitivity, **rest}


BOOK = Codebook.model_validate(
    {
        "sources": {
            "visits": {
                "row": ROW,
                "variables": {
                    "person": variable("identifier", "identifier", column="DOSSIER", pattern="D[0-9]+"),
                    "channel": variable("code", codes={"A": "Accueil", "T": "Téléphone"}, recode={"a": "A"}),
                    "health": variable("integer", "sensitive", maximum=5, missing={"9": "refus"}, required=False),
                    "age": variable("integer", maximum=120),
                    "note": variable("text", pattern="[a-z]+"),
                },
                "rules": [{"check": "age > 10", "severity": "warns"}],
            }
        }
    }
)


def examined(project: Project, study: Study, rows: list[str], book: Codebook = BOOK) -> Quality:
    folder = project.raw("caf", "2024-T4")
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(["DOSSIER;channel;health;age;note", *rows]) + "\n"
    (folder / "visites.csv").write_text(text, encoding="utf-8")
    return examine(project, study, book, "2024-T4", providers={"visits": "caf"})


def findings(quality: Quality) -> dict[str, Any]:
    return {finding.key: finding for finding in quality.sources[0].broken}


def test_quality_tells_every_broken_rule_with_rows_share_and_lines(project: Project, study: Study) -> None:
    found = findings(examined(project, study, ["D1;A;1;130;x", "D2;A;1;5;x", "D3;A;1;130;x", "D4;A;1;20;x"]))
    assert set(found) == {"variables.age.maximum", "rules[0].check"}
    high = found["variables.age.maximum"]
    assert (high.rows, high.share, high.lines, high.examples, high.blocks) == (2, 0.5, (2, 4), ("130",), True)
    assert (found["rules[0].check"].blocks, found["rules[0].check"].examples) == (False, ())


def test_quality_never_shows_an_identity_a_sensitive_value_or_a_text(project: Project, study: Study) -> None:
    quality = examined(project, study, ["Durand;Leroy;777;Moreau;MARTIN 12"] * 1)
    told = json.dumps(quality.to_json(), ensure_ascii=False)
    assert len(quality.sources[0].broken) == 5
    assert not [secret for secret in ("Durand", "Leroy", "777", "Moreau", "MARTIN") if secret in told]
    assert "de la forme Aaaaa" in findings(quality)["variables.channel.type"].examples


@pytest.mark.parametrize(("rows", "shown"), [(FEWEST_ROWS - 1, "de la forme AAAAAAA"), (FEWEST_ROWS, "GUICHET")])
def test_unknown_code_is_shown_when_many_rows_have_it(project: Project, study: Study, rows: int, shown: str) -> None:
    found = findings(examined(project, study, ["D1;GUICHET;1;20;x"] * rows))
    assert found["variables.channel.type"].examples == (shown,)


def test_quality_tells_what_was_mended(project: Project, study: Study) -> None:
    quality = examined(project, study, ["D1; A;9;20;x", "D2;a;;20;x"])
    assert {(each.variable, each.what, each.rows) for each in quality.sources[0].mendings} == {
        ("channel", "espaces retirés autour de la valeur", 1),
        ("channel", "valeur recodée", 1),
        ("health", "cellule vide", 1),
        ("health", "valeur manquante « refus » (code 9)", 1),
    }
    assert not quality.blocks


def test_quality_tells_how_the_file_was_read_and_what_was_passed_over(project: Project, study: Study) -> None:
    (source,) = examined(project, study, ["D1;A;1;13;x", ";;;;"]).sources
    assert source.notes == (
        "Lecture – encodage : utf-8 (deviné), séparateur : ; (deviné).",
        "1 dernière ligne sans aucune valeur, non lues.",
    )
    assert source.rows == 1


def test_quality_tells_a_total_under_the_table(project: Project, study: Study) -> None:
    quality = examined(project, study, ["D1;A;1;13;x", "Total;;;13;"])
    (source,) = quality.sources
    assert quality.blocks
    assert source.broken == []
    assert source.stray is not None
    assert source.stray.startswith("La dernière ligne est un total, et non une visite.\n")
    for told in ("où : data/raw/caf/2024-T4/visites.csv, ligne 3", "attendu : ", "reçu : ", "conseil : retirez"):
        assert told in source.stray


def test_rules_that_other_rows_break_are_told_beside_a_total(project: Project, study: Study) -> None:
    (source,) = examined(project, study, ["D1;A;1;130;x", "D2;A;1;13;x", "Total;;;130;"]).sources
    assert [(each.key, each.rows, each.lines) for each in source.broken] == [("variables.age.maximum", 1, (2,))]


def test_quality_hints_the_form_of_dates_and_the_nearest_code(project: Project, study: Study) -> None:
    told = BOOK.model_dump(exclude_unset=True)
    told["sources"]["visits"]["variables"]["note"] = variable("date", format="%d/%m/%Y")
    book = Codebook.model_validate(told)
    found = findings(examined(project, study, ["D1;B;1;13;1/2/24", "D2;A;1;13;31/12/2024"], book))
    assert "redemandez-les sous une seule forme" in found["variables.note.type"].hint
    found = findings(examined(project, study, ["D1;B;1;13;1/2/24", "D2;A;1;13;31/12/24"], book))
    assert (
        found["variables.note.type"].hint == 'si ce sont des dates, déclarez « format: "%d/%m/%y" » pour cette variable'
    )
    assert found["variables.note.type"].examples
    assert "format" not in str(findings(examined(project, study, ["D1;A;1;13;hier"], book))["variables.note.type"].hint)
    found = findings(examined(project, study, ["D1;Acceuil;1;13;01/02/2024"], book))
    assert found["variables.channel.type"].hint is None


def test_quality_of_an_unreadable_delivery_is_a_refusal(project: Project, study: Study) -> None:
    quality = examined(project, study, ["D1;A"])
    assert quality.blocks
    assert "tronqué" in str(quality.sources[0].refusal)


def test_quality_of_a_missing_delivery_is_a_refusal(project: Project, study: Study) -> None:
    quality = examine(project, study, BOOK, "2024-T4", providers={"visits": "caf"})
    assert "manque" in str(quality.sources[0].refusal)


def test_quality_of_a_delivery_that_the_study_does_without_blocks_nothing(project: Project, study: Study) -> None:
    optional = study.sources["visits"].model_copy(update={"without": "qui vient"})
    quality = examine(
        project,
        study.model_copy(update={"sources": {"visits": optional}}),
        BOOK,
        "2024-T4",
        providers={"visits": "caf"},
    )
    assert not quality.blocks
    assert quality.sources[0].lacking
    assert verdict(quality.sources[0]) == "pas venue, l’étude s’en passe"
    assert quality.sources[0].notes[0].endswith("ses rapports ne disent pas qui vient.")


def test_quality_of_an_unknown_edition_is_an_error(project: Project, study: Study) -> None:
    with pytest.raises(DeliveryError, match="2024-T9"):
        examine(project, study, BOOK, "2024-T9", providers={"visits": "caf"})


def test_quality_follows_references_between_sources(project: Project, study: Study) -> None:
    homes = {"row": ROW, "variables": {"id": variable("identifier", "identifier")}}
    visits = {"row": ROW, "variables": {"home": variable("identifier", "identifier", references="homes.id")}}
    book = Codebook.model_validate({"sources": {"homes": homes, "visits": visits}})
    sources = {name: study.sources["visits"].model_copy(update={"file": f"{name}.csv"}) for name in ("homes", "visits")}
    both = study.model_copy(update={"sources": sources})
    folder = project.raw("caf", "2024-T4")
    folder.mkdir(parents=True)
    (folder / "homes.csv").write_text("id\nH1\nH2\n", encoding="utf-8")
    (folder / "visits.csv").write_text("home\nH1\nH7\n", encoding="utf-8")
    quality = examine(project, both, book, "2024-T4", providers={"homes": "caf", "visits": "caf"})
    assert [(finding.key, finding.lines) for finding in quality.sources[1].broken] == [
        ("variables.home.references", (3,))
    ]
    assert "H7" not in json.dumps(quality.to_json())


def test_shape_keeps_no_letter_and_no_digit() -> None:
    assert shape("Élodie Müller, 35 ans et plus encore") == "Aaaaaa Aaaaaa, 99 aa…"
