"""A report is written whole or not at all; what a killed run left is cleared. The way itself: tests/test_way.py."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import nbformat
import pytest
from nbconvert.filters.highlight import Highlight2HTML

from etabli.errors import RunError
from etabli.project import Project
from etabli.publish import export


def left_by(project: Project, pid: str) -> None:
    """Leave the work folder of a run whose process is `pid`."""
    folder = project.reports / "essai" / f".2024_funder.{pid or 'none'}"
    folder.mkdir(parents=True)
    (folder / "essai.ipynb").write_text("{}", encoding="utf-8")
    (folder / "owner.pid").write_text(pid, encoding="ascii")


def test_work_folders_of_dead_processes_are_removed_and_no_other(empty_project: Project) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for pid in (str(dead.pid), "", str(os.getppid())):
        left_by(empty_project, pid)
    here = empty_project.reports / "essai"
    (here / "2024_internal").mkdir()
    with export._work_folder(empty_project, here / "2024_funder") as work:
        assert {path.name for path in here.iterdir()} == {f".2024_funder.{os.getppid()}", work.name, "2024_internal"}
        assert work.stat().st_mode & 0o077 == 0
    assert not work.exists()


@pytest.mark.parametrize(
    ("number", "got"), [(errno.ENOSPC, "plus de place sur le disque"), (errno.ENOENT, "un dossier manque")]
)
def test_what_the_disk_refuses_is_told_in_french(number: int, got: str, empty_project: Project) -> None:
    target = empty_project.reports / "essai" / "2024_funder"
    with pytest.raises(RunError) as caught, export._work_folder(empty_project, target):
        raise OSError(number, os.strerror(number))
    assert (caught.value.where, caught.value.got) == ("reports/essai/2024_funder", got)


def test_one_exporter_serves_all_reports_and_highlights_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: object, *_: object, **__: object) -> str:
        raise AssertionError("code that is not shown was highlighted")

    monkeypatch.setattr(Highlight2HTML, "__call__", refused)
    exporter = export._exporter()
    assert export._exporter() is exporter
    shown = nbformat.v4.new_output("display_data", {"text/html": "<p>montré</p>"}, metadata={"etabli": "texte-1"})
    cell = nbformat.v4.new_code_cell("a_secret = 1", outputs=[shown])
    report = {"audience": "internal", "left_out": [], "banners": [], "cover": [], "questions": [], "sheet": []}
    page, _ = exporter.from_notebook_node(
        nbformat.v4.new_notebook(cells=[cell]), resources={"etabli": {**report, "disclosure": []}}
    )
    assert "<p>montré</p>" in page
    assert "a_secret" not in page
