"""A tidy frame written as its partner would deliver it: the inverse of `readers.read` and `checks.tidy`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from etabli.errors import DeliveryError, suggestion
from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.conversions import date_format

WRITERS = (".csv",)
"""The suffixes that can be written."""


def write_delivery(frame: pd.DataFrame, book: SourceCodebook, path: Path) -> None:
    """Write a frame in codes as a delivery: the codebook's columns, values, encoding and separator.

    The file appears whole or not at all. Lines end in a line feed; only the cells that need quotes have them.

    Parameters
    ----------
    frame
        The variables of the codebook, in codes; identifiers as plain text.
    book
        The codebook of the source.
    path
        The file to write.

    Raises
    ------
    DeliveryError
        The frame has not the codebook's variables, or holds a value that the delivery cannot write.
    """
    if path.suffix.lower() not in WRITERS:
        raise DeliveryError(
            "Ce format de fichier ne s’écrit pas.", where=path.name, expected=" ou ".join(WRITERS), got=path.suffix
        )
    _hold_variables(frame, book, path.name)
    columns = [_cells(name, frame[name], variable, book.format) for name, variable in book.variables.items()]
    header = [variable.column or name for name, variable in book.variables.items()]
    lines: list[Sequence[str]] = [header, *zip(*columns, strict=True)]
    separator = book.format.separator
    text = "".join(_line(cells, separator) for cells in lines)
    _replace(path, _encoded(text, book.format.encoding, path.name))


def delivered(values: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a column of a tidy frame as the text of its delivery; NA stays NA.

    Raises
    ------
    DeliveryError
        A code that is not in the codebook.
    ValueError, TypeError
        A value that has not the variable's type.
    """
    filled = values.dropna()
    match variable.type:
        case "code":
            text = [_code_value(str(code), variable) for code in filled]
        case "integer":
            text = [str(number) for number in filled.astype("Int64")]
        case "number":
            text = [repr(float(number)).replace(".", written.decimal) for number in filled]
        case "date" | "datetime":
            text = [f"{day:{date_format(variable)}}" for day in pd.to_datetime(filled)]
        case "boolean":
            text = ["oui" if truth else "non" for truth in filled.astype("boolean")]
        case _:
            text = [str(each) for each in filled]
    return pd.Series(text, filled.index, dtype="str").reindex(values.index)


def _code_value(code: str, variable: Variable) -> str:
    if code not in variable.codes:
        raise DeliveryError(
            "Une valeur n’est pas un code du codebook.", got=f"« {code} »", hint=suggestion(code, variable.codes)
        )
    return variable.codes[code].value or code


def _cells(name: str, values: pd.Series, variable: Variable, written: FileFormat) -> list[str]:
    try:
        return delivered(values.reset_index(drop=True), variable, written).fillna("").tolist()
    except DeliveryError as error:
        raise DeliveryError(error.what, where=f"variable « {name} »", got=error.got, hint=error.hint) from None
    except (ValueError, TypeError):
        raise DeliveryError(
            "Une valeur n’a pas le type de sa variable.",
            where=f"variable « {name} »",
            expected=f"le type « {variable.type} »",
            got=f"des données de type {values.dtype}",
        ) from None


def _hold_variables(frame: pd.DataFrame, book: SourceCodebook, name: str) -> None:
    for variable in book.variables:
        if variable not in frame:
            raise DeliveryError(
                f"La variable « {variable} » manque dans les données à écrire.",
                where=name,
                hint=suggestion(variable, frame.columns),
            )
    for column in frame.columns:
        if column not in book.variables:
            raise DeliveryError(
                f"La variable « {column} » n’est pas dans le codebook.",
                where=name,
                hint=suggestion(column, book.variables),
            )


def _quoted(cell: str, separator: str) -> str:
    """Return a cell between quotes if it needs them. The `csv` module leaves a lone carriage return bare."""
    if cell and not any(mark in cell for mark in (separator, '"', "\n", "\r")):
        return cell
    return '"' + cell.replace('"', '""') + '"' if cell else cell


def _line(cells: Sequence[str], separator: str) -> str:
    """Return one line of the file; a line of one empty cell is quoted, for it would be a blank line."""
    return (separator.join(_quoted(cell, separator) for cell in cells) or '""') + "\n"


def _encoded(text: str, encoding: str, name: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise DeliveryError(
            f"Un caractère ne s’écrit pas en {encoding}.",
            where=f"{name}, ligne {text.count(chr(10), 0, error.start) + 1}",
            got=f"« {text[error.start]} »",
            hint="changez ce caractère, ou l’encodage que déclare le codebook",
        ) from None


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file, then take its place."""
    staged = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        staged.write_bytes(content)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
