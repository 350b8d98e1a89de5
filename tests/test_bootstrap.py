"""The environment is made, or its absence explained, by a bare Python."""

from __future__ import annotations

import ast
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "bootstrap.py"


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose environment was made after its inputs."""
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (1000, 1000))
    for path in (".venv/bin/python", ".venv/Scripts/python.exe", ".venv/.etabli"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    os.utime(tmp_path / ".venv/.etabli", (1000, 1000))
    return tmp_path


def stamp(root: Path) -> Path:
    return root / ".venv" / ".etabli"


def everything(name: str) -> bool:
    return True


def test_script_is_valid_for_an_old_python() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) < 120


@pytest.mark.parametrize(("version", "accepted"), [((3, 10, 13), False), ((3, 11, 0), True), ((3, 12, 1), True)])
def test_version_at_its_boundary(bootstrap: ModuleType, version: tuple[int, ...], accepted: bool) -> None:
    assert (bootstrap.complaint(version, everything) is None) == accepted


def test_version_too_old_is_named(bootstrap: ModuleType) -> None:
    words = bootstrap.complaint((3, 9, 18), everything)
    assert "celui-ci est Python 3.9" in words
    assert "make PYTHON=python3.12" in words


@pytest.mark.parametrize("lacking", [{"venv"}, {"ensurepip"}, {"venv", "ensurepip"}])
def test_missing_modules_are_named(bootstrap: ModuleType, lacking: set[str]) -> None:
    words = bootstrap.complaint((3, 11), lambda name: name not in lacking)
    assert all(name in words for name in lacking)
    assert "apt-get install python3-venv" in words


def test_missing_venv_leaves_no_stamp(
    bootstrap: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(root / ".venv")
    monkeypatch.setattr(bootstrap, "ROOT", str(root))
    monkeypatch.setattr(bootstrap, "has_module", lambda name: name != "venv")
    assert bootstrap.main() == 1
    assert "il lui manque venv" in capsys.readouterr().err
    assert not stamp(root).exists()


def test_environment_is_current_until_an_input_is_newer(bootstrap: ModuleType, root: Path) -> None:
    assert bootstrap.is_current(str(root))
    for name in bootstrap.INPUTS:
        os.utime(root / name, (1001, 1001))
        assert not bootstrap.is_current(str(root))
        os.utime(root / name, (1000, 1000))
    stamp(root).unlink()
    assert not bootstrap.is_current(str(root))


def test_environment_without_its_python_is_not_current(bootstrap: ModuleType, root: Path) -> None:
    Path(bootstrap.python_of(str(root))).unlink()
    assert not bootstrap.is_current(str(root))


def test_making_stamps_last(bootstrap: ModuleType, root: Path) -> None:
    calls: list[list[str]] = []

    def call(command: list[str]) -> int:
        assert not stamp(root).exists()
        calls.append(command)
        return 0

    assert bootstrap.make(str(root), "python-de-base", call) == 0
    assert stamp(root).exists()
    venv, locked, project = calls
    assert venv[:4] == ["python-de-base", "-m", "venv", "--clear"]
    assert {"--require-hashes", "--no-deps"} <= set(locked)
    assert {"--no-build-isolation", "--no-deps", "-e"} <= set(project)
    assert not any("index" in word or "://" in word for command in calls for word in command)


def fail_at(place: int, outcome: int | BaseException) -> Callable[[list[str]], int]:
    left = [0] * place

    def call(command: list[str]) -> int:
        if left:
            return left.pop()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return call


@pytest.mark.parametrize("place", [0, 1, 2])
def test_failure_of_any_step_leaves_no_stamp(bootstrap: ModuleType, root: Path, place: int) -> None:
    assert bootstrap.make(str(root), "python", fail_at(place, 4)) == 4
    assert not stamp(root).exists()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_interruption_of_any_step_leaves_no_stamp(bootstrap: ModuleType, root: Path, place: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        bootstrap.make(str(root), "python", fail_at(place, KeyboardInterrupt()))
    assert not stamp(root).exists()
    assert not bootstrap.is_current(str(root))


def test_interruption_is_told(
    bootstrap: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    stamp(root).unlink()
    monkeypatch.setattr(bootstrap, "ROOT", str(root))
    monkeypatch.setattr(bootstrap, "make", interrupt)
    assert bootstrap.main() == 130
    assert capsys.readouterr().err.startswith("Interrompu")


def test_message_reaches_an_ascii_console(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", console)
    bootstrap.say("récent")
    console.seek(0)
    assert console.read() == "r?cent\n"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not there")
def test_make_help_names_every_command() -> None:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=SCRIPT.parent, env=environment, capture_output=True, check=True
    )
    shown = [line.split()[1] for line in done.stdout.decode().splitlines()]
    makefile = (SCRIPT.parent / "Makefile").read_text(encoding="utf-8")
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    assert shown == phony


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not there")
def test_make_without_python_says_so(tmp_path: Path) -> None:
    for name in ("Makefile", "bootstrap.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(SCRIPT.parent / name, tmp_path)
    command = ["make", "PYTHON=python-absent", ".venv/.etabli"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
    assert "Python est introuvable (python-absent)" in done.stderr.decode()
    assert not (tmp_path / ".venv").exists()
