"""The text of a delivery held to its codebook: converted, checked, and refused in one message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError, nearest
from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.conversions import by_value, cleaned, convert, expected
from etabli.sources.metadata import LINE

Mask = npt.NDArray[np.bool_]

_HIDDEN = "(valeur non affichée)"
"""Stands in messages for a value that may betray a person: logs and screenshots travel."""


@dataclass(frozen=True)
class Fault:
    """One rule of the codebook that some rows break."""

    variable: str
    problem: str
    rows: Mask
    expected: str
    got: str
    hint: str | None = None


def tidy(text: pd.DataFrame, book: SourceCodebook, *, shown: str) -> pd.DataFrame:
    """Convert what was read of a delivery to typed columns, and hold it to the codebook's rules.

    Spaces around a value do not count. An empty cell, or a value among the variable's `missing`, is NA.

    Parameters
    ----------
    text
        The frame of a `Reading`; without its index of lines, row 0 stands for line 2.
    book
        The codebook of the source.
    shown
        How messages name the file.

    Returns
    -------
    DataFrame
        One row a row of `text` (index 0, 1, …), one column a variable: `code` → unordered
        categorical of codes, all of them, in the codebook's order; `integer` → Int64; `number` → float64;
        `date` (midnight) and `datetime` → datetime64[us]; `boolean` → boolean; `text` and `identifier` → str.

    Raises
    ------
    DeliveryError
        A rule is broken: the first in the codebook's order, with its lines and the number of other rules.
    """
    columns: dict[str, pd.Series] = {}
    faults: list[Fault] = []
    for name, variable in book.variables.items():
        column = cleaned(text[name].reset_index(drop=True), variable)
        columns[name] = convert(column, variable, book.format)
        faults.extend(fault for fault in _faults(name, variable, column, columns[name], book) if fault.rows.any())
    if faults:
        raise _refusal(faults, book, _lines(text), shown)
    return pd.DataFrame(columns)


def _lines(text: pd.DataFrame) -> npt.NDArray[np.int64]:
    lines = text.index if text.index.name == LINE else np.arange(2, len(text) + 2)
    return np.asarray(lines, dtype="int64")


def _faults(name: str, variable: Variable, text: pd.Series, values: pd.Series, book: SourceCodebook) -> Iterator[Fault]:
    """Yield one fault for each rule of a variable, broken or not."""
    if variable.required:
        yield Fault(name, "manque", _mask(text.isna()), "une valeur, que le codebook exige", "une cellule sans valeur")
    yield _type_fault(name, variable, text, values, book.format)
    yield from _bound_faults(name, variable, text, values)
    if variable.pattern is not None:
        matches = re.compile(variable.pattern).fullmatch
        fitting = by_value(text, lambda value: matches(value) is not None, True, "bool")
        broken = ~_mask(fitting)
        form = f"un texte de la forme « {variable.pattern} »"
        yield Fault(name, "n’a pas la forme prévue", broken, form, _first_shown(text, broken, variable))
    if variable.unique:
        twice = _mask(values.notna() & values.duplicated(keep=False))
        got = _first_shown(text, twice, variable)
        yield Fault(name, "est répétée", twice, "des valeurs toutes différentes", got)


def _type_fault(name: str, variable: Variable, text: pd.Series, values: pd.Series, written: FileFormat) -> Fault:
    broken = _mask(text.notna() & values.isna())
    close = None
    if variable.type == "code" and broken.any() and not _is_secret(variable):
        close = nearest(text[broken].iloc[0], variable.code_of())
    problem = "n’est pas un code du codebook" if variable.type == "code" else "n’a pas le type prévu"
    hint = f"vouliez-vous dire « {close} » ?" if close else None
    return Fault(name, problem, broken, expected(variable, written), _first_shown(text, broken, variable), hint)


def _bound_faults(name: str, variable: Variable, text: pd.Series, values: pd.Series) -> Iterator[Fault]:
    """Yield the faults of both bounds; a date as `maximum` of a datetime includes that whole day."""
    compared = values.dt.normalize() if variable.type == "datetime" else values
    if variable.minimum is not None:
        low = _mask((compared < _bound(variable.minimum)).fillna(False))
        wanted = f"au moins {_written(variable.minimum)}"
        yield Fault(name, "est trop petite", low, wanted, _first_shown(text, low, variable))
    if variable.maximum is not None:
        high = _mask((compared > _bound(variable.maximum)).fillna(False))
        wanted = f"au plus {_written(variable.maximum)}"
        yield Fault(name, "est trop grande", high, wanted, _first_shown(text, high, variable))


def _bound(bound: float | date) -> float | pd.Timestamp:
    return pd.Timestamp(bound) if isinstance(bound, date) else bound


def _written(bound: float | date) -> str:
    if isinstance(bound, date):
        return f"{bound:%d/%m/%Y}"
    return str(int(bound)) if bound.is_integer() else str(bound).replace(".", ",")


def _mask(series: pd.Series) -> Mask:
    return cast("Mask", series.to_numpy(dtype=bool))


def _is_secret(variable: Variable) -> bool:
    return variable.sensitivity in {"identifier", "sensitive"}


def _first_shown(text: pd.Series, rows: Mask, variable: Variable, most: int = 60) -> str:
    """Return the first faulty value for a message, cut short, or words in its place."""
    if _is_secret(variable) or not rows.any():
        return _HIDDEN
    value = str(text[rows].iloc[0])
    return f"« {value[:most]}… »" if len(value) > most else f"« {value} »"


def _refusal(faults: list[Fault], book: SourceCodebook, lines: npt.NDArray[np.int64], shown: str) -> DeliveryError:
    first, others = faults[0], len(faults) - 1
    column = book.variables[first.variable].column or first.variable
    count = int(first.rows.sum())
    beyond = f"{others} autre{'s' if others > 1 else ''} règle{'s' if others > 1 else ''} du codebook enfreinte"
    hints = [first.hint, f"{beyond}{'s' if others > 1 else ''} dans ce fichier" if others else None]
    return DeliveryError(
        f"La variable « {first.variable} » (colonne « {column} ») {first.problem}"
        f" sur {count} ligne{'s' if count > 1 else ''}.",
        where=f"{shown}, {_told(lines[first.rows])}",
        expected=first.expected,
        got=first.got,
        hint=", ".join(filter(None, hints)) or None,
    )


def _told(lines: npt.NDArray[np.int64], most: int = 3) -> str:
    """Return « ligne 12 », « lignes 12 et 15 », « lignes 12, 15, 31 et suivantes »."""
    if len(lines) == 1:
        return f"ligne {lines[0]}"
    if len(lines) <= most:
        return f"lignes {', '.join(str(line) for line in lines[:-1])} et {lines[-1]}"
    return f"lignes {', '.join(str(line) for line in lines[:most])} et suivantes"
