"""Keyed pseudonyms: equal under one key, unlinkable under two, missing when missing."""

from __future__ import annotations

import hmac
import json
from base64 import b32decode

import pandas as pd
import pytest

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.digests import keyed_digests
from etabli.sources.pseudonyms import KEY_BYTES, LEAST_KEY_BYTES, StudyKey, is_free_text, new_key, pseudonymise

SECRET = bytes(range(32))
KEY = StudyKey(SECRET)


@pytest.fixture
def frame() -> pd.DataFrame:
    columns = {"person": ["0012", None, "0012", "12"], "channel": ["walk_in"] * 4}
    return pd.DataFrame(columns, index=[3, 1, 4, 5], dtype="str")


def test_pseudonymise_is_the_first_80_bits_of_hmac(frame: pd.DataFrame, visits: SourceCodebook) -> None:
    first, missing, again, other = pseudonymise(frame, visits, key=KEY)["person"]
    assert b32decode(first.upper()) == hmac.digest(SECRET, b"person" + bytes(1) + b"0012", "sha256")[:10]
    assert first == again != other
    assert pd.isna(missing)


def test_pseudonymise_changes_identifiers_alone(frame: pd.DataFrame, visits: SourceCodebook) -> None:
    before = frame.copy()
    found = pseudonymise(frame, visits, key=KEY)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(found[["channel"]], before[["channel"]])


def test_pseudonymise_other_key_gives_others(visits: SourceCodebook) -> None:
    frame = pd.DataFrame({"person": [f"{number}" for number in range(50)], "channel": "walk_in"})
    one, other = (set(pseudonymise(frame, visits, key=key)["person"]) for key in (KEY, StudyKey(SECRET[::-1])))
    assert len(one) == len(other) == 50
    assert not one & other


def test_new_key_is_long_and_never_twice_the_same() -> None:
    assert len(new_key()) == KEY_BYTES
    assert new_key() != new_key()


@pytest.mark.parametrize("length", [0, LEAST_KEY_BYTES - 1])
def test_pseudonymise_short_key_is_refused(visits: SourceCodebook, length: int) -> None:
    with pytest.raises(DeliveryError, match="trop courte"):
        pseudonymise(pd.DataFrame({"person": ["a"], "channel": ["walk_in"]}), visits, key=StudyKey(bytes(length)))


def test_pseudonymise_shortest_key_is_taken(visits: SourceCodebook) -> None:
    frame = pd.DataFrame({"person": ["a"], "channel": ["walk_in"]})
    assert pseudonymise(frame, visits, key=StudyKey(bytes(LEAST_KEY_BYTES)))["person"].str.len().tolist() == [16]


# Who withdrew, and what is free text -------------------------------------------------------------


def test_pseudonymise_leaves_out_who_withdrew(frame: pd.DataFrame, visits: SourceCodebook) -> None:
    without = StudyKey(SECRET, frozenset({KEY.pseudonym("0012", "person")}))
    found = pseudonymise(frame, visits, key=without)
    assert found.index.tolist() == [0, 1]
    assert found["person"].isna().tolist() == [True, False]
    assert found["person"].iloc[1] == KEY.pseudonym("12", "person")


def test_pseudonymise_remembers_who_withdrew_under_a_former_key(frame: pd.DataFrame, visits: SourceCodebook) -> None:
    former = StudyKey(SECRET[::-1], frozenset({StudyKey(SECRET[::-1]).pseudonym("0012", "person")}))
    found = pseudonymise(frame, visits, key=StudyKey(SECRET, frozenset(), (former,)))
    assert found["person"].dropna().tolist() == [KEY.pseudonym("12", "person")]


def test_same_number_of_a_person_and_of_a_visit_have_nothing_in_common() -> None:
    noun = {"one": "x", "many": "x", "gender": "f"}
    number = {"label": "N", "type": "identifier", "sensitivity": "identifier"}
    variables = {"person": number, "visit": number, "caller": {**number, "references": "people.person"}}
    book = SourceCodebook.model_validate({"row": noun, "variables": variables})
    read = pd.DataFrame({"person": ["12", "13", "14"], "visit": ["10", "12", "11"], "caller": ["1", "13", "12"]})
    found = pseudonymise(read, book, key=KEY)
    assert found["person"].iloc[0] != found["visit"].iloc[1]
    assert found["person"].iloc[0] == found["caller"].iloc[2]
    without = StudyKey(SECRET, frozenset({KEY.pseudonym("12", "person")}))
    assert pseudonymise(read, book, key=without)["visit"].tolist() == [KEY.pseudonym("12", "visit")]


def test_fingerprint_tells_keys_and_withdrawals_apart() -> None:
    former = StudyKey(SECRET[::-1], frozenset({"a"}))
    keys = [KEY, former, StudyKey(SECRET, frozenset({"a"})), StudyKey(SECRET, frozenset(), (former,))]
    assert len({key.fingerprint for key in keys}) == len(keys)
    assert [key.excludes_anyone for key in keys] == [False, True, True, True]


def test_key_goes_to_the_child_and_back() -> None:
    key = StudyKey(SECRET, frozenset({"a"}), (StudyKey(SECRET[::-1], frozenset({"b"})),))
    assert StudyKey.from_json(json.loads(json.dumps(key.as_json()))) == key


def test_key_is_not_shown() -> None:
    assert SECRET.hex() not in repr(KEY)
    assert repr(SECRET) not in repr(KEY)


@pytest.mark.parametrize(
    ("text", "person", "free"),
    [
        ({}, True, True),
        ({"sensitivity": "open"}, True, True),
        ({"sensitivity": "open"}, False, False),
        ({}, False, True),
        ({"keep": "les motifs sont lus un à un"}, True, False),
        ({"pattern": "[0-9A-Z]{9}"}, True, False),
        ({"pattern": ".*"}, True, True),
        ({"pattern": "[A-Z ]+"}, True, True),
    ],
)
def test_free_text_is_what_may_hold_sentences_about_people(text: dict[str, str], *, person: bool, free: bool) -> None:
    told = {"label": "Note", "type": "text", "sensitivity": "sensitive", **text}
    identifier = {"label": "Dossier", "type": "identifier", "sensitivity": "identifier"}
    noun = {"one": "x", "many": "x", "gender": "f"}
    people = {"person": "file", "people": noun} if person else {}
    book = SourceCodebook.model_validate({"row": noun, "variables": {"file": identifier, "note": told}, **people})
    assert is_free_text(book.variables["note"], book) is free
    read = pd.DataFrame({"file": ["1"], "note": ["Madame Dupont a appelé"]})
    assert ("note" in pseudonymise(read, book, key=KEY)) is not free


def test_pseudonym_of_composed_and_decomposed_accents_is_one() -> None:
    key = StudyKey(bytes(32))
    assert key.pseudonym("Élodie", "person") == key.pseudonym("E\u0301lodie", "person")


def test_withdrawal_recorded_under_decomposed_accents_still_holds() -> None:
    former = keyed_digests(["E\u0301lodie"], bytes(32), domain="person")[0]
    key = StudyKey(bytes(32), withdrawn=frozenset({former}))
    assert key.excludes(["Élodie", "E\u0301lodie", "Elodie"], "person") == [True, True, False]
    assert StudyKey(bytes(range(32)), former=(key,)).excludes(["Élodie", "0012"], "person") == [True, False]
