"""Layers of places in shapefiles and GeoPackage, as features of GeoJSON, with their projection."""

from __future__ import annotations

import re
import sqlite3
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from etabli.sources.projections import IN_DEGREES, LAMBERT_93, from_lambert_93

ToDegrees = Callable[[float, float], tuple[float, float]]


class UnreadableError(Exception):
    """A file that is no layer of places: what was expected, what was found, what to do."""

    def __init__(self, expected: str, got: str, hint: str | None = None) -> None:
        super().__init__(expected)
        self.expected, self.got, self.hint = expected, got, hint


@dataclass(frozen=True)
class Layer:
    """Features as GeoJSON has them, and what makes degrees of their coordinates."""

    features: list[Any]
    to_degrees: ToDegrees


def as_they_are(x: float, y: float) -> tuple[float, float]:
    """Return degrees, which they are already."""
    return x, y


# Shapefile -------------------------------------------------------------------------------------------


def read_shapefile(path: Path, *, most: int) -> Layer:
    """Read a shapefile: a `.zip` that holds one, or a `.shp` with its `.dbf` and `.prj` beside it.

    Parameters
    ----------
    most
        Bytes that its parts may have together, unpacked.

    Raises
    ------
    UnreadableError
        A part is missing or damaged, or the projection is neither in degrees nor Lambert-93.
    """
    import shapefile

    parts = _zipped(path, most) if path.suffix.lower() == ".zip" else _beside(path, most)
    for suffix in (".shp", ".dbf", ".prj"):
        if suffix not in parts:
            hint = "le .prj dit la projection : demandez-le au producteur" if suffix == ".prj" else None
            raise UnreadableError(f"une partie {suffix}", f"seulement {', '.join(sorted(parts)) or 'rien'}", hint)
    to_degrees = _projection_of(parts[".prj"].decode("utf-8", errors="replace"))
    files = {"shp": BytesIO(parts[".shp"]), "dbf": BytesIO(parts[".dbf"])}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", shapefile.PossiblyCorruptFileHeader)
            reader = shapefile.Reader(**files, encoding=_encoding_of(parts))
            features = [
                {"properties": _plain(each.record.as_dict()), "geometry": each.shape.__geo_interface__}
                for each in reader.iterShapeRecords()
            ]
    except (shapefile.ShapefileException, shapefile.PossiblyCorruptFileHeader, struct.error, *_DAMAGED):
        raise UnreadableError("un shapefile", "un fichier abîmé") from None
    return Layer(features, to_degrees)


_DAMAGED = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, OverflowError, EOFError)
"""What damaged parts raise in pyshp, which trusts their numbers (UnicodeDecodeError is a ValueError)."""

_PARTS = frozenset({".shp", ".dbf", ".prj", ".cpg"})


def _zipped(path: Path, most: int) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [each for each in archive.infolist() if Path(each.filename).suffix.lower() in _PARTS]
            stems = sorted({Path(each.filename).stem for each in found if each.filename.lower().endswith(".shp")})
            if len(stems) != 1:
                raise UnreadableError("un shapefile, et un seul, dans l’archive", ", ".join(stems) or "aucun")
            found = [each for each in found if Path(each.filename).stem == stems[0]]
            if sum(each.file_size for each in found) > most:
                raise UnreadableError(f"au plus {most // 2**20} Mio une fois décompressé", "davantage", _SIMPLIFY)
            return {Path(each.filename).suffix.lower(): archive.read(each) for each in found}
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, OSError, *_DAMAGED):
        raise UnreadableError("une archive zip", "un fichier abîmé") from None


_SIMPLIFY = "simplifiez les contours"


def _beside(path: Path, most: int) -> dict[str, bytes]:
    found = [each for each in path.parent.iterdir() if each.stem == path.stem and each.suffix.lower() in _PARTS]
    if sum(each.stat().st_size for each in found) > most:
        raise UnreadableError(f"au plus {most // 2**20} Mio", "davantage", _SIMPLIFY)
    return {each.suffix.lower(): each.read_bytes() for each in found}


def _encoding_of(parts: Mapping[str, bytes]) -> str:
    """Return how names are written: as the `.cpg` says, else UTF-8 where it reads, else as Windows here writes."""
    told = parts.get(".cpg", b"").decode("ascii", errors="replace").strip().lower()
    if told:
        return {"1252": "cp1252", "ansi 1252": "cp1252", "88591": "latin-1"}.get(told, told)
    try:
        parts[".dbf"].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a place: texts without the blanks that fill their column, whole numbers as such."""
    return {
        name: each.strip() if isinstance(each, str) else int(each) if _is_whole(each) else each
        for name, each in record.items()
    }


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


_PARAMETER = re.compile(r'PARAMETER\["([\w ]+)",\s*([-\d.eE]+)\]', re.IGNORECASE)
_LAMBERT = {
    "false_easting": 700_000.0,
    "false_northing": 6_600_000.0,
    "central_meridian": 3.0,
    "standard_parallel_1": 49.0,
    "standard_parallel_2": 44.0,
    "latitude_of_origin": 46.5,
}


def _projection_of(told: str) -> ToDegrees:
    """Return what makes degrees of the coordinates, by the text of a `.prj` (WKT 1)."""
    name = told.partition('"')[2].partition('"')[0] or told.strip()[:40] or "rien"
    if told.lstrip().upper().startswith("GEOGCS") and re.search(r"WGS|RGF|ETRS", told[:60], re.IGNORECASE):
        return as_they_are
    given = {key.lower().replace(" ", "_"): float(number) for key, number in _PARAMETER.findall(told)}
    parallels = {given.get("standard_parallel_1"), given.get("standard_parallel_2")}
    others = {key: number for key, number in _LAMBERT.items() if not key.startswith("standard")}
    if parallels == {44.0, 49.0} and others.items() <= given.items() and "lambert" in told.lower():
        return from_lambert_93
    raise _other_projection(name)


def _other_projection(name: str) -> UnreadableError:
    return UnreadableError(
        "des coordonnées en WGS 84 (EPSG:4326) ou en Lambert-93 (EPSG:2154)", name, "reprojetez les contours"
    )


# GeoPackage ------------------------------------------------------------------------------------------


def read_geopackage(path: Path, *, columns: tuple[str, str]) -> Layer:
    """Read the layer of a GeoPackage (OGC 12-128) that has both columns.

    Raises
    ------
    UnreadableError
        It is no GeoPackage, no layer or several have these columns, or its coordinates are neither degrees nor
        Lambert-93.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            table, geometry, system = _layer_of(base, columns)
            names = [each[1] for each in base.execute(f"PRAGMA table_info({_quoted(table)})")]
            kept = [name for name in names if name != geometry]
            asked = ", ".join(map(_quoted, (geometry, *kept)))
            rows = base.execute(f"SELECT {asked} FROM {_quoted(table)}").fetchall()  # noqa: S608  # names, quoted
    except (sqlite3.Error, UnicodeDecodeError, OverflowError):
        raise UnreadableError("un GeoPackage", "autre chose") from None
    features = [{"properties": dict(zip(kept, row[1:], strict=True)), "geometry": _of_blob(row[0])} for row in rows]
    if system not in {*IN_DEGREES, LAMBERT_93}:
        raise _other_projection(f"EPSG:{system}")
    return Layer(features, from_lambert_93 if system == LAMBERT_93 else as_they_are)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _layer_of(base: sqlite3.Connection, columns: tuple[str, str]) -> tuple[str, str, int]:
    """Return the table, its column of geometries and its EPSG code."""
    listed = base.execute(
        "SELECT g.table_name, g.column_name, s.organization_coordsys_id FROM gpkg_geometry_columns g "
        "JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id ORDER BY g.table_name"
    ).fetchall()
    found = [
        each
        for each in listed
        if set(columns) <= {column[1] for column in base.execute(f"PRAGMA table_info({_quoted(each[0])})")}
    ]
    if len(found) != 1:
        told = f"une couche, et une seule, avec « {columns[0]} » et « {columns[1]} »"
        raise UnreadableError(told, ", ".join(str(each[0]) for each in found or listed) or "aucune couche")
    ((table, geometry, system),) = found
    return str(table), str(geometry), int(system)


def _of_blob(blob: object) -> Any:
    """Return the geometry of a GeoPackage's blob as GeoJSON has it; of another kind or damaged, its name alone."""
    if not isinstance(blob, bytes) or blob[:2] != b"GP" or len(blob) < 8:
        return None
    envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}.get(blob[3] >> 1 & 7)
    if envelope is None:
        return {"type": "autre chose"}
    try:
        return _Wkb(blob, 8 + envelope).geometry()
    except (struct.error, IndexError):
        return {"type": "un contour abîmé"}


class _Wkb:
    """Reads well-known binary (OGC 06-103): polygons, in one or several parts, with or without heights."""

    def __init__(self, content: bytes, place: int) -> None:
        self.content, self.place, self.order = content, place, "<"

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(self.order + form, self.content, self.place)
        self.place += struct.calcsize(self.order + form)
        return found

    def _kind(self) -> tuple[int, int]:
        """Return what follows, and how many numbers a corner has."""
        self.order = "<" if self.content[self.place] else ">"
        self.place += 1
        (code,) = self._take("I")
        plain = code & 0x0FFFFFFF
        extra = 2 if plain // 1000 == 3 else 1 if plain // 1000 else (code >> 31 & 1) + (code >> 30 & 1)
        return plain % 1000, 2 + extra

    def geometry(self) -> dict[str, Any]:
        kind, width = self._kind()
        if kind == 3:
            return {"type": "Polygon", "coordinates": list(self._rings(width))}
        if kind == 6:
            (many,) = self._take("I")
            return {"type": "MultiPolygon", "coordinates": [self._part() for _ in range(many)]}
        return {"type": {1: "Point", 2: "LineString", 4: "MultiPoint", 5: "MultiLineString"}.get(kind, "autre chose")}

    def _part(self) -> list[Any]:
        kind, width = self._kind()
        if kind != 3:
            raise IndexError(kind)
        return list(self._rings(width))

    def _rings(self, width: int) -> Iterator[list[tuple[float, ...]]]:
        (rings,) = self._take("I")
        for _ in range(rings):
            (corners,) = self._take("I")
            if corners * width * 8 > len(self.content) - self.place:
                raise IndexError(corners)
            yield [self._take(f"{width}d") for _ in range(corners)]
