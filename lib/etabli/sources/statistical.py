"""Files of SPSS, Stata and SAS: values as stored, with all that they say of themselves.

Dates stay numbers inside pyreadstat (its own conversion ends in an OverflowError on some) and are
converted here, all rows at once. A broken file may end the process: `conversion` reads in a child.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etabli import french
from etabli.errors import DeliveryError
from etabli.sources.clocks import Clock, PeriodClock, clock_of, period_clock_of
from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.metadata import LINE, Column, Guess, Metadata
from etabli.sources.native import variables_of
from etabli.sources.shaping import written_as

_Reader = Callable[..., tuple[pd.DataFrame, Any]]

CHUNK = 500_000
"""Rows that pyreadstat holds at once, as Python objects: some 400 MB for 12 columns."""

_MAGIC = {
    b"$FL2": "un fichier de SPSS (.sav)",
    b"$FL3": "un fichier de SPSS (.zsav)",
    b"<stata": "un fichier de Stata (.dta)",
    b"HEADER": "un fichier de transport de SAS (.xpt)",
    b"PK": "un classeur ou une archive",
    b"PAR1": "un fichier Parquet (.parquet)",
}
"""First bytes of formats, and what they are."""

_BROKEN = (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError)
"""What pyreadstat lets through on a broken file, beside its own exceptions."""


def read_statistical(path: Path, book: SourceCodebook | None, shown: str) -> tuple[pd.DataFrame, Metadata]:
    """Read a .sav, .zsav, .por, .dta, .sas7bdat or .xpt file as it is stored.

    User-missing values stay; tagged ones are « .a », « .b »…; a SAS catalogue of the same name
    beside the file gives its labels.

    Returns
    -------
    DataFrame, Metadata
        `str`, `float64` and `datetime64[us]` columns under the file's names; `object` where numbers stand beside
        tagged missing values.

    Raises
    ------
    DeliveryError
        The file is damaged.
    """
    suffix = path.suffix.lower()
    values, raw, encoding = _read(path, suffix, shown)
    described = {name: _described(name, raw, values[name], suffix) for name in values.columns}
    notes: list[str] = []
    variables = variables_of(list(values.columns), book)
    columns = {}
    for place, (name, variable) in enumerate(zip(values.columns, variables, strict=True)):
        column, clock = values.iloc[:, place], _clock(described[name], variable, suffix)
        if clock is not None and described[name].storage != "string":
            columns[name], described[name], told = _dated(column, described[name], clock)
            notes += told
            continue
        columns[name] = _untagged(column, described[name])
        period = period_clock_of(described[name].display or "", suffix)
        if period is not None:
            notes.append(
                f"Colonne « {name} » : des nombres, que Stata montre en {period.words} depuis 1960 ;"
                " une variable de type date en lirait le premier jour."
            )
    index = pd.RangeIndex(1, len(values) + 1, name=LINE)
    frame = pd.DataFrame(columns, index=values.index).set_axis(index)
    guesses = (Guess("encoding", encoding),) if encoding else ()
    metadata = Metadata(
        suffix,
        len(frame),
        tuple(described.values()),
        encoding=encoding or raw.file_encoding,
        label=raw.file_label or None,
        guesses=guesses,
        notes=tuple(notes),
        header_rows=0,
    )
    return frame, metadata


def _read(path: Path, suffix: str, shown: str) -> tuple[pd.DataFrame, Any, str | None]:
    """Return values, pyreadstat's metadata, and the encoding that had to be guessed."""
    import pyreadstat

    try:
        try:
            return *_whole(path, suffix, None), None
        except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
            if "convert" not in str(error) and "byte sequence" not in str(error):
                raise
            return *_whole(path, suffix, "WINDOWS-1252"), "windows-1252"
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, *_BROKEN) as error:
        raise _damaged(path, suffix, str(error), shown) from None


def _damaged(path: Path, suffix: str, complaint: str, shown: str) -> DeliveryError:
    with path.open("rb") as file:
        start = file.read(8)
    other = next((told for magic, told in _MAGIC.items() if start.startswith(magic) and suffix not in told), None)
    hint = f"{other}, sous un autre nom : rendez-lui le sien" if other else None
    if hint is None and start[:1].isalpha() and not start.startswith(tuple(_MAGIC)):
        hint = f"un texte ou un autre fichier dont le nom finit en {suffix}, peut-être"
    return DeliveryError(
        f"Le fichier {suffix} est abîmé ou tronqué.",
        where=shown,
        expected=f"un fichier {suffix} complet",
        got=f"ce que dit la bibliothèque qui le lit : « {complaint[:100]} »" if complaint.isascii() else None,
        hint=" ; ".join(filter(None, [hint, "redemandez le fichier"])),
    )


def _whole(path: Path, suffix: str, encoding: str | None) -> tuple[pd.DataFrame, Any]:
    """Read a file in chunks of rows; another row count than the file's own is refused."""
    reader, options = _reader(path, suffix)
    if encoding:
        options["encoding"] = encoding
    _, raw = reader(path, disable_datetime_conversion=True, metadataonly=True, **options)
    chunks: list[pd.DataFrame] = []
    for frame, meta in _chunks(path, reader, options):
        for name, tags in (meta.missing_user_values or {}).items():
            raw.missing_user_values[name] = [*dict.fromkeys([*raw.missing_user_values.get(name, []), *tags])]
        chunks.append(frame)
    values = chunks[0] if len(chunks) == 1 else pd.concat(chunks, ignore_index=True)
    if raw.number_rows is not None and 0 <= raw.number_rows != len(values):
        raise ValueError(f"{len(values)} rows of {raw.number_rows}")
    return values, raw


def _chunks(path: Path, reader: _Reader, options: dict[str, Any]) -> Iterator[tuple[pd.DataFrame, Any]]:
    offset = 0
    while True:
        frame, meta = reader(path, disable_datetime_conversion=True, row_offset=offset, row_limit=CHUNK, **options)
        yield frame, meta
        offset += CHUNK
        if len(frame) < CHUNK:
            return


def _reader(path: Path, suffix: str) -> tuple[_Reader, dict[str, Any]]:
    import pyreadstat

    catalogue = path.with_suffix(".sas7bcat")
    match suffix:
        case ".sav" | ".zsav":
            return pyreadstat.read_sav, {"user_missing": True}
        case ".dta":
            return pyreadstat.read_dta, {"user_missing": True}
        case ".sas7bdat":
            return pyreadstat.read_sas7bdat, {
                "user_missing": True,
                **({"catalog_file": catalogue} if catalogue.is_file() else {}),
            }
        case ".xpt":
            return pyreadstat.read_xport, {}
        case _:
            return pyreadstat.read_por, {}


def _described(name: str, raw: Any, values: pd.Series, suffix: str) -> Column:
    ranges = raw.missing_ranges.get(name, [])
    numbers = [(each["lo"], each["hi"]) for each in ranges if not isinstance(each["lo"], str)]
    texts = [each["lo"].strip() for each in ranges if isinstance(each["lo"], str)]
    tags = raw.missing_user_values.get(name, []) if suffix in {".dta", ".sas7bdat"} else []
    labels = raw.variable_value_labels.get(name, {})
    measure = raw.variable_measure.get(name)
    is_number = raw.readstat_variable_types.get(name) != "string"
    return Column(
        name,
        label=raw.column_names_to_labels.get(name) or None,
        labels={_labelled(value, tagged=is_number): label for value, label in labels.items()},
        missing_values=(*texts, *(_plain(low) for low, high in numbers if low == high)),
        missing_ranges=tuple((low, high) for low, high in numbers if low != high),
        tagged=tuple(f".{str(tag).lower()}" for tag in tags),
        display=raw.original_variable_types.get(name),
        storage=raw.readstat_variable_types.get(name, str(values.dtype)),
        width=raw.variable_storage_width.get(name),
        measure=None if measure == "unknown" else measure,
    )


def _labelled(value: object, *, tagged: bool) -> str:
    """Return a labelled value as text; a letter that labels a number is a tagged missing."""
    if isinstance(value, str):
        return f".{value.lower()}" if tagged else value.strip()
    return _plain(value)


def _plain(value: Any) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _clock(described: Column, variable: Variable | None, suffix: str) -> Clock | PeriodClock | None:
    """Return how a column of dates counts; periods are dates where the codebook has a date of them."""
    clock = clock_of(described.display or "", suffix)
    if clock is None and variable is not None and variable.type in {"date", "datetime"}:
        return period_clock_of(described.display or "", suffix)
    return clock


def _dated(column: pd.Series, described: Column, clock: Clock | PeriodClock) -> tuple[pd.Series, Column, list[str]]:
    """Return a column of dates as such, and its description in dates, if all of them are in the calendar.

    A value that the file declares missing need not be. Tagged missing values stay beside dates, as « .a ».
    """
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64")
    days, outside = clock.moments(numbers)
    declared = np.isin(numbers, [float(each) for each in described.missing_values])
    for low, high in described.missing_ranges:
        declared |= (numbers >= low) & (numbers <= high)
    wrong, lost = outside & ~declared, int((outside & declared).sum())
    if wrong.any():
        note = (
            f"Colonne « {described.name} » : {french.count(int(wrong.sum()), 'date', 'dates')} hors du calendrier"
            f" (la première à la ligne {int(np.flatnonzero(wrong)[0]) + 1}) ; la colonne reste en nombres."
        )
        return _untagged(column, described), described, [note]
    found = pd.Series(days, column.index).mask(outside | np.isnan(numbers))
    told = f"Colonne « {described.name} », dates hors du calendrier que le fichier déclare manquantes, mises à vide"
    notes = [f"{told} : {french.number(lost)}."] if lost else []
    if described.tagged:
        tags = column.map(lambda value: f".{value.lower()}" if isinstance(value, str) else None)
        found = found.astype("object").where(tags.isna(), tags)
    return found, _in_dates(described, clock), notes


def _in_dates(described: Column, clock: Clock | PeriodClock) -> Column:
    """Return the description of a column of dates, its missing and labelled values told as dates."""
    bounds = np.array(described.missing_ranges, dtype="float64").reshape(-1, 2)
    seconds = [_seconds(bounds[:, side], clock) for side in (0, 1)]
    told = {value: _told(value, clock) for value in (*described.missing_values, *described.labels)}
    return replace(
        described,
        missing_values=tuple(date for value in described.missing_values if (date := told[value])),
        missing_ranges=tuple(zip(*seconds, strict=True)),
        labels={date: label for value, label in described.labels.items() if (date := told[value])},
    )


def _told(value: str, clock: Clock | PeriodClock) -> str | None:
    """Return a number as the date that it stands for; None outside the calendar; a tag as it is."""
    if value.startswith("."):
        return value
    number = np.array([float(value)])
    days, outside = clock.moments(number)
    return None if outside[0] or np.isnan(number[0]) else written_as(pd.Timestamp(days[0]), None, FileFormat())


def _seconds(numbers: npt.NDArray[np.float64], clock: Clock | PeriodClock) -> list[float]:
    """Return bounds in seconds from 1970, infinite outside the calendar."""
    days, outside = clock.moments(numbers)
    seconds = days.astype("datetime64[us]").astype("int64") / 1e6
    return [float(each) for each in np.where(outside, np.sign(numbers) * np.inf, seconds)]


def _untagged(column: pd.Series, described: Column) -> pd.Series:
    """Return text as `str`, numbers as numbers, and tagged missing values as « .a » beside numbers."""
    if not described.tagged:
        if column.dtype == object:
            return column.astype("str") if described.storage == "string" else pd.to_numeric(column, errors="coerce")
        return column.astype("float64") if column.dtype.kind in "iuf" else column
    values = [f".{value.lower()}" if isinstance(value, str) else float(value) for value in column]
    return pd.Series(values, column.index, dtype="object")
