"""An excerpt is made of its page's pieces, to the letter; whatever else stands in it is found."""

from __future__ import annotations

import re

import pytest

from etabli.errors import RunError
from etabli.publish.excerpts import Form, excerpt, excerpt_complaint

FIGURE = '<figure class="figure" id="figure-1"><figcaption>Titre</figcaption><div class="drawing"><svg/></div></figure>'
TABLE = (
    '<div class="table" id="tableau-1"><div aria-label="Tableau 1" class="scroll" role="region" tabindex="0"><table>'
    '<caption>Tableau</caption><thead><tr><th scope="col">Public</th></tr></thead>'
    '<tbody><tr><th scope="row">Adultes</th></tr></tbody></table></div></div>'
)
PAGE = f"""<!doctype html>
<html lang="fr"><head><title>Étude</title><style>p {{}}</style></head>
<body>
<a class="skip" href="#contenu">Aller au contenu</a>
<aside aria-label="Avertissements" class="banners">
<p class="banner demo">Données fictives</p>
</aside>
<header class="cover">
<h1>Étude</h1>
</header>
<nav aria-labelledby="sommaire">
<h2 id="sommaire">Les questions posées</h2>
<ol class="questions">
<li><span class="letter">a</span> <span>Qui vient ?<br><a href="#texte-2">Tous</a></span></li>
<li><span class="letter">b</span> <span>Qui revient ?<br><a href="#texte-5">Peu</a></span></li>
<li><span class="letter">c</span> <span>Pourquoi ?<br><span class="planned">À venir</span></span></li>
</ol>
</nav>
<main id="contenu" tabindex="-1">
<h2 id="partie-1">L’essentiel</h2>
<details class="introduction for-elus" id="introduction-1"><summary>Introduction de « <b>Note aux élus</b> »</summary>\
<p>Vous l’avez demandé.</p></details>
<div class="key-figure"><p class="number">12</p></div>
<h2 id="texte-2">Tous</h2>
<p>Une phrase<br>sur deux lignes.</p>
{TABLE}
<p>Après le tableau.</p>
{FIGURE}
<h2 id="texte-5">Peu</h2>
<p>Autre phrase, <a href="#texte-2">après la première</a>.</p>
<h3 id="texte-6">Plus bas</h3>
<p>Sous-section.</p>
<h2 id="partie-2">Méthode</h2>
<p>Comment.</p>
</main>
<footer>
<section aria-labelledby="secret">
<h2 id="secret">Secret</h2>
</section>
<section aria-labelledby="telecharger">
<h2 id="telecharger">Citer</h2>
</section>
<section aria-labelledby="tracabilite">
<h2 id="tracabilite">Fiche</h2>
</section>
</footer>
</body>
</html>
"""


QUESTIONS = ["a", " ", "Qui vient ?", "Tous", "b", " ", "Qui revient ?", "Peu", "c", " ", "Pourquoi ?", "À venir"]


def pieces(text: str) -> list[str]:
    return re.findall(r">([^<>\n]+)<", text.split("<body", 1)[1])


def test_note_keeps_the_essentials_and_of_each_answer_its_first_words_and_figure() -> None:
    note = excerpt(PAGE, "note")
    told = pieces(note)
    assert "12" in told
    assert told.index("Tous") < told.index("Une phrase") < told.index("Titre") < told.index("Peu")
    assert "Autre phrase, " in told
    assert not {"Vous l’avez demandé.", "Après le tableau.", "Tableau", "Plus bas", "Comment.", "Fiche"} & set(told)
    assert {"Secret", "Citer", "Données fictives", "Étude"} <= set(told)


def test_slides_have_a_heading_with_its_words_and_one_display_each() -> None:
    slides = re.findall(
        r'<div class="slide">\n(.*?)\n</div>\n?(?=<div class="slide">|<main|</main>)',
        excerpt(PAGE, "slides"),
        re.DOTALL,
    )
    assert [pieces(f"<body>{each}") for each in slides] == [
        ["Étude"],
        ["Les questions posées", *QUESTIONS],
        ["L’essentiel", "12"],
        ["Tous", "Une phrase", "sur deux lignes.", "Tableau", "Public", "Adultes", "Après le tableau."],
        ["Titre"],
        ["Peu", "Autre phrase, ", "après la première", "."],
        ["Plus bas", "Sous-section."],
        ["Méthode", "Comment."],
        ["Secret"],
        ["Citer"],
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["note", "slides"])
def test_questions_that_are_not_kept_are_left_out(form: Form) -> None:
    told = pieces(excerpt(PAGE, form, ["b"]))
    assert "Autre phrase, après la première." in told
    assert not {"Une phrase", "Tous", "Qui vient ?", "Pourquoi ?"} & set(told)
    assert "12" in told
    assert ("Qui revient ?" in told) == (form == "slides")


@pytest.mark.parametrize("form", ["note", "slides"])
@pytest.mark.parametrize("questions", [[], ["a"], ["b"]])
def test_each_link_leads_to_what_is_there(form: Form, questions: list[str]) -> None:
    made = excerpt(PAGE, form, questions)
    anchors, links = re.findall(r'\bid="([^"]*)"', made), re.findall(r'href="#([^"]*)"', made)
    assert set(links) <= set(anchors)
    assert len(set(anchors)) == len(anchors)
    assert "contenu" in links


@pytest.mark.parametrize("form", ["note", "slides"])
def test_introduction_comes_first_under_its_title(form: Form) -> None:
    told = pieces(excerpt(PAGE, form, ["b"], "elus"))
    place = told.index("Note aux élus")
    assert told[place : place + 2] == ["Note aux élus", "Vous l’avez demandé."]
    assert place < told.index("L’essentiel")
    assert "Introduction de « " not in told
    assert excerpt_complaint(excerpt(PAGE, form, ["b"], "elus").encode(), page=PAGE) is None


def test_introduction_that_the_page_does_not_have_is_refused() -> None:
    with pytest.raises(RunError, match="introduction"):
        excerpt(PAGE, "note", introduction="elu")


def test_excerpt_says_in_its_title_what_it_is() -> None:
    assert "<title>Note – Étude</title>" in excerpt(PAGE, "note")
    assert "<title>Diapositives – Étude</title>" in excerpt(PAGE, "slides")


@pytest.mark.parametrize("asked", ["c", "d"])
def test_question_without_an_answer_is_refused(asked: str) -> None:
    with pytest.raises(RunError, match="ne répond pas") as caught:
        excerpt(PAGE, "note", [asked])
    assert caught.value.expected == "l’une de : a, b"


@pytest.mark.parametrize("form", ["note", "slides"])
@pytest.mark.parametrize("questions", [[], ["a"], ["a", "b"]])
def test_excerpt_holds_to_its_page(form: Form, questions: list[str]) -> None:
    assert excerpt_complaint(excerpt(PAGE, form, questions).encode(), page=PAGE) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">12<", ">13<"),
        ("</main>", "<p>Et puis</p></main>"),
        ("<title>", "<title>Zyxw, "),
        ('class="note"', 'class="slides"'),
        ('class="note"', 'class="note q-c"'),
        ('class="note"', 'class="note x"'),
        ('class="note"', 'class="note i-elus"'),
        ('class="note"', 'class="note i-elu"'),
        ("<title>Note", "<title>Diapositives"),
        ("</html>", "</html><!-- 3 -->"),
        ("<style>", "<style>@import 'x';"),
    ],
)
def test_any_other_letter_is_found(old: str, new: str) -> None:
    note = excerpt(PAGE, "note")
    assert old in note
    assert excerpt_complaint(note.replace(old, new, 1).encode(), page=PAGE) is not None


def test_excerpt_of_another_page_is_found() -> None:
    assert excerpt_complaint(excerpt(PAGE, "note").encode(), page=PAGE.replace(">12<", ">13<")) is not None


@pytest.mark.parametrize("content", [b"", b"\xff", b'<body class="note">', PAGE.encode()])
def test_what_is_no_excerpt_is_found(content: bytes) -> None:
    assert excerpt_complaint(content, page=PAGE) is not None
    assert excerpt_complaint(content, page="") is not None
