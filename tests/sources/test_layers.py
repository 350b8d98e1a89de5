"""Outlines in shapefiles and GeoPackage, made by the test: read as GeoJSON's are, in degrees; broken ones are told."""

from __future__ import annotations

import random
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import shapefile

from etabli.errors import DeliveryError
from etabli.sources import outlines
from etabli.sources.outlines import Outline, read_outlines
from etabli.sources.projections import from_lambert_93

SQUARE = [(352000.0, 6789000.0), (352000.0, 6790000.0), (353000.0, 6790000.0), (353000.0, 6789000.0)]
SQUARE.append(SQUARE[0])  # clockwise: outer rings of a shapefile are
HOLE = [(352400.0, 6789400.0), (352600.0, 6789400.0), (352600.0, 6789600.0), (352400.0, 6789400.0)]
DEGREES = [(-1.7, 48.1), (-1.7, 48.2), (-1.6, 48.2), (-1.6, 48.1), (-1.7, 48.1)]

LAMBERT = (
    'PROJCS["RGF93_Lambert_93",GEOGCS["GCS_RGF_1993",DATUM["D_RGF_1993",SPHEROID["GRS_1980",6378137.0,298.257222101]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],'
    'PARAMETER["False_Easting",700000.0],PARAMETER["False_Northing",6600000.0],PARAMETER["Central_Meridian",3.0],'
    'PARAMETER["Standard_Parallel_1",49.0],PARAMETER["Standard_Parallel_2",44.0],'
    'PARAMETER["Latitude_Of_Origin",46.5],UNIT["Meter",1.0]]'
)
WGS = 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0]]'
LAMBERT_II = LAMBERT.replace("RGF93_Lambert_93", "NTF_Lambert_II").replace("44.0", "47.7").replace("49.0", "45.9")


def shape(
    folder: Path, rings: Any, *, projection: str | None = LAMBERT, encoding: str = "utf-8", code: Any = "35238"
) -> Path:
    """Write a shapefile of one place, « Bédée », and return its `.shp`."""
    folder.mkdir(exist_ok=True)
    path = folder / "communes.shp"
    with shapefile.Writer(str(path), shapeType=shapefile.POLYGON, encoding=encoding) as writer:
        writer.field("insee", "C", size=8) if isinstance(code, str) else writer.field("insee", "N", size=8)
        writer.field("nom", "C", size=40)
        writer.poly(rings)
        writer.record(code, "Bédée")
    if projection is not None:
        path.with_suffix(".prj").write_text(projection, encoding="ascii")
    return path


def zipped(shp: Path, *, within: str = "") -> Path:
    path = shp.parent.parent / "communes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(shp.parent.iterdir()):
            archive.write(part, within + part.name)
    return path


def wkb(rings: list[list[tuple[float, float]]], *, kind: int = 3, order: str = "<", height: bool = False) -> bytes:
    found = struct.pack(f"{order}BII", order == "<", kind + (1000 if height else 0), len(rings))
    for ring in rings:
        found += struct.pack(f"{order}I", len(ring))
        for corner in ring:
            found += struct.pack(f"{order}{3 if height else 2}d", *corner, *([40.0] if height else []))
    return found


def package(folder: Path, content: bytes | None, *, system: int = 2154, layers: int = 1, envelope: bytes = b"") -> Path:
    """Write a GeoPackage of one place in each of its layers."""
    path = folder / "communes.gpkg"
    head = None if content is None else b"GP\0" + bytes([1 | (2 if envelope else 0)]) + struct.pack("<i", system)
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE gpkg_spatial_ref_sys (srs_id INTEGER, organization_coordsys_id INTEGER)")
        base.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (1, ?)", (system,))
        base.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER)")
        for rank in range(layers):
            base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 1)", (f"couche {rank}",))
            base.execute(f'CREATE TABLE "couche {rank}" (geom BLOB, insee TEXT, nom TEXT)')
            blob = None if head is None or content is None else head + envelope + content
            base.execute(f"INSERT INTO \"couche {rank}\" VALUES (?, '35238', 'Bédée')", (blob,))
    base.close()
    return path


def read(path: Path) -> Outline:
    (found,) = read_outlines(path, code="insee", name="nom", shown=path.name)
    return found


def told(path: Path) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read_outlines(path, code="insee", name="nom", shown=path.name)
    assert caught.value.what == "Ces contours ne se lisent pas."
    assert str(caught.value.where).startswith(path.name)
    return caught.value


@pytest.mark.parametrize(
    ("x", "y", "longitude", "latitude"),
    [
        (352000, 6789500, -1.678869186, 48.113052004),
        (351000.5, 6801234.25, -1.701658715, 48.217918181),
        (100000, 7000000, -5.345856676, 49.813216230),
    ],
)
def test_lambert_93_agrees_with_proj(x: float, y: float, longitude: float, latitude: float) -> None:
    # pyproj 3.7.2: Transformer.from_crs(2154, 4326, always_xy=True)
    assert from_lambert_93(x, y) == pytest.approx((longitude, latitude), abs=5e-9)  # half a millimetre


@pytest.mark.parametrize("form", ["beside", "zipped", "in a folder of the archive"])
def test_shapefile_in_lambert_93_is_read_in_degrees(form: str, tmp_path: Path) -> None:
    shp = shape(tmp_path / "parts", [SQUARE, HOLE])
    path = shp if form == "beside" else zipped(shp, within="" if form == "zipped" else "ADMIN/")
    found = read(path)
    assert (found.code, found.name, len(found.rings)) == ("35238", "Bédée", 1)
    assert set(found.rings[0]) == {from_lambert_93(x, y) for x, y in SQUARE}


def test_shapefile_in_degrees_is_read_as_it_is(tmp_path: Path) -> None:
    assert set(read(zipped(shape(tmp_path / "parts", [DEGREES], projection=WGS))).rings[0]) == set(DEGREES)


def test_shapefile_of_windows_and_a_code_that_is_a_number_are_read(tmp_path: Path) -> None:
    found = read(shape(tmp_path / "parts", [SQUARE], encoding="cp1252", code=35024))
    assert (found.code, found.name) == ("35024", "Bédée")


@pytest.mark.parametrize(
    ("projection", "got"), [(LAMBERT_II, "NTF_Lambert_II"), ("", "rien"), ("charabia", "charabia")]
)
def test_other_projection_is_named(projection: str, got: str, tmp_path: Path) -> None:
    error = told(zipped(shape(tmp_path / "parts", [SQUARE], projection=projection)))
    assert (error.got, error.hint) == (got, "reprojetez les contours")


def test_missing_projection_is_asked_for(tmp_path: Path) -> None:
    error = told(shape(tmp_path / "parts", [SQUARE], projection=None))
    assert error.expected == "une partie .prj"
    assert "producteur" in str(error.hint)


def test_archive_without_a_shapefile_or_with_two_is_told(tmp_path: Path) -> None:
    path = zipped(shape(tmp_path / "parts", [SQUARE]))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("cantons.shp", b"")
    assert told(path).got == "cantons, communes"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lisez-moi.txt", "rien")
    assert told(path).got == "aucun"


def test_archive_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(shape(tmp_path / "parts", [SQUARE]))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("communes.cpg", b"0" * 200_000)
    monkeypatch.setattr(outlines, "MOST_BYTES", 100_000)
    assert path.stat().st_size < 100_000
    assert told(path).hint == "simplifiez les contours"


@pytest.mark.parametrize("form", [".shp", ".dbf", ".zip", ".gpkg"])
def test_damaged_file_is_told_or_read_never_worse(form: str, tmp_path: Path) -> None:
    shp = shape(tmp_path / "parts", [SQUARE])
    opened = {".zip": zipped(shp), ".gpkg": package(tmp_path, wkb([SQUARE]))}.get(form, shp)
    part = opened if form in {".zip", ".gpkg"} else shp.with_suffix(form)
    sound = part.read_bytes()
    random_ = random.Random(3)
    refused = 0
    for _ in range(150):
        damaged = bytearray(sound)
        for _ in range(random_.randint(1, 6)):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        part.write_bytes(bytes(damaged[: random_.choice([len(damaged), random_.randrange(len(damaged))])]))
        try:
            read_outlines(opened, code="insee", name="nom", shown="communes")
        except DeliveryError:
            refused += 1
    assert refused > 30


def test_geopackage_in_lambert_93_is_read_in_degrees(tmp_path: Path) -> None:
    several = struct.pack("<BII", 1, 6, 2) + wkb([SQUARE, HOLE]) + wkb([HOLE], order=">", height=True)
    found = read(package(tmp_path, several, envelope=bytes(32)))
    assert (found.code, found.name, len(found.rings)) == ("35238", "Bédée", 2)
    assert found.rings[0] == tuple(from_lambert_93(x, y) for x, y in SQUARE)
    assert found.rings[1] == tuple(from_lambert_93(x, y) for x, y in HOLE)


def test_geopackage_in_degrees_is_read_as_it_is(tmp_path: Path) -> None:
    assert read(package(tmp_path, wkb([DEGREES]), system=4326)).rings == (tuple(DEGREES),)


def test_geopackage_that_does_not_hold_is_told(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"content": wkb([SQUARE]), "system": 27572}, "EPSG:27572"),
        ({"content": wkb([SQUARE]), "layers": 2}, "couche 0, couche 1"),
        ({"content": wkb([SQUARE]), "layers": 0}, "aucune couche"),
        ({"content": None}, "None"),
        ({"content": wkb([SQUARE])[:40]}, "un contour abîmé"),
        ({"content": struct.pack("<BII", 1, 3, 1) + struct.pack("<I", 2**32 - 1)}, "un contour abîmé"),
        ({"content": struct.pack("<BI2d", 1, 1, 0.0, 0.0)}, "Point"),
    ]
    for number, (case, got) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert told(package(folder, **case)).got == got


@pytest.mark.parametrize("name", ["a.zip", "a.gpkg", "a.shp"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"SQLite format 3\x00" + bytes(200), b"{}"])
def test_file_that_is_none_of_it_is_told(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    told(tmp_path / name)
