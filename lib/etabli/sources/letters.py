"""What a column of text is made of, told from the bytes that Arrow holds: some ten times as fast as text by text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

Bytes = npt.NDArray[np.uint8]

_FIRST, _LAST = ord("!"), ord("~")
"""The letters, digits and signs of ASCII, without its blanks and controls."""


def is_ascii(text: pd.Series) -> bool:
    """Return whether a column of text (dtype `str`) holds ASCII alone: no accent is there to be composed."""
    return all(int(letters.max(initial=0)) < 1 << 7 for letters, _ in _held(text))


def is_bare(text: pd.Series) -> bool:
    """Return whether every text of a column (dtype `str`) is filled with visible ASCII: nothing misses, or is to strip.

    >>> is_bare(pd.Series(["35238", "2A004"])), is_bare(pd.Series(["35238 "])), is_bare(pd.Series(["35238", None]))
    (True, False, False)
    """
    return not text.hasnans and all(
        int(sizes.min(initial=1)) > 0
        and int(letters.min(initial=_FIRST)) >= _FIRST
        and int(letters.max(initial=_LAST)) <= _LAST
        for letters, sizes in _held(text)
    )


def are_all(text: pd.Series, width: int, signs: bytes) -> bool:
    """Return whether every text of a column (dtype `str`) is made of so many of these signs of ASCII; none misses.

    >>> are_all(pd.Series(["35238", "2A004"]), 5, b"0123456789AB"), are_all(pd.Series(["35238"]), 5, b"01234")
    (True, False)
    """
    return not text.hasnans and all(
        bool((sizes == width).all()) and _has_only(letters, signs) for letters, sizes in _held(text)
    )


def _has_only(letters: Bytes, signs: bytes) -> bool:
    first, last = min(signs), max(signs)
    if letters.min(initial=first) < first or letters.max(initial=last) > last:
        return False
    return last - first < len(set(signs)) or not letters.tobytes().translate(None, signs)


def _held(text: pd.Series) -> Iterator[tuple[Bytes, npt.NDArray[np.signedinteger]]]:
    """Yield the bytes of the texts, and how many each has, as Arrow holds them."""
    import pyarrow as pa

    for chunk in pa.chunked_array(pa.array(text.array, from_pandas=True)).chunks:
        kind = "int64" if pa.types.is_large_string(chunk.type) else "int32"
        offsets = np.frombuffer(chunk.buffers()[1] or b"", kind)[chunk.offset : chunk.offset + len(chunk) + 1]
        if len(offsets):
            letters = np.frombuffer(chunk.buffers()[2] or b"", dtype="uint8")[offsets[0] : offsets[-1]]
            yield letters, offsets[1:] - offsets[:-1]
