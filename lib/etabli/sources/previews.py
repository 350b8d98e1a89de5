"""A delivery looked at before, or beside, its codebook: its own columns, as text, and how it seems to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from etabli.sources.codebook import FileFormat
from etabli.sources.conversion import read_apart
from etabli.sources.conversions import distinct, is_text
from etabli.sources.metadata import Metadata
from etabli.sources.readers import hold_table
from etabli.sources.shaping import written_as


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


def preview(path: Path, *, shown: str) -> Preview:
    """Read a delivery without holding its columns to a codebook, and guess how it is written.

    Parameters
    ----------
    path
        The file. It is read in a child process: it may be anything.
    shown
        How messages name it.

    Raises
    ------
    DeliveryError
        The file is missing, empty or damaged, of an unknown format, or repeats a column.
    """
    reading = read_apart(path, None, shown=shown)
    frame, metadata = reading.frame, reading.metadata
    hold_table(frame, shown)
    form = _format_of(metadata)
    told = {str(name): _told(frame[name], form) for name in frame.columns}
    described = {column.name: column for column in metadata.columns}
    labels = {name: dict(column.labels) for name, column in described.items() if column.labels}
    return Preview(
        pd.DataFrame(told, index=frame.index),
        form,
        {name: column.label for name, column in described.items() if column.label},
        labels,
        {
            name: {value: labels.get(name, {}).get(value, "") for value in (*column.missing_values, *column.tagged)}
            for name, column in described.items()
            if column.missing_values or column.tagged
        },
    )


def _format_of(metadata: Metadata) -> FileFormat:
    """Return how a file seems to be written, from what its reader guessed."""
    guessed = {
        "separator": metadata.separator,
        "encoding": metadata.encoding,
        "decimal": metadata.decimal,
        "thousands": metadata.thousands,
        "sheet": metadata.sheet,
        "header_rows": max(metadata.header_rows, 1),
        "title_rows": metadata.title_rows,
    }
    known = {name: value for name, value in guessed.items() if value is not None}
    if known.get("encoding") == "latin-1":  # what is written later may hold « € » or « œ »
        known["encoding"] = "cp1252"
    if known.get("encoding") not in {"utf-8", "cp1252", "utf-16"}:
        known.pop("encoding", None)
    return FileFormat.model_validate(known)


def _told(column: pd.Series, written: FileFormat) -> pd.Series:
    """Return a column as text, an empty cell for what misses."""
    if is_text(column) and column.dtype != object:
        places, values = distinct(column)
        texts = list(values)
    else:
        found, stored = pd.factorize(column)
        places, texts = (
            np.asarray(found, dtype="int64"),
            [written_as(value, None, written) for value in stored.tolist()],
        )
    return pd.Series(np.array([*texts, ""], dtype=object)[places], column.index, dtype="str")
