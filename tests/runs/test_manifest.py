from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from etabli.errors import EtabliError, RunError
from etabli.project import Project
from etabli.runs.fingerprint import fingerprint
from etabli.runs.manifest import (
    FILE,
    PACKAGES,
    Manifest,
    git_state,
    hash_outputs,
    now_utc,
    read_manifest,
    verify,
    versions,
)
from etabli.study import read_study

MODULES = ("etabli.methods.profiles",)


@pytest.fixture
def folder(small_project: Project) -> Path:
    """A report's folder with its manifest, as a run leaves it."""
    study = read_study(small_project, "essai")
    plan = study.plan()
    folder = small_project.reports / "essai" / plan.name
    (folder / "tables").mkdir(parents=True)
    (folder / "report.html").write_text("<p>é</p>", encoding="utf-8")
    (folder / "tables" / "tableau-1.csv").write_text("a;b", encoding="utf-8")
    manifest = Manifest(
        study="essai",
        title="Une étude",
        run=plan.name,
        parameters=plan.parameters,
        choices={"groupe": "Tous les groupes"},
        edition_label="2024",
        status="draft",
        sources=[{"name": "records", "origin": "demo"}],
        commit=None,
        dirty=None,
        versions=versions(),
        started=now_utc(datetime(2024, 10, 1, 12, tzinfo=UTC)),
        seconds=1.5,
        fingerprint=fingerprint(small_project, study, plan, modules=MODULES),
        outputs=hash_outputs(folder),
    )
    (folder / FILE).write_text(manifest.to_json(), encoding="utf-8")
    return folder


def test_manifest_is_read_as_it_was_written(folder: Path) -> None:
    manifest = read_manifest(folder, shown="x")
    assert manifest.to_json() == (folder / FILE).read_text(encoding="utf-8")
    assert manifest.is_demo
    assert not replace(manifest, sources=[{"origin": "raw"}]).is_demo
    assert not replace(manifest, sources=[]).is_demo


def test_folder_without_manifest_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="n’est pas celui d’un rapport") as caught:
        read_manifest(tmp_path, shown="reports/x")
    assert caught.value.where == "reports/x"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "1", '{"study": "x", "unknown": 1}', "\ufeff{}"])
def test_manifest_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="illisible") as caught:
        read_manifest(tmp_path, shown="reports/x")
    assert caught.value.where == f"reports/x/{FILE}"


def test_outputs_are_hashed_by_their_path_without_the_manifest(folder: Path) -> None:
    assert hash_outputs(folder) == {
        "report.html": sha256("<p>é</p>".encode()).hexdigest(),
        "tables/tableau-1.csv": sha256(b"a;b").hexdigest(),
    }


def test_what_is_made_of_a_report_afterwards_is_no_output_and_is_held_to_the_manifest(
    small_project: Project, folder: Path
) -> None:
    before = hash_outputs(folder)
    (folder / "report.pdf").write_bytes(b"%PDF")
    assert hash_outputs(folder) == before
    assert verify(small_project, folder).added == ["report.pdf"]
    told = replace(read_manifest(folder, shown="x"), derived={"report.pdf": sha256(b"%PDF").hexdigest()})
    (folder / FILE).write_text(told.to_json(), encoding="utf-8")
    assert verify(small_project, folder).intact
    (folder / "report.pdf").write_bytes(b"%PDF-2")
    assert verify(small_project, folder).changed == ["report.pdf"]
    (folder / "report.pdf").unlink()
    assert verify(small_project, folder).missing == ["report.pdf"]
    (folder / "tables" / "report.pdf").touch()
    assert "tables/report.pdf" in hash_outputs(folder)


def test_untouched_report_is_intact(small_project: Project, folder: Path) -> None:
    verdict = verify(small_project, folder)
    assert verdict.intact
    assert verdict.drifted == []


def test_every_change_of_a_report_is_named(small_project: Project, folder: Path) -> None:
    (folder / "report.html").write_text("<p>e</p>", encoding="utf-8")
    (folder / "tables" / "tableau-1.csv").unlink()
    (folder / "tables" / "tableau-2.csv").touch()
    verdict = verify(small_project, folder)
    assert not verdict.intact
    assert (verdict.changed, verdict.missing, verdict.added) == (
        ["report.html"], ["tables/tableau-1.csv"], ["tables/tableau-2.csv"],
    )  # fmt: skip


def test_manifest_that_hides_a_file_is_noticed(small_project: Project, folder: Path) -> None:
    tree = json.loads((folder / FILE).read_text(encoding="utf-8"))
    del tree["outputs"]["report.html"]
    (folder / FILE).write_text(json.dumps(tree), encoding="utf-8")
    assert verify(small_project, folder).added == ["report.html"]


def test_drift_leaves_the_report_intact(small_project: Project, folder: Path) -> None:
    (small_project.studies / "essai" / "codebook.yml").write_text("sources: {}\n", encoding="utf-8")
    verdict = verify(small_project, folder)
    assert verdict.intact
    assert verdict.drifted == ["codebook"]


def test_report_whose_parameters_are_gone_is_told(small_project: Project, folder: Path) -> None:
    tree = json.loads((folder / FILE).read_text(encoding="utf-8"))
    tree["parameters"]["gone"] = 1
    (folder / FILE).write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(EtabliError, match="gone"):
        verify(small_project, folder)


def test_git_state_outside_git_is_unknown(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(small_project.root.parent))
    assert git_state(small_project) == (None, None)


def test_git_state_without_git_is_unknown(small_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_state(small_project) == (None, None)


def test_git_state_tells_commit_and_changes(empty_project: Project) -> None:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *words]
        return subprocess.run(
            command, cwd=empty_project.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    (empty_project.root / "a.txt").touch()
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "x", "--no-verify")
    assert git_state(empty_project) == (git("rev-parse", "HEAD"), False)
    (empty_project.root / "b.txt").touch()
    assert git_state(empty_project)[1] is True


def test_versions_name_python_and_the_main_packages() -> None:
    found = versions()
    assert list(found) == ["python", *PACKAGES]
    assert found["pandas"].startswith("3.")


def test_moment_is_written_to_the_second() -> None:
    assert now_utc(datetime(2024, 10, 1, 12, 0, 0, 999, tzinfo=UTC)) == "2024-10-01T12:00:00+00:00"
