"""Columns of delimited text that Arrow converts while it reads them: some three times as fast as by way of text.

A column is converted so where what Arrow takes and what `conversions` takes are the same (blanks around a number,
leading zeros, « 1,5e3 »). Where they may differ, or a value is not what its variable says, there is no typed column:
the text pass reads, and its messages quote the cell as it was delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.conversions import date_format
from etabli.sources.dates import fixed_dates
from etabli.sources.dictionaries import NARROW, dictionary_column, narrow_column, whole_numbers, width_of

SAMPLE = 10_000
"""Rows that tell whether a column's values repeat."""

_HEAD = 1 << 20
"""Bytes of the file that tell it before it is read: some ten thousand rows."""

_REPEATED = 0.2
"""Share of different values in the sample under which a column is kept as a dictionary of its values."""

_UNIFORM = 16
"""Bytes of a text up to which those of one width are cheaper as they are than as a dictionary, even repeated."""

_CODES = {"code", "boolean"}
_NUMBERS = {"integer", "number"}
_DATES = {"date", "datetime"}


def variables_of(names: Sequence[str], book: SourceCodebook | None) -> list[Variable | None]:
    """Return what the codebook says of each column of a file."""
    known = {variable.column or name: variable for name, variable in book.variables.items()} if book else {}
    return [known.get(name) for name in names]


def kinds_of(
    text: bytes, offset: int, variables: Sequence[Variable | None], separator: str, *, decimal: bool
) -> list[Any]:
    """Return the Arrow type in which each column is read: a number's own, a dictionary where values repeat, text.

    Parameters
    ----------
    text, offset
        The file, and the place of its first row.
    variables
        What the codebook says of each column.
    separator
        Between two cells.
    decimal
        Whether the decimal sign is known: else numbers stay text, from which it is told.
    """
    import pyarrow as pa

    hexadecimal = any(text.find(mark, offset) >= 0 for mark in (b"x", b"X")) and any(
        text.find(mark, offset) >= 0 for mark in (b"0x", b"0X")
    )  # Arrow reads « 0x1F » as a whole number
    heads = _heads(text, offset, len(variables), separator)

    def kind(place: int, variable: Variable | None) -> Any:
        if variable is not None and variable.type in _NUMBERS and _is_plain(variable):
            if variable.type == "number" and decimal:
                return pa.float64()
            if variable.type == "integer" and not hexadecimal:
                return pa.int64()
        by_value = variable is not None and variable.type in {*_CODES, *_NUMBERS}
        is_dictionary = by_value or repeats(heads[place])
        if variable is None or variable.type in {*_CODES, "text"}:
            widest = NARROW if by_value else _UNIFORM
            is_dictionary = is_dictionary and not 0 < width_of(heads[place]) <= widest
        return pa.dictionary(pa.int32(), pa.string()) if is_dictionary else pa.string()

    return [kind(place, variable) for place, variable in enumerate(variables)]


def _is_plain(variable: Variable) -> bool:
    """Whether nothing is to be done with a value but to convert it."""
    return not variable.missing and not variable.recode and variable.pattern is None


def _heads(text: bytes, offset: int, width: int, separator: str) -> list[Any]:
    """Return the columns of the first rows of the file, as text; empty ones where the head cannot be read alone."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    end = min(len(text), offset + _HEAD)
    end = end if end == len(text) else text.rfind(b"\n", offset, end) + 1
    names = [str(place) for place in range(width)]
    try:
        head = arrow.read_csv(
            pa.BufferReader(pa.py_buffer(text)[offset:end]),
            read_options=arrow.ReadOptions(column_names=names, use_threads=False),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowException:  # a row broken by the cut, or damaged: the whole is read next, and tells
        return [pa.chunked_array([], pa.string())] * width
    return [column.slice(0, SAMPLE) for column in head.columns]


def repeats(column: Any) -> bool:
    """Whether a column of Arrow text holds few different values, as far as its first rows tell."""
    sample = column.slice(0, SAMPLE)
    return 0 < len(sample.unique()) <= _REPEATED * len(sample)


def typed_column(column: Any, variable: Variable | None) -> pd.Series | None:
    """Return a column as Arrow read it, for pandas; None where the text pass must say what it holds.

    Numbers are `Int64` and `float64`, dates of a fixed form `datetime64[us]`, all else text.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return dictionary_column(column)
    if pa.types.is_int64(column.type):
        return whole_numbers(column)
    if pa.types.is_float64(column.type):
        numbers = column.to_numpy()
        if np.count_nonzero(np.isfinite(numbers)) + column.null_count < len(numbers):  # « nan », « inf », 1e400
            return None
        return pd.Series(numbers, copy=False)
    if variable is None or variable.type in {*_CODES, "text"}:
        width = width_of(column)
        if variable is not None and variable.type in _CODES and 0 < width <= NARROW:
            return narrow_column(column, width)
        if not width and repeats(column):  # not as its head was
            return dictionary_column(column.dictionary_encode())
    text = pd.Series(pd.array(column, dtype="str"), copy=False)
    if variable is not None and variable.type in _DATES and _is_plain(variable):
        days = fixed_dates(text, date_format(variable))
        return text if days is None else days
    return text
