"""A column of text as its different values and the place of each row among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_WORD = 8
"""Bytes of a whole number."""


def dictionary_column(column: Any) -> pd.Series:
    """Return a column of Arrow's dictionaries of text as categories, the dictionary kept as Arrow holds it."""
    import pyarrow as pa

    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    values = pd.Index(pd.array(pa.chunked_array([whole.dictionary]), dtype="str"))
    codes = whole.indices.fill_null(-1).to_numpy()
    return pd.Series(pd.Categorical.from_codes(codes, categories=values, validate=False), copy=False)


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
