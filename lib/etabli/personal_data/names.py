"""Names of persons in a plain text (`plain`): after a title, or in capitals beside a frequent first name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etabli.personal_data.numbers import Span
from etabli.personal_data.whereabouts import CAPITAL
from etabli.personal_data.words import ACRONYMS, FAMOUS, FIRST_NAMES, OFFICES, PLACES

_FIRST_IN_CAPITALS = frozenset(each.upper() for each in FIRST_NAMES)


def names(text: str) -> Iterator[Span]:
    """Yield names that something sets apart.

    >>> text = "rappeler Marie LE GALL et MME DUPONT ; prime de Noël RSA, collège Jean MOULIN"
    >>> [text[start:end] for start, end in names(text)]
    ['MME DUPONT', 'LE GALL']
    """
    yield from (match.span() for match in _TITLE.finditer(text) if _is_titled(match))
    yield from (match.span() for match in _LAWYER.finditer(text) if not _of_a_place(text, match.start()))
    yield from (match.span() for match in _CAPITALS.finditer(text) if _is_name(match))


_TITLE = re.compile(
    r"[Mm](?<![^\W_][Mm])(?<!\w\.[Mm])(?P<title>"
    r"(?<=M)(?:\.|MES?\.?|me?s?\.?|LLES?\.?|lles?\.?|r\.?|R\.?|M\.?|ONSIEUR|ADAME|ADEMOISELLE)?"
    r"|(?:me|lle|r)\.?|onsieur|adame|ademoiselle)"
    r" {1,3}[\"'«(]? ?(?P<initials>(?:[A-ZÀ-Ý]\.[ -]?){0,2})(?:d(?:e|u|es) |d')?"
    rf"(?:(?P<name>[{CAPITAL}][\w'-]+)|(?P<small>[^\W\d_A-Z][\w'-]{{2,}})(?= *(?:$|[,;:.)(\d\n])))"
)
_BARE_BEFORE = re.compile(r"(?:\b(?:en|taille|sexe|genre)|[:=\d/]) ?$", re.IGNORECASE)
_BARE_AFTER = {"Euros", "Euro", "EUR", "Âge", "Age", "Homme", "Femme", "HT", "TTC", "HOMME", "FEMME"}
_OFFICE = re.compile(rf"(?:{OFFICES})", re.IGNORECASE)
_SMALL = re.compile(
    r"(?:les?|la|une?|est|et|ou|qui|que|dit|ici|vient|voit|veut|va|fait|présente?|absente?|seule?|retraitée?|mariée?|née?"
    r"|arrive|part|rit|pleure|revient|répond|demande|attend|parle|explique|hésite|insiste|non|oui|aussi|enfin|alors|puis)$"
)


def _is_titled(match: re.Match[str]) -> bool:
    """Whether a title is followed by a name: no office (« M. le Maire »), no changed name (« Mme X »)."""
    name = match["name"]
    if name is None:  # « Mme dupont », at the end of a clause
        small = match["small"]
        written = match["title"].rstrip(".").lower() in {"me", "lle", "r"}
        return written and not _SMALL.match(small) and not _OFFICE.match(small)
    if _OFFICE.match(name) or len(set(name.upper())) == 1:
        return False
    if match["title"] == "":
        before = match.string[max(0, match.start() - 12) : match.start()]
        return name not in _BARE_AFTER and not _BARE_BEFORE.search(before)
    return name not in ACRONYMS


_LAWYER = re.compile(
    rf"[DM](?<![^\W_].)(?:(?<=D)(?:r\.?|octeure?)|(?<=M)(?:e|aître)) {{1,3}}(?:[A-ZÀ-Ý]\. ?)?[{CAPITAL}][a-zà-ÿ'A-Z-]+"
)
"""« Dr Dupont », « Maître Dupont »."""

_CAPITALS = re.compile(
    rf"[{CAPITAL}](?<![^\W_].)(?:[{CAPITAL}]|(?<=[DLNO])')[{CAPITAL}]*(?:(?:-| {{1,3}}|')[{CAPITAL}]{{2,}})*(?![^\W_])"
)
"""Words in capitals: « LE GALL », but « RSA » as well."""

_WORD_AFTER = re.compile(
    rf" {{1,3}}([{CAPITAL}][a-zà-ÿ]+(?:-[{CAPITAL}][a-zà-ÿ]+)*)(?![^\W_])(?! {{1,3}}(?:d'|de |[{CAPITAL}]))"
)


def _is_name(match: re.Match[str]) -> bool:
    """Whether words in capitals are a name: three letters or more, beside a first name, no acronym and no place."""
    text, capitals = match.string, match[0]
    if capitals in ACRONYMS:
        return False
    words = re.split(r"[ '-]+", capitals)
    if sum(map(len, words)) < _SHORTEST_NAME or any(each in ACRONYMS for each in words):
        return False
    before = _word_before(text, match.start())
    if before and _is_first(before):
        famous = f"{before.upper()} {words[-1]}" in FAMOUS
        return not famous and not _of_a_place(text, text.rindex(before, 0, match.start()))
    after = _WORD_AFTER.match(text, match.end())
    if after is not None and _is_first(after[1]):
        return words[0].lower() not in PLACES and not _of_a_place(text, match.start())
    return _stands_alone(match, words)


_SHORTEST_NAME = 3
"""Letters of a name in capitals: « Paul V » is as likely a list."""


def _word_before(text: str, start: int) -> str:
    """Return the word that a space alone sets apart from a place of the text; none without a space."""
    if text[start - 1 : start] != " ":
        return ""
    words = text[max(0, start - 30) : start].rpartition("\n")[2].split()
    return words[-1].lstrip("(«\"'>,;:/=*_.") if words else ""


def _is_first(word: str) -> bool:
    return all(part in FIRST_NAMES for part in word.split("-"))


def _stands_alone(match: re.Match[str], words: list[str]) -> bool:
    """Whether « MARIE DUPONT », all in capitals, makes a cell, a line or a clause of its own, and is no place."""
    if not 2 <= len(words) <= 4 or "'" in match[0] or words[0].lower() in PLACES:
        return False
    line = match.string[max(0, match.start() - 2) : match.start()], match.string[match.end() : match.end() + 2]
    alone = not re.search(r"[^\W_] ?$", line[0]) and not re.match(r" ?[^\W_]", line[1])
    first = words[0] in _FIRST_IN_CAPITALS or words[-1] in _FIRST_IN_CAPITALS
    return alone and first and f"{words[0]} {words[-1]}" not in FAMOUS


def _of_a_place(text: str, start: int) -> bool:
    """Whether one of the three words before says that a place or an institution bears the name."""
    line = text[max(0, start - 40) : start].rpartition("\n")[2]
    clause = re.split(r"[,;:.()]", line)[-1]
    return any(word in PLACES for word in re.findall(r"[^\W\d_]+", clause.lower())[-3:])


def has_first_name(text: str) -> bool:
    """Whether one of several words is a first name: for the author of a file, whose name nothing else sets apart.

    >>> has_first_name("Jeanne Dupont"), has_first_name("Pôle observation")
    (True, False)
    """
    words = text.split()
    return len(words) > 1 and any(_is_first(each.title()) for each in words)
