"""French numbers, dates, sentences and typography, tried at their boundaries."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli import french
from etabli.errors import ReportError
from etabli.french import MINUS, NBSP, NNBSP

finite = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("x", "decimals", "written"),
    [
        (0, 0, "0"),
        (999, 0, "999"),
        (1000, 0, f"1{NNBSP}000"),
        (57403, 0, f"57{NNBSP}403"),
        (1234567.891, 2, f"1{NNBSP}234{NNBSP}567,89"),
        (-3.2, 1, f"{MINUS}3,2"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (0.49, 0, "0"),
        (-0.4, 0, "0"),
        (-0.0, 1, "0,0"),
        (2.675, 2, "2,68"),
        (1.005, 2, "1,01"),
    ],
)
def test_number_is_rounded_half_up_and_grouped(x: float, decimals: int, written: str) -> None:
    assert french.number(x, decimals) == written


@pytest.mark.parametrize("x", [float("nan"), float("inf"), float("-inf")])
def test_number_absent_is_refused(x: float) -> None:
    with pytest.raises(ReportError, match="absente"):
        french.number(x)


@given(finite, st.integers(0, 3))
def test_number_reads_back_as_the_rounded_value(x: float, decimals: int) -> None:
    written = french.number(x, decimals)
    plain = written.replace(NNBSP, "").replace(",", ".").replace(MINUS, "-")
    assert abs(float(plain) - x) <= 0.5 * 10**-decimals * (1 + 1e-9) + 1e-3 * (abs(x) > 1e9)
    assert not plain.startswith("-") or float(plain) < 0


@given(finite, st.integers(0, 3))
def test_number_of_the_opposite_differs_by_its_sign_alone(x: float, decimals: int) -> None:
    assert french.number(abs(x), decimals) == french.number(-abs(x), decimals).removeprefix(MINUS)


@pytest.mark.parametrize(("people", "decimals"), [(1, 0), (999, 0), (1000, 1), (1001, 1)])
def test_share_decimals_at_a_thousand(people: int, decimals: int) -> None:
    assert french.share_decimals(people) == decimals


@pytest.mark.parametrize(
    ("people", "numerator", "written"),
    [
        (29, 7, "7 sur 29"),
        (30, 7, f"23{NBSP}%"),
        (31, 7, f"23{NBSP}%"),
        (29, None, f"24{NBSP}%"),
        (1000, 125, f"12,5{NBSP}%"),
    ],
)
def test_share_at_thirty_people(people: int, numerator: int | None, written: str) -> None:
    assert french.share((numerator or 7) / people, people=people, numerator=numerator) == written


@pytest.mark.parametrize(
    ("x", "written"),
    [
        (0.0, f"0,0{NBSP}point"),
        (-0.0004, f"0,0{NBSP}point"),
        (0.012, f"+1,2{NBSP}point"),
        (0.019, f"+1,9{NBSP}point"),
        (0.01949, f"+1,9{NBSP}point"),
        (0.0195, f"+2,0{NBSP}points"),
        (0.02, f"+2,0{NBSP}points"),
        (-0.019, f"{MINUS}1,9{NBSP}point"),
        (-0.034, f"{MINUS}3,4{NBSP}points"),
    ],
)
def test_points_are_plural_from_two_as_written(x: float, written: str) -> None:
    assert french.points(x) == written


@pytest.mark.parametrize(
    ("x", "written"),
    [
        (0.033, f"en hausse de 3,3{NBSP}%"),
        (-0.021, f"en baisse de 2,1{NBSP}%"),
        (0.00049, "stable"),
        (0.0005, f"en hausse de 0,1{NBSP}%"),
        (-0.00049, "stable"),
        (0, "stable"),
    ],
)
def test_change_is_stable_when_it_rounds_to_nothing(x: float, written: str) -> None:
    assert french.change(x) == written


def test_signed_percent_has_its_sign_unless_it_is_nothing() -> None:
    assert french.signed_percent(0.033) == f"+3,3{NBSP}%"
    assert french.signed_percent(-0.033) == f"{MINUS}3,3{NBSP}%"
    assert french.signed_percent(0.0004) == f"0,0{NBSP}%"


def test_money_is_written_in_euros() -> None:
    assert french.money(1125796) == f"1{NNBSP}125{NNBSP}796{NBSP}€"
    assert french.money(12.5, 2) == f"12,50{NBSP}€"


@pytest.mark.parametrize(
    ("p", "written"),
    [
        (0, "p < 0,001"),
        (0.00099, "p < 0,001"),
        (0.001, "p = 0,001"),
        (0.032, "p = 0,032"),
        (0.9994, "p = 0,999"),
        (0.9995, "p > 0,999"),
        (1, "p > 0,999"),
    ],
)
def test_p_value_at_its_ends(p: float, written: str) -> None:
    assert french.p_value(p) == written.replace(" ", NBSP)


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan")])
def test_p_value_outside_zero_and_one_is_refused(p: float) -> None:
    with pytest.raises(ReportError):
        french.p_value(p)


def test_interval_writes_its_bounds_as_asked() -> None:
    assert french.interval(0.121, 0.143, french.percent) == f"[12,1{NBSP}%{NNBSP}; 14,3{NBSP}%]"
    assert french.interval(1, 2.5, french.ratio) == f"[1,00{NNBSP}; 2,50]"


@pytest.mark.parametrize(
    ("percentage", "words"),
    [
        (8.9, None),
        (9, "environ un sur dix"),
        (11, "environ un sur dix"),
        (11.1, None),
        (12.5, "environ un sur huit"),
        (22.9, None),
        (23, "environ un quart"),
        (27, "environ un quart"),
        (27.1, None),
        (30.9, None),
        (31, "environ un tiers"),
        (35, "environ un tiers"),
        (35.1, None),
        (44.9, None),
        (44.94, None),
        (44.95, "près de la moitié"),
        (45, "près de la moitié"),
        (49.94, "près de la moitié"),
        (49.95, "la moitié"),
        (50, "la moitié"),
        (50.04, "la moitié"),
        (50.05, "plus de la moitié"),
        (55, "plus de la moitié"),
        (55.1, None),
        (64, "environ deux tiers"),
        (69, "environ deux tiers"),
        (69.1, None),
        (73, "environ trois quarts"),
        (77, "environ trois quarts"),
        (77.1, None),
        (0, None),
        (100, None),
    ],
)
def test_share_in_words_agrees_with_the_number_beside_it(percentage: float, words: str | None) -> None:
    assert french.share_in_words(percentage / 100) == words


def test_share_in_words_agrees_with_a_feminine_noun() -> None:
    assert french.share_in_words(0.125, gender="f") == "environ une sur huit"
    assert french.share_in_words(0.25, gender="f") == "environ un quart"


def test_ordinal_of_the_first_agrees_in_gender() -> None:
    assert [french.ordinal(1), french.ordinal(1, gender="f"), french.ordinal(2, gender="f")] == ["1er", "1re", "2e"]
    with pytest.raises(ReportError):
        french.ordinal(0)


def test_date_of_the_first_of_a_month_is_an_ordinal() -> None:
    assert french.date(date(2024, 10, 1)) == "1er octobre 2024"
    assert french.date(date(2024, 8, 31)) == "31 août 2024"
    assert french.day_and_time(datetime(2025, 2, 1, 14, 0)) == f"1er février 2025 à 14{NBSP}h"


@pytest.mark.parametrize(
    ("start", "end", "written"),
    [
        (date(2024, 10, 1), date(2024, 12, 31), "du 1er octobre au 31 décembre 2024"),
        (date(2024, 10, 1), date(2024, 10, 15), "du 1er au 15 octobre 2024"),
        (date(2023, 10, 2), date(2024, 10, 1), "du 2 octobre 2023 au 1er octobre 2024"),
        (date(2024, 10, 1), date(2024, 10, 1), "le 1er octobre 2024"),
    ],
)
def test_period_says_nothing_twice(start: date, end: date, written: str) -> None:
    assert french.period(start, end) == written


def test_period_backwards_is_refused() -> None:
    with pytest.raises(ReportError, match="avant de commencer"):
        french.period(date(2024, 10, 2), date(2024, 10, 1))


def test_hours_leave_out_no_minutes() -> None:
    assert [french.hours(time(9, 30)), french.hours(time(9, 5)), french.hours(time(0))] == [
        f"9{NBSP}h{NBSP}30",
        f"9{NBSP}h{NBSP}05",
        f"0{NBSP}h",
    ]


def test_quarter_is_read_from_the_edition() -> None:
    assert [french.quarter("2024-T1"), french.quarter("2024-T4")] == ["1er trimestre 2024", "4e trimestre 2024"]
    for code in ("2024-T0", "2024-T5", "2024", "2024-Q4", "x2024-T4"):
        with pytest.raises(ReportError):
            french.quarter(code)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.5, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599, "59 min 59 s"),
        (3599.5, "1 h 00 min"),
        (3720, "1 h 02 min"),
        (7199, "2 h 00 min"),
    ],
)
def test_duration_changes_unit_as_it_is_rounded(seconds: float, written: str) -> None:
    assert french.duration(seconds) == written.replace(" ", NBSP)


def test_duration_below_zero_is_refused() -> None:
    with pytest.raises(ReportError):
        french.duration(-1)


@pytest.mark.parametrize(("n", "form"), [(-2, "n"), (-1.99, "1"), (0, "1"), (1, "1"), (1.99, "1"), (2, "n"), (25, "n")])
def test_plural_starts_at_two(n: float, form: str) -> None:
    assert french.plural(n, "1", "n") == form


def test_count_agrees_with_the_number_as_written() -> None:
    assert french.count(0, "visite", "visites") == "0 visite"
    assert french.count(25011, "visite", "visites") == f"25{NNBSP}011 visites"
    assert french.count(1.94, "visite", "visites", decimals=1) == "1,9 visite"
    assert french.count(1.95, "visite", "visites", decimals=1) == "2,0 visites"


def test_listing_joins_the_last_by_a_word() -> None:
    assert [french.listing(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a et b",
        "a, b et c",
    ]


@pytest.mark.parametrize(
    ("text", "capital"), [("à", "À"), ("école", "École"), ("« état »", "« État »"), ("18 ans", "18 ans"), ("", "")]
)
def test_capitalised_keeps_accents(text: str, capital: str) -> None:
    assert french.capitalised(text) == capital


@pytest.mark.parametrize(
    ("text", "small"),
    [("École", "école"), ("RSA", "RSA"), ("QPV de Rennes", "QPV de Rennes"), ("T4", "T4"), ("L’APRAS", "l’APRAS")],
)
def test_uncapitalised_keeps_abbreviations(text: str, small: str) -> None:
    assert french.uncapitalised(text) == small


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("L'accueil d'aujourd'hui", "L’accueil d’aujourd’hui"),
        ("l'« accueil »", f"l’«{NBSP}accueil{NBSP}»"),
        ("l'<em>accueil</em>", "l’<em>accueil</em>"),
        ("qu'**ici** ou jusqu'*là*", "qu’**ici** ou jusqu’*là*"),
        ("Champ : visites", f"Champ{NBSP}: visites"),
        ("**Lecture :** 12 %", f"**Lecture{NBSP}:** 12{NBSP}%"),
        ("<b>12</b> %", f"<b>12</b>{NBSP}%"),
        ("12 €, non ; oui ! si ?", f"12{NBSP}€, non{NNBSP}; oui{NNBSP}! si{NNBSP}?"),
        ("vrai ?!", f"vrai{NNBSP}?!"),
        ("25 000 visites, 1 234 567 €", f"25{NNBSP}000 visites, 1{NNBSP}234{NNBSP}567{NBSP}€"),
        ("18 000 25 000", f"18{NNBSP}000 25{NNBSP}000"),
        ("1 234,5", f"1{NNBSP}234,5"),
    ],
)
def test_typography_of_prose(typed: str, printed: str) -> None:
    assert french.typography(typed) == printed


@pytest.mark.parametrize(
    "text",
    [
        "http://exemple.fr/l'accueil",
        "`l'accueil : 25 000 !`",
        "```\nx = 'l'accueil' ; y ?\n```",
        "<a title=\"l'accueil : oui !\" href='x'>",
        "<code>a : b ! c'd</code>",
        "<!-- l'accueil : oui -->",
        "en 2024 125 visites",
        "à 09:30, le 01/10/2024",
        "ouvert 9 h 30",
        "voir ![carte](carte.png)",
        "a != b",
        "| :--- | ---: |",
        "{% endif %}",
        "'entre guillemets'",
        "a ://b",
    ],
)
def test_typography_leaves_alone(text: str) -> None:
    assert french.typography(text) == text


prose = st.lists(
    st.sampled_from(
        ["l", "mot", "d'", "'", " ", "  ", ":", ";", "!", "?", "%", "€", "«", "»", "25", "000", "2024", ",", "\n"]  # noqa: RUF005 - in two lines
        + ["<em>", "</em>", "<a b='c : d'>", "`", "http://a.fr/b ", NBSP, NNBSP, "’", "*", "[", "(", "-", "<", "A"]
    ),
    max_size=25,
).map("".join)


@given(prose | st.text())
def test_typography_twice_changes_nothing_more(text: str) -> None:
    once = french.typography(text)
    assert french.typography(once) == once


@given(prose | st.text())
def test_typography_changes_only_spaces_and_apostrophes(text: str) -> None:
    after = french.typography(text)
    assert len(after) == len(text)
    changed = {(old, new) for old, new in zip(text, after, strict=True) if old != new}
    assert changed <= {(" ", NBSP), (" ", NNBSP), ("'", "’")}


def test_signs_are_those_of_the_house() -> None:
    assert list(french.SIGNS) == ["s", "n.d.", "n.s.", "///", "ε", "p", "r", "e"]
