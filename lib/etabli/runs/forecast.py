"""What a batch should take, after the reports that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from etabli.project import Project
from etabli.runs.journal import last_ends
from etabli.runs.standing import Standing


@dataclass(frozen=True)
class Forecast:
    """What making some reports should take.

    Parameters
    ----------
    seconds
        Each run's, in the order of the runs; None when nothing like them was ever made.
    disk
        Bytes of the reports to write; None when unknown.
    unknown
        How many of the runs were never made: they are taken for the average of their study, else of all.
    """

    seconds: tuple[float, ...] | None
    disk: int | None
    unknown: int

    def by_run(self, todo: Sequence[Standing]) -> dict[str, float]:
        """Return the seconds by the name of the run; empty when nothing is known."""
        return dict(zip((str(each.plan) for each in todo), self.seconds or (), strict=False))

    def wall(self, workers: int) -> float | None:
        """Return the seconds that so many workers should take: the whole shared out, and never less than one run.

        >>> Forecast((60.0, 20.0, 10.0), None, 0).wall(2)
        60.0
        """
        return None if self.seconds is None else max(sum(self.seconds) / workers, *self.seconds, 0.0)


def forecast(project: Project, standings: Sequence[Standing], todo: Sequence[Standing]) -> Forecast:
    """Return what the runs `todo` should take, from all runs that were looked at.

    A run takes what it took in its last batch, export included; where no journal tells, what its notebook took. What
    was then taken from shared work may have to be computed this time.
    """
    seconds = {str(each.plan): each.manifest.seconds for each in standings if each.manifest is not None}
    ends = last_ends(project)
    seconds |= {run: ends[run].seconds for run in seconds if run in ends and ends[run].status == "done"}
    sizes = {str(each.plan): float(size_of(each.folder)) for each in standings if each.manifest is not None}
    unknown = sum(each.manifest is None for each in todo)
    if not seconds:
        return Forecast(None, None, unknown)
    return Forecast(tuple(_expected(todo, seconds)), round(sum(_expected(todo, sizes))), unknown)


def size_of(folder: Path) -> int:
    """Return the bytes that a file holds, or the files of a folder."""
    return sum(path.stat().st_size for path in (folder, *folder.rglob("*")) if path.is_file())


def _expected(todo: Sequence[Standing], known: Mapping[str, float]) -> list[float]:
    """Return what was known of each run, or the average of its study, or of all."""
    by_study: dict[str, list[float]] = {}
    for run, value in known.items():
        by_study.setdefault(run.partition("/")[0], []).append(value)
    overall = mean(known.values())
    averages = {slug: mean(values) for slug, values in by_study.items()}
    return [known.get(str(each.plan), averages.get(each.plan.slug, overall)) for each in todo]
