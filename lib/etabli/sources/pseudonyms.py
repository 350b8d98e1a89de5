"""Identifiers replaced by keyed pseudonyms, before any method sees them.

For now a key lives only as long as the run that made it with `new_key`: two runs cannot be linked,
and nothing is left to protect. Key files, their rotation and linking editions come later.
"""

from __future__ import annotations

import secrets

import pandas as pd

from etabli.errors import DeliveryError
from etabli.sources.codebook import SourceCodebook
from etabli.sources.digests import keyed_digests

KEY_BYTES = 32
"""Length of a new key: that of SHA-256's output, as RFC 2104, section 3, recommends."""

LEAST_KEY_BYTES = 16


def new_key() -> bytes:
    """Return a random key of `KEY_BYTES` bytes."""
    return secrets.token_bytes(KEY_BYTES)


def pseudonymise(frame: pd.DataFrame, book: SourceCodebook, *, key: bytes) -> pd.DataFrame:
    """Replace every identifier by its pseudonym: HMAC-SHA256 (RFC 2104), first 80 bits, in base 32.

    Among a million people, two share a pseudonym with probability 4e-13.

    The same identifier under the same key has the same pseudonym in every column and source, so
    that sources can still be joined within a run.

    Parameters
    ----------
    frame
        A tidy frame of the source.
    book
        Its codebook: the variables of type `identifier` are replaced.
    key
        At least `LEAST_KEY_BYTES` secret bytes.

    Returns
    -------
    DataFrame
        A new frame; a missing identifier stays missing.

    Raises
    ------
    DeliveryError
        The key is too short to be secret.

    Examples
    --------
    >>> from etabli.sources.codebook import SourceCodebook
    >>> book = SourceCodebook.model_validate({
    ...     "row": {"one": "visite", "many": "visites", "gender": "f"},
    ...     "variables": {"file": {"label": "Dossier", "type": "identifier", "sensitivity": "identifier"}},
    ... })
    >>> pseudonymise(pd.DataFrame({"file": ["0012", "0012"]}), book, key=b"0123456789abcdef")["file"].nunique()
    1
    """
    if len(key) < LEAST_KEY_BYTES:
        raise DeliveryError(
            "La clé des pseudonymes est trop courte.",
            expected=f"au moins {LEAST_KEY_BYTES} octets secrets",
            got=f"{len(key)} octets",
            hint="faites-la avec new_key()",
        )
    names = [name for name, variable in book.variables.items() if variable.type == "identifier"]
    return frame.assign(**{name: _pseudonyms(frame[name], key) for name in names})


def _pseudonyms(identifiers: pd.Series, key: bytes) -> pd.Series:
    places, values = pd.factorize(identifiers)
    known = pd.Series(keyed_digests([str(value) for value in values.tolist()], key), dtype="str")
    return known.reindex(places).set_axis(identifiers.index)
