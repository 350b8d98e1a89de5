"""Restitutions from their declaration to the reader: what is refused early, said, listed, and made of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from etabli.cli import app
from etabli.errors import DeclarationError, GateError, RunError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.publish import restitutions
from etabli.publish.catalogue import write_catalogue
from etabli.publish.release import candidate
from etabli.publish.restitutions import print_restitution, write_restitution, write_restitution_docx
from etabli.runs.fingerprint import fingerprint
from etabli.runs.manifest import read_manifest, verify
from etabli.study import read_study
from etabli.terminal import run

needs_pandoc = pytest.mark.skipif(
    not (find_spec("resvg_py") and (shutil.which("pandoc") or find_spec("pypandoc"))),
    reason="il manque de quoi écrire un document Word",
)

NOTE = """
restitutions:
  elus:
    title: Note aux élus
    form: note
    parameters: {audience: funder}
"""
INTRODUCED = (
    NOTE
    + """    introduction: |
      On compte {people:noun}.

      - une liste
    noted: {people: "1"}
"""
)

Declare = Callable[[str], None]


def append(project: Project, text: str) -> None:
    path = project.studies / "essai" / "study.yml"
    told = re.sub(r"\nrestitutions:\n(?:  .*\n|\n)*", "\n", path.read_text(encoding="utf-8"))
    path.write_text(told + text, encoding="utf-8")


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise RunError("Chromium n’est pas installé.")

    monkeypatch.setattr(restitutions, "find_browser", absent)


def pages(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Put a browser that prints as many pages in the place of Chromium."""
    monkeypatch.setattr(restitutions, "find_browser", lambda: "chromium")
    monkeypatch.setattr(restitutions, "printed", lambda *_: (b"<</Type /Page >>" * count, ()))


# What study.yml may declare ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("audience: funder", "audiance: funder", "audiance", "« audience »"),
        ("audience: funder", "audience: funders", "audience", "l’un de"),
        ("audience: funder", 'group: "42"', "group", "l’un de"),
        ("audience: funder", "recipient: caf", "recipient", "internal"),
        ("form: note", "form: poster", "form", "note"),
        ("form: note", "form: note\n    length: 0", "length", ""),
        ("form: note", "form: note\n    questions: [z]", "questions", "une question de l’étude"),
        ("form: note", 'form: note\n    introduction: "# Un titre"', "introduction", "paragraphes"),
        ("form: note", 'form: note\n    introduction: "Un {nom"', "introduction", "accolades"),
        ("form: note", "form: note\n    noted: {people: '3'}", "noted", "n’en a pas"),
    ],
)
def test_what_a_restitution_asks_wrongly_is_refused_when_study_yml_is_read(
    small_project: Project, old: str, new: str, line: str, told: str
) -> None:
    append(small_project, NOTE.replace(old, new))
    with pytest.raises(DeclarationError) as caught:
        read_study(small_project, "essai")
    lines = (small_project.studies / "essai" / "study.yml").read_text(encoding="utf-8").splitlines()
    number = int(str(caught.value.where).rpartition("ligne ")[2])
    assert line in lines[number - 1]
    assert told in str(caught.value)
    assert caught.value.expected or told == ""


def test_question_that_waits_for_its_answer_is_refused(small_project: Project) -> None:
    path = small_project.studies / "essai" / "study.yml"
    text = path.read_text(encoding="utf-8")
    question = next(line for line in text.splitlines() if line.startswith("    text:"))
    path.write_text(text.replace(question, f"{question}\n    planned: l’an prochain.", 1), encoding="utf-8")
    first = read_study(small_project, "essai").questions[0].id
    append(small_project, NOTE.replace("form: note", f"form: note\n    questions: [{first}]"))
    with pytest.raises(DeclarationError, match="l’an prochain"):
        read_study(small_project, "essai")


@pytest.mark.parametrize(
    ("recipient", "told"), [("caff", "« caf »"), ("esc", "audience"), ("caf", "")], ids=["unknown", "other", "right"]
)
def test_body_that_is_not_declared_is_refused_before_any_run(
    rendered: Project, no_browser: None, capsys: pytest.CaptureFixture[str], recipient: str, told: str
) -> None:
    append(rendered, NOTE.replace("audience: funder", f"audience: funder, recipient: {recipient}"))
    shutil.rmtree(rendered.reports / "essai" / "2024_funder")
    assert run(app, ["restitute", "essai"]) == (1 if told else 0)
    if told:
        error = capsys.readouterr().err
        assert told in error
        assert "study.yml, ligne" in error
    assert (rendered.reports / "essai" / "2024_funder-caf" / "restitution-elus.html").is_file() is not bool(told)


def test_restitution_of_a_territory_is_made_of_its_run(rendered: Project, no_browser: None) -> None:
    append(rendered, NOTE.replace("audience: funder", "audience: funder, group: first"))
    assert run(app, ["restitute", "essai"]) == 0
    assert (rendered.reports / "essai" / "2024_funder_group-first" / "restitution-elus.html").is_file()


def test_study_without_restitutions_says_how_to_declare_one(
    rendered: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    append(rendered, "")
    assert run(app, ["restitute", "essai"]) == 1
    assert "rendre-un-rapport.md" in capsys.readouterr().err


# Length -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "holds"), [(1, True), (2, True), (3, False)])
def test_note_is_held_to_its_length(
    rendered: Project, monkeypatch: pytest.MonkeyPatch, count: int, *, holds: bool
) -> None:
    append(rendered, NOTE)
    pages(monkeypatch, count)
    study = read_study(rendered, "essai")
    if holds:
        assert str(write_restitution(rendered, study, "elus").length).startswith(str(count))
        return
    with pytest.raises(RunError, match="trop longue") as caught:
        write_restitution(rendered, study, "elus")
    assert (caught.value.expected, caught.value.got) == ("2 pages A4 au plus", "3 pages A4")
    assert "elus" in str(caught.value.where)
    assert not list(rendered.reports.rglob("restitution-*"))


def test_length_that_is_declared_is_the_one(rendered: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    append(rendered, NOTE.replace("form: note", "form: note\n    length: 5"))
    pages(monkeypatch, 5)
    assert "5" in str(write_restitution(rendered, read_study(rendered, "essai"), "elus").length)


def test_too_many_slides_are_refused_without_a_browser_too(rendered: Project, no_browser: None) -> None:
    append(rendered, NOTE.replace("form: note", "form: slides\n    length: 2"))
    with pytest.raises(RunError, match="trop longue"):
        write_restitution(rendered, read_study(rendered, "essai"), "elus")


def test_slide_that_overflows_is_refused(rendered: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    append(rendered, NOTE.replace("form: note", "form: slides"))
    pages(monkeypatch, 99)
    with pytest.raises(RunError, match="plus haute que l’écran"):
        write_restitution(rendered, read_study(rendered, "essai"), "elus")


def test_note_without_a_browser_is_made_and_its_length_told_unknown(
    rendered: Project, no_browser: None, capsys: pytest.CaptureFixture[str]
) -> None:
    append(rendered, NOTE)
    assert run(app, ["restitute", "essai"]) == 0
    assert "n’est pas vérifiée" in capsys.readouterr().err
    assert run(app, ["restitute", "essai", "--pdf"]) in {0, 1}  # as Chromium is there or not


# Introduction -----------------------------------------------------------------------------------------


def commented(project: Project) -> None:
    """Have the notebook give a value to `report.comment`."""
    notebook = project.notebooks / "essai.ipynb"
    text = notebook.read_text(encoding="utf-8")
    shown = 'report.key_figure(answers.value(\\"people\\"), label='
    assert shown in text
    comment = 'report.comment(people=answers.value(\\"people\\"), more='
    notebook.write_text(text.replace(shown, comment), encoding="utf-8")


def test_introduction_goes_through_the_report_and_says_when_it_is_out_of_date(
    rendered: Project, no_browser: None, capsys: pytest.CaptureFixture[str]
) -> None:
    append(rendered, INTRODUCED)
    commented(rendered)
    assert run(app, ["restitute", "essai"]) == 0
    assert "paragraphe 1" in capsys.readouterr().err
    folder = rendered.reports / "essai" / "2024_funder"
    note, page = ((folder / name).read_text(encoding="utf-8") for name in ("restitution-elus.html", "report.html"))
    assert re.search(r'<h2 id="introduction">Note aux élus</h2>\s*<p>On compte', note)
    assert "<li>une liste</li>" in note
    assert "Passage à relire" in note
    assert '<details class="introduction for-elus"' in page
    assert read_manifest(folder, shown="x").outdated == [
        "studies/essai/study.yml, introduction de « elus », paragraphe 1"
    ]
    assert run(app, ["list"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "à relire : study.yml, introduction de « elus »" in told
    assert verify(rendered, folder).intact


def test_introduction_of_another_run_is_not_in_the_report(rendered: Project) -> None:
    append(rendered, NOTE)
    study = read_study(rendered, "essai")
    before = {each: fingerprint(rendered, study, study.plan({"audience": each})) for each in ("funder", "internal")}
    append(rendered, INTRODUCED)
    study = read_study(rendered, "essai")
    after = {each: fingerprint(rendered, study, study.plan({"audience": each})) for each in ("funder", "internal")}
    assert after["internal"] == before["internal"]
    assert set(after["funder"]) - set(before["funder"]) == {"introductions"}


@pytest.mark.parametrize(
    ("introduction", "told"), [("On compte {peuple}.", "people"), ("Sans valeur.", "report.comment")]
)
def test_introduction_that_cites_what_is_not_given_or_is_never_shown_fails_the_run(
    rendered: Project, capsys: pytest.CaptureFixture[str], introduction: str, told: str
) -> None:
    append(rendered, NOTE + f'    introduction: "{introduction}"\n')
    if "{" in introduction:
        commented(rendered)
    assert run(app, ["restitute", "essai"]) == 1
    assert told in capsys.readouterr().err


# What is made of them, and where they are seen --------------------------------------------------------


@pytest.fixture
def made(rendered: Project, no_browser: None, capsys: pytest.CaptureFixture[str]) -> Project:
    append(rendered, NOTE)
    assert run(app, ["restitute", "essai"]) == 0
    capsys.readouterr()
    return rendered


def test_list_and_catalogue_show_restitutions(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["list"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "elus : Note aux élus (note), de 2024_funder, faite" in told
    page = (made.reports / "index.html").read_text(encoding="utf-8")
    assert re.search(r'href="essai/2024_funder/restitution-elus\.html">Note aux élus \(note\)', page)
    shutil.rmtree(made.reports / "essai" / "2024_funder")
    assert run(app, ["list"]) == 0
    assert "faite" not in capsys.readouterr().out
    assert "elus" not in write_catalogue(made).read_text(encoding="utf-8")


def test_restitution_that_study_yml_no_longer_declares_keeps_its_key_in_the_catalogue(made: Project) -> None:
    append(made, "")
    assert ">elus<" in write_catalogue(made).read_text(encoding="utf-8")


def beside(project: Project, name: str, content: bytes) -> Path:
    path = project.reports / "essai" / "2024_funder" / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["pdf", "docx"])
def test_file_made_of_a_restitution_is_held_to_it(made: Project, suffix: str) -> None:
    path = beside(made, f"restitution-elus.{suffix}", b"%PDF-1.4")
    with pytest.raises(GateError) as caught:
        candidate(made, path.parent, "caf")
    assert caught.value.where == path.name
    path = path.rename(path.with_name(f"restitution-autre.{suffix}"))
    with pytest.raises(GateError, match="quitter") as caught:
        candidate(made, path.parent, "caf")
    assert "qui n’est pas là" in str(caught.value.got)


def test_restitution_made_otherwise_removes_what_was_made_of_the_former(
    made: Project, no_browser: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = read_study(made, "essai")
    path = beside(made, "restitution-elus.pdf", b"former")
    write_restitution(made, study, "elus")
    assert path.exists()
    append(made, NOTE.replace("form: note", "form: slides"))
    write_restitution(made, read_study(made, "essai"), "elus")
    assert not path.exists()


@needs_pandoc
def test_word_document_of_a_restitution_says_what_it_says_and_leaves_with_it(made: Project) -> None:
    folder = made.reports / "essai" / "2024_funder"
    path = write_restitution_docx(made, read_study(made, "essai"), "elus")
    assert path.name == "restitution-elus.docx"
    assert candidate(made, folder, "caf").report == "essai/2024_funder"
    assert verify(made, folder).intact
    page = path.with_suffix(".html")
    page.write_text(page.read_text(encoding="utf-8").replace("<p>", "<p>Zyxw ", 1), encoding="utf-8")
    with pytest.raises(GateError) as caught:
        candidate(made, folder, "caf")
    assert "restitution-elus" in str(caught.value.where)


def test_restitution_that_was_altered_is_not_printed(made: Project) -> None:
    path = made.reports / "essai" / "2024_funder" / "restitution-elus.html"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(RunError, match="n’est plus celle"):
        print_restitution(made, read_study(made, "essai"), "elus")


def test_missing_tools_are_told_and_the_restitution_stays(
    rendered: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append(rendered, NOTE)
    empty = rendered.root / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setenv(FOLDER_VARIABLE, str(rendered.root))
    monkeypatch.setattr("etabli.publish.printing._OF_MACOS", ())
    assert run(app, ["restitute", "essai", "--pdf"]) == 1
    told: Any = capsys.readouterr()
    assert "Chromium n’est pas installé : le PDF ne peut pas être fait." in told.err
    assert "make browser" in told.err
    assert (rendered.reports / "essai" / "2024_funder" / "restitution-elus.html").is_file()
