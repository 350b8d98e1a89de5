"""Texts for dummy data, that match a variable's pattern when it is one of the usual forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase, ascii_uppercase, digits

from etabli.sources.codebook import Variable

_PREFIXES = ("", "35", "35238", "A", "P", "a")
"""What usual codes begin with: nothing, the department, Rennes (Insee 35238), a letter."""

_WIDEST = 15
_PROBES = 200

_NUMBERED = 999_999
"""Identifiers without a pattern, of 6 digits: beyond, they are longer."""


@dataclass(frozen=True)
class Form:
    """A prefix, then `width` characters of `alphabet`: numbers in its base."""

    prefix: str
    alphabet: str
    width: int

    def spread(self, count: int, shift: float = 0.0) -> Iterator[str]:
        """Yield up to `count` different texts, evenly spread over all that the form can write.

        `shift`, from 0 to less than 1, says how far each stands in its own part.
        """
        for place in range(min(count, self.capacity)):
            yield self.spread_at(place, count, shift)

    def spread_at(self, place: int, count: int, shift: float = 0.0) -> str:
        """Return one of the texts of `spread`, from 0."""
        taken = min(count, self.capacity)
        return self.text(place * self.capacity // taken + int(shift * (self.capacity // taken)))

    @property
    def capacity(self) -> int:
        return int(len(self.alphabet) ** self.width)

    def text(self, number: int) -> str:
        """Return a number (from 0) as text.

        >>> Form("P", "0123456789", 4).text(42)
        'P0042'
        """
        if self.alphabet == digits:
            return f"{self.prefix}{number:0{self.width}d}"
        letters = []
        for _ in range(self.width):
            number, letter = divmod(number, len(self.alphabet))
            letters.append(self.alphabet[letter])
        return self.prefix + "".join(reversed(letters))


@dataclass(frozen=True)
class Texts:
    """Different texts, numbered from 0."""

    size: int
    at: Callable[[int], str]


def texts_of(variable: Variable, count: int, shift: float = 0.0) -> Texts:
    """Return up to `count` different texts for a text or an identifier, made when they are asked for.

    `shift`, from 0 to less than 1, chooses among those that could be: two draws with different ones have few in common.

    With a pattern they match it; there are none when no usual form (digits or letters after a usual
    prefix) does, and fewer when the form has too few texts. Where the form writes other texts
    too, those that match are found beforehand and kept.
    """
    if variable.pattern is None:
        kind = "D{:06d}" if variable.type == "identifier" else "texte {}"
        first = 1 + int(shift * max(0, _NUMBERED - count))
        return Texts(count, lambda number: kind.format(first + number))
    pattern = re.compile(variable.pattern)
    best = max(_forms(), key=lambda form: sum(_matches(pattern, form, _PROBES)))
    probed = list(_matches(pattern, best, _PROBES))
    share = sum(probed) / len(probed)
    if not share:
        return Texts(0, str)
    if share == 1:
        return Texts(min(count, best.capacity), lambda number: best.spread_at(number, count, shift))
    tries = best.spread(round(count / share * 1.5) + _PROBES, shift)
    found = [text for text in tries if pattern.fullmatch(text)][:count]
    return Texts(len(found), found.__getitem__)


def sample_texts(variable: Variable, count: int) -> list[str]:
    """Return the texts of `texts_of`, all of them that match."""
    texts = texts_of(variable, count)
    pattern = re.compile(variable.pattern or ".*", re.DOTALL)
    return [text for text in map(texts.at, range(texts.size)) if pattern.fullmatch(text)]


def _forms() -> Iterator[Form]:
    alphabets = (digits, ascii_uppercase, ascii_lowercase)
    for prefix, alphabet, width in product(_PREFIXES, alphabets, range(1, _WIDEST + 1)):
        yield Form(prefix, alphabet, width)


def _matches(pattern: re.Pattern[str], form: Form, count: int) -> Iterator[bool]:
    for text in form.spread(count):
        yield pattern.fullmatch(text) is not None
