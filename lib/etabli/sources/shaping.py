"""A column as its file stores it, put into the words of the codebook: values, not labels; text, not numbers.

Formats with types lose what text keeps: a commune code becomes a number and its first zero goes, a code becomes
a label. Here the codebook gives them back; what was given back is told in a note.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli import french
from etabli.errors import DeliveryError
from etabli.sources.codebook import FileFormat, Variable
from etabli.sources.conversions import date_format, digits_of, distinct, is_text, stands_for
from etabli.sources.dictionaries import places_among
from etabli.sources.labels import read_by_label
from etabli.sources.metadata import Column

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.signedinteger[Any]]

_NATIVE = {"integer": "fiu", "number": "fiu", "date": "M", "datetime": "M", "boolean": "b"}
"""For each type of variable, the kinds of dtype that hold it already."""

_EXACT = 2.0**53
"""From here on a double stands for several whole numbers: the digits of a longer code are lost in the file."""

_TYPED = 1e15
"""From here on a spreadsheet puts zeros for the digits that were typed or pasted: it keeps 15 of them."""

_ZEROS = (
    "enregistrée en nombres ; si ses codes commencent par des zéros, ils manquent, et un « pattern » dans le codebook"
    " les rendrait."
)

_WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}

_POINT = FileFormat(decimal=".")
"""How what a file says of itself writes a number."""

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")

_NEAR = 10_000
"""Between the least and the greatest of whole numbers that a table tells apart."""

_WIDEST = 32
"""Longest code whose leading zeros are given back."""


def shaped(
    column: pd.Series, variable: Variable, described: Column, written: FileFormat, shown: str
) -> tuple[pd.Series, list[str]]:
    """Return a column as the codebook's variable reads it, and what had to be done for it.

    Parameters
    ----------
    column
        As the format's reader returned it.
    variable
        What the codebook says of it.
    described
        What the file says of it: labels, user-missing values.
    written
        The decimal sign of the delivery.
    shown
        How messages name the file.

    Returns
    -------
    Series, list
        Text or typed (see `Reading`), and French notes.

    Raises
    ------
    DeliveryError
        The file's labels contradict the codebook's, or do not tell which code is meant.
    """
    if column.dtype.kind in _NATIVE.get(variable.type, "") and variable.pattern is None:
        return _without_user_missing(column, variable, described, written)
    if is_text(column) and column.dtype != object and not (described.labels or described.missing_values):
        return column, []  # the file's own text has lost nothing
    if described.tagged and variable.type in {"date", "datetime"} and _are_moments(column):
        return _without_tags(column, variable, described)
    places, values = _distinct_values(column)
    said = {*variable.missing, *variable.code_of()}
    names = [written_as(value, None, _POINT) for value in values]
    texts = [_in_words(value, written_as(value, variable, written), variable, said) for value in values]
    gone = _declared(values, names, described) & np.array([text not in said for text in texts], dtype=bool)
    mended = [
        text if out or text in said else _with_zeros(text, value, variable)
        for text, value, out in zip(texts, values, gone, strict=True)
    ]
    restored = np.array([one != other for one, other in zip(mended, texts, strict=True)], dtype=bool)
    labelled, notes = np.zeros(len(values), dtype=bool), list[str]()
    if variable.type in {"code", "boolean"} and described.labels:
        kept = [place for place in np.flatnonzero(~gone) if mended[place].strip() not in {"", *variable.recode}]
        labels = {_with_zeros(value, 0, variable): label for value, label in described.labels.items()}
        words, by_label, notes = read_by_label(
            [mended[place] for place in kept],
            [described.labels.get(names[place], "") for place in kept],
            labels,
            variable,
            column=described.name,
            shown=shown,
        )
        labelled[kept] = by_label
        restored &= ~labelled
        for place, word in zip(kept, words, strict=True):
            mended[place] = word
    told = _notes(described.name, *(_rows_of(places, each) for each in (gone, labelled, restored)))
    if column.dtype.kind == "f" and variable.type in {"identifier", "text"} and variable.pattern is None:
        notes.append(f"Colonne « {described.name} » : {_ZEROS}")
    final = pd.Series(mended, dtype="str").mask(gone, "")
    codes, kept_texts = pd.factorize(final)
    if not np.array_equal(codes, np.arange(len(codes))) or places.min(initial=0) < 0:
        places = np.append(codes, -1)[places]
    text = pd.Categorical.from_codes(places, categories=pd.Index(kept_texts, dtype="str"), validate=False)
    return pd.Series(text, column.index, copy=False), [*told, *notes]


def _rows_of(places: Places, values: Mask) -> int:
    """Return how many rows have one of these values."""
    return int(np.count_nonzero(np.append(values, False)[places])) if values.any() else 0


def hold_digits(column: pd.Series, variable: Variable, described: Column, suffix: str, shown: str) -> None:
    """Refuse a code that its file stores as a number too long for its digits to be all there.

    Raises
    ------
    DeliveryError
        There is one; the message shows none of its digits.
    """
    if variable.type not in {"identifier", "text", "code"} or not (column.dtype.kind == "f" or column.dtype == object):
        return
    most, keeps = (_TYPED, "un tableur") if suffix in _WORKBOOKS else (_EXACT, "un nombre de ce format")
    numbers = column.to_numpy() if column.dtype.kind == "f" else pd.to_numeric(
        column.where(column.map(lambda value: isinstance(value, float))), errors="coerce"
    ).to_numpy(dtype="float64")  # fmt: skip
    with np.errstate(invalid="ignore"):
        long = np.isfinite(numbers) & (np.abs(numbers) >= most)
    if long.any():
        raise DeliveryError(
            f"La colonne « {described.name} » est en nombres, qui ont perdu les derniers chiffres de ses codes.",
            where=f"{shown}, ligne {column.index[int(np.argmax(long))]}",
            expected="des codes enregistrés en texte",
            got=f"un nombre de plus de 15 chiffres, dont {keeps} ne garde pas les derniers, sur "
            f"{french.count(int(long.sum()), 'ligne', 'lignes')}",
            hint="ces chiffres ne se retrouvent pas : redemandez le fichier, cette colonne en texte, ou en CSV",
        )


def written_as(value: object, variable: Variable | None, written: FileFormat) -> str:
    """Return a stored value as the text of a delivery: « 1 » for 1.0, dates in the variable's form.

    >>> written_as(1.0, None, FileFormat()), written_as(2.5, None, FileFormat()), written_as(True, None, FileFormat())
    ('1', '2,5', 'true')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            whole = value.is_integer() and abs(value) < 2.0**63
            return str(int(value)) if whole else repr(value).replace(".", written.decimal)
        case datetime():
            return _moment(value, variable)
        case date():
            return _moment(datetime.combine(value, time()), variable)
        case timedelta():
            seconds = int(value.total_seconds())
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        case _:
            return str(value)


def _moment(moment: datetime, variable: Variable | None) -> str:
    if variable is not None and variable.type in {"date", "datetime"}:
        return moment.strftime(date_format(variable))
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat(sep=" ")


def _distinct_values(column: pd.Series) -> tuple[Places, list[object]]:
    if is_text(column) and column.dtype != object:
        places, texts = distinct(column)
        return places, list(texts)
    if column.dtype == object:  # True == 1.0 == 1 would be one value
        keyed = pd.Series([_key(value) for value in column], column.index, dtype="object")
        places, keys = pd.factorize(keyed)
        return np.asarray(places, dtype="int64"), [key[1] for key in keys]
    few = _few_numbers(column.to_numpy()) if column.dtype == np.int64 else None
    if few is not None:
        return few
    places, values = pd.factorize(column)
    return np.asarray(places, dtype="int64"), list(values.tolist())


def _few_numbers(numbers: npt.NDArray[np.int64]) -> tuple[Places, list[object]] | None:
    """Return the places and values of whole numbers that lie near each other, as codes do: a table tells them apart."""
    least, most = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    if most - least > _NEAR:
        return None
    shifted = numbers if least == 0 else numbers - least
    known = np.flatnonzero(np.bincount(shifted))
    narrow = shifted.astype("uint8" if most - least < 1 << 8 else "uint16")
    return places_among(narrow, known), list((known + least).tolist())


def _key(value: object) -> tuple[str, object] | None:
    return None if value is None or value is pd.NaT or value != value else (type(value).__name__, value)  # noqa: PLR0124


def _without_user_missing(
    column: pd.Series, variable: Variable, described: Column, written: FileFormat
) -> tuple[pd.Series, list[str]]:
    """Set user-missing numbers and dates aside, but for those that the codebook names."""
    if not (described.missing_values or described.missing_ranges) or column.dtype.kind not in "fiuM":
        return column, []
    places, values = _distinct_values(column)
    names = [written_as(value, None, _POINT) for value in values]
    named = stands_for(pd.Series(values, dtype=column.dtype), variable.missing, variable, written)
    gone = _declared(values, names, described) & ~named.to_numpy(dtype=bool)
    return column.mask(np.append(gone, False)[places]), _notes(described.name, _rows_of(places, gone), 0, 0)


def _are_moments(column: pd.Series) -> bool:
    return column.dtype == object and all(isinstance(value, (datetime, str)) or _key(value) is None for value in column)


def _without_tags(column: pd.Series, variable: Variable, described: Column) -> tuple[pd.Series, list[str]]:
    """Return dates without the tagged missing values beside them."""
    tags = column.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
    unsaid = int(column[tags].isin([tag for tag in described.tagged if tag not in variable.missing]).sum())
    moments = [None if tag or _key(value) is None else value for tag, value in zip(tags, column, strict=True)]
    return pd.Series(np.array(moments, dtype="datetime64[us]"), column.index), _notes(described.name, unsaid, 0, 0)


def _declared(values: list[object], names: list[str], described: Column) -> Mask:
    """Return which values the file calls missing, by themselves or by their names in its description."""
    listed = {*described.tagged, *described.missing_values}
    if not (listed or described.missing_ranges):
        return np.zeros(len(values), dtype=bool)
    return np.array(
        [name in listed or _in_ranges(value, described) for value, name in zip(values, names, strict=True)], dtype=bool
    )


def _in_ranges(value: object, described: Column) -> bool:
    match value:
        case datetime():
            number = (value - datetime(1970, 1, 1)).total_seconds()
        case int() | float():
            number = float(value)
        case _:
            return False
    return any(low <= number <= high for low, high in described.missing_ranges)


def _in_words(value: object, text: str, variable: Variable, said: set[str]) -> str:
    """Return the text of a stored value as the codebook writes it: 9 as its missing code « 09 », 9.5 as « 9.5 »."""
    if text in said or not isinstance(value, (int, float)) or not (variable.missing or "," in text):
        return text
    told = (each for each in said if each in variable.missing or "." in each)
    return next((each for each in told if _NUMBER.fullmatch(each) and float(each.replace(",", ".")) == value), text)


def _with_zeros(text: str, value: object, variable: Variable) -> str:
    """Return a number with the leading zeros that make it a code, a date, or match the pattern; itself if none do."""
    if not (text.isascii() and text.isdigit()):
        return text
    if variable.type in {"date", "datetime"}:
        return _with_first_zero(text, date_format(variable)) if isinstance(value, (int, float)) else text
    widths = range(len(text) + 1, _WIDEST + 1)
    if variable.codes:
        known = variable.code_of()
        return text if text in known else next((code for each in widths if (code := text.zfill(each)) in known), text)
    if variable.pattern is None or variable.type not in {"text", "identifier"}:
        return text
    fits = re.compile(variable.pattern).fullmatch
    return text if fits(text) else next((text.zfill(width) for width in widths if fits(text.zfill(width))), text)


def _with_first_zero(text: str, form: str) -> str:
    """Return a date without signs, stored as a number, with the zero of its first part: 1022024 as « 01022024 »."""
    digits = digits_of(form)
    lost = digits is not None and len(text) == digits - 1 and not form.startswith(("%Y", "%j"))
    return f"0{text}" if lost else text


def _notes(name: str, missing: int, labelled: int, restored: int) -> list[str]:
    told = [
        (missing, "déclarées manquantes par le fichier, et non par le codebook, mises à vide"),
        (labelled, "lues d’après l’étiquette, et non d’après la valeur"),
        (restored, "auxquelles le codebook a rendu leurs zéros de tête"),
    ]
    return [f"Colonne « {name} », cellules {what} : {french.number(count)}." for count, what in told if count]
