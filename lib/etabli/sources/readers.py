"""A delivery's file, whatever its format, as a frame of text whose columns are the codebook's variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from etabli.errors import DeliveryError, nearest, suggestion
from etabli.sources.codebook import SourceCodebook
from etabli.sources.delimited import read_delimited

Reader = Callable[[Path, SourceCodebook, str], pd.DataFrame]
"""File, codebook, shown path → a text frame under the delivery's own column names."""

READERS: dict[str, Reader] = {
    ".csv": read_delimited,
}
"""The readers by suffix, in lower case."""


def read(path: Path, book: SourceCodebook, *, shown: str) -> pd.DataFrame:
    """Read a delivery as text, as it is written; nothing is converted yet.

    Parameters
    ----------
    path
        The file.
    book
        The codebook of its source.
    shown
        How messages name the file.

    Returns
    -------
    DataFrame
        One column of dtype `str` a variable, in the codebook's order; a missing cell is "". The
        index, named `line`, is the line of the file on which each row begins.

    Raises
    ------
    DeliveryError
        The file is missing, empty, damaged, of an unknown format, or has not the codebook's columns.
    """
    reader = _reader_of(path, shown)
    _hold_file(path, shown)
    frame = reader(path, book, shown)
    _hold_columns(list(frame.columns), book, shown)
    if frame.empty:
        raise _empty(shown, "un en-tête sans aucune ligne")
    variables = {variable.column or name: name for name, variable in book.variables.items()}
    return frame.rename(columns=variables)[list(book.variables)]


def _reader_of(path: Path, shown: str) -> Reader:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise DeliveryError(
            "Ce format de fichier n’est pas connu.",
            where=shown,
            expected=f"un fichier {' ou '.join(READERS)}",
            got=suffix or "un nom sans extension",
            hint="faites enregistrer le fichier dans l’un de ces formats",
        )
    return READERS[suffix]


def _hold_file(path: Path, shown: str) -> None:
    if not path.is_file():
        raise DeliveryError("Le fichier manque.", where=shown, expected="la livraison que l’étude déclare")
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


def _hold_columns(header: list[str], book: SourceCodebook, shown: str) -> None:
    """Hold the delivery's columns against the codebook's: repeated, missing, then unexpected ones."""
    if not header:
        raise _empty(shown, "aucun texte")
    where = f"{shown}, ligne 1"
    known = [variable.column or name for name, variable in book.variables.items()]
    extra = [column for column in header if column not in known]
    if extra == header and not any(nearest(column, known) for column in header):
        raise DeliveryError(
            "L’en-tête manque, ou aucune de ses colonnes n’est attendue.",
            where=where,
            expected=_listed(known),
            got=f"{len(header)} cellule(s), dont aucune ne porte un nom attendu",  # perhaps a person: not shown
            hint="la première ligne est-elle déjà une donnée ? Redemandez le fichier avec ses noms de colonnes",
        )
    for column, times in Counter(header).items():
        if times > 1:
            raise DeliveryError(
                f"{_named(column)} figure {times} fois.", where=where, expected="des colonnes aux noms tous différents"
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
            hint=f"décrivez-la dans le codebook, ou retirez-la du fichier ({suggestion(extra[0], known)})",
        )


def _named(column: str) -> str:
    return f"La colonne « {column} »" if column else "Une colonne sans nom"


def _listed(columns: list[str], most: int = 20) -> str:
    """Return the first columns, and how many there are beyond."""
    shown = ", ".join(f"« {column} »" for column in columns[:most])
    beyond = len(columns) - most
    return f"{shown} et {beyond} de plus" if beyond > 0 else shown
