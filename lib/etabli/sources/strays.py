"""Rows that are no data: a total or a note under the table, the header of a second extraction put after the first."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.columns import Mask
from etabli.sources.rules import Delivered

_TOTAL = re.compile(r"((?:sous[- ])?tota(?:l|ux)|ensemble|somme)(?![\w-]).{0,30}", re.IGNORECASE)


def stray(delivered: Delivered, broken: Mask, book: SourceCodebook, shown: str) -> DeliveryError | None:
    """Return what is wrong with a last row that is a total or a note, or with a row that repeats the header.

    A word alone makes no total: « Total » may be a value. It is one where an identifier should stand, or in a row that
    breaks a rule.

    Parameters
    ----------
    delivered
        The columns, cleaned.
    broken
        The rows that break a rule that blocks.
    book, shown
        The codebook, and how messages name the file.

    Returns
    -------
    DeliveryError or None
        The error to raise; None when every row is one of data.
    """
    if not delivered.rows:
        return None
    for name, cell in _cells(delivered, delivered.rows - 1):
        found = _TOTAL.fullmatch(cell)
        if found and (broken[-1] or book.variables[name].type == "identifier"):
            article = "une" if book.row.gender == "f" else "un"
            return DeliveryError(
                f"La dernière ligne est un total, et non {article} {book.row.one}.",
                where=f"{shown}, ligne {delivered.lines[-1]}",
                expected="des lignes de données seulement",
                got=f"« {found[1]} » dans la colonne « {book.variables[name].column or name} »",
                hint="retirez cette ligne du fichier, ou faites-le extraire sans totaux",
            )
    if broken[-1] and len(book.variables) > 2 and _is_note(delivered):
        return DeliveryError(
            "Un texte suit le tableau.",
            where=f"{shown}, ligne {delivered.lines[-1]}",
            expected="des lignes de données seulement",
            hint="retirez du fichier cette note, et celles qui la précèdent",
        )
    if broken.any():
        place = int(np.argmax(broken))
        columns = [cell == (book.variables[name].column or name) for name, cell in _cells(delivered, place)]
        if sum(columns) * 2 > len(book.variables):
            return DeliveryError(
                "L’en-tête revient au milieu des données.",
                where=f"{shown}, ligne {delivered.lines[place]}",
                expected="un seul en-tête, en haut du fichier",
                hint="deux extractions mises bout à bout, peut-être avec les mêmes lignes deux fois : vérifiez-le",
            )
    return None


def _is_note(delivered: Delivered) -> bool:
    """Return whether the last row has one cell, of several words."""
    row = delivered.rows - 1
    filled = [column for column in delivered.columns.values() if not pd.isna(column.told(row))]
    told = [cell for _, cell in _cells(delivered, row)]
    return len(filled) == 1 and len(told) == 1 and " " in told[0]


def _cells(delivered: Delivered, row: int) -> Iterator[tuple[str, str]]:
    """Yield the filled cells of a row that are text, by variable."""
    for name, column in delivered.columns.items():
        cell = column.told(row)
        if not pd.isna(cell) and isinstance(cell, str):
            yield name, cell
