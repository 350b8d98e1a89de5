"""A column as its file stores it, put into the words of the codebook: values, not labels; text, not numbers.

Formats with types lose what text keeps: a commune code becomes a number and its first zero goes, a code becomes
a label. Here the codebook gives them back; what was given back is told in a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import FileFormat, Variable
from etabli.sources.conversions import date_format, distinct, is_text
from etabli.sources.metadata import Column

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

_WIDEST = 32
"""Longest code whose leading zeros are given back."""


def shaped(
    column: pd.Series, variable: Variable, described: Column, written: FileFormat
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

    Returns
    -------
    Series, list
        Text or typed (see `Reading`), and French notes.
    """
    if column.dtype.kind in _NATIVE.get(variable.type, "") and variable.pattern is None:
        return _without_user_missing(column, variable, described)
    if is_text(column) and column.dtype != object and not (described.labels or described.missing_values):
        return column, []  # the file's own text has lost nothing
    places, values = _distinct_values(column)
    texts = [written_as(value, variable, written) for value in values]
    missing, unsaid = _user_missing(texts, variable, described)
    mended, labelled, restored = _mended(texts, variable, described.labels if variable.type == "code" else {})
    counts = np.bincount(places[places >= 0], minlength=len(values))
    notes = _notes(described.name, int(counts[unsaid].sum()), int(counts[labelled].sum()), int(counts[restored].sum()))
    if column.dtype.kind == "f" and variable.type in {"identifier", "text"} and variable.pattern is None:
        notes.append(f"Colonne « {described.name} » : {_ZEROS}")
    final = pd.Series(mended, dtype="str").mask(missing, "")
    codes, kept = pd.factorize(final)
    text = pd.Categorical.from_codes(np.append(codes, -1)[places], categories=pd.Index(kept, dtype="str"))
    return pd.Series(text, column.index), notes


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
            got=f"un nombre de plus de 15 chiffres, dont {keeps} ne garde pas les derniers, sur {long.sum()} ligne(s)",
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


def _distinct_values(column: pd.Series) -> tuple[npt.NDArray[np.int64], list[object]]:
    if is_text(column) and column.dtype != object:
        places, texts = distinct(column)
        return places, list(texts)
    if column.dtype == object:  # True == 1.0 == 1 would be one value
        keyed = pd.Series([_key(value) for value in column], column.index, dtype="object")
        places, keys = pd.factorize(keyed)
        return np.asarray(places, dtype="int64"), [key[1] for key in keys]
    places, values = pd.factorize(column)
    return np.asarray(places, dtype="int64"), list(values.tolist())


def _key(value: object) -> tuple[str, object] | None:
    return None if value is None or value is pd.NaT or value != value else (type(value).__name__, value)  # noqa: PLR0124


def _without_user_missing(column: pd.Series, variable: Variable, described: Column) -> tuple[pd.Series, list[str]]:
    """Set user-missing numbers aside, but for those that the codebook names."""
    if not (described.missing_values or described.missing_ranges) or column.dtype.kind not in "fiu":
        return column, []
    places, values = _distinct_values(column)
    texts = [written_as(value, variable, FileFormat(decimal=".")) for value in values]
    missing, unsaid = _user_missing(texts, variable, described)
    gone = np.append(missing, False)[places]
    counts = np.bincount(places[places >= 0], minlength=len(values))
    return column.mask(gone), _notes(described.name, int(counts[unsaid].sum()), 0, 0)


def _user_missing(
    texts: list[str], variable: Variable, described: Column
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which values the file alone calls missing, twice: the codebook's own `missing` and codes stay."""
    said = {*variable.missing, *variable.code_of()}
    tagged = {*described.tagged, *described.missing_values}
    found = [text not in said and (text in tagged or _in_ranges(text, described.missing_ranges)) for text in texts]
    missing = np.array(found, dtype=bool)
    return missing, missing


def _in_ranges(text: str, ranges: tuple[tuple[float, float], ...]) -> bool:
    if not ranges:
        return False
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return False
    return any(low <= number <= high for low, high in ranges)


def _mended(
    texts: list[str], variable: Variable, labels: Mapping[str, str]
) -> tuple[list[str], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return the values in the codebook's words; which came by their label; which were given zeros back."""
    known = variable.code_of()
    by_label = {code.label: code.value or name for name, code in variable.codes.items()}
    mended, labelled, restored = list(texts), np.zeros(len(texts), bool), np.zeros(len(texts), bool)
    for place, text in enumerate(texts):
        if text in known or text in variable.missing:
            continue
        label = labels.get(text, "")
        if label and (label in known or label in by_label):
            mended[place], labelled[place] = (label if label in known else by_label[label]), True
        else:
            mended[place] = _with_zeros(text, variable)
            restored[place] = mended[place] != text
    return mended, labelled, restored


def _with_zeros(text: str, variable: Variable) -> str:
    """Return a number with the leading zeros that make it a code, or match the pattern; itself if none do."""
    if not (text.isascii() and text.isdigit()):
        return text
    widths = range(len(text) + 1, _WIDEST + 1)
    if variable.codes:
        return next((text.zfill(width) for width in widths if text.zfill(width) in variable.code_of()), text)
    if variable.pattern is None or variable.type not in {"text", "identifier"}:
        return text
    fits = re.compile(variable.pattern).fullmatch
    return text if fits(text) else next((text.zfill(width) for width in widths if fits(text.zfill(width))), text)


def _notes(name: str, missing: int, labelled: int, restored: int) -> list[str]:
    told = [
        (missing, "que le fichier déclare manquante(s), et le codebook non, mise(s) à vide"),
        (labelled, "lue(s) d’après l’étiquette, et non d’après la valeur"),
        (restored, "à laquelle (auxquelles) le codebook a rendu ses zéros de tête"),
    ]
    return [f"Colonne « {name} » : {count} cellule(s) {what}." for count, what in told if count]
