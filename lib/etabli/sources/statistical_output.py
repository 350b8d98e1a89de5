"""Files of statistical packages (SPSS, Stata, SAS transport), by pyreadstat: labels, value labels, missing codes.

pyreadstat writes a whole frame at once, so the frames are gathered as numbers and text before they are
written; `LIMITS` bounds how many cells that may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etabli.sources.cells import code_value, distinct, with_missing_codes
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.limits import EXACT
from etabli.sources.outgoing import held

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_TAGGED = re.compile(r"\.[a-z]")
"""How a codebook writes a missing value of Stata: « .a » to « .z »."""

_SHORT = 8
"""Bytes of a text beyond which SPSS declares no missing code."""

_STATA_LABELLED = 2**31 - 28
"""Largest whole number that Stata can label."""

_TRUTH = {1.0: "oui", 0.0: "non"}


def write_spss(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook, *, compressed: bool = False) -> None:
    """Write a sav: variable and value labels, missing codes as user-missing values, formats and measures."""
    import pyreadstat

    gathered = _gathered(frames, book, tagged=False)
    pyreadstat.write_sav(
        gathered,
        str(path),
        column_labels=_labels(book),
        row_compress=not compressed,
        compress=compressed,
        variable_value_labels=_value_labels(book, numbers_only=False),
        missing_ranges=_user_missing(book),
        variable_measure={_column(name, each): _measure(each) for name, each in book.variables.items()},
        variable_format=_spss_formats(book),
    )


def write_spss_compressed(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    """Write a zsav: what `write_spss` writes, compressed."""
    write_spss(path, frames, book, compressed=True)


def write_stata(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    """Write a dta: variable labels, labels of whole numbers, missing codes « .a » to « .z » as tagged missings."""
    import pyreadstat

    gathered = _gathered(frames, book, tagged=True)
    tags = {_column(name, each): _tags(each) for name, each in book.variables.items() if _tags(each)}
    pyreadstat.write_dta(
        gathered,
        str(path),
        column_labels=_labels(book),
        variable_value_labels=_value_labels(book, numbers_only=True) or None,
        missing_user_values=tags or None,
    )


def write_sas(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    """Write an xpt of version 8: variable labels. The format holds no label of a value and no missing code."""
    import pyreadstat

    pyreadstat.write_xport(
        _gathered(frames, book, tagged=False), str(path), column_labels=_labels(book), file_format_version=8
    )


def is_numeric(variable: Variable) -> bool:
    """Return whether a variable's values are numbers in the file: counts, measures, codes written as whole numbers."""
    if variable.type == "code":
        values = [code.value or name for name, code in variable.codes.items()]
        return all(_WHOLE.fullmatch(value) and abs(int(value)) <= EXACT for value in values)
    return variable.type in {"integer", "number", "boolean"}


def _gathered(frames: Iterable[pd.DataFrame], book: SourceCodebook, *, tagged: bool) -> pd.DataFrame:
    """Return all frames as one, under the delivery's column names, in the types of the file."""
    parts: dict[str, list[pd.Series]] = {name: [] for name in book.variables}
    for frame in frames:
        for name, variable in book.variables.items():
            with held(name, variable, frame[name]):
                parts[name].append(_cells(frame[name].reset_index(drop=True), variable, tagged=tagged))
    return pd.DataFrame(
        {
            _column(name, variable): pd.concat(parts.pop(name), ignore_index=True)
            for name, variable in book.variables.items()
        }
    )


def _cells(values: pd.Series, variable: Variable, *, tagged: bool) -> pd.Series:
    if variable.type in {"date", "datetime"}:
        # A date is a `date`: pyreadstat would write a Timestamp under a format of days as garbage.
        moments = pd.to_datetime(values).astype("datetime64[us]")
        return moments if variable.type == "datetime" else moments.dt.date.astype(object).where(moments.notna(), None)
    if is_numeric(variable):
        return _numbers(values, variable, tagged=tagged)
    places, known = distinct(values)
    codes = variable.type == "code"
    text = [code_value(str(each), variable) if codes else str(each) for each in known]
    filled = pd.Series([*text, None], dtype="str").take(places).reset_index(drop=True)
    return with_missing_codes(filled, variable.missing)


def _numbers(values: pd.Series, variable: Variable, *, tagged: bool) -> pd.Series:
    """Return numbers as float64: an integer column of the file would hold a missing value as 0."""
    if variable.type == "code":
        places, known = distinct(values)
        found = [float(code_value(str(each), variable)) for each in known]
        numbers = np.array([*found, np.nan])[places]
    elif variable.type == "boolean":
        numbers = values.astype("boolean").astype("Float64").to_numpy("float64", na_value=np.nan)
    elif variable.type == "integer":
        numbers = values.astype("Int64").to_numpy("float64", na_value=np.nan)
    else:
        numbers = values.to_numpy("float64", copy=True)
    missing = np.flatnonzero(np.isnan(numbers))
    ways: list[Any] = [np.nan, *_numeric_missing(variable), *(_tags(variable) if tagged else [])]
    turn = np.arange(len(missing)) % len(ways)
    if any(isinstance(way, str) for way in ways):
        filled = numbers.astype(object)
        filled[missing] = np.array(ways, dtype=object)[turn]
        return pd.Series(filled, dtype=object)
    numbers[missing] = np.array(ways, dtype="float64")[turn]
    return pd.Series(numbers)


def _numeric_missing(variable: Variable) -> list[float]:
    """Return the missing codes that are numbers; another one cannot be written in a column of numbers."""
    return [float(code) for code in variable.missing if _WHOLE.fullmatch(code)]


def _tags(variable: Variable) -> list[str]:
    return [code[1:] for code in variable.missing if _TAGGED.fullmatch(code)] if is_numeric(variable) else []


def _user_missing(book: SourceCodebook) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, variable in book.variables.items():
        if is_numeric(variable):
            found[_column(name, variable)] = list(_numeric_missing(variable))
        elif variable.type not in {"date", "datetime"} and all(len(c.encode()) <= _SHORT for c in variable.missing):
            found[_column(name, variable)] = list(variable.missing)
    return {column: codes for column, codes in found.items() if codes}


def _value_labels(book: SourceCodebook, *, numbers_only: bool) -> dict[str, dict[Any, str]]:
    labels: dict[str, dict[Any, str]] = {}
    for name, variable in book.variables.items():
        column, numeric = _column(name, variable), is_numeric(variable)
        if variable.type == "boolean":
            labels[column] = dict(_TRUTH)
        elif variable.codes and (numeric or not numbers_only):
            each = {code.value or key: code.label for key, code in variable.codes.items()}
            labels[column] = {float(value): label for value, label in each.items()} if numeric else each
        labels.setdefault(column, {}).update(_missing_labels(variable, numeric, numbers_only=numbers_only))
        if not labels[column]:
            del labels[column]
        if numbers_only and any(
            isinstance(value, float) and abs(value) > _STATA_LABELLED for value in labels.get(column, {})
        ):
            del labels[column]
    return labels


def _missing_labels(variable: Variable, numeric: bool, *, numbers_only: bool) -> dict[Any, str]:
    """Return the labels of the missing codes that the file can label; « 9 », which says no more, has none."""
    told = {code: label for code, label in variable.missing.items() if label != code}
    if numeric:
        labels: dict[Any, str] = {float(code): label for code, label in told.items() if _WHOLE.fullmatch(code)}
        tags = {code[1:]: label for code, label in told.items() if _TAGGED.fullmatch(code)}
        return labels | tags if numbers_only else labels
    return {} if numbers_only or variable.type in {"date", "datetime"} else told


def _spss_formats(book: SourceCodebook) -> dict[str, str]:
    formats = {"integer": "F12.0", "code": "F8.0", "boolean": "F1.0", "date": "EDATE10"}
    return {
        _column(name, variable): formats[variable.type]
        for name, variable in book.variables.items()
        if variable.type in formats and (variable.type == "date" or is_numeric(variable))
    }


def _measure(variable: Variable) -> str:
    return "scale" if variable.type in {"integer", "number", "date", "datetime"} else "nominal"


def _labels(book: SourceCodebook) -> dict[str, str | None]:
    return {_column(name, variable): variable.label for name, variable in book.variables.items()}


def _column(name: str, variable: Variable) -> str:
    return variable.column or name
