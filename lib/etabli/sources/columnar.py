"""Parquet, verified and read in place: it holds types already, and no other copy of it is of use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from etabli import french
from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.dictionaries import dictionary_column, whole_numbers
from etabli.sources.metadata import LINE, Column, Metadata
from etabli.sources.native import repeats

_LENGTH = 4
"""Bytes in which Parquet writes the length of a text that is not in a dictionary."""

_UNITS = {"D": "jours", "s": "secondes", "ms": "millisecondes", "us": "microsecondes"}
_LARGEST = 2**63 - 1
"""The largest whole number of a column of numbers: a larger one, a code no doubt, is read as text, digit by digit."""


def read_parquet(path: Path, _: SourceCodebook | None, shown: str) -> tuple[pd.DataFrame, Metadata]:
    """Read a .parquet file.

    Whole numbers come as `Int64`, dates and moments as `datetime64[us]` (a moment with a zone: on the clock of its
    zone), text as `str` or `category`.

    Raises
    ------
    DeliveryError
        The file is damaged, or a column holds lists, structures or bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            schema = file.schema_arrow
            repeated = _repeated_texts(file)
            footer = file.metadata
        with pq.ParquetFile(path, metadata=footer, memory_map=True, read_dictionary=repeated) as file:
            table = file.read()
        _hold_types(schema, shown)
        with ThreadPoolExecutor() as threads:  # Arrow and numpy let go of the interpreter
            columns = dict(enumerate(threads.map(_column, table.columns)))
        _hold_calendar(schema.names, table.columns, shown)
    except (pa.ArrowException, OSError, ValueError, OverflowError, UnicodeError) as error:
        if isinstance(error, DeliveryError):
            raise
        raise DeliveryError(
            "Le fichier Parquet est abîmé ou tronqué.",
            where=shown,
            expected="un fichier Parquet complet",
            hint="redemandez le fichier",
        ) from None
    index = pd.RangeIndex(1, table.num_rows + 1, name=LINE)
    frame = pd.DataFrame(columns, copy=False) if columns else pd.DataFrame(index=index)
    frame = frame.set_axis(index).set_axis(schema.names, axis="columns")
    return frame, Metadata(".parquet", table.num_rows, tuple(map(_described, schema)), header_rows=0)


def _repeated_texts(file: Any) -> list[str]:
    """Return the columns of text whose values repeat: read as dictionaries they cost a third, and the others twice.

    So many repeat where a row takes less room than a text of its own would, its length alone.
    """
    import pyarrow as pa

    sizes = dict.fromkeys(file.schema_arrow.names, 0)
    for group in range(file.metadata.num_row_groups):
        for place in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(place)
            if chunk.path_in_schema in sizes:  # not a part of a nested column, which is refused
                sizes[chunk.path_in_schema] += chunk.total_uncompressed_size
    return [
        field.name
        for field in file.schema_arrow
        if (pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
        and 0 < sizes[field.name] < _LENGTH * file.metadata.num_rows
    ]


def _hold_types(schema: Any, shown: str) -> None:
    import pyarrow.types as kinds

    for each in schema:
        held = each.type.value_type if kinds.is_dictionary(each.type) else each.type
        if (
            kinds.is_nested(held)
            or kinds.is_binary(held)
            or kinds.is_large_binary(held)
            or kinds.is_fixed_size_binary(held)
            or kinds.is_duration(held)  # a number whose unit nobody would know any more
        ):
            raise DeliveryError(
                f"La colonne « {each.name} » est d’un type qui n’entre pas dans un tableau.",
                where=shown,
                expected="du texte, des nombres, des dates ou des booléens",
                got=str(each.type)[:80],
                hint="faites enregistrer cette colonne en texte ou en nombres, ou demandez le fichier sans elle",
            )


def _hold_calendar(names: list[str], columns: list[Any], shown: str) -> None:
    """Refuse a column of dates that has one of no year from 1 to 9999: no clock of ours, nor French, can say it."""
    import pyarrow.compute as pc

    for name, column in zip(names, columns, strict=True):
        unit = _unit(column.type)
        if unit is None:
            continue
        first, last = (int(np.datetime64(day, unit).astype("int64")) for day in ("0001-01-01", "9999-12-31T23:59:59"))
        since = _since(column)
        span = pc.min_max(since)
        if span["min"].is_valid and not first <= span["min"].as_py() <= span["max"].as_py() <= last:
            place = pc.index(pc.or_(pc.less(since, first), pc.greater(since, last)), True).as_py()
            raise DeliveryError(
                f"La colonne « {name} » a une date hors du calendrier.",
                where=f"{shown}, ligne {place + 1}",
                expected="des dates des années 1 à 9999",
                got=f"{french.number(since[place].as_py())} {_UNITS[unit]} depuis 1970",
                hint="l’unité de cette colonne est sans doute fausse : faites-la corriger, ou dater en texte",
            )


def _unit(kind: Any) -> Literal["D", "s", "ms", "us"] | None:
    """Return the unit in which a column counts time since 1970; None where it does not, or so finely that all fits."""
    import pyarrow.types as kinds

    if kinds.is_date32(kind):
        return "D"
    if kinds.is_date64(kind):
        return "ms"
    return kind.unit if kinds.is_timestamp(kind) and kind.unit != "ns" else None


def _since(column: Any) -> Any:
    import pyarrow as pa

    return (column.cast(pa.int32()) if pa.types.is_date32(column.type) else column).cast(pa.int64())


def _integers(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_uint64(column.type) and (pc.max(column).as_py() or 0) > _LARGEST:
        return pd.Series(column.cast(pa.string()).to_pandas(), dtype="str")
    whole = column.cast(pa.int64())
    return pd.Series(whole.to_numpy(), copy=False) if column.null_count == 0 else whole_numbers(whole)


def _column(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.types as kinds

    held = column.type
    if kinds.is_dictionary(held):
        if not (kinds.is_string(held.value_type) or kinds.is_large_string(held.value_type)):
            return _column(column.cast(held.value_type))
        return dictionary_column(column)
    if kinds.is_string(held) or kinds.is_large_string(held):
        column.validate(full=True)  # its bytes may be no letters
        return _texts(column)
    if kinds.is_null(held):
        return pd.Series([None] * len(column), dtype="str")
    if kinds.is_boolean(held):
        return column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    if kinds.is_integer(held):
        return _integers(column)
    if kinds.is_floating(held) or kinds.is_decimal(held):
        return column.cast(pa.float64()).to_pandas()
    if kinds.is_timestamp(held) or kinds.is_date(held):
        moments = column.cast(pa.timestamp("us", held.tz if kinds.is_timestamp(held) else None), safe=False).to_pandas()
        return moments.dt.tz_localize(None) if moments.dt.tz is not None else moments.astype("datetime64[us]")
    return pd.Series(column.cast(pa.string()).to_pandas(), dtype="str")


def _texts(column: Any) -> pd.Series:
    if repeats(column):  # what its size in the file did not tell
        return dictionary_column(column.dictionary_encode())
    return pd.Series(pd.array(column, dtype="str"), copy=False)


def _described(field: Any) -> Column:
    said: Mapping[bytes, bytes] = field.metadata or {}
    label = said.get(b"label", b"").decode("utf-8", "replace") or None
    try:
        labels = json.loads(said.get(b"value_labels", b"{}"))
    except ValueError:
        labels = {}
    kept = labels if isinstance(labels, dict) else {}
    return Column(
        field.name, label=label, labels={str(key): str(value) for key, value in kept.items()}, storage=str(field.type)
    )
