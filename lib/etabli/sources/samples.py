"""Texts for dummy data, that match a variable's pattern when it is one of the usual forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase, ascii_uppercase, digits

from etabli.sources.codebook import Variable

_PREFIXES = ("", "35", "35238", "A", "P", "a")
"""What usual codes begin with: nothing, the department, Rennes (Insee 35238), a letter."""

_WIDEST = 15
_PROBES = 200


@dataclass(frozen=True)
class Form:
    """A prefix, then `width` characters of `alphabet`: numbers in its base."""

    prefix: str
    alphabet: str
    width: int

    def spread(self, count: int) -> Iterator[str]:
        """Yield up to `count` different texts, evenly spread over all that the form can write."""
        capacity = len(self.alphabet) ** self.width
        taken = min(count, capacity)
        for place in range(taken):
            yield self.text(place * capacity // taken)

    def text(self, number: int) -> str:
        """Return a number (from 0) as text.

        >>> Form("P", "0123456789", 4).text(42)
        'P0042'
        """
        letters = []
        for _ in range(self.width):
            number, letter = divmod(number, len(self.alphabet))
            letters.append(self.alphabet[letter])
        return self.prefix + "".join(reversed(letters))


def sample_texts(variable: Variable, count: int) -> list[str]:
    """Return up to `count` different texts for a text or an identifier.

    With a pattern they match it; the list is empty when no usual form (digits or letters after a
    usual prefix) does, and shorter when the form has too few texts.
    """
    if variable.pattern is None:
        kind = "D{:06d}" if variable.type == "identifier" else "texte {}"
        return [kind.format(number) for number in range(1, count + 1)]
    pattern = re.compile(variable.pattern)
    best = max(_forms(), key=lambda form: sum(_matches(pattern, form, _PROBES)))
    probed = list(_matches(pattern, best, _PROBES))
    share = sum(probed) / len(probed)
    if not share:
        return []
    tries = best.spread(round(count / share * 1.5) + _PROBES)
    return [text for text in tries if pattern.fullmatch(text)][:count]


def _forms() -> Iterator[Form]:
    alphabets = (digits, ascii_uppercase, ascii_lowercase)
    for prefix, alphabet, width in product(_PREFIXES, alphabets, range(1, _WIDEST + 1)):
        yield Form(prefix, alphabet, width)


def _matches(pattern: re.Pattern[str], form: Form, count: int) -> Iterator[bool]:
    for text in form.spread(count):
        yield pattern.fullmatch(text) is not None
