"""Delimited texts as partners send them: what is told of each defect, to the letter, and what is read in spite of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.sources.metadata import Reading

Received = Callable[..., tuple[pd.DataFrame, Reading]]

HEADER = "DOSSIER;CANAL;COMMUNE;JOUR;MINUTES;MONTANT"
ROW = "0012;ATV;35238;31/12/2024;12;480,50"


def lines(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def cell(old: str, new: str) -> bytes:
    """Return a file of one visit, one of its cells changed."""
    return lines(HEADER, ROW.replace(old, new))


REFUSED = [
    pytest.param(
        b"",
        ".csv",
        {},
        DeliveryError(
            "Le fichier est vide.",
            where="visites.csv",
            expected="un en-tête et au moins une ligne",
            got="0 octet",
            hint="redemandez le fichier",
        ),
        id="empty",
    ),
    pytest.param(
        b"\n\n",
        ".csv",
        {},
        DeliveryError(
            "Le fichier est vide.",
            where="visites.csv",
            expected="un en-tête et au moins une ligne",
            got="aucun texte",
            hint="redemandez le fichier",
        ),
        id="blank lines alone",
    ),
    pytest.param(
        lines(HEADER),
        ".csv",
        {},
        DeliveryError(
            "Le fichier est vide.",
            where="visites.csv",
            expected="un en-tête et au moins une ligne",
            got="un en-tête sans aucune ligne",
            hint="redemandez le fichier",
        ),
        id="header alone",
    ),
    pytest.param(
        lines(ROW, ROW),
        ".csv",
        {},
        DeliveryError(
            "L’en-tête manque, ou aucune de ses colonnes n’est attendue.",
            where="visites.csv, ligne 1",
            expected="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « MONTANT »",
            got="6 cellules, dont aucune ne porte un nom attendu",
            hint="la première ligne est-elle déjà une donnée ? Redemandez le fichier avec ses noms de colonnes",
        ),
        id="no header",
    ),
    pytest.param(
        b"<!DOCTYPE html><html><body>Connexion</body></html>\n",
        ".csv",
        {},
        DeliveryError(
            "Le fichier n’est pas un tableau.",
            where="visites.csv",
            expected="un texte dont les champs sont séparés",
            got="une page HTML",
            hint="le site a peut-être répondu par sa page de connexion : téléchargez le fichier de nouveau",
        ),
        id="page of a portal whose session ended",
    ),
    pytest.param(
        b"\x1f\x8b\x08\x00" + bytes(200),
        ".csv",
        {},
        DeliveryError(
            "Le fichier n’est pas du texte.",
            where="visites.csv",
            expected="un fichier texte en utf-8",
            got="un fichier compressé (gzip)",
            hint="décompressez-le",
        ),
        id="gzip under another name",
    ),
    pytest.param(
        b"PK\x03\x04" + bytes(200),
        ".csv",
        {},
        DeliveryError(
            "Le fichier n’est pas du texte.",
            where="visites.csv",
            expected="un fichier texte en utf-8",
            got="un classeur ou une archive, sous un nom de texte",
            hint="ouvrez-le dans un tableur, et faites-le réenregistrer au format CSV",
        ),
        id="workbook under another name",
    ),
    pytest.param(
        lines(HEADER, ROW).decode().encode("utf-16-le"),
        ".csv",
        {},
        DeliveryError(
            "Le fichier n’est pas du texte.",
            where="visites.csv",
            expected="un fichier texte en utf-8",
            got="un texte en UTF-16 sans la marque qui le dit",
            hint="faites-le réenregistrer en UTF-8",
        ),
        id="UTF-16 without its mark",
    ),
    pytest.param(
        cell("0012", "Élise").decode().encode("latin-1"),
        ".csv",
        {"format": {"encoding": "utf-8"}},
        DeliveryError(
            "Le fichier n’est pas écrit en utf-8.",
            where="visites.csv, ligne 2",
            expected="utf-8",
            got="un texte écrit, semble-t-il, en latin-1",
            hint="déclarez « encoding: latin-1 » dans le codebook, ou faites réenregistrer le fichier en utf-8",
        ),
        id="latin-1 where UTF-8 is declared",
    ),
    pytest.param(
        cell("0012", "Élise"),
        ".csv",
        {"format": {"encoding": "cp1252"}},
        DeliveryError(
            "Le fichier n’est pas écrit en cp1252.",
            where="visites.csv, ligne 2",
            expected="cp1252",
            got="un texte écrit, semble-t-il, en utf-8",
            hint="déclarez « encoding: utf-8 » dans le codebook, ou faites réenregistrer le fichier en cp1252",
        ),
        id="UTF-8 where cp1252 is declared",
    ),
    pytest.param(
        lines(HEADER, ROW).replace(b";", b"|"),
        ".csv",
        {"format": {"separator": ";"}},
        DeliveryError(
            "Le séparateur du fichier n’est pas celui du codebook.",
            where="visites.csv, ligne 1",
            expected="le point-virgule",
            got="la barre verticale, semble-t-il",
            hint='déclarez « separator: "|" » sous « format » dans le codebook',
        ),
        id="bar where semicolon is declared",
    ),
    pytest.param(
        lines(f'"{HEADER}"', f'"{ROW}"'),
        ".csv",
        {},
        DeliveryError(
            "Chaque ligne est entre guillemets, et n’a donc qu’un champ.",
            where="visites.csv, ligne 1",
            expected="des champs séparés par le point-virgule",
            hint="un tableur qui n’avait pas reconnu le séparateur a réenregistré le fichier : redemandez l’original",
        ),
        id="every line between quotes",
    ),
    pytest.param(
        lines(HEADER + ";CANAL", ROW + ";ATV"),
        ".csv",
        {},
        DeliveryError(
            "La colonne « CANAL » figure 2 fois.",
            where="visites.csv, ligne 1",
            expected="des colonnes aux noms tous différents",
            hint="faites renommer ou retirer celle de trop : rien ne dit laquelle le codebook décrit",
        ),
        id="same name twice",
    ),
    pytest.param(
        lines(";" + HEADER, "1;" + ROW),
        ".csv",
        {},
        DeliveryError(
            "Une colonne sans nom n’est pas dans le codebook.",
            where="visites.csv, ligne 1",
            expected="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « MONTANT »",
            got="(sans nom)",
            hint="donnez-lui un nom, ou retirez-la du fichier : des numéros de ligne, peut-être",
        ),
        id="column with values and no name",
    ),
    pytest.param(
        lines(HEADER.replace("MONTANT", "Montant"), ROW),
        ".csv",
        {},
        DeliveryError(
            "La colonne « MONTANT » manque.",
            where="visites.csv, ligne 1",
            expected="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « MONTANT »",
            got="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « Montant »",
            hint="le fichier a une colonne « Montant » que le codebook ne décrit pas : est-ce elle ?",
        ),
        id="name in another case",
    ),
    pytest.param(
        lines(HEADER + ";NIR", ROW + ";1850578006084"),
        ".csv",
        {},
        DeliveryError(
            "La colonne « NIR » n’est pas dans le codebook.",
            where="visites.csv, ligne 1",
            expected="« DOSSIER », « CANAL », « COMMUNE », « JOUR », « MINUTES », « MONTANT »",
            got="« NIR »",
            hint="décrivez-la dans le codebook, ou retirez-la du fichier (noms connus : DOSSIER, CANAL, COMMUNE, JOUR, MINUTES, MONTANT)",
        ),
        id="column nobody described",
    ),
    pytest.param(
        lines(HEADER, ROW, ROW.replace("0012", "12; rue du Pré")),
        ".csv",
        {},
        DeliveryError(
            "Une ligne a trop de champs.",
            where="visites.csv, ligne 3",
            expected="6 champs, comme l’en-tête",
            got="7 champs",
            hint="une cellule qui contient le séparateur s’écrit entre guillemets",
        ),
        id="separator inside an unquoted address",
    ),
    pytest.param(
        lines(HEADER, ROW.replace("0012", "00\n12"), ROW),
        ".csv",
        {},
        DeliveryError(
            "Une ligne a trop peu de champs.",
            where="visites.csv, ligne 2",
            expected="6 champs, comme l’en-tête",
            got="1 champ",
            hint="corrigez la ligne, ou redemandez le fichier",
        ),
        id="line break inside an unquoted cell",
    ),
    pytest.param(
        lines(HEADER, ROW, ROW)[:-20],
        ".csv",
        {},
        DeliveryError(
            "Le fichier est tronqué à sa dernière ligne.",
            where="visites.csv, ligne 3",
            expected="6 champs, comme l’en-tête",
            got="4 champs",
            hint="redemandez le fichier",
        ),
        id="file cut inside its last row",
    ),
    pytest.param(
        lines(HEADER, ROW.replace("0012", "Zoé") * 2).rpartition(b"\xa9")[0],
        ".csv",
        {"format": {"encoding": "utf-8"}},
        DeliveryError(
            "Le fichier est tronqué au milieu d’un caractère.",
            where="visites.csv",
            expected="un texte complet en utf-8",
            hint="redemandez le fichier",
        ),
        id="file cut inside a character",
    ),
    pytest.param(
        lines(HEADER, ROW.replace("0012", '"le "petit" 12"')),
        ".csv",
        {},
        DeliveryError(
            "Un guillemet est mal placé.",
            where="visites.csv, ligne 2",
            expected="une cellule entre guillemets refermée à sa fin, ses propres guillemets doublés",
            hint="corrigez la ligne, ou redemandez le fichier",
        ),
        id="quote inside a quoted cell",
    ),
    pytest.param(
        lines(HEADER, ROW, ROW.replace("0012", '"0012'), ROW),
        ".csv",
        {},
        DeliveryError(
            "Un guillemet n’est pas refermé, ou le fichier est tronqué.",
            where="visites.csv, ligne 3",
            expected="une cellule entre guillemets refermée à sa fin, ses propres guillemets doublés",
            hint="corrigez la ligne, ou redemandez le fichier",
        ),
        id="quote never closed",
    ),
    pytest.param(
        lines(HEADER, ROW.replace("0012", '"00\n12"'), ROW.replace("/12/", "/13/")),
        ".csv",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 4",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 31/13/2024 »",
        ),
        id="wrong date after a quoted line break",
    ),
    pytest.param(
        lines(HEADER, ROW, "", "Source : fichier des visites, données provisoires"),
        ".csv",
        {},
        DeliveryError(
            "Un texte suit le tableau.",
            where="visites.csv, ligne 4",
            expected="6 champs, comme l’en-tête",
            got="1 champ",
            hint="retirez du fichier cette note, et celles qui la suivent",
        ),
        id="note under the table",
    ),
    pytest.param(
        lines(HEADER, ROW, "Total;;;;12;480,50"),
        ".csv",
        {},
        DeliveryError(
            "La dernière ligne est un total, et non une visite.",
            where="visites.csv, ligne 3",
            expected="des lignes de données seulement",
            got="« Total » dans la colonne « DOSSIER »",
            hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
        ),
        id="total under the table",
    ),
    pytest.param(
        lines(HEADER, ROW, ";Total général;;;12;480,50"),
        ".csv",
        {},
        DeliveryError(
            "La dernière ligne est un total, et non une visite.",
            where="visites.csv, ligne 3",
            expected="des lignes de données seulement",
            got="« Total » dans la colonne « CANAL »",
            hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
        ),
        id="total in another column",
    ),
    pytest.param(
        lines(HEADER, ROW, HEADER, ROW),
        ".csv",
        {},
        DeliveryError(
            "L’en-tête revient au milieu des données.",
            where="visites.csv, ligne 3",
            expected="un seul en-tête, en haut du fichier",
            hint="deux extractions mises bout à bout, peut-être avec les mêmes lignes deux fois : vérifiez-le",
        ),
        id="two extractions end to end",
    ),
    pytest.param(
        cell("31/12", "31/02"),
        ".csv",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 31/02/2024 »",
        ),
        id="day that does not exist",
    ),
    pytest.param(
        cell("31/12", "12/31"),
        ".csv",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 12/31/2024 »",
        ),
        id="month before day",
    ),
    pytest.param(
        cell("/2024", "/24"),
        ".csv",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 31/12/24 »",
        ),
        id="year of two digits",
    ),
    pytest.param(
        cell("31/12/2024", "45657"),
        ".csv",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 45657 »",
        ),
        id="date as the number that Excel stores",
    ),
    pytest.param(
        cell("2024", "2042"),
        ".csv",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») est trop grande sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="au plus 31/12/2024",
            got="« 31/12/2042 »",
        ),
        id="year mistyped",
    ),
    pytest.param(
        cell(";12;", ";NULL;"),
        ".csv",
        {},
        DeliveryError(
            "La variable « minutes » (colonne « MINUTES ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="un nombre entier",
            got="« NULL »",
        ),
        id="NULL written by a database",
    ),
    pytest.param(
        cell("480,50", "−480,50"),
        ".csv",
        {},
        DeliveryError(
            "La variable « amount » (colonne « MONTANT ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="un nombre, ses décimales après « , »",
            got="« −480,50 »",
        ),
        id="minus of a word processor",
    ),
    pytest.param(
        cell("480,50", "480,50 €"),
        ".csv",
        {},
        DeliveryError(
            "La variable « amount » (colonne « MONTANT ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="un nombre, ses décimales après « , »",
            got="« 480,50 € »",
        ),
        id="unit beside the number",
    ),
    pytest.param(
        cell("480,50", "480.50"),
        ".csv",
        {"format": {"decimal": ","}},
        DeliveryError(
            "La variable « amount » (colonne « MONTANT ») n’a pas le type prévu sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="un nombre, ses décimales après « , »",
            got="« 480.50 »",
        ),
        id="decimal point",
    ),
    pytest.param(
        cell("ATV", "atv"),
        ".csv",
        {},
        DeliveryError(
            "La variable « channel » (colonne « CANAL ») n’est pas un code du codebook sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="l’un de : « ATV », « RDV »",
            got="« atv »",
            hint="vouliez-vous dire « ATV » ?",
        ),
        id="code in another case",
    ),
    pytest.param(
        cell("35238", "1004"),
        ".csv",
        {},
        DeliveryError(
            "La variable « commune » (colonne « COMMUNE ») n’a pas la forme prévue sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="un texte de la forme « [0-9][0-9AB][0-9]{3} »",
            got="« 1004 »",
        ),
        id="code that lost its first zero",
    ),
    pytest.param(
        cell("35238", "3,52E+04"),
        ".csv",
        {},
        DeliveryError(
            "La variable « commune » (colonne « COMMUNE ») n’a pas la forme prévue sur 1 ligne.",
            where="visites.csv, ligne 2",
            expected="un texte de la forme « [0-9][0-9AB][0-9]{3} »",
            got="« 3,52E+04 »",
        ),
        id="code turned into a power of ten",
    ),
]


@pytest.mark.parametrize(("content", "suffix", "changes", "told"), REFUSED)
def test_defect_is_told(
    refusal: Callable[..., str], content: bytes, suffix: str, changes: dict[str, Any], told: DeliveryError
) -> None:
    assert refusal(content, suffix, **changes) == str(told)


VISIT = {"file": "0012", "channel": "walk_in", "commune": "35238", "day": "2024-12-31", "minutes": 12, "amount": 480.5}

READ = [
    pytest.param(
        lines("sep=;", HEADER, ROW), ".csv", {"title_rows": "1"}, {}, id="line that tells Excel the separator"
    ),
    pytest.param(
        lines("Extraction du 03/01/2025", "", HEADER, ROW), ".csv", {"title_rows": "2"}, {}, id="title above the header"
    ),
    pytest.param(lines(HEADER, ROW, ";;;;;", ";;;;;"), ".csv", {}, {}, id="rows emptied in a spreadsheet"),
    pytest.param(lines(HEADER + ";;", ROW + ";;"), ".csv", {}, {}, id="columns emptied in a spreadsheet"),
    pytest.param(lines(HEADER, ROW) + b"\x1a", ".csv", {}, {}, id="end of file of DOS"),
    pytest.param(b"\xef\xbb\xbf" * 2 + lines(HEADER, ROW), ".csv", {}, {}, id="byte order mark twice"),
    pytest.param(lines("\u200b" + HEADER, ROW), ".csv", {}, {}, id="name copied from a web page"),
    pytest.param(lines(HEADER, ROW).replace(b"\n", b"\r"), ".csv", {}, {}, id="lines of an old Macintosh"),
    pytest.param(lines(HEADER, "", ROW, "", ""), ".csv", {}, {}, id="blank lines"),
    pytest.param(
        ("\ufeff" + lines(HEADER, ROW).decode().replace(";", "\t")).encode("utf-16-le"),
        ".txt",
        {"encoding": "utf-16", "separator": "\t"},
        {},
        id="Unicode text of Excel",
    ),
    pytest.param(
        cell("0012", "Œuvre €").decode().encode("cp1252"),
        ".csv",
        {"encoding": "cp1252"},
        {"file": "Œuvre €"},
        id="CSV of a French Excel",
    ),
    pytest.param(
        cell("0012", "Élise").decode().encode("latin-1"),
        ".csv",
        {"encoding": "latin-1"},
        {"file": "Élise"},
        id="CSV of a French mainframe",
    ),
    pytest.param(
        cell("480,50", "1\u202f480,50"), ".csv", {}, {"amount": 1480.5}, id="narrow no-break space in a number"
    ),
    pytest.param(cell("480,50", "480.50"), ".csv", {"decimal": "."}, {}, id="decimal point"),
    pytest.param(cell("ATV", "ATV\u00a0"), ".csv", {}, {}, id="no-break space after a code"),
    pytest.param(cell("35238", "2A004"), ".csv", {}, {"commune": "2A004"}, id="commune of Corsica"),
    pytest.param(cell("35238", "01004"), ".csv", {}, {"commune": "01004"}, id="commune of the Ain"),
    pytest.param(
        cell("0012", '"12; rue du ""Pré""\n35000 Rennes"'),
        ".csv",
        {},
        {"file": '12; rue du "Pré"\n35000 Rennes'},
        id="address between quotes, over two lines",
    ),
    pytest.param(
        lines(HEADER.replace(";", ","), ROW.replace("480,50", '"480,50"').replace(";", ",")),
        ".csv",
        {"separator": ","},
        {},
        id="comma between fields and in numbers",
    ),
]


@pytest.mark.parametrize(("content", "suffix", "guessed", "changed"), READ)
def test_defect_is_read(
    receive: Received, content: bytes, suffix: str, guessed: dict[str, str], changed: dict[str, Any]
) -> None:
    frame, reading = receive(content, suffix)
    row = frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d")).to_dict("records")
    assert row == [{**VISIT, **changed}]
    usual = {"encoding": "utf-8", "separator": ";", "decimal": ","}
    assert {guess.subject: guess.value for guess in reading.metadata.guesses} == {**usual, **guessed}
    assert not any(guess.declared for guess in reading.metadata.guesses)


def test_rows_passed_over_are_told(receive: Received) -> None:
    _, reading = receive(lines(HEADER, ROW, ";;;;;", ";;;;;"), ".csv")
    assert reading.metadata.notes == ("2 dernières lignes sans aucune valeur, non lues.",)
