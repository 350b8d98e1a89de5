"""What a delivery says of itself beside its values: labels, missing values, formats, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from etabli import french
from etabli.sources.codebook import SourceCodebook

LINE = "line"
"""Name of the index of a read frame: the line of the file (from 1) on which the row begins."""


def blank_rows(count: int) -> tuple[str, ...]:
    """Return the note on rows without any cell that stood between others."""
    return (f"{french.count(count, 'ligne vide', 'lignes vides')} entre d’autres, non lues.",) if count else ()


@dataclass(frozen=True)
class Column:
    """One column, as the file describes it.

    Parameters
    ----------
    name
        Its name in the file.
    label
        The file's own label of the variable.
    labels
        Label of each labelled value, by the value as text (« 1 », not « 1.0 »; « .a » for a tagged missing).
    missing_values, missing_ranges
        Values, as text, and ranges (both ends included) that the file declares as user-missing. In a column of dates:
        « 1900-01-01 », and seconds from 1970.
    tagged
        Tagged missing values of Stata and SAS that occur, as Stata writes them: « .a ».
    display
        Display format of the file: `F8.2`, `%td`, `DDMMYY10`.
    storage
        How the file stores it: « double », « int8 », « string », « date », « text »…
    width
        Width in which it is stored, in bytes or characters.
    measure
        « nominal », « ordinal », « scale »; None when the file does not say.
    guess
        For text: the type that all its values take (`integer`, `number`, `date`, `datetime`, `boolean`, `text`).
    date_format
        For a guessed date: its `strptime` format.
    """

    name: str
    label: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    missing_values: tuple[str, ...] = ()
    missing_ranges: tuple[tuple[float, float], ...] = ()
    tagged: tuple[str, ...] = ()
    display: str | None = None
    storage: str = "text"
    width: int | None = None
    measure: str | None = None
    guess: str | None = None
    date_format: str | None = None


SUBJECTS = {
    "encoding": "encodage",
    "separator": "séparateur",
    "decimal": "décimales après",
    "thousands": "séparateur des milliers",
    "sheet": "feuille",
    "header_rows": "lignes d’en-tête",
    "title_rows": "lignes au-dessus de l’en-tête",
}
"""What a reader may have to guess, in French."""


@dataclass(frozen=True)
class Guess:
    """One thing that the reader needed to know: declared by the codebook, or guessed from the file."""

    subject: str
    """`encoding`, `separator`, `decimal`, `thousands`, `sheet`, `header_rows`, `title_rows`."""
    value: str
    declared: bool = False

    def __str__(self) -> str:
        value = {"\t": "tabulation"}.get(self.value, self.value)
        how = ("déclaré" if self.declared else "deviné") + _ENDINGS.get(self.subject, "")
        return f"{SUBJECTS[self.subject]} : {value} ({how})"


_ENDINGS = {"sheet": "e", "decimal": "es", "header_rows": "es", "title_rows": "es"}
"""What « déclaré » and « deviné » end with, after a subject that is not masculine."""


@dataclass(frozen=True)
class Metadata:
    """What the file says of itself, and what the reader decided.

    Parameters
    ----------
    format
        Suffix of the format, in lower case: `.csv`, `.sav`…
    rows
        Number of rows of data.
    columns
        One an entry of the file, in its order.
    encoding, separator, decimal, thousands, sheet
        How it is written; None where the format has no such thing.
    header_rows, title_rows
        Rows of the header, and rows above it.
    label
        The file's own title.
    guesses
        What the reader needed to know, declared or guessed.
    notes
        French sentences on what was mended or set aside while reading.
    """

    format: str
    rows: int
    columns: tuple[Column, ...]
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    sheet: str | None = None
    header_rows: int = 1
    title_rows: int = 0
    label: str | None = None
    guesses: tuple[Guess, ...] = ()
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """Return the column of a name in the file.

        Raises
        ------
        KeyError
            The file has no such column.
        """
        found = {column.name: column for column in self.columns}
        return found[name]


@dataclass(frozen=True)
class Reading:
    """A delivery as it was read: nothing is held to the codebook's rules yet (`checks.tidy` does).

    Parameters
    ----------
    frame
        Without a codebook: the file's own columns. With one: its variables, in its order. The index,
        named `line`, is the line of the file on which each row begins. A column is **text** (dtype `str`, or
        `category` of text where values repeat; a missing cell is "" or NA), or already **typed**
        (`float64`, `Int64`, `datetime64[us]`, `boolean`; NA where missing) when the file stores such values and,
        under a codebook, the variable is of that type. `conversions.cleaned` and `conversions.convert` take both.
    metadata
        What the file says of itself; its columns bear the file's names.
    book
        The codebook, its `format` completed by what was guessed: the one to check the frame with.
    typed
        Whether delimited text was converted as it was read: its cells are no longer known as they were delivered.
    """

    frame: pd.DataFrame
    metadata: Metadata
    book: SourceCodebook | None = None
    typed: bool = False
