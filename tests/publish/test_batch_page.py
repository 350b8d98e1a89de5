from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from etabli.errors import RunError
from etabli.project import Project
from etabli.publish.batch_page import Bar, bars, write_batch_page
from etabli.runs.journal import Account, Asked, Ended

START = datetime(2026, 11, 25, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def account(*spans: tuple[str, float, float], failed: tuple[str, ...] = (), left: int = 0, current: int = 0) -> Account:
    """An account of runs from when to when, in seconds."""
    ended = {
        run: Ended(
            run, "failed" if run in failed else "done", at(end).isoformat(), seconds=end - start, cpu_seconds=1.0,
            peak_bytes=250_000_000, taken=3, slowest="cellule 4 (« x »), 2 s",
            error={"message": "Une cellule <a échoué>.", "où": "cellule 2"} if run in failed else {},
        )
        for run, start, end in spans
    }  # fmt: skip
    asked = tuple(Asked(*run.split("/"), {}) for run, _, _ in spans) + (Asked("essai", "left", {}),) * left
    begun = {run: at(start) for run, start, _ in spans}
    return Account("2026-11-25T12h00m00", START, asked, current, begun, ended, True)


def page(project: Project, told: Account) -> str:
    project.reports.mkdir(exist_ok=True)
    path = write_batch_page(project, told)
    assert path.name == "batch-2026-11-25T12h00m00.html"
    return path.read_text(encoding="utf-8").replace("\xa0", " ").replace("\u202f", " ")


def test_runs_take_as_few_lanes_as_they_need() -> None:
    found = bars(account(("e/a", 0, 10), ("e/b", 1, 4), ("e/c", 4, 6), ("e/d", 5, 7), ("e/e", 10, 12), failed=("e/d",)))
    assert found == [
        Bar("e/a", 0, 10, 0, failed=False),
        Bar("e/b", 1, 4, 1, failed=False),
        Bar("e/c", 4, 6, 1, failed=False),
        Bar("e/d", 5, 7, 2, failed=True),
        Bar("e/e", 10, 12, 0, failed=False),
    ]


def test_run_that_a_kill_left_without_its_beginning_has_no_bar() -> None:
    told = account(("e/a", 0, 10))
    assert bars(Account(told.batch, START, told.asked, 0, {}, told.ended, is_closed=True)) == []


def test_page_sums_up_draws_and_lists_the_runs(empty_project: Project) -> None:
    html = page(empty_project, account(("e/a", 0, 90), ("e/b", 1, 31), failed=("e/b",), left=2, current=5))
    assert "1 rapport écrit, 1 échec, 2 passages n’ont pas été faits, 5 rapports étaient à jour." in html
    assert "Durée : 1 min 30 s, jusqu’à 2 à la fois ; calcul : 2 s. Le plus grand noyau a tenu 250 Mo." in html
    assert len(re.findall(r"<rect ", html)) == 2
    assert "e/b, 30 s, échec</title>" in html
    assert "Échec : Une cellule &lt;a échoué&gt; ; cellule 2" in html
    assert html.index('<th scope="row">e/b') < html.index('<th scope="row">e/a')  # failures first
    assert "ne pas diffuser" in html


def test_report_that_stands_is_linked(empty_project: Project) -> None:
    folder = empty_project.reports / "e" / "a"
    folder.mkdir(parents=True)
    (folder / "report.html").touch()
    html = page(empty_project, account(("e/a", 0, 9), ("e/b", 0, 8)))
    assert re.findall(r'href="([^"]+)"', html) == ["e/a/report.html", "index.html"]


def test_page_of_nothing_has_no_picture(empty_project: Project) -> None:
    html = page(empty_project, account(left=1))
    assert "<svg" not in html
    assert "0 rapport écrit, 0 échec, 1 passage n’a pas été fait." in html


def test_page_is_whole_and_fetches_nothing(empty_project: Project) -> None:
    class Tags(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    html = page(empty_project, account(("e/a", 0, 90), ("e/b", 1, 31), failed=("e/b",)))
    parser = Tags()
    parser.open = []
    parser.feed(html)
    assert parser.open == []
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)


def test_what_the_disk_refuses_is_told(empty_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RunError, match="page du lot"):
        page(empty_project, account())
    assert list(empty_project.reports.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_page_is_its_owner_s_alone(empty_project: Project) -> None:
    before = os.umask(0)
    try:
        page(empty_project, account())
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in empty_project.reports.iterdir()] == [0o600]


def test_page_of_a_former_journal_quotes_nobody(empty_project: Project) -> None:
    told = account(("e/a", 0, 9))
    failed = Ended("e/a", "failed", at(9).isoformat(), error={"message": "raté", "reçu": "appeler le 06 12 34 56 78"})
    html = page(empty_project, replace(told, ended={"e/a": failed}))
    assert "06 ••" in html
    assert "34" not in html.split("Échec")[1]
