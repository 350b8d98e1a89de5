"""A report printed by a browser that is only played: what is kept, what is refused. The real one: tests/browser."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from etabli.cli import app
from etabli.errors import GateError, ReleaseError, RunError
from etabli.project import Project
from etabli.publish import printing
from etabli.publish.printing import print_report
from etabli.publish.release import candidate
from etabli.runs.code import ROOTS, closure
from etabli.runs.manifest import hash_outputs, read_manifest
from etabli.terminal import run

FUNDERS = "essai/2024_funder"
PDF = (
    "%PDF-1.4\n%\xd3\xeb\xe9\xe1\n1 0 obj\n<</Creator (Mozilla/5.0 \\(X11; Linux\\))"
    "\n/CreationDate (D:20010101000000+00'00')\n/ModDate (D:20010101000000+00'00')>>\nendobj\nstartxref\n0\n%%EOF\n"
).encode("latin-1")

Browser = Callable[[str], None]


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Put a script in the place of Chromium: `$out` is where it should print, `$page` what."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def play(script: str) -> None:
        path = folder / "chromium"
        path.write_text(
            "#!/bin/sh\n"
            'for each in "$@"; do page="$each"; case "$each" in --print-to-pdf=*) out="${each#*=}";; esac; done\n'
            'page="${page#file://}"\n' + script,
            encoding="utf-8",
        )
        path.chmod(0o700)

    (tmp_path / "printed").write_bytes(PDF)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    play(f'cp "{tmp_path / "printed"}" "$out"')
    return play


def place(project: Project) -> Path:
    return project.reports / FUNDERS


def files(project: Project) -> set[str]:
    return {each.relative_to(place(project)).as_posix() for each in place(project).rglob("*") if each.is_file()}


def test_pdf_lies_beside_its_report_and_outside_its_fingerprint(
    rendered: Project, browser: Browser, capsys: Any
) -> None:
    before, had = hash_outputs(place(rendered)), files(rendered)
    assert run(app, ["pdf", FUNDERS, "essai/2024_internal"]) == 0
    assert f"PDF : reports/{FUNDERS}/report.pdf" in capsys.readouterr().out
    assert hash_outputs(place(rendered)) == before
    assert files(rendered) == {*had, "report.pdf"}
    manifest = read_manifest(place(rendered), shown="x")
    assert manifest.outputs == before
    assert manifest.derived == {"report.pdf": sha256((place(rendered) / "report.pdf").read_bytes()).hexdigest()}
    assert run(app, ["verify", FUNDERS]) == 0


def test_pdf_tells_neither_when_nor_on_which_system_it_was_printed(rendered: Project, browser: Browser) -> None:
    content = print_report(rendered, place(rendered)).read_bytes()
    made = read_manifest(place(rendered), shown="x").started
    stamp = "".join(c for c in made[:19] if c.isdigit()).encode()
    assert content.count(b"(D:" + stamp) == 2
    assert b"/Creator (etabli) " in content
    assert len(content) == len(PDF)
    assert print_report(rendered, place(rendered)).read_bytes() == content


def test_page_is_printed_alone_without_scripts_or_ways_to_files(
    rendered: Project, browser: Browser, tmp_path: Path
) -> None:
    browser(f'cp "$page" "{tmp_path}/seen.html"; pwd > "{tmp_path}/where"; env > "{tmp_path}/env"; exit 3')
    with pytest.raises(RunError, match="n’a pas imprimé") as caught:
        print_report(rendered, place(rendered))
    assert caught.value.got == "le statut 3"
    seen = (tmp_path / "seen.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in seen
    assert 'href="tableaux.xlsx"' not in seen
    assert "tous les tableaux en un classeur" in seen
    assert str(rendered.root) not in (tmp_path / "where").read_text(encoding="utf-8")
    assert str(rendered.root) not in (tmp_path / "env").read_text(encoding="utf-8")


def test_browser_that_hangs_is_ended_with_its_children(rendered: Project, browser: Browser, tmp_path: Path) -> None:
    browser(f'(sleep 30; touch "{tmp_path}/late") & echo $! > "{tmp_path}/child"; wait')
    before = time.monotonic()
    with pytest.raises(RunError, match="n’a pas imprimé") as caught:
        print_report(rendered, place(rendered), seconds=0.5)
    assert time.monotonic() - before < 10
    assert caught.value.got == "rien au bout de 0 secondes"
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    assert not alive(child)
    assert "report.pdf" not in files(rendered)


def alive(pid: int) -> bool:
    import psutil

    for _ in range(50):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return False
        time.sleep(0.02)
    return True


def test_pdf_that_holds_more_is_not_kept(rendered: Project, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "printed").write_bytes(PDF.replace(b"/ModDate", b"/Author (Zyxw)\n/ModDate"))
    had = files(rendered)
    with pytest.raises(GateError, match="quitter la maison"):
        print_report(rendered, place(rendered))
    assert files(rendered) == had
    assert read_manifest(place(rendered), shown="x").derived == {}


def test_missing_browser_is_told(rendered: Project, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(printing, "BROWSERS", ("no-such-browser",))
    monkeypatch.setattr(printing, "_OF_MACOS", ())
    assert run(app, ["pdf", FUNDERS]) == 1
    told = capsys.readouterr().err
    assert "Chromium n’est pas installé" in told
    assert "make browser" in told


def test_report_that_changed_is_not_printed(rendered: Project, browser: Browser) -> None:
    with (place(rendered) / "report.html").open("a", encoding="utf-8") as page:
        page.write("<p>de plus</p>")
    with pytest.raises(RunError, match="modifié depuis"):
        print_report(rendered, place(rendered))


def published(project: Project, to: Path) -> set[str]:
    assert run(app, ["publish", "--to", "caf", str(to)]) == 0
    return {each.relative_to(to).as_posix() for each in to.rglob("*") if each.is_file()}


def test_pdf_is_released_and_published_with_its_report(rendered: Project, browser: Browser, tmp_path: Path) -> None:
    print_report(rendered, place(rendered))
    assert run(app, ["release", FUNDERS, "--to", "caf", "--relu-par", "Une collègue"]) == 0
    assert f"{FUNDERS}/report.pdf" in published(rendered, tmp_path / "caf")


def test_pdf_printed_after_the_release_is_published_too(rendered: Project, browser: Browser, tmp_path: Path) -> None:
    assert run(app, ["release", FUNDERS, "--to", "caf", "--relu-par", "Une collègue"]) == 0
    assert f"{FUNDERS}/report.pdf" not in published(rendered, tmp_path / "caf")
    print_report(rendered, place(rendered))
    assert f"{FUNDERS}/report.pdf" in published(rendered, tmp_path / "caf")


def test_pdf_of_another_report_is_neither_published_nor_intact(
    rendered: Project, browser: Browser, tmp_path: Path, capsys: Any
) -> None:
    assert run(app, ["release", FUNDERS, "--to", "caf", "--relu-par", "Une collègue"]) == 0
    (place(rendered) / "report.pdf").write_bytes(PDF)
    assert f"{FUNDERS}/report.pdf" not in published(rendered, tmp_path / "caf")
    assert "report.pdf" in capsys.readouterr().err
    assert run(app, ["verify", FUNDERS]) == 1
    assert "ajouté : report.pdf" in capsys.readouterr().err


def test_pdf_goes_when_its_report_is_made_again(rendered: Project, browser: Browser) -> None:
    print_report(rendered, place(rendered))
    assert run(app, ["run", "essai", "--audience", "funder"]) == 0
    assert "report.pdf" not in files(rendered)
    assert read_manifest(place(rendered), shown="x").derived == {}


def test_pdf_that_may_not_leave_holds_its_report_back(rendered: Project, browser: Browser) -> None:
    print_report(rendered, place(rendered))
    (place(rendered) / "report.pdf").write_bytes(PDF.replace(b"/ModDate", b"/Author (Zyxw)\n/ModDate"))
    with pytest.raises(GateError) as caught:
        candidate(rendered, place(rendered), "caf")
    assert caught.value.where == "report.pdf"


def test_no_run_depends_on_what_is_made_of_its_report_afterwards() -> None:
    reached = closure(ROOTS)
    assert "etabli.disclosure.workbook" in reached
    assert not {
        "etabli.disclosure.printed",
        "etabli.disclosure.editable",
        "etabli.publish.printing",
        "etabli.publish.excerpts",
    } & set(reached)


def test_changed_report_with_its_pdf_is_still_refused(rendered: Project, browser: Browser) -> None:
    print_report(rendered, place(rendered))
    manifest = json.loads((place(rendered) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["derived"]
    (place(rendered) / "results.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ReleaseError, match="modifié"):
        candidate(rendered, place(rendered), "caf")
