"""From the text of a delivery to typed columns, one function a type.

Every function returns NA where the text is NA **and** where it cannot be converted: what is filled
in the text and missing in the result is what the delivery got wrong. Each works on the different
values of a column, not on its rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pandas as pd

from etabli.sources.codebook import FileFormat, Variable

DATE_FORMATS = {"date": "%d/%m/%Y", "datetime": "%d/%m/%Y %H:%M"}
"""How a delivery writes dates unless its codebook says otherwise."""

TRUTH = {"oui": True, "true": True, "1": True, "non": False, "false": False, "0": False}
"""How a delivery writes a boolean; case does not count."""

_WHOLE = "[+-]?(?:[0-9]+|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+)"
"""A whole number, with or without spaces between its thousands (ordinary, no-break, narrow no-break)."""

_LONGEST = 4_000
"""Digits beyond which Python refuses to read a whole number (its own limit is 4,300)."""


def convert(text: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a column in the type of its variable.

    Parameters
    ----------
    text
        The column as text (dtype `str`), NA where a value is missing.
    variable
        What the codebook says of it.
    written
        How the delivery is written: its decimal sign.

    Returns
    -------
    Series
        `category` (codes in the codebook's order), `Int64`, `float64`, `datetime64[us]`, `boolean`
        or `str`, of the same index; NA where the text is NA or does not have the type.
    """
    return _CONVERSIONS[variable.type](text, variable, written)


def expected(variable: Variable, written: FileFormat) -> str:
    """Return, for a message, what text the type of a variable takes."""
    match variable.type:
        case "code":
            return _first_of([code.value or name for name, code in variable.codes.items()])
        case "integer":
            return "un nombre entier"
        case "number":
            return f"un nombre, ses décimales après « {written.decimal} »"
        case "date" | "datetime":
            form = date_format(variable)
            return f"une date de la forme « {form} », comme {pd.Timestamp(2024, 12, 31, 14, 30):{form}}"
        case "boolean":
            return "oui ou non, true ou false, 1 ou 0"
        case _:
            return "un texte"


def date_format(variable: Variable) -> str:
    """Return the `strptime` format of a date or datetime variable."""
    return variable.format or DATE_FORMATS[variable.type]


def _first_of(values: list[str], most: int = 12) -> str:
    beyond = f" et {len(values) - most} autres" if len(values) > most else ""
    return "l’un de : " + ", ".join(f"« {value} »" for value in values[:most]) + beyond


def _codes(text: pd.Series, variable: Variable, _: FileFormat) -> pd.Series:
    rank = {name: place for place, name in enumerate(variable.codes)}
    place = {value: rank[name] for value, name in variable.code_of().items()}
    codes = _by_value(text, lambda value: place.get(value, -1), -1, "int64")
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(list(variable.codes))), text.index)


def _integers(text: pd.Series, _: Variable, __: FileFormat) -> pd.Series:
    def integer(value: str) -> int | None:
        if not re.fullmatch(_WHOLE, value) or len(value) > _LONGEST:
            return None
        found = int(_unspaced(value))
        return found if -(2**63) <= found < 2**63 else None  # what Int64 holds

    return _by_value(text, integer, None, "Int64")


def _numbers(text: pd.Series, _: Variable, written: FileFormat) -> pd.Series:
    form = re.compile(rf"{_WHOLE}(?:{re.escape(written.decimal)}[0-9]+)?(?:[eE][+-]?[0-9]+)?")

    def number(value: str) -> float:
        found = float(_unspaced(value).replace(written.decimal, ".")) if form.fullmatch(value) else math.nan
        return found if math.isfinite(found) else math.nan

    return _by_value(text, number, math.nan, "float64")


def _dates(text: pd.Series, variable: Variable, _: FileFormat) -> pd.Series:
    places, values = pd.factorize(text)
    known = pd.Series(values, dtype="str")
    known = known.where(known.str.contains("[0-9]"))  # pandas would read « today » as the day of the run
    days = pd.to_datetime(known, format=date_format(variable), errors="coerce").astype("datetime64[us]")
    if variable.type == "date":
        days = days.dt.normalize()
    return days.reindex(places).set_axis(text.index)


def _booleans(text: pd.Series, _: Variable, __: FileFormat) -> pd.Series:
    return _by_value(text, lambda value: TRUTH.get(value.casefold()), None, "boolean")


def _texts(text: pd.Series, _: Variable, __: FileFormat) -> pd.Series:
    return text.copy()


def _unspaced(number: str) -> str:
    return "".join(number.split())


def _by_value(text: pd.Series, function: Callable[[str], object], missing: object, dtype: str) -> pd.Series:
    """Return `function` of each value, computed once for each different one; `missing` where it is NA."""
    places, values = pd.factorize(text)
    found = pd.Series([*(function(value) for value in values), missing], dtype=dtype)
    return found.take(places % len(found)).set_axis(text.index)


_CONVERSIONS: dict[str, Callable[[pd.Series, Variable, FileFormat], pd.Series]] = {
    "code": _codes,
    "integer": _integers,
    "number": _numbers,
    "date": _dates,
    "datetime": _dates,
    "boolean": _booleans,
    "text": _texts,
    "identifier": _texts,
}
