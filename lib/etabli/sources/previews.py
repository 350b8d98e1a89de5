"""A delivery looked at before, or beside, its codebook: its own columns, as text, and how it seems to be written."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Literal

import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import FileFormat, SourceCodebook
from etabli.sources.readers import READERS

_SEPARATORS = (";", "\t", ",", "|")
_HEAD = 64 * 1024
"""Bytes that the separator is sniffed in."""


@dataclass(frozen=True)
class Preview:
    """The frame of a delivery under its own column names, and the format that it was read with.

    `titles`, `labels` and `missing` are what the file says of itself, by column: its label, the labels of its values,
    its missing values with their labels.
    """

    frame: pd.DataFrame
    format: FileFormat
    titles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)


def preview(path: Path, *, shown: str, written: FileFormat | None = None) -> Preview:
    """Read a delivery without holding its columns to a codebook.

    Parameters
    ----------
    path
        The file.
    shown
        How messages name it.
    written
        How it is written; None to guess it.

    Raises
    ------
    DeliveryError
        The file is missing, empty or damaged, of an unknown format, or repeats a column.
    """
    if not path.is_file():
        raise DeliveryError("Le fichier manque.", where=shown)
    if path.suffix.lower() not in READERS:
        raise DeliveryError("Ce format de fichier n’est pas connu.", where=shown, expected=" ou ".join(READERS),
                            got=path.suffix or "un nom sans extension")  # fmt: skip
    written = written or guess_format(path)
    frame = READERS[path.suffix.lower()](path, _any_columns(written), shown)
    if frame.empty:
        raise DeliveryError("Le fichier est vide.", where=shown, expected="un en-tête et au moins une ligne")
    if not frame.columns.is_unique:
        twice = str(frame.columns[frame.columns.duplicated()][0])
        raise DeliveryError(f"La colonne « {twice} » figure plusieurs fois.", where=f"{shown}, ligne 1")
    return Preview(frame, written)


def guess_format(path: Path) -> FileFormat:
    """Return how a delimited file seems to be written: its encoding, its separator, its decimal sign."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    encoding = _encoding(path, head)
    text = head.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="ignore")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda each: len(next(csv.reader(StringIO(first), delimiter=each), [])))
    decimal: Literal[",", "."] = "." if separator == "," else ","
    return FileFormat(separator=separator, encoding=encoding, decimal=decimal)


def _encoding(path: Path, head: bytes) -> Literal["utf-8", "cp1252", "utf-16"]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _any_columns(written: FileFormat) -> SourceCodebook:
    """Return a codebook that only says how the file is written: the readers ask it nothing else here."""
    return SourceCodebook.model_validate(
        {
            "row": {"one": "ligne", "many": "lignes", "gender": "f"},
            "format": written.model_dump(),
            "variables": {"any": {"label": "Une colonne", "type": "text", "sensitivity": "open"}},
        }
    )
