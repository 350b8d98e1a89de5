"""The record of processing: one line for each agreement on people and each study, as a page and as a sheet."""

from __future__ import annotations

import csv
from datetime import date
from html.parser import HTMLParser

import pytest

from etabli.agreements import read_all_agreements
from etabli.project import Project
from etabli.publish.processing_register import PAGE, SHEET, TO_FILL, gaps, lines_of, write_register
from etabli.study import read_study

DAY = date(2026, 11, 25)
ARTICLE_30 = (
    *("Responsable", "Finalités", "Personnes concernées", "Catégories de données", "Destinataires", "Transferts"),
    *("Effacement au plus tard le", "Mesures de sécurité"),
)
"""What article 30, paragraph 1, of the GDPR asks a controller for."""


def complete(project: Project) -> None:
    path = project.agreements / "essai-data.yml"
    path.write_text(path.read_text(encoding="utf-8") + (
        "legal_basis: mission d’intérêt public\npurposes: [compter, '=1+1']\npeople: [habitants]\ncategories: [âge]\n"
        "impact_assessment: {not_needed: <peu> de données}\nsecurity: poste chiffré\nsigned: 2025-01-01\n"
        "expires: 2026-12-31\ndelete_by: 2027-12-31\ncontact: x\nrecipients: [caf-35]\n"
    ), encoding="utf-8")  # fmt: skip


def lines(project: Project) -> list[dict[str, str]]:
    return lines_of(read_all_agreements(project), {slug: read_study(project, slug) for slug in project.slugs()})


def test_what_the_agreement_does_not_say_is_to_be_filled(small_project: Project) -> None:
    (line,) = lines(small_project)
    assert set(ARTICLE_30) <= set(line)
    assert (line["Finalités"], line["Base légale"], line["Signée le"]) == (TO_FILL, TO_FILL, TO_FILL)
    assert line["Commanditaire"] == "À compléter"
    assert gaps([line]) == sum(text == TO_FILL for text in line.values()) + 1 > 1


def test_whole_agreement_leaves_nothing_to_be_filled(small_project: Project) -> None:
    complete(small_project)
    path = small_project.studies / "essai" / "study.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("commissioner: À compléter", "commissioner: x"), "utf-8")
    (line,) = lines(small_project)
    assert gaps([line]) == 0
    assert line["Traitement"] == "Une étude d’essai"
    assert line["Effacement au plus tard le"].replace("\u00a0", " ") == "31 décembre 2027"
    assert line["Analyse d’impact"].replace("\u00a0", " ") == "non requise : <peu> de données"
    assert line["Destinataires"].startswith("caf-35")


def test_agreement_without_people_is_no_processing(small_project: Project) -> None:
    path = small_project.agreements / "essai-data.yml"
    path.write_text(path.read_text(encoding="utf-8") + "personal_data: false\n", encoding="utf-8")
    assert lines(small_project) == []
    (page, _), _ = write_register(small_project, small_project.reports / "register", day=DAY)
    assert "Aucune convention" in page.read_text(encoding="utf-8")


def test_study_that_does_not_exist_yet_is_listed(small_project: Project) -> None:
    path = small_project.agreements / "essai-data.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("studies: [essai]", "studies: [essai, suivante]"), encoding="utf-8")
    assert [line["Étude"] for line in lines(small_project)] == ["essai", "suivante"]


class _Balance(HTMLParser):
    """Holds tags to close in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_and_sheet_say_the_same(small_project: Project) -> None:
    complete(small_project)
    folder = small_project.reports / "register"
    (page, sheet), (line,) = write_register(small_project, folder, day=DAY)
    assert (page.name, sheet.name) == (PAGE, SHEET)
    assert sorted(path.name for path in folder.iterdir()) == [SHEET, PAGE]
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        heads, cells = csv.reader(file, delimiter=";")
    assert heads == list(line)
    assert cells == list(line.values())
    html = page.read_text(encoding="utf-8")
    assert "&lt;peu&gt; de données" in html
    assert '<html lang="fr">' in html
    assert "25 novembre 2026" in html.replace("\u00a0", " ")
    balance = _Balance()
    balance.feed(html)
    assert balance.open == []
    assert balance.seen.count("th") == len(line)


@pytest.mark.parametrize("text", ["=1+1", "+33", "-1", "@x"])
def test_cell_that_begins_a_formula_is_made_harmless(small_project: Project, text: str) -> None:
    path = small_project.agreements / "essai-data.yml"
    path.write_text(path.read_text(encoding="utf-8") + f"legal_basis: '{text}'\n", encoding="utf-8")
    (_, sheet), _ = write_register(small_project, small_project.reports / "register", day=DAY)
    assert f";'{text};" in sheet.read_text(encoding="utf-8-sig")
