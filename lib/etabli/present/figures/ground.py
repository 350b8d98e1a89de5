"""What a map stands on: places as tiles of one size, and how their values are classed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Method = Literal["quantile", "equal"]
"""Classes of about as many places each, or of equal width between round bounds."""
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class Tile:
    """One place: its code, its name, its column and its row from 1."""

    code: str
    name: str
    column: int
    row: int


@dataclass(frozen=True)
class Ground:
    """A set of tiles. `one` and `many` say what a tile is: a commune, communes."""

    name: str
    title: str
    one: str
    many: str
    source: str
    tiles: tuple[Tile, ...]

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
