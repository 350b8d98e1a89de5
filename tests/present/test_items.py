"""What an item shows and what it files are the same values, with the same precision, and the same masks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import pytest

from etabli.commentary import Commentary, Head, Introduction, Passage
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protection, with_masks
from etabli.french import NBSP, NNBSP
from etabli.methods.results import Dimension, Measure, Table, Value
from etabli.present.items import FigureItem, Item, KeyFigureItem, SentenceItem, TableItem
from etabli.present.sentences import as_sentence, citing, sentence
from etabli.present.words import Words
from etabli.present.written import CommentItem, IntroductionItem

OPEN, STRICT = Policy("internal", 1, ()), Policy("funder", 5, ("convention",))


def protect(tables: Sequence[Table], policy: Policy) -> Protection:
    """As for a funder: what has fewer than five people is hidden, and « mid », which would give it back."""
    masks = []
    for table in tables:
        people = table.cells["people"].astype(float)
        few = people.between(1, policy.minimum_people - 1) | people.isna()
        masks.append((policy.protects & (few | table.cells.get("age", few).eq("mid"))).to_numpy(dtype=bool))
    return with_masks(tables, policy, masks)


def place(name: str, words: Words) -> dict[str, Any]:
    return {"name": name, "number": 1, "words": words, "cell": None, "execution": 0}


def tabled(table: Table, words: Words, item: type[TableItem] = TableItem, **contents: Any) -> TableItem:
    notes = {"title": "les visites", "scope": "Tous", "reading": "Lu", "note": ""}
    told: dict[str, Any] = {name: as_sentence(contents.pop(name, text)) for name, text in notes.items()}
    own = {"origin": "CAF", "measures": None, "labels": {}, **contents}
    return item(**place(f"{item.prefix}-1", words), table=table, **told, **own)


def shown(item: Item, policy: Policy) -> Protection:
    return protect(item.tables, policy)


def by_age(results: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return {each["where"]["age"]: each["value"] for each in results if each["name"] == name}


# Tables ------------------------------------------------------------------------------------------


def test_table_shows_its_notes(words: Words, ages: Table) -> None:
    item = tabled(ages, words, note="À savoir & lire")
    html = item.html(shown(item, OPEN))
    assert f"<caption><b>Tableau{NBSP}1.</b> Les visites</caption>" in html
    assert 'id="tableau-1"' in html
    for note in ("Lecture", "Note", "Champ", "Source", "Test"):
        assert f"<b>{note}{NBSP}:</b>" in html
    assert "À savoir &amp; lire" in html


def test_table_without_note_has_no_empty_one(words: Words, ages: Table) -> None:
    item = tabled(ages, words)
    assert "<b>Note" not in item.html(shown(item, OPEN))


def test_masked_table_has_the_legend_of_its_sign(words: Words, ages: Table) -> None:
    item = tabled(ages, words)
    assert f"s{NBSP}: secret statistique" in item.html(shown(item, STRICT))
    assert "Signes" not in item.html(shown(item, OPEN))


def test_results_hold_the_printed_precision(words: Words, ages: Table) -> None:
    item = tabled(ages, words)
    results = item.results(shown(item, OPEN))
    assert by_age([r for r in results if r.get("where")], "share") == {
        "young": 96.2, "mid": 3.8, "old": 0.0, "total": 100.0,
    }  # fmt: skip
    (share,) = [r for r in results if r["name"] == "share" and r["where"] == {"age": "young"}]
    assert share == {
        "item": "tableau-1", "name": "share", "label": "Part", "unit": "%", "where": {"age": "young"},
        "value": 96.2, "interval": [95.0, 97.0], "n": 4348,
    }  # fmt: skip
    (test,) = [r for r in results if r["name"] == "test du χ²"]
    assert (test["value"], test["p_value"], test["n"]) == (12.3, f"p{NBSP}<{NBSP}0,001", 4348)


def test_masked_results_hold_nothing_but_their_sign(words: Words, ages: Table) -> None:
    item = tabled(ages, words)
    results = item.results(shown(item, STRICT))
    hidden = [each for each in results if each["where"].get("age") in {"old", "mid"}]
    assert len(hidden) == 6
    assert all(each["value"] is None and each["sign"] == "s" and each["n"] is None for each in hidden)
    assert not any("interval" in each for each in hidden)
    assert not any(each["name"] == "test du χ²" for each in results)


def test_value_that_is_not_available_is_filed_with_its_sign(words: Words, ages: Table) -> None:
    item = tabled(ages.with_cells(ages.cells.assign(share=[0.9, float("nan"), 0.1, 1.0])), words, measures=("share",))
    (missing,) = [r for r in item.results(shown(item, OPEN)) if r["where"] == {"age": "mid"}]
    assert (missing["value"], missing["sign"]) == (None, "n.d.")


def test_table_files_its_csv(words: Words, ages: Table) -> None:
    item = tabled(ages, words, measures=("rows",))
    (name, text), *rest = item.files(shown(item, STRICT)).items()
    assert (name, rest) == ("tableau-1.csv", [])
    assert text.splitlines()[2] == "30-59 ans;s"


def test_notes_that_cite_a_masked_value_are_withheld_and_not_filed(words: Words, ages: Table) -> None:
    reading = sentence("{few} anciens", few=ages.value("rows", age="old"))
    item = tabled(ages, words, reading=reading, measures=("people",))
    assert "Non diffusé" in item.html(shown(item, STRICT))
    filed = [r for r in item.results(shown(item, STRICT)) if r["name"] == "rows"]
    assert filed == []
    assert [r["value"] for r in item.results(shown(item, OPEN)) if r["name"] == "rows"] == [4]


def test_tables_of_cited_values_take_part_in_the_protection(words: Words, ages: Table, crossed: Table) -> None:
    item = tabled(ages, words, title=sentence("{n} visites", n=crossed.value("rows")))
    assert {id(table) for table in item.tables} == {id(ages), id(crossed)}


# Figures -----------------------------------------------------------------------------------------


def test_figure_comes_with_its_data(words: Words, ages: Table) -> None:
    item = tabled(ages, words, FigureItem, kind="bars", where={}, measures=("rows",))
    html = item.html(shown(item, STRICT))
    assert html.startswith(f'<figure id="figure-1"><figcaption><b>Figure{NBSP}1.</b> Les visites</figcaption>')
    assert '<svg role="img"' in html
    assert f"<summary>Données de la figure{NBSP}1</summary>" in html
    files = item.files(shown(item, STRICT))
    assert set(files) == {"figure-1.csv", "figure-1.svg"}
    assert files["figure-1.svg"].rstrip("\n") in item.html(shown(item, STRICT))
    assert item.waiting == "Figure 1"


# Key figures -------------------------------------------------------------------------------------


def test_key_figure_shows_its_number_and_interval(words: Words, ages: Table) -> None:
    value = ages.value("share", age="young")
    item = KeyFigureItem(
        **place("chiffre-1", words), value=value, label=as_sentence("des visites"), note=as_sentence("")
    )
    html = item.html(shown(item, OPEN))
    assert f'<p class="number">96,2{NBSP}%</p>' in html
    assert f"intervalle de confiance à 95{NBSP}%{NBSP}: [95,0{NBSP}%{NNBSP}; 97,0{NBSP}%]" in html
    assert html.count("<p") == 3


def test_masked_key_figure_says_why(words: Words, ages: Table) -> None:
    value = ages.value("share", age="old")
    item = KeyFigureItem(**place("chiffre-1", words), value=value, label=as_sentence("x"), note=as_sentence("y"))
    html = item.html(shown(item, STRICT))
    assert '<p class="number">s<span class="unseen"> (secret statistique)</span></p>' in html
    assert "intervalle" not in html
    assert [(each["value"], each["sign"]) for each in item.results(shown(item, STRICT))] == [(None, "s")]


# Sentences ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "html"), [(None, "<p>Tous &lt;b&gt;</p>"), (2, '<h2 id="texte-1">Tous &lt;b&gt;</h2>')]
)
def test_sentence_is_a_paragraph_or_a_heading(level: int | None, html: str, words: Words) -> None:
    item = SentenceItem(**place("texte-1", words), text=as_sentence("tous <b>"), level=level, question=None)
    assert item.html(shown(item, OPEN)) == html
    assert item.files(shown(item, OPEN)) == {}
    assert item.waiting == ("Phrase" if level is None else "Titre")


def test_people_not_known_are_filed_as_nothing(words: Words) -> None:
    cells = pd.DataFrame({"age": ["young"], "rows": [5], "people": pd.array([pd.NA], dtype="Int64")})
    table = Table(cells, (Dimension("age"),), (Measure("rows", "count", unit="rows"),))
    item = tabled(table, words)
    assert [(each["value"], each["n"]) for each in item.results(shown(item, OPEN))] == [(5, None)]


# Commentary --------------------------------------------------------------------------------------


def commented(text: str, words: Words, noted: dict[str, str], **values: Value | str) -> CommentItem:
    head = Head(author="Pôle <observation>", written=date(2025, 2, 3), noted=noted)
    written = Commentary("commentary/2024.md", head, (Passage("Sans valeur.", 8), Passage(text, 10)))
    passages = (as_sentence("Sans valeur."), citing(text, values))
    return CommentItem(**place("commentaire-1", words), commentary=written, passages=passages)


def test_commentary_reads_as_it_was_written_with_the_values_of_now(words: Words, ages: Table) -> None:
    item = commented(
        "Ils sont *surtout* <b>jeunes</b> : {x}.", words, {"x": "96,2 %"}, x=ages.value("share", age="young")
    )
    html = item.html(shown(item, OPEN))
    assert f"<em>surtout</em> &lt;b&gt;jeunes&lt;/b&gt;{NBSP}: 96,2{NBSP}%." in html
    assert f"Commentaire{NBSP}: Pôle &lt;observation&gt;, 3 février 2025." in html
    assert "outdated" not in html
    assert item.outdated(shown(item, OPEN)) == []
    assert [each["value"] for each in item.results(shown(item, OPEN))] == [96.2]


@pytest.mark.parametrize(("noted", "was"), [({}, "n’est pas noté"), ({"x": "95 %"}, "était « 95")])
def test_passage_whose_value_changed_tells_the_house_what_to_note(
    noted: dict[str, str], was: str, words: Words, ages: Table
) -> None:
    item = commented("Surtout jeunes : {x}.", words, noted, x=ages.value("share", age="young"))
    html = item.html(shown(item, OPEN))
    assert was in html.replace(NBSP, " ")
    assert item.outdated(shown(item, OPEN)) == ["commentary/2024.md, ligne 10"]


def test_reader_outside_learns_that_a_passage_is_old_and_no_former_value(words: Words, ages: Table) -> None:
    item = commented("Surtout jeunes : {x}.", words, {"x": "95 %"}, x=ages.value("share", age="young"))
    html = item.html(shown(item, STRICT))
    assert "Passage à relire" in html
    assert "95" not in html


def test_passage_that_cites_a_masked_value_is_withheld_and_not_told_to_have_changed(words: Words, ages: Table) -> None:
    item = commented("Peu d’anciens : {x}.", words, {"x": "95 %"}, x=ages.value("people", age="old"))
    protection = shown(item, STRICT)
    html = item.html(protection)
    assert "Sans valeur." in html
    assert "Non diffusé" in html
    assert "outdated" not in html
    assert item.outdated(protection) == []
    assert item.results(protection) == []


# Introductions of restitutions ------------------------------------------------------------------


def introduced(text: str, words: Words, noted: dict[str, str], **values: Value | str) -> IntroductionItem:
    written = Introduction("elus", "Note <aux> élus", "study.yml", (Passage(text, 1),), noted)
    return IntroductionItem(**place("introduction-1", words), introduction=written, passages=(citing(text, values),))


def test_introduction_is_folded_under_its_title_and_keeps_what_it_is_written_for(words: Words, ages: Table) -> None:
    item = introduced("Surtout <b>jeunes</b> : {x}.", words, {"x": "96,2 %"}, x=ages.value("share", age="young"))
    html = item.html(shown(item, OPEN))
    assert html.startswith('<details class="introduction for-elus" id="introduction-1"><summary>')
    assert "<b>Note &lt;aux&gt; élus</b>" in html
    assert f"&lt;b&gt;jeunes&lt;/b&gt;{NBSP}: 96,2{NBSP}%." in html
    assert item.outdated(shown(item, OPEN)) == []
    assert [each["value"] for each in item.results(shown(item, OPEN))] == [96.2]
    assert len(item.places(shown(item, OPEN))) == 1


@pytest.mark.parametrize(
    ("noted", "told"), [({}, []), ({"x": "95 %"}, ["study.yml, introduction de « elus », paragraphe 1"])]
)
def test_introduction_is_out_of_date_when_a_value_that_it_noted_changed(
    noted: dict[str, str], told: list[str], words: Words, ages: Table
) -> None:
    item = introduced("Surtout jeunes : {x}.", words, noted, x=ages.value("share", age="young"))
    assert item.outdated(shown(item, OPEN)) == told
    assert ("Passage à relire" in item.html(shown(item, STRICT))) is bool(told)


def test_introduction_that_cites_a_masked_value_is_withheld(words: Words, ages: Table) -> None:
    item = introduced("Peu d’anciens : {x}.", words, {}, x=ages.value("people", age="old"))
    protection = shown(item, STRICT)
    assert "Non diffusé" in item.html(protection)
    assert item.results(protection) == []
    assert item.places(protection) == []
