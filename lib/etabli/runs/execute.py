"""One run: the study's notebook, executed by papermill under a time limit, its outputs checked by the gate."""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etabli import french
from etabli.disclosure.gate import Clearance, check_outputs
from etabli.errors import EtabliError, InfrastructureError, RunError
from etabli.notebook import hold_against_study, name_cell, read_notebook
from etabli.project import Project
from etabli.recipients import read_recipients, recipient_of
from etabli.runs.budget import Watch
from etabli.runs.fingerprint import fingerprint, identity, with_modules, with_plan
from etabli.runs.manifest import Manifest, git_state, now_utc, versions
from etabli.runs.outcome import Usage
from etabli.study import PlannedRun, Study, read_study

OnCell = Callable[[int], None]
"""Called before each cell, with the number of cells done."""


@dataclass(frozen=True)
class Executed:
    """A run whose notebook reached its end and passed the gate. `manifest` has no outputs yet."""

    study: Study
    plan: PlannedRun
    notebook: Any
    clearance: Clearance
    manifest: Manifest
    usage: Usage


def execute(project: Project, plan: PlannedRun, *, work: Path, on_cell: OnCell | None = None) -> Executed:
    """Execute the notebook of a run.

    Parameters
    ----------
    plan
        The run (`Study.plan`).
    work
        An existing folder for the executed notebook, which papermill saves as it goes: on failure it holds
        the half-executed one.
    on_cell
        Told before each cell.

    Raises
    ------
    EtabliError
        The study or its notebook does not hold, a cell fails, the kernel dies, the time is up, an output
        may not leave, or the report shows nothing.
    """
    study = read_study(project, plan.slug)
    source = project.notebooks / study.notebook
    shown = project.relative(source)
    hold_against_study(read_notebook(source, shown=shown), study, shown=shown)
    recipient_of(read_recipients(project), plan)  # refuses an unknown body before the notebook starts
    depended = fingerprint(project, study, plan)  # before: what changes under the run makes its report an old one
    started, clock, busy = datetime.now(UTC), time.monotonic(), time.process_time()
    with Watch(round(study.memory_limit_gib * 2**30)) as watch:
        notebook = _papermill(project, study, plan, work / study.notebook, watch, on_cell)
    seconds = time.monotonic() - clock
    if not identity(project, study, plan).items() <= depended.items():
        raise RunError(
            "Une personne s’est retirée, ou la clé a changé, pendant le passage.",
            where=f"étude {plan.slug}, passage {plan.name}",
            hint="relancez-le : il lira les livraisons sans elle",
        )
    clearance = held(notebook, plan, shown=shown)
    commit, dirty = git_state(project)
    manifest = replace(
        manifest_of(study, plan, clearance, started=now_utc(started), seconds=round(seconds, 1)),
        commit=commit,
        dirty=dirty,
        versions=versions(),
        fingerprint=with_plan(with_modules(depended, clearance.payload["modules"]), clearance.payload["plan"]),
    )
    usage = _usage(notebook, watch, clearance, driven=time.process_time() - busy)
    return Executed(study, plan, notebook, clearance, manifest, usage)


def held(notebook: Any, plan: PlannedRun, *, shown: str) -> Clearance:
    """Return the clearance of an executed notebook, once all that it shows may leave as the report of a run.

    Raises
    ------
    GateError
        An output may not leave.
    RunError
        It is the report of another run, or shows nothing.
    """
    clearance = check_outputs(notebook, audience=plan.audience, shown=shown)
    _check_payload(clearance, plan, shown)
    return clearance


def manifest_of(study: Study, plan: PlannedRun, clearance: Clearance, *, started: str, seconds: float) -> Manifest:
    """Return what an executed notebook tells by itself of where it comes from; what else is known is then added."""
    payload = clearance.payload
    return Manifest(
        study=study.slug,
        title=study.title,
        run=plan.name,
        recipient=payload["recipient"],
        parameters=plan.parameters,
        edition_label=study.editions[plan.edition].label,
        status=study.status,
        choices={p.help: p.label(plan.parameters[name]) for name, p in study.parameters.items()},
        sources=payload["sources"],
        commit=None,
        dirty=None,
        versions={},
        started=started,
        seconds=seconds,
        fingerprint={},
        outputs={},
        shared=payload["shared"],
        releases=payload["releases"],
        lost=payload["lost"],
        outdated=payload["outdated"],
        previous=payload["previous"],
    )


def _check_payload(clearance: Clearance, plan: PlannedRun, shown: str) -> None:
    payload = clearance.payload
    if payload["study"] != plan.slug or payload["parameters"] != plan.parameters:
        raise RunError(
            "Le notebook a ouvert un autre rapport que celui du passage.",
            where=shown,
            expected=f"{plan.slug} {plan.parameters}",
            got=f"{payload['study']} {payload['parameters']}",
            hint="open_report doit recevoir les paramètres du notebook, tels quels",
        )
    if payload["shown"] == 0:
        raise RunError(
            "Le rapport ne montre rien.",
            where=shown,
            expected="au moins un report.table, report.figure, report.map ou report.key_figure",
            got="aucun",
        )


def _usage(notebook: Any, watch: Watch, clearance: Clearance, *, driven: float) -> Usage:
    times = [float(cell["metadata"].get("papermill", {}).get("duration") or 0) for cell in notebook["cells"]]
    slowest = max(range(len(times)), key=times.__getitem__, default=None)
    return Usage(
        cpu_seconds=watch.cpu_seconds + driven,
        peak_bytes=watch.peak or None,
        cell_seconds=sum(times),
        slowest="" if slowest is None else f"{name_cell(notebook, slowest)}, {french.duration(times[slowest])}",
        **clearance.payload["shared"],
        worker=f"{platform.node()}-{os.getpid()}",
    )


def _seconds_left(deadline: float) -> int:
    """Return what a cell may take; one that begins after the deadline does not begin."""
    from nbclient.exceptions import CellTimeoutError

    left = deadline - time.monotonic()
    if left <= 0:
        raise CellTimeoutError("the run's time is over")
    return max(1, int(left))


def _papermill(
    project: Project, study: Study, plan: PlannedRun, output: Path, watch: Watch, on_cell: OnCell | None
) -> Any:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from etabli.runs import engine, kernels

    shown = project.relative(project.notebooks / study.notebook)
    limit = study.time_limit_minutes * 60
    deadline = time.monotonic() + limit
    seen = _Progress(on_cell)
    try:
        with _quiet_papermill():
            return papermill.execute_notebook(
                project.notebooks / study.notebook,
                output,
                parameters=plan.parameters,
                engine_name=engine.NAME,
                kernel_name=kernels.NAME,
                kernel_manager_class=kernels.watched(watch),
                cwd=project.root,
                timeout_func=lambda _: _seconds_left(deadline),
                on_cell_start=seen,
                extra_arguments=[
                    "--log-level=CRITICAL",  # what a kernel logs of itself, in English, on our terminal
                    "--HistoryManager.hist_file=:memory:",  # what a run did is in its report, not in the user's history
                ],
            )
    except PapermillExecutionError as error:
        raise RunError(
            "Une cellule du notebook a échoué.",
            where=f"{shown}, {_cell_named(output, error.cell_index, error.source)}",
            got=_said(error),
        ) from None
    except CellTimeoutError:
        raise RunError(
            "Le passage dépasse sa durée limite.",
            where=f"{shown}, {_cell_named(output, seen.index, None)}",
            expected=f"au plus {french.duration(limit)} (time_limit_minutes de study.yml)",
            hint="une cellule ne finit pas, ou la limite est trop basse pour ces données",
        ) from None
    except DeadKernelError:
        if watch.is_exceeded:
            raise RunError(
                "Le passage dépasse sa mémoire.",
                where=f"{shown}, {_cell_named(output, seen.index, None)}",
                expected=f"au plus {french.number(study.memory_limit_gib, 1)} Gio (memory_limit_gib de study.yml)",
                got=f"{french.number(watch.peak / 2**30, 1)} Gio",
                hint="une cellule garde trop de données, ou la limite est trop basse pour elles",
            ) from None
        raise InfrastructureError(
            "Le noyau Python du notebook est mort.",
            where=f"{shown}, {_cell_named(output, seen.index, None)}",
            hint="mémoire épuisée, ou une bibliothèque qui s’est arrêtée : relancez, puis réduisez les données",
        ) from None


class _Progress:
    """Remembers the cell that runs, and tells the caller."""

    def __init__(self, on_cell: OnCell | None) -> None:
        self.index = 0
        self._on_cell = on_cell

    def __call__(self, *, cell_index: int, **_: Any) -> None:
        self.index = cell_index
        if self._on_cell is not None:
            self._on_cell(cell_index)


def _cell_named(output: Path, index: int, source: str | None) -> str:
    """Name a cell of the half-executed notebook.

    Papermill puts a marker cell before the failed one, and one at the top: it is found again by its source.
    """
    notebook = read_notebook(output)
    cells = [cell for cell in notebook["cells"] if "papermill-error-cell-tag" not in cell["metadata"].get("tags", [])]
    kept = {"cells": cells}
    if source is not None:
        same = [i for i, cell in enumerate(cells) if cell["source"] == source]
        index = min(same, key=lambda i: abs(i - index)) if same else index
    return name_cell(kept, min(index, len(cells) - 1))


def _said(error: Any) -> str:
    """Return what a failed cell said: our own message whole, another error's last line."""
    names = {kind.__name__ for kind in _kinds(EtabliError)}
    if error.ename in names:
        return str(error.evalue)
    lines = str(error.evalue).strip().splitlines()
    return f"{error.ename} : {lines[-1]}" if lines else str(error.ename)


def _kinds(kind: type[EtabliError]) -> set[type[EtabliError]]:
    return {kind, *(below for each in kind.__subclasses__() for below in _kinds(each))}


@contextmanager
def _quiet_papermill() -> Iterator[None]:
    """Keep papermill's log, in English and with paths, off the terminal."""
    logger = logging.getLogger("papermill")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
