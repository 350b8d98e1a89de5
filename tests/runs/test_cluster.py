"""Batches by a real Dask scheduler and two workers of this machine: the reports are those of a local batch."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from etabli.cli import app
from etabli.errors import InfrastructureError, RunError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.publish import parcels
from etabli.runs import cluster
from etabli.runs.journal import journals, read_journal
from etabli.runs.manifest import FILE, git_state
from etabli.runs.surroundings import hold_same, surroundings
from etabli.study import read_study
from etabli.terminal import run

CLOCK = re.compile(r"\d{1,2} \w+ \d{4}, en [^<]+")
"""When a report was made, and how long it took, as its page says it."""


@dataclass(frozen=True)
class Dask:
    """A scheduler and its workers, as processes."""

    address: str
    nannies: list[subprocess.Popen[bytes]]

    def workers(self) -> list[psutil.Process]:
        """The processes that make reports: each nanny's child that runs Python's multiprocessing."""
        below = [psutil.Process(nanny.pid).children() for nanny in self.nannies]
        return [each for those in below for each in those if "spawn_main" in " ".join(each.cmdline())]

    def templates(self) -> int:
        """How many processes have imported the libraries for the kernels of the workers."""
        return sum("template.py" in " ".join(each.cmdline()) for worker in self.workers() for each in worker.children())


def ended(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    folder = tmp_path_factory.mktemp("dask")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    commands = [["scheduler", "--host", address, "--no-dashboard"]]
    commands += [["worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)]] * 2
    settings = {**os.environ, "DASK_DISTRIBUTED__ADMIN__LOG_FORMAT": "%(message)s"}
    settings.pop(FOLDER_VARIABLE, None)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *words], cwd=folder, env=settings,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for words in commands
    ]  # fmt: skip
    yield Dask(address, started[1:])
    for process in reversed(started):
        ended(process)


@pytest.fixture(scope="module")
def _four_runs(_small_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(_small_root, tmp_path_factory.mktemp("four") / "project"))
    declaration = root / "studies" / "essai" / "study.yml"
    text = declaration.read_text(encoding="utf-8")
    more = "  - matrix: {audience: [internal, funder], group: [first]}\n"
    declaration.write_text(text.rstrip() + "\n" + more, encoding="utf-8")
    return root


@pytest.fixture
def project(_four_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of four runs."""
    root = Path(shutil.copytree(_four_runs, tmp_path / "project"))
    monkeypatch.setenv(FOLDER_VARIABLE, str(root))
    return Project(root)


def made(project: Project) -> dict[str, Any]:
    """Every file of every report, times apart."""
    found: dict[str, Any] = {}
    for path in sorted(project.reports.glob("essai/**/*")):
        name = path.relative_to(project.reports).as_posix()
        if path.name == FILE:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            for timed in ("started", "seconds", "shared"):
                del manifest[timed]
            del manifest["outputs"]["report.html"]
            found[name] = manifest
        elif path.suffix == ".xlsx":
            found[name] = path.read_bytes()
        elif path.is_file():
            found[name] = CLOCK.sub("…", path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def local(_four_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a local batch makes of the same project."""
    root = Path(shutil.copytree(_four_runs, tmp_path_factory.mktemp("local") / "project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(root))
        assert run(app, ["batch", "--workers", "1"]) == 0
    return made(Project(root))


def ends(project: Project) -> dict[str, str]:
    account = read_journal(journals(project)[-1])
    assert account is not None
    assert account.is_closed
    return {name: ended.status for name, ended in account.ended.items()}


@pytest.mark.slow
def test_reports_of_a_cluster_are_those_of_a_local_batch(dask: Dask, project: Project, local: dict[str, Any]) -> None:
    assert run(app, ["batch", "--scheduler", dask.address]) == 0
    assert made(project) == local
    assert dask.templates() == 1
    assert len(local) > 15
    assert list(ends(project).values()) == ["done"] * 4


@pytest.mark.slow
def test_reports_come_back_as_bytes_from_workers_that_do_not_see_the_folder(
    dask: Dask, project: Project, local: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster, "_sees_all", lambda client, project: False)
    hidden = Project(Path(shutil.move(project.root, tmp_path / "elsewhere")))
    monkeypatch.setenv(FOLDER_VARIABLE, str(hidden.root))
    assert run(app, ["batch", "--scheduler", dask.address]) == 0
    assert made(hidden) == local
    assert not project.root.exists()


@pytest.mark.slow
def test_worker_killed_in_the_middle_costs_no_report(
    dask: Dask, project: Project, local: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    put = cluster._told

    def told(inner: Any, received: Callable[[Any], Any]) -> Any:
        seen.append(1)
        if len(seen) == 3:  # two runs have ended, or are under way
            time.sleep(1)
            dask.workers()[0].kill()
        return put(inner, received)

    monkeypatch.setattr(cluster, "_told", told)
    before = {each.pid for each in dask.workers()}
    assert run(app, ["batch", "--scheduler", dask.address]) == 0
    assert made(project) == local
    assert list(ends(project).values()) == ["done"] * 4
    assert [path.name for path in project.reports.glob("essai/.*")] == []
    assert before != {each.pid for each in dask.workers()}


def test_scheduler_that_is_not_there_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    assert run(app, ["batch", "--scheduler", "tcp://127.0.0.1:9"]) == 1
    said = capsys.readouterr().err
    assert "L’ordonnanceur Dask ne répond pas." in said
    assert "Traceback" not in said


def test_scheduler_and_workers_of_this_machine_exclude_each_other(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["batch", "--scheduler", "tcp://x:1", "--workers", "2"]) == 1
    assert "ou sur un cluster" in capsys.readouterr().err


class Client:
    """Answers as a client of distributed does."""

    def __init__(self, nthreads: dict[str, int], found: dict[str, Any] | Exception) -> None:
        self._nthreads, self.found = nthreads, found

    def wait_for_workers(self, count: int, timeout: float) -> None:
        if not self._nthreads:
            raise TimeoutError

    def nthreads(self) -> dict[str, int]:
        return self._nthreads

    def run(self, function: object) -> dict[str, Any]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.mark.parametrize(
    ("client", "what"),
    [
        (Client({}, {}), "n’a pas de worker"),
        (Client({"a": 1, "b": 4}, {}), "1 worker a plusieurs fils d’exécution"),
        (Client({"a": 1}, ModuleNotFoundError("No module named 'etabli'")), "Un worker n’a pas etabli"),
        (Client({"a": 1}, {"a": {**surroundings(), "pandas": "2.2"}}), "1 worker n’a pas les mêmes logiciels"),
    ],
)
def test_workers_that_would_not_do_are_refused_before_the_first_run(client: Client, what: str) -> None:
    with pytest.raises(RunError, match=what):
        cluster._hold_workers(client, "tcp://x:1")


def test_version_that_differs_is_named_with_its_worker() -> None:
    own = surroundings()
    hold_same(own, {"a": own})
    with pytest.raises(RunError) as caught:
        hold_same(own, {"a": own, "b": {**own, "pandas": "2.2", "numpy": "1.0"}, "c": {}})
    error = caught.value
    assert (error.what[:9], error.where, error.got) == ("2 workers", "b", "pandas 2.2, numpy 1.0")


def test_surroundings_tell_the_code_itself() -> None:
    assert re.fullmatch(r"\S+ \([0-9a-f]{12}\)", surroundings()["etabli"])


@pytest.mark.parametrize("error", [CancelledError(), ConnectionError()])
def test_cluster_that_is_gone_is_a_loss(error: BaseException) -> None:
    assert isinstance(cluster._loss(error), InfrastructureError)
    assert cluster._loss(RunError("raté")) is None


# Parcels ---------------------------------------------------------------------------------------------


def test_parcel_holds_what_runs_read_and_their_commit(project: Project, tmp_path: Path) -> None:
    plans = read_study(project, "essai").planned_runs()
    folder = parcels._unpacked(parcels.pack(project, plans, encrypted=False))
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        ".commit", "requirements.lock", "notebooks/essai.ipynb", "studies/agreements/essai-data.yml",
        "studies/essai/study.yml", "studies/essai/codebook.yml", "studies/essai/README.md",
        "data/demo/essai/2024/records.csv", "data/demo/essai/2024/deliveries.json",
    } - ({"requirements.lock"} if not project.lock.exists() else set())  # fmt: skip
    assert folder.stat().st_mode & 0o077 == 0
    assert git_state(Project(folder)) == git_state(project)
    shutil.rmtree(folder)


def test_parcel_holds_the_ledger_that_a_team_shares(project: Project, tmp_path: Path) -> None:
    """Without it a worker would protect a report as if nothing had left before."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "releases.jsonl").write_text("{}\n", encoding="utf-8")
    shared = Project(project.root, tmp_path / "team")
    plans = read_study(project, "essai").planned_runs()
    folder = parcels._unpacked(parcels.pack(shared, plans, encrypted=False))
    assert (Project(folder).ledger / "releases.jsonl").read_text(encoding="utf-8") == "{}\n"
    shutil.rmtree(folder)


def make_raw(project: Project) -> None:
    declaration = project.studies / "essai" / "study.yml"
    text = declaration.read_text(encoding="utf-8").replace("deliveries: demo", "deliveries: raw")
    declaration.write_text(text, encoding="utf-8")
    place = project.raw("exemple", "2024")
    for provider in project.agreements.glob("*.yml"):
        found = re.search(r"^provider: (\S+)", provider.read_text(encoding="utf-8"), re.MULTILINE)
        assert found
        place = project.raw(found[1], "2024")
    place.parent.mkdir(parents=True)
    shutil.move(project.demo("essai", "2024"), place)


def test_real_deliveries_never_travel_in_clear(project: Project) -> None:
    make_raw(project)
    plans = read_study(project, "essai").planned_runs()
    with pytest.raises(RunError, match="en clair"):
        parcels.pack(project, plans, encrypted=False)
    assert parcels.pack(project, plans, encrypted=True)


def test_parcel_that_is_too_large_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "MOST_BYTES", 100)
    with pytest.raises(RunError, match="trop grandes"):
        parcels.pack(project, read_study(project, "essai").planned_runs(), encrypted=False)
