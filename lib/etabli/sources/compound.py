"""The error cells of an Excel 97 workbook (.xls), which its reader shows as empty ones.

Only what leads to them is read: the streams of the compound file ([MS-CFB]), then the records of one sheet ([MS-XLS]).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NONE = 0xFFFFFFFA
"""From here on a sector number is no sector: free, end of chain, the table's own."""

_SMALL = 4096
"""Bytes under which a stream stands among the small ones; a workbook never does."""

_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_SHEET, _BEGIN, _END, _FORMULA, _ERROR = 0x0085, 0x0809, 0x000A, 0x0006, 0x0205


def error_cells(raw: bytes, place: int) -> dict[tuple[int, int], str] | None:
    """Return the cells in error of the sheet of a place (from 0), by row and column (from 0).

    None when the file is no such workbook, or is not whole.
    """
    if not raw.startswith(_MAGIC):
        return None
    try:
        stream = _workbook(raw)
        sheets = [data for kind, data, _ in _records(stream, 0) if kind == _SHEET]
        (start,) = struct.unpack_from("<I", sheets[place])
        return dict(_errors(stream, start))
    except (struct.error, IndexError, ValueError):
        return None


def _workbook(raw: bytes) -> bytes:
    """Return the stream of the workbook."""
    size = 1 << struct.unpack_from("<H", raw, 30)[0]
    if size not in {512, 4096}:
        raise ValueError("size of a sector")
    listed = [sector for sector in struct.unpack_from("<109I", raw, 76) if sector < _NONE]
    more, count = struct.unpack_from("<II", raw, 68)
    for _ in range(min(count, len(raw) // size)):
        *sectors, more = struct.unpack_from(f"<{size // 4}I", raw, size * (more + 1))
        listed += [sector for sector in sectors if sector < _NONE]
    table = [each for sector in listed for each in struct.unpack_from(f"<{size // 4}I", raw, size * (sector + 1))]
    entries = _chain(raw, table, struct.unpack_from("<I", raw, 48)[0], size)
    for at in range(0, len(entries) - 127, 128):
        name = entries[at : at + 2 * max(0, struct.unpack_from("<H", entries, at + 64)[0] // 2 - 1)].decode("utf-16-le")
        first, length = struct.unpack_from("<II", entries, at + 116)
        if name in {"Workbook", "Book"} and length >= _SMALL:
            return _chain(raw, table, first, size)[:length]
    raise ValueError("no workbook")


def _chain(raw: bytes, table: list[int], sector: int, size: int) -> bytes:
    """Return the sectors of a chain; one that turns round is broken."""
    parts: list[bytes] = []
    while sector < _NONE:
        if len(parts) > len(table):
            raise ValueError("endless chain")
        parts.append(raw[size * (sector + 1) : size * (sector + 2)])
        sector = table[sector]
    return b"".join(parts)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield the records of a substream, and how many others begin inside it."""
    depth = 0
    while True:
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BEGIN) - (kind == _END)
        if depth <= 0:
            return
        yield kind, stream[at + 4 : at + 4 + length], depth
        at += 4 + length


def _errors(stream: bytes, start: int) -> Iterator[tuple[tuple[int, int], str]]:
    for kind, data, depth in _records(stream, start):
        code = None
        if kind == _ERROR and depth == 1 and data[7]:
            code = data[6]
        elif kind == _FORMULA and depth == 1 and data[12:14] == b"\xff\xff" and data[6] == 2:
            code = data[8]
        if code is not None:
            row, column = struct.unpack_from("<HH", data)
            yield (row, column), _ERRORS.get(code, "#N/A")
