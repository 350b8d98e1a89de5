"""Files of SPSS, Stata and SAS: values as stored, with all that they say of themselves.

Dates stay numbers inside pyreadstat (its own conversion ends in an OverflowError on some) and are
converted here, all rows at once. A broken file may end the process: `conversion` reads in a child.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.metadata import LINE, Column, Guess, Metadata

_Reader = Callable[..., tuple[pd.DataFrame, Any]]

CHUNK = 500_000
"""Rows that pyreadstat holds at once, as Python objects: some 400 MB for 12 columns."""

_SECONDS_FROM_1582 = (np.datetime64("1582-10-14", "us"), 1_000_000)
_DAYS_FROM_1960 = (np.datetime64("1960-01-01", "us"), 86_400_000_000)
_SECONDS_FROM_1960 = (np.datetime64("1960-01-01", "us"), 1_000_000)
_THOUSANDTHS_FROM_1960 = (np.datetime64("1960-01-01", "us"), 1_000)

_SPSS_DATES = re.compile(r"(DATE|ADATE|EDATE|JDATE|SDATE|DATETIME|YMDHMS|QYR|MOYR|WKYR)[0-9.]*")
_STATA_DAYS = re.compile(r"%-?t?d.*")
_STATA_MOMENTS = re.compile(r"%-?t[cC].*")
_SAS_MOMENTS = re.compile(
    r"(DATETIME|DATEAMPM|DTDATE|DTMONYY|DTYEAR|DTWKDATX|MDYAMPM|(E8601|B8601|IS8601)D[TXZ])[0-9.]*"
)
_SAS_DAYS = re.compile(
    r"(DATE|DDMMYY[BCDNPS]?|MMDDYY[BCDNPS]?|YYMMDD[BCDNPS]?|YYMM[CDNPS]?|MMYY[CDNPS]?|YYMON|MONYY|YEAR|MONTH|DAY"
    r"|WEEKDATX?|WEEKDATE|WORDDATX?|WORDDATE|JULIAN|JULDAY|YYQR?[CDNPS]?|QTRR?|EURDFDD|EURDFDE|EURDFMY"
    r"|(E8601|B8601|IS8601)DA)[0-9.]*"
)

_FIRST, _LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")

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


def read_statistical(path: Path, _: SourceCodebook | None, shown: str) -> tuple[pd.DataFrame, Metadata]:
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
    columns = {}
    for place, name in enumerate(values.columns):
        column, note = _dated(values.iloc[:, place], described[name], suffix)
        columns[name] = _untagged(column, described[name])
        notes += note
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


def _dated(column: pd.Series, described: Column, suffix: str) -> tuple[pd.Series, list[str]]:
    """Return a column of dates as such, if its display format says that it is one and all are in the calendar."""
    scale = _scale(described.display or "", suffix)
    if scale is None or column.dtype.kind not in "fiu":
        return column, []
    origin, unit = scale
    with np.errstate(invalid="ignore", over="ignore"):
        ticks = np.rint(column.to_numpy(dtype="float64") * unit)
    known = np.isfinite(ticks)
    inside = np.abs(ticks, where=known, out=np.zeros_like(ticks)) < 2.0**60
    days = origin + np.where(known & inside, ticks, 0).astype("int64").astype("timedelta64[us]")
    outside = known & (~inside | (days < _FIRST) | (days > _LAST))
    if outside.any():
        first = int(np.flatnonzero(outside)[0]) + 1
        note = (
            f"Colonne « {described.name} » : {outside.sum()} date(s) hors du calendrier"
            f" (la première à la ligne {first}) ; la colonne reste en nombres."
        )
        return column, [note]
    return pd.Series(days, column.index).mask(~known), []


def _scale(display: str, suffix: str) -> tuple[np.datetime64, int] | None:
    """Return the origin of a date format and the microseconds of its unit; None for another format."""
    match suffix:
        case ".sav" | ".zsav" | ".por":
            return _SECONDS_FROM_1582 if _SPSS_DATES.fullmatch(display) else None
        case ".dta":
            moment = _THOUSANDTHS_FROM_1960 if _STATA_MOMENTS.fullmatch(display) else None
            return moment or (_DAYS_FROM_1960 if _STATA_DAYS.fullmatch(display) else None)
        case _:
            moment = _SECONDS_FROM_1960 if _SAS_MOMENTS.fullmatch(display) else None
            return moment or (_DAYS_FROM_1960 if _SAS_DAYS.fullmatch(display) else None)


def _untagged(column: pd.Series, described: Column) -> pd.Series:
    """Return text as `str`, numbers as numbers, and tagged missing values as « .a » beside numbers."""
    if not described.tagged:
        if column.dtype == object:
            return column.astype("str") if described.storage == "string" else pd.to_numeric(column, errors="coerce")
        return column.astype("float64") if column.dtype.kind in "iuf" else column
    values = [f".{value.lower()}" if isinstance(value, str) else float(value) for value in column]
    return pd.Series(values, column.index, dtype="object")
