"""A map: each category at its place, counts as circles, shares in classes, and apart what is not there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from etabli.disclosure.exported import DRAWN
from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protected, with_masks
from etabli.errors import ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods.results import MISSING, TOTAL, Dimension, Measure, Table
from etabli.present.figures import Drawing, Ground, Mapped, compose, describe, draw
from etabli.present.figures.ground import Tile
from etabli.present.figures.maps import _Circles
from etabli.present.words import Words
from etabli.sources.codebook import Codebook

SVG = "{http://www.w3.org/2000/svg}"
ROWS = Measure("rows", "count", unit="rows")
SHARE = Measure("share", "share", base="people", of=("part", "people"))
GROUND = Ground(
    "ville", "La ville", "quartier", "quartiers", "Ville",
    (Tile("1", "Centre", 1, 1), Tile("2", "Nord", 2, 1), Tile("3", "Sud-Gare", 1, 2), Tile("4", "Ouest", 2, 2)),
)  # fmt: skip


@pytest.fixture
def words() -> Words:
    def code(label: str, codes: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"type": "code", "sensitivity": "quasi_identifier", "label": label, "codes": codes, **more}

    homes = {
        "centre": {"label": "Centre-ville", "value": "1"},
        "2": "Nord",
        "sud": {"label": "Sud-Gare", "value": "3"},
        "away": "Hors de la ville",
    }
    variables = {
        "recipient": {"label": "Allocataire", "type": "identifier", "sensitivity": "identifier"},
        "home": code("Quartier", homes, level="quarter", proper=True),
        "work": code("Lieu de travail", homes),
        "away": code("Ailleurs", {"rennes": "Rennes"}, level="commune"),
    }
    visits = {
        "row": {"one": "visite", "many": "visites", "gender": "f"},
        "person": "recipient",
        "people": {"one": "allocataire", "many": "allocataires", "gender": "m"},
        "variables": variables,
    }
    book = Codebook.model_validate({"sources": {"visits": visits}})
    return Words(book, book.sources["visits"])


def table(dimension: str = "home", **columns: list[float]) -> Table:
    codes = ["centre", "2", "sud", "away", MISSING, TOTAL]
    people = [900, 300, 0, 41, 7, 1248]
    cells = pd.DataFrame({dimension: codes, "rows": people, "people": people, "part": [90, 90, 0, 4, 1, 185]})
    cells["share"] = [0.1, 0.3, float("nan"), 0.1, 1 / 7, 0.148]
    return Table(cells.assign(**columns), (Dimension(dimension),), (ROWS, SHARE))


def protected(of: Table, hidden: list[int]) -> Protected:
    mask = np.zeros(len(of.cells), dtype=bool)
    mask[hidden] = True
    return with_masks([of], Policy("funder", 5, ("convention",)), [mask]).of(of)


def composed(words: Words, of: Table | None = None, *, hidden: tuple[int, ...] = (), **options: Any) -> Drawing:
    mapped = Mapped(options.pop("ground", GROUND), options.pop("classes", 2), options.pop("method", "quantile"))
    chosen = {"kind": "map", "measure": "rows", "where": {}, "labels": {}, "mapped": mapped, **options}
    return compose(protected(of or table(), list(hidden)), words, **chosen)


def texts(drawing: Drawing) -> list[str]:
    root = ET.fromstring(draw(drawing, name="f", alternative="x"))
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_category_stands_at_its_own_code_or_at_what_deliveries_write(words: Words) -> None:
    assert [(point.label, point.tile) for point in composed(words).points] == [
        ("Centre-ville", "1"), ("Nord", "2"), ("Sud-Gare", "3"), ("Hors de la ville", ""), ("Non renseigné", ""),
    ]  # fmt: skip


def test_what_is_not_on_the_map_is_not_zero(words: Words) -> None:
    told = texts(composed(words))
    assert "Non cartographié\u00a0: Hors de la ville (41)\u202f; Non renseigné (7)" in told
    found = [text.replace(NBSP, " ").replace("\u202f", " ") for text in told]
    assert "Non cartographié : Hors de la ville (41) ; Non renseigné (7)" in found
    assert "0" in found  # Sud-Gare
    assert "sans donnée dans le tableau" in found  # Ouest
    assert "Ouest" in found


def test_alternative_says_the_ends_and_what_is_apart(words: Words) -> None:
    said = describe(composed(words, hidden=(1,))).replace(NBSP, " ").replace(NNBSP, " ")
    assert said.startswith("Carte : visites, La ville (4 quartiers), cercles proportionnels.")
    assert "Au plus haut : Centre-ville (900) ; Sud-Gare (0)." in said
    assert "Non cartographié : Hors de la ville (41) ; Non renseigné (7)." in said
    assert "1 quartier sans donnée dans le tableau. 1 valeur non montrée." in said
    assert "Nord" not in said


def test_area_of_a_circle_is_as_its_value(words: Words) -> None:
    circles = _Circles(composed(words), 1.0)
    assert circles.radius_of(900) == circles.radius
    assert circles.radius_of(900 / 4) == pytest.approx(circles.radius / 2)
    assert circles._round_values() == [500, 100, 25]


def test_largest_circle_is_of_what_is_on_the_map(words: Words) -> None:
    away = table(rows=[900, 300, 0, 50000, 7, 51207])
    assert _Circles(composed(words, away), 1.0).top == 900


def test_classes_count_their_places(words: Words) -> None:
    found = [text.replace(NBSP, " ") for text in texts(composed(words, measure="share"))]
    assert "10 % (1)" in found
    assert "30 % (1)" in found
    assert "Part (entre parenthèses, le nombre de quartiers) :" in found


def test_share_of_few_people_is_in_no_class(words: Words) -> None:
    few = table(
        people=[900, 13, 40, 41, 7, 1001], part=[90, 7, 10, 4, 1, 112], share=[0.1, 7 / 13, 0.25, 0.1, 1 / 7, 0.1]
    )
    found = [text.replace(NBSP, " ") for text in texts(composed(words, few, measure="share"))]
    assert "7 sur 13" in found
    assert "part de moins de 30 personnes, non classée" in found
    assert {"10 % (1)", "25 % (1)"} <= set(found)
    assert "54" not in " ".join(found)


def test_masked_place_is_the_same_whatever_it_hides(words: Words) -> None:
    other = table(rows=[900, 7654, 0, 41, 7, 8602], share=[0.1, 0.99, float("nan"), 0.1, 1 / 7, 0.148])
    for measure in ("rows", "share"):
        pictures = {
            draw(composed(words, each, measure=measure, hidden=(1, 5)), name="f", alternative="x")
            for each in (table(), other)
        }
        assert len(pictures) == 1
        (svg,) = pictures
        assert {e.tag.removeprefix(SVG).lower() for e in ET.fromstring(svg).iter()} - {"title", "style"} <= DRAWN


@pytest.mark.parametrize("method", ["quantile", "equal"])
def test_all_masked_is_drawn_and_said(method: str, words: Words) -> None:
    drawing = composed(words, measure="share", hidden=tuple(range(6)), method=method)
    assert re.search(r"5.valeurs non montrées", describe(drawing))
    assert texts(drawing).count("s") == 4  # three tiles, and the legend


def test_dimension_must_be_a_declared_place(words: Words) -> None:
    with pytest.raises(ReportError, match="ne dit pas que « work » est un lieu"):
        composed(words, table("work"))


def test_map_of_other_places_is_refused(words: Words) -> None:
    cells = pd.DataFrame({"away": ["rennes"], "rows": [9], "people": [9]})
    with pytest.raises(ReportError, match="n’est sur la carte « ville »") as caught:
        composed(words, Table(cells, (Dimension("away"),), (ROWS,)))
    assert caught.value.expected == "des codes comme 1, 2, 3"


def test_two_categories_at_one_place_are_refused(words: Words) -> None:
    ground = replace(GROUND, tiles=(Tile("sud", "Sud", 1, 1), Tile("3", "Sud-Gare", 2, 1)))
    assert [p.tile for p in composed(words, ground=ground).points] == ["", "", "sud", "", ""]
    book = words.codebook.model_copy(deep=True)
    home = book.variable("home")
    assert home is not None
    home.codes["away"] = home.codes["centre"]
    with pytest.raises(ReportError, match="au même endroit"):
        composed(Words(book, words.source))


@pytest.mark.parametrize(("classes", "drawn"), [(1, False), (2, True), (5, True), (6, False)])
def test_classes_are_few(classes: int, drawn: bool, words: Words) -> None:
    if drawn:
        assert composed(words, measure="share", classes=classes).points
    else:
        with pytest.raises(ReportError, match="peu de classes"):
            composed(words, measure="share", classes=classes)


def test_unknown_method_names_its_neighbour(words: Words) -> None:
    with pytest.raises(ReportError) as caught:
        composed(words, measure="share", method="quantiles")
    assert caught.value.hint == "vouliez-vous dire « quantile » ?"


def test_figure_that_is_a_map_is_sent_to_its_verb(words: Words) -> None:
    with pytest.raises(ReportError, match=r"report\.map"):
        compose(protected(table(), []), words, kind="map", measure="rows", where={}, labels={})


def test_long_name_stays_on_its_tile(words: Words) -> None:
    ground = replace(GROUND, tiles=tuple(replace(t, column=t.column + 6 * (t.code == "4")) for t in GROUND.tiles))
    svg = draw(composed(words, ground=ground), name="f", alternative="x")
    assert {"Sud-Gare", "Centre-ville"} <= {e.text for e in ET.fromstring(svg).iter(f"{SVG}text")}


def outlined() -> Ground:
    """The same places, by squares of unlike size."""
    sides = {"1": (0.0, 0.0, 0.6), "2": (0.6, 0.0, 0.4), "3": (0.0, 0.6, 0.3), "4": (0.6, 0.6, 0.3)}
    rings = {
        code: ((x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y))
        for code, (x, y, side) in sides.items()
    }
    tiles = tuple(replace(tile, outlines=(rings[tile.code],)) for tile in GROUND.tiles)
    return replace(GROUND, tiles=tiles, kilometres=12.0)


@pytest.mark.parametrize("measure", ["rows", "share"])
def test_outlines_show_what_tiles_show(measure: str, words: Words) -> None:
    drawing = composed(words, measure=measure, ground=outlined(), hidden=(1,))
    assert describe(drawing) == describe(composed(words, measure=measure, hidden=(1,)))
    found = [text.replace(NBSP, " ").replace("\u202f", " ") for text in texts(drawing)]
    assert "Non cartographié : Hors de la ville (41) ; Non renseigné (7)" in found if measure == "rows" else found
    assert {"Centre-ville", "secret statistique", "sans donnée dans le tableau", "2 km"} <= set(found)
    assert "Nord" not in found
    root = ET.fromstring(draw(drawing, name="f", alternative="x"))
    assert {element.tag.removeprefix(SVG).lower() for element in root.iter()} - {"title", "style"} <= DRAWN


def test_outlines_of_a_masked_place_are_the_same_whatever_it_hides(words: Words) -> None:
    other = table(rows=[900, 7654, 0, 41, 7, 8602], share=[0.1, 0.99, float("nan"), 0.1, 1 / 7, 0.148])
    for measure in ("rows", "share"):
        drawings = (
            composed(words, each, measure=measure, hidden=(1, 5), ground=outlined()) for each in (table(), other)
        )
        assert len({draw(each, name="f", alternative="x") for each in drawings}) == 1


def test_place_that_is_not_told_apart_from_the_whole_is_marked(words: Words) -> None:
    """The whole is 14.8 %: an interval that ends there holds it."""
    bounds = {"low": [0.08, 0.25, float("nan"), 0.1, 0.0, 0.13], "high": [0.148, 0.35, float("nan"), 0.2, 0.5, 0.16]}
    share = replace(SHARE, low="low", high="high")
    with_bounds = replace(table(**bounds), measures=(ROWS, share))
    for ground in (GROUND, outlined()):
        drawing = composed(words, with_bounds, measure="share", ground=ground)
        found = [text.replace(NBSP, " ") for text in texts(drawing)]
        assert "10 % ≈" in found
        assert "30 %" in found
        assert "l’intervalle contient la valeur de l’ensemble (14,8 %)" in found
        said = describe(drawing).replace(NBSP, " ")
        assert "1 quartier dont l’intervalle contient la valeur de l’ensemble (14,8 %)." in said
    hidden = composed(words, with_bounds, measure="share", hidden=(5,))
    assert "≈" not in "".join(texts(hidden))
    assert "ensemble" not in describe(hidden)
