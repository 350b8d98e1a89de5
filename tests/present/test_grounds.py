"""Grounds of maps: those that ship, and what a file that does not hold is told."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from etabli.errors import DeclarationError, DeliveryError, ReportError
from etabli.present.grounds import files_of_grounds, read_ground
from etabli.project import Project

OWN = Project(Path(__file__).resolve().parents[2])
GROUND = """
title: La ville
places: { one: quartier, many: quartiers }
source: Ville
tiles:
  "1": { name: Centre, column: 1, row: 1 }
  "2": { name: Nord, column: 1, row: ROW }
"""


def project(tmp_path: Path, text: str) -> Project:
    found = Project(tmp_path)
    found.grounds.mkdir(parents=True)
    (found.grounds / "ville.yml").write_text(text, encoding="utf-8")
    return found


@pytest.mark.parametrize(("name", "count"), [("rennes-metropole", 43), ("rennes-quarters", 12)])
def test_ground_that_ships_is_whole_and_in_one_piece(name: str, count: int) -> None:
    ground = read_ground(OWN, name)
    places = {(tile.column, tile.row) for tile in ground.tiles}
    assert len(places) == len(ground.tiles) == len({tile.name for tile in ground.tiles}) == count
    seen, waiting = set(), [min(places)]
    while waiting:
        column, row = waiting.pop()
        if (column, row) in places - seen:
            seen.add((column, row))
            waiting += [(column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)]
    assert seen == places


def test_communes_stand_as_they_do_on_the_land() -> None:
    """Bécherel is in the north-west, Laillé in the south, Acigné in the east, Saint-Grégoire just north of Rennes."""
    at = {tile.name: (tile.column, tile.row) for tile in read_ground(OWN, "rennes-metropole").tiles}
    assert at["Bécherel"] == (1, 1)
    assert at["Laillé"][1] == 8
    assert at["Acigné"][0] == 7
    assert at["Saint-Grégoire"] == (at["Rennes"][0], at["Rennes"][1] - 1)
    assert all(tile.code.startswith("35") for tile in read_ground(OWN, "rennes-metropole").tiles)


def test_quarters_have_the_numbers_of_the_codebook_of_caf_flows() -> None:
    from etabli.sources.codebook import read_codebook
    from etabli.study import read_study

    variable = read_codebook(OWN, read_study(OWN, "caf-flows")).variable("quarter")
    assert variable is not None
    tiles = {tile.code: tile.name for tile in read_ground(OWN, "rennes-quarters").tiles}
    inside = {code.value: code.label for name, code in variable.codes.items() if name != "outside"}
    assert inside == tiles


def test_unknown_ground_names_its_neighbour() -> None:
    with pytest.raises(ReportError) as caught:
        read_ground(OWN, "rennes-metropol")
    assert caught.value.hint == "vouliez-vous dire « rennes-metropole » ?"
    assert caught.value.expected == "rennes-metropole, rennes-quarters"


def test_project_without_grounds_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReportError) as caught:
        read_ground(Project(tmp_path), "ville")
    assert (caught.value.where, caught.value.expected) == ("data/reference/maps", "un fond de carte")


def test_ground_is_read(tmp_path: Path) -> None:
    found = read_ground(project(tmp_path, GROUND.replace("ROW", "2")), "ville")
    assert (found.title, found.one, found.many, found.columns, found.rows) == (
        "La ville",
        "quartier",
        "quartiers",
        1,
        2,
    )


@pytest.mark.parametrize(("row", "expected"), [("1", "une place à lui seul"), ("0", "un nombre plus grand")])
def test_tile_that_has_no_place_of_its_own_is_told_by_its_line(row: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_ground(project(tmp_path, GROUND.replace("ROW", row)), "ville")
    assert "data/reference/maps/ville.yml, ligne 7" in str(caught.value.where)
    assert caught.value.expected == expected


OUTLINES = """
title: La ville
places: { one: commune, many: communes }
source: contours d’essai
outlines:
  file: communes.geojson
  code: insee
  name: nom
  public: { url: "https://exemple.org/communes.geojson", sha256: DIGEST, licence: Licence Ouverte 2.0 }
"""
SQUARE = [[[-1.7, 48.0], [-1.6, 48.0], [-1.6, 48.2], [-1.7, 48.2], [-1.7, 48.0]]]


def outlined(tmp_path: Path) -> Project:
    """A project with outlines that were fetched already."""
    geometry = {"type": "Polygon", "coordinates": SQUARE}
    content = json.dumps({"features": [{"properties": {"insee": "35238", "nom": "Rennes"}, "geometry": geometry}]})
    digest = sha256(content.encode()).hexdigest()
    found = project(tmp_path, OUTLINES.replace("DIGEST", digest))
    place = found.public / digest[:16] / "communes.geojson"
    place.parent.mkdir(parents=True)
    place.write_text(content, encoding="utf-8", newline="\n")
    return found


def test_outlines_are_a_public_file_put_on_a_plane(tmp_path: Path) -> None:
    """0.1 degree of longitude at 48.1 degrees is 7.43 km (6 371 km sphere), 0.2 of latitude 22.24 km."""
    ground = read_ground(outlined(tmp_path), "ville")
    assert ground.is_outlined
    assert ground.kilometres == pytest.approx(7.426, abs=0.001)
    (rennes,) = ground.tiles
    assert (rennes.code, rennes.name) == ("35238", "Rennes")
    (ring,) = rennes.outlines
    assert ring[0] == (0, pytest.approx(22.239 / 7.426, abs=0.001))
    assert ring[2] == (1, 0)


def test_files_of_outlines_travel_with_their_ground(tmp_path: Path) -> None:
    found = outlined(tmp_path)
    assert [path.name for path in files_of_grounds(found)] == ["ville.yml", "communes.geojson"]
    assert all(path.is_file() for path in files_of_grounds(found))


def test_outlines_that_are_not_the_declared_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from requests import ConnectionError as NoNetwork

    def refused(*_: object, **__: object) -> None:
        raise NoNetwork

    monkeypatch.setattr("pooch.HTTPDownloader.__call__", refused)
    found = outlined(tmp_path)
    (place,) = found.public.rglob("*.geojson")
    place.write_text("{}", encoding="utf-8")
    with pytest.raises(DeliveryError, match="n’a pas pu être téléchargé"):
        read_ground(found, "ville")


@pytest.mark.parametrize("text", [GROUND.replace("ROW", "2") + OUTLINES.partition("source: contours d’essai")[2],
                                  GROUND.partition("tiles:")[0]])  # fmt: skip
def test_ground_has_tiles_or_outlines(text: str, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_ground(project(tmp_path, text.replace("DIGEST", "a" * 64)), "ville")
    assert caught.value.expected == "des carreaux (« tiles »), ou des contours (« outlines »)"
