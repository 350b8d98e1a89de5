"""Addresses of values: equal content, of the same types and in the same order, has the same one."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any


class Unaddressable(Exception):  # noqa: N818  # no mistake: `memo` alone sees it
    """An argument whose content has no address: the result is computed, and not kept."""


def address_of(salt: bytes, *parts: object) -> str:
    """Return the address of some values: equal content, of the same types and in the same order, has the same.

    Raises
    ------
    Unaddressable
        A value is of a kind whose content cannot be told.

    Examples
    --------
    >>> address_of(b"", 1, "a") == address_of(b"", 1, "a")
    True
    >>> address_of(b"", 1) == address_of(b"", 1.0)
    False
    """
    digest = hashlib.blake2b(salt, digest_size=24)
    for part in parts:
        for piece in _pieces(part):
            digest.update(struct.pack("<Q", len(piece)))  # where one ends is a part of the content
            digest.update(piece)
    return digest.hexdigest()


def _pieces(value: Any) -> Iterator[bytes]:
    kind = type(value)
    yield f"{kind.__module__}.{kind.__qualname__}".encode()
    if value is None or kind in {bool, int, float, str}:
        yield repr(value).encode("utf-8", "surrogatepass")
    elif kind is bytes:
        yield value
    elif isinstance(value, tuple | list):
        yield str(len(value)).encode()
        yield from _all(value)
    elif isinstance(value, frozenset):
        yield str(len(value)).encode()
        yield from _all(sorted(value))
    elif isinstance(value, Mapping):
        yield str(len(value)).encode()
        yield from _all(each for item in value.items() for each in item)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _all((each.name, getattr(value, each.name)) for each in fields(value))
    else:
        yield from _frame_pieces(value)


def _all(values: Iterable[Any]) -> Iterator[bytes]:
    for each in values:
        yield from _pieces(each)


def _frame_pieces(value: Any) -> Iterator[bytes]:
    """Yield what a frame, a column, an index, an array or one of their numbers holds."""
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        yield from _pieces(value.attrs)
        yield from _pieces(tuple(value.columns))
        yield from _array_pieces(value.index)
        for place in range(value.shape[1]):
            yield from _array_pieces(value.iloc[:, place])
    elif isinstance(value, pd.Series):
        yield from _pieces(value.attrs)
        yield from _pieces(value.name)
        yield from _array_pieces(value.index)
        yield from _array_pieces(value)
    elif isinstance(value, np.ma.MaskedArray):
        raise Unaddressable("MaskedArray")
    elif isinstance(value, np.ndarray | np.generic):
        yield from _numpy_pieces(np.asarray(value))
    elif isinstance(value, pd.Timestamp | pd.Timedelta):
        yield repr(value).encode()
    else:
        raise Unaddressable(type(value).__name__)


def _array_pieces(column: Any) -> Iterator[bytes]:
    """Yield the content of a column or an index, by its type."""
    import pandas as pd

    if isinstance(column, pd.RangeIndex):
        yield repr(column).encode()
        return
    if isinstance(column, pd.MultiIndex):
        raise Unaddressable("MultiIndex")
    yield repr(column.dtype).encode()
    if isinstance(column, pd.Index):
        yield from _pieces(column.name)
    array = column.array
    if isinstance(column.dtype, pd.CategoricalDtype):
        yield from _array_pieces(column.dtype.categories)
        yield from _numpy_pieces(array.codes)
    elif isinstance(column.dtype, pd.StringDtype):
        yield from _text_pieces(array)
    elif hasattr(array, "_mask"):  # Int64, boolean: what lies under a missing value is nothing
        missing = array.isna()
        yield from _numpy_pieces(missing)
        yield from _numpy_pieces(array._data[~missing])  # noqa: SLF001  # no other way without a copy of objects
    else:
        yield from _numpy_pieces(column.to_numpy())


def _text_pieces(array: Any) -> Iterator[bytes]:
    """Yield texts as Arrow writes them to a file: without what a slice leaves aside, and much faster than singly."""
    import pyarrow as pa

    texts = pa.array(array, from_pandas=True)
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    batch = pa.record_batch([whole.cast(pa.large_string())], names=["text"])
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, batch.schema) as stream:
        stream.write_batch(batch)
    yield out.getvalue().to_pybytes()


def _numpy_pieces(array: Any) -> Iterator[bytes]:
    import numpy as np

    if array.dtype.hasobject or array.dtype.names:
        raise Unaddressable(str(array.dtype))
    yield f"{array.dtype.str} {array.shape}".encode()
    yield np.ascontiguousarray(array).tobytes()
