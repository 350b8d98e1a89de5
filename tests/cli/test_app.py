"""The commands that run no notebook, and how a run is asked for. Real runs: `test_way.py`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from etabli.cli import app, joined_parameters
from etabli.cli.reports import _asked
from etabli.errors import ParameterError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.terminal import run

Etabli = Callable[..., int]


@pytest.fixture
def etabli(monkeypatch: pytest.MonkeyPatch, small_project: Project) -> Etabli:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    return lambda *arguments: run(app, joined_parameters(list(arguments)))


# What a run is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "joined"),
    [
        ([], []),
        (["run", "x", "-p", "year", "2022"], ["run", "x", "-p", "year=2022"]),
        (["run", "x", "--parameter", "year", "2022"], ["run", "x", "--parameter", "year=2022"]),
        (["run", "x", "-p", "year=2022"], ["run", "x", "-p", "year=2022"]),
        (
            ["run", "-p", "a", "1", "-p", "b=2", "-p", "c", "3", "x"],
            ["run", "-p", "a=1", "-p", "b=2", "-p", "c=3", "x"],
        ),
        (["run", "x", "-p", "note", "a=b"], ["run", "x", "-p", "note=a=b"]),
        (["run", "x", "-p", "rate", "-1"], ["run", "x", "-p", "rate=-1"]),
        (["run", "x", "-p", "note", ""], ["run", "x", "-p", "note="]),
        (["run", "x", "-p", "year"], ["run", "x", "-p", "year"]),
        (["run", "x", "-p"], ["run", "x", "-p"]),
    ],
)
def test_parameters_are_joined_to_their_values(arguments: list[str], joined: list[str]) -> None:
    before = list(arguments)
    assert joined_parameters(arguments) == joined
    assert arguments == before


def test_asked_parameters_come_by_their_names() -> None:
    assert _asked(["year=2022", "note=a=b", "text="], edition="2024", audience=None) == {
        "edition": "2024", "year": "2022", "note": "a=b", "text": "",
    }  # fmt: skip


def test_parameter_without_value_is_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        _asked(["year"])
    assert caught.value.expected == "-p year valeur"


@pytest.mark.parametrize("pairs", [["year=1", "year=2"], ["edition=2023"]])
def test_parameter_asked_for_twice_is_refused(pairs: list[str]) -> None:
    with pytest.raises(ParameterError, match="donné deux fois"):
        _asked(pairs, edition="2024")


# Commands ----------------------------------------------------------------------------------------


def test_list_shows_the_studies(etabli: Etabli, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("list") == 0
    assert "2024_internal" in capsys.readouterr().out


def test_unknown_study_is_told_without_traceback(etabli: Etabli, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("run", "esai") != 0
    told = capsys.readouterr().err
    assert "vouliez-vous dire « essai » ?" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-p", "audiance", "funder"], "vouliez-vous dire « audience » ?"),
        (["-p", "group", "frist"], "vouliez-vous dire « first » ?"),
        (["--edition", "2025"], "l’un de : 2024"),
        (["--audience", "public"], "l’un de : internal, funder"),
        (["-p", "group"], "n’a pas de valeur"),
    ],
)
def test_run_that_cannot_be_is_refused_before_anything(
    arguments: list[str], expected: str, etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert etabli("run", "essai", *arguments) != 0
    assert expected in capsys.readouterr().err.replace("\xa0", " ")
    assert not small_project.reports.exists()


def test_dry_run_makes_nothing(etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("batch", "--dry-run") == 0
    assert "2 passages à faire, 0 à jour, rien n’a été fait." in capsys.readouterr().out.replace("\xa0", " ")
    assert not small_project.reports.exists()


def test_batch_without_study_is_told(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(empty_project.root))
    assert run(app, ["batch"]) != 0
    assert "Aucun passage à faire." in capsys.readouterr().err


def test_new_then_demo_then_list(etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("new", "lien-social", "--title", "Le lien social") == 0
    assert "écrit : studies/lien-social/study.yml" in capsys.readouterr().out
    assert etabli("demo", "lien-social", "--seed", "3") == 0
    first = (small_project.demo("lien-social", "2024") / "records.csv").read_bytes()
    assert etabli("demo", "lien-social", "--seed", "3") == 0
    assert (small_project.demo("lien-social", "2024") / "records.csv").read_bytes() == first
    assert etabli("demo", "lien-social", "--seed", "4") == 0
    assert (small_project.demo("lien-social", "2024") / "records.csv").read_bytes() != first
    assert etabli("list", "lien-social") == 0
    assert "Le lien social" in capsys.readouterr().out


def test_schema_is_written(etabli: Etabli, small_project: Project) -> None:
    assert etabli("schema") == 0
    assert (small_project.studies / "study.schema.json").is_file()


def test_notebooks_in_order_are_said(etabli: Etabli, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("notebooks") == 0
    assert "Les notebooks sont bien tenus." in capsys.readouterr().out


def test_notebook_with_a_fault_is_named(
    etabli: Etabli, small_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small_project.notebooks / "essai.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("report.finish()", "report.end()"), encoding="utf-8")
    assert etabli("notebooks") == 1
    told = capsys.readouterr()
    assert "notebooks/essai.ipynb : la dernière cellule de code" in told.err
    assert "bien tenus" not in told.out


def test_verify_of_what_is_no_report_is_told(etabli: Etabli, capsys: pytest.CaptureFixture[str]) -> None:
    assert etabli("verify", "essai/2024_internal") != 0
    assert "Ce rapport n’existe pas." in capsys.readouterr().err


def test_every_command_has_its_help_in_french(etabli: Etabli, capsys: pytest.CaptureFixture[str]) -> None:
    names = [command.name for command in app.registered_commands]
    assert {"run", "batch", "list", "verify", "demo", "new", "schema", "notebooks", "lab"} <= set(names)
    for name in names:
        assert etabli(str(name), "--help") == 0
        assert "Utilisation :" in capsys.readouterr().out.replace("\xa0", " ")


def test_command_line_does_not_load_the_heavy_libraries() -> None:
    heavy = "{'pandas', 'matplotlib', 'papermill', 'nbconvert'}"
    code = f"import sys, etabli.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
