from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from etabli.errors import InfrastructureError, RunError
from etabli.runs.batch import Watchers, run_batch
from etabli.runs.outcome import Made, Outcome, Usage
from etabli.study import PlannedRun

PLANS = [PlannedRun("essai", (("edition", "2024"), ("audience", "internal")), name) for name in ("a", "b", "c")]


class Diary:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None:
        self.lines.append(f"{rank}/{of} {plan.name}" + (f" essai {attempt}" if attempt > 1 else ""))

    def ended(self, outcome: Outcome) -> None:
        self.lines.append(f"{outcome.plan.name} {'bien' if outcome.error is None else outcome.error.what}")


def make(plan: PlannedRun) -> Made:
    if plan.name == "b":
        raise RunError("raté")
    return Made(Path(plan.name), Usage(1.0, None, 0.5, ""))


def test_failure_is_told_and_the_others_go_on() -> None:
    diary = Diary()
    outcomes = run_batch(PLANS, make, diary)
    assert diary.lines == ["1/3 a", "a bien", "2/3 b", "b raté", "3/3 c", "c bien"]
    assert [outcome.report for outcome in outcomes] == [Path("a"), None, Path("c")]
    assert [type(outcome.error) for outcome in outcomes] == [type(None), RunError, type(None)]
    assert [outcome.usage is None for outcome in outcomes] == [False, True, False]
    assert all(outcome.seconds >= 0 for outcome in outcomes)


def test_failing_cell_is_never_tried_again() -> None:
    diary = Diary()
    run_batch(PLANS, make, diary, retries=5)
    assert [line for line in diary.lines if "/3 b" in line] == ["2/3 b"]


def test_plans_may_come_one_by_one() -> None:
    assert [outcome.plan for outcome in run_batch(iter(PLANS), make, Diary())] == PLANS


def test_batch_of_nothing_does_nothing() -> None:
    diary = Diary()
    assert run_batch([], make, diary) == []
    assert diary.lines == []


@pytest.mark.parametrize("fault", [ZeroDivisionError, KeyboardInterrupt])
def test_fault_of_the_workbench_is_let_through(fault: type[BaseException]) -> None:
    def fail(_: PlannedRun) -> Made:
        raise fault

    diary = Diary()
    with pytest.raises(fault):
        run_batch(PLANS, fail, diary)
    assert diary.lines == ["1/3 a"]


def losing(times: int) -> Callable[[PlannedRun], Made]:
    """Return what loses the run « a » so many times."""
    left = iter([True] * times)

    def make_report(plan: PlannedRun) -> Made:
        if plan.name == "a" and next(left, False):
            raise InfrastructureError("noyau mort", hint="mémoire ?")
        return make(plan)

    return make_report


@pytest.mark.parametrize(("losses", "is_made"), [(0, True), (1, True), (2, True), (3, False)])
def test_loss_is_tried_again_after_the_others_as_often_as_allowed(losses: int, is_made: bool) -> None:
    diary = Diary()
    outcomes = run_batch([PLANS[0], PLANS[2]], losing(losses), diary, retries=2)
    found = {outcome.plan.name: outcome for outcome in outcomes}
    assert (found["a"].error is None) is is_made
    assert found["a"].attempts == min(losses, 2) + 1
    assert found["c"].error is None
    if not is_made:
        assert found["a"].error is not None
        assert found["a"].error.hint == "perdu 3 fois de suite ; mémoire ?"
    if losses == 1:
        assert diary.lines == ["1/2 a", "2/2 c", "c bien", "1/2 a essai 2", "a bien"]


def test_loss_is_not_tried_again_when_that_is_not_asked_for() -> None:
    (outcome,) = run_batch(PLANS[:1], losing(1), Diary())
    assert isinstance(outcome.error, InfrastructureError)
    assert outcome.error.hint == "mémoire ?"


class Fragile:
    """Two workers that go down together when they are given a run of `fatal`, so many times."""

    size = 2

    def __init__(self, fatal: dict[str, int]) -> None:
        self.fatal, self.restarts = dict(fatal), 0
        self.under_way: list[Future[Any]] = []
        self.is_broken = self.is_slow_again = False

    def submit(self, make: Callable[..., Any], *arguments: Any) -> Future[Any]:
        if self.is_broken:
            raise BrokenProcessPool
        name, future = arguments[0].name, Future[Any]()
        self.under_way = [*(each for each in self.under_way if not each.done()), future]
        if self.fatal.get(name, 0) > 0:
            self.fatal[name] -= 1
            self.is_broken = True
            for each in self.under_way:
                each.set_exception(BrokenProcessPool())
        elif name != "slow" or self.is_slow_again:
            future.set_result(make(*arguments))
        else:  # under way until the workers go down
            self.is_slow_again = True
        return future

    def restart(self) -> None:
        self.is_broken = False
        self.restarts += 1


def plans(*names: str) -> list[PlannedRun]:
    return [PlannedRun("essai", PLANS[0].settled, name) for name in names]


def test_run_that_takes_its_workers_down_does_not_answer_for_the_others() -> None:
    pool, diary = Fragile({"deadly": 9}), Diary()
    found = {each.plan.name: each for each in run_batch(plans("slow", "deadly"), make, diary, pool=pool, retries=2)}
    assert found["slow"].error is None
    assert found["slow"].attempts == 1
    assert found["deadly"].error is not None
    assert "a disparu" in found["deadly"].error.what
    assert found["deadly"].attempts == 3
    assert pool.restarts == 4


def test_worker_lost_once_costs_nobody_their_report() -> None:
    pool = Fragile({"deadly": 1})
    outcomes = run_batch(plans("slow", "deadly", "late"), make, Diary(), pool=pool, retries=0)
    assert sorted(outcome.plan.name for outcome in outcomes) == ["deadly", "late", "slow"]
    assert all(outcome.error is None for outcome in outcomes)
    assert pool.restarts == 1


def test_workers_that_are_gone_before_a_run_begins_are_replaced() -> None:
    pool = Fragile({})
    pool.is_broken = True
    (outcome,) = run_batch(plans("late"), make, Diary(), pool=pool)
    assert outcome.error is None
    assert pool.restarts == 1


def test_several_are_under_way_and_never_more_than_there_are_workers() -> None:
    most, now = 0, 0

    class Counting(Diary):
        def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None:
            nonlocal most, now
            now += 1
            most = max(most, now)

        def ended(self, outcome: Outcome) -> None:
            nonlocal now
            now -= 1

    class Threads:
        size = 3

        def __init__(self) -> None:
            self.executor = ThreadPoolExecutor(3)

        def submit(self, make: Callable[..., Any], *arguments: Any) -> Future[Any]:
            return self.executor.submit(make, *arguments)

        def restart(self) -> None:
            raise AssertionError

    many = plans(*(f"r{n}" for n in range(20)))
    pool = Threads()
    outcomes = run_batch(many, make, Counting(), pool=pool)
    pool.executor.shutdown()
    assert sorted(outcome.plan.name for outcome in outcomes) == sorted(plan.name for plan in many)
    assert most == 3


def test_watchers_are_told_in_order() -> None:
    first, second = Diary(), Diary()
    run_batch(PLANS, make, Watchers((first, second)))
    assert first.lines == second.lines != []
