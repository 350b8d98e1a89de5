"""What is not cleared does not leave, and the message names the cell as the researcher wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from etabli.disclosure.gate import CLEARANCE_TYPE, MARK, check_outputs, clearance_of, digest
from etabli.errors import GateError

SHOWN = "notebooks/essai.ipynb"
OUTSIDE = ("partner", "funder", "public")
TABLE = "<table><caption>Les visites</caption></table>"


def cleared(html: str = TABLE, *, name: str = "tableau-1", **more: str) -> Any:
    return new_output("display_data", data={"text/html": html, **more}, metadata={MARK: name})


def clearance(audience: str = "funder") -> Any:
    content = {"cleared": {"tableau-1": digest(TABLE)}, "payload": {"parameters": {"audience": audience}}}
    return new_output("display_data", data={CLEARANCE_TYPE: content})


def notebook(*outputs: Any, audience: str = "funder", cells: tuple[Any, ...] = ()) -> nbformat.NotebookNode:
    """An executed notebook: parameters, the injected cell, a cleared table, the third cell as written, the end."""
    written = new_code_cell('edition = "2024"', metadata={"tags": ["parameters"]})
    injected = new_code_cell('edition = "2023"', metadata={"tags": ["injected-parameters"]})
    table = new_code_cell("report.table(by_age)", outputs=[cleared()])
    third = new_code_cell("visits.head()\nprint(1)", outputs=list(outputs))
    end = new_code_cell("report.finish()", outputs=[clearance(audience)])
    made: nbformat.NotebookNode = new_notebook(cells=[written, injected, table, third, *cells, end])
    return made


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "print": (lambda: new_output("stream", name="stdout", text="Jeanne"), "du texte imprimé (print)"),
    "warning": (lambda: new_output("stream", name="stderr", text="attention"), "du texte imprimé (un avertissement)"),
    "error": (lambda: new_output("error", ename="KeyError", evalue="'age'", traceback=["KeyError"]), "une erreur"),
    "frame": (
        lambda: new_output("execute_result", data={"text/html": "<table>", "text/plain": "nom"}, execution_count=4),
        "un affichage qui n’est pas passé par report (text/html, text/plain)",
    ),
    "html result": (
        lambda: new_output("execute_result", data={"text/html": TABLE}, execution_count=4),
        "un affichage qui n’est pas passé par report (text/html)",
    ),
    "image": (
        lambda: new_output("display_data", data={"image/png": "AAAA"}),
        "un affichage qui n’est pas passé par report (image/png)",
    ),
    "empty": (lambda: new_output("display_data", data={}), "un affichage qui n’est pas passé par report ()"),
    "name not cleared": (
        lambda: cleared(name="tableau-2"),
        "un affichage qui n’est pas passé par report (text/html)",
    ),
    "mark that is no name": (
        lambda: new_output("display_data", data={"text/html": TABLE}, metadata={MARK: ["tableau-1"]}),
        "un affichage qui n’est pas passé par report (text/html)",
    ),
    "altered": (lambda: cleared(TABLE + " "), "un affichage modifié après sa protection, ou resté en attente"),
    "waiting": (
        lambda: cleared('<p class="waiting">Tableau 1 : en attente de report.finish().</p>'),
        "un affichage modifié après sa protection, ou resté en attente",
    ),
    "forged mark": (lambda: cleared("<p>Jeanne</p>"), "un affichage modifié après sa protection, ou resté en attente"),
    "second form": (
        lambda: cleared(**{"text/plain": "Jeanne"}),
        "un affichage en plusieurs formes (text/html, text/plain)",
    ),
}


@pytest.mark.parametrize("audience", OUTSIDE)
@pytest.mark.parametrize("case", REFUSED)
def test_output_that_is_not_cleared_is_refused(case: str, audience: str) -> None:
    make, got = REFUSED[case]
    with pytest.raises(GateError) as caught:
        check_outputs(notebook(make(), audience=audience), audience=audience, shown=SHOWN)
    assert caught.value.got == got
    assert caught.value.where == f"{SHOWN}, cellule 3 (« visits.head() »)"


@pytest.mark.parametrize("case", REFUSED)
def test_internal_lets_the_same_output_pass(case: str) -> None:
    made = notebook(REFUSED[case][0](), audience="internal")
    assert check_outputs(made, audience="internal", shown=SHOWN).outputs == {"tableau-1": digest(TABLE)}


IMAGE = "une image insérée dans le texte"
LINK = "un lien vers autre chose qu’une adresse du Web, une adresse électronique ou un titre"
PROSE: dict[str, tuple[Callable[[], Any], str]] = {
    "raw cell": (lambda: new_raw_cell("<b>Jeanne</b>"), "une cellule brute (raw)"),
    "attachment": (
        lambda: new_markdown_cell("![](x.png)", attachments={"x.png": {"image/png": "AAAA"}}),
        "une pièce jointe",
    ),
    **{
        name: (lambda text=text: new_markdown_cell(text), got)  # type: ignore[misc]
        for name, (text, got) in {
            "image": ("![carte](https://example.org/a.png)", IMAGE),
            "image by reference": ("![carte][c]\n\n[c]: https://example.org/a.png", IMAGE),
            "data image": ("<img src=data:image/png;base64,AAAA>", IMAGE),
            "markdown data image": ("![](data:image/png;base64,AAAA)", IMAGE),
            "attached": ("![](attachment:x.png)", IMAGE),
            "image in a formula": (r"\(x<img src=a>\)", IMAGE),
            "script": ("Texte <script>alert(1)</script>", "du HTML inséré dans le texte (<script>)"),
            "frame": ("<IFRAME src='x'>", "du HTML inséré dans le texte (<iframe>)"),
            "drawing": ("<svg><text>Jeanne</text></svg>", "du HTML inséré dans le texte (<svg>)"),
            "style": ("<style>td {display: none}</style>", "du HTML inséré dans le texte (<style>)"),
            "folded text": ("<details>Jeanne</details>", "du HTML inséré dans le texte (<details>)"),
            "hidden text": ("<p hidden>Jeanne</p>", "un attribut HTML inséré dans le texte (hidden)"),
            "styled text": ('<p style="display: none">Jeanne</p>', "un attribut HTML inséré dans le texte (style)"),
            "hiding class": (
                '<span class="unseen">Jeanne</span>',
                "une classe HTML insérée dans le texte : elle peut le cacher",
            ),
            "handler": ("du <b onmouseover='x'>gras</b>", "un attribut HTML inséré dans le texte (onmouseover)"),
            "script link": ("[x](javascript:alert(1))", LINK),
            "data link": ("[x](data:text/html,aa)", LINK),
            "file link": ("[x](file:///etc/passwd)", LINK),
            "comment": ("<!-- Jeanne -->", "un commentaire HTML, que personne ne voit"),
            "unclosed": ("<div>Jeanne", "une balise <div> qui n’est pas refermée"),
            "closed before opened": ("</div></main>Jeanne", "une balise </div> sans ouverture"),
        }.items()
    },
}


@pytest.mark.parametrize("audience", OUTSIDE)
@pytest.mark.parametrize("case", PROSE)
def test_prose_that_carries_more_than_words_is_refused(case: str, audience: str) -> None:
    make, got = PROSE[case]
    with pytest.raises(GateError) as caught:
        check_outputs(notebook(audience=audience, cells=(make(),)), audience=audience, shown=SHOWN)
    assert caught.value.got == got
    assert str(caught.value.where).startswith(f"{SHOWN}, cellule 4 (")


@pytest.mark.parametrize("case", PROSE)
def test_internal_lets_the_same_prose_pass(case: str) -> None:
    made = notebook(audience="internal", cells=(PROSE[case][0](),))
    assert check_outputs(made, audience="internal", shown=SHOWN).payload["parameters"] == {"audience": "internal"}


PLAIN = [
    "## Les données : une *livraison*",
    "Voir <https://example.org>, [la méthode](#methode) ou <contact@example.org>.",
    "1 < 2 et **3**, < script src='x'>",
    "`<img>` et\n\n```python\nfor x in y:\n    print('<b>')\n```",
    "| quartier | part |\n|:---|---:|\n| Blosne | 12 % |",
    "1. un\n2. deux\n\n> cité\n\n---\n\n$x<y$",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_prose_passes(text: str) -> None:
    made = notebook(cells=(new_markdown_cell(text),))
    assert check_outputs(made, audience="funder", shown=SHOWN).outputs == {"tableau-1": digest(TABLE)}


@pytest.mark.parametrize("audience", ["internal", *OUTSIDE])
def test_cleared_notebook_passes(audience: str) -> None:
    found = check_outputs(notebook(audience=audience), audience=audience, shown=SHOWN)
    assert found.payload["parameters"]["audience"] == audience


@pytest.mark.parametrize("audience", ["internal", *OUTSIDE])
def test_notebook_without_clearance_is_refused(audience: str) -> None:
    made = notebook()
    made["cells"].pop()
    with pytest.raises(GateError) as caught:
        check_outputs(made, audience=audience, shown=SHOWN)
    assert caught.value.got == "0 clôture(s)"


def test_two_clearances_are_refused() -> None:
    with pytest.raises(GateError) as caught:
        clearance_of(notebook(clearance()), shown=SHOWN)
    assert caught.value.got == "2 clôture(s)"
    assert caught.value.where == SHOWN


@pytest.mark.parametrize(("made_for", "asked"), [("internal", "public"), ("public", "internal"), ("partner", "funder")])
def test_clearance_of_another_audience_is_refused(made_for: str, asked: str) -> None:
    with pytest.raises(GateError) as caught:
        check_outputs(notebook(audience=made_for), audience=asked, shown=SHOWN)
    assert (caught.value.expected, caught.value.got) == (asked, made_for)


def test_clearance_with_more_than_itself_is_refused() -> None:
    made = notebook()
    made["cells"][-1]["outputs"][0]["data"]["text/plain"] = "Jeanne"
    with pytest.raises(GateError) as caught:
        check_outputs(made, audience="funder", shown=SHOWN)
    assert "n’est pas passé par report" in str(caught.value.got)
    assert "cellule 4 (« report.finish() »)" in str(caught.value.where)


def test_digest_changes_with_one_character() -> None:
    assert digest("é") != digest("e")
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # FIPS 180-4, empty message
