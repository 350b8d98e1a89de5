"""The reports of the house come out the same from forked kernels and from ordinary ones."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from etabli.cli import app
from etabli.project import FOLDER_VARIABLE, Project
from etabli.runs.forks import FORK_VARIABLE
from etabli.terminal import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only"),
]

CLOCK = re.compile(r"\d{1,2} \w+ \d{4}, en [^<]+")
"""When a report was made, and how long it took, as its page says it."""


@pytest.fixture(scope="module")
def cold(house: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same project, its reports made by ordinary kernels."""
    root = tmp_path_factory.mktemp("cold")
    for name in ("studies", "notebooks", "data"):
        shutil.copytree(house.root / name, root / name)
    shutil.copy(house.lock, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(root))
        patch.setenv(FORK_VARIABLE, "0")
        assert run(app, ["batch", "--default"]) == 0
    return Project(root)


def pages(project: Project) -> dict[str, str]:
    return {
        path.relative_to(project.reports).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in sorted(project.reports.glob("*/*/**/*"))
        if path.is_file() and path.name != "manifest.json"
    }


def manifests(project: Project) -> dict[str, Any]:
    """Every manifest without times, what was shared, and the digest of the page that shows the times."""
    found = {}
    for path in sorted(project.reports.glob("*/*/manifest.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for timed in ("started", "seconds", "shared"):
            del manifest[timed]
        del manifest["outputs"]["report.html"]
        found[path.parent.relative_to(project.reports).as_posix()] = manifest
    return found


def test_forked_and_cold_reports_are_the_same_but_for_times(house: Project, cold: Project) -> None:
    forked, ordinary = pages(house), pages(cold)
    assert len(forked) > 20
    assert set(forked) == set(ordinary)
    for name, page in forked.items():
        assert CLOCK.sub("…", page) == CLOCK.sub("…", ordinary[name]), name


def test_forked_and_cold_runs_depend_on_the_same(house: Project, cold: Project) -> None:
    assert manifests(house) == manifests(cold)
    assert Path(cold.root) != Path(house.root)
