"""Keys that last: one a project, one derived for each study, told apart by fingerprint, never silently replaced."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from etabli.errors import KeyringError
from etabli.project import Project
from etabli.sources.keys import (
    DEMO,
    STATE,
    Keyring,
    demo_key,
    derived,
    key_for,
    make_key,
    read_state,
    rotate_key,
    study_key,
)
from etabli.sources.pseudonyms import key_fingerprint
from etabli.sources.withdrawals import Withdrawal, record

DAY, LATER = date(2026, 1, 5), date(2026, 6, 1)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "settings" / "keys")


def without_key(project: Project, keyring: Keyring) -> KeyringError:
    with pytest.raises(KeyringError) as raised:
        study_key(project, keyring, "essai")
    return raised.value


def test_made_key_lasts_and_gives_each_study_its_own(empty_project: Project, keyring: Keyring) -> None:
    name = make_key(empty_project, keyring, day=DAY)
    state = read_state(empty_project)
    assert state is not None
    assert state.history == ((name, DAY),)
    key = study_key(empty_project, keyring, "essai")
    assert key == study_key(empty_project, Keyring(keyring.folder), "essai")
    assert key.pseudonym("0012") != study_key(empty_project, keyring, "autre").pseudonym("0012")
    assert keyring.read(name).hex() not in (empty_project.ledger / STATE).read_text(encoding="utf-8")


def test_derived_key_is_hkdf_sha256() -> None:
    # RFC 5869 by hand: extract with a salt of zeros, then one block of expansion
    import hmac

    secret = bytes(range(32))
    drawn = hmac.digest(bytes(32), secret, "sha256")
    assert derived(secret, "essai") == hmac.digest(drawn, b"etabli pseudonyms 1\nessai\x01", "sha256")


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights in other ways than modes")
def test_key_file_is_for_its_owner_alone(empty_project: Project, keyring: Keyring) -> None:
    path = keyring.path(make_key(empty_project, keyring, day=DAY))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    assert "peut être lue par d’autres" in without_key(empty_project, keyring).what


def test_project_without_a_key_says_so_and_makes_none(empty_project: Project, keyring: Keyring) -> None:
    error = without_key(empty_project, keyring)
    assert error.what == "Ce projet n’a pas de clé de pseudonymes."
    assert "etabli key new" in str(error.hint)
    assert not keyring.folder.exists()
    assert read_state(empty_project) is None


def test_lost_key_is_said_and_not_replaced(empty_project: Project, keyring: Keyring) -> None:
    name = make_key(empty_project, keyring, day=DAY)
    keyring.path(name).unlink()
    error = without_key(empty_project, keyring)
    assert error.what == "La clé des pseudonymes de ce projet n’est pas sur cette machine."
    assert name in str(error.expected)
    with pytest.raises(KeyringError, match="a déjà une clé"):
        make_key(empty_project, keyring, day=LATER)
    with pytest.raises(KeyringError, match="n’est pas sur cette machine"):
        rotate_key(empty_project, keyring, day=LATER)


def test_other_key_under_the_same_name_is_said(empty_project: Project, keyring: Keyring) -> None:
    path = keyring.path(make_key(empty_project, keyring, day=DAY))
    other = keyring.save(bytes(32))
    other.replace(path)
    error = without_key(empty_project, keyring)
    assert error.what == "Ce fichier porte une autre clé que celle de son nom."
    assert error.got == key_fingerprint(bytes(32))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"key": 1}', '{"key": "é"}'])
def test_damaged_key_file_is_said(empty_project: Project, keyring: Keyring, text: str) -> None:
    path = keyring.path(make_key(empty_project, keyring, day=DAY))
    path.write_text(text, encoding="utf-8")
    assert without_key(empty_project, keyring).what == "Le fichier de la clé est abîmé."


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}', '{"keys": [{"fingerprint": "a", "since": "hier"}]}'])
def test_damaged_state_is_said(empty_project: Project, keyring: Keyring, text: str) -> None:
    make_key(empty_project, keyring, day=DAY)
    (empty_project.ledger / STATE).write_text(text, encoding="utf-8")
    assert "quelle clé le projet emploie" in without_key(empty_project, keyring).what


def test_lost_state_of_a_project_with_withdrawals_gives_no_new_key(empty_project: Project, keyring: Keyring) -> None:
    name = make_key(empty_project, keyring, day=DAY)
    record(empty_project, Withdrawal("essai", name, "a" * 16, DAY, ()))
    (empty_project.ledger / STATE).unlink()
    with pytest.raises(KeyringError, match="a déjà une clé") as raised:
        make_key(empty_project, keyring, day=LATER)
    assert raised.value.got == name


def test_rotated_key_changes_pseudonyms_and_gives_nobody_back(empty_project: Project, keyring: Keyring) -> None:
    former = make_key(empty_project, keyring, day=DAY)
    before = study_key(empty_project, keyring, "essai")
    record(empty_project, Withdrawal("essai", former, before.pseudonym("0012"), DAY, ()))
    assert rotate_key(empty_project, keyring, day=LATER)[0] == former
    after = study_key(empty_project, keyring, "essai")
    assert after.pseudonym("0012") != before.pseudonym("0012")
    assert after.excludes("0012", after.pseudonym("0012"))
    assert not after.excludes("0013", after.pseudonym("0013"))
    keyring.path(former).unlink()
    assert former in str(without_key(empty_project, keyring).expected)


def test_fictional_data_ask_for_no_key(empty_project: Project, keyring: Keyring) -> None:
    key = key_for(empty_project, keyring, "essai", "demo")
    assert key == demo_key("essai")
    assert not keyring.folder.exists()
    record(empty_project, Withdrawal("essai", DEMO, key.pseudonym("1"), DAY, ()))
    assert key_for(empty_project, keyring, "essai", "demo").excludes("1", key.pseudonym("1"))
