"""Where keys of pseudonyms come from: one secret a project, outside it, from which each study's key is derived.

A key file is named by the key's fingerprint and lies in the user's own settings (`project.keys_folder`).
`data/ledger/key.json` says which one the project uses: a lost key, or another, is said and never replaced.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from etabli.errors import KeyringError
from etabli.project import KEYS_VARIABLE, Project, keys_folder
from etabli.sources.anchors import Anchor, held_anchor
from etabli.sources.pseudonyms import StudyKey, key_fingerprint, new_key
from etabli.sources.receipts import RECEIPT
from etabli.sources.rights import begin, make_folder
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
    """The folder of key files, readable by their owner alone.

    Parameters
    ----------
    folder
        Where they lie.
    home
        The folder of the user's own settings, where they lay before another was named; None: the same.
    """

    folder: Path
    home: Path | None = None

    def path(self, fingerprint: str) -> Path:
        return self.folder / f"{fingerprint}.json"

    def save(
        self,
        secret: bytes,
        anchor: Anchor = Anchor(),  # noqa: B008 – frozen
        *,
        ledger: Path,
        anew: bool = False,
    ) -> Path:
        """Write a key file (0600, in a folder 0700), whole or not at all.

        It forgets no withdrawal that it has seen, unless the anchor is told to count `anew`, and no ledger that has
        used it.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            self.folder.chmod(0o700)
        path = self.path(key_fingerprint(secret))
        noted = Anchor() if anew else self.anchor(key_fingerprint(secret))
        seen = max(anchor, noted, key=lambda each: each.count)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        told = {
            "key": b64encode(secret).decode("ascii"),
            "withdrawals": seen.as_json(),
            "ledgers": sorted(self.ledgers(key_fingerprint(secret)) | {str(ledger.resolve())}),
        }
        text = json.dumps(told) + "\n"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        return path

    def anchor(self, fingerprint: str) -> Anchor:
        """Return what the key of that fingerprint has seen of the withdrawals."""
        try:
            return Anchor.from_json(json.loads(self.path(fingerprint).read_text(encoding="ascii"))["withdrawals"])
        except (OSError, ValueError, KeyError, TypeError):
            return Anchor()  # no file, or a damaged one: `read` says so

    def ledgers(self, fingerprint: str) -> set[str]:
        """Return the ledgers of this machine that have used the key of that fingerprint."""
        try:
            return {str(each) for each in json.loads(self.path(fingerprint).read_text(encoding="ascii"))["ledgers"]}
        except (OSError, ValueError, KeyError, TypeError):
            return set()  # no file, a damaged one, or one from before ledgers were noted

    def forsaken(self, project: Project) -> Iterator[Path]:
        """Yield the key files that a project without a key has lost sight of.

        One that its ledger has used; one that has seen withdrawals, unless another ledger of this machine has it.
        """
        own = str(project.ledger.resolve())
        for keyring in (self, *([Keyring(self.home)] if self.home not in {None, self.folder} else [])):
            for path in sorted(keyring.folder.glob("[!.]*.json")):
                ledgers = keyring.ledgers(path.stem)
                kept = any(_tells_of(Path(each) / STATE, path.stem) for each in ledgers - {own})
                if own in ledgers or (keyring.anchor(path.stem).count and not kept):
                    yield path

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
                where=str(self.folder),
                expected=f"la clé {fingerprint}",
                got="aucun fichier de ce nom",
                hint="demandez à un collègue « etabli key export », puis lancez « etabli key import »",
            )
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise KeyringError(
                "La clé des pseudonymes peut être lue par d’autres que vous.",
                where=str(path),
                expected="un fichier que son propriétaire est seul à lire (0600)",
                hint="chmod 600 sur ce fichier ; si d’autres ont pu le lire, « etabli key rotate »",
            )
        try:
            secret = b64decode(json.loads(path.read_text(encoding="ascii"))["key"], validate=True)
        except (ValueError, KeyError, TypeError):
            raise KeyringError("Le fichier de la clé est abîmé.", where=str(path), hint=_RESTORE) from None
        if key_fingerprint(secret) != fingerprint:
            raise KeyringError(
                "Ce fichier porte une autre clé que celle de son nom.",
                where=str(path),
                expected=fingerprint,
                got=key_fingerprint(secret),
                hint=_RESTORE,
            )
        return secret


def keyring_of(project: Project, environ: Mapping[str, str]) -> Keyring:
    """Return the keyring of a user, which lies outside the project.

    Raises
    ------
    KeyringError
        `ETABLI_KEYS` names a folder of the project, or one that depends on where a command is run.
    """
    folder = keys_folder(environ)
    if not folder.is_absolute():
        raise KeyringError(
            f"Le dossier des clés dépend de l’endroit d’où la commande est lancée ({KEYS_VARIABLE}).",
            expected="un chemin entier",
            got=folder.as_posix(),
        )
    hold_outside(project, folder)
    return Keyring(folder, keys_folder({}))


def hold_outside(project: Project, place: Path) -> None:
    """Refuse to keep a key in the project, which is copied, shared and versioned.

    Raises
    ------
    KeyringError
        The place is in the project.
    """
    if place.resolve().is_relative_to(project.root.resolve()):
        raise KeyringError(
            "Une clé ne se garde pas dans le projet, qui se copie et se partage.",
            where=project.relative(place),
            expected="un dossier hors du projet",
            hint=f"changez la variable {KEYS_VARIABLE}, ou le fichier à écrire",
        )


def _tells_of(state: Path, fingerprint: str) -> bool:
    try:
        return fingerprint in state.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


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


def missing_key(project: Project, keyring: Keyring) -> str | None:
    """Return, in French, what to do so that a run can read a real delivery here; None where nothing is missing."""
    state = read_state(project)
    if state is None:
        return (
            "ce projet n’a pas de clé de pseudonymes, sans laquelle aucun passage ne lit de vraie livraison : "
            "« etabli key new --first » s’il n’en a jamais eu, sinon « etabli key import »"
        )
    if not keyring.path(state.current).is_file():
        return "la clé des pseudonymes n’est pas sur cette machine : « etabli key import » avant un passage"
    return None


def save_state(project: Project, state: KeyState) -> None:
    """Say which keys the project has used."""
    path = project.ledger / STATE
    make_folder(path.parent)
    told = {"keys": [{"fingerprint": name, "since": day.isoformat()} for name, day in state.history]}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    begin(draft).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)


def make_key(project: Project, keyring: Keyring, *, day: date, first: bool = False) -> str:
    """Make the project's first key, and return its fingerprint.

    Parameters
    ----------
    first
        Whether someone vouches that the project never had one, though deliveries were received.

    Raises
    ------
    KeyringError
        The project has, or had, a key: another would give the same people other pseudonyms, and whoever
        withdrew back. Where deliveries were received and no ledger tells of a key, it may have been lost.
    """
    state = read_state(project)
    used = [state.current] if state else [each.key for each in read_withdrawals(project) if each.key != DEMO]
    if used:
        raise KeyringError(
            "Ce projet a déjà une clé de pseudonymes.",
            where=project.relative(project.ledger),
            got=used[-1] if keyring.path(used[-1]).is_file() else f"{used[-1]}, qui n’est pas sur cette machine",
            hint="« etabli key rotate » pour en changer" if keyring.path(used[-1]).is_file() else _LOST_KEY,
        )
    _hold_no_forsaken(project, keyring)
    if not first and _has_deliveries(project):
        raise KeyringError(
            "Des livraisons ont été reçues ici, et rien ne dit si le projet avait une clé.",
            where=project.relative(project.ledger / STATE),
            expected="le registre du projet, que son équipe partage",
            hint=_LOST_LEDGER,
        )
    secret = new_key()
    keyring.save(secret, ledger=project.ledger)
    save_state(project, KeyState(((key_fingerprint(secret), day),)))
    return key_fingerprint(secret)


_LOST_KEY = (
    "« etabli key import » du fichier scellé, le vôtre ou celui d’un collègue ; si plus personne ne l’a, suivez "
    "« Une clé perdue pour de bon » dans docs/guide/proteger-les-personnes.md"
)
_LOST_LEDGER = (
    "reprenez « data/ledger » d’un collègue ou d’une sauvegarde ; s’il n’y a jamais eu de clé, faites-la par "
    "« etabli key new --first »"
)


def _has_deliveries(project: Project) -> bool:
    return any(project.deliveries.glob(f"*/*/{RECEIPT}"))


def _hold_no_forsaken(project: Project, keyring: Keyring) -> None:
    """Refuse to say that a project never had a key while one that it may have used is on this machine."""
    found = list(keyring.forsaken(project))
    if not found:
        return
    seen = sum(Keyring(each.parent).anchor(each.stem).count for each in found)
    raise KeyringError(
        "Le registre du projet ne dit plus quelle clé il emploie, et cette machine en garde une.",
        where=project.relative(project.ledger / STATE),
        expected="le registre où cette clé a servi : sous une autre, les personnes qui se sont retirées reviendraient",
        got=", ".join(str(each) for each in found)
        + (f" (retraits déjà vus : {seen})" if seen else " (aucun retrait encore)"),
        hint="reprenez « data/ledger » d’un collègue ou d’une sauvegarde ; si cette clé est celle d’un autre projet, "
        "rangez son fichier ailleurs le temps de faire celle-ci",
    )


def rotate_key(project: Project, keyring: Keyring, *, day: date) -> tuple[str, str]:
    """Give the project a new key; return the former fingerprint and the new one.

    Every pseudonym changes. The former key stays in its file: those who withdrew under it are known by it.

    Raises
    ------
    KeyringError
        The project has no key, or the one in use is not on this machine: nothing could be said of its links.
    """
    state = held_state(project, keyring)
    keyring.read(state.current)
    secret = new_key()
    keyring.save(secret, seen_withdrawals(project, keyring, state.current), ledger=project.ledger)
    save_state(project, KeyState((*state.history, (key_fingerprint(secret), day))))
    return state.current, key_fingerprint(secret)


def held_state(project: Project, keyring: Keyring) -> KeyState:
    """Return the state of a project that must have a key.

    Raises
    ------
    KeyringError
        It has none; the message says whether one may have been lost sight of.
    """
    state = read_state(project)
    if state is None:
        _hold_no_forsaken(project, keyring)
        raise KeyringError(
            "Ce projet n’a pas de clé de pseudonymes.",
            where=project.relative(project.ledger / STATE),
            expected="une clé, faite une fois pour le projet",
            hint=_LOST_LEDGER
            if _has_deliveries(project)
            else "« etabli key new » si personne n’en a fait ; sinon « etabli key import »",
        )
    return state


def study_key(project: Project, keyring: Keyring, study: str) -> StudyKey:
    """Return the key of a study's real data, with everyone who withdrew from it, whatever the key then.

    Raises
    ------
    KeyringError
        The project has no key; it, or one under which somebody withdrew, is not on this machine; or the ledger
        is behind what the key has seen of the withdrawals.
    """
    current = held_state(project, keyring).current
    secret = keyring.read(current)
    seen_withdrawals(project, keyring, current)
    withdrawn = _withdrawn(project, study)
    former = tuple(
        StudyKey(derived(keyring.read(name), study), people)
        for name, people in withdrawn.items()
        if name not in {current, DEMO}
    )
    return StudyKey(derived(secret, study), withdrawn.get(current, frozenset()), former)


def seen_withdrawals(project: Project, keyring: Keyring, fingerprint: str) -> Anchor:
    """Hold the ledger to what a key has seen of it, note what is new, and return it.

    Raises
    ------
    KeyringError
        The ledger is behind, or another.
    """
    noted = keyring.anchor(fingerprint)
    found = held_anchor(project, noted)
    if found.count > noted.count or str(project.ledger.resolve()) not in keyring.ledgers(fingerprint):
        try:
            keyring.save(keyring.read(fingerprint), found, ledger=project.ledger)
        except OSError:
            return found  # a vault that is only read keeps the note that it has
    return found


def demo_key(study: str, withdrawn: frozenset[str] = frozenset()) -> StudyKey:
    """Return the key of a study's fictional data, which is no secret.

    >>> demo_key("sortir").pseudonym("12", "person") == demo_key("caf-flows").pseudonym("12", "person")
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
