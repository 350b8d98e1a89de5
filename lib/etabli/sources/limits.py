"""What each format of delivery cannot hold. A writer refuses what its format would lose: nothing is lost in silence.

The figures were found by writing and reading back with the libraries that the house uses (pyreadstat 1.3,
openpyxl 3.1, pyarrow); several of these losses are silent there: a label of 121 bytes is cut in a sav,
a number beyond 7·10⁷⁵ becomes infinite in an xpt, a negative zero becomes zero in a zsav.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

import numpy as np
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook, Variable

EXACT = 2**53
"""Whole numbers up to here are exact in a double-precision number."""


@dataclass(frozen=True)
class Limits:
    """What a format holds at most; None where it sets no limit that a delivery could meet."""

    name: str
    """How messages call it."""
    column: str | None = None
    """Regular expression that a column's name matches."""
    column_bytes: int | None = None
    case: bool = True
    """Whether names that differ by their case only are different."""
    label: int | None = None
    """Length of a variable's label, in `unit`."""
    unit: Literal["octets", "caractères"] = "octets"
    value_labels: Literal["tous", "nombres", "aucun"] = "aucun"
    """Which codes can have a label in the file: all, those written as numbers, none."""
    value_label_bytes: int | None = None
    missing_codes: int | None = None
    """Missing codes of one variable that the file can declare."""
    integer: int = 2**63 - 1
    """Largest whole number, in absolute value."""
    number: float | None = None
    """Largest number, in absolute value."""
    least: float | None = None
    """Smallest number but zero, in absolute value."""
    negative_zero: bool = True
    text: int | None = None
    """Longest text, in characters."""
    forbidden: str = "\0"
    """Regular expression found in no text."""
    first_day: date | None = None
    seconds: bool = False
    """Whether a datetime is held to the second only; else to the microsecond."""
    rows: int | None = None
    cells: int | None = None
    """Cells (rows × columns) that are written: the whole file is held in memory."""


_SPSS_NAME = r"[^\W\d_][\w.@#$]*(?<![.])"
_SPSS_NUMBER = 1.7e308
"""SPSS keeps the extreme doubles for « system missing », LOWEST and HIGHEST: the least of all reads back as missing."""

_CELLS = 30_000_000
"""pyreadstat writes no file in chunks, and holds it in memory: 12 million cells took 0.4 GB. A choice, no measure."""

LIMITS: dict[str, Limits] = {
    ".csv": Limits("CSV"),
    ".sav": Limits(
        "SPSS (.sav)",
        column=_SPSS_NAME,
        column_bytes=64,
        label=256,
        value_labels="tous",
        value_label_bytes=120,
        missing_codes=3,
        integer=EXACT,
        number=_SPSS_NUMBER,
        text=32_767,
        seconds=True,
        first_day=date(1582, 10, 15),
        cells=_CELLS,
    ),
    ".zsav": Limits(
        "SPSS compressé (.zsav)",
        column=_SPSS_NAME,
        column_bytes=64,
        label=256,
        value_labels="tous",
        value_label_bytes=120,
        missing_codes=3,
        integer=EXACT,
        number=_SPSS_NUMBER,
        negative_zero=False,
        text=32_767,
        seconds=True,
        first_day=date(1582, 10, 15),
        cells=_CELLS,
    ),
    ".dta": Limits(
        "Stata (.dta)",
        column=r"[^\W\d]\w*",
        column_bytes=32,
        label=80,
        unit="caractères",
        value_labels="nombres",
        value_label_bytes=32_000,
        integer=EXACT,
        number=8.9e307,
        seconds=True,
        cells=_CELLS,
    ),
    ".xpt": Limits(
        "SAS transport (.xpt)",
        column="[A-Za-z_][A-Za-z0-9_]*",
        column_bytes=32,
        case=False,
        label=256,
        integer=EXACT,
        number=7e75,
        least=1e-77,
        negative_zero=False,
        text=32_767,
        seconds=True,
        first_day=date(1582, 10, 15),
        cells=_CELLS,
    ),
    ".xlsx": Limits(
        "Excel (.xlsx)",
        integer=EXACT,
        negative_zero=False,
        text=32_767,
        forbidden="[\0-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_",
        first_day=date(1900, 3, 1),
        seconds=True,
        rows=1_048_576,
    ),
    ".parquet": Limits("Parquet"),
}
"""The formats that are written, by suffix."""


def hold_declared(book: SourceCodebook, limits: Limits) -> None:
    """Refuse the names, labels and missing codes of a codebook that the format cannot hold.

    Raises
    ------
    DeliveryError
        The variable, what the format holds, and what the codebook says.
    """
    columns: dict[str, str] = {}
    for name, variable in book.variables.items():
        column = variable.column or name
        _hold_column(name, column, limits)
        twin = columns.setdefault(column if limits.case else column.casefold(), name)
        if twin != name:
            raise _refused(limits, name, "des colonnes qui diffèrent par plus que la casse", f"« {column} »")
        _hold_labels(name, variable, limits)
        most = limits.missing_codes
        if most is not None and len(variable.missing) > most:
            raise _refused(limits, name, f"au plus {most} codes de donnée manquante", str(len(variable.missing)))


def hold_values(name: str, values: pd.Series, variable: Variable, limits: Limits) -> None:
    """Refuse values that the format would lose or change.

    Raises
    ------
    DeliveryError
        The variable and what the format holds; never the value itself, which may betray a person.
    """
    filled = values.dropna()
    match variable.type:
        case "integer":
            _hold(name, limits, filled.astype("Int64").abs() > limits.integer, _at_most(limits.integer))
        case "number":
            _hold_numbers(name, filled.astype("float64"), limits)
        case "date" | "datetime":
            _hold_moments(name, pd.to_datetime(filled), variable, limits)
        case "text" | "identifier":
            _hold_texts(name, filled.astype("str"), limits)


def hold_size(rows: int, columns: int, limits: Limits, *, heading: int) -> None:
    """Refuse a delivery that is too long for its format.

    Parameters
    ----------
    rows, columns
        Of data.
    limits
        What the format holds.
    heading
        Rows above those of data: titles and header.

    Raises
    ------
    DeliveryError
        More rows than the format has, or more cells than are written at once.
    """
    for most, count, unit in ((limits.rows, heading + rows, "lignes"), (limits.cells, rows * columns, "cellules")):
        if most is not None and count > most:
            raise DeliveryError(
                f"La livraison est trop longue pour le format {limits.name}.",
                expected=f"au plus {_spaced(most)} {unit}",
                got=f"{_spaced(count)} {unit}",
                hint="livrez-la en CSV ou en Parquet, qui s’écrivent par morceaux, ou tirez moins de lignes",
            )


def _hold_column(name: str, column: str, limits: Limits) -> None:
    if limits.column and not re.fullmatch(limits.column, column):
        raise _refused(limits, name, "un nom de colonne que ce format accepte", f"« {column} »")
    if limits.column_bytes and len(column.encode()) > limits.column_bytes:
        raise _refused(limits, name, f"un nom de colonne d’au plus {limits.column_bytes} octets", f"« {column} »")


def _hold_labels(name: str, variable: Variable, limits: Limits) -> None:
    length = len(variable.label.encode() if limits.unit == "octets" else variable.label)
    if limits.label and length > limits.label:
        raise _refused(limits, name, f"un libellé d’au plus {limits.label} {limits.unit}", f"{length} {limits.unit}")
    for code in variable.codes.values():
        held = limits.value_label_bytes
        if held and len(code.label.encode()) > held:
            raise _refused(limits, name, f"des libellés de codes d’au plus {held} octets", f"« {code.label} »")


def _hold_numbers(name: str, numbers: pd.Series, limits: Limits) -> None:
    _hold(name, limits, ~np.isfinite(numbers), "un nombre fini")
    size = numbers.abs()
    if limits.number is not None:
        _hold(name, limits, size > limits.number, _at_most(limits.number))
    if limits.least is not None:
        _hold(name, limits, (size < limits.least) & (size > 0), f"au moins {limits.least:g} en valeur absolue, ou 0")
    if not limits.negative_zero:
        _hold(name, limits, (size == 0) & np.signbit(numbers), "un zéro sans signe")


def _hold_moments(name: str, moments: pd.Series, variable: Variable, limits: Limits) -> None:
    if limits.first_day is not None:
        first = pd.Timestamp(limits.first_day)
        _hold(name, limits, moments < first, f"une date à partir du {first:%d/%m/%Y}")
    if variable.type == "date":
        _hold(name, limits, moments != moments.dt.normalize(), "une date sans heure")
    elif limits.seconds:
        _hold(name, limits, moments != moments.dt.floor("s"), "une heure à la seconde")


def _hold_texts(name: str, texts: pd.Series, limits: Limits) -> None:
    _hold(name, limits, texts != texts.str.strip(), "un texte sans espaces à ses bords")
    _hold(name, limits, texts.str.contains(limits.forbidden), "un texte sans caractère de commande")
    if limits.text is not None:
        length = texts.str.len()
        if limits.unit == "octets" and not texts.str.isascii().all():
            length = texts.map(lambda text: len(text.encode()))
        _hold(name, limits, length > limits.text, f"un texte d’au plus {_spaced(limits.text)} octets")


def _hold(name: str, limits: Limits, lost: pd.Series, expected: str) -> None:
    count = int(cast("int", lost.sum()))
    if count:
        raise _refused(limits, name, expected, f"{count} valeur{'s' if count > 1 else ''} que ce format perdrait")


def _refused(limits: Limits, name: str, expected: str, got: str) -> DeliveryError:
    return DeliveryError(
        f"Le format {limits.name} ne peut pas tenir la variable « {name} ».",
        where=f"variable « {name} »",
        expected=expected,
        got=got,
        hint="docs/guide/donnees-fictives.md dit ce que tient chaque format",
    )


def _at_most(most: float) -> str:
    return f"au plus {_spaced(most) if isinstance(most, int) else f'{most:g}'} en valeur absolue"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def told(limits: Limits) -> str:
    """Return, for the guide, what a format cannot hold.

    >>> told(LIMITS[".parquet"])
    'rien de plus que ci-dessous'
    """
    label, held = limits.label, limits.value_label_bytes
    parts = [
        limits.column and "un nom de colonne à espace ou à tiret",
        limits.column_bytes and f"un nom de colonne de plus de {limits.column_bytes} octets",
        not limits.case and "deux noms qui diffèrent par la seule casse",
        label and f"un libellé de plus de {label} {limits.unit}",
        held and f"un libellé de code de plus de {_spaced(held)} octets",
        limits.missing_codes and f"plus de {limits.missing_codes} codes de donnée manquante",
        limits.integer == EXACT and f"un entier au-delà de {_spaced(EXACT)}",
        limits.number and f"un nombre au-delà de {limits.number:g}",
        limits.least and f"un nombre non nul en deçà de {limits.least:g}",
        not limits.negative_zero and "un zéro négatif",
        limits.text and f"un texte de plus de {_spaced(limits.text)} octets",
        len(limits.forbidden) > 1 and "un caractère de commande, un retour chariot",
        limits.first_day and f"une date avant le {limits.first_day:%d/%m/%Y}",
        limits.seconds and "les fractions de seconde",
        limits.rows and f"plus de {_spaced(limits.rows)} lignes",
        limits.cells and f"plus de {_spaced(limits.cells)} cellules",
    ]
    return "\u00a0; ".join(part for part in parts if part) or "rien de plus que ci-dessous"
