"""A column of text as its different values and the place of each row among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

NARROW = 2
"""Bytes of a text up to which a table of all that can be written tells its place: « 1 », « F », « 2A »."""

_FEW = 1 << 7
"""Different values whose places fit in a byte."""

_BLOCK = 1 << 14
"""Rows that are followed at once."""

_WORD = 8
"""Bytes of a whole number."""


def dictionary_column(column: Any) -> pd.Series:
    """Return a column of Arrow's dictionaries of text as categories, the dictionary kept as Arrow holds it."""
    import pyarrow as pa

    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    values = pd.Index(pd.array(pa.chunked_array([whole.dictionary]), dtype="str"))
    codes = (whole.indices.fill_null(-1) if whole.null_count else whole.indices).to_numpy()
    return pd.Series(pd.Categorical.from_codes(codes, categories=values, validate=False), copy=False)


def narrow_column(column: Any, width: int) -> pd.Series:
    """Return a column of Arrow text, none missing, each of so many bytes (at most `NARROW`), as categories."""
    kind, seen = np.dtype(f"<u{width}"), np.zeros(1 << 8 * width, dtype=bool)
    chunks = [
        np.frombuffer(chunk.buffers()[2], kind, len(chunk), _first(chunk)) for chunk in column.chunks if len(chunk)
    ]
    for letters in chunks:
        seen[letters] = True
    known = np.flatnonzero(seen).astype(kind)
    values = pd.Index([each.tobytes().decode("utf-8") for each in known], dtype="str")
    codes = np.concatenate([places_among(letters, known) for letters in chunks])
    return pd.Series(pd.Categorical.from_codes(codes, categories=values, validate=False), copy=False)


def places_among(numbers: npt.NDArray[np.unsignedinteger[Any]], known: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the place of each number (of one byte or two) among those that are known, in as few bytes as hold it."""
    size = 1 << 8 * numbers.itemsize
    places = np.zeros(size, dtype="int8" if len(known) < _FEW else "int32")
    places[known] = np.arange(len(known))
    if size == 1 << 8 and places.itemsize == 1:  # a table that bytes have of their own
        return np.frombuffer(numbers.tobytes().translate(places.tobytes()), dtype="int8")
    found: npt.NDArray[Any] = places[numbers]
    return found


def codes_at(codes: npt.NDArray[Any], places: npt.NDArray[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """Return the code at each place, by the table that bytes have of their own where both are of one byte."""
    if codes.dtype != np.int8 or places.dtype != np.int8 or len(codes) > _FEW:
        return codes.take(places)
    table = codes.tobytes().ljust(1 << 8, b"\0")
    return np.frombuffer(places.tobytes().translate(table), dtype="int8")


def texts_at(values: pd.Series, places: npt.NDArray[np.signedinteger[Any]]) -> pd.Series:
    """Return the text (dtype `str`) at each place: where all are of one length, as most codes are, in half the time.

    >>> texts_at(pd.Series(["35238", "2A004"]), np.array([1, 0, 1])).tolist()
    ['2A004', '35238', '2A004']
    """
    import pyarrow as pa

    held = pa.chunked_array(pa.array(values.array, from_pandas=True)).combine_chunks().cast(pa.large_string())
    width = 0 if held.null_count or not len(places) else width_of(held)
    if not width:
        return pd.Series(values.array.take(places), copy=False)
    table = np.frombuffer(held.buffers()[2], f"V{width}", len(held), _first(held))
    letters = np.empty(len(places), table.dtype)
    for start in range(0, len(places), _BLOCK):  # places are widened to be followed: where the cache holds them
        letters[start : start + _BLOCK] = table.take(places[start : start + _BLOCK])
    sizes = np.arange(0, width * (len(places) + 1), width)
    texts = pa.LargeStringArray.from_buffers(len(places), pa.py_buffer(sizes), pa.py_buffer(letters))
    return pd.Series(pd.array(pa.chunked_array([texts]), dtype="str"), copy=False)


def width_of(texts: Any) -> int:
    """Return how many bytes each text of an Arrow column takes; 0 where they differ, or are none."""
    import pyarrow.compute as pc

    told = pc.min_max(pc.binary_length(texts)).as_py()
    return int(told["min"] or 0) if told["min"] == told["max"] else 0


def whole_numbers(column: Any) -> pd.Series:
    """Return a column of Arrow's whole numbers (int64) as `Int64`, copied once."""
    import pyarrow as pa

    chunks = [each for each in column.chunks if len(each)] or [pa.array([], pa.int64())]
    values = [np.frombuffer(each.buffers()[1] or b"", "int64", len(each), 8 * each.offset) for each in chunks]
    missing = [
        each.is_null().to_numpy(zero_copy_only=False) if each.null_count else np.zeros(len(each), dtype=bool)
        for each in chunks
    ]
    return pd.Series(pd.arrays.IntegerArray(np.concatenate(values), np.concatenate(missing)), copy=False)


def _first(texts: Any) -> int:
    """Return the place of the first byte of an Arrow array of text."""
    import pyarrow as pa

    kind = np.dtype("int64" if pa.types.is_large_string(texts.type) else "int32")
    return int(np.frombuffer(texts.buffers()[1], kind, count=1, offset=kind.itemsize * texts.offset)[0])


def repeated_column(column: Any) -> pd.Series:
    """Return a column of Arrow text, none missing, as categories of its different values, in order of appearance."""
    import pyarrow as pa

    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray) or not len(whole):  # more than 2 GiB of text
        return dictionary_column(column.dictionary_encode())
    words = _words(whole)
    if words is None:
        return dictionary_column(pa.chunked_array([whole]).dictionary_encode())
    codes, known = pd.factorize(words)
    firsts = np.empty(len(known), dtype="int64")
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    values = pd.Index(pd.array(pa.chunked_array([whole.take(pa.array(firsts))]), dtype="str"))
    return pd.Series(pd.Categorical.from_codes(codes, categories=values, validate=False), copy=False)


def _words(texts: Any) -> npt.NDArray[np.uint64] | None:
    """Return each text as one number, if none is longer than eight bytes: what is quickest to tell apart."""
    offsets = np.frombuffer(texts.buffers()[1], dtype="int32")[texts.offset : texts.offset + len(texts) + 1]
    sizes = np.diff(offsets)
    if sizes.max() > _WORD:
        return None
    held = bytes(texts.buffers()[2] or b"")[offsets[0] : offsets[-1]]
    if b"\0" in held:  # it would not be told from what fills a number
        return None
    held += bytes(_WORD)
    words = np.ndarray((len(held) - _WORD + 1,), dtype="<u8", buffer=held, strides=(1,))
    kept = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], dtype="uint64")
    found: npt.NDArray[np.uint64] = words[offsets[:-1] - offsets[0]] & kept[sizes]
    return found
