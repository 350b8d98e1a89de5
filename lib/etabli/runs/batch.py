"""Many runs, one after the other: a failure is told and the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from etabli.errors import EtabliError
from etabli.study import PlannedRun

Make = Callable[[PlannedRun], Path]
"""Makes the report of a run and returns its folder."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `report` is its folder, or None with the `error`."""

    plan: PlannedRun
    report: Path | None
    error: EtabliError | None
    seconds: float


class Watcher(Protocol):
    """Is told how a batch goes."""

    def started(self, plan: PlannedRun, rank: int, of: int) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


def run_batch(plans: Iterable[PlannedRun], make: Make, watcher: Watcher) -> list[Outcome]:
    """Make the report of each run, in order; a run that fails does not stop the others.

    Only an `EtabliError` counts as a failure of the run: anything else is a fault of the workbench
    and is let through, as is an interruption.
    """
    todo = list(plans)
    outcomes = []
    for rank, plan in enumerate(todo, start=1):
        watcher.started(plan, rank, len(todo))
        clock = time.monotonic()
        report, failure = None, None
        try:
            report = make(plan)
        except EtabliError as error:
            failure = error
        outcome = Outcome(plan, report, failure, time.monotonic() - clock)
        watcher.ended(outcome)
        outcomes.append(outcome)
    return outcomes
