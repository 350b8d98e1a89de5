"""Many runs, by one worker or several: a failure is told and the others go on, a loss is tried again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, replace
from typing import Protocol

from etabli.errors import EtabliError, InfrastructureError
from etabli.runs.outcome import Made, Outcome
from etabli.runs.workers import InPlace, Pool
from etabli.study import PlannedRun

Make = Callable[[PlannedRun], Made]
"""Makes the report of a run."""

RETRIES = 2
"""How often a run that was lost by no fault of its own is begun again: a loss is rare, three in a row are a fault."""


class Watcher(Protocol):
    """Is told how a batch goes."""

    def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True)
class Watchers:
    """Several, told in order."""

    each: tuple[Watcher, ...]

    def started(self, plan: PlannedRun, rank: int, of: int, *, attempt: int) -> None:
        for watcher in self.each:
            watcher.started(plan, rank, of, attempt=attempt)

    def ended(self, outcome: Outcome) -> None:
        for watcher in self.each:
            watcher.ended(outcome)


def run_batch(
    plans: Iterable[PlannedRun], make: Make, watcher: Watcher, *, pool: Pool | None = None, retries: int = 0
) -> list[Outcome]:
    """Make the report of each run; one that fails does not stop the others.

    Only an `EtabliError` counts as a failure of the run: anything else is a fault of the workbench
    and is let through, as is an interruption.

    Parameters
    ----------
    make
        Called in a worker, which may be another process: it must then be picklable, as its result.
    watcher
        Told in this process, in the order of events.
    pool
        The workers (default: this process). As many runs are under way as it has workers.
    retries
        How often a run is begun again that ended by an `InfrastructureError`, or lost its worker. Where one of
        several runs under way took all workers down, each is tried alone, so that none answers for another.

    Returns
    -------
    list of Outcome
        In the order in which they ended.
    """
    return _Batch(list(plans), make, watcher, pool or InPlace(), retries).go()


@dataclass(frozen=True)
class _Attempt:
    plan: PlannedRun
    rank: int
    number: int = 1


class _Batch:
    """What waits, what is under way, and what is suspected of having taken its workers down."""

    def __init__(self, plans: list[PlannedRun], make: Make, watcher: Watcher, pool: Pool, retries: int) -> None:
        self.make, self.watcher, self.pool, self.retries, self.count = make, watcher, pool, retries, len(plans)
        self.waiting = deque(_Attempt(plan, rank) for rank, plan in enumerate(plans, start=1))
        self.suspects: deque[_Attempt] = deque()
        self.under_way: dict[Future[Made], tuple[_Attempt, float]] = {}
        self.outcomes: list[Outcome] = []

    def go(self) -> list[Outcome]:
        while self.waiting or self.suspects or self.under_way:
            self._begin_some()
            done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)  # none under way: returns at once
            broken = [each for each in done if isinstance(each.exception(), BrokenExecutor)]
            for future in done.difference(broken):
                self._end(future, *self.under_way.pop(future))
            if broken:
                self._recover()
        return self.outcomes

    def _begin_some(self) -> None:
        while self.waiting and not self.suspects and len(self.under_way) < self.pool.size:
            if not self._begin(self.waiting.popleft()):
                break
        if self.suspects and not self.under_way:
            self._begin(self.suspects.popleft())

    def _begin(self, attempt: _Attempt) -> bool:
        """Begin a run; return False, and let it wait, when the workers turn out to be gone."""
        self.watcher.started(attempt.plan, attempt.rank, self.count, attempt=attempt.number)
        clock = time.monotonic()
        try:
            future = self.pool.submit(self.make, attempt.plan)
        except BrokenExecutor:
            self.waiting.appendleft(attempt)
            if not self.under_way:
                self.pool.restart()
            return False
        self.under_way[future] = attempt, clock
        return True

    def _end(self, future: Future[Made], attempt: _Attempt, clock: float) -> None:
        seconds = time.monotonic() - clock
        try:
            made = future.result()
        except InfrastructureError as error:
            self._lost(attempt, error, seconds)
        except EtabliError as error:
            self._tell(Outcome(attempt.plan, None, error, seconds, attempt.number))
        else:
            self._tell(Outcome(attempt.plan, made.folder, None, seconds, attempt.number, made.usage))

    def _lost(self, attempt: _Attempt, error: InfrastructureError, seconds: float) -> None:
        if attempt.number <= self.retries:
            self.waiting.append(replace(attempt, number=attempt.number + 1))
            return
        tries = f"perdu {attempt.number} fois de suite" if attempt.number > 1 else None
        hint = " ; ".join(each for each in (tries, error.hint) if each)
        error = InfrastructureError(error.what, where=error.where, expected=error.expected, got=error.got, hint=hint)
        self._tell(Outcome(attempt.plan, None, error, seconds, attempt.number))

    def _recover(self) -> None:
        """Start new workers; the runs that were under way are suspects, or, when one was alone, lost."""
        lost = list(self.under_way.values())
        self.under_way.clear()
        self.pool.restart()
        if len(lost) > 1:
            self.suspects.extend(attempt for attempt, _ in lost)
            return
        for attempt, clock in lost:
            error = InfrastructureError(
                "Le processus qui faisait le rapport a disparu.",
                where=f"étude {attempt.plan.slug}, passage {attempt.plan.name}",
                hint="mémoire épuisée, ou processus arrêté de l’extérieur",
            )
            self._lost(attempt, error, time.monotonic() - clock)

    def _tell(self, outcome: Outcome) -> None:
        self.watcher.ended(outcome)
        self.outcomes.append(outcome)
