"""Outlines of places: what is read of GeoJSON, and what each file that does not hold is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etabli.errors import DeliveryError
from etabli.sources import outlines
from etabli.sources.outlines import Outline, read_outlines

SQUARE = [[[-1.7, 48.1], [-1.6, 48.1], [-1.6, 48.2], [-1.7, 48.2], [-1.7, 48.1]]]
LAMBERT = [[[351000, 6789000], [352000, 6789000], [352000, 6790000], [351000, 6789000]]]
HOLE = [[-1.66, 48.14], [-1.64, 48.14], [-1.64, 48.16], [-1.66, 48.14]]


def place(code: Any = "35238", name: str = "Rennes", kind: str = "Polygon", corners: Any = SQUARE) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"insee": code, "nom": name},
        "geometry": {"type": kind, "coordinates": corners},
    }


def read(tmp_path: Path, told: object) -> tuple[Outline, ...]:
    path = tmp_path / "a.geojson"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return read_outlines(path, code="insee", name="nom", shown="a.geojson")


def test_outer_rings_are_read_and_holes_left_out(tmp_path: Path) -> None:
    many = place(35001, "Acigné", "MultiPolygon", [[*SQUARE, HOLE], [HOLE]])
    found = read(tmp_path, {"features": [place(), many]})
    told = [(each.code, each.name, len(each.rings)) for each in found]
    assert told == [("35238", "Rennes", 1), ("35001", "Acigné", 2)]
    assert found[0].rings[0][1] == (-1.6, 48.1)
    assert found[1].rings[1] == tuple((x, y) for x, y in HOLE)


def test_height_of_a_corner_is_left_out(tmp_path: Path) -> None:
    high = [[[x, y, 40.0] for x, y in SQUARE[0]]]
    assert read(tmp_path, {"features": [place(corners=high)]})[0].rings[0] == tuple((x, y) for x, y in SQUARE[0])


REFUSED: dict[str, tuple[Callable[[], object], str, str]] = {
    "text": (lambda: "nom;code", "du GeoJSON", "a.geojson"),
    "list": (list, "une FeatureCollection, avec des lieux", "a.geojson"),
    "nothing": (lambda: {"features": []}, "une FeatureCollection, avec des lieux", "a.geojson"),
    "no properties": (lambda: {"features": [{}]}, "un lieu et ses propriétés", "a.geojson, lieu n° 1"),
    "no code": (lambda: {"features": [place(), place(code=None)]}, "une propriété « insee »", "a.geojson, lieu n° 2"),
    "point": (
        lambda: {"features": [place(kind="Point", corners=[0, 0])]},
        "un contour (Polygon ou MultiPolygon)",
        "a.geojson, lieu n° 1",
    ),
    "no geometry": (
        lambda: {"features": [{**place(), "geometry": None}]},
        "un contour (Polygon ou MultiPolygon)",
        "a.geojson, lieu n° 1",
    ),
    "words": (lambda: {"features": [place(corners=[[["a", "b"]] * 4])]}, "des coordonnées", "a.geojson, lieu n° 1"),
    "line": (lambda: {"features": [place(corners=[SQUARE[0][:3]])]}, "des coordonnées", "a.geojson, lieu n° 1"),
    "no ring": (lambda: {"features": [place(corners=[])]}, "des coordonnées", "a.geojson, lieu n° 1"),
    "not a number": (
        lambda: '{"features": [' + json.dumps(place()).replace("48.1]", "NaN]") + "]}",
        "une longitude et une latitude en degrés",
        "a.geojson, lieu n° 1",
    ),
    "metres": (
        lambda: {"features": [place(corners=LAMBERT)]},
        "une longitude et une latitude en degrés",
        "a.geojson, lieu n° 1",
    ),
    "twice": (lambda: {"features": [place(), place()]}, "un lieu par code", "a.geojson"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_file_that_does_not_hold_says_what_was_expected(case: str, tmp_path: Path) -> None:
    make, expected, where = REFUSED[case]
    with pytest.raises(DeliveryError, match="ne se lisent pas") as caught:
        read(tmp_path, make())
    assert (caught.value.expected, caught.value.where) == (expected, where)


def test_metres_are_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        read(tmp_path, REFUSED["metres"][0]())
    assert "WGS 84" in str(caught.value.hint)


def test_unknown_property_names_its_neighbour(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"features": [place()]}), encoding="utf-8")
    with pytest.raises(DeliveryError) as caught:
        read_outlines(path, code="inse", name="nom", shown="a.geojson")
    assert caught.value.hint == "vouliez-vous dire « insee » ?"


def test_outlines_that_were_not_simplified_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlines, "MOST_BYTES", 100)
    with pytest.raises(DeliveryError) as caught:
        read(tmp_path, {"features": [place()]})
    assert caught.value.hint == "simplifiez les contours"
