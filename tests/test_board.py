from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from etabli.board import Board
from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.forecast import Forecast
from etabli.runs.journal import Account, Asked, Ended
from etabli.runs.manifest import FILE, Manifest, Verdict
from etabli.runs.outcome import Outcome
from etabli.runs.standing import Standing
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


def test_what_is_shown_gives_no_order_to_the_terminal(paper: Paper) -> None:
    paper.say("a\x1b[31mb\x07")
    paper.warn("\x1b]0;titre\x07c")
    paper.table(["d"], [["e\x1b[2J"]])
    assert "".join(paper.said.split()) == "abde"
    assert paper.warned == "✗ c\n"


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


MANIFEST = Manifest("essai", "", "", {}, "", "draft", {}, [], None, None, {}, "", 90.0, {}, {})


def stands(name: str, manifest: Manifest | None = MANIFEST, **found: tuple[str, ...]) -> Standing:
    return Standing(PlannedRun("essai", PLAN.settled, name), Path("nowhere"), manifest, **found)


def test_dry_run_says_what_would_be_made_why_and_what_it_takes(paper: Paper) -> None:
    standings = [
        stands("a", None),
        stands("b"),
        stands("c", drifted=("codebook", "source/x")),
        stands("d", drifted=("lib/etabli.a", "lib/etabli.b", "lib/etabli.c", "lib/etabli.d")),
        stands("e", missing=("report.html",)),
    ]
    todo = [each for each in standings if not each.is_current]
    paper.announce(standings, todo, Forecast((60.0, 60.0, 60.0, 60.0), 2_500_000, 1), workers=2)
    assert paper.said.splitlines() == [
        "essai/a (à faire)",
        "essai/b (à jour)",
        "essai/c (à refaire : le codebook, la source « x »)",
        "essai/d (à refaire : le code etabli.a, le code etabli.b et 2 autres)",
        "essai/e (à refaire : report.html manque)",
        "4 passages à faire, 1 à jour, rien n’a été fait.",
        "Prévision : 2 min 00 s avec 2 processus, 2,5 Mo de rapports ; "
        "1 passage jamais fait, estimé d’après les autres.",
    ]


def test_forced_dry_run_says_that_what_is_current_would_be_made(paper: Paper) -> None:
    paper.announce([stands("b")], [stands("b")], Forecast(None, None, 0), workers=1)
    assert paper.said.splitlines() == [
        "essai/b (à jour : serait refait)",
        "1 passage à faire, 0 à jour, rien n’a été fait.",
        "Durée et place inconnues : aucun passage semblable n’a encore été fait.",
    ]


def test_nothing_to_do_is_said(paper: Paper) -> None:
    paper.tell_nothing_to_do(1, only_failed=False)
    paper.tell_nothing_to_do(500, only_failed=False)
    paper.tell_nothing_to_do(3, only_failed=True)
    assert paper.said.splitlines() == [
        "Rien à refaire : 1 rapport est à jour.",
        "Rien à refaire : 500 rapports sont à jour.",
        "Aucun passage n’a échoué la dernière fois.",
    ]


def test_why_names_what_changed(paper: Paper) -> None:
    paper.explain(stands("c", drifted=("agreement/x", "lock"), missing=("report.html",)), None)
    assert paper.said.splitlines() == [
        "essai/c est à refaire :",
        "  a changé : la convention « x »",
        "  a changé : les versions des logiciels (requirements.lock)",
        "  manque : report.html",
    ]


def test_why_says_that_nothing_changed_or_that_there_is_no_report(paper: Paper) -> None:
    paper.explain(stands("b"), None)
    paper.explain(stands("a", None), None)
    assert paper.said.splitlines() == [
        "essai/b est à jour : rien de ce dont il dépend n’a changé.",
        "essai/a est à faire : son rapport n’existe pas.",
    ]


def test_why_tells_the_last_failure(paper: Paper) -> None:
    failure = Ended("essai/a", "failed", "2026-11-25T12:00:00+00:00", error={"message": "Raté.", "où": "cellule 2"})
    paper.explain(stands("a", None), failure)
    assert paper.said.splitlines()[:2] == ["essai/a a échoué la dernière fois : Raté.", "  où : cellule 2"]


def test_resumed_batch_says_what_is_left(paper: Paper) -> None:
    asked = tuple(Asked("essai", name, {}) for name in "abcd")
    ended = {"essai/a": Ended("essai/a", "done", "")}
    account = Account("2026-11-25T12h00m00", datetime(2026, 11, 25, tzinfo=UTC), asked, 0, {}, ended, False)
    paper.tell_resumed(account, made=1, todo=2)
    assert paper.said == "Reprise du lot 2026-11-25T12h00m00 : 2 passages finis sur 4, 2 à faire.\n"


def test_clutter_is_named_with_its_size(small_project: Project, paper: Paper) -> None:
    path = small_project.reports / "essai" / "2022_internal"
    paper.tell_clutter(small_project, [path], size=1_250_000, removed=False)
    paper.tell_clutter(small_project, [path], size=0, removed=True)
    assert paper.said.splitlines() == [
        "serait supprimé : reports/essai/2022_internal",
        "1 élément, 1,3 Mo.",
        "supprimé : reports/essai/2022_internal",
        "1 élément, 0,0 Mo.",
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
    assert "  a changé : le codebook" in paper.said
