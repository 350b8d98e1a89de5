"""Keys that go to a colleague: sealed by a passphrase, never over another key without a word."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from etabli.errors import KeyringError
from etabli.project import Project
from etabli.sources import key_transfer
from etabli.sources.key_transfer import LEAST_PASSPHRASE, export_key, import_key
from etabli.sources.keys import Keyring, make_key, read_state, rotate_key, study_key

DAY, LATER = date(2026, 1, 5), date(2026, 6, 1)
PHRASE = "quatre mots sans lien"


@pytest.fixture(autouse=True)
def _cheap_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a guess is what it is in use; tests pay less."""
    monkeypatch.setattr(key_transfer, "_SCRYPT", {"n": 2**4, "r": 8, "p": 1})


class Colleague:
    """A project on a machine, with its own keys."""

    def __init__(self, root: Path) -> None:
        self.project, self.keyring = Project(root / "project"), Keyring(root / "keys")

    @property
    def current(self) -> str:
        state = read_state(self.project)
        assert state is not None
        return state.current


@pytest.fixture
def anne(tmp_path: Path) -> Colleague:
    anne = Colleague(tmp_path / "anne")
    make_key(anne.project, anne.keyring, day=DAY)
    return anne


@pytest.fixture
def bilal(tmp_path: Path) -> Colleague:
    return Colleague(tmp_path / "bilal")


def exported(owner: Colleague, name: str = "cle.json") -> Path:
    path = owner.keyring.folder.parent / name
    export_key(owner.project, owner.keyring, path, PHRASE)
    return path


def test_key_goes_to_a_colleague(anne: Colleague, bilal: Colleague) -> None:
    assert import_key(bilal.project, bilal.keyring, exported(anne), PHRASE) == anne.current
    one, other = (study_key(each.project, each.keyring, "essai") for each in (anne, bilal))
    assert one == other


def test_exported_file_does_not_hold_the_key(anne: Colleague) -> None:
    path = exported(anne)
    text, secret = path.read_text(encoding="ascii"), anne.keyring.read(anne.current)
    assert secret.hex() not in text
    assert json.loads(anne.keyring.path(anne.current).read_text(encoding="ascii"))["key"] not in text
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("phrase", ["", PHRASE + " ", PHRASE.upper()])
def test_wrong_passphrase_is_refused(anne: Colleague, bilal: Colleague, phrase: str) -> None:
    with pytest.raises(KeyringError, match="phrase secrète n’est pas la bonne"):
        import_key(bilal.project, bilal.keyring, exported(anne), phrase)
    assert read_state(bilal.project) is None
    assert not bilal.keyring.folder.exists()


def test_passphrase_has_a_least_length(anne: Colleague, tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="trop courte"):
        export_key(anne.project, anne.keyring, tmp_path / "a", "x" * (LEAST_PASSPHRASE - 1))
    assert not (tmp_path / "a").exists()
    export_key(anne.project, anne.keyring, tmp_path / "a", "x" * LEAST_PASSPHRASE)


def test_export_does_not_write_over_a_file(anne: Colleague) -> None:
    path = exported(anne)
    before = path.read_bytes()
    with pytest.raises(KeyringError, match="existe déjà"):
        exported(anne)
    assert path.read_bytes() == before


def test_different_key_is_refused_unless_told(anne: Colleague, bilal: Colleague) -> None:
    own = make_key(bilal.project, bilal.keyring, day=DAY)
    path = exported(anne)
    with pytest.raises(KeyringError, match="n’est pas celle que le projet emploie") as raised:
        import_key(bilal.project, bilal.keyring, path, PHRASE)
    assert (raised.value.expected, raised.value.got) == (own, anne.current)
    assert bilal.current == own
    assert import_key(bilal.project, bilal.keyring, path, PHRASE, replace=True) == anne.current
    assert bilal.current == anne.current
    assert bilal.keyring.path(own).is_file()


def test_rotated_key_follows_with_the_former_ones(anne: Colleague, bilal: Colleague) -> None:
    import_key(bilal.project, bilal.keyring, exported(anne), PHRASE)
    former, new = rotate_key(anne.project, anne.keyring, day=LATER)
    assert import_key(bilal.project, bilal.keyring, exported(anne, "suivante.json"), PHRASE) == new
    assert bilal.keyring.path(former).is_file()


def test_former_export_does_not_bring_a_former_key_back(anne: Colleague) -> None:
    path = exported(anne)
    _, new = rotate_key(anne.project, anne.keyring, day=LATER)
    with pytest.raises(KeyringError, match="n’est pas celle que le projet emploie"):
        import_key(anne.project, anne.keyring, path, PHRASE)
    assert anne.current == new


def test_lost_key_comes_back(anne: Colleague) -> None:
    path = exported(anne)
    anne.keyring.path(anne.current).unlink()
    assert import_key(anne.project, anne.keyring, path, PHRASE) == anne.current
    study_key(anne.project, anne.keyring, "essai")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "etabli key 1"}', '{"kind": "autre"}'])
def test_file_that_is_no_export_is_refused(bilal: Colleague, tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text, encoding="ascii")
    with pytest.raises(KeyringError, match="n’est pas une clé exportée"):
        import_key(bilal.project, bilal.keyring, tmp_path / "a", PHRASE)


def test_tampered_file_is_refused(anne: Colleague, bilal: Colleague) -> None:
    path = exported(anne)
    told = json.loads(path.read_text(encoding="ascii"))
    told["sealed"] = ("A" if told["sealed"][0] != "A" else "B") + told["sealed"][1:]
    path.write_text(json.dumps(told), encoding="ascii")
    with pytest.raises(KeyringError, match="modifié"):
        import_key(bilal.project, bilal.keyring, path, PHRASE)


def test_file_that_is_not_there_is_said(bilal: Colleague, tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="n’existe pas"):
        import_key(bilal.project, bilal.keyring, tmp_path / "a", PHRASE)
