from __future__ import annotations

import json
from pathlib import Path

import pytest

from etabli.agreements import read_agreements
from etabli.cli import app
from etabli.declarations import parse_declaration, unfilled
from etabli.errors import DeliveryError, ProjectError
from etabli.notebook import hold_against_study, hygiene_faults, read_notebook
from etabli.project import FOLDER_VARIABLE, KEYS_VARIABLE, Project
from etabli.scaffold import create_study, start_from, write_json_schemas
from etabli.sources.checks import read_tidy
from etabli.sources.codebook import Codebook, read_codebook
from etabli.study import read_study
from etabli.terminal import run


def test_new_study_holds_at_once(empty_project: Project) -> None:
    written = create_study(empty_project, "lien-social", title="Le lien social")
    assert [empty_project.relative(path) for path in written] == [
        "studies/lien-social/study.yml",
        "studies/lien-social/codebook.yml",
        "studies/lien-social/README.md",
        "studies/agreements/lien-social-data.yml",
        "notebooks/lien_social.ipynb",
    ]
    study = read_study(empty_project, "lien-social")
    assert (study.title, study.latest_edition) == ("Le lien social", "2024")
    assert read_codebook(empty_project, study).sources["records"].person == "person"
    assert list(read_agreements(empty_project, study)) == ["lien-social-data"]
    notebook = read_notebook(empty_project.notebooks / study.notebook)
    hold_against_study(notebook, study, shown="x")
    assert hygiene_faults(notebook, shown="x") == []


def test_new_study_takes_the_year_that_is_given(empty_project: Project) -> None:
    create_study(empty_project, "essai", title="x", year="2031")
    study = read_study(empty_project, "essai")
    hold_against_study(read_notebook(empty_project.notebooks / study.notebook), study, shown="x")
    assert study.latest_edition == "2031"


@pytest.mark.parametrize(
    "title",
    ['Dit "oui"', "L’été : 100 % $prix {a} #1", "50 $ et C:\\nouveau", "'", "- tiret", "Fin\\", "x\ty", "été"],
)
def test_title_of_any_words_makes_a_study_that_holds(title: str, empty_project: Project) -> None:
    create_study(empty_project, "essai", title=title)
    study = read_study(empty_project, "essai")
    assert study.title == title
    hold_against_study(read_notebook(empty_project.notebooks / study.notebook), study, shown="x")


@pytest.mark.parametrize("slug", ["Essai", "été", "a_b", "../x", "a b", "", "agreements/x"])
def test_name_that_does_not_do_writes_nothing(slug: str, empty_project: Project) -> None:
    with pytest.raises(ProjectError) as caught:
        create_study(empty_project, slug, title="x")
    assert caught.value.got == slug
    assert [path for path in empty_project.root.rglob("*") if path.is_file()] == []


def test_study_that_exists_is_kept(small_project: Project) -> None:
    before = (small_project.studies / "essai" / "study.yml").read_bytes()
    with pytest.raises(ProjectError, match="existe déjà") as caught:
        create_study(small_project, "essai", title="autre")
    assert "studies/essai/study.yml" in str(caught.value.where)
    assert (small_project.studies / "essai" / "study.yml").read_bytes() == before


def test_one_file_in_the_way_writes_nothing(empty_project: Project) -> None:
    (empty_project.notebooks / "essai.ipynb").touch()
    with pytest.raises(ProjectError) as caught:
        create_study(empty_project, "essai", title="x")
    assert caught.value.where == "notebooks/essai.ipynb"
    assert empty_project.slugs() == []


def test_folder_of_the_agreements_is_no_study(empty_project: Project) -> None:
    with pytest.raises(ProjectError):
        create_study(empty_project, "agreements", title="x")


def test_cells_of_a_new_notebook_have_their_own_names(small_project: Project) -> None:
    notebook = read_notebook(small_project.notebooks / "essai.ipynb")
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


def test_schemas_are_written_for_every_declared_file(empty_project: Project) -> None:
    written = write_json_schemas(empty_project)
    names = ("study", "codebook", "agreement", "recipients")
    assert [path.name for path in written] == [f"{name}.schema.json" for name in names]
    for path in written:
        assert json.loads(path.read_text(encoding="utf-8"))["type"] == "object"
    assert sorted(path.name for path in empty_project.studies.iterdir()) == sorted(path.name for path in written)


def file_of(tmp_path: Path, head: str = "N° dossier;Avis;Logement;Âge;rows") -> Path:
    delivery = tmp_path / "Envoi de mars.csv"
    rows = [f'{k};{"ouinon"[3 * (k % 2) :][:3]};{{parc}} "{k % 3}";{k % 70};{k % 2}' for k in range(200)]
    delivery.write_text("\n".join([head, *rows]), encoding="utf-8")
    return delivery


def test_study_of_a_file_holds_at_once(empty_project: Project, tmp_path: Path) -> None:
    create_study(empty_project, "avis", title="L’avis", start=start_from(file_of(tmp_path)))
    study = read_study(empty_project, "avis")
    book = read_codebook(empty_project, study).sources["records"]
    assert (book.person, study.sources["records"].file) == ("n_dossier", "records.csv")
    assert [question.id for question in study.questions] == ["a"]
    assert "« Logement »" in study.questions[0].text
    assert unfilled(study)
    notebook = read_notebook(empty_project.notebooks / study.notebook)
    hold_against_study(notebook, study, shown="x")
    assert hygiene_faults(notebook, shown="x") == []


def test_study_of_a_file_without_a_person_is_refused(empty_project: Project, tmp_path: Path) -> None:
    delivery = file_of(tmp_path, "Sujet;Avis;Logement;Âge;rows")
    with pytest.raises(DeliveryError, match="de qui est chaque ligne") as caught:
        start_from(delivery)
    assert "--person" in str(caught.value.hint)
    assert (
        parse_declaration(start_from(delivery, person="Sujet").codebook, Codebook, shown="c").sources["records"].person
    )


@pytest.mark.parametrize(("suffix", "said"), [(".tsv", True), (".csv", False)])
def test_study_of_a_file_of_which_no_fictional_data_are_written_says_so(
    suffix: str, said: bool, empty_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(FOLDER_VARIABLE, str(empty_project.root))
    (empty_project.root / "data").mkdir(exist_ok=True)
    delivery = file_of(tmp_path)
    text = delivery.read_text(encoding="utf-8")
    path = tmp_path / f"envoi{suffix}"
    path.write_text(text.replace(";", "\t") if said else text, encoding="utf-8")
    assert run(app, ["new", "avis", "--from", str(path)]) == 0
    captured = capsys.readouterr()
    assert ("aucune donnée fictive" in captured.out + captured.err) is said


@pytest.mark.slow
def test_study_of_a_file_makes_its_report(
    empty_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a newcomer does it: the file, the study, fictional data, the report; then the file itself is held to it."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(empty_project.root))
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    (empty_project.root / "data").mkdir(exist_ok=True)
    delivery = file_of(tmp_path)
    assert run(app, ["new", "avis", "--from", str(delivery)]) == 0
    assert run(app, ["demo", "avis"]) == 0
    assert run(app, ["run", "avis"]) == 0, capsys.readouterr()
    page = (empty_project.reports / "avis" / "2024_internal" / "report.html").read_text(encoding="utf-8")
    assert "est la réponse la plus fréquente" in page
    book = read_codebook(empty_project, read_study(empty_project, "avis")).sources["records"]
    assert len(read_tidy(delivery, book, shown="v.csv")) == 200
