"""The workbook of a real report: the values of its CSV files, the words of its page, and nothing more."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import fields, replace
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest

from etabli.cli import app
from etabli.disclosure.exported import hold_exported
from etabli.disclosure.scan import hold_folder
from etabli.disclosure.sheets import read
from etabli.disclosure.workbook import Book, Number, Sheet, write
from etabli.errors import GateError, PersonalDataError
from etabli.project import Project
from etabli.runs.manifest import Manifest
from etabli.terminal import run

FUNDERS = "essai/2024_funder"


def place(project: Project) -> Path:
    return project.reports / FUNDERS


def book(project: Project) -> Book:
    return read((place(project) / "tableaux.xlsx").read_bytes())


def hold(project: Project) -> None:
    hold_exported(place(project), manifest_keys=[each.name for each in fields(Manifest)])


def test_sheets_are_the_files_of_tables_between_contents_and_notes(rendered: Project) -> None:
    sheets = {sheet.name: sheet for sheet in book(rendered).sheets}
    assert list(sheets) == ["Sommaire", "Tableau 1", "Notes"]
    text = (place(rendered) / "tables" / "tableau-1.csv").read_text(encoding="utf-8-sig")
    head, *rows = csv.reader(StringIO(text), delimiter=";")
    table = sheets["Tableau 1"]
    assert list(table.head) == head
    assert [[each if isinstance(each, str) else each.text for each in row] for row in table.rows] == rows
    assert any(isinstance(each, Number) and each.unit == "%" for row in table.rows for each in row)
    assert [note.partition("\xa0")[0] for note in table.notes][-3:] == ["Lecture", "Champ", "Source"]


def test_contents_lead_to_the_sheets_and_notes_say_how_to_cite(rendered: Project) -> None:
    contents, table, notes = book(rendered).sheets
    assert [row[0] for row in contents.rows] == ["Tableau 1", "Notes"]
    assert contents.rows[0][1] == table.title
    told = dict(notes.rows)
    assert {"Édition", "Destinataires", "Secret statistique", "Pour citer"} <= set(told)
    assert "(essai/2024_funder)" in str(told["Pour citer"])


def test_page_links_to_it_with_its_weight_and_the_manifest_tells_it(rendered: Project) -> None:
    content = (place(rendered) / "tableaux.xlsx").read_bytes()
    page = (place(rendered) / "report.html").read_text(encoding="utf-8")
    weight = f"{round(len(content) / 1000)}\xa0Ko"
    assert f'<a href="tableaux.xlsx">tous les tableaux en un classeur (xlsx, {weight})</a>' in page
    manifest = json.loads((place(rendered) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["outputs"]["tableaux.xlsx"] == sha256(content).hexdigest()
    assert run(app, ["verify", FUNDERS]) == 0
    (place(rendered) / "tableaux.xlsx").write_bytes(b"PK")
    assert run(app, ["verify", FUNDERS]) == 1


def test_internal_report_has_one_too(rendered: Project) -> None:
    assert (
        read((rendered.reports / "essai" / "2024_internal" / "tableaux.xlsx").read_bytes()).sheets[-1].name == "Notes"
    )


def test_report_of_before_there_was_one_may_still_leave(rendered: Project) -> None:
    (place(rendered) / "tableaux.xlsx").unlink()
    hold(rendered)


def on_table(change: Callable[[Sheet], Sheet]) -> Callable[[Book], Book]:
    return lambda found: Book(tuple(change(each) if each.name == "Tableau 1" else each for each in found.sheets))


def other_number(sheet: Sheet) -> Sheet:
    first, *others = sheet.rows
    changed = tuple(Number("1", each.unit) if isinstance(each, Number) else each for each in first)
    return replace(sheet, rows=(changed, *others))


EXTRA = Sheet("Secret", "Secret", ("a",), (("Zyxw",),))
SPOILT: dict[str, tuple[Callable[[Book], Book], str]] = {
    "a value of its own": (on_table(other_number), "valeurs du fichier CSV"),
    "a row more": (on_table(lambda s: replace(s, rows=(*s.rows, s.rows[0]))), "valeurs du fichier CSV"),
    "a row less": (on_table(lambda s: replace(s, rows=s.rows[1:])), "valeurs du fichier CSV"),
    "another heading": (on_table(lambda s: replace(s, head=("Zyxw", *s.head[1:]))), "valeurs du fichier CSV"),
    "a title that the page does not say": (on_table(lambda s: replace(s, title="Zyxw")), "ce que dit la page"),
    "a note that the page does not say": (on_table(lambda s: replace(s, notes=("Zyxw",))), "ce que dit la page"),
    "a sheet more": (lambda b: Book((*b.sheets[:-1], EXTRA, b.sheets[-1])), "d’autres feuilles"),
    "a sheet less": (lambda b: Book((b.sheets[0], b.sheets[-1])), "d’autres feuilles"),
    "no notes": (lambda b: Book(b.sheets[:-1]), "d’autres feuilles"),
    "one sheet": (lambda b: Book(b.sheets[:1]), "d’autres feuilles"),
    "contents of its own": (
        lambda b: Book((replace(b.sheets[0], rows=(("Tableau 1", "Zyxw", ""),)), *b.sheets[1:])), "ce que dit la page"
    ),
    "a number in the notes": (
        lambda b: Book((*b.sheets[:-1], replace(b.sheets[-1], rows=(("Date", Number("3")),)))), "ce que dit la page"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_workbook_that_says_more_than_the_report_does_not_leave(case: str, rendered: Project) -> None:
    hold(rendered)
    spoil, what = SPOILT[case]
    (place(rendered) / "tableaux.xlsx").write_bytes(write(spoil(book(rendered))))
    with pytest.raises(GateError) as caught:
        hold(rendered)
    assert caught.value.where == "tableaux.xlsx"
    assert what in str(caught.value.got)


def test_workbook_that_is_not_of_our_form_leaves_for_nobody(rendered: Project) -> None:
    (place(rendered) / "tableaux.xlsx").write_bytes(b"PK")
    with pytest.raises(GateError, match="quitter la maison"):
        hold(rendered)
    with pytest.raises(PersonalDataError, match="n’a pas pu être examiné"):
        hold_folder(place(rendered))


def test_person_in_a_workbook_is_held_back(rendered: Project) -> None:
    spoilt = on_table(lambda sheet: replace(sheet, notes=("zyxw@exemple.fr",)))(book(rendered))
    (place(rendered) / "tableaux.xlsx").write_bytes(write(spoilt))
    with pytest.raises(PersonalDataError) as caught:
        hold_folder(place(rendered))
    assert caught.value.where == "tableaux.xlsx, feuille « Tableau 1 »"
