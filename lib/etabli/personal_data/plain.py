"""A text in its plainest form, so that one pattern sees a number however it is typed; and the way back.

Digits, letters and signs of other widths become ordinary (NFKC), every dash « - », every space and tab a space,
every apostrophe « ' »; accents are joined to their letters; what is not seen (zero-width, soft hyphen, marks of
direction) goes.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Plain:
    """A plain text, and where its characters stood."""

    text: str
    places: tuple[int, ...] = (0,)
    """Where the plain text takes up again after a change of length…"""
    shifts: tuple[int, ...] = (0,)
    """… and how much further the same character stood in the text as it was."""

    def back(self, place: int) -> int:
        """Return where a character of the plain text stood."""
        return place + self.shifts[bisect_right(self.places, place) - 1]


def plain(text: str) -> Plain:
    """Return the plainest form of a text.

    >>> plain("０６\u200b‑12\u00a0né").text
    '06-12 né'
    """
    text = text.replace("\t", " ")
    if text.isascii():
        return Plain(text)
    grown = []
    for sign in {each for each in set(text) if not each.isascii()}:
        plainest = _plainest(sign)
        if len(plainest) != 1 or unicodedata.combining(sign):
            grown.append(sign)
        elif plainest != sign:
            text = text.replace(sign, plainest)
    return _reshaped(text, grown) if grown else Plain(text)


def _reshaped(text: str, grown: list[str]) -> Plain:
    """Change what does not keep its length, a letter with its marks together."""
    marks = "".join(re.escape(each) for each in grown if unicodedata.combining(each))
    others = "".join(re.escape(each) for each in grown if not unicodedata.combining(each))
    choices = [rf".[{marks}]+"] * bool(marks) + [f"[{others}]"] * bool(others)
    parts, places, shifts = [], [0], [0]
    end = length = 0
    for found in re.finditer("|".join(choices), text):
        changed = unicodedata.normalize("NFC", "".join(map(_plainest, found[0])))
        parts += [text[end : found.start()], changed]
        length += found.start() - end + len(changed)
        end = found.end()
        places.append(length)
        shifts.append(end - length)
    return Plain("".join((*parts, text[end:])), tuple(places), tuple(shifts))


_SIGNS = {
    "·": ".", "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "\u2212": "-", "\u2044": "/", "\u2215": "/",
}  # fmt: skip


@lru_cache(maxsize=4096)
def _plainest(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    category = unicodedata.category(sign)
    if category in {"Pd", "Zs"}:
        return "-" if category == "Pd" else " "
    if category == "Cf":  # not seen
        return ""
    if category == "Nd":  # digits of every script
        return str(unicodedata.decimal(sign))
    return unicodedata.normalize("NFKC", sign)
