from __future__ import annotations

from pathlib import Path

import pytest

from etabli.errors import ProjectError
from etabli.project import FOLDER_VARIABLE, LEDGER_VARIABLE, Project, find_project


def test_project_is_found_from_a_folder_inside_it(empty_project: Project) -> None:
    deep = empty_project.root / "data" / "raw" / "caf"
    deep.mkdir(parents=True)
    assert find_project(deep).root == empty_project.root.resolve()


def test_project_is_found_from_the_current_folder(empty_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(empty_project.notebooks)
    assert find_project().root == empty_project.root.resolve()


def test_nearest_project_upwards_wins(empty_project: Project) -> None:
    inner = empty_project.root / "data" / "copy"
    for name in ("studies", "notebooks"):
        (inner / name).mkdir(parents=True)
    assert find_project(inner / "studies").root == inner.resolve()


def test_named_folder_is_the_project(empty_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(empty_project.root))
    assert find_project().root == empty_project.root.resolve()


def test_start_comes_before_the_named_folder(
    empty_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    assert find_project(empty_project.root).root == empty_project.root.resolve()


def test_ledger_is_in_the_project_unless_a_team_shares_one(
    empty_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_project(empty_project.root).ledger == empty_project.root.resolve() / "data" / "ledger"
    monkeypatch.setenv(LEDGER_VARIABLE, str(tmp_path / "commun"))
    assert find_project(empty_project.root).ledger == tmp_path / "commun"


@pytest.mark.parametrize("present", [[], ["studies"], ["notebooks"]])
def test_folder_that_is_no_project_is_refused(present: list[str], tmp_path: Path) -> None:
    for name in present:
        (tmp_path / name).mkdir()
    with pytest.raises(ProjectError) as caught:
        find_project(tmp_path)
    assert caught.value.where == str(tmp_path.resolve())
    assert FOLDER_VARIABLE in str(caught.value.hint)


def test_unknown_study_names_its_neighbour(small_project: Project) -> None:
    with pytest.raises(ProjectError) as caught:
        small_project.study("esai")
    assert caught.value.hint == "vouliez-vous dire « essai » ?"
    assert caught.value.where == "studies"


def test_folder_without_declaration_is_no_study(small_project: Project) -> None:
    (small_project.studies / "brouillon").mkdir()
    assert small_project.slugs() == ["essai"]
    with pytest.raises(ProjectError):
        small_project.study("brouillon")


def test_slugs_are_in_alphabetical_order(empty_project: Project) -> None:
    for slug in ("z", "a", "m"):
        (empty_project.studies / slug).mkdir()
        (empty_project.studies / slug / "study.yml").touch()
    assert empty_project.slugs() == ["a", "m", "z"]


def test_path_is_written_from_the_root(empty_project: Project) -> None:
    assert empty_project.relative(empty_project.demo("essai", "2024") / "x.csv") == "data/demo/essai/2024/x.csv"
    assert empty_project.relative(empty_project.raw("caf", "2024")) == "data/raw/caf/2024"


def test_path_outside_shows_its_last_name_only(empty_project: Project, tmp_path: Path) -> None:
    assert empty_project.relative(tmp_path / "someone" / "x.csv") == "x.csv"
    assert empty_project.relative(empty_project.root / ".." / "x.csv") == "x.csv"
