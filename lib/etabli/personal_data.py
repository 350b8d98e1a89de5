"""Text that names or reaches a person: e-mail, telephone, NIR, IBAN, postal address, date of birth, name.

Detectors are narrow on purpose: a report is full of long numbers (SIRET, IRIS, amounts, digests), and a
check that cries wolf is switched off. What each one asks for stands beside it. A name that no title and no
capitals set apart (« Simone Iff » is also a social centre) is not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

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


_GAP = r"[ \u00a0\u202f]"
"""A space inside a line, no-break ones included."""

_CAPITAL = "A-ZÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒ"

_END = r"(?![\w])(?![.,/+=-][\w])"
"""Not a piece of a longer word, number, address or digest."""


def _free(first: str) -> str:
    """Return a pattern for a first character that does not go on a longer word or row of numbers.

    What stands before is asked after the character: a pattern that begins with one is searched ten times faster.
    """
    return rf"{first}(?<![\w]{first})(?<![\w][.,/+=-]{first})(?<!\d{_GAP}{first})"


_EMAIL = r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}(?!(?:png|svg|jpe?g|gif|webp|css|js)\b)[^\W\d_]{2,24}\b"

_REST = rf"[1-9](?:(?:{_GAP}\d\d){{4}}|(?P<sign>[.-]|)\d\d(?:(?P=sign)\d\d){{3}}){_END}(?!{_GAP}\d)"
_PHONE = rf"{_free('0')}{_REST}"
_PHONE_ABROAD = rf"{_free('[+]')}33{_GAP}?(?:\(0\))?{_GAP}?{_REST}"
_PHONE_ABROAD_PLAIN = rf"{_free('0')}033{_GAP}?(?:\(0\))?{_GAP}?{_REST}"
"""French numbers, pairs set apart in one same way; never a piece of a longer row of numbers."""

_PAIR = rf"(?:{_GAP}|[.-])?"
_NIR = (
    rf"{_free('[1-478]')}{_PAIR}\d\d{_PAIR}(?:0[1-9]|1[0-2]|[2-9]\d){_PAIR}"
    rf"(?:\d\d|2[AB]){_PAIR}\d{{3}}{_PAIR}\d{{3}}(?:{_PAIR}\d\d)?{_END}(?!{_GAP}\d)"
)
"""Sex, year, month, department, commune, order, then the key: 15 characters (Insee, « numéro de sécurité sociale »)."""

_IBAN = rf"{_free('[A-Z]')}[A-Z]\d\d(?:{_GAP}?[A-Z0-9]{{4}}){{2,7}}(?:{_GAP}?[A-Z0-9]{{1,4}})?{_END}"

_STREETS = (
    *(
        "rue",
        "avenue",
        "av.",
        "boulevard",
        "bd",
        "bld",
        "allée",
        "allee",
        "place",
        "pl.",
        "impasse",
        "chemin",
        "square",
    ),
    *("cours", "quai", "route", "passage", "résidence", "residence", "mail", "esplanade", "ruelle", "sentier", "villa"),
    *("venelle", "promenade", "faubourg", "lotissement"),
)
_ADDRESS = (
    rf"(?<![\w])(?<![\w][.,/+=-])\d{{1,4}}{_GAP}?(?:bis|ter|quater|[A-D])?,?{_GAP}+"
    rf"(?i:{'|'.join(re.escape(each) for each in _STREETS)}){_GAP}+"
    rf"(?:(?i:de|du|des|la|aux?|le|les){_GAP}+)*(?:(?i:l|d)['’])?[{_CAPITAL}]\w+"
)
"""Number, kind of street, then a name with a capital."""

_DATE = r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)|\d{4}-\d\d-\d\d|\d{1,2}(?:er)?\s+[a-zéû]{3,9}\.?\s+\d{4})"
_BORN = ("né", "nee", "ddn", "naiss", "birth")
_BIRTH = (
    r"\b(?i:née?|nee|né\(e\)|né[.·]e|ddn|(?:date_?(?:de_?)?)?naiss(?:ance)?|(?:date_?of_?)?birth)\b"
    rf"[^\n\d]{{0,25}}{_DATE}(?!\d)"
)
"""A word for birth, then a date a few words further."""

_OFFICES = (
    "Maires?|Préf[eè]t|Président|Direct|Ministre|Député|Sénat|Conseill|Adjoint|Élu|Responsable|Chef|Secrétaire|Délégu"
)
"""How words begin that tell an office, and not who holds it: « Madame la Préfète »."""

_TITLE = (
    r"[Mm](?<![\w.][Mm])(?<!\d[ \u00a0\u202f][Mm])"
    rf"(?:(?<=M)(?:M|r|me|mes|lle|elle)?\.?|onsieur|adame|ademoiselle|(?<=M)(?:ONSIEUR|ADAME)){_GAP}+"
    rf"(?:(?:de|du|des|le|la|les){_GAP}+|d[’'])?(?!{_OFFICES})[{_CAPITAL}][\w’'-]+"
)
"""A title, then a name; « 3 M Euros » is none."""

_CAPITALS = rf"[{_CAPITAL}](?<=[a-zà-ÿ]{_GAP}[{_CAPITAL}])[{_CAPITAL}]*(?:[-'’ ][{_CAPITAL}]+)*(?!\w)"
"""Words in capitals after a small letter and a space: « Marie LE GALL », but « prime RSA » as well."""

_SHORTEST_NAME = 3
"""Letters of a name in capitals: « Paul V » is as likely a list."""

_FIRST_NAMES = frozenset(
    """
    Adam Adama Adèle Agathe Agnès Ahmed Aïcha Alain Albert Alexandre Alice Aline Amina Amine Anaïs André
    Andrée Anne Annick Annie Antoine Arnaud Arthur Audrey Aurélie Aziz Baptiste Béatrice Benjamin Benoît
    Bernadette Bernard Brigitte Bruno Camille Carole Caroline Catherine Cécile Cédric Chantal Charles
    Charlotte Chloé Christelle Christian Christiane Christine Christophe Claire Claude Claudine Clément
    Colette Corinne Cyril Damien Daniel Danielle David Delphine Denis Denise Didier Dominique Éliane
    Élisabeth Élise Élodie Émilie Emma Emmanuel Éric Erwan Estelle Étienne Eva Évelyne Fabien Fabienne
    Fabrice Fatima Fatou Fatoumata Florence Florian Franck François Françoise Frédéric Gabriel Gaël
    Geneviève Georges Gérard Ghislaine Gilbert Gilles Ginette Guillaume Guy Gwenaëlle Hamza Hélène Henri
    Hervé Hugo Ibrahim Inès Isabelle Ismaël Jacqueline Jacques Jean Jeanne Jeannine Jennifer Jérôme Joël
    Joëlle Jonathan Joseph Josette Josiane Julie Julien Juliette Karim Karine Kévin Khadija Laetitia
    Laura Laure Laurence Laurent Léa Léo Liliane Loïc Louis Louise Luc Lucas Lucie Lucien Ludovic
    Madeleine Mamadou Manon Marc Marcel Marguerite Maria Marie Marine Marion Martin Martine Maryse
    Mathieu Mathilde Matthieu Maurice Maxime Mehdi Mélanie Michel Michèle Micheline Mireille Mohamed
    Mohammed Monique Moussa Muriel Myriam Nadia Nadine Nathalie Nathan Nicolas Nicole Nina Noël Nolwenn
    Odette Olivier Omar Oumar Pascal Pascale Patrice Patricia Patrick Paul Paulette Pauline Philippe
    Pierre Quentin Rachid Raymond Régine Rémi René Renée Richard Robert Roger Roland Romain Ronan
    Sabrina Said Samir Samira Samuel Sandra Sandrine Sarah Sébastien Serge Simon Simone Solène Sonia
    Sophie Stéphane Stéphanie Suzanne Sylvain Sylvie Tanguy Théo Thérèse Thierry Thomas Valérie Vanessa
    Véronique Victor Vincent Virginie Xavier Yann Yannick Yasmine Yves Yvette Yvonne Youssef Zoé
    """.split()  # noqa: SIM905  # two hundred names, kept in lines
)
"""Frequent first names: one of them before a word in capitals is taken for a name."""


def find(text: str) -> Iterator[Found]:
    """Yield the personal data of a text, kind by kind and not in the order of the text.

    Examples
    --------
    >>> [found.kind for found in find("Écrire à jeanne@exemple.fr, ou au 06 12 34 56 78")]
    ['phone', 'email']
    >>> list(find("SIRET 775 672 272 00018 ; 1 234 567 890 € ; IRIS 352380101"))
    []
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters of other alphabets grow
        lowered = "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
    for kind, pattern, holds in _sought():
        yield from (Found(kind, *match.span()) for match in pattern.finditer(text) if holds(match))
    for kind, pattern, anchors, before in _anchored():
        for start, end in _around(lowered, anchors, before):
            yield from (Found(kind, *match.span()) for match in pattern.finditer(text, start, end))


def _around(lowered: str, anchors: tuple[str, ...], before: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text around rare words, each part once: a pattern is looked for there, not everywhere."""
    start = end = 0
    for place in sorted({each for anchor in anchors for each in _places(lowered, anchor)}):
        if place - before > end:
            yield start, end
            start = place - before
        end = place + _WINDOW
    yield start, end


_WINDOW = 200
"""How far a piece of personal data may go beyond the word that announces it."""


def _places(text: str, anchor: str) -> Iterator[int]:
    place = text.find(anchor)
    while place >= 0:
        yield place
        place = text.find(anchor, place + len(anchor))


def masked(text: str) -> str:
    """Return a piece of personal data as a message may show it: its two first characters, the rest hidden.

    >>> masked("06 12 34 56 78")
    '06 •• •• •• ••'
    """
    return text[:2] + re.sub(r"\w", "•", text[2:40]) + ("…" if len(text) > 40 else "")


def is_nir(text: str) -> bool:
    """Whether a text is a NIR whose key is right; without its key it counts when it is written group by group.

    The key is 97 − (n modulo 97), n being the first thirteen digits; Corsica's 2A and 2B count as 19 and 18.

    >>> is_nir("2 55 08 14 168 025 38"), is_nir("2 55 08 14 168 025 39"), is_nir("1 85 05 2A 004 021")
    (True, False, True)
    """
    bare = re.sub(r"[\W_]", "", text)
    number = int(bare[:13].replace("2A", "19").replace("2B", "18"))
    if len(bare) == 15:
        return 97 - number % 97 == int(bare[13:])
    return re.fullmatch(r"\d\D\d\d\D\d\d\D(?:\d\d|2[AB])\D\d{3}\D\d{3}", text) is not None


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN: the number that it makes leaves 1 when divided by 97 (ISO 13616).

    >>> is_iban("FR14 2004 1010 0505 0001 3M02 606"), is_iban("FR15 2004 1010 0505 0001 3M02 606")
    (True, False)
    """
    bare = re.sub(r"[\W_]", "", text)
    return 15 <= len(bare) <= 34 and int("".join(str(int(each, 36)) for each in bare[4:] + bare[:4])) % 97 == 1


Holds = Callable[[re.Match[str]], bool]


@cache
def _sought() -> tuple[tuple[Kind, re.Pattern[str], Holds], ...]:
    """Return what is looked for everywhere, and what must hold of it: patterns that begin with a few characters."""
    return (
        ("phone", re.compile(_PHONE), _always),
        ("phone", re.compile(_PHONE_ABROAD), _always),
        ("phone", re.compile(_PHONE_ABROAD_PLAIN), _always),
        ("nir", re.compile(_NIR), lambda match: is_nir(match[0])),
        ("iban", re.compile(_IBAN), lambda match: is_iban(match[0])),
        ("name", re.compile(_TITLE), _always),
        ("name", re.compile(_CAPITALS), _follows_first_name),
    )


@cache
def _anchored() -> tuple[tuple[Kind, re.Pattern[str], tuple[str, ...], int], ...]:
    """Return what is looked for around given words, in small letters, and how far before them it may begin."""
    return (
        ("email", re.compile(_EMAIL), ("@",), 64),
        ("address", re.compile(_ADDRESS), _STREETS, 14),
        ("birth", re.compile(_BIRTH), _BORN, 8),
    )


def _always(_: re.Match[str]) -> bool:
    return True


def _follows_first_name(match: re.Match[str]) -> bool:
    words = match.string[max(0, match.start() - 30) : match.start()].split()
    named = bool(words) and all(part in _FIRST_NAMES for part in words[-1].lstrip("(«\"'>,;:").split("-"))
    return named and sum(each.isalpha() for each in match[0]) >= _SHORTEST_NAME
