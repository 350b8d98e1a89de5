"""Keyed pseudonyms: equal under one key, unlinkable under two, missing when missing."""

from __future__ import annotations

import hmac
from base64 import b32decode

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.pseudonyms import KEY_BYTES, LEAST_KEY_BYTES, new_key, pseudonymise

KEY = bytes(range(32))


@pytest.fixture
def frame() -> pd.DataFrame:
    columns = {"person": ["0012", None, "0012", "12"], "channel": ["walk_in"] * 4}
    return pd.DataFrame(columns, index=[3, 1, 4, 5], dtype="str")


def test_pseudonymise_is_the_first_80_bits_of_hmac(frame: pd.DataFrame, visits: SourceCodebook) -> None:
    first, missing, again, other = pseudonymise(frame, visits, key=KEY)["person"]
    assert b32decode(first.upper()) == hmac.digest(KEY, b"0012", "sha256")[:10]
    assert first == again != other
    assert pd.isna(missing)


def test_pseudonymise_changes_identifiers_alone(frame: pd.DataFrame, visits: SourceCodebook) -> None:
    before = frame.copy()
    found = pseudonymise(frame, visits, key=KEY)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(found[["channel"]], before[["channel"]])


def test_pseudonymise_other_key_gives_others(visits: SourceCodebook) -> None:
    frame = pd.DataFrame({"person": [f"{number}" for number in range(50)], "channel": "walk_in"})
    one, other = (set(pseudonymise(frame, visits, key=key)["person"]) for key in (KEY, KEY[::-1]))
    assert len(one) == len(other) == 50
    assert not one & other


def test_new_key_is_long_and_never_twice_the_same() -> None:
    assert len(new_key()) == KEY_BYTES
    assert new_key() != new_key()


@pytest.mark.parametrize("length", [0, LEAST_KEY_BYTES - 1])
def test_pseudonymise_short_key_is_refused(visits: SourceCodebook, length: int) -> None:
    with pytest.raises(DeliveryError, match="trop courte"):
        pseudonymise(pd.DataFrame({"person": ["a"], "channel": ["walk_in"]}), visits, key=bytes(length))


def test_pseudonymise_shortest_key_is_taken(visits: SourceCodebook) -> None:
    frame = pd.DataFrame({"person": ["a"], "channel": ["walk_in"]})
    assert pseudonymise(frame, visits, key=bytes(LEAST_KEY_BYTES))["person"].str.len().tolist() == [16]
