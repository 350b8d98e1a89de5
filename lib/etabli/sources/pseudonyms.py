"""Identities removed before any method sees them: keyed pseudonyms, nobody withdrawn, no free text.

Pseudonyms are stable under one key, and a key serves one study: two deliveries of a study can be linked,
two studies cannot. Where keys come from is `keys`' matter.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.digests import keyed_digests

KEY_BYTES = 32
"""Length of a new key: that of SHA-256's output, as RFC 2104, section 3, recommends."""

LEAST_KEY_BYTES = 16

PSEUDONYM = re.compile(r"[a-z2-7]{16}")
"""What a pseudonym looks like."""


def new_key() -> bytes:
    """Return a random key of `KEY_BYTES` bytes."""
    return secrets.token_bytes(KEY_BYTES)


@dataclass(frozen=True)
class StudyKey:
    """The key of one study's pseudonyms, and who may not appear under it.

    Parameters
    ----------
    secret
        At least `LEAST_KEY_BYTES` secret bytes.
    withdrawn
        Pseudonyms, under this key, of those who took their consent back.
    former
        Keys that this one took the place of, each with those who withdrew under it: a new key gives
        nobody back.
    """

    secret: bytes = field(repr=False)
    withdrawn: frozenset[str] = frozenset()
    former: tuple[StudyKey, ...] = ()

    def __post_init__(self) -> None:
        if len(self.secret) < LEAST_KEY_BYTES:
            raise DeliveryError(
                "La clé des pseudonymes est trop courte.",
                expected=f"au moins {LEAST_KEY_BYTES} octets secrets",
                got=f"{len(self.secret)} octets",
                hint="faites-la par « etabli key new »",
            )

    @property
    def excludes_anyone(self) -> bool:
        """Whether anyone withdrew, under this key or a former one."""
        return bool(self.withdrawn) or any(key.excludes_anyone for key in self.former)

    @property
    def fingerprint(self) -> str:
        """Digest of the key and of who withdrew: frames of two different fingerprints may differ.

        A cache of pseudonymised frames is addressed by it, and so forgets who withdraws. The key cannot be
        found from it.
        """
        told = [key_fingerprint(self.secret), *sorted(self.withdrawn), *(key.fingerprint for key in self.former)]
        return sha256("\n".join(told).encode("ascii")).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        """Return the key as plain values, for a child process that is told by its standard input; never for a file."""
        former = [key.as_json() for key in self.former]
        return {"secret": self.secret.hex(), "withdrawn": sorted(self.withdrawn), "former": former}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> StudyKey:
        """Return the key that `as_json` told."""
        former = tuple(cls.from_json(each) for each in told["former"])
        return cls(bytes.fromhex(told["secret"]), frozenset(told["withdrawn"]), former)

    def pseudonyms(self, identifiers: Sequence[str], domain: str) -> list[str]:
        """Return the pseudonym of each identifier of a domain: HMAC-SHA256 (RFC 2104), first 80 bits, in base 32.

        The domain says what is numbered (`domain_of`): the person 12 and the visit 12 have nothing in common. Accents
        are composed first (NFC): « é » of one sign, and « é » of two, are one person's.
        """
        return self._spelled(identifiers, domain, "NFC")

    def _spelled(self, identifiers: Sequence[str], domain: str, form: Literal["NFC", "NFD"]) -> list[str]:
        spelled = [each if each.isascii() else unicodedata.normalize(form, each) for each in identifiers]
        return keyed_digests(spelled, self.secret, domain=domain)

    def pseudonym(self, identifier: str, domain: str) -> str:
        """Return the pseudonym of one identifier."""
        return self.pseudonyms([identifier], domain)[0]

    def excludes(self, identifiers: Sequence[str], domain: str) -> list[bool]:
        """Whether what each identifier of a domain stands for withdrew, under this key or a former one."""
        gone = [each in self.withdrawn for each in self.pseudonyms(identifiers, domain)]
        if not all(each.isascii() for each in identifiers):  # recorded before accents were composed
            former = self._spelled(identifiers, domain, "NFD")
            gone = [one or other in self.withdrawn for one, other in zip(gone, former, strict=True)]
        for key in self.former:
            gone = [one or other for one, other in zip(gone, key.excludes(identifiers, domain), strict=True)]
        return gone


def key_fingerprint(secret: bytes) -> str:
    """Return what names a key in files and messages: 64 bits of a digest, from which it cannot be found.

    >>> key_fingerprint(bytes(32))
    'c64a7291f6286fa7'
    """
    return sha256(b"etabli key fingerprint\n" + secret).hexdigest()[:16]


def pseudonymise(frame: pd.DataFrame, book: SourceCodebook, *, key: StudyKey) -> pd.DataFrame:
    """Replace every identifier by its pseudonym, and drop who withdrew and what is free text.

    The same identifier under the same key has the same pseudonym in every column, source and edition. A
    row goes when any of its identifiers is that of a person who withdrew: nothing of them is left, not even
    as somebody else's contact.

    Parameters
    ----------
    frame
        A tidy frame of the source.
    book
        Its codebook: the variables of type `identifier` are replaced; free text (`is_free_text`) is dropped.
    key
        The study's key.

    Returns
    -------
    DataFrame
        A new frame, its rows numbered anew where some were left out; a missing identifier stays missing.

    Examples
    --------
    >>> from etabli.sources.codebook import SourceCodebook
    >>> book = SourceCodebook.model_validate({
    ...     "row": {"one": "visite", "many": "visites", "gender": "f"},
    ...     "variables": {"file": {"label": "Dossier", "type": "identifier", "sensitivity": "identifier"}},
    ... })
    >>> pseudonymise(pd.DataFrame({"file": ["0012", "0012"]}), book, key=StudyKey(bytes(32)))["file"].nunique()
    1
    """
    names = [name for name, variable in book.variables.items() if variable.type == "identifier"]
    columns: dict[str, pd.Series] = {}
    kept = pd.Series(True, index=frame.index)
    for name in names:
        places, values = pd.factorize(frame[name])
        identifiers = [str(value) for value in values.tolist()]
        domain = domain_of(name, book)
        known = key.pseudonyms(identifiers, domain)
        gone = key.excludes(identifiers, domain) if key.excludes_anyone else []
        columns[name] = pd.Series(known, dtype="str").reindex(places).set_axis(frame.index)
        if any(gone):
            kept &= ~pd.Series(gone).reindex(places, fill_value=False).set_axis(frame.index)
    found = frame.assign(**columns)[carried(book)]
    return found if kept.all() else found[kept].reset_index(drop=True)


def domain_of(name: str, book: SourceCodebook) -> str:
    """Return what the identifiers of a variable number: its own name, or that of the variable it refers to.

    Variables of one name are of one domain in every source of a study, which links its deliveries; another name
    is linked by `references`.

    >>> book = SourceCodebook.model_validate({
    ...     "row": {"one": "visite", "many": "visites", "gender": "f"},
    ...     "variables": {"caller": {"label": "Appelant", "type": "identifier", "sensitivity": "identifier",
    ...                              "references": "people.person"}},
    ... })
    >>> domain_of("caller", book)
    'person'
    """
    return (book.variables[name].references or name).rpartition(".")[2]


def carried(book: SourceCodebook) -> list[str]:
    """Return the variables of a source that a frame carries: all but free text."""
    return [name for name, variable in book.variables.items() if not is_free_text(variable, book)]


_SENTENCES = ("Madame Dupont a appelé hier.", "mme dupont habite rue de la paix", "RAPPELER MME DUPONT")
"""What a pattern that describes codes does not match."""


def is_free_text(variable: Variable, book: SourceCodebook) -> bool:
    """Whether a variable may hold sentences about people, and is therefore not carried into a frame.

    A variable of type `text` is carried when its `pattern` describes codes (no sentence matches it), when its
    rows hold no person and it is declared `open`, or when the codebook says why under `keep`.

    Examples
    --------
    >>> from etabli.sources.codebook import SourceCodebook
    >>> book = SourceCodebook.model_validate({
    ...     "row": {"one": "chiffre", "many": "chiffres", "gender": "m"},
    ...     "variables": {"note": {"label": "Note", "type": "text", "sensitivity": "sensitive"}},
    ... })
    >>> is_free_text(book.variables["note"], book)
    True
    """
    if variable.type != "text" or variable.keep is not None:
        return False
    if variable.pattern is not None and not any(re.fullmatch(variable.pattern, each) for each in _SENTENCES):
        return False
    return not (variable.sensitivity == "open" and book.person is None)
