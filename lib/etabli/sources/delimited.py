"""Delimited text (CSV): a fast pass by Arrow, and a strict one by which a damaged row is named.

The fast pass pads nothing, but it forgives quotes out of place and knows no line numbers. It is believed only where
the file cannot have fooled it; else the standard library's strict pass checks every row, or names the bad one.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.conversions import is_text
from etabli.sources.damage import hold_page, hold_separator, hold_widths, quote_error
from etabli.sources.dictionaries import repeated_column
from etabli.sources.encoding import as_utf8, guessed
from etabli.sources.metadata import LINE, Column, Guess, Metadata, blank_rows
from etabli.sources.native import kinds_of, repeats, typed_column, variables_of
from etabli.sources.sniffing import decimal_of, separator_of, signs_of, title_rows_of, type_of

__all__ = ["LINE", "read_delimited"]

_END_OF_FILE = b"\x1a"
"""What DOS put at the end of a text, and old extractions still do."""

_UNSEEN = "\ufeff\u200b\u200e\u00ad"
"""Signs without width around a name: a second byte order mark, what a web page leaves when it is copied."""

_HEAD = 1 << 16
"""Bytes in which the separator is guessed and the header stands."""

_READ = 1 << 22
"""Bytes that Arrow reads at once: what a core's cache holds. A row must be shorter."""

_BLOCK = 1 << 17
"""Bytes that are compared at once: what stays beside its mask in a core's cache."""

_BY_VALUE = {"identifier", "code", "boolean", "integer", "number"}
"""Types whose text is converted by its different values, however many there are."""


def read_delimited(
    path: Path, book: SourceCodebook | None, shown: str, *, typed: bool = False
) -> tuple[pd.DataFrame, Metadata]:
    """Read a delimited file as text, under the delivery's own column names.

    What the codebook declares of its writing is held to, the rest is guessed from the file. Blank lines are passed
    over; a line break inside quotes belongs to its cell.

    Parameters
    ----------
    path, book, shown
        The file, the codebook of its source, how messages name the file.
    typed
        Give numbers and dates in their types where all of a column are plainly that (`plain`), under a codebook.

    Returns
    -------
    DataFrame, Metadata
        Columns of text (an empty cell is ""), indexed by `LINE`. Names may be repeated.

    Raises
    ------
    DeliveryError
        Wrong encoding or separator, a row with too few or too many fields, a stray quote.
    """
    known = [variable.column or name for name, variable in book.variables.items()] if book else []
    raw = path.read_bytes()
    written, guesses = _written(raw, book)
    text = as_utf8(raw, written.encoding, shown=shown).removesuffix(_END_OF_FILE)
    del raw
    hold_page(_head(text), shown)
    if not book or "separator" not in book.format.model_fields_set:
        separator = "\t" if path.suffix.lower() == ".tsv" else separator_of(_head(text), known)
        written = written.model_copy(update={"separator": separator})
    guesses = (*guesses, _guess("separator", written.separator, book))
    written, first = _titled(_head(text), written, book, known)
    if written.title_rows:
        guesses = (*guesses, _guess("title_rows", str(written.title_rows), book))
    hold_separator(first, written.separator, known, shown, written.title_rows + 1)
    header, frame, blank = _table(text, written, book, shown, typed=typed)
    header, frame, notes = _without_empty(header, frame, text, written.separator)
    notes = (*blank_rows(blank), *notes)
    decimal = _decimal(frame) if book is None else _told_decimal(header, frame, book, shown)
    if decimal is not None:
        written = written.model_copy(update={"decimal": decimal})
        guesses = (*guesses, _guess("decimal", decimal, book))
    described = [_described(name, frame.iloc[:, place], written, book) for place, name in enumerate(header)]
    metadata = Metadata(
        path.suffix.lower(), len(frame), tuple(described), encoding=written.encoding, separator=written.separator,
        decimal=written.decimal, thousands=written.thousands, title_rows=written.title_rows,
        header_rows=written.header_rows, guesses=guesses, notes=notes,
    )  # fmt: skip
    return frame.set_axis(header, axis="columns"), metadata


def _written(raw: bytes, book: SourceCodebook | None) -> tuple[FileFormat, tuple[Guess, ...]]:
    """Return how the file is written, as far as its codebook says, and its encoding, declared or guessed."""
    if book and "encoding" in book.format.model_fields_set:
        return book.format, (_guess("encoding", book.format.encoding, book),)
    written = (book.format if book else FileFormat()).model_copy(update={"encoding": guessed(raw)})
    return written, (_guess("encoding", written.encoding, book),)


def _guess(subject: str, value: str, book: SourceCodebook | None) -> Guess:
    return Guess(subject, value, declared=book is not None and subject in book.format.model_fields_set)


def _head(text: bytes) -> str:
    return text[:_HEAD].decode("utf-8", "ignore")


def _titled(
    head: str, written: FileFormat, book: SourceCodebook | None, known: Sequence[str]
) -> tuple[FileFormat, list[str]]:
    """Return the format with the rows above the header, declared or guessed, and the first row under them."""
    try:  # leniently: with a wrong separator, quotes are out of place
        rows = list(csv.reader(StringIO(head, newline=""), delimiter=written.separator))
    except csv.Error:
        return written, []  # the strict pass names the line
    if book is None or "title_rows" not in book.format.model_fields_set:
        titles = max(0, title_rows_of(rows, known) + 1 - written.header_rows)
        written = written.model_copy(update={"title_rows": titles})
    return written, next((row for row in rows[written.title_rows :] if row), [])


def _without_empty(
    header: list[str], frame: pd.DataFrame, text: bytes, separator: str
) -> tuple[list[str], pd.DataFrame, tuple[str, ...]]:
    """Leave out what a spreadsheet leaves behind: last columns without name or value, last rows of bare separators."""
    left = min(_bare_rows(text, separator.encode() * (len(header) - 1)), len(frame)) if len(header) > 1 else 0
    notes = (f"{left} dernière(s) ligne(s) sans aucune valeur, passée(s).",) if left else ()
    frame = frame.iloc[: len(frame) - left] if left else frame
    width = len(header)
    while width and not header[width - 1] and (frame.iloc[:, width - 1].astype("str") == "").all():
        width -= 1
    return header[:width], frame if width == len(header) else frame.iloc[:, :width], notes


def _bare_rows(text: bytes, bare: bytes) -> int:
    """Return how many rows at the end are separators alone; a row whose first cell is quoted was meant."""
    count, end = 0, len(text)
    while True:
        while end and text[end - 1] in b"\r\n":
            end -= 1
        start = end - len(bare)
        if start < 1 or text[start - 1] not in b"\r\n" or not text.startswith(bare, start):
            return count
        count, end = count + 1, start


def _decimal(frame: pd.DataFrame) -> str:
    """Return the decimal sign that most columns' first values show, the comma when none does."""
    signs = [decimal_of([str(each) for each in frame.iloc[:200, place]]) for place in range(frame.shape[1])]
    return "." if signs.count(".") > signs.count(",") else ","


def _declared_decimal(book: SourceCodebook) -> str | None:
    """Return the decimal sign that a codebook says, or that it says the other sign to be that of thousands."""
    is_said = "decimal" in book.format.model_fields_set or book.format.thousands == "."
    return book.format.decimal if is_said else None


def _told_decimal(header: list[str], frame: pd.DataFrame, book: SourceCodebook, shown: str) -> str | None:
    """Return the decimal sign that the codebook declares, else that of its numbers; None where none has decimals.

    Raises
    ------
    DeliveryError
        All that the numbers show is « 1,234 », which may be a thousand and more, or one and a little.
    """
    declared = _declared_decimal(book)
    if declared is not None:
        return declared
    votes: Counter[str] = Counter()
    doubtful: list[str] = []
    for place, variable in enumerate(variables_of(header, book)):
        if variable is not None and variable.type == "number" and is_text(frame.iloc[:, place]):
            said = {*variable.missing, *variable.recode}
            told, doubts = signs_of(value for value in _signed(frame.iloc[:, place]) if value.strip() not in said)
            votes += told
            doubtful += [header[place]] * len(doubts)
    if votes:
        return max(votes, key=lambda sign: (votes[sign], sign == ","))
    if doubtful:
        raise DeliveryError(
            f"La colonne « {doubtful[0]} » a des nombres comme « 9,999 » ou « 9.999 » : milliers, ou décimales ?",
            where=shown,
            expected="des nombres dont un au moins montre ses décimales, ou « decimal » dans le codebook",
            got=f"{len(doubtful)} valeur(s) différente(s) à un seul signe, suivi de trois chiffres",
            hint="déclarez « decimal » sous « format » dans le codebook, et « thousands » si ce sont des milliers",
        )
    return None


def _signed(column: pd.Series) -> list[str]:
    """Return the different values of a column of text that hold a comma or a point."""
    values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else pd.Index(column.unique())
    kept: list[str] = values[values.str.contains("[,.]", na=False)].tolist()
    return kept


def _described(name: str, column: pd.Series, written: FileFormat, book: SourceCodebook | None) -> Column:
    if book is not None:
        return Column(name)
    kind, form = type_of(column, written.decimal)
    return Column(name, guess=kind, date_format=form)


def _table(
    text: bytes, written: FileFormat, book: SourceCodebook | None, shown: str, *, typed: bool
) -> tuple[list[str], pd.DataFrame, int]:
    """Return the header, the rows of text under it, by place, and how many blank lines stood between them."""
    names, line, offset = _names(text, written, shown)
    if not names:
        return [], pd.DataFrame(), 0
    variables = variables_of(names, book)
    fast = _fast(text, offset, line, variables, written, book) if typed else None
    if fast is None:
        fast = _fast(text, offset, line, variables, written, None)
    if fast is None:
        return names, *_strict_frame(text, offset, line, len(names), written.separator, shown)
    return names, fast, 0


def _names(text: bytes, written: FileFormat, shown: str) -> tuple[list[str], int, int]:
    """Return the names of the header's last row, the line after it, and the place of its first byte."""
    reader = csv.reader(_lines_of(text), delimiter=written.separator, strict=True)
    rows: list[list[str]] = []
    line = 1
    try:
        while len(rows) < written.title_rows + written.header_rows:
            row = next(reader)
            line = reader.line_num + 1
            if row or len(rows) < written.title_rows:
                rows.append(row)
    except csv.Error as error:
        raise quote_error(str(error), line, shown) from None
    except StopIteration:
        rows = rows if len(rows) > written.title_rows else []
    names = [cell.strip().strip(_UNSEEN).strip() for cell in rows[-1]] if rows else []
    return names, line, _offset(text, line)


def _lines_of(text: bytes) -> TextIOWrapper:
    return TextIOWrapper(BytesIO(text), encoding="utf-8", newline="")


def _offset(text: bytes, line: int) -> int:
    """Return the place of the first byte of a line (from 1)."""
    place = 0
    for _ in range(line - 1):
        found = re.compile(rb"\r\n|\r|\n").search(text, place)
        if found is None:
            return len(text)
        place = found.end()
    return place


def _fast(
    text: bytes,
    offset: int,
    line: int,
    variables: Sequence[Variable | None],
    written: FileFormat,
    typed: SourceCodebook | None,
) -> pd.DataFrame | None:
    """Return the rows that Arrow reads, in the types of a codebook or as text; None where a slower pass must read."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    separator = written.separator
    quoted = text.find(b'"', offset) >= 0
    if offset >= len(text) or not separator.isascii() or _lone_returns(text, offset):
        return None
    if quoted and _is_suspect(text, offset, separator):
        return None
    names = [str(place) for place in range(len(variables))]
    kinds = (
        kinds_of(text, offset, variables, separator, decimal=_declared_decimal(typed) is not None)
        if typed
        else [pa.string()] * len(names)
    )
    try:
        table = arrow.read_csv(
            pa.BufferReader(pa.py_buffer(text)[offset:]),
            read_options=arrow.ReadOptions(column_names=names, block_size=_READ),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=quoted),
            convert_options=arrow.ConvertOptions(
                column_types=dict(zip(names, kinds, strict=True)), strings_can_be_null=False, null_values=[""],
                decimal_point=written.decimal, check_utf8=False,
            ),
        )  # fmt: skip
    except pa.ArrowException:
        return None
    lines = _lines(table, text, offset, line, quoted=quoted)
    if lines is None:
        return None
    made = typed_column if typed else _column
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


def _lines(table: Any, text: bytes, offset: int, line: int, *, quoted: bool) -> pd.Index | None:
    """Return the line on which each row begins; None when the rows do not account for every line."""
    import pyarrow as pa
    import pyarrow.compute as pc

    breaks = _breaks(text, offset) + (not text.endswith(b"\n"))
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


def _breaks(text: bytes, offset: int) -> int:
    """Return how many line feeds there are from a place on: in blocks, four times as fast as `bytes.count`."""
    letters = np.frombuffer(text, dtype="uint8", offset=offset)
    blocks = range(0, len(letters), _BLOCK)
    return sum(int(np.count_nonzero(letters[start : start + _BLOCK] == ord("\n"))) for start in blocks)


def _column(column: Any, variable: Variable | None) -> pd.Series:
    """Return a column of Arrow text, as a dictionary of its values where they are converted once each, or repeat."""
    if (variable is not None and variable.type in _BY_VALUE) or repeats(column):
        return repeated_column(column)
    return pd.Series(pd.array(column, dtype="str"), copy=False)


def _strict_frame(
    text: bytes, offset: int, line: int, width: int, separator: str, shown: str
) -> tuple[pd.DataFrame, int]:
    lines: list[int] = []
    rows: list[list[str]] = []
    blank = passed = 0
    for at, row in _strict(text, offset, line, separator, shown):
        if not row:
            passed += 1
            continue
        blank, passed = blank + passed, 0
        lines.append(at)
        rows.append(row)
    hold_widths(lines, rows, width, shown)
    columns = list(zip(*rows, strict=True)) or [()] * width
    index = pd.Index(lines, name=LINE, dtype="int64")
    frame = pd.DataFrame({place: pd.Series(cells, index, dtype="str") for place, cells in enumerate(columns)}, index)
    return frame, blank


def _strict(text: bytes, offset: int, line: int, separator: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, none in a blank line, and the line on which each begins."""
    reader = csv.reader(_lines_of(text[offset:]), delimiter=separator, strict=True)
    before = line - 1
    try:
        for row in reader:
            yield line, row
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise quote_error(str(error), line, shown) from None
