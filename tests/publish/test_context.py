from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import nbformat
import pytest

from etabli.disclosure.gate import Clearance
from etabli.french import NBSP
from etabli.publish.context import context, made_on, version
from etabli.runs.execute import Executed
from etabli.runs.manifest import Manifest
from etabli.runs.outcome import Usage
from etabli.study import Study

SOURCE = {
    "name": "records",
    "description": "Fichier d’exemple",
    "file": "data/demo/essai/2024/records.csv",
    "sha256": "0123456789abcdef" * 4,
    "origin": "demo",
    "agreement": "Convention d’exemple",
}


def executed(
    study: Study, audience: str = "funder", *, minimum: int = 5, masked: int = 0, origin: str = "demo", **manifest: Any
) -> Executed:
    plan = study.plan({"audience": audience})
    made = Manifest(
        study=study.slug,
        title=study.title,
        run=plan.name,
        parameters=plan.parameters,
        choices={"groupe": "Tous les groupes"},
        edition_label="2024",
        status=study.status,
        sources=[{**SOURCE, "origin": origin}],
        commit="a" * 40,
        dirty=False,
        versions={"python": "3.11", "pandas": "3.0"},
        started="2024-10-01T12:00:00+00:00",
        seconds=75,
        fingerprint={},
        outputs={},
    )
    payload = {
        "policy": {"minimum_people": minimum, "sources": ["Article 5."]},
        "masked_rows": masked,
        "withheld": ["Tableau 2"] if masked else [],
        "answered": {"a": {"anchor": "texte-1", "finding": "Un constat"}},
    }
    usage = Usage(1.0, None, 0.5, "")
    return Executed(study, plan, nbformat.v4.new_notebook(), Clearance({}, payload), replace(made, **manifest), usage)


def said(found: dict[str, Any]) -> str:
    return repr(found).replace("\\xa0", " ").replace("\\u202f", " ")


def test_cover_says_what_the_report_is(small_study: Study) -> None:
    made = executed(small_study)
    found = context(made)
    assert (found["title"], found["edition"], found["audience"]) == ("Une étude d’essai", "2024", "funder")
    assert dict(found["cover"]) == {
        "Commanditaire": "À compléter",
        "Édition": "2024",
        "Groupe": "Tous les groupes",
        "Destinataires": "Financeurs",
        "Date": f"1er{NBSP}octobre 2024" if NBSP in made_on(executed(small_study).manifest) else "1er octobre 2024",
        "Statut": "Document de travail",
        "Version": version(made),
        "Contact": "Pôle observation",
    }


def test_contact_has_its_address_where_there_is_one(small_study: Study) -> None:
    contact = small_study.contact.model_copy(update={"email": "x@example.org"})
    study = small_study.model_copy(update={"contact": contact})
    assert dict(context(executed(study))["cover"])["Contact"] == "Pôle observation (x@example.org)"


@pytest.mark.parametrize(
    ("audience", "origin", "kinds"),
    [
        ("internal", "demo", ["internal", "demo", "draft"]),
        ("internal", "raw", ["internal", "draft"]),
        ("funder", "demo", ["demo", "draft"]),
        ("funder", "raw", ["draft"]),
    ],
)
def test_banners_warn_of_internal_and_of_fictional(
    audience: str, origin: str, kinds: list[str], small_study: Study
) -> None:
    assert [kind for kind, _ in context(executed(small_study, audience, origin=origin))["banners"]] == kinds


def filled(study: Study, **changed: Any) -> Study:
    questions = [each.model_copy(update={"text": "Combien de dossiers à compléter ?"}) for each in study.questions]
    return study.model_copy(update={"commissioner": "La Ville", "questions": questions, **changed})


def draft(made: Executed) -> str:
    return dict(context(made)["banners"]).get("draft", "").replace(NBSP, " ")


def test_report_of_which_nothing_is_left_to_fill_is_no_draft(small_study: Study) -> None:
    assert draft(executed(filled(small_study))) == ""


def test_draft_says_what_is_left_to_fill(small_study: Study) -> None:
    assert draft(executed(filled(small_study), edition_label="À compléter")) == (
        "Brouillon : il reste à compléter « Édition »."
    )
    asked = [each.model_copy(update={"text": "À compléter : la question"}) for each in small_study.questions]
    made = executed(filled(small_study, questions=asked, commissioner="À compléter"))
    assert draft(made) == "Brouillon : il reste à compléter « Commanditaire » et les questions posées."
    rule = executed(filled(small_study))
    rule.clearance.payload["policy"]["sources"] = ["À compléter : le texte de la convention."]
    assert draft(rule) == "Brouillon : il reste à compléter la source de la règle de secret."
    source = {**SOURCE, "description": "À compléter : ce qu’est ce fichier"}
    made = executed(filled(small_study), sources=[source])
    assert draft(made) == "Brouillon : il reste à compléter la description des sources."


def test_questions_are_answered_or_planned(small_study: Study) -> None:
    answered, planned = context(executed(small_study))["questions"]
    assert (answered["anchor"], answered["finding"], answered["planned"]) == ("texte-1", "Un constat", None)
    assert (planned["anchor"], planned["planned"]) == (None, "pas encore traitée.")


@pytest.mark.parametrize(
    ("audience", "minimum", "masked", "expected"),
    [
        ("internal", 1, 0, "aucune valeur n’est masquée"),
        ("funder", 1, 0, "Aucune valeur n’est à protéger. Article 5."),
        ("funder", 5, 0, "Aucune case de tableau n’a dû être masquée"),
        ("funder", 5, 1, "1 case de tableau est masquée"),
        ("funder", 5, 2, "2 cases de tableaux sont masquées"),
        ("funder", 5, 2, "moins de 5 personnes"),
        ("funder", 11, 2, "moins de 11 personnes"),
        ("funder", 5, 2, "Règle : Article 5."),
        ("funder", 5, 2, "de 1 à 4 personnes"),
        ("funder", 5, 2, "Tout cela est contrôlé à part"),
        ("funder", 5, 2, "Faute de preuve, sont masquées des cases de : Tableau 2."),
    ],
)
def test_disclosure_note_says_the_rule(
    audience: str, minimum: int, masked: int, expected: str, small_study: Study
) -> None:
    found = context(executed(small_study, audience, minimum=minimum, masked=masked))
    assert expected in said({"note": found["disclosure"]})


def test_disclosure_note_names_releases_that_could_not_be_counted_again(small_study: Study) -> None:
    made = executed(small_study, "funder", minimum=5, masked=0)
    assert "recompté" not in said({"note": context(made)["disclosure"]})
    made = replace(made, manifest=replace(made.manifest, lost=[3, 8]))
    assert "sauf ce qui n’a pas pu être recompté (registre des diffusions, n° 3, n° 8)" in said(
        {"note": context(made)["disclosure"]}
    )


def test_disclosure_note_says_what_is_too_fine(small_study: Study) -> None:
    made = executed(small_study, "funder", minimum=5, masked=0)
    made.clearance.payload["refused"] = ["Tableau 2"]
    assert "Trop fins pour cette audience, ne sont pas diffusés : Tableau 2." in said(
        {"note": context(made)["disclosure"]}
    )


def test_disclosure_note_says_how_counts_are_rounded(small_study: Study) -> None:
    made = executed(small_study, "funder", minimum=5, masked=0)
    assert "arrondis" not in said({"note": context(made)["disclosure"]})
    made.clearance.payload["policy"]["rounding_base"] = 10
    note = said({"note": context(made)["disclosure"]})
    assert "5 personnes ou moins, zéro compris, est écrit « ≤ 5 »" in note
    assert "multiple de 10" in note


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({}, "a" * 12),
        ({"dirty": True}, "a" * 12 + ", avec des modifications non enregistrées"),
        ({"commit": None, "dirty": None}, "inconnue"),
    ],
)
def test_sheet_says_the_version_of_the_code(changes: dict[str, Any], version: str, small_study: Study) -> None:
    assert dict(context(executed(small_study, **changes))["sheet"])["Version du code"] == version


def test_sheet_names_the_source_and_no_path(small_study: Study) -> None:
    found = context(executed(small_study))
    sheet = dict(found["sheet"])
    assert sheet[f"Source « records »"].endswith("SHA-256 0123456789abcdef…")  # noqa: F541
    assert sheet["Étude et passage"] == "essai / 2024_funder"
    assert "1 min 15 s" in said(sheet)
    assert "data/" not in said(found)


def test_version_follows_what_the_report_says(small_study: Study) -> None:
    def told(outputs: dict[str, str], prose: str) -> str:
        made = executed(small_study)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose)])
        again = replace(made, notebook=notebook, clearance=replace(made.clearance, outputs=outputs))
        return dict(context(again)["cover"])["Version"]

    first = told({"tableau-1": "ab"}, "Un.")
    assert re.fullmatch(r"[b-t]{4}-[b-t]{4}", first)
    assert told({"tableau-1": "ab"}, "Un.") == first
    assert len({first, told({"tableau-1": "ac"}, "Un."), told({"tableau-1": "ab"}, "Deux.")}) == 3
