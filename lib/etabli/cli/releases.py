"""Commands by which reports leave the house, and that hold what has left against itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etabli.cli.arguments import today
from etabli.cli.reports import report_folder
from etabli.errors import ParameterError
from etabli.project import Project, find_project
from etabli.recipients import read_recipients

if TYPE_CHECKING:
    from etabli.board import Board
    from etabli.disclosure.ledger import Ledger

To = Annotated[str, typer.Option("--to", metavar="ORGANISME", help="Organisme de studies/recipients.yml.")]


def release_report(
    report: Annotated[str, typer.Argument(metavar="RAPPORT", help="Dossier du rapport, ou étude/passage.")],
    to: To,
    reviewer: Annotated[
        str | None,
        typer.Option("--relu-par", metavar="NOM", help="Qui, en second, l’a relu. Sans lui, rien n’est inscrit."),
    ] = None,
) -> None:
    """Rend un rapport à un organisme, si rien ne s’y lit avec ce qu’il a déjà ; l’inscrit au registre."""
    from etabli.board import Board
    from etabli.disclosure.ledger import Review
    from etabli.publish.release import candidate, judge, refusal, release

    project, board, day = find_project(), Board.for_terminal(), today()
    if reviewer is not None and not reviewer.strip():
        raise ParameterError("Le nom de qui a relu le rapport est vide.", expected="--relu-par « Prénom Nom »")
    bodies, folder = read_recipients(project), report_folder(project, report)
    told = candidate(project, folder, to)
    ledger = _ledger(project, board)
    judged = judge(told, ledger, bodies)
    if not judged.holds:
        raise refusal(judged, bodies, shown=project.relative(folder))
    if reviewer is None:
        board.say("Rien de ce rapport, joint à ce qui est déjà connu, ne désigne trop peu de personnes.")
        board.say("Il reste à le faire relire par une deuxième personne, puis : --relu-par NOM")
        return
    written = release(project, told, review=Review(reviewer.strip(), day), day=day, judged_with=ledger)
    board.say(f"Inscrit au registre, {written}")
    board.say(f"Ensuite : etabli publish --to {to} DOSSIER")


def publish_reports(
    to: To,
    destination: Annotated[Path, typer.Argument(metavar="DOSSIER", help="Dossier de ce destinataire.")],
) -> None:
    """Copie les rapports rendus à un organisme, avec leur catalogue, dans un dossier à lui."""
    from etabli.board import Board
    from etabli.publish.copies import publish

    project, board = find_project(), Board.for_terminal()
    made = publish(project, _ledger(project, board), read_recipients(project), to, destination)
    board.say(f"{len(made.folders)} rapport{'s' if len(made.folders) > 1 else ''} : {destination / 'index.html'}")
    for path in made.foreign:
        board.caution(f"non copié, il n’a pas été fait de ce rapport : {project.relative(path)}")
    for folder in made.withdrawn:
        board.warn(f"retiré depuis, à supprimer de ce dossier : {folder.relative_to(destination.resolve()).as_posix()}")


def audit_releases() -> None:
    """Attaque tout ce qui est sorti : dit ce que chaque organisme peut connaître, et par quels tableaux."""
    from etabli.board import Board
    from etabli.publish.release import audit, names_of

    project, board = find_project(), Board.for_terminal()
    bodies, ledger = read_recipients(project), _ledger(project, board)
    board.table(
        ("n°", "rapport", "à", "le", "relu par", ""),
        [
            (str(r.number), r.report, r.recipient, f"{r.day:%d/%m/%Y}", r.review.name, "retirée" if r.withdrawn else "")
            for r in ledger.releases
        ],
    )
    broken = False
    for coalition, found in audit(ledger, bodies):
        who = ", ".join(bodies.recipients[slug].name for slug in coalition)
        if found.holds:
            board.say(f"{who} : rien de connu sur trop peu de personnes ({found.aims} effectifs essayés)")
            continue
        broken = True
        if found.contradiction:
            board.warn(f"{who} : ces tableaux se contredisent : {names_of(found.contradiction)}")
        for each in found.findings:
            by = f", par {names_of(each.tables)}" if each.tables else ""
            board.warn(f"{who} : {each}{by}")
    if not ledger.releases:
        board.say("Rien n’est encore sorti de la maison.")
    if broken:
        raise typer.Exit(1)


def retract_release(
    number: Annotated[int, typer.Argument(metavar="NUMÉRO", help="Numéro de la diffusion (etabli audit les liste).")],
    reason: Annotated[str, typer.Option("--reason", metavar="MOTIF", help="Pourquoi elle est retirée.")],
) -> None:
    """Retire une diffusion : elle n’est plus copiée, et reste connue de qui l’a reçue."""
    from etabli.board import Board
    from etabli.disclosure.ledger import withdraw

    project = find_project()
    shown = project.relative(project.ledger)
    gone = withdraw(project.ledger, number, day=today(), reason=reason, shown=shown)
    Board.for_terminal().say(f"Retirée, {gone}. Ce qu’elle a fait connaître reste compté comme connu.")


def _ledger(project: Project, board: Board) -> Ledger:
    from etabli.disclosure.ledger import read_ledger

    ledger = read_ledger(project.ledger, shown=project.relative(project.ledger))
    if ledger.torn:
        board.warn("La dernière ligne du registre est restée à moitié écrite : elle n’est pas prise en compte.")
    return ledger
