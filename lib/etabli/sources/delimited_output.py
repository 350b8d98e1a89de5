"""Delimited text (CSV), written in chunks: the codebook's separator, encoding, decimal sign and thousands."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.cells import delivered_without_loss, with_missing_codes
from etabli.sources.codebook import SourceCodebook
from etabli.sources.outgoing import header_of, held, titles_of

_BOM = {"utf-8": codecs.BOM_UTF8, "utf-16": b""}
"""What begins a file with `bom`; the codec of UTF-16 writes its own mark."""


def write_delimited(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    """Write frames in codes one after the other. Lines end in a line feed; only the cells that need quotes have them.

    Raises
    ------
    DeliveryError
        A value that its text would not give back, or that the encoding cannot write.
    """
    written = book.format
    # An incremental encoder writes the mark of UTF-16 once, not at each chunk.
    encoder = codecs.getincrementalencoder(written.encoding)()
    blank = [""] * (len(book.variables) - 1)
    above = [[title, *blank] for title in titles_of(book)]
    line = 1
    with path.open("wb") as file:
        if written.bom:
            file.write(_BOM.get(written.encoding, b""))
        for row in (*above, *header_of(book)):
            file.write(_encoded(encoder, _lines([_quoted_all(row, written.separator)], written.separator), line, book))
            line += 1
        for frame in frames:
            columns = [_cells(name, frame[name], book) for name in book.variables]
            text = _lines(zip(*columns, strict=True), written.separator)
            file.write(_encoded(encoder, text, line, book))
            line += text.count("\n")


def _cells(name: str, values: pd.Series, book: SourceCodebook) -> list[str]:
    """Return the cells of a column, quoted where they need it; each different value is quoted once."""
    variable = book.variables[name]
    with held(name, variable, values):
        text = delivered_without_loss(values.reset_index(drop=True), variable, book.format)
    filled = with_missing_codes(text, variable.missing)
    places, known = pd.factorize(filled)
    return pd.Series(_quoted_all(known, book.format.separator), dtype=object).take(places).tolist()


def _quoted_all(cells: Iterable[str], separator: str) -> list[str]:
    """Return cells, between quotes where they need it. The `csv` module leaves a lone carriage return bare."""
    marks = (separator, '"', "\n", "\r")
    return ['"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in marks) else cell for cell in cells]


def _lines(rows: Iterable[Sequence[str]], separator: str) -> str:
    """Return the rows as text; the first of cells that are all empty is quoted, for the row would not be one."""
    return "".join([separator.join(cells if any(cells) else ['""', *cells[1:]]) + "\n" for cells in rows])


def _encoded(encoder: codecs.IncrementalEncoder, text: str, line: int, book: SourceCodebook) -> bytes:
    try:
        return encoder.encode(text)
    except UnicodeEncodeError as error:
        raise DeliveryError(
            f"Un caractère ne s’écrit pas en {book.format.encoding}.",
            where=f"ligne {line + text.count(chr(10), 0, error.start)}",
            got=f"« {text[error.start]} »",
            hint="changez ce caractère, ou l’encodage que déclare le codebook",
        ) from None
