"""Commands that receive, list and destroy deliveries, and write the record of processing."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etabli.cli.arguments import today
from etabli.project import find_project
from etabli.study import read_study

if TYPE_CHECKING:
    from etabli.board import Board
    from etabli.sources.reception import Received

app = typer.Typer(help="Les livraisons des partenaires : reçues, tenues, détruites.", invoke_without_command=True)

_TOLD = {
    "intact": "intacte",
    "changed": "modifiée depuis sa réception",
    "missing": "absente, sans preuve de destruction",
    "unregistered": "déposée sans être enregistrée",
}


@app.callback()
def list_deliveries(
    context: typer.Context,
    days: Annotated[
        int, typer.Option(help="Annonce les conventions qui expirent dans ce nombre de jours.", min=0)
    ] = 60,
) -> None:
    """Liste les livraisons et leur état, les conventions qui expirent, et ce qui doit être détruit."""
    if context.invoked_subcommand is not None:
        return
    from etabli.agreements import read_all_agreements
    from etabli.board import Board
    from etabli.sources.reception import deletions, expiring, received

    project, board, day = find_project(), Board.for_terminal(), today()
    agreements = read_all_agreements(project)
    found = received(project, agreements, day=day)
    for each in found:
        _tell(board, each)
    gone = len(deletions(project))
    board.say(f"{_count(len(found), 'livraison')} ; {_count(gone, 'destruction prouvée', 'destructions prouvées')}.")
    late = False
    for slug, agreement in expiring(agreements, day=day, within=days):
        assert agreement.expires is not None
        late |= agreement.expires < day
        verb = (
            "a expiré" if agreement.expires < day else f"expire dans {_count((agreement.expires - day).days, 'jour')}"
        )
        (board.warn if agreement.expires < day else board.caution)(
            f"convention {slug} : {verb} ({agreement.expires:%d/%m/%Y})"
        )
    overdue = [each for each in found if each.overdue is not None]
    for each in overdue:
        board.warn(f"à détruire : {each.shown} (au plus tard le {each.overdue:%d/%m/%Y})")
    if late or overdue or any(each.standing != "intact" for each in found):
        raise typer.Exit(1)


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Le fichier reçu ; il reste où il est.")],
    study: Annotated[str, typer.Option(metavar="ÉTUDE", help="L’étude qui le lit.")],
    source: Annotated[str, typer.Option(metavar="SOURCE", help="La source de l’étude.")],
    edition: Annotated[str, typer.Option(metavar="ÉDITION", help="L’édition de l’étude.")],
    agreement: Annotated[
        str | None, typer.Option(metavar="CONVENTION", help="La convention annoncée, tenue à celle de l’étude.")
    ] = None,
) -> None:
    """Reçoit un fichier : copié à sa place et enregistré, avec son empreinte."""
    from etabli.board import Board
    from etabli.sources.keys import keyring_of, missing_key
    from etabli.sources.reception import add_delivery

    project, board = find_project(), Board.for_terminal()
    made = add_delivery(project, read_study(project, study), file, source, edition, day=today(), agreement=agreement)
    assert made.entry is not None
    board.say(f"reçu : {made.shown}, {made.entry.size} octets, SHA-256 {made.entry.sha256[:12]}…")
    advice = missing_key(project, keyring_of(project, os.environ))
    if advice is not None:
        board.caution(advice)


@app.command("delete")
def delete(
    delivery: Annotated[str, typer.Argument(metavar="LIVRAISON", help="fournisseur/édition/fichier.")],
    reason: Annotated[str, typer.Option(metavar="MOTIF", help="La raison, que la preuve gardera.")],
) -> None:
    """Détruit une livraison et ce que le cache en garde ; la preuve reste."""
    from etabli.board import Board
    from etabli.sources.reception import DELETIONS, delete_delivery

    project = find_project()
    destroyed = delete_delivery(project, delivery, day=today(), reason=reason)
    proof, board = project.relative(project.ledger / DELETIONS), Board.for_terminal()
    board.say(f"détruite : {delivery} ; preuve dans {proof}")
    for page in destroyed.pages:
        board.say(f"détruit aussi, fait de cette livraison : {page}")


def write_processing_register(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DOSSIER]", help="Où l’écrire (reports/register, si rien n’est dit).")
    ] = None,
) -> None:
    """Écrit le registre des traitements (RGPD, article 30), d’après les conventions et les études."""
    from etabli.board import Board
    from etabli.publish.processing_register import FOLDER, gaps, write_register

    project, board = find_project(), Board.for_terminal()
    paths, lines = write_register(project, folder or project.reports / FOLDER, day=today())
    for path in paths:
        board.say(f"écrit : {project.told(path)}")
    empty = gaps(lines)
    if empty:
        board.caution(f"{_count(empty, 'case')} à compléter dans les conventions et les études")


def _tell(board: Board, each: Received) -> None:
    received: date | None = each.entry.received if each.entry else None
    text = f"{each.shown} — {_TOLD[each.standing]}" + (f", reçue le {received:%d/%m/%Y}" if received else "")
    (board.say if each.standing == "intact" else board.warn)(text)


def _count(number: int, one: str, many: str | None = None) -> str:
    from etabli import french

    return french.count(number, one, many or f"{one}s")
