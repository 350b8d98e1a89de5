"""Grounds of maps: small files of public facts, `data/reference/maps/*.yml`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, model_validator

from etabli.declarations import Declaration, misplaced, read_declaration
from etabli.errors import ReportError, suggestion
from etabli.present.figures.ground import Ground, Tile
from etabli.project import Project
from etabli.study import Text

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


class DeclaredGround(Declaration):
    """One ground as its file declares it."""

    title: Text
    places: Places
    source: Text
    tiles: dict[str, DeclaredTile] = Field(min_length=1)

    @model_validator(mode="after")
    def _tiles_do_not_cover_one_another(self) -> Self:
        standing = Counter((tile.column, tile.row) for tile in self.tiles.values())
        twice = [code for code, tile in self.tiles.items() if standing[tile.column, tile.row] > 1]
        if twice:
            raise misplaced([(("tiles", code), "une place à lui seul") for code in twice[1:]])
        return self


def read_ground(project: Project, name: str) -> Ground:
    """Read the ground of a map.

    Parameters
    ----------
    name
        The name of its file under `data/reference/maps/`, without its suffix.

    Raises
    ------
    ReportError
        There is none of that name.
    DeclarationError
        Its file does not hold.
    """
    known = sorted(path.stem for path in project.grounds.glob("*.yml"))
    if name not in known:
        raise ReportError(
            f"Il n’y a pas de fond de carte « {name} ».",
            where=project.relative(project.grounds),
            expected=", ".join(known) or "un fond de carte",
            hint=suggestion(name, known) if known else None,
        )
    path = project.grounds / f"{name}.yml"
    found = read_declaration(path, DeclaredGround, shown=project.relative(path))
    tiles = tuple(Tile(code, each.name, each.column, each.row) for code, each in found.tiles.items())
    return Ground(name, found.title, found.places.one, found.places.many, found.source, tiles)
