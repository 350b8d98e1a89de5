from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.journal import Account, begin, journals, last_ends, read_journal, resume, unfinished
from etabli.runs.outcome import Outcome, Usage
from etabli.study import PlannedRun

PLANS = [PlannedRun("essai", (("edition", "2024"), ("audience", "internal")), name) for name in ("a", "b", "c")]
START = datetime(2026, 11, 25, 12, tzinfo=UTC)


def clock() -> Callable[[], datetime]:
    """A clock that goes on by a second at each look."""
    seconds = iter(range(10_000))
    return lambda: START + timedelta(seconds=next(seconds))


def done(plan: PlannedRun) -> Outcome:
    usage = Usage(1.5, 2**20, 0.75, "cellule 3, 1 s", taken=2, kept=1, worker="machine-1")
    return Outcome(plan, Path("x"), None, 2.0, 1, usage)


def read(project: Project) -> Account:
    account = read_journal(journals(project)[-1])
    assert account is not None
    return account


def test_journal_tells_what_was_asked_begun_and_ended(empty_project: Project) -> None:
    with begin(empty_project, PLANS, current=4, now=clock()) as journal:
        journal.started(PLANS[0], 1, 3, attempt=1)
        journal.ended(done(PLANS[0]))
        journal.started(PLANS[1], 2, 3, attempt=1)
        journal.ended(Outcome(PLANS[1], None, RunError("raté", where="cellule 2"), 1.0, 3))
        journal.started(PLANS[2], 3, 3, attempt=1)
    account = read(empty_project)
    assert [str(asked) for asked in account.asked] == ["essai/a", "essai/b", "essai/c"]
    assert account.asked[0].parameters == {"edition": "2024", "audience": "internal"}
    assert account.current == 4
    assert account.started == START + timedelta(seconds=1)  # the first look named the batch
    first, second = account.ended["essai/a"], account.ended["essai/b"]
    assert (first.status, first.seconds, first.cpu_seconds, first.peak_bytes) == ("done", 2.0, 1.5, 2**20)
    assert (first.cells, first.slowest, first.taken, first.kept) == (0.75, "cellule 3, 1 s", 2, 1)
    assert (second.status, second.attempts) == ("failed", 3)
    assert second.error == {"message": "raté", "où": "cellule 2"}
    assert account.failed == [second]
    assert set(account.begun) == {"essai/a", "essai/b", "essai/c"}
    assert not account.is_closed


def test_batch_that_reached_its_end_is_not_to_be_resumed(empty_project: Project) -> None:
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.close()
    assert read(empty_project).is_closed
    with pytest.raises(RunError, match="Aucun lot") as caught:
        unfinished(empty_project)
    assert caught.value.got is not None
    assert "terme" in caught.value.got


def test_without_any_batch_nothing_is_to_be_resumed(empty_project: Project) -> None:
    with pytest.raises(RunError, match="Aucun lot"):
        unfinished(empty_project)


def test_resumed_batch_goes_on_in_its_journal(empty_project: Project) -> None:
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.ended(done(PLANS[0]))
    with resume(empty_project, unfinished(empty_project), now=clock()) as journal:
        assert not read(empty_project).is_closed
        journal.found(PLANS[1])
        journal.ended(done(PLANS[2]))
        journal.close()
    account = read(empty_project)
    assert {run: ended.status for run, ended in account.ended.items()} == dict.fromkeys(
        ["essai/a", "essai/b", "essai/c"], "done"
    )
    assert account.is_closed
    assert len(journals(empty_project)) == 1


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_line_that_a_kill_cut_short_is_passed_over(cut: int, empty_project: Project) -> None:
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.ended(done(PLANS[0]))
        journal.ended(done(PLANS[1]))
    path = journals(empty_project)[-1]
    path.write_bytes(path.read_bytes()[:-cut])
    assert set(read(empty_project).ended) == {"essai/a"} if cut > 1 else {"essai/a", "essai/b"}
    with resume(empty_project, unfinished(empty_project), now=clock()) as journal:
        journal.ended(done(PLANS[2]))
    assert {"essai/a", "essai/c"} <= set(read(empty_project).ended)


def test_journal_killed_in_its_first_line_tells_nothing(empty_project: Project) -> None:
    with begin(empty_project, PLANS, current=0, now=clock()):
        pass
    path = journals(empty_project)[-1]
    path.write_bytes(path.read_bytes()[:40])
    assert read_journal(path) is None
    with pytest.raises(RunError, match="Aucun lot"):
        unfinished(empty_project)


def test_batch_under_way_is_not_resumed_by_another(empty_project: Project) -> None:
    with (
        begin(empty_project, PLANS, current=0, now=clock()),
        pytest.raises(RunError, match="en cours"),
        resume(empty_project, unfinished(empty_project), now=clock()),
    ):
        raise AssertionError
    with resume(empty_project, unfinished(empty_project), now=clock()):
        pass
    assert [path.suffix for path in empty_project.batches.iterdir()] == [".jsonl"]


def test_two_batches_of_one_second_have_two_names(empty_project: Project) -> None:
    for _ in range(2):
        with begin(empty_project, PLANS, current=0, now=clock()) as journal:
            journal.close()
    first, second = (path.stem for path in journals(empty_project))
    assert second == f"{first}-2"


def test_last_end_of_each_run_is_found_over_all_batches(empty_project: Project) -> None:
    for plans, ends in [
        (PLANS[:2], [done(PLANS[0]), Outcome(PLANS[1], None, RunError("raté"), 1.0)]),
        (PLANS[:1], [Outcome(PLANS[0], None, RunError("raté aussi"), 1.0)]),
    ]:
        with begin(empty_project, plans, current=0, now=clock()) as journal:
            for outcome in ends:
                journal.ended(outcome)
    ends = last_ends(empty_project)
    assert {run: ended.error.get("message") for run, ended in ends.items()} == {
        "essai/a": "raté aussi", "essai/b": "raté",
    }  # fmt: skip
