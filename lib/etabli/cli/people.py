"""Commands that guard people: keys of pseudonyms, withdrawals, the search for personal data."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etabli.cli.arguments import today
from etabli.errors import KeyringError, PersonalDataError
from etabli.project import Project, find_project
from etabli.study import read_study

if TYPE_CHECKING:
    from etabli.sources.keys import Keyring

keys = typer.Typer(help="La clé des pseudonymes : faite, montrée, transmise, changée.", no_args_is_help=True)


def _keyring() -> Keyring:
    from etabli.sources.keys import keyring_of

    return keyring_of(find_project(), os.environ)


@keys.command("new")
def new_key(
    first: Annotated[
        bool, typer.Option("--first", help="Le projet n’a jamais eu de clé, bien que des livraisons y soient.")
    ] = False,
) -> None:
    """Fait la clé du projet, une seule fois."""
    from etabli.board import Board
    from etabli.sources.keys import make_key

    keyring = _keyring()
    name = make_key(find_project(), keyring, day=today(), first=first)
    board = Board.for_terminal()
    board.say(f"clé {name}, gardée dans {keyring.path(name)}")
    board.say("Exportez-la et mettez le fichier en lieu sûr : sans elle, aucune livraison ne se relie aux précédentes.")


@keys.command("show")
def show_key() -> None:
    """Montre l’empreinte des clés du projet, et si elles sont sur cette machine ; jamais la clé."""
    from etabli.board import Board
    from etabli.sources.keys import held_state

    keyring, board = _keyring(), Board.for_terminal()
    state = held_state(find_project(), keyring)
    for name, since in state.history:
        use = "en service" if name == state.current else "ancienne"
        place = "sur cette machine" if keyring.path(name).is_file() else "absente de cette machine"
        board.say(f"{name} — {use}, depuis le {since:%d/%m/%Y}, {place}")
    keyring.read(state.current)


@keys.command("export")
def export_key(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Le fichier scellé à écrire.")],
) -> None:
    """Écrit la clé dans un fichier scellé par une phrase secrète, pour un collègue ou un coffre."""
    from etabli.board import Board
    from etabli.sources import key_transfer

    phrase = _passphrase(twice=True)
    names = key_transfer.export_key(find_project(), _keyring(), file, phrase)
    Board.for_terminal().say(f"exporté dans {file} : {', '.join(names)}. Donnez la phrase par une autre voie.")


@keys.command("import")
def import_key(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Le fichier scellé qu’un collègue a donné.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Remplace la clé du projet si celle du fichier est une autre.")
    ] = False,
) -> None:
    """Reçoit la clé d’un fichier scellé."""
    from etabli.board import Board
    from etabli.sources import key_transfer

    name = key_transfer.import_key(find_project(), _keyring(), file, _passphrase(twice=False), replace=replace)
    Board.for_terminal().say(f"clé en service : {name}")


@keys.command("rotate")
def rotate_key() -> None:
    """Change la clé du projet : tous les pseudonymes changent."""
    from etabli.board import Board
    from etabli.sources.cache import forget
    from etabli.sources.keys import rotate_key as rotate

    project, board = find_project(), Board.for_terminal()
    former, new = rotate(project, _keyring(), day=today())
    forget(project)
    board.say(f"clé en service : {new} ; l’ancienne, {former}, reste pour reconnaître qui s’est retiré")
    board.say(
        "Liens perdus : un pseudonyme noté hors des livraisons (carnet, export, courrier) ne désigne plus personne."
    )
    board.say("Liens gardés : les livraisons encore là, relues sous la nouvelle clé, se relient entre elles.")


def asked(prompt: str) -> str:
    """Return what is typed without being shown; without a terminal, the next line of the standard input.

    Raises
    ------
    KeyringError
        Nothing was given.
    """
    told = getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not told:
        raise KeyringError(
            "Rien n’a été saisi.",
            expected=prompt.removesuffix(" : ").lower(),
            hint="lancez la commande dans un terminal, ou donnez cette ligne à son entrée standard",
        )
    return told


def _passphrase(*, twice: bool) -> str:
    phrase = asked("Phrase secrète : ")
    if twice and sys.stdin.isatty() and asked("Encore une fois : ") != phrase:
        raise KeyringError("Les deux phrases diffèrent.", hint="recommencez")
    return phrase


def withdraw(
    study: Annotated[str, typer.Option(metavar="ÉTUDE", help="L’étude dont la personne se retire.")],
    person: Annotated[
        str | None,
        typer.Argument(
            metavar="[PERSONNE]", help="Pseudonyme, ou identifiant (demandé sans s’afficher, si rien n’est dit)."
        ),
    ] = None,
    absent: Annotated[
        bool, typer.Option("--absent", help="Enregistre aussi quelqu’un qu’aucune livraison ne contient.")
    ] = False,
) -> None:
    """Retire une personne d’une étude : plus rien d’elle dans les passages à venir."""
    from etabli import french
    from etabli.board import Board
    from etabli.runs.withdrawal import withdraw as withdraw_person

    project, board = find_project(), Board.for_terminal()
    declared = read_study(project, study)
    outcome = withdraw_person(
        project, declared, person or asked("Pseudonyme ou identifiant : "), _keyring(), day=today(), absent=absent
    )
    names = ", ".join(outcome.pseudonyms)
    if outcome.since is None:
        board.say(f"retrait enregistré : {names}")
    else:
        board.say(f"retrait déjà enregistré, le {outcome.since:%d/%m/%Y} : {names}")
    for shown, count in outcome.held:
        board.say(f"  {shown} : {french.count(count, 'ligne', 'lignes')} de moins désormais")
    for shown in outcome.unread:
        board.caution(f"{shown} n’a pas pu être lue : elle contient peut-être cette personne")
    for report in outcome.reports:
        board.caution(f"rapport fait avec cette personne, à refaire ou à supprimer : {report}")
    for report in outcome.uncertain:
        board.caution(
            f"rapport d’une livraison qui n’est plus là, et qui contenait peut-être cette personne : {report}"
        )
    for trace in outcome.traces:
        board.caution(f"fait d’une livraison qui la contient, ou laissé par un passage échoué, à supprimer : {trace}")
    for release in outcome.releases:
        board.caution(f"diffusion faite avec cette personne, à signaler au destinataire : {release}")
    board.say(
        "Les caches sont vidés." if outcome.held else "Aucune vraie livraison présente ne contient cette personne."
    )


SHOWN = 20
"""Hits told for one file: more of them say no more."""


def scan(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[CHEMIN…]", help="Fichiers ou dossiers (notebooks, studies, reports, si rien n’est dit)."
        ),
    ] = None,
) -> None:
    """Cherche des données personnelles dans des fichiers, sans les montrer en entier."""
    from etabli import french
    from etabli.board import Board
    from etabli.disclosure.scan import scan_file

    project, board = find_project(), Board.for_terminal()
    exempt = _contacts(project)
    count, seen, unread, broken = 0, 0, 0, 0
    for path in _files(paths or [project.notebooks, project.studies, project.reports, project.reference]):
        shown = project.told(path)
        try:
            hits = scan_file(path, shown=shown, exempt=exempt)
        except PersonalDataError as error:
            board.warn(f"{shown} : {error.what}")
            broken += 1
            continue
        if hits is None:
            unread += 1
            continue
        seen, count = seen + 1, count + len(hits)
        for hit in hits[:SHOWN]:
            board.warn(str(hit))
        if len(hits) > SHOWN:
            board.warn(f"{shown} : et {french.count(len(hits) - SHOWN, 'autre', 'autres')}")
    left = f", {unread} d’un format qui ne s’examine pas" if unread else ""
    files = french.count(seen, "fichier examiné", "fichiers examinés")
    found = french.count(count, "donnée personnelle", "données personnelles") if count else "aucune donnée personnelle"
    board.say(f"{files}{left} : {found}.")
    if count or broken:
        raise typer.Exit(1)


def _files(places: list[Path]) -> list[Path]:
    """Return the files to look into, folders searched; of hidden ones, which are the workbench's, journals alone."""
    found: list[Path] = []
    for place in places:
        if place.is_file():
            found.append(place)
        elif place.is_dir():
            inside = (each for each in place.rglob("*") if each.is_file())
            found += sorted(e for e in inside if not any(part.startswith(".") for part in e.relative_to(place).parts))
            found += sorted(place.glob("**/.batches/*.jsonl"))
        elif not (place.parent.is_dir() and place.name in {"reference", "reports"}):
            raise PersonalDataError("Ce fichier ou ce dossier n’existe pas.", where=str(place))
    return found


def _contacts(project: Project) -> list[str]:
    """Return the contacts that studies and agreements declare, which may be named."""
    from etabli.agreements import read_all_agreements

    contacts = [read_study(project, slug).contact for slug in project.slugs()]
    declared = [text for each in contacts for text in (each.name, each.email)]
    declared += [each.contact for each in read_all_agreements(project).values()]
    return [each for each in declared if each]
