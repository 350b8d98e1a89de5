"""Where keys of pseudonyms come from: one secret a project, outside it, from which each study's key is derived.

A key file is named by the key's fingerprint and lies in the user's own settings (`project.keys_folder`).
`data/ledger/key.json` says which one the project uses: a lost key, or another, is said and never replaced.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from etabli.errors import KeyringError
from etabli.project import Project
from etabli.sources.pseudonyms import StudyKey, key_fingerprint, new_key
from etabli.sources.withdrawals import read_withdrawals

STATE = "key.json"
DEMO = "demo"
"""Stands for the fingerprint of the key of fictional data."""

_DEMO_SECRET = sha256(b"etabli: people of fictional data only").digest()
"""In the open, since nobody in fictional data exists: demo reports are made anywhere, alike, without a question."""

_CONTEXT = b"etabli pseudonyms 1\n"


@dataclass(frozen=True)
class KeyState:
    """Which keys a project has used: fingerprint and first day, oldest first; the last is in use."""

    history: tuple[tuple[str, date], ...]

    @property
    def current(self) -> str:
        return self.history[-1][0]


@dataclass(frozen=True)
class Keyring:
    """The folder of key files, readable by their owner alone."""

    folder: Path

    def path(self, fingerprint: str) -> Path:
        return self.folder / f"{fingerprint}.json"

    def save(self, secret: bytes) -> Path:
        """Write a key file (0600, in a folder 0700), whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            self.folder.chmod(0o700)
        path = self.path(key_fingerprint(secret))
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        text = json.dumps({"key": b64encode(secret).decode("ascii")}) + "\n"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return path

    def read(self, fingerprint: str) -> bytes:
        """Return the secret of that fingerprint.

        Raises
        ------
        KeyringError
            It is not there, is another, is damaged, or can be read by others than its owner.
        """
        path = self.path(fingerprint)
        if not path.is_file():
            raise KeyringError(
                "La clé des pseudonymes de ce projet n’est pas sur cette machine.",
                where=self.folder.name,
                expected=f"la clé {fingerprint}",
                got="aucun fichier de ce nom",
                hint="demandez à un collègue « etabli key export », puis lancez « etabli key import »",
            )
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise KeyringError(
                "La clé des pseudonymes peut être lue par d’autres que vous.",
                where=path.name,
                expected="un fichier que son propriétaire est seul à lire (0600)",
                hint="chmod 600 sur ce fichier ; si d’autres ont pu le lire, « etabli key rotate »",
            )
        try:
            secret = b64decode(json.loads(path.read_text(encoding="ascii"))["key"], validate=True)
        except (ValueError, KeyError, TypeError):
            raise KeyringError("Le fichier de la clé est abîmé.", where=path.name, hint=_RESTORE) from None
        if key_fingerprint(secret) != fingerprint:
            raise KeyringError(
                "Ce fichier porte une autre clé que celle de son nom.",
                where=path.name,
                expected=fingerprint,
                got=key_fingerprint(secret),
                hint=_RESTORE,
            )
        return secret


_RESTORE = "réimportez la clé : « etabli key import »"


def read_state(project: Project) -> KeyState | None:
    """Return which keys the project has used; None when it never had one.

    Raises
    ------
    KeyringError
        The file that says so is damaged.
    """
    path = project.ledger / STATE
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        history = tuple((str(each["fingerprint"]), date.fromisoformat(each["since"])) for each in told["keys"])
    except (ValueError, KeyError, TypeError):
        history = ()
    if not history:
        raise KeyringError(
            "Le fichier qui dit quelle clé le projet emploie est abîmé.",
            where=project.relative(path),
            hint="rétablissez-le d’après une sauvegarde",
        )
    return KeyState(history)


def save_state(project: Project, state: KeyState) -> None:
    """Say which keys the project has used."""
    path = project.ledger / STATE
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"keys": [{"fingerprint": name, "since": day.isoformat()} for name, day in state.history]}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)


def make_key(project: Project, keyring: Keyring, *, day: date) -> str:
    """Make the project's first key, and return its fingerprint.

    Raises
    ------
    KeyringError
        The project has, or had, a key: another would give the same people other pseudonyms.
    """
    state = read_state(project)
    used = [state.current] if state else [each.key for each in read_withdrawals(project) if each.key != DEMO]
    if used:
        raise KeyringError(
            "Ce projet a déjà une clé de pseudonymes.",
            where=project.relative(project.ledger),
            got=used[-1],
            hint="« etabli key import » pour la recevoir d’un collègue, « etabli key rotate » pour en changer",
        )
    secret = new_key()
    keyring.save(secret)
    save_state(project, KeyState(((key_fingerprint(secret), day),)))
    return key_fingerprint(secret)


def rotate_key(project: Project, keyring: Keyring, *, day: date) -> tuple[str, str]:
    """Give the project a new key; return the former fingerprint and the new one.

    Every pseudonym changes. The former key stays in its file: those who withdrew under it are known by it.

    Raises
    ------
    KeyringError
        The project has no key, or the one in use is not on this machine: nothing could be said of its links.
    """
    state = held_state(project)
    keyring.read(state.current)
    secret = new_key()
    keyring.save(secret)
    save_state(project, KeyState((*state.history, (key_fingerprint(secret), day))))
    return state.current, key_fingerprint(secret)


def held_state(project: Project) -> KeyState:
    """Return the state of a project that must have a key.

    Raises
    ------
    KeyringError
        It has none.
    """
    state = read_state(project)
    if state is None:
        raise KeyringError(
            "Ce projet n’a pas de clé de pseudonymes.",
            where=project.relative(project.ledger / STATE),
            expected="une clé, faite une fois pour le projet",
            hint="« etabli key new » si personne n’en a fait ; sinon « etabli key import »",
        )
    return state


def study_key(project: Project, keyring: Keyring, study: str) -> StudyKey:
    """Return the key of a study's real data, with everyone who withdrew from it, whatever the key then.

    Raises
    ------
    KeyringError
        The project has no key; it, or one under which somebody withdrew, is not on this machine.
    """
    current = held_state(project).current
    withdrawn = _withdrawn(project, study)
    former = tuple(
        StudyKey(derived(keyring.read(name), study), people)
        for name, people in withdrawn.items()
        if name not in {current, DEMO}
    )
    return StudyKey(derived(keyring.read(current), study), withdrawn.get(current, frozenset()), former)


def demo_key(study: str, withdrawn: frozenset[str] = frozenset()) -> StudyKey:
    """Return the key of a study's fictional data, which is no secret.

    >>> demo_key("sortir").pseudonym("12") == demo_key("caf-flows").pseudonym("12")
    False
    """
    return StudyKey(derived(_DEMO_SECRET, study), withdrawn)


def key_for(project: Project, keyring: Keyring, study: str, origin: str) -> StudyKey:
    """Return the key for a delivery of that origin: the open one for fictional data, else the project's.

    Raises
    ------
    KeyringError
        As `study_key`.
    """
    if origin == "demo":
        return demo_key(study, _withdrawn(project, study).get(DEMO, frozenset()))
    return study_key(project, keyring, study)


def derived(secret: bytes, study: str) -> bytes:
    """Return a study's key: HKDF-SHA256 (RFC 5869) of the project's, the study's name as context."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = _CONTEXT + study.encode("ascii")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def _withdrawn(project: Project, study: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for each in read_withdrawals(project, study):
        found.setdefault(each.key, set()).add(each.pseudonym)
    return {name: frozenset(people) for name, people in found.items()}
