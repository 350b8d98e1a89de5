"""Commands that make reports and look at them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from etabli.cli.arguments import Slug, Slugs, studies_of
from etabli.errors import ParameterError, RunError, suggestion
from etabli.project import Project, find_project
from etabli.study import PlannedRun, read_study

PARAMETER = ("-p", "--parameter")


def run_one(
    slug: Slug,
    parameters: Annotated[
        list[str] | None,
        typer.Option(*PARAMETER, metavar="NOM VALEUR", help="Un paramètre de l’étude ; à répéter."),
    ] = None,
    edition: Annotated[
        str | None, typer.Option(metavar="ÉDITION", help="Édition (la dernière déclarée, sinon).")
    ] = None,
    audience: Annotated[str | None, typer.Option(metavar="AUDIENCE", help="Audience (internal, sinon).")] = None,
) -> None:
    """Lance une étude et écrit son rapport."""
    project = find_project()
    study = read_study(project, slug)
    plan = study.plan(_asked(parameters or [], edition=edition, audience=audience))
    _make_all(project, [plan])


def run_many(
    slugs: Slugs = None,
    default: Annotated[
        bool, typer.Option("--default", help="Seulement les passages par défaut de chaque étude.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Dit ce qui serait fait, sans le faire.")] = False,
) -> None:
    """Lance tous les passages déclarés des études."""
    project = find_project()
    plans = [plan for study in studies_of(project, slugs) for plan in study.planned_runs(default_only=default)]
    if dry_run:
        from etabli.board import Board

        Board.for_terminal().announce(project, plans)
        return
    _make_all(project, plans)


def list_runs(slugs: Slugs = None) -> None:
    """Montre les études, leurs passages, et les rapports qui existent."""
    from etabli.board import Board

    project = find_project()
    Board.for_terminal().list_runs(project, studies_of(project, slugs))


def verify_report(
    report: Annotated[str, typer.Argument(metavar="RAPPORT", help="Dossier du rapport, ou étude/passage.")],
) -> None:
    """Contrôle qu’un rapport est celui que son manifeste décrit, et dit ce qui a changé depuis."""
    from etabli.board import Board
    from etabli.runs.manifest import verify

    project = find_project()
    verdict = verify(project, _report_folder(project, report))
    Board.for_terminal().tell_verdict(verdict)
    if not verdict.intact:
        raise typer.Exit(1)


def _asked(pairs: list[str], **named: str | None) -> dict[str, object]:
    """Return what a run is asked for; the same parameter asked twice is a mistake."""
    asked: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ParameterError(f"Le paramètre « {name} » n’a pas de valeur.", expected=f"-p {name} valeur")
        if name in asked:
            raise ParameterError(f"Le paramètre « {name} » est donné deux fois.", got=f"{asked[name]}, puis {value}")
        asked[name] = value
    return asked


def _make_all(project: Project, plans: list[PlannedRun]) -> None:
    from etabli.runs.forks import warm_up

    if not plans:
        raise RunError("Aucun passage à faire.", hint="etabli list montre les passages déclarés")
    warm_up(os.environ, str(project.root))  # it imports what the notebooks need while this process imports its own

    from etabli.board import Board
    from etabli.publish.catalogue import write_catalogue
    from etabli.publish.export import make_report
    from etabli.runs.batch import run_batch

    board = Board.for_terminal()
    with board.watching():
        outcomes = run_batch(plans, lambda plan: make_report(project, plan, on_cell=board.on_cell), board)
    board.sum_up(outcomes)
    board.say(f"Catalogue : {write_catalogue(project)}")
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(1)


def _report_folder(project: Project, report: str) -> Path:
    for place in (Path(report), project.reports / report):
        folder = place.parent if place.is_file() else place
        if folder.is_dir():
            return folder
    known = [path.parent.relative_to(project.reports).as_posix() for path in project.reports.glob("*/*/manifest.json")]
    raise RunError("Ce rapport n’existe pas.", where=report, hint=suggestion(report, known))
