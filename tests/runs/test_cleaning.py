from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from etabli import memo
from etabli.disclosure import shared
from etabli.project import Project
from etabli.runs.cleaning import find_clutter, remove
from etabli.runs.journal import begin, journals
from etabli.runs.manifest import FILE, Manifest
from etabli.study import read_study


@pytest.fixture
def project(small_project: Project) -> Project:
    """A study of three editions, each with its report; and three batches."""
    declaration = small_project.studies / "essai" / "study.yml"
    more = "editions:\n  '2022': {label: a, deliveries: demo}\n  '2023': {label: b, deliveries: demo}"
    text = declaration.read_text(encoding="utf-8").replace("editions:", more, 1)
    text = text.replace("runs:", "runs:\n  - parameters: {edition: '2022'}", 1)
    declaration.write_text(text, encoding="utf-8")
    for edition in ("2022", "2023", "2024"):
        folder = small_project.reports / "essai" / f"{edition}_internal"
        folder.mkdir(parents=True)
        parameters = {"edition": edition, "audience": "internal"}
        manifest = Manifest("essai", "", folder.name, parameters, "", "draft", {}, [], None, None, {}, "", 1, {}, {})
        (folder / FILE).write_text(manifest.to_json(), encoding="utf-8")
        (small_project.reports / "essai" / f"{edition}_internal.failed.ipynb").touch()
        memo.folder_of(small_project, "essai", edition).mkdir(parents=True)
    for second in range(3):
        with begin(small_project, [], current=0, now=lambda s=second: datetime(2026, 1, 1, 0, 0, s, tzinfo=UTC)):
            pass
    for path in journals(small_project):
        (small_project.reports / f"batch-{path.stem}.html").touch()
    return small_project


def names(project: Project, keep: int) -> list[str]:
    return sorted(path.name for path in find_clutter(project, [read_study(project, "essai")], keep=keep))


def test_former_editions_and_batches_go(project: Project) -> None:
    batches = sorted(path.stem for path in journals(project))
    assert names(project, 1) == sorted([
        "2022", "2023", "2022_internal", "2023_internal", "2022_internal.failed.ipynb", "2023_internal.failed.ipynb",
        *(f"{each}.jsonl" for each in batches[:2]), *(f"batch-{each}.html" for each in batches[:2]),
    ])  # fmt: skip


def test_what_runs_of_a_former_edition_left_for_one_another_goes(project: Project) -> None:
    for edition in ("2023", "2024"):
        shared.folder_of(project, "essai", edition).mkdir(parents=True)
    found = find_clutter(project, [read_study(project, "essai")], keep=1)
    assert shared.folder_of(project, "essai", "2023") in found
    assert shared.folder_of(project, "essai", "2024") not in found


def test_as_many_are_kept_as_are_asked_for(project: Project) -> None:
    first = min(path.stem for path in journals(project))
    assert names(project, 2) == sorted(
        ["2022", "2022_internal", "2022_internal.failed.ipynb", f"{first}.jsonl", f"batch-{first}.html"]
    )
    assert names(project, 3) == []


def test_what_cannot_be_judged_stays(project: Project) -> None:
    (project.reports / "essai" / "2022_internal" / FILE).write_text("{", encoding="utf-8")
    foreign = project.reports / "autre" / "2022_internal"
    foreign.mkdir(parents=True)
    (foreign / FILE).touch()
    assert "2022_internal" not in names(project, 1)
    assert foreign not in find_clutter(project, [read_study(project, "essai")], keep=1)


def test_clutter_is_removed_and_nothing_else(project: Project) -> None:
    remove(find_clutter(project, [read_study(project, "essai")], keep=1))
    assert sorted(path.name for path in (project.reports / "essai").iterdir()) == [
        "2024_internal", "2024_internal.failed.ipynb",
    ]  # fmt: skip
    assert names(project, 1) == []


def test_report_that_is_a_link_is_let_go_and_not_what_it_points_to(project: Project, tmp_path: Path) -> None:
    place = project.reports / "essai" / "2022_internal"
    place.replace(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    remove(find_clutter(project, [read_study(project, "essai")], keep=2))
    assert not place.is_symlink()
    assert (tmp_path / "elsewhere" / FILE).is_file()
