from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import RawIOBase
from pathlib import Path

import pytest

from etabli.errors import RunError
from etabli.project import Project
from etabli.runs import journal as journal_of
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


# Lines that this version did not write ----------------------------------------------------------------

AT = "2026-11-25T12:00:05.000+00:00"


def add(project: Project, *lines: str) -> None:
    with journals(project)[-1].open("a", encoding="utf-8", newline="\n") as out:
        out.write("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    "line",
    [
        f'{{"event": "ended", "at": "{AT}", "run": "essai/b", "status": "done", "new": 1}}',
        f'{{"event": "ended", "at": "{AT}", "run": "essai/b", "status": "lost"}}',
        f'{{"event": "ended", "at": "{AT}", "run": "essai/b", "status": "done", "seconds": 1e999}}',
        f'{{"event": "ended", "at": "{AT}", "run": "essai/b", "status": "done", "seconds": -1}}',
        f'{{"event": "ended", "at": "{AT}", "run": "essai/b", "status": "done", "peak_bytes": {10**400}}}',
        f'{{"event": "ended", "at": "{AT}", "run": "essai/b", "status": "failed", "error": {{"message": 3}}}}',
        f'{{"event": "ended", "at": "{AT}", "run": 3, "status": "done"}}',
        f'{{"event": "ended", "at": "{AT}", "status": "done"}}',
        '{"event": "ended", "at": "hier", "run": "essai/b", "status": "done"}',
        '{"event": "ended", "at": "2026-11-25T12:00:00", "run": "essai/b", "status": "done"}',
        '{"event": "ended"}',
        '{"event": "begun", "at": "hier", "run": "essai/b", "rank": 1, "of": 1, "attempt": 1}',
        f'{{"event": "begun", "at": "{AT}"}}',
        f'{{"event": "opened", "at": "{AT}"}}',
        f'{{"event": "opened", "at": "{AT}", "batch": "x", "current": 0, "runs": [3]}}',
        '{"event": ["ended"]}',
        "[" * 100_000,
        "3",
    ],
)
def test_line_of_another_form_is_passed_over(line: str, empty_project: Project) -> None:
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.ended(done(PLANS[0]))
    add(empty_project, line)
    account = read(empty_project)
    assert (set(account.ended), set(account.begun), len(account.asked)) == ({"essai/a"}, set(), 3)
    assert set(last_ends(empty_project)) == {"essai/a"}
    assert unfinished(empty_project).batch == account.batch


@pytest.mark.parametrize("head", ['{"event": "opened", "at": "x"}', "[" * 100_000, "\x00", "{}", "3"])
def test_journal_without_a_head_tells_nothing(head: str, empty_project: Project) -> None:
    empty_project.batches.mkdir(parents=True)
    (empty_project.batches / "2026-01-01T00h00m00.jsonl").write_text(head, encoding="utf-8")
    assert read_journal(journals(empty_project)[-1]) is None
    assert last_ends(empty_project) == {}


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0c", "\x1c"])
def test_message_with_another_end_of_line_is_kept(separator: str, empty_project: Project) -> None:
    message = f"avant{separator}après"
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.ended(Outcome(PLANS[0], None, RunError(message), 1.0))
    assert last_ends(empty_project)["essai/a"].error == {"message": message}


# Whose they are ---------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_journal_is_its_owner_s_alone(empty_project: Project) -> None:
    before = os.umask(0)
    try:
        with begin(empty_project, PLANS, current=0, now=clock()):
            path = journals(empty_project)[-1]
            assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)  # as former versions wrote it
        with resume(empty_project, unfinished(empty_project), now=clock()):
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_journal_of_another_user_is_passed_over(empty_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.ended(done(PLANS[0]))

    def denied(self: Path, *_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    monkeypatch.setattr(Path, "read_text", denied)
    assert read_journal(journals(empty_project)[-1]) is None
    assert last_ends(empty_project) == {}


def test_journal_does_not_quote_a_person(empty_project: Project) -> None:
    error = RunError("Une cellule a échoué.", where="cellule 3", got="KeyError : 2 85 05 78 006 084 41 de Mme Durand")
    usage = Usage(1.5, None, 0.75, "cellule 3 (« x = '06 12 34 56 78' »), 1 s")
    with begin(empty_project, PLANS, current=0, now=clock()) as journal:
        journal.ended(Outcome(PLANS[0], None, error, 1.0, 1, usage))
    text = journals(empty_project)[-1].read_text(encoding="utf-8")
    assert "85 05 78" not in text
    assert "Durand" not in text
    assert "34 56" not in text
    told = last_ends(empty_project)["essai/a"].error
    assert (told["message"], told["où"]) == ("Une cellule a échoué.", "cellule 3")
    assert told["reçu"].startswith("KeyError : 2 ••")


# Order ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="tzset")
def test_batch_of_the_hour_that_comes_twice_is_the_last(
    empty_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    try:
        first, second = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
        with begin(empty_project, PLANS, current=0, now=lambda: first) as journal:  # 2:50, summer's
            journal.close()
        with begin(empty_project, PLANS, current=0, now=lambda: second):  # 2:10, winter's; killed
            pass
        names = [path.stem for path in journals(empty_project)]
        assert names == ["2026-10-25T02h50m00", "2026-10-25T02h10m00"]
        assert unfinished(empty_project).started == second
    finally:
        monkeypatch.undo()
        time.tzset()


def test_batches_that_begin_together_have_two_names(empty_project: Project) -> None:
    with (
        begin(empty_project, PLANS, current=0, now=clock()) as first,
        begin(empty_project, PLANS, current=0, now=clock()) as second,
    ):
        assert second.batch == f"{first.batch}-2"


# Disk -------------------------------------------------------------------------------------------------


class FullDisk(RawIOBase):
    """Takes so many bytes, and no more."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, b""

    def write(self, data: object) -> int:
        taken = bytes(data)[: self.room]  # type: ignore[call-overload]  # bytes
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


def test_disk_that_is_full_is_told(empty_project: Project) -> None:
    out = FullDisk(10)
    journal = journal_of.Journal(empty_project, "x", out, clock())
    with pytest.raises(RunError, match="journal du lot") as caught:
        journal.close()
    assert caught.value.got == "plus de place sur le disque"
    assert len(out.taken) == 10


def test_batch_that_cannot_begin_is_told(empty_project: Project) -> None:
    empty_project.batches.parent.mkdir(parents=True)
    empty_project.batches.write_text("", encoding="utf-8")  # a file in the place of the folder
    with pytest.raises(RunError, match="journal du lot"), begin(empty_project, PLANS, current=0, now=clock()):
        raise AssertionError


def test_line_written_in_parts_is_whole(empty_project: Project) -> None:
    class Slow(FullDisk):
        def write(self, data: object) -> int:
            return super().write(bytes(data)[:7])  # type: ignore[call-overload]  # bytes

    out = Slow(10_000)
    journal_of.Journal(empty_project, "x", out, clock()).close()
    assert json.loads(out.taken)["event"] == "closed"
