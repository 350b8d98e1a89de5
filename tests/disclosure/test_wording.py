"""Texts that the code of a notebook makes."""

from __future__ import annotations

import pytest

from etabli.disclosure.wording import assigned_in, wording_complaint


@pytest.mark.parametrize(
    "source",
    [
        'report.say(f"{rare.recipient.nunique()} personnes")',
        'text = "{} personnes".format(len(rare))',
        'text = "personnes : %d" % len(rare)',
        'text = "personnes : " + label',
        'report.say("{x}", x=str(value.number))',
        'labels = {"people": ", ".join(names)}',
        'day = rare.visited_at.iloc[0].strftime("%d/%m")',
        'f"{edition} {len(rare)}"',
        "repr(rare)",
    ],
)
def test_text_made_of_data_is_refused(source: str) -> None:
    complaint = wording_complaint(f"a = 1\n{source}", {"edition"})
    assert complaint is not None
    assert "ligne 2" in complaint


@pytest.mark.parametrize(
    "source",
    [
        'report.say("En {year}, {x}", year=str(year), x=table.value("rows"))',
        'title = f"Bilan {year}"',
        "total = 1 + 2",
        'report.table(table, title="Un titre", scope=sentence("Le champ, {edition}.", edition=report.edition))',
    ],
)
def test_words_and_parameters_may_be_written(source: str) -> None:
    assert wording_complaint(source, {"year"}) is None


@pytest.mark.parametrize("source", ["%matplotlib inline", "!ls", "def ("])
def test_what_is_not_python_is_refused(source: str) -> None:
    assert "Jupyter" in str(wording_complaint(source, set()))


@pytest.mark.parametrize(
    "source",
    [
        'if table.is_significant(): report.say("Un écart")',
        'report.say("Un écart" if table.is_significant() else "Pas d’écart")',
        'text = table.is_significant() and "Un écart"',
        'report.say("Un écart", provided=not table.is_significant(), otherwise="Pas d’écart")',
        'report.say("Un écart", provided=len(visits) > 12, otherwise="Pas d’écart")',
        'report.say("Un écart", provided=bool(table.is_significant()), otherwise="Pas d’écart")',
        'report.say("Un écart", provided=found, otherwise="Pas d’écart")',
        'for row in visits: report.say("Une ligne")',
        'match 1:\n    case 1: report.say("Un")',
    ],
)
def test_words_chosen_by_code_are_refused(source: str) -> None:
    complaint = wording_complaint(f"a = 1\n{source}", set())
    assert complaint is not None
    assert "un choix fait par le code (ligne 2)" in complaint


@pytest.mark.parametrize(
    "condition",
    [
        'table.is_significant(variable="age")',
        "high.ranks_apart(low)",
        "True",
        "year > indicators.REFERENCE_YEAR",
        "year >= 2020",
    ],
)
def test_words_chosen_by_a_condition_of_a_result_or_by_parameters_pass(condition: str) -> None:
    assert wording_complaint(f'report.say("x", provided={condition}, otherwise="y")', {"year"}) is None


@pytest.mark.parametrize("condition", ["year > table.rows", "count > 2020", "year > len(visits)"])
def test_comparison_with_something_else_is_refused(condition: str) -> None:
    assert wording_complaint(f'report.say("x", provided={condition}, otherwise="y")', {"year"}) is not None


@pytest.mark.parametrize(
    "source",
    [
        "report.say(visits.head(2).to_csv())",
        'report.say("Personne {x}.", x=visits["recipient"].iloc[0])',
        'report.say("{n} personnes", n=people.astype(str))',
        "report.table(ages, title=names[3])",
        'report.table(ages, title="Un", labels={"people": frame.to_json()})',
        'report.table(ages, title="Un", labels={frame.to_json(): "x"})',
        'report.say("•" * n)',
        'report.say(["Peu", "Beaucoup"][int(len(visits) > 100)])',
        'report.say([each for each in ("Un", "Deux") if each != "Un"][0])',
        'report.say("Un".replace("U", word))',
        "r.say(text)",
        'sentence("Le champ", x=text)',
        'report.key_figure(ages.value("people"), label=text)',
    ],
)
def test_what_is_told_is_written_or_cited(source: str) -> None:
    complaint = wording_complaint(f"a = 1\n{source}", {"year"})
    assert complaint is not None
    assert "ligne 2" in complaint


@pytest.mark.parametrize(
    ("cells", "passes"),
    [
        (['low = ages.smallest("share")', 'report.say("{x}", x=low)'], True),
        (['low = ages.smallest("share")', "x = low", 'report.say("{x}", x=x)'], True),
        (["text = visits.to_csv()", "report.say(text)"], False),
        (['text = "Un"', "text = visits.to_csv()", "report.say(text)"], False),
        (["year = int(visits.n.sum())", 'report.say(f"{year}")'], False),
        (["year = int(visits.n.sum())", 'report.say("{y}", y=str(year))'], False),
        (["a = b", "b = a", "report.say(a)"], False),
        (["text, other = visits.a", "report.say(text)"], False),
        (['title = "Un"', "report.table(ages, title=title)"], True),
        (["report.say((text := visits.to_csv()))"], False),
    ],
)
def test_names_are_followed_through_the_notebook(cells: list[str], passes: bool) -> None:
    assigned = assigned_in(cells)
    assert all(wording_complaint(each, {"year"}, assigned) is None for each in cells) is passes
