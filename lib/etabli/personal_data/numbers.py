"""Numbers that reach or name a person: telephone, NIR, IBAN, in a plain text (`plain`).

A key decides where there is one (NIR, IBAN). A telephone number has none: its ten digits must stand in a way in which
they are written, and not be a list (« 01 02 03 04 05 ») nor follow a word for an identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

Span = tuple[int, int]

_RUN = re.compile(r"\d(?<!\d\d)(?:[ .,/_()-]{0,3}(?:\d|(?<=2)[ABab])){9,}")
"""Ten digits or more, whatever sets them apart: numbers are looked for there, not everywhere."""

_FREE = r"(?<![^\W_])"
"""No letter or digit before: what touches punctuation is free."""

_END = r"(?![^\W_])"

_S = r" {1,3}| ?[._/-] ?"
_PHONE = re.compile(
    rf"{_FREE}(?<!\d[.,])0[1-9](?:\d{{8}}"
    rf"|(?P<s>{_S})(?:\d\d(?:(?P=s)\d\d){{3}}|\d{{3}}(?P=s)\d{{3}}(?P=s)\d\d|\d{{8}})"
    rf"|\d\d(?P<t>{_S})(?:\d\d(?P=t)\d\d(?P=t)\d\d|\d{{3}}(?P=t)\d{{3}}|\d{{6}})){_END}"
)
"""Two, four or ten digits first: « 06 12 34 56 78 », « 0612.34.56.78 », « 06 123 456 78 », « 0612345678 »."""

_ABROAD = re.compile(
    rf"(?:{_FREE}00|(?<![\w+])\+ ?)33\)?[ ._/-]{{0,3}}(?:\(0\))?[ ._/-]{{0,3}}[1-9](?:[ ._/-]{{0,3}}\d){{8}}{_END}"
    rf"|{_FREE}33[67]\d{{8}}{_END}"
)
_FOREIGN = re.compile(rf"(?<![\w+])\+(?!33)[1-9]\d{{0,2}}(?:[ .()/-]{{0,3}}\d){{8,12}}{_END}")
_THOUSANDS = re.compile(r"\+\d{1,3}(?:[ .]\d{3})+")

_PHONE_WORD = re.compile(r"(?:t[ée]l|phone|portable|mobile|fax|joindre|appeler|num[ée]ro)", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"(?:^|[^a-zà-ÿ])(?:id|ident\w*|code|matricule|dossier|r[ée]f\w*|allocataire|finess|siren|siret|rna|usager|visite)"
    r"(?:[ _](?:de|du|des?|n|no|num\w*|id|visite|dossier|allocataire|usager|foyer))*[ _:=.#°»]*$",
    re.IGNORECASE,
)
_LIST = 31
"""Five growing numbers of two digits within a month's days are a list: of pages, days, weeks."""


def runs(text: str) -> list[Span]:
    """Return where a text has ten digits or more, whatever sets them apart."""
    return [match.span() for match in _RUN.finditer(text)]


def phones(text: str, digits: Iterable[Span]) -> Iterator[Span]:
    """Yield telephone numbers, looked for in runs of digits.

    >>> text = "Tél.0612345678 ; pages 01-02-03-04-05 ; id 0299867890"
    >>> list(phones(text, runs(text)))
    [(4, 14)]
    """
    for first, last in digits:
        start, end = max(0, first - 2), last + 1
        yield from (match.span() for match in _PHONE.finditer(text, start, end) if _is_phone(match))
        yield from (match.span() for match in _ABROAD.finditer(text, start, end))
        yield from (m.span() for m in _FOREIGN.finditer(text, start, end) if not _THOUSANDS.fullmatch(m[0]))


def _is_phone(match: re.Match[str]) -> bool:
    text, separator, number = match.string, match["s"] or "", re.sub(r"\D", "", match[0])
    before = text[max(0, match.start() - 30) : match.start()].rpartition("\n")[2]
    announced = _PHONE_WORD.search(re.split(r"[;\d]", before)[-1]) is not None
    pairs = [int(number[place : place + 2]) for place in range(0, 10, 2)]
    if separator:
        row = re.escape(separator) + r"\d\d(?!\d)"
        further = re.match(rf"(?:{row})*", text[match.end() : match.end() + 40])
        former = re.search(rf"(?:(?<!\d)\d\d{re.escape(separator)})*$", before)
        assert further is not None
        assert former is not None
        if any(len(each[0]) // (2 + len(separator)) % 5 for each in (further, former)):
            return False  # a longer row of numbers
        listed = all(one < other for one, other in pairwise(pairs))
        return announced or not (listed and pairs[-1] - pairs[0] <= _LIST)
    return announced or (number != "0123456789" and not is_identifier(before))


def is_identifier(words: str) -> bool:
    """Whether words (a column's name, what stands before a number) announce an identifier and no telephone number.

    >>> is_identifier("id_visite"), is_identifier("identifiant : "), is_identifier("tel")
    (True, True, False)
    """
    return _IDENTIFIER.search(words) is not None and _PHONE_WORD.search(words) is None


def is_phone_name(words: str) -> bool:
    """Whether a column's name announces telephone numbers.

    >>> is_phone_name("Tél. domicile"), is_phone_name("mobilité")
    (True, False)
    """
    return (
        re.search(r"(?i)(?:^|[^a-zà-ÿ])(?:t[ée]l|t[ée]l[ée]phone|phone|portable|mobile|fax)(?![a-zà-ÿ])", words)
        is not None
    )


_N = r"(?: {1,3}| ?[.,/_-] ?)?"
_NIR = re.compile(
    rf"{_FREE}(?<!\d\.)(?<!\d,)[1-478]{_N}\d\d{_N}(?:0[1-9]|1[0-2]|[2-9]\d){_N}"
    rf"(?:\d\d|2[ABab]){_N}\d{{3}}{_N}\d{{3}}(?:{_N}\d\d)?{_END}"
)
"""Sex, year, month, department, commune, order, then the key: 15 characters (Insee, « numéro de sécurité sociale »)."""

_NIR_WORD = re.compile(r"\b(?:nir|nss|s[ée]cu\w*|ins[ée]e|immatriculation)\b", re.IGNORECASE)


def nirs(text: str, digits: Iterable[Span]) -> Iterator[Span]:
    """Yield social security numbers whose key is right, or that are written group by group, or announced.

    >>> list(nirs("x,255081416802538,y", [(2, 17)]))
    [(2, 17)]
    """
    for first, last in digits:
        for match in _NIR.finditer(text, first, last + 1):
            before = text[max(0, match.start() - 30) : match.start()].rpartition("\n")[2]
            if is_nir(match[0]) or (len(_bare(match[0])) == 13 and _NIR_WORD.search(before)):
                yield match.span()


def is_nir(text: str) -> bool:
    """Whether a text is a NIR whose key is right; without its key it counts when it is written group by group.

    The key is 97 − (n modulo 97), n being the first thirteen digits; Corsica's 2A and 2B count as 19 and 18.

    >>> is_nir("2 55 08 14 168 025 38"), is_nir("2 55 08 14 168 025 39"), is_nir("1 85 05 2A 004 021")
    (True, False, True)
    """
    bare = _bare(text)
    number = int(bare[:13].replace("2A", "19").replace("2B", "18"))
    if len(bare) == 15:
        return 97 - number % 97 == int(bare[13:])
    return re.fullmatch(r"\d([ .-])\d\d\1\d\d\1(?:\d\d|2[ABab])\1\d{3}\1\d{3}", text) is not None


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()


_IBAN = re.compile(r"[A-Za-z](?<![^\W_].)[A-Za-z]\d\d(?:[ .-]{0,3}[A-Za-z0-9]){11,60}", re.DOTALL)

_IBAN_LENGTHS = {
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "NL"), 18),
    **dict.fromkeys(("SI",), 19),
    **dict.fromkeys(("AT", "EE", "LT", "LU"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "DE", "GB", "GE", "IE"), 22),
    **dict.fromkeys(("AD", "CZ", "ES", "RO", "SE", "SK", "TN"), 24),
    **dict.fromkeys(("PT",), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "SM"), 27),
    **dict.fromkeys(("CY", "HU", "LB", "MA", "PL"), 28),
}
"""Characters of an IBAN, by country (registry of ISO 13616)."""


def ibans(text: str) -> Iterator[Span]:
    """Yield IBANs whose key is right.

    >>> list(ibans("IBAN=fr14-2004-1010-0505-0001-3m02-606 au nom de"))
    [(5, 38)]
    """
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2].upper())
        places = [place for place, each in enumerate(match[0]) if each.isalnum()]
        if length is None or len(places) < length:
            continue
        end = places[length - 1] + 1
        if not text[match.start() + end : match.start() + end + 1].isalnum() and is_iban(match[0][:end]):
            yield match.start(), match.start() + end


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN: the number that it makes leaves 1 when divided by 97 (ISO 13616).

    >>> is_iban("FR14 2004 1010 0505 0001 3M02 606"), is_iban("FR15 2004 1010 0505 0001 3M02 606")
    (True, False)
    """
    bare = _bare(text)
    return 15 <= len(bare) <= 34 and int("".join(str(int(each, 36)) for each in bare[4:] + bare[:4])) % 97 == 1
