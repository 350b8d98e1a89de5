"""Bytes to text: what the bytes say is held against what is declared."""

from __future__ import annotations

import codecs

import pytest

from etabli.errors import DeliveryError
from etabli.sources.encoding import as_utf8, decode, written_in

TEXT = "quartier;libellé\n1;Le Blosne\n2;Villejean été\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16"])
def test_decode_declared_encoding_gives_the_text(encoding: str) -> None:
    assert decode(TEXT.encode(encoding), encoding, shown="v.csv") == TEXT


@pytest.mark.parametrize("declared", ["utf-8", "latin-1", "cp1252"])
def test_decode_ascii_fits_every_one_byte_encoding(declared: str) -> None:
    assert decode(b"a;b\n", declared, shown="v.csv") == "a;b\n"


def test_decode_utf8_mark_is_dropped() -> None:
    assert decode(codecs.BOM_UTF8 + b"a", "utf-8", shown="v.csv") == "a"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_written_in_utf16_mark_is_seen(mark: bytes) -> None:
    assert written_in(mark + b"a\0") == "utf-16"


@pytest.mark.parametrize(
    ("content", "declared", "found", "line"),
    [
        (TEXT.encode("latin-1"), "utf-8", "latin-1", 1),
        ("a\nb\nl’été\n".encode("cp1252"), "utf-8", "cp1252", 3),
        ("a\nété\n".encode(), "latin-1", "utf-8", 2),
        ("a\nété\n".encode(), "cp1252", "utf-8", 2),
        (codecs.BOM_UTF8 + b"a\n", "latin-1", "utf-8", 1),
        ("été\n".encode("utf-16"), "latin-1", "utf-16", 1),
        ("été\n".encode("utf-16"), "utf-8", "utf-16", 1),
        (b"a;b\n", "utf-16", "ascii", 1),
        ("a\nl’été\n".encode("cp1252"), "latin-1", "cp1252", 2),
    ],
)
def test_decode_other_encoding_is_refused_with_its_name(content: bytes, declared: str, found: str, line: int) -> None:
    with pytest.raises(DeliveryError) as raised:
        decode(content, declared, shown="v.csv")
    error = raised.value
    assert error.what == f"Le fichier n’est pas écrit en {declared}."
    assert (error.where, error.expected) == (f"v.csv, ligne {line}", declared)
    assert error.got == f"un texte écrit, semble-t-il, en {found}"
    assert f"« encoding: {found.replace('ascii', 'utf-8')} »" in str(error.hint)


@pytest.mark.parametrize("content", [b"PK\x03\x04\0\0", "été".encode("utf-16")[2:], b"\x81\x8d\x8f"])
def test_decode_bytes_of_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(DeliveryError, match="n’est pas du texte"):
        decode(content, "utf-8", shown="v.csv")


def test_mixed_encodings_are_told_with_their_lines_and_no_declaration() -> None:
    mixed = "a\nété\nhiver;à côté\n".encode() + "abîmé\n".encode("latin-1") + "été\n".encode() * 3
    for declared in ("utf-8", None):
        with pytest.raises(DeliveryError, match="mêle deux encodages") as raised:
            as_utf8(mixed, declared, shown="v.csv")
        assert raised.value.where == "v.csv, ligne 4"
        assert "encoding:" not in str(raised.value.hint)


def test_latin_1_with_one_cell_of_utf_8_is_latin_1() -> None:
    content = "été;hiver;à côté;abîmé\n".encode("latin-1") + "ré\n".encode()
    with pytest.raises(DeliveryError, match="n’est pas écrit en utf-8"):
        as_utf8(content, "utf-8", shown="v.csv")
    assert as_utf8(content, "latin-1", shown="v.csv").decode().startswith("été")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_decode_half_a_character_is_refused(encoding: str) -> None:
    with pytest.raises(DeliveryError, match="tronqué au milieu d’un caractère"):
        decode("a;été;€".encode(encoding)[:-1], encoding, shown="v.csv")


def test_decode_last_byte_alone_does_not_make_a_truncated_file() -> None:
    with pytest.raises(DeliveryError, match="n’est pas écrit en utf-8"):
        decode("a;b;é".encode("latin-1"), "utf-8", shown="v.csv")
