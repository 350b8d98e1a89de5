"""Workbooks of Excel and LibreOffice: one sheet, its header found, its cells as they are stored.

python-calamine reads values and cached results of formulas, and shows an error cell (#N/A) or a formula that was
never computed as an empty one: both are looked for in the sheet itself, so that no hole passes for an empty cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from etabli import french
from etabli.errors import DeliveryError, nearest
from etabli.sources.codebook import SourceCodebook
from etabli.sources.metadata import LINE, Column, Guess, Metadata, blank_rows
from etabli.sources.sheets import SheetLook, look
from etabli.sources.sniffing import row_of_names

Cell = Any
Rows = list[list[Cell]]
T = TypeVar("T")

_SEARCHED = 30
"""Rows among which the header is looked for."""


@dataclass(frozen=True)
class _Header:
    title_rows: int
    rows: int
    guesses: tuple[Guess, ...]


def read_workbook(path: Path, book: SourceCodebook | None, shown: str) -> tuple[pd.DataFrame, Metadata]:
    """Read one sheet of an .xlsx, .xlsm, .xls or .ods file.

    The sheet and the header's rows are those of the codebook, else guessed: the sheet and the row that hold most
    of its columns. Empty rows and trailing empty columns are passed over.

    Raises
    ------
    DeliveryError
        The file is damaged, protected, or no workbook; no sheet, or several, fit; a cell holds an error.
    """
    known = [variable.column or name for name, variable in book.variables.items()] if book else []
    raw = path.read_bytes()
    workbook = _opened(raw, shown)
    name, guess = _chosen(workbook, book, known, shown)
    rows = _guarded(lambda: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), shown)
    header = _header(rows, book, known)
    sheet = look(raw, workbook.sheet_names.index(name))
    if sheet is not None:
        rows = _told_errors(rows, sheet)
    where = f"{shown}, feuille « {name} »"
    names, labels = _names(rows, header, workbook.get_sheet_by_name(name).merged_cell_ranges or [])
    height = header.title_rows + header.rows
    frame = _frame(rows, len(names), height)
    blank = int(frame.index[-1]) - height - len(frame) if len(frame) else 0
    frame, described = _columns(frame, names, labels)
    notes = _notes(sheet, names)
    if book is not None:
        _hold_cells(frame, names, book, where, sheet)
    metadata = Metadata(
        path.suffix.lower(),
        len(frame),
        tuple(described),
        sheet=name,
        header_rows=header.rows,
        title_rows=header.title_rows,
        guesses=(guess, *header.guesses),
        notes=(*blank_rows(blank), *notes),
    )
    return frame.set_axis(names, axis="columns"), metadata


def _guarded(read: Callable[[], T], shown: str) -> T:
    """Return what calamine reads, or one message when it cannot; it panics on some broken files."""
    from python_calamine import CalamineError, PasswordError

    try:
        return read()
    except PasswordError:
        raise DeliveryError(
            "Le classeur est protégé par un mot de passe.", where=shown, hint="faites-le enregistrer sans mot de passe"
        ) from None
    except (CalamineError, ValueError, OverflowError, OSError):
        raise _damaged(shown) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's own, which no module exports
            raise
        raise _damaged(shown) from None


def _damaged(shown: str) -> DeliveryError:
    return DeliveryError(
        "Le classeur est abîmé ou tronqué.",
        where=shown,
        expected="un classeur Excel ou LibreOffice complet",
        hint="ouvrez-le dans un tableur et réenregistrez-le, ou redemandez le fichier",
    )


def _opened(raw: bytes, shown: str) -> Any:
    from python_calamine import load_workbook

    if not raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise DeliveryError(
            "Le fichier n’est pas un classeur.",
            where=shown,
            expected="un classeur Excel ou LibreOffice",
            got="une page HTML" if raw.lstrip()[:1] == b"<" else "un texte, semble-t-il",
            hint="un texte nommé comme un classeur se lit au format CSV : renommez-le, ou faites-le réenregistrer",
        )
    if raw.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in raw:
        raise DeliveryError(
            "Le classeur est protégé par un mot de passe.", where=shown, hint="faites-le enregistrer sans mot de passe"
        )
    return _guarded(lambda: load_workbook(BytesIO(raw)), shown)


def _chosen(workbook: Any, book: SourceCodebook | None, known: list[str], shown: str) -> tuple[str, Guess]:
    """Return the sheet that the codebook names, else the one that holds most of its columns, else the only full one."""
    names = [sheet.name for sheet in workbook.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    if book is not None and book.format.sheet is not None:
        if book.format.sheet not in names:
            close = nearest(book.format.sheet, names)
            raise DeliveryError(
                f"La feuille « {book.format.sheet} » manque.",
                where=shown,
                expected="la feuille que déclare « sheet » dans le codebook",
                got=", ".join(f"« {name} »" for name in names) or "aucune feuille de données",
                hint=f"vouliez-vous dire « {close} » ?" if close else None,
            )
        return book.format.sheet, Guess("sheet", book.format.sheet, declared=True)
    visible = [sheet.name for sheet in workbook.sheets_metadata if str(sheet.visible).endswith(".Visible")]
    full = {
        name: rows for name in names
        if (rows := _guarded(lambda name=name: workbook.get_sheet_by_name(name).to_python(  # type: ignore[misc]
            skip_empty_area=False, nrows=_SEARCHED), shown))
    }  # fmt: skip
    if not full:
        raise DeliveryError(
            "Le fichier est vide.", where=shown, expected="un en-tête et au moins une ligne",
            got="un classeur sans aucune cellule remplie", hint="redemandez le fichier",
        )  # fmt: skip
    scores = {name: max(_score(row, known) for row in rows) for name, rows in full.items()} if known else {}
    best = [name for name in full if scores.get(name, 0) == max(scores.values(), default=0)]
    best = [name for name in best if name in visible] or best
    if len(best) > 1 and book is not None and scores and max(scores.values()) > 0:
        raise DeliveryError(
            "Plusieurs feuilles ont les colonnes attendues.",
            where=shown,
            expected="une seule feuille, ou son nom dans le codebook",
            got=", ".join(f"« {name} »" for name in best),
            hint="déclarez « sheet » sous « format » dans le codebook",
        )
    return best[0], Guess("sheet", best[0])


def _score(row: Sequence[Cell], known: Sequence[str]) -> int:
    return len({_text(cell) for cell in row} & set(known))


def _header(rows: Rows, book: SourceCodebook | None, known: list[str]) -> _Header:
    """Return where the header stands: as declared, else the row that holds most of the codebook's columns."""
    declared = book.format.model_fields_set if book else set()
    height = book.format.header_rows if book else 1
    if "title_rows" in declared and book is not None:
        titles = book.format.title_rows
    else:
        searched = rows[:_SEARCHED]
        if known:
            last = max(range(len(searched)), key=lambda place: (_score(searched[place], known), -place), default=0)
        else:
            last = row_of_names([[_text(cell) for cell in row] for row in searched])
        titles = max(0, last - height + 1)
    guesses = (
        Guess("title_rows", str(titles), declared="title_rows" in declared),
        Guess("header_rows", str(height), declared="header_rows" in declared),
    )
    return _Header(titles, height, guesses)


def _names(
    rows: Rows, header: _Header, merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]
) -> tuple[list[str], list[str | None]]:
    """Return the columns' names, from the last row of the header, and what stands above each.

    A cell merged downwards names its column from above; a repeated name is preceded by its group.
    """
    height = header.title_rows + header.rows
    block = [list(row) for row in rows[:height]]
    for (top, left), (bottom, right) in merged:
        for row in range(top, min(bottom + 1, height)):
            for column in range(left, min(right + 1, len(block[row]))):
                block[row][column] = block[top][left]
    block = block[header.title_rows :]
    width = max(
        (place + 1 for row in [*block, *rows[height:]] for place, cell in enumerate(row) if cell != ""), default=0
    )
    names = [_text(block[-1][place]) if block and place < len(block[-1]) else "" for place in range(width)]
    above = [[_text(row[place]) for row in block[:-1] if _text(row[place])] for place in range(width)]
    labels = [" – ".join(dict.fromkeys(each)) or None for each in above]
    times = Counter(names)
    full = [
        f"{label} – {name}" if label and times[name] > 1 and name else name or (label or "")
        for name, label in zip(names, labels, strict=True)
    ]
    return full, [label if label != name else None for name, label in zip(full, labels, strict=True)]


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # years stand in headers
    return " ".join(str(cell).split())


def _frame(rows: Rows, width: int, start: int) -> pd.DataFrame:
    kept = [(line, row[:width]) for line, row in enumerate(rows[start:], start + 1) if any(cell != "" for cell in row)]
    index = pd.Index([line for line, _ in kept], name=LINE, dtype="int64")
    columns = list(zip(*(row for _, row in kept), strict=True)) or [()] * width
    return pd.DataFrame({place: pd.Series(cells, index, dtype="object") for place, cells in enumerate(columns)}, index)


def _columns(frame: pd.DataFrame, names: list[str], labels: list[str | None]) -> tuple[pd.DataFrame, list[Column]]:
    typed = {place: _typed(frame[place]) for place in frame.columns}
    described = [
        Column(name, label=label, storage=storage)
        for name, label, (_, storage) in zip(names, labels, typed.values(), strict=True)
    ]
    return pd.DataFrame({place: column for place, (column, _) in typed.items()}, index=frame.index), described


def _typed(cells: pd.Series) -> tuple[pd.Series, str]:
    """Return a column in the type of all its filled cells; cells of several types stay as they are."""
    kinds = (
        {type(cell) for cell in cells} - {str}
        if not any(isinstance(c, str) and c for c in cells)
        else {str, *map(type, cells)}
    )
    filled = cells.where(cells != "", None)
    if kinds <= {float, int} and kinds:
        return filled.astype("float64"), "number"
    if kinds == {bool}:
        return filled.astype("boolean"), "boolean"
    if kinds and kinds <= {date, datetime}:
        moments = np.array(
            [None if cell is None else np.datetime64(cell, "us") for cell in filled], dtype="datetime64[us]"
        )
        return pd.Series(moments, cells.index), "date" if kinds == {date} else "datetime"
    if {type(cell) for cell in cells} <= {str}:
        return cells.astype("str"), "text"
    return filled, "mixed"


def _told_errors(rows: Rows, sheet: SheetLook) -> Rows:
    """Put back the errors that calamine leaves empty."""
    told = [list(row) for row in rows]
    for (row, column), text in sheet.errors.items():
        if row < len(told) and column < len(told[row]):
            told[row][column] = text
    return told


def _hold_cells(
    frame: pd.DataFrame, names: list[str], book: SourceCodebook, where: str, sheet: SheetLook | None
) -> None:
    """Refuse error cells, unless the codebook calls them missing, and formulas without a result."""
    if sheet is None:
        return
    lines = set(frame.index)
    variables = {variable.column or name: variable for name, variable in book.variables.items()}
    for (row, column), text in sorted(sheet.errors.items()):
        name = names[column] if column < len(names) else ""
        if row + 1 in lines and name in variables and text not in variables[name].missing:
            raise DeliveryError(
                f"La cellule {cell_name(row, column)} contient une erreur du tableur.",
                where=f"{where}, ligne {row + 1}, colonne « {name} »",
                expected="une valeur, ou une cellule vide",
                got=f"« {text} »" + (f" ; {len(sheet.errors)} cellules de la feuille" if len(sheet.errors) > 1 else ""),
                hint=f"faites corriger la formule, ou déclarez « {text} » dans « missing » s’il veut dire « manquant »",
            )
    for row, column in sorted(sheet.uncomputed):
        if row + 1 in lines and column < len(names) and names[column] in variables:
            raise DeliveryError(
                f"La formule de la cellule {cell_name(row, column)} n’a jamais été calculée.",
                where=f"{where}, ligne {row + 1}, colonne « {names[column]} »",
                expected="une formule et son résultat enregistré",
                got=f"{french.count(len(sheet.uncomputed), 'formule', 'formules')} sans résultat dans la feuille",
                hint="ouvrez le classeur dans un tableur et réenregistrez-le",
            )


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell, from its places (from 0).

    >>> cell_name(0, 0), cell_name(9, 27)
    ('A1', 'AB10')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _notes(sheet: SheetLook | None, names: list[str]) -> list[str]:
    hidden = [names[place] for place in sheet.hidden if place < len(names)] if sheet else []
    listed = ", ".join(f"« {name} »" for name in hidden[:20])
    told = [f"Colonnes cachées dans la feuille, lues comme les autres : {listed}."] if hidden else []
    return (
        told
        if sheet
        else ["Les cellules en erreur (#N/A) de cette feuille n’ont pas pu être cherchées : elles sont lues vides."]
    )
