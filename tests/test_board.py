from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from etabli.board import Board
from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.batch import Outcome
from etabli.runs.manifest import FILE, Verdict
from etabli.study import PlannedRun, Study

PLAN = PlannedRun("essai", (("edition", "2024"), ("audience", "internal")), "2024_internal")


class Paper(Board):
    """A board that can be read back; `live` as in a terminal."""

    @classmethod
    def blank(cls, *, live: bool = False) -> Paper:
        def console() -> Console:
            return Console(
                file=StringIO(), force_terminal=live, width=200, highlight=False, soft_wrap=True, color_system=None
            )

        return cls(console(), console())

    @property
    def said(self) -> str:
        assert isinstance(self.console.file, StringIO)
        return self.console.file.getvalue().replace("\xa0", " ").replace("\u202f", " ")

    @property
    def warned(self) -> str:
        assert isinstance(self.errors.file, StringIO)
        return self.errors.file.getvalue().replace("\xa0", " ").replace("\u202f", " ")


@pytest.fixture
def paper() -> Paper:
    return Paper.blank()


def test_text_with_brackets_stays_as_it_is(paper: Paper) -> None:
    paper.say("[red]a[/red] [2024]")
    paper.warn("[b]")
    assert paper.said == "[red]a[/red] [2024]\n"
    assert paper.warned == "✗ [b]\n"


def test_run_that_ends_well_is_one_line(paper: Paper) -> None:
    with paper.watching():
        paper.started(PLAN, 1, 3)
        paper.on_cell(4)
        paper.ended(Outcome(PLAN, Path("x"), None, 2.0))
    assert paper.said == "[1/3] ✓ essai/2024_internal — 2 s\n"
    assert paper.warned == ""


def test_run_that_fails_goes_to_the_errors(paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    paper.started(PLAN, 2, 3)
    paper.ended(Outcome(PLAN, None, RunError("Une cellule a échoué.", where="cellule 3"), 75.0))
    assert paper.said == ""
    assert paper.warned.startswith("[2/3] ✗ essai/2024_internal — 1 min 15 s\n")
    told = paper.warned + capsys.readouterr().err
    assert "Une cellule a échoué." in told
    assert "cellule 3" in told


def test_terminal_shows_the_cell_under_way() -> None:
    paper = Paper.blank(live=True)
    with paper.watching():
        paper.started(PLAN, 1, 1)
        paper.on_cell(2)
        assert paper._status is not None
        assert paper._status.status == "[1/1] essai/2024_internal — cellule 3"
    paper.on_cell(3)  # nothing is shown any more, and nothing fails
    assert "cellule 4" not in paper.said


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        (2, 0, "2 rapports écrits."),
        (1, 1, "1 rapport écrit, 1 échec."),
        (0, 2, "0 rapport écrit, 2 échecs."),
        (1, 0, "1 rapport écrit."),
    ],
)
def test_batch_is_summed_up(good: int, bad: int, expected: str, paper: Paper) -> None:
    outcomes = [Outcome(PLAN, Path("x"), None, 1.0)] * good + [Outcome(PLAN, None, RunError("x"), 1.0)] * bad
    paper.sum_up(outcomes)
    assert paper.said.splitlines()[0] == expected
    assert ("Rapport :" in paper.said) is (good == 1 and bad == 0)


def test_dry_run_says_what_would_be_made(small_project: Project, small_study: Study, paper: Paper) -> None:
    done = small_project.reports / "essai" / "2024_internal"
    done.mkdir(parents=True)
    (done / FILE).touch()
    paper.announce(small_project, small_study.planned_runs())
    assert paper.said.splitlines() == [
        "essai/2024_internal (existe : serait refait)",
        "essai/2024_funder (à faire)",
        "2 passages, rien n’a été fait.",
    ]


def test_list_shows_runs_and_reports(small_project: Project, small_study: Study, paper: Paper) -> None:
    done = small_project.reports / "essai" / "2024_funder"
    done.mkdir(parents=True)
    (done / FILE).touch()
    paper.list_runs(small_project, [small_study])
    lines = [line.split() for line in paper.said.splitlines() if line.strip()]
    assert lines == [
        ["essai", "—", "Une", "étude", "d’essai"],
        ["2024_internal", "par", "défaut"],
        ["2024_funder", "par", "défaut", "rapport", "fait"],
    ]


def test_intact_report_is_said(paper: Paper) -> None:
    paper.tell_verdict(Verdict([], [], [], []))
    assert paper.said.startswith("Intact")
    assert "exactement des mêmes choses" in paper.said
    assert paper.warned == ""


def test_changed_report_is_told_file_by_file(paper: Paper) -> None:
    paper.tell_verdict(Verdict(["a"], ["b"], ["c"], ["codebook"]))
    assert paper.warned.splitlines() == ["✗ modifié : a", "✗ manquant : b", "✗ ajouté : c"]
    assert "Intact" not in paper.said
    assert "  a changé : codebook" in paper.said
