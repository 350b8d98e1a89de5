"""Keyed digests made together are those of the standard library, one by one."""

from __future__ import annotations

import hmac
from base64 import b32encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.sources.digests import keyed_digests


def one(text: str, secret: bytes) -> str:
    return b32encode(hmac.digest(secret, b"person\0" + text.encode(), "sha256")[:10]).decode().lower()


@pytest.mark.parametrize("length", [1, 16, 32, 63, 64, 65, 200])
def test_digests_are_those_of_hmac_whatever_the_key_is_long(length: int) -> None:
    texts, secret = ["0012", "", "été", "x" * 500], bytes(range(length % 256)) or b"k"
    assert keyed_digests(texts, secret, domain="person") == [one(text, secret) for text in texts]


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text(st.characters(codec="utf-8"))), secret=st.binary(min_size=1, max_size=130))
def test_digests_are_those_of_hmac(texts: list[str], secret: bytes) -> None:
    assert keyed_digests(texts, secret, domain="person") == [one(text, secret) for text in texts]
