"""A column of a tidy frame as the cells of its delivery: the inverse of `conversions`.

A missing value takes, in turn, every way in which the codebook lets a partner write it: the empty
cell, then each of the variable's missing codes. All of them are read back as missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError, suggestion
from etabli.sources.codebook import FileFormat, Variable
from etabli.sources.conversions import convert, date_format, stands_for

Places = npt.NDArray[np.int64]


def delivered(values: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a column of a tidy frame as the text of its delivery; NA stays NA.

    Each different value is written once: a column of a million codes costs as much as its codes.

    Raises
    ------
    DeliveryError
        A code that is not in the codebook.
    ValueError, TypeError
        A value that has not the variable's type.
    """
    places, known = distinct(values)
    text = pd.Series([*_written(known, variable, written), None], dtype="str")
    return text.take(places).set_axis(values.index)


def delivered_without_loss(values: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a column as the text of its delivery, which reads back as the very same column.

    Raises
    ------
    DeliveryError
        A value that its text would not give back (seconds that the date's format does not write,
        an infinite number), or that reads as missing; a code that is not in the codebook.
    ValueError, TypeError
        A value that has not the variable's type.
    """
    places, known = distinct(values)
    text = pd.Series(_written(known, variable, written), dtype="str")
    if variable.type in {"text", "identifier"}:
        lost = text.str.contains("\0", regex=False) | (convert(text, variable, written) != text)
    else:
        lost = ~_same(convert(text, variable, written), known, variable)
    lost |= stands_for(text, variable.missing, variable, written) | (text != text.str.strip()) & (
        variable.type != "code"
    )
    if lost.any():
        raise _lossy(variable)
    cells: pd.Series = pd.concat([text, pd.Series([None], dtype="str")])
    return cells.take(places).set_axis(values.index)


def with_missing_codes(text: pd.Series, codes: Iterable[str], *, empty: str = "") -> pd.Series:
    """Return a column of text whose missing values are written: empty, then each code, in turn.

    >>> with_missing_codes(pd.Series(["a", None, None, None], dtype="str"), ("NSP",)).tolist()
    ['a', '', 'NSP', '']
    """
    missing = np.flatnonzero(text.isna().to_numpy())
    if not len(missing):
        return text
    ways = np.array([empty, *codes], dtype=object)
    filled = text.to_numpy(dtype=object, copy=True)
    filled[missing] = ways[np.arange(len(missing)) % len(ways)]
    return pd.Series(filled, text.index, dtype="str")


def distinct(values: pd.Series) -> tuple[Places, pd.Series]:
    """Return the place of each value among the different ones (−1 for a missing one), and these.

    A negative zero is not a zero: numbers are told apart by their bits.
    """
    if values.dtype == np.float64:
        numbers = values.to_numpy()
        places, bits = pd.factorize(numbers.view(np.int64))
        known = pd.Series(bits.view(np.float64))
        present = known.notna().to_numpy()
        rank = np.where(present, np.cumsum(present) - 1, -1)
        return rank[places] if len(places) else places, known[present].reset_index(drop=True)
    places, found = pd.factorize(values)
    return places, pd.Series(found)


def _written(known: pd.Series, variable: Variable, written: FileFormat) -> list[str]:
    match variable.type:
        case "code":
            return [code_value(str(code), variable) for code in known]
        case "integer":
            return [_thousands(str(number), written) for number in known.astype("Int64")]
        case "number":
            return [repr(float(number)).replace(".", written.decimal) for number in known]
        case "date" | "datetime":
            return pd.to_datetime(known).dt.strftime(date_format(variable)).tolist()
        case "boolean":
            return ["oui" if truth else "non" for truth in known.astype("boolean")]
        case _:
            return [str(each) for each in known]


def _thousands(number: str, written: FileFormat) -> str:
    """Return a whole number with the delivery's space between its thousands, if it has one."""
    return f"{int(number):,}".replace(",", written.thousands) if written.thousands else number


def code_value(code: str, variable: Variable) -> str:
    """Return how the delivery writes a code.

    Raises
    ------
    DeliveryError
        It is not in the codebook.
    """
    if code not in variable.codes:
        raise DeliveryError(
            "Une valeur n’est pas un code du codebook.", got=f"« {code} »", hint=suggestion(code, variable.codes)
        )
    return variable.codes[code].value or code


def _same(back: pd.Series, known: pd.Series, variable: Variable) -> pd.Series:
    """Return which values came back to the bit."""
    match variable.type:
        case "number":
            bits: Any = known.astype("float64").to_numpy().view(np.int64)
            return pd.Series(back.to_numpy().view(np.int64) == bits)
        case "date" | "datetime":
            return (back == pd.to_datetime(known).astype("datetime64[us]")).reset_index(drop=True)
        case "integer":
            return (back == known.astype("Int64")).fillna(False).astype(bool)
        case "code":
            return back.astype("object") == known.astype("object")
        case _:
            return (back == known.astype("boolean")).fillna(False).astype(bool)


def _lossy(variable: Variable) -> DeliveryError:
    hints = {
        "date": "une date se livre sans heure, et « format » doit écrire le jour, le mois et l’année",
        "datetime": "le « format » de la variable doit écrire tout ce que porte la donnée, les secondes aussi",
        "number": "un nombre livré est fini, et n’est pas l’un des « missing » de la variable",
        "identifier": "vérifiez les espaces de bord, et les « missing » ; les accents y sont composés (NFC)",
    }
    return DeliveryError(
        "Une valeur ne se relirait pas telle quelle.",
        expected="une valeur dont le texte redonne la valeur, et qui ne se lise pas comme une donnée manquante",
        hint=hints.get(variable.type, "vérifiez les espaces de bord, et les « missing » de la variable"),
    )
