"""A small project with reports for named bodies, made once by real runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etabli.cli import app
from etabli.project import FOLDER_VARIABLE, Project, find_project
from etabli.terminal import run

BODIES = """
coalitions: {pilotage: Comité de pilotage}
recipients:
  caf: {name: CAF, audience: funder, coalitions: [pilotage]}
  ville: {name: Ville, audience: funder, coalitions: [pilotage]}
  etat: {name: État, audience: funder}
  esc: {name: Espaces communs, audience: partner}
"""

Etabli = Callable[..., int]


@pytest.fixture(scope="session")
def _rendered(tmp_path_factory: pytest.TempPathFactory, _small_root: Path) -> Path:
    root = Path(shutil.copytree(_small_root, tmp_path_factory.mktemp("rendered") / "project"))
    (root / "studies" / "recipients.yml").write_text(BODIES, encoding="utf-8")
    before = os.environ.get(FOLDER_VARIABLE)
    os.environ[FOLDER_VARIABLE] = str(root)
    try:
        assert run(app, ["run", "essai", "--audience", "funder"]) == 0
        assert run(app, ["run", "essai", "--recipient", "caf"]) == 0
        assert run(app, ["run", "essai"]) == 0
    finally:
        os.environ.pop(FOLDER_VARIABLE) if before is None else os.environ.update({FOLDER_VARIABLE: before})
    return root


@pytest.fixture
def rendered(_rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of one study with a report for funders, one for the CAF and an internal one; each test has its own."""
    root = Path(shutil.copytree(_rendered, tmp_path / "project"))
    monkeypatch.setenv(FOLDER_VARIABLE, str(root))
    return find_project()
