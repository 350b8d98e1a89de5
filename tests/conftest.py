"""What several rooms' tests start from: an empty project, and one with the study that `etabli new` writes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Self

import pytest

from etabli.cli import app
from etabli.project import FOLDER_VARIABLE, LEDGER_VARIABLE, Project
from etabli.scaffold import create_study
from etabli.sources import cache
from etabli.sources.codebook import read_codebook
from etabli.sources.conversion import Job, Limits
from etabli.sources.converter import convert
from etabli.sources.dummy import make_demo
from etabli.study import Study, read_study
from etabli.terminal import run

SLUG, EDITION = "essai", "2024"


@pytest.fixture(autouse=True)
def _no_named_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project of whoever runs the tests is not the project that they try."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv(LEDGER_VARIABLE, raising=False)


@pytest.fixture
def empty_project(tmp_path: Path) -> Project:
    """A project without a study."""
    root = tmp_path / "project"
    for name in ("studies", "notebooks"):
        (root / name).mkdir(parents=True)
    return Project(root)


@pytest.fixture(scope="session")
def _small_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small") / "project"
    for name in ("studies", "notebooks"):
        (root / name).mkdir(parents=True)
    project = Project(root)
    create_study(project, SLUG, title="Une étude d’essai", year=EDITION)
    study = read_study(project, SLUG)
    make_demo(project, study, read_codebook(project, study), EDITION, seed=7)
    return root


class _ReadHere:
    """A `Child` without a process of its own, for tests of what is read rather than of where."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def do(self, job: Job, target: Path) -> None:
        assert job.book is not None
        assert job.key is not None
        convert(job.path, job.book, job.key, shown=job.shown, target=target)


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries are converted in this process: starting a child takes longer than most tests."""
    monkeypatch.setattr(cache, "Child", _ReadHere)


@pytest.fixture
def small_project(_small_root: Path, tmp_path: Path) -> Project:
    """A project of one study, `essai`, with its demo data; each test has its own copy."""
    return Project(Path(shutil.copytree(_small_root, tmp_path / "project")))


@pytest.fixture
def small_study(small_project: Project) -> Study:
    return read_study(small_project, SLUG)


@pytest.fixture(scope="session")
def _house(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root, own = tmp_path_factory.mktemp("house"), Path(__file__).resolve().parents[1]
    for name in ("studies", "notebooks", "data/reference"):
        shutil.copytree(own / name, root / name)
    shutil.copy(own / "requirements.lock", root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(root))
        assert run(app, ["demo"]) == 0
        assert run(app, ["batch", "--default"]) == 0
    return Project(root)


@pytest.fixture(scope="module")
def house(_house: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of this repository's own studies, with their demo data and the reports of their default runs.

    Each module has its own, to which it may add reports and files.
    """
    return Project(Path(shutil.copytree(_house.root, tmp_path_factory.mktemp("own") / "house", symlinks=True)))
