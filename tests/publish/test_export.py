"""A report is written whole or not at all; what a killed run left is cleared. The way itself: tests/test_way.py."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbconvert.filters.highlight import Highlight2HTML

from etabli.errors import RunError
from etabli.project import Project
from etabli.publish import export

HERE = platform.node()


def signature(pid: int, *, node: str = HERE, started: float | None = None) -> str:
    return f"{node} {pid} {export._started(pid) if started is None else started:.0f}"


def left_by(project: Project, signature: str, name: str) -> Path:
    """Leave the work folder of a run whose process signed so."""
    folder = project.reports / "essai" / f".2024_funder.{name:_<8}"
    folder.mkdir(parents=True)
    (folder / "essai.ipynb").write_text("{}", encoding="utf-8")
    (folder / "owner.pid").write_text(signature, encoding="utf-8")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="where the start of a process is told from the machine's own")
def test_work_folder_of_a_live_process_stays_when_the_clock_was_set(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_by(empty_project, signature(os.getppid()), "alive")
    before = psutil.Process(os.getppid()).create_time()
    booted = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + 5_000)
    assert psutil.Process(os.getppid()).create_time() - before > 4_000
    export.remove_abandoned(left.parent)
    assert left.is_dir()


def test_work_folders_of_dead_processes_are_removed_and_no_other(empty_project: Project) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    alive = os.getppid()
    stay = {
        left_by(empty_project, signature(alive), "alive"),
        left_by(empty_project, signature(dead.pid, node="other", started=0), "another"),
    }
    left_by(empty_project, signature(dead.pid, started=time.time()), "dead")
    left_by(empty_project, signature(alive, started=time.time() - 1e6), "again")
    left_by(empty_project, "", "unsigned")
    here = empty_project.reports / "essai"
    (here / ".2024_funder.new_____").mkdir()  # its process has not signed it yet
    (here / ".2024_funder.old_____").mkdir()
    os.utime(here / ".2024_funder.old_____", (0, 0))
    (here / "2024_internal").mkdir()
    stay |= {here / ".2024_funder.new_____", here / "2024_internal"}
    for name in (".git", ".ipynb_checkpoints", ".x.12345678"):  # a person's own, hidden and old
        (here / name).mkdir()
        (here / name / "a").touch()
        os.utime(here / name, (0, 0))
        stay.add(here / name)
    with export._work_folder(empty_project, here / "2024_funder") as work:
        assert set(here.iterdir()) == {*stay, work}
        assert work.stat().st_mode & 0o077 == 0
    assert not work.exists()


@pytest.mark.parametrize("stands", [True, False])
def test_report_whose_swap_was_killed_halfway_is_put_back(stands: bool, empty_project: Project) -> None:
    work = left_by(empty_project, "", "killed")
    (work / "former").mkdir()
    (work / "former" / "report.html").write_text("ancien", encoding="utf-8")
    place = empty_project.reports / "essai" / "2024_funder"
    if stands:
        place.mkdir()
        (place / "report.html").write_text("nouveau", encoding="utf-8")
    export.remove_abandoned(place.parent)
    assert (place / "report.html").read_text(encoding="utf-8") == ("nouveau" if stands else "ancien")
    assert [path.name for path in place.parent.iterdir()] == ["2024_funder"]


def test_work_folder_that_goes_while_it_is_looked_at_stops_nobody(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = left_by(empty_project, "", "ending")
    read = Path.read_text

    def gone(path: Path, *arguments: Any, **named: Any) -> str:
        shutil.rmtree(work)
        return read(path, *arguments, **named)

    monkeypatch.setattr(Path, "read_text", gone)
    export.remove_abandoned(work.parent)


@pytest.mark.parametrize(
    ("number", "got"), [(errno.ENOSPC, "plus de place sur le disque"), (errno.ENOENT, "un dossier manque")]
)
def test_what_the_disk_refuses_is_told_in_french(number: int, got: str, empty_project: Project) -> None:
    target = empty_project.reports / "essai" / "2024_funder"
    with pytest.raises(RunError) as caught, export._work_folder(empty_project, target):
        raise OSError(number, os.strerror(number))
    assert (caught.value.where, caught.value.got) == ("reports/essai/2024_funder", got)


@pytest.mark.parametrize("audience", ["internal", "funder"])
def test_one_exporter_serves_all_reports_and_code_is_folded_in_the_house_alone(
    audience: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: object, *_: object, **__: object) -> str:
        raise AssertionError("code was highlighted")

    monkeypatch.setattr(Highlight2HTML, "__call__", refused)
    exporter = export._exporter()
    assert export._exporter() is exporter
    shown = nbformat.v4.new_output("display_data", {"text/html": "<p>montré</p>"}, metadata={"etabli": "texte-1"})
    cells = [
        nbformat.v4.new_code_cell("edition = 1"),
        nbformat.v4.new_code_cell("edition = 2", metadata={"tags": ["injected-parameters"]}),
        nbformat.v4.new_code_cell("a_secret = 1 < 2", outputs=[shown]),
    ]
    report = {"audience": audience, "left_out": [], "banners": [], "cover": [], "questions": [], "sheet": []}
    page, _ = exporter.from_notebook_node(
        nbformat.v4.new_notebook(cells=cells), resources={"etabli": {**report, "disclosure": []}}
    )
    assert "<p>montré</p>" in page
    folded = re.findall(r'<p>([^<]*)</p><pre translate="no">(.*?)</pre>', page.partition('<details class="code">')[2])
    assert folded == (
        [
            ("Cellule 1", "edition = 1"),
            ("Paramètres du passage", "edition = 2"),
            ("Cellule 2", "a_secret = 1 &lt; 2"),
        ]
        if audience == "internal"
        else []
    )
    assert ("a_secret" in page) == (audience == "internal")
