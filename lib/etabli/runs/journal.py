"""The journal of a batch: a line for each thing that happened, written at once, so that what was killed can be resumed.

`reports/.batches/<batch>.jsonl`. A line that a kill cut short is passed over: what it would have said is found again
by looking at the reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

from filelock import FileLock, Timeout

from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.outcome import Outcome
from etabli.study import PlannedRun, Scalar

Clock = Callable[[], datetime]

Status = Literal["done", "failed"]
"""How a run ended: its report was made, or it failed."""


@dataclass(frozen=True)
class Asked:
    """A run that a batch was asked for."""

    slug: str
    name: str
    parameters: dict[str, Scalar]

    def __str__(self) -> str:
        return f"{self.slug}/{self.name}"


@dataclass(frozen=True)
class Ended:
    """How one run of a batch ended.

    Parameters
    ----------
    run
        `<study>/<run>`.
    status
        Done, or failed.
    at
        When, in ISO 8601, UTC.
    seconds, cpu_seconds, peak_bytes
        What it took, the worker's part and the kernel's; the memory is the kernel's.
    attempts
        How often it was begun; more than once after a fault of the infrastructure.
    worker
        Who made it.
    cells
        Seconds that its cells took together.
    slowest
        Its slowest cell, in words.
    taken, kept
        How many results it took from the work shared by an edition, and how many it added.
    error
        What failed, by part of the message.
    """

    run: str
    status: Status
    at: str
    seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_bytes: int | None = None
    attempts: int = 1
    worker: str = ""
    cells: float | None = None
    slowest: str = ""
    taken: int = 0
    kept: int = 0
    error: dict[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Account:
    """What a journal tells."""

    batch: str
    started: datetime
    asked: tuple[Asked, ...]
    """The runs that it was to make."""
    current: int
    """How many others needed not to be made."""
    begun: Mapping[str, datetime]
    """When each run was last begun."""
    ended: Mapping[str, Ended]
    is_closed: bool

    @property
    def failed(self) -> list[Ended]:
        return [each for each in self.ended.values() if each.status == "failed"]


class Journal:
    """A journal that is being written: a `Watcher` of the batch. Make it with `begin` or `resume`."""

    def __init__(self, batch: str, out: TextIO, now: Clock) -> None:
        self.batch, self._out, self._now = batch, out, now

    def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None:
        self.write("begun", run=str(plan), rank=rank, of=of, attempt=attempt)

    def found(self, plan: PlannedRun) -> None:
        """Write that the report of a run was made, though a kill came before the journal could tell."""
        self.write("ended", run=str(plan), status="done")

    def ended(self, outcome: Outcome) -> None:
        usage, error = outcome.usage, outcome.error
        used: dict[str, Any] = {} if usage is None else {
            "cpu_seconds": round(usage.cpu_seconds, 3), "peak_bytes": usage.peak_bytes,
            "cells": round(usage.cell_seconds, 3), "slowest": usage.slowest, "taken": usage.taken, "kept": usage.kept,
            "worker": usage.worker,
        }  # fmt: skip
        told = {} if error is None else {"error": {"message": error.what, **dict(error.details)}}
        self.write(
            "ended",
            run=str(outcome.plan),
            status="done" if error is None else "failed",
            seconds=round(outcome.seconds, 3),
            attempts=outcome.attempts,
            **used,
            **told,
        )

    def close(self) -> None:
        """Write that the batch reached its end."""
        self.write("closed")

    def write(self, event: str, **said: Any) -> None:
        """Write one line, with its time."""
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        self._out.write(json.dumps({"event": event, "at": at, **said}, ensure_ascii=False) + "\n")
        self._out.flush()


@contextmanager
def begin(project: Project, plans: Sequence[PlannedRun], *, current: int, now: Clock) -> Iterator[Journal]:
    """Open the journal of a new batch.

    Parameters
    ----------
    plans
        The runs to make.
    current
        How many others need not be made.
    now
        Tells the time of each line.
    """
    project.batches.mkdir(parents=True, exist_ok=True)
    batch = _free_name(project, now())
    with _alone(project, batch), (project.batches / f"{batch}.jsonl").open("x", encoding="utf-8", newline="\n") as out:
        journal = Journal(batch, out, now)
        asked = [asdict(Asked(plan.slug, plan.name, plan.parameters)) for plan in plans]
        journal.write("opened", batch=batch, current=current, runs=asked)
        yield journal


@contextmanager
def resume(project: Project, account: Account, *, now: Clock) -> Iterator[Journal]:
    """Open the journal of a batch that did not reach its end.

    Raises
    ------
    RunError
        The batch is still going on, in another process.
    """
    path = project.batches / f"{account.batch}.jsonl"
    with _alone(project, account.batch), path.open("a", encoding="utf-8", newline="\n") as out:
        if not path.read_bytes().endswith(b"\n"):
            out.write("\n")  # what a kill cut short stays a line of its own
        journal = Journal(account.batch, out, now)
        journal.write("resumed")
        yield journal


def journals(project: Project) -> list[Path]:
    """Return the journals of all batches, the last one last."""
    return sorted(project.batches.glob("*.jsonl"), key=lambda path: path.stem)


def read_journal(path: Path) -> Account | None:
    """Return what a journal tells; None when its first line is not whole: nothing had begun."""
    head: dict[str, Any] | None = None
    begun: dict[str, datetime] = {}
    ended: dict[str, Ended] = {}
    is_closed = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        said = _said(line)
        event = said.pop("event", None)
        if event == "opened":
            head = said
        elif event == "begun":
            begun[said["run"]] = datetime.fromisoformat(said["at"])
        elif event == "ended":
            ended[said["run"]] = Ended(**said)
        elif event in {"closed", "resumed"}:
            is_closed = event == "closed"
    if head is None:
        return None
    asked = tuple(Asked(**each) for each in head["runs"])
    return Account(head["batch"], datetime.fromisoformat(head["at"]), asked, head["current"], begun, ended, is_closed)


def unfinished(project: Project) -> Account:
    """Return the last batch, which did not reach its end.

    Raises
    ------
    RunError
        The last batch did, or there is none.
    """
    accounts = [account for path in journals(project) if (account := read_journal(path)) is not None]
    if not accounts or accounts[-1].is_closed:
        raise RunError(
            "Aucun lot n’est à reprendre.",
            where=project.relative(project.batches),
            got=f"le dernier lot, {accounts[-1].batch}, est allé à son terme" if accounts else "aucun lot",
            hint="etabli batch ne refait que ce qui a changé",
        )
    return accounts[-1]


def last_ends(project: Project) -> dict[str, Ended]:
    """Return how each run last ended, over all batches."""
    found: dict[str, Ended] = {}
    for path in journals(project):
        account = read_journal(path)
        found |= {} if account is None else dict(account.ended)
    return found


@contextmanager
def _alone(project: Project, batch: str) -> Iterator[None]:
    """Hold a batch for this process; the system lets go of it when the process ends, however it does."""
    lock = FileLock(project.batches / f"{batch}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError("Ce lot est en cours, dans un autre processus.", where=batch, hint="attendez sa fin") from None
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):  # Windows: another process looks at it
            Path(lock.lock_file).unlink(missing_ok=True)


def _free_name(project: Project, at: datetime) -> str:
    base = at.astimezone().strftime("%Y-%m-%dT%Hh%Mm%S")
    names = [base, *(f"{base}-{n}" for n in range(2, 100))]
    return next(name for name in names if not (project.batches / f"{name}.jsonl").exists())


def _said(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
