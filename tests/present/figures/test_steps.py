"""Step curves: pictures, with their band, their numbers at risk, and a text that tells them; they stay in the house."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, with_masks
from etabli.disclosure.rules import hold_kinds, hold_rules
from etabli.errors import DisclosureError, ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods.results import Table
from etabli.methods.survival import cumulative_incidence, survival
from etabli.present.figures import Drawing, compose, describe, draw, pixels_in
from etabli.present.tables import lay_out
from etabli.present.words import Words
from etabli.publish.editable import _Editable
from etabli.sources.codebook import Codebook

INTERNAL = Policy("internal", 1, ())


@pytest.fixture
def words() -> Words:
    sex = {"type": "code", "sensitivity": "quasi_identifier", "label": "Sexe", "codes": {"f": "Femmes", "m": "Hommes"}}
    visits = {
        "row": {"one": "dossier", "many": "dossiers", "gender": "m"},
        "person": "recipient",
        "people": {"one": "ménage", "many": "ménages", "gender": "m"},
        "variables": {
            "recipient": {"label": "Ménage", "type": "identifier", "sensitivity": "identifier"},
            "days": {"label": "Jours depuis la demande", "type": "integer", "sensitivity": "open"},
            "sex": sex,
        },
    }
    book = Codebook.model_validate({"sources": {"visits": visits}})
    return Words(book, book.sources["visits"])


def spells() -> pd.DataFrame:
    """Forty women, one of whom leaves every 40 days; forty men, every 20 days; the last ten of each still wait."""
    days = [40 * rank for rank in range(1, 41)] + [20 * rank for rank in range(1, 41)]
    frame = pd.DataFrame({"recipient": range(80), "days": days, "sex": ["f"] * 40 + ["m"] * 40})
    return frame.assign(left=[rank % 40 < 30 for rank in range(80)])


def curves(**more: Any) -> Table:
    return survival(spells(), "days", event="left", by="sex", at=[0, 400, 800, 1200], **more)


def shown(table: Table) -> Protected:
    return with_masks([table], INTERNAL, [np.zeros(len(table.cells), dtype=bool)]).of(table)


def composed(table: Table, words: Words, measure: str = "survival") -> Drawing:
    return compose(shown(table), words, kind="steps", measure=measure, where={}, labels={})


def test_alternative_tells_values_and_people_at_risk_at_the_round_times(words: Words) -> None:
    said = describe(composed(curves(), words)).replace(NBSP, " ").replace(NNBSP, " ")
    assert said == (
        "Courbes en escalier : part encore sans l’événement, de 0 à 1 200 (jours depuis la demande). "
        "Femmes : 100 % à 0, 75 % à 400, 50 % à 800, 25 % à 1 200 ; personnes à risque : 40, 31, 21, 11. "
        "Hommes : 100 % à 0, 50 % à 400, 25 % à 800 ; personnes à risque : 40, 21, 1. "
        "Les valeurs sont dans le tableau qui suit la figure."
    )


def test_what_is_drawn_is_what_the_table_says(words: Words) -> None:
    table = curves()
    grid = lay_out(shown(table), words, measures=("survival", "at_risk", "events"))
    said = {cell.text for row in grid.rows for cell in row.cells}
    points = composed(table, words).points
    assert {point.text for point in points} | {point.people for point in points if point.people} <= said
    assert {point.x for point in points if point.label == "400"} == {0.75, 0.5}


def test_it_is_pixels_without_a_word_beside_them(words: Words) -> None:
    drawing = composed(curves(), words)
    element = draw(drawing, name="figure-1", alternative=describe(drawing))
    assert element.startswith('<img alt="Courbes en escalier')
    assert "<svg" not in element
    pixels = pixels_in(element)
    assert pixels is not None
    chunks, place = set(), 8
    while place < len(pixels):
        (size,) = struct.unpack(">I", pixels[place : place + 4])
        chunks.add(pixels[place + 4 : place + 8])
        place += 12 + size
    assert chunks <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}
    draw.cache_clear()
    assert draw(drawing, name="figure-1", alternative=describe(drawing)) == element


def test_each_series_and_number_at_risk_changes_the_picture(words: Words) -> None:
    drawing = composed(curves(), words)
    others = [
        replace(drawing, points=tuple(replace(each, people=each.people and "7") for each in drawing.points)),
        replace(drawing, points=tuple(replace(each, low=None, high=None) for each in drawing.points)),
        replace(drawing, points=tuple(each for each in drawing.points if each.series == "Femmes")),
    ]
    drawn = {draw(each, name="figure-1", alternative="") for each in (drawing, *others)}
    assert len(drawn) == 4


def test_incidence_and_one_curve_are_drawn(words: Words) -> None:
    frame = spells().assign(how=lambda each: each["left"].map({True: "home", False: None}))
    table = cumulative_incidence(frame, "days", event="how", cause="home")
    drawing = composed(table, words, "incidence")
    assert "part ayant connu l’événement" in describe(drawing)
    assert draw(drawing, name="figure-1", alternative="x").startswith("<img")


def test_other_measures_are_refused(words: Words) -> None:
    with pytest.raises(ReportError) as caught:
        composed(curves(), words, "at_risk")
    assert 'kind="lines"' in str(caught.value.hint)


@pytest.mark.parametrize("audience", ["public", "funder", "partner"])
def test_it_does_not_leave_and_the_message_says_which(audience: str) -> None:
    with pytest.raises(DisclosureError) as caught:
        hold_kinds(curves(), audience=audience, where="Figure 2")
    assert (caught.value.where, caught.value.got) == ("Figure 2", "survival")
    with pytest.raises(DisclosureError, match="Aucune règle"):
        hold_rules(curves(), Policy(audience, 5, ("convention",)))


def test_it_may_be_seen_in_the_house() -> None:
    hold_kinds(curves(), audience="internal", where="Figure 2")


def test_word_document_takes_the_picture_with_its_words(words: Words) -> None:
    drawing = composed(curves(), words)
    reader = _Editable()
    reader.feed(f"<main><p>Avant</p>{draw(drawing, name='figure-1', alternative=describe(drawing))}</main>")
    (picture,) = reader.drawings.values()
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\x89PNG")
    assert 'alt="Courbes en escalier' in reader.page
    assert "base64" not in reader.page
