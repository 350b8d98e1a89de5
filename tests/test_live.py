from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from etabli.errors import RunError
from etabli.live import LiveView, memory_held
from etabli.runs.outcome import Outcome
from etabli.study import PlannedRun


def plan(name: str) -> PlannedRun:
    return PlannedRun("essai", (("edition", "2024"), ("audience", "internal")), name)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def view(*, live: bool = False, **settings: object) -> LiveView:
    def console() -> Console:
        return Console(
            file=StringIO(), force_terminal=live, width=200, highlight=False, soft_wrap=True, color_system=None
        )

    return LiveView(console(), console(), clock=Clock(), **settings)  # type: ignore[arg-type]


def read(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().replace("\xa0", " ").replace("\u202f", " ")


def board(shown: LiveView) -> str:
    page = Console(file=StringIO(), width=200, color_system=None)
    page.print(shown.render())
    return read(page)


def test_without_terminal_each_run_is_one_line() -> None:
    shown = view()
    with shown.watching():
        shown.started(plan("a"), 1, 3, attempt=1)
        shown.on_cell(4)
        shown.ended(Outcome(plan("a"), Path("x"), None, 2.0))
    assert read(shown.console) == "[1/3] ✓ essai/a — 2 s\n"
    assert read(shown.errors) == ""


def test_failure_goes_to_the_errors_with_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    shown = view()
    shown.started(plan("a"), 2, 3, attempt=1)
    shown.ended(Outcome(plan("a"), None, RunError("Une cellule a échoué.", where="cellule 3"), 75.0))
    assert read(shown.console) == ""
    assert read(shown.errors).startswith("[2/3] ✗ essai/a — 1 min 15 s\n")
    told = read(shown.errors) + capsys.readouterr().err
    assert "Une cellule a échoué." in told
    assert "cellule 3" in told


def test_run_that_is_tried_again_is_said() -> None:
    shown = view()
    shown.started(plan("a"), 2, 3, attempt=2)
    assert read(shown.console) == "[2/3] ↻ essai/a — essai 2\n"


def test_each_of_several_runs_keeps_its_rank() -> None:
    shown = view()
    for rank, name in enumerate("abc", start=1):
        shown.started(plan(name), rank, 3, attempt=1)
    for name in "bca":
        shown.ended(Outcome(plan(name), Path("x"), None, 1.0))
    assert [line[:5] for line in read(shown.console).splitlines()] == ["[2/3]", "[3/3]", "[1/3]"]


def test_board_tells_done_running_failed_time_memory_and_the_slowest(capsys: pytest.CaptureFixture[str]) -> None:
    shown = view(workers=2, memory=lambda: 3 * 2**30)
    for rank, (name, seconds) in enumerate([("a", 5.0), ("b", 40.0), ("c", 10.0), ("d", 5.0)], start=1):
        shown.started(plan(name), rank, 8, attempt=1)
        error = RunError("raté") if name == "c" else None
        shown.ended(Outcome(plan(name), None if error else Path("x"), error, seconds))
    shown.started(plan("e"), 5, 8, attempt=1)
    shown.clock.now = 5.0  # type: ignore[attr-defined]
    text = board(shown)
    assert "3 faits · 1 en cours · 1 échec · encore 28 s environ · 3,0 Go de mémoire" in text  # (3 × 15 + 15 − 5) / 2
    assert "▶  essai/e  5 s" in text
    assert "Les plus longs : essai/b (40 s), essai/c (10 s), essai/a (5 s)" in text


def test_time_left_follows_what_was_expected_and_how_it_goes() -> None:
    shown = view(expected={"essai/a": 10.0, "essai/b": 30.0, "essai/c": 20.0})
    assert shown.left() == 60.0
    shown.started(plan("a"), 1, 3, attempt=1)
    shown.ended(Outcome(plan("a"), Path("x"), None, 20.0))  # twice as slow as expected
    shown.started(plan("b"), 2, 3, attempt=1)
    shown.clock.now = 15.0  # type: ignore[attr-defined]
    assert shown.left() == 2 * 20 + (2 * 30 - 15)
    shown.clock.now = 1000.0  # type: ignore[attr-defined]
    assert shown.left() == 2 * 20  # late already: never less than nothing


def test_time_left_is_unknown_before_anything_is() -> None:
    shown = view()
    shown.started(plan("a"), 1, 3, attempt=1)
    assert shown.left() is None
    assert "encore" not in board(shown)


def test_terminal_shows_the_cell_of_the_one_run_under_way() -> None:
    shown = view(live=True)
    with shown.watching():
        shown.started(plan("a"), 1, 1, attempt=1)
        shown.on_cell(2)
        assert "cellule 3" in board(shown)
        shown.ended(Outcome(plan("a"), Path("x"), None, 2.0))
    assert "✓ essai/a" in read(shown.console)


def test_name_with_brackets_stays_as_it_is() -> None:
    shown = view()
    shown.started(plan("[red]a"), 1, 1, attempt=1)
    assert "[red]a" in board(shown)


def test_memory_of_this_process_is_counted() -> None:
    assert memory_held() > 10 << 20
