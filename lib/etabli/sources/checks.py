"""The text of a delivery held to its codebook: converted, checked, and refused in one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from etabli import french
from etabli.errors import DeliveryError, nearest
from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.columns import Column, Mask, prepare_all
from etabli.sources.metadata import LINE
from etabli.sources.readers import read
from etabli.sources.rules import Check, Delivered, checks_of
from etabli.sources.shaping import written_as
from etabli.sources.strays import stray

_HIDDEN = "(valeur non affichée)"
"""Stands in messages for a value that may betray a person: logs and screenshots travel."""


@dataclass(frozen=True)
class Fault:
    """One rule of the codebook that some rows break."""

    check: Check
    rows: Mask


def tidy(text: pd.DataFrame, book: SourceCodebook, *, shown: str, coded: bool = False) -> pd.DataFrame:
    """Convert what was read of a delivery to typed columns, and hold it to the codebook's rules.

    Spaces around a value do not count. An empty cell, or a value among the variable's `missing`, is NA. A rule whose
    severity is `warns` keeps nothing out: `etabli check` tells it. References are tried there too, where the other
    sources are at hand.

    Parameters
    ----------
    text
        The frame of a `Reading`; without its index of lines, row 0 stands for line 2.
    book
        The codebook of the source.
    shown
        How messages name the file.
    coded
        Give identifiers as categories, for who replaces each of them once (`pseudonymise`).

    Returns
    -------
    DataFrame
        One row a row of `text` (index 0, 1, …), one column a variable: `code` → unordered
        categorical of codes, all of them, in the codebook's order; `integer` → Int64; `number` → float64;
        `date` (midnight) and `datetime` → datetime64[us]; `boolean` → boolean; `text` and `identifier` → str.

    Raises
    ------
    DeliveryError
        A rule that blocks is broken: the first in the codebook's order, with its lines and the number of other rules.
    """
    delivered = Delivered(prepare_all(text, book, by_rows=True), _lines(text))
    faults = find_faults(delivered, (check for check in checks_of(book) if check.severity == "blocks"))
    other = stray(delivered, broken_rows(faults, delivered), book, shown)
    if other is not None:
        raise other
    if faults:
        raise _refusal(faults, book, delivered, shown)
    if coded:
        names = [name for name, variable in book.variables.items() if variable.type == "identifier"]
        return pd.DataFrame(
            {name: column.coded if name in names else column.series for name, column in delivered.columns.items()},
            copy=False,
        )
    return delivered.frame


def read_tidy(path: Path, book: SourceCodebook, *, shown: str, coded: bool = False) -> pd.DataFrame:
    """Read a delivery and hold it to its codebook, the quickest way: `tidy` of what `read` returns.

    Plain numbers and dates of delimited text are converted as they are read. A delivery that is refused so is read
    again as text, which alone can quote the faulty cell as it was delivered.

    Parameters
    ----------
    path, book, shown
        The file, the codebook of its source, how messages name the file.
    coded
        As for `tidy`.

    Raises
    ------
    DeliveryError
        The file cannot be read, or breaks a rule that blocks.
    """
    reading = read(path, book, shown=shown, typed=True)
    try:
        return tidy(reading.frame, reading.book or book, shown=shown, coded=coded)
    except DeliveryError:
        if not reading.typed:
            raise
    reading = read(path, book, shown=shown)
    return tidy(reading.frame, reading.book or book, shown=shown, coded=coded)


def deliver(text: pd.DataFrame, book: SourceCodebook, *, referenced: Mapping[str, pd.Index] | None = None) -> Delivered:
    """Return the columns of a delivery, cleaned and converted, with their lines."""
    return Delivered(prepare_all(text, book), _lines(text), referenced)


def find_faults(delivered: Delivered, checks: Iterable[Check]) -> list[Fault]:
    """Return the rules that some rows break, in the order of `checks`."""
    with ThreadPoolExecutor() as threads:
        faults = threads.map(lambda check: Fault(check, check.broken(delivered)), checks)
    return [fault for fault in faults if fault.rows.any()]


def broken_rows(faults: Iterable[Fault], delivered: Delivered) -> Mask:
    """Return the rows that break one of the rules."""
    rows = [fault.rows for fault in faults if not fault.check.is_of_the_file]
    return np.logical_or.reduce(rows) if rows else np.zeros(delivered.rows, dtype=bool)


def _lines(text: pd.DataFrame) -> pd.Index:
    return text.index if text.index.name == LINE else pd.RangeIndex(2, len(text) + 2)


def is_secret(variable: Variable) -> bool:
    """Whether no message may show a value of the variable."""
    return variable.sensitivity in {"identifier", "sensitive"}


def _refusal(faults: list[Fault], book: SourceCodebook, delivered: Delivered, shown: str) -> DeliveryError:
    first, others = faults[0], len(faults) - 1
    beyond = f"{others} autre{'s' if others > 1 else ''} règle{'s' if others > 1 else ''} du codebook enfreinte"
    hints = [
        _near_code(first, book, delivered),
        f"{beyond}{'s' if others > 1 else ''} dans ce fichier" if others else None,
    ]
    lines = "" if first.check.is_of_the_file else f", {_told(delivered.lines[first.rows])}"
    return DeliveryError(
        _what(first, book),
        where=f"{shown}{lines}",
        expected=first.check.expected,
        got=_got(first, book, delivered),
        hint=", ".join(filter(None, hints)) or None,
    )


def _what(fault: Fault, book: SourceCodebook) -> str:
    check, count = fault.check, int(fault.rows.sum())
    rows = f"sur {count} ligne{'s' if count > 1 else ''}"
    if check.kind == "rows":
        return f"Le fichier {check.problem}."
    if check.kind == "check":
        return f"La règle « {check.sentence} » n’est pas suivie {rows}."
    if len(check.names) > 1:
        return f"Plusieurs lignes ont ensemble les mêmes {french.listing([f'« {name} »' for name in check.names])}."
    name = check.names[0]
    variable = f"La variable « {name} » (colonne « {book.variables[name].column or name} ») {check.problem}"
    return f"{variable}." if check.is_of_the_file else f"{variable} {rows}."


def _got(fault: Fault, book: SourceCodebook, delivered: Delivered) -> str | None:
    check = fault.check
    if check.measured is not None:
        return check.measured(delivered)
    if check.kind == "required":
        return "une cellule sans valeur"
    if check.kind == "check" or len(check.names) != 1:
        return None
    name = check.names[0]
    return _first_shown(delivered.columns[name], fault.rows, book.variables[name])


def _near_code(fault: Fault, book: SourceCodebook, delivered: Delivered) -> str | None:
    if fault.check.kind != "type":
        return None
    variable = book.variables[fault.check.names[0]]
    if variable.type != "code" or is_secret(variable):
        return None
    close = nearest(_first(delivered.columns[fault.check.names[0]], fault.rows, variable), variable.code_of())
    return f"vouliez-vous dire « {close} » ?" if close else None


def _first(column: Column, rows: Mask, variable: Variable) -> str:
    return written_as(column.told(int(rows.argmax())), variable, FileFormat())


def _first_shown(column: Column, rows: Mask, variable: Variable, most: int = 60) -> str:
    """Return the first faulty value for a message, cut short, or words in its place."""
    if is_secret(variable):
        return _HIDDEN
    value = _first(column, rows, variable)
    return f"« {value[:most]}… »" if len(value) > most else f"« {value} »"


def _told(lines: pd.Index, most: int = 3) -> str:
    """Return « ligne 12 », « lignes 12 et 15 », « lignes 12, 15, 31 et suivantes »."""
    if len(lines) == 1:
        return f"ligne {lines[0]}"
    if len(lines) <= most:
        return f"lignes {', '.join(str(line) for line in lines[:-1])} et {lines[-1]}"
    return f"lignes {', '.join(str(line) for line in lines[:most])} et suivantes"
