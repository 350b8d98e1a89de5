"""Parquet, written in chunks: one row group a frame, labels in the schema's metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from etabli.sources.cells import delivered, with_missing_codes
from etabli.sources.codebook import FileFormat, SourceCodebook, Variable
from etabli.sources.outgoing import held

_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "boolean": pa.bool_(),
}
"""Every other type is text. A column with missing codes is text too: it has no other place for them."""


def write_columnar(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    """Write frames in codes one after the other, in the types of Parquet.

    Each column carries its label, and a coded one the labels of its codes, as metadata `label` and
    `value_labels` (JSON) of its field.
    """
    schema = pa.schema([_field(name, variable) for name, variable in book.variables.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for frame in frames:
            columns = [_column(name, frame[name], variable) for name, variable in book.variables.items()]
            writer.write_table(pa.table(columns, schema=schema))


def _field(name: str, variable: Variable) -> pa.Field:
    metadata = {"label": variable.label}
    if variable.codes:
        labels = {code.value or key: code.label for key, code in variable.codes.items()}
        metadata["value_labels"] = json.dumps(labels, ensure_ascii=False)
    return pa.field(variable.column or name, _type(variable), metadata=metadata)


def _type(variable: Variable) -> pa.DataType:
    return pa.string() if variable.missing else _TYPES.get(variable.type, pa.string())


def _column(name: str, values: pd.Series, variable: Variable) -> pa.Array:
    # Dates as text, where missing codes make them text, are written as the codebook says.
    with held(name, variable, values):
        kind = _type(variable)
        if kind == pa.string():
            text = delivered(values, variable, FileFormat(decimal="."))
            return pa.array(with_missing_codes(text, variable.missing) if variable.missing else text, kind)
        if variable.type in {"date", "datetime"}:
            return pa.array(pd.to_datetime(values), pa.timestamp("us")).cast(kind)
        match variable.type:
            case "integer":
                return pa.array(values.astype("Int64"), kind)
            case "boolean":
                return pa.array(values.astype("boolean"), kind)
            case _:
                return pa.array(values.astype("float64"), kind, from_pandas=True)
