"""Keys that last: one a project, one derived for each study, told apart by fingerprint, never silently replaced."""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from etabli.errors import KeyringError
from etabli.project import KEYS_VARIABLE, Project
from etabli.sources.keys import (
    DEMO,
    STATE,
    Keyring,
    demo_key,
    derived,
    key_for,
    keyring_of,
    make_key,
    read_state,
    rotate_key,
    study_key,
)
from etabli.sources.pseudonyms import key_fingerprint
from etabli.sources.withdrawals import WITHDRAWALS, Withdrawal, record

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
    assert key.pseudonym("0012", "person") != study_key(empty_project, keyring, "autre").pseudonym("0012", "person")
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
    other = keyring.save(bytes(32), ledger=empty_project.ledger)
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
    record(empty_project, Withdrawal("essai", former, before.pseudonym("0012", "person"), DAY, ()))
    assert rotate_key(empty_project, keyring, day=LATER)[0] == former
    after = study_key(empty_project, keyring, "essai")
    assert after.pseudonym("0012", "person") != before.pseudonym("0012", "person")
    assert after.excludes(["0012", "0013"], "person") == [True, False]
    keyring.path(former).unlink()
    assert former in str(without_key(empty_project, keyring).expected)


@pytest.mark.parametrize("lost", ["file and head", "last line", "another"])
def test_ledger_behind_what_the_key_saw_is_said(empty_project: Project, keyring: Keyring, lost: str) -> None:
    name = make_key(empty_project, keyring, day=DAY)
    for who in "ab":
        record(empty_project, Withdrawal("essai", name, who * 16, DAY, ()))
    assert study_key(empty_project, keyring, "essai").withdrawn == {"a" * 16, "b" * 16}
    path = empty_project.ledger / WITHDRAWALS
    for each in (path, path.with_name(f".{WITHDRAWALS}.head")):
        each.unlink()
    for who in {"file and head": "", "last line": "a", "another": "ac"}[lost]:
        record(empty_project, Withdrawal("essai", name, who * 16, DAY, ()))
    told = "n’est pas celui que cette clé a vu" if lost == "another" else "est en retard"
    assert told in without_key(empty_project, keyring).what
    with pytest.raises(KeyringError, match=told):
        rotate_key(empty_project, keyring, day=LATER)


def test_new_key_has_seen_what_the_former_had(empty_project: Project, keyring: Keyring) -> None:
    name = make_key(empty_project, keyring, day=DAY)
    record(empty_project, Withdrawal("essai", name, "a" * 16, DAY, ()))
    _, new = rotate_key(empty_project, keyring, day=LATER)
    assert keyring.anchor(new).count == 1


def test_lost_ledger_of_a_project_with_deliveries_gives_no_key_unless_told(
    empty_project: Project, keyring: Keyring
) -> None:
    folder = empty_project.raw("caf-35", "2024")
    folder.mkdir(parents=True)
    (folder / "deliveries.json").write_text("{}", encoding="utf-8")
    with pytest.raises(KeyringError, match="rien ne dit si le projet avait une clé") as raised:
        make_key(empty_project, keyring, day=DAY)
    assert "--first" in str(raised.value.hint)
    assert not keyring.folder.exists()
    make_key(empty_project, keyring, day=DAY, first=True)


@pytest.mark.parametrize("where", ["keys", "home"])
@pytest.mark.parametrize("withdrawn", [True, False])
def test_lost_ledger_gives_no_key_while_the_one_that_it_used_is_here(
    empty_project: Project, tmp_path: Path, where: str, *, withdrawn: bool
) -> None:
    used = Keyring(tmp_path / where)
    keyring = Keyring(tmp_path / "keys", tmp_path / "home")
    name = make_key(empty_project, used, day=DAY)
    if withdrawn:
        record(empty_project, Withdrawal("essai", name, "a" * 16, DAY, ()))
    study_key(empty_project, used, "essai")
    shutil.rmtree(empty_project.ledger)
    with pytest.raises(KeyringError, match="cette machine en garde une") as raised:
        make_key(empty_project, keyring, day=LATER, first=True)
    assert str(used.path(name)) in str(raised.value.got)
    assert ("retraits déjà vus : 1" in str(raised.value.got)) is withdrawn
    assert "data/ledger" in str(raised.value.hint)
    assert without_key(empty_project, keyring).what == raised.value.what
    assert read_state(empty_project) is None
    used.path(name).rename(tmp_path / "ailleurs.json")
    assert make_key(empty_project, keyring, day=LATER, first=True) != name


@pytest.mark.parametrize("noted", [True, False])
def test_key_of_another_project_that_still_uses_it_hinders_nobody(tmp_path: Path, *, noted: bool) -> None:
    other, mine, keyring = Project(tmp_path / "other"), Project(tmp_path / "mine"), Keyring(tmp_path / "keys")
    name = make_key(other, keyring, day=DAY)
    record(other, Withdrawal("essai", name, "a" * 16, DAY, ()))
    study_key(other, keyring, "essai")
    if not noted:  # a key file from before ledgers were noted: it may be anybody's
        path = keyring.path(name)
        told = json.loads(path.read_text(encoding="ascii"))
        del told["ledgers"]
        path.write_text(json.dumps(told), encoding="ascii")
        with pytest.raises(KeyringError, match="cette machine en garde une"):
            make_key(mine, keyring, day=DAY)
        study_key(other, keyring, "essai")
    assert make_key(mine, keyring, day=DAY) != name


def test_lost_key_is_told_what_to_do(empty_project: Project, keyring: Keyring) -> None:
    name = make_key(empty_project, keyring, day=DAY)
    with pytest.raises(KeyringError, match="a déjà une clé") as raised:
        make_key(empty_project, keyring, day=LATER)
    assert "rotate" in str(raised.value.hint)
    keyring.path(name).unlink()
    with pytest.raises(KeyringError, match="a déjà une clé") as raised:
        make_key(empty_project, keyring, day=LATER)
    assert "rotate" not in str(raised.value.hint)
    assert "« Une clé perdue pour de bon »" in str(raised.value.hint)


def test_missing_key_of_a_project_with_deliveries_hints_no_command_that_refuses(
    empty_project: Project, keyring: Keyring
) -> None:
    folder = empty_project.raw("caf-35", "2024")
    folder.mkdir(parents=True)
    (folder / "deliveries.json").write_text("{}", encoding="utf-8")
    assert "« etabli key new --first »" in str(without_key(empty_project, keyring).hint)


def test_keys_in_the_project_are_refused(empty_project: Project, tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="ne se garde pas dans le projet"):
        keyring_of(empty_project, {KEYS_VARIABLE: str(empty_project.data / "keys")})
    with pytest.raises(KeyringError, match="dépend de l’endroit"):
        keyring_of(empty_project, {KEYS_VARIABLE: "keys"})
    keyring = keyring_of(empty_project, {KEYS_VARIABLE: str(tmp_path / "keys")})
    assert keyring == Keyring(tmp_path / "keys", keyring_of(empty_project, {}).folder)


def test_fictional_data_ask_for_no_key(empty_project: Project, keyring: Keyring) -> None:
    key = key_for(empty_project, keyring, "essai", "demo")
    assert key == demo_key("essai")
    assert not keyring.folder.exists()
    record(empty_project, Withdrawal("essai", DEMO, key.pseudonym("1", "person"), DAY, ()))
    assert key_for(empty_project, keyring, "essai", "demo").excludes(["1"], "person") == [True]
