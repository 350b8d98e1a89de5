"""The journal of a batch: a line for each thing that happened, written at once, so that what was killed can be resumed.

`reports/.batches/<batch>.jsonl`, its owner's alone. A line that a kill cut short, or that another version wrote
otherwise, is passed over: what it would have said is found again by looking at the reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from io import RawIOBase
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from etabli.errors import RunError
from etabli.project import Project
from etabli.runs.disk import disk_error, private
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

    def __init__(self, project: Project, batch: str, out: RawIOBase, now: Clock) -> None:
        self.batch, self._project, self._out, self._now = batch, project, out, now

    def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None:
        self.write("begun", run=str(plan), rank=rank, of=of, attempt=attempt)

    def found(self, plan: PlannedRun) -> None:
        """Write that the report of a run was made, though a kill came before the journal could tell."""
        self.write("ended", run=str(plan), status="done")

    def ended(self, outcome: Outcome) -> None:
        from etabli.personal_data import concealed  # heavy, and of use to those who make reports alone

        usage, error = outcome.usage, outcome.error
        used: dict[str, Any] = {} if usage is None else {
            "cpu_seconds": round(usage.cpu_seconds, 3), "peak_bytes": usage.peak_bytes,
            "cells": round(usage.cell_seconds, 3), "slowest": concealed(usage.slowest),
            "taken": usage.taken, "kept": usage.kept, "worker": usage.worker,
        }  # fmt: skip
        words = {} if error is None else {"message": error.what, **dict(error.details)}
        told = {"error": {label: concealed(text) for label, text in words.items()}} if words else {}
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
        """Write one line, with its time.

        Raises
        ------
        RunError
            The disk refuses it.
        """
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        line = (json.dumps({"event": event, "at": at, **said}, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with _told_by_the_disk(self._project, self.batch):
            while line:  # a disk that is nearly full takes a part
                line = line[self._out.write(line) or 0 :]


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

    Raises
    ------
    RunError
        The disk refuses it.
    """
    with ExitStack() as held:
        batch, out = _opened(project, now(), held)
        journal = Journal(project, batch, out, now)
        asked = [asdict(Asked(plan.slug, plan.name, plan.parameters)) for plan in plans]
        journal.write("opened", batch=batch, current=current, runs=asked)
        yield journal


@contextmanager
def resume(project: Project, account: Account, *, now: Clock) -> Iterator[Journal]:
    """Open the journal of a batch that did not reach its end.

    Raises
    ------
    RunError
        The batch is still going on, in another process; the disk refuses it.
    """
    path = project.batches / f"{account.batch}.jsonl"
    with ExitStack() as held:
        with _told_by_the_disk(project, account.batch):
            held.enter_context(_alone(project, account.batch))
            out = held.enter_context(path.open("ab", buffering=0))
            path.chmod(0o600)  # former versions left it to the umask
            if not path.read_bytes().endswith(b"\n"):
                out.write(b"\n")  # what a kill cut short stays a line of its own
        journal = Journal(project, account.batch, out, now)
        journal.write("resumed")
        yield journal


def journals(project: Project) -> list[Path]:
    """Return the journals of all batches, the last one last, by the moment at which each began.

    Not by name: names tell the local hour, which comes twice in autumn.
    """
    return sorted(project.batches.glob("*.jsonl"), key=lambda path: (_start_of(path), len(path.stem), path.stem))


def page_of_batch(project: Project, batch: str) -> Path:
    """Return the place of the page that shows a batch (`publish.batch_page`, a floor above)."""
    return project.reports / f"batch-{batch}.html"


def read_journal(path: Path) -> Account | None:
    """Return what a journal tells; None when its first line is not whole, or the journal is another user's."""
    head: _Opened | None = None
    begun: dict[str, datetime] = {}
    ended: dict[str, Ended] = {}
    is_closed = False
    for event, said in _lines(path):
        if event == "opened":
            head = _as(_Opened, said) or head
        elif event == "begun" and (line := _as(_Begun, said)) is not None:
            begun[line.run] = datetime.fromisoformat(line.at)
        elif event == "ended" and (end := _as(Ended, said)) is not None:
            ended[end.run] = end
        elif event in {"closed", "resumed"}:
            is_closed = event == "closed"
    if head is None:
        return None
    started = datetime.fromisoformat(head.at)
    return Account(head.batch, started, tuple(head.runs), head.current, begun, ended, is_closed)


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
        for run, ended in () if account is None else account.ended.items():
            if run not in found or ended.moment >= found[run].moment:
                found[run] = ended
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


def _opened(project: Project, at: datetime, held: ExitStack) -> tuple[str, RawIOBase]:
    """Make the journal of a new batch, under the first name that no other has, and hold it for this process."""
    base = at.astimezone().strftime("%Y-%m-%dT%Hh%Mm%S")
    for batch in chain([base], (f"{base}-{n}" for n in count(2))):
        with _told_by_the_disk(project, batch):
            project.batches.mkdir(parents=True, exist_ok=True)
            path = project.batches / f"{batch}.jsonl"
            try:
                out: RawIOBase = open(path, "xb", buffering=0, opener=private)  # noqa: SIM115  # Path.open has no opener
            except FileExistsError:  # of another batch of this second
                continue
            held.enter_context(out)
            held.enter_context(_alone(project, batch))
            return batch, out
    raise AssertionError


@contextmanager
def _told_by_the_disk(project: Project, batch: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        target = project.batches / f"{batch}.jsonl"
        raise disk_error("Le journal du lot n’a pas pu être écrit.", error, project, target) from None


# What stands in a line -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Opened:
    """The first line of a journal."""

    batch: str
    at: str
    current: int
    runs: list[Asked]


@dataclass(frozen=True)
class _Begun:
    """A line that tells of the start of a run."""

    run: str
    at: str
    rank: int
    of: int
    attempt: int


_Line = TypeVar("_Line", _Opened, _Begun, Ended)

_MOST = 2**63
"""No run takes as many seconds or bytes."""


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the event of each line, and what it says; lines that are none are passed over."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except PermissionError:  # of another user, with whom the project is shared
        return
    for line in text.split("\n"):  # not at what else ends a line for Python: messages may hold it
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict) and isinstance(said.get("event"), str):
            yield said.pop("event"), said


def _as(kind: type[_Line], said: dict[str, Any]) -> _Line | None:
    """Return what a line says; None when it is not what this version writes."""
    try:
        if not said.keys() <= {each.name for each in fields(kind)}:
            return None
        line: _Line = _reader(kind).validate_json(json.dumps(said), strict=True)  # type: ignore[arg-type]  # a type is hashable
        if datetime.fromisoformat(line.at).tzinfo is None:
            return None
    except (ValueError, RecursionError):  # pydantic's are ValueErrors
        return None
    numbers = [each for each in vars(line).values() if isinstance(each, int | float)]
    return line if all(0 <= each < _MOST for each in numbers) else None


@cache
def _reader(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _start_of(path: Path) -> datetime:
    """Return when a batch began, by the first line of its journal; by the file's own time where that tells nothing."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as journal:
            said = json.loads(journal.readline())
        moment = datetime.fromisoformat(said["at"])
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
