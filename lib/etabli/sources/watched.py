"""A delimited file, looked at block after block while Arrow reads it: what is out of the ordinary stops the reading."""

from __future__ import annotations

import codecs
from typing import IO

import numpy as np

_BLOCK = 1 << 17
"""Bytes that are compared at once: what stays beside its mask in a core's cache."""

_TAIL = 1 << 16
"""Bytes of the end that are kept."""


class Unusual(Exception):  # noqa: N818 – no error: the file is read in another way
    """Something that only a look at the whole file can judge, or name."""


class WatchedFile:
    """What Arrow reads a file through, from its first row on.

    Read to its end without `Unusual`, the file is UTF-8 text without a quote, whose line breaks are all of one kind.

    Parameters
    ----------
    file
        Opened in binary, its head read already.
    head, offset
        That head, without a byte order mark, and the place of its first row.
    ascii_only
        Whether a letter beyond ASCII is out of the ordinary: it is not where UTF-8 is expected.
    """

    closed = False

    def __init__(self, file: IO[bytes], head: bytes, offset: int, *, ascii_only: bool) -> None:
        self._file = file
        self._rows = head[offset:]
        self._decoder = None if ascii_only else codecs.getincrementaldecoder("utf-8")()
        self._returns = 0
        self.line_feeds = 0
        self.tail = b""
        """The last bytes that were read, all of them where they are few."""
        self._look(head[:offset])
        self.line_feeds, self.tail = 0, b""

    def read(self, size: int) -> bytes:
        """Return the next bytes, none at the end.

        Raises
        ------
        Unusual
            They are out of the ordinary.
        """
        block, self._rows = self._rows[:size], self._rows[size:]
        block = block or self._file.read(size)
        self._look(block)
        return block

    def _look(self, block: bytes) -> None:
        before = self.tail[-1:]
        if b"\0" in block or b'"' in block or _has_hexadecimal(block, before):
            raise Unusual
        if not block.isascii() or self._is_inside_letter():
            self._decode(block)
        if b"\r" in block or before == b"\r":
            pairs = block.count(b"\r\n") + (before == b"\r" and block.startswith(b"\n"))
            self._returns += block.count(b"\r") - pairs
        self.line_feeds += line_feeds(block)
        self.tail = block[-_TAIL:] if len(block) >= _TAIL else (self.tail + block)[-_TAIL:]
        if not block:
            self._hold_end()

    def _hold_end(self) -> None:
        if self._returns or self._is_inside_letter():
            raise Unusual

    def _is_inside_letter(self) -> bool:
        return self._decoder is not None and bool(self._decoder.getstate()[0])

    def _decode(self, block: bytes) -> None:
        if self._decoder is None:
            raise Unusual
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError:
            raise Unusual from None


def _has_hexadecimal(block: bytes, before: bytes) -> bool:
    """Return whether « 0x » is there: Arrow reads « 0x1F » as a whole number."""
    if before == b"0" and block[:1] in (b"x", b"X"):
        return True
    return (b"x" in block and b"0x" in block) or (b"X" in block and b"0X" in block)


def line_feeds(text: bytes, offset: int = 0) -> int:
    """Return how many line feeds there are from a place on: in blocks, four times as fast as `bytes.count`."""
    letters = np.frombuffer(text, dtype="uint8", offset=offset) if len(text) > offset else np.empty(0, dtype="uint8")
    blocks = range(0, len(letters), _BLOCK)
    return sum(int(np.count_nonzero(letters[start : start + _BLOCK] == ord("\n"))) for start in blocks)
