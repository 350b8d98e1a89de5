"""Where a person is reached, and when they were born: e-mail, address, date of birth, in a plain text (`plain`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etabli.personal_data.numbers import Span

_WINDOW = 200
"""How far a piece of personal data may go beyond the word that announces it."""

CAPITAL = "A-ZÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒ"

_AT = r"(?:@|%40)"
_DOMAIN = r"(?:[\w-]{1,63}\.){1,6}"
_EMAIL = re.compile(
    rf"[\w.+'-]{{1,64}}{_AT}{_DOMAIN}(?!(?:png|svg|jpe?g|gif|webp|css|js)\b)[^\W\d_]{{2,24}}(?![^\W_])"
    rf"|[\w.+'-]{{1,64}} {{0,2}}(?:@|[(\[{{] ?(?:at|arobase) ?[)\]}}]| arobase ) {{0,2}}"
    rf"{_DOMAIN}(?:fr|com|org|net|eu|bzh|info|io|coop|asso|gouv|be|ch|de)(?![^\W_])",
    re.IGNORECASE,
)
_EMAIL_ANCHORS = ("@", "%40", "(at", "[at", "{at", "arobase", "( at", "[ at")


def emails(text: str, lowered: str) -> Iterator[Span]:
    """Yield e-mail addresses, disguised ones (« (at) », « %40 ») included."""
    for start, end in _around(lowered, _EMAIL_ANCHORS, 68):
        yield from (match.span() for match in _EMAIL.finditer(text, start, end))


_STREETS = (
    *("rue", "avenue", "av.", "ave", "av", "boulevard", "boul.", "bd", "bld", "bvd", "allée", "allee", "all.", "pl."),
    *(
        "impasse",
        "imp.",
        "chemin",
        "che.",
        "ruelle",
        "sentier",
        "venelle",
        "faubourg",
        "r.",
        "rte",
        "sq.",
        "lotissement",
    ),
)
"""Kinds of street that are said of nothing else beside a number."""

_ORDINARY = (
    *("place", "cours", "passage", "mail", "square", "quai", "route", "résidence", "residence", "esplanade", "villa"),
    *("promenade",),
)
"""Kinds of street that are ordinary words too (« 12 cours ») or name a public place: a sign is asked."""

_NUMBER = r"\d{1,4}(?<!\d{5})(?:-\d{1,4})?(?<![^\W\d_]\d) ?(?:(?i:bis|ter|quater)|[A-Da-d])?,? {1,3}"
_LINKS = r"(?:(?i:de|du|des|la|aux?|les?) {1,3})*(?:(?i:[ld])')?"
_NAME = rf"(?:\d{{1,2}} )?[{CAPITAL}][\w'-]+"
_POSTED = r"(?=[^\n]{0,45}(?<!\d)(?:0[1-9]|[1-8]\d|9[0-58]|2[ABab])\d{3} {1,3}[^\W\d_])"
_HOME = r"(?i:habit|demeur|domicil|adresse|réside|loge)"


def _kinds(words: tuple[str, ...]) -> str:
    return rf"(?i:{'|'.join(re.escape(each) for each in sorted(words, key=len, reverse=True))})(?:(?<=\.) ?| {{1,3}})"


_ADDRESS = re.compile(
    rf"(?<![^\W_])(?<!\d[.,/-]){_NUMBER}(?:{_kinds(_STREETS)}{_LINKS}{_NAME}"
    rf"|(?i:rue|avenue|boulevard|impasse|allée) {{1,3}}(?i:(?:de|du|des) (?:la |l')?|d')"
    rf"(?!(?:la|ville|villes|commune|communes|quartiers?|m[êe]me|son|sa|leur)\b)[^\W\d_]{{3,}}"
    rf"|(?P<ordinary>{_kinds(_ORDINARY)}{_LINKS}{_NAME}))"
)
_ADDRESS_ANCHORS = (
    *(each for each in (*_STREETS, *_ORDINARY) if each not in {"av.", "ave", "av", "r.", "bld"}),
    *(" av. ", " av ", " ave ", " r. ", " bld "),
)


def addresses(text: str, lowered: str) -> Iterator[Span]:
    """Yield postal addresses: a number, a kind of street, a name; beside an ordinary word, a postcode or « habite »."""
    for start, end in _around(lowered, _ADDRESS_ANCHORS, 18):
        for match in _ADDRESS.finditer(text, start, end):
            if match["ordinary"] is None or _signed(text, match):
                yield match.span()


def _signed(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 25) : match.start()].rpartition("\n")[2]
    return re.match(_POSTED, text[match.end() : match.end() + 80]) is not None or re.search(_HOME, before) is not None


_DATE = (
    r"(?:\d{1,2} ?[/.-] ?\d{1,2} ?[/.-] ?(?:\d{4}|\d\d)|\d{4}-\d\d-\d\d"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d"
    r"|\d{1,2}(?:er)? +[a-zéû]{3,9}\.? +\d{4})(?!\d)"
)
_BIRTH = re.compile(
    r"(?<![^\W_])(?:"
    r"(?:n[ée]e?|né\(e\)|né[.-]e)(?![^\W_])"
    r"|ddn(?![^\W\d_])|(?:date|dt|jour)[ _]?(?:de[ _]?)?naiss(?:ance)?(?![^\W\d_])"
    r"|(?:date[ _]?of[ _]?)?birth(?:[ _]?date)?(?![^\W\d_])"
    r"|naiss(?:ance)?\.?(?= *[:=/]))"
    r"(?P<between>[^\n\d]{0,25}?)" + _DATE,
    re.IGNORECASE,
)
_BOUND = re.compile(r"\b(?:avant|après|depuis|entre|jusqu|partir|compter|antérieur|postérieur)", re.IGNORECASE)
"""« née avant le 01/01/1965 » is a rule, and nobody's birth."""

_BIRTH_ANCHORS = ("né", "nee", "ddn", "naiss", "birth")


def births(text: str, lowered: str) -> Iterator[Span]:
    """Yield dates of birth: a word for birth, then a date a few words further."""
    for start, end in _around(lowered, _BIRTH_ANCHORS, 12):
        for match in _BIRTH.finditer(text, start, end):
            if not _BOUND.search(match["between"]):
                yield match.span()


def _around(lowered: str, anchors: tuple[str, ...], before: int) -> Iterator[Span]:
    """Yield the parts of a text around rare words, each part once: a pattern is looked for there, not everywhere."""
    start = end = 0
    for place in sorted({each for anchor in anchors for each in _places(lowered, anchor)}):
        if place - before > end:
            yield start, end
            start = place - before
        end = place + _WINDOW
    yield start, end


def _places(text: str, anchor: str) -> Iterator[int]:
    place = text.find(anchor)
    while place >= 0:
        yield place
        place = text.find(anchor, place + len(anchor))
