"""The documents are held to the code: commands, keys, targets, verbs, links, and the tutorial's own code."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import typer
from pydantic import BaseModel

from etabli import study
from etabli.agreements import Agreement, Dominance, GeographicFloor, ImpactAssessment, Listed, Threshold
from etabli.cli import app
from etabli.declarations import read_declaration
from etabli.disclosure.policy import policy_for
from etabli.disclosure.protect import protect
from etabli.notebook import FINISH
from etabli.present.report import Report
from etabli.present.sentences import _FORMS
from etabli.project import Project
from etabli.recipients import Recipient, Recipients
from etabli.scaffold import create_study
from etabli.sources import codebook
from etabli.sources.amendments import Amendment
from etabli.sources.codebook import Codebook, read_codebook
from etabli.sources.dummy import make_demo
from etabli.study import read_study
from etabli.terminal import run

ROOT = Path(__file__).resolve().parents[1]
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
WRITING = ROOT / "docs" / "guide" / "ecrire-une-etude.md"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

MODELS: dict[str, type[BaseModel]] = {
    "L’étude": study._Declared,
    "Contact": study.Contact,
    "Question": study.Question,
    "Paramètre": study.Parameter,
    "Source": study.Source,
    "Fichier public": study.PublicFile,
    "Édition": study.Edition,
    "Restitution": study.Restitution,
    "Passage": study.Run,
    "Le codebook": codebook.Codebook,
    "Source décrite": codebook.SourceCodebook,
    "Règle": codebook.Rule,
    "Bornes": codebook.Bounds,
    "Écarts d’une édition": Amendment,
    "Nom": codebook.Noun,
    "Format": codebook.FileFormat,
    "Variable": codebook.Variable,
    "Code": codebook.Code,
    "Convention": Agreement,
    "Analyse d’impact": ImpactAssessment,
    "Seuil": Threshold,
    "Dominance": Dominance,
    "Liste de variables": Listed,
    "Plancher géographique": GeographicFloor,
    "Les destinataires": Recipients,
    "Destinataire": Recipient,
}
"""The headings of the reference tables, and what each tells."""

NOT_FOR_NOTEBOOKS = {"announce", "running_cell"}
VERBS = {name for name, each in vars(Report).items() if callable(each) and name[0] != "_"} - NOT_FOR_NOTEBOOKS


def text_of(paths: list[Path]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"no heading « {heading} »"
    rest = text[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def links(path: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("command", sorted(typer.main.get_command(app).commands))
def test_guide_tells_every_command(command: str) -> None:
    assert re.search(rf"\betabli {command}\b", text_of(GUIDE))


def test_guide_names_no_command_that_does_not_exist() -> None:
    known = set(typer.main.get_command(app).commands)
    consoles = "".join(blocks(text_of(GUIDE), "console"))
    told = set(re.findall(r"^[$>] etabli (\w+)", consoles, re.MULTILINE))
    assert told
    assert told <= known


@pytest.mark.parametrize("command", sorted(typer.main.get_command(app).commands))
def test_readme_lists_every_command(command: str) -> None:
    assert f"| `etabli {command}" in text_of([ROOT / "README.md"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(path: Path) -> None:
    gone = [link for link in links(path) if not (path.parent / link.partition("#")[0]).exists()]
    assert not gone


def test_links_are_found() -> None:
    assert "docs/guide/index.md" in set(links(ROOT / "README.md"))


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.name)
def test_guide_prose_keeps_french_typography(path: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "x", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r".{0,20}(?:'|[\w)] [:;!?»%](?=\s)|« |[\u00a0\u202f]{2})", prose) == []


@pytest.mark.parametrize("heading", MODELS)
def test_reference_tells_every_key_and_no_other(heading: str) -> None:
    told = re.findall(r"^\| `(\w+)` \|", section(text_of([WRITING]), heading), re.MULTILINE)
    assert told == list(MODELS[heading].model_fields)


def test_every_target_of_the_makefile_is_told() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    readme, guide = text_of([ROOT / "README.md"]), text_of(GUIDE)
    assert targets
    assert [target for target in targets if f"`make {target}`" not in readme or f"`make {target}`" not in guide] == []


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_guide_tells_every_verb_of_a_report(verb: str) -> None:
    assert f"`report.{verb}(" in text_of([WRITING])


@pytest.mark.parametrize("form", _FORMS)
def test_guide_tells_every_form_of_a_placeholder(form: str) -> None:
    assert f"`{{x:{form}}}`" in text_of([WRITING])


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project after step 3 of the tutorial: a new study, its column of age, its demo data."""
    for folder in ("studies/agreements", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    project = Project(tmp_path)
    monkeypatch.setenv("ETABLI_PROJECT", str(tmp_path))
    create_study(project, "lien-social", title="Le lien social à Rennes")
    path = project.studies / "lien-social" / "codebook.yml"
    added = blocks(section(text_of([WRITING]), "3. Décrire une colonne de plus"), "yaml")[0]
    path.write_text(path.read_text(encoding="utf-8") + added, encoding="utf-8")
    declared = read_study(project, "lien-social")
    make_demo(project, declared, read_codebook(project, declared), "2024", seed=2024)
    return project


def test_tutorial_runs_as_it_is_written(tutorial: Project) -> None:
    """The cells of the new notebook, then those of the tutorial, then the last one; the guide quotes what they say."""
    notebook = nbformat.read(tutorial.notebooks / "lien_social.ipynb", as_version=4)
    made = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    heading = "5. Ajouter un résultat, une phrase, un tableau, une figure"
    told = blocks(section(text_of([WRITING]), heading), "python")
    assert len(told) == 5
    assert made[-1] == FINISH
    names: dict[str, object] = {}
    for source in [*made[:-1], *told]:
        exec(source, names)
    report = names["report"]
    assert isinstance(report, Report)
    pieces = {item.name: item for item in report._items}
    assert [name for name in pieces if name.startswith(("tableau", "figure"))] == ["tableau-1", "tableau-2", "figure-1"]
    protection = protect([table for item in pieces.values() for table in item.tables], policy_for([], "internal"))
    said = "\n".join(item.html(protection) for item in pieces.values() if item.name.startswith("texte"))
    assert "1\u202f000 dossiers et 353 personnes" in said
    assert "Selon l’âge, les réponses ne diffèrent pas significativement" in said
    exec(made[-1], names)


def test_tutorial_column_is_a_valid_codebook(tutorial: Project) -> None:
    book = read_declaration(tutorial.studies / "lien-social" / "codebook.yml", Codebook)
    assert list(book.sources["records"].variables) == ["person", "group", "answer", "age_group"]


@pytest.mark.slow
def test_first_file_goes_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands of the page, in its order, with the agreement that it writes; fewer rows, to be quick."""
    page = ROOT / "docs" / "guide" / "premier-fichier.md"
    for folder in ("studies/agreements", "notebooks", "data"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "studies" / "caf-flows", tmp_path / "studies" / "caf-flows")
    for path in (ROOT / "studies" / "agreements").glob("*.yml"):
        shutil.copy(path, tmp_path / "studies" / "agreements")
    shutil.copy(ROOT / "notebooks" / "caf_flows.ipynb", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ETABLI_PROJECT", str(tmp_path))
    monkeypatch.setenv("ETABLI_KEYS", str(tmp_path.parent / "keys"))
    ran = 0
    for heading in re.split("^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        for text in blocks(heading, "yaml"):
            (tmp_path / "studies" / "agreements" / "premiers-contacts-data.yml").write_text(
                text.replace("2028", "2098"), encoding="utf-8"
            )
        for line in "\n".join(blocks(heading, "console")).splitlines():
            if line.startswith("$ etabli "):
                arguments = shlex.split(line.removeprefix("$ etabli "))
                few = ["--rows", "1500"] if arguments[:2] == ["demo", "caf-flows"] else []
                assert run(app, [*arguments, *few]) == 0, (line, capsys.readouterr())
                ran += 1
    assert ran == 10
    reports = tmp_path / "reports" / "premiers-contacts"
    assert sorted(each.parent.name for each in reports.glob("*/report.html")) == [
        "2024-T4_funder", "2024-T4_internal", "2024_internal",
    ]  # fmt: skip
