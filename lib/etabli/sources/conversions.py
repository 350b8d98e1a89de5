"""From what was read to typed columns, one function a type: the only way into a codebook's types.

Every function returns NA where the column is NA **and** where it cannot be converted: what is filled
in the column and missing in the result is what the delivery got wrong. Text is converted by its different
values, not by its rows; a column that the file stores in its type already is held to the type's bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.sources.codebook import FileFormat, Variable
from etabli.sources.dates import days_of, fixed_dates
from etabli.sources.letters import is_ascii

DATE_FORMATS = {"date": "%d/%m/%Y", "datetime": "%d/%m/%Y %H:%M"}
"""How a delivery writes dates unless its codebook says otherwise."""

TRUTH = {"oui": True, "true": True, "1": True, "non": False, "false": False, "0": False}
"""How a delivery writes a boolean; case does not count."""

_SPACES = " \u00a0\u202f"
"""Between thousands: ordinary, no-break, narrow no-break."""

_DIGITS = {"%d": 2, "%m": 2, "%Y": 4, "%y": 2, "%j": 3, "%H": 2, "%I": 2, "%M": 2, "%S": 2}
"""Digits that each part of a date's form writes."""

_MANY = 1_000
"""Different values from which it pays to have Arrow read numbers."""

_LONGEST = 4_000
"""Digits beyond which Python refuses to read a whole number (its own limit is 4,300)."""


def is_text(column: pd.Series) -> bool:
    """Return whether a read column holds text, rather than values of its variable's type."""
    return isinstance(column.dtype, (pd.StringDtype, pd.CategoricalDtype)) or column.dtype == object


def cleaned(column: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a read column without the spaces around its values; NA where it is empty or says « missing ».

    Parameters
    ----------
    column
        One column of a `Reading`: text, or typed.
    variable
        What the codebook says of it: its `missing` values.
    written
        How the delivery is written.
    """
    if not is_text(column):
        return column.mask(stands_for(column, variable.missing, variable, written)) if variable.missing else column
    places, values = distinct(column)
    stripped = pd.Series(values, dtype="str").str.strip()
    stripped = stripped.mask(stands_for(stripped, ["", *variable.missing], variable, written))
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return _taken(stripped, places, column.index, None)
    codes, kept = pd.factorize(stripped)
    return pd.Series(
        pd.Categorical.from_codes(np.append(codes, -1)[places], categories=pd.Index(kept, dtype="str")), column.index
    )


def stands_for(column: pd.Series, told: Iterable[str], variable: Variable, written: FileFormat) -> pd.Series:
    """Return which values of a column are one of those that the codebook tells, as it tells « missing » ones.

    Numbers are compared as numbers, and dates as dates: « 9 », « 09 » and « 9,0 » are one missing code, however the
    file stores it. A date may be told in its variable's form, as `DATE_FORMATS` write it, or as 2099-12-31.

    Parameters
    ----------
    column
        Text without spaces around it, or typed.
    told
        Texts of the codebook.
    variable, written
        Of what type the variable is, and how the delivery writes it.
    """
    texts = pd.Series([*told], dtype="str")
    if not is_text(column):
        match column.dtype.kind:
            case "f" | "i" | "u":
                return column.isin(_numbers_told(texts, variable, written))
            case "M":
                days = column.dt.normalize() if variable.type == "date" else column
                return days.isin(_dates_told(texts, variable))
            case _:
                return column.isna()
    found = column.isin(texts)
    if variable.type in {"integer", "number"}:
        numbers = _numbers_told(texts, variable, written)
        return found | _numbers(column, variable, written).isin(numbers) if len(numbers) else found
    if variable.type in {"date", "datetime"}:
        days = _dates_told(texts, variable)
        return found | _dates(column, variable, written).isin(days) if len(days) else found
    return found


def _numbers_told(texts: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return the numbers among texts of the codebook: written as the delivery writes them, or with any decimal sign."""
    usual = _numbers(texts, variable, written)
    return usual.fillna(_numbers(texts.str.replace(",", "."), variable, FileFormat(decimal="."))).dropna()


def _dates_told(texts: pd.Series, variable: Variable) -> pd.Series:
    found = _parsed(texts, date_format(variable))
    for form in (*DATE_FORMATS.values(), "%Y-%m-%d"):
        found = found.fillna(_parsed(texts, form))
    return (found.dt.normalize() if variable.type == "date" else found).dropna()


def distinct(column: pd.Series) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the place of each row's value among the different values (−1 where it is NA), and those values."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype="int64"), [str(value) for value in column.cat.categories]
    places, values = pd.factorize(column)
    return np.asarray(places, dtype="int64"), [str(value) for value in np.asarray(values, dtype=object)]


def by_value(column: pd.Series, function: Callable[[str], object], missing: object, dtype: str) -> pd.Series:
    """Return `function` of each value, computed once for each different one; `missing` where it is NA."""
    places, values = distinct(column)
    found = pd.Series([*(function(value) for value in values), missing], dtype=dtype)
    return found.take(places % len(found)).set_axis(column.index)


def convert(column: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a column in the type of its variable.

    Parameters
    ----------
    column
        The column as `cleaned` returns it, NA where a value is missing.
    variable
        What the codebook says of it.
    written
        How the delivery is written: its decimal sign, and what stands between thousands.

    Returns
    -------
    Series
        `category` (codes in the codebook's order), `Int64`, `float64`, `datetime64[us]`, `boolean`
        or `str`, of the same index; NA where the column is NA or does not have the type.
    """
    if is_text(column):
        return _CONVERSIONS[variable.type](column, variable, written)
    return _held(column, variable)


def _held(column: pd.Series, variable: Variable) -> pd.Series:
    """Hold a column that the file stores in its type to what the type takes."""
    match variable.type:
        case "integer" if column.dtype.kind in "iu":
            return _of_type(column, "Int64")
        case "integer":
            whole = column.where(np.isfinite(column) & (column == np.floor(column)) & (column.abs() < 2.0**63))
            return whole.astype("Int64")
        case "number":
            numbers = _of_type(column, "float64")
            return numbers.mask(np.isinf(numbers)) if np.isinf(numbers).any() else numbers
        case "date":
            return days_of(_of_type(column, "datetime64[us]"))
        case "datetime":
            return _of_type(column, "datetime64[us]")
        case _:
            return column


def _of_type(column: pd.Series, dtype: Literal["Int64", "float64", "datetime64[us]"]) -> pd.Series:
    """Return a column in a type; the very same one where it has it, so that nothing is converted to be held to it."""
    return column if column.dtype == dtype else column.astype(dtype)


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


def digits_of(form: str) -> int | None:
    """Return how many digits a date of a form has, where no sign stands between them; None for another form.

    >>> digits_of("%d%m%Y"), digits_of("%d/%m/%Y"), digits_of("%Y")
    (8, None, None)
    """
    parts = re.findall("%.", form)
    if len(parts) < 2 or "".join(parts) != form or not set(parts) <= set(_DIGITS):
        return None
    return sum(_DIGITS[part] for part in parts)


def _first_of(values: list[str], most: int = 12) -> str:
    beyond = f" et {len(values) - most} autres" if len(values) > most else ""
    return "l’un de : " + ", ".join(f"« {value} »" for value in values[:most]) + beyond


def _codes(text: pd.Series, variable: Variable, _: FileFormat) -> pd.Series:
    rank = {name: place for place, name in enumerate(variable.codes)}
    place = {value: rank[name] for value, name in variable.code_of().items()}
    codes = by_value(text, lambda value: place.get(value, -1), -1, "int64")
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(list(variable.codes))), text.index)


def _integers(text: pd.Series, _: Variable, written: FileFormat) -> pd.Series:
    plain = _plain(text, "^-?[0-9]{1,18}$")
    if plain is not None:
        return plain
    form = re.compile(_whole(written))

    def integer(value: str) -> int | None:
        if not form.fullmatch(value) or len(value) > _LONGEST:
            return None
        found = int(_unspaced(value, written))
        return found if -(2**63) <= found < 2**63 else None  # what Int64 holds

    return by_value(text, integer, None, "Int64")


def _numbers(text: pd.Series, _: Variable, written: FileFormat) -> pd.Series:
    plain = _plain(text, f"^-?[0-9]{{1,300}}({re.escape(written.decimal)}[0-9]+)?$", written.decimal)
    if plain is not None:
        return plain
    decimal = re.escape(written.decimal)
    form = re.compile(rf"(?:{_whole(written)}(?:{decimal}[0-9]*)?|[+-]?{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?")

    def number(value: str) -> float:
        found = float(_unspaced(value, written).replace(written.decimal, ".")) if form.fullmatch(value) else math.nan
        return found if math.isfinite(found) else math.nan

    return by_value(text, number, math.nan, "float64")


def _plain(text: pd.Series, form: str, decimal: str = "") -> pd.Series | None:
    """Return numbers that Arrow reads at once, if there are many and all have a form that it cannot take otherwise."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(text) < _MANY or not isinstance(text.dtype, pd.StringDtype):
        return None
    column = pa.chunked_array(pa.array(text.array, from_pandas=True))
    if not pc.all(pc.match_substring_regex(column, form), min_count=0).as_py():
        return None
    kind = pa.float64() if decimal else pa.int64()
    found = pc.cast(pc.replace_substring(column, decimal, ".") if decimal else column, kind)
    return pd.Series(found.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)).set_axis(text.index)


def _dates(text: pd.Series, variable: Variable, _: FileFormat) -> pd.Series:
    form = date_format(variable)
    days = fixed_dates(text, form) if isinstance(text.dtype, pd.StringDtype) else None
    if days is None:
        places, values = distinct(text)
        days = _taken(_parsed(pd.Series(values, dtype="str"), form), places, text.index, pd.NaT)
    return days_of(days) if variable.type == "date" else days


def _parsed(text: pd.Series, form: str) -> pd.Series:
    """Return the dates of texts of a form, NaT for another text.

    pandas would read « today » as the day of the run, and « 1022024 », a first zero lost, as the 10th of February.
    """
    expression = "".join(
        rf"[0-9]{{{_DIGITS[part]}}}" if part in _DIGITS else "(?s:.+)" if part.startswith("%") else re.escape(part)
        for part in re.findall("%.|[^%]", form)
    )
    adjoining = re.search(r"%[a-zA-Z]%[a-zA-Z]", form)
    known = text.where(text.str.fullmatch(expression) if adjoining else text.str.contains("[0-9]"))
    return pd.to_datetime(known, format=form, errors="coerce").astype("datetime64[us]")


def _booleans(text: pd.Series, _: Variable, __: FileFormat) -> pd.Series:
    return by_value(text, lambda value: TRUTH.get(value.casefold()), None, "boolean")


def _texts(text: pd.Series, _: Variable, __: FileFormat) -> pd.Series:
    return text if text.dtype == "str" else text.astype("str")


def _identifiers(text: pd.Series, _: Variable, __: FileFormat) -> pd.Series:
    """Return identifiers with their accents composed: « é » of one sign, and « é » of two, are one person's."""
    known = _texts(text, _, __)
    return known if is_ascii(known) else known.str.normalize("NFC")


def _whole(written: FileFormat) -> str:
    """Return the expression of a whole number, its thousands apart or not, all in the same way."""
    between = f"[{_SPACES}{re.escape(written.thousands or '')}]"
    return rf"[+-]?(?:[0-9]+|[0-9]{{1,3}}(?:{between}[0-9]{{3}})+)"


def _unspaced(number: str, written: FileFormat) -> str:
    together = "".join(number.split())
    return together.replace(written.thousands, "") if written.thousands else together


def _taken(values: pd.Series, places: npt.NDArray[np.int64], index: pd.Index, missing: object) -> pd.Series:
    """Return the value at each place; `missing` where the place is −1."""
    found = pd.concat([values, pd.Series([missing], dtype=values.dtype)], ignore_index=True)
    return found.take(places % len(found)).set_axis(index)


_CONVERSIONS: dict[str, Callable[[pd.Series, Variable, FileFormat], pd.Series]] = {
    "code": _codes,
    "integer": _integers,
    "number": _numbers,
    "date": _dates,
    "datetime": _dates,
    "boolean": _booleans,
    "text": _texts,
    "identifier": _identifiers,
}
