"""Text that names or reaches a person: e-mail, telephone, NIR, IBAN, postal address, date of birth, name.

Detectors are narrow on purpose: a report is full of long numbers (SIRET, IRIS, amounts, digests), and a check
that cries wolf is switched off. A check key decides where there is one; elsewhere a form that nothing else has,
or a word that announces. What each one asks for stands beside it. A name that no title and no capitals set apart
(« Simone Iff » is also a social centre) is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from etabli.personal_data.names import has_first_name, names
from etabli.personal_data.numbers import ibans, is_iban, is_identifier, is_nir, is_phone_name, nirs, phones, runs
from etabli.personal_data.plain import plain
from etabli.personal_data.whereabouts import addresses, births, emails

__all__ = [
    "KINDS", "Found", "Kind", "concealed", "find", "has_first_name", "is_iban", "is_identifier", "is_nir",
    "is_phone_name", "masked",
]  # fmt: skip

Kind = Literal["email", "phone", "nir", "iban", "address", "birth", "name"]

KINDS: dict[Kind, str] = {
    "email": "adresse électronique",
    "phone": "numéro de téléphone",
    "nir": "numéro de sécurité sociale (NIR)",
    "iban": "numéro de compte (IBAN)",
    "address": "adresse postale",
    "birth": "date de naissance",
    "name": "nom de personne",
}
"""What each kind is called in a message."""


@dataclass(frozen=True)
class Found:
    """One piece of personal data: its kind, and where it stands in the text."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> Iterator[Found]:
    """Yield the personal data of a text, kind by kind and not in the order of the text.

    Examples
    --------
    >>> [found.kind for found in find("Écrire à jeanne@exemple.fr, ou au 06 12 34 56 78")]
    ['phone', 'email']
    >>> list(find("SIRET 775 672 272 00018 ; 1 234 567 890 € ; IRIS 352380101"))
    []
    """
    looked = plain(text)
    sought = looked.text
    lowered = sought.lower()
    if len(lowered) != len(sought):  # a few letters of other alphabets grow
        lowered = "".join(each.lower() if len(each.lower()) == 1 else each for each in sought)
    digits = runs(sought)
    spans: tuple[tuple[Kind, Iterator[tuple[int, int]]], ...] = (
        ("phone", phones(sought, digits)),
        ("nir", nirs(sought, digits)),
        ("iban", ibans(sought)),
        ("name", names(sought)),
        ("email", emails(sought, lowered)),
        ("address", addresses(sought, lowered)),
        ("birth", births(sought, lowered)),
    )
    for kind, places in spans:
        for start, end in places:
            yield Found(kind, looked.back(start), looked.back(end - 1) + 1)


def masked(text: str) -> str:
    """Return a piece of personal data as a message may show it: its two first characters, the rest hidden.

    >>> masked("06 12 34 56 78")
    '06 •• •• •• ••'
    """
    return text[:2] + re.sub(r"\w", "•", text[2:40]) + ("…" if len(text) > 40 else "")


def concealed(text: str) -> str:
    """Return a text (a column's name, a sheet's) with the personal data that it holds hidden.

    >>> concealed("Tél. 06 12 34 56 78 (2024)")
    'Tél. 06 •• •• •• •• (2024)'
    """
    for found in sorted(find(text), key=lambda each: each.start, reverse=True):
        text = text[: found.start] + masked(text[found.start : found.end]) + text[found.end :]
    return text
