r"""How French writes numbers, dates and sentences: the one place that knows.

Numbers are rounded half up on the decimal digits that Python shows (0.5 → 1, 2.675 → 2,68), as readers do by
hand; what rounds to zero has no sign. Spaces that must not break are no-break ones, and doctests show them
escaped: `\xa0` (U+00A0) before « % € », `\u202f` (U+202F) inside numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from babel.dates import format_date

from etabli.errors import ReportError

NBSP = "\u00a0"
"""No-break space: before « : », « » », « % », « € », « h », « min », and after « « »."""
NNBSP = "\u202f"
"""Narrow no-break space: before « ; », « ! », « ? », and between groups of three digits."""
MINUS = "\u2212"
"""The minus sign; a hyphen is not one."""

FEW_PEOPLE = 30
"""Under this many people a share is written « 7 sur 13 »."""
MANY_PEOPLE = 1000
"""From this many people on, a percentage carries one decimal."""

SIGNS: dict[str, str] = {
    "s": "couvert par le secret statistique",
    "n.d.": "non disponible",
    "n.s.": "non significatif",
    "///": "sans objet : la valeur ne peut pas exister",
    "ε": "inférieur à la moitié du dernier chiffre affiché",
    "p": "provisoire",
    "r": "révisé",
    "e": "estimé",
}
"""The signs that stand in tables for a value, or beside it, and the legend of each."""

Real = int | float | Decimal
Gender = Literal["f", "m"]


def rounded(x: Real, decimals: int = 0) -> Decimal:
    """Round half away from zero, on the digits that Python shows.

    Raises
    ------
    ReportError
        `x` is not a finite number: write one of `SIGNS` instead.

    Examples
    --------
    >>> rounded(0.5), rounded(2.675, 2), rounded(-0.04, 1)
    (Decimal('1'), Decimal('2.68'), Decimal('0.0'))
    """
    exact = Decimal(str(x))
    if not exact.is_finite():
        raise ReportError(
            "Une valeur absente ne s’écrit pas comme un nombre.",
            got=str(x),
            hint="écrivez le signe qui dit pourquoi elle manque : s, n.d., n.s., ///",
        )
    result = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(result) if result == 0 else result


_FRENCH_SIGNS = {ord(","): NNBSP, ord("."): ","}


def number(x: Real, decimals: int = 0) -> str:
    r"""Write a number: digits in threes, decimal comma, minus sign.

    >>> number(57403), number(-3.25, 1), number(-0.04, 1)
    ('57\u202f403', '−3,3', '0,0')
    """
    value = rounded(x, decimals)
    digits = f"{abs(value):,f}".translate(_FRENCH_SIGNS)
    return (MINUS if value < 0 else "") + digits


def _signed(x: Real, decimals: int) -> str:
    return ("+" if rounded(x, decimals) > 0 else "") + number(x, decimals)


def _hundredfold(x: Real) -> Decimal:
    return Decimal(str(x)) * 100


def percent(share: Real, decimals: int = 1) -> str:
    r"""Write a share, given as a fraction, as a percentage.

    >>> percent(0.125)
    '12,5\xa0%'
    """
    return number(_hundredfold(share), decimals) + NBSP + "%"


def signed_percent(change: Real, decimals: int = 1) -> str:
    r"""Write a relative change, given as a fraction, with its sign.

    >>> signed_percent(0.033), signed_percent(-0.021), signed_percent(0)
    ('+3,3\xa0%', '−2,1\xa0%', '0,0\xa0%')
    """
    return _signed(_hundredfold(change), decimals) + NBSP + "%"


def share_decimals(people: int) -> int:
    """Return how many decimals a percentage of so many people carries: none under 1,000, else one.

    >>> share_decimals(999), share_decimals(1000)
    (0, 1)
    """
    return 0 if people < MANY_PEOPLE else 1


def share(x: Real, *, people: int, numerator: int | None = None) -> str:
    r"""Write a share with no digit that its base does not carry.

    Parameters
    ----------
    x
        The share, as a fraction.
    people
        The number of people in the denominator.
    numerator
        The number of people in the numerator, where it is known: under 30 people the two are written instead.

    Examples
    --------
    >>> share(7 / 13, people=13, numerator=7)
    '7 sur 13'
    >>> share(0.1251, people=999), share(0.1251, people=1000)
    ('13\xa0%', '12,5\xa0%')
    """
    if people < FEW_PEOPLE and numerator is not None:
        return f"{number(numerator)} sur {number(people)}"
    return percent(x, share_decimals(people))


def weight(size: int) -> str:
    r"""Write the weight of a file that a reader may download.

    >>> weight(900), weight(52_300), weight(3_450_000)
    ('1\xa0Ko', '52\xa0Ko', '3,5\xa0Mo')
    """
    if size < 1_000_000:
        return f"{number(max(1, round(size / 1000)))}{NBSP}Ko"
    return f"{number(size / 1_000_000, 1)}{NBSP}Mo"


def points(difference: Real, decimals: int = 1) -> str:
    r"""Write a difference of two shares, given as a fraction, in points.

    >>> points(0.012), points(-0.034), points(0.0199)
    ('+1,2\xa0point', '−3,4\xa0points', '+2,0\xa0points')
    """
    value = _hundredfold(difference)
    return _signed(value, decimals) + NBSP + plural(float(rounded(value, decimals)), "point", "points")


def money(euros: Real, decimals: int = 0) -> str:
    r"""Write a sum in euros.

    >>> money(1125796)
    '1\u202f125\u202f796\xa0€'
    """
    return number(euros, decimals) + NBSP + "€"


def ratio(x: Real) -> str:
    """Write a ratio (odds ratio, ratio of rates) with two decimals.

    >>> ratio(1.456)
    '1,46'
    """
    return number(x, 2)


def mean(x: Real, decimals: int = 1) -> str:
    """Write a mean, one decimal unless said otherwise.

    >>> mean(2.34)
    '2,3'
    """
    return number(x, decimals)


def p_value(p: float) -> str:
    r"""Write the p-value of a test with three decimals.

    Raises
    ------
    ReportError
        `p` is not between 0 and 1.

    Examples
    --------
    >>> p_value(0.0009), p_value(0.032), p_value(0.9996)
    ('p\xa0<\xa00,001', 'p\xa0=\xa00,032', 'p\xa0>\xa00,999')
    """
    if not 0 <= p <= 1:
        raise ReportError("Une probabilité critique est comprise entre 0 et 1.", got=str(p))
    if p < 0.001:
        sign, shown = "<", 0.001
    elif rounded(p, 3) == 1:
        sign, shown = ">", 0.999
    else:
        sign, shown = "=", p
    return NBSP.join(["p", sign, number(shown, 3)])


def interval(low: Real, high: Real, written: Callable[[Real], str] = number) -> str:
    r"""Write an interval, its bounds as `written` writes them.

    >>> interval(0.121, 0.143, percent)
    '[12,1\xa0%\u202f; 14,3\xa0%]'
    """
    return f"[{written(low)}{NNBSP}; {written(high)}]"


def change(x: Real, decimals: int = 1) -> str:
    r"""Write a relative change, given as a fraction, in words that follow a noun and its verb.

    >>> change(0.033), change(-0.021), change(0.0004)
    ('en hausse de 3,3\xa0%', 'en baisse de 2,1\xa0%', 'stable')
    """
    value = rounded(_hundredfold(x), decimals)
    if value == 0:
        return "stable"
    return f"en {'hausse' if value > 0 else 'baisse'} de {number(abs(value), decimals)}{NBSP}%"


_SHARES_IN_WORDS: tuple[tuple[str, str, str], ...] = (
    ("4.5", "5.5", "environ {one} sur vingt"),
    ("9", "11", "environ {one} sur dix"),
    ("12", "13", "environ {one} sur huit"),
    ("16", "17.5", "environ {one} sur six"),
    ("19", "21", "environ {one} sur cinq"),
    ("23", "27", "environ un quart"),
    ("31", "35", "environ un tiers"),
    ("39", "41", "environ deux sur cinq"),
    ("45", "49.9", "près de la moitié"),
    ("50", "50", "la moitié"),
    ("50.1", "55", "plus de la moitié"),
    ("59", "61", "environ trois sur cinq"),
    ("64", "69", "environ deux tiers"),
    ("73", "77", "environ trois quarts"),
    ("79", "81", "environ quatre sur cinq"),
    ("89", "91", "environ neuf sur dix"),
)
"""From, to (in percent, both included, of the share written with one decimal), words."""


def share_in_words(x: Real, *, gender: Gender = "m") -> str | None:
    """Return the words that help to read a share, to be written beside its number; None where there are none.

    The words are chosen on the percentage with one decimal, so that they agree with the number beside them.

    >>> share_in_words(0.449), share_in_words(0.45), share_in_words(0.5004), share_in_words(0.1, gender="f")
    (None, 'près de la moitié', 'la moitié', 'environ une sur dix')
    """
    value = rounded(_hundredfold(x), 1)
    for low, high, words in _SHARES_IN_WORDS:
        if Decimal(low) <= value <= Decimal(high):
            return words.format(one="une" if gender == "f" else "un")
    return None


def ordinal(n: int, *, gender: Gender = "m") -> str:
    """Write an ordinal.

    Raises
    ------
    ReportError
        `n` is under 1.

    Examples
    --------
    >>> ordinal(1), ordinal(1, gender="f"), ordinal(2)
    ('1er', '1re', '2e')
    """
    if n < 1:
        raise ReportError("Un rang commence à 1.", got=str(n))
    return f"{number(n)}{'e' if n > 1 else 're' if gender == 'f' else 'er'}"


def _day(d: dt.date, rest: str) -> str:
    """Write the day, « 1er » when it is the first, then what the Babel pattern `rest` asks for."""
    return ("1er" if d.day == 1 else str(d.day)) + (" " + format_date(d, rest, locale="fr") if rest else "")


def date(d: dt.date) -> str:
    """Write a date.

    >>> date(dt.date(2024, 10, 1))
    '1er octobre 2024'
    """
    return _day(d, "MMMM y")


def hours(t: dt.time) -> str:
    r"""Write a time of day.

    >>> hours(dt.time(9, 30)), hours(dt.time(14))
    ('9\xa0h\xa030', '14\xa0h')
    """
    return f"{t.hour}{NBSP}h" + (f"{NBSP}{t.minute:02d}" if t.minute else "")


def day_and_time(moment: dt.datetime) -> str:
    r"""Write a date and a time of day.

    >>> day_and_time(dt.datetime(2024, 10, 1, 9, 30))
    '1er octobre 2024 à 9\xa0h\xa030'
    """
    return f"{date(moment)} à {hours(moment.time())}"


def period(start: dt.date, end: dt.date) -> str:
    """Write a period, both days included, without saying a month or a year twice.

    Raises
    ------
    ReportError
        It ends before it starts.

    Examples
    --------
    >>> period(dt.date(2024, 10, 1), dt.date(2024, 12, 31))
    'du 1er octobre au 31 décembre 2024'
    """
    if end < start:
        raise ReportError("Une période finit avant de commencer.", got=f"{start.isoformat()}, {end.isoformat()}")
    if start == end:
        return f"le {date(start)}"
    same_year = start.year == end.year
    rest = "" if same_year and start.month == end.month else "MMMM" if same_year else "MMMM y"
    return f"du {_day(start, rest)} au {date(end)}"


def quarter(code: str) -> str:
    """Write the quarter that an edition's code names.

    Raises
    ------
    ReportError
        The code is not of the form 2024-T4.

    Examples
    --------
    >>> quarter("2024-T4")
    '4e trimestre 2024'
    """
    found = re.fullmatch(r"(\d{4})-T([1-4])", code)
    if found is None:
        raise ReportError("Ce trimestre ne se lit pas.", expected="une année et un trimestre (2024-T4)", got=code)
    return f"{ordinal(int(found[2]))} trimestre {found[1]}"


def duration(seconds: float) -> str:
    r"""Write a duration: to the second under an hour, to the minute from there on.

    Raises
    ------
    ReportError
        It is negative.

    Examples
    --------
    >>> duration(45), duration(125), duration(3720)
    ('45\xa0s', '2\xa0min\xa005\xa0s', '1\xa0h\xa002\xa0min')
    """
    if seconds < 0:
        raise ReportError("Une durée n’est pas négative.", got=str(seconds))
    whole = int(rounded(seconds))
    if whole < 60:
        return NBSP.join([str(whole), "s"])
    if whole < 3600:
        return NBSP.join([str(whole // 60), "min", f"{whole % 60:02d}", "s"])
    minutes = int(rounded(seconds / 60))
    return NBSP.join([number(minutes // 60), "h", f"{minutes % 60:02d}", "min"])


def plural(n: Real, one: str, many: str) -> str:
    """Return the form that goes with `n`: the plural starts at 2.

    >>> plural(0, "visite", "visites"), plural(1.99, "visite", "visites"), plural(2, "visite", "visites")
    ('visite', 'visite', 'visites')
    """
    return one if -2 < n < 2 else many


def count(n: Real, one: str, many: str, *, decimals: int = 0) -> str:
    r"""Write a number and what it counts; the noun follows the number as written.

    >>> count(0, "visite", "visites"), count(25011, "visite", "visites")
    ('0 visite', '25\u202f011 visites')
    """
    return f"{number(n, decimals)} {plural(rounded(n, decimals), one, many)}"


def listing(items: Sequence[str], *, last: str = "et") -> str:
    """Write a list in a sentence.

    >>> listing(["a", "b", "c"]), listing(["a", "b"], last="ou")
    ('a, b et c', 'a ou b')
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def capitalised(text: str) -> str:
    """Return `text` with its first letter as a capital, accent kept; an opening quote or bracket is passed over.

    >>> capitalised("à l’accueil"), capitalised("« école »"), capitalised("18-24 ans")
    ('À l’accueil', '« École »', '18-24 ans')
    """
    start = len(text) - len(text.lstrip("«“(\"'" + " " + NBSP + NNBSP))
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def uncapitalised(text: str) -> str:
    """Return `text` with its first letter small, for use inside a sentence; an abbreviation is kept as it is.

    A proper noun cannot be told from a common one: do not pass one.

    >>> uncapitalised("À l’accueil"), uncapitalised("RSA socle"), uncapitalised("T4 2024")
    ('à l’accueil', 'RSA socle', 'T4 2024')
    """
    following = text[1:2]
    return text if following.isupper() or following.isdigit() else text[:1].lower() + text[1:]


_UNTOUCHED = re.compile(
    r"```.*?```|`[^`\n]*`"  # Markdown code
    r"|<(code|pre|script|style|kbd)\b.*?</\1\s*>|<!--.*?-->|</?[a-z][^<>]*>"  # HTML code, comments, tags
    r"|\b[a-z][a-z0-9+.-]*://[^\s<>«»]+",  # addresses
    re.IGNORECASE | re.DOTALL,
)
_SPACE = f"[ {NBSP}{NNBSP}]"
_AFTER_SIGN = r"(?=[\s*_<)\]».,;:!?…]|$)"
"""What follows a sign that ends something; without it, « :-- », « ![ » or « != » would be taken for one."""
_BEFORE_LETTERS = re.compile(
    r"(?<=[^\W\d_])'(?=[^\W\d_])"
    r"|(?<=\b[ldjmtscn])'(?=[«<*_\d])|(?<=qu)'(?=[«<*_\d])",
    re.IGNORECASE,
)
_WIDE = re.compile(rf"(?<=\S) (?=[»€]|%(?![\w}}])|:{_AFTER_SIGN})|(?<=«) (?=\S)")
_NARROW = re.compile(rf"(?<=\S) (?=[;!?]+{_AFTER_SIGN})")
_GROUPED = re.compile(rf"(?<![\w.,/:])\d{{1,3}}(?:{_SPACE}\d{{3}})+(?![\w/:])")


def typography(text: str) -> str:
    r"""Put the French spaces and apostrophes where plain typing left ordinary ones.

    Straight apostrophes between letters are curled; the ordinary space before « : », « » », « % », « € » and after
    « « » becomes U+00A0, before « ; », « ! », « ? » and between groups of three digits U+202F. Nothing is added or
    taken away: only ordinary spaces and straight apostrophes change, each for one character, so that applying it
    twice changes nothing more. Addresses, Markdown code, HTML tags and HTML code stay as they are.

    >>> typography("L'accueil : 25 000 visites, soit 12 % !")
    'L’accueil\xa0: 25\u202f000 visites, soit 12\xa0%\u202f!'
    """
    letters = list(text)
    for match in _GROUPED.finditer(text):
        for place in range(*match.span()):
            if text[place] == " ":
                letters[place] = NNBSP
    for pattern, sign in ((_BEFORE_LETTERS, "’"), (_WIDE, NBSP), (_NARROW, NNBSP)):
        for match in pattern.finditer(text):
            letters[match.start()] = sign
    for match in _UNTOUCHED.finditer(text):
        letters[match.start() : match.end()] = text[match.start() : match.end()]
    return "".join(letters)
