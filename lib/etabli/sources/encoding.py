"""From the bytes of a delivery to its text, in the declared encoding and no other.

Latin-1 decodes any bytes without complaint, so an encoding is never believed because it decodes:
what the bytes themselves say is held against what the codebook declares.
"""

from __future__ import annotations

import codecs
import re
from typing import Literal

from etabli.errors import DeliveryError

Written = Literal["ascii", "utf-8", "utf-16", "latin-1", "cp1252"]

_FITTING: dict[str, set[Written]] = {
    "utf-8": {"ascii", "utf-8"},
    "latin-1": {"ascii", "latin-1"},
    "cp1252": {"ascii", "latin-1", "cp1252"},
    "utf-16": {"utf-16"},
}
"""For each declared encoding, what the bytes may be. Only the bytes 80 to 9F tell cp1252 from latin-1."""

_BLOCK = 1 << 24
"""Bytes that are decoded at once: a file of some hundred megabytes is never whole in memory as Python text."""

_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_MOST_LINES = 5
"""Lines that a message names."""

_CONTROLS = bytes(range(0x80, 0xA0))


def decode(raw: bytes, declared: str, *, shown: str) -> str:
    """Return the text of a delivery, without its byte order mark.

    Parameters
    ----------
    raw
        The whole file.
    declared
        The encoding of its `FileFormat`.
    shown
        How messages name the file.

    Raises
    ------
    DeliveryError
        The bytes are not text, or are in another encoding than the declared one.
    """
    return as_utf8(raw, declared, shown=shown).decode("utf-8")


def as_utf8(raw: bytes, declared: str | None, *, shown: str) -> bytes:
    """Return the text of a delivery in UTF-8, without its byte order mark, and in memory only once more at most.

    Parameters
    ----------
    raw, declared, shown
        As for `decode`; without a declared encoding, the one that the bytes point to.

    Raises
    ------
    DeliveryError
        As for `decode`.
    """
    if declared is None:
        declared = guessed(raw)
        if declared in {"latin-1", "cp1252"}:
            _hold_one_encoding(raw, shown)
    _hold_encoding(raw, declared, shown)
    if declared == "utf-8" or raw.isascii():
        return raw.removeprefix(codecs.BOM_UTF8)
    decoder = codecs.getincrementaldecoder(declared)()
    starts = range(0, len(raw), _BLOCK)
    try:
        blocks = [decoder.decode(raw[start : start + _BLOCK]).encode("utf-8") for start in starts]
        blocks.append(decoder.decode(b"", final=True).encode("utf-8"))
    except UnicodeError:
        raise _cut(declared, shown) from None
    return b"".join(blocks)


def guessed(raw: bytes) -> str:
    """Return the encoding to declare for these bytes; UTF-8 when they do not tell, or are no text."""
    written = written_in(raw)
    return "utf-8" if written in {None, "ascii"} else str(written)


def _hold_encoding(raw: bytes, declared: str, shown: str) -> None:
    """Refuse bytes that are no text, or not in the declared encoding."""
    written = written_in(raw)
    if written is None:
        seems, hint = _seems(raw)
        raise DeliveryError(
            "Le fichier n’est pas du texte.",
            where=shown,
            expected=f"un fichier texte en {declared}",
            got=seems,
            hint=hint,
        )
    if declared == "utf-8" and written != "ascii" and _is_cut(raw):
        raise _cut(declared, shown)
    if declared == "utf-8" and written in {"latin-1", "cp1252"}:
        _hold_one_encoding(raw, shown)
    if written not in _FITTING[declared]:
        fitting = "utf-8" if written == "ascii" else written
        raise DeliveryError(
            f"Le fichier n’est pas écrit en {declared}.",
            where=f"{shown}, ligne {_telling_line(raw)}",
            expected=declared,
            got=f"un texte écrit, semble-t-il, en {written}",
            hint=f"déclarez « encoding: {fitting} » dans le codebook, ou faites réenregistrer le fichier en {declared}",
        )


_SEQUENCE = re.compile(rb"[\xc3-\xc5][\x80-\xbf]|\xe2[\x80-\xbf]{2}")
"""A letter of western Europe, or a sign of punctuation, in UTF-8."""


def _hold_one_encoding(raw: bytes, shown: str) -> None:
    """Refuse UTF-8 into which bytes of another encoding slipped: no declaration reads it."""
    if _is_cut(raw):
        return
    refused = [part.start() for part in _NOT_ASCII.finditer(raw) if not _decodes(part[0], "utf-8")]
    if len(refused) >= sum(1 for _ in _SEQUENCE.finditer(raw)):
        return
    lines = sorted({raw.count(b"\n", 0, place) + 1 for place in refused[:_MOST_LINES]})
    raise DeliveryError(
        "Le fichier mêle deux encodages.",
        where=f"{shown}, ligne{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
        + (" et suivantes" if len(refused) > _MOST_LINES else ""),
        expected="un fichier écrit d’un bout à l’autre dans le même encodage",
        got="du texte en utf-8, et là des octets qui n’en sont pas (latin-1 ou cp1252, semble-t-il)",
        hint="aucun « encoding » ne le lit : redemandez le fichier en UTF-8, ou corrigez ces lignes",
    )


def _seems(raw: bytes) -> tuple[str, str]:
    """Return what bytes that are no text seem to be, and what to do about it."""
    resave = "faites-le réenregistrer au format CSV"
    if raw.startswith(b"\x1f\x8b"):
        return "un fichier compressé (gzip)", "décompressez-le"
    if raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return "un classeur ou une archive, sous un nom de texte", f"ouvrez-le dans un tableur, et {resave}"
    if raw[1:4000:2].count(0) > 2 * raw[:4000:2].count(0) + 10:
        return "un texte en UTF-16 sans la marque qui le dit", "faites-le réenregistrer en UTF-8"
    return "un octet qui n’est d’aucun texte", f"un classeur dont le nom finit en .csv, peut-être : {resave}"


def written_in(raw: bytes) -> Written | None:
    """Return the encoding that the bytes themselves point to, or None when they are not text.

    UTF-16 is known by its byte order mark, UTF-8 by decoding strictly (text of another encoding
    practically never does), cp1252 by bytes that latin-1 keeps for control characters.

    >>> written_in("é".encode()), written_in("é".encode("latin-1"))
    ('utf-8', 'latin-1')
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in raw:
        return None
    if raw.isascii():
        return "ascii"
    if _decodes(raw, "utf-8"):
        return "utf-8"
    if len(raw.translate(None, _CONTROLS)) == len(raw):
        return "latin-1"
    return "cp1252" if _decodes(raw, "cp1252") else None


def _is_cut(raw: bytes) -> bool:
    """Return whether the bytes are UTF-8 that stops inside its last character."""
    if _decodes(raw, "utf-8") or raw[:-3].isascii():  # a last byte alone does not tell UTF-8 from latin-1
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return False
    return True


def _cut(declared: str, shown: str) -> DeliveryError:
    return DeliveryError(
        "Le fichier est tronqué au milieu d’un caractère.",
        where=shown,
        expected=f"un texte complet en {declared}",
        hint="redemandez le fichier",
    )


def _decodes(raw: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(raw), _BLOCK):
            decoder.decode(raw[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _telling_line(raw: bytes) -> int:
    """Return the line (from 1) of the first byte that UTF-8 refuses, else of the first that is not ASCII."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1
    odd = re.search(rb"[\x80-\xff]", raw)
    return raw.count(b"\n", 0, odd.start()) + 1 if odd else 1
