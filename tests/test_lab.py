"""JupyterLab opens in French, on the project, and keeps to itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etabli import lab
from etabli.project import Project

TOKEN = "jeton-de-test"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "projet d’essai"
    (root / "notebooks").mkdir(parents=True)
    (root / "studies").mkdir()
    return Project(root)


def test_settings_say_french_and_fetch_nothing(project: Project) -> None:
    folder = lab.settings_folder(project, {})
    assert folder.is_relative_to(project.root / ".jupyter")
    written = {path.relative_to(folder).as_posix(): json.loads(path.read_text()) for path in lab.write_settings(folder)}
    assert written == {
        "@jupyterlab/translation-extension/plugin.jupyterlab-settings": {"locale": "fr_FR"},
        "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
            "fetchNews": "false",
            "checkForUpdates": False,
        },
    }


def test_settings_that_exist_are_kept(project: Project) -> None:
    folder = lab.settings_folder(project, {})
    first, second = lab.write_settings(folder)
    first.write_text('{"locale": "default"}')
    second.unlink()
    assert lab.write_settings(folder) == [second]
    assert first.read_text() == '{"locale": "default"}'


def test_settings_folder_of_the_user_wins(project: Project, tmp_path: Path) -> None:
    assert lab.settings_folder(project, {lab.SETTINGS_VARIABLE: str(tmp_path / "a")}) == tmp_path / "a"
    assert lab.settings_folder(project, {lab.SETTINGS_VARIABLE: ""}) == lab.settings_folder(project, {})


@pytest.mark.parametrize("variable", [None, "mine"])
def test_opening_leaves_settings_elsewhere_alone(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", lambda *, argv: seen.append(argv))
    mine = tmp_path / "mine"
    monkeypatch.setenv(lab.SETTINGS_VARIABLE, str(mine) if variable else "")
    lab.open_lab(project, ["--no-browser"])
    folder = mine if variable else project.root / ".jupyter" / "lab" / "user-settings"
    assert seen == [lab.options(project, folder, ["--no-browser"])]
    assert f"--LabApp.user_settings_dir={folder}" in seen[0]
    assert not mine.exists()
    assert (project.root / ".jupyter").exists() == (variable is None)


def test_options_of_the_user_come_last(project: Project) -> None:
    options = lab.options(project, project.root, ["--LabApp.default_url=/lab"])
    assert options[-1] == "--LabApp.default_url=/lab"
    assert options[1] == "--LabApp.default_url=/lab/tree/notebooks"


@pytest.mark.parametrize("option", [*lab.QUIET, "--LabApp.user_settings_dir="])
def test_jupyterlab_still_knows_the_option(option: str) -> None:
    from jupyterlab.labapp import LabApp

    assert LabApp.class_traits(config=True)[option.partition("=")[0].removeprefix("--LabApp.")]


@pytest.fixture
def server(project: Project, tmp_path: Path) -> Iterator[str]:
    """The address of a running server, which is surely stopped."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1", "--ServerApp.port_retries=0"]
    options.append(f"--IdentityProvider.token={TOKEN}")
    code = (
        "import sys; from pathlib import Path; from etabli import lab; from etabli.project import Project;"
        "lab.open_lab(Project(Path(sys.argv[1])), sys.argv[2:])"
    )
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **folders, lab.SETTINGS_VARIABLE: ""}
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(project.root), *options], env=environment, stdout=output, stderr=output
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                get(f"{address}/api/status")
                break
            except urllib.error.URLError:
                time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait(timeout=30)


def get(address: str) -> Any:
    """Ask the server, without any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(address, headers={"Authorization": f"token {TOKEN}"})
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_server_speaks_french_and_opens_the_notebooks(server: str) -> None:
    plugin = get(f"{server}/lab/api/settings/@jupyterlab/translation-extension:plugin")
    assert plugin["settings"]["locale"] == "fr_FR"
    news = get(f"{server}/lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert news["settings"] == {"fetchNews": "false", "checkForUpdates": False}
    words = get(f"{server}/lab/api/translations/fr_FR")["data"]["jupyterlab"]
    assert words["Run All Cells"] == ["Exécuter toutes les cellules"]
    assert {each["name"] for each in get(f"{server}/api/contents")["content"]} == {"notebooks", "studies"}
