"""A delivery's columns, cleaned and converted on their different values: a million rows hold few of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.conversions import cleaned, convert, date_format, is_text, stands_for
from etabli.sources.dates import days_of, fixed_dates
from etabli.sources.dictionaries import codes_at, texts_at
from etabli.sources.letters import is_bare
from etabli.sources.shaping import written_as

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.signedinteger[Any]]
"""Of rows among different values: in as few bytes as the reader needed."""


@dataclass(frozen=True)
class Column:
    """One column, as its different values and the place of each row among them.

    Parameters
    ----------
    places
        For each row, the place of its value in the three series below.
    raw
        The different values as delivered.
    text
        The same, stripped and recoded; NA where the value means « missing ».
    typed
        The same, in the variable's type; NA where it misses or has not the type.
    """

    places: Places
    raw: pd.Series
    text: pd.Series
    typed: pd.Series

    def on_rows(self, different: npt.ArrayLike) -> Mask:
        """Return, for each row, what a mask over the different values says of it."""
        mask = np.asarray(different, dtype=bool)
        return mask[self.places] if mask.any() else _none(len(self.places))

    @cached_property
    def series(self) -> pd.Series:
        """The converted column, row by row, indexed from 0."""
        if self.places is _every(len(self.places)):
            return self.typed
        if isinstance(self.typed.dtype, pd.StringDtype):
            return texts_at(self.typed, self.places)
        if isinstance(self.typed.dtype, pd.CategoricalDtype):
            codes = codes_at(self.typed.cat.codes.to_numpy(), self.places)
            return pd.Series(pd.Categorical.from_codes(codes, dtype=self.typed.dtype, validate=False), copy=False)
        return pd.Series(self.typed.array.take(self.places), copy=False)

    @cached_property
    def extremes(self) -> tuple[Any, Any]:
        """The least and the greatest of the converted values, that are numbers or dates; NA where all miss."""
        return extremes_of(self.typed)

    def told(self, row: int) -> Any:
        """Return the cleaned value of a row as a plain value of Python: 3, and not `np.int64(3)`."""
        place = int(self.places[row])
        return self.text.iloc[place : place + 1].tolist()[0]

    @property
    def coded(self) -> pd.Series:
        """The converted column as categories of its different values: what costs least to go on from."""
        codes, known = pd.factorize(self.typed)
        categories = pd.Index(known, dtype=self.typed.dtype)
        return pd.Series(pd.Categorical.from_codes(codes[self.places], categories=categories, validate=False))

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows have each of the different values."""
        return np.bincount(self.places, minlength=len(self.raw)).astype("int64")

    def numbered(self) -> npt.NDArray[np.int64]:
        """Return a number a row, the same for the same value once converted; −1 where it misses."""
        numbers, _ = pd.factorize(self.typed)
        return cast("npt.NDArray[np.int64]", np.asarray(numbers, dtype="int64")[self.places])


def prepare(text: pd.Series, variable: Variable, written: FileFormat, *, by_rows: bool = False) -> Column:
    """Return a column cleaned (spaces around a value, recodes, missing codes) and converted.

    Parameters
    ----------
    text
        As delivered, of dtype `str` or categories of texts, NA for an empty cell; or numbers and dates, where the file
        stores such values.
    variable, written
        What the codebook says of it.
    by_rows
        Take every row for a value of its own where looking for the different ones costs more than it spares: what
        loading wants, while a quality report counts values.
    """
    if not is_text(text) and not variable.recode:
        return _by_rows(text, variable, written) if by_rows else _stored(text, variable, written)
    told = _as_text(text, variable, written)
    if by_rows and _seldom_repeats(told, variable):
        moments = _moments(told, variable, written)
        if moments is not None:
            return moments
        if not (variable.missing or variable.recode) and is_bare(told):
            kept = told.reset_index(drop=True)
            typed = kept if variable.type == "text" else convert(kept, variable, written)
            return Column(_every(len(kept)), kept, kept, typed)
        places, raw = _rows(told)
    else:
        places, raw = _different(told)
    told = raw.str.strip()
    if variable.recode:
        told = told.map(lambda value: variable.recode.get(value, value)).astype("str")
        if variable.type == "code":  # a recode may name the code, or what is usually written for it
            written_for = {name: code.value or name for name, code in variable.codes.items()}
            known = set(written_for.values())
            told = told.map(lambda value: value if value in known else written_for.get(value, value)).astype("str")
    told = told.mask(stands_for(told, ["", *variable.missing], variable, written))
    return Column(places, raw, told, convert(told, variable, written))


@lru_cache(1)
def _every(rows: int) -> Places:
    """Return the places of rows that are each a value of its own: one array for all columns of a delivery."""
    places = np.arange(rows)
    places.flags.writeable = False
    return places


@lru_cache(1)
def _none(rows: int) -> Mask:
    """Return the mask of no row: one array for all the rules that are kept."""
    mask = np.zeros(rows, dtype=bool)
    mask.flags.writeable = False
    return mask


def extremes_of(values: pd.Series) -> tuple[Any, Any]:
    """Return the least and the greatest of numbers or dates, NA where all miss: in one look each where none does.

    >>> extremes_of(pd.Series([3, None, 7], dtype="Int64")), extremes_of(pd.Series([2.5, 1.0]))
    ((3, 7), (1.0, 2.5))
    """
    missing = values.isna().to_numpy()
    if missing.all():
        return pd.NA, pd.NA
    if values.dtype.kind == "f":
        numbers = values.to_numpy()
        return float(np.fmin.reduce(numbers)), float(np.fmax.reduce(numbers))
    if values.dtype.kind == "M":  # as whole numbers, of which NaT would be the least
        moments, is_whole = values.to_numpy(), not missing.any()
        least = moments.view("int64").min().view(moments.dtype) if is_whole else np.fmin.reduce(moments)
        return pd.Timestamp(least), pd.Timestamp(moments.view("int64").max().view(moments.dtype))
    whole = values.to_numpy(dtype="int64", na_value=int(values.iloc[int(missing.argmin())]))
    return int(whole.min()), int(whole.max())


def _stored(column: pd.Series, variable: Variable, written: FileFormat) -> Column:
    """Return a column that the file stores in its variable's type: no digit and no second is lost by way of text."""
    codes, values = pd.factorize(column)
    places = np.asarray(codes, dtype=np.intp)
    different = pd.Series(values, dtype=column.dtype)
    if (places < 0).any():
        places = np.where(places < 0, len(different), places)
        different = different.reindex(range(len(different) + 1))
    kept = cleaned(different, variable, written)
    raw = pd.Series(
        ["" if pd.isna(value) else written_as(value, variable, written) for value in different.tolist()], dtype="str"
    )
    return Column(places, raw, raw.mask(kept.isna().to_numpy()), convert(kept, variable, written))


def _by_rows(column: pd.Series, variable: Variable, written: FileFormat) -> Column:
    """Return a stored column whose text is written only for a message."""
    kept = cleaned(column.reset_index(drop=True), variable, written)
    return Column(_every(len(kept)), kept, kept, convert(kept, variable, written))


def _seldom_repeats(text: pd.Series, variable: Variable) -> bool:
    """Return whether a column of text is best converted row by row: its reader saw few repeats, and rows are cheap."""
    return isinstance(text.dtype, pd.StringDtype) and variable.type in {"date", "datetime", "text", "identifier"}


def _moments(text: pd.Series, variable: Variable, written: FileFormat) -> Column | None:
    """Return a column of dates that all have their variable's form: what misses in it is what misses in the text."""
    if variable.type not in {"date", "datetime"} or variable.recode:
        return None
    typed = fixed_dates(text.reset_index(drop=True), date_format(variable), variable.missing)
    if typed is None:
        return None
    typed = cleaned(typed, variable, written)
    return Column(_every(len(typed)), typed, typed, days_of(typed) if variable.type == "date" else typed)


def _rows(text: pd.Series) -> tuple[Places, pd.Series]:
    return _every(len(text)), text.reset_index(drop=True).fillna("")


def prepare_all(text: pd.DataFrame, book: SourceCodebook, *, by_rows: bool = False) -> dict[str, Column]:
    """Return every variable's column, in the codebook's order."""

    def prepared(name: str) -> Column:
        return prepare(text[name], book.variables[name], book.format, by_rows=by_rows)

    with ThreadPoolExecutor() as threads:  # Arrow and numpy let go of the interpreter
        return dict(zip(book.variables, threads.map(prepared, book.variables), strict=True))


def _as_text(column: pd.Series, variable: Variable, written: FileFormat) -> pd.Series:
    """Return a stored column as its delivery would write it in text; a column of text as it is."""
    if is_text(column):
        return column
    places, values = pd.factorize(column)
    told = [written_as(value, variable, written) for value in values.tolist()]
    return pd.Series(pd.Categorical.from_codes(places, categories=pd.Index(told, dtype="str")), column.index)


def _different(text: pd.Series) -> tuple[Places, pd.Series]:
    """Return the place of each row's value, and the different values, an empty one for NA."""
    if isinstance(text.dtype, pd.CategoricalDtype):
        codes, values = cast("Places", text.cat.codes.to_numpy()), text.cat.categories
    else:
        codes, values = pd.factorize(text)
    different = pd.Series(values, dtype="str")
    if codes.min(initial=0) >= 0:
        return codes, different
    places: Places = np.where(codes < 0, np.intp(len(different)), codes)
    return places, pd.concat([different, pd.Series([""], dtype="str")]).reset_index(drop=True)
