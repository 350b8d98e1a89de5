"""What a map stands on: places as tiles of one size, or as their outlines, and how their values are classed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Method = Literal["quantile", "equal"]
"""Classes of about as many places each, or of equal width between round bounds."""
METHODS: tuple[Method, ...] = get_args(Method)

Corners = tuple[tuple[float, float], ...]
"""Places on a plane: x to the east from 0 to 1, y to the south in the same unit."""


@dataclass(frozen=True)
class Tile:
    """One place: its code and its name, its column and its row from 1, or its outlines."""

    code: str
    name: str
    column: int = 1
    row: int = 1
    outlines: tuple[Corners, ...] = ()


@dataclass(frozen=True)
class Ground:
    """A set of places. `one` and `many` say what a place is: a commune, communes."""

    name: str
    title: str
    one: str
    many: str
    source: str
    tiles: tuple[Tile, ...]
    kilometres: float = 0.0
    """How far it goes from west to east, where places have outlines."""

    @property
    def is_outlined(self) -> bool:
        return self.kilometres > 0

    @property
    def columns(self) -> int:
        return max(tile.column for tile in self.tiles)

    @property
    def rows(self) -> int:
        return max(tile.row for tile in self.tiles)


@dataclass(frozen=True)
class Mapped:
    """A ground, and into how many classes its values go, by which method."""

    ground: Ground
    classes: int
    method: Method
