"""Grounds of maps: small files of public facts, `data/reference/maps/*.yml`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import cos, radians
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from etabli.declarations import Declaration, misplaced, read_declaration
from etabli.errors import DeclarationError, ReportError, suggestion
from etabli.present.figures.ground import Ground, Tile
from etabli.project import Project
from etabli.sources.outlines import Outline, read_outlines
from etabli.sources.public import fetch, place_of
from etabli.study import PublicFile, Text

Rank = Annotated[int, Field(ge=1, le=40)]


class DeclaredTile(Declaration):
    """Where a place stands."""

    name: Text
    column: Rank
    row: Rank


class Places(Declaration):
    """What its places are called."""

    one: Text
    many: Text


class DeclaredOutlines(Declaration):
    """A public file of outlines (GeoJSON, GeoPackage, zipped shapefile), and what gives their code and their name."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    public: PublicFile
    code: Text
    name: Text


class DeclaredGround(Declaration):
    """One ground as its file declares it: its tiles, or where its outlines are."""

    title: Text
    places: Places
    source: Text
    tiles: dict[str, DeclaredTile] = Field(default_factory=dict)
    outlines: DeclaredOutlines | None = None

    @model_validator(mode="after")
    def _has_places(self) -> Self:
        if bool(self.tiles) == (self.outlines is not None):
            raise ValueError("des carreaux (« tiles »), ou des contours (« outlines »)")
        standing = Counter((tile.column, tile.row) for tile in self.tiles.values())
        twice = [code for code, tile in self.tiles.items() if standing[tile.column, tile.row] > 1]
        if twice:
            raise misplaced([(("tiles", code), "une place à lui seul") for code in twice[1:]])
        return self


def read_ground(project: Project, name: str, *, mirror: str | None = None) -> Ground:
    """Read the ground of a map.

    Parameters
    ----------
    name
        The name of its file under `data/reference/maps/`, without its suffix.
    mirror
        Address that stands for the host's of outlines that are not in the cache yet.

    Raises
    ------
    ReportError
        There is none of that name.
    DeclarationError
        Its file does not hold.
    DeliveryError
        Its outlines cannot be fetched, or do not hold.
    """
    known = sorted(path.stem for path in project.grounds.glob("*.yml"))
    if name not in known:
        raise ReportError(
            f"Il n’y a pas de fond de carte « {name} ».",
            where=project.relative(project.grounds),
            expected=", ".join(known) or "un fond de carte",
            hint=suggestion(name, known) if known else None,
        )
    found = _declared(project, project.grounds / f"{name}.yml")
    if found.outlines is None:
        tiles = tuple(Tile(code, each.name, each.column, each.row) for code, each in found.tiles.items())
        return Ground(name, found.title, found.places.one, found.places.many, found.source, tiles)
    path = fetch(found.outlines.public, project.public, found.outlines.file, mirror=mirror)
    read = read_outlines(path, code=found.outlines.code, name=found.outlines.name, shown=found.outlines.file)
    tiles, kilometres = _on_a_plane(read)
    return Ground(name, found.title, found.places.one, found.places.many, found.source, tiles, kilometres)


def _declared(project: Project, path: Path) -> DeclaredGround:
    return read_declaration(path, DeclaredGround, shown=project.relative(path))


def files_of_grounds(project: Project) -> Iterator[Path]:
    """Yield the files that maps may read: the declared grounds, and their outlines where they lie."""
    for path in sorted(project.grounds.glob("*.yml")):
        yield path
        try:
            outlines = _declared(project, path).outlines
        except DeclarationError:
            continue  # the run that draws it will say so
        if outlines is not None:
            yield place_of(outlines.public, project.public, outlines.file)


DEGREE = 111.195
"""Kilometres: a degree of latitude, on a sphere of 6 371 km."""


def _on_a_plane(outlines: Sequence[Outline]) -> tuple[tuple[Tile, ...], float]:
    """Return the places on a plane as wide as 1, and how many kilometres that is.

    Equirectangular, true at the middle latitude: within a department, distances are wrong by less than one percent.
    """
    corners = [corner for each in outlines for ring in each.rings for corner in ring]
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    shrink = cos(radians((south + north) / 2))
    wide = max((east - west) * shrink, 1e-6)
    tiles = tuple(
        Tile(
            each.code,
            each.name,
            outlines=tuple(
                tuple((round((x - west) * shrink / wide, 6), round((north - y) / wide, 6)) for x, y in ring)
                for ring in each.rings
            ),
        )
        for each in outlines
    )
    return tiles, wide * DEGREE
