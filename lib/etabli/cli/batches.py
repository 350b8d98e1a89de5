"""Commands over many runs: make them, say why, clean up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from etabli.cli.arguments import Slugs, studies_of
from etabli.errors import ParameterError, RunError, suggestion
from etabli.project import Project, find_project
from etabli.study import PlannedRun, read_study

if TYPE_CHECKING:
    from etabli.runs.outcome import Outcome


def run_many(
    slugs: Slugs = None,
    default: Annotated[
        bool, typer.Option("--default", help="Seulement les passages par défaut de chaque étude.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Dit ce qui serait fait, le temps et la place qu’il faudrait.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Refait aussi les rapports à jour.")] = False,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Seulement les passages qui ont échoué la dernière fois.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Reprend le dernier lot, s’il a été interrompu.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, metavar="N", help="Processus à la fois (un par cœur, sinon).")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADRESSE", help="Ordonnanceur d’un cluster Dask (tcp://machine:8786).")
    ] = None,
) -> None:
    """Fait les rapports déclarés qui n’existent pas, ou ne sont plus à jour."""
    from etabli.board import Board
    from etabli.runs.forecast import forecast
    from etabli.runs.standing import failures, look
    from etabli.runs.workers import cores

    project, board = find_project(), Board.for_terminal()
    if workers and scheduler:
        raise ParameterError(
            "Un lot se fait ici, ou sur un cluster.", expected="--workers, ou --scheduler, non les deux"
        )
    if resume:
        if slugs or default or dry_run or force or only_failed:
            raise ParameterError("Un lot se reprend tel qu’il était.", expected="etabli batch --resume, sans plus")
        from etabli import orders

        _end(orders.resume_last(project, board, orders.Crew(workers or cores(), scheduler)))
        return
    standings = look(project, studies_of(project, slugs), default_only=default)
    if not standings:
        raise RunError("Aucun passage à faire.", hint="etabli list montre les passages déclarés")
    if only_failed:
        failed = failures(project, standings)
        todo = [each for each in standings if str(each.plan) in failed]
    else:
        todo = [each for each in standings if force or not each.is_current]
    if dry_run:
        board.announce(
            standings, todo, forecast(project, standings, todo), workers=min(workers or cores(), len(todo) or 1)
        )
    elif todo:
        from etabli import orders  # what makes reports takes half as long to import as all the rest

        _end(orders.run_those(project, board, standings, todo, orders.Crew(workers or cores(), scheduler)))
    else:
        board.tell_nothing_to_do(len(standings), only_failed=only_failed)


def explain_run(
    run: Annotated[str, typer.Argument(metavar="PASSAGE", help="étude/passage, ou le dossier de son rapport.")],
) -> None:
    """Dit si un passage est à refaire, et ce qui a changé depuis son rapport."""
    from etabli.board import Board
    from etabli.runs.fingerprint import Survey
    from etabli.runs.standing import failures, standing

    project = find_project()
    plan = _planned(project, run)
    stands = standing(project, read_study(project, plan.slug), plan, Survey())
    Board.for_terminal().explain(stands, failures(project, [stands]).get(str(plan)))


def clean(
    keep: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Combien d’éditions d’une étude, et de lots, garder.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Dit ce qui serait supprimé, sans le faire.")] = False,
) -> None:
    """Supprime les rapports des anciennes éditions, et les journaux des anciens lots."""
    from etabli.board import Board
    from etabli.runs.cleaning import find_clutter, remove
    from etabli.runs.forecast import size_of

    project = find_project()
    clutter = find_clutter(project, studies_of(project, None), keep=keep)
    size = sum(size_of(path) for path in clutter)
    if not dry_run:
        remove(clutter)
    Board.for_terminal().tell_clutter(project, clutter, size=size, removed=not dry_run)


def _planned(project: Project, run: str) -> PlannedRun:
    """Return the run of a name, declared or made: `study/run`, or a report's folder."""
    from etabli.runs.manifest import FILE, read_manifest

    slug, _, name = run.rstrip("/").removesuffix("/report.html").rpartition("/")
    slug = slug.rpartition("/")[2]
    if slug not in project.slugs():
        hint = suggestion(slug, project.slugs())
        raise RunError("Ce passage n’existe pas.", where=run, expected="étude/passage", hint=hint)
    study = read_study(project, slug)
    folder = project.reports / slug / name
    if (folder / FILE).is_file():  # made, and perhaps never declared
        return study.plan(read_manifest(folder, shown=project.relative(folder)).parameters)
    declared = {plan.name: plan for plan in study.planned_runs()}
    if name not in declared:
        raise RunError("Ce passage n’existe pas.", where=run, hint=suggestion(name, declared))
    return declared[name]


def _end(outcomes: Iterable[Outcome]) -> None:
    """End with status 1 when a run failed."""
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(1)
