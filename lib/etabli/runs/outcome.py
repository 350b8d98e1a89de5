"""What a run took, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etabli.errors import EtabliError
from etabli.study import PlannedRun


@dataclass(frozen=True)
class Usage:
    """What a run took.

    Parameters
    ----------
    cpu_seconds
        Of the kernel, and of the process that drove it meanwhile.
    peak_bytes
        Most memory that the kernel held; None where the system does not say.
    cell_seconds
        Wall time of all cells.
    slowest
        The slowest cell, in words.
    taken, kept
        How many results were taken from the work shared by an edition, and how many were added to it.
    worker
        Who did it: the machine and the process.
    """

    cpu_seconds: float
    peak_bytes: int | None
    cell_seconds: float
    slowest: str
    taken: int = 0
    kept: int = 0
    worker: str = ""


@dataclass(frozen=True)
class Made:
    """A report that was made, in its folder."""

    folder: Path
    usage: Usage | None = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `report` is its folder, or None with the `error`."""

    plan: PlannedRun
    report: Path | None
    error: EtabliError | None
    seconds: float
    attempts: int = 1
    usage: Usage | None = None
