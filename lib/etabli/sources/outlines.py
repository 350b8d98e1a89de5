"""Outlines of places in degrees, each with its code and name: from GeoJSON (RFC 7946), GeoPackage or a shapefile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etabli.errors import DeliveryError, suggestion
from etabli.sources.layers import Layer, ToDegrees, UnreadableError, as_they_are, read_geopackage, read_shapefile

Ring = tuple[tuple[float, float], ...]
"""Longitude and latitude, in degrees, of the corners of an outline; the last is the first."""

MOST_BYTES = 30 * 2**20
"""No outlines of places are larger: what is more was not simplified."""


@dataclass(frozen=True)
class Outline:
    """One place and its outer rings; holes are left out: what lies in them is another place, drawn upon it."""

    code: str
    name: str
    rings: tuple[Ring, ...]


def read_outlines(path: Path, *, code: str, name: str, shown: str) -> tuple[Outline, ...]:
    """Read the outlines of a file.

    Parameters
    ----------
    path
        The file.
    code, name
        The properties of each place that hold its code and its name.
    shown
        How messages name the file.

    Raises
    ------
    DeliveryError
        It is no file of polygons, their coordinates are neither degrees nor Lambert-93 (GeoJSON: degrees alone), a
        place has no code, or two have the same one.
    """
    if path.stat().st_size > MOST_BYTES:
        raise _refusal(shown, "au plus 30 Mio", f"{path.stat().st_size / 2**20:.0f} Mio", "simplifiez les contours")
    try:
        layer = _layer(path, code, name)
    except UnreadableError as error:
        raise _refusal(shown, error.expected, error.got, error.hint) from None
    if not layer.features:
        raise _refusal(shown, "des lieux", "aucun")
    found = tuple(_outline(each, rank, code, name, layer, shown) for rank, each in enumerate(layer.features, start=1))
    codes = [each.code for each in found]
    twice = sorted({each for each in codes if codes.count(each) > 1})
    if twice:
        raise _refusal(shown, "un lieu par code", f"deux lieux de code {twice[0]}")
    return found


def _layer(path: Path, code: str, name: str) -> Layer:
    """Return the layer of places of a file, by its suffix."""
    match path.suffix.lower():
        case ".zip" | ".shp":
            return read_shapefile(path, most=MOST_BYTES)
        case ".gpkg":
            return read_geopackage(path, columns=(code, name))
        case _:
            return Layer(_features(path), as_they_are)


def _features(path: Path) -> list[Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise UnreadableError("du GeoJSON", "autre chose") from None
    places = told.get("features") if isinstance(told, Mapping) else None
    if not isinstance(places, list) or not places:
        raise UnreadableError("une FeatureCollection, avec des lieux", "autre chose")
    return places


def _refusal(shown: str, expected: str, got: str, hint: str | None = None) -> DeliveryError:
    return DeliveryError("Ces contours ne se lisent pas.", where=shown, expected=expected, got=got, hint=hint)


def _outline(place: Any, rank: int, code: str, name: str, layer: Layer, shown: str) -> Outline:
    where = f"{shown}, lieu n° {rank}"
    properties = place.get("properties") if isinstance(place, Mapping) else None
    if not isinstance(properties, Mapping):
        raise _refusal(where, "un lieu et ses propriétés", "autre chose")
    for wanted in (code, name):
        if not isinstance(properties.get(wanted), str | int):
            raise _refusal(where, f"une propriété « {wanted} »", "aucune", suggestion(wanted, map(str, properties)))
    geometry = place.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if kind not in {"Polygon", "MultiPolygon"}:
        raise _refusal(where, "un contour (Polygon ou MultiPolygon)", str(kind))
    polygons = geometry.get("coordinates")
    try:
        rings = tuple(_ring(each[0], layer.to_degrees) for each in ([polygons] if kind == "Polygon" else polygons))
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        raise _refusal(where, "des coordonnées", "autre chose") from None
    if not all(abs(x) <= 180 and abs(y) <= 90 for ring in rings for x, y in ring):
        hint = "reprojetez les contours en WGS 84 (EPSG:4326) : le GeoJSON ne connaît que les degrés"
        raise _refusal(where, "une longitude et une latitude en degrés", "d’autres coordonnées", hint)
    return Outline(str(properties[code]), str(properties[name]), rings)


def _ring(corners: Iterable[Any], to_degrees: ToDegrees) -> Ring:
    found = tuple(to_degrees(float(corner[0]), float(corner[1])) for corner in corners)
    if len(found) < 4:
        raise ValueError(len(found))
    return found
