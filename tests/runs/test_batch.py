from __future__ import annotations

from pathlib import Path

import pytest

from etabli.errors import RunError
from etabli.runs.batch import Outcome, run_batch
from etabli.study import PlannedRun

PLANS = [PlannedRun("essai", (("edition", "2024"), ("audience", "internal")), name) for name in ("a", "b", "c")]


class Diary:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, plan: PlannedRun, rank: int, of: int) -> None:
        self.lines.append(f"{rank}/{of} {plan.name}")

    def ended(self, outcome: Outcome) -> None:
        self.lines.append(f"{outcome.plan.name} {'bien' if outcome.error is None else outcome.error.what}")


def make(plan: PlannedRun) -> Path:
    if plan.name == "b":
        raise RunError("raté")
    return Path(plan.name)


def test_failure_is_told_and_the_others_go_on() -> None:
    diary = Diary()
    outcomes = run_batch(PLANS, make, diary)
    assert diary.lines == ["1/3 a", "a bien", "2/3 b", "b raté", "3/3 c", "c bien"]
    assert [outcome.report for outcome in outcomes] == [Path("a"), None, Path("c")]
    assert [type(outcome.error) for outcome in outcomes] == [type(None), RunError, type(None)]
    assert all(outcome.seconds >= 0 for outcome in outcomes)


def test_plans_may_come_one_by_one() -> None:
    assert [outcome.plan for outcome in run_batch(iter(PLANS), make, Diary())] == PLANS


def test_batch_of_nothing_does_nothing() -> None:
    diary = Diary()
    assert run_batch([], make, diary) == []
    assert diary.lines == []


@pytest.mark.parametrize("fault", [ZeroDivisionError, KeyboardInterrupt])
def test_fault_of_the_workbench_is_let_through(fault: type[BaseException]) -> None:
    def fail(_: PlannedRun) -> Path:
        raise fault

    diary = Diary()
    with pytest.raises(fault):
        run_batch(PLANS, fail, diary)
    assert diary.lines == ["1/3 a"]
