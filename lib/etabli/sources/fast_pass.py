"""The fast pass over delimited text, by Arrow: it pads nothing, but forgives quotes out of place and knows no lines.

It is believed only where the file cannot have fooled it. Of a file in memory (`read_rows`), or while it is read
(`read_flow`): each block is then looked at while it is in the core's cache, and the file is never whole in memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.dictionaries import repeated_column
from etabli.sources.metadata import LINE
from etabli.sources.native import kinds_of, repeats, typed_column
from etabli.sources.watched import Unusual, WatchedFile, line_feeds

_READ = 1 << 20
"""Bytes that Arrow reads at once: what a core's cache holds. A row must be shorter."""

_BY_VALUE = {"identifier", "code", "boolean", "integer", "number"}
"""Types whose text is converted by its different values, however many there are."""


def declared_decimal(book: SourceCodebook) -> str | None:
    """Return the decimal sign that a codebook says, or that it says the other sign to be that of thousands."""
    is_said = "decimal" in book.format.model_fields_set or book.format.thousands == "."
    return book.format.decimal if is_said else None


def read_rows(
    text: bytes,
    offset: int,
    line: int,
    variables: Sequence[Variable | None],
    written: FileFormat,
    typed: SourceCodebook | None,
) -> pd.DataFrame | None:
    """Return the rows that Arrow reads, in the types of a codebook or as text; None where a slower pass must read.

    Parameters
    ----------
    text, offset, line
        The file, the place of its first row, and the line on which that begins.
    variables
        What the codebook says of each column.
    written
        The separator, and the decimal sign of the delivery.
    typed
        The codebook, where columns are to come in its types.
    """
    import pyarrow as pa

    separator = written.separator
    quoted = text.find(b'"', offset) >= 0
    if offset >= len(text) or not separator.isascii() or _lone_returns(text, offset):
        return None
    if quoted and _is_suspect(text, offset, separator):
        return None
    if typed is None:
        kinds = [pa.string()] * len(variables)
    else:
        kinds = kinds_of(text, offset, variables, separator, decimal=declared_decimal(typed) is not None)
    table = _table(pa.BufferReader(pa.py_buffer(text)[offset:]), kinds, written, quoted=quoted)
    if table is None:
        return None
    lines = _lines(table, text, offset, line_feeds(text, offset), line, quoted=quoted)
    return None if lines is None else _frame(table, variables, lines, is_typed=typed is not None)


def read_flow(
    file: WatchedFile, kinds: Sequence[Any], line: int, variables: Sequence[Variable | None], written: FileFormat
) -> pd.DataFrame | None:
    """Return the rows of a file that is looked at while Arrow reads them; None where one has not its column's type.

    Parameters
    ----------
    file
        From its first row on.
    kinds
        The Arrow type of each column (`kinds_of`).
    line, variables, written
        As for `read_rows`.

    Raises
    ------
    Unusual
        Something of the file must be judged from the whole of it.
    """
    table = _table(file, kinds, written, quoted=False)
    if table is None:
        return None
    lines = _lines(table, file.tail, 0, file.line_feeds, line, quoted=False)
    if lines is None:
        raise Unusual
    return _frame(table, variables, lines, is_typed=True)


def _table(source: Any, kinds: Sequence[Any], written: FileFormat, *, quoted: bool) -> Any:
    """Return the table that Arrow reads; None where a row or a value is not what it must be."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = [str(place) for place in range(len(kinds))]
    try:
        return arrow.read_csv(
            source,
            read_options=arrow.ReadOptions(column_names=names, block_size=_READ),
            parse_options=arrow.ParseOptions(delimiter=written.separator, newlines_in_values=quoted),
            convert_options=arrow.ConvertOptions(
                column_types=dict(zip(names, kinds, strict=True)), strings_can_be_null=False, null_values=[""],
                decimal_point=written.decimal, check_utf8=False,
            ),
        )  # fmt: skip
    except pa.ArrowException:
        return None


def _frame(table: Any, variables: Sequence[Variable | None], lines: pd.Index, *, is_typed: bool) -> pd.DataFrame | None:
    made = typed_column if is_typed else _column
    with ThreadPoolExecutor() as threads:  # Arrow and numpy let go of the interpreter
        columns = list(threads.map(made, table.columns, variables))
    if any(column is None for column in columns):
        return None
    return pd.DataFrame(dict(enumerate(columns)), copy=False).set_axis(lines)


def _lone_returns(text: bytes, offset: int) -> bool:
    return text.find(b"\r", offset) >= 0 and text.count(b"\r", offset) != text.count(b"\r\n", offset)


def _is_suspect(text: bytes, offset: int, separator: str) -> bool:
    """Return whether a quote stands where the strict pass may refuse it: odd in number, or inside a cell."""
    if text.count(b'"', offset) % 2:
        return True
    mark = re.escape(separator.encode())
    return (
        re.compile(
            rb'[^"\r\n' + mark + rb']"+[^"\r\n' + mark + rb"]|(?:^|[\r\n" + mark + rb'])(?:"")+[^"\r\n' + mark + rb"]"
        ).search(text, offset)
        is not None
    )


def _lines(table: Any, text: bytes, offset: int, breaks: int, line: int, *, quoted: bool) -> pd.Index | None:
    """Return the line on which each row begins; None when the rows do not account for every line.

    Parameters
    ----------
    table
        What Arrow read.
    text, offset
        The file, or its end, and the place of its first row.
    breaks
        Line feeds of all rows.
    line
        On which the first row begins.
    quoted
        Whether a line may break inside a cell.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    breaks += not text.endswith(b"\n")
    end = len(text)
    while text.endswith((b"\n\n", b"\n\r\n"), offset, end):  # blank lines at the end change no row's line
        end -= 2 if text.endswith(b"\r\n", offset, end) else 1
        breaks -= 1
    if breaks == table.num_rows:
        return pd.RangeIndex(line, line + table.num_rows, name=LINE)
    if not quoted:
        return None
    inside = np.zeros(table.num_rows, dtype="int64")
    for column in table.columns:
        if not pa.types.is_primitive(column.type):
            inside += pc.count_substring(column.cast(pa.string()), "\n").to_numpy().astype("int64")
    if int(inside.sum()) + table.num_rows != breaks:
        return None
    starts: npt.NDArray[np.int64] = line + np.arange(table.num_rows) + np.concatenate([[0], np.cumsum(inside)[:-1]])
    return pd.Index(starts, name=LINE, dtype="int64")


def _column(column: Any, variable: Variable | None) -> pd.Series:
    """Return a column of Arrow text, as a dictionary of its values where they are converted once each, or repeat."""
    if (variable is not None and variable.type in _BY_VALUE) or repeats(column):
        return repeated_column(column)
    return pd.Series(pd.array(column, dtype="str"), copy=False)
