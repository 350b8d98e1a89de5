"""Delimited text (CSV): a fast pass by Arrow, and a strict one by which a damaged row is named.

The fast pass pads nothing, but it forgives quotes out of place and knows no line numbers. It is believed only where
the file cannot have fooled it; else the standard library's strict pass checks every row, or names the bad one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import FileFormat, SourceCodebook
from etabli.sources.encoding import as_utf8, guessed
from etabli.sources.metadata import LINE, Column, Guess, Metadata
from etabli.sources.sniffing import decimal_of, separator_of, type_of

__all__ = ["LINE", "read_delimited"]

_USUAL = {";": "le point-virgule", ",": "la virgule", "\t": "la tabulation", "|": "la barre verticale"}

_HEAD = 1 << 16
"""Bytes in which the separator is guessed and the header stands."""

_SAMPLE = 50_000
"""Rows that tell whether a column's values repeat."""

_REPEATED = 0.2
"""Share of different values in the sample under which a column is kept as a dictionary of its values."""


def read_delimited(path: Path, book: SourceCodebook | None, shown: str) -> tuple[pd.DataFrame, Metadata]:
    """Read a delimited file as text, under the delivery's own column names.

    What the codebook declares of its writing is held to, the rest is guessed from the file. Blank lines are passed
    over; a line break inside quotes belongs to its cell.

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
    text = as_utf8(raw, written.encoding, shown=shown)
    del raw
    if not book or "separator" not in book.format.model_fields_set:
        separator = "\t" if path.suffix.lower() == ".tsv" else separator_of(_head(text), known)
        written = written.model_copy(update={"separator": separator})
    guesses = (*guesses, _guess("separator", written.separator, book))
    _hold_separator(_header(_head(text), written.separator), written.separator, known, shown)
    header, frame = _table(text, written, shown)
    if book is None:
        written = written.model_copy(update={"decimal": _decimal(frame)})
    guesses = (*guesses, _guess("decimal", written.decimal, book))
    described = [_described(name, frame.iloc[:, place], written, book) for place, name in enumerate(header)]
    metadata = Metadata(
        path.suffix.lower(), len(frame), tuple(described), encoding=written.encoding, separator=written.separator,
        decimal=written.decimal, thousands=written.thousands, title_rows=written.title_rows,
        header_rows=written.header_rows, guesses=guesses,
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


def _decimal(frame: pd.DataFrame) -> str:
    """Return the decimal sign that most columns' first values show, the comma when none does."""
    signs = [decimal_of([str(each) for each in frame.iloc[:200, place]]) for place in range(frame.shape[1])]
    return "." if signs.count(".") > signs.count(",") else ","


def _described(name: str, column: pd.Series, written: FileFormat, book: SourceCodebook | None) -> Column:
    if book is not None:
        return Column(name)
    kind, form = type_of(column, written.decimal)
    return Column(name, guess=kind, date_format=form)


def _table(text: bytes, written: FileFormat, shown: str) -> tuple[list[str], pd.DataFrame]:
    """Return the header and the rows of text under it, by place."""
    names, line, offset = _names(text, written, shown)
    if not names:
        return [], pd.DataFrame()
    fast = _fast(text, offset, line, len(names), written.separator)
    if fast is None:
        return names, _strict_frame(text, offset, line, len(names), written.separator, shown)
    return names, fast


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
        raise _quote_error(str(error), line, shown) from None
    except StopIteration:
        rows = rows if len(rows) > written.title_rows else []
    names = [cell.strip() for cell in rows[-1]] if rows else []
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


def _fast(text: bytes, offset: int, line: int, width: int, separator: str) -> pd.DataFrame | None:
    """Return the rows that Arrow reads, or None where only the strict pass can be believed."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    quoted = text.find(b'"', offset) >= 0
    if offset >= len(text) or not separator.isascii() or _lone_returns(text, offset):
        return None
    if quoted and _is_suspect(text, offset, separator):
        return None
    names = [str(place) for place in range(width)]
    try:
        table = arrow.read_csv(
            pa.BufferReader(pa.py_buffer(text)[offset:]),
            read_options=arrow.ReadOptions(column_names=names, block_size=1 << 22),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=quoted),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowException:
        return None
    lines = _lines(table, text, offset, line, quoted=quoted)
    if lines is None:
        return None
    columns = {}
    for place, name in enumerate(names):
        columns[place] = _column(table.column(name))
    return pd.DataFrame(columns, copy=False).set_axis(lines)


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
    import pyarrow.compute as pc

    breaks = text.count(b"\n", offset) + (not text.endswith(b"\n"))
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
        inside += pc.count_substring(column, "\n").to_numpy().astype("int64")
    if int(inside.sum()) + table.num_rows != breaks:
        return None
    starts: npt.NDArray[np.int64] = line + np.arange(table.num_rows) + np.concatenate([[0], np.cumsum(inside)[:-1]])
    return pd.Index(starts, name=LINE, dtype="int64")


def _column(column: Any) -> pd.Series:
    """Return a column of Arrow text, as a dictionary of its values where they repeat."""
    sample = column.slice(0, _SAMPLE)
    if len(sample.unique()) <= _REPEATED * len(sample):
        import pyarrow as pa

        coded = column.dictionary_encode().unify_dictionaries().combine_chunks()
        if isinstance(coded, pa.ChunkedArray):
            coded = pa.concat_arrays(coded.chunks) if coded.num_chunks else pa.array([], coded.type)
        values = pd.Index(coded.dictionary.to_pylist(), dtype="str")
        return pd.Series(pd.Categorical.from_codes(coded.indices.to_numpy(), categories=values), copy=False)
    return pd.Series(pd.array(column, dtype="str"), copy=False)


def _strict_frame(text: bytes, offset: int, line: int, width: int, separator: str, shown: str) -> pd.DataFrame:
    lines: list[int] = []
    rows: list[list[str]] = []
    for at, row in _strict(text, offset, line, separator, shown):
        lines.append(at)
        rows.append(row)
    _hold_widths(lines, rows, width, shown)
    columns = list(zip(*rows, strict=True)) or [()] * width
    index = pd.Index(lines, name=LINE, dtype="int64")
    return pd.DataFrame({place: pd.Series(cells, index, dtype="str") for place, cells in enumerate(columns)}, index)


def _strict(text: bytes, offset: int, line: int, separator: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, and the line on which each begins."""
    reader = csv.reader(_lines_of(text[offset:]), delimiter=separator, strict=True)
    before = line - 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise _quote_error(str(error), line, shown) from None


def _header(text: str, separator: str) -> list[str]:
    """Return the first row, read leniently: with a wrong separator its quotes are out of place."""
    try:
        return next((row for row in csv.reader(StringIO(text, newline=""), delimiter=separator) if row), [])
    except csv.Error:
        return []  # the strict pass names the line


def _hold_separator(header: list[str], separator: str, known: Sequence[str], shown: str) -> None:
    """Refuse a header of one field that holds another usual separator."""
    whole = header[0].strip() if len(header) == 1 else ""
    if whole in known or "\n" in whole:
        return
    used = max(_USUAL, key=whole.count)
    if used != separator and used in whole:
        written = "\\t" if used == "\t" else used
        raise DeliveryError(
            "Le séparateur du fichier n’est pas celui du codebook.",
            where=f"{shown}, ligne 1",
            expected=_USUAL.get(separator, f"« {separator} »"),
            got=f"{_USUAL[used]}, semble-t-il",
            hint=f'déclarez « separator: "{written}" » sous « format » dans le codebook',
        )


def _quote_error(complaint: str, line: int, shown: str) -> DeliveryError:
    if complaint == "unexpected end of data":
        what = "Un guillemet n’est pas refermé, ou le fichier est tronqué."
    elif complaint.startswith("field larger"):
        what = f"Une cellule dépasse {csv.field_size_limit()} caractères : un guillemet n’est sans doute pas refermé."
    else:
        what = "Un guillemet est mal placé."
    return DeliveryError(
        what,
        where=f"{shown}, ligne {line}",
        expected="une cellule entre guillemets refermée à sa fin, ses propres guillemets doublés",
        hint="corrigez la ligne, ou redemandez le fichier",
    )


def _hold_widths(lines: list[int], rows: list[list[str]], width: int, shown: str) -> None:
    for line, row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise _width_error(line, len(row), width, shown, last=line == lines[-1])


def _width_error(line: int, got: int, width: int, shown: str, *, last: bool) -> DeliveryError:
    if got > width:
        what, hint = "Une ligne a trop de champs.", "une cellule qui contient le séparateur s’écrit entre guillemets"
    elif last:
        what, hint = "Le fichier est tronqué à sa dernière ligne.", "redemandez le fichier"
    else:
        what, hint = "Une ligne a trop peu de champs.", "corrigez la ligne, ou redemandez le fichier"
    return DeliveryError(
        what,
        where=f"{shown}, ligne {line}",
        expected=f"{width} champs, comme l’en-tête",
        got=f"{got} champ{'s' if got > 1 else ''}",
        hint=hint,
    )
