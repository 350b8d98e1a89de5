"""Texts that the code of a notebook makes."""

from __future__ import annotations

import pytest

from etabli.disclosure.wording import wording_complaint


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
