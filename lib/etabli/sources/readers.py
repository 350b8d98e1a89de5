"""A delivery's file, whatever its format: its frame under the codebook's names, and what it says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd

from etabli import french
from etabli.errors import DeliveryError, nearest, suggestion
from etabli.sources.codebook import SourceCodebook
from etabli.sources.columnar import read_parquet
from etabli.sources.delimited import read_delimited
from etabli.sources.metadata import Metadata, Reading
from etabli.sources.shaping import hold_digits, shaped
from etabli.sources.statistical import read_statistical
from etabli.sources.workbooks import read_workbook

Reader = Callable[[Path, SourceCodebook | None, str], tuple[pd.DataFrame, Metadata]]
"""File, codebook, shown path → a frame under the delivery's own column names, and what the file says of itself."""

READERS: dict[str, Reader] = {
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".sav": read_statistical,
    ".zsav": read_statistical,
    ".por": read_statistical,
    ".dta": read_statistical,
    ".sas7bdat": read_statistical,
    ".xpt": read_statistical,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".xls": read_workbook,
    ".ods": read_workbook,
    ".parquet": read_parquet,
}
"""The readers by suffix, in lower case."""

_WRITING = {"separator", "encoding", "decimal"}
"""What is guessed of how a delivery is written."""

VERSION = "5"
"""Of all that turns a file into a frame: a cached conversion of another version is made again."""


def read(path: Path, book: SourceCodebook | None = None, *, shown: str, typed: bool = False) -> Reading:
    """Read a delivery as it is written; nothing is held to the codebook's rules yet (`checks.tidy` does).

    A broken file of SPSS, SAS or Stata may end the process: `conversion.read_apart` reads in a child.

    Parameters
    ----------
    path
        The file.
    book
        The codebook of its source; without one, what is not said by the file is guessed, and the guess reported.
    shown
        How messages name the file.
    typed
        Whether plain numbers and dates of delimited text may be converted as they are read: for who needs no more
        than the values (`checks.read_tidy`).

    Returns
    -------
    Reading
        Under a codebook: one column a variable, in the codebook's order. Without: the file's own columns.

    Raises
    ------
    DeliveryError
        The file is missing, empty, damaged, of an unknown format, or has not the codebook's columns.
    """
    reader = _reader_of(path, shown)
    _hold_file(path, shown)
    if typed and reader is read_delimited:
        frame, metadata = read_delimited(path, book, shown, typed=True)
    else:
        frame, metadata = reader(path, book, shown)
    where = f"{shown}, ligne {metadata.title_rows + metadata.header_rows}" if metadata.header_rows else shown
    if book is None:
        if frame.shape[1] == 0:
            raise _empty(shown, "aucun texte")
        return Reading(frame, metadata)
    _hold_columns(list(frame.columns), book, shown, where)
    if frame.empty:
        raise _empty(shown, "un en-tête sans aucune ligne")
    reading = _under(frame, metadata, book, shown)
    return replace(reading, typed=True) if typed and reader is read_delimited else reading


def read_columns(path: Path, book: SourceCodebook, *, shown: str) -> Reading:
    """Read a delivery as its codebook says that it is written, under its own column names, whatever these are.

    Raises
    ------
    DeliveryError
        The file is missing, empty, damaged, of an unknown format, or repeats a column.
    """
    reader = _reader_of(path, shown)
    _hold_file(path, shown)
    frame, metadata = reader(path, book, shown)
    hold_table(frame, shown)
    return Reading(frame, metadata)


def hold_table(frame: pd.DataFrame, shown: str) -> None:
    """Refuse a table that has no row, or two columns of one name.

    Raises
    ------
    DeliveryError
        It is so.
    """
    if frame.empty:
        raise _empty(shown, "un en-tête sans aucune ligne" if frame.shape[1] else "aucun texte")
    if not frame.columns.is_unique:
        twice = str(frame.columns[frame.columns.duplicated()][0])
        raise DeliveryError(
            f"La colonne « {twice} » figure plusieurs fois." if twice else "Plusieurs colonnes n’ont pas de nom.",
            where=f"{shown}, en-tête",
            expected="un nom pour chaque colonne",
            hint="faites-les nommer ; si les noms sont plus bas, sous un titre, faites retirer ce qui est au-dessus",
        )


def completed(book: SourceCodebook, metadata: Metadata) -> SourceCodebook:
    """Return a codebook whose format says what its reader had to guess."""
    guessed = {guess.subject: guess.value for guess in metadata.guesses if guess.subject in _WRITING}
    return book.model_copy(update={"format": book.format.model_copy(update=guessed)})


def _under(frame: pd.DataFrame, metadata: Metadata, book: SourceCodebook, shown: str) -> Reading:
    """Return the reading under the codebook's names, in its words, with its format completed by what was guessed."""
    book = completed(book, metadata)
    described = {column.name: column for column in metadata.columns}

    def told(name: str) -> tuple[pd.Series, list[str]]:
        variable = book.variables[name]
        column = variable.column or name
        hold_digits(frame[column], variable, described[column], metadata.format, shown)
        return shaped(frame[column], variable, described[column], book.format, shown)

    with ThreadPoolExecutor() as threads:  # numpy lets go of the interpreter
        found = dict(zip(book.variables, threads.map(told, book.variables), strict=True))
    columns = {name: column for name, (column, _) in found.items()}
    notes = (*metadata.notes, *(note for _, notes in found.values() for note in notes))
    return Reading(pd.DataFrame(columns, copy=False), replace(metadata, notes=notes), book)


def _reader_of(path: Path, shown: str) -> Reader:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise DeliveryError(
            "Ce format de fichier n’est pas connu.",
            where=shown,
            expected=f"un fichier {', '.join(READERS)}",
            got=suffix or "un nom sans extension",
            hint="faites enregistrer le fichier dans l’un de ces formats",
        )
    return READERS[suffix]


def _hold_file(path: Path, shown: str) -> None:
    if not path.is_file():
        raise DeliveryError("Le fichier manque.", where=shown, expected="un fichier à cet endroit")
    if path.stat().st_size == 0:
        raise _empty(shown, "0 octet")
    try:
        path.open("rb").close()
    except PermissionError:
        raise locked(shown) from None


def locked(shown: str) -> DeliveryError:
    """Return the error for a file that exists but may not be opened."""
    return DeliveryError(
        "Le fichier ne peut pas être ouvert.",
        where=shown,
        expected="un fichier que vous avez le droit de lire",
        hint="fermez-le dans le tableur qui le tient ouvert, ou demandez le droit de le lire",
    )


def _empty(shown: str, got: str) -> DeliveryError:
    return DeliveryError(
        "Le fichier est vide.",
        where=shown,
        expected="un en-tête et au moins une ligne",
        got=got,
        hint="redemandez le fichier",
    )


def _hold_columns(header: list[str], book: SourceCodebook, shown: str, where: str) -> None:
    """Hold the delivery's columns against the codebook's: repeated, missing, then unexpected ones."""
    if not header:
        raise _empty(shown, "aucun texte")
    known = [variable.column or name for name, variable in book.variables.items()]
    extra = [column for column in header if column not in known]
    if extra == header and not any(nearest(column, known) for column in header):
        raise DeliveryError(
            "L’en-tête manque, ou aucune de ses colonnes n’est attendue.",
            where=where,
            expected=_listed(known),
            # perhaps a person: the cells are not shown
            got=f"{french.count(len(header), 'cellule', 'cellules')}, dont aucune ne porte un nom attendu",
            hint="la première ligne est-elle déjà une donnée ? Redemandez le fichier avec ses noms de colonnes",
        )
    for column, times in Counter(header).items():
        if times > 1:
            raise DeliveryError(
                f"{_named(column)} figure {times} fois.",
                where=where,
                expected="des colonnes aux noms tous différents",
                hint="faites renommer ou retirer celle de trop : rien ne dit laquelle le codebook décrit",
            )
    for column in known:
        if column not in header:
            close = nearest(column, extra)
            raise DeliveryError(
                f"{_named(column)} manque.",
                where=where,
                expected=_listed(known),
                got=_listed(header),
                hint=f"le fichier a une colonne « {close} » que le codebook ne décrit pas : est-ce elle ?"
                if close
                else "corrigez « column » dans le codebook, ou redemandez le fichier",
            )
    if extra:
        raise DeliveryError(
            f"{_named(extra[0])} n’est pas dans le codebook.",
            where=where,
            expected=_listed(known),
            got=_listed(extra),
            hint=f"décrivez-la dans le codebook, ou retirez-la du fichier ({suggestion(extra[0], known)})"
            if extra[0]
            else "donnez-lui un nom, ou retirez-la du fichier : des numéros de ligne, peut-être",
        )


def _named(column: str) -> str:
    return f"La colonne « {column} »" if column else "Une colonne sans nom"


def _listed(columns: list[str], most: int = 20) -> str:
    """Return the first columns, and how many there are beyond."""
    shown = ", ".join(f"« {column} »" if column else "(sans nom)" for column in columns[:most])
    beyond = len(columns) - most
    return f"{shown} et {beyond} de plus" if beyond > 0 else shown
