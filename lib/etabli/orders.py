"""Batches: the way runs are made, from the journal to the catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from etabli.agreements import read_agreements
from etabli.board import Board
from etabli.declarations import unfilled
from etabli.live import LiveView, memory_held
from etabli.project import Project
from etabli.publish.batch_page import write_batch_page
from etabli.publish.catalogue import write_catalogue
from etabli.publish.export import make_report, remove_abandoned
from etabli.runs.batch import RETRIES, Watchers, run_batch
from etabli.runs.fingerprint import PLAN, Survey
from etabli.runs.forecast import Forecast, forecast
from etabli.runs.forks import warm_up
from etabli.runs.journal import Account, Journal, begin, read_journal, resume, unfinished
from etabli.runs.manifest import read_manifest
from etabli.runs.outcome import Outcome
from etabli.runs.standing import Standing, standing
from etabli.runs.workers import InPlace, Pool, local_pool
from etabli.study import PlannedRun, read_study


def run_alone(project: Project, board: Board, plan: PlannedRun) -> list[Outcome]:
    """Make one report, whatever stands, in this process."""
    return _make(project, board, [plan], InPlace())


def run_those(
    project: Project, board: Board, standings: Sequence[Standing], todo: Sequence[Standing], crew: Crew
) -> list[Outcome]:
    """Make reports as a new batch, with its journal.

    Parameters
    ----------
    standings
        What stands of all runs that the batch was asked for.
    todo
        Those to make.
    """
    outcomes = _begun(project, board, standings, todo, crew)
    return outcomes + _made_again(project, board, [each.plan for each in standings], crew)


def _begun(
    project: Project, board: Board, standings: Sequence[Standing], todo: Sequence[Standing], crew: Crew
) -> list[Outcome]:
    plans = [each.plan for each in todo]
    current = sum(each.is_current for each in standings if each not in todo)
    with (
        _cleared(project, plans),
        _pool(project, plans, crew) as pool,
        begin(project, plans, current=current, now=now) as journal,
    ):
        return _make_batch(project, board, todo, journal, forecast(project, standings, todo), pool)


def _made_again(project: Project, board: Board, plans: Sequence[PlannedRun], crew: Crew) -> list[Outcome]:
    """Make once more the runs in which those that came after them mask something else, now that all are there."""
    survey = Survey()
    studies = {slug: read_study(project, slug) for slug in {plan.slug for plan in plans}}
    found = [standing(project, studies[plan.slug], plan, survey) for plan in plans]
    overtaken = [each for each in found if each.drifted == (PLAN,)]
    if not overtaken:
        return []
    board.tell_overtaken(len(overtaken))
    return _begun(project, board, overtaken, overtaken, crew)


def resume_last(project: Project, board: Board, crew: Crew) -> list[Outcome]:
    """Finish the last batch: make the reports that it was to make, and had not.

    Raises
    ------
    RunError
        The last batch reached its end, or goes on in another process.
    """
    account = unfinished(project)
    with resume(project, account, now=now) as journal:
        left = remains(project, account)
        board.tell_resumed(account, made=len(left.found), todo=len(left.todo))
        for each in left.found:
            journal.found(each.plan)
        plans = [each.plan for each in left.todo]
        with _cleared(project, plans), _pool(project, plans, crew) as pool:
            expected = forecast(project, left.todo, left.todo)
            outcomes = _make_batch(project, board, left.todo, journal, expected, pool)
    studies = {slug: read_study(project, slug) for slug in {each.slug for each in account.asked}}
    asked = [studies[each.slug].plan(each.parameters) for each in account.asked]
    return outcomes + _made_again(project, board, asked, crew)


@dataclass(frozen=True)
class Crew:
    """Who makes the reports: so many processes of this machine, or the workers of a Dask scheduler."""

    workers: int
    scheduler: str | None = None


@dataclass(frozen=True)
class Remains:
    """What an interrupted batch left: the runs to make, and those whose report was made before the journal told."""

    todo: list[Standing]
    found: list[Standing]


def remains(project: Project, account: Account) -> Remains:
    """Return what an interrupted batch left.

    Raises
    ------
    EtabliError
        A study, or a run of it, is no longer what it was.
    """
    survey = Survey()
    studies = {slug: read_study(project, slug) for slug in {asked.slug for asked in account.asked}}
    started = account.started.replace(microsecond=0)  # manifests tell seconds
    left = Remains([], [])
    for asked in account.asked:
        if str(asked) not in account.ended:
            study = studies[asked.slug]
            stands = standing(project, study, study.plan(asked.parameters), survey)
            is_made = stands.is_current and stands.moment >= started
            (left.found if is_made else left.todo).append(stands)
    return left


def now() -> datetime:
    """Return the time of the clock."""
    return datetime.now(UTC)


def _make_batch(
    project: Project, board: Board, todo: Sequence[Standing], journal: Journal, expected: Forecast, pool: Pool
) -> list[Outcome]:
    seconds = expected.by_run(todo)
    plans = [each.plan for each in todo]
    if pool.size > 1:  # the longest first: the last to end is then a short one
        plans = sorted(plans, key=lambda plan: -seconds.get(str(plan), 0.0))
    outcomes: list[Outcome] = []
    if plans:
        try:
            outcomes = _make(project, board, plans, pool, journal=journal, expected=seconds)
        except KeyboardInterrupt:
            board.warn("Lot interrompu : etabli batch --resume le reprend.")
            raise
    journal.close()
    account = read_journal(project.batches / f"{journal.batch}.jsonl")
    if account is not None:
        board.say(f"Déroulement : {write_batch_page(project, account)}")
    return outcomes


@contextmanager
def _cleared(project: Project, plans: Sequence[PlannedRun]) -> Iterator[None]:
    """Remove at the end what workers that were ended, or killed before, had under way: when they are gone."""
    try:
        yield
    finally:
        for slug in {plan.slug for plan in plans}:
            remove_abandoned(project.reports / slug)


def _pool(project: Project, plans: Sequence[PlannedRun], crew: Crew) -> AbstractContextManager[Pool]:
    if crew.scheduler is None:
        return local_pool(min(crew.workers, max(1, len(plans))), environment=os.environ, folder=project.root)

    from etabli.publish import parcels
    from etabli.runs.cluster import ByParcel, cluster_pool

    by_parcel = ByParcel(
        pack=lambda encrypted: parcels.pack(project, plans, encrypted=encrypted),
        make=parcels.make_parcel,
        receive=partial(parcels.receive, project),
    )
    return cluster_pool(project, crew.scheduler, by_parcel)


def tell_unfilled(project: Project, board: Board, plans: Sequence[PlannedRun]) -> None:
    """Warn of what a study or its agreements still leave to fill, before a report is made for others than the house."""
    for slug in dict.fromkeys(plan.slug for plan in plans if plan.audience != "internal"):
        study = read_study(project, slug)
        files = {project.relative(project.study(slug) / "study.yml"): unfilled(study)}
        for name, agreement in read_agreements(project, study).items():
            files[project.relative(project.agreements / f"{name}.yml")] = unfilled(agreement)
        for shown, keys in files.items():
            if keys:
                board.caution(f"{shown} : encore « À compléter », dans un rapport destiné à d’autres que la maison : "
                              f"{', '.join(keys)}")  # fmt: skip


def _make(
    project: Project,
    board: Board,
    plans: Sequence[PlannedRun],
    pool: Pool,
    *,
    journal: Journal | None = None,
    expected: Mapping[str, float] | None = None,
) -> list[Outcome]:
    """Make reports, show how it goes, and write the catalogue."""
    if isinstance(pool, InPlace):
        warm_up(os.environ, str(project.root))  # it imports what notebooks need while this process imports its own
    tell_unfilled(project, board, plans)
    live = LiveView(board.console, board.errors, expected=expected or {}, workers=pool.size, memory=memory_held)
    make = partial(make_report, project)
    if isinstance(pool, InPlace):
        make = partial(make_report, project, on_cell=live.on_cell)
    watchers = Watchers((live,) if journal is None else (journal, live))
    with live.watching():
        outcomes = run_batch(plans, make, watchers, pool=pool, retries=0 if journal is None else RETRIES)
    board.sum_up(outcomes)
    made = [read_manifest(each.report, shown=str(each.plan)) for each in outcomes if each.report is not None]
    for file in dict.fromkeys(file for manifest in made for file in manifest.unregistered):
        board.warn(f"livraison lue sans reçu, que rien ne protège d’un changement : {file} (etabli deliveries add)")
    board.say(f"Catalogue : {write_catalogue(project)}")
    return outcomes
