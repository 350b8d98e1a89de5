"""Delimited text (CSV): a fast pass by Arrow (`fast_pass`), and a strict one by which a damaged row is named.

Where the file could have fooled the fast pass, the standard library's strict pass checks every row, or names the bad
one.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pandas as pd

from etabli import french
from etabli.errors import DeliveryError
from etabli.sources.codebook import FileFormat, SourceCodebook
from etabli.sources.conversions import is_text
from etabli.sources.damage import hold_page, hold_separator, hold_widths, quote_error
from etabli.sources.encoding import as_utf8, guessed
from etabli.sources.fast_pass import declared_decimal, read_flow, read_rows
from etabli.sources.metadata import LINE, Column, Guess, Metadata, blank_rows
from etabli.sources.native import kinds_of, variables_of
from etabli.sources.sniffing import decimal_of, separator_of, signs_of, title_rows_of, type_of
from etabli.sources.watched import Unusual, WatchedFile

__all__ = ["LINE", "read_delimited"]

_END_OF_FILE = b"\x1a"
"""What DOS put at the end of a text, and old extractions still do."""

_UNSEEN = "\ufeff\u200b\u200e\u00ad"
"""Signs without width around a name: a second byte order mark, what a web page leaves when it is copied."""

_HEAD = 1 << 16
"""Bytes in which the separator is guessed and the header stands."""

_SAMPLE = (1 << 20) + _HEAD
"""Bytes that are read first, where a file is not read whole: the header, and what tells the kinds of columns."""


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
    if typed and book:
        try:
            found = _flowing(path, book, shown)
        except (Unusual, DeliveryError, OSError):  # what is read whole next, and told
            found = None
        else:
            typed = False  # where it found values that have not their type: text alone tells them
        if found is not None:
            return found
    raw = path.read_bytes()
    written, guesses = _written(raw, book)
    text = as_utf8(raw, written.encoding, shown=shown).removesuffix(_END_OF_FILE)
    del raw
    written, guesses = _laid_out(text, path, written, guesses, book, shown)
    header, frame, blank = _table(text, written, book, shown, typed=typed)
    header, frame, notes = _without_empty(header, frame, text, written.separator)
    return _told(path, header, frame, (*blank_rows(blank), *notes), written, guesses, book, shown)


def _flowing(path: Path, book: SourceCodebook, shown: str) -> tuple[pd.DataFrame, Metadata] | None:
    """Return an ordinary file, typed, that is never whole in memory; None where a value has not its column's type.

    Raises
    ------
    Unusual, DeliveryError, OSError
        The whole file must be looked at, to read it or to say what is wrong.
    """
    encoding = book.format.encoding if "encoding" in book.format.model_fields_set else "utf-8"
    with path.open("rb", buffering=0) as file:
        text = file.read(_SAMPLE)
        if encoding != "utf-16":
            text = text.removeprefix(codecs.BOM_UTF8)
        _hold_utf8(text)
        written = book.format.model_copy(update={"encoding": encoding})
        written, guesses = _laid_out(text, path, written, (_guess("encoding", encoding, book),), book, shown)
        header, line, offset = _names(text[: text.rfind(b"\n") + 1], written, shown)  # no letter is cut there
        if not header or offset >= len(text) or not written.separator.isascii():
            raise Unusual
        variables = variables_of(header, book)
        decimal = declared_decimal(book) is not None
        kinds = kinds_of(text, offset, variables, written.separator, decimal=decimal)
        watched = WatchedFile(file, text, offset, ascii_only=encoding != "utf-8")
        frame = read_flow(watched, kinds, line, variables, written)
    if frame is None:
        return None
    if watched.tail.endswith(_END_OF_FILE) or _bare_rows(watched.tail, written.separator.encode() * (len(header) - 1)):
        raise Unusual
    header, frame = _without_empty_columns(header, frame)
    return _told(path, header, frame, (), written, guesses, book, shown)


def _hold_utf8(text: bytes) -> None:
    """Hold the start of a file to UTF-8, but for a letter that is cut at its end: its header is decoded next."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text)
    except UnicodeDecodeError:
        raise Unusual from None


def _laid_out(
    text: bytes,
    path: Path,
    written: FileFormat,
    guesses: tuple[Guess, ...],
    book: SourceCodebook | None,
    shown: str,
) -> tuple[FileFormat, tuple[Guess, ...]]:
    """Return the format with its separator and the rows above its header, declared or guessed, from the file's head."""
    known = [variable.column or name for name, variable in book.variables.items()] if book else []
    hold_page(_head(text), shown)
    if not book or "separator" not in book.format.model_fields_set:
        separator = "\t" if path.suffix.lower() == ".tsv" else separator_of(_head(text), known)
        written = written.model_copy(update={"separator": separator})
    guesses = (*guesses, _guess("separator", written.separator, book))
    written, first = _titled(_head(text), written, book, known)
    if written.title_rows:
        guesses = (*guesses, _guess("title_rows", str(written.title_rows), book))
    hold_separator(first, written.separator, known, shown, written.title_rows + 1)
    return written, guesses


def _told(
    path: Path,
    header: list[str],
    frame: pd.DataFrame,
    notes: tuple[str, ...],
    written: FileFormat,
    guesses: tuple[Guess, ...],
    book: SourceCodebook | None,
    shown: str,
) -> tuple[pd.DataFrame, Metadata]:
    """Return the frame under its names, and what is known of the file once the decimal sign is."""
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
    notes = (
        (f"{french.count(left, 'dernière ligne', 'dernières lignes')} sans aucune valeur, non lues.",) if left else ()
    )
    frame = frame.iloc[: len(frame) - left] if left else frame
    return *_without_empty_columns(header, frame), notes


def _without_empty_columns(header: list[str], frame: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    width = len(header)
    while width and not header[width - 1] and (frame.iloc[:, width - 1].astype("str") == "").all():
        width -= 1
    return header[:width], frame if width == len(header) else frame.iloc[:, :width]


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


def _told_decimal(header: list[str], frame: pd.DataFrame, book: SourceCodebook, shown: str) -> str | None:
    """Return the decimal sign that the codebook declares, else that of its numbers; None where none has decimals.

    Raises
    ------
    DeliveryError
        All that the numbers show is « 1,234 », which may be a thousand and more, or one and a little.
    """
    declared = declared_decimal(book)
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
            got=f"{french.count(len(doubtful), 'valeur', 'valeurs')} à un seul signe, suivi de trois chiffres",
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
    fast = read_rows(text, offset, line, variables, written, book) if typed else None
    if fast is None:
        fast = read_rows(text, offset, line, variables, written, None)
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
