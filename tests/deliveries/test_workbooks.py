"""Workbooks as partners send them: what is told of each defect, and what is read in spite of it."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl.styles import PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.compound import error_cells
from etabli.sources.metadata import Reading
from etabli.sources.readers import read

_SPEC = importlib.util.spec_from_file_location("sheets", Path(__file__).with_name("sheets.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
sheets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sheets)

Received = Callable[..., tuple[pd.DataFrame, Reading]]

HEADER = ["DOSSIER", "CANAL", "COMMUNE", "JOUR", "MINUTES", "MONTANT"]
DAY = date(2024, 12, 31)
ROW = ["0012", "ATV", "35238", DAY, 12, 480.5]
xlsx, ods = sheets.xlsx, sheets.ods
OPEN_HEADER = [sheets.text(name) for name in HEADER]
OPEN_ROW = [
    sheets.text("0012"),
    sheets.text("ATV"),
    sheets.text("35238"),
    sheets.day("2024-12-31"),
    sheets.number(12),
    sheets.number(480.5, "480,50 €"),
]


def row(**changes: Any) -> list[Any]:
    """Return the cells of one visit, some of them changed."""
    usual = dict(zip(("file", "channel", "commune", "day", "minutes", "amount"), ROW, strict=True))
    return list({**usual, **changes}.values())


def failed(sheet: Worksheet) -> None:
    sheet["F2"] = "#N/A"
    sheet["F2"].data_type = "e"


def copied(sheet: Worksheet) -> None:
    sheet.parent.copy_worksheet(sheet).title = "Copie"


def merged(sheet: Worksheet) -> None:
    sheet.merge_cells("A2:A3")


def hidden(sheet: Worksheet) -> None:
    sheet.column_dimensions["F"].hidden = True


def since_1904(sheet: Worksheet) -> None:
    sheet.parent.epoch = CALENDAR_MAC_1904


def preceded(sheet: Worksheet) -> None:
    sheet.parent.create_sheet("Lisez-moi", 0).append(["Extraction du 3 janvier"])


def grouped(sheet: Worksheet) -> None:
    sheet.merge_cells("A3:B3")


def coloured(sheet: Worksheet) -> None:
    for place in range(3, 500):
        sheet.cell(place, 20).fill = PatternFill("solid", fgColor="FFFF00")


ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)

REFUSED = [
    pytest.param(
        xlsx([]),
        ".xlsx",
        {},
        DeliveryError(
            "Le fichier est vide.",
            where="visites.xlsx",
            expected="un en-tête et au moins une ligne",
            got="un classeur sans aucune cellule remplie",
            hint="redemandez le fichier",
        ),
        id="no cell at all",
    ),
    pytest.param(
        xlsx([HEADER]),
        ".xlsx",
        {},
        DeliveryError(
            "Le fichier est vide.",
            where="visites.xlsx",
            expected="un en-tête et au moins une ligne",
            got="un en-tête sans aucune ligne",
            hint="redemandez le fichier",
        ),
        id="header alone",
    ),
    pytest.param(
        xlsx([HEADER, ROW])[:-300],
        ".xlsx",
        {},
        DeliveryError(
            "Le classeur est abîmé ou tronqué.",
            where="visites.xlsx",
            expected="un classeur Excel ou LibreOffice complet",
            hint="ouvrez-le dans un tableur et réenregistrez-le, ou redemandez le fichier",
        ),
        id="file cut",
    ),
    pytest.param(
        b"DOSSIER;CANAL\n0012;ATV\n",
        ".xlsx",
        {},
        DeliveryError(
            "Le fichier n’est pas un classeur.",
            where="visites.xlsx",
            expected="un classeur Excel ou LibreOffice",
            got="un texte, semble-t-il",
            hint="un texte nommé comme un classeur se lit au format CSV : renommez-le, ou faites-le réenregistrer",
        ),
        id="text under the name of a workbook",
    ),
    pytest.param(
        b"<html><table><tr><td>DOSSIER</td></tr></table></html>",
        ".xls",
        {},
        DeliveryError(
            "Le fichier n’est pas un classeur.",
            where="visites.xls",
            expected="un classeur Excel ou LibreOffice",
            got="une page HTML",
            hint="un texte nommé comme un classeur se lit au format CSV : renommez-le, ou faites-le réenregistrer",
        ),
        id="web page under the name of a workbook",
    ),
    pytest.param(
        ENCRYPTED,
        ".xlsx",
        {},
        DeliveryError(
            "Le classeur est protégé par un mot de passe.",
            where="visites.xlsx",
            hint="faites-le enregistrer sans mot de passe",
        ),
        id="password",
    ),
    pytest.param(
        ENCRYPTED[:500] + bytes(800),
        ".xls",
        {},
        DeliveryError(
            "Le classeur est abîmé ou tronqué.",
            where="visites.xls",
            expected="un classeur Excel ou LibreOffice complet",
            hint="ouvrez-le dans un tableur et réenregistrez-le, ou redemandez le fichier",
        ),
        id="broken old workbook",
    ),
    pytest.param(
        xlsx([HEADER, ROW], copied),
        ".xlsx",
        {},
        DeliveryError(
            "Plusieurs feuilles ont les colonnes attendues.",
            where="visites.xlsx",
            expected="une seule feuille, ou son nom dans le codebook",
            got="« Visites », « Copie »",
            hint="déclarez « sheet » sous « format » dans le codebook",
        ),
        id="two sheets that fit",
    ),
    pytest.param(
        xlsx([HEADER, ROW]),
        ".xlsx",
        {"format": {"sheet": "Visite"}},
        DeliveryError(
            "La feuille « Visite » manque.",
            where="visites.xlsx",
            expected="la feuille que déclare « sheet » dans le codebook",
            got="« Visites »",
            hint="vouliez-vous dire « Visites » ?",
        ),
        id="sheet renamed",
    ),
    pytest.param(
        xlsx([HEADER, ROW], failed),
        ".xlsx",
        {},
        DeliveryError(
            "La cellule F2 contient une erreur du tableur.",
            where="visites.xlsx, feuille « Visites », ligne 2, colonne « MONTANT »",
            expected="une valeur, ou une cellule vide",
            got="« #N/A »",
            hint="faites corriger la formule, ou déclarez « #N/A » dans « missing » s’il veut dire « manquant »",
        ),
        id="cell in error",
    ),
    pytest.param(
        xlsx([HEADER, row(amount="=E2*2")]),
        ".xlsx",
        {},
        DeliveryError(
            "La formule de la cellule F2 n’a jamais été calculée.",
            where="visites.xlsx, feuille « Visites », ligne 2, colonne « MONTANT »",
            expected="une formule et son résultat enregistré",
            got="1 formule sans résultat dans la feuille",
            hint="ouvrez le classeur dans un tableur et réenregistrez-le",
        ),
        id="formula never computed",
    ),
    pytest.param(
        xlsx([HEADER, ROW, ["Total", None, None, None, 12, 480.5]]),
        ".xlsx",
        {},
        DeliveryError(
            "La dernière ligne est un total, et non une visite.",
            where="visites.xlsx, ligne 3",
            expected="des lignes de données seulement",
            got="« Total » dans la colonne « DOSSIER »",
            hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
        ),
        id="total under the table",
    ),
    pytest.param(
        xlsx([HEADER, ROW, [None, "Total général", None, None, 12, 480.5]]),
        ".xlsx",
        {},
        DeliveryError(
            "La dernière ligne est un total, et non une visite.",
            where="visites.xlsx, ligne 3",
            expected="des lignes de données seulement",
            got="« Total » dans la colonne « CANAL »",
            hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
        ),
        id="grand total in another column",
    ),
    pytest.param(
        xlsx([HEADER, ROW, [], ["Source : fichier des visites"]]),
        ".xlsx",
        {},
        DeliveryError(
            "Un texte suit le tableau.",
            where="visites.xlsx, ligne 4",
            expected="des lignes de données seulement",
            hint="retirez du fichier cette note, et celles qui la précèdent",
        ),
        id="note under the table",
    ),
    pytest.param(
        xlsx([HEADER, ROW, row(file=None)], merged),
        ".xlsx",
        {},
        DeliveryError(
            "La variable « file » (colonne « DOSSIER ») manque sur 1 ligne.",
            where="visites.xlsx, ligne 3",
            expected="une valeur, que le codebook exige",
            got="une cellule sans valeur",
        ),
        id="cells merged downwards",
    ),
    pytest.param(
        xlsx([HEADER, ROW, row(day="31.12.2024")]),
        ".xlsx",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.xlsx, ligne 3",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 31.12.2024 »",
        ),
        id="date typed another way",
    ),
    pytest.param(
        xlsx([HEADER, row(day=45657)]),
        ".xlsx",
        {},
        DeliveryError(
            "La variable « day » (colonne « JOUR ») n’a pas le type prévu sur 1 ligne.",
            where="visites.xlsx, ligne 2",
            expected="une date de la forme « %d/%m/%Y », comme 31/12/2024",
            got="« 45657 »",
        ),
        id="date that lost its format",
    ),
    pytest.param(
        xlsx([HEADER, row(file=1234567890123456789)]),
        ".xlsx",
        {},
        DeliveryError(
            "La colonne « DOSSIER » est en nombres, qui ont perdu les derniers chiffres de ses codes.",
            where="visites.xlsx, ligne 2",
            expected="des codes enregistrés en texte",
            got="un nombre de plus de 15 chiffres, dont un tableur ne garde pas les derniers, sur 1 ligne",
            hint="ces chiffres ne se retrouvent pas : redemandez le fichier, cette colonne en texte, ou en CSV",
        ),
        id="code beyond fifteen digits",
    ),
    pytest.param(
        xlsx([HEADER, row(minutes=12.5)]),
        ".xlsx",
        {},
        DeliveryError(
            "La variable « minutes » (colonne « MINUTES ») n’a pas le type prévu sur 1 ligne.",
            where="visites.xlsx, ligne 2",
            expected="un nombre entier",
            got="« 12,5 »",
        ),
        id="half a minute",
    ),
    pytest.param(
        xlsx([HEADER, row(commune=True)]),
        ".xlsx",
        {},
        DeliveryError(
            "La variable « commune » (colonne « COMMUNE ») n’a pas la forme prévue sur 1 ligne.",
            where="visites.xlsx, ligne 2",
            expected="un texte de la forme « [0-9][0-9AB][0-9]{3} »",
            got="« true »",
        ),
        id="true for a code",
    ),
    pytest.param(
        ods([OPEN_HEADER, [*OPEN_ROW[:5], sheets.failed("#DIV/0!")]]),
        ".ods",
        {},
        DeliveryError(
            "La cellule F2 contient une erreur du tableur.",
            where="visites.ods, feuille « Visites », ligne 2, colonne « MONTANT »",
            expected="une valeur, ou une cellule vide",
            got="« #DIV/0! »",
            hint="faites corriger la formule, ou déclarez « #DIV/0! » dans « missing » s’il veut dire « manquant »",
        ),
        id="ods with a cell in error",
    ),
    pytest.param(
        ods([OPEN_HEADER, OPEN_ROW, [*OPEN_ROW[:4], sheets.failed("Err:502"), sheets.failed("Err:502")]]),
        ".ods",
        {},
        DeliveryError(
            "La cellule E3 contient une erreur du tableur.",
            where="visites.ods, feuille « Visites », ligne 3, colonne « MINUTES »",
            expected="une valeur, ou une cellule vide",
            got="« Err:502 » ; 2 cellules de la feuille",
            hint="faites corriger la formule, ou déclarez « Err:502 » dans « missing » s’il veut dire « manquant »",
        ),
        id="ods with two cells in error",
    ),
    pytest.param(
        ods([OPEN_HEADER, OPEN_ROW, [sheets.text("Total"), *[sheets.EMPTY] * 3, *OPEN_ROW[4:]]]),
        ".ods",
        {},
        DeliveryError(
            "La dernière ligne est un total, et non une visite.",
            where="visites.ods, ligne 3",
            expected="des lignes de données seulement",
            got="« Total » dans la colonne « DOSSIER »",
            hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
        ),
        id="ods with a total",
    ),
    pytest.param(
        ods([OPEN_HEADER, OPEN_ROW])[:-100],
        ".ods",
        {},
        DeliveryError(
            "Le classeur est abîmé ou tronqué.",
            where="visites.ods",
            expected="un classeur Excel ou LibreOffice complet",
            hint="ouvrez-le dans un tableur et réenregistrez-le, ou redemandez le fichier",
        ),
        id="ods cut",
    ),
    pytest.param(
        ods([]),
        ".ods",
        {},
        DeliveryError(
            "Le fichier est vide.",
            where="visites.ods",
            expected="un en-tête et au moins une ligne",
            got="un classeur sans aucune cellule remplie",
            hint="redemandez le fichier",
        ),
        id="ods without a cell",
    ),
]


@pytest.mark.parametrize(("content", "suffix", "changes", "told"), REFUSED)
def test_defect_is_told(
    refusal: Callable[..., str], content: bytes, suffix: str, changes: dict[str, Any], told: DeliveryError
) -> None:
    assert refusal(content, suffix, **changes) == str(told)


VISIT = {"file": "0012", "channel": "walk_in", "commune": "35238", "day": "2024-12-31", "minutes": 12, "amount": 480.5}
GROUPS = ["Personne", None, "Visite", None, None, None]
ZEROS = "Colonne « COMMUNE », cellules auxquelles le codebook a rendu leurs zéros de tête : 1."
LOST = (
    "Colonne « DOSSIER » : enregistrée en nombres ; si ses codes commencent par des zéros, ils manquent, et un"
    " « pattern » dans le codebook les rendrait."
)
HIDDEN = "Colonnes cachées dans la feuille, lues comme les autres : « MONTANT »."

READ = [
    pytest.param(
        xlsx([["Visites du siège"], [], GROUPS, HEADER, ROW], grouped),
        ".xlsx",
        {"header_rows": 2},
        "2",
        {},
        (),
        id="title, and two rows of header",
    ),
    pytest.param(xlsx([HEADER, ROW], since_1904), ".xlsx", {}, "0", {}, (), id="days counted from 1904"),
    pytest.param(xlsx([HEADER, ROW], preceded), ".xlsx", {}, "0", {}, (), id="sheet of notes before the data"),
    pytest.param(xlsx([HEADER, ROW], coloured), ".xlsx", {}, "0", {}, (), id="colours below and beside the data"),
    pytest.param(xlsx([HEADER, ROW], hidden), ".xlsx", {}, "0", {}, (HIDDEN,), id="hidden column"),
    pytest.param(xlsx([[f" {name} " for name in HEADER], ROW]), ".xlsx", {}, "0", {}, (), id="spaces around names"),
    pytest.param(
        xlsx([HEADER, row(amount="1\u202f480,50")]),
        ".xlsx",
        {},
        "0",
        {"amount": 1480.5},
        (),
        id="number stored as text",
    ),
    pytest.param(xlsx([HEADER, row(day="31/12/2024")]), ".xlsx", {}, "0", {}, (), id="date stored as text"),
    pytest.param(
        xlsx([HEADER, row(day=datetime(2024, 12, 31, 14, 30))]), ".xlsx", {}, "0", {}, (), id="moment for a day"
    ),
    pytest.param(
        xlsx([HEADER, row(commune=1004)]),
        ".xlsx",
        {},
        "0",
        {"commune": "01004"},
        (ZEROS,),
        id="zeros lost, and given back by the pattern",
    ),
    pytest.param(
        xlsx([HEADER, row(file=12)]),
        ".xlsx",
        {},
        "0",
        {"file": "12"},
        (LOST,),
        id="zeros lost, and nothing to give them back",
    ),
    pytest.param(xlsx([HEADER, ROW]), ".xls", {}, "0", {}, (), id="xlsx under the name of an xls"),
    pytest.param(
        ods([OPEN_HEADER, OPEN_ROW]), ".ods", {}, "0", {}, (), id="ods with currency, and a million empty rows"
    ),
    pytest.param(
        ods(
            [
                [sheets.text("Visites", 'table:number-columns-spanned="6"'), *[sheets.covered()] * 5],
                OPEN_HEADER,
                OPEN_ROW,
            ]
        ),
        ".ods",
        {},
        "1",
        {},
        (),
        id="ods with a title over merged cells",
    ),
    pytest.param(
        ods([OPEN_HEADER, [*OPEN_ROW[:4], sheets.repeated(sheets.number(7), 2)]]),
        ".ods",
        {},
        "0",
        {"minutes": 7, "amount": 7.0},
        (),
        id="ods with repeated cells",
    ),
    pytest.param(
        ods([OPEN_HEADER, [OPEN_ROW[0], OPEN_ROW[1], sheets.number(1004), *OPEN_ROW[3:]]]),
        ".ods",
        {},
        "0",
        {"commune": "01004"},
        (ZEROS,),
        id="ods with zeros lost",
    ),
]


@pytest.mark.parametrize(("content", "suffix", "written", "titles", "changed", "notes"), READ)
def test_defect_is_read(
    receive: Received, content: bytes, suffix: str, written: dict[str, Any], titles: str, changed: dict[str, Any],
    notes: tuple[str, ...],
) -> None:  # fmt: skip
    frame, reading = receive(content, suffix, format=written)
    assert frame.assign(day=frame["day"].dt.strftime("%Y-%m-%d")).to_dict("records") == [{**VISIT, **changed}]
    guesses = {guess.subject: guess for guess in reading.metadata.guesses}
    assert (guesses["sheet"].value, guesses["title_rows"].value) == ("Visites", titles)
    assert guesses["header_rows"].declared == ("header_rows" in written)
    assert reading.metadata.notes == notes


def test_cell_in_error_that_the_codebook_calls_missing_is_missing(receive: Received) -> None:
    frame, _ = receive(xlsx([HEADER, ROW], failed), ".xlsx", amount={"missing": {"#N/A": "Sans objet"}})
    assert frame["amount"].isna().all()


def test_groups_above_the_header_are_labels(receive: Received) -> None:
    _, reading = receive(xlsx([GROUPS, HEADER, ROW]), ".xlsx", format={"header_rows": 2})
    assert reading.metadata.column("COMMUNE").label == "Visite"


OLD = gzip.decompress((Path(__file__).parent / "shipped" / "testdtype.xls.gz").read_bytes())
PAIR = bytes.fromhex("bd001200010000000f000000f03f0f00000004400100")
"""The record of A2 and B2 in the old workbook: two numbers."""
TEXT = bytes.fromhex("fd000a00010002003e0004000000")
"""That of C2, which follows."""
FAILED = bytes.fromhex("05020800010000000f002a01" + "ff0f0600" + "00" * 6)
"""A2 in error (#N/A), and a record that nobody knows, as long together as `PAIR`."""
COMPUTED = bytes.fromhex(
    "06001800010000000f000200070000" + "00ffff" + "0000" + "00000000" + "0200" + "1c07" + "ff0f0400" + "00" * 4
)
"""A2 a formula whose result is #DIV/0!, as long as both."""


def test_old_workbook_is_read(tmp_path: Path) -> None:
    path = tmp_path / "essai.xls"
    path.write_bytes(OLD)
    reading = read(path, shown=path.name)
    assert reading.frame["c"].tolist() == ["001", "002", "003", "004"]
    assert reading.frame["b"].tolist() == [2.5, 3.5, 4.5, 5.5]
    assert reading.frame["d"].isna().tolist() == [False, False, True, False]
    assert reading.metadata.notes == ()


@pytest.mark.parametrize(
    ("content", "error"), [(OLD.replace(PAIR, FAILED), "#N/A"), (OLD.replace(PAIR + TEXT, COMPUTED), "#DIV/0!")]
)
def test_old_workbook_with_a_cell_in_error_is_refused(tmp_path: Path, content: bytes, error: str) -> None:
    path = tmp_path / "essai.xls"
    assert len(content) == len(OLD)
    assert content != OLD
    path.write_bytes(content)
    names = {name: {"label": name, "type": "text", "sensitivity": "open", "required": False} for name in "abcd"}
    row = {"one": "ligne", "many": "lignes", "gender": "f"}
    with pytest.raises(DeliveryError) as refused:
        read(path, SourceCodebook.model_validate({"row": row, "variables": names}), shown=path.name)
    assert refused.value.what == "La cellule A2 contient une erreur du tableur."
    assert refused.value.got == f"« {error} »"


def test_old_workbook_that_turns_round_is_not_looked_at() -> None:
    assert error_cells(OLD[:1000], 0) is None
    assert error_cells(OLD, 1) is None
    assert error_cells(OLD.replace(b"W\0o\0r\0k\0", b"X\0o\0r\0k\0"), 0) is None
    assert error_cells(b"PK\x03\x04", 0) is None
    assert error_cells(OLD, 0) == {}
