"""Batches, end to end: only what changed, resumed after a kill, retried after a loss, held to a budget."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from etabli.cli import app
from etabli.project import FOLDER_VARIABLE, Project
from etabli.runs.forks import close_templates
from etabli.runs.journal import journals, read_journal
from etabli.runs.manifest import FILE, read_manifest, verify
from etabli.study import read_study
from etabli.terminal import run


@pytest.fixture
def project(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv(FOLDER_VARIABLE, str(small_project.root))
    yield small_project
    close_templates()


def add_cell(project: Project, source: str) -> None:
    """Add a cell after the parameters of the study's notebook."""
    path = project.notebooks / "essai.ipynb"
    notebook = nbformat.read(path, as_version=4)
    place = next(i for i, cell in enumerate(notebook["cells"]) if "parameters" in cell["metadata"].get("tags", []))
    notebook["cells"].insert(place + 1, nbformat.v4.new_code_cell(source, id="added"))
    nbformat.write(notebook, path)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    heard = capsys.readouterr()
    return (heard.out + heard.err).replace("\xa0", " ").replace("\u202f", " ")


def started(project: Project) -> dict[str, str]:
    """When each report was begun."""
    return {
        path.parent.name: read_manifest(path.parent, shown="").started
        for path in sorted(project.reports.glob(f"essai/*/{FILE}"))
        if not path.parent.name.startswith(".")
    }


def hidden(project: Project) -> list[str]:
    return [path.name for path in project.reports.glob("essai/.*")]


def test_second_batch_makes_only_what_changed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["batch", "--workers", "1"]) == 0
    assert "2 rapports écrits" in said(capsys)
    first = started(project)
    assert run(app, ["batch"]) == 0
    assert "Rien à refaire : 2 rapports sont à jour." in said(capsys)
    assert started(project) == first
    assert len(journals(project)) == 1

    shutil.rmtree(project.reports / "essai" / "2024_funder")
    assert run(app, ["why", "essai/2024_funder"]) == 0
    assert "n’existe pas" in said(capsys)
    time.sleep(1.1)  # manifests tell seconds
    assert run(app, ["batch"]) == 0
    assert "1 rapport écrit" in said(capsys)
    second = started(project)
    assert second["2024_internal"] == first["2024_internal"]
    assert second["2024_funder"] > first["2024_funder"]

    with (project.studies / "essai" / "codebook.yml").open("a", encoding="utf-8") as book:
        book.write("# autre\n")
    assert run(app, ["why", str(project.reports / "essai" / "2024_funder")]) == 0
    assert "a changé : le codebook" in said(capsys)
    assert run(app, ["batch", "--dry-run"]) == 0
    text = said(capsys)
    assert "essai/2024_internal (à refaire : le codebook)" in text
    assert "Prévision : " in text
    assert started(project) == second


def test_force_makes_all_again_and_only_failed_what_failed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["batch", "--only-failed"]) == 0
    assert "Aucun passage n’a échoué" in said(capsys)
    add_cell(project, "assert audience == 'internal', 'pas pour eux'")
    assert run(app, ["batch", "--workers", "1"]) == 1
    capsys.readouterr()
    assert run(app, ["why", "essai/2024_funder"]) == 0
    text = said(capsys)
    assert "essai/2024_funder a échoué la dernière fois : Une cellule du notebook a échoué." in text
    assert "pas pour eux" in text
    assert run(app, ["batch", "--only-failed", "--workers", "1"]) == 1
    assert "[1/1] ✗ essai/2024_funder" in said(capsys)
    assert run(app, ["batch", "--force", "--dry-run"]) == 0
    assert "essai/2024_internal (à jour : serait refait)" in said(capsys)


def test_kernel_that_dies_once_is_tried_again_and_a_failing_cell_is_not(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "died"
    add_cell(
        project,
        f"import os, pathlib; died = pathlib.Path({str(mark)!r})\n"
        "if audience == 'internal' and not died.exists(): died.touch(); os._exit(1)\n"
        "assert audience == 'internal'",
    )
    assert run(app, ["batch", "--workers", "1"]) == 1
    text = said(capsys)
    assert "[1/2] ↻ essai/2024_internal — essai 2" in text
    assert "↻ essai/2024_funder" not in text
    account = read_journal(journals(project)[-1])
    assert account is not None
    assert account.is_closed
    ends = {run: (ended.status, ended.attempts) for run, ended in account.ended.items()}
    assert ends == {"essai/2024_internal": ("done", 2), "essai/2024_funder": ("failed", 1)}


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is looked at; the test is for kernels of Linux")
def test_cell_that_takes_too_much_memory_is_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    declaration = project.studies / "essai" / "study.yml"
    declaration.write_text(declaration.read_text(encoding="utf-8") + "memory_limit_gib: 0.6\n", encoding="utf-8")
    add_cell(project, "a = bytearray(2**30); import time; time.sleep(30)")
    assert run(app, ["batch", "--workers", "1"]) == 1
    text = said(capsys)
    assert "Le passage dépasse sa mémoire." in text
    assert "cellule 3 (« a = bytearray(2**30)" in text
    assert "au plus 0,6 Gio (memory_limit_gib de study.yml)" in text
    assert "↻" not in text


def test_journal_says_what_each_run_took(project: Project) -> None:
    assert run(app, ["batch", "--workers", "1"]) == 0
    account = read_journal(journals(project)[-1])
    assert account is not None
    for ended in account.ended.values():
        assert ended.cpu_seconds is not None
        assert ended.cpu_seconds > 0.1
        assert ended.peak_bytes is not None
        assert ended.peak_bytes > 50 << 20
        assert ended.cells is not None
        assert 0 < ended.cells < ended.seconds
        assert ended.slowest.startswith("cellule ")
        assert str(os.getpid()) in ended.worker


def files_of(project: Project) -> dict[str, str | bytes]:
    """Every file of every report, times apart."""
    clock = re.compile(r"\d{1,2} \w+ \d{4}, en [^<]+")
    return {
        path.relative_to(project.reports).as_posix(): path.read_bytes()
        if path.suffix == ".xlsx"
        else clock.sub("…", path.read_text(encoding="utf-8"))
        for path in sorted(project.reports.glob("essai/**/*"))
        if path.is_file() and path.name != FILE
    }


def test_runs_of_an_edition_share_their_work_and_make_the_same_reports(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["batch", "--workers", "1"]) == 0
    assert "repris de ce qui était calculé pour l’édition" in said(capsys)
    first, second = (
        read_manifest(project.reports / "essai" / name, shown="").shared for name in ("2024_internal", "2024_funder")
    )
    assert first["taken"] == 0
    assert first["kept"] > 0
    assert second["taken"] > 0
    shared = files_of(project)
    monkeypatch.setenv("ETABLI_SHARE", "0")
    assert run(app, ["batch", "--workers", "1", "--force"]) == 0
    assert "repris" not in said(capsys)
    assert read_manifest(project.reports / "essai" / "2024_funder", shown="").shared == {"taken": 0, "kept": 0}
    assert files_of(project) == shared
    assert len(shared) > 5
    assert run(app, ["diff", "essai/2024_internal", "essai/2024_funder"]) == 0
    assert "Inchangés : " in said(capsys)
    assert run(app, ["diff", "essai/2024_internal", "essai/2024_funder", "--json"]) == 0
    assert {each["kind"] for each in json.loads(capsys.readouterr().out)} <= {"same", "masked", "new", "gone"}


# Killed, and resumed ---------------------------------------------------------------------------------


def declare_runs(project: Project, count: int) -> list[str]:
    """Declare so many runs of the study, and return their names."""
    declaration = project.studies / "essai" / "study.yml"
    text = declaration.read_text(encoding="utf-8")
    head = text[: text.index("runs:")]
    runs = "".join(
        f"  - parameters: {{audience: {audience}, group: {group}}}\n    default: {'true' if rank == 0 else 'false'}\n"
        for rank, (audience, group) in enumerate(
            [(a, g) for g in groups(project) for a in ("internal", "funder")][:count]
        )
    )
    declaration.write_text(head + "runs:\n" + runs, encoding="utf-8")
    return [plan.name for plan in read_study(project, "essai").planned_runs()]


def groups(project: Project) -> list[str]:
    return [str(choice) for choice in read_study(project, "essai").parameters["group"].choices or ()]


def killed(project: Project, after: float, *words: str) -> int:
    """Start a batch, kill it outright after so many seconds, and return its exit status."""
    process = subprocess.Popen(
        [sys.executable, "-m", "etabli", "batch", *words],
        cwd=project.root, env={**os.environ, FOLDER_VARIABLE: str(project.root)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    family = psutil.Process(process.pid)
    time.sleep(after)
    below = family.children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGKILL)
    status = process.wait()
    _, alive = psutil.wait_procs(below, timeout=30)
    assert [(left, left.cmdline()) for left in alive] == [], "what a killed batch started outlives it"
    return status


def hold_whole(project: Project, names: list[str]) -> None:
    """Hold that every report is there once, whole, and nothing else."""
    here = {path.name for path in (project.reports / "essai").iterdir()}
    assert here == set(names)
    for name in names:
        verdict = verify(project, project.reports / "essai" / name)
        assert verdict.intact
        assert verdict.drifted == []


def kill_and_resume(project: Project, names: list[str], after: float) -> None:
    """Kill a batch, resume it, and hold that each report was made once."""
    killed(project, after, "--workers", "2")
    journal = journals(project)[-1:]
    before = started(project)
    time.sleep(1.1)  # manifests tell seconds
    if journal and (account := read_journal(journal[0])) is not None and not account.is_closed:
        assert run(app, ["batch", "--resume"]) == 0
        told = read_journal(journal[0])
        assert told is not None
        assert {ended.run for ended in told.ended.values()} == {f"essai/{name}" for name in names}
        assert told.is_closed
    else:
        assert run(app, ["batch"]) == 0  # killed before it began, or after its end
    hold_whole(project, names)
    assert {name: moment for name, moment in started(project).items() if name in before} == before, "made twice"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="kill −9")
@pytest.mark.parametrize("after", [0.6, 2.0, 3.5, 5.0, 6.5])
def test_batch_killed_at_any_moment_is_resumed_to_its_end(after: float, project: Project) -> None:
    kill_and_resume(project, declare_runs(project, 4), after)


@pytest.mark.fuzz
@pytest.mark.skipif(sys.platform != "linux", reason="kill −9")
@pytest.mark.parametrize("seed", range(50))
def test_batch_killed_at_random_is_resumed_to_its_end(seed: int, project: Project) -> None:
    kill_and_resume(project, declare_runs(project, 6), random.Random(seed).uniform(0.5, 14.0))


@pytest.mark.skipif(sys.platform != "linux", reason="kill −9")
def test_forced_batch_is_resumed_without_making_again_what_it_had_made(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["batch", "--workers", "1"]) == 0
    old = started(project)
    time.sleep(1.1)
    assert run(app, ["batch", "--workers", "1", "--force"]) == 0
    journal = journals(project)[-1]
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["event"] == "opened" or "2024_internal" in line]
    journal.write_text("".join(kept), encoding="utf-8")  # as a kill had left it: the second run has made its report
    new = started(project)
    assert all(new[name] > old[name] for name in old)
    capsys.readouterr()
    assert run(app, ["batch", "--resume"]) == 0
    assert "2 passages finis sur 2, 0 à faire" in said(capsys)
    assert started(project) == new
    assert run(app, ["batch", "--resume"]) == 1
    assert "Aucun lot n’est à reprendre" in said(capsys)


def test_resume_takes_no_other_choice(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["batch", "--resume", "--force"]) == 1
    assert "tel qu’il était" in said(capsys)


@pytest.mark.skipif(sys.platform != "linux", reason="kill −9")
def test_worker_that_is_killed_costs_no_report(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark, murder = tmp_path / "killed", tmp_path / "murder.py"
    murder.write_text(
        "import pathlib, psutil, time\n"
        f"mark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists():\n"
        "    mark.touch()\n"
        f"    below = psutil.Process({os.getpid()}).children(recursive=True)\n"
        "    workers = [each for each in below if 'popen_loky_posix' in ' '.join(each.cmdline())]\n"
        "    workers[0].kill()\n"
        "    time.sleep(30)\n",
        encoding="utf-8",
    )
    add_cell(project, f"import runpy; _ = runpy.run_path({str(murder)!r})")
    assert run(app, ["batch", "--workers", "2"]) == 0
    text = said(capsys)
    assert "2 rapports écrits" in text
    assert mark.exists()
    assert hidden(project) == []


def test_clean_keeps_the_last_editions(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["batch", "--workers", "1"]) == 0
    declaration = project.studies / "essai" / "study.yml"
    text = declaration.read_text(encoding="utf-8")
    text = text.replace("audiences:", "  '2025': {label: '2025', deliveries: demo}\naudiences:", 1)
    declaration.write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert run(app, ["clean", "--keep", "1", "--dry-run"]) == 0
    assert "serait supprimé : reports/essai/2024_internal" in said(capsys)
    assert len(started(project)) == 2
    assert run(app, ["clean", "--keep", "1"]) == 0
    assert "supprimé : reports/essai/2024_internal" in said(capsys)
    assert started(project) == {}


@pytest.mark.parametrize(
    ("asked", "got"),
    [("esai/2024_internal", "essai"), ("essai/2024_interna", "2024_internal"), ("x", "essai")],
)
def test_why_of_an_unknown_run_names_the_nearest(
    asked: str, got: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["why", asked]) == 1
    assert got in said(capsys)
