"""What an analyst writes of an edition: where it is found, how it reads, and when it is told to be out of date."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from etabli.cli import app
from etabli.commentary import read_commentary
from etabli.errors import DeclarationError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.runs.fingerprint import fingerprint
from etabli.study import read_study
from etabli.terminal import run

HEAD = '---\nauthor: Pôle observation\nwritten: 2025-02-03\nnoted:\n  young: "62,6 %"\n---\n'

Write = Callable[..., Path]


@pytest.fixture
def write(small_project: Project) -> Write:
    def writing(text: str, name: str = "2024.md") -> Path:
        path = small_project.studies / "essai" / "commentary" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return writing


def test_commentary_is_that_of_edition_and_territory_whoever_reads(small_project: Project, write: Write) -> None:
    study = read_study(small_project, "essai")
    assert read_commentary(small_project, study, study.plan()) is None
    write(HEAD + "\nUn *paragraphe*\nsur deux lignes.\n\n- une liste\n- de deux\n")
    for audience in ("internal", "funder"):
        found = read_commentary(small_project, study, study.plan({"audience": audience}))
        assert found is not None
        assert [(each.text, each.line) for each in found.passages] == [
            ("Un *paragraphe*\nsur deux lignes.", 8), ("- une liste\n- de deux", 11),
        ]  # fmt: skip
        assert (found.head.author, found.shown) == ("Pôle observation", "studies/essai/commentary/2024.md")
    elsewhere = study.plan({"group": "first"})
    assert read_commentary(small_project, study, elsewhere) is None


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("Sans en-tête.\n", "ligne 1", "ne dit pas qui l’a écrit"),
        ("---\nauthor: x\n", "ligne 1", "ne dit pas qui l’a écrit"),
        (HEAD.replace("2025-02-03", "hier"), "ligne 3", "written"),
        (HEAD.replace("author", "auteur"), "ligne 2", "auteur"),
        (HEAD + "\n## Un titre\n", "ligne 8", "n’a pas de titre"),
    ],
)
def test_what_does_not_hold_is_told_with_its_line(
    text: str, where: str, what: str, small_project: Project, write: Write
) -> None:
    write(text)
    study = read_study(small_project, "essai")
    with pytest.raises(DeclarationError) as caught:
        read_commentary(small_project, study, study.plan())
    assert where in str(caught.value.where)
    assert what in str(caught.value)


def test_file_of_an_unknown_edition_is_told(small_project: Project, write: Write) -> None:
    write(HEAD, "2042_group-young.md")
    study = read_study(small_project, "essai")
    with pytest.raises(DeclarationError) as caught:
        read_commentary(small_project, study, study.plan())
    assert "2042" in str(caught.value)


def test_report_depends_on_its_commentary(small_project: Project, write: Write) -> None:
    study = read_study(small_project, "essai")
    before = fingerprint(small_project, study, study.plan())
    path = write(HEAD)
    written = fingerprint(small_project, study, study.plan())
    path.write_text(HEAD + "\nDe plus.\n", encoding="utf-8")
    assert "commentary" not in before
    assert written["commentary"] != fingerprint(small_project, study, study.plan())["commentary"]


def test_list_names_what_must_be_read_again(
    small_project: Project, write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    notebook = small_project.notebooks / "essai.ipynb"
    text = notebook.read_text(encoding="utf-8")
    shown, comment = (
        'report.key_figure(answers.value(\\"people\\"), label=',
        'report.comment(people=answers.value(\\"people\\"), more=',
    )
    assert shown in text
    notebook.write_text(text.replace(shown, comment), encoding="utf-8")
    write(HEAD + "\nSans valeur.\n\nOn compte {people:noun}.\n")
    assert run(app, ["run", "essai"]) == 0
    folder = small_project.reports / "essai" / "2024_internal"
    assert "On compte" in (folder / "report.html").read_text(encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["outdated"] == ["studies/essai/commentary/2024.md, ligne 10"]
    capsys.readouterr()
    assert run(app, ["list"]) == 0
    assert "texte à relire" in capsys.readouterr().out
