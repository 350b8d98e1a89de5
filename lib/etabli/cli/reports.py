"""Commands that make reports and look at them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etabli import french
from etabli.cli.arguments import Slug, Slugs, studies_of
from etabli.errors import ParameterError, RunError, suggestion
from etabli.project import Project, find_project
from etabli.recipients import read_recipients
from etabli.study import Restitution, Study, read_study

if TYPE_CHECKING:
    from etabli.board import Board
    from etabli.publish.restitutions import Restituted

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
    recipient: Annotated[
        str | None,
        typer.Option(metavar="ORGANISME", help="Organisme de studies/recipients.yml (toute l’audience, sinon)."),
    ] = None,
) -> None:
    """Lance une étude et écrit son rapport."""
    from etabli.runs.forks import warm_up

    project = find_project()
    study = read_study(project, slug)
    asked = _asked(parameters or [], edition=edition, audience=audience, recipient=recipient)
    if recipient and "audience" not in asked:
        asked["audience"] = read_recipients(project).recipient(recipient).audience
    plan = study.plan(asked)
    warm_up(os.environ, str(project.root))  # it imports what the notebook needs while this process imports its own

    from etabli.board import Board
    from etabli.orders import run_alone

    if any(outcome.error is not None for outcome in run_alone(project, Board.for_terminal(), plan)):
        raise typer.Exit(1)


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
    verdict = verify(project, report_folder(project, report))
    Board.for_terminal().tell_verdict(verdict)
    if not verdict.intact:
        raise typer.Exit(1)


def print_reports(
    reports: Annotated[list[str], typer.Argument(metavar="RAPPORT…", help="Dossiers de rapports, ou étude/passage.")],
) -> None:
    """Imprime des rapports en PDF, à côté d’eux, par un Chromium installé."""
    from etabli.board import Board
    from etabli.publish.printing import print_report

    project, board = find_project(), Board.for_terminal()
    for folder in [report_folder(project, each) for each in reports]:
        board.say(f"PDF : {project.relative(print_report(project, folder))}")


def write_documents(
    reports: Annotated[list[str], typer.Argument(metavar="RAPPORT…", help="Dossiers de rapports, ou étude/passage.")],
) -> None:
    """Écrit des rapports en documents Word, à côté d’eux, pour qui doit les modifier."""
    from etabli.board import Board
    from etabli.publish.editable import write_docx

    project, board = find_project(), Board.for_terminal()
    for folder in [report_folder(project, each) for each in reports]:
        board.say(f"Word : {project.relative(write_docx(project, folder))}")


def restitute(
    slug: Slug,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RESTITUTION…]", help="Restitutions de study.yml (toutes, sinon).")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Les imprime aussi en PDF, par un Chromium installé.")] = False,
    docx: Annotated[bool, typer.Option("--docx", help="Les écrit aussi en documents Word, par pandoc.")] = False,
) -> None:
    """Fait les restitutions d’une étude : notes et diapositives, à côté du rapport dont elles sont tirées."""
    from etabli.board import Board
    from etabli.orders import run_alone
    from etabli.publish.catalogue import write_catalogue
    from etabli.publish.restitutions import (
        hold_recipients,
        print_restitution,
        run_of,
        write_restitution,
        write_restitution_docx,
    )
    from etabli.runs.fingerprint import Survey
    from etabli.runs.standing import standing

    project, board = find_project(), Board.for_terminal()
    study = read_study(project, slug)
    asked = _restitutions_of(study, names)
    hold_recipients(project, study, asked)
    for name in asked:
        plan = run_of(study, name)
        if not standing(project, study, plan, Survey()).is_current and any(
            outcome.error is not None for outcome in run_alone(project, board, plan)
        ):
            raise typer.Exit(1)
        _tell(project, board, study.restitutions[name], write_restitution(project, study, name))
        if pdf:
            board.say(f"PDF : {project.relative(print_restitution(project, study, name))}")
        if docx:
            board.say(f"Word : {project.relative(write_restitution_docx(project, study, name))}")
    write_catalogue(project)


def _restitutions_of(study: Study, names: list[str] | None) -> list[str]:
    """Return the restitutions of a study that are asked for; all of them when none is named."""
    if not study.restitutions:
        raise RunError(
            f"L’étude « {study.slug} » ne déclare aucune restitution.",
            expected="une clé « restitutions » dans son study.yml",
            hint="docs/guide/rendre-un-rapport.md en donne un exemple",
        )
    for name in names or ():
        if name not in study.restitutions:
            raise RunError(
                f"L’étude « {study.slug} » n’a pas de restitution « {name} ».",
                hint=suggestion(name, study.restitutions),
            )
    return names or list(study.restitutions)


def _tell(project: Project, board: Board, declared: Restitution, made: Restituted) -> None:
    """Say what was made, how long it is, and what in it is to be read again."""
    length = f" ({made.length})" if made.length else ""
    board.say(f"{declared.title} : {project.relative(made.path)}{length}")
    if made.length is None:
        board.caution("Chromium n’est pas installé : la longueur de cette note n’est pas vérifiée (make browser).")
    for place in made.outdated:
        board.caution(f"À relire, une valeur citée a changé : {place}")


def compare_reports(
    before: Annotated[str, typer.Argument(metavar="AVANT", help="Dossier d’un rapport, ou étude/passage.")],
    after: Annotated[str, typer.Argument(metavar="APRÈS", help="Un autre rapport de la même étude.")],
    as_json: Annotated[bool, typer.Option("--json", help="Écrit chaque nombre, en JSON, au lieu du texte.")] = False,
) -> None:
    """Compare deux rapports, nombre à nombre : ce qui a changé au-delà de l’incertitude, ce qui a changé en deçà."""
    from etabli.present.changes import changes

    project = find_project()
    folders = report_folder(project, before), report_folder(project, after)
    shown = project.relative(folders[0]), project.relative(folders[1])
    found = changes(*folders, shown=shown)
    if as_json:
        import json

        typer.echo(json.dumps([each.to_json() for each in found], ensure_ascii=False, indent=1))
        return

    from etabli.board import Board
    from etabli.present.changed import said_of_tested
    from etabli.present.changes import KINDS, counted, in_words, is_tested, sides_of, study_of
    from etabli.runs.manifest import FILE, read_manifest
    from etabli.sources.codebook import read_codebook

    board = Board.for_terminal()
    held = [(folder, name) for folder, name in zip(folders, shown, strict=True) if (folder / FILE).is_file()]
    if len({read_manifest(folder, shown=name).is_demo for folder, name in held}) > 1:
        board.caution("L’un des deux rapports est fait de données fictives : leurs différences ne disent rien de réel.")
    codebook = read_codebook(project, read_study(project, study_of(folders[1], shown=shown[1])))
    old, new = sides_of(*folders)
    board.say(f"Avant : {old}. Après : {new}.")
    for kind, count in counted(found).items():
        board.say(f"{KINDS[kind]} : {count}")
        if kind not in {"same", "within"}:
            lines = [in_words(each, codebook) for each in found if each.kind == kind]
            board.table(
                ("Nombre", "Avant", "Après", "Écart"), [(x.what, x.before, x.after, x.difference) for x in lines]
            )
    tested = sum(map(is_tested, found))
    if tested:
        board.say(french.typography(said_of_tested(sum(each.kind == "beyond" for each in found), tested)))


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


def report_folder(project: Project, report: str) -> Path:
    """Return the folder of a report, named by its path or as `study/run`.

    Raises
    ------
    RunError
        There is no such report.
    """
    for place in (Path(report), project.reports / report):
        folder = place.parent if place.is_file() else place
        if folder.is_dir():
            return folder
    known = [path.parent.relative_to(project.reports).as_posix() for path in project.reports.glob("*/*/manifest.json")]
    raise RunError("Ce rapport n’existe pas.", where=report, hint=suggestion(report, known))
