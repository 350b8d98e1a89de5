"""How a delimited file seems to be written, where its codebook does not say: a guess, reported as one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO

import pandas as pd

SEPARATORS = (";", "\t", ",", "|")

_SPACES = " \u00a0\u202f"
_WHOLE = re.compile(rf"[+-]?(?:[0-9]+|[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+)")
_SIGNED = re.compile(rf"[+-]?([0-9{_SPACES}]*)((?:[.,][0-9]*)+)((?:[eE][+-]?[0-9]+)?)")
"""A number with a comma or a point, whichever they stand for."""

_CODE = re.compile(r"0[0-9]+")
"""Digits after a zero: a code, never a number."""

_DATES = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d")
_MOMENTS = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")
_TRUTHS = {"oui", "non", "true", "false", "vrai", "faux"}
_SEARCHED = 30
"""Rows among which the header is looked for."""

_ENOUGH = 5_000
"""Different values that a guess looks at."""


def separator_of(text: str, known: Sequence[str] = ()) -> str:
    r"""Return the separator under which the header holds most known columns, then the rows most alike fields.

    >>> separator_of("a;b\n1,5;2\n3,5;4\n"), separator_of("a,b\n1,2\n")
    (';', ',')
    """

    def score(separator: str) -> tuple[int, int, int]:
        try:
            rows = [row for row in csv.reader(StringIO(text, newline=""), delimiter=separator) if row] or [[]]
        except csv.Error:
            return 0, 0, 0
        width, alike = Counter(len(row) for row in rows).most_common(1)[0]
        found = max(len({cell.strip() for cell in row} & set(known)) for row in rows[:_SEARCHED])
        return found, alike if width > 1 else 0, width

    lines = text.splitlines(keepends=True)[:100]
    text = "".join(lines)
    scores = {each: score(each) for each in SEPARATORS}
    if known and max(scores.values())[0] > 0:
        return max(SEPARATORS, key=lambda each: (scores[each][0], -SEPARATORS.index(each)))
    return max(SEPARATORS, key=lambda each: (*scores[each][1:], -SEPARATORS.index(each)))


def title_rows_of(rows: Sequence[Sequence[str]], known: Sequence[str] = ()) -> int:
    """Return how many rows stand above the row of names: that of most known columns, else the first of full width.

    A row of the width of the others is a title too, as spreadsheets write them, where most of its cells are empty.

    >>> title_rows_of([["Extraction du 3 janvier"], [], ["a", "b"], ["1", "2"]])
    2
    >>> title_rows_of([["Extraction du 3 janvier", "", ""], ["", "", ""], ["a", "b", ""], ["1", "2", "3"]])
    2
    """
    searched = rows[:_SEARCHED]
    if known:
        found = [len({cell.strip() for cell in row} & set(known)) for row in searched]
        return found.index(max(found)) if any(found) else 0
    widths = Counter(len(row) for row in rows[: 4 * _SEARCHED] if row)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    if usual < 2 or widths[usual] < 2:
        return 0
    wide = [row if len(row) >= usual else [] for row in searched]
    return row_of_names(wide)


def row_of_names(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the row that names the columns: the first that is full, or nearly so.

    Where that one repeats a name or leaves one out, as groups of columns do, it is the next that is full and names each
    once, if there is one.

    >>> row_of_names([["Identité", "", "Logement"], ["Âge", "Sexe", "Statut"], ["34", "F", "1"]])
    1
    """
    filled = [[cell for cell in row if cell] for row in rows]
    most = max(map(len, filled), default=0)
    first = next((place for place, cells in enumerate(filled) if len(cells) * 2 > most), 0)
    names = (place for place, cells in enumerate(filled) if len(cells) == most == len(set(cells)) and place >= first)
    after = next(names, first)
    is_named = bool(filled) and len(filled[first]) == most == len(set(filled[first]))
    return first if is_named or not _are_words(filled[after]) else after


def _are_words(cells: Sequence[str]) -> bool:
    """Whether no cell is a number, a date or a code of digits, as those of data are and names of columns are not."""
    return all(any(letter.isalpha() for letter in cell) for cell in cells)


def decimal_of(values: Sequence[str]) -> str | None:
    """Return the sign before the decimals of numbers, None when no value tells.

    « 1,234 » alone may be either; a value with another number of decimals, or with both signs, tells.
    """
    votes: Counter[str] = Counter()
    for value in values:
        found = re.fullmatch(rf"[+-]?[0-9{_SPACES}]*(?:[.,][0-9]{{3}})*([.,])([0-9]+)", value.strip())
        if found and (len(found[2]) != 3 or (value.count(found[1]) == 1 and ("," in value) == ("." in value))):
            votes[found[1]] += 1
    return votes.most_common(1)[0][0] if votes else None


def signs_of(values: Iterable[str]) -> tuple[Counter[str], list[str]]:
    """Return how many numbers show which decimal sign, and the numbers whose only sign may be that of thousands.

    Where no value has the other sign, one that tells is enough: no more are looked at.

    >>> signs_of(["1,5", "0,250", "1,234", "12"])
    (Counter({',': 1}), [])
    """
    known = list(values)
    both = any("," in value for value in known) and any("." in value for value in known)
    votes: Counter[str] = Counter()
    doubtful = []
    for value in known:
        found = _SIGNED.fullmatch(value.strip())
        if found is None:
            continue
        whole, signed, exponent = found.groups()
        signs = [each for each in signed if each in ".,"]
        other = {",": ".", ".": ","}[signs[-1]]
        if len(set(signs)) == 1 and len(signs) > 1:  # 1,234,567
            votes[other] += 1
        elif len(signs) == 1 and not exponent and len(signed) == 4 and re.fullmatch("[1-9][0-9]{0,2}", whole):
            doubtful.append(value.strip())
        else:
            votes[signs[-1]] += 1
            if not both:
                break
    return votes, doubtful


def type_of(values: pd.Series, decimal: str) -> tuple[str, str | None]:
    """Return the type that all filled values of a text column take, and its date format.

    >>> type_of(pd.Series(["01", "02"]), ","), type_of(pd.Series(["31/12/2024"]), ",")
    (('text', None), ('date', '%d/%m/%Y'))
    """
    filled = pd.Series(values.astype("str").str.strip().unique()[:_ENOUGH], dtype="str")
    filled = filled[filled.notna() & (filled != "")]
    if filled.empty or filled.str.fullmatch(_CODE).any():
        return "text", None
    for kind, forms in (("date", _DATES), ("datetime", _MOMENTS)):
        for form in forms:
            if form != "%Y%m%d" and pd.to_datetime(filled, format=form, errors="coerce").notna().all():
                return kind, form
    if filled.str.casefold().isin(_TRUTHS).all():
        return "boolean", None
    if filled.str.fullmatch(_WHOLE).all():
        return "integer", None
    number = re.compile(rf"(?:{_WHOLE.pattern})(?:[{re.escape(decimal)}][0-9]+)?(?:[eE][+-]?[0-9]+)?")
    return ("number", None) if filled.str.fullmatch(number).all() else ("text", None)
