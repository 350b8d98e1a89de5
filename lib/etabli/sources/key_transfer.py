"""Keys of pseudonyms that go from one machine to another, sealed by a passphrase."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from datetime import date
from pathlib import Path
from typing import Any

from etabli.errors import KeyringError
from etabli.project import Project
from etabli.sources.anchors import Anchor
from etabli.sources.keys import Keyring, KeyState, held_state, hold_outside, read_state, save_state, seen_withdrawals
from etabli.sources.pseudonyms import key_fingerprint

LEAST_PASSPHRASE = 12
"""Letters of a passphrase: with scrypt below, a guess costs about a third of a second and 128 MiB."""

_SCRYPT = {"n": 2**17, "r": 8, "p": 1}
"""Cost of a guess, from the OWASP Password Storage Cheat Sheet."""

_KIND = "etabli key 1"


def export_key(project: Project, keyring: Keyring, destination: Path, passphrase: str) -> list[str]:
    """Write the project's keys, sealed by a passphrase (scrypt, AES-256-GCM); return their fingerprints.

    Former keys go along when they are there: a colleague needs them to leave out who withdrew under them. How many
    withdrawals the ledger holds, and the digest of the last, go too: the colleague's ledger is held to them.

    Raises
    ------
    KeyringError
        There is no key, the passphrase is too short, the destination exists or lies in the project, or the ledger
        is behind what the key has seen of the withdrawals.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    state = held_state(project, keyring)
    hold_outside(project, destination)
    if len(passphrase) < LEAST_PASSPHRASE:
        raise KeyringError(
            "La phrase secrète est trop courte.",
            expected=f"au moins {LEAST_PASSPHRASE} caractères",
            hint="quatre mots sans lien font une bonne phrase",
        )
    names = [name for name, _ in state.history if name == state.current or keyring.path(name).is_file()]
    told = {
        "withdrawals": seen_withdrawals(project, keyring, state.current).as_json(),
        "history": [[name, day.isoformat()] for name, day in state.history],
        "keys": {name: b64encode(keyring.read(name)).decode("ascii") for name in names},
    }
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_stretched(passphrase, salt)).encrypt(nonce, json.dumps(told).encode("ascii"), _KIND.encode())
    parts = {name: b64encode(each).decode("ascii") for name, each in zip(_PARTS, (salt, nonce, sealed), strict=True)}
    try:
        with os.fdopen(os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps({"kind": _KIND, **parts}) + "\n")
    except FileExistsError:
        raise KeyringError("Ce fichier existe déjà.", where=str(destination), hint="donnez un autre nom") from None
    except FileNotFoundError:
        raise KeyringError(
            "Le dossier de ce fichier n’existe pas.",
            where=str(destination.parent),
            hint="créez-le, ou nommez-en un autre",
        ) from None
    except OSError as error:
        raise KeyringError("Le fichier n’a pas pu être écrit.", where=str(destination), got=error.strerror) from None
    return names


def import_key(project: Project, keyring: Keyring, source: Path, passphrase: str, *, replace: bool = False) -> str:
    """Take the keys of an exported file, and return the fingerprint of the one in use.

    Parameters
    ----------
    replace
        Whether the file's key may take the place of another that the project uses, and what it has seen of the
        withdrawals that of what is noted here: two ledgers that went apart are settled so.

    Raises
    ------
    KeyringError
        The file is not one, the passphrase is wrong, or the key is another than the project's.
    """
    told = _opened(source, passphrase)
    history = tuple((name, date.fromisoformat(day)) for name, day in told["history"])
    secrets_ = {name: b64decode(text) for name, text in told["keys"].items()}
    current, state = history[-1][0], read_state(project)
    if any(key_fingerprint(secret) != name for name, secret in secrets_.items()) or current not in secrets_:
        raise _not_a_key(source)
    known = {name for name, _ in state.history} if state else set()
    if state is not None and state.current not in secrets_ and not replace:
        raise KeyringError(
            "Cette clé n’est pas celle que le projet emploie.",
            where=str(source),
            expected=state.current,
            got=current,
            hint="les pseudonymes changeraient tous ; si c’est bien voulu, ajoutez --replace",
        )
    anchor = Anchor.from_json(told["withdrawals"]) if "withdrawals" in told else Anchor()
    for secret in secrets_.values():
        keyring.save(secret, anchor, ledger=project.ledger, anew=replace)
    if state is None:
        save_state(project, KeyState(history))
    elif current not in known:  # the colleague's key is newer, or the replacement was asked for
        save_state(project, KeyState((*state.history, *(each for each in history if each[0] not in known))))
    elif replace and current != state.current:
        save_state(project, KeyState((*(each for each in state.history if each[0] != current), history[-1])))
    return held_state(project, keyring).current


_PARTS = ("salt", "nonce", "sealed")


def _opened(source: Path, passphrase: str) -> dict[str, Any]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        told = json.loads(source.read_text(encoding="ascii"))
        if told["kind"] != _KIND:
            raise _not_a_key(source)
        salt, nonce, sealed = (b64decode(told[name], validate=True) for name in _PARTS)
        found = json.loads(AESGCM(_stretched(passphrase, salt)).decrypt(nonce, sealed, _KIND.encode()))
    except FileNotFoundError:
        raise KeyringError("Ce fichier n’existe pas.", where=str(source)) from None
    except InvalidTag:
        raise KeyringError(
            "La phrase secrète n’est pas la bonne, ou le fichier a été modifié.", where=str(source)
        ) from None
    except (ValueError, KeyError, TypeError, OSError):
        raise _not_a_key(source) from None
    return dict(found)


def _stretched(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase.encode("utf-8"))


def _not_a_key(source: Path) -> KeyringError:
    return KeyringError(
        "Ce fichier n’est pas une clé exportée.",
        where=str(source),
        expected="un fichier fait par « etabli key export »",
    )
